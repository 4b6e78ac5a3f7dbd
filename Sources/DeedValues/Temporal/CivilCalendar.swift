// The proleptic Gregorian calendar, by arithmetic: days since 1970-01-01 to years, months, weeks, quarters and back.
//
// A year is taken to begin in March, so that the leap day is its last: the days before a month are then one linear
// formula, and 400 years ("an era") are always 146,097 days. Functions that take a count of days accept every Int64 and
// never trap, since stored data may hold anything; those that make one check the range of years first.

struct CivilDate: Equatable {
    var year: Int64
    var month: Int64
    var day: Int64
}

enum CivilCalendar {
    /// The years that openCypher's temporal values reach.
    static let years: ClosedRange<Int64> = -999_999_999...999_999_999
    static let days: ClosedRange<Int64> =
        unchecked(year: years.lowerBound, month: 1, day: 1)...unchecked(year: years.upperBound, month: 12, day: 31)

    static let secondsPerDay: Int64 = 86_400
    static let nanosecondsPerSecond: Int64 = 1_000_000_000
    static let nanosecondsPerDay: Int64 = 86_400_000_000_000

    static func civil(_ days: Int64) -> CivilDate {
        // Safe: wraps only for days that no year within range has.
        let shifted = days &+ 719_468
        let (era, dayOfEra) = floorDivide(shifted, 146_097)
        let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let marchMonth = (5 * dayOfYear + 2) / 153
        let month = marchMonth < 10 ? marchMonth + 3 : marchMonth - 9
        return CivilDate(
            year: era * 400 + yearOfEra + (month <= 2 ? 1 : 0), month: month, day: dayOfYear - (153 * marchMonth + 2) / 5 + 1)
    }

    /// The month must be 1 to 12. Safe: wraps only for years that are far beyond the range.
    static func unchecked(year: Int64, month: Int64, day: Int64) -> Int64 {
        let marchYear = month <= 2 ? year - 1 : year
        let (era, yearOfEra) = floorDivide(marchYear, 400)
        let dayOfYear = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 &+ day &- 1
        return era &* 146_097 &+ (yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100) &+ dayOfYear &- 719_468
    }

    static func days(year: Int64, month: Int64, day: Int64) throws(QueryError) -> Int64 {
        try check(year: year)
        try check(month, "month", 1...12)
        try check(day, "day", 1...daysInMonth(year: year, month: month))
        return unchecked(year: year, month: month, day: day)
    }

    static func days(year: Int64, ordinalDay: Int64) throws(QueryError) -> Int64 {
        try check(year: year)
        try check(ordinalDay, "ordinalDay", 1...(isLeap(year) ? 366 : 365))
        return unchecked(year: year, month: 1, day: 1) + ordinalDay - 1
    }

    static func days(weekYear: Int64, week: Int64, dayOfWeek: Int64) throws(QueryError) -> Int64 {
        try check(year: weekYear)
        try check(week, "week", 1...weeksInYear(weekYear))
        try check(dayOfWeek, "dayOfWeek", 1...7)
        return try checked(days: firstWeek(weekYear) + 7 * (week - 1) + dayOfWeek - 1)
    }

    static func days(year: Int64, quarter: Int64, dayOfQuarter: Int64) throws(QueryError) -> Int64 {
        try check(year: year)
        try check(quarter, "quarter", 1...4)
        try check(dayOfQuarter, "dayOfQuarter", 1...daysInQuarter(year: year, quarter: quarter))
        return unchecked(year: year, month: 3 * quarter - 2, day: 1) + dayOfQuarter - 1
    }

    static func isLeap(_ year: Int64) -> Bool { year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) }

    static func daysInMonth(year: Int64, month: Int64) -> Int64 {
        switch month {
        case 2: isLeap(year) ? 29 : 28
        case 4, 6, 9, 11: 30
        default: 31
        }
    }

    static func daysInQuarter(year: Int64, quarter: Int64) -> Int64 {
        switch quarter {
        case 1: isLeap(year) ? 91 : 90
        case 2: 91
        default: 92
        }
    }

    /// 1 for Monday to 7 for Sunday. 1970-01-01 was a Thursday.
    static func dayOfWeek(_ days: Int64) -> Int64 { floorDivide(days &+ 3, 7).remainder + 1 }

    static func ordinalDay(_ days: Int64) -> Int64 {
        days &- unchecked(year: civil(days).year, month: 1, day: 1) &+ 1
    }

    static func dayOfQuarter(_ days: Int64) -> Int64 {
        let date = civil(days)
        return days &- unchecked(year: date.year, month: (date.month - 1) / 3 * 3 + 1, day: 1) &+ 1
    }

    /// The week of ISO 8601, and the year that it belongs to: that of its Thursday.
    static func week(_ days: Int64) -> (year: Int64, week: Int64) {
        let thursday = days &- dayOfWeek(days) &+ 4
        let year = civil(thursday).year
        return (year, (thursday &- unchecked(year: year, month: 1, day: 1)) / 7 + 1)
    }

    /// The Monday of the year's first week, which is the one that holds the fourth of January.
    static func firstWeek(_ weekYear: Int64) -> Int64 {
        let fourth = unchecked(year: weekYear, month: 1, day: 4)
        return fourth &- dayOfWeek(fourth) &+ 1
    }

    static func weeksInYear(_ weekYear: Int64) -> Int64 { (firstWeek(weekYear &+ 1) &- firstWeek(weekYear)) / 7 }

    /// The same day of the month, or the month's last where it has no such day.
    static func add(months: Int64, to days: Int64) throws(QueryError) -> Int64 {
        if months == 0 { return days }
        let date = civil(days)
        let (sum, overflow) = months.addingReportingOverflow(date.year &* 12 &+ date.month &- 1)
        let (year, month) = floorDivide(sum, 12)
        guard !overflow, years.contains(year) else { throw .temporalOverflow("the year is out of range") }
        let day = min(date.day, daysInMonth(year: year, month: month + 1))
        return unchecked(year: year, month: month + 1, day: day)
    }

    static func add(_ count: Int64, daysTo days: Int64) throws(QueryError) -> Int64 {
        let (sum, overflow) = days.addingReportingOverflow(count)
        guard !overflow else { throw .temporalOverflow("the date is out of range") }
        return try checked(days: sum)
    }

    static func checked(days: Int64) throws(QueryError) -> Int64 {
        guard self.days.contains(days) else { throw .temporalOverflow("the year is not within ±999999999") }
        return days
    }

    static func check(year: Int64) throws(QueryError) {
        guard years.contains(year) else { throw .temporalValue("the year \(year) is not within ±999999999") }
    }

    static func check(_ value: Int64, _ name: String, _ range: ClosedRange<Int64>) throws(QueryError) {
        guard range.contains(value) else {
            throw .temporalValue("\(name) must be \(range.lowerBound) to \(range.upperBound), not \(value)")
        }
    }
}

/// Rounded down, with a remainder from 0 to below the divisor, which must be positive.
@inline(__always)
func floorDivide(_ value: Int64, _ divisor: Int64) -> (quotient: Int64, remainder: Int64) {
    let (quotient, remainder) = value.quotientAndRemainder(dividingBy: divisor)
    return remainder < 0 ? (quotient - 1, remainder + divisor) : (quotient, remainder)
}

extension QueryError {
    /// A component or a text that means no temporal value.
    static func temporalValue(_ message: String) -> QueryError { QueryError(.argumentError, "InvalidArgumentValue", message) }

    static func temporalType(_ message: String) -> QueryError { QueryError(.typeError, "InvalidArgumentType", message) }

    static func temporalOverflow(_ message: String) -> QueryError { QueryError(.arithmeticError, "NumberOutOfRange", message) }
}
