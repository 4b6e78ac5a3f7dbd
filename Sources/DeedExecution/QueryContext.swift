// What the operators of one running query share.

import DeedEngine
import DeedValues
import Synchronization

package final class QueryContext: @unchecked Sendable {
    package let view: GraphView
    package let parameters: [String: Value]
    package let functions: FunctionContext
    /// Slots of the plan.
    package let slotCount: Int
    /// Worker threads that a pipeline may use.
    package let threads: Int
    package let counters = WriteCounters()
    package let procedures: ProcedureRegistry
    /// Counts rows if there is one.
    package let profile: PlanProfile?
    private let interrupted = Atomic<Bool>(false)
    /// Monotonic nanoseconds at which the query is out of time; nil for no limit.
    private let deadline: UInt64?
    /// Asked about every 20 ms; false ends the query. Set before it begins.
    package var keepGoing: (() -> Bool)?
    private let askedAt = Atomic<UInt64>(0)
    private static let askingInterval: UInt64 = 20_000_000

    package init(
        view: GraphView, parameters: [String: Value], functions: FunctionContext, slotCount: Int, threads: Int = 1,
        deadline: UInt64? = nil, procedures: ProcedureRegistry = .builtIn,
        profile: PlanProfile? = nil
    ) {
        (self.view, self.parameters, self.functions) = (view, parameters, functions)
        (self.slotCount, self.threads, self.deadline) = (slotCount, threads, deadline)
        (self.procedures, self.profile) = (procedures, profile)
    }

    /// Makes the query end soon with `Interrupted`. Any thread.
    package func interrupt() { interrupted.store(true, ordering: .relaxed) }

    /// Throws if the query is to end now. Called once for each chunk, and in loops without bound.
    package func checkInterrupt() throws {
        if interrupted.load(ordering: .relaxed) { throw DeedError(.interrupted, "the query was interrupted") }
        if deadline == nil && keepGoing == nil { return }
        let now = Clock.monotonicNanoseconds()
        if let deadline, now > deadline { throw DeedError(.interrupted, "the query took longer than its timeout") }
        guard let keepGoing else { return }
        let asked = askedAt.load(ordering: .relaxed)
        // The first look at the clock begins an interval, so that a short query asks nobody.
        guard asked == 0 || now &- asked > Self.askingInterval,
            askedAt.compareExchange(expected: asked, desired: now, ordering: .relaxed).exchanged, asked != 0
        else { return }
        if !keepGoing() { interrupt() }
    }
}

/// What a query changed.
package final class WriteCounters: @unchecked Sendable {
    package var nodesCreated = 0
    package var nodesDeleted = 0
    package var relationshipsCreated = 0
    package var relationshipsDeleted = 0
    /// Values written or removed.
    package var propertiesSet = 0
    /// Values that are there now and were not before; one that replaces another is among these and among those removed.
    package var propertiesAdded = 0
    package var propertiesRemoved = 0
    package var labelsAdded = 0
    package var labelsRemoved = 0
    package init() {}
}
