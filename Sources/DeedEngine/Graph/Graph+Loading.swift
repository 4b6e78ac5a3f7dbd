// Bringing rows and adjacency lists that are only on disk into memory, when they are first touched. Reading and
// decoding happen without a latch; what was read is put in place under it, unless another thread was faster.

extension Graph {
    /// Makes sure that a segment's rows are in memory. No latch is held. Who needs several things at once makes room for
    /// the first alone: room for another could be made by dropping it again, without end.
    @inline(never)
    func load(_ segment: SegmentRef, makesRoom: Bool = true) throws(DeedError) {
        if makesRoom { try makeRoom() }
        segment.pointee.latch.lockShared()
        if segment.pointee.isLoaded {
            segment.pointee.latch.unlockShared()
            return
        }
        var wanted: [(key: NameId, generation: UInt64)] = []
        for index in 0..<segment.pointee.columnCount {
            wanted.append((segment.pointee.columns[index].key, segment.pointee.columns[index].generation))
        }
        let endpoints = segment.pointee.endpointsGeneration
        let pheromone = segment.pointee.pheromoneGeneration
        segment.pointee.latch.unlockShared()

        var image = LoadedRows()
        defer { image.free(pool) }
        do throws(DeedError) {
            for column in wanted {
                image.chunks.append(ColumnChunk())
                if column.generation == 0 { continue }
                try readChunk(column.generation, segment, column.key) { reader throws(DeedError) in
                    try ChunkCodec.decode(&reader, into: &image.chunks[image.chunks.count - 1], pool)
                }
            }
            if endpoints != 0 {
                try readChunk(endpoints, segment, StoreKeys.endpointsColumn) { reader throws(DeedError) in
                    try ChunkCodec.decode(&reader, into: &image.sources, max: Limits.segmentRows, pool, .columns)
                    try ChunkCodec.decode(&reader, into: &image.targets, max: Limits.segmentRows, pool, .columns)
                }
            }
            if pheromone != 0 {
                try readChunk(pheromone, segment, StoreKeys.pheromoneColumn) { reader throws(DeedError) in
                    try image.readPheromone(&reader, pool)
                }
            }
        } catch {
            throw DeedError(
                error.status, "\(segment.pointee.kind) segment \(segment.pointee.number) cannot be read: \(error.message)")
        }
        install(&image, wanted, into: segment)
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

    private func install(
        _ image: inout LoadedRows, _ wanted: [(key: NameId, generation: UInt64)], into segment: SegmentRef
    ) {
        segment.pointee.latch.lockExclusive()
        defer { segment.pointee.latch.unlockExclusive() }
        if segment.pointee.isLoaded { return }
        for (index, column) in wanted.enumerated() {
            let position = segment.pointee.column(column.key)
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
        try readValue(.segments, key, body)
    }

    func readValue(
        _ family: KeyValueStore.Family, _ key: borrowing ByteBuffer,
        _ body: (inout ByteReader) throws(DeedError) -> Void
    ) throws(DeedError) {
        guard let value = try store?.get(family, key) else {
            throw DeedError(.corruption, "a value that the directory names is missing in \(family)")
        }
        var reader = ByteReader(value.bytes)
        try body(&reader)
    }

    // MARK: Adjacency

    /// Makes sure that one adjacency part of a segment is in memory. No latch is held.
    @inline(never)
    func loadPart(_ segment: SegmentRef, _ index: Int, makesRoom: Bool = true) throws(DeedError) {
        if makesRoom { try makeRoom() }
        segment.pointee.latch.lockShared()
        let (type, direction) = (segment.pointee.adjacency[index].type, segment.pointee.adjacency[index].direction)
        let isLoaded = segment.pointee.adjacency[index].isLoaded
        let generation = segment.pointee.adjacency[index].generation
        segment.pointee.latch.unlockShared()
        if isLoaded { return }
        var part = AdjacencyPart(type: type, direction: direction)
        let key = StoreKeys.part(generation, segment.pointee.number, type, direction)
        do throws(DeedError) {
            try readValue(.adjacency, key) { reader throws(DeedError) in
                try ChunkCodec.decode(&reader, into: &part, pool)
            }
        } catch {
            part.free(pool)
            throw DeedError(
                error.status, "the adjacency of segment \(segment.pointee.number) cannot be read: \(error.message)")
        }
        segment.pointee.latch.lockExclusive()
        defer { segment.pointee.latch.unlockExclusive() }
        if segment.pointee.adjacency[index].isLoaded {
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
