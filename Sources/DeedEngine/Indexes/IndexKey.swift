// Values as bytes whose order is the order of the values, so that an index compares nothing but bytes. Embedded in
// files: do not change. Each value is a byte for its class and then:
//
//   0x01 null                nothing
//   0x10 bool                a byte
//   0x20 number              the float64 that is next below or equal, big-endian with its sign turned round; beyond
//                            2^53, where integers lie between the floats, two bytes more: the distance to it
//                            A decimal is written as the float that is its equal (DecimalFloat.swift in DeedValues). One
//                            that has none: the float below it and its distance as above, FF, a byte for the place of the
//                            first digit and the first 38 digits as a number of 16 bytes; of negative ones, both inverted.
//   0x21 NaN                 nothing
//   0x30 string, 0x31 bytes  the bytes, 00 written as 00 FF, then 00
//   0x40 date                days, as a number of 8 bytes with its sign turned round
//   0x41 local time          nanoseconds, likewise
//   0x42 zoned time          nanoseconds in UTC, likewise
//   0x43 local datetime      seconds, likewise, and nanoseconds in 4 bytes
//   0x44 zoned datetime      the same in UTC
//   0x45 duration            the average length in seconds (16 bytes, sign turned round), nanoseconds (4), and to tell
//                            apart what is equally long, months and days (8 each)
//   0x50 list                its items, then 00
//   0x51 map, 0x52 vector    as bytes
//
// So integers and floats are compared exactly, -0.0 equals 0.0, and times with a zone are equal when they are the same
// moment. A composite key is one value after the other. Where one encoded value begins with another, as "a" with a zero
// byte behind it does with "a", it goes on with FF, which no class has.

import DeedValues
import Glibc

package enum IndexKey {
    /// The class of a value: open ends of a range stay within one.
    package enum Rank: UInt8 {
        case null = 0x01
        case bool = 0x10
        case number = 0x20
        case notANumber = 0x21
        case string = 0x30
        case bytes = 0x31
        case date = 0x40
        case localTime = 0x41
        case zonedTime = 0x42
        case localDatetime = 0x43
        case zonedDatetime = 0x44
        case duration = 0x45
        case list = 0x50
        case map = 0x51
        case vector = 0x52
    }

    /// Appends a value. Of strings and bytes no more than `limit` bytes are looked at.
    @inline(__always)
    package static func append(_ cell: Cell, to buffer: inout ByteBuffer, limit: Int = .max) {
        switch cell.type {
        case .int64: append(Int64(bitPattern: cell.bits), to: &buffer)
        case .string: append(.string, escaped: cell.bytes, to: &buffer, limit)
        default: appendOther(cell, to: &buffer, limit)
        }
    }

    @inline(never)
    private static func appendOther(_ cell: Cell, to buffer: inout ByteBuffer, _ limit: Int) {
        switch cell.type {
        case .null: buffer.append(Rank.null.rawValue)
        case .bool:
            buffer.append(Rank.bool.rawValue)
            buffer.append(cell.bits != 0 ? 1 : 0)
        case .int64: append(Int64(bitPattern: cell.bits), to: &buffer)
        case .float64: append(Double(bitPattern: cell.bits), to: &buffer)
        case .string: append(.string, escaped: cell.bytes, to: &buffer, limit)
        case .bytes: append(.bytes, escaped: cell.bytes, to: &buffer, limit)
        case .date: append(.date, Int64(bitPattern: cell.bits), to: &buffer)
        case .localTime: append(.localTime, Int64(bitPattern: cell.bits), to: &buffer)
        case .map: append(.map, escaped: cell.bytes, to: &buffer, limit)
        case .vector: append(.vector, escaped: cell.bytes, to: &buffer, limit)
        case .zonedTime, .localDatetime, .zonedDatetime, .duration, .list, .decimal:
            let start = buffer.count
            do throws(DeedError) {
                try appendDecoded(cell, to: &buffer, limit)
            } catch {
                // Bytes that are not the encoding of their type are compared as bytes.
                buffer.truncate(to: start)
                append(.bytes, escaped: cell.bytes, to: &buffer, limit)
            }
        }
    }

    private static func appendDecoded(_ cell: Cell, to buffer: inout ByteBuffer, _ limit: Int) throws(DeedError) {
        switch cell.type {
        case .decimal: append(try Decimal(decoding: cell.bytes), to: &buffer)
        case .zonedTime:
            let time = try ZonedTimeValue(decoding: cell.bytes)
            append(.zonedTime, time.nanoseconds &- Int64(time.offset) &* 1_000_000_000, to: &buffer)
        case .localDatetime:
            let datetime = try LocalDatetimeValue(decoding: cell.bytes)
            append(.localDatetime, datetime.seconds, to: &buffer)
            buffer.append(bigEndian32: datetime.nanoseconds)
        case .zonedDatetime:
            let datetime = try ZonedDatetimeValue(decoding: cell.bytes)
            append(.zonedDatetime, datetime.seconds, to: &buffer)
            buffer.append(bigEndian32: datetime.nanoseconds)
        case .duration: append(try DurationValue(decoding: cell.bytes), to: &buffer)
        default:
            var reader = try ListReader(cell.bytes)
            buffer.append(Rank.list.rawValue)
            try appendItems(&reader, to: &buffer, limit)
        }
    }

    private static func appendItems(
        _ reader: inout ListReader, to buffer: inout ByteBuffer, _ limit: Int
    ) throws(DeedError) {
        while let item = try reader.next() {
            if item.type == .list {
                var inner = try ListReader(item.bytes, depth: reader.depth + 1)
                buffer.append(Rank.list.rawValue)
                try appendItems(&inner, to: &buffer, limit)
            } else {
                append(item, to: &buffer, limit: limit)
            }
        }
        buffer.append(0)
    }

    // MARK: Numbers

    @inline(__always)
    private static func turned(_ value: Int64) -> UInt64 { UInt64(bitPattern: value) ^ 1 << 63 }

    private static func append(_ rank: Rank, _ value: Int64, to buffer: inout ByteBuffer) {
        buffer.append(rank.rawValue)
        buffer.append(bigEndian64: turned(value))
    }

    /// Bits that sort as the numbers do.
    @inline(__always)
    private static func sortable(_ value: Double) -> UInt64 {
        let bits = value.bitPattern
        return bits >> 63 != 0 ? ~bits : bits | 1 << 63
    }

    private static let exactBelow = 9_007_199_254_740_992.0

    @inline(__always)
    private static func append(_ value: Int64, to buffer: inout ByteBuffer) {
        let nearest = Double(value)
        if abs(nearest) < exactBelow {
            buffer.append(Rank.number.rawValue)
            buffer.append(bigEndian64: sortable(nearest))
            return
        }
        appendLarge(value, nearest, to: &buffer)
    }

    @inline(never)
    private static func appendLarge(_ value: Int64, _ nearest: Double, to buffer: inout ByteBuffer) {
        // 2^63 itself, to which the largest integers are rounded, is no Int64.
        var below = nearest
        if nearest >= 9_223_372_036_854_775_808.0 || Int64(nearest) > value { below = nearest.nextDown }
        let distance = UInt64(bitPattern: value &- Int64(below))
        buffer.append(Rank.number.rawValue)
        buffer.append(bigEndian64: sortable(below))
        append(distance: distance, to: &buffer)
    }

    private static func append(distance: UInt64, to buffer: inout ByteBuffer) {
        buffer.append(UInt8(truncatingIfNeeded: distance >> 8))
        buffer.append(UInt8(truncatingIfNeeded: distance))
    }

    private static func append(_ value: Double, to buffer: inout ByteBuffer) {
        if value.isNaN {
            buffer.append(Rank.notANumber.rawValue)
            return
        }
        buffer.append(Rank.number.rawValue)
        buffer.append(bigEndian64: sortable(value == 0 ? 0 : value))
        if abs(value) >= exactBelow { append(distance: 0, to: &buffer) }
    }

    private static func append(_ value: Decimal, to buffer: inout ByteBuffer) {
        if let integer = value.exactInteger { return append(integer, to: &buffer) }
        let nearest = value.nearestFloat
        if nearest.order == 0 { return append(nearest.float, to: &buffer) }
        if nearest.float.magnitude >= exactBelow {
            // Where integers lie between floats.
            if let below = value.floor.exactInteger { append(below, to: &buffer) } else { append(below(nearest), to: &buffer) }
        } else {
            append(below(nearest), to: &buffer)
        }
        buffer.append(0xff)
        let digits = Decimal.digits(value.magnitude)
        let whole = value.magnitude * Decimal.powers[Decimal.digitsMax - digits]
        // The place of the first digit, from -37 to 38.
        let place = UInt8(truncatingIfNeeded: 64 + digits - Int(value.scale))
        buffer.append(value.isNegative ? ~place : place)
        let bits = value.isNegative ? ~whole : whole
        buffer.append(bigEndian64: UInt64(truncatingIfNeeded: bits >> 64))
        buffer.append(bigEndian64: UInt64(truncatingIfNeeded: bits))
    }

    /// The greatest float that is less.
    private static func below(_ nearest: Decimal.NearestFloat) -> Double {
        nearest.order > 0 ? nearest.float : nearest.float.nextDown
    }

    /// A month counts as the twelfth part of the Gregorian calendar's average year.
    private static let secondsOfMonth: Int128 = 2_629_746

    private static func append(_ duration: DurationValue, to buffer: inout ByteBuffer) {
        let seconds = Int128(duration.months) * secondsOfMonth + Int128(duration.days) * 86_400 + Int128(duration.seconds)
        let bits = UInt128(bitPattern: seconds) ^ (1 << 127)
        buffer.append(Rank.duration.rawValue)
        buffer.append(bigEndian64: UInt64(truncatingIfNeeded: bits >> 64))
        buffer.append(bigEndian64: UInt64(truncatingIfNeeded: bits))
        buffer.append(bigEndian32: UInt32(bitPattern: duration.nanoseconds))
        buffer.append(bigEndian64: turned(duration.months))
        buffer.append(bigEndian64: turned(duration.days))
    }

    // MARK: Bytes

    /// The beginning of all strings that begin with these bytes.
    package static func append(prefix: UnsafeRawBufferPointer, to buffer: inout ByteBuffer) {
        append(.string, escaped: prefix, to: &buffer, .max)
        buffer.truncate(to: buffer.count - 1)
    }

    @inline(__always)
    private static func append(
        _ rank: Rank, escaped bytes: UnsafeRawBufferPointer, to buffer: inout ByteBuffer, _ limit: Int
    ) {
        buffer.append(rank.rawValue)
        let size = min(bytes.count, limit)
        let start = buffer.count
        buffer.append(UnsafeRawBufferPointer(start: bytes.baseAddress, count: size))
        if size > 0 && containsZero(UnsafeRawBufferPointer(start: buffer.base + start, count: size)) {
            buffer.truncate(to: start)
            for byte in bytes.prefix(size) {
                buffer.append(byte)
                if byte == 0 { buffer.append(0xff) }
            }
        }
        buffer.append(0)
    }

    private static func containsZero(_ bytes: UnsafeRawBufferPointer) -> Bool {
        memchr(bytes.baseAddress.unsafelyUnwrapped, 0, bytes.count) != nil
    }

    // MARK: Ranges

    /// Turns the key of some values into the end of all keys that begin with these values.
    package static func appendEnd(to buffer: inout ByteBuffer) { buffer.append(0xff) }

    /// Turns a key into the least byte string that is greater than all that begin with it.
    package static func advance(_ buffer: inout ByteBuffer, from start: Int = 0) {
        while buffer.count > start {
            let last = buffer.base.load(fromByteOffset: buffer.count - 1, as: UInt8.self)
            buffer.truncate(to: buffer.count - 1)
            if last < 0xff {
                buffer.append(last + 1)
                return
            }
        }
        assertionFailure("a key begins with the class of its value, which is never 255")
    }
}
