// Making an index on rows that are there, while readers and writers go on.
//
// By the time the rows are looked at, every writer maintains the index (see Graph+Schema.swift). So all rows that a writer
// did not see to are there, and are collected segment by segment, 2,048 rows under one hold of the latch; runs of up to a
// million are sorted and entered. A unique index is then read once from end to end. Last a checkpoint writes the index,
// so that opening the store never has to make it again.

extension Graph {
    /// Makes an index and returns its name. O(rows log rows).
    package func createIndex(
        name: String?, _ kind: RowKind, _ table: NameId, _ properties: [NameId], unique: Bool, progress: Progress
    ) throws(DeedError) -> String {
        try checkProperties(properties)
        let display = names.display(kind == .entity ? .collection : .relationshipType, table)
        let name = name ?? ([display] + properties.map { names.display(.propertyKey, $0) }).joined(separator: "_")
        guard !name.isEmpty, name.utf8.count <= Limits.nameBytesMax else {
            throw DeedError(.invalidArgument, "the name of an index has 1 to \(Limits.nameBytesMax) bytes")
        }
        let definition = IndexDefinition(properties: properties, isUnique: unique)
        let draft = SchemaObject(
            kind: .index, rowKind: kind, table: table, name: name, definition: definition.encoded)
        try define(draft) { object throws(DeedError) in try buildIndex(of: object, progress) }
        return name
    }

    /// Enters the rows that are there in the index of a schema object that is being made, if it has one. `own`: the mark of the
    /// transaction whose rows are as they will be.
    func buildIndex(of object: SchemaObject, own mark: Stamp = 0, _ progress: Progress) throws(DeedError) {
        guard let index = index(object.number) else { return }
        try fill(index, progress)
        reach(.indexEntered)
        if index.isUnique { try requireDistinctKeys(index, mark, progress) }
        reach(.indexChecked)
        if store != nil { try checkpoint() }
        reach(.indexWritten)
    }

    package func dropIndex(name: String) throws(DeedError) { try drop(.index, named: name) }

    /// The indexes that can be used, in order of their making.
    package var readyIndexes: [SecondaryIndex] { allIndexes.filter { $0.isReady.load(ordering: .acquiring) } }

    private func checkProperties(_ properties: [NameId]) throws(DeedError) {
        guard (1...Limits.indexPropertiesMax).contains(properties.count) else {
            throw DeedError(.invalidArgument, "an index is on 1 to \(Limits.indexPropertiesMax) properties")
        }
        guard Set(properties).count == properties.count else {
            throw DeedError(.invalidArgument, "a property is named twice")
        }
        for property in properties where Int(property) >= names.count(.propertyKey) {
            throw DeedError(.invalidArgument, "there is no property key with number \(property)")
        }
    }

    // MARK: Filling

    /// Enters every row of the table, in all the states that anybody may see.
    func fill(_ index: SecondaryIndex, _ progress: Progress) throws(DeedError) {
        guard let table = table(index.rowKind, index.table) else { return }
        let numbers = table.segments()
        let total = numbers.reduce(0) { $0 + (directory(index.rowKind)[$1]?.pointee.countRows() ?? 0) }
        var done = 0
        let run = IndexRun(pool)
        for number in numbers {
            guard let segment = directory(index.rowKind)[number] else { continue }
            try makeRoom()
            done += try collect(index, segment, into: run)
            reach(.indexCollected)
            if run.isFull { try enter(run, index) }
            if !progress(min(done, total), total) { throw DeedError(.interrupted, "the making of the index was interrupted") }
        }
        try enter(run, index)
    }

    private func enter(_ run: IndexRun, _ index: SecondaryIndex) throws(DeedError) {
        try run.sort()
        var next = 0
        while next < run.count {
            try makeRoom()
            next = try index.tree.insert(run, from: next)
        }
        run.removeAll()
    }

    /// Collects the keys of a segment's rows; returns how many rows it has.
    private func collect(
        _ index: SecondaryIndex, _ segment: SegmentRef, into run: IndexRun
    ) throws(DeedError) -> Int {
        var row = segment.pointee.firstRow
        while true {
            try lockLoadedShared(segment)
            defer { segment.pointee.latch.unlockShared() }
            let end = min(segment.pointee.rowCount, row + Limits.vectorRows)
            try collect(index, segment, row..<max(row, end), into: run)
            if end >= segment.pointee.rowCount { return segment.pointee.rowCount }
            row = end
        }
    }

    private func collect(
        _ index: SecondaryIndex, _ segment: SegmentRef, _ rows: Range<Int>, into run: IndexRun
    ) throws(DeedError) {
        var buffer = ByteBuffer(capacity: 64)
        let first = rowId(segment: segment.pointee.number, row: 0)
        for row in rows where !segment.pointee.isDead(row) {
            let id = first | UInt64(row)
            let mayChange = segment.pointee.hasVersions
                && (segment.pointee.versions.head(row) != 0 || segment.pointee.versions.deletedStamp(row) != 0
                    || isRunning(segment.pointee.versions.createdStamp(row)) || isRunning(segment.pointee.createdAll))
            if mayChange {
                try collectStates(index, segment, row, id, into: run)
                continue
            }
            buffer.removeAll()
            if appendKey(index, segment, row, to: &buffer) != .absent { try run.append(buffer.bytes, id) }
        }
    }

    /// Collects all keys that a row has or had. Their writers may not know of the index, so they are looked at again later.
    private func collectStates(
        _ index: SecondaryIndex, _ segment: SegmentRef, _ row: Int, _ id: RowId, into run: IndexRun
    ) throws(DeedError) {
        var failure: DeedError?
        forEachKey(index, segment, row, before: Snapshot(timestamp: 0, mark: 0)) { key, _, _ in
            do throws(DeedError) {
                try run.append(key, id)
                index.queue(key, id, snapshots.lastCommit)
                return true
            } catch {
                failure = error
                return false
            }
        }
        if let failure { throw failure }
    }

    // MARK: Uniqueness

    /// Throws if two rows have the same key, naming both. Rows that come while this runs are checked by their writers.
    private func requireDistinctKeys(_ index: SecondaryIndex, _ mark: Stamp, _ progress: Progress) throws(DeedError) {
        let cursor = IndexCursor()
        cursor.begin(low: nil, end: nil)
        var previous = ByteBuffer(capacity: 64)
        var group: [RowId] = []
        var done = 0
        while try cursor.advance(index.tree) {
            for entry in 0..<cursor.count {
                if !group.isEmpty && compareBytes(previous.bytes, cursor.key(entry)) == 0 {
                    group.append(cursor.rows[entry])
                    continue
                }
                try requireDistinct(index, previous.bytes, group, mark)
                previous.removeAll()
                previous.append(cursor.key(entry))
                group = [cursor.rows[entry]]
            }
            done += cursor.count
            if !progress(done, index.tree.entryCount) {
                throw DeedError(.interrupted, "the making of the index was interrupted")
            }
        }
        try requireDistinct(index, previous.bytes, group, mark)
    }

    private func requireDistinct(
        _ index: SecondaryIndex, _ key: UnsafeRawBufferPointer, _ rows: [RowId], _ mark: Stamp
    ) throws(DeedError) {
        if rows.count < 2 { return }
        var full = ByteBuffer(capacity: 64)
        for (position, id) in rows.enumerated() {
            full.removeAll()
            full.append(key)
            if key.count == Limits.indexKeyBytesMax {
                full.removeAll()
                if try !appendFullKey(index, id, to: &full) { continue }
            }
            let own = try claim(index, full.bytes, id, mark)
            if case .none = own { continue }
            for rival in rows[..<position] {
                switch (own, try claim(index, full.bytes, rival, mark)) {
                case (_, .none): continue
                case (_, .open(let stamp)): throw openClaim(index, rival, stamp)
                case (.open(let stamp), _): throw openClaim(index, id, stamp)
                default: throw violation(index, id, rival)
                }
            }
        }
    }
}
