// The statistics that somebody has asked for, kept in memory until the table has changed so much that they are made anew. They
// are of what is committed, and shared by all who plan.

import Synchronization

final class GatheredStatistics: Sendable {
    private struct Key: Hashable {
        let kind: RowKind
        let table: NameId
        let property: NameId
    }

    private let properties = Mutex<[Key: PropertyStatistics]>([:])
    private let ends = Mutex<[NameId: EndStatistics]>([:])

    /// Beyond that all are forgotten, and those that are still of interest are made again.
    private static let kept = 4_096
    /// Changes of fewer rows do not matter.
    private static let changesMin = 32

    fileprivate func property(
        _ kind: RowKind, _ table: NameId, _ property: NameId, _ make: () -> PropertyStatistics?
    ) -> PropertyStatistics? {
        let key = Key(kind: kind, table: table, property: property)
        if let known = properties.withLock({ $0[key] }), known.state.isLike(now: Self.changesMin) { return known }
        // Outside of the lock: two threads may make the same, of which the later is kept.
        guard let made = make() else { return nil }
        properties.withLock { all in
            if all.count >= Self.kept { all.removeAll() }
            all[key] = made
        }
        return made
    }

    fileprivate func ends(_ type: NameId, _ make: () -> EndStatistics?) -> EndStatistics? {
        if let known = ends.withLock({ $0[type] }), known.state.isLike(now: Self.changesMin) { return known }
        guard let made = make() else { return nil }
        ends.withLock { $0[type] = made }
        return made
    }
}

extension Graph {
    /// What is known of a property's values; nil if there are no rows, or none that can be read. A sample is taken when
    /// nobody has asked before, or when more than a fifth of the rows has changed since: O(4,096 rows + segments).
    package func propertyStatistics(_ kind: RowKind, _ table: NameId, _ property: NameId) -> PropertyStatistics? {
        guard let owner = self.table(kind, table) else { return nil }
        return gathered.property(kind, table, property) {
            let state = TableState(owner)
            let room = GraphView.sampleRowsMax * PropertySample.valueBytesMax
            guard pool.charge(room, .scratch) else { return nil }
            defer { pool.discharge(room, .scratch) }
            guard let sample = try? GraphView(self, nil).sample(kind, table, property), sample.rows > 0 else { return nil }
            let isUnique = owner.rules?.indexes.contains { $0.isUnique && $0.properties == [property] } ?? false
            return PropertyStatistics(sample, of: state, isUnique: isUnique, pool)
        }
    }

    /// Between which collections the relationships of a type lead; as above.
    package func endStatistics(_ type: NameId) -> EndStatistics? {
        guard let owner = table(.relationship, type) else { return nil }
        return gathered.ends(type) {
            let state = TableState(owner)
            guard let counts = try? GraphView(self, nil).sampleEnds(type), !counts.isEmpty else { return nil }
            return EndStatistics(counts, of: state)
        }
    }

    /// The number of rows of a table as it is now, to be compared with what it is later; nil if there is no such table.
    package func tableState(_ kind: RowKind, _ table: NameId) -> TableState? { self.table(kind, table).map { TableState($0) } }
}
