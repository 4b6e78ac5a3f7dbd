// Aggregates for which not every match of a pattern has to be made: those that do not care how often a row comes
// (DistinctReach), and those that only count the matches.
//
// What stands below the aggregate is read back as a pattern: a scan, expansions and intersections from it, and filters. It can be
// counted if every filter is about one entity, or about one relationship and its ends, and if all that is asked of the matches
// is their number, or things that depend on one entity, which becomes the root: then the pattern gives rows with the root and a
// number of matches, and the aggregates weigh each row by that number.

import DeedExecution
import DeedValues

struct CountPushDown {
    let catalog: any PlannerCatalog
    let newSlot: () -> Slot

    /// The aggregation of `child`, in the way that makes the fewest rows.
    func aggregate(
        _ child: PlanNode, keys: [(slot: Slot, value: Expr)], _ aggregates: [(slot: Slot, Aggregate)]
    ) -> (kind: PlanNode.Kind, way: AggregationWay) {
        if let kind = counted(child, keys: keys, aggregates, ifItPays: true) { return (kind, .count) }
        if let kind = searched(child, keys: keys, aggregates) { return (kind, .search) }
        return (.aggregate(child: child, keys: keys, aggregates), .rows)
    }

    /// The aggregation in a certain way; nil if that is not possible.
    func aggregate(
        _ child: PlanNode, keys: [(slot: Slot, value: Expr)], _ aggregates: [(slot: Slot, Aggregate)], _ way: AggregationWay
    ) -> PlanNode.Kind? {
        switch way {
        case .rows: .aggregate(child: child, keys: keys, aggregates)
        case .count: counted(child, keys: keys, aggregates, ifItPays: false)
        case .search: searched(child, keys: keys, aggregates)
        }
    }

    /// Over what searches find instead of paths, if no aggregate depends on how often a row comes.
    private func searched(
        _ child: PlanNode, keys: [(slot: Slot, value: Expr)], _ aggregates: [(slot: Slot, Aggregate)]
    ) -> PlanNode.Kind? {
        guard aggregates.allSatisfy({ $1.isDistinct && !$1.arguments.isEmpty || $1.function == "min" || $1.function == "max" })
        else { return nil }
        let values = keys.map(\.value) + aggregates.flatMap { $1.arguments }
        let reach = DistinctReach(child, used: values.reduce(into: []) { $0.formUnion(slotsUsed($1)) })
        if reach.plan === child { return nil }
        // Ends of which none comes twice need not be compared with each other.
        if reach.isDistinct, keys.isEmpty, aggregates.count == 1, aggregates[0].1.function == "count",
            case .slot = aggregates[0].1.arguments[0] {
            let count = Aggregate(function: "count", arguments: [], isDistinct: false)
            return .aggregate(child: reach.plan, keys: [], [(aggregates[0].slot, count)])
        }
        return .aggregate(child: reach.plan, keys: keys, aggregates)
    }

    /// Over a counted pattern, if that is possible.
    private func counted(
        _ child: PlanNode, keys: [(slot: Slot, value: Expr)], _ aggregates: [(slot: Slot, Aggregate)], ifItPays: Bool
    ) -> PlanNode.Kind? {
        guard var read = PatternReading(child), !read.relationships.isEmpty else { return nil }
        let wholeCost = ifItPays ? wholeCost(read) : 0
        guard read.cost >= wholeCost else { return nil }
        let count = newSlot()
        var used: NumberSet = []
        for key in keys { used.formUnion(slotsUsed(key.value)) }
        var weighed: [(slot: Slot, Aggregate)] = []
        for (slot, aggregate) in aggregates {
            guard let (result, needs) = weigh(aggregate, by: count, read) else { return nil }
            weighed.append((slot, result))
            used.formUnion(needs)
        }
        guard used.count <= 1, used.allSatisfy({ read.position($0) != nil }) else { return nil }
        let root = used.first.flatMap { read.position($0) }
        guard read.assignFilters(newSlot) else { return nil }
        let pattern = CountedPattern(
            entities: read.entities, relationships: read.relationships, differing: read.differing, root: root, count: count)
        guard let terms = pattern.terms() else { return nil }
        let masks = ifItPays ? maskCost(read) : 0
        guard read.cost >= wholeCost * Double(terms.count { !$0.needsLoops }) + masks else { return nil }
        let rows = root == nil ? 1 : catalog.entityCount(label: nil)
        return .aggregate(child: PlanNode(.countMatches(matches: child, pattern), estimatedRows: rows), keys: keys, weighed)
    }

    /// What the aggregate is over rows that stand for several each, and the slots that it needs.
    private func weigh(_ aggregate: Aggregate, by count: Slot, _ read: PatternReading) -> (Aggregate, NumberSet)? {
        let needs = aggregate.arguments.reduce(into: NumberSet()) { $0.formUnion(slotsUsed($1)) }
        switch aggregate.function {
        case "min", "max": return (aggregate, needs)
        case "count" where aggregate.isDistinct: return (aggregate, needs)
        case "count":
            let all = Aggregate(function: "sum", arguments: [.slot(count)], isDistinct: false)
            guard let argument = aggregate.arguments.first else { return (all, []) }
            // An element of the pattern is there in every match.
            if case .slot(let slot) = argument, read.position(slot) != nil || read.isRelationship(slot) { return (all, []) }
            let counted = Expr.conditional([(.isNull(argument), .constant(.int(0)))], otherwise: .slot(count))
            return (Aggregate(function: "sum", arguments: [counted], isDistinct: false), needs)
        default: return nil
        }
    }

    /// What counting one term over the whole graph costs, in rows: a fraction of what it takes to make a row, for each entity
    /// and each relationship. Terms that need self-loops are mostly over when these have been looked for.
    private func wholeCost(_ read: PatternReading) -> Double {
        let relationships = read.relationships.map { catalog.relationshipCount(types: $0.types) }.max() ?? 0
        return (catalog.entityCount(label: nil) + relationships) / 4
    }

    /// Filters of relationships are evaluated for all of their types.
    private func maskCost(_ read: PatternReading) -> Double {
        read.relationships.reduce(0) { $0 + ($1.filters.isEmpty ? 0 : catalog.relationshipCount(types: $1.types)) }
    }
}

/// A plan of expansions, read as a pattern.
private struct PatternReading {
    private(set) var entities: [CountedPattern.Entity] = []
    private(set) var relationships: [CountedPattern.Relationship] = []
    private(set) var differing: [(Int, Int)] = []
    /// Rows that come out of the nodes of the plan, together.
    private(set) var cost = 0.0
    /// Where each relationship is, by slot; those that nobody refers to have none.
    private var slots: [Slot?] = []
    private var filters: [Expr] = []
    private static let relationshipsMax = 16

    /// nil if there is more to the plan than a pattern.
    init?(_ plan: PlanNode) {
        var node = plan
        var expansions: [Expansion] = []
        reading: while true {
            cost += node.estimatedRows
            switch node.kind {
            case .filter(let child, let condition):
                filters += condition.conjuncts
                node = child
            case .expand(let child, let expansion):
                guard expansions.count < Self.relationshipsMax else { return nil }
                expansions.append(expansion)
                node = child
            case .intersect(let child, let intersection):
                guard expansions.count + intersection.legs.count <= Self.relationshipsMax else { return nil }
                expansions += intersection.legs.reversed()
                node = child
            case .scanEntities(let slot, let labels):
                entities.append(CountedPattern.Entity(slot: slot))
                if let labels { entities[0].labels.append(labels) }
                break reading
            default: return nil
            }
        }
        for expansion in expansions.reversed() { guard add(expansion) else { return nil } }
    }

    private mutating func add(_ expansion: Expansion) -> Bool {
        guard let from = position(expansion.from) else { return false }
        if !expansion.isInto { entities.append(CountedPattern.Entity(slot: expansion.to)) }
        guard let to = position(expansion.to) else { return false }
        for slot in expansion.differsFrom {
            guard let other = slots.firstIndex(of: slot) else { return false }
            differing.append((other, relationships.count))
        }
        relationships.append(
            CountedPattern.Relationship(
                expansion.relationship, from: from, to: to, types: expansion.types, expansion.direction))
        slots.append(expansion.relationship)
        return true
    }

    /// The position of the entity in a slot.
    func position(_ slot: Slot) -> Int? { entities.firstIndex { $0.slot == slot } }

    func isRelationship(_ slot: Slot) -> Bool { slots.contains(slot) }

    /// Gives each entity and relationship the filters that are about it; false if one is about more.
    mutating func assignFilters(_ newSlot: () -> Slot) -> Bool {
        for filter in filters {
            let used = slotsUsed(filter)
            let positions = used.compactMap { position($0) }
            guard positions.count <= 1, used.count == positions.count else {
                guard filter.cannotFail, let owner = relationship(with: used) else { return false }
                relationships[owner].filters.append(filter)
                relationships[owner].slot = relationships[owner].slot ?? newSlot()
                continue
            }
            if case .hasLabels(.slot, let test) = filter, let position = positions.first {
                entities[position].labels.append(test)
            } else {
                entities[positions.first ?? 0].filters.append(filter)
            }
        }
        return true
    }

    /// One to which all of the slots belong. Without a direction it is not known which of its ends is which.
    private func relationship(with used: NumberSet) -> Int? {
        relationships.indices.first { index in
            let relationship = relationships[index]
            let ends = relationship.isDirected ? [entities[relationship.from].slot, entities[relationship.to].slot] : []
            return used.isSubset(of: ends + [relationship.slot].compactMap { $0 })
        }
    }
}

extension Expr {
    /// True for conditions that are true, false or null whatever the values are: they may be evaluated where nobody has asked.
    fileprivate var cannotFail: Bool {
        switch self {
        case .and(let left, let right), .or(let left, let right): left.cannotFail && right.cannotFail
        case .not(let condition): condition.cannotFail
        case .compare(_, let left, let right): left.isPlain && right.isPlain
        case .textTest(let test, let left, let right): test != .matches && left.isPlain && right.isPlain
        case .isNull(let value): value.isPlain
        case .hasLabels(.slot, _): true
        default: false
        }
    }

    private var isPlain: Bool {
        switch self {
        case .slot, .property(.slot, _), .constant, .parameter: true
        default: false
        }
    }
}
