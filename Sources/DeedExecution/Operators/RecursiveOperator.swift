// WITH RECURSIVE: first the rows of one plan, then, as long as there are any, those that another plan makes of the rows of the round
// before. What the rounds read is the working table, which `working` leaves of the second plan give out.
//
// Where rows are to be distinct, a row that came in any round before is left out, so that a round without new rows is the last.

import DeedEngine

/// The rows of the round before, with columns in the slots that they came in.
final class WorkingTable {
    var blocks: [Chunk] = []
}

final class RecursiveOperator: Operator {
    private let initial: Operator
    private let step: Operator
    private let recursion: Recursion
    private let working: WorkingTable
    private var argument: Chunk?
    /// False in the first round.
    private var isStepping = false
    private var seen: KeyTable
    /// Of the round before, which are read, and of this one.
    private var (past, present): (RowStore, RowStore)
    private let account: MemoryAccount

    init(_ initial: Operator, _ step: Operator, _ recursion: Recursion, _ context: QueryContext) {
        (self.initial, self.step, self.recursion) = (initial, step, recursion)
        working = context.workingTable(recursion.table)
        seen = KeyTable(width: recursion.slots.count)
        past = RowStore(context, width: recursion.slots.count)
        present = RowStore(context, width: recursion.slots.count)
        account = MemoryAccount(context)
        super.init(context)
    }

    override func restart(argument: Chunk) {
        self.argument = argument
        initial.reset(argument: argument)
        isStepping = false
        seen = KeyTable(width: recursion.slots.count)
        past.clear()
        present.clear()
        working.blocks = []
        account.clear()
    }

    override func produce() throws -> Chunk? {
        while true {
            try context.checkInterrupt()
            let (source, slots) = isStepping ? (step, recursion.stepSlots) : (initial, recursion.initialSlots)
            if let chunk = try source.next() {
                if let rows = try take(chunk, slots) { return rows }
            } else if try !beginRound() {
                return nil
            }
        }
    }

    /// The rows of a chunk that count, in the slots of the outcome; nil if none does.
    private func take(_ chunk: Chunk, _ slots: [Slot]) throws -> Chunk? {
        var columns = slots.map { slot in
            guard let column = chunk.columns[slot] else { return ColumnVector(.null, capacity: chunk.count) }
            return column.selection.map { column.vector.gathered($0) } ?? column.vector
        }
        var count = chunk.count
        if recursion.isDistinct {
            if let fresh = try newRows(columns, count) {
                if fresh.count == 0 { return nil }
                columns = columns.map { $0.gathered(fresh) }
                count = fresh.count
            }
        }
        var kept = Chunk(slots: columns.count, count: count)
        for (index, column) in columns.enumerated() { kept.columns[index] = ChunkColumn(column) }
        try present.append(kept)
        var result = Chunk(slots: context.slotCount, count: count)
        for (slot, column) in zip(recursion.slots, columns) { result.columns[slot] = ChunkColumn(column) }
        result.attach(argument)
        return result
    }

    /// The first row of each key that has not come before; nil if that is all of them.
    private func newRows(_ columns: [ColumnVector], _ count: Int) throws -> Selection? {
        let (before, first) = (seen.size, seen.count)
        let selection = withUnsafeTemporaryAllocation(of: UInt32.self, capacity: count) { numbers -> Selection? in
            let start = numbers.baseAddress.unsafelyUnwrapped
            seen.insert(columns, count: count, into: start)
            return makeSelection(count) { rows in
                var (selected, known) = (0, UInt32(first))
                for row in 0..<count where start[row] == known {
                    rows[selected] = UInt32(row)
                    selected += 1
                    known += 1
                }
                return selected
            }
        }
        try account.charge(max(seen.size - before, 0))
        return selection
    }

    /// Makes what came in this round the working table of the next; false if nothing came.
    private func beginRound() throws -> Bool {
        try present.finish()
        if present.count == 0 { return false }
        swap(&past, &present)
        present.clear()
        working.blocks = (0..<past.blockCount).map { past.block($0) }
        isStepping = true
        step.reset(argument: argument ?? Chunk(slots: context.slotCount, count: 1))
        return true
    }
}

/// The rows of the round before.
final class WorkingOperator: Operator {
    private let table: WorkingTable
    private let slots: [Slot]
    private var next = 0
    private var argument: Chunk?

    init(_ table: Slot, _ slots: [Slot], _ context: QueryContext) {
        self.table = context.workingTable(table)
        self.slots = slots
        super.init(context)
    }

    override func restart(argument: Chunk) {
        self.argument = argument
        next = 0
    }

    override func produce() throws -> Chunk? {
        if next >= table.blocks.count { return nil }
        let block = table.blocks[next]
        next += 1
        var result = Chunk(slots: context.slotCount, count: block.count)
        for (index, slot) in slots.enumerated() { result.columns[slot] = block.columns[index] ?? ChunkColumn(.nulls(count: block.count)) }
        result.attach(argument)
        return result
    }
}
