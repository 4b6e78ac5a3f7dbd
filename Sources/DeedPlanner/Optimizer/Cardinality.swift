// How many rows to expect of the parts of a query graph. Estimates multiply as if everything were independent.

import DeedExecution
import DeedValues

struct Cardinality {
    let catalog: any PlannerCatalog
    let graph: QueryGraph

    static let equalitySelectivity = 0.05
    static let rangeSelectivity = 0.3
    static let otherSelectivity = 0.5

    /// Entities that have the labels, whatever else is asked of them.
    func labelled(_ slot: Slot) -> Double {
        guard let index = graph.entityIndex(slot) else { return 1 }
        let counts = graph.entities[index].certainLabels.map { catalog.entityCount(label: $0) }
        return max(counts.min() ?? catalog.entityCount(label: nil), 0)
    }

    /// Entities that satisfy everything that is asked of them alone.
    func entities(_ slot: Slot, given: Set<Slot>) -> Double {
        labelled(slot) * selectivity(of: slot, given: given)
    }

    func selectivity(of slot: Slot, given: Set<Slot>) -> Double {
        let needed = given.union([slot])
        return graph.predicates.reduce(1) { result, predicate in
            predicate.slots.contains(slot) && predicate.slots.isSubset(of: needed)
                ? result * Self.selectivity(predicate.expr) : result
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

    /// Of all pairs of entities that the ends may be, the part that has such a relationship, times how many.
    func density(_ relationship: QueryGraph.Relationship) -> Double {
        let count = catalog.relationshipCount(types: relationship.types)
        let pairs = max(labelled(relationship.left), 1) * max(labelled(relationship.right), 1)
        let single = count / pairs * (relationship.direction == .both ? 2 : 1)
        guard let length = relationship.length else { return single }
        if length.shortest != nil { return 1 / max(labelled(relationship.right), 1) }
        // Branching as often as the bounds allow, up to a depth beyond which estimates say nothing.
        let degree = max(count / max(labelled(relationship.left), 1), 0.1)
        let most = min(length.max ?? 4, 4)
        var sum = length.min == 0 ? 1.0 : 0
        var level = 1.0
        for depth in 1...max(most, 1) {
            level *= degree
            if depth >= length.min || depth == most { sum += level }
        }
        return sum / max(labelled(relationship.right), 1)
    }
}
