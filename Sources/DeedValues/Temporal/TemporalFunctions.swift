// The functions that make and take apart temporal values, by the names that queries call them.
//
// Without an argument, and with `.statement` or `.transaction`, the clock is the statement's: every call sees the same
// moment. Only `.realtime` looks at the machine's clock each time.

import Glibc

package enum TemporalFunctions {
    package static let all: [ScalarFunction] =
        [TemporalType.date, .localtime, .time, .localdatetime, .datetime].flatMap(instant) + epoch + durations

    private static func instant(_ type: TemporalType) -> [ScalarFunction] {
        let name = type.rawValue
        return [
            ScalarFunction(name, 0...1) { arguments, context throws(QueryError) in
                guard let argument = arguments.first else {
                    return TemporalConstruction.now(type, in: try context.defaultZone(), context)
                }
                return try TemporalConstruction.construct(type, argument, context)
            },
            clock("\(name).statement", type, isRealtime: false),
            clock("\(name).transaction", type, isRealtime: false),
            clock("\(name).realtime", type, isRealtime: true),
            ScalarFunction("\(name).truncate", 1...3) { arguments, context throws(QueryError) in
                try TemporalTruncation.truncate(type, arguments, context)
            },
        ]
    }

    /// The time by a clock, in the zone that the argument names.
    private static func clock(_ name: String, _ type: TemporalType, isRealtime: Bool) -> ScalarFunction {
        ScalarFunction(name, 0...1, isDeterministic: !isRealtime) { arguments, context throws(QueryError) in
            let zone: Zone
            switch arguments.first {
            case nil: zone = try context.defaultZone()
            case .null?: return .null
            case .string(let text)?: zone = try .parse(text)
            case let other?: throw .temporalType("\(name) takes the name of a time zone, not \(other.temporalTypeName)")
            }
            return TemporalConstruction.now(type, in: zone, isRealtime ? realtime(context) : context)
        }
    }

    private static func realtime(_ context: FunctionContext) -> FunctionContext {
        var clock = timespec()
        guard clock_gettime(CLOCK_REALTIME, &clock) == 0 else { return context }
        return FunctionContext(seconds: Int64(clock.tv_sec), nanoseconds: UInt32(clock.tv_nsec), zone: context.zone)
    }

    private static let epoch: [ScalarFunction] = [
        ScalarFunction("datetime.fromepoch", 2...2) { arguments, _ throws(QueryError) in
            if arguments.contains(where: \.isNull) { return .null }
            guard case .int(let seconds) = arguments[0], case .int(let nanoseconds) = arguments[1] else {
                throw .temporalType("datetime.fromepoch takes two integers, seconds and nanoseconds")
            }
            return try TemporalConstruction.fromEpoch(seconds: seconds, nanoseconds: nanoseconds, .utc)
        },
        ScalarFunction("datetime.fromepochmillis", 1...1) { arguments, _ throws(QueryError) in
            if arguments[0].isNull { return .null }
            guard case .int(let milliseconds) = arguments[0] else {
                throw .temporalType("datetime.fromepochmillis takes an integer, not \(arguments[0].temporalTypeName)")
            }
            return try TemporalConstruction.fromEpoch(milliseconds: milliseconds, .utc)
        },
    ]

    private static let durations: [ScalarFunction] = [
        ScalarFunction("duration", 1...1) { arguments, _ throws(QueryError) in
            switch arguments[0] {
            case .null: return .null
            case .duration: return arguments[0]
            case .string(let text): return .duration(try DurationParsing.duration(text))
            case .map(let map): return .duration(try duration(map))
            default: throw .temporalType("duration takes a text, a map or a duration, not \(arguments[0].temporalTypeName)")
            }
        },
        between("duration.between", .between),
        between("duration.inmonths", .months),
        between("duration.indays", .days),
        between("duration.inseconds", .seconds),
    ]

    private static func between(_ name: String, _ kind: DurationBetween.Kind) -> ScalarFunction {
        ScalarFunction(name, 2...2) { arguments, _ throws(QueryError) in
            try DurationBetween.duration(kind, arguments[0], arguments[1])
        }
    }

    private static func duration(_ map: MapValue) throws(QueryError) -> CalendarDuration {
        var parts = DurationParts()
        guard !map.keys.isEmpty else { throw .temporalValue("a duration needs at least one component, such as days") }
        for (key, value) in zip(map.keys, map.values) {
            guard let unit = DurationParts.Unit.named(key) else { throw .temporalValue("a duration has no component '\(key)'") }
            switch value {
            case .int(let number): try parts.add(FixedPoint(number), unit)
            case .float(let number):
                guard let amount = FixedPoint(number) else { throw .temporalOverflow("\(key) of \(number) is out of range") }
                try parts.add(amount, unit)
            default: throw .temporalType("\(key) must be a number, not \(value.temporalTypeName)")
            }
        }
        return try parts.duration()
    }
}
