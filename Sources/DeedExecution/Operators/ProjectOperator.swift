// Adds columns; each is evaluated on the rows as they come in, so that columns may change places.

import DeedEngine

final class ProjectOperator: Operator {
    private let child: Operator
    private let columns: [(slot: Slot, value: Evaluator)]
    /// Columns that are another column under a new number move no values.
    private let copies: [(slot: Slot, from: Slot)]

    init(_ child: Operator, _ columns: [(slot: Slot, value: Expr)], _ context: QueryContext) throws {
        self.child = child
        var computed: [(slot: Slot, value: Evaluator)] = []
        var copies: [(slot: Slot, from: Slot)] = []
        for (slot, value) in columns {
            if case .slot(let from) = value {
                copies.append((slot, from))
            } else {
                computed.append((slot, try makeEvaluator(value, context)))
            }
        }
        (self.columns, self.copies) = (computed, copies)
        super.init(context)
    }

    override func restart(argument: Chunk) { child.reset(argument: argument) }

    override func produce() throws -> Chunk? {
        guard let chunk = try child.next() else { return nil }
        var result = chunk
        for (slot, from) in copies {
            result.columns[slot] = chunk.columns[from] ?? ChunkColumn(.nulls(count: chunk.count))
        }
        for (slot, value) in columns { result.set(slot, try value.evaluate(chunk, context)) }
        return result
    }
}
