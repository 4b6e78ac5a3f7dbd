// Opening a store: the format, the names, the directory of segments, and then the log above the mark, record by record.
// Rows and lists are not read; the log touches only what it changes. So opening takes time for the directory and for
// what was committed since the last checkpoint, not for the data.

extension Graph {
    /// Restores the state that the store holds. Called once, before anybody else has the graph.
    func recover() throws(DeedError) {
        guard let store else { return }
        reach(.openFilesOpened)
        let isNew = try checkFormat(store)
        if isNew { return }
        try readNames(store)
        try readMark(store)
        try readDirectory(store)
        try readSchema(store)
        reach(.openDirectoryRead)
        try replayLog(store)
        // Names that the log above the mark defines may be defined once more, which does no harm.
        maintenance.namesLogged = retention.namesLogged
        setTails()
        reach(.openLogReplayed)
        forgetIncompleteObjects()
        // A repair leaves indexes to be made from the rows.
        if !options.follows { for index in readyIndexes { try fillIfWanted(index) } }
        try resumePrepared(store)
        reach(.openDone)
    }

    /// True if the store is new, which then gets its format.
    private func checkFormat(_ store: KeyValueStore) throws(DeedError) -> Bool {
        let key = StoreKeys.text("format")
        if let value = try store.get(.meta, key) {
            var reader = ByteReader(value.bytes)
            let version = try reader.readVarint()
            guard version <= StoreKeys.formatVersion else {
                throw DeedError(
                    .newerFormat, "the store has format \(version), written by a later version of Deed; "
                        + "this version reads format \(StoreKeys.formatVersion)")
            }
            if version < StoreKeys.formatVersion && !options.isReadOnly { try writeFormat(store) }
            return false
        }
        if !options.isReadOnly { try writeFormat(store) }
        return true
    }

    private func writeFormat(_ store: KeyValueStore) throws(DeedError) {
        var batch = try WriteBatch(store)
        var value = ByteBuffer()
        value.append(varint: StoreKeys.formatVersion)
        batch.put(.meta, StoreKeys.text("format"), value)
        try store.write(batch, sync: true)
    }

    func readNames(_ store: KeyValueStore) throws(DeedError) {
        let first = StoreKeys.text("n")
        let end = StoreKeys.text("o")
        try store.forEach(in: .meta, from: first, to: end) { key, value throws(DeedError) in
            var reader = ByteReader(key)
            _ = try reader.readByte()
            guard let kind = NameKind(rawValue: try reader.readByte()) else {
                throw DeedError(.corruption, "a name of unknown kind")
            }
            try addName(kind, NameId(try reader.readFixed32().byteSwapped), value)
            return true
        }
    }

    private func readMark(_ store: KeyValueStore) throws(DeedError) {
        guard let value = try store.get(.meta, StoreKeys.text("mark")) else { return }
        var reader = ByteReader(value.bytes)
        let mark = try reader.readVarint()
        snapshots.publish(mark)
        lastMark.store(mark, ordering: .relaxed)
        nextGeneration.store(try reader.readVarint(), ordering: .relaxed)
        if let value = try store.get(.meta, StoreKeys.text("log")) {
            var reader = ByteReader(value.bytes)
            try retention.decode(&reader)
        } else {
            retention.begin(at: mark)
        }
        let chain = try CheckpointChain(store)
        checkpointChain.withLock { $0 = chain }
        try readEvaporation(store)
    }

    func readEvaporation(_ store: KeyValueStore) throws(DeedError) {
        guard let value = try store.get(.meta, StoreKeys.text("evaporation")) else { return }
        var reader = ByteReader(value.bytes)
        try evaporation.decode(&reader)
        savedEvaporations.store(evaporation.evaporations, ordering: .relaxed)
    }

    // MARK: The directory

    private func readDirectory(_ store: KeyValueStore) throws(DeedError) {
        try forEachEntry(store) { kind, number, entry throws(DeedError) in try addSegment(kind, number, entry) }
    }

    /// Reads the directory of segments.
    func forEachEntry(
        _ store: KeyValueStore, _ body: (RowKind, Int, SegmentEntry) throws(DeedError) -> Void
    ) throws(DeedError) {
        let first = StoreKeys.text("s")
        let end = StoreKeys.text("t")
        try store.forEach(in: .meta, from: first, to: end) { key, value throws(DeedError) in
            var keyReader = ByteReader(key)
            _ = try keyReader.readByte()
            let kind = try LogRecord.readKind(&keyReader)
            let number = Int(clamping: try keyReader.readFixed64().byteSwapped)
            var reader = ByteReader(value)
            let entry = try SegmentEntry(&reader)
            try body(kind, number, entry)
            return true
        }
    }

    private func addSegment(_ kind: RowKind, _ number: Int, _ entry: SegmentEntry) throws(DeedError) {
        let segment = try placeSegment(kind, number, entry.table)
        segment.pointee.rowCount = max(entry.rowCount, segment.pointee.firstRow)
        segment.pointee.pheromoneEpoch = entry.pheromoneEpoch
        segment.pointee.endpointsGeneration = entry.endpointsGeneration
        segment.pointee.pheromoneGeneration = entry.pheromoneGeneration
        segment.pointee.endpointsDirty = false
        if !entry.dead.isEmpty {
            for row in segment.pointee.firstRow..<segment.pointee.rowCount
            where entry.dead[row &>> 6] & (1 &<< UInt64(row & 63)) != 0 { try segment.pointee.markDead(row, pool) }
        }
        // Of a segment without a live row nothing is needed, and its chunks may be gone.
        let live = segment.pointee.rowCount - segment.pointee.firstRow - segment.pointee.deadCount
        if live == 0 { (segment.pointee.endpointsGeneration, segment.pointee.pheromoneGeneration) = (0, 0) }
        for column in entry.columns where live > 0 {
            noteColumn(column.key, of: segment)
            let index = segment.pointee.column(column.key)
            segment.pointee.columns[index].generation = column.generation
            segment.pointee.columns[index].isDirty = false
        }
        for part in entry.parts {
            let index = segment.pointee.part(type: part.type, direction: part.direction)
            segment.pointee.adjacency[index].generation = part.generation
            segment.pointee.adjacency[index].isLoaded = false
            segment.pointee.adjacency[index].isDirty = false
        }
        segment.pointee.isLoaded = live == 0 || entry.columns.isEmpty && entry.endpointsGeneration == 0
        segment.pointee.directoryDirty = false
        table(kind, entry.table)?.rowCount.add(live, ordering: .relaxed)
    }

    /// The segment of that number, made if there is none.
    func placeSegment(_ kind: RowKind, _ number: Int, _ name: NameId) throws(DeedError) -> SegmentRef {
        if let segment = directory(kind)[number] {
            guard segment.pointee.table == name else {
                throw DeedError(.corruption, "\(kind) segment \(number) belongs to two tables")
            }
            return segment
        }
        let table = try requireTable(kind, name)
        let segment = SegmentRef.allocate(capacity: 1)
        segment.initialize(to: Segment(kind: kind, table: name, number: number))
        segment.pointee.pheromoneEpoch = evaporation.epoch
        try directory(kind).insert(number, segment)
        table.add(segment: number)
        return segment
    }

    /// New rows go on where the last segment of each table has room.
    private func setTails() {
        forEachTable { table in
            guard let last = table.segments().last, let segment = directory(table.kind)[last] else { return }
            table.tail.store(segment, ordering: .releasing)
        }
    }

    // MARK: The log

    /// Applies the records above the mark. Commits are numbered without gaps; where one is missing, the log was never
    /// synced from there on (`async` durability and a crash of the machine), and what follows is dropped.
    private func replayLog(_ store: KeyValueStore) throws(DeedError) {
        let gap = try store.forEachRecord(after: snapshots.lastCommit) { timestamp, record throws(DeedError) in
            if timestamp > options.recoverUntil { return false }
            try apply(record, timestamp)
            return true
        }
        let isCut = gap != nil || options.recoverUntil < .max
        if isCut && !options.isReadOnly { try dropLog(store, from: snapshots.lastCommit + 1) }
    }

    private func dropLog(_ store: KeyValueStore, from timestamp: Timestamp) throws(DeedError) {
        var batch = try WriteBatch(store)
        batch.deleteRange(.log, from: StoreKeys.log(timestamp, 0), to: StoreKeys.log(.max, .max))
        try store.write(batch, sync: true)
    }

    private func apply(_ record: UnsafeRawBufferPointer, _ timestamp: Timestamp) throws(DeedError) {
        var reader = ByteReader(record)
        guard try LogRecord.readHeader(&reader).sequence == timestamp else {
            throw DeedError(.corruption, "the log record of commit \(timestamp) carries another number")
        }
        try forEachEffect(reader.rest, DirectReplay(graph: self))
        retention.noteRecord(bytes: record.count)
        snapshots.publish(timestamp)
        reach(.openRecordApplied)
    }

    private func loadedSegment(_ kind: RowKind, _ id: RowId) throws(DeedError) -> SegmentRef {
        let segment = try knownSegment(kind, id)
        try load(segment)
        return segment
    }

    fileprivate func replayInsert(
        _ kind: RowKind, _ id: RowId, _ table: NameId, _ cells: [PropertyCell], _ source: RowId, _ target: RowId
    ) throws(DeedError) {
        let number = Int(clamping: segmentNumber(of: id))
        let segment = try placeSegment(kind, number, table)
        try load(segment)
        let row = rowNumber(of: id)
        guard row >= segment.pointee.firstRow else { throw DeedError(.corruption, "the log has a row with id \(id)") }
        // Rows that were handed out before this one and never committed are dead.
        while segment.pointee.rowCount < row {
            try segment.pointee.markDead(segment.pointee.rowCount, pool)
            segment.pointee.rowCount += 1
        }
        let isNew = row == segment.pointee.rowCount
        if isNew { segment.pointee.rowCount += 1 }
        let wasDead = segment.pointee.isDead(row)
        segment.pointee.revive(row)
        if let table = self.table(kind, table) {
            if isNew || wasDead { table.rowCount.add(1, ordering: .relaxed) }
            table.changeCount.add(1, ordering: .relaxed)
        }
        if !isNew && !wasDead { try replayLeaving(segment, row) }
        try clearValues(segment, row)
        try set(segment, row, cells)
        try replayEntering(segment, row)
        segment.pointee.directoryDirty = true
        guard kind == .relationship else { return }
        try segment.pointee.sources.set(row, source, pool, .columns)
        try segment.pointee.targets.set(row, target, pool, .columns)
        segment.pointee.endpointsDirty = true
        try startPheromone(segment, row)
        try replayLink(source, target, id, table, .out)
        try replayLink(target, source, id, table, .in)
    }

    func set(_ segment: SegmentRef, _ row: Int, _ cells: [PropertyCell]) throws(DeedError) {
        for property in cells {
            if property.cell.type == .null && segment.pointee.columnIndex(property.key) == nil { continue }
            noteColumn(property.key, of: segment)
            let column = segment.pointee.column(property.key)
            try segment.pointee.columns[column].chunk.set(row, property.cell, pool)
            segment.pointee.columns[column].isDirty = true
        }
    }

    func replayLink(
        _ end: RowId, _ other: RowId, _ relationship: RowId, _ type: NameId, _ direction: Direction
    ) throws(DeedError) {
        guard let segment = entities.segment(of: end) else {
            throw DeedError(.corruption, "relationship \(relationship) has an end, \(end), that was never added")
        }
        try loadPart(segment, type: type, direction: direction)
        let index = segment.pointee.part(type: type, direction: direction)
        let part = segment.pointee.adjacency + index
        if part.pointee.wantsMerge { try part.pointee.merge(rows: segment.pointee.rowCount, pool) }
        try part.pointee.append(rowNumber(of: end), other, relationship, pool)
    }

    fileprivate func replayUpdate(_ kind: RowKind, _ id: RowId, _ cells: [PropertyCell], _ replacing: Bool) throws(DeedError) {
        let segment = try loadedSegment(kind, id)
        let row = rowNumber(of: id)
        try replayLeaving(segment, row, changing: replacing ? nil : cells)
        if replacing { try clearValues(segment, row, keepingLabels: true) }
        try set(segment, row, cells)
        try replayEntering(segment, row, changing: replacing ? nil : cells)
        table(kind, segment.pointee.table)?.changeCount.add(1, ordering: .relaxed)
    }

    fileprivate func replayDelete(_ kind: RowKind, _ id: RowId) throws(DeedError) {
        let segment = try loadedSegment(kind, id)
        let row = rowNumber(of: id)
        if segment.pointee.isDead(row) { return }
        try replayLeaving(segment, row)
        try segment.pointee.markDead(row, pool)
        try clearValues(segment, row)
        if let table = table(kind, segment.pointee.table) {
            table.rowCount.add(-1, ordering: .relaxed)
            table.changeCount.add(1, ordering: .relaxed)
        }
        guard kind == .relationship else { return }
        countDeadEntry(segment.pointee.sources[row], segment.pointee.table, .out)
        countDeadEntry(segment.pointee.targets[row], segment.pointee.table, .in)
    }

    /// A bulk load's segment: its chunks are in the store; only the lists of its relationships' ends are to be made.
    fileprivate func replayAttach(_ load: AttachedSegment) throws(DeedError) {
        var entry = SegmentEntry()
        entry.table = load.table
        entry.rowCount = load.rows
        entry.pheromoneEpoch = evaporation.epoch
        entry.endpointsGeneration = load.kind == .relationship ? load.generation : 0
        entry.columns = load.columns.map { ($0, load.generation) }
        // A checkpoint may have listed the segment before the load was committed, all of its rows unseen.
        if let segment = directory(load.kind)[load.number] {
            for row in segment.pointee.firstRow..<segment.pointee.rowCount { segment.pointee.revive(row) }
        }
        try addSegment(load.kind, load.number, entry)
        noteGeneration(load.generation)
        retention.noteLoad(generation: load.generation, at: snapshots.lastCommit + 1)
        guard let segment = directory(load.kind)[load.number] else { return }
        segment.pointee.directoryDirty = true
        try enterAttached(segment)
        guard load.kind == .relationship else { return }
        for end in try attachedEnds(segment) {
            try replayLink(end.source, end.target, end.id, load.table, .out)
            try replayLink(end.target, end.source, end.id, load.table, .in)
        }
    }

    func noteGeneration(_ generation: UInt64) {
        nextGeneration.store(max(nextGeneration.load(ordering: .relaxed), generation + 1), ordering: .relaxed)
    }

    /// The relationships of a segment that was just attached: a copy, since reading lists in may drop the rows again.
    func attachedEnds(_ segment: SegmentRef) throws(DeedError) -> [(id: RowId, source: RowId, target: RowId)] {
        try lockLoadedShared(segment)
        defer { segment.pointee.latch.unlockShared() }
        let first = rowId(segment: segment.pointee.number, row: 0)
        return (segment.pointee.firstRow..<segment.pointee.rowCount).map { row in
            (id: first | UInt64(row), source: segment.pointee.sources[row], target: segment.pointee.targets[row])
        }
    }
}

/// Writes effects straight into the segments, without versions: nobody else has the graph.
private struct DirectReplay: LogEffects {
    let graph: Graph

    func insert(
        _ kind: RowKind, _ id: RowId, _ table: NameId, _ cells: [PropertyCell], _ source: RowId, _ target: RowId
    ) throws(DeedError) {
        try graph.replayInsert(kind, id, table, cells, source, target)
    }

    func update(_ kind: RowKind, _ id: RowId, _ cells: [PropertyCell], replacing: Bool) throws(DeedError) {
        try graph.replayUpdate(kind, id, cells, replacing)
    }

    func delete(_ kind: RowKind, _ id: RowId) throws(DeedError) { try graph.replayDelete(kind, id) }

    func attach(_ load: AttachedSegment) throws(DeedError) { try graph.replayAttach(load) }
}
