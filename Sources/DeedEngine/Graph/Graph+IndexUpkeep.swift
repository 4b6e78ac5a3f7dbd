// What happens to indexes in the background and when a store is opened: entries that nobody needs any more are taken out,
// and the log is applied.

extension Graph {
    // MARK: Leftovers

    /// Takes out the entries that no snapshot needs any more. May read rows in, and so make room for them.
    func settleIndexes() {
        let oldest = snapshots.oldest()
        for index in allIndexes {
            for leftover in index.takeLeftovers(oldest: oldest) {
                // What cannot be read now is found useless later.
                let isDone = leftover.timestamp <= oldest && (try? settle(index, leftover, oldest)) ?? true
                if !isDone { index.queue(leftover) }
            }
        }
    }

    /// Takes out an entry if nothing of its row has the key. False if that is to be looked at again.
    private func settle(
        _ index: SecondaryIndex, _ leftover: SecondaryIndex.Leftover, _ oldest: Timestamp
    ) throws(DeedError) -> Bool {
        guard let segment = directory(index.rowKind).segment(of: leftover.row) else { return true }
        while true {
            var missing: IndexTree.Missing?
            let isDone = try settle(index, leftover, oldest, segment, &missing)
            guard let missing else { return isDone }
            try index.tree.load(missing)
        }
    }

    private func settle(
        _ index: SecondaryIndex, _ leftover: SecondaryIndex.Leftover, _ oldest: Timestamp, _ segment: SegmentRef,
        _ missing: inout IndexTree.Missing?
    ) throws(DeedError) -> Bool {
        segment.pointee.latch.lockShared()
        if !segment.pointee.isLoaded && !segment.pointee.isDead(rowNumber(of: leftover.row)) {
            segment.pointee.latch.unlockShared()
            try lockLoadedShared(segment)
        }
        defer { segment.pointee.latch.unlockShared() }
        // The segment stays locked, so that nobody writes the key into the row while its entry goes away.
        switch need(of: leftover.key, in: index, segment, rowNumber(of: leftover.row), oldest) {
        case .present: return true
        case .past: return false
        case .none: break
        }
        missing = leftover.key.withUnsafeBytes { index.tree.removeIfLoaded($0, leftover.row).missing }
        return true
    }

    private enum Need { case none, past, present }

    /// Whether a row has a key, or had it for somebody who may still look.
    private func need(
        of key: [UInt8], in index: SecondaryIndex, _ segment: SegmentRef, _ row: Int, _ oldest: Timestamp
    ) -> Need {
        if row >= segment.pointee.rowCount || segment.pointee.isDead(row) { return .none }
        let deleted = segment.pointee.hasVersions ? segment.pointee.versions.deletedStamp(row) : 0
        if deleted != 0 && !isRunning(deleted) && deleted <= oldest { return .none }
        var need = Need.none
        key.withUnsafeBytes { key in
            forEachKey(index, segment, row, before: Snapshot(timestamp: oldest, mark: 0)) { rowKey, _, isPresent in
                if compareBytes(rowKey, key) == 0 { need = isPresent ? .present : .past }
                return need == .none
            }
        }
        let isUndecided = deleted != 0 || segment.pointee.hasVersions
            && (isRunning(segment.pointee.versions.createdStamp(row)) || isRunning(segment.pointee.createdAll))
        return need == .present && isUndecided ? .past : need
    }

    /// Takes out every entry that nobody needs; for compaction. O(entries).
    func sweepIndexes() throws(DeedError) {
        let cursor = IndexCursor()
        for index in readyIndexes {
            cursor.begin(low: nil, end: nil)
            while try cursor.advance(index.tree) {
                let oldest = snapshots.oldest()
                for entry in 0..<cursor.count {
                    let leftover = SecondaryIndex.Leftover(
                        key: Array(cursor.key(entry)), row: cursor.rows[entry], timestamp: 0)
                    _ = try settle(index, leftover, oldest)
                }
            }
        }
    }

    // MARK: The log

    /// Restores an index as the last checkpoint saved it; or makes it anew, if the log tells of its making. A checkpoint
    /// before the index was ready has saved it whole: making an index ends with one.
    func restoreIndex(_ object: SchemaObject, isSaved: Bool) throws(DeedError) {
        if let index = index(object.number) {
            if object.state == .ready && !options.follows { try fillIfWanted(index) }
            return
        }
        guard let definition = try object.indexDefinition() else { return }
        var root: IndexTree.StoredRoot?
        // What a follower reads must not move; so its indexes are its own, and filled when they are first used.
        let isSaved = isSaved && !options.follows
        if isSaved, let value = try store?.get(.meta, StoreKeys.indexRoot(object.number)) {
            var reader = ByteReader(value.bytes)
            root = try IndexTree.StoredRoot(&reader)
        }
        let tree = IndexTree(index: object.number, store: options.follows ? nil : store, pool, stored: root)
        let index = SecondaryIndex(
            number: object.number, name: object.name, rowKind: object.rowKind, table: object.table, definition, tree)
        index.wantsFilling.store(root == nil, ordering: .relaxed)
        indexes.withLock { $0[object.number] = index }
    }

    /// Fills an index that has begun empty, as log records or a writer in another process tell of it.
    func fillIfWanted(_ index: SecondaryIndex) throws(DeedError) {
        schemaChange.lock()
        defer { schemaChange.unlock() }
        guard index.wantsFilling.load(ordering: .acquiring) else { return }
        try fill(index) { _, _ in true }
        index.wantsFilling.store(false, ordering: .releasing)
    }

    /// Makes the entries of a row that the log has added, or of which it has changed the properties named. Nobody else has
    /// the graph yet.
    func replayEntering(_ segment: SegmentRef, _ row: Int, changing cells: [PropertyCell]? = nil) throws(DeedError) {
        try forEachKey(segment, row, cells) { index, key, id throws(DeedError) in _ = try index.tree.insert(key, id) }
    }

    /// Takes out the entries of a row that the log is about to change or delete.
    func replayLeaving(_ segment: SegmentRef, _ row: Int, changing cells: [PropertyCell]? = nil) throws(DeedError) {
        try forEachKey(segment, row, cells) { index, key, id throws(DeedError) in _ = try index.tree.remove(key, id) }
    }

    private func forEachKey(
        _ segment: SegmentRef, _ row: Int, _ cells: [PropertyCell]?,
        _ body: (SecondaryIndex, UnsafeRawBufferPointer, RowId) throws(DeedError) -> Void
    ) throws(DeedError) {
        guard let rules = table(segment.pointee.kind, segment.pointee.table)?.rules else { return }
        var buffer = ByteBuffer(capacity: 64)
        for index in rules.indexes {
            if let cells, !cells.contains(where: { index.properties.contains($0.key) }) { continue }
            buffer.removeAll()
            if appendKey(index, segment, row, to: &buffer) == .absent { continue }
            try body(index, buffer.bytes, rowId(segment: segment.pointee.number, row: row))
        }
    }

    /// Makes the entries of a segment that a bulk load has filled.
    func enterAttached(_ segment: SegmentRef) throws(DeedError) {
        guard let rules = table(segment.pointee.kind, segment.pointee.table)?.rules else { return }
        for index in rules.indexes {
            let run = IndexRun(pool)
            var partial = Set<RowId>()
            try appendKeys(index, segment, segment.pointee.firstRow..<segment.pointee.rowCount, to: run, &partial)
            try run.sort()
            var next = 0
            while next < run.count { next = try index.tree.insert(run, from: next) }
        }
    }
}
