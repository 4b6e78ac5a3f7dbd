// How many rows each operator of a plan gave out while it ran, and how often it was begun. Every execution counts, since a
// count costs one addition for each chunk.
//
// Operators are numbered in the order in which EXPLAIN shows them, and a context has a cell for each number. Workers have
// contexts, and so cells, of their own; these are added up when the workers are done.

import DeedValues

/// What an operator has done in one execution.
package struct OperatorCount: Sendable, Equatable {
    /// Given out in all runs together.
    package var rows = 0
    /// An operator below an `apply` runs as often as that hands in rows.
    package var runs = 0
    package init() {}
}

/// The operators of a plan by number.
package final class PlanOperators: Sendable {
    /// Those of plans that nobody asks about.
    package static let none = PlanOperators([])
    /// Operators beyond that many are not counted: a UNION may have thousands of parts.
    private static let countMax = 4_096
    /// Most plans have fewer, and are looked through one by one.
    private static let countCommon = 32

    package let nodes: [PlanNode]
    /// Of each the number of operators above it.
    package let depths: [Int]
    /// Empty if there are few.
    private let numbers: [ObjectIdentifier: Int]

    package convenience init(_ root: PlanNode) { self.init([root]) }

    private init(_ roots: [PlanNode]) {
        var (nodes, depths): ([PlanNode], [Int]) = ([], [])
        nodes.reserveCapacity(Self.countCommon)
        depths.reserveCapacity(Self.countCommon)
        var numbers: [ObjectIdentifier: Int] = [:]
        var open = roots.map { (node: $0, depth: 0) }
        while let (node, depth) = open.popLast(), nodes.count < Self.countMax {
            if Self.number(node, nodes, numbers) != nil { continue }
            nodes.append(node)
            depths.append(depth)
            if nodes.count > Self.countCommon {
                let first = numbers.isEmpty ? 0 : nodes.count - 1
                for number in first..<nodes.count { numbers[ObjectIdentifier(nodes[number])] = number }
            }
            for child in node.children.reversed() { open.append((child, depth + 1)) }
        }
        (self.nodes, self.depths, self.numbers) = (nodes, depths, numbers)
    }

    /// nil for an operator that is not counted, such as those of subqueries within expressions.
    package func number(_ node: PlanNode) -> Int? { Self.number(node, nodes, numbers) }

    private static func number(_ node: PlanNode, _ nodes: [PlanNode], _ numbers: [ObjectIdentifier: Int]) -> Int? {
        numbers.isEmpty ? nodes.firstIndex { $0 === node } : numbers[ObjectIdentifier(node)]
    }
}

/// The counts of one context. One thread at a time.
package final class OperatorCounts: @unchecked Sendable {
    package let operators: PlanOperators
    private let cells: UnsafeMutablePointer<OperatorCount>
    /// Scans that have been made one with the filter above them, and count as that does.
    private var twins: [(scan: Int, filter: Int)] = []

    private var count: Int { operators.nodes.count }

    init(_ operators: PlanOperators) {
        self.operators = operators
        // The last one is of all that are not counted.
        cells = .allocate(capacity: operators.nodes.count + 1)
        cells.initialize(repeating: OperatorCount(), count: operators.nodes.count + 1)
    }

    deinit { cells.deallocate() }

    /// Where operators count that have no number.
    var uncounted: UnsafeMutablePointer<OperatorCount> { cells + count }

    func cell(_ node: PlanNode) -> UnsafeMutablePointer<OperatorCount> { operators.number(node).map { cells + $0 } ?? uncounted }

    /// `scan` and the filter above it are one operator.
    func unite(_ scan: PlanNode, with filter: PlanNode) {
        guard let scan = operators.number(scan), let filter = operators.number(filter) else { return }
        twins.append((scan, filter))
    }

    package func clear() { cells.update(repeating: OperatorCount(), count: count) }

    func add(_ other: OperatorCounts) {
        for number in 0..<min(count, other.count) {
            cells[number].rows += other.cells[number].rows
            cells[number].runs += other.cells[number].runs
        }
    }

    /// The counts by number, in place of what is in the array, whose room is used again.
    package func read(into result: inout [OperatorCount]) {
        let (cells, count) = (cells, count)
        if result.count == count {
            result.withUnsafeMutableBufferPointer { $0.baseAddress?.update(from: cells, count: count) }
        } else {
            result.removeAll(keepingCapacity: true)
            result.append(contentsOf: UnsafeBufferPointer(start: cells, count: count))
        }
        for (scan, filter) in twins { result[scan] = result[filter] }
    }
}
