// The components of temporal values: `d.year`, `d.epochMillis`, `d.monthsOfYear`.
//
// Names are compared as strings: no other text is canonically equal to one of ASCII letters without K.

package enum TemporalAccess {
    /// Nil if the value is not temporal or has no such component; null for a count that is beyond 64 bits.
    package static func component(_ value: Value, _ name: String) -> Value? {
        switch value {
        case .date(let date): return dateComponent(date.days, name).map(Value.int)
        case .localTime(let time): return timeComponent(time.nanoseconds, name).map(Value.int)
        case .zonedTime(let time):
            return timeComponent(time.nanoseconds, name).map(Value.int) ?? zoneComponent(time.offset, "", name)
        case .localDatetime(let local): return datetimeComponent(local, name).map(Value.int)
        case .zonedDatetime(let zoned):
            return datetimeComponent(zoned.local, name).map(Value.int) ?? zoneComponent(zoned.offset, zoned.zone, name)
                ?? epochComponent(zoned, name)
        case .duration(let duration):
            guard let count = durationComponent(duration, name) else { return nil }
            return Int64(exactly: count).map(Value.int) ?? .null
        default: return nil
        }
    }

    private static func datetimeComponent(_ local: LocalDatetime, _ name: String) -> Int64? {
        dateComponent(local.days, name) ?? timeComponent(local.nanosecondOfDay, name)
    }

    /// One of the commonest components of many dates; false if the name is not one of them.
    package static func dateComponents(
        _ name: String, _ days: UnsafePointer<Int64>, count: Int, into result: UnsafeMutablePointer<Int64>
    ) -> Bool {
        switch name {
        case "year": for row in 0..<count { result[row] = CivilCalendar.civil(days[row]).year }
        case "month": for row in 0..<count { result[row] = CivilCalendar.civil(days[row]).month }
        case "day": for row in 0..<count { result[row] = CivilCalendar.civil(days[row]).day }
        default: return false
        }
        return true
    }

    private static func dateComponent(_ days: Int64, _ name: String) -> Int64? {
        switch name {
        case "year": CivilCalendar.civil(days).year
        case "quarter": (CivilCalendar.civil(days).month - 1) / 3 + 1
        case "month": CivilCalendar.civil(days).month
        case "week": CivilCalendar.week(days).week
        case "weekYear": CivilCalendar.week(days).year
        case "day": CivilCalendar.civil(days).day
        case "ordinalDay": CivilCalendar.ordinalDay(days)
        case "weekDay", "dayOfWeek": CivilCalendar.dayOfWeek(days)
        case "dayOfQuarter", "quarterDay": CivilCalendar.dayOfQuarter(days)
        default: nil
        }
    }

    private static func timeComponent(_ nanoseconds: Int64, _ name: String) -> Int64? {
        let (seconds, fraction) = floorDivide(nanoseconds, CivilCalendar.nanosecondsPerSecond)
        return switch name {
        case "hour": seconds / 3600
        case "minute": seconds / 60 % 60
        case "second": seconds % 60
        case "millisecond": fraction / 1_000_000
        case "microsecond": fraction / 1000
        case "nanosecond": fraction
        default: nil
        }
    }

    private static func zoneComponent(_ offset: Int32, _ zone: String, _ name: String) -> Value? {
        switch name {
        case "timezone": .string(zone.isEmpty ? TemporalText.offset(offset) : zone)
        case "offset": .string(TemporalText.offset(offset))
        case "offsetMinutes": .int(Int64(offset) / 60)
        case "offsetSeconds": .int(Int64(offset))
        default: nil
        }
    }

    private static func epochComponent(_ zoned: ZonedDatetime, _ name: String) -> Value? {
        switch name {
        case "epochSeconds": .int(zoned.seconds)
        case "epochMillis":
            Int64(exactly: Int128(zoned.seconds) * 1000 + Int128(zoned.nanoseconds / 1_000_000)).map(Value.int) ?? .null
        default: nil
        }
    }

    private static func durationComponent(_ duration: CalendarDuration, _ name: String) -> Int128? {
        let (months, days, seconds) = (Int128(duration.months), Int128(duration.days), Int128(duration.seconds))
        let nanoseconds = Int128(duration.nanoseconds)
        return switch name {
        case "years": months / 12
        case "quarters": months / 3
        case "months": months
        case "weeks": days / 7
        case "days": days
        case "hours": seconds / 3600
        case "minutes": seconds / 60
        case "seconds": seconds
        case "milliseconds": seconds * 1000 + nanoseconds / 1_000_000
        case "microseconds": seconds * 1_000_000 + nanoseconds / 1000
        case "nanoseconds": duration.totalNanoseconds
        case "quartersOfYear": months / 3 % 4
        case "monthsOfYear": months % 12
        case "monthsOfQuarter": months % 3
        case "daysOfWeek": days % 7
        case "minutesOfHour": seconds / 60 % 60
        case "secondsOfMinute": seconds % 60
        case "millisecondsOfSecond": nanoseconds / 1_000_000
        case "microsecondsOfSecond": nanoseconds / 1000
        case "nanosecondsOfSecond": nanoseconds
        default: nil
        }
    }
}
