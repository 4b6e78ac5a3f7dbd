// What could be chosen for a pattern, and what it would cost: the graph of what is joined, and plans for each way to begin and
// each entity where parts can meet.

import DeedExecution

package struct PatternSpace: Sendable {
    package struct Entity: Sendable {
        package let slot: Slot
        /// The variable, if it has one.
        package let name: String?
        package let labels: [String]
        /// True if it is there before the pattern is walked.
        package let isGiven: Bool
        /// With its labels, and of these the part that satisfies what is asked of it alone.
        package let rows: Double
        package let selectivity: Double
        /// Ways to find it when nothing else is there.
        package let ways: [(access: EntityAccess, rows: Double)]
    }

    package struct Relationship: Sendable {
        package let from: Int
        package let to: Int
        package let direction: ExpandDirection
        package let types: [String]
        package let isVariable: Bool
        package let isGiven: Bool
        /// Of the pairs that its ends may be, the part that it connects, times how often.
        package let density: Double
        /// Entities that its conditions need, beside its ends.
        package let needs: [Int]
    }

    package struct Predicate: Sendable {
        package let text: String
        package let entities: [Int]
        package let selectivity: Double
    }

    package struct Candidate: Sendable {
        package let steps: [PlanStep]
        package let cost: Double
    }

    /// True if there are no rows yet, so that the first start begins no part.
    package let isUnit: Bool
    package let entities: [Entity]
    package let relationships: [Relationship]
    package let predicates: [Predicate]
    /// Each other than the rest, the cheapest first.
    package let candidates: [Candidate]
}

extension Binder {
    /// Plans are made for so many wishes at most.
    private static let wishesMax = 64

    func space(_ builder: PatternBuilder, _ state: BoundQuery) throws -> PatternSpace {
        let graph = builder.graph
        let cardinality = Cardinality(estimator: estimator, graph: graph)
        let names = Dictionary(builder.scope.variables.map { ($0.slot, $0.name) }, uniquingKeysWith: { first, _ in first })
        let planner = planner(builder, state, PatternWishes())
        let ways = planner.ways
        let entities = graph.entities.map { entity in
            PatternSpace.Entity(
                slot: entity.slot, name: names[entity.slot], labels: entity.certainLabels,
                isGiven: state.bound.contains(entity.slot), rows: cardinality.labelled(entity.slot),
                selectivity: cardinality.selectivity(of: entity.slot, given: []), ways: ways[entity.slot] ?? [])
        }
        let relationships = graph.relationships.enumerated().map { index, relationship in
            PatternSpace.Relationship(
                from: graph.entityIndex(relationship.left) ?? 0, to: graph.entityIndex(relationship.right) ?? 0,
                direction: relationship.direction, types: relationship.types, isVariable: relationship.length != nil,
                isGiven: relationship.isGiven, density: cardinality.density[index],
                needs: planner.stepNeeds[index].compactMap { graph.entityIndex($0) }.sorted())
        }
        let predicates = graph.predicates.map { predicate in
            PatternSpace.Predicate(
                text: predicate.expr.text, entities: predicate.slots.compactMap { graph.entityIndex($0) }.sorted(),
                selectivity: estimator.selectivity(predicate.expr))
        }
        return PatternSpace(
            isUnit: isUnit(state) && !planner.hasConstants, entities: entities, relationships: relationships, predicates: predicates,
            candidates: try candidates(builder, state, ways))
    }

    private func candidates(
        _ builder: PatternBuilder, _ state: BoundQuery, _ ways: [Slot: [(access: EntityAccess, rows: Double)]]
    ) throws -> [PatternSpace.Candidate] {
        var wishes = [builder.wishes]
        for entity in builder.graph.entities {
            wishes += (ways[entity.slot] ?? []).map { PatternWishes(starts: [entity.slot: $0.access]) }
        }
        for entity in builder.graph.entities {
            let degree = builder.graph.relationships.count { $0.left == entity.slot || $0.right == entity.slot }
            if degree > 1 { wishes.append(PatternWishes(joins: [entity.slot])) }
        }
        var found: [PatternSpace.Candidate] = []
        for wish in wishes.prefix(Self.wishesMax) {
            try interruption.check()
            try addCandidate(builder, state, wish, to: &found)
            guard found.last?.steps.contains(where: \.isIntersection) == true else { continue }
            var expanding = wish
            expanding.intersects = false
            try addCandidate(builder, state, expanding, to: &found)
        }
        return found.enumerated().sorted { ($0.element.cost, $0.offset) < ($1.element.cost, $1.offset) }.map(\.element)
    }

    private func addCandidate(
        _ builder: PatternBuilder, _ state: BoundQuery, _ wish: PatternWishes, to found: inout [PatternSpace.Candidate]
    ) throws {
        var planner = planner(builder, state, wish)
        // What has too many steps is no plan.
        guard let plan = try? planner.plan(from: state.plan, isUnit: isUnit(state), following: nil) else { return }
        if found.contains(where: { $0.steps == planner.steps }) { return }
        found.append(PatternSpace.Candidate(steps: planner.steps, cost: plan.cost - state.plan.cost))
    }
}

extension PatternPlanner {
    /// True if a condition without variables decides whether there are rows at all.
    var hasConstants: Bool { predicates.hasConstant }

    /// For each entity that is not there yet the ways to find it from what is given.
    var ways: [Slot: [(access: EntityAccess, rows: Double)]] {
        var ways: [Slot: [(access: EntityAccess, rows: Double)]] = [:]
        for entity in graph.entities where !bound.contains(entity.slot) {
            for start in starts(at: entity) {
                let isKnown = ways[entity.slot, default: []].contains { $0.access == start.access }
                if !isKnown { ways[entity.slot, default: []].append((start.access, start.rows)) }
            }
        }
        return ways
    }
}
