// What is remembered of executed queries: the last ones, in a ring that others drain. Writing one costs a lock and no
// allocation.

import Synchronization

package struct ExecutionReport: Sendable {
    package let text: String
    package let nanoseconds: UInt64
    package let rows: Int
    package let estimatedRows: Double
}

package final class ReportRing: Sendable {
    private static let capacity = 1_024

    private struct Ring {
        var reports: [ExecutionReport] = []
        /// The oldest, once the ring is full: the next one takes its place.
        var oldest = 0
    }

    private let ring = Mutex(Ring())

    init() {}

    func add(_ report: ExecutionReport) {
        ring.withLock { ring in
            if ring.reports.count < Self.capacity { return ring.reports.append(report) }
            ring.reports[ring.oldest] = report
            ring.oldest = (ring.oldest + 1) % Self.capacity
        }
    }

    /// Takes out all reports, oldest first. What came beyond the ring's room is lost.
    package func drain() -> [ExecutionReport] {
        let ring = ring.withLock { ring in
            defer { ring = Ring() }
            return ring
        }
        return Array(ring.reports[ring.oldest...] + ring.reports[..<ring.oldest])
    }
}
