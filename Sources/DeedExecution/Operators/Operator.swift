// An operator at work: made from a PlanNode for one worker of one query, with its state. Whoever wants rows pulls them,
// a chunk at a time.

import DeedEngine
import DeedValues

package class Operator {
    package let context: QueryContext

    init(_ context: QueryContext) { self.context = context }

    /// The next rows, at least one and at most `Chunk.rowsMax`, or nil at the end.
    package func next() throws -> Chunk? { throw DeedError(.internalError, "an operator without rows") }

    /// Begins anew, with these rows as what `argument` stands for. The plan below an `apply` runs once for each chunk of its
    /// outer side (or each row, where rows must not meet).
    package func reset(argument: Chunk) { assertionFailure("an operator without a beginning") }
}
