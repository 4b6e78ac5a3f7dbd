// Rows for which the condition is true.

import DeedEngine

final class FilterOperator: Operator {
    private let child: Operator
    private let condition: Evaluator

    init(_ child: Operator, _ condition: Expr, _ context: QueryContext) throws {
        self.child = child
        self.condition = try makeEvaluator(condition, context)
        super.init(context)
    }

    override func restart(argument: Chunk) { child.reset(argument: argument) }

    override func produce() throws -> Chunk? {
        while var chunk = try child.next() {
            try context.checkInterrupt()
            guard let kept = try condition.select(chunk, context) else { return chunk }
            if kept.count == 0 { continue }
            chunk.select(kept)
            return chunk
        }
        return nil
    }
}
