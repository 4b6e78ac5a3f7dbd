// Dates, times and datetimes from text, in the forms of ISO 8601 that openCypher takes.
//
//     date      2015-07-21  20150721  2015-07  201507  2015-W30-2  2015W302  2015-W30  2015-Q3-21  2015Q321  2015-202
//               2015202  2015; a year of more or fewer than four digits has a sign, and dashes after it
//     time      21:40:32.142  214032.142  21:40  2140  21
//     zone      Z  +01:00  +0100  +01  +01:00:30  [Europe/Stockholm]  +01:00[Europe/Stockholm]
//     datetime  date T time zone, or a date alone

enum TemporalParsing {
    /// Longer than any text that means something, so that messages may quote what was given.
    private static let sizeMax = 128

    static func date(_ text: String) throws(QueryError) -> CalendarDate {
        var scanner = try scanner(text, "date")
        guard let days = try date(&scanner), scanner.isAtEnd else { throw unreadable(text, "date", "2015-07-21") }
        return CalendarDate(days: days)
    }

    static func localTime(_ text: String) throws(QueryError) -> LocalTime {
        var scanner = try scanner(text, "local time")
        guard let time = try time(&scanner), scanner.isAtEnd else { throw unreadable(text, "local time", "21:40:32.142") }
        return LocalTime(nanoseconds: time)
    }

    static func zonedTime(_ text: String, _ context: FunctionContext) throws(QueryError) -> ZonedTime {
        var scanner = try scanner(text, "time")
        guard let time = try time(&scanner), let zone = try zone(&scanner), scanner.isAtEnd else {
            throw unreadable(text, "time", "21:40:32.142+01:00")
        }
        if let offset = zone.offset { return ZonedTime(nanoseconds: time, offset: offset) }
        return ZonedTime(nanoseconds: time, offset: try context.zone(zone.zone).offset(at: context.seconds))
    }

    static func localDatetime(_ text: String) throws(QueryError) -> LocalDatetime {
        var scanner = try scanner(text, "local datetime")
        guard let local = try datetime(&scanner), scanner.isAtEnd else {
            throw unreadable(text, "local datetime", "2015-07-21T21:40:32.142")
        }
        return local
    }

    static func zonedDatetime(_ text: String, _ context: FunctionContext) throws(QueryError) -> ZonedDatetime {
        var scanner = try scanner(text, "datetime")
        guard let local = try datetime(&scanner), let zone = try zone(&scanner), scanner.isAtEnd else {
            throw unreadable(text, "datetime", "2015-07-21T21:40:32.142+01:00 or 2015-07-21T21:40:32[Europe/Stockholm]")
        }
        let place = try context.zone(zone.zone ?? zone.offset.map { .offset($0) })
        let moment = ZonedDatetime(local, in: place, preferring: zone.offset)
        if let offset = zone.offset, offset != moment.offset {
            throw .temporalValue(
                "'\(text)': the offset in \(moment.zone) is \(TemporalText.offset(moment.offset)) then, not \(TemporalText.offset(offset))")
        }
        return moment
    }

    // MARK: - Parts

    private static func scanner(_ text: String, _ type: String) throws(QueryError) -> TemporalScanner {
        let bytes = Array(text.utf8)
        guard bytes.count <= sizeMax else { throw .temporalValue("a text of \(bytes.count) bytes is no \(type)") }
        return TemporalScanner(bytes)
    }

    private static func unreadable(_ text: String, _ type: String, _ example: String) -> QueryError {
        .temporalValue("'\(text)' is no \(type); it would be like \(example)")
    }

    private static func datetime(_ scanner: inout TemporalScanner) throws(QueryError) -> LocalDatetime? {
        guard let days = try date(&scanner) else { return nil }
        guard scanner.take("T") else { return LocalDatetime(days: days, nanosecondOfDay: 0) }
        return try time(&scanner).map { LocalDatetime(days: days, nanosecondOfDay: $0) }
    }

    private static func date(_ scanner: inout TemporalScanner) throws(QueryError) -> Int64? {
        let negative = scanner.take("-")
        let isSigned = negative || scanner.take("+")
        guard let digits = scanner.digits(isSigned ? 1...9 : 4...4) else { return nil }
        let year = negative ? -digits : digits
        let isExtended = scanner.take("-")
        if isSigned, !isExtended, scanner.digitsAhead > 0 { return nil }
        if scanner.take("W") { return try week(&scanner, year: year, isExtended: isExtended) }
        if scanner.take("Q") { return try quarter(&scanner, year: year, isExtended: isExtended) }
        switch (scanner.digitsAhead, isExtended) {
        case (0, false): return try CivilCalendar.days(year: year, month: 1, day: 1)
        case (3, _):
            guard let day = scanner.digits(3...3) else { return nil }
            return try CivilCalendar.days(year: year, ordinalDay: day)
        case (2, _), (4, false):
            guard let month = scanner.digits(2...2) else { return nil }
            var day: Int64? = 1
            if isExtended ? scanner.take("-") : scanner.digitsAhead > 0 { day = scanner.digits(2...2) }
            guard let day else { return nil }
            return try CivilCalendar.days(year: year, month: month, day: day)
        default: return nil
        }
    }

    private static func week(_ scanner: inout TemporalScanner, year: Int64, isExtended: Bool) throws(QueryError) -> Int64? {
        guard let week = scanner.digits(2...2) else { return nil }
        var day: Int64? = 1
        if isExtended ? scanner.take("-") : scanner.digitsAhead > 0 { day = scanner.digits(1...1) }
        guard let day else { return nil }
        return try CivilCalendar.days(weekYear: year, week: week, dayOfWeek: day)
    }

    private static func quarter(_ scanner: inout TemporalScanner, year: Int64, isExtended: Bool) throws(QueryError) -> Int64? {
        guard let quarter = scanner.digits(1...1) else { return nil }
        var day: Int64? = 1
        if isExtended ? scanner.take("-") : scanner.digitsAhead > 0 { day = scanner.digits(2...2) }
        guard let day else { return nil }
        return try CivilCalendar.days(year: year, quarter: quarter, dayOfQuarter: day)
    }

    /// Nanoseconds since midnight.
    private static func time(_ scanner: inout TemporalScanner) throws(QueryError) -> Int64? {
        guard let hour = scanner.digits(2...2) else { return nil }
        var (minute, second, nanosecond): (Int64, Int64, Int64) = (0, 0, 0)
        let isExtended = scanner.take(":")
        if isExtended || scanner.digitsAhead > 0 {
            guard let digits = scanner.digits(2...2) else { return nil }
            minute = digits
            if isExtended ? scanner.take(":") : scanner.digitsAhead > 0 {
                guard let digits = scanner.digits(2...2), let fraction = scanner.fraction() else { return nil }
                (second, nanosecond) = (digits, fraction)
            }
        }
        try CivilCalendar.check(hour, "hour", 0...23)
        try CivilCalendar.check(minute, "minute", 0...59)
        try CivilCalendar.check(second, "second", 0...59)
        return ((hour * 60 + minute) * 60 + second) * CivilCalendar.nanosecondsPerSecond + nanosecond
    }

    /// Both may be missing; nil is for what is no zone.
    private static func zone(_ scanner: inout TemporalScanner) throws(QueryError) -> (offset: Int32?, zone: Zone?)? {
        var offset: Int32?
        if let next = scanner.peek, next != UInt8(ascii: "[") {
            guard let given = try scanner.offset() else { return nil }
            offset = given
        }
        guard let name = scanner.bracketed() else { return (offset, nil) }
        return (offset, try .parse(name))
    }
}
