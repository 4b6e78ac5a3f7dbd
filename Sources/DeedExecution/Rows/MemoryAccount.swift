// What one operator holds in memory, counted against the limit of the graph, so that a query that holds too much ends
// with an error and not with the process.

import DeedEngine

package final class MemoryAccount {
    private let pool: MemoryPool
    private(set) var bytes = 0
    /// Taken from the pool, in steps: a step costs an atomic addition that all threads share.
    private var reserved = 0

    private static let step = 256 << 10

    package init(_ pool: MemoryPool) { self.pool = pool }

    convenience init(_ context: QueryContext) { self.init(context.view.graph.pool) }

    deinit { pool.discharge(reserved, .scratch) }

    package func charge(_ size: Int) throws {
        bytes &+= size
        if bytes <= reserved { return }
        let more = max(bytes - reserved, Self.step)
        guard pool.charge(more, .scratch) else {
            bytes &-= size
            throw DeedError(
                .outOfMemory, "the query holds more rows than the memory limit allows: let it return or sort less at a time")
        }
        reserved += more
    }

    func discharge(_ size: Int) { bytes &-= size }

    /// Gives everything back.
    package func clear() {
        pool.discharge(reserved, .scratch)
        (bytes, reserved) = (0, 0)
    }
}
