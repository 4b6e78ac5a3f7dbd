// Calls a procedure for each row, and adds what it yields. A row for which it yields nothing is dropped, unless the procedure has
// no outputs at all.

import DeedEngine
import DeedValues

final class CallProcedureOperator: Operator {
    private let child: Operator
    private let procedure: any Procedure
    private let arguments: [Evaluator]
    private let yields: [(field: Int, slot: Slot)]
    private var vectors: [ColumnVector] = []
    private var found = FoundRows<[Value]>()

    init(
        _ child: Operator, name: String, _ arguments: [Expr], yields: [(field: Int, slot: Slot)], _ context: QueryContext
    ) throws {
        guard let procedure = context.procedures.named(name) else {
            throw QueryError(.procedureError, "ProcedureNotFound", "there is no procedure `\(name)`")
        }
        guard arguments.count == procedure.signature.inputs.count else {
            throw QueryError(
                .syntaxError, "InvalidNumberOfArguments",
                "procedure `\(name)` takes \(procedure.signature.inputs.count) arguments, not \(arguments.count)")
        }
        (self.child, self.procedure, self.yields) = (child, procedure, yields)
        self.arguments = try arguments.map { try makeEvaluator($0, context) }
        super.init(context)
    }

    override func restart(argument: Chunk) {
        child.reset(argument: argument)
        vectors = []
        found.begin(nil)
    }

    override func produce() throws -> Chunk? {
        while true {
            try context.checkInterrupt()
            if found.input == nil {
                guard let chunk = try child.next() else { return nil }
                vectors = try arguments.map { try $0.evaluate(chunk, context) }
                found.begin(chunk)
            }
            let rows = try found.next(context) { row, found in
                let results = try procedure.rows(vectors.map { $0.value(row) }, context)
                found.add(procedure.signature.outputs.isEmpty ? [[]] : results, row)
                return row + 1
            } use: { chunk, results in
                for yield in yields {
                    chunk.set(yield.slot, ColumnVector(results.map { yield.field < $0.count ? $0[yield.field] : .null }))
                }
            }
            if let rows { return rows }
        }
    }
}
