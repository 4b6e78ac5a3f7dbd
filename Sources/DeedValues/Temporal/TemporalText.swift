// Temporal values as text: what `toString` gives and results print. The constructors read all of it back.

package enum TemporalText {
    /// Only of temporal values; empty for others.
    package static func describe(_ value: Value) -> String {
        switch value {
        case .date(let date): self.date(date.days)
        case .localTime(let time): self.time(time.nanoseconds)
        case .zonedTime(let time): self.time(time.nanoseconds) + offset(time.offset)
        case .localDatetime(let local): datetime(local)
        case .zonedDatetime(let zoned):
            datetime(zoned.local) + offset(zoned.offset) + (zoned.zone.isEmpty ? "" : "[\(zoned.zone)]")
        case .duration(let duration): self.duration(duration)
        default: ""
        }
    }

    private static func datetime(_ local: LocalDatetime) -> String {
        date(local.days) + "T" + time(local.nanosecondOfDay)
    }

    private static func date(_ days: Int64) -> String {
        let date = CivilCalendar.civil(days)
        let sign = date.year < 0 ? "-" : date.year > 9999 ? "+" : ""
        return "\(sign)\(padded(date.year.magnitude, 4))-\(padded(date.month.magnitude, 2))-\(padded(date.day.magnitude, 2))"
    }

    /// Seconds only where there are any, and their fraction in thousandths, millionths or billionths.
    private static func time(_ nanoseconds: Int64) -> String {
        let (seconds, fraction) = nanoseconds.magnitude.quotientAndRemainder(dividingBy: 1_000_000_000)
        var text = "\(padded(seconds / 3600, 2)):\(padded(seconds / 60 % 60, 2))"
        if seconds % 60 == 0, fraction == 0 { return text }
        text += ":\(padded(seconds % 60, 2))"
        if fraction == 0 { return text }
        if fraction % 1_000_000 == 0 { return "\(text).\(padded(fraction / 1_000_000, 3))" }
        if fraction % 1000 == 0 { return "\(text).\(padded(fraction / 1000, 6))" }
        return "\(text).\(padded(fraction, 9))"
    }

    /// `Z`, `+01:00` or, where there are seconds, `+00:53:28`.
    static func offset(_ seconds: Int32) -> String {
        if seconds == 0 { return "Z" }
        let magnitude = UInt64(seconds.magnitude)
        let minutes = "\(seconds < 0 ? "-" : "+")\(padded(magnitude / 3600, 2)):\(padded(magnitude / 60 % 60, 2))"
        return magnitude % 60 == 0 ? minutes : "\(minutes):\(padded(magnitude % 60, 2))"
    }

    /// Each part has the sign of its whole: months, days, and everything below a day.
    private static func duration(_ duration: CalendarDuration) -> String {
        var text = "P"
        func append(_ amount: Int64, _ unit: Character) {
            if amount != 0 { text += "\(amount)\(unit)" }
        }
        append(duration.months / 12, "Y")
        append(duration.months % 12, "M")
        append(duration.days, "D")
        let total = duration.totalNanoseconds
        if total == 0 { return text.utf8.count == 1 ? "PT0S" : text }
        text += "T"
        let billion: Int128 = 1_000_000_000
        append(Int64(total / (3600 * billion)), "H")
        append(Int64(total / (60 * billion) % 60), "M")
        let rest = Int64(total % (60 * billion))
        if rest == 0 { return text }
        let (seconds, fraction) = rest.magnitude.quotientAndRemainder(dividingBy: 1_000_000_000)
        text += "\(rest < 0 ? "-" : "")\(seconds)"
        if fraction != 0 {
            var digits = Array(padded(fraction, 9).utf8)
            while digits.last == UInt8(ascii: "0") { digits.removeLast() }
            text += "." + String(decoding: digits, as: UTF8.self)
        }
        return text + "S"
    }

    private static func padded(_ number: UInt64, _ width: Int) -> String {
        let digits = String(number)
        return String(repeating: "0", count: max(0, width - digits.utf8.count)) + digits
    }
}
