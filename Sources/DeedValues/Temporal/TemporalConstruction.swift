// The constructors date, localtime, time, localdatetime and datetime: from nothing, text, other temporal values and maps.
//
// 1. A map is split into the numbers of its fields, the values that it selects from ({date: d, time: t, datetime: dt}),
//    and the time zone.
// 2. What is selected is the base that the numbers change.
// 3. The base's own zone, if its time has one, holds for the result; a time zone in the map then converts to that zone,
//    and otherwise is simply that of the result.

/// What is constructed.
enum TemporalType: String {
    case date, localtime, time, localdatetime, datetime

    var hasDate: Bool { self == .date || self == .localdatetime || self == .datetime }
    var hasTime: Bool { self != .date }
    var hasZone: Bool { self == .time || self == .datetime }
}

struct TemporalMap {
    var fields = TemporalFields()
    /// What the date and the time come from.
    var date: TemporalParts?
    var time: TemporalParts?
    var zone: Zone?

    init(_ map: MapValue, for type: TemporalType) throws(QueryError) {
        for (key, value) in zip(map.keys, map.values) {
            if key.utf8.elementsEqual("timezone".utf8) {
                guard case .string(let text) = value else { throw Self.mistyped(key, "a text", value) }
                zone = try .parse(text)
            } else if key.utf8.elementsEqual("date".utf8), type.hasDate {
                date = try Self.selected(value, key, beside: date)
            } else if key.utf8.elementsEqual("time".utf8), type.hasTime {
                time = try Self.selected(value, key, beside: time)
            } else if key.utf8.elementsEqual("datetime".utf8) {
                if type.hasDate { date = try Self.selected(value, key, beside: date) }
                if type.hasTime { time = try Self.selected(value, key, beside: time) }
            } else if let field = TemporalFields.Field.named(key), Self.allows(type, field) {
                guard case .int(let number) = value else { throw Self.mistyped(key, "an integer", value) }
                fields[field] = number
            } else {
                throw .temporalValue("a \(type.rawValue) has no component '\(key)'")
            }
        }
        if let date, date.days == nil { throw .temporalValue("there is no date in what the date is selected from") }
        if let time, time.nanosecondOfDay == nil { throw .temporalValue("there is no time in what the time is selected from") }
    }

    /// True if it says nothing but where to look at the clock.
    var isOnlyZone: Bool { !fields.hasDate && !fields.hasTime && date == nil && time == nil }

    private static func allows(_ type: TemporalType, _ field: TemporalFields.Field) -> Bool {
        if field.isOfDate { return type.hasDate }
        if field.isOfTime { return type.hasTime }
        return type == .datetime
    }

    private static func selected(_ value: Value, _ key: String, beside other: TemporalParts?) throws(QueryError) -> TemporalParts {
        guard other == nil else { throw .temporalValue("datetime cannot be given beside date or time") }
        guard let parts = try TemporalParts(value) else { throw mistyped(key, "a temporal value", value) }
        return parts
    }

    private static func mistyped(_ key: String, _ expected: String, _ value: Value) -> QueryError {
        .temporalType("\(key) must be \(expected), not \(value.temporalTypeName)")
    }
}

enum TemporalConstruction {
    /// Null gives null.
    static func construct(_ type: TemporalType, _ argument: Value, _ context: FunctionContext) throws(QueryError) -> Value {
        switch argument {
        case .null: return .null
        case .string(let text): return try parse(type, text, context)
        case .map(let map): return try construct(type, TemporalMap(map, for: type), context)
        default:
            guard let parts = try TemporalParts(argument) else {
                throw .temporalType("\(type.rawValue) takes a text, a map or a temporal value, not \(argument.temporalTypeName)")
            }
            return try project(type, parts, context, argument.temporalTypeName)
        }
    }

    /// The clock's time in a zone.
    static func now(_ type: TemporalType, in zone: Zone, _ context: FunctionContext) -> Value {
        let now = context.now(in: zone)
        switch type {
        case .date: return .date(CalendarDate(days: now.local.days))
        case .localtime: return .localTime(LocalTime(nanoseconds: now.local.nanosecondOfDay))
        case .time: return .zonedTime(ZonedTime(nanoseconds: now.local.nanosecondOfDay, offset: now.offset))
        case .localdatetime: return .localDatetime(now.local)
        case .datetime: return .zonedDatetime(now)
        }
    }

    private static func parse(_ type: TemporalType, _ text: String, _ context: FunctionContext) throws(QueryError) -> Value {
        switch type {
        case .date: .date(try TemporalParsing.date(text))
        case .localtime: .localTime(try TemporalParsing.localTime(text))
        case .time: .zonedTime(try TemporalParsing.zonedTime(text, context))
        case .localdatetime: .localDatetime(try TemporalParsing.localDatetime(text))
        case .datetime: .zonedDatetime(try TemporalParsing.zonedDatetime(text, context))
        }
    }

    /// A datetime from a date alone is at midnight.
    private static func project(
        _ type: TemporalType, _ parts: TemporalParts, _ context: FunctionContext, _ given: String
    ) throws(QueryError) -> Value {
        if type.hasDate, parts.days == nil { throw .temporalType("a \(type.rawValue) cannot be made from \(given)") }
        if type.hasTime, !type.hasDate, parts.nanosecondOfDay == nil {
            throw .temporalType("a \(type.rawValue) cannot be made from \(given)")
        }
        return try assemble(
            type, days: parts.days ?? 0, time: parts.nanosecondOfDay ?? 0, parts.zone, preferring: parts.offset, context)
    }

    private static func construct(_ type: TemporalType, _ map: TemporalMap, _ context: FunctionContext) throws(QueryError) -> Value {
        if map.fields[.epochSeconds] != nil || map.fields[.epochMillis] != nil { return try fromEpoch(map, context) }
        if map.isOnlyZone, let zone = map.zone { return now(type, in: zone, context) }
        if type.hasTime, !type.hasDate, map.time == nil, map.fields[.hour] == nil {
            throw .temporalValue("the hour must be given")
        }
        let days = type.hasDate ? try map.fields.date(base: map.date?.days) : 0
        let time = type.hasTime ? try map.fields.time(base: map.time?.nanosecondOfDay) : 0
        guard type.hasZone, let zone = map.zone, let own = map.time?.zone else {
            return try assemble(type, days: days, time: time, map.zone ?? map.time?.zone, preferring: map.time?.offset, context)
        }
        // The time comes with a zone of its own: the same moment, by the clock of the zone asked for.
        if type == .time {
            let moment = ZonedTime(nanoseconds: time, offset: map.time?.offset ?? own.offset(at: context.seconds))
            return .zonedTime(moment.converted(to: zone.offset(at: context.seconds)))
        }
        let local = LocalDatetime(days: days, nanosecondOfDay: time)
        return .zonedDatetime(ZonedDatetime(local, in: own, preferring: map.time?.offset).converted(to: zone))
    }

    /// `offset` decides between two moments of the same local time; a time, which has no date, is at that offset.
    static func assemble(
        _ type: TemporalType, days: Int64, time: Int64, _ zone: Zone?, preferring offset: Int32?, _ context: FunctionContext
    ) throws(QueryError) -> Value {
        switch type {
        case .date: return .date(CalendarDate(days: days))
        case .localtime: return .localTime(LocalTime(nanoseconds: time))
        case .localdatetime: return .localDatetime(LocalDatetime(days: days, nanosecondOfDay: time))
        case .time:
            if let zone {
                return .zonedTime(ZonedTime(nanoseconds: time, offset: offset ?? zone.offset(at: context.seconds)))
            }
            return .zonedTime(ZonedTime(nanoseconds: time, offset: try context.defaultZone().offset(at: context.seconds)))
        case .datetime:
            let local = LocalDatetime(days: days, nanosecondOfDay: time)
            return .zonedDatetime(ZonedDatetime(local, in: try context.zone(zone), preferring: offset))
        }
    }

    // MARK: - The epoch

    private static func fromEpoch(_ map: TemporalMap, _ context: FunctionContext) throws(QueryError) -> Value {
        guard !map.fields.hasDate, map.date == nil, map.time == nil, map.fields[.hour] == nil, map.fields[.minute] == nil,
            map.fields[.second] == nil, map.fields[.epochSeconds] == nil || map.fields[.epochMillis] == nil
        else { throw .temporalValue("epochSeconds and epochMillis leave nothing else to be given but fractions and the time zone") }
        let zone = try context.zone(map.zone)
        let fraction = try map.fields.nanosecondOfSecond() ?? 0
        if let seconds = map.fields[.epochSeconds] { return try fromEpoch(seconds: seconds, nanoseconds: fraction, zone) }
        let millis = map.fields[.epochMillis] ?? 0
        guard map.fields[.millisecond] == nil, fraction < 1_000_000 else {
            throw .temporalValue("epochMillis leaves only fractions of a millisecond to be given")
        }
        return try fromEpoch(milliseconds: millis, nanoseconds: fraction, zone)
    }

    static func fromEpoch(milliseconds: Int64, nanoseconds: Int64 = 0, _ zone: Zone) throws(QueryError) -> Value {
        let (seconds, rest) = floorDivide(milliseconds, 1000)
        return try fromEpoch(seconds: seconds, nanoseconds: rest * 1_000_000 + nanoseconds, zone)
    }

    static func fromEpoch(seconds: Int64, nanoseconds: Int64, _ zone: Zone) throws(QueryError) -> Value {
        let (carry, fraction) = floorDivide(nanoseconds, CivilCalendar.nanosecondsPerSecond)
        let (sum, overflow) = seconds.addingReportingOverflow(carry)
        guard !overflow else { throw .temporalOverflow("the datetime is out of range") }
        return .zonedDatetime(try ZonedDatetime(checkedSeconds: sum, nanoseconds: UInt32(fraction), in: zone))
    }
}

extension ZonedDatetime {
    convenience init(checkedSeconds seconds: Int64, nanoseconds: UInt32, in zone: Zone) throws(QueryError) {
        let offset = zone.offset(at: seconds)
        let (local, overflow) = seconds.addingReportingOverflow(Int64(offset))
        guard !overflow else { throw .temporalOverflow("the datetime is out of range") }
        _ = try CivilCalendar.checked(days: floorDivide(local, CivilCalendar.secondsPerDay).quotient)
        self.init(seconds: seconds, nanoseconds: nanoseconds, offset: offset, zone: zone.name)
    }
}
