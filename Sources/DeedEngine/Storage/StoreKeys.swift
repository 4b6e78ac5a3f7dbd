// The keys of the store. Numbers are big-endian, so that keys sort by them. Embedded in files: do not change.
//
//   meta        "format"                                     varint version of the whole layout
//               "mark"                                       see Checkpoint
//               "k" generation(8)                            see CheckpointChain
//               "evaporation"                                see Evaporation
//               "log"                                        see LogRetention
//               "n" kind number(4)                           text of a name
//               "p" gid                                      a prepared transaction, see PreparedDescription
//               "s" kind segment(8)                          directory entry of a segment, see SegmentEntry
//               "x" number(4)                                an index or constraint, see SchemaObject
//               "i" number(4)                                where the nodes of an index begin, see IndexTree.StoredRoot
//   segments    generation(8) kind segment(8) column(4)      an encoded chunk, see ChunkCodec
//               zeros(8) and a key of meta                   the same value again, see WriteBatch
//   adjacency   generation(8) segment(8) type(4) direction   an encoded list, see AdjacencyCodec
//   indexes     index(4) generation(8) node(8)               an encoded node, see IndexNodeCodec
//   log         timestamp(8) piece(4)                        see LogRecord
//
// A generation is the number of the checkpoint or bulk load that wrote a chunk. A chunk is never overwritten: a new
// checkpoint writes new keys, and one last batch makes the directory point to them and deletes the old ones. So a crash
// in the middle leaves the old state whole, and chunks that nobody refers to.

enum StoreKeys {
    /// Format 1 had no schema objects and no indexes.
    static let formatVersion: UInt64 = 2
    /// Columns that are not properties; no name has such a number.
    static let endpointsColumn: UInt32 = 0xFFFF_FFFF
    static let pheromoneColumn: UInt32 = 0xFFFF_FFFE

    static func text(_ name: StaticString) -> ByteBuffer {
        var key = ByteBuffer(capacity: 16)
        name.withUTF8Buffer { key.append(UnsafeRawBufferPointer($0)) }
        return key
    }

    static func name(_ kind: NameKind, _ number: NameId) -> ByteBuffer {
        var key = text("n")
        key.append(kind.rawValue)
        key.append(bigEndian32: number)
        return key
    }

    static func prepared(_ gid: [UInt8]) -> ByteBuffer {
        var key = text("p")
        for byte in gid { key.append(byte) }
        return key
    }

    static func segment(_ kind: RowKind, _ number: Int) -> ByteBuffer {
        var key = text("s")
        key.append(kind.rawValue)
        key.append(bigEndian64: UInt64(number))
        return key
    }

    static func schemaObject(_ number: UInt32) -> ByteBuffer {
        var key = text("x")
        key.append(bigEndian32: number)
        return key
    }

    static func chunk(_ generation: UInt64, _ kind: RowKind, _ segment: Int, _ column: UInt32) -> ByteBuffer {
        var key = ByteBuffer(capacity: 24)
        key.append(bigEndian64: generation)
        key.append(kind.rawValue)
        key.append(bigEndian64: UInt64(segment))
        key.append(bigEndian32: column)
        return key
    }

    /// What the keys of a generation's chunks begin with.
    static func checkpoint(_ generation: UInt64) -> ByteBuffer {
        var key = text("k")
        key.append(bigEndian64: generation)
        return key
    }

    static func generation(_ generation: UInt64) -> ByteBuffer {
        var key = ByteBuffer(capacity: 16)
        key.append(bigEndian64: generation)
        return key
    }

    /// The parts of a chunk's key.
    static func readChunk(
        _ key: UnsafeRawBufferPointer
    ) throws(DeedError) -> (generation: UInt64, kind: RowKind, segment: Int, column: UInt32) {
        var reader = ByteReader(key)
        let generation = try reader.readFixed64().byteSwapped
        let kind = try LogRecord.readKind(&reader)
        let segment = Int(clamping: try reader.readFixed64().byteSwapped)
        return (generation, kind, segment, try reader.readFixed32().byteSwapped)
    }

    static func part(_ generation: UInt64, _ segment: Int, _ type: NameId, _ direction: Direction) -> ByteBuffer {
        var key = ByteBuffer(capacity: 24)
        key.append(bigEndian64: generation)
        key.append(bigEndian64: UInt64(segment))
        key.append(bigEndian32: type)
        key.append(direction.rawValue)
        return key
    }

    static func indexRoot(_ index: UInt32) -> ByteBuffer {
        var key = text("i")
        key.append(bigEndian32: index)
        return key
    }

    static func indexNode(_ index: UInt32, _ generation: UInt64, _ number: UInt64) -> ByteBuffer {
        var key = ByteBuffer(capacity: 24)
        key.append(bigEndian32: index)
        key.append(bigEndian64: generation)
        key.append(bigEndian64: number)
        return key
    }

    static func log(_ timestamp: Timestamp, _ piece: UInt32) -> ByteBuffer {
        var key = ByteBuffer(capacity: 16)
        key.append(bigEndian64: timestamp)
        key.append(bigEndian32: piece)
        return key
    }
}

// Keys and values as buffers: a borrowed buffer lives through the call, where the `bytes` of a temporary would not.

extension WriteBatch {
    mutating func put(_ family: KeyValueStore.Family, _ key: borrowing ByteBuffer, _ value: borrowing ByteBuffer) {
        put(family, key.bytes, value.bytes)
    }

    mutating func put(_ family: KeyValueStore.Family, _ key: borrowing ByteBuffer, _ value: UnsafeRawBufferPointer) {
        put(family, key.bytes, value)
    }

    mutating func delete(_ family: KeyValueStore.Family, _ key: borrowing ByteBuffer) { delete(family, key.bytes) }

    mutating func deleteRange(
        _ family: KeyValueStore.Family, from first: borrowing ByteBuffer, to end: borrowing ByteBuffer
    ) {
        deleteRange(family, from: first.bytes, to: end.bytes)
    }
}

extension SortedFileWriter {
    mutating func put(_ key: borrowing ByteBuffer, _ value: borrowing ByteBuffer) throws(DeedError) {
        try put(key.bytes, value.bytes)
    }

    mutating func put(_ key: borrowing ByteBuffer, _ value: UnsafeRawBufferPointer) throws(DeedError) {
        try put(key.bytes, value)
    }
}

extension KeyValueStore {
    func get(_ family: Family, _ key: borrowing ByteBuffer) throws(DeedError) -> PinnedValue? {
        try get(family, key.bytes)
    }

    func forEach(
        in family: Family, from first: borrowing ByteBuffer, to end: borrowing ByteBuffer,
        _ body: (_ key: UnsafeRawBufferPointer, _ value: UnsafeRawBufferPointer) throws(DeedError) -> Bool
    ) throws(DeedError) {
        try forEach(in: family, from: first.bytes, to: end.bytes, body)
    }
}
