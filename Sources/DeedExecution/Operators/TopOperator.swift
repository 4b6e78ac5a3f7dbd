// The first rows in order. Rows are gathered until there are several times as many as asked for, and then all but the first are
// dropped (TopRows). The last of these then says what a row must be like to be among them:
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
    private var rows: TopRows?
    private var output = RowOutput([])
    /// Of rows that did not fit into memory; of them so many are still to come.
    private var merge: RunMerge?
    private var left = 0

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
        (rows, merge, output) = (nil, nil, RowOutput([]))
        bound?.reset()
    }

    override func produce() throws -> Chunk? {
        if rows == nil { try readAll() }
        guard let merge else { return rows?.rows.chunk(&output) }
        guard left > 0, let chunk = try merge.next(columnsMax: width) else {
            self.merge = nil
            return nil
        }
        let count = min(left, chunk.count)
        left -= count
        return chunk.slice(0, count)
    }

    private func readAll() throws {
        let count = try expression.evaluate(context)
        if count == 0 && !childWrites {
            rows = makeRows(evaluators, count, context)
            return
        }
        let parts = try input.readAll { worker in
            makeRows(worker === context ? evaluators : try keys.map { try makeEvaluator($0.value, worker) }, count, worker)
        } add: { part, chunk in
            if try part.append(chunk), let bound, let last = part.rows.lastKey { bound.narrow(to: last) }
        }
        let first = parts[0]
        try first.merge(parts.dropFirst())
        rows = first
        (merge, left) = (try first.merged(), count)
        if merge == nil { output = RowOutput(Array(try first.rows.sorted().prefix(count))) }
    }

    private func makeRows(_ evaluators: [Evaluator], _ count: Int, _ context: QueryContext) -> TopRows {
        let rows = SortedRows(keys, evaluators: evaluators, width: width, hasPlaces: hasPlaces, context)
        return TopRows(rows, count: count, context)
    }
}
