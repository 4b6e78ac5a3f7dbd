// Runs a plan of changes for each element of a list. The rows themselves go on as they came.

import DeedEngine
import DeedValues

final class ForEachOperator: Operator {
    private let child: Operator
    private let list: Evaluator
    private let element: Slot
    private let body: Operator

    init(_ child: Operator, list: Expr, element: Slot, body: Operator, _ context: QueryContext) throws {
        (self.child, self.element, self.body) = (child, element, body)
        self.list = try makeEvaluator(list, context)
        super.init(context)
    }

    override func restart(argument: Chunk) { child.reset(argument: argument) }

    override func produce() throws -> Chunk? {
        guard let chunk = try child.next() else { return nil }
        let lists = try list.evaluate(chunk, context)
        for row in 0..<chunk.count {
            switch lists.value(row) {
            case .null: continue
            case .list(let elements): for value in elements { try run(chunk, row, value) }
            default: throw QueryError(.typeError, "InvalidArgumentType", "FOREACH needs a list")
            }
        }
        return chunk
    }

    /// One element at a time: a change must see those before it.
    private func run(_ chunk: Chunk, _ row: Int, _ value: Value) throws {
        try context.checkInterrupt()
        var argument = chunk.row(row)
        argument.set(element, ColumnVector([value]))
        body.reset(argument: argument)
        while try body.next() != nil { try context.checkInterrupt() }
    }
}
