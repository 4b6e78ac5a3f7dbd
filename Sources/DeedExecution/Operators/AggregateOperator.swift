// Groups rows by keys and computes aggregates of each group. Without keys there is one group, even of no rows.

import DeedEngine

final class AggregateOperator: Operator {
    private let input: DividedInput
    private let keys: [(slot: Slot, value: Expr)]
    private let expressions: AggregateExpressions
    private let aggregates: [(slot: Slot, Aggregate)]
    private var argument: Chunk?
    private var grouping: Grouping?
    private var nextGroup = 0

    init(
        _ input: DividedInput, keys: [(slot: Slot, value: Expr)], _ aggregates: [(slot: Slot, Aggregate)], _ context: QueryContext
    ) throws {
        (self.input, self.keys, self.aggregates) = (input, keys, aggregates)
        expressions = try AggregateExpressions(keys, aggregates, context)
        super.init(context)
    }

    override func restart(argument: Chunk) {
        input.reset(argument: argument)
        self.argument = argument
        (grouping, nextGroup) = (nil, 0)
    }

    override func produce() throws -> Chunk? {
        let groups = try grouping ?? readAll()
        let end = min(nextGroup + Chunk.rowsMax, groups.groupCount)
        if nextGroup == end { return nil }
        var chunk = try groups.rows(nextGroup..<end)
        nextGroup = end
        chunk.attach(argument)
        return chunk
    }

    private func readAll() throws -> Grouping {
        let parts = try input.readAll { worker in
            let expressions = worker === context ? expressions : try AggregateExpressions(keys, aggregates, worker)
            return try Grouping(expressions, aggregates.map(\.1), worker)
        } add: { part, chunk in
            try part.update(chunk)
        }
        for other in parts.dropFirst() { try parts[0].merge(other) }
        grouping = parts[0]
        return parts[0]
    }
}

extension Chunk {
    /// Gives the rows the columns of an argument of one row where they have none: what a subplan's outer row has stays
    /// visible above operators that make rows of their own.
    mutating func attach(_ argument: Chunk?) {
        guard let argument, argument.count == 1 else { return }
        while columns.count < argument.columns.count { columns.append(nil) }
        for slot in argument.columns.indices where columns[slot] == nil {
            guard let column = argument.columns[slot] else { continue }
            let selection = Selection(count: count)
            selection.rows.initialize(repeating: UInt32(column.position(0)), count: count)
            columns[slot] = ChunkColumn(column.vector, selection)
        }
    }
}
