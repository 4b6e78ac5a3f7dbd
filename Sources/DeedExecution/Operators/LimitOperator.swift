// The first rows. Nothing is read beyond them, unless the input changes the graph: then it runs to its end.

import DeedEngine

final class LimitOperator: Operator {
    private let child: Operator
    private let expression: RowCount
    private let childWrites: Bool
    /// Rows that may still come; nil before the number is known.
    private var rest: Int?

    init(_ child: Operator, _ count: Expr, childWrites: Bool, _ context: QueryContext) throws {
        self.child = child
        self.childWrites = childWrites
        expression = try RowCount(count, "LIMIT", context)
        super.init(context)
    }

    override func restart(argument: Chunk) {
        child.reset(argument: argument)
        rest = nil
    }

    override func produce() throws -> Chunk? {
        let allowed = try rest ?? expression.evaluate(context)
        rest = allowed
        if allowed > 0, let chunk = try child.next() {
            let count = min(allowed, chunk.count)
            rest = allowed - count
            return chunk.slice(0, count)
        }
        rest = 0
        if childWrites { while try child.next() != nil { try context.checkInterrupt() } }
        return nil
    }
}
