// What the operators of one running query share.

import DeedEngine
import DeedValues
import Synchronization

package final class QueryContext: @unchecked Sendable {
    /// Another one only where a query commits in between (`renewView`), which it does on one thread.
    @exclusivity(unchecked) package private(set) var view: GraphView
    package let parameters: [String: Value]
    package let functions: FunctionContext
    /// Slots of the plan.
    package let slotCount: Int
    /// Worker threads that a pipeline may use.
    package let threads: Int
    package let counters = WriteCounters()
    /// Of a part that runs in a transaction of its own: the query.
    private let query: QueryContext?
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
        query = nil
    }

    /// For a part of a query that has a view and counters of its own, and ends with the query.
    init(within query: QueryContext, view: GraphView) {
        (self.view, self.query) = (view, query)
        (parameters, functions, slotCount, threads) = (query.parameters, query.functions, query.slotCount, 1)
        (procedures, profile, deadline) = (query.procedures, query.profile, nil)
    }

    /// What comes from now on sees what has been committed by now. Only without a transaction.
    func renewView() throws { view = try GraphView(view.graph, nil) }

    /// Makes the query end soon with `Interrupted`. Any thread.
    package func interrupt() { interrupted.store(true, ordering: .relaxed) }

    /// Throws if the query is to end now. Called once for each chunk, and in loops without bound.
    package func checkInterrupt() throws {
        if let query { return try query.checkInterrupt() }
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

    func add(_ other: WriteCounters) {
        nodesCreated += other.nodesCreated
        nodesDeleted += other.nodesDeleted
        relationshipsCreated += other.relationshipsCreated
        relationshipsDeleted += other.relationshipsDeleted
        propertiesSet += other.propertiesSet
        propertiesAdded += other.propertiesAdded
        propertiesRemoved += other.propertiesRemoved
        labelsAdded += other.labelsAdded
        labelsRemoved += other.labelsRemoved
    }
}
