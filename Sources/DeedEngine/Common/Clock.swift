// The wall clock, for what people want to read as a time. Nothing is ordered by it: it may jump.

import Glibc

package enum Clock {
    /// Microseconds since 1970-01-01T00:00:00 UTC.
    package static func microseconds() -> Int64 {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return Int64(time.tv_sec) * 1_000_000 + Int64(time.tv_nsec) / 1000
    }

    /// Milliseconds that only go up, for waiting.
    package static func monotonicMilliseconds() -> Int { Int(monotonicNanoseconds() / 1_000_000) }

    package static func monotonicNanoseconds() -> UInt64 {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec)
    }
}
