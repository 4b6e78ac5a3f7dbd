// What is remembered of executed queries: the last ones, in a ring that others drain. Writing one costs a lock and no
// allocation beyond the report itself.

import DeedEngine
import DeedExecution
import Synchronization

package struct ExecutionReport: Sendable {
    package let text: String
    package let shape: String
    package let nanoseconds: UInt64
    package let rows: Int
    package let estimatedRows: Double
}

package final class ReportRing: Sendable {
    private static let capacity = 1_024
    private let reports = Mutex<[ExecutionReport]>([])

    init() {}

    func add(_ report: ExecutionReport) {
        reports.withLock { reports in
            if reports.count == Self.capacity { reports.removeFirst(Self.capacity / 4) }
            reports.append(report)
        }
    }

    /// Takes out all reports, oldest first. What came beyond the ring's room is lost.
    package func drain() -> [ExecutionReport] {
        reports.withLock { reports in
            defer { reports = [] }
            return reports
        }
    }
}

/// The report of a query that is running.
struct ReportBuilder {
    private let query: PreparedQuery
    private let ring: ReportRing
    private let start = Clock.monotonicNanoseconds()
    var rows = 0

    init(_ query: PreparedQuery, _ ring: ReportRing) { (self.query, self.ring) = (query, ring) }

    func finish() {
        ring.add(
            ExecutionReport(
                text: query.text, shape: query.shape, nanoseconds: Clock.monotonicNanoseconds() &- start, rows: rows,
                estimatedRows: query.plan.root.estimatedRows))
    }
}
