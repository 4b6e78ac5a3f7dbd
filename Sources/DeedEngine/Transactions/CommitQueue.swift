// Group commit. Transactions that wait for the disk at the same time share one write and one sync: the first to come
// leads, takes everybody who is waiting, and commits them in one go; those who come meanwhile form the next group.
// Those of the last group need a moment to come back: the leader waits for as many as there were then, but for no
// longer than the last commit took, which is what each of them would lose by coming too late.

import Glibc

final class CommitQueue: @unchecked Sendable {
    private let monitor = Monitor()
    private var waiting: [Transaction] = []
    private var hasLeader = false
    /// The size of the last group, and how long its commit took.
    private var lastSize = 0
    private var lastNanoseconds: UInt64 = 0
    /// Set by a failed write: from then on nothing is acknowledged. Guarded by `monitor`.
    private var failure: DeedError?

    /// Commits a transaction, alone or in a group. `commitGroup` is called by one thread at a time; it sets every
    /// transaction's `commitError` or makes its writes durable and visible. An error it throws stops all later commits.
    func commit(
        _ transaction: Transaction, _ commitGroup: ([Transaction]) throws(DeedError) -> Void
    ) throws(DeedError) {
        monitor.lock()
        if let failure {
            monitor.unlock()
            throw failure
        }
        waiting.append(transaction)
        while hasLeader && !transaction.isCommitFinished { monitor.wait() }
        if !transaction.isCommitFinished { lead(commitGroup) }
        monitor.unlock()
        if let error = transaction.commitError { throw error }
    }

    /// Commits everybody who is waiting. The monitor is locked, and released meanwhile.
    private func lead(_ commitGroup: ([Transaction]) throws(DeedError) -> Void) {
        hasLeader = true
        gather()
        let group = waiting
        waiting = []
        let known = failure
        monitor.unlock()
        let start = Self.now()
        // With a failure, these have come before it was known.
        var thrown = known
        if thrown == nil {
            do throws(DeedError) { try commitGroup(group) } catch { thrown = error }
        }
        let duration = Self.now() - start
        monitor.lock()
        hasLeader = false
        (lastSize, lastNanoseconds) = (group.count, duration)
        if let thrown { failure = failure ?? stopped(by: thrown) }
        for member in group {
            if let thrown { member.commitError = thrown }
            member.isCommitFinished = true
        }
        if group.count > 1 || !waiting.isEmpty { monitor.wakeAll() }
    }

    /// Waits for as many as there were in the last group, within bounds. The monitor is locked, and released meanwhile.
    private func gather() {
        if waiting.count >= lastSize { return }
        let deadline = Self.now() + lastNanoseconds
        while waiting.count < lastSize && Self.now() < deadline {
            monitor.unlock()
            sched_yield()
            monitor.lock()
        }
    }

    private static func now() -> UInt64 {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec)
    }

    private func stopped(by cause: DeedError) -> DeedError {
        DeedError(cause.status, "the store stopped accepting writes after: \(cause.message)")
    }

    /// Stops all later commits.
    func fail(_ cause: DeedError) { monitor.withLock { failure = failure ?? stopped(by: cause) } }
}
