// One value of an Arrow array as a cell: for the types that a fill does not copy in bulk. Lists become lists, structs
// and maps become maps, and both hold what the same types would be outside.

import DeedEngine
import DeedValues

struct ArrowCellReader: ~Copyable {
    private var encoder = NestedEncoder()
    private var scratch = ByteBuffer()

    /// The value at an index, borrowed from the array or, until the next call, from the reader. Messages of errors do
    /// not name the column or the row.
    mutating func cell(_ field: ArrowField, _ view: UnsafePointer<ArrowView>, _ index: Int) throws(DeedError) -> Cell {
        guard view.pointee.isValid(index) else { return .null }
        switch field.kind {
        case .dictionary(let width, let isSigned):
            let place = view.pointee.integer(index, width: width, isSigned: isSigned)
            return try cell(field.children[0], view.pointee.children.unsafelyUnwrapped, place)
        case .runEnd:
            let run = view.pointee.run(index, width: field.children[0].kind.stride)
            return try cell(field.children[1], view.pointee.children.unsafelyUnwrapped + 1, run)
        case .list, .listView, .fixedList, .structure, .map:
            encoder.reset()
            try append(field, view, index)
            return encoder.cell
        default: return try scalar(field, view, index)
        }
    }

    /// Appends the value to the encoder, as an item of what it has begun or as its outermost value.
    private mutating func append(
        _ field: ArrowField, _ view: UnsafePointer<ArrowView>, _ index: Int
    ) throws(DeedError) {
        guard view.pointee.isValid(index) else { return try encoder.append(.null) }
        let children = view.pointee.children.map { UnsafePointer($0) } ?? view
        switch field.kind {
        case .dictionary(let width, let isSigned):
            try append(field.children[0], children, view.pointee.integer(index, width: width, isSigned: isSigned))
        case .runEnd:
            try append(field.children[1], children + 1, view.pointee.run(index, width: field.children[0].kind.stride))
        case .list, .listView, .fixedList:
            try encoder.beginList()
            for item in view.pointee.items(index, field.kind) { try append(field.children[0], children, item) }
            try encoder.end()
        case .structure:
            try encoder.beginMap()
            for place in field.entryOrder {
                try encoder.appendKey(field.children[place].key.bytes)
                try append(field.children[place], children + place, view.pointee.offset + index)
            }
            try encoder.end()
        case .map:
            try encoder.beginMap()
            try appendEntries(field.children[0], children, view.pointee.items(index, .map))
            try encoder.end()
        default: try encoder.append(try scalar(field, view, index))
        }
    }

    private mutating func appendEntries(
        _ field: ArrowField, _ entries: UnsafePointer<ArrowView>, _ items: Range<Int>
    ) throws(DeedError) {
        guard let pair = entries.pointee.children else { return }
        for item in items {
            let place = entries.pointee.offset + item
            try encoder.appendKey(Self.text(field.children[0], pair, place))
            try append(field.children[1], pair + 1, place)
        }
    }

    /// The text of a map's key, which is neither null nor anything but text.
    private static func text(_ field: ArrowField, _ view: UnsafePointer<ArrowView>, _ index: Int)
        -> UnsafeRawBufferPointer
    {
        switch field.kind {
        case .bytes(let layout, _): return view.pointee.bytes(index, layout)
        case .dictionary(let width, let isSigned):
            let place = view.pointee.integer(index, width: width, isSigned: isSigned)
            return text(field.children[0], view.pointee.children.unsafelyUnwrapped, place)
        default:
            let run = view.pointee.run(index, width: field.children[0].kind.stride)
            return text(field.children[1], view.pointee.children.unsafelyUnwrapped + 1, run)
        }
    }

    /// A value that holds no others and is not null.
    private mutating func scalar(
        _ field: ArrowField, _ view: UnsafePointer<ArrowView>, _ index: Int
    ) throws(DeedError) -> Cell {
        let array = view.pointee
        switch field.kind {
        case .bool: return Cell(type: .bool, bits: UInt64(array.bit(index)))
        case .integer(let width, let isSigned):
            let value = array.integer(index, width: width, isSigned: isSigned)
            if width == 8 && !isSigned && value < 0 { throw tooLarge(UInt64(bitPattern: Int64(value))) }
            return int64(.int64, Int64(value))
        case .float(let width): return Cell(type: .float64, bits: Self.float(array, index, width).bitPattern)
        case .bytes(let layout, let isText):
            return Cell(type: isText ? .string : .bytes, bytes: array.bytes(index, layout))
        case .date32: return int64(.date, Int64(array.value(index, as: Int32.self)))
        case .date64: return int64(.date, floorDivide(array.value(index, as: Int64.self), 86_400_000).quotient)
        case .time(let unit):
            let value =
                field.kind.stride == 4 ? Int64(array.value(index, as: Int32.self)) : array.value(index, as: Int64.self)
            return int64(.localTime, try timeOfDay(value, unit))
        case .decimal(let width, scale: 0): return int64(.int64, try Self.integer(array.values + index * width, width))
        case .decimal(let width, let scale):
            scratch.removeAll()
            try Self.decimal(array.values + index * width, width, scale).encode(to: &scratch)
            return Cell(type: .decimal, bytes: scratch.bytes)
        case .vector(let size): return try Self.vector(array, index, size)
        default: return try temporal(field, array, index)
        }
    }

    private func int64(_ type: ValueType, _ value: Int64) -> Cell { Cell(type: type, bits: UInt64(bitPattern: value)) }

    private static func float(_ array: ArrowView, _ index: Int, _ width: Int) -> Double {
        switch width {
        case 2: Double(Float16(bitPattern: array.value(index, as: UInt16.self)))
        case 4: Double(Float(bitPattern: array.value(index, as: UInt32.self)))
        default: Double(bitPattern: array.value(index, as: UInt64.self))
        }
    }

    /// A decimal without digits after the point: a wide integer, of which all words but the lowest must be its sign.
    private static func integer(_ start: UnsafeRawPointer, _ width: Int) throws(DeedError) -> Int64 {
        if width == 4 { return Int64(start.loadUnaligned(as: Int32.self)) }
        let low = start.loadUnaligned(as: Int64.self)
        for offset in stride(from: 8, to: width, by: 8)
        where start.loadUnaligned(fromByteOffset: offset, as: Int64.self) != low >> 63 {
            throw DeedError(.typeMismatch, "a decimal does not fit into a 64-bit integer")
        }
        return low
    }

    private static func decimal(_ start: UnsafeRawPointer, _ width: Int, _ scale: Int) throws(DeedError) -> Decimal {
        var coefficient: Int128
        switch width {
        case 4: coefficient = Int128(start.loadUnaligned(as: Int32.self))
        case 8: coefficient = Int128(start.loadUnaligned(as: Int64.self))
        default:
            let high = start.loadUnaligned(fromByteOffset: 8, as: Int64.self)
            coefficient = Int128(high) << 64 | Int128(start.loadUnaligned(as: UInt64.self))
            // Of 256 bits the others must be the sign.
            for offset in Swift.stride(from: 16, to: width, by: 8)
            where start.loadUnaligned(fromByteOffset: offset, as: Int64.self) != high >> 63 { coefficient = .max }
        }
        guard let decimal = Decimal(coefficient, scale: scale) else {
            throw DeedError(.typeMismatch, "a decimal has more than \(Decimal.digitsMax) digits")
        }
        return decimal
    }

    private static func vector(_ array: ArrowView, _ index: Int, _ size: Int) throws(DeedError) -> Cell {
        guard let floats = array.children?.pointee else { return .null }
        let first = (array.offset + index) * size
        for item in first..<first + size where !floats.isValid(item) {
            throw DeedError(.typeMismatch, "a vector has a null in it")
        }
        return Cell(type: .vector, bytes: UnsafeRawBufferPointer(start: floats.values + first * 4, count: size * 4))
    }

    private mutating func temporal(_ field: ArrowField, _ array: ArrowView, _ index: Int) throws(DeedError) -> Cell {
        scratch.removeAll()
        switch field.kind {
        case .timestamp(let unit, let isZoned):
            let (seconds, nanoseconds) = try instant(array.value(index, as: Int64.self), unit)
            if !isZoned {
                LocalDatetimeValue(seconds: seconds, nanoseconds: nanoseconds).encode(to: &scratch)
                return Cell(type: .localDatetime, bytes: scratch.bytes)
            }
            ZonedDatetimeValue(seconds: seconds, nanoseconds: nanoseconds, offset: field.offset, zone: field.zone.bytes)
                .encode(to: &scratch)
            return Cell(type: .zonedDatetime, bytes: scratch.bytes)
        default:
            Self.duration(field.kind, array, index).encode(to: &scratch)
            return Cell(type: .duration, bytes: scratch.bytes)
        }
    }

    private static func duration(_ kind: ArrowKind, _ array: ArrowView, _ index: Int) -> DurationValue {
        var months: Int64 = 0
        var days: Int64 = 0
        var time = (quotient: Int64(0), remainder: Int64(0))
        var nanosecondsPerStep: Int64 = 1
        switch kind {
        case .duration(let unit):
            time = floorDivide(array.value(index, as: Int64.self), unit.perSecond)
            nanosecondsPerStep = 1_000_000_000 / unit.perSecond
        case .intervalMonths: months = Int64(array.value(index, as: Int32.self))
        case .intervalDayTime:
            let start = array.values + index * 8
            days = Int64(start.loadUnaligned(as: Int32.self))
            time = floorDivide(Int64(start.loadUnaligned(fromByteOffset: 4, as: Int32.self)), 1_000)
            nanosecondsPerStep = 1_000_000
        default:
            let start = array.values + index * 16
            months = Int64(start.loadUnaligned(as: Int32.self))
            days = Int64(start.loadUnaligned(fromByteOffset: 4, as: Int32.self))
            time = floorDivide(start.loadUnaligned(fromByteOffset: 8, as: Int64.self), 1_000_000_000)
        }
        return DurationValue(
            months: months, days: days, seconds: time.quotient,
            nanoseconds: Int32(truncatingIfNeeded: time.remainder * nanosecondsPerStep))
    }
}

// MARK: Conversions that the fill's loops share

/// Division that rounds down, so that the remainder is not negative. The divisor is positive.
@inline(__always)
func floorDivide(_ value: Int64, _ divisor: Int64) -> (quotient: Int64, remainder: Int64) {
    let (quotient, remainder) = value.quotientAndRemainder(dividingBy: divisor)
    return remainder < 0 ? (quotient - 1, remainder + divisor) : (quotient, remainder)
}

/// Seconds since 1970 and nanoseconds. Years must stay within 999,999,999 either way.
@inline(__always)
func instant(_ value: Int64, _ unit: ArrowUnit) throws(DeedError) -> (seconds: Int64, nanoseconds: UInt32) {
    let (seconds, rest) = floorDivide(value, unit.perSecond)
    // Only whole seconds can go beyond: 2^63 milliseconds are 292 million years.
    if unit == .second {
        let days = CivilDate.daysRange
        guard seconds >= days.lowerBound * 86_400, seconds < (days.upperBound + 1) * 86_400 else {
            throw DeedError(.typeMismatch, "a timestamp of \(value) seconds lies beyond the year 999,999,999")
        }
    }
    return (seconds, UInt32(truncatingIfNeeded: rest &* (1_000_000_000 / unit.perSecond)))
}

/// Nanoseconds since midnight.
@inline(__always)
func timeOfDay(_ value: Int64, _ unit: ArrowUnit) throws(DeedError) -> Int64 {
    guard value >= 0, value < 86_400 &* unit.perSecond else {
        throw DeedError(.typeMismatch, "a time of day lies outside the day")
    }
    return value &* (1_000_000_000 / unit.perSecond)
}

@inline(never)
func tooLarge(_ value: UInt64) -> DeedError {
    DeedError(.typeMismatch, "\(value) does not fit into a 64-bit signed integer")
}
