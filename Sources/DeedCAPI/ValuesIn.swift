// From the caller's deed_value to the engine's cells. Everything is checked here: types, UTF-8, ranges, nesting. What
// must be encoded (dates with times, durations, lists, maps) is encoded into one buffer for the whole call.

import CDeed
import DeedEngine

/// Converts the properties of one call, and owns what the cells borrow. Reused within a thread's call only.
struct PropertyConverter: ~Copyable {
    private var encoded: ByteBuffer?
    /// Where in `encoded` the cells' bytes lie, since it may move while it grows.
    private var pending: [(index: Int, start: Int, size: Int)] = []

    init() {}

    /// Fills `cells` with the properties. Keys must be distinct.
    mutating func convert(
        _ properties: UnsafePointer<deed_property>, _ count: Int, keyCount: Int, reserved: NameId = .max,
        into cells: UnsafeMutablePointer<PropertyCell>
    ) throws(DeedError) {
        try requireDistinct(properties, count)
        for index in 0..<count {
            let property = properties + index
            guard Int(property.pointee.key) < keyCount, property.pointee.key != reserved else {
                throw DeedError(.invalidArgument, "there is no property key with number \(property.pointee.key)")
            }
            let cell = try cell(&UnsafeMutablePointer(mutating: property).pointee.value, index)
            (cells + index).initialize(to: PropertyCell(key: property.pointee.key, cell: cell))
        }
        for piece in pending {
            let start = (encoded?.base).map { UnsafeRawPointer($0) + piece.start }
            cells[piece.index].cell.bytes = UnsafeRawBufferPointer(start: start, count: piece.size)
        }
    }

    @inline(__always)
    private mutating func cell(_ value: inout deed_value, _ index: Int) throws(DeedError) -> Cell {
        switch value.type {
        case DEED_INT64.rawValue: return Cell(type: .int64, bits: UInt64(bitPattern: value.as.integer))
        case DEED_STRING.rawValue: return Cell(type: .string, bytes: try textBytes(value))
        default: return try otherCell(value, index)
        }
    }

    @inline(never)
    private mutating func otherCell(_ value: deed_value, _ index: Int) throws(DeedError) -> Cell {
        if let cell = try plainCell(value) { return cell }
        var buffer = encoded.take() ?? ByteBuffer(capacity: 256)
        let start = buffer.count
        let type: ValueType
        switch value.type {
        case DEED_LIST.rawValue, DEED_MAP.rawValue:
            var encoder = NestedEncoder()
            try encode(value, depth: 1, into: &encoder)
            buffer.append(encoder.cell.bytes)
            type = encoder.cell.type
        default:
            type = try encodeOther(value, into: &buffer)
        }
        pending.append((index, start, buffer.count - start))
        encoded = consume buffer
        return Cell(type: type, bytes: UnsafeRawBufferPointer(start: nil, count: 0))
    }
}

private func requireDistinct(_ properties: UnsafePointer<deed_property>, _ count: Int) throws(DeedError) {
    var isRepeated = false
    if count <= 16 {
        for index in 0..<count {
            for earlier in 0..<index where properties[earlier].key == properties[index].key { isRepeated = true }
        }
    } else {
        isRepeated = Set((0..<count).map { properties[$0].key }).count < count
    }
    if isRepeated { throw DeedError(.invalidArgument, "a property is given twice") }
}

/// A cell that needs no encoding, or nil.
private func plainCell(_ value: deed_value) throws(DeedError) -> Cell? {
    switch value.type {
    case DEED_NULL.rawValue: return .null
    case DEED_BOOL.rawValue: return Cell(type: .bool, bits: value.as.integer & 0xff != 0 ? 1 : 0)
    case DEED_INT64.rawValue: return Cell(type: .int64, bits: UInt64(bitPattern: value.as.integer))
    case DEED_FLOAT64.rawValue: return Cell(type: .float64, bits: value.as.number.bitPattern)
    case DEED_DATE.rawValue: return Cell(type: .date, bits: UInt64(bitPattern: value.as.integer))
    case DEED_LOCAL_TIME.rawValue:
        try checkTimeOfDay(value.as.integer)
        return Cell(type: .localTime, bits: UInt64(bitPattern: value.as.integer))
    case DEED_STRING.rawValue: return Cell(type: .string, bytes: try textBytes(value))
    case DEED_BYTES.rawValue: return Cell(type: .bytes, bytes: try sizedBytes(value.as.text.data, value.as.text.size))
    case DEED_VECTOR.rawValue:
        let count = value.as.vector.count
        guard count >= 0, count <= Limits.valueBytesMax / 4, count == 0 || value.as.vector.items != nil else {
            throw DeedError(.invalidArgument, "a vector whose items are NULL or too many")
        }
        return Cell(type: .vector, bytes: UnsafeRawBufferPointer(start: value.as.vector.items, count: count * 4))
    default: return nil
    }
}

private func sizedBytes(_ base: UnsafePointer<CChar>?, _ size: Int) throws(DeedError) -> UnsafeRawBufferPointer {
    guard size >= 0 && size <= Limits.valueBytesMax else {
        throw DeedError(.limitExceeded, "a value of more than \(Limits.valueBytesMax) bytes")
    }
    return try bytes(base, size)
}

@inline(__always)
private func textBytes(_ value: deed_value) throws(DeedError) -> UnsafeRawBufferPointer {
    let text = try sizedBytes(value.as.text.data, value.as.text.size)
    guard isValidUTF8(text) else { throw DeedError(.invalidArgument, "a string that is not valid UTF-8") }
    return text
}

private let nanosecondsPerDay: Int64 = 86_400_000_000_000

func checkTimeOfDay(_ nanoseconds: Int64) throws(DeedError) {
    guard nanoseconds >= 0 && nanoseconds < nanosecondsPerDay else {
        throw DeedError(.invalidArgument, "a time of day outside 0 to 24 hours")
    }
}

func checkOffset(_ seconds: Int32) throws(DeedError) {
    guard seconds > -86_400 && seconds < 86_400 else {
        throw DeedError(.invalidArgument, "an offset from UTC of a day or more")
    }
}

func checkNanoseconds(_ nanoseconds: some BinaryInteger) throws(DeedError) {
    guard nanoseconds >= 0 && nanoseconds < 1_000_000_000 else {
        throw DeedError(.invalidArgument, "nanoseconds outside 0 to 999,999,999")
    }
}

/// Encodes a decimal, or a value of a temporal type that is kept as bytes.
private func encodeOther(_ value: deed_value, into buffer: inout ByteBuffer) throws(DeedError) -> ValueType {
    switch value.type {
    case DEED_ZONED_TIME.rawValue:
        try checkTimeOfDay(value.as.integer)
        try checkOffset(value.extra)
        ZonedTimeValue(nanoseconds: value.as.integer, offset: value.extra).encode(to: &buffer)
        return .zonedTime
    case DEED_LOCAL_DATETIME.rawValue:
        let datetime = value.as.datetime
        try checkNanoseconds(datetime.nanoseconds)
        LocalDatetimeValue(seconds: datetime.seconds, nanoseconds: datetime.nanoseconds).encode(to: &buffer)
        return .localDatetime
    case DEED_ZONED_DATETIME.rawValue:
        let datetime = value.as.datetime
        try checkNanoseconds(datetime.nanoseconds)
        try checkOffset(value.extra)
        let zone = try bytes(datetime.zone, Int(datetime.zone_size))
        guard zone.count <= 255, isValidUTF8(zone) else {
            throw DeedError(.invalidArgument, "a zone name that is not UTF-8 or longer than 255 bytes")
        }
        ZonedDatetimeValue(
            seconds: datetime.seconds, nanoseconds: datetime.nanoseconds, offset: value.extra, zone: zone
        ).encode(to: &buffer)
        return .zonedDatetime
    case DEED_DECIMAL.rawValue:
        try decimal(value).encode(to: &buffer)
        return .decimal
    case DEED_DURATION.rawValue:
        try checkNanoseconds(value.extra)
        let duration = value.as.duration
        DurationValue(
            months: duration.months, days: duration.days, seconds: duration.seconds, nanoseconds: value.extra
        ).encode(to: &buffer)
        return .duration
    default: throw DeedError(.typeMismatch, "there is no type of value \(value.type)")
    }
}

/// Encodes a list or map. Its depth is bounded, and so is the recursion.
private func encode(_ value: deed_value, depth: Int, into encoder: inout NestedEncoder) throws(DeedError) {
    guard depth <= Limits.nestingMax else {
        throw DeedError(.invalidArgument, "lists and maps are nested deeper than \(Limits.nestingMax)")
    }
    if value.type == DEED_LIST.rawValue {
        let list = value.as.list
        guard list.count >= 0, list.count == 0 || list.items != nil else {
            throw DeedError(.invalidArgument, "a list whose items are NULL")
        }
        try encoder.beginList()
        for index in 0..<list.count { try append(list.items[index], depth: depth, to: &encoder) }
    } else {
        let map = value.as.map
        guard map.count >= 0, map.count == 0 || map.entries != nil else {
            throw DeedError(.invalidArgument, "a map whose entries are NULL")
        }
        try encoder.beginMap()
        for index in 0..<map.count {
            let entry = map.entries[index]
            let key = try sizedBytes(entry.key, entry.key_size)
            guard isValidUTF8(key) else { throw DeedError(.invalidArgument, "a key that is not valid UTF-8") }
            try encoder.appendKey(key)
            try append(entry.value, depth: depth, to: &encoder)
        }
    }
    try encoder.end()
}

private func append(_ value: deed_value, depth: Int, to encoder: inout NestedEncoder) throws(DeedError) {
    if value.type == DEED_LIST.rawValue || value.type == DEED_MAP.rawValue {
        try encode(value, depth: depth + 1, into: &encoder)
    } else if let cell = try plainCell(value) {
        try encoder.append(cell)
    } else {
        var buffer = ByteBuffer(capacity: 32)
        let type = try encodeOther(value, into: &buffer)
        try encoder.append(Cell(type: type, bytes: buffer.bytes))
    }
}

/// Runs `body` with the caller's properties as cells, and with the graph.
@inline(__always)
func withProperties<Result>(
    _ properties: UnsafePointer<deed_property>?, _ count: Int, of graph: Graph,
    _ body: (Graph, UnsafeBufferPointer<PropertyCell>) throws(DeedError) -> Result
) throws(DeedError) -> Result {
    guard let properties, count > 0 else {
        guard count == 0 else { throw DeedError(.invalidArgument, "the properties are NULL") }
        return try body(graph, UnsafeBufferPointer(start: nil, count: 0))
    }
    guard count <= Limits.propertiesMax else {
        throw DeedError(.limitExceeded, "\(count) properties; the most is \(Limits.propertiesMax)")
    }
    let (keyCount, reserved) = (graph.names.count(.propertyKey), graph.names.labelsKey)
    // A closure that captures the graph itself counts a reference to it.
    let graph = Unmanaged.passUnretained(graph)
    // On the stack when they are few. What is thrown inside is carried over the closure by hand, to keep its type.
    let result = withUnsafeTemporaryAllocation(of: PropertyCell.self, capacity: count) { cells in
        let start = cells.baseAddress.unsafelyUnwrapped
        var converter = PropertyConverter()
        do throws(DeedError) {
            try converter.convert(properties, count, keyCount: keyCount, reserved: reserved, into: start)
            return Swift.Result<Result, DeedError>.success(
                try graph.withoutCounting { graph throws(DeedError) in
                    try body(graph, UnsafeBufferPointer(start: start, count: count))
                })
        } catch {
            return .failure(error)
        }
    }
    return try result.get()
}
