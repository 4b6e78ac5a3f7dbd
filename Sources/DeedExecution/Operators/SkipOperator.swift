// All rows but the first.

import DeedEngine

final class SkipOperator: Operator {
    private let child: Operator
    private let expression: RowCount
    /// Rows that are still to be dropped; nil before the number is known.
    private var rest: Int?

    init(_ child: Operator, _ count: Expr, _ context: QueryContext) throws {
        self.child = child
        expression = try RowCount(count, "SKIP", context)
        super.init(context)
    }

    override func restart(argument: Chunk) {
        child.reset(argument: argument)
        rest = nil
    }

    override func produce() throws -> Chunk? {
        var dropped = try rest ?? expression.evaluate(context)
        defer { rest = dropped }
        while let chunk = try child.next() {
            if dropped == 0 { return chunk }
            try context.checkInterrupt()
            if dropped >= chunk.count {
                dropped -= chunk.count
                continue
            }
            let first = dropped
            dropped = 0
            return chunk.slice(first, chunk.count - first)
        }
        return nil
    }
}
