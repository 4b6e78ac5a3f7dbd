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

    /// Where a report is; a place that is free keeps its room for counts.
    fileprivate struct Place {
        var query: PreparedQuery?
        var textBytes = 0
        var counts: [OperatorCount] = []
        var nanoseconds: UInt64 = 0
        var rows = 0
        var isComplete = false
    }

    fileprivate struct Ring {
        var places: [Place] = []
        var first = 0
        var count = 0
        var textBytes = 0
    }

    private let ring = Mutex(Ring())

    init() {}

    fileprivate func add(_ query: PreparedQuery, _ nanoseconds: UInt64, rows: Int, isComplete: Bool, _ counts: OperatorCounts) {
        ring.withLock { ring in
            if ring.places.isEmpty { ring.places = Array(repeating: Place(), count: Self.capacity) }
            let size = query.text.utf8.count
            while ring.count == Self.capacity || ring.count > 0 && ring.textBytes + size > Self.textBytesMax { ring.dropFirst() }
            ring.places[(ring.first + ring.count) % Self.capacity].fill(query, size, nanoseconds, rows, isComplete, counts)
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
        return (0..<taken.count).compactMap { taken.places[(taken.first + $0) % Self.capacity].report }
    }
}

extension ReportRing.Place {
    /// Counts of larger plans are rare, and their room is not kept.
    private static let countsMax = 64

    fileprivate mutating func fill(
        _ query: PreparedQuery, _ textBytes: Int, _ nanoseconds: UInt64, _ rows: Int, _ isComplete: Bool, _ counts: OperatorCounts
    ) {
        (self.query, self.textBytes, self.nanoseconds) = (query, textBytes, nanoseconds)
        (self.rows, self.isComplete) = (rows, isComplete)
        counts.read(into: &self.counts)
    }

    fileprivate mutating func empty() {
        query = nil
        if counts.count > Self.countsMax { counts = [] }
    }

    fileprivate var report: ExecutionReport? {
        query.map {
            ExecutionReport(query: $0, counts: counts, nanoseconds: nanoseconds, rows: rows, isComplete: isComplete)
        }
    }
}

extension ReportRing.Ring {
    fileprivate mutating func dropFirst() {
        textBytes -= places[first].textBytes
        places[first].empty()
        first = (first + 1) % places.count
        count -= 1
    }
}

/// The report of a query that is running.
struct ReportBuilder {
    let query: PreparedQuery
    private let ring: ReportRing
    private let start = Clock.monotonicNanoseconds()
    var rows = 0

    init(_ query: PreparedQuery, _ ring: ReportRing) { (self.query, self.ring) = (query, ring) }

    /// Mutating, so that who calls it makes no copy.
    mutating func finish(_ counts: OperatorCounts, isComplete: Bool) {
        ring.add(query, Clock.monotonicNanoseconds() &- start, rows: rows, isComplete: isComplete, counts)
    }
}
