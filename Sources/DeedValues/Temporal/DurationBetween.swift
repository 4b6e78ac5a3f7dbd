// The duration from one instant to another: `duration.between`, `inmonths`, `indays` and `inseconds`.
//
// 1. What one of the two lacks it takes from the other: the date, or the time zone. A missing time is midnight. Where
//    neither has a date, or one has none, nothing is between them in days or months.
// 2. With zones, the second is seen by the clock of the first.
// 3. Whole months, then whole days, are counted by that clock; the rest is the time that really passes, so that a day on
//    which clocks change is one day, or 25 hours.

enum DurationBetween {
    enum Kind {
        case between, months, days, seconds
    }

    static func duration(_ kind: Kind, _ from: Value, _ to: Value) throws(QueryError) -> Value {
        if from.isNull || to.isNull { return .null }
        guard let first = try TemporalParts(from) else { throw notInstant(from) }
        guard let second = try TemporalParts(to) else { throw notInstant(to) }
        let start = instant(first, beside: second)
        let end = instant(second, beside: first)
        let zone = first.zone ?? second.zone
        let areDated = first.days != nil && second.days != nil
        switch kind {
        case .between:
            return .duration(try between(start, end, zone, areDated: areDated))
        case .months:
            let months = areDated ? try self.months(start.local, inClock(zone, end, start)) : 0
            return .duration(CalendarDuration(months: months, days: 0, seconds: 0, nanoseconds: 0))
        case .days:
            let days = areDated ? self.days(start.local, inClock(zone, end, start)) : 0
            return .duration(CalendarDuration(months: 0, days: days, seconds: 0, nanoseconds: 0))
        case .seconds:
            return .duration(try CalendarDuration(months: 0, days: 0, totalNanoseconds: end.nanoseconds - start.nanoseconds))
        }
    }

    private static func notInstant(_ value: Value) -> QueryError {
        .temporalType("a duration lies between dates, times and datetimes, not \(value.temporalTypeName)")
    }

    /// A local time, and the moment that it is: in UTC with a zone, else by the same clock.
    private struct Instant {
        var local: LocalDatetime
        var seconds: Int64
        var offset: Int32?

        var nanoseconds: Int128 { Int128(seconds) * 1_000_000_000 + Int128(local.nanoseconds) }
    }

    private static func instant(_ parts: TemporalParts, beside other: TemporalParts) -> Instant {
        let local = LocalDatetime(days: parts.days ?? other.days ?? 0, nanosecondOfDay: parts.nanosecondOfDay ?? 0)
        guard let zone = parts.zone ?? other.zone else { return Instant(local: local, seconds: local.seconds, offset: nil) }
        let moment = zone.resolve(local: local.seconds, preferring: parts.zone == nil ? nil : parts.offset)
        return Instant(local: local, seconds: moment.seconds, offset: moment.offset)
    }

    private static func inClock(_ zone: Zone?, _ instant: Instant, _ start: Instant) -> LocalDatetime {
        guard let zone else { return instant.local }
        return LocalDatetime(
            seconds: instant.seconds &+ Int64(zone.offset(at: instant.seconds)), nanoseconds: instant.local.nanoseconds)
    }

    private static func between(
        _ start: Instant, _ end: Instant, _ zone: Zone?, areDated: Bool
    ) throws(QueryError) -> CalendarDuration {
        guard areDated else { return try CalendarDuration(months: 0, days: 0, totalNanoseconds: end.nanoseconds - start.nanoseconds) }
        let target = inClock(zone, end, start)
        var local = start.local
        let months = try self.months(local, target)
        local = LocalDatetime(
            days: try CivilCalendar.add(months: months, to: local.days), nanosecondOfDay: local.nanosecondOfDay)
        let days = self.days(local, target)
        local = LocalDatetime(days: local.days &+ days, nanosecondOfDay: local.nanosecondOfDay)
        let seconds = zone?.resolve(local: local.seconds, preferring: start.offset).seconds ?? local.seconds
        let reached = Int128(seconds) * 1_000_000_000 + Int128(local.nanoseconds)
        return try CalendarDuration(months: months, days: days, totalNanoseconds: end.nanoseconds - reached)
    }

    /// The days from one to the other, less the one that is not whole.
    private static func wholeDay(_ from: LocalDatetime, _ to: LocalDatetime) -> Int64 {
        if to.days > from.days, to.nanosecondOfDay < from.nanosecondOfDay { return to.days &- 1 }
        if to.days < from.days, to.nanosecondOfDay > from.nanosecondOfDay { return to.days &+ 1 }
        return to.days
    }

    private static func days(_ from: LocalDatetime, _ to: LocalDatetime) -> Int64 { wholeDay(from, to) &- from.days }

    private static func months(_ from: LocalDatetime, _ to: LocalDatetime) throws(QueryError) -> Int64 {
        let first = CivilCalendar.civil(from.days)
        let last = CivilCalendar.civil(wholeDay(from, to))
        // Months of 32 days order dates as the calendar does, and the division leaves whole months towards zero.
        // Safe: wraps only for dates far beyond the range.
        let packed = ((last.year - first.year) &* 12 &+ last.month &- first.month) &* 32 &+ last.day &- first.day
        return packed / 32
    }
}
