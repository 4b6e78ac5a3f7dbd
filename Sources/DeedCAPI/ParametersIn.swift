// Parameters of queries: from the caller's deed_value to a value of the query language. Everything is checked here.

import CDeed
import DeedEngine
import DeedValues

func value(_ value: deed_value) throws(DeedError) -> Value {
    var keys: [String] = []
    return try DeedCAPI.value(value, depth: 0, &keys)
}

/// `keys`: those of the map that came before, which the maps of a list mostly have in common, and then share.
private func value(_ value: deed_value, depth: Int, _ keys: inout [String]) throws(DeedError) -> Value {
    guard depth <= Limits.nestingMax else {
        throw DeedError(.invalidArgument, "lists and maps are nested deeper than \(Limits.nestingMax)")
    }
    switch value.type {
    case DEED_NULL.rawValue: return .null
    case DEED_BOOL.rawValue: return .bool(value.as.integer & 0xff != 0)
    case DEED_INT64.rawValue: return .int(value.as.integer)
    case DEED_FLOAT64.rawValue: return .float(value.as.number)
    case DEED_STRING.rawValue: return .string(try string(value.as.text.data, value.as.text.size))
    case DEED_BYTES.rawValue: return .bytes(Array(try sized(value.as.text.data, value.as.text.size)))
    case DEED_LIST.rawValue: return .list(try list(value, depth, &keys))
    case DEED_MAP.rawValue: return .map(try map(value, depth, &keys))
    case DEED_DECIMAL.rawValue: return .decimal(try decimal(value))
    case DEED_VECTOR.rawValue:
        let count = value.as.vector.count
        guard count >= 0, count <= Limits.valueBytesMax / 4, count == 0 || value.as.vector.items != nil else {
            throw DeedError(.invalidArgument, "a vector whose items are NULL or too many")
        }
        return .vector(Array(UnsafeBufferPointer(start: value.as.vector.items, count: count)))
    default: return try temporal(value)
    }
}

func decimal(_ value: deed_value) throws(DeedError) -> Decimal {
    let coefficient = Int128(value.as.decimal.high) << 64 | Int128(value.as.decimal.low)
    guard let decimal = Decimal(coefficient, scale: Int(value.extra)) else {
        throw DeedError(.invalidArgument, "a decimal has at most \(Decimal.digitsMax) digits, before the point and behind it")
    }
    return decimal
}

func setDecimal(_ out: inout deed_value, _ value: Decimal) {
    (out.type, out.extra) = (DEED_DECIMAL.rawValue, Int32(value.scale))
    out.as.decimal.low = UInt64(truncatingIfNeeded: value.coefficient)
    out.as.decimal.high = Int64(truncatingIfNeeded: value.coefficient >> 64)
}

private func sized(_ base: UnsafePointer<CChar>?, _ size: Int) throws(DeedError) -> UnsafeRawBufferPointer {
    guard size >= 0 && size <= Limits.valueBytesMax else {
        throw DeedError(.limitExceeded, "a value of more than \(Limits.valueBytesMax) bytes")
    }
    return try bytes(base, size)
}

private func string(_ base: UnsafePointer<CChar>?, _ size: Int) throws(DeedError) -> String {
    let text = try sized(base, size)
    // String(validating:as:) takes several times as long.
    guard isValidUTF8(text) else { throw DeedError(.invalidArgument, "a string that is not valid UTF-8") }
    return String(decoding: text, as: UTF8.self)
}

private func list(_ given: deed_value, _ depth: Int, _ keys: inout [String]) throws(DeedError) -> [Value] {
    let list = given.as.list
    guard list.count >= 0, list.count == 0 || list.items != nil else {
        throw DeedError(.invalidArgument, "a list whose items are NULL")
    }
    var items: [Value] = []
    items.reserveCapacity(list.count)
    for index in 0..<list.count { items.append(try value(list.items[index], depth: depth + 1, &keys)) }
    return items
}

private func map(_ given: deed_value, _ depth: Int, _ keys: inout [String]) throws(DeedError) -> MapValue {
    let map = given.as.map
    guard map.count >= 0, map.count == 0 || map.entries != nil else {
        throw DeedError(.invalidArgument, "a map whose entries are NULL")
    }
    if !hasKeys(given, keys) {
        var own: [String] = []
        for index in 0..<map.count { own.append(try string(map.entries[index].key, map.entries[index].key_size)) }
        if hasDuplicate(own) { throw DeedError(.invalidArgument, "a map has a key twice") }
        keys = own
    }
    // A map within this one may have others.
    let own = keys
    var values: [Value] = []
    values.reserveCapacity(map.count)
    for index in 0..<map.count { values.append(try value(map.entries[index].value, depth: depth + 1, &keys)) }
    return MapValue(keys: own, values: values)
}

private func hasKeys(_ given: deed_value, _ keys: [String]) -> Bool {
    let map = given.as.map
    guard map.count == keys.count else { return false }
    for index in keys.indices {
        let entry = map.entries[index]
        guard entry.key_size >= 0, entry.key_size == 0 || entry.key != nil else { return false }
        let bytes = UnsafeRawBufferPointer(start: entry.key, count: entry.key_size)
        var key = keys[index]
        guard key.withUTF8({ compareBytes(UnsafeRawBufferPointer($0), bytes) == 0 }) else { return false }
    }
    return true
}

private func hasDuplicate(_ keys: [String]) -> Bool {
    // Most maps have few keys.
    if keys.count <= 8 {
        return keys.indices.contains { index in keys[..<index].contains { $0.utf8.elementsEqual(keys[index].utf8) } }
    }
    let sorted = keys.map { Array($0.utf8) }.sorted { $0.lexicographicallyPrecedes($1) }
    return zip(sorted, sorted.dropFirst()).contains { $0 == $1 }
}

private func temporal(_ value: deed_value) throws(DeedError) -> Value {
    let datetime = value.as.datetime
    switch value.type {
    case DEED_DATE.rawValue: return .date(CalendarDate(days: value.as.integer))
    case DEED_LOCAL_TIME.rawValue:
        try checkTimeOfDay(value.as.integer)
        return .localTime(LocalTime(nanoseconds: value.as.integer))
    case DEED_ZONED_TIME.rawValue:
        try checkTimeOfDay(value.as.integer)
        try checkOffset(value.extra)
        return .zonedTime(ZonedTime(nanoseconds: value.as.integer, offset: value.extra))
    case DEED_LOCAL_DATETIME.rawValue:
        try checkNanoseconds(datetime.nanoseconds)
        return .localDatetime(LocalDatetime(seconds: datetime.seconds, nanoseconds: datetime.nanoseconds))
    case DEED_ZONED_DATETIME.rawValue:
        try checkNanoseconds(datetime.nanoseconds)
        try checkOffset(value.extra)
        return .zonedDatetime(
            ZonedDatetime(
                seconds: datetime.seconds, nanoseconds: datetime.nanoseconds, offset: value.extra,
                zone: try string(datetime.zone, Int(datetime.zone_size))))
    case DEED_DURATION.rawValue:
        try checkNanoseconds(value.extra)
        let duration = value.as.duration
        return .duration(
            CalendarDuration(
                months: duration.months, days: duration.days, seconds: duration.seconds, nanoseconds: value.extra))
    default: throw DeedError(.typeMismatch, "there is no type of parameter \(value.type)")
    }
}
