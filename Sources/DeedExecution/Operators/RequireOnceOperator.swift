// Lets rows through whose element has not come before, and fails at one that has; null may come as often as it likes. For changes of
// which each row must undergo one at most.

import DeedEngine
import DeedValues

final class RequireOnceOperator: Operator {
    private let child: Operator
    private let element: Evaluator
    private var known = IdMap()
    private var account: MemoryAccount?

    init(_ child: Operator, _ element: Expr, _ context: QueryContext) throws {
        self.child = child
        self.element = try makeEvaluator(element, context)
        super.init(context)
    }

    override func restart(argument: Chunk) {
        child.reset(argument: argument)
        (known, account) = (IdMap(), nil)
    }

    override func produce() throws -> Chunk? {
        guard let chunk = try child.next() else { return nil }
        let elements = try element.evaluate(chunk, context)
        for row in 0..<chunk.count {
            switch elements.value(row) {
            case .entity(let id), .relationship(let id):
                if known.insert(id) { continue }
                throw QueryError(
                    .semanticError, "CardinalityViolation",
                    "MERGE would change a row a second time: no more than one row of the source may match it")
            default: continue
            }
        }
        let held = account ?? MemoryAccount(context)
        account = held
        if known.size > held.bytes { try held.charge(known.size - held.bytes) }
        return chunk
    }
}
