// From the cells of the store to the values of queries, and back.

import DeedValues

extension Value {
    /// A copy of what a cell holds. `depth` is 1 for a value of its own; one more for each list or map around it.
    package init(_ cell: Cell, depth: Int = 1) throws(DeedError) {
        switch cell.type {
        case .null: self = .null
        case .bool: self = .bool(cell.bits != 0)
        case .int64: self = .int(Int64(bitPattern: cell.bits))
        case .float64: self = .float(Double(bitPattern: cell.bits))
        case .string: self = .string(String(decoding: cell.bytes, as: UTF8.self))
        case .bytes: self = .bytes(Array(cell.bytes))
        case .date: self = .date(CalendarDate(days: Int64(bitPattern: cell.bits)))
        case .localTime: self = .localTime(LocalTime(nanoseconds: Int64(bitPattern: cell.bits)))
        case .vector:
            self = .vector((0..<cell.bytes.count / 4).map { cell.bytes.loadUnaligned(fromByteOffset: $0 &* 4, as: Float.self) })
        case .list: self = try Self.list(cell, depth)
        case .map: self = try Self.map(cell, depth)
        case .decimal: self = .decimal(try Decimal(decoding: cell.bytes))
        case .zonedTime, .localDatetime, .zonedDatetime, .duration: self = try Self.temporal(cell)
        }
    }

    private static func list(_ cell: Cell, _ depth: Int) throws(DeedError) -> Value {
        var reader = try ListReader(cell.bytes, depth: depth)
        var items: [Value] = []
        items.reserveCapacity(reader.count)
        while let item = try reader.next() { items.append(try Value(item, depth: depth + 1)) }
        return .list(items)
    }

    private static func map(_ cell: Cell, _ depth: Int) throws(DeedError) -> Value {
        var reader = try MapReader(cell.bytes, depth: depth)
        var keys: [String] = []
        var values: [Value] = []
        while let entry = try reader.next() {
            keys.append(String(decoding: entry.key, as: UTF8.self))
            values.append(try Value(entry.value, depth: depth + 1))
        }
        return .map(MapValue(keys: keys, values: values))
    }

    private static func temporal(_ cell: Cell) throws(DeedError) -> Value {
        switch cell.type {
        case .zonedTime:
            let time = try ZonedTimeValue(decoding: cell.bytes)
            return .zonedTime(ZonedTime(nanoseconds: time.nanoseconds, offset: time.offset))
        case .localDatetime:
            let datetime = try LocalDatetimeValue(decoding: cell.bytes)
            return .localDatetime(LocalDatetime(seconds: datetime.seconds, nanoseconds: datetime.nanoseconds))
        case .zonedDatetime:
            let datetime = try ZonedDatetimeValue(decoding: cell.bytes)
            return .zonedDatetime(
                ZonedDatetime(
                    seconds: datetime.seconds, nanoseconds: datetime.nanoseconds, offset: datetime.offset,
                    zone: String(decoding: datetime.zone, as: UTF8.self)))
        default:
            let duration = try DurationValue(decoding: cell.bytes)
            return .duration(
                CalendarDuration(
                    months: duration.months, days: duration.days, seconds: duration.seconds,
                    nanoseconds: duration.nanoseconds))
        }
    }
}

/// Encodes values into memory of its own, which it keeps from use to use. After a call has thrown, `removeAll` comes
/// before anything else. One thread at a time.
package final class ValueEncoder {
    private struct Pending {
        let key: NameId
        let type: ValueType
        let bits: UInt64
        let offset: Int
        let size: Int
    }

    private var pending: [Pending] = []
    /// The bytes of the values that are kept as bytes.
    private var buffer = ByteBuffer(capacity: 256)
    private var item = ByteBuffer()
    private var nested = NestedEncoder()
    private var cells: [PropertyCell] = []

    package init() {}

    package func removeAll() {
        pending.removeAll(keepingCapacity: true)
        buffer.removeAll()
        nested.reset()
    }

    /// Adds a value. TypeMismatch for an element of the graph, or a list or map with one in it.
    package func append(_ key: NameId, _ value: Value) throws(DeedError) {
        switch value {
        case .list, .map:
            try encode(value)
            append(key, nested.cell)
        default: append(key, try cell(value))
        }
    }

    func append(_ key: NameId, _ cell: Cell) {
        pending.append(Pending(key: key, type: cell.type, bits: cell.bits, offset: buffer.count, size: cell.bytes.count))
        buffer.append(cell.bytes)
    }

    /// Calls `body` with the values in order, borrowed for the duration of the call.
    package func withCells<Result>(
        _ body: (UnsafeBufferPointer<PropertyCell>) throws(DeedError) -> Result
    ) throws(DeedError) -> Result {
        cells.removeAll(keepingCapacity: true)
        for value in pending {
            let bytes = UnsafeRawBufferPointer(start: buffer.base + value.offset, count: value.size)
            let cell = value.type.isFixed ? Cell(type: value.type, bits: value.bits) : Cell(type: value.type, bytes: bytes)
            cells.append(PropertyCell(key: value.key, cell: cell))
        }
        return try cells.withUnsafeBufferPointer { cells throws(DeedError) in try body(cells) }
    }

    private func encode(_ value: Value) throws(DeedError) {
        switch value {
        case .list(let items):
            try nested.beginList()
            for item in items { try encode(item) }
            try nested.end()
        case .map(let map):
            try nested.beginMap()
            for (key, value) in zip(map.keys, map.values) {
                item.removeAll()
                append(text: key)
                try nested.appendKey(item.bytes)
                try encode(value)
            }
            try nested.end()
        default: try nested.append(try cell(value))
        }
    }

    /// A value that is neither a list nor a map; its bytes are in `item`.
    private func cell(_ value: Value) throws(DeedError) -> Cell {
        item.removeAll()
        switch value {
        case .null: return .null
        case .bool(let value): return Cell(type: .bool, bits: value ? 1 : 0)
        case .int(let value): return Cell(type: .int64, bits: UInt64(bitPattern: value))
        case .float(let value): return Cell(type: .float64, bits: value.bitPattern)
        case .date(let date): return Cell(type: .date, bits: UInt64(bitPattern: date.days))
        case .localTime(let time): return Cell(type: .localTime, bits: UInt64(bitPattern: time.nanoseconds))
        case .string(let text):
            append(text: text)
            return try itemCell(.string)
        case .bytes(let bytes):
            bytes.withUnsafeBytes { item.append($0) }
            return try itemCell(.bytes)
        case .decimal(let number):
            number.encode(to: &item)
            return try itemCell(.decimal)
        case .vector(let floats):
            floats.withUnsafeBytes { item.append($0) }
            return try itemCell(.vector)
        case .zonedTime, .localDatetime, .zonedDatetime, .duration: return try temporal(value)
        case .entity, .relationship, .path: throw notStorable(value)
        case .list, .map: throw DeedError(.internalError, "a list or map where a single value is expected")
        }
    }

    private func temporal(_ value: Value) throws(DeedError) -> Cell {
        switch value {
        case .zonedTime(let time):
            ZonedTimeValue(nanoseconds: time.nanoseconds, offset: time.offset).encode(to: &item)
            return try itemCell(.zonedTime)
        case .localDatetime(let datetime):
            LocalDatetimeValue(seconds: datetime.seconds, nanoseconds: datetime.nanoseconds).encode(to: &item)
            return try itemCell(.localDatetime)
        case .zonedDatetime(let datetime):
            let zone = UnsafeRawBufferPointer(start: nil, count: 0)
            ZonedDatetimeValue(
                seconds: datetime.seconds, nanoseconds: datetime.nanoseconds, offset: datetime.offset, zone: zone
            ).encode(to: &item)
            append(text: datetime.zone)
            return try itemCell(.zonedDatetime)
        case .duration(let duration):
            DurationValue(
                months: duration.months, days: duration.days, seconds: duration.seconds, nanoseconds: duration.nanoseconds
            ).encode(to: &item)
            return try itemCell(.duration)
        default: throw notStorable(value)
        }
    }

    private func append(text: String) {
        var copy = text
        copy.withUTF8 { item.append(UnsafeRawBufferPointer($0)) }
    }

    private func itemCell(_ type: ValueType) throws(DeedError) -> Cell {
        guard item.count <= Limits.valueBytesMax else {
            throw DeedError(.limitExceeded, "a value of \(item.count) bytes; the most is \(Limits.valueBytesMax)")
        }
        return Cell(type: type, bytes: item.bytes)
    }

    private func notStorable(_ value: Value) -> DeedError {
        let what = switch value {
        case .entity: "an entity"
        case .relationship: "a relationship"
        default: "a path"
        }
        return DeedError(.typeMismatch, "\(what) cannot be the value of a property")
    }
}
