// All rows in order. While they fit they are sorted in memory. Otherwise:
//
// 1. Whenever no more may be held, the rows are sorted and written to a file, as a run.
// 2. When all have come, the runs are merged (RunMerge), some of them into longer ones first if there are too many.
//
// Rows that agree in all keys stay in the order in which they came: runs are in that order, and so are the rows of each.

import DeedEngine

final class SortOperator: Operator {
    private let child: Operator
    private let keys: [SortKey]
    private let evaluators: [Evaluator]
    private var width = 0
    private var rows: SortedRows?
    private var output = RowOutput([])
    private let held: HeldMemory
    private var merge: RunMerge?

    init(_ child: Operator, _ keys: [SortKey], _ context: QueryContext) throws {
        (self.child, self.keys) = (child, keys)
        evaluators = try keys.map { try makeEvaluator($0.value, context) }
        held = HeldMemory(context)
        super.init(context)
    }

    override func restart(argument: Chunk) {
        child.reset(argument: argument)
        width = argument.columns.count
        (rows, merge, output) = (nil, nil, RowOutput([]))
        held.clear()
    }

    override func produce() throws -> Chunk? {
        if rows == nil { try readAll() }
        guard let merge else { return rows?.chunk(&output) }
        if let chunk = try merge.next(columnsMax: width) { return chunk }
        self.merge = nil
        return nil
    }

    private func readAll() throws {
        let rows = SortedRows(keys, evaluators: evaluators, width: width, context)
        var runs: SortedRuns?
        while let chunk = try child.next() {
            try context.checkInterrupt()
            try rows.append(chunk)
            if try held.admits(rows.bytes) { continue }
            let written = try runs ?? rows.makeRuns()
            runs = written
            try written.append(rows)
            held.clear()
        }
        self.rows = rows
        guard let runs else {
            output = RowOutput(try rows.sorted())
            return
        }
        try runs.append(rows)
        held.clear()
        merge = try runs.merge()
    }
}
