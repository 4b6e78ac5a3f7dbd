// Looking rows up by the values of their properties, through an index. A look-up reads a batch of entries under the latch
// of the index, and then looks at each row: whether the snapshot sees it, and with the value that the entry says.

/// The rows that a look-up has found, and what it needs to find them. Reused from call to call.
package final class IndexBuffer {
    package private(set) var ids: UnsafeMutablePointer<RowId>
    package private(set) var count = 0
    private var capacity = 64
    let cursor = IndexCursor()
    /// The bounds in full.
    var low = ByteBuffer()
    fileprivate var end = ByteBuffer()
    fileprivate var key = ByteBuffer()
    /// Rows with an entry of the key, before they are looked at.
    var candidates: [RowId] = []

    package init() { ids = .allocate(capacity: capacity) }

    deinit { ids.deallocate() }

    func removeAll() { count = 0 }

    @inline(__always)
    func append(_ id: RowId) {
        if count == capacity { grow() }
        ids[count] = id
        count &+= 1
    }

    private func grow() {
        let grown = UnsafeMutablePointer<RowId>.allocate(capacity: capacity * 2)
        grown.moveInitialize(from: ids, count: count)
        ids.deallocate()
        ids = grown
        capacity *= 2
    }
}

/// A range of the values of some properties, compared one after the other.
package struct IndexRange {
    /// Values of the first properties; empty for no bound.
    package var low: [Cell] = []
    package var high: [Cell] = []
    package var includesLow = true
    package var includesHigh = true
    /// The last value of `low` is the beginning of strings, and `high` is empty.
    package var isPrefix = false

    package init() {}
}

extension Graph {
    /// Finds the rows whose properties have these values: the first ones of some index, in any order. The rows come in the
    /// order of the index's other properties, if it has any, and of id. O(log rows + rows found).
    package func find(
        _ transaction: Transaction?, _ kind: RowKind, _ table: NameId, _ properties: UnsafeBufferPointer<PropertyCell>,
        limit: Int, into buffer: IndexBuffer
    ) throws(DeedError) {
        buffer.removeAll()
        try requireOpen()
        noteTable(transaction, kind, table)
        let index = try requireIndex(kind, table, count: properties.count, inOrder: false) { properties[$0].key }
        buffer.low.removeAll()
        for position in 0..<properties.count {
            guard let property = properties.first(where: { $0.key == index.properties[position] }) else { continue }
            if property.cell.type == .null { throw nullIsNotIndexed }
            IndexKey.append(property.cell, to: &buffer.low)
        }
        try findBeginning(transaction, index, limit: limit, buffer)
    }

    /// The rows whose keys begin with the one in `buffer.low`.
    func findBeginning(
        _ transaction: Transaction?, _ index: SecondaryIndex, limit: Int = .max, _ buffer: IndexBuffer
    ) throws(DeedError) {
        buffer.end.removeAll()
        buffer.end.append(buffer.low.bytes)
        IndexKey.appendEnd(to: &buffer.end)
        try read(transaction, index, descending: false, limit: limit, buffer)
    }

    /// Finds rows by a range of values, in the order of the values, and of ids where these are equal.
    /// O(log rows + rows found).
    package func findRange(
        _ transaction: Transaction?, _ kind: RowKind, _ table: NameId, _ keys: [NameId], _ range: IndexRange,
        descending: Bool, limit: Int, into buffer: IndexBuffer
    ) throws(DeedError) {
        buffer.removeAll()
        try requireOpen()
        noteTable(transaction, kind, table)
        let index = try requireIndex(kind, table, count: keys.count, inOrder: true) { keys[$0] }
        try encode(range, keys.count, into: buffer)
        try read(transaction, index, descending: descending, limit: limit, buffer)
    }

    private var nullIsNotIndexed: DeedError {
        DeedError(.invalidArgument, "rows without a value are not in an index; null cannot be looked up")
    }

    // MARK: Indexes

    /// An index that begins with these properties.
    func requireIndex(
        _ kind: RowKind, _ table: NameId, count: Int, inOrder: Bool, _ key: (Int) -> NameId
    ) throws(DeedError) -> SecondaryIndex {
        var best: SecondaryIndex?
        if let rules = self.table(kind, table)?.rules {
            for index in rules.indexes where index.isReady.load(ordering: .acquiring) && count <= index.properties.count {
                let fits = (0..<count).allSatisfy { position in
                    inOrder ? index.properties[position] == key(position) : index.properties[..<count].contains(key(position))
                }
                if fits && (best == nil || index.properties.count < best.unsafelyUnwrapped.properties.count) { best = index }
            }
        }
        guard let best, count > 0 else { throw noIndex(kind, table, (0..<count).map(key)) }
        if best.wantsFilling.load(ordering: .acquiring) { try fillIfWanted(best) }
        return best
    }

    private func noIndex(_ kind: RowKind, _ table: NameId, _ keys: [NameId]) -> DeedError {
        let properties = keys.map { names.display(.propertyKey, $0) }.joined(separator: ", ")
        let name = names.display(kind == .entity ? .collection : .relationshipType, table)
        return DeedError(.notFound, "there is no index on \(name) (\(properties)); create one, or scan")
    }

    // MARK: Bounds

    /// Encodes a range as the keys from `low` up to but not including `end`. A side that is open ends with the values that
    /// can be compared with the bound on the other side.
    private func encode(_ range: IndexRange, _ keyCount: Int, into buffer: IndexBuffer) throws(DeedError) {
        buffer.low.removeAll()
        buffer.end.removeAll()
        guard range.low.count <= keyCount, range.high.count <= keyCount else {
            throw DeedError(.invalidArgument, "a bound has more values than there are properties")
        }
        if (range.low + range.high).contains(where: { $0.type == .null }) { throw nullIsNotIndexed }
        if range.isPrefix {
            guard let last = range.low.last, last.type == .string, range.high.isEmpty else {
                throw DeedError(.invalidArgument, "a prefix is a string, and takes the place of the bounds")
            }
            for cell in range.low.dropLast() { IndexKey.append(cell, to: &buffer.low) }
            IndexKey.append(prefix: last.bytes, to: &buffer.low)
            buffer.end.append(buffer.low.bytes)
            IndexKey.advance(&buffer.end)
            return
        }
        for cell in range.low { IndexKey.append(cell, to: &buffer.low) }
        for cell in range.high { IndexKey.append(cell, to: &buffer.end) }
        try requireComparable(buffer)
        let (hasLow, hasHigh) = (buffer.low.count > 0, buffer.end.count > 0)
        if hasLow && !hasHigh { appendClass(of: buffer.low, plus: 1, to: &buffer.end) }
        if hasHigh && !hasLow { appendClass(of: buffer.end, plus: 0, to: &buffer.low) }
        if hasLow && !range.includesLow { IndexKey.appendEnd(to: &buffer.low) }
        if hasHigh && range.includesHigh { IndexKey.appendEnd(to: &buffer.end) }
    }

    private func requireComparable(_ buffer: IndexBuffer) throws(DeedError) {
        guard let low = buffer.low.bytes.first, let high = buffer.end.bytes.first, low != high else { return }
        throw DeedError(.typeMismatch, "the bounds of a range are of types that are not compared with each other")
    }

    /// The class byte of a key's first value, or the one after it.
    private func appendClass(of key: borrowing ByteBuffer, plus: UInt8, to buffer: inout ByteBuffer) {
        buffer.append(key.base.load(as: UInt8.self) + plus)
    }

    // MARK: Reading

    private func read(
        _ transaction: Transaction?, _ index: SecondaryIndex, descending: Bool, limit: Int, _ buffer: IndexBuffer
    ) throws(DeedError) {
        beginCursor(buffer, descending)
        try withSnapshot(transaction) { snapshot throws(DeedError) in
            while buffer.count < limit {
                try makeRoom()
                guard try buffer.cursor.advance(index.tree, limit: limit - buffer.count) else { return }
                for entry in 0..<buffer.cursor.count {
                    let (id, key) = (buffer.cursor.rows[entry], buffer.cursor.key(entry))
                    if try isCurrent(index, key, id, snapshot, buffer) { buffer.append(id) }
                }
            }
        }
    }

    /// The bounds for the tree, which knows cut keys only: those that are cut at a bound are let in and compared in full.
    private func beginCursor(_ buffer: IndexBuffer, _ descending: Bool) {
        let most = Limits.indexKeyBytesMax
        let low = UnsafeRawBufferPointer(rebasing: buffer.low.bytes.prefix(most))
        if buffer.end.count <= most {
            buffer.cursor.begin(
                low: low.isEmpty ? nil : low, end: buffer.end.count == 0 ? nil : buffer.end.bytes, descending: descending)
        } else {
            buffer.key.removeAll()
            buffer.key.append(UnsafeRawBufferPointer(rebasing: buffer.end.bytes.prefix(most)))
            IndexKey.advance(&buffer.key)
            buffer.cursor.begin(low: low.isEmpty ? nil : low, end: buffer.key.bytes, descending: descending)
        }
    }

    /// True if the snapshot sees the row with the key of the entry, and within the bounds.
    @inline(__always)
    func isCurrent(
        _ index: SecondaryIndex, _ key: UnsafeRawBufferPointer, _ id: RowId, _ snapshot: Snapshot, _ buffer: IndexBuffer
    ) throws(DeedError) -> Bool {
        guard let segment = directory(index.rowKind).segment(of: id) else { return false }
        let row = rowNumber(of: id)
        try lockLoadedShared(segment)
        defer { segment.pointee.latch.unlockShared() }
        let isVisible = segment.pointee.isVisible(row, to: snapshot)
        if isVisible {
            buffer.key.removeAll()
            let form = appendVisibleKey(index, segment, row, snapshot, full: false, to: &buffer.key)
            if form != .absent && compareBytes(buffer.key.bytes, key) == 0 {
                return key.count < Limits.indexKeyBytesMax || isWithinBounds(index, segment, row, snapshot, buffer)
            }
        }
        // What no transaction can be behind was left by a crash, or by a transaction that is long gone.
        if !segment.pointee.hasVersions && !options.isReadOnly { index.queue(key, id, 0) }
        return false
    }

    private func isWithinBounds(
        _ index: SecondaryIndex, _ segment: SegmentRef, _ row: Int, _ snapshot: Snapshot, _ buffer: IndexBuffer
    ) -> Bool {
        buffer.key.removeAll()
        _ = appendVisibleKey(index, segment, row, snapshot, full: true, to: &buffer.key)
        let key = buffer.key.bytes
        return compareBytes(key, buffer.low.bytes) >= 0
            && (buffer.end.count == 0 || compareBytes(key, buffer.end.bytes) < 0)
    }

    /// Appends the key of a row as a snapshot sees it. The segment is locked and in memory.
    @inline(__always)
    func appendVisibleKey(
        _ index: SecondaryIndex, _ segment: SegmentRef, _ row: Int, _ snapshot: Snapshot, full: Bool,
        to buffer: inout ByteBuffer
    ) -> KeyForm {
        if !segment.pointee.hasVersions || segment.pointee.versions.head(row) == 0 {
            return appendKey(index, segment, row, full: full, to: &buffer)
        }
        return appendOlderKey(index, segment, row, snapshot, full: full, to: &buffer)
    }

    @inline(never)
    private func appendOlderKey(
        _ index: SecondaryIndex, _ segment: SegmentRef, _ row: Int, _ snapshot: Snapshot, full: Bool,
        to buffer: inout ByteBuffer
    ) -> KeyForm {
        var older: [(key: NameId, cell: Cell)] = []
        forEachUnseenChange(segment, row, snapshot) { key, cell in
            if index.properties.contains(key) { older.append((key, cell)) }
        }
        return appendKey(index, full: full, to: &buffer) { property in
            if let cell = older.last(where: { $0.key == property })?.cell { return cell }
            return segment.pointee.columnIndex(property).map { segment.pointee.columns[$0].chunk.cell(at: row) } ?? .null
        }
    }
}

