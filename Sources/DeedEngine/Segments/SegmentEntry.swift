// The directory entry of a segment: all that must be known of it before its rows are read. Frozen; byte by byte:
//   format 1, varint table, varint rows, varint pheromone epoch,
//   varint generations of the endpoints and of the pheromone (0: not stored),
//   varint count of dead rows, and if there are any a bitmap over the rows (BitmapCodec),
//   varint count of columns, for each varint key and generation,
//   varint count of adjacency parts, for each varint type, direction byte, varint generation.

struct SegmentEntry {
    var table: NameId = 0
    var rowCount = 0
    var pheromoneEpoch: UInt32 = 0
    var endpointsGeneration: UInt64 = 0
    var pheromoneGeneration: UInt64 = 0
    /// A word for each 64 rows; empty when no row is dead.
    var dead: [UInt64] = []
    var columns: [(key: NameId, generation: UInt64)] = []
    var parts: [(type: NameId, direction: Direction, generation: UInt64)] = []

    func encode(into out: inout ByteBuffer) {
        out.append(ChunkCodec.format)
        out.append(varint: UInt64(table))
        out.append(varint: UInt64(rowCount))
        out.append(varint: UInt64(pheromoneEpoch))
        out.append(varint: endpointsGeneration)
        out.append(varint: pheromoneGeneration)
        let deadCount = dead.reduce(0) { $0 + $1.nonzeroBitCount }
        out.append(varint: UInt64(deadCount))
        if deadCount > 0 {
            dead.withUnsafeBufferPointer { words in
                BitmapCodec.encode(words.baseAddress.unsafelyUnwrapped, count: rowCount, into: &out)
            }
        }
        out.append(varint: UInt64(columns.count))
        for column in columns {
            out.append(varint: UInt64(column.key))
            out.append(varint: column.generation)
        }
        out.append(varint: UInt64(parts.count))
        for part in parts {
            out.append(varint: UInt64(part.type))
            out.append(part.direction.rawValue)
            out.append(varint: part.generation)
        }
    }

    init() {}

    init(_ reader: inout ByteReader) throws(DeedError) {
        try ChunkCodec.checkFormat(&reader)
        table = try LogRecord.readNameId(&reader)
        rowCount = try reader.readCount(max: Limits.segmentRows)
        pheromoneEpoch = UInt32(try reader.readCount(max: Int(UInt32.max)))
        endpointsGeneration = try reader.readVarint()
        pheromoneGeneration = try reader.readVarint()
        if try reader.readCount(max: Limits.segmentRows) > 0 {
            let words = UnsafeMutablePointer<UInt64>.allocate(capacity: max(BitmapCodec.wordCount(rowCount), 1))
            defer { words.deallocate() }
            try BitmapCodec.decode(&reader, into: words, count: rowCount)
            dead = Array(UnsafeBufferPointer(start: words, count: BitmapCodec.wordCount(rowCount)))
        }
        for _ in 0..<(try reader.readCount(max: Limits.namesMax)) {
            columns.append((try LogRecord.readNameId(&reader), try reader.readVarint()))
        }
        for _ in 0..<(try reader.readCount(max: 2 * Limits.namesMax)) {
            let type = try LogRecord.readNameId(&reader)
            guard let direction = Direction(rawValue: try reader.readByte()) else {
                throw DeedError(.corruption, "a directory entry with an unknown direction")
            }
            parts.append((type, direction, try reader.readVarint()))
        }
    }
}
