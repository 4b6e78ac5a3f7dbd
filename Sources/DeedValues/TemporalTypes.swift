// The temporal values, laid out as the store keeps them. What is done with them is in Temporal/.

/// Days since 1970-01-01 in the proleptic Gregorian calendar.
package struct CalendarDate: Sendable, Hashable {
    package var days: Int64
    package init(days: Int64) { self.days = days }
}

/// Nanoseconds since midnight, 0 ..< 86,400,000,000,000.
package struct LocalTime: Sendable, Hashable {
    package var nanoseconds: Int64
    package init(nanoseconds: Int64) { self.nanoseconds = nanoseconds }
}

/// Local nanoseconds since midnight, and the offset from UTC in seconds.
package struct ZonedTime: Sendable, Hashable {
    package var nanoseconds: Int64
    package var offset: Int32
    package init(nanoseconds: Int64, offset: Int32) { (self.nanoseconds, self.offset) = (nanoseconds, offset) }
}

/// Seconds since 1970-01-01T00:00:00 without a zone, and nanoseconds 0 ..< 1,000,000,000.
package struct LocalDatetime: Sendable, Hashable {
    package var seconds: Int64
    package var nanoseconds: UInt32
    package init(seconds: Int64, nanoseconds: UInt32) { (self.seconds, self.nanoseconds) = (seconds, nanoseconds) }
}

/// Seconds since the epoch in UTC, nanoseconds, the offset in force in seconds, and the zone's name, empty for none.
package final class ZonedDatetime: Sendable {
    package let seconds: Int64
    package let nanoseconds: UInt32
    package let offset: Int32
    package let zone: String

    package init(seconds: Int64, nanoseconds: UInt32, offset: Int32, zone: String) {
        (self.seconds, self.nanoseconds, self.offset, self.zone) = (seconds, nanoseconds, offset, zone)
    }
}

/// Months, days, seconds and nanoseconds (0 ..< 1,000,000,000), each kept apart: none is a fixed number of the next.
package final class CalendarDuration: Sendable {
    package let months: Int64
    package let days: Int64
    package let seconds: Int64
    package let nanoseconds: Int32

    package init(months: Int64, days: Int64, seconds: Int64, nanoseconds: Int32) {
        (self.months, self.days, self.seconds, self.nanoseconds) = (months, days, seconds, nanoseconds)
    }
}
