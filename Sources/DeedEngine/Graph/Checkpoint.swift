// A checkpoint writes what has changed as of one timestamp, so that the log below it can go. Readers and writers go on.
//
//   1. Take a snapshot; its timestamp will be the mark. While it is registered no version it needs goes away.
//   2. For each segment that has changed, under its latch, encode the changed chunks as the snapshot sees them; likewise
//      the adjacency lists, after folding in their deltas. They go to two sorted files, under keys of a new generation.
//   3. Bring the files into the store. Nothing refers to the new chunks yet.
//   4. One batch, synced: directory entries that name the new chunks, new names, the mark; the old chunks and the log that
//      is no longer wanted (see LogRetention) are deleted.
// A crash before 4 leaves the old state and some unreferenced chunks, after 4 the new state.
//
// The mark's value: varint timestamp, varint next generation, varint generation of the checkpoint itself. See also
// CheckpointChain.

extension Graph {
    package func checkpoint() throws(DeedError) {
        try requireWritable()
        maintenance.beginCheckpoint()
        defer { maintenance.endCheckpoint() }
        try writeCheckpoint()
    }

    private func writeCheckpoint() throws(DeedError) {
        guard let store else { return }
        // What is gone for everybody need not be looked at once more.
        settleQueued()
        let (mark, place) = snapshots.acquire()
        defer { snapshots.release(place) }
        let work = CheckpointWork(
            graph: self, store: store, snapshot: Snapshot(timestamp: mark, mark: 0), generation: takeGeneration())
        do throws(DeedError) {
            try work.write()
        } catch {
            work.abandon()
            throw error
        }
        lastMark.store(mark, ordering: .relaxed)
        maintenance.noteCheckpoint()
        counters.checkpoints.add(1, ordering: .relaxed)
    }

    func takeGeneration() -> UInt64 { nextGeneration.add(1, ordering: .relaxed).oldValue }
}

/// One checkpoint under way.
private final class CheckpointWork {
    private let graph: Graph
    private let store: KeyValueStore
    private let snapshot: Snapshot
    private let generation: UInt64
    private var chunkFile: SortedFileWriter?
    private var partFile: SortedFileWriter?
    private var buffer = ByteBuffer(capacity: 1 << 16)
    /// What was written, to be named by the directory or, on failure, to be written again.
    private var chunks: [(segment: SegmentRef, column: UInt32)] = []
    private var parts: [(segment: SegmentRef, part: Int)] = []
    /// Segments whose directory entry changes, in order.
    private var entries: [SegmentRef] = []
    private let indexes: IndexCheckpoint
    /// What of the log stays.
    private var retention: LogRetention.Plan

    init(graph: Graph, store: KeyValueStore, snapshot: Snapshot, generation: UInt64) {
        self.graph = graph
        self.store = store
        self.snapshot = snapshot
        self.generation = generation
        indexes = IndexCheckpoint(graph, store)
        retention = graph.retention.plan(
            mark: snapshot.timestamp, microseconds: Clock.microseconds(), namesLogged: graph.maintenance.namesLogged)
    }

    func write() throws(DeedError) {
        graph.reach(.checkpointBegun)
        for kind in [RowKind.entity, .relationship] {
            let directory = graph.directory(kind)
            for number in 0..<directory.count {
                if let segment = directory[number] { try writeRows(segment) }
            }
        }
        graph.reach(.checkpointRowsWritten)
        for number in 0..<graph.entities.count {
            if let segment = graph.entities[number] { try writeParts(segment) }
        }
        graph.reach(.checkpointListsWritten)
        if try chunkFile?.finish() != nil, let path = chunkFile?.path { try store.ingest([path], into: .segments) }
        graph.reach(.checkpointRowsIngested)
        if try partFile?.finish() != nil, let path = partFile?.path { try store.ingest([path], into: .adjacency) }
        try indexes.write()
        graph.reach(.checkpointListsIngested)
        if hasNews { try publish() }
    }

    /// False if the store holds exactly this state already.
    private var hasNews: Bool {
        !chunks.isEmpty || !parts.isEmpty || !entries.isEmpty || indexes.hasNews
            || snapshot.timestamp != graph.lastMark.load(ordering: .relaxed) || graph.schema.hasUnsaved
            || retention.state.dropped != graph.retention.dropped
            || graph.evaporation.evaporations != graph.savedEvaporations.load(ordering: .relaxed)
    }

    // MARK: Rows

    private func writeRows(_ segment: SegmentRef) throws(DeedError) {
        segment.pointee.latch.lockShared()
        defer { segment.pointee.latch.unlockShared() }
        if isUnseen(segment) { return }
        if segment.pointee.directoryDirty { entries.append(segment) }
        guard segment.pointee.isLoaded else { return }
        let before = chunks.count
        let isSettled = segment.pointee.isSettled(for: snapshot)
        for index in 0..<segment.pointee.columnCount where segment.pointee.columns[index].isDirty {
            try writeColumn(segment, index, isSettled)
        }
        if segment.pointee.kind == .relationship {
            try writePheromone(segment)
            try writeEndpoints(segment)
        }
        if chunks.count > before && entries.last != segment { entries.append(segment) }
    }

    /// True for what a bulk load has filled that the snapshot does not see: its chunks come into the store when it
    /// commits, and until a checkpoint sees it, the log says where they are. The segment is locked.
    private func isUnseen(_ segment: SegmentRef) -> Bool { !snapshot.sees(segment.pointee.createdAll) }

    private func writeColumn(_ segment: SegmentRef, _ index: Int, _ isSettled: Bool) throws(DeedError) {
        let column = segment.pointee.columns + index
        buffer.removeAll()
        if isSettled {
            ChunkCodec.encode(column.pointee.chunk, rows: segment.pointee.rowCount, into: &buffer)
            column.pointee.isDirty = false
        } else {
            var copy = ColumnChunk()
            defer { copy.free(graph.pool) }
            try copyVisible(segment, column.pointee, into: &copy)
            ChunkCodec.encode(copy, rows: segment.pointee.rowCount, into: &buffer)
        }
        try putChunk(segment, column.pointee.key)
    }

    /// The column's values as the snapshot sees them; other rows stay null.
    private func copyVisible(_ segment: SegmentRef, _ column: Column, into copy: inout ColumnChunk) throws(DeedError) {
        let rows = segment.pointee.firstRow..<segment.pointee.rowCount
        for row in rows where segment.pointee.isVisible(row, to: snapshot) {
            try copy.set(row, column.chunk.cell(at: row), graph.pool)
            var older: Cell?
            graph.forEachUnseenChange(segment, row, snapshot) { key, cell in if key == column.key { older = cell } }
            if let older { try copy.set(row, older, graph.pool) }
        }
    }

    private func writePheromone(_ segment: SegmentRef) throws(DeedError) {
        guard segment.pointee.pheromone != nil, segment.pointee.takePheromoneDirty() else { return }
        buffer.removeAll()
        // A copy, since levels change under the shared latch: the encoder looks at each twice, and must see the same.
        let count = segment.pointee.pheromoneCapacity
        withUnsafeTemporaryAllocation(of: UInt64.self, capacity: count) { cells in
            let start = cells.baseAddress.unsafelyUnwrapped
            graph.copyCells(of: segment, to: start)
            ChunkCodec.encode(cells: start, count: count, into: &buffer)
        }
        try putChunk(segment, StoreKeys.pheromoneColumn)
    }

    private func writeEndpoints(_ segment: SegmentRef) throws(DeedError) {
        guard segment.pointee.endpointsDirty else { return }
        buffer.removeAll()
        ChunkCodec.encode(segment.pointee.sources, count: segment.pointee.rowCount, into: &buffer)
        ChunkCodec.encode(segment.pointee.targets, count: segment.pointee.rowCount, into: &buffer)
        segment.pointee.endpointsDirty = false
        try putChunk(segment, StoreKeys.endpointsColumn)
    }

    private func putChunk(_ segment: SegmentRef, _ column: UInt32) throws(DeedError) {
        chunks.append((segment, column))
        segment.pointee.isBeingSaved = true
        let key = StoreKeys.chunk(generation, segment.pointee.kind, segment.pointee.number, column)
        if chunkFile == nil { chunkFile = try SortedFileWriter(store, for: .segments) }
        try chunkFile?.put(key, buffer)
    }

    // MARK: Adjacency

    private func writeParts(_ segment: SegmentRef) throws(DeedError) {
        for index in try sortedDirtyParts(segment) {
            try fold(segment, index)
            try graph.lockSharedWithParts(segment)
            defer { segment.pointee.latch.unlockShared() }
            try writePart(segment, index)
        }
    }

    /// Merges a list's delta and drops its dead entries, beside readers.
    private func fold(_ segment: SegmentRef, _ index: Int) throws(DeedError) {
        segment.pointee.latch.lockShared()
        let part = segment.pointee.adjacency[index]
        segment.pointee.latch.unlockShared()
        let filter = part.hasDoubts ? graph.filterOfDead(segment) : nil
        guard filter != nil || part.deltaCount > 0 else { return }
        try graph.mergeList(segment, type: part.type, direction: part.direction, filter: filter) { _ throws(DeedError) in }
    }

    /// The parts to write, in the order of their keys.
    private func sortedDirtyParts(_ segment: SegmentRef) throws(DeedError) -> [Int] {
        segment.pointee.latch.lockShared()
        defer { segment.pointee.latch.unlockShared() }
        if isUnseen(segment) { return [] }
        let adjacency = segment.pointee.adjacency
        return (0..<segment.pointee.adjacencyCount).filter { adjacency[$0].isDirty }.sorted { left, right in
            (adjacency[left].type, adjacency[left].direction.rawValue)
                < (adjacency[right].type, adjacency[right].direction.rawValue)
        }
    }

    private func writePart(_ segment: SegmentRef, _ index: Int) throws(DeedError) {
        let part = segment.pointee.adjacency + index
        let rows = segment.pointee.rowCount
        buffer.removeAll()
        if part.pointee.isSettled(for: snapshot) && part.pointee.deltaCount == 0 {
            ChunkCodec.encode(part.pointee, into: &buffer)
            part.pointee.isDirty = false
        } else {
            var filter = EntryFilter(dropsRow: { [snapshot] row in !segment.pointee.isVisible(row, to: snapshot) }) {
                [graph, snapshot] in graph.isRelationshipVisible($0, snapshot) ? .alive : .dead
            }
            filter.looksEverywhere = !part.pointee.writers.areSettled(for: snapshot)
            var copy = try part.pointee.merged(rows: rows, adding: nil, graph.pool, filter).part
            defer { copy.free(graph.pool) }
            ChunkCodec.encode(copy, into: &buffer)
        }
        parts.append((segment, index))
        segment.pointee.isBeingSaved = true
        if partFile == nil { partFile = try SortedFileWriter(store, for: .adjacency) }
        let key = StoreKeys.part(generation, segment.pointee.number, part.pointee.type, part.pointee.direction)
        try partFile?.put(key, buffer)
    }

    // MARK: The last step

    private func publish() throws(DeedError) {
        var batch = try WriteBatch(store)
        graph.appendNames(to: &batch)
        let schema = graph.appendSchema(to: &batch)
        indexes.put(into: &batch, dropped: schema.dropped)
        var changed = entries
        let known = Set(entries)
        var seen = Set<SegmentRef>()
        for part in parts where !known.contains(part.segment) && seen.insert(part.segment).inserted {
            changed.append(part.segment)
        }
        var written: [SegmentRef: Written] = [:]
        for chunk in chunks { written[chunk.segment, default: Written()].columns.insert(chunk.column) }
        for part in parts { written[part.segment, default: Written()].parts.insert(part.part) }
        for segment in changed { putEntry(segment, written[segment] ?? Written(), &batch) }
        buffer.removeAll()
        buffer.append(varint: snapshot.timestamp)
        buffer.append(varint: graph.nextGeneration.load(ordering: .relaxed))
        buffer.append(varint: generation)
        batch.put(.meta, StoreKeys.text("mark"), buffer)
        graph.checkpointChain.withLock { $0.put(generation, &batch) }
        buffer.removeAll()
        let evaporations = graph.evaporation.evaporations
        graph.evaporation.encode(into: &buffer)
        batch.put(.meta, StoreKeys.text("evaporation"), buffer)
        try graph.putRetention(retention, &batch)
        try store.write(batch, sync: true)
        graph.reach(.checkpointPublished)
        graph.retention.adopt(retention)
        graph.checkpointChain.withLock { $0.append(generation) }
        graph.savedEvaporations.store(evaporations, ordering: .relaxed)
        graph.schema.noteSaved(schema)
        indexes.publish()
        // RocksDB's own log then holds nothing that an open would have to read again.
        for family in KeyValueStore.Family.allCases { try store.flush(family) }
        graph.reach(.checkpointFlushed)
        for segment in changed { adopt(segment, written[segment] ?? Written()) }
        graph.reach(.checkpointAdopted)
    }

    /// What of one segment this checkpoint wrote.
    private struct Written {
        var columns = Set<UInt32>()
        var parts = Set<Int>()
    }

    /// Puts a segment's directory entry, and deletes the chunks that it no longer names.
    private func putEntry(_ segment: SegmentRef, _ written: Written, _ batch: inout WriteBatch) {
        segment.pointee.latch.lockShared()
        defer { segment.pointee.latch.unlockShared() }
        // What the snapshot does not see yet is for the next checkpoint.
        segment.pointee.directoryDirty = !segment.pointee.isSettled(for: snapshot)
        let (kind, number) = (segment.pointee.kind, segment.pointee.number)
        var entry = SegmentEntry()
        entry.table = segment.pointee.table
        entry.rowCount = segment.pointee.rowCount
        entry.pheromoneEpoch = segment.pointee.pheromoneEpoch
        entry.dead = deadRows(segment)
        func place(_ column: UInt32, _ old: UInt64) -> UInt64 {
            guard written.columns.contains(column) else { return old }
            if old != 0 && retention.state.loads[old] == nil {
                batch.delete(.segments, StoreKeys.chunk(old, kind, number, column))
            }
            return generation
        }
        for index in 0..<segment.pointee.columnCount {
            let column = segment.pointee.columns + index
            let place = place(column.pointee.key, column.pointee.generation)
            if place != 0 { entry.columns.append((column.pointee.key, place)) }
        }
        entry.endpointsGeneration = place(StoreKeys.endpointsColumn, segment.pointee.endpointsGeneration)
        entry.pheromoneGeneration = place(StoreKeys.pheromoneColumn, segment.pointee.pheromoneGeneration)
        for index in 0..<segment.pointee.adjacencyCount {
            let part = segment.pointee.adjacency + index
            let (type, direction, old) = (part.pointee.type, part.pointee.direction, part.pointee.generation)
            if part.pointee.asideGeneration != 0 && !part.pointee.isAsideCurrent {
                batch.delete(.adjacency, StoreKeys.part(part.pointee.asideGeneration, number, type, direction))
            }
            if written.parts.contains(index) {
                if old != 0 { batch.delete(.adjacency, StoreKeys.part(old, number, type, direction)) }
                entry.parts.append((type, direction, generation))
            } else if old != 0 {
                entry.parts.append((type, direction, old))
            }
        }
        buffer.removeAll()
        entry.encode(into: &buffer)
        batch.put(.meta, StoreKeys.segment(kind, number), buffer)
    }

    /// The rows that the snapshot does not see, as a bitmap; empty if it sees all.
    private func deadRows(_ segment: SegmentRef) -> [UInt64] {
        let count = segment.pointee.rowCount
        if segment.pointee.dead == nil && segment.pointee.isSettled(for: snapshot) && !segment.pointee.hasVersions {
            return []
        }
        var words = [UInt64](repeating: 0, count: BitmapCodec.wordCount(count))
        for row in segment.pointee.firstRow..<count where !segment.pointee.isVisible(row, to: snapshot) {
            words[row &>> 6] |= 1 &<< UInt64(row & 63)
        }
        return words
    }

    /// Remembers where a segment's chunks are now.
    private func adopt(_ segment: SegmentRef, _ written: Written) {
        segment.pointee.latch.lockExclusive()
        defer { segment.pointee.latch.unlockExclusive() }
        for index in 0..<segment.pointee.columnCount
        where written.columns.contains(segment.pointee.columns[index].key) {
            segment.pointee.columns[index].generation = generation
        }
        if written.columns.contains(StoreKeys.endpointsColumn) { segment.pointee.endpointsGeneration = generation }
        if written.columns.contains(StoreKeys.pheromoneColumn) { segment.pointee.pheromoneGeneration = generation }
        for part in written.parts { segment.pointee.adjacency[part].noteSaved(generation) }
        segment.pointee.isBeingSaved = false
    }

    /// Makes everything that was written count as changed again.
    func abandon() {
        indexes.abandon()
        for (segment, column) in chunks {
            segment.pointee.latch.lockExclusive()
            defer { segment.pointee.latch.unlockExclusive() }
            switch column {
            case StoreKeys.endpointsColumn: segment.pointee.endpointsDirty = true
            case StoreKeys.pheromoneColumn: segment.pointee.pheromoneDirty = true
            default:
                if let index = segment.pointee.columnIndex(column) { segment.pointee.columns[index].isDirty = true }
            }
        }
        for (segment, part) in parts {
            segment.pointee.latch.lockExclusive()
            segment.pointee.adjacency[part].isDirty = true
            segment.pointee.latch.unlockExclusive()
        }
        for segment in entries + chunks.map(\.segment) + parts.map(\.segment) {
            segment.pointee.latch.lockExclusive()
            segment.pointee.directoryDirty = true
            segment.pointee.isBeingSaved = false
            segment.pointee.latch.unlockExclusive()
        }
    }
}

extension Graph {
    /// All names, for the catalogue. Names are few, and the batch is written once in a while.
    fileprivate func appendNames(to batch: inout WriteBatch) {
        for kind in NameKind.allCases {
            for number in 0..<names.count(kind) {
                guard let text = names.text(kind, NameId(number)) else { continue }
                let key = StoreKeys.name(kind, NameId(number))
                batch.put(.meta, key, UnsafeRawBufferPointer(start: text.base, count: text.size))
            }
        }
    }
}
