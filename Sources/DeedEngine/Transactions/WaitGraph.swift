// Who waits for whom. A statement that meets a row which another running transaction holds is undone, so that it holds
// nothing itself, and then waits here until that row is free: because the other transaction ended, or undid a statement.
//
// No wake-up is lost: a waiter enters itself first and looks at the row once more before it sleeps, and whoever frees rows
// looks for waiters afterwards. One of the two sees the other.
//
// A statement waits for one transaction at a time, so the edges lead along one path, and whoever closes a cycle finds it by
// following that path, in the moment in which the cycle forms. The youngest of the cycle gives way. An edge never
// outlives its reason: a row that is freed takes its edges away with it.

import Glibc
import Synchronization

/// One statement that waits.
final class Wait: @unchecked Sendable {
    let mark: Stamp
    private let deadline: UInt64?
    fileprivate let monitor = Monitor()
    /// What is in the way; nil while the statement runs. Guarded by the wait graph.
    fileprivate var obstacle: Obstacle?
    /// True once it was found to be in the way after `obstacle` was set, so that nobody can free it unnoticed. Guarded by
    /// the wait graph.
    fileprivate var isConfirmed = false
    /// What holds up the statement, in words. Guarded by the wait graph.
    fileprivate var reason = ""
    /// Guarded by `monitor`.
    fileprivate var isAwakened = false
    fileprivate var failure: DeedError?

    init(mark: Stamp, _ policy: ConflictPolicy) {
        self.mark = mark
        deadline = policy.millisecondsMax.map { Self.now() &+ UInt64(clamping: $0) &* 1_000_000 }
    }

    private static func now() -> UInt64 {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec)
    }

    /// Milliseconds until it has waited for too long, rounded up; nil if it never has.
    fileprivate var millisecondsLeft: Int? {
        guard let deadline else { return nil }
        let now = Self.now()
        return deadline <= now ? 0 : Int(clamping: (deadline - now + 999_999) / 1_000_000)
    }

    fileprivate func awaken(_ failure: DeedError? = nil) {
        monitor.lock()
        isAwakened = true
        self.failure = self.failure ?? failure
        monitor.wakeAll()
        monitor.unlock()
    }
}

final class WaitGraph: Sendable {
    private struct State {
        /// By the mark of who waits.
        var waits: [Stamp: Wait] = [:]
        /// Statements that have waited and are running again.
        var runningCount = 0
        var isStopped = false
    }

    private let state = Mutex(State())
    private let count = Atomic<Int>(0)
    /// How long one sleeps before asking whether it is to go on.
    private static let sliceMilliseconds = 20

    /// Sleeps until what `conflict` names is free. `isHeld` tells whether it still is not; `goesOn` is asked now and then.
    /// Throws Deadlock, LockTimeout, Interrupted, or Closed.
    func sleep(
        _ wait: Wait, _ obstacle: Obstacle, _ reason: String, isHeld: (Obstacle) -> Bool, goesOn: () -> Bool
    ) throws(DeedError) {
        count.add(1, ordering: .sequentiallyConsistent)
        state.withLock { state in
            wait.obstacle = obstacle
            wait.isConfirmed = false
            wait.reason = reason
            wait.monitor.withLock { wait.isAwakened = false }
            state.waits[wait.mark] = wait
        }
        defer {
            state.withLock { state in
                wait.obstacle = nil
                state.waits[wait.mark] = nil
            }
            count.subtract(1, ordering: .relaxed)
        }
        if !isHeld(obstacle) {
            sched_yield()
            return
        }
        state.withLock { state in
            if state.isStopped { return wait.awaken(Self.closed) }
            if wait.obstacle == nil { return }
            wait.isConfirmed = true
            Self.breakCycle(through: wait, state.waits)
        }
        try rest(wait, obstacle, goesOn)
    }

    private func rest(_ wait: Wait, _ obstacle: Obstacle, _ goesOn: () -> Bool) throws(DeedError) {
        while true {
            let left = wait.millisecondsLeft
            wait.monitor.lock()
            if !wait.isAwakened && left != 0 {
                wait.monitor.wait(milliseconds: min(left ?? .max, Self.sliceMilliseconds))
            }
            let (isAwakened, failure) = (wait.isAwakened, wait.failure)
            wait.monitor.unlock()
            if let failure { throw failure }
            if isAwakened { return }
            if left == 0 {
                throw DeedError(
                    .lockTimeout, "waited for too long: \(wait.reason) by transaction \(transactionNumber(ofMark: obstacle.mark))")
            }
            if !goesOn() { throw DeedError(.interrupted, "interrupted while waiting for another transaction") }
        }
    }

    /// Wakes those who wait for something of a transaction that is free now. Called after it was freed, without a latch.
    @inline(__always)
    func release(_ mark: Stamp, isHeld: (Obstacle) -> Bool) {
        if count.load(ordering: .sequentiallyConsistent) != 0 { awaken(mark, isHeld) }
    }

    @inline(never)
    private func awaken(_ mark: Stamp, _ isHeld: (Obstacle) -> Bool) {
        state.withLock { state in
            for wait in state.waits.values {
                guard let obstacle = wait.obstacle, obstacle.mark == mark, !isHeld(obstacle) else { continue }
                wait.obstacle = nil
                wait.awaken()
            }
        }
    }

    /// Runs a statement that has waited. Once `stop` has returned, none runs any more.
    func running<Result>(_ statement: () throws(DeedError) -> Result) throws(DeedError) -> Result {
        let mayRun = state.withLock { state in
            if !state.isStopped { state.runningCount += 1 }
            return !state.isStopped
        }
        guard mayRun else { throw Self.closed }
        defer { state.withLock { $0.runningCount -= 1 } }
        return try statement()
    }

    /// Ends all waits, those under way and those to come, and lets statements finish that are running again.
    func stop() {
        state.withLock { state in
            state.isStopped = true
            for wait in state.waits.values { wait.awaken(Self.closed) }
        }
        while state.withLock({ $0.runningCount }) > 0 { usleep(200) }
    }

    private static var closed: DeedError { DeedError(.closed, "the database was closed") }

    /// How many statements wait.
    var waitingCount: Int { state.withLock { $0.waits.count } }

    // MARK: Cycles

    /// If the newest edge closes a cycle, the cycle's youngest transaction is woken with the error.
    private static func breakCycle(through newest: Wait, _ waits: [Stamp: Wait]) {
        var cycle = [newest]
        while let obstacle = cycle[cycle.count - 1].obstacle, let next = waits[obstacle.mark], next.isConfirmed {
            if next === newest {
                guard let victim = cycle.max(by: { $0.mark < $1.mark }) else { return }
                victim.awaken(deadlock(cycle, victim))
                victim.obstacle = nil
                return
            }
            cycle.append(next)
        }
    }

    private static func deadlock(_ cycle: [Wait], _ victim: Wait) -> DeedError {
        let steps = cycle.map { wait in
            "transaction \(transactionNumber(ofMark: wait.mark)) waits for transaction "
                + "\(transactionNumber(ofMark: wait.obstacle?.mark ?? 0)) (\(wait.reason))"
        }
        let number = transactionNumber(ofMark: victim.mark)
        return DeedError(
            .deadlock, "a deadlock: \(steps.joined(separator: ", ")); transaction \(number), the youngest, was rolled back")
    }
}

/// The number by which messages call a transaction.
func transactionNumber(ofMark mark: Stamp) -> UInt64 { mark & ~(1 << 63) }
