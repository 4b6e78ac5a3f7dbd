// The first rows in order. Rows are gathered until there are twice as many as asked for, and then all but the first are
// dropped: each row is looked at a constant number of times, and memory holds no more than it must.

import DeedEngine

final class TopOperator: Operator {
    private let child: Operator
    private let keys: [SortKey]
    private let evaluators: [Evaluator]
    private let expression: RowCount
    private let childWrites: Bool
    private var width = 0
    private var rows: SortedRows?
    private var output = RowOutput([])

    init(_ child: Operator, _ keys: [SortKey], count: Expr, childWrites: Bool, _ context: QueryContext) throws {
        (self.child, self.keys, self.childWrites) = (child, keys, childWrites)
        evaluators = try keys.map { try makeEvaluator($0.value, context) }
        expression = try RowCount(count, "LIMIT", context)
        super.init(context)
    }

    override func reset(argument: Chunk) {
        child.reset(argument: argument)
        width = argument.columns.count
        rows = nil
    }

    override func next() throws -> Chunk? {
        if rows == nil { rows = try readAll() }
        return rows?.chunk(&output)
    }

    private func readAll() throws -> SortedRows {
        let rows = SortedRows(keys, evaluators: evaluators, width: width, context)
        let count = try expression.evaluate(context)
        if count == 0 && !childWrites {
            output = RowOutput([])
            return rows
        }
        let (doubled, overflow) = count.multipliedReportingOverflow(by: 2)
        let bound = overflow ? Int.max : max(doubled, 4 * Chunk.rowsMax)
        while let chunk = try child.next() {
            try context.checkInterrupt()
            try rows.append(chunk)
            if rows.count >= bound { try rows.truncate(to: count) }
        }
        output = RowOutput(Array(try rows.sorted().prefix(count)))
        return rows
    }
}
