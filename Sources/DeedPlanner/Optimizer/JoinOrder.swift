// The order in which relationships are expanded, from entities that are there: the one with the least sum of intermediate
// rows. Exact up to ten relationships, by dynamic programming over the sets that can be reached (2^10 of them); greedy
// beyond.

import DeedExecution

struct JoinOrder {
    struct Step {
        let relationship: Int
        let from: Slot
    }

    let graph: QueryGraph
    let cardinality: Cardinality
    let bound: Set<Slot>
    /// Relationships that still have to be walked, and can be from here.
    private let open: [Int]
    private static let exactMax = 10

    init(graph: QueryGraph, cardinality: Cardinality, bound: Set<Slot>, solved: Set<Int>) {
        (self.graph, self.cardinality, self.bound) = (graph, cardinality, bound)
        var reached = bound
        var found: Set<Int> = []
        var grows = true
        while grows {
            grows = false
            for index in graph.relationships.indices where !solved.contains(index) && !found.contains(index) {
                let relationship = graph.relationships[index]
                guard reached.contains(relationship.left) || reached.contains(relationship.right) else { continue }
                found.insert(index)
                reached.formUnion([relationship.left, relationship.right])
                grows = true
            }
        }
        open = found.sorted()
    }

    mutating func best(rows: Double) -> [Step] {
        open.count <= Self.exactMax ? exact(rows: rows) : greedy(rows: rows)
    }

    /// The rows after a step, and whether it can be taken from these entities. Searches for shortest paths wait until both
    /// ends are there.
    private func step(_ index: Int, _ reached: Set<Slot>, rows: Double) -> (Step, rows: Double, to: Slot)? {
        let relationship = graph.relationships[index]
        let (hasLeft, hasRight) = (reached.contains(relationship.left), reached.contains(relationship.right))
        guard hasLeft || hasRight else { return nil }
        let from = hasLeft ? relationship.left : relationship.right
        let to = hasLeft ? relationship.right : relationship.left
        var result = rows * cardinality.density(relationship)
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

    private func exact(rows: Double) -> [Step] {
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
        return best[all]?.steps ?? greedy(rows: rows)
    }

    private func greedy(rows: Double) -> [Step] {
        var (remaining, reached, rows) = (open, bound, rows)
        var steps: [Step] = []
        while !remaining.isEmpty {
            let options = remaining.compactMap { step($0, reached, rows: rows) }
            guard let next = options.min(by: { $0.rows < $1.rows }) else { return steps }
            steps.append(next.0)
            remaining.removeAll { $0 == next.0.relationship }
            reached.insert(next.to)
            rows = next.rows
        }
        return steps
    }
}
