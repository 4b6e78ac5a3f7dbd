// Looking rows up through an index.

import DeedValues

/// The memory that looking up takes, for whoever does so again and again.
package final class IndexSearch {
    fileprivate let buffer = IndexBuffer()
    fileprivate let encoder = ValueEncoder()
    fileprivate var sources: [CellSource] = []
    package init() {}
}

/// The one index that has all entities of a label, by some properties that are looked up together.
package struct LabelIndex {
    /// Indexes and rules live as long as the graph does.
    fileprivate let index: Unmanaged<SecondaryIndex>
    fileprivate let table: Unmanaged<Table>
    /// What the above rests on.
    fileprivate let rules: ObjectIdentifier
    fileprivate let labelVersion: UInt64
    /// For each of the index's first properties its place among those that are looked up.
    fileprivate let order: [Int]
}

extension GraphView {
    /// True if an index begins with these properties, in any order, and can be used.
    package func hasIndex(_ kind: RowKind, _ table: NameId, _ keys: [NameId]) -> Bool {
        guard !keys.isEmpty, let rules = graph.table(kind, table)?.rules else { return false }
        return rules.indexes.contains { index in
            index.isReady.load(ordering: .acquiring) && keys.count <= index.properties.count
                && index.properties.prefix(keys.count).allSatisfy(keys.contains)
        }
    }

    /// The index to look the label's entities up in. `known` is what was found before: it stays as long as it is true.
    package func labelIndex(_ label: String, _ keys: [NameId], _ known: inout LabelIndex?) -> Bool {
        // Who takes note of what it reads asks for the names of all tables each time.
        if let found = known, !isNoting, isGood(found) { return true }
        known = findLabelIndex(label, keys)
        return known != nil
    }

    private func isGood(_ found: LabelIndex) -> Bool {
        found.labelVersion == graph.labelVersion
            && found.table.withoutCounting { table in
                table.furtherLabels.isEmpty && table.rules.map { ObjectIdentifier($0) } == found.rules
            } && found.index.withoutCounting { $0.isReady.load(ordering: .acquiring) }
    }

    private func findLabelIndex(_ label: String, _ keys: [NameId]) -> LabelIndex? {
        let labelVersion = graph.labelVersion
        guard let name = onlyCollection(label: label), let table = graph.table(.entity, name), table.furtherLabels.isEmpty,
            let rules = table.rules, hasIndex(.entity, name, keys),
            let index = try? graph.requireIndex(.entity, name, count: keys.count, inOrder: false, { keys[$0] })
        else { return nil }
        let order = index.properties.prefix(keys.count).compactMap { keys.firstIndex(of: $0) }
        guard order.count == keys.count else { return nil }
        return LabelIndex(
            index: .passUnretained(index), table: .passUnretained(table), rules: ObjectIdentifier(rules),
            labelVersion: labelVersion, order: order)
    }

    /// True if a unique index has one of these properties; nil: any.
    package func hasUniqueIndex(overAnyOf properties: [String]?) -> Bool {
        let keys = properties?.compactMap { lookUp(.propertyKey, $0) }
        return graph.indexes.withLock { indexes in
            indexes.values.contains { index in
                index.isUnique && keys.map { keys in index.properties.contains(where: keys.contains) } ?? true
            }
        }
    }

    /// True if constraints ask anything of the rows of a table.
    package func hasConstraints(_ kind: RowKind, _ table: String) -> Bool {
        guard let number = lookUp(kind == .entity ? .collection : .relationshipType, table) else { return false }
        return graph.table(kind, number)?.rules?.constraints != nil
    }

    package enum Bounds {
        /// A value for each of the properties.
        case equal([Value])
        /// Of the first property; an open end is nil.
        case range(low: Value?, includesLow: Bool, high: Value?, includesHigh: Bool)
        /// Of the first property.
        case prefix(String)
    }

    /// The rows within the bounds; none for a bound that nothing is comparable with. For values that have no order (lists,
    /// maps, durations) equality is that of the index, whatever a query means by it. Borrowed from `search` until it finds
    /// anything else.
    package func find(
        _ kind: RowKind, _ table: NameId, _ keys: [NameId], _ bounds: Bounds, _ search: IndexSearch
    ) throws(DeedError) -> UnsafeBufferPointer<RowId> {
        try requireUsable()
        if isNoting { note { $0.noteTable(kind, table) } }
        let (buffer, encoder) = (search.buffer, search.encoder)
        let nothing = UnsafeBufferPointer<RowId>(start: nil, count: 0)
        encoder.removeAll()
        do throws(DeedError) {
            switch bounds {
            case .equal(let values):
                guard values.count == keys.count else { return nothing }
                for (key, value) in zip(keys, values) {
                    if isNowhere(value) { return nothing }
                    try encoder.append(key, value)
                }
                try encoder.withCells { cells throws(DeedError) in
                    try graph.find(at: snapshot, kind, table, cells, limit: .max, into: buffer)
                }
            case .range(let low, let includesLow, let high, let includesHigh):
                if let low, isNowhere(low) { return nothing }
                if let high, isNowhere(high) { return nothing }
                if let low { try encoder.append(0, low) }
                if let high { try encoder.append(0, high) }
                try encoder.withCells { cells throws(DeedError) in
                    var range = IndexRange()
                    if low != nil { range.low = [cells[0].cell] }
                    if high != nil { range.high = [cells[cells.count - 1].cell] }
                    (range.includesLow, range.includesHigh) = (includesLow, includesHigh)
                    try findRange(kind, table, keys, range, into: buffer)
                }
            case .prefix(let text):
                try encoder.append(0, .string(text))
                try encoder.withCells { cells throws(DeedError) in
                    var range = IndexRange()
                    range.low = [cells[0].cell]
                    range.isPrefix = true
                    try findRange(kind, table, keys, range, into: buffer)
                }
            }
        } catch {
            // A bound that no property can have, or two that are not comparable with each other.
            if error.status == .typeMismatch { return nothing }
            throw error
        }
        return UnsafeBufferPointer(start: buffer.ids, count: buffer.count)
    }

    /// The rows that are equal to the values of each row of some columns, one for each of the properties: `found` is called with
    /// a row of the columns and a row of the table, in order of the former. Ends early when it has found `most` or more; returns
    /// the row of the columns to go on with, or nil if they have values that are looked up one by one, as `find` does.
    package func findEach(
        _ known: LabelIndex, _ columns: [ColumnVector?], rows: Range<Int>, most: Int, _ search: IndexSearch,
        _ found: (Int, RowId) -> Void
    ) throws(DeedError) -> Int? {
        search.sources.empty()
        for place in known.order {
            guard let source = columns[place].flatMap({ CellSource($0) }) else { return nil }
            search.sources.append(source)
        }
        try requireUsable()
        if isNoting { note { $0.noteTable(.entity, known.table.takeUnretainedValue().name) } }
        defer { withExtendedLifetime(columns) {} }
        return try known.index.withoutCounting { index throws(DeedError) in
            try graph.findEach(snapshot, index, search.sources, rows: rows, most: most, into: search.buffer, found)
        }
    }

    private func findRange(
        _ kind: RowKind, _ table: NameId, _ keys: [NameId], _ range: IndexRange, into buffer: IndexBuffer
    ) throws(DeedError) {
        try graph.findRange(at: snapshot, kind, table, keys, range, descending: false, limit: .max, into: buffer)
    }

    /// null and NaN are equal to nothing, and in no range.
    private func isNowhere(_ value: Value) -> Bool {
        switch value {
        case .null: true
        case .float(let number): number.isNaN
        default: false
        }
    }
}
