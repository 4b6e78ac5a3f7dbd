// What is remembered of executed queries: the last ones, in a ring that others drain. Adding one takes a lock and copies the
// counts of its operators; the room of older ones is used again.

import DeedEngine
import DeedExecution
import Synchronization

package struct ExecutionReport: Sendable {
    package struct Operator: Sendable {
        package let node: PlanNode
        /// The number of operators above it.
        package let depth: Int
        package let count: OperatorCount
    }

    fileprivate let query: PreparedQuery
    fileprivate let counts: [OperatorCount]
    package let nanoseconds: UInt64
    package let rows: Int
    /// False if the query failed, or its result was let go before all rows were asked for.
    package let isComplete: Bool

    package var text: String { query.text }
    package var shape: String { query.planShape }
    package var estimatedRows: Double { query.plan.root.estimatedRows }
    /// The plan's identity.
    package var plan: String { query.plan.choices.identity }
    /// Whether the plan that was set for the shape was followed; nil if none was set.
    package var followsPin: Bool? { query.pin.pin.map { _ in query.pin.refusal == nil } }
    /// In the order in which EXPLAIN shows them.
    package var operators: [Operator] {
        let operators = query.plan.operators
        return counts.indices.map { Operator(node: operators.nodes[$0], depth: operators.depths[$0], count: counts[$0]) }
    }

    package var json: JSON {
        .object([
            ("text", .string(text)), ("shape", .string(shape)), ("plan", .string(plan)),
            ("pin_followed", followsPin.map { .bool($0) } ?? .null), ("nanoseconds", .int(Int(clamping: nanoseconds))),
            ("rows", .int(rows)), ("estimated_rows", .number(estimatedRows)), ("complete", .bool(isComplete)),
            ("operators", .array(operators.map(\.json))),
        ])
    }
}

extension ExecutionReport.Operator {
    fileprivate var json: JSON { .object(node.json(depth: depth) + [("rows", .int(count.rows)), ("runs", .int(count.runs))]) }
}

package final class ReportRing: Sendable {
    private static let capacity = 1_024
    /// Of the texts of all reports, which keep plans in proportion to them. The last report is kept however long its text is.
    private static let textBytesMax = 8 << 20

    fileprivate struct Ring {
        var reports: [ExecutionReport?] = []
        /// Room for counts, by place.
        var spare: [[OperatorCount]] = []
        var first = 0
        var count = 0
        var textBytes = 0
    }

    private let ring = Mutex(Ring())

    init() {}

    fileprivate func add(_ query: PreparedQuery, _ nanoseconds: UInt64, rows: Int, isComplete: Bool, _ counts: OperatorCounts) {
        ring.withLock { ring in
            if ring.reports.isEmpty {
                ring.reports = Array(repeating: nil, count: Self.capacity)
                ring.spare = Array(repeating: [], count: Self.capacity)
            }
            let size = query.text.utf8.count
            while ring.count == Self.capacity || ring.count > 0 && ring.textBytes + size > Self.textBytesMax { ring.dropFirst() }
            let place = (ring.first + ring.count) % Self.capacity
            var room: [OperatorCount] = []
            swap(&room, &ring.spare[place])
            counts.read(into: &room)
            ring.reports[place] = ExecutionReport(
                query: query, counts: room, nanoseconds: nanoseconds, rows: rows, isComplete: isComplete)
            ring.count += 1
            ring.textBytes += size
        }
    }

    /// Takes out all reports, oldest first. What came beyond the ring's room is lost.
    package func drain() -> [ExecutionReport] {
        let taken = ring.withLock { ring in
            defer { ring = Ring() }
            return ring
        }
        return (0..<taken.count).compactMap { taken.reports[(taken.first + $0) % Self.capacity] }
    }
}

extension ReportRing.Ring {
    /// Counts of larger plans are rare, and their room is not kept.
    private static let spareMax = 64

    fileprivate mutating func dropFirst() {
        guard let report = reports[first] else { return }
        textBytes -= report.query.text.utf8.count
        reports[first] = nil
        if report.counts.count <= Self.spareMax { spare[first] = report.counts }
        first = (first + 1) % reports.count
        count -= 1
    }
}

/// The report of a query that is running.
struct ReportBuilder {
    private let query: PreparedQuery
    private let ring: ReportRing
    private let start = Clock.monotonicNanoseconds()
    var rows = 0

    init(_ query: PreparedQuery, _ ring: ReportRing) { (self.query, self.ring) = (query, ring) }

    func finish(_ counts: OperatorCounts, isComplete: Bool) {
        ring.add(query, Clock.monotonicNanoseconds() &- start, rows: rows, isComplete: isComplete, counts)
    }
}
