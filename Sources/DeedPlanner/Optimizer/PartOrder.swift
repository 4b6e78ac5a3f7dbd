// In which order the parts of a pattern that no relationship connects are joined: the one with the least sum of intermediate rows,
// each part being joined with all before it. Exact up to twelve parts, by dynamic programming over sets of them; beyond, only the best
// sets of each size are followed.
//
// Tables of SQL are such parts, and so are the patterns of a MATCH that share no node.

import DeedExecution

struct PartOrder {
    private let cardinality: Cardinality
    /// The entities of each part.
    private let parts: [[Slot]]
    /// Positions of the relationships of each part.
    private let relationships: [[Int]]
    private let given: NumberSet
    private let rows: Double
    /// What predicates connect each part with.
    private let neighbors: [NumberSet]
    private static let exactMax = 12
    /// It takes the square of it.
    private static let partsMax = 256
    /// Sets that are followed, times the square of the parts.
    private static let searchSize = 16_384
    private let interruption: Interruption
    /// Of a row of a product, beside one that a condition has let pass: where fewer rows were expected than come, it does the most harm.
    private static let productCost = 4.0

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
        neighbors = parts.map { part in part.reduce(into: []) { $0.formUnion(cardinality.neighbors($1)) } }
    }

    /// Of each entity the place of its part in the order; empty if there is nothing to choose, or too much.
    func places() throws -> [Slot: Int] {
        if parts.count < 2 || parts.count > Self.partsMax { return [:] }
        let order = parts.count <= Self.exactMax ? exact() : try searched()
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
        /// The set of those in the order, a bit for each.
        var members: SIMD4<UInt64> = .zero
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

    /// Each part is read once, in whatever order, so that only what comes of it counts.
    private func joined(_ state: State, _ part: Int) -> State {
        let rows = grow(state.rows, state.given, part)
        let isProduct = !state.given.isEmpty && neighbors[part].isDisjoint(with: state.given)
        var next = State(
            cost: state.cost + max(rows, 1) * (isProduct ? Self.productCost : 1), rows: rows, given: state.given,
            order: state.order + [part], members: state.members)
        for slot in parts[part] { next.given.insert(slot) }
        next.members[part >> 6] |= 1 << UInt64(part & 63)
        return next
    }

    /// Of the sets of each size the best ones, each made of one of those before.
    private func searched() throws -> [Int] {
        let width = max(Self.searchSize / (parts.count * parts.count), 1)
        var states = [State(cost: 0, rows: rows, given: given, order: [])]
        for _ in parts {
            var best: [SIMD4<UInt64>: State] = [:]
            for state in states {
                try interruption.check()
                for part in parts.indices where state.members[part >> 6] & 1 << UInt64(part & 63) == 0 {
                    let next = joined(state, part)
                    if let known = best[next.members], known.cost <= next.cost { continue }
                    best[next.members] = next
                }
            }
            let sorted = best.values.sorted { left, right in
                // Never by chance, as dictionaries would have it.
                left.cost == right.cost ? left.order.lexicographicallyPrecedes(right.order) : left.cost < right.cost
            }
            states = Array(sorted.prefix(width))
        }
        return states.first?.order ?? Array(parts.indices)
    }
}
