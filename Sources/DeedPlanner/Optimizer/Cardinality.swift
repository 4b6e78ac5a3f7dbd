// How many rows to expect of the parts of a query graph. Estimates multiply as if everything were independent.
//
// What does not depend on the order of things is computed once for each part of the graph.

import DeedExecution
import DeedValues

struct Cardinality {
    let graph: QueryGraph
    /// Positions of relationships by the entities at their ends.
    let relationshipsAt: [Slot: [Int]]
    /// Of all pairs of entities that the ends may be, the part that has such a relationship, times how many; by position.
    let density: [Double]
    /// Of the types of each; by position.
    let relationships: [Double]
    private let labelledCounts: [Slot: Double]
    private let unlabelled: Double
    /// Of the predicates that need nothing but the slot.
    private let ownSelectivity: [Slot: Double]
    /// The others that need it.
    private let shared: [Slot: [QueryGraph.Predicate]]

    static let equalitySelectivity = 0.05
    static let rangeSelectivity = 0.3
    static let otherSelectivity = 0.5

    init(catalog: any PlannerCatalog, graph: QueryGraph) {
        self.graph = graph
        unlabelled = catalog.entityCount(label: nil)
        var known: [NameKey: Double] = [:]
        var labelledCounts: [Slot: Double] = [:]
        for entity in graph.entities {
            let counts = entity.certainLabels.map { label in
                let count = known[NameKey(label)] ?? catalog.entityCount(label: label)
                known[NameKey(label)] = count
                return count
            }
            labelledCounts[entity.slot] = max(counts.min() ?? unlabelled, 0)
        }
        self.labelledCounts = labelledCounts
        var relationshipsAt: [Slot: [Int]] = [:]
        for (index, relationship) in graph.relationships.enumerated() {
            relationshipsAt[relationship.left, default: []].append(index)
            if relationship.left != relationship.right { relationshipsAt[relationship.right, default: []].append(index) }
        }
        self.relationshipsAt = relationshipsAt
        let relationships = graph.relationships.map { catalog.relationshipCount(types: $0.types) }
        self.relationships = relationships
        density = zip(graph.relationships, relationships).map { relationship, count in
            Self.density(
                relationship, count: count, left: labelledCounts[relationship.left] ?? 1,
                right: labelledCounts[relationship.right] ?? 1)
        }
        var ownSelectivity: [Slot: Double] = [:]
        var shared: [Slot: [QueryGraph.Predicate]] = [:]
        for predicate in graph.predicates {
            if predicate.slots.count == 1, let slot = predicate.slots.first {
                ownSelectivity[slot, default: 1] *= Self.selectivity(predicate.expr)
            } else {
                for slot in predicate.slots { shared[slot, default: []].append(predicate) }
            }
        }
        (self.ownSelectivity, self.shared) = (ownSelectivity, shared)
    }

    /// Entities that have the labels, whatever else is asked of them.
    func labelled(_ slot: Slot) -> Double { labelledCounts[slot] ?? 1 }

    /// Entities that satisfy everything that is asked of them alone.
    func entities(_ slot: Slot, given: Set<Slot>) -> Double {
        labelled(slot) * selectivity(of: slot, given: given)
    }

    func selectivity(of slot: Slot, given: Set<Slot>) -> Double {
        shared[slot, default: []].reduce(ownSelectivity[slot] ?? 1) { result, predicate in
            predicate.slots.allSatisfy { $0 == slot || given.contains($0) } ? result * Self.selectivity(predicate.expr) : result
        }
    }

    static func selectivity(_ expr: Expr) -> Double {
        switch expr {
        case .compare(.equal, _, _), .isIn: equalitySelectivity
        case .compare(.notEqual, _, _): 1 - equalitySelectivity
        case .compare, .textTest: rangeSelectivity
        case .and(let left, let right): selectivity(left) * selectivity(right)
        case .or(let left, let right): min(selectivity(left) + selectivity(right), 1)
        case .not(let inner): 1 - selectivity(inner)
        default: otherSelectivity
        }
    }

    private static func density(
        _ relationship: QueryGraph.Relationship, count: Double, left: Double, right: Double
    ) -> Double {
        let pairs = max(left, 1) * max(right, 1)
        let single = count / pairs * (relationship.direction == .both ? 2 : 1)
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
