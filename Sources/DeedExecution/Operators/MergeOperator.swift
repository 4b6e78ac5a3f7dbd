// For each row what matches; if nothing does, it is created. Each must find what those before it made, so rows go one by one
// unless they can do so as a batch (MergeBatch.swift).

import DeedEngine

final class MergeOperator: Operator {
    private let child: Operator
    private let match: Operator
    private let creator: Creator
    private let onCreate: Changer
    private let onMatch: Changer
    private let batch: MergeBatch?
    private var input: Chunk?
    private var row = 0
    private var output: ChunkBuilder
    /// Chunks that are full, or too large to be gathered.
    private var ready: [Chunk] = []

    /// Rows from which a chunk is good as it is.
    private static let largeRows = 256

    init(
        _ child: Operator, match: Operator, _ pattern: PlanNode, _ creations: [Creation], onCreate: [Change],
        onMatch: [Change], _ context: QueryContext
    ) throws {
        (self.child, self.match) = (child, match)
        let creator = try Creator(creations, refusesNull: true, context)
        let (changer, matchChanger) = (try Changer(onCreate, context), try Changer(onMatch, context))
        (self.creator, self.onCreate, self.onMatch) = (creator, changer, matchChanger)
        batch = try MergePattern(pattern, creations, changes: onCreate + onMatch).map {
            let completion = try MergeCompletion(creations[0], $0, onCreate: onCreate, context)
            return try MergeBatch(
                $0, match: match, creator, completion, onCreate: changer, onMatch: matchChanger, changes: onCreate + onMatch,
                context)
        }
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
                if let merged = try batch?.merge(chunk) {
                    for rows in merged { add(rows) }
                } else {
                    (self.input, row) = (chunk, 0)
                }
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
        if output.count == 0 && chunk.count >= Self.largeRows { return ready.append(chunk) }
        var first = 0
        while first < chunk.count {
            let count = min(output.room, chunk.count - first)
            output.append(chunk, from: first, count: count)
            first += count
            if output.room == 0, let full = output.take()?.chunk { ready.append(full) }
        }
    }
}
