// What can end a statement before it is done: somebody interrupts it, its time is over, or its caller no longer cares. Looked
// at while it is planned as well as while it runs.

import DeedEngine
import Synchronization

/// What a caller has given to be asked whether to go on: a function and what it is called with.
package struct KeepGoing: @unchecked Sendable {
    package typealias Function = @convention(c) (UnsafeMutableRawPointer?) -> Bool
    private let function: Function
    private let data: UnsafeMutableRawPointer?

    package init(_ function: @escaping Function, _ data: UnsafeMutableRawPointer?) { (self.function, self.data) = (function, data) }

    func callAsFunction() -> Bool { function(data) }
}

package final class Interruption: Sendable {
    private let isRequested = Atomic<Bool>(false)
    /// Monotonic nanoseconds at which the time is over; nil for no limit.
    private nonisolated(unsafe) var deadline: UInt64?
    /// Asked about every 20 ms on the thread that works; false ends the statement.
    private nonisolated(unsafe) var keepGoing: KeepGoing?
    private let askedAt = Atomic<UInt64>(0)
    /// Looks of the thread that works which did not read the clock: the first ones, and so all of a short statement.
    private nonisolated(unsafe) var unclocked = 0
    private static let unclockedMax = 32
    private static let askingInterval: UInt64 = 20_000_000

    /// `keepGoing` is called by whoever calls `check`, and by no two threads at once.
    package init(deadline: UInt64? = nil, keepGoing: KeepGoing? = nil) {
        (self.deadline, self.keepGoing) = (deadline, keepGoing)
    }

    /// `timeout`: seconds from now.
    package convenience init(timeout: Double?, keepGoing: KeepGoing?) {
        self.init(deadline: Self.deadline(timeout), keepGoing: keepGoing)
    }

    private static func deadline(_ timeout: Double?) -> UInt64? {
        timeout.map { Clock.monotonicNanoseconds() &+ UInt64(max(0, min($0, 1e9)) * 1e9) }
    }

    /// For another statement, once the one before is over and nobody can interrupt it any more.
    func begin(timeout: Double?, keepGoing: KeepGoing?) {
        isRequested.store(false, ordering: .relaxed)
        askedAt.store(0, ordering: .relaxed)
        (deadline, self.keepGoing, unclocked) = (Self.deadline(timeout), keepGoing, 0)
    }

    /// Makes the statement end soon with `Interrupted`. Any thread.
    package func request() { isRequested.store(true, ordering: .relaxed) }

    /// Throws if the statement is to end now. Called once for each chunk, and in loops without bound.
    package func check() throws(DeedError) {
        try checkTime()
        guard let keepGoing else { return }
        if unclocked < Self.unclockedMax {
            unclocked &+= 1
            return
        }
        let now = Clock.monotonicNanoseconds()
        let asked = askedAt.load(ordering: .relaxed)
        // The first look at the clock begins an interval, so that a short query asks nobody.
        guard asked == 0 || now &- asked > Self.askingInterval,
            askedAt.compareExchange(expected: asked, desired: now, ordering: .relaxed).exchanged, asked != 0
        else { return }
        if !keepGoing() { request() }
    }

    /// What concerns every thread that works for the statement; `check` is for the one that the caller waits on.
    func checkTime() throws(DeedError) {
        if isRequested.load(ordering: .relaxed) { throw DeedError(.interrupted, "the query was interrupted") }
        guard let deadline, Clock.monotonicNanoseconds() > deadline else { return }
        throw DeedError(.interrupted, "the query took longer than its timeout")
    }
}
