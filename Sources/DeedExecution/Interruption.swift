// What can end a statement before it is done: somebody interrupts it, its time is over, or its caller no longer cares. Looked
// at while it is planned as well as while it runs.

import DeedEngine
import Synchronization

package final class Interruption: @unchecked Sendable {
    private let isRequested = Atomic<Bool>(false)
    /// Monotonic nanoseconds at which the time is over; nil for no limit.
    private var deadline: UInt64?
    /// Asked about every 20 ms on the thread that works; false ends the statement.
    private var keepGoing: (() -> Bool)?
    private let askedAt = Atomic<UInt64>(0)
    private static let askingInterval: UInt64 = 20_000_000

    package init() {}

    /// `timeout`: seconds from now; nil for no limit.
    package init(timeout: Double?, keepGoing: (() -> Bool)?) { begin(timeout: timeout, keepGoing: keepGoing) }

    /// For another statement. Nobody uses it meanwhile.
    package func begin(timeout: Double?, keepGoing: (() -> Bool)?) {
        deadline = timeout.map { Clock.monotonicNanoseconds() &+ UInt64(max(0, min($0, 1e9)) * 1e9) }
        self.keepGoing = keepGoing
        isRequested.store(false, ordering: .relaxed)
        askedAt.store(0, ordering: .relaxed)
    }

    /// Lets go of the caller.
    package func end() { keepGoing = nil }

    /// Makes the statement end soon with `Interrupted`. Any thread.
    package func request() { isRequested.store(true, ordering: .relaxed) }

    /// Throws if the statement is to end now. Called once for each chunk, and in loops without bound. For the thread that began
    /// the statement, which alone may ask the caller.
    package func check() throws {
        try checkTime()
        guard let keepGoing else { return }
        let now = Clock.monotonicNanoseconds()
        let asked = askedAt.load(ordering: .relaxed)
        // The first look at the clock begins an interval, so that a short query asks nobody.
        guard asked == 0 || now &- asked > Self.askingInterval,
            askedAt.compareExchange(expected: asked, desired: now, ordering: .relaxed).exchanged, asked != 0
        else { return }
        if !keepGoing() { request() }
    }

    /// What concerns every thread of the statement.
    package func checkTime() throws {
        if isRequested.load(ordering: .relaxed) { throw DeedError(.interrupted, "the query was interrupted") }
        guard let deadline, Clock.monotonicNanoseconds() > deadline else { return }
        throw DeedError(.interrupted, "the query took longer than its timeout")
    }
}
