// Memory of rows that an operator can write to a file instead: sorts, groups and joins hold what they are granted here, and
// when more is refused they put their rows aside. Nothing is refused for good, so that there is no error.

import DeedEngine
import Synchronization

/// What the operators of one query share. Any thread.
final class QueryMemory: Sendable {
    /// Bytes; see GraphOptions.queryMemory.
    let limit: Int
    private let used = Atomic<Int>(0)

    init(limit: Int) { self.limit = limit }

    /// So much of the limit is any operator's own, even if others have taken it all: those below in a plan come first, and
    /// those above would have to write every few rows.
    private static let ownPart = 8

    /// `held`: what the operator has already; `workers`: how many do the same on other threads.
    fileprivate func take(_ more: Int, held: Int, workers: Int) -> Bool {
        if held + more <= limit / Self.ownPart / workers {
            used.add(more, ordering: .relaxed)
            return true
        }
        if held + more > limit / workers { return false }
        if used.add(more, ordering: .relaxed).newValue <= limit { return true }
        used.subtract(more, ordering: .relaxed)
        return false
    }

    fileprivate func giveBack(_ size: Int) { used.subtract(size, ordering: .relaxed) }
}

/// What one operator holds.
final class HeldMemory {
    private let context: QueryContext
    private let pool: MemoryPool
    private let share: QueryMemory
    /// Operators that hold the same on other threads, this one included.
    var workers: Int
    /// Taken of the query's limit and of the graph's.
    private var reserved = 0

    private static let step = 256 << 10
    /// What an operator may have although memory is short: with less it would write more than it computes.
    private static let least = 2 << 20

    init(_ context: QueryContext) {
        self.context = context
        (pool, share, workers) = (context.view.graph.pool, context.memory, context.teamSize)
    }

    deinit { clear() }

    /// The operator has come to hold so many bytes: false if that is too much, and it is to put its rows aside now.
    @inline(__always)
    func admits(_ bytes: Int) throws -> Bool { bytes <= reserved ? true : try grow(to: bytes) }

    @inline(never)
    private func grow(to bytes: Int) throws -> Bool {
        // In steps, since each is an addition that all threads share; the last one goes to the limit itself.
        let more = max(bytes - reserved, min(Self.step, share.limit / workers - reserved))
        guard share.take(more, held: reserved, workers: workers) else { return false }
        if try takeOfPool(more) {
            reserved += more
            return true
        }
        share.giveBack(more)
        return false
    }

    /// Whoever reads for the query needs an eighth of the graph's limit, which is made free by dropping what the store has too.
    private func takeOfPool(_ more: Int) throws -> Bool {
        let needed = more + pool.limit / 8
        if pool.isExhausted(by: needed) {
            try context.view.graph.makeRoom(for: needed)
            if pool.isExhausted(by: needed) && reserved + more > Self.least { return false }
        }
        return pool.charge(more, .scratch)
    }

    /// Gives everything back.
    func clear() {
        if reserved == 0 { return }
        share.giveBack(reserved)
        pool.discharge(reserved, .scratch)
        reserved = 0
    }
}
