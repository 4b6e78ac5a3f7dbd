// For each row what matches; if nothing does, it is created. Row by row, since each must find what those before it made.

import DeedEngine

final class MergeOperator: Operator {
    private let child: Operator
    private let match: Operator
    private let creator: Creator
    private let onCreate: Changer
    private let onMatch: Changer
    private var input: Chunk?
    private var row = 0
    private var output: ChunkBuilder
    /// Chunks that are full, or too large to be gathered.
    private var ready: [Chunk] = []

    init(
        _ child: Operator, match: Operator, _ creations: [Creation], onCreate: [Change], onMatch: [Change],
        _ context: QueryContext
    ) throws {
        (self.child, self.match) = (child, match)
        creator = try Creator(creations, refusesNull: true, context)
        self.onCreate = try Changer(onCreate, context)
        self.onMatch = try Changer(onMatch, context)
        output = ChunkBuilder(width: context.slotCount)
        super.init(context)
    }

    override func restart(argument: Chunk) {
        child.reset(argument: argument)
        output = ChunkBuilder(width: max(argument.columns.count, context.slotCount))
        (input, row, ready) = (nil, 0, [])
    }

    override func produce() throws -> Chunk? {
        while true {
            if !ready.isEmpty { return ready.removeFirst() }
            guard let input else {
                guard let chunk = try child.next() else { return output.take()?.chunk }
                (self.input, row) = (chunk, 0)
                continue
            }
            while row < input.count && ready.isEmpty {
                try context.checkInterrupt()
                try merge(input.row(row))
                row += 1
            }
            if row == input.count { self.input = nil }
        }
    }

    private func merge(_ rows: Chunk) throws {
        match.reset(argument: rows)
        var found: [Chunk] = []
        // All before any is changed: what is changed could match once more.
        while var chunk = try match.next() {
            try context.checkInterrupt()
            chunk.attach(rows)
            found.append(chunk)
        }
        if found.isEmpty {
            let made = try creator.create(rows)
            if !onCreate.isEmpty { try onCreate.apply(made) }
            return add(made)
        }
        for chunk in found {
            if !onMatch.isEmpty { try onMatch.apply(chunk) }
            add(chunk)
        }
    }

    private func add(_ chunk: Chunk) {
        var first = 0
        while first < chunk.count {
            let count = min(output.room, chunk.count - first)
            output.append(chunk, from: first, count: count)
            first += count
            if output.room == 0, let full = output.take()?.chunk { ready.append(full) }
        }
    }
}
