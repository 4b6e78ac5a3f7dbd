// Values that an expression refers to several times, such as the subject of a CASE: each is a column while the expression is
// evaluated.

import DeedEngine
import DeedValues

final class OnceEvaluator: Evaluator {
    private let values: [(slot: Slot, value: Evaluator)]
    private let body: Evaluator

    init(_ values: [(slot: Slot, value: Evaluator)], _ body: Evaluator) { (self.values, self.body) = (values, body) }

    override func evaluate(_ chunk: Chunk, _ context: QueryContext) throws -> ColumnVector {
        try body.evaluate(extended(chunk, context), context)
    }

    override func select(_ chunk: Chunk, _ context: QueryContext) throws -> Selection? {
        try body.select(extended(chunk, context), context)
    }

    private func extended(_ chunk: Chunk, _ context: QueryContext) throws -> Chunk {
        var result = chunk
        for (slot, value) in values {
            let vector = try value.evaluate(chunk, context)
            while result.columns.count <= slot { result.columns.append(nil) }
            result.columns[slot] = ChunkColumn(vector)
        }
        return result
    }
}
