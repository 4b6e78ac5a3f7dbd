// The order in which relationships are expanded, from entities that are there: the one with the least sum of intermediate
// rows. Exact up to ten relationships, by dynamic programming over the sets that can be reached (2^10 of them); greedy
// beyond.

import DeedExecution

struct JoinOrder {
    struct Step {
        let relationship: Int
        let from: Slot
    }

    let cardinality: Cardinality
    let bound: Set<Slot>
    let interruption: Interruption
    /// Entities that nothing is walked from.
    private let barred: Set<Slot>
    /// Relationships that still have to be walked, and can be from here.
    private let open: [Int]
    private static let exactMax = 10

    private var graph: QueryGraph { cardinality.graph }

    init(cardinality: Cardinality, bound: Set<Slot>, solved: Set<Int>, barred: Set<Slot>, interruption: Interruption) {
        (self.cardinality, self.bound, self.barred, self.interruption) = (cardinality, bound, barred, interruption)
        var reached = bound
        var found: Set<Int> = []
        var frontier = cardinality.graph.entities.map(\.slot).filter { bound.contains($0) && !barred.contains($0) }
        while let slot = frontier.popLast() {
            for index in cardinality.relationshipsAt[slot, default: []] where !solved.contains(index) {
                guard found.insert(index).inserted else { continue }
                let relationship = cardinality.graph.relationships[index]
                for end in [relationship.left, relationship.right] where reached.insert(end).inserted && !barred.contains(end) {
                    frontier.append(end)
                }
            }
        }
        open = found.sorted()
    }

    func best(rows: Double) throws -> [Step] {
        if open.count <= Self.exactMax, let steps = exact(rows: rows) { return steps }
        return try greedy(rows: rows)
    }

    /// The rows after a step, and whether it can be taken from these entities. Searches for shortest paths wait until both
    /// ends are there.
    private func step(_ index: Int, _ reached: Set<Slot>, rows: Double) -> (Step, rows: Double, to: Slot)? {
        let relationship = graph.relationships[index]
        let (hasLeft, hasRight) = (reached.contains(relationship.left), reached.contains(relationship.right))
        let fromLeft = hasLeft && !barred.contains(relationship.left)
        guard fromLeft || hasRight && !barred.contains(relationship.right) else { return nil }
        let from = fromLeft ? relationship.left : relationship.right
        let to = fromLeft ? relationship.right : relationship.left
        var result = rows * cardinality.density[index]
        if !(hasLeft && hasRight) {
            result *= max(cardinality.labelled(to), 1)
            result *= cardinality.selectivity(of: to, given: reached)
        }
        return (Step(relationship: index, from: from), result, to)
    }

    private struct Best {
        var cost: Double
        var rows: Double
        var steps: [Step]
        var reached: Set<Slot>
    }

    private func exact(rows: Double) -> [Step]? {
        if open.isEmpty { return [] }
        var best: [Int: Best] = [0: Best(cost: 0, rows: rows, steps: [], reached: bound)]
        let all = (1 << open.count) - 1
        // Sets in ascending order: each is made of smaller ones.
        for set in 0..<all {
            guard let state = best[set] else { continue }
            for (position, index) in open.enumerated() where set & (1 << position) == 0 {
                guard let (step, rows, to) = step(index, state.reached, rows: state.rows) else { continue }
                let larger = set | (1 << position)
                // What is read counts, even if little of it remains.
                let cost = state.cost + rows + state.rows * 0.1
                if let known = best[larger], known.cost <= cost { continue }
                best[larger] = Best(
                    cost: cost, rows: rows, steps: state.steps + [step], reached: state.reached.union([to]))
            }
        }
        return best[all]?.steps
    }

    private func greedy(rows: Double) throws -> [Step] {
        let isOpen = Set(open)
        var (reached, rows) = (bound, rows)
        var taken: Set<Int> = []
        // Those that can be walked from what is reached.
        var frontier: [Int] = []
        func extend(from slot: Slot) {
            for index in cardinality.relationshipsAt[slot, default: []] where isOpen.contains(index) {
                if taken.insert(index).inserted { frontier.append(index) }
            }
        }
        for entity in graph.entities where bound.contains(entity.slot) { extend(from: entity.slot) }
        var steps: [Step] = []
        while !frontier.isEmpty {
            try interruption.check()
            let options = frontier.enumerated().compactMap { position, index in
                step(index, reached, rows: rows).map { (position: position, step: $0) }
            }
            // Of equals the first in the text.
            guard let next = options.min(by: { ($0.step.rows, $0.step.0.relationship) < ($1.step.rows, $1.step.0.relationship) })
            else { return steps }
            frontier.remove(at: next.position)
            steps.append(next.step.0)
            if reached.insert(next.step.to).inserted { extend(from: next.step.to) }
            rows = next.step.rows
        }
        return steps
    }
}
