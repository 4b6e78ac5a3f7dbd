// Groups rows by keys and computes aggregates of each group. Without keys there is one group, even of no rows. Groups that do
// not fit into memory come in parts.

import DeedEngine

final class AggregateOperator: Operator {
    private let input: DividedInput
    private let keys: [(slot: Slot, value: Expr)]
    private let expressions: AggregateExpressions
    private let aggregates: [(slot: Slot, Aggregate)]
    private var argument: Chunk?
    private var isRead = false
    private var grouping: Grouping?
    private var nextGroup = 0
    private var parts: GroupParts?

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
        (isRead, grouping, parts, nextGroup) = (false, nil, nil, 0)
    }

    override func produce() throws -> Chunk? {
        if !isRead {
            grouping = try readAll()
            isRead = true
        }
        while true {
            if let chunk = try groups() { return chunk }
            // What is done with gives its memory back before more is read.
            (grouping, nextGroup) = (nil, 0)
            grouping = try parts?.next()
            if grouping == nil { return nil }
        }
    }

    private func groups() throws -> Chunk? {
        guard let groups = grouping, nextGroup < groups.groupCount else { return nil }
        let end = min(nextGroup + Chunk.rowsMax, groups.groupCount)
        var chunk = try groups.rows(nextGroup..<end)
        nextGroup = end
        chunk.attach(argument)
        return chunk
    }

    private func readAll() throws -> Grouping {
        let workers = try input.readAll { worker in
            let expressions = worker === context ? expressions : try AggregateExpressions(keys, aggregates, worker)
            return try Grouping(expressions, aggregates.map(\.1), worker)
        } add: { part, chunk in
            try part.update(chunk)
        }
        return try merge(workers)
    }

    /// What the workers have, as one; what does not fit into memory is in `parts` then, and nothing is left in it.
    private func merge(_ workers: [Grouping]) throws -> Grouping {
        let first = workers[0]
        first.endTeam()
        var written: [[RowSequence]] = []
        for other in workers.dropFirst() {
            if let rows = try other.parts() { written.append(rows) } else { try first.merge(other) }
        }
        if let rows = try first.parts(isForced: !written.isEmpty) { written.append(rows) }
        if !written.isEmpty { parts = GroupParts(written, expressions, aggregates.map(\.1), context) }
        return first
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
