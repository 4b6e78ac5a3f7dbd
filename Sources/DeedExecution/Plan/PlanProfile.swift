// How many rows each node of a plan gave out while it ran, and how often it was begun. Counted once for each chunk.

import DeedEngine
import Synchronization

package final class PlanProfile: Sendable {
    final class Counter: Sendable {
        let rows = Atomic<Int>(0)
        let chunks = Atomic<Int>(0)
        let starts = Atomic<Int>(0)
    }

    private let counters = Mutex<[ObjectIdentifier: Counter]>([:])

    package init() {}

    func counter(_ node: PlanNode) -> Counter {
        counters.withLock { counters in
            if let counter = counters[ObjectIdentifier(node)] { return counter }
            let counter = Counter()
            counters[ObjectIdentifier(node)] = counter
            return counter
        }
    }

    /// nil if the node was never made an operator.
    package func rows(_ node: PlanNode) -> Int? {
        counters.withLock { $0[ObjectIdentifier(node)]?.rows.load(ordering: .relaxed) }
    }

    package func starts(_ node: PlanNode) -> Int? {
        counters.withLock { $0[ObjectIdentifier(node)]?.starts.load(ordering: .relaxed) }
    }
}

/// Counts what another operator gives out.
final class CountingOperator: Operator {
    private let child: Operator
    private let counter: PlanProfile.Counter

    init(_ child: Operator, _ counter: PlanProfile.Counter) {
        (self.child, self.counter) = (child, counter)
        super.init(child.context)
    }

    override func reset(argument: Chunk) {
        counter.starts.add(1, ordering: .relaxed)
        child.reset(argument: argument)
    }

    override func next() throws -> Chunk? {
        guard let chunk = try child.next() else { return nil }
        counter.rows.add(chunk.count, ordering: .relaxed)
        counter.chunks.add(1, ordering: .relaxed)
        return chunk
    }
}
