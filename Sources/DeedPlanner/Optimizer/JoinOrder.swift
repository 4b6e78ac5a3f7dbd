// The order in which relationships are expanded, from entities that are there: the one with the least sum of intermediate
// rows. Exact up to ten relationships, by dynamic programming over the sets that can be reached (2^10 of them); greedy
// beyond.

import DeedExecution

struct JoinOrder {
    enum Step {
        case expand(relationship: Int, from: Slot)
        /// At least two relationships, from what is there.
        case intersect(to: Slot, relationships: [Int])
    }

    let cardinality: Cardinality
    let bound: NumberSet
    let interruption: Interruption
    /// Entities that nothing is walked from.
    private let barred: NumberSet
    /// False if cycles are to be closed by expanding.
    private let intersects: Bool
    /// Relationships that still have to be walked, and can be from here.
    private let open: [Int]
    private static let exactMax = 10

    private var graph: QueryGraph { cardinality.graph }

    init(
        cardinality: Cardinality, bound: NumberSet, solved: NumberSet, barred: NumberSet, intersects: Bool,
        interruption: Interruption
    ) {
        (self.cardinality, self.bound, self.barred, self.interruption) = (cardinality, bound, barred, interruption)
        self.intersects = intersects
        var reached = bound
        var found: NumberSet = []
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
    private func step(_ index: Int, _ reached: NumberSet, rows: Double) -> (step: Step, rows: Double, to: Slot)? {
        let relationship = graph.relationships[index]
        let (hasLeft, hasRight) = (reached.contains(relationship.left), reached.contains(relationship.right))
        let fromLeft = hasLeft && !barred.contains(relationship.left)
        guard fromLeft || hasRight && !barred.contains(relationship.right) else { return nil }
        let from = fromLeft ? relationship.left : relationship.right
        let to = fromLeft ? relationship.right : relationship.left
        var result = rows * cardinality.density[index] * cardinality.selectivity(of: relationship.slot, given: [])
        if !(hasLeft && hasRight) {
            result *= max(cardinality.labelled(to), 1)
            result *= cardinality.selectivity(of: to, given: reached)
        }
        return (.expand(relationship: index, from: from), result, to)
    }

    /// To an entity that is not reached, from those that are, along all of `candidates` that lead there; nil if those are fewer
    /// than two. All lists that are gone through may have to be read and sorted first; after that a row takes looking up its
    /// own ones, and going through the shortest.
    private func intersection(
        _ to: Slot, _ candidates: [Int], _ reached: NumberSet, rows: Double
    ) -> (members: [Int], rows: Double, cost: Double)? {
        let members = candidates.filter { index in
            let relationship = graph.relationships[index]
            guard relationship.length == nil, let from = relationship.other(to) else { return false }
            return reached.contains(from) && !barred.contains(from)
        }
        if members.count < 2 { return nil }
        let labelled = max(cardinality.labelled(to), 1)
        let densities = members.map { cardinality.density[$0] }
        let found = members.reduce(rows * labelled * cardinality.selectivity(of: to, given: reached)) {
            $0 * cardinality.density[$1] * cardinality.selectivity(of: graph.relationships[$1].slot, given: [])
        }
        let perRow = Self.lookUpCost * Double(members.count) + Self.entryCost * labelled * (densities.min() ?? 0)
        let reading = members.reduce(0) { $0 + cardinality.relationships[$1] } * Self.readCost
        return (members, found, rows * perRow + reading)
    }

    /// Of a list, of an entry of a list, and of reading and sorting an entry: in rows.
    private static let lookUpCost = 0.25
    private static let entryCost = 0.05
    private static let readCost = 0.1

    private struct Best {
        var cost: Double
        var rows: Double
        var steps: [Step]
        var reached: NumberSet
    }

    /// Entities at which several relationships can meet.
    private var meetings: [Slot] {
        if !intersects || open.count < 2 { return [] }
        let ends = open.flatMap { [graph.relationships[$0].left, graph.relationships[$0].right] }
        return NumberSet(ends).filter { end in !bound.contains(end) && ends.count { $0 == end } > 1 }.sorted()
    }

    private func exact(rows: Double) -> [Step]? {
        if open.isEmpty { return [] }
        if open.count == 1 { return step(open[0], bound, rows: rows).map { [$0.step] } }
        var best = NumberMap<Best>()
        best.set(0, Best(cost: 0, rows: rows, steps: [], reached: bound))
        let all = (1 << open.count) - 1
        let meetings = meetings
        // Sets in ascending order: each is made of smaller ones.
        for set in 0..<all {
            guard let state = best[set] else { continue }
            for (position, index) in open.enumerated() where set & (1 << position) == 0 {
                guard let (step, rows, to) = step(index, state.reached, rows: state.rows) else { continue }
                let larger = set | (1 << position)
                // What is read counts, even if little of it remains.
                let cost = state.cost + rows + state.rows * 0.1
                if let known = best[larger], known.cost <= cost { continue }
                best.set(
                    larger, Best(cost: cost, rows: rows, steps: state.steps + [step], reached: state.reached.union([to])))
            }
            for to in meetings where !state.reached.contains(to) {
                let left = open.indices.filter { set & (1 << $0) == 0 }
                guard let (members, rows, own) = intersection(to, left.map { open[$0] }, state.reached, rows: state.rows)
                else { continue }
                let larger = left.reduce(set) { members.contains(open[$1]) ? $0 | (1 << $1) : $0 }
                let cost = state.cost + rows + own
                if let known = best[larger], known.cost <= cost { continue }
                best.set(
                    larger,
                    Best(
                        cost: cost, rows: rows, steps: state.steps + [.intersect(to: to, relationships: members)],
                        reached: state.reached.union([to])))
            }
        }
        return best[all]?.steps
    }

    private func greedy(rows: Double) throws -> [Step] {
        let isOpen = NumberSet(open)
        var (reached, rows) = (bound, rows)
        var taken: NumberSet = []
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
            let options = frontier.compactMap { index in step(index, reached, rows: rows).map { (index: index, next: $0) } }
            // Of equals the first in the text.
            guard let (index, next) = options.min(by: { ($0.next.rows, $0.index) < ($1.next.rows, $1.index) }) else { return steps }
            if intersects, !reached.contains(next.to),
                let (members, found, cost) = intersection(next.to, frontier, reached, rows: rows), found + cost < next.rows {
                frontier.removeAll { members.contains($0) }
                steps.append(.intersect(to: next.to, relationships: members))
                rows = found
            } else {
                frontier.removeAll { $0 == index }
                steps.append(next.step)
                rows = next.rows
            }
            if reached.insert(next.to).inserted { extend(from: next.to) }
        }
        return steps
    }
}
