// Subplans within expressions: EXISTS, COUNT and COLLECT of a query, and pattern expressions.
//
// Where the plan treats every row by itself it is handed many rows at once, each with its number in a hidden column, by which its
// results are led back to it (as in an `apply`). Otherwise it runs once for each row. `run` is the one place that knows this.

import DeedEngine
import DeedValues

final class SubqueryEvaluator: Evaluator {
    private let kind: Subquery.Kind
    private let plan: Operator
    private let result: Slot?
    /// Rows of the argument for one run of the plan.
    private let batchRows: Int

    init(_ subquery: Subquery, _ context: QueryContext) throws {
        (kind, result) = (subquery.kind, subquery.result)
        plan = try makeOperator(subquery.plan, context, isBegunAgain: true)
        if !subquery.plan.isStreaming || subquery.plan.writes || kind == .exists && subquery.plan.isUnbounded {
            batchRows = 1
        } else {
            batchRows = kind == .exists ? ApplyOperator.existenceRows : Chunk.rowsMax
        }
    }

    override func evaluate(_ chunk: Chunk, _ context: QueryContext) throws -> ColumnVector {
        switch kind {
        case .exists: try exists(chunk, context)
        case .count: try count(chunk, context)
        case .collect: try collect(chunk, context)
        }
    }

    private func exists(_ chunk: Chunk, _ context: QueryContext) throws -> ColumnVector {
        let found = ColumnVector.booleans(chunk.count)
        found.bools.update(repeating: 0, count: chunk.count)
        try run(chunk, context) { first, count, inner in
            try forEachParent(chunk, inner) { _, parent in found.bools[first + parent] = 1 }
            // On with it while any has none.
            return (first..<first + count).contains { found.bools[$0] == 0 }
        }
        return found
    }

    private func count(_ chunk: Chunk, _ context: QueryContext) throws -> ColumnVector {
        let counts = ColumnVector(.int64, capacity: chunk.count)
        counts.ints.update(repeating: 0, count: chunk.count)
        try run(chunk, context) { first, _, inner in
            if batchRows == 1 {
                counts.ints[first] += Int64(inner.count)
            } else {
                try forEachParent(chunk, inner) { _, parent in counts.ints[first + parent] += 1 }
            }
            return true
        }
        return counts
    }

    private func collect(_ chunk: Chunk, _ context: QueryContext) throws -> ColumnVector {
        guard let result else { throw DeedError(.internalError, "a COLLECT without a column") }
        var lists = [[Value]](repeating: [], count: chunk.count)
        var work = RowWork(context)
        try run(chunk, context) { first, _, inner in
            guard result < inner.columns.count, let column = inner.columns[result] else {
                throw DeedError(.internalError, "slot \(result) is collected where it holds nothing")
            }
            try work.note(bytes: inner.count * MemoryLayout<Value>.stride)
            try forEachParent(chunk, inner) { row, parent in lists[first + parent].append(column.value(row)) }
            return true
        }
        let vector = ColumnVector(.any, capacity: chunk.count)
        vector.values = lists.map { .list($0) }
        return vector
    }

    /// Runs the plan for `count` rows from `first` on at a time, and gives what comes out until `take` says that it is enough
    /// of these.
    private func run(
        _ chunk: Chunk, _ context: QueryContext, _ take: (_ first: Int, _ count: Int, Chunk) throws -> Bool
    ) throws {
        var first = 0
        while first < chunk.count {
            let count = min(batchRows, chunk.count - first)
            let rows = chunk.slice(first, count)
            plan.reset(argument: batchRows == 1 ? rows : rows.numbered())
            while let inner = try plan.next() {
                try context.checkInterrupt()
                if try !take(first, count, inner) { break }
            }
            first += count
        }
    }

    /// Of each row of the plan the row of the argument that it belongs to, counted from the first of the run.
    @inline(__always)
    private func forEachParent(_ chunk: Chunk, _ inner: Chunk, _ body: (Int, Int) -> Void) throws {
        if batchRows > 1 { return try inner.forEachNumber(width: chunk.columns.count, body) }
        for row in 0..<inner.count { body(row, 0) }
    }
}
