// Copies what can be read of a damaged store to a new one; see Repair.swift.

private typealias Key = [UInt8]

final class Salvage {
    private let source: KeyValueStore
    private let target: String
    private let step: () throws(DeedError) -> Void
    private var store: KeyValueStore?
    private(set) var findings: [IntegrityReport.Finding] = []
    private(set) var hasLog = false
    private var mark: Timestamp = 0

    private var names: [NameKind: [Int: [UInt8]]] = [:]
    private var entries: [(kind: RowKind, number: Int, entry: SegmentEntry)] = []

    init(
        from source: KeyValueStore, to target: String, _ step: @escaping () throws(DeedError) -> Void
    ) throws(DeedError) {
        self.source = source
        self.target = target
        self.step = step
        store = try KeyValueStore(path: target)
    }

    func close() {
        store?.close()
        store = nil
    }

    private func add(_ severity: IntegrityReport.Severity, _ place: String, _ message: String, lost: String = "") {
        findings.append(IntegrityReport.Finding(severity: severity, place: place, message: message, lost: lost))
    }

    private func write(_ fill: (inout WriteBatch) throws(DeedError) -> Void) throws(DeedError) {
        guard let store else { return }
        var batch = try WriteBatch(store)
        try fill(&batch)
        if batch.count > 0 { try store.write(batch, sync: false) }
    }

    // MARK: Reading around what is damaged

    /// The keys and values of a range that can be read: from its beginning up to the first damage, and from its end down
    /// to the last. False if there is damage.
    private func readAll(
        _ family: KeyValueStore.Family, _ first: borrowing ByteBuffer, _ end: borrowing ByteBuffer, dropping prefix: Int,
        into values: inout [Key: [UInt8]]
    ) -> Bool {
        do throws(DeedError) {
            try source.forEach(in: family, from: first, to: end) { key, value in
                values[Key(key.dropFirst(prefix))] = [UInt8](value)
                return true
            }
            return true
        } catch {
            return false
        }
    }

    private func get(_ family: KeyValueStore.Family, _ key: Key) -> [UInt8]? {
        do throws(DeedError) {
            return try withBytes(of: key) { bytes throws(DeedError) in
                guard let value = try source.get(family, bytes) else { return nil }
                return [UInt8](value.bytes)
            }
        } catch {
            return nil
        }
    }

    // MARK: The catalogue and the directory

    func copyCatalogue() throws(DeedError) {
        // Keys of the catalogue begin with a letter.
        var first = StoreKeys.text("a")
        var end = ByteBuffer()
        end.append(0xFF)
        var values: [Key: [UInt8]] = [:]
        var mirrored: [Key: [UInt8]] = [:]
        let isWhole = readAll(.meta, first, end, dropping: 0, into: &values)
        first = StoreKeys.generation(0)
        end = StoreKeys.generation(1)
        let isMirrorWhole = readAll(.segments, first, end, dropping: 8, into: &mirrored)
        // One of them lacks nothing, or together they have what there is; single keys may be readable even so.
        if !isWhole {
            for (key, value) in mirrored where values[key] == nil { values[key] = get(.meta, key) ?? value }
            let text = "the catalogue is damaged in one of the two places where it is kept"
            add(isMirrorWhole ? .warning : .error, "the catalogue", text, lost: isMirrorWhole ? "" : "names and tables, perhaps")
        }
        try readDirectory(&values)
        try completeNames(&values)
        try setMark(&values)
        // What the log below the mark was kept for is not served by a repaired store.
        values[Key("log".utf8)] = nil
        // Indexes are made from the rows when the store is opened.
        for key in values.keys where key.first == UInt8(ascii: "i") { values[key] = nil }
        var format = ByteBuffer()
        format.append(varint: StoreKeys.formatVersion)
        values[Key("format".utf8)] = values[Key("format".utf8)] ?? [UInt8](format.bytes)
        try write { batch throws(DeedError) in
            for (key, value) in values {
                try withBytes(of: key) { key throws(DeedError) in
                    try withBytes(of: value) { value throws(DeedError) in batch.put(.meta, key, value) }
                }
            }
        }
    }

    /// Takes the directory out of the values: what it names is looked at first.
    private func readDirectory(_ values: inout [Key: [UInt8]]) throws(DeedError) {
        for (key, value) in values where key.first == UInt8(ascii: "s") {
            values[key] = nil
            do throws(DeedError) {
                let (kind, number) = try withBytes(of: key) { bytes throws(DeedError) in
                    var reader = ByteReader(bytes)
                    _ = try reader.readByte()
                    return (try LogRecord.readKind(&reader), Int(clamping: try reader.readFixed64().byteSwapped))
                }
                let entry = try withBytes(of: value) { bytes throws(DeedError) in
                    var reader = ByteReader(bytes)
                    return try SegmentEntry(&reader)
                }
                entries.append((kind, number, entry))
            } catch {
                add(.error, "an entry of the directory", error.message, lost: "the rows of a segment")
            }
        }
        entries.sort { ($0.kind.rawValue, $0.number) < ($1.kind.rawValue, $1.number) }
    }

    /// Gives names that are lost another text, since numbers refer to them.
    private func completeNames(_ values: inout [Key: [UInt8]]) throws(DeedError) {
        for kind in NameKind.allCases {
            var count = 0
            for key in values.keys where key.count == 6 && key[0] == UInt8(ascii: "n") && key[1] == kind.rawValue {
                count = max(count, Int(UInt32(bigEndianBytes: key[2...])) + 1)
            }
            for entry in entries {
                let table: NameKind = entry.kind == .entity ? .collection : .relationshipType
                if kind == table { count = max(count, Int(entry.entry.table) + 1) }
                if kind == .propertyKey { for column in entry.entry.columns { count = max(count, Int(column.key) + 1) } }
            }
            names[kind] = [:]
            for number in 0..<min(count, Limits.namesMax) {
                let key = Key(StoreKeys.name(kind, NameId(number)))
                if values[key] == nil {
                    values[key] = Array("lost \(kind) \(number)".utf8)
                    add(.error, "the \(kind) with number \(number)", "its name is lost", lost: "the name")
                }
                names[kind]?[number] = values[key]
            }
        }
    }

    private func setMark(_ values: inout [Key: [UInt8]]) throws(DeedError) {
        let key = Key("mark".utf8)
        if let value = values[key] {
            mark = try withBytes(of: value) { bytes throws(DeedError) in
                var reader = ByteReader(bytes)
                return try reader.readVarint()
            }
        } else if !entries.isEmpty {
            let generations = entries.flatMap { $0.entry.columns.map(\.generation) + [$0.entry.endpointsGeneration] }
            var value = ByteBuffer()
            value.append(varint: 1)
            value.append(varint: (generations.max() ?? 0) + 1)
            values[key] = [UInt8](value.bytes)
            mark = 1
            add(.error, "the catalogue", "the number of the last commit is lost", lost: "commits since the last checkpoint")
        }
    }

    // MARK: Chunks

    func copyChunks() throws(DeedError) {
        let pool = MemoryPool(limit: 256 << 20)
        for (kind, number, old) in entries {
            try step()
            var entry = old
            entry.columns = []
            // The lists are made again, and statistics can be gathered again.
            entry.parts = []
            entry.pheromoneGeneration = 0
            for column in old.columns where try copyChunk(kind, number, column.key, column.generation, pool, {
                (reader: inout ByteReader) throws(DeedError) in
                var chunk = ColumnChunk()
                defer { chunk.free(pool) }
                try ChunkCodec.decode(&reader, into: &chunk, pool)
            }) {
                entry.columns.append(column)
            }
            for column in old.columns where !entry.columns.contains(where: { $0.key == column.key }) {
                let property = text(.propertyKey, column.key)
                add(.error, describe(kind, number, old), "the values of '\(property)' cannot be read",
                    lost: "the property '\(property)' of these rows")
            }
            if old.endpointsGeneration != 0 { try copyEndpoints(kind, number, old, &entry, pool) }
            if old.pheromoneGeneration != 0 { try copyPheromone(kind, number, old, &entry, pool) }
            var value = ByteBuffer()
            entry.encode(into: &value)
            let key = StoreKeys.segment(kind, number)
            try write { batch in batch.put(.meta, key, value) }
        }
        guard let store else { return }
        for family in KeyValueStore.Family.allCases { try store.flush(family) }
    }

    private func copyEndpoints(
        _ kind: RowKind, _ number: Int, _ old: SegmentEntry, _ entry: inout SegmentEntry, _ pool: MemoryPool
    ) throws(DeedError) {
        let isCopied = try copyChunk(kind, number, StoreKeys.endpointsColumn, old.endpointsGeneration, pool) {
            (reader: inout ByteReader) throws(DeedError) in
            for _ in 0..<2 {
                var ids = IdArray()
                defer { ids.free(pool, .columns) }
                try ChunkCodec.decode(&reader, into: &ids, max: Limits.segmentRows, pool, .columns)
            }
        }
        if isCopied { return }
        // Rows without ends are no relationships. Their ids are not given to others.
        entry.columns = []
        entry.endpointsGeneration = 0
        entry.dead = [UInt64](repeating: .max, count: BitmapCodec.wordCount(entry.rowCount))
        if entry.rowCount % 64 != 0, !entry.dead.isEmpty {
            entry.dead[entry.dead.count - 1] = (1 << UInt64(entry.rowCount % 64)) - 1
        }
        add(.error, describe(kind, number, old), "their ends cannot be read", lost: "these relationships")
    }

    private func copyPheromone(
        _ kind: RowKind, _ number: Int, _ old: SegmentEntry, _ entry: inout SegmentEntry, _ pool: MemoryPool
    ) throws(DeedError) {
        let isCopied = try copyChunk(kind, number, StoreKeys.pheromoneColumn, old.pheromoneGeneration, pool) {
            (reader: inout ByteReader) throws(DeedError) in
            try ChunkCodec.checkFormat(&reader)
            let count = try reader.readCount(max: Limits.segmentRows)
            let cells = UnsafeMutablePointer<UInt64>.allocate(capacity: max(count, 1))
            defer { cells.deallocate() }
            if count > 0 { try IntegerCodec.decode(&reader, into: cells, count: count) }
        }
        if isCopied {
            entry.pheromoneGeneration = old.pheromoneGeneration
        } else {
            add(.warning, describe(kind, number, old), "their pheromone cannot be read; it starts again", lost: "pheromone")
        }
    }

    /// True if the chunk could be read and decoded.
    private func copyChunk(
        _ kind: RowKind, _ number: Int, _ column: UInt32, _ generation: UInt64, _ pool: MemoryPool,
        _ decode: (inout ByteReader) throws(DeedError) -> Void
    ) throws(DeedError) -> Bool {
        let key = StoreKeys.chunk(generation, kind, number, column)
        // When RocksDB has made its manifest again, ingested tables are in its first family, as they do not name theirs.
        for family in [KeyValueStore.Family.segments, .meta] {
            do throws(DeedError) {
                guard let value = try source.get(family, key) else { continue }
                var reader = ByteReader(value.bytes)
                try decode(&reader)
            } catch {
                if error.status == .outOfMemory { throw error }
                continue
            }
            guard let value = try source.get(family, key) else { continue }
            let bytes = value.bytes
            try write { batch in batch.put(.segments, key, bytes) }
            return true
        }
        return false
    }

    private func text(_ kind: NameKind, _ number: NameId) -> String {
        String(decoding: names[kind]?[Int(number)] ?? [], as: UTF8.self)
    }

    private func describe(_ kind: RowKind, _ number: Int, _ entry: SegmentEntry) -> String {
        let first = rowId(segment: number, row: number == 0 ? 1 : 0)
        let last = rowId(segment: number, row: max(entry.rowCount - 1, 0))
        let table = text(kind == .entity ? .collection : .relationshipType, entry.table)
        return kind == .entity
            ? "entities \(first) to \(last) of collection '\(table)'" : "relationships \(first) to \(last) of type '\(table)'"
    }

    // MARK: The log

    /// Copies the records above the mark, as far as they are without a gap.
    func copyLog() throws(DeedError) {
        let target = try KeyValueStore(path: target)
        defer { target.close() }
        var last = mark
        do throws(DeedError) {
            let end = StoreKeys.log(.max, .max)
            try source.forEach(in: .log, from: StoreKeys.log(mark + 1, 0), to: end) { key, value throws(DeedError) in
                var reader = ByteReader(key)
                let timestamp = try reader.readFixed64().byteSwapped
                if timestamp > last + 1 { return false }
                last = timestamp
                var batch = try WriteBatch(target)
                batch.put(.log, key, value)
                try target.write(batch, sync: false)
                return true
            }
        } catch {
            add(.error, "the log", error.message, lost: "commits after number \(last)")
        }
        hasLog = last > mark
        try target.flush(.log)
    }
}

extension UInt32 {
    fileprivate init(bigEndianBytes bytes: ArraySlice<UInt8>) { self = bytes.reduce(0) { $0 << 8 | UInt32($1) } }
}

extension [UInt8] {
    fileprivate init(_ buffer: borrowing ByteBuffer) { self = [UInt8](buffer.bytes) }
}

/// Lends the bytes of an array; the closures of the standard library cannot throw typed errors.
private func withBytes<Result: ~Copyable>(
    of array: [UInt8], _ body: (UnsafeRawBufferPointer) throws(DeedError) -> Result
) throws(DeedError) -> Result {
    let copy = UnsafeMutableRawBufferPointer.allocate(byteCount: array.count, alignment: 8)
    defer { copy.deallocate() }
    copy.copyBytes(from: array)
    return try body(UnsafeRawBufferPointer(copy))
}
