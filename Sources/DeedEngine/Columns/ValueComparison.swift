// Which of two values comes first, for the bounds and lists of constraints.
//
// Numbers compare exactly, whatever their types. Texts and bytes compare byte by byte, which for UTF-8 is
// the order of code points. Times with a zone compare by the moment they stand for. Values of other types, and values of
// two different types, have no order; NaN has none with anything.

import DeedValues
import Glibc

/// -1, 0 or 1 as `left` comes before, is equal to or comes after `right`; nil when the two have no order.
@inline(__always)
package func order(_ left: Cell, _ right: Cell) -> Int? {
    if left.type == .int64 && right.type == .int64 {
        return order(Int64(bitPattern: left.bits), Int64(bitPattern: right.bits))
    }
    return orderOfOthers(left, right)
}

@inline(__always)
private func order<Number: Comparable>(_ left: Number, _ right: Number) -> Int { left < right ? -1 : left == right ? 0 : 1 }

@inline(never)
private func orderOfOthers(_ left: Cell, _ right: Cell) -> Int? {
    switch (left.type, right.type) {
    case (.float64, .float64):
        let (left, right) = (Double(bitPattern: left.bits), Double(bitPattern: right.bits))
        return left.isNaN || right.isNaN ? nil : order(left, right)
    case (.int64, .float64): return order(Int64(bitPattern: left.bits), Double(bitPattern: right.bits))
    case (.float64, .int64): return order(Int64(bitPattern: right.bits), Double(bitPattern: left.bits)).map { -$0 }
    case (.bool, .bool): return order(left.bits, right.bits)
    case (.date, .date), (.localTime, .localTime):
        return order(Int64(bitPattern: left.bits), Int64(bitPattern: right.bits))
    case (.string, .string), (.bytes, .bytes): return compareBytes(left.bytes, right.bytes).signum()
    case (.zonedTime, .zonedTime), (.localDatetime, .localDatetime), (.zonedDatetime, .zonedDatetime):
        guard let left = try? moment(left), let right = try? moment(right) else { return nil }
        return left.seconds != right.seconds
            ? order(left.seconds, right.seconds) : order(left.nanoseconds, right.nanoseconds)
    case (.decimal, .decimal), (.decimal, .int64), (.decimal, .float64): return orderOfDecimals(left, right)
    case (.int64, .decimal), (.float64, .decimal): return orderOfDecimals(right, left).map { -$0 }
    default: return nil
    }
}

/// Of a decimal and any number.
private func orderOfDecimals(_ left: Cell, _ right: Cell) -> Int? {
    guard let one = try? Decimal(decoding: left.bytes) else { return nil }
    switch right.type {
    case .int64: return Decimal.compare(one, Decimal(Int64(bitPattern: right.bits)))
    case .float64:
        let float = Double(bitPattern: right.bits)
        return float.isNaN ? nil : Decimal.compare(one, float)
    default: return (try? Decimal(decoding: right.bytes)).map { Decimal.compare(one, $0) }
    }
}

/// An integer and a float as the numbers they are; every integer is compared whole, however large.
private func order(_ left: Int64, _ right: Double) -> Int? {
    if right.isNaN { return nil }
    if right >= 0x1p63 { return -1 }
    if right < -0x1p63 { return 1 }
    let whole = right.rounded(.towardZero)
    let integer = Int64(whole)
    return left != integer ? order(left, integer) : order(whole, right)
}

/// A time as seconds and nanoseconds, such that those with a zone agree when they mean the same moment.
private func moment(_ cell: Cell) throws(DeedError) -> (seconds: Int64, nanoseconds: Int64) {
    switch cell.type {
    case .zonedTime:
        let value = try ZonedTimeValue(decoding: cell.bytes)
        let perSecond: Int64 = 1_000_000_000
        return (value.nanoseconds / perSecond &- Int64(value.offset), value.nanoseconds % perSecond)
    case .localDatetime:
        let value = try LocalDatetimeValue(decoding: cell.bytes)
        return (value.seconds, Int64(value.nanoseconds))
    default:
        let value = try ZonedDatetimeValue(decoding: cell.bytes)
        return (value.seconds, Int64(value.nanoseconds))
    }
}

/// True if values of this type have an order among themselves.
package func isOrdered(_ type: ValueType) -> Bool {
    switch type {
    case .null, .duration, .list, .map, .vector: false
    default: true
    }
}

/// True if two values are the same: by their order where they have one, otherwise byte by byte.
package func isEqual(_ left: Cell, _ right: Cell) -> Bool {
    if let order = order(left, right) { return order == 0 }
    guard left.type == right.type else { return false }
    return left.type.isFixed ? left.bits == right.bits : compareBytes(left.bytes, right.bytes) == 0
}

/// How long a value is: characters of a text, bytes, items of a list or vector; nil for what has no length.
package func length(_ cell: Cell) -> Int? {
    switch cell.type {
    case .string:
        var count = 0
        // Every character has one byte that does not continue another.
        for byte in cell.bytes where byte & 0xC0 != 0x80 { count &+= 1 }
        return count
    case .bytes: return cell.bytes.count
    case .list: return (try? ListReader(cell.bytes))?.count
    case .vector: return cell.bytes.count / 4
    default: return nil
    }
}

/// True if `part` occurs in `text`.
package func findBytes(_ part: UnsafeRawBufferPointer, in text: UnsafeRawBufferPointer) -> Bool {
    guard let start = text.baseAddress, let partStart = part.baseAddress, part.count > 0 else { return part.isEmpty }
    var rest = UnsafeRawBufferPointer(start: start, count: text.count)
    while rest.count >= part.count, let base = rest.baseAddress {
        // Where the first byte is next, as long as the others fit behind it.
        guard let found = memchr(base, Int32(part[0]), rest.count &- part.count &+ 1) else { return false }
        if memcmp(found, partStart, part.count) == 0 { return true }
        rest = UnsafeRawBufferPointer(rebasing: rest[(found - UnsafeMutableRawPointer(mutating: base) + 1)...])
    }
    return false
}
