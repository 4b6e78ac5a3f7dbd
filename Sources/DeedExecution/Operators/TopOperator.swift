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
    private let input: DividedInput
    private let keys: [SortKey]
    private let evaluators: [Evaluator]
    private let expression: RowCount
    private let childWrites: Bool
    private let bound: ScanBound?
    private let hasPlaces: Bool
    private var width = 0
    private var rows: SortedRows?
    private var output = RowOutput([])

    /// Rows below which dropping some is not worth sorting them.
    private static let gatheredMin = 1_024

    /// `bound`: what the scan below is told; `hasPlaces`: whether it notes the places of its rows.
    init(
        _ input: DividedInput, _ keys: [SortKey], count: Expr, childWrites: Bool, bound: ScanBound?, hasPlaces: Bool,
        _ context: QueryContext
    ) throws {
        (self.input, self.keys, self.childWrites) = (input, keys, childWrites)
        (self.bound, self.hasPlaces) = (bound, hasPlaces)
        evaluators = try keys.map { try makeEvaluator($0.value, context) }
        expression = try RowCount(count, "LIMIT", context)
        super.init(context)
    }

    override func restart(argument: Chunk) {
        input.reset(argument: argument)
        width = argument.columns.count
        rows = nil
        bound?.reset()
    }

    override func produce() throws -> Chunk? {
        if rows == nil { rows = try readAll() }
        return rows?.chunk(&output)
    }

    private func readAll() throws -> SortedRows {
        let count = try expression.evaluate(context)
        if count == 0 && !childWrites { return makeRows(evaluators, context) }
        let (doubled, overflow) = count.multipliedReportingOverflow(by: 2)
        let gathered = overflow ? Int.max : max(doubled, Self.gatheredMin)
        let parts = try input.readAll { worker in
            makeRows(worker === context ? evaluators : try keys.map { try makeEvaluator($0.value, worker) }, worker)
        } add: { part, chunk in
            try part.appendBetter(chunk)
            if part.count < gathered { return }
            try part.truncate(to: count)
            if let bound, let last = part.lastKey { bound.narrow(to: last) }
        }
        let rows = parts[0]
        for other in parts.dropFirst() { try rows.append(other) }
        output = RowOutput(Array(try rows.sorted().prefix(count)))
        return rows
    }

    private func makeRows(_ evaluators: [Evaluator], _ context: QueryContext) -> SortedRows {
        output = RowOutput([])
        return SortedRows(keys, evaluators: evaluators, width: width, hasPlaces: hasPlaces, context)
    }
}
