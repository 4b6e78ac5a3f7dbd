// Values as bytes that say by themselves what they are, for rows that are put aside. They are read by the process that wrote
// them, so that neither numbers nor layout are promised to anybody. All kinds of values go in, elements of the graph by id.
//
// One byte for the kind, then: fixed numbers little-endian, sizes and counts as varints, lists and maps with their contents.
// Recursion is as deep as values nest, at most `Value.nestingMax`.

import DeedEngine
import DeedValues

extension Value {
    private enum Tag: UInt8 {
        case null, `false`, `true`, int, float, string, bytes, list, map, date, localTime, zonedTime, localDatetime
        case zonedDatetime, duration, vector, entity, relationship, path, decimal
    }

    func encode(to buffer: inout ByteBuffer) {
        switch self {
        case .null: buffer.append(Tag.null.rawValue)
        case .bool(let value): buffer.append(value ? Tag.true.rawValue : Tag.false.rawValue)
        case .int(let value): Self.append(.int, UInt64(bitPattern: value), to: &buffer)
        case .float(let value): Self.append(.float, value.bitPattern, to: &buffer)
        case .entity(let id): Self.append(.entity, id, to: &buffer)
        case .relationship(let id): Self.append(.relationship, id, to: &buffer)
        case .decimal(let number):
            Self.append(.decimal, UInt64(truncatingIfNeeded: number.coefficient), to: &buffer)
            buffer.append(fixed64: UInt64(truncatingIfNeeded: number.coefficient >> 64))
            buffer.append(number.scale)
        case .string(let text):
            buffer.append(Tag.string.rawValue)
            buffer.append(sized: text)
        case .bytes(let bytes):
            buffer.append(Tag.bytes.rawValue)
            bytes.withUnsafeBytes { buffer.append(sized: $0) }
        case .list(let items):
            buffer.append(Tag.list.rawValue)
            buffer.append(varint: UInt64(items.count))
            for item in items { item.encode(to: &buffer) }
        case .map(let map):
            buffer.append(Tag.map.rawValue)
            buffer.append(varint: UInt64(map.keys.count))
            for key in map.keys { buffer.append(sized: key) }
            for value in map.values { value.encode(to: &buffer) }
        case .vector(let items):
            buffer.append(Tag.vector.rawValue)
            items.withUnsafeBytes { buffer.append(sized: $0) }
        case .path(let path):
            buffer.append(Tag.path.rawValue)
            path.entities.withUnsafeBytes { buffer.append(sized: $0) }
            path.relationships.withUnsafeBytes { buffer.append(sized: $0) }
        default: encodeTemporal(to: &buffer)
        }
    }

    private static func append(_ tag: Tag, _ word: UInt64, to buffer: inout ByteBuffer) {
        buffer.append(tag.rawValue)
        buffer.append(fixed64: word)
    }

    private func encodeTemporal(to buffer: inout ByteBuffer) {
        switch self {
        case .date(let date): Self.append(.date, UInt64(bitPattern: date.days), to: &buffer)
        case .localTime(let time): Self.append(.localTime, UInt64(bitPattern: time.nanoseconds), to: &buffer)
        case .zonedTime(let time):
            Self.append(.zonedTime, UInt64(bitPattern: time.nanoseconds), to: &buffer)
            buffer.append(fixed32: UInt32(bitPattern: time.offset))
        case .localDatetime(let time):
            Self.append(.localDatetime, UInt64(bitPattern: time.seconds), to: &buffer)
            buffer.append(fixed32: time.nanoseconds)
        case .zonedDatetime(let time):
            Self.append(.zonedDatetime, UInt64(bitPattern: time.seconds), to: &buffer)
            buffer.append(fixed32: time.nanoseconds)
            buffer.append(fixed32: UInt32(bitPattern: time.offset))
            buffer.append(sized: time.zone)
        case .duration(let duration):
            Self.append(.duration, UInt64(bitPattern: duration.months), to: &buffer)
            buffer.append(fixed64: UInt64(bitPattern: duration.days))
            buffer.append(fixed64: UInt64(bitPattern: duration.seconds))
            buffer.append(fixed32: UInt32(bitPattern: duration.nanoseconds))
        default: assertionFailure("a value of a kind that is not written")
        }
    }

    // MARK: Reading

    init(decoding reader: inout ByteReader) throws(DeedError) {
        guard let tag = Tag(rawValue: try reader.readByte()) else { throw Self.damaged }
        switch tag {
        case .null: self = .null
        case .false: self = .bool(false)
        case .true: self = .bool(true)
        case .int: self = .int(try reader.readInt64())
        case .float: self = .float(Double(bitPattern: try reader.readFixed64()))
        case .entity: self = .entity(try reader.readFixed64())
        case .relationship: self = .relationship(try reader.readFixed64())
        case .string: self = .string(try reader.readText())
        case .decimal:
            let low = try reader.readFixed64()
            let coefficient = Int128(Int64(bitPattern: try reader.readFixed64())) << 64 | Int128(low)
            guard let number = Decimal(coefficient, scale: Int(try reader.readByte())) else { throw Self.damaged }
            self = .decimal(number)
        case .bytes: self = .bytes([UInt8](try reader.readSized()))
        case .list: self = .list(try Self.decodeItems(try reader.readCount(max: reader.remaining), &reader))
        case .map:
            let count = try reader.readCount(max: reader.remaining)
            var keys: [String] = []
            for _ in 0..<count { keys.append(try reader.readText()) }
            self = .map(MapValue(keys: keys, values: try Self.decodeItems(count, &reader)))
        case .vector: self = .vector(Self.copy(try reader.readSized(), 0))
        case .path:
            let (entities, relationships): ([UInt64], [UInt64]) = (
                Self.copy(try reader.readSized(), 0), Self.copy(try reader.readSized(), 0))
            guard entities.count == relationships.count + 1 else { throw Self.damaged }
            self = .path(PathValue(entities: entities, relationships: relationships))
        default: self = try Self.decodeTemporal(tag, &reader)
        }
    }

    private static func decodeItems(_ count: Int, _ reader: inout ByteReader) throws(DeedError) -> [Value] {
        var items: [Value] = []
        items.reserveCapacity(count)
        for _ in 0..<count { items.append(try Value(decoding: &reader)) }
        return items
    }

    /// Numbers as they lay in an array.
    private static func copy<Number>(_ bytes: UnsafeRawBufferPointer, _ zero: Number) -> [Number] {
        let count = bytes.count / MemoryLayout<Number>.stride
        let whole = UnsafeRawBufferPointer(rebasing: bytes[..<(count * MemoryLayout<Number>.stride)])
        return [Number](unsafeUninitializedCapacity: count) { buffer, initialized in
            UnsafeMutableRawBufferPointer(buffer).copyMemory(from: whole)
            initialized = count
        }
    }

    private static func decodeTemporal(_ tag: Tag, _ reader: inout ByteReader) throws(DeedError) -> Value {
        let first = try reader.readInt64()
        switch tag {
        case .date: return .date(CalendarDate(days: first))
        case .localTime: return .localTime(LocalTime(nanoseconds: first))
        case .zonedTime:
            return .zonedTime(ZonedTime(nanoseconds: first, offset: Int32(bitPattern: try reader.readFixed32())))
        case .localDatetime:
            return .localDatetime(LocalDatetime(seconds: first, nanoseconds: try reader.readFixed32()))
        case .zonedDatetime:
            let (nanoseconds, offset) = (try reader.readFixed32(), Int32(bitPattern: try reader.readFixed32()))
            return .zonedDatetime(
                ZonedDatetime(seconds: first, nanoseconds: nanoseconds, offset: offset, zone: try reader.readText()))
        case .duration:
            let (days, seconds) = (try reader.readInt64(), try reader.readInt64())
            let nanoseconds = Int32(bitPattern: try reader.readFixed32())
            return .duration(CalendarDuration(months: first, days: days, seconds: seconds, nanoseconds: nanoseconds))
        default: throw damaged
        }
    }

    private static var damaged: DeedError { DeedError(.corruption, "a row of a temporary file is damaged") }
}

extension ByteReader {
    fileprivate mutating func readInt64() throws(DeedError) -> Int64 { Int64(bitPattern: try readFixed64()) }
}
