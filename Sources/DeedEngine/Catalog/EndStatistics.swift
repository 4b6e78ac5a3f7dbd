// Between which collections the relationships of a type lead, from a sample of them.

package final class EndStatistics: Sendable {
    package let state: TableState
    package let sampledRows: Int
    /// The part of the relationships from each collection to each other; those that are missing have none.
    package let parts: [(source: NameId, target: NameId, part: Double)]

    init(_ counts: [(source: NameId, target: NameId, count: Int)], of state: TableState) {
        self.state = state
        sampledRows = counts.reduce(0) { $0 + $1.count }
        let all = Double(max(sampledRows, 1))
        parts = counts.map { ($0.source, $0.target, Double($0.count) / all) }
    }

    /// The part of the relationships that lead from one of some collections to one of others; nil: any.
    package func part(from sources: [NameId]?, to targets: [NameId]?) -> Double {
        if sources == nil && targets == nil { return 1 }
        return parts.reduce(0) { sum, entry in
            let fits = (sources?.contains(entry.source) ?? true) && (targets?.contains(entry.target) ?? true)
            return fits ? sum + entry.part : sum
        }
    }
}
