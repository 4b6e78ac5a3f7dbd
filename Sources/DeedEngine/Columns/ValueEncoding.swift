// Writing and reading the encodings of ValueType.swift: lists and maps, and the temporal types that are kept as bytes.
//
// The encoder keeps one buffer for a value and everything nested in it. The size of a nested list or map stands before
// its contents but is known only after them, so `end` moves the contents up to make room: one memmove for each level,
// and levels are few. Readers trust nothing: a size, a type or a depth that cannot be is a Corruption error.

import DeedValues
import Glibc

// MARK: Lists and maps

/// Encodes one list or map at a time:
///
///     encoder.beginMap()
///     encoder.appendKey(key)             // keys in any order; `end` sorts them
///     try encoder.append(cell)
///     encoder.appendKey(other)
///     try encoder.beginList() ... try encoder.end()
///     try encoder.end()
///     use(encoder.cell)
///
/// After a call has thrown, `reset` comes before anything else.
package struct NestedEncoder: ~Copyable {
    /// A list or map that has begun and not ended.
    private struct Frame {
        let type: ValueType
        /// Where its contents begin.
        let start: Int
        /// Maps: its first element of `entries`.
        let firstEntry: Int
        var count = 0
    }

    /// An entry of a map: where it begins, and where its key lies.
    private struct Entry {
        let start: Int
        let keyStart: Int
        let keySize: Int
    }

    private var buffer = ByteBuffer(capacity: 256)
    private var scratch = ByteBuffer()
    private var frames: [Frame] = []
    private var entries: [Entry] = []
    private var finished = ValueType.null

    package init() {}

    /// Forgets what was encoded or begun, and keeps the memory.
    package mutating func reset() {
        buffer.removeAll()
        frames.removeAll(keepingCapacity: true)
        entries.removeAll(keepingCapacity: true)
        finished = .null
    }

    /// The value after its last `end`, borrowed until the encoder's next use.
    package var cell: Cell { Cell(type: finished, bytes: buffer.bytes) }

    package mutating func beginList() throws(DeedError) { try begin(.list) }
    package mutating func beginMap() throws(DeedError) { try begin(.map) }

    private mutating func begin(_ type: ValueType) throws(DeedError) {
        guard frames.count < Limits.nestingMax else {
            throw DeedError(.invalidArgument, "lists and maps are nested deeper than \(Limits.nestingMax)")
        }
        if frames.isEmpty {
            reset()
        } else {
            try checkRoom(1)
            frames[frames.count - 1].count += 1
            buffer.append(type.rawValue)
        }
        frames.append(Frame(type: type, start: buffer.count, firstEntry: entries.count))
    }

    /// The key of the value that follows. UTF-8, which the caller has checked.
    package mutating func appendKey(_ key: UnsafeRawBufferPointer) throws(DeedError) {
        assert(frames.last?.type == .map)
        try checkRoom(key.count)
        let start = buffer.count
        buffer.append(sized: key)
        entries.append(Entry(start: start, keyStart: buffer.count - key.count, keySize: key.count))
    }

    /// An item of a list, or the value of the key before it. A list or map that is encoded already goes in as it is,
    /// once its encoding and its depth have been checked.
    package mutating func append(_ cell: Cell) throws(DeedError) {
        assert(!frames.isEmpty)
        try checkRoom(cell.bytes.count)
        if cell.type == .list || cell.type == .map { try validate(nested: cell, depth: frames.count + 1) }
        frames[frames.count - 1].count += 1
        buffer.append(cell.type.rawValue)
        switch cell.type.width {
        case 0: break
        case 1: buffer.append(UInt8(truncatingIfNeeded: cell.bits))
        case 8: buffer.append(fixed64: cell.bits)
        default: buffer.append(sized: cell.bytes)
        }
    }

    /// Ends the list or map begun last. A key that a map has twice is an InvalidArgument error.
    package mutating func end() throws(DeedError) {
        guard let frame = frames.popLast() else { return assertionFailure("nothing has begun") }
        if frame.type == .map {
            assert(entries.count - frame.firstEntry == frame.count)
            try sortEntries(from: frame.firstEntry)
            entries.removeSubrange(frame.firstEntry...)
        }
        let size = buffer.count - frame.start
        scratch.removeAll()
        scratch.append(varint: UInt64(frame.count))
        if frames.isEmpty {
            finished = frame.type
        } else {
            let countSize = scratch.count
            scratch.removeAll()
            scratch.append(varint: UInt64(size + countSize))
            scratch.append(varint: UInt64(frame.count))
        }
        _ = buffer.appendUninitialized(scratch.count)
        let contents = buffer.base + frame.start
        memmove(contents + scratch.count, contents, size)
        contents.copyMemory(from: scratch.base, byteCount: scratch.count)
    }

    private func checkRoom(_ extra: Int) throws(DeedError) {
        // The margin is for the sizes and counts that `end` adds, at most 20 bytes a level.
        guard buffer.count + extra <= Limits.valueBytesMax - 20 * Limits.nestingMax else {
            throw DeedError(.limitExceeded, "a list or map is larger than \(Limits.valueBytesMax) bytes")
        }
    }

    /// Puts the entries of the innermost map, the last thing in the buffer, into ascending order of key.
    private mutating func sortEntries(from first: Int) throws(DeedError) {
        let base = UnsafeRawPointer(buffer.base)
        func key(_ entry: Entry) -> UnsafeRawBufferPointer {
            UnsafeRawBufferPointer(start: base + entry.keyStart, count: entry.keySize)
        }
        let inOrder = (first..<entries.count).dropFirst().allSatisfy {
            compareBytes(key(entries[$0 - 1]), key(entries[$0])) < 0
        }
        if inOrder { return }
        var pieces: [(entry: Entry, end: Int)] = []
        for index in first..<entries.count {
            pieces.append((entries[index], index + 1 < entries.count ? entries[index + 1].start : buffer.count))
        }
        pieces.sort { compareBytes(key($0.entry), key($1.entry)) < 0 }
        for index in pieces.indices.dropFirst()
        where compareBytes(key(pieces[index - 1].entry), key(pieces[index].entry)) == 0 {
            let text = String(decoding: key(pieces[index].entry).prefix(100), as: UTF8.self)
            throw DeedError(.invalidArgument, "a map has the key '\(text)' twice")
        }
        scratch.removeAll()
        for piece in pieces {
            scratch.append(
                UnsafeRawBufferPointer(start: base + piece.entry.start, count: piece.end - piece.entry.start))
        }
        (buffer.base + entries[first].start).copyMemory(from: scratch.base, byteCount: scratch.count)
    }
}

/// Order of byte strings: negative, zero or positive; a prefix comes first.
package func compareBytes(_ left: UnsafeRawBufferPointer, _ right: UnsafeRawBufferPointer) -> Int {
    let common = min(left.count, right.count)
    if common > 0, let leftStart = left.baseAddress, let rightStart = right.baseAddress {
        let order = Int(memcmp(leftStart, rightStart, common))
        if order != 0 { return order }
    }
    return left.count - right.count
}

/// The items of an encoded list in order. Cells borrow from the bytes.
package struct ListReader {
    package let count: Int
    /// 1 for a value of its own; one more for each list or map around it.
    package let depth: Int
    private var reader: ByteReader
    private var left: Int

    package init(_ bytes: UnsafeRawBufferPointer, depth: Int = 1) throws(DeedError) {
        try checkDepth(depth)
        self.depth = depth
        reader = ByteReader(bytes)
        count = try reader.readCount(max: bytes.count)
        left = count
    }

    package mutating func next() throws(DeedError) -> Cell? {
        guard left > 0 else {
            try checkEnd(reader)
            return nil
        }
        left -= 1
        return try readItem(&reader)
    }
}

/// The entries of an encoded map in ascending order of key. Keys and cells borrow from the bytes.
package struct MapReader {
    package let count: Int
    /// 1 for a value of its own; one more for each list or map around it.
    package let depth: Int
    private var reader: ByteReader
    private var left: Int

    package init(_ bytes: UnsafeRawBufferPointer, depth: Int = 1) throws(DeedError) {
        try checkDepth(depth)
        self.depth = depth
        reader = ByteReader(bytes)
        count = try reader.readCount(max: bytes.count)
        left = count
    }

    package mutating func next() throws(DeedError) -> (key: UnsafeRawBufferPointer, value: Cell)? {
        guard left > 0 else {
            try checkEnd(reader)
            return nil
        }
        left -= 1
        let key = try reader.readSized()
        return (key, try readItem(&reader))
    }
}

private func checkDepth(_ depth: Int) throws(DeedError) {
    guard depth <= Limits.nestingMax else { throw DeedError(.corruption, "an encoded value is nested too deep") }
}

private func checkEnd(_ reader: ByteReader) throws(DeedError) {
    guard reader.isAtEnd else { throw DeedError(.corruption, "an encoded value goes on after its end") }
}

/// A type byte and its payload.
private func readItem(_ reader: inout ByteReader) throws(DeedError) -> Cell {
    guard let type = ValueType(rawValue: try reader.readByte()) else {
        throw DeedError(.corruption, "an encoded value has an unknown type")
    }
    switch type.width {
    case 0: return .null
    case 1:
        let byte = try reader.readByte()
        guard byte <= 1 else { throw DeedError(.corruption, "an encoded boolean is neither true nor false") }
        return Cell(type: type, bits: UInt64(byte))
    case 8: return Cell(type: type, bits: try reader.readFixed64())
    default: return Cell(type: type, bytes: try reader.readSized())
    }
}

/// Reads an encoded list or map to its last item, for bytes that come from outside.
package func validate(nested cell: Cell, depth: Int = 1) throws(DeedError) {
    switch cell.type {
    case .list:
        var reader = try ListReader(cell.bytes, depth: depth)
        while let item = try reader.next() { try validate(nested: item, depth: depth + 1) }
    case .map:
        var reader = try MapReader(cell.bytes, depth: depth)
        while let entry = try reader.next() { try validate(nested: entry.value, depth: depth + 1) }
    default: break
    }
}

// MARK: Decimals

extension Decimal {
    package init(decoding bytes: UnsafeRawBufferPointer) throws(DeedError) {
        guard (2...17).contains(bytes.count) else { throw DeedError(.corruption, "an encoded decimal has \(bytes.count) bytes") }
        if bytes.count <= 9 {
            // Amounts: the sign fills what is left out at the top of one word.
            var word: UInt64 = 0
            for index in 1..<bytes.count { word |= UInt64(bytes[index]) &<< UInt64(8 &* (index &- 1)) }
            let shift = UInt64(64 &- 8 &* (bytes.count &- 1))
            guard bytes[0] <= UInt8(Decimal.digitsMax) else { throw DeedError(.corruption, "an encoded decimal is out of range") }
            self.init(unchecked: Int128(Int64(bitPattern: word &<< shift) &>> Int64(shift)), scale: bytes[0])
            return
        }
        var coefficient: Int128 = bytes[bytes.count - 1] & 0x80 != 0 ? -1 : 0
        for index in stride(from: bytes.count - 1, to: 0, by: -1) { coefficient = coefficient << 8 | Int128(bytes[index]) }
        guard let decimal = Decimal(coefficient, scale: Int(bytes[0])) else {
            throw DeedError(.corruption, "an encoded decimal is out of range")
        }
        self = decimal
    }

    package func encode(to buffer: inout ByteBuffer) {
        buffer.append(scale)
        var rest = coefficient
        while true {
            let byte = UInt8(truncatingIfNeeded: rest)
            buffer.append(byte)
            rest >>= 8
            if rest == 0 && byte & 0x80 == 0 || rest == -1 && byte & 0x80 != 0 { return }
        }
    }
}

// MARK: Temporal types

private func checkSize(_ bytes: UnsafeRawBufferPointer, _ isRight: Bool) throws(DeedError) {
    guard isRight else { throw DeedError(.corruption, "an encoded time or duration has \(bytes.count) bytes") }
}

/// A time of day and its offset from UTC.
package struct ZonedTimeValue: Equatable {
    package var nanoseconds: Int64
    package var offset: Int32

    package init(nanoseconds: Int64, offset: Int32) {
        self.nanoseconds = nanoseconds
        self.offset = offset
    }

    package init(decoding bytes: UnsafeRawBufferPointer) throws(DeedError) {
        try checkSize(bytes, bytes.count == 12)
        nanoseconds = Int64(littleEndian: bytes.loadUnaligned(as: Int64.self))
        offset = Int32(littleEndian: bytes.loadUnaligned(fromByteOffset: 8, as: Int32.self))
    }

    package func encode(to buffer: inout ByteBuffer) {
        buffer.append(fixed64: UInt64(bitPattern: nanoseconds))
        buffer.append(fixed32: UInt32(bitPattern: offset))
    }
}

/// Seconds and nanoseconds since 1970-01-01T00:00:00, without a zone.
package struct LocalDatetimeValue: Equatable {
    package var seconds: Int64
    package var nanoseconds: UInt32

    package init(seconds: Int64, nanoseconds: UInt32) {
        self.seconds = seconds
        self.nanoseconds = nanoseconds
    }

    package init(decoding bytes: UnsafeRawBufferPointer) throws(DeedError) {
        try checkSize(bytes, bytes.count == 12)
        seconds = Int64(littleEndian: bytes.loadUnaligned(as: Int64.self))
        nanoseconds = UInt32(littleEndian: bytes.loadUnaligned(fromByteOffset: 8, as: UInt32.self))
    }

    package func encode(to buffer: inout ByteBuffer) {
        buffer.append(fixed64: UInt64(bitPattern: seconds))
        buffer.append(fixed32: nanoseconds)
    }
}

/// Seconds and nanoseconds since the epoch in UTC, with the offset and the name of the zone that it was given in.
package struct ZonedDatetimeValue {
    package var seconds: Int64
    package var nanoseconds: UInt32
    package var offset: Int32
    /// UTF-8, may be empty; borrowed.
    package var zone: UnsafeRawBufferPointer

    package init(seconds: Int64, nanoseconds: UInt32, offset: Int32, zone: UnsafeRawBufferPointer) {
        self.seconds = seconds
        self.nanoseconds = nanoseconds
        self.offset = offset
        self.zone = zone
    }

    package init(decoding bytes: UnsafeRawBufferPointer) throws(DeedError) {
        try checkSize(bytes, bytes.count >= 16)
        seconds = Int64(littleEndian: bytes.loadUnaligned(as: Int64.self))
        nanoseconds = UInt32(littleEndian: bytes.loadUnaligned(fromByteOffset: 8, as: UInt32.self))
        offset = Int32(littleEndian: bytes.loadUnaligned(fromByteOffset: 12, as: Int32.self))
        zone = UnsafeRawBufferPointer(rebasing: bytes[16...])
    }

    package func encode(to buffer: inout ByteBuffer) {
        buffer.append(fixed64: UInt64(bitPattern: seconds))
        buffer.append(fixed32: nanoseconds)
        buffer.append(fixed32: UInt32(bitPattern: offset))
        buffer.append(zone)
    }
}

/// Months, days, seconds and nanoseconds (0 to 999,999,999), each kept apart.
package struct DurationValue: Equatable {
    package var months: Int64
    package var days: Int64
    package var seconds: Int64
    package var nanoseconds: Int32

    package init(months: Int64, days: Int64, seconds: Int64, nanoseconds: Int32) {
        self.months = months
        self.days = days
        self.seconds = seconds
        self.nanoseconds = nanoseconds
    }

    package init(decoding bytes: UnsafeRawBufferPointer) throws(DeedError) {
        try checkSize(bytes, bytes.count == 28)
        months = Int64(littleEndian: bytes.loadUnaligned(as: Int64.self))
        days = Int64(littleEndian: bytes.loadUnaligned(fromByteOffset: 8, as: Int64.self))
        seconds = Int64(littleEndian: bytes.loadUnaligned(fromByteOffset: 16, as: Int64.self))
        nanoseconds = Int32(littleEndian: bytes.loadUnaligned(fromByteOffset: 24, as: Int32.self))
    }

    package func encode(to buffer: inout ByteBuffer) {
        buffer.append(fixed64: UInt64(bitPattern: months))
        buffer.append(fixed64: UInt64(bitPattern: days))
        buffer.append(fixed64: UInt64(bitPattern: seconds))
        buffer.append(fixed32: UInt32(bitPattern: nanoseconds))
    }
}
