// GROUP BY with several sets of keys: GROUPING SETS, ROLLUP and CUBE. Every row comes once for each set, with the number of the set and
// without the keys that are not of it, and all is grouped at once: what the rows are made of is computed once.
//
// The set without keys has a row even of no rows. Since each row is in every set, there are no groups at all exactly then; the row is
// what an optional apply puts in their place.

import DeedExecution
import DeedSyntax
import DeedValues

/// What rows are grouped by, if by more than one set of keys.
final class SQLGroupingSets {
    /// By number of the keys.
    var sets: [[Int]]
    /// The number of a row's set.
    let slot: Slot

    init(_ sets: [[Int]], slot: Slot) { (self.sets, self.slot) = (sets, slot) }

    static let setsMax = 4_096
    fileprivate static let cubeMax = 12
}

extension SQLBinder {
    /// The sets of keys that GROUP BY stands for, one at least: of each element one, in all combinations.
    func groupingSets(_ elements: [GroupingElement], at range: SourceRange) throws -> [[Expression]] {
        try elements.reduce([[]]) { all, element in
            let sets = try groupingSets(element, at: range)
            if all.count * sets.count > SQLGroupingSets.setsMax { throw tooMany(at: range) }
            return all.flatMap { first in sets.map { first + $0 } }
        }
    }

    private func tooMany(at range: SourceRange) -> QueryError {
        failure("StatementTooComplex", "GROUP BY has more than \(SQLGroupingSets.setsMax) grouping sets", at: range)
    }

    private func groupingSets(_ element: GroupingElement, at range: SourceRange) throws -> [[Expression]] {
        switch element {
        case .expression(let expression): return [[expression]]
        case .set(let expressions): return [expressions]
        case .rollup(let lists):
            if lists.count >= SQLGroupingSets.setsMax { throw tooMany(at: range) }
            return (0...lists.count).reversed().map { count in lists.prefix(count).flatMap { $0 } }
        case .cube(let lists):
            if lists.count > SQLGroupingSets.cubeMax { throw tooMany(at: range) }
            // From all of them to none, as the bits of a number.
            return (0..<1 << lists.count).reversed().map { bits in
                lists.indices.filter { bits >> (lists.count - 1 - $0) & 1 == 1 }.flatMap { lists[$0] }
            }
        case .groupingSets(let elements):
            return try elements.reduce([]) { all, element in
                let sets = try nested(at: range) { try groupingSets(element, at: range) }
                if all.count + sets.count > SQLGroupingSets.setsMax { throw tooMany(at: range) }
                return all + sets
            }
        }
    }

    /// GROUPING(a, b): a bit for each argument, 1 if the row is not grouped by it.
    func bindGrouping(_ call: FunctionCall, _ context: SQLContext, at range: SourceRange) throws -> SQLValue {
        guard let grouping = context.grouping else {
            throw failure("GroupingError", "GROUPING() cannot stand in \(context.clause) without GROUP BY", at: range)
        }
        guard (1...31).contains(call.arguments.count), !call.isStar else {
            throw failure("UndefinedFunction", "GROUPING() takes 1 to 31 arguments", at: range)
        }
        let keys = try call.arguments.map { argument -> Int in
            let value = try bind(argument, SQLContext(context.scope, clause: "GROUPING()")).expr
            guard let key = grouping.keys.firstIndex(where: { areSame($0.value, value) }) else {
                throw failure(
                    "GroupingError", "the arguments of GROUPING() must be expressions that rows are grouped by", at: argument.range)
            }
            return key
        }
        guard let sets = grouping.sets else { return SQLValue(.constant(.int(0)), .integer) }
        let masks = sets.sets.map { set in
            Value.int(keys.reduce(0) { $0 << 1 | (set.contains($1) ? 0 : 1) })
        }
        return SQLValue(.element(.constant(.list(masks)), index: .slot(sets.slot)), .integer)
    }

    // MARK: Plan

    /// Groups the rows by every set.
    func append(
        _ sets: SQLGroupingSets, keys: [(slot: Slot, value: Expr)], _ aggregates: [(slot: Slot, Aggregate)], to state: inout BoundQuery
    ) throws {
        let input = state.plan.estimatedRows
        let count = core.estimator.groups(keys.map(\.value), rows: input)
        let computed = keys.map { (slot: core.newSlot(), value: $0.value) }
        if !computed.isEmpty { state.append(.project(child: state.plan, computed)) }
        let number = core.newSlot()
        let numbers = Expr.constant(.list(sets.sets.indices.map { .int(Int64($0)) }))
        state.append(.unwind(child: state.plan, list: numbers, element: number), rows: input * Double(sets.sets.count))
        let masked = keys.indices.map { key -> (slot: Slot, value: Expr) in
            let members = sets.sets.indices.filter { sets.sets[$0].contains(key) }
            let value = Expr.slot(computed[key].slot)
            if members.count == sets.sets.count { return (keys[key].slot, value) }
            let isMember = Expr.isIn(.slot(number), .constant(.list(members.map { .int(Int64($0)) })))
            return (keys[key].slot, .conditional([(isMember, value)], otherwise: .constant(.null)))
        }
        let kind = try core.aggregate(state.plan, keys: [(sets.slot, .slot(number))] + masked, aggregates)
        state.append(kind, rows: count * Double(sets.sets.count))
        let empty = sets.sets.indices.filter { sets.sets[$0].isEmpty }
        if !empty.isEmpty { appendEmpty(empty, sets, aggregates, to: &state) }
    }

    /// A row for each of the sets without keys, if there are no groups.
    private func appendEmpty(
        _ empty: [Int], _ sets: SQLGroupingSets, _ aggregates: [(slot: Slot, Aggregate)], to state: inout BoundQuery
    ) {
        let rows = state.plan.estimatedRows
        let argument = PlanNode(.argument, estimatedRows: 1)
        state.append(.apply(outer: argument, inner: state.plan, .optional), rows: rows)
        let number = core.newSlot()
        let numbers = Expr.conditional(
            [(.isNull(.slot(sets.slot)), .constant(.list(empty.map { .int(Int64($0)) })))], otherwise: .list([.slot(sets.slot)]))
        state.append(.unwind(child: state.plan, list: numbers, element: number), rows: rows)
        // Of no rows counts and sums are 0, and all else is null.
        let zeros = aggregates.filter { $0.1.function == "count" || $0.1.function == "sum" }.map { slot, _ in
            (slot: slot, value: Expr.call("coalesce", [.slot(slot), .constant(.int(0))]))
        }
        state.append(.project(child: state.plan, zeros + [(sets.slot, .slot(number))]), rows: rows)
    }
}
