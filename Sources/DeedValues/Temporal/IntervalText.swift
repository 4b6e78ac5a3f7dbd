// Intervals as SQL writes them: `1 day 2 hours`, `3 mons`, `-1 year`, `2 days 04:05:06.5`, and ISO 8601's `P1DT2H`.

enum IntervalText {
    private static let months: [String: Int64] = [
        "year": 12, "years": 12, "y": 12, "yr": 12, "yrs": 12, "mon": 1, "mons": 1, "month": 1, "months": 1, "decade": 120,
        "decades": 120, "century": 1_200, "centuries": 1_200,
    ]
    private static let days: [String: Int64] = ["day": 1, "days": 1, "d": 1, "week": 7, "weeks": 7, "w": 7]
    private static let nanoseconds: [String: Int64] = [
        "hour": 3_600_000_000_000, "hours": 3_600_000_000_000, "h": 3_600_000_000_000, "hr": 3_600_000_000_000,
        "hrs": 3_600_000_000_000, "minute": 60_000_000_000, "minutes": 60_000_000_000, "min": 60_000_000_000,
        "mins": 60_000_000_000, "m": 60_000_000_000, "second": 1_000_000_000, "seconds": 1_000_000_000, "sec": 1_000_000_000,
        "secs": 1_000_000_000, "s": 1_000_000_000, "millisecond": 1_000_000, "milliseconds": 1_000_000, "ms": 1_000_000,
        "microsecond": 1_000, "microseconds": 1_000, "us": 1_000,
    ]

    static func parse(_ text: String) throws(QueryError) -> CalendarDuration {
        if text.utf8.first == UInt8(ascii: "P") { return try DurationParsing.duration(text) }
        var parts = DurationSum()
        var words = text.lowercased().split(whereSeparator: { $0.isWhitespace }).map(String.init)
        var isNegated = false
        if words.last == "ago" {
            words.removeLast()
            isNegated = true
        }
        var index = 0
        guard !words.isEmpty else { throw unreadable(text) }
        while index < words.count {
            let (number, unit) = divided(words[index])
            if unit.hasPrefix(":") {
                try parts.add(clock: words[index], or: unreadable(text))
            } else if !unit.isEmpty {
                try add(number, unit, to: &parts, or: unreadable(text))
            } else if index + 1 < words.count {
                try add(number, words[index + 1], to: &parts, or: unreadable(text))
                index += 1
            } else {
                try add(number, "second", to: &parts, or: unreadable(text))
            }
            index += 1
        }
        return try parts.duration(negated: isNegated)
    }

    private static func unreadable(_ text: String) -> QueryError {
        QueryError(.argumentError, "InvalidTextRepresentation", "'\(text)' is no interval; write one such as '1 day 2 hours'")
    }

    /// The number at the beginning of a word, and the rest.
    private static func divided(_ word: String) -> (String, String) {
        let end = word.firstIndex { !($0.isASCII && ($0.isNumber || $0 == "." || $0 == "-" || $0 == "+")) } ?? word.endIndex
        return (String(word[..<end]), String(word[end...]))
    }

    private static func add(
        _ number: String, _ unit: String, to parts: inout DurationSum, or error: QueryError
    ) throws(QueryError) {
        guard let value = Double(number), value.isFinite, abs(value) < 1e15 else { throw error }
        if let factor = months[unit] {
            try parts.add(months: value * Double(factor))
        } else if let factor = days[unit] {
            try parts.add(days: value * Double(factor))
        } else if let factor = nanoseconds[unit] {
            try parts.add(nanoseconds: value * Double(factor))
        } else {
            throw error
        }
    }
}

/// The parts of an interval while they are added up. Fractions of months are days (of 30), and those of days are time.
private struct DurationSum {
    private var months: Int64 = 0
    private var days: Int64 = 0
    private var seconds: Int64 = 0
    private var nanoseconds: Int64 = 0

    private static let tooLarge = QueryError(.arithmeticError, "NumberOutOfRange", "the interval is too large")

    private static func whole(_ value: Double) throws(QueryError) -> Int64 {
        guard let whole = Int64(exactly: value.rounded(.towardZero)) else { throw tooLarge }
        return whole
    }

    private static func sum(_ left: Int64, _ right: Int64) throws(QueryError) -> Int64 {
        let (sum, overflow) = left.addingReportingOverflow(right)
        if overflow { throw tooLarge }
        return sum
    }

    mutating func add(months value: Double) throws(QueryError) {
        let whole = try Self.whole(value)
        months = try Self.sum(months, whole)
        if value != Double(whole) { try add(days: (value - Double(whole)) * 30) }
    }

    mutating func add(days value: Double) throws(QueryError) {
        let whole = try Self.whole(value)
        days = try Self.sum(days, whole)
        if value != Double(whole) { try add(nanoseconds: ((value - Double(whole)) * 86_400_000_000_000).rounded()) }
    }

    mutating func add(nanoseconds value: Double) throws(QueryError) {
        let whole = try Self.whole(value / 1_000_000_000)
        seconds = try Self.sum(seconds, whole)
        nanoseconds = try Self.sum(nanoseconds, try Self.whole((value - Double(whole) * 1_000_000_000).rounded()))
    }

    /// `04:05:06.5`, with a sign perhaps.
    mutating func add(clock: String, or error: QueryError) throws(QueryError) {
        let isNegative = clock.hasPrefix("-")
        let fields = clock.drop { $0 == "-" || $0 == "+" }.split(separator: ":", omittingEmptySubsequences: false)
        guard fields.count == 2 || fields.count == 3, let hours = Int64(fields[0]), let minutes = Int64(fields[1]),
            (0..<1_000_000_000).contains(hours), (0..<60).contains(minutes)
        else { throw error }
        let seconds = fields.count == 3 ? Double(fields[2]) : 0
        guard let seconds, seconds >= 0, seconds < 61 else { throw error }
        let whole = (Double(hours) * 3_600 + Double(minutes) * 60) * 1_000_000_000 + (seconds * 1_000_000_000).rounded()
        try add(nanoseconds: isNegative ? -whole : whole)
    }

    func duration(negated: Bool) throws(QueryError) -> CalendarDuration {
        let (carry, rest) = nanoseconds.quotientAndRemainder(dividingBy: 1_000_000_000)
        var (whole, part) = (signed(try Self.sum(seconds, carry)), signed(rest))
        if part < 0 { (whole, part) = (try Self.sum(whole, -1), part + 1_000_000_000) }
        return CalendarDuration(months: signed(months), days: signed(days), seconds: whole, nanoseconds: Int32(part))

        func signed(_ number: Int64) -> Int64 { negated ? 0 &- number : number }
    }
}
