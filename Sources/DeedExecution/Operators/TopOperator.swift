// The first rows in order. Rows are gathered until there are several times as many as asked for, and then all but the first are
// dropped. The last of these then says what a row must be like to be among them:
//
// 1. Rows that come later are compared with it before anything of them is copied.
// 2. A scan below is told, so that it leaves out rows, and whole segments, that have no chance.
//
// A scan that is told begins where the first rows probably are. Rows that agree in all keys still come as in a scan from the
// front, since each brings its place along.

import DeedEngine

final class TopOperator: Operator {
    private let child: Operator
    private let keys: [SortKey]
    private let evaluators: [Evaluator]
    private let expression: RowCount
    private let childWrites: Bool
    private let bound: ScanBound?
    private var width = 0
    private var rows: SortedRows?
    private var output = RowOutput([])

    /// Rows below which dropping some is not worth sorting them.
    private static let gatheredMin = 1_024

    /// `bound`: what the scan below is told; then it notes the places of its rows.
    init(
        _ child: Operator, _ keys: [SortKey], count: Expr, childWrites: Bool, bound: ScanBound?, _ context: QueryContext
    ) throws {
        (self.child, self.keys, self.childWrites, self.bound) = (child, keys, childWrites, bound)
        evaluators = try keys.map { try makeEvaluator($0.value, context) }
        expression = try RowCount(count, "LIMIT", context)
        super.init(context)
    }

    override func reset(argument: Chunk) {
        child.reset(argument: argument)
        width = argument.columns.count
        rows = nil
        bound?.reset()
    }

    override func next() throws -> Chunk? {
        if rows == nil { rows = try readAll() }
        return rows?.chunk(&output)
    }

    private func readAll() throws -> SortedRows {
        let rows = SortedRows(keys, evaluators: evaluators, width: width, hasPlaces: bound != nil, context)
        let count = try expression.evaluate(context)
        if count == 0 && !childWrites {
            output = RowOutput([])
            return rows
        }
        let (doubled, overflow) = count.multipliedReportingOverflow(by: 2)
        let gathered = overflow ? Int.max : max(doubled, Self.gatheredMin)
        while let chunk = try child.next() {
            try context.checkInterrupt()
            try rows.appendBetter(chunk)
            if rows.count < gathered { continue }
            try rows.truncate(to: count)
            if let bound, let last = rows.lastKey { bound.narrow(to: last) }
        }
        output = RowOutput(Array(try rows.sorted().prefix(count)))
        return rows
    }
}
