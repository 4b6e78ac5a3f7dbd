// Subplans within expressions: EXISTS, COUNT and COLLECT of a query, and pattern expressions.
//
// The plan runs once for each row, with the row as its argument, since nothing in its result tells of which row a result
// comes. `run` is the one place that knows this: it takes the rows of a chunk and gives each row's chunks to a closure.

import DeedEngine
import DeedValues

final class SubqueryEvaluator: Evaluator {
    private let kind: Subquery.Kind
    private let plan: Operator
    private let result: Slot?

    init(_ subquery: Subquery, _ context: QueryContext) throws {
        (kind, result) = (subquery.kind, subquery.result)
        plan = try makeOperator(subquery.plan, context)
    }

    override func evaluate(_ chunk: Chunk, _ context: QueryContext) throws -> ColumnVector {
        switch kind {
        case .exists:
            let found = ColumnVector.booleans(chunk.count)
            found.bools.update(repeating: 0, count: chunk.count)
            try run(chunk, context) { row, _ in
                found.bools[row] = 1
                return false
            }
            return found
        case .count:
            let counts = ColumnVector(.int64, capacity: chunk.count)
            counts.ints.update(repeating: 0, count: chunk.count)
            try run(chunk, context) { row, inner in
                counts.ints[row] += Int64(inner.count)
                return true
            }
            return counts
        case .collect: return try collect(chunk, context)
        }
    }

    private func collect(_ chunk: Chunk, _ context: QueryContext) throws -> ColumnVector {
        guard let result else { throw DeedError(.internalError, "a COLLECT without a column") }
        var lists = [[Value]](repeating: [], count: chunk.count)
        try run(chunk, context) { row, inner in
            guard result < inner.columns.count, let column = inner.columns[result] else {
                throw DeedError(.internalError, "slot \(result) is collected where it holds nothing")
            }
            for index in 0..<inner.count { lists[row].append(column.value(index)) }
            return true
        }
        let vector = ColumnVector(.any, capacity: chunk.count)
        vector.values = lists.map { .list($0) }
        return vector
    }

    /// The chunks that the plan gives for each row; no more of a row once `take` says false.
    private func run(_ chunk: Chunk, _ context: QueryContext, _ take: (Int, Chunk) throws -> Bool) throws {
        for row in 0..<chunk.count {
            plan.reset(argument: chunk.selecting(Selection([UInt32(row)])))
            while let inner = try plan.next() {
                try context.checkInterrupt()
                if try !take(row, inner) { break }
            }
        }
    }
}
