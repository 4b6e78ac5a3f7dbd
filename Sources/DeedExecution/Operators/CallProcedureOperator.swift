// Calls a procedure for each row, and adds what it yields. A row for which it yields nothing is dropped, unless the procedure has
// no outputs at all.

import DeedEngine
import DeedValues

final class CallProcedureOperator: Operator {
    private let child: Operator
    private let procedure: any Procedure
    private let arguments: [Evaluator]
    private let yields: [(field: Int, slot: Slot)]
    private var input: Chunk?
    private var vectors: [ColumnVector] = []
    private var row = 0
    private var results: [[Value]] = []
    private var position = 0

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
        (input, results, row, position) = (nil, [], 0, 0)
    }

    override func produce() throws -> Chunk? {
        while true {
            try context.checkInterrupt()
            if input == nil {
                guard let chunk = try child.next() else { return nil }
                input = chunk
                vectors = try arguments.map { try $0.evaluate(chunk, context) }
                (results, row, position) = ([], -1, 0)
            }
            if let chunk = try fill() { return chunk }
        }
    }

    private func fill() throws -> Chunk? {
        guard let input else { return nil }
        let parents = Selection(count: Chunk.rowsMax)
        let columns = yields.map { _ in ColumnBuilder(capacity: Chunk.rowsMax) }
        var count = 0
        while count < Chunk.rowsMax {
            if position == results.count {
                row += 1
                if row == input.count {
                    self.input = nil
                    break
                }
                results = try procedure.rows(vectors.map { $0.value(row) }, context)
                if procedure.signature.outputs.isEmpty { results = [[]] }
                position = 0
                continue
            }
            parents.rows[count] = UInt32(row)
            let result = results[position]
            for (index, yield) in yields.enumerated() {
                columns[index].append(yield.field < result.count ? result[yield.field] : .null)
            }
            position += 1
            count += 1
        }
        if count == 0 { return nil }
        var result = input.selecting(Selection(copying: parents.rows, count: count))
        for (index, yield) in yields.enumerated() { result.set(yield.slot, columns[index].finish()) }
        return result
    }
}
