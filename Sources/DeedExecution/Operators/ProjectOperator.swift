// Adds columns; each is evaluated on the rows as they come in, so that columns may change places.

import DeedEngine

final class ProjectOperator: Operator {
    private let child: Operator
    private let columns: [(slot: Slot, value: Evaluator)]
    /// Columns that are another column under a new number move no values.
    private let copies: [(slot: Slot, from: Slot)]
    /// True if no expression reads what another one replaces.
    private let isInPlace: Bool

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
        isInPlace = columns.allSatisfy { column in columns.allSatisfy { !Self.mayRead($0.value, column.slot) } }
        super.init(context)
    }

    /// Whether an expression may read a slot; only the commonest ones are looked into.
    private static func mayRead(_ value: Expr, _ slot: Slot) -> Bool {
        switch value {
        case .constant, .parameter: false
        case .slot(let other), .property(.slot(let other), _): other == slot
        default: true
        }
    }

    override func restart(argument: Chunk) { child.reset(argument: argument) }

    override func produce() throws -> Chunk? {
        guard var chunk = try child.next() else { return nil }
        if isInPlace {
            for (slot, from) in copies { chunk.columns[slot] = chunk.columns[from] ?? ChunkColumn(.nulls(count: chunk.count)) }
            for (slot, value) in columns { chunk.set(slot, try value.evaluate(chunk, context)) }
            return chunk
        }
        var result = chunk
        for (slot, from) in copies {
            result.columns[slot] = chunk.columns[from] ?? ChunkColumn(.nulls(count: chunk.count))
        }
        for (slot, value) in columns { result.set(slot, try value.evaluate(chunk, context)) }
        return result
    }
}
