// How many rows to expect of the parts of a query graph.
//
// What does not depend on the order of things is computed once for each part of the graph.

import DeedExecution
import DeedValues

struct Cardinality {
    let graph: QueryGraph
    let estimator: Estimator
    /// Positions of relationships by the entities at their ends.
    let relationshipsAt: NumberMap<[Int]>
    /// Of all pairs of entities that the ends may be, the part that has such a relationship, times how many; by position.
    let density: [Double]
    /// Of the types of each; by position.
    let relationships: [Double]
    private let labelledCounts: NumberMap<Double>
    /// Of the predicates that need nothing but the slot.
    private let ownSelectivity: NumberMap<Double>
    /// The others that need it.
    private let shared: NumberMap<[(slots: NumberSet, selectivity: Double)]>

    init(estimator: Estimator, graph: QueryGraph) {
        (self.graph, self.estimator) = (graph, estimator)
        estimator.note(graph)
        let catalog = estimator.catalog
        let all = catalog.entityCount(label: nil)
        var rarest = NumberMap<(label: String?, count: Double)>()
        for entity in graph.entities {
            var least: (label: String?, count: Double) = (nil, all)
            for label in estimator.labels(of: entity.slot) {
                let count = catalog.entityCount(label: label)
                if least.label == nil || count < least.count { least = (label, count) }
            }
            rarest.set(entity.slot, least)
        }
        labelledCounts = rarest.mapValues(\.count)
        var relationshipsAt = NumberMap<[Int]>()
        for (index, relationship) in graph.relationships.enumerated() {
            relationshipsAt[relationship.left, default: []].append(index)
            if relationship.left != relationship.right { relationshipsAt[relationship.right, default: []].append(index) }
        }
        self.relationshipsAt = relationshipsAt
        relationships = graph.relationships.map { catalog.relationshipCount(types: $0.types) }
        density = graph.relationships.map { relationship in
            let (left, right) = (rarest[relationship.left] ?? (nil, 1), rarest[relationship.right] ?? (nil, 1))
            let count = Self.count(relationship, left.label, right.label, catalog)
            return Self.density(relationship, count: count, left: left.count, right: right.count)
        }
        var own = NumberMap<[Expr]>()
        var shared = NumberMap<[(slots: NumberSet, selectivity: Double)]>()
        var between: [(slots: NumberSet, terms: [Expr])] = []
        for predicate in graph.predicates {
            if predicate.slots.count == 1, let slot = predicate.slots.first {
                own[slot, default: []].append(predicate.expr)
            } else {
                // Those between the same tables stand near each other; a statement may have a hundred thousand of others.
                if let place = between.suffix(Self.lookedBack).lastIndex(where: { $0.slots == predicate.slots }) {
                    between[place].terms.append(predicate.expr)
                } else {
                    between.append((predicate.slots, [predicate.expr]))
                }
            }
        }
        for (slots, terms) in between {
            let selectivity = estimator.selectivity(ofAll: terms)
            for slot in slots { shared[slot, default: []].append((slots, selectivity)) }
        }
        ownSelectivity = own.mapValues { estimator.selectivity(ofAll: $0) }
        self.shared = shared
    }

    private static let lookedBack = 64

    /// Relationships between entities that have the labels, in the directions that the pattern allows.
    private static func count(
        _ relationship: QueryGraph.Relationship, _ left: String?, _ right: String?, _ catalog: any PlannerCatalog
    ) -> Double {
        func count(from source: String?, to target: String?) -> Double {
            catalog.relationshipCount(types: relationship.types, from: source, to: target)
        }
        return switch relationship.direction {
        case .out: count(from: left, to: right)
        case .in: count(from: right, to: left)
        case .both: count(from: left, to: right) + count(from: right, to: left)
        }
    }

    /// Entities that have the labels, whatever else is asked of them.
    func labelled(_ slot: Slot) -> Double { labelledCounts[slot] ?? 1 }

    /// Entities that satisfy everything that is asked of them alone.
    func entities(_ slot: Slot, given: NumberSet) -> Double {
        labelled(slot) * selectivity(of: slot, given: given)
    }

    func selectivity(of slot: Slot, given: NumberSet) -> Double {
        shared[slot, default: []].reduce(ownSelectivity[slot] ?? 1) { result, predicate in
            predicate.slots.allSatisfy { $0 == slot || given.contains($0) } ? result * predicate.selectivity : result
        }
    }

    /// What predicates connect the entity with.
    func neighbors(_ slot: Slot) -> NumberSet {
        shared[slot, default: []].reduce(into: []) { $0.formUnion($1.slots) }
    }

    private static func density(
        _ relationship: QueryGraph.Relationship, count: Double, left: Double, right: Double
    ) -> Double {
        let pairs = max(left, 1) * max(right, 1)
        let single = count / pairs
        guard let length = relationship.length else { return single }
        if length.shortest != nil { return 1 / max(right, 1) }
        // Branching as often as the bounds allow, up to a depth beyond which estimates say nothing.
        let degree = max(count / max(left, 1), 0.1)
        let most = min(length.max ?? 4, 4)
        var sum = length.min == 0 ? 1.0 : 0
        var level = 1.0
        for depth in 1...max(most, 1) {
            level *= degree
            if depth >= length.min || depth == most { sum += level }
        }
        return sum / max(right, 1)
    }
}
