// Durations from parts that may have fractions.
//
// A fraction goes on in the next smaller unit, a month being 30.436875 days, the average of the Gregorian calendar, and a
// day 24 hours; whole months, days and seconds never turn into one another.

struct DurationParts {
    var months = FixedPoint(units: 0)
    var days = FixedPoint(units: 0)
    var seconds = FixedPoint(units: 0)

    enum Unit: String, CaseIterable {
        case years, quarters, months, weeks, days, hours, minutes, seconds, milliseconds, microseconds, nanoseconds

        static func named(_ name: String) -> Unit? { allCases.first { $0.rawValue.utf8.elementsEqual(name.utf8) } }
    }

    mutating func add(_ amount: FixedPoint, _ unit: Unit) throws(QueryError) {
        switch unit {
        case .years: months = try months.adding(amount.multiplied(by: 12))
        case .quarters: months = try months.adding(amount.multiplied(by: 3))
        case .months: months = try months.adding(amount)
        case .weeks: days = try days.adding(amount.multiplied(by: 7))
        case .days: days = try days.adding(amount)
        case .hours: seconds = try seconds.adding(amount.multiplied(by: 3600))
        case .minutes: seconds = try seconds.adding(amount.multiplied(by: 60))
        case .seconds: seconds = try seconds.adding(amount)
        case .milliseconds: seconds = try seconds.adding(FixedPoint(units: amount.units / 1000))
        case .microseconds: seconds = try seconds.adding(FixedPoint(units: amount.units / 1_000_000))
        case .nanoseconds: seconds = try seconds.adding(FixedPoint(units: amount.units / 1_000_000_000))
        }
    }

    func duration() throws(QueryError) -> CalendarDuration {
        let nanosecondsPerDay = Int128(CivilCalendar.nanosecondsPerDay)
        // 30.436875 days.
        let nanosecondsPerMonth: Int128 = 2_629_746_000_000_000
        let wholeMonths = months.units / FixedPoint.one
        let wholeDays = days.units / FixedPoint.one
        // Safe: fractions are below 10^18 units, so the products are below 10^34.
        let belowDays = (months.units % FixedPoint.one) * nanosecondsPerMonth / FixedPoint.one
            + (days.units % FixedPoint.one) * nanosecondsPerDay / FixedPoint.one
        // The whole days take part, so that what is left over has the sign of the sum.
        let (sum, overflow) = (wholeDays * nanosecondsPerDay).addingReportingOverflow(belowDays)
        guard !overflow, let months = Int64(exactly: wholeMonths), let days = Int64(exactly: sum / nanosecondsPerDay) else {
            throw .temporalOverflow("a part of the duration is out of range")
        }
        let nanoseconds = seconds.units / 1_000_000_000 + sum % nanosecondsPerDay
        return try CalendarDuration(months: months, days: days, totalNanoseconds: nanoseconds)
    }
}

extension CalendarDuration {
    /// Everything below the days. Safe: 2^63 seconds are below 10^28 nanoseconds.
    var totalNanoseconds: Int128 { Int128(seconds) * 1_000_000_000 + Int128(nanoseconds) }

    convenience init(months: Int64, days: Int64, totalNanoseconds total: Int128) throws(QueryError) {
        var (seconds, nanoseconds) = total.quotientAndRemainder(dividingBy: 1_000_000_000)
        if nanoseconds < 0 { (seconds, nanoseconds) = (seconds - 1, nanoseconds + 1_000_000_000) }
        guard let seconds = Int64(exactly: seconds) else { throw .temporalOverflow("the seconds of the duration are out of range") }
        self.init(months: months, days: days, seconds: seconds, nanoseconds: Int32(nanoseconds))
    }
}
