// An expression at work: made from an Expr for one worker, with the subplans it may need.

import DeedEngine
import DeedValues

package class Evaluator {
    package init() {}

    /// The value for each row of the chunk: a vector with row i for row i (no selection).
    package func evaluate(_ chunk: Chunk, _ context: QueryContext) throws -> ColumnVector {
        fatalError("an expression without values")
    }
}
