// All rows in order.

import DeedEngine

final class SortOperator: Operator {
    private let child: Operator
    private let keys: [SortKey]
    private let evaluators: [Evaluator]
    private var width = 0
    private var rows: SortedRows?
    private var output = RowOutput([])

    init(_ child: Operator, _ keys: [SortKey], _ context: QueryContext) throws {
        (self.child, self.keys) = (child, keys)
        evaluators = try keys.map { try makeEvaluator($0.value, context) }
        super.init(context)
    }

    override func restart(argument: Chunk) {
        child.reset(argument: argument)
        width = argument.columns.count
        rows = nil
    }

    override func produce() throws -> Chunk? {
        if rows == nil {
            let rows = SortedRows(keys, evaluators: evaluators, width: width, context)
            while let chunk = try child.next() {
                try context.checkInterrupt()
                try rows.append(chunk)
            }
            output = RowOutput(try rows.sorted())
            self.rows = rows
        }
        return rows?.chunk(&output)
    }
}
