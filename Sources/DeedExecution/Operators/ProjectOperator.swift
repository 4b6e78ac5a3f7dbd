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
        let written = NumberSet(columns.lazy.map(\.slot))
        isInPlace = columns.allSatisfy { Self.readsNone(of: written, $0.value) }
        super.init(context)
    }

    /// Only the commonest expressions are looked into.
    private static func readsNone(of slots: NumberSet, _ value: Expr) -> Bool {
        switch value {
        case .constant, .parameter: true
        case .slot(let slot), .property(.slot(let slot), _): !slots.contains(slot)
        default: slots.isEmpty
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
