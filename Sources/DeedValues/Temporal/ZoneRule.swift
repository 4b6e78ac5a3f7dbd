// The rule at the end of a zone file, for all the time after its table: "CET-1CEST,M3.5.0,M10.5.0/3".
//
// POSIX's TZ format, with RFC 8536's extension of hours beyond a day: the name and offset (counted westwards!) of
// standard time, and optionally those of daylight saving time with the two moments of the year at which they begin.

struct ZoneRule: Sendable {
    private enum Day {
        /// Weekday 0 (Sunday) to 6 of the month's first to fourth, or last (5), week.
        case ofWeek(month: Int64, week: Int64, weekday: Int64)
        /// 1 to 365, never counting the leap day.
        case julian(Int64)
        /// 0 to 365, counting it.
        case ordinal(Int64)
    }

    private struct Change {
        var day: Day
        /// Seconds after local midnight, by the clock before the change.
        var time: Int64
    }

    private let standard: Int32
    private let saving: (offset: Int32, begins: Change, ends: Change)?

    init?(_ text: [UInt8]) {
        var scanner = TemporalScanner(text)
        guard Self.name(&scanner), let west = Self.time(&scanner), abs(west) <= Zone.fileOffsetMax else { return nil }
        standard = Int32(-west)
        if scanner.isAtEnd {
            saving = nil
            return
        }
        guard Self.name(&scanner) else { return nil }
        var offset = Int64(standard) + 3600
        if scanner.peek != UInt8(ascii: ",") {
            guard let west = Self.time(&scanner), abs(west) <= Zone.fileOffsetMax else { return nil }
            offset = -west
        }
        guard let begins = Self.change(&scanner), let ends = Self.change(&scanner), scanner.isAtEnd else { return nil }
        saving = (Int32(offset), begins, ends)
    }

    func span(at seconds: Int64) -> ZoneRules.Span {
        guard let saving else { return ZoneRules.Span(offset: standard, start: .min, end: .max) }
        let year = CivilCalendar.civil(floorDivide(seconds, CivilCalendar.secondsPerDay).quotient).year
        // Offsets and times of day may carry a change into the neighbouring year.
        var start = Int64.min
        var offset = standard
        var end = Int64.max
        for year in year - 1...year + 1 {
            let begins = moment(saving.begins, year: year, clock: standard)
            let ends = moment(saving.ends, year: year, clock: saving.offset)
            if begins > seconds { end = min(end, begins) }
            if ends > seconds { end = min(end, ends) }
            // Where saving time lasts all year, it begins as the last year's ends, and wins.
            if ends <= seconds, ends > start { (start, offset) = (ends, standard) }
            if begins <= seconds, begins >= start { (start, offset) = (begins, saving.offset) }
        }
        return ZoneRules.Span(offset: offset, start: start, end: end)
    }

    private func moment(_ change: Change, year: Int64, clock: Int32) -> Int64 {
        let first = CivilCalendar.unchecked(year: year, month: 1, day: 1)
        let day: Int64
        switch change.day {
        case .ordinal(let number): day = first + number
        case .julian(let number): day = first + number - (CivilCalendar.isLeap(year) && number > 59 ? 0 : 1)
        case .ofWeek(let month, let week, let weekday):
            let monthStart = CivilCalendar.unchecked(year: year, month: month, day: 1)
            let ahead = floorDivide(weekday - CivilCalendar.dayOfWeek(monthStart), 7).remainder
            let dayOfMonth = ahead + 7 * (week - 1)
            day = monthStart + (dayOfMonth < CivilCalendar.daysInMonth(year: year, month: month) ? dayOfMonth : dayOfMonth - 7)
        }
        return day &* CivilCalendar.secondsPerDay &+ change.time &- Int64(clock)
    }

    // MARK: - Parsing

    /// Letters, or anything between angle brackets.
    private static func name(_ scanner: inout TemporalScanner) -> Bool {
        if scanner.take("<") {
            while let byte = scanner.peek {
                scanner.position += 1
                if byte == UInt8(ascii: ">") { return true }
            }
            return false
        }
        let start = scanner.position
        while let byte = scanner.peek, (byte | 0x20) >= UInt8(ascii: "a"), (byte | 0x20) <= UInt8(ascii: "z") { scanner.position += 1 }
        return scanner.position - start >= 3
    }

    private static func time(_ scanner: inout TemporalScanner) -> Int64? {
        let negative = scanner.take("-")
        if !negative { _ = scanner.take("+") }
        guard var seconds = scanner.digits(1...3).map({ $0 * 3600 }) else { return nil }
        if scanner.take(":") {
            guard let minutes = scanner.digits(1...2) else { return nil }
            seconds += minutes * 60
            if scanner.take(":") {
                guard let rest = scanner.digits(1...2) else { return nil }
                seconds += rest
            }
        }
        return negative ? -seconds : seconds
    }

    private static func change(_ scanner: inout TemporalScanner) -> Change? {
        guard scanner.take(",") else { return nil }
        let day: Day
        if scanner.take("M") {
            guard let month = scanner.digits(1...2), scanner.take("."), let week = scanner.digits(1...1), scanner.take("."),
                let weekday = scanner.digits(1...1), (1...12).contains(month), (1...5).contains(week), weekday <= 6
            else { return nil }
            day = .ofWeek(month: month, week: week, weekday: weekday)
        } else if scanner.take("J") {
            guard let number = scanner.digits(1...3), (1...365).contains(number) else { return nil }
            day = .julian(number)
        } else {
            guard let number = scanner.digits(1...3), number <= 365 else { return nil }
            day = .ordinal(number)
        }
        guard scanner.take("/") else { return Change(day: day, time: 7200) }
        return time(&scanner).map { Change(day: day, time: $0) }
    }
}
