// Encoding of column chunks, endpoints, pheromone and adjacency lists for the store. Frozen; byte by byte:
//
//   chunk       format 1, type byte, 1 if mixed, varint rows, validity (BitmapCodec; one byte when all are valid), then
//                 bool               IntegerCodec over bytes
//                 int64 date time    IntegerCodec over words
//                 float64            FloatCodec
//                 others             ByteStringCodec
//                 mixed              IntegerCodec over type bytes, IntegerCodec over the tails of fixed values,
//                                    ByteStringCodec over the others, both with blanks where the row is of the other sort
//   ids         format 1, 1 if wide, varint count, IntegerCodec
//   endpoints   ids of the sources, ids of the targets
//   pheromone   format 1, varint count, IntegerCodec over the cells
//   adjacency   format 1, varint rows, IntegerCodec over the degrees, ids of neighbours, ids of relationships
//
// Null rows are written as zeros, so that what was there before does not stay on disk.

import Glibc

enum ChunkCodec {
    static let format: UInt8 = 1

    static func checkFormat(_ reader: inout ByteReader) throws(DeedError) {
        let found = try reader.readByte()
        guard found == format else {
            throw DeedError(.corruption, "a chunk of format \(found); this is for format \(format)")
        }
    }

    // MARK: Chunks

    static func encode(_ chunk: ColumnChunk, rows: Int, into out: inout ByteBuffer) {
        let count = min(rows, chunk.capacity)
        out.append(format)
        out.append(chunk.type.rawValue)
        out.append(chunk.isMixed ? 1 : 0)
        out.append(varint: UInt64(count))
        if count == 0 { return }
        let words = UnsafeMutablePointer<UInt64>.allocate(capacity: BitmapCodec.wordCount(count))
        defer { words.deallocate() }
        words.initialize(repeating: 0, count: BitmapCodec.wordCount(count))
        var validCount = 0
        for row in 0..<count where chunk.isValid(row) {
            words[row &>> 6] |= 1 &<< UInt64(row & 63)
            validCount &+= 1
        }
        BitmapCodec.encode(words, count: count, into: &out)
        if chunk.isMixed {
            encodeMixed(chunk, count, into: &out)
        } else if chunk.type.width == 8 {
            encodeWords(chunk, count, isDense: validCount == count, into: &out)
        } else if chunk.type.width == 1 {
            let bytes = UnsafeMutablePointer<UInt8>.allocate(capacity: count)
            defer { bytes.deallocate() }
            for row in 0..<count { bytes[row] = UInt8(truncatingIfNeeded: chunk.cell(at: row).bits) }
            IntegerCodec.encode(bytes, count: count, into: &out)
        } else if chunk.type != .null {
            encodeSlots(chunk, count, isDense: validCount == count, into: &out) { _ in true }
        }
    }

    private static func encodeWords(_ chunk: ColumnChunk, _ count: Int, isDense: Bool, into out: inout ByteBuffer) {
        var words = chunk.data.unsafelyUnwrapped.assumingMemoryBound(to: UInt64.self)
        if !isDense {
            let copy = UnsafeMutablePointer<UInt64>.allocate(capacity: count)
            for row in 0..<count { copy[row] = chunk.cell(at: row).bits }
            words = copy
        }
        defer { if !isDense { words.deallocate() } }
        if chunk.type == .float64 {
            FloatCodec.encode(words, count: count, into: &out)
        } else {
            IntegerCodec.encode(words, count: count, into: &out)
        }
    }

    private static func encodeSlots(
        _ chunk: ColumnChunk, _ count: Int, isDense: Bool, into out: inout ByteBuffer, where isWanted: (Int) -> Bool
    ) {
        if isDense {
            ByteStringCodec.encode(chunk.slots, count: count, arena: chunk.arena.map { UnsafeRawPointer($0) }, into: &out)
            return
        }
        let copy = UnsafeMutablePointer<ByteSlot>.allocate(capacity: count)
        defer { copy.deallocate() }
        for row in 0..<count {
            let isThere = chunk.isValid(row) && isWanted(row)
            copy[row] = isThere ? chunk.slots[row] : ByteSlot(length: 0, prefix: 0, tail: 0)
        }
        ByteStringCodec.encode(copy, count: count, arena: chunk.arena.map { UnsafeRawPointer($0) }, into: &out)
    }

    private static func encodeMixed(_ chunk: ColumnChunk, _ count: Int, into out: inout ByteBuffer) {
        let tags = UnsafeMutablePointer<UInt8>.allocate(capacity: count)
        let tails = UnsafeMutablePointer<UInt64>.allocate(capacity: count)
        defer {
            tags.deallocate()
            tails.deallocate()
        }
        for row in 0..<count {
            let raw = chunk.raw(at: row)
            tags[row] = raw.type.rawValue
            tails[row] = raw.type.isFixed ? raw.slot.tail : 0
        }
        IntegerCodec.encode(tags, count: count, into: &out)
        IntegerCodec.encode(tails, count: count, into: &out)
        encodeSlots(chunk, count, isDense: false, into: &out) { !chunk.raw(at: $0).type.isFixed }
    }

    /// Fills an empty chunk. On an error the chunk is empty again.
    static func decode(_ reader: inout ByteReader, into chunk: inout ColumnChunk, _ pool: MemoryPool) throws(DeedError) {
        do throws(DeedError) {
            try decodeContents(&reader, into: &chunk, pool)
        } catch {
            chunk.free(pool)
            throw error
        }
    }

    private static func decodeContents(
        _ reader: inout ByteReader, into chunk: inout ColumnChunk, _ pool: MemoryPool
    ) throws(DeedError) {
        try checkFormat(&reader)
        guard let type = ValueType(rawValue: try reader.readByte()) else {
            throw DeedError(.corruption, "a chunk of unknown type")
        }
        let isMixed = try reader.readByte() != 0
        let count = try reader.readCount(max: Limits.segmentRows)
        if count == 0 { return }
        let words = UnsafeMutablePointer<UInt64>.allocate(capacity: BitmapCodec.wordCount(count))
        defer { words.deallocate() }
        try BitmapCodec.decode(&reader, into: words, count: count)
        if isMixed {
            try decodeMixed(&reader, type, count, into: &chunk, pool)
        } else if type.isFixed {
            try chunk.begin(type: type, mixed: false, rows: count, arenaBytes: 0, pool)
            try decodeFixed(&reader, type, count, chunk.data)
        } else {
            let header = try ByteStringCodec.readHeader(&reader)
            try chunk.begin(type: type, mixed: false, rows: count, arenaBytes: header.arenaSize, pool)
            try ByteStringCodec.decode(header, &reader, into: chunk.slots, count: count, arena: chunk.arena)
            chunk.setArenaCount(header.arenaSize)
        }
        try setValidity(words, count, of: &chunk, pool)
    }

    private static func decodeFixed(
        _ reader: inout ByteReader, _ type: ValueType, _ count: Int, _ data: UnsafeMutableRawPointer?
    ) throws(DeedError) {
        guard let data else { return }
        switch type {
        case .null: return
        case .bool: try IntegerCodec.decode(&reader, into: data.assumingMemoryBound(to: UInt8.self), count: count)
        case .float64: try FloatCodec.decode(&reader, into: data.assumingMemoryBound(to: UInt64.self), count: count)
        default: try IntegerCodec.decode(&reader, into: data.assumingMemoryBound(to: UInt64.self), count: count)
        }
    }

    private static func decodeMixed(
        _ reader: inout ByteReader, _ type: ValueType, _ count: Int, into chunk: inout ColumnChunk, _ pool: MemoryPool
    ) throws(DeedError) {
        let tags = UnsafeMutablePointer<UInt8>.allocate(capacity: count)
        let tails = UnsafeMutablePointer<UInt64>.allocate(capacity: count)
        defer {
            tags.deallocate()
            tails.deallocate()
        }
        try IntegerCodec.decode(&reader, into: tags, count: count)
        try IntegerCodec.decode(&reader, into: tails, count: count)
        let header = try ByteStringCodec.readHeader(&reader)
        try chunk.begin(type: type, mixed: true, rows: count, arenaBytes: header.arenaSize, pool)
        try ByteStringCodec.decode(header, &reader, into: chunk.slots, count: count, arena: chunk.arena)
        chunk.setArenaCount(header.arenaSize)
        for row in 0..<count {
            guard let tag = ValueType(rawValue: tags[row]) else { throw DeedError(.corruption, "a value of unknown type") }
            chunk.tags.unsafelyUnwrapped[row] = tags[row]
            if tag.isFixed { chunk.slots[row] = ByteSlot(length: 0, prefix: 0, tail: tails[row]) }
        }
    }

    private static func setValidity(
        _ words: UnsafeMutablePointer<UInt64>, _ count: Int, of chunk: inout ColumnChunk, _ pool: MemoryPool
    ) throws(DeedError) {
        var leading = 0
        while leading < count && words[leading &>> 6] & (1 &<< UInt64(leading & 63)) != 0 { leading &+= 1 }
        var isPrefix = true
        for row in leading..<count where words[row &>> 6] & (1 &<< UInt64(row & 63)) != 0 {
            isPrefix = false
            break
        }
        if isPrefix {
            chunk.setAllValid(leading)
        } else {
            let bitmap = try chunk.makeEmptyBitmap(pool)
            for row in 0..<count { bitmap[row &>> 6] |= words[row &>> 6] & (1 &<< UInt64(row & 63)) }
        }
    }

    // MARK: Ids

    static func encode(_ ids: IdArray, count: Int, into out: inout ByteBuffer) {
        let present = min(count, ids.capacity)
        out.append(format)
        out.append(ids.isWide ? 1 : 0)
        out.append(varint: UInt64(present))
        if present == 0 { return }
        if ids.isWide {
            IntegerCodec.encode(ids.wide, count: present, into: &out)
        } else {
            IntegerCodec.encode(ids.narrow, count: present, into: &out)
        }
    }

    static func decode(
        _ reader: inout ByteReader, into ids: inout IdArray, max countMax: Int, _ pool: MemoryPool, _ part: MemoryPool.Part
    ) throws(DeedError) {
        try checkFormat(&reader)
        let isWide = try reader.readByte() != 0
        let count = try reader.readCount(max: countMax)
        try ids.allocate(count, largest: isWide ? .max : 0, pool, part)
        if count == 0 { return }
        if isWide {
            try IntegerCodec.decode(&reader, into: ids.wide, count: count)
        } else {
            try IntegerCodec.decode(&reader, into: ids.narrow, count: count)
        }
    }

    // MARK: Pheromone

    static func encode(cells: UnsafePointer<UInt64>, count: Int, into out: inout ByteBuffer) {
        out.append(format)
        out.append(varint: UInt64(count))
        if count > 0 { IntegerCodec.encode(cells, count: count, into: &out) }
    }

    // MARK: Adjacency

    /// The base of a part, which must be merged.
    static func encode(_ part: AdjacencyPart, into out: inout ByteBuffer) {
        out.append(format)
        out.append(varint: UInt64(part.baseRows))
        let degrees = UnsafeMutablePointer<UInt32>.allocate(capacity: max(part.baseRows, 1))
        defer { degrees.deallocate() }
        for row in 0..<part.baseRows { degrees[row] = UInt32(part.baseRange(row).count) }
        if part.baseRows > 0 { IntegerCodec.encode(degrees, count: part.baseRows, into: &out) }
        encode(part.neighbors, count: part.baseCount, into: &out)
        encode(part.relationships, count: part.baseCount, into: &out)
    }

    /// Fills the base of an empty part. On an error the part is empty again.
    static func decode(_ reader: inout ByteReader, into part: inout AdjacencyPart, _ pool: MemoryPool) throws(DeedError) {
        try checkFormat(&reader)
        let rows = try reader.readCount(max: Limits.segmentRows)
        let degrees = UnsafeMutablePointer<UInt32>.allocate(capacity: max(rows, 1))
        defer { degrees.deallocate() }
        if rows > 0 { try IntegerCodec.decode(&reader, into: degrees, count: rows) }
        var total = 0
        for row in 0..<rows { total += Int(degrees[row]) }
        var neighbors = IdArray()
        var relationships = IdArray()
        do throws(DeedError) {
            try decode(&reader, into: &neighbors, max: Int(UInt32.max), pool, .adjacency)
            try decode(&reader, into: &relationships, max: Int(UInt32.max), pool, .adjacency)
            guard neighbors.capacity == total, relationships.capacity == total else {
                throw DeedError(.corruption, "an adjacency list whose degrees do not add up")
            }
            try part.adoptBase(rows: rows, degrees: degrees, neighbors, relationships, pool)
        } catch {
            neighbors.free(pool, .adjacency)
            relationships.free(pool, .adjacency)
            throw error
        }
    }
}
