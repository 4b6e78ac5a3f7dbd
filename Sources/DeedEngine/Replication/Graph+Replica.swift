// Replicas: a store opened as a replica takes records of another store's change feed instead of writes of its own. A
// record is applied as one transaction, at the ids and under the sequence that it carries, and enters the replica's own
// log as it came: so a replica recovers from crashes like any store, and others can be fed from it in turn.
//
//   1. A record at or below the last commit was applied before: nothing happens. One beyond the next is refused.
//   2. The chunks of bulk loads are written into the store under a generation of the replica's own.
//   3. The effects are applied as a transaction (Graph+Apply.swift), which is committed with its record.
// A crash before the commit leaves at most some chunks that nobody refers to.

extension Graph {
    /// Applies a record of the feed; false if that has been done before. One thread at a time does; others wait.
    package func applyRecord(_ data: UnsafeRawBufferPointer) throws(DeedError) -> Bool {
        try requireWritable()
        guard options.isReplica else {
            throw DeedError(.invalidArgument, "records are applied to a store that was opened as a replica")
        }
        applying.lock()
        defer { applying.unlock() }
        let (header, effects) = try ShippedRecord.open(data)
        let expected = snapshots.lastCommit + 1
        if header.sequence < expected { return false }
        guard header.sequence == expected else {
            throw DeedError(
                .outOfSequence, "the record is that of commit \(header.sequence), but the next one here is \(expected)")
        }
        let transaction = beginApplying()
        transaction.received = header
        let generations = try receive(effects, into: &transaction.log)
        try apply(transaction.log.bytes, in: transaction)
        for generation in generations { retention.noteLoad(generation: generation, at: header.sequence) }
        try commit(transaction)
        return true
    }

    /// Copies effects as this store's log holds them, and brings the chunks that they carry into the store. Returns the
    /// generations of these.
    private func receive(
        _ effects: UnsafeRawBufferPointer, into log: inout ByteBuffer
    ) throws(DeedError) -> [UInt64] {
        var files = ReceivedChunks(self)
        var reader = EffectReader(effects)
        while true {
            let before = reader.rest
            guard let effect = try reader.next() else { break }
            if case .attachedRows(let load) = effect {
                let generation = try files.put(load)
                LogRecord.attachSegment(
                    load.kind, number: load.number, table: load.table, rows: load.rows, generation: generation,
                    columns: load.columns.map(\.key).filter { $0 != StoreKeys.endpointsColumn }, into: &log)
            } else if case .attach = effect {
                throw DeedError(.corruption, "the record is not one that the change feed gave")
            } else {
                log.append(UnsafeRawBufferPointer(rebasing: before[..<(before.count - reader.rest.count)]))
            }
        }
        return try files.ingest()
    }

    /// A store's own names are numbered by its writers: a replica takes them from the records.
    package func internName(_ kind: NameKind, _ bytes: UnsafeRawBufferPointer) throws(DeedError) -> NameId {
        if kind == .propertyKey && Names.isReserved(bytes) {
            throw DeedError(.invalidArgument, "the name of this property is reserved for the store")
        }
        if let known = names.lookup(kind, bytes) { return known }
        if options.isReplica || options.isReadOnly { throw notWritable() }
        return try names.intern(kind, bytes)
    }
}

/// Sorted files with the chunks of bulk loads. Keys in a file ascend, and segments may come in any order: each file has a
/// generation of its own, and the next one begins where the order breaks.
private struct ReceivedChunks: ~Copyable {
    private let graph: Graph
    private var file: SortedFileWriter?
    private var lastSegment: (kind: RowKind, number: Int)?
    private var paths: [String] = []
    private var generations: [UInt64] = []

    init(_ graph: Graph) { self.graph = graph }

    /// Writes the chunks of a segment; returns their generation.
    mutating func put(_ load: ShippedSegment) throws(DeedError) -> UInt64 {
        try check(load)
        if let last = lastSegment, (last.kind.rawValue, last.number) >= (load.kind.rawValue, load.number) { try finish() }
        if file == nil {
            guard let store = graph.store else { throw DeedError(.internalError, "a replica without a store") }
            file = try SortedFileWriter(store, for: .segments)
            generations.append(graph.takeGeneration())
        }
        lastSegment = (load.kind, load.number)
        let generation = generations[generations.count - 1]
        for column in load.columns.sorted(by: { $0.key < $1.key }) {
            let key = StoreKeys.chunk(generation, load.kind, load.number, column.key)
            try file?.put(key, column.bytes)
        }
        if load.columns.isEmpty {
            // As in BulkLoad: a file must not be empty.
            var blank = ByteBuffer()
            blank.append(ChunkCodec.format)
            try file?.put(StoreKeys.chunk(generation, load.kind, load.number, StoreKeys.endpointsColumn), blank)
        }
        return generation
    }

    /// Chunks come from outside: they must have the rows that they say, or reading them would go astray later.
    private func check(_ load: ShippedSegment) throws(DeedError) {
        var hasEnds = false
        for column in load.columns {
            var reader = ByteReader(column.bytes)
            if column.key == StoreKeys.endpointsColumn {
                for _ in 0..<2 {
                    var ids = IdArray()
                    defer { ids.free(graph.pool, .scratch) }
                    try ChunkCodec.decode(&reader, into: &ids, max: Limits.segmentRows, graph.pool, .scratch)
                    hasEnds = ids.capacity >= load.rows
                    if !hasEnds { break }
                }
            } else {
                var chunk = ColumnChunk()
                defer { chunk.free(graph.pool) }
                try ChunkCodec.decode(&reader, into: &chunk, graph.pool)
            }
        }
        guard hasEnds || load.kind == .entity else {
            throw DeedError(.corruption, "a bulk load in a record has relationships without ends")
        }
    }

    private mutating func finish() throws(DeedError) {
        guard let path = file?.path else { return }
        _ = try file?.finish()
        paths.append(path)
        file = nil
    }

    /// Brings the files into the store.
    mutating func ingest() throws(DeedError) -> [UInt64] {
        try finish()
        for path in paths { try graph.store?.ingest([path], into: .segments) }
        return generations
    }
}
