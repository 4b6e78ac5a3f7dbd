// How the first entity of a part of a pattern is found: by id, through an index, or by a scan.

import DeedEngine
import DeedExecution
import DeedValues

struct EntityStart {
    enum Way {
        case ids(Expr)
        case index(label: String, properties: [String], IndexBounds)
        case scan
    }

    let slot: Slot
    let labels: LabelTest?
    let way: Way
    /// What comes out, for each row before it if it depends on these.
    let rows: Double
    /// True if the look-up needs slots of the rows before it.
    let dependsOnRows: Bool
    /// Places of the predicates that need not be tested of what comes out.
    var answered: [Int] = []
    /// Of the others those that `rows` has taken into account.
    var counted: [Expr] = []

    /// True if what comes out has the labels.
    var testsLabels: Bool {
        switch way {
        case .scan: return true
        case .index(let label, _, _): return labels == nil || labels == .label(label)
        case .ids: return labels == nil
        }
    }

    func node(over child: PlanNode) -> PlanNode {
        switch way {
        case .ids(let ids):
            PlanNode(.seekIds(child: child, slot: slot, isRelationship: false, ids: ids), estimatedRows: rows)
        case .index(let label, let properties, let bounds):
            PlanNode(
                .seekIndex(child: child, entity: slot, collection: label, properties: properties, bounds),
                estimatedRows: max(child.estimatedRows, 1) * rows)
        case .scan: PlanNode(.scanEntities(entity: slot, labels: labels), estimatedRows: rows)
        }
    }

    /// What is read, what is left of it, and the promise of what can be expanded from that.
    func cost(_ cardinality: Cardinality, _ solved: NumberSet) -> Double {
        var reach: Double?
        for index in cardinality.relationshipsAt[slot, default: []] where !solved.contains(index) {
            let relationship = cardinality.graph.relationships[index]
            let other = relationship.left == slot ? relationship.right : relationship.left
            reach = min(reach ?? .infinity, cardinality.density[index] * cardinality.labelled(other))
        }
        let kept = min(cardinality.entities(slot, given: []), rows)
        return readCost + kept * (1 + (reach ?? 0))
    }

    /// A scan decides on rows of columns, many at a time.
    private static let scannedRowCost = 0.03
    /// A look-up in an index, and a row that a join keeps.
    private static let seekCost = 12.0
    private static let keptCost = 2.0

    private var readCost: Double { if case .scan = way { rows * Self.scannedRowCost } else { rows } }

    /// As a choice.
    var access: EntityAccess {
        switch way {
        case .ids: .ids
        case .index(let label, let properties, _): .index(label: label, properties: properties)
        case .scan: .scan
        }
    }

    /// The ways to find the entity: those by id first, through indexes, and by a scan.
    /// `predicates`: those that are still to be applied.
    static func all(
        for entity: QueryGraph.Entity, _ predicates: OpenPredicates, _ bound: NumberSet, _ cardinality: Cardinality
    ) -> [EntityStart] {
        let slot = entity.slot
        let usable = predicates.needing(slot).filter { $0.predicate.slots.allSatisfy { $0 == slot || bound.contains($0) } }
        var starts: [EntityStart] = []
        for (_, predicate) in usable {
            guard let ids = idLookUp(predicate.expr, slot) else { continue }
            // A list may have many.
            let rows = max(cardinality.labelled(slot) * cardinality.estimator.selectivity(predicate.expr), 1)
            starts.append(
                EntityStart(
                    slot: slot, labels: entity.labels, way: .ids(ids), rows: rows, dependsOnRows: !slotsUsed(ids).isEmpty,
                    counted: [predicate.expr]))
        }
        if !entity.certainLabels.isEmpty {
            let conditions = usable.compactMap { usable in
                PropertyCondition(usable.predicate.expr, of: slot).map {
                    UsableCondition(place: usable.place, expr: usable.predicate.expr, condition: $0)
                }
            }
            for label in entity.certainLabels { starts += indexed(label, entity, conditions, cardinality) }
        }
        let scan = EntityStart(
            slot: slot, labels: entity.labels, way: .scan, rows: cardinality.labelled(slot), dependsOnRows: false)
        return starts + [scan]
    }

    /// The one that is to be taken if nobody wishes for another: an id is always good, and so is an index if it gives few rows,
    /// or the least of what is read. What is looked up for each of many rows before it takes longer than joining all at once does.
    static func best(of starts: [EntityStart], _ cardinality: Cardinality, before rows: Double) -> EntityStart? {
        if let first = starts.first, case .ids = first.way { return first }
        let few = Double(TableState.smallRows)
        let scan = starts.first { if case .scan = $0.way { true } else { false } }
        let seeks = starts.filter { start in
            if case .scan = start.way { return false }
            guard start.dependsOnRows, rows > few, let scan else { return true }
            return rows * (seekCost + start.rows) <= scan.readCost + cardinality.entities(start.slot, given: []) * keptCost + rows
        }
        guard let seek = seeks.min(by: { $0.rows < $1.rows }) else { return starts.first }
        return seek.rows <= few ? seek : starts.min { $0.readCost < $1.readCost }
    }

    /// `id(slot) = value` or `id(slot) IN list`.
    private static func idLookUp(_ expr: Expr, _ slot: Slot) -> Expr? {
        func isId(_ expr: Expr) -> Bool {
            guard case .call("id", let arguments) = expr, case .slot(slot)? = arguments.first else { return false }
            return true
        }
        switch expr {
        case .compare(.equal, let left, let right):
            if isId(left) && !slotsUsed(right).contains(slot) { return right }
            if isId(right) && !slotsUsed(left).contains(slot) { return left }
            return nil
        case .isIn(let left, let right): return isId(left) && !slotsUsed(right).contains(slot) ? right : nil
        default: return nil
        }
    }

    private static func indexed(
        _ label: String, _ entity: QueryGraph.Entity, _ conditions: [UsableCondition], _ cardinality: Cardinality
    ) -> [EntityStart] {
        let slot = entity.slot
        let (estimator, all) = (cardinality.estimator, cardinality.labelled(slot))
        var starts: [EntityStart] = []
        func append(_ properties: [String], _ bounds: IndexBounds, _ values: [Expr], rows: Double, _ answered: [Int], _ counted: [Expr]) {
            starts.append(
                EntityStart(
                    slot: slot, labels: entity.labels, way: .index(label: label, properties: properties, bounds),
                    rows: max(rows, 1), dependsOnRows: values.contains { !slotsUsed($0).isEmpty }, answered: answered,
                    counted: counted))
        }
        let equal = conditions.compactMap { usable in
            if case .equal(let key, let value) = usable.condition { (key: key, value: value, usable: usable) } else { nil }
        }
        let keys = equal.map(\.key)
        let sets = (keys.count > 1 ? [keys] : []) + keys.map { [$0] }
        for properties in sets where estimator.catalog.hasIndex(label: label, properties: properties) {
            let used = properties.compactMap { key in equal.first { $0.key.utf8.elementsEqual(key.utf8) } }
            let rows = all * estimator.selectivity(ofAll: used.map(\.usable.expr))
            let values = used.map(\.value)
            append(properties, .equal(values), values, rows: rows, used.map(\.usable.place), [])
        }
        for usable in conditions {
            guard case .bounds(let key, let bounds, let values) = usable.condition,
                estimator.catalog.hasIndex(label: label, properties: [key])
            else { continue }
            // Of bounds that nobody knows yet those are expected for which somebody has made an index.
            let part = estimator.selectivity(usable.expr) * (estimator.isOpen(usable.expr) ? openBoundsFactor : 1)
            append([key], bounds, values, rows: all * part, [], [usable.expr])
        }
        return starts
    }

    private static let openBoundsFactor = 0.05
}

private struct UsableCondition {
    let place: Int
    let expr: Expr
    let condition: PropertyCondition
}

/// A predicate that an index can answer.
private enum PropertyCondition {
    case equal(key: String, Expr)
    case bounds(key: String, IndexBounds, [Expr])

    init?(_ expr: Expr, of slot: Slot) {
        switch expr {
        case .compare(let comparison, let left, let right):
            if let key = Self.key(left, slot), !slotsUsed(right).contains(slot) {
                self.init(key, comparison, right)
            } else if let key = Self.key(right, slot), !slotsUsed(left).contains(slot) {
                self.init(key, comparison.mirrored, left)
            } else {
                return nil
            }
        case .textTest(.startsWith, let left, let right):
            guard let key = Self.key(left, slot), !slotsUsed(right).contains(slot) else { return nil }
            self = .bounds(key: key, .prefix(right), [right])
        default: return nil
        }
    }

    private init?(_ key: String, _ comparison: Comparison, _ value: Expr) {
        switch comparison {
        case .equal: self = .equal(key: key, value)
        case .notEqual: return nil
        case .less, .lessOrEqual:
            self = .bounds(
                key: key, .range(low: nil, includesLow: false, high: value, includesHigh: comparison == .lessOrEqual), [value])
        case .greater, .greaterOrEqual:
            self = .bounds(
                key: key, .range(low: value, includesLow: comparison == .greaterOrEqual, high: nil, includesHigh: false),
                [value])
        }
    }

    private static func key(_ expr: Expr, _ slot: Slot) -> String? {
        guard case .property(.slot(slot), let key) = expr else { return nil }
        return key
    }
}
