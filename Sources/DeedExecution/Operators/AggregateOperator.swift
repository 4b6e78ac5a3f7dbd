// Groups rows by keys and computes aggregates of each group. Without keys there is one group, even of no rows.

import DeedEngine

final class AggregateOperator: Operator {
    private let child: Operator
    private let expressions: AggregateExpressions
    private let aggregates: [Aggregate]
    private var argument: Chunk?
    private var grouping: Grouping?
    private var nextGroup = 0

    init(
        _ child: Operator, keys: [(slot: Slot, value: Expr)], _ aggregates: [(slot: Slot, Aggregate)], _ context: QueryContext
    ) throws {
        self.child = child
        self.aggregates = aggregates.map(\.1)
        expressions = try AggregateExpressions(keys, aggregates, context)
        super.init(context)
    }

    override func reset(argument: Chunk) {
        child.reset(argument: argument)
        self.argument = argument
        (grouping, nextGroup) = (nil, 0)
    }

    override func next() throws -> Chunk? {
        let groups = try grouping ?? readAll()
        let end = min(nextGroup + Chunk.rowsMax, groups.groupCount)
        if nextGroup == end { return nil }
        var chunk = try groups.rows(nextGroup..<end)
        nextGroup = end
        chunk.attach(argument)
        return chunk
    }

    private func readAll() throws -> Grouping {
        let result = try Grouping(expressions, aggregates, context)
        while let chunk = try child.next() {
            try context.checkInterrupt()
            try result.update(chunk)
        }
        grouping = result
        return result
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
