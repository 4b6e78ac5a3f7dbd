// Group commit. Transactions that wait for the disk at the same time share one write and one sync: the first to come
// leads, takes everybody who is waiting, and commits them in one go; those who come meanwhile form the next group.
// Those of the last group need a moment to come back: the leader waits for as many as there were then, but for no
// longer than the last commit took, which is what each of them would lose by coming too late.
//
// A commit without a sync takes a few microseconds, less than it takes to put a thread to sleep and to wake it. So those
// who wait look for a while before they sleep, as long as commits are short; and nobody waits for the last group, which
// would leave the other processors idle. Whoever is about to lead a short commit, and is not the only one who commits, gives
// up the processor once instead: if another thread can run there, it has a transaction to add a moment later.

import Glibc
import Synchronization

final class CommitQueue: @unchecked Sendable {
    /// Guards what is below, for moments only.
    private let latch = Latch()
    private var waiting: [Transaction] = []
    /// The size of the last group, and how long its commit took.
    private var lastSize = 0
    private var lastNanoseconds: UInt64 = 0
    /// Who led it. A thread that commits alone leads every group, of one.
    private var lastLeader = pthread_t()
    /// Set by a failed write: from then on nothing is acknowledged.
    private var failure: DeedError?

    /// Written under the latch, read without.
    private let hasLeader = Atomic<Bool>(false)
    /// For those who wait for longer.
    private let monitor = Monitor()
    private let sleepers = Atomic<Int>(0)

    /// Commits that take longer than this are slept through.
    private static let watchedNanosecondsMax: UInt64 = 50_000

    /// Commits a transaction, alone or in a group. `commitGroup` is called by one thread at a time; it sets every
    /// transaction's `commitError` or makes its writes durable and visible. An error it throws stops all later commits.
    func commit(
        _ transaction: Transaction, _ commitGroup: ([Transaction]) throws(DeedError) -> Void
    ) throws(DeedError) {
        latch.lockExclusive()
        if let failure {
            latch.unlockExclusive()
            throw failure
        }
        waiting.append(transaction)
        var hasLed = false
        let isAlone = lastLeader == pthread_self() && lastSize == 1
        var hasLetOthersGo = isAlone || lastNanoseconds > Self.watchedNanosecondsMax
        while !transaction.isCommitFinished.load(ordering: .acquiring) {
            // The latch is held.
            if !hasLeader.load(ordering: .relaxed) {
                if hasLetOthersGo {
                    lead(commitGroup)
                    hasLed = true
                    break
                }
                hasLetOthersGo = true
                latch.unlockExclusive()
                sched_yield()
                latch.lockExclusive()
                continue
            }
            let isShort = lastNanoseconds <= Self.watchedNanosecondsMax
            latch.unlockExclusive()
            if !isShort || !watch(transaction, for: 2 * Self.watchedNanosecondsMax) { sleep(transaction) }
            latch.lockExclusive()
        }
        latch.unlockExclusive()
        // Not under the latch: waking takes longer than a short commit.
        if hasLed && sleepers.load(ordering: .sequentiallyConsistent) > 0 { monitor.withLock { monitor.wakeAll() } }
        if let error = transaction.commitError { throw error }
    }

    /// Commits everybody who is waiting. The latch is held, and released meanwhile.
    private func lead(_ commitGroup: ([Transaction]) throws(DeedError) -> Void) {
        hasLeader.store(true, ordering: .relaxed)
        gather()
        let group = waiting
        waiting = []
        let known = failure
        latch.unlockExclusive()
        let start = Self.now()
        // With a failure, these have come before it was known.
        var thrown = known
        if thrown == nil {
            do throws(DeedError) { try commitGroup(group) } catch { thrown = error }
        }
        let duration = Self.now() - start
        latch.lockExclusive()
        (lastSize, lastNanoseconds, lastLeader) = (group.count, duration, pthread_self())
        if let thrown { failure = failure ?? stopped(by: thrown) }
        for member in group {
            if let thrown { member.commitError = thrown }
            member.isCommitFinished.store(true, ordering: .sequentiallyConsistent)
        }
        hasLeader.store(false, ordering: .sequentiallyConsistent)
    }

    /// Before a commit that is likely to sync: waits for as many as there were in the last group, within bounds. The latch
    /// is held, and released meanwhile.
    private func gather() {
        if lastNanoseconds < Self.watchedNanosecondsMax || waiting.count >= lastSize { return }
        let deadline = Self.now() + lastNanoseconds
        while waiting.count < lastSize && Self.now() < deadline {
            latch.unlockExclusive()
            sched_yield()
            latch.lockExclusive()
        }
    }

    // MARK: Waiting

    private func mayGoOn(_ transaction: Transaction) -> Bool {
        transaction.isCommitFinished.load(ordering: .sequentiallyConsistent)
            || !hasLeader.load(ordering: .sequentiallyConsistent)
    }

    /// Looks again and again, for so long at most. False if nothing has happened.
    private func watch(_ transaction: Transaction, for nanoseconds: UInt64) -> Bool {
        let deadline = Self.now() + nanoseconds
        while !mayGoOn(transaction) {
            if Self.now() >= deadline { return false }
            sched_yield()
        }
        return true
    }

    private func sleep(_ transaction: Transaction) {
        monitor.lock()
        // Counted before the look, so that a leader who ends after it sees a sleeper.
        sleepers.add(1, ordering: .sequentiallyConsistent)
        while !mayGoOn(transaction) { monitor.wait() }
        sleepers.subtract(1, ordering: .relaxed)
        monitor.unlock()
    }

    private static func now() -> UInt64 {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec)
    }

    private func stopped(by cause: DeedError) -> DeedError {
        DeedError(cause.status, "the store stopped accepting writes after: \(cause.message)")
    }

    /// False while transactions are being committed.
    var isIdle: Bool { !hasLeader.load(ordering: .sequentiallyConsistent) }

    /// Stops all later commits.
    func fail(_ cause: DeedError) {
        latch.lockExclusive()
        failure = failure ?? stopped(by: cause)
        latch.unlockExclusive()
    }
}
