// Bringing rows and adjacency lists that are only on disk into memory, when they are first touched. Reading and
// decoding happen without a latch; what was read is put in place under it, unless another thread was faster.

extension Graph {
    /// Makes sure that a segment's rows are in memory. No latch is held. A caller that loads several things before it uses
    /// them makes room for the first only, or the next would push it out.
    @inline(never)
    func load(_ segment: SegmentRef, makesRoom: Bool = true) throws(DeedError) {
        guard makesRoom else { return try loadRows(segment) }
        try makeRoom()
        try withRoom { () throws(DeedError) in try loadRows(segment) }
    }

    private func loadRows(_ segment: SegmentRef) throws(DeedError) {
        while let stored = storedRows(segment) {
            do throws(DeedError) {
                try load(segment, stored)
            } catch {
                // A checkpoint may have put other chunks in the place of those; then they are read instead.
                waitForStep()
                if storedRows(segment) == stored {
                    throw DeedError(
                        error.status,
                        "\(describe(segment)) cannot be read: \(error.message)")
                }
            }
        }
    }

    /// Where the rows of a segment are that are not in memory.
    private struct StoredRows: Equatable {
        var keys: [NameId] = []
        var generations: [UInt64] = []
        var endpoints: UInt64
        var pheromone: UInt64
    }

    /// nil if the rows are in memory.
    private func storedRows(_ segment: SegmentRef) -> StoredRows? {
        segment.pointee.latch.lockShared()
        defer { segment.pointee.latch.unlockShared() }
        return storedRowsOfLocked(segment)
    }

    private func storedRowsOfLocked(_ segment: SegmentRef) -> StoredRows? {
        if segment.pointee.isLoaded { return nil }
        var stored = StoredRows(
            endpoints: segment.pointee.endpointsGeneration, pheromone: segment.pointee.pheromoneGeneration)
        for index in 0..<segment.pointee.columnCount {
            stored.keys.append(segment.pointee.columns[index].key)
            stored.generations.append(segment.pointee.columns[index].generation)
        }
        return stored
    }

    private func load(_ segment: SegmentRef, _ stored: StoredRows) throws(DeedError) {
        var image = LoadedRows()
        defer { image.free(pool) }
        for (key, generation) in zip(stored.keys, stored.generations) {
            image.chunks.append(ColumnChunk())
            if generation == 0 { continue }
            try readChunk(generation, segment, key) { reader throws(DeedError) in
                try ChunkCodec.decode(&reader, into: &image.chunks[image.chunks.count - 1], pool)
            }
        }
        if stored.endpoints != 0 {
            try readChunk(stored.endpoints, segment, StoreKeys.endpointsColumn) { reader throws(DeedError) in
                try ChunkCodec.decode(&reader, into: &image.sources, max: Limits.segmentRows, pool, .columns)
                try ChunkCodec.decode(&reader, into: &image.targets, max: Limits.segmentRows, pool, .columns)
            }
        }
        if stored.pheromone != 0 {
            try readChunk(stored.pheromone, segment, StoreKeys.pheromoneColumn) { reader throws(DeedError) in
                try image.readPheromone(&reader, pool)
            }
        }
        install(&image, stored, into: segment)
    }

    /// Calls `body` with the level and epoch of each row whose cell is in the store only. False if there are none.
    func forEachStoredCell(_ segment: SegmentRef, _ body: (_ row: Int, _ cell: UInt64) -> Void) throws(DeedError) -> Bool {
        guard let stored = storedRows(segment), stored.pheromone != 0 else { return false }
        var image = LoadedRows()
        defer { image.free(pool) }
        try readChunk(stored.pheromone, segment, StoreKeys.pheromoneColumn) { reader throws(DeedError) in
            try image.readPheromone(&reader, pool)
        }
        for row in 0..<image.pheromoneCount { body(row, image.pheromone.unsafelyUnwrapped[row]) }
        return true
    }

    /// Rows on their way into a segment.
    private struct LoadedRows {
        var chunks: [ColumnChunk] = []
        var sources = IdArray()
        var targets = IdArray()
        var pheromone: UnsafeMutablePointer<UInt64>?
        var pheromoneCount = 0

        mutating func readPheromone(_ reader: inout ByteReader, _ pool: MemoryPool) throws(DeedError) {
            try ChunkCodec.checkFormat(&reader)
            let count = try reader.readCount(max: Limits.segmentRows)
            guard let block = pool.allocate(count * 8, .pheromone) else {
                throw DeedError(.outOfMemory, "no memory for pheromone levels")
            }
            pheromone = block.assumingMemoryBound(to: UInt64.self)
            pheromoneCount = count
            if count > 0 { try IntegerCodec.decode(&reader, into: pheromone.unsafelyUnwrapped, count: count) }
        }

        mutating func free(_ pool: MemoryPool) {
            for index in chunks.indices { chunks[index].free(pool) }
            sources.free(pool, .columns)
            targets.free(pool, .columns)
            pool.free(pheromone, pheromoneCount * 8, .pheromone)
        }
    }

    private func install(_ image: inout LoadedRows, _ stored: StoredRows, into segment: SegmentRef) {
        segment.pointee.latch.lockExclusive()
        defer { segment.pointee.latch.unlockExclusive() }
        // Others may have read the rows in, changed and saved them, and dropped them again; then these are out of date.
        guard storedRowsOfLocked(segment) == stored else { return }
        for (index, key) in stored.keys.enumerated() {
            let position = segment.pointee.column(key)
            segment.pointee.columns[position].chunk = image.chunks[index]
            segment.pointee.columns[position].isDirty = false
        }
        segment.pointee.sources = image.sources
        segment.pointee.targets = image.targets
        segment.pointee.pheromone = image.pheromone
        segment.pointee.pheromoneCapacity = image.pheromoneCount
        segment.pointee.isLoaded = true
        image = LoadedRows()
    }

    private func readChunk(
        _ generation: UInt64, _ segment: SegmentRef, _ column: UInt32,
        _ body: (inout ByteReader) throws(DeedError) -> Void
    ) throws(DeedError) {
        let key = StoreKeys.chunk(generation, segment.pointee.kind, segment.pointee.number, column)
        do throws(DeedError) {
            try readValue(.segments, key, body)
        } catch {
            throw DeedError(error.status, "\(describe(column: column)): \(error.message)")
        }
    }

    private func describe(column: UInt32) -> String {
        switch column {
        case StoreKeys.endpointsColumn: "the ends"
        case StoreKeys.pheromoneColumn: "the pheromone"
        default: "the property '\(nameText(.propertyKey, column))'"
        }
    }

    /// Throws if a chunk is not in the store, or not yet to be seen.
    func requireChunk(_ generation: UInt64, _ kind: RowKind, _ segment: Int, _ column: NameId) throws(DeedError) {
        try readValue(.segments, StoreKeys.chunk(generation, kind, segment, column)) { _ in }
    }

    func readValue(
        _ family: KeyValueStore.Family, _ key: borrowing ByteBuffer,
        _ body: (inout ByteReader) throws(DeedError) -> Void
    ) throws(DeedError) {
        if let pinned = following?.pinned {
            let isFound = try pinned.withValue(family, key) { bytes throws(DeedError) in
                var reader = ByteReader(bytes)
                try body(&reader)
            }
            if isFound { return }
            // What a bulk load has written since is not in that view.
        }
        guard let value = try store?.get(family, key) else {
            throw DeedError(.corruption, "a value that the directory names is missing in \(family)")
        }
        var reader = ByteReader(value.bytes)
        try body(&reader)
    }

    /// Waits until a step from one checkpoint to another is over, if one is under way: afterwards chunks may be elsewhere.
    private func waitForStep() {
        guard let following else { return }
        following.stepping.lock()
        following.stepping.unlock()
    }

    /// Reads the pheromone of a segment in memory again if the store has other levels now.
    func reloadPheromone(_ segment: SegmentRef) throws(DeedError) {
        segment.pointee.latch.lockShared()
        let generation = segment.pointee.pheromoneGeneration
        let isWanted = segment.pointee.pheromoneDirty && segment.pointee.isLoaded && generation != 0
        segment.pointee.latch.unlockShared()
        if !isWanted { return }
        var image = LoadedRows()
        defer { image.free(pool) }
        try readChunk(generation, segment, StoreKeys.pheromoneColumn) { reader throws(DeedError) in
            try image.readPheromone(&reader, pool)
        }
        segment.pointee.latch.lockExclusive()
        defer { segment.pointee.latch.unlockExclusive() }
        guard segment.pointee.isLoaded else { return }
        swap(&segment.pointee.pheromone, &image.pheromone)
        swap(&segment.pointee.pheromoneCapacity, &image.pheromoneCount)
        segment.pointee.pheromoneDirty = false
    }

    // MARK: Adjacency

    /// Makes sure that one adjacency part of a segment is in memory. No latch is held.
    @inline(never)
    func loadPart(_ segment: SegmentRef, _ index: Int, makesRoom: Bool = true) throws(DeedError) {
        guard makesRoom else { return try loadList(segment, index) }
        try makeRoom()
        try withRoom { () throws(DeedError) in try loadList(segment, index) }
    }

    private func loadList(_ segment: SegmentRef, _ index: Int) throws(DeedError) {
        while let generation = storedPart(segment, index) {
            do throws(DeedError) {
                try loadPart(segment, index, generation)
            } catch {
                waitForStep()
                if storedPart(segment, index) == generation {
                    throw DeedError(
                        error.status,
                        "lists of \(describe(segment)) cannot be read: \(error.message)")
                }
            }
        }
    }

    /// The generation of a part that is not in memory, or nil.
    private func storedPart(_ segment: SegmentRef, _ index: Int) -> UInt64? {
        segment.pointee.latch.lockShared()
        defer { segment.pointee.latch.unlockShared() }
        let part = segment.pointee.adjacency + index
        return part.pointee.isLoaded ? nil : part.pointee.readableGeneration
    }

    private func loadPart(_ segment: SegmentRef, _ index: Int, _ generation: UInt64) throws(DeedError) {
        segment.pointee.latch.lockShared()
        let (type, direction) = (segment.pointee.adjacency[index].type, segment.pointee.adjacency[index].direction)
        segment.pointee.latch.unlockShared()
        var part = AdjacencyPart(type: type, direction: direction)
        let key = StoreKeys.part(generation, segment.pointee.number, type, direction)
        do throws(DeedError) {
            try readValue(.adjacency, key) { reader throws(DeedError) in
                try ChunkCodec.decode(&reader, into: &part, pool)
            }
        } catch {
            part.free(pool)
            throw error
        }
        segment.pointee.latch.lockExclusive()
        defer { segment.pointee.latch.unlockExclusive() }
        if segment.pointee.adjacency[index].isLoaded || segment.pointee.adjacency[index].readableGeneration != generation {
            part.free(pool)
        } else {
            segment.pointee.adjacency[index].adopt(part)
        }
    }

    func loadPart(_ segment: SegmentRef, type: NameId, direction: Direction) throws(DeedError) {
        segment.pointee.latch.lockShared()
        let index = segment.pointee.partIndex(type: type, direction: direction)
        segment.pointee.latch.unlockShared()
        if let index { try loadPart(segment, index) }
    }

    func loadParts(_ segment: SegmentRef, makesRoom: Bool) throws(DeedError) {
        segment.pointee.latch.lockShared()
        var missing: [Int] = []
        for index in 0..<segment.pointee.adjacencyCount where !segment.pointee.adjacency[index].isLoaded {
            missing.append(index)
        }
        segment.pointee.latch.unlockShared()
        for index in missing { try loadPart(segment, index, makesRoom: makesRoom && index == missing[0]) }
    }
}
