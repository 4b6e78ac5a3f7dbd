// For each row of the outer side the rows of the inner side, whose argument the row is.
//
// Where the inner side treats every row by itself, it is handed a whole chunk at once, with the number of the row in a hidden
// column behind the others, from which the rows that come out are led back to their outer rows. Otherwise it runs once for each
// row.

import DeedEngine

final class ApplyOperator: Operator {
    private let outer: Operator
    private let inner: Operator
    private let kind: ApplyKind
    private let isBatched: Bool
    private let innerSlots: NumberSet
    private var input: Chunk?
    /// Rows of the input that the inner side has been given.
    private var begun = 0
    private var argument: Chunk?
    /// Of the argument's rows those that had a match.
    private var matched: [Bool] = []
    private var pending: ChunkBuilder?

    /// Rows below which chunks are gathered into larger ones.
    private static let smallRows = 256
    /// Rows of a batch of which only the existence of a match matters: the inner side cannot stop early for one of them.
    static let existenceRows = 256

    init(_ outer: Operator, _ inner: Operator, _ kind: ApplyKind, innerPlan: PlanNode, _ context: QueryContext) {
        (self.outer, self.inner, self.kind) = (outer, inner, kind)
        let isExistence = kind == .semi || kind == .anti
        isBatched = innerPlan.isStreaming && !innerPlan.writes && !(isExistence && innerPlan.isUnbounded)
        innerSlots = innerPlan.slotsBound()
        super.init(context)
    }

    override func restart(argument: Chunk) {
        outer.reset(argument: argument)
        (input, self.argument, begun) = (nil, nil, 0)
        pending = ChunkBuilder(width: max(argument.columns.count, context.slotCount))
    }

    override func produce() throws -> Chunk? {
        while true {
            try context.checkInterrupt()
            if let argument {
                if let chunk = try advance(argument) { return chunk }
                continue
            }
            if let input, begun < input.count {
                begin(input)
                continue
            }
            guard let chunk = try outer.next() else { return pending?.take()?.chunk }
            (input, begun) = (chunk, 0)
        }
    }

    /// Hands the next rows of the input to the inner side.
    private func begin(_ input: Chunk) {
        let isExistence = kind == .semi || kind == .anti
        let count = isBatched ? min(input.count - begun, context.chunkRows, isExistence ? Self.existenceRows : Chunk.rowsMax) : 1
        let rows = input.slice(begun, count)
        begun += count
        argument = rows
        matched = Array(repeating: false, count: count)
        inner.reset(argument: isBatched ? rows.numbered() : rows)
    }

    /// The next rows of the inner side, or what becomes of the argument's rows at its end; nil to go on.
    private func advance(_ rows: Chunk) throws -> Chunk? {
        switch kind {
        case .cross, .optional:
            guard let found = try inner.next() else {
                argument = nil
                if kind == .cross { return nil }
                guard let rest = unmatched(rows) else { return nil }
                return gather(withNulls(rest))
            }
            return gather(try combine(rows, found))
        case .semi, .anti:
            var rest = rows.count
            while rest > 0, let found = try inner.next() {
                try context.checkInterrupt()
                rest -= try mark(rows, found)
            }
            argument = nil
            if kind == .anti { return unmatched(rows).flatMap { gather($0) } }
            matched = matched.map { !$0 }
            return unmatched(rows).flatMap { gather($0) }
        }
    }

    /// Notes which rows have a match; returns how many had none before.
    private func mark(_ rows: Chunk, _ found: Chunk) throws -> Int {
        var fresh = 0
        try forEachParent(rows, found) { _, parent in
            if !matched[parent] { (matched[parent], fresh) = (true, fresh + 1) }
        }
        return fresh
    }

    private func forEachParent(_ rows: Chunk, _ found: Chunk, _ body: (Int, Int) -> Void) throws {
        if isBatched { try found.forEachNumber(width: rows.columns.count, body) } else { body(0, 0) }
    }

    /// The inner side's rows with the columns of the outer rows they belong to.
    private func combine(_ rows: Chunk, _ found: Chunk) throws -> Chunk {
        var result = found
        if !isBatched {
            matched[0] = true
            result.attach(rows)
            return result
        }
        result.columns.removeSubrange(rows.columns.count...)
        if kind == .optional { _ = try mark(rows, found) }
        guard rows.columns.indices.contains(where: { result.columns[$0] == nil && rows.columns[$0] != nil }) else {
            return result
        }
        let parents = Selection(count: found.count)
        try forEachParent(rows, found) { row, parent in parents.rows[row] = UInt32(parent) }
        let outer = rows.selecting(parents)
        for slot in outer.columns.indices where result.columns[slot] == nil { result.columns[slot] = outer.columns[slot] }
        return result
    }

    private func unmatched(_ rows: Chunk) -> Chunk? {
        let selection = Selection(count: rows.count)
        var count = 0
        for row in 0..<rows.count where !matched[row] {
            selection.rows[count] = UInt32(row)
            count += 1
        }
        if count == 0 { return nil }
        return count == rows.count ? rows : rows.selecting(Selection(copying: selection.rows, count: count))
    }

    private func withNulls(_ rows: Chunk) -> Chunk {
        var result = rows
        let nulls = ColumnVector.nulls(count: rows.count)
        for slot in innerSlots where result.columns[slot] == nil { result.set(slot, nulls) }
        return result
    }

    /// Large chunks pass; small ones wait for others, in order.
    private func gather(_ chunk: Chunk) -> Chunk? {
        guard let pending else { return chunk }
        if pending.count == 0 && chunk.count >= Self.smallRows { return chunk }
        if chunk.count > pending.room {
            // What does not fit stays behind in the builder.
            let fitting = pending.room
            pending.append(chunk, from: 0, count: fitting)
            let full = pending.take()?.chunk
            pending.append(chunk, from: fitting, count: chunk.count - fitting)
            return full
        }
        pending.append(chunk, from: 0, count: chunk.count)
        return pending.count >= context.chunkRows / 2 ? pending.take()?.chunk : nil
    }
}
