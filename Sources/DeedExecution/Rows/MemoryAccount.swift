// What one operator holds in memory, counted against the limit of the graph, so that a query that holds too much ends
// with an error and not with the process.

import DeedEngine

package final class MemoryAccount {
    private let graph: Graph
    private var pool: MemoryPool { graph.pool }
    private(set) var bytes = 0
    /// Taken from the pool, in steps: a step costs an atomic addition that all threads share.
    private var reserved = 0

    private static let step = 256 << 10

    package init(_ graph: Graph) { self.graph = graph }

    convenience init(_ context: QueryContext) { self.init(context.view.graph) }

    deinit { pool.discharge(reserved, .scratch) }

    package func charge(_ size: Int) throws {
        bytes &+= size
        if bytes <= reserved { return }
        let more = max(bytes - reserved, Self.step)
        guard try take(more) else {
            bytes &-= size
            throw DeedError(
                .outOfMemory, "the query holds more rows than the memory limit allows: let it return or sort less at a time")
        }
        reserved += more
    }

    /// What is in memory and in the store alike gives way.
    private func take(_ size: Int) throws -> Bool {
        if pool.charge(size, .scratch) { return true }
        try graph.makeRoom(for: size + pool.limit / 8)
        return pool.charge(size, .scratch)
    }

    func discharge(_ size: Int) { bytes &-= size }

    /// Gives everything back.
    package func clear() {
        pool.discharge(reserved, .scratch)
        (bytes, reserved) = (0, 0)
    }
}
