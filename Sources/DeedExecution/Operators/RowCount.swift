// The numbers that skip, limit and top are given: evaluated once, and refused if they are no counts.

import DeedEngine
import DeedValues

struct RowCount {
    private let evaluator: Evaluator
    private let clause: String

    init(_ expression: Expr, _ clause: String, _ context: QueryContext) throws {
        evaluator = try makeEvaluator(expression, context)
        self.clause = clause
    }

    func evaluate(_ context: QueryContext) throws -> Int {
        let value = try evaluator.evaluate(Chunk(slots: context.slotCount, count: 1), context).value(0)
        guard case .int(let number) = value else {
            throw QueryError(.syntaxError, "InvalidArgumentType", "\(clause) needs an integer")
        }
        guard number >= 0 else {
            throw QueryError(.syntaxError, "NegativeIntegerArgument", "\(clause) cannot be negative, but is \(number)")
        }
        return Int(number)
    }
}
