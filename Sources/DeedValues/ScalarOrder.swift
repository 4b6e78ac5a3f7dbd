// Three-way comparisons of the parts that values are made of: negative, zero or positive.

enum ScalarOrder {
    @inline(__always)
    static func compare<Number: FixedWidthInteger>(_ left: Number, _ right: Number) -> Int {
        left < right ? -1 : left == right ? 0 : 1
    }

    /// Zeros of both signs are equal. Neither may be NaN.
    @inline(__always)
    static func compare(_ left: Double, _ right: Double) -> Int { left < right ? -1 : left == right ? 0 : 1 }

    /// NaN comes after every number.
    @inline(__always)
    static func compareTotally(_ left: Double, _ right: Double) -> Int {
        if left < right { return -1 }
        if left > right { return 1 }
        if left == right { return 0 }
        return compare(left.isNaN ? 1 : 0, right.isNaN ? 1 : 0)
    }

    /// An integer and a float as the numbers they are: converting the integer would make neighbours above 2^53 equal.
    /// NaN comes after every integer.
    static func compare(_ left: Int64, _ right: Double) -> Int {
        if right.isNaN || right >= 0x1p63 { return -1 }
        if right < -0x1p63 { return 1 }
        let whole = right.rounded(.towardZero)
        let integer = Int64(whole)
        return left != integer ? compare(left, integer) : compare(whole, right)
    }

    static func compare(_ left: LocalDatetime, _ right: LocalDatetime) -> Int {
        left.seconds != right.seconds
            ? compare(left.seconds, right.seconds) : compare(left.nanoseconds, right.nanoseconds)
    }

    /// By the moment, then by the offset and the name of the zone: the same moment told in two zones is two values.
    static func compare(_ left: ZonedDatetime, _ right: ZonedDatetime) -> Int {
        if left.seconds != right.seconds { return compare(left.seconds, right.seconds) }
        if left.nanoseconds != right.nanoseconds { return compare(left.nanoseconds, right.nanoseconds) }
        if left.offset != right.offset { return compare(left.offset, right.offset) }
        return TextBytes.compare(left.zone, right.zone)
    }

    /// By the average length; durations of the same average length that differ in their parts follow these.
    static func compare(_ left: CalendarDuration, _ right: CalendarDuration) -> Int {
        let (first, second) = (left.averageSeconds, right.averageSeconds)
        if first != second { return compare(first, second) }
        if left.nanoseconds != right.nanoseconds { return compare(left.nanoseconds, right.nanoseconds) }
        if left.months != right.months { return compare(left.months, right.months) }
        if left.days != right.days { return compare(left.days, right.days) }
        return compare(left.seconds, right.seconds)
    }
}

extension ZonedTime {
    /// Nanoseconds since midnight in UTC; before or after the day where the offset leads there. Offsets of 32 bits keep it
    /// far from overflow.
    var moment: Int64 { nanoseconds &- Int64(offset) &* 1_000_000_000 }
}

extension CalendarDuration {
    /// A month is a twelfth of the Gregorian year of 365.2425 days. 128 bits hold every sum.
    var averageSeconds: Int128 { Int128(months) * 2_629_746 + Int128(days) * 86_400 + Int128(seconds) }
}
