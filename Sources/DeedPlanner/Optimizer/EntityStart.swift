// How the first entity of a part of a pattern is found: by id, through an index, or by a scan.

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
    let rows: Double
    /// True if the look-up needs slots of the rows before it.
    let dependsOnRows: Bool
    /// Places of the predicates that need not be tested of what comes out.
    var answered: [Int] = []

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

    /// Rows here, and the promise of what can be expanded from it.
    func cost(_ cardinality: Cardinality, _ solved: Set<Int>) -> Double {
        var reach: Double?
        for index in cardinality.relationshipsAt[slot, default: []] where !solved.contains(index) {
            let relationship = cardinality.graph.relationships[index]
            let other = relationship.left == slot ? relationship.right : relationship.left
            reach = min(reach ?? .infinity, cardinality.density[index] * cardinality.labelled(other))
        }
        return rows * (1 + (reach ?? 0))
    }

    /// As a choice.
    var access: EntityAccess {
        switch way {
        case .ids: .ids
        case .index(let label, let properties, _): .index(label: label, properties: properties)
        case .scan: .scan
        }
    }

    /// The first way to find the entity that is acceptable: of those by id, through an index, and by a scan, in this order.
    /// `predicates`: those that are still to be applied.
    static func first(
        for entity: QueryGraph.Entity, _ predicates: OpenPredicates, _ bound: Set<Slot>,
        _ catalog: any PlannerCatalog, _ cardinality: Cardinality, where isAcceptable: (EntityStart) -> Bool
    ) -> EntityStart? {
        let slot = entity.slot
        let rows = cardinality.entities(slot, given: [])
        let usable = predicates.needing(slot).filter { $0.predicate.slots.allSatisfy { $0 == slot || bound.contains($0) } }
        for (_, predicate) in usable {
            guard let ids = idLookUp(predicate.expr, slot) else { continue }
            let start = EntityStart(
                slot: slot, labels: entity.labels, way: .ids(ids), rows: 1, dependsOnRows: !slotsUsed(ids).isEmpty)
            if isAcceptable(start) { return start }
        }
        if !entity.certainLabels.isEmpty {
            let conditions = usable.compactMap { usable in
                PropertyCondition(usable.predicate.expr, of: slot).map { (place: usable.place, $0) }
            }
            for label in entity.certainLabels {
                if let start = index(label, entity, conditions, catalog, rows, where: isAcceptable) { return start }
            }
        }
        let scan = EntityStart(slot: slot, labels: entity.labels, way: .scan, rows: rows, dependsOnRows: false)
        return isAcceptable(scan) ? scan : nil
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

    private static func index(
        _ label: String, _ entity: QueryGraph.Entity, _ conditions: [(place: Int, PropertyCondition)], _ catalog: any PlannerCatalog,
        _ rows: Double, where isAcceptable: (EntityStart) -> Bool
    ) -> EntityStart? {
        let slot = entity.slot
        var equal: [(key: String, value: Expr, place: Int)] = []
        var other: [(key: String, IndexBounds, [Expr])] = []
        for (place, condition) in conditions {
            switch condition {
            case .equal(let key, let value): equal.append((key, value, place))
            case .bounds(let key, let bounds, let values): other.append((key, bounds, values))
            }
        }
        let keys = equal.map(\.key)
        let sets = (keys.count > 1 ? [keys] : []) + keys.map { [$0] }
        for properties in sets where catalog.hasIndex(label: label, properties: properties) {
            let used = properties.compactMap { key in equal.first { $0.key.utf8.elementsEqual(key.utf8) } }
            let values = used.map(\.value)
            let start = EntityStart(
                slot: slot, labels: entity.labels, way: .index(label: label, properties: properties, .equal(values)),
                rows: 1, dependsOnRows: values.contains { !slotsUsed($0).isEmpty },
                answered: used.map(\.place))
            if isAcceptable(start) { return start }
        }
        for (key, bounds, values) in other where catalog.hasIndex(label: label, properties: [key]) {
            let start = EntityStart(
                slot: slot, labels: entity.labels, way: .index(label: label, properties: [key], bounds),
                rows: max(rows, 1), dependsOnRows: values.contains { !slotsUsed($0).isEmpty })
            if isAcceptable(start) { return start }
        }
        return nil
    }
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
                self.init(key, Self.mirrored(comparison), left)
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

    private static func mirrored(_ comparison: Comparison) -> Comparison {
        switch comparison {
        case .less: .greater
        case .lessOrEqual: .greaterOrEqual
        case .greater: .less
        case .greaterOrEqual: .lessOrEqual
        default: comparison
        }
    }
}
