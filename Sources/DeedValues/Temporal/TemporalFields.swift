// The components of a date and of a time of day as a map gives them, and what they come to.
//
// They come to a date or a time by themselves, or change one that is there already (`{date: d, day: 28}`, truncation). By
// themselves, the larger components must be given for the smaller ones to mean something.

struct TemporalFields {
    enum Field: String, CaseIterable {
        case year, quarter, month, week, day, ordinalDay, dayOfQuarter, dayOfWeek
        case hour, minute, second, millisecond, microsecond, nanosecond
        case epochSeconds, epochMillis

        var isOfDate: Bool { self.index <= Field.dayOfWeek.index }
        var isOfTime: Bool { self.index >= Field.hour.index && self.index <= Field.nanosecond.index }

        var index: Int {
            switch self {
            case .year: 0
            case .quarter: 1
            case .month: 2
            case .week: 3
            case .day: 4
            case .ordinalDay: 5
            case .dayOfQuarter: 6
            case .dayOfWeek: 7
            case .hour: 8
            case .minute: 9
            case .second: 10
            case .millisecond: 11
            case .microsecond: 12
            case .nanosecond: 13
            case .epochSeconds: 14
            case .epochMillis: 15
            }
        }

        /// Nil if there is no such field.
        static func named(_ name: String) -> Field? {
            if name.utf8.elementsEqual("weekDay".utf8) { return .dayOfWeek }
            if name.utf8.elementsEqual("quarterDay".utf8) { return .dayOfQuarter }
            return allCases.first { $0.rawValue.utf8.elementsEqual(name.utf8) }
        }
    }

    private var numbers = [Int64?](repeating: nil, count: Field.allCases.count)

    subscript(field: Field) -> Int64? {
        get { numbers[field.index] }
        set { numbers[field.index] = newValue }
    }

    var hasDate: Bool { Field.allCases.contains { $0.isOfDate && self[$0] != nil } }
    var hasTime: Bool { Field.allCases.contains { $0.isOfTime && self[$0] != nil } }

    // MARK: - Dates

    /// Days. `base` is the date to change.
    func date(base: Int64?) throws(QueryError) -> Int64 {
        let isWeek = self[.week] != nil || self[.dayOfWeek] != nil
        let isOrdinal = self[.ordinalDay] != nil
        let isQuarter = self[.quarter] != nil || self[.dayOfQuarter] != nil
        let isCalendar = self[.month] != nil || self[.day] != nil
        guard [isWeek, isOrdinal, isQuarter, isCalendar].count(where: { $0 }) <= 1 else {
            throw .temporalValue("a date is given by month and day, by week, by quarter, or by ordinalDay, not by two of them")
        }
        if base == nil, self[.year] == nil { throw .temporalValue("the year must be given") }
        if isWeek { return try weekDate(base) }
        if isQuarter { return try quarterDate(base) }
        let date = base.map(CivilCalendar.civil)
        let year = self[.year] ?? date?.year ?? 0
        if let day = self[.ordinalDay] { return try CivilCalendar.days(year: year, ordinalDay: day) }
        try need(.month, for: .day, unless: base)
        return try calendarDate(year: year, month: self[.month] ?? date?.month ?? 1, day: self[.day], otherwise: date?.day ?? 1)
    }

    /// A day that was not asked for becomes the month's last where the month is too short.
    private func calendarDate(year: Int64, month: Int64, day: Int64?, otherwise: Int64) throws(QueryError) -> Int64 {
        try CivilCalendar.check(year: year)
        try CivilCalendar.check(month, "month", 1...12)
        let day = day ?? min(otherwise, CivilCalendar.daysInMonth(year: year, month: month))
        return try CivilCalendar.days(year: year, month: month, day: day)
    }

    private func weekDate(_ base: Int64?) throws(QueryError) -> Int64 {
        try need(.week, for: .dayOfWeek, unless: base)
        let of = base.map(CivilCalendar.week)
        let year = self[.year] ?? of?.year ?? 0
        try CivilCalendar.check(year: year)
        let week = self[.week] ?? min(of?.week ?? 1, CivilCalendar.weeksInYear(year))
        let day = self[.dayOfWeek] ?? base.map(CivilCalendar.dayOfWeek) ?? 1
        return try CivilCalendar.days(weekYear: year, week: week, dayOfWeek: day)
    }

    /// The place in the quarter stays: the second month of one is the second month of the other.
    private func quarterDate(_ base: Int64?) throws(QueryError) -> Int64 {
        try need(.quarter, for: .dayOfQuarter, unless: base)
        let date = base.map(CivilCalendar.civil)
        let year = self[.year] ?? date?.year ?? 0
        let month = (date?.month ?? 1) - 1
        let quarter = self[.quarter] ?? month / 3 + 1
        if let day = self[.dayOfQuarter] { return try CivilCalendar.days(year: year, quarter: quarter, dayOfQuarter: day) }
        try CivilCalendar.check(quarter, "quarter", 1...4)
        return try calendarDate(year: year, month: 3 * quarter - 2 + month % 3, day: nil, otherwise: date?.day ?? 1)
    }

    private func need(_ larger: Field, for smaller: Field, unless base: Int64?) throws(QueryError) {
        if base == nil, self[smaller] != nil, self[larger] == nil {
            throw .temporalValue("\(smaller.rawValue) needs \(larger.rawValue) to be given too")
        }
    }

    // MARK: - Times

    /// Nanoseconds since midnight. `base` is the time to change.
    func time(base: Int64?) throws(QueryError) -> Int64 {
        try need(.hour, for: .minute, unless: base)
        try need(.minute, for: .second, unless: base)
        for smaller in [Field.millisecond, .microsecond, .nanosecond] { try need(.second, for: smaller, unless: base) }
        let seconds = (base ?? 0) / CivilCalendar.nanosecondsPerSecond
        let hour = self[.hour] ?? seconds / 3600
        let minute = self[.minute] ?? seconds / 60 % 60
        let second = self[.second] ?? seconds % 60
        try CivilCalendar.check(hour, "hour", 0...23)
        try CivilCalendar.check(minute, "minute", 0...59)
        try CivilCalendar.check(second, "second", 0...59)
        let nanosecond = try nanosecondOfSecond() ?? (base ?? 0) % CivilCalendar.nanosecondsPerSecond
        return ((hour * 60 + minute) * 60 + second) * CivilCalendar.nanosecondsPerSecond + nanosecond
    }

    /// Each of the three counts what the next larger one that is given leaves over. Nil if there is none of them.
    func nanosecondOfSecond() throws(QueryError) -> Int64? {
        let (milli, micro, nano) = (self[.millisecond], self[.microsecond], self[.nanosecond])
        if milli == nil, micro == nil, nano == nil { return nil }
        try CivilCalendar.check(milli ?? 0, "millisecond", 0...999)
        try CivilCalendar.check(micro ?? 0, "microsecond", 0...(milli != nil ? 999 : 999_999))
        try CivilCalendar.check(nano ?? 0, "nanosecond", 0...(micro != nil ? 999 : milli != nil ? 999_999 : 999_999_999))
        return (milli ?? 0) * 1_000_000 + (micro ?? 0) * 1000 + (nano ?? 0)
    }
}
