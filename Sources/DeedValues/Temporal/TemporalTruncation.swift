// `date.truncate` and its like: everything below a unit becomes as small as it can be, and a map changes the result.
//
// A time zone in the map replaces that of the value, it does not convert: the local time is what was truncated.

enum TemporalTruncation {
    private enum Unit: String, CaseIterable {
        case millennium, century, decade, year, weekYear, quarter, month, week, day
        case hour, minute, second, millisecond, microsecond

        /// Nil for those above a day.
        var nanoseconds: Int64? {
            switch self {
            case .day: CivilCalendar.nanosecondsPerDay
            case .hour: 3600 * CivilCalendar.nanosecondsPerSecond
            case .minute: 60 * CivilCalendar.nanosecondsPerSecond
            case .second: CivilCalendar.nanosecondsPerSecond
            case .millisecond: 1_000_000
            case .microsecond: 1000
            default: nil
            }
        }

        func truncate(days: Int64) -> Int64 {
            let year = CivilCalendar.civil(days).year
            func start(_ years: Int64) -> Int64 {
                CivilCalendar.unchecked(year: floorDivide(year, years).quotient * years, month: 1, day: 1)
            }
            switch self {
            case .millennium: return start(1000)
            case .century: return start(100)
            case .decade: return start(10)
            case .year: return start(1)
            case .weekYear: return CivilCalendar.firstWeek(CivilCalendar.week(days).year)
            case .quarter: return days &- CivilCalendar.dayOfQuarter(days) &+ 1
            case .month: return days &- CivilCalendar.civil(days).day &+ 1
            case .week: return days &- CivilCalendar.dayOfWeek(days) &+ 1
            default: return days
            }
        }
    }

    /// The unit, the value (else the clock), and the map of what to change.
    static func truncate(_ type: TemporalType, _ arguments: [Value], _ context: FunctionContext) throws(QueryError) -> Value {
        if arguments.contains(where: \.isNull) { return .null }
        guard case .string(let name)? = arguments.first else {
            throw .temporalType("\(type.rawValue).truncate takes a unit, such as 'month', first")
        }
        guard let unit = Unit.allCases.first(where: { lowercase($0.rawValue) == lowercase(name) }) else {
            throw .temporalValue("'\(name)' is no unit to truncate to")
        }
        let value = arguments.count > 1 ? arguments[1] : try TemporalConstruction.now(type, in: context.defaultZone(), context)
        guard let parts = try TemporalParts(value) else {
            throw .temporalType("\(type.rawValue).truncate takes a temporal value, not \(value.temporalTypeName)")
        }
        try check(unit, type, parts, value)
        let days = try CivilCalendar.checked(days: unit.truncate(days: parts.days ?? 0))
        var time: Int64 = 0
        if let size = unit.nanoseconds, let of = parts.nanosecondOfDay { time = of &- floorDivide(of, size).remainder }
        guard arguments.count > 2 else {
            return try TemporalConstruction.assemble(
                type, days: days, time: time, parts.zone, preferring: parts.offset, context)
        }
        return try change(type, unit, days, time, parts, arguments[2], context)
    }

    private static func change(
        _ type: TemporalType, _ unit: Unit, _ days: Int64, _ time: Int64, _ parts: TemporalParts, _ argument: Value,
        _ context: FunctionContext
    ) throws(QueryError) -> Value {
        guard case .map(let map) = argument else {
            throw .temporalType("the components to change must be a map, not \(argument.temporalTypeName)")
        }
        var changes = try TemporalMap(map, for: type)
        guard changes.date == nil, changes.time == nil, changes.fields[.epochSeconds] == nil, changes.fields[.epochMillis] == nil
        else { throw .temporalValue("truncation only changes single components and the time zone") }
        // What truncation left of the second stays where a smaller part is given.
        let nanosecond = time % CivilCalendar.nanosecondsPerSecond
        let hasSmaller = changes.fields[.nanosecond] != nil
        if unit == .millisecond, hasSmaller || changes.fields[.microsecond] != nil, changes.fields[.millisecond] == nil {
            changes.fields[.millisecond] = nanosecond / 1_000_000
        }
        if unit == .microsecond, hasSmaller, changes.fields[.microsecond] == nil, changes.fields[.millisecond] == nil {
            changes.fields[.microsecond] = nanosecond / 1000
        }
        let newDays = type.hasDate ? try changes.fields.date(base: days) : 0
        let newTime = type.hasTime ? try changes.fields.time(base: time) : 0
        return try TemporalConstruction.assemble(
            type, days: newDays, time: newTime, changes.zone ?? parts.zone, preferring: changes.zone == nil ? parts.offset : nil,
            context)
    }

    private static func check(_ unit: Unit, _ type: TemporalType, _ parts: TemporalParts, _ value: Value) throws(QueryError) {
        let isOfTime = unit.nanoseconds != nil
        if type == .date, isOfTime, unit != .day { throw .temporalValue("a date has no \(unit.rawValue) to truncate to") }
        if !type.hasDate, !isOfTime { throw .temporalValue("a \(type.rawValue) has no \(unit.rawValue) to truncate to") }
        if type.hasDate, parts.days == nil {
            throw .temporalType("\(type.rawValue).truncate needs a value with a date, not \(value.temporalTypeName)")
        }
        if type.hasTime, parts.nanosecondOfDay == nil, !type.hasDate || (isOfTime && unit != .day) {
            throw .temporalType("\(type.rawValue).truncate to the \(unit.rawValue) needs a value with a time")
        }
    }

    private static func lowercase(_ text: String) -> [UInt8] {
        text.utf8.map { $0 >= UInt8(ascii: "A") && $0 <= UInt8(ascii: "Z") ? $0 | 0x20 : $0 }
    }
}
