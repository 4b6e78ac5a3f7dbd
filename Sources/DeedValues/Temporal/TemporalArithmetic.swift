// Operators of temporal values: instants and durations, durations and durations, durations and numbers.
//
// A duration is added months first, then days, by the local clock, then what is below a day by the time that really
// passes; so a day later is the same local time even where clocks change in between.

package enum TemporalArithmetic {
    /// Nil if the operands are not temporal values that can be added.
    package static func add(_ left: Value, _ right: Value) throws(QueryError) -> Value? {
        switch (left, right) {
        case (.duration(let first), .duration(let second)): .duration(try first.adding(second))
        case (_, .duration(let duration)): try add(duration, to: left)
        case (.duration(let duration), _): try add(duration, to: right)
        default: nil
        }
    }

    package static func subtract(_ left: Value, _ right: Value) throws(QueryError) -> Value? {
        guard case .duration(let duration) = right else { return nil }
        if case .duration(let first) = left { return .duration(try first.adding(duration.negated())) }
        return try add(duration.negated(), to: left)
    }

    package static func multiply(_ left: Value, _ right: Value) throws(QueryError) -> Value? {
        switch (left, right) {
        case (.duration(let duration), .int), (.duration(let duration), .float):
            .duration(try scale(duration, times: factor(right), dividedBy: FixedPoint.one))
        case (.int, .duration(let duration)), (.float, .duration(let duration)):
            .duration(try scale(duration, times: factor(left), dividedBy: FixedPoint.one))
        default: nil
        }
    }

    package static func divide(_ left: Value, _ right: Value) throws(QueryError) -> Value? {
        switch (left, right) {
        case (.duration(let duration), .int), (.duration(let duration), .float):
            let divisor = try factor(right)
            guard divisor != 0 else { throw QueryError(.arithmeticError, "DivisionByZero", "a duration cannot be divided by zero") }
            return .duration(try scale(duration, times: FixedPoint.one, dividedBy: divisor))
        default: return nil
        }
    }

    /// `-duration`.
    package static func negate(_ value: Value) throws(QueryError) -> Value? {
        guard case .duration(let duration) = value else { return nil }
        return .duration(try duration.negated())
    }

    // MARK: - Numbers

    /// In units of 10^-18.
    private static func factor(_ number: Value) throws(QueryError) -> Int128 {
        switch number {
        case .int(let number): return FixedPoint(number).units
        case .float(let number):
            guard let fixed = FixedPoint(number) else {
                throw .temporalOverflow("a duration cannot be multiplied or divided by \(number)")
            }
            return fixed.units
        default: return 0
        }
    }

    private static func scale(
        _ duration: CalendarDuration, times factor: Int128, dividedBy divisor: Int128
    ) throws(QueryError) -> CalendarDuration {
        var parts = DurationParts()
        parts.months.units = try FixedPoint.scaled(FixedPoint(duration.months).units, times: factor, dividedBy: divisor)
        parts.days.units = try FixedPoint.scaled(FixedPoint(duration.days).units, times: factor, dividedBy: divisor)
        // Safe: 2^63 seconds and a fraction are below 10^37 units.
        let seconds = duration.totalNanoseconds * 1_000_000_000
        parts.seconds.units = try FixedPoint.scaled(seconds, times: factor, dividedBy: divisor)
        return try parts.duration()
    }

    // MARK: - Instants

    private static func add(_ duration: CalendarDuration, to value: Value) throws(QueryError) -> Value? {
        switch value {
        case .date(let date):
            // What is below a day counts for the whole days that it makes.
            let whole = Int64(duration.totalNanoseconds / Int128(CivilCalendar.nanosecondsPerDay))
            return .date(CalendarDate(days: try CivilCalendar.add(whole, daysTo: move(date.days, by: duration))))
        case .localTime(let time):
            return .localTime(LocalTime(nanoseconds: turn(time.nanoseconds, by: duration)))
        case .zonedTime(let time):
            return .zonedTime(ZonedTime(nanoseconds: turn(time.nanoseconds, by: duration), offset: time.offset))
        case .localDatetime(let local):
            let moved = LocalDatetime(days: try move(local.days, by: duration), nanosecondOfDay: local.nanosecondOfDay)
            let (seconds, nanoseconds) = try pass(duration, from: moved.seconds, moved.nanoseconds)
            _ = try CivilCalendar.checked(days: floorDivide(seconds, CivilCalendar.secondsPerDay).quotient)
            return .localDatetime(LocalDatetime(seconds: seconds, nanoseconds: nanoseconds))
        case .zonedDatetime(let zoned):
            let zone = try Zone.of(zoned)
            var start = zoned.seconds
            if duration.months != 0 || duration.days != 0 {
                let local = zoned.local
                let moved = LocalDatetime(days: try move(local.days, by: duration), nanosecondOfDay: local.nanosecondOfDay)
                start = zone.resolve(local: moved.seconds, preferring: zoned.offset).seconds
            }
            let (seconds, nanoseconds) = try pass(duration, from: start, zoned.nanoseconds)
            return .zonedDatetime(try ZonedDatetime(checkedSeconds: seconds, nanoseconds: nanoseconds, in: zone))
        default: return nil
        }
    }

    private static func move(_ days: Int64, by duration: CalendarDuration) throws(QueryError) -> Int64 {
        try CivilCalendar.add(duration.days, daysTo: CivilCalendar.add(months: duration.months, to: days))
    }

    private static func pass(
        _ duration: CalendarDuration, from seconds: Int64, _ nanoseconds: UInt32
    ) throws(QueryError) -> (seconds: Int64, nanoseconds: UInt32) {
        let (carry, fraction) = floorDivide(Int64(nanoseconds) + Int64(duration.nanoseconds), CivilCalendar.nanosecondsPerSecond)
        let (sum, overflow) = seconds.addingReportingOverflow(duration.seconds)
        let (total, carried) = sum.addingReportingOverflow(carry)
        guard !overflow, !carried else { throw .temporalOverflow("the datetime is out of range") }
        return (total, UInt32(fraction))
    }

    /// Around the clock; months and days leave a time of day as it is.
    private static func turn(_ nanoseconds: Int64, by duration: CalendarDuration) -> Int64 {
        let perDay = Int128(CivilCalendar.nanosecondsPerDay)
        let sum = (Int128(nanoseconds) + duration.totalNanoseconds) % perDay
        return Int64(sum < 0 ? sum + perDay : sum)
    }
}

extension CalendarDuration {
    func adding(_ other: CalendarDuration) throws(QueryError) -> CalendarDuration {
        let (months, monthsOverflow) = months.addingReportingOverflow(other.months)
        let (days, daysOverflow) = days.addingReportingOverflow(other.days)
        guard !monthsOverflow, !daysOverflow else { throw .temporalOverflow("a part of the duration is out of range") }
        return try CalendarDuration(months: months, days: days, totalNanoseconds: totalNanoseconds + other.totalNanoseconds)
    }

    func negated() throws(QueryError) -> CalendarDuration {
        let (months, monthsOverflow) = Int64(0).subtractingReportingOverflow(months)
        let (days, daysOverflow) = Int64(0).subtractingReportingOverflow(days)
        guard !monthsOverflow, !daysOverflow else { throw .temporalOverflow("a part of the duration is out of range") }
        return try CalendarDuration(months: months, days: days, totalNanoseconds: -totalNanoseconds)
    }
}
