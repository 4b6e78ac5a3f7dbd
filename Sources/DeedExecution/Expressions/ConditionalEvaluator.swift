// CASE: each branch takes the rows for which its condition is true out of those that are left, and is evaluated for these
// only.

import DeedEngine
import DeedValues

final class ConditionalEvaluator: Evaluator {
    private let branches: [(condition: Evaluator, result: Evaluator)]
    private let otherwise: Evaluator
    private let needed: NeededSlots

    init(_ branches: [(condition: Evaluator, result: Evaluator)], otherwise: Evaluator, needed: NeededSlots) {
        (self.branches, self.otherwise, self.needed) = (branches, otherwise, needed)
    }

    override func evaluate(_ chunk: Chunk, _ context: QueryContext) throws -> ColumnVector {
        var merge = VectorMerge(count: chunk.count)
        var rest = chunk
        /// The rows of the chunk that `rest` consists of; nil for all.
        var places: Selection?
        for (condition, result) in branches {
            guard let taken = try condition.select(rest, context) else {
                merge.add(try result.evaluate(rest, context), places)
                return merge.result()
            }
            if taken.count == 0 { continue }
            merge.add(try result.evaluate(rest.selecting(taken, needed), context), Selection.compose(places, taken))
            let left = taken.complement(of: rest.count)
            rest = rest.selecting(left, needed)
            places = Selection.compose(places, left)
        }
        merge.add(try otherwise.evaluate(rest, context), places)
        return merge.result()
    }
}

extension Selection {
    /// The rows below `count` that are not in this one, which is in ascending order.
    func complement(of count: Int) -> Selection {
        let result = Selection(count: count - self.count)
        var (next, filled) = (0, 0)
        for row in 0..<count {
            if next < self.count, rows[next] == UInt32(row) {
                next += 1
            } else {
                result.rows[filled] = UInt32(row)
                filled += 1
            }
        }
        return result
    }
}
