// How many rows pass a condition, and how many different values there are, as far as the statistics of the tables tell:
// what each slot holds is noted while a query is bound. Of what is unknown, fixed shares are expected. Conditions on different
// properties multiply, as if they were independent.

import DeedEngine
import DeedExecution
import DeedValues
import Glibc

/// A property of the element in a slot.
struct PropertyPlace: Hashable {
    let slot: Slot
    let key: NameKey

    init(_ slot: Slot, _ key: String) { (self.slot, self.key) = (slot, NameKey(key)) }
}

final class Estimator {
    enum Source {
        case entity(labels: [String])
        /// Empty: any.
        case relationship(types: [String])
        /// The value of a property, under a name of its own.
        case property(PropertyPlace)
    }

    let catalog: any PlannerCatalog
    /// Of the text, by the parameters that stand for them.
    private let literals: [String: Value]
    /// What slots hold.
    private(set) var sources = NumberMap<Source>()
    private var known: [PropertyPlace: ValueStatistics?] = [:]
    private(set) var guesses: [LiteralGuess] = []
    private var guessed: Set<Guessed> = []

    static let equalitySelectivity = 0.05
    static let rangeSelectivity = 0.3
    static let otherSelectivity = 0.5
    /// Of lists whose length is not known.
    private static let listLength = 10

    /// What an estimate was made of, so that it is noted once.
    private struct Guessed: Hashable {
        let place: PropertyPlace
        let literals: [NameKey]
    }

    init(_ catalog: any PlannerCatalog, literals: [String: Value]) { (self.catalog, self.literals) = (catalog, literals) }

    // MARK: Slots

    func note(_ graph: QueryGraph) {
        for entity in graph.entities { note(entity.slot, labels: entity.certainLabels) }
        for relationship in graph.relationships where relationship.length == nil && !sources.contains(relationship.slot) {
            sources.set(relationship.slot, .relationship(types: relationship.types))
        }
    }

    /// What was known before about its labels still holds.
    func note(_ slot: Slot, labels: [String]) {
        let old = self.labels(of: slot)
        let new = labels.filter { !old.contains($0) }
        if !new.isEmpty || !sources.contains(slot) { sources.set(slot, .entity(labels: old + new)) }
        if !new.isEmpty { known = known.filter { $0.key.slot != slot } }
    }

    /// A column that is a property of another one.
    func note(_ slot: Slot, is value: Expr) {
        if let place = place(of: value) { sources.set(slot, .property(place)) }
    }

    /// Parts of a UNION use the same slots for different things.
    func forget(since before: NumberMap<Source>) {
        sources = before
        known = known.filter { before.contains($0.key.slot) }
    }

    func isEntity(_ slot: Slot) -> Bool {
        if case .entity? = sources[slot] { true } else { false }
    }

    func labels(of slot: Slot) -> [String] {
        if case .entity(let labels)? = sources[slot] { labels } else { [] }
    }

    private func place(of expr: Expr) -> PropertyPlace? {
        switch expr {
        case .property(.slot(let slot), let key):
            switch sources[slot] {
            case .entity, .relationship: PropertyPlace(slot, key)
            default: nil
            }
        case .slot(let slot): if case .property(let place)? = sources[slot] { place } else { nil }
        default: nil
        }
    }

    private func statistics(_ place: PropertyPlace) -> ValueStatistics? {
        if let known = known[place] { return known }
        let tables: [PropertyStatistics] =
            switch sources[place.slot] {
            case .entity(let labels): catalog.statistics(of: place.key.text, labels: labels)
            case .relationship(let types): catalog.statistics(of: place.key.text, types: types)
            default: []
            }
        let statistics = ValueStatistics(tables)
        known[place] = .some(statistics)
        return statistics
    }

    // MARK: Selectivity

    /// Of conditions that must all be true. Two ends of a range of the same property count as one condition.
    func selectivity(ofAll terms: [Expr]) -> Double {
        var result = 1.0
        var ranges: [(place: PropertyPlace, test: ValueTest)] = []
        /// Of each property the last of its ranges.
        var last: [PropertyPlace: Int] = [:]
        for term in terms.flatMap(\.conjuncts) {
            guard let (place, test) = test(term), case .range = test, statistics(place) != nil else {
                result *= selectivity(term)
                continue
            }
            if let index = last[place], let merged = ranges[index].test.merged(with: test) {
                ranges[index].test = merged
            } else {
                last[place] = ranges.count
                ranges.append((place, test))
            }
        }
        for (place, test) in ranges { result *= part(place, test) ?? 1 }
        return max(result, jointSelectivity(terms))
    }

    /// Where two tables are joined on several properties, these are not independent: taken together they are hardly more different
    /// than the rows of the table that they identify. 0 if there is no such join among the terms, or another term beside it.
    private func jointSelectivity(_ terms: [Expr]) -> Double {
        if terms.count < 2 { return 0 }
        var tables: (Slot, Slot)?
        var combinations = (1.0, 1.0)
        for term in terms {
            guard case .compare(.equal, let left, let right) = term, var one = place(of: left), var other = place(of: right),
                one.slot != other.slot
            else { return 0 }
            if one.slot > other.slot { swap(&one, &other) }
            if let tables, tables != (one.slot, other.slot) { return 0 }
            guard let first = statistics(one), let second = statistics(other) else { return 0 }
            tables = (one.slot, other.slot)
            combinations = (combinations.0 * max(first.distinctCount, 1), combinations.1 * max(second.distinctCount, 1))
        }
        guard let (one, other) = tables, let first = rows(of: one), let second = rows(of: other) else { return 0 }
        // Either that has more combinations than rows is taken to have a row for each that it has.
        let identified = [(combinations.0, first), (combinations.1, second)].filter { $0.0 > $0.1 }.map(\.1)
        return identified.min().map { 1 / max($0, 1) } ?? 0
    }

    func selectivity(_ expr: Expr) -> Double {
        if let (place, test) = test(expr), let part = part(place, test) { return part }
        switch expr {
        case .constant(.bool(let flag)): return flag ? 1 : 0
        case .compare(let comparison, let left, let right): return selectivity(comparison, left, right)
        case .isIn(let element, let list):
            if case .call("id", let arguments) = element, case .slot(let slot)? = arguments.first {
                return min(idSelectivity(slot) * Double(operands(list).count), 1)
            }
            return Self.equalitySelectivity
        case .textTest: return Self.rangeSelectivity
        case .and: return selectivity(ofAll: expr.conjuncts)
        case .or(let left, let right):
            let (left, right) = (selectivity(left), selectivity(right))
            return left + right - left * right
        case .not(let inner): return max(1 - selectivity(inner) - unknownPart(inner), 0)
        case .property, .slot: return place(of: expr).flatMap { part($0, .equal(.value(.bool(true)))) } ?? Self.otherSelectivity
        default: return Self.otherSelectivity
        }
    }

    private func selectivity(_ comparison: Comparison, _ left: Expr, _ right: Expr) -> Double {
        switch comparison {
        case .equal:
            if let both = joinSelectivity(left, right) { return both }
            for side in [left, right] {
                if case .call("id", let arguments) = side, case .slot(let slot)? = arguments.first { return idSelectivity(slot) }
            }
            return Self.equalitySelectivity
        case .notEqual:
            // Two elements are rarely the same one.
            if case .slot = left, case .slot = right { return 1 }
            let unknown = unknownPart(.compare(.equal, left, right))
            return max(1 - selectivity(.compare(.equal, left, right)) - unknown, 0)
        default: return Self.rangeSelectivity
        }
    }

    /// Of rows combined in all ways: each value of the side with fewer of them is taken to be among those of the other.
    private func joinSelectivity(_ left: Expr, _ right: Expr) -> Double? {
        guard let left = place(of: left).flatMap(statistics), let right = place(of: right).flatMap(statistics) else { return nil }
        return (1 - left.nullPart) * (1 - right.nullPart) / max(left.distinctCount, right.distinctCount)
    }

    private func idSelectivity(_ slot: Slot) -> Double {
        1 / max(rows(of: slot) ?? catalog.entityCount(label: nil), 1)
    }

    /// Rows for which a condition is neither true nor false.
    private func unknownPart(_ expr: Expr) -> Double {
        guard let (place, test) = test(expr) else { return 0 }
        if case .isNull = test { return 0 }
        return statistics(place)?.nullPart ?? 0
    }

    /// nil without statistics.
    private func part(_ place: PropertyPlace, _ test: ValueTest) -> Double? {
        guard let statistics = statistics(place) else {
            if catalog.mayExist(.property, place.key.text) { return nil }
            // Nothing has such a property.
            if case .isNull = test { return 1 } else { return 0 }
        }
        note(statistics, place, test)
        return statistics.part(test, literals)
    }

    /// Plans for small tables matter little, and serve all literals.
    private func note(_ statistics: ValueStatistics, _ place: PropertyPlace, _ test: ValueTest) {
        if statistics.rows < Double(TableState.smallRows) { return }
        let names = test.operands.compactMap { operand in
            if case .literal(let name, _) = operand { NameKey(name) } else { nil }
        }
        if names.isEmpty || !guessed.insert(Guessed(place: place, literals: names)).inserted { return }
        guesses.append(LiteralGuess(statistics: statistics, test: test))
    }

    // MARK: Tests

    /// The expression as a test of a property, if it is one.
    private func test(_ expr: Expr) -> (PropertyPlace, ValueTest)? {
        switch expr {
        case .compare(let comparison, let left, let right):
            let (leftPlace, rightPlace) = (place(of: left), place(of: right))
            if let leftPlace, rightPlace == nil { return test(comparison, right).map { (leftPlace, $0) } }
            if let rightPlace, leftPlace == nil { return test(comparison.mirrored, left).map { (rightPlace, $0) } }
            return nil
        case .textTest(.startsWith, let text, let prefix): return place(of: text).map { ($0, .prefix(operand(prefix))) }
        case .isIn(let element, let list): return place(of: element).map { ($0, .oneOf(operands(list))) }
        case .isNull(let value): return place(of: value).map { ($0, .isNull) }
        default: return nil
        }
    }

    private func test(_ comparison: Comparison, _ value: Expr) -> ValueTest? {
        let operand = operand(value)
        switch comparison {
        case .equal: return .equal(operand)
        case .notEqual: return nil
        case .less, .lessOrEqual:
            return .range(low: nil, includesLow: false, high: operand, includesHigh: comparison == .lessOrEqual)
        case .greater, .greaterOrEqual:
            return .range(low: operand, includesLow: comparison == .greaterOrEqual, high: nil, includesHigh: false)
        }
    }

    private func operand(_ expr: Expr) -> TestOperand {
        switch expr {
        case .constant(let value): .value(value)
        case .parameter(let name): literals[name] == nil ? .unknown : .literal(name, isNegated: false)
        case .negate(.parameter(let name)): literals[name] == nil ? .unknown : .literal(name, isNegated: true)
        default: .unknown
        }
    }

    private func operands(_ list: Expr) -> [TestOperand] {
        switch list {
        case .constant(.list(let values)): values.map { .value($0) }
        case .list(let items): items.map(operand)
        default: Array(repeating: .unknown, count: Self.listLength)
        }
    }

    /// True if the test of a property depends on what is known only when the query runs.
    func isOpen(_ expr: Expr) -> Bool {
        guard let (_, test) = test(expr) else { return false }
        return test.operands.contains { if case .unknown = $0 { true } else { false } }
    }

    // MARK: Distinct values

    /// Groups that rows with such keys fall into: as many as there are combinations, of which few rows cannot meet all.
    func groups(_ keys: [Expr], rows: Double) -> Double {
        if keys.isEmpty { return 1 }
        var all = 1.0
        var isKnown = true
        for key in keys {
            if let count = distinctCount(key) { all *= max(count, 1) } else { isKnown = false }
        }
        if !isKnown { all *= max(rows.squareRoot(), 1) }
        // Among so many combinations hardly any two rows meet; there may be more than a float can hold.
        if all >= rows * 1e6 { return max(rows, 1) }
        return max(min(all * (1 - exp(-rows / all)), rows), 1)
    }

    private func distinctCount(_ expr: Expr) -> Double? {
        if let statistics = place(of: expr).flatMap(statistics) { return statistics.distinctCount + (statistics.nullPart > 0 ? 1 : 0) }
        switch expr {
        case .slot(let slot): return rows(of: slot)
        case .constant, .parameter: return 1
        case .isNull, .hasLabels: return 2
        case .compare, .textTest, .isIn, .not, .and, .or, .xor: return 3
        default: return nil
        }
    }

    /// Of the tables that the element in a slot may be from.
    private func rows(of slot: Slot) -> Double? {
        switch sources[slot] {
        case .entity(let labels): labels.map { catalog.entityCount(label: $0) }.min() ?? catalog.entityCount(label: nil)
        case .relationship(let types): catalog.relationshipCount(types: types)
        default: nil
        }
    }
}
