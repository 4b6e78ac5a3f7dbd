// An operator at work: made from a PlanNode for one worker of one query, with its state. Whoever wants rows pulls them,
// a chunk at a time.

import DeedEngine
import DeedValues

package class Operator {
    package let context: QueryContext
    /// In the counts of the context, which outlive the operator.
    final var count: UnsafeMutablePointer<OperatorCount>

    init(_ context: QueryContext) {
        self.context = context
        count = context.counts.uncounted
    }

    /// The next rows, at least one and at most `Chunk.rowsMax`, or nil at the end.
    @inline(__always)
    package final func next() throws -> Chunk? {
        guard let chunk = try produce() else { return nil }
        count.pointee.rows &+= chunk.count
        return chunk
    }

    /// Begins anew, with these rows as what `argument` stands for. The plan below an `apply` runs once for each chunk of its
    /// outer side (or each row, where rows must not meet).
    @inline(__always)
    package final func reset(argument: Chunk) {
        count.pointee.runs &+= 1
        restart(argument: argument)
    }

    /// What `next` and `reset` do, by the kind of operator.
    func produce() throws -> Chunk? { throw DeedError(.internalError, "an operator without rows") }
    func restart(argument: Chunk) { assertionFailure("an operator without a beginning") }
}
