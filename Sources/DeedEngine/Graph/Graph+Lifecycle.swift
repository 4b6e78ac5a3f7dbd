// Closing, compacting, statistics and self-checks.

import Glibc

extension Graph {
    /// Ends the background work, writes a checkpoint, and releases the files. Later calls fail with Closed.
    /// The caller makes sure that no other call is under way, but for statements that wait: these fail with Closed now.
    package func close() throws(DeedError) {
        if closing.load(ordering: .relaxed) { return }
        reach(.closeBegun)
        ending.store(true, ordering: .relaxed)
        waits.stop()
        maintenance.stop()
        workers.stop()
        var failure: DeedError?
        if store != nil && !options.isReadOnly {
            do throws(DeedError) { try checkpoint() } catch { failure = error }
        }
        reach(.closeCheckpointed)
        closing.store(true, ordering: .relaxed)
        store?.close(sealing: failure == nil)
        if let failure { throw failure }
    }

    /// Gives space back: in memory, and on disk.
    package func compact() throws(DeedError) {
        try requireWritable()
        reach(.compactBegun)
        settleQueued()
        let oldest = snapshots.oldest()
        for kind in [RowKind.relationship, .entity] {
            for number in 0..<directory(kind).count {
                if let segment = directory(kind)[number] { try compact(segment, oldest) }
            }
        }
        try sweepIndexes()
        reach(.compactMerged)
        guard let store else { return }
        try checkpoint()
        try deleteUnreferencedChunks(store)
        reach(.compactSwept)
        for family in KeyValueStore.Family.allCases {
            reach(.compactFamily)
            try store.compactRange(family)
        }
        reach(.compactDone)
    }

    private func compact(_ segment: SegmentRef, _ oldest: Timestamp) throws(DeedError) {
        segment.pointee.latch.lockExclusive()
        defer { segment.pointee.latch.unlockExclusive() }
        if segment.pointee.kind == .entity {
            _ = foldDeadEntries(segment, force: true)
            for index in 0..<segment.pointee.adjacencyCount where segment.pointee.adjacency[index].deltaCount > 0 {
                try segment.pointee.adjacency[index].merge(rows: segment.pointee.rowCount, pool)
            }
        }
        guard segment.pointee.isLoaded, !segment.pointee.hasVersions,
            segment.pointee.isSettled(for: Snapshot(timestamp: oldest, mark: 0))
        else { return }
        for index in 0..<segment.pointee.columnCount {
            try segment.pointee.columns[index].chunk.compact(rows: segment.pointee.rowCount, pool)
        }
    }

    /// Deletes chunks that no directory entry names: what a crash between two steps left.
    private func deleteUnreferencedChunks(_ store: KeyValueStore) throws(DeedError) {
        maintenance.beginCheckpoint()
        defer { maintenance.endCheckpoint() }
        var batch = try WriteBatch(store)
        try forEachUnreferencedChunk(store) { family, key in batch.delete(family, key) }
        if batch.count > 0 { try store.write(batch, sync: true) }
    }

    private func forEachUnreferencedChunk(
        _ store: KeyValueStore, _ body: (KeyValueStore.Family, UnsafeRawBufferPointer) -> Void
    ) throws(DeedError) {
        let first = StoreKeys.generation(1)
        let end = StoreKeys.generation(.max)
        try store.forEach(in: .segments, from: first, to: end) { key, _ throws(DeedError) in
            let chunk = try StoreKeys.readChunk(key)
            let isWanted = isNamed(chunk.kind, chunk.segment, chunk.column, chunk.generation)
                || retention.isRetained(chunk.generation)
            if !isWanted { body(.segments, key) }
            return true
        }
        try store.forEach(in: .adjacency) { key, _ throws(DeedError) in
            var reader = ByteReader(key)
            let generation = try reader.readFixed64().byteSwapped
            let number = Int(clamping: try reader.readFixed64().byteSwapped)
            let type = try reader.readFixed32().byteSwapped
            let direction = Direction(rawValue: try reader.readByte())
            if direction == nil || !isNamed(number, type, direction ?? .out, generation) { body(.adjacency, key) }
            return true
        }
    }

    /// The chunks that a crash between two steps left, and that `compact` removes.
    func countUnreferencedChunks() throws(DeedError) -> Int {
        var count = 0
        if let store { try forEachUnreferencedChunk(store) { _, _ in count += 1 } }
        return count
    }

    private func isNamed(_ number: Int, _ type: NameId, _ direction: Direction, _ generation: UInt64) -> Bool {
        guard let segment = entities[number] else { return false }
        segment.pointee.latch.lockShared()
        defer { segment.pointee.latch.unlockShared() }
        guard let index = segment.pointee.partIndex(type: type, direction: direction) else { return false }
        let part = segment.pointee.adjacency[index]
        return part.generation == generation || part.asideGeneration == generation
    }

    func isNamed(_ kind: RowKind, _ number: Int, _ column: UInt32, _ generation: UInt64) -> Bool {
        guard let segment = directory(kind)[number] else { return false }
        segment.pointee.latch.lockShared()
        defer { segment.pointee.latch.unlockShared() }
        switch column {
        case StoreKeys.endpointsColumn: return segment.pointee.endpointsGeneration == generation
        case StoreKeys.pheromoneColumn: return segment.pointee.pheromoneGeneration == generation
        default:
            guard let index = segment.pointee.columnIndex(column) else { return false }
            return segment.pointee.columns[index].generation == generation
        }
    }

    // MARK: Statistics

    package struct Statistics: Sendable {
        package var entityCount = 0
        package var relationshipCount = 0
        package var collectionCount = 0
        package var relationshipTypeCount = 0
        package var averagePheromone = 0.0
        package var evaporations: UInt64 = 0
        package var memoryColumns = 0
        package var memoryStrings = 0
        package var memoryAdjacency = 0
        package var memoryPheromone = 0
        package var memoryVersions = 0
        package var memoryIndexes = 0
        package var memoryStore = 0
        package var memoryTotal = 0
        package var memoryLimit = 0
        package var diskLog = 0
        package var diskSegments = 0
        package var diskAdjacency = 0
        package var diskIndexes = 0
        package var diskTotal = 0
        package var temporaryBytes = 0
        package var temporaryBytesWritten: UInt64 = 0
        package var commits: UInt64 = 0
        package var rollbacks: UInt64 = 0
        package var conflicts: UInt64 = 0
        package var activeTransactions = 0
        package var lastCommit: Timestamp = 0
        package var checkpoints: UInt64 = 0
        package var checkpointMark: Timestamp = 0
    }

    package func statistics() throws(DeedError) -> Statistics {
        try requireOpen()
        var result = Statistics()
        forEachTable { table in
            let rows = table.rowCount.load(ordering: .relaxed)
            if table.kind == .entity {
                result.entityCount += rows
                if rows > 0 { result.collectionCount += 1 }
            } else {
                result.relationshipCount += rows
                if rows > 0 { result.relationshipTypeCount += 1 }
            }
        }
        result.averagePheromone = try averagePheromone()
        result.evaporations = evaporation.evaporations
        result.memoryColumns = pool.bytes(of: .columns)
        result.memoryStrings = pool.bytes(of: .strings)
        result.memoryAdjacency = pool.bytes(of: .adjacency)
        result.memoryPheromone = pool.bytes(of: .pheromone)
        result.memoryVersions = pool.bytes(of: .versions)
        result.memoryIndexes = pool.bytes(of: .indexes)
        result.memoryTotal = pool.bytesTotal
        result.memoryLimit = options.memoryLimit
        result.temporaryBytes = temporaryFiles.bytes
        result.temporaryBytesWritten = temporaryFiles.bytesWritten
        result.commits = counters.commits.load(ordering: .relaxed)
        result.rollbacks = counters.rollbacks.load(ordering: .relaxed)
        result.conflicts = counters.conflicts.load(ordering: .relaxed)
        result.activeTransactions = snapshots.activeCount
        result.lastCommit = snapshots.lastCommit
        result.checkpoints = counters.checkpoints.load(ordering: .relaxed)
        result.checkpointMark = lastMark.load(ordering: .relaxed)
        if let store {
            let disk = try store.statistics()
            result.memoryStore = disk.memory
            result.memoryTotal += disk.memory
            result.diskLog = disk.logFiles + disk.tableFiles[KeyValueStore.Family.log.rawValue]
            result.diskSegments = disk.tableFiles[KeyValueStore.Family.segments.rawValue]
            result.diskAdjacency = disk.tableFiles[KeyValueStore.Family.adjacency.rawValue]
            result.diskIndexes = disk.tableFiles[KeyValueStore.Family.indexes.rawValue]
            result.diskTotal = disk.disk
        }
        return result
    }

    /// Rows of all tables. O(tables).
    package func rowTotals() -> (entities: Int, relationships: Int) {
        var totals = (entities: 0, relationships: 0)
        forEachTable { table in
            let rows = table.rowCount.load(ordering: .relaxed)
            if table.kind == .entity { totals.entities += rows } else { totals.relationships += rows }
        }
        return totals
    }

    package func rowCount(_ kind: RowKind, _ name: NameId) -> Int {
        table(kind, name)?.rowCount.load(ordering: .relaxed) ?? 0
    }
}
