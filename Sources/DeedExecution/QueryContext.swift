// What the operators of one running query share.

import DeedEngine
import DeedValues

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
    package let interruption: Interruption

    package init(
        view: GraphView, parameters: [String: Value], functions: FunctionContext, slotCount: Int, threads: Int = 1,
        interruption: Interruption = Interruption(), procedures: ProcedureRegistry = .builtIn, profile: PlanProfile? = nil
    ) {
        (self.view, self.parameters, self.functions) = (view, parameters, functions)
        (self.slotCount, self.threads, self.interruption) = (slotCount, threads, interruption)
        (self.procedures, self.profile) = (procedures, profile)
    }

    /// Makes the query end soon with `Interrupted`. Any thread.
    package func interrupt() { interruption.request() }

    /// Throws if the query is to end now. Called once for each chunk, and in loops without bound.
    @inline(__always)
    package func checkInterrupt() throws { try interruption.check() }
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
