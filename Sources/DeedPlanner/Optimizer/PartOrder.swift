// In which order the parts of a pattern that no relationship connects are joined: the one with the least sum of intermediate rows,
// each part being joined with all before it. Exact up to twelve parts, by dynamic programming over sets of them; greedy beyond.
//
// Tables of SQL are such parts, and so are the patterns of a MATCH that share no node.

import DeedExecution

struct PartOrder {
    private let cardinality: Cardinality
    /// The entities of each part.
    private let parts: [[Slot]]
    /// Positions of the relationships of each part.
    private let relationships: [[Int]]
    /// Rows of each part by itself.
    private let alone: [Double]
    private let given: NumberSet
    private let rows: Double
    private static let exactMax = 12
    /// It takes the square of it.
    private static let greedyMax = 256
    private let interruption: Interruption
    /// Of a row of a part, which is read and kept.
    private static let readCost = 0.5

    /// The parts of what is not bound yet. `rows`: those that are there already, of which each is joined with the parts.
    init(_ cardinality: Cardinality, bound: NumberSet, rows: Double, _ interruption: Interruption) {
        (self.cardinality, given, self.rows, self.interruption) = (cardinality, bound, max(rows, 1), interruption)
        let graph = cardinality.graph
        var seen = bound
        var parts: [[Slot]] = []
        var relationships: [[Int]] = []
        for entity in graph.entities where seen.insert(entity.slot).inserted {
            var (slots, found) = ([entity.slot], Set<Int>())
            var next = 0
            while next < slots.count {
                for index in cardinality.relationshipsAt[slots[next], default: []] where found.insert(index).inserted {
                    let relationship = graph.relationships[index]
                    for end in [relationship.left, relationship.right] where seen.insert(end).inserted { slots.append(end) }
                }
                next += 1
            }
            parts.append(slots)
            relationships.append(found.sorted())
        }
        (self.parts, self.relationships) = (parts, relationships)
        let isWorthIt = (2...Self.greedyMax).contains(parts.count)
        alone = isWorthIt ? zip(parts, relationships).map { Self.grow(1, bound, $0, $1, cardinality) } : []
    }

    /// Of each entity the place of its part in the order; empty if there is nothing to choose, or too much.
    func places() throws -> [Slot: Int] {
        if parts.count < 2 || parts.count > Self.greedyMax { return [:] }
        let order = parts.count <= Self.exactMax ? exact() : try greedy()
        var places: [Slot: Int] = [:]
        for (place, part) in order.enumerated() { for slot in parts[part] { places[slot] = place } }
        return places
    }

    /// The rows that are left when those so far are joined with a part.
    private static func grow(
        _ rows: Double, _ given: NumberSet, _ slots: [Slot], _ steps: [Int], _ cardinality: Cardinality
    ) -> Double {
        var (rows, given) = (rows, given)
        for (index, slot) in slots.enumerated() {
            rows *= cardinality.entities(slot, given: given)
            if index + 1 < slots.count { given.insert(slot) }
        }
        for step in steps {
            rows *= cardinality.density[step] * cardinality.selectivity(of: cardinality.graph.relationships[step].slot, given: [])
        }
        return rows
    }

    private func grow(_ rows: Double, _ given: NumberSet, _ part: Int) -> Double {
        Self.grow(max(rows, 1), given, parts[part], relationships[part], cardinality)
    }

    private struct State {
        var cost: Double
        var rows: Double
        var given: NumberSet
        var order: [Int]
    }

    private func exact() -> [Int] {
        var best: [State?] = Array(repeating: nil, count: 1 << parts.count)
        best[0] = State(cost: 0, rows: rows, given: given, order: [])
        // Sets in ascending order: each is made of smaller ones.
        for set in 0..<best.count - 1 {
            guard let state = best[set] else { continue }
            for part in parts.indices where set & (1 << part) == 0 {
                let next = joined(state, part)
                if let known = best[set | (1 << part)], known.cost <= next.cost { continue }
                best[set | (1 << part)] = next
            }
        }
        return best[best.count - 1]?.order ?? Array(parts.indices)
    }

    private func joined(_ state: State, _ part: Int) -> State {
        let rows = grow(state.rows, state.given, part)
        var next = State(
            cost: state.cost + max(rows, 1) + alone[part] * Self.readCost, rows: rows, given: state.given, order: state.order + [part])
        for slot in parts[part] { next.given.insert(slot) }
        return next
    }

    private func greedy() throws -> [Int] {
        var (rows, given) = (rows, given)
        var order: [Int] = []
        var open = Array(parts.indices)
        while !open.isEmpty {
            try interruption.check()
            let options = open.map { grow(rows, given, $0) }
            guard let place = options.indices.min(by: {
                max(options[$0], 1) + alone[open[$0]] * Self.readCost < max(options[$1], 1) + alone[open[$1]] * Self.readCost
            }) else { break }
            rows = options[place]
            for slot in parts[open[place]] { given.insert(slot) }
            order.append(open.remove(at: place))
        }
        return order
    }
}
