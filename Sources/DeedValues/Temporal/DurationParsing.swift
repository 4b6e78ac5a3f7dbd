// Durations from text: P12Y5M14DT16H12M70.5S, with a fraction and a sign wherever there is a number, or like a datetime,
// P2012-02-02T14:37:21.545.

enum DurationParsing {
    /// Longer than any text that means something.
    private static let sizeMax = 256

    static func duration(_ text: String) throws(QueryError) -> CalendarDuration {
        let bytes = Array(text.utf8)
        guard bytes.count <= sizeMax else { throw .temporalValue("a text of \(bytes.count) bytes is no duration") }
        var scanner = TemporalScanner(bytes)
        let negative = scanner.take("-")
        if !negative { _ = scanner.take("+") }
        guard scanner.take("P") else { throw unreadable(text) }
        let start = scanner.position
        var parts = try units(&scanner)
        if parts == nil || !scanner.isAtEnd {
            scanner.position = start
            parts = try datetime(&scanner)
        }
        guard let parts, scanner.isAtEnd else { throw unreadable(text) }
        return negative ? try parts.duration().negated() : try parts.duration()
    }

    private static func unreadable(_ text: String) -> QueryError {
        .temporalValue("'\(text)' is no duration; it would be like P1Y2M10DT2H30M or P2012-02-02T14:37:21.545")
    }

    /// Numbers with units, which must come in this order, each at most once, one at least.
    private static func units(_ scanner: inout TemporalScanner) throws(QueryError) -> DurationParts? {
        let dateUnits: [(Unicode.Scalar, DurationParts.Unit)] = [("Y", .years), ("M", .months), ("W", .weeks), ("D", .days)]
        let timeUnits: [(Unicode.Scalar, DurationParts.Unit)] = [("H", .hours), ("M", .minutes), ("S", .seconds)]
        var parts = DurationParts()
        var count = try take(dateUnits, &scanner, &parts)
        if count != nil, scanner.take("T") {
            guard let times = try take(timeUnits, &scanner, &parts), times > 0 else { return nil }
            count = times
        }
        return (count ?? 0) > 0 ? parts : nil
    }

    /// How many there were; nil if something else came.
    private static func take(
        _ units: [(Unicode.Scalar, DurationParts.Unit)], _ scanner: inout TemporalScanner, _ parts: inout DurationParts
    ) throws(QueryError) -> Int? {
        var next = 0
        var count = 0
        while let byte = scanner.peek, byte != UInt8(ascii: "T") {
            guard let amount = try number(&scanner) else { return nil }
            while next < units.count, !scanner.take(units[next].0) { next += 1 }
            guard next < units.count else { return nil }
            try parts.add(amount, units[next].1)
            next += 1
            count += 1
        }
        return count
    }

    private static func number(_ scanner: inout TemporalScanner) throws(QueryError) -> FixedPoint? {
        let negative = scanner.take("-")
        if !negative { _ = scanner.take("+") }
        var result: Int128 = 0
        let count = scanner.digitsAhead
        guard count > 0 else { return nil }
        // Safe: at most 18 digits at once.
        guard count <= 18, let whole = scanner.digits(1...18) else {
            throw .temporalOverflow("a number of \(count) digits is too large for a duration")
        }
        result = Int128(whole) * FixedPoint.one
        if scanner.take(".") || scanner.take(",") {
            let places = scanner.digitsAhead
            guard (1...18).contains(places), let digits = scanner.digits(1...18) else { return nil }
            var fraction = Int128(digits)
            for _ in places..<18 { fraction *= 10 }
            result += fraction
        }
        return FixedPoint(units: negative ? -result : result)
    }

    /// Years, months, days, hours, minutes and seconds as a datetime writes them, none of them larger than there.
    private static func datetime(_ scanner: inout TemporalScanner) throws(QueryError) -> DurationParts? {
        guard let years = scanner.digits(4...4) else { return nil }
        var parts = DurationParts()
        let isExtended = scanner.take("-")
        guard let months = scanner.digits(2...2), months <= 12, !isExtended || scanner.take("-"),
            let days = scanner.digits(2...2), days <= 31
        else { return nil }
        try parts.add(FixedPoint(years), .years)
        try parts.add(FixedPoint(months), .months)
        try parts.add(FixedPoint(days), .days)
        guard scanner.take("T") else { return parts }
        guard let hours = scanner.digits(2...2), hours <= 24 else { return nil }
        try parts.add(FixedPoint(hours), .hours)
        for unit in [DurationParts.Unit.minutes, .seconds] {
            guard isExtended ? scanner.take(":") : scanner.digitsAhead > 0 else { return parts }
            guard let amount = scanner.digits(2...2), amount < 60 else { return nil }
            try parts.add(FixedPoint(amount), unit)
        }
        guard let fraction = scanner.fraction() else { return nil }
        try parts.add(FixedPoint(fraction), .nanoseconds)
        return parts
    }
}
