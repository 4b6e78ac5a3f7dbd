// Rows that a plan has in several places and computes once: tables of WITH that are named twice. Computing them twice takes twice the
// time, and sums of floats that threads add up in another order are another sum.

import DeedEngine
import Synchronization

/// Those of one query, by number. Any thread.
final class SharedTables: Sendable {
    private let tables = Mutex<[Slot: SharedTable]>([:])

    subscript(number: Slot) -> SharedTable {
        tables.withLock { tables in
            let table = tables[number] ?? SharedTable()
            tables[number] = table
            return table
        }
    }
}

/// The rows, once somebody has asked for them; they never change after that.
final class SharedTable: @unchecked Sendable {
    private let store = Mutex<RowStore?>(nil)

    /// Whoever comes first computes them, while others wait.
    func rows(_ compute: () throws -> RowStore) throws -> RowStore {
        try store.withLock { store in
            if let store { return store }
            let new = try compute()
            store = new
            return new
        }
    }
}

final class SharedOperator: Operator {
    private let child: Operator
    private let table: SharedTable
    private let from: [Slot]
    private let slots: [Slot]
    private var rows: RowStore?
    private var next = 0
    private var argument: Chunk?

    init(_ child: Operator, table: Slot, from: [Slot], slots: [Slot], _ context: QueryContext) {
        (self.child, self.from, self.slots) = (child, from, slots)
        self.table = context.sharedTables[table]
        super.init(context)
        // The rows are of one execution.
        context.isReusable = false
    }

    override func restart(argument: Chunk) {
        self.argument = argument
        next = 0
    }

    override func produce() throws -> Chunk? {
        let rows = try self.rows ?? table.rows(compute)
        self.rows = rows
        if next >= rows.blockCount { return nil }
        let block = rows.block(next)
        next += 1
        var result = Chunk(slots: context.slotCount, count: block.count)
        for (index, slot) in slots.enumerated() { result.columns[slot] = block.columns[index] ?? ChunkColumn(.nulls(count: block.count)) }
        result.attach(argument)
        return result
    }

    /// The child depends on no row around it.
    private func compute() throws -> RowStore {
        let store = RowStore(context, width: from.count)
        child.reset(argument: Chunk(slots: context.slotCount, count: 1))
        while let chunk = try child.next() {
            try context.checkInterrupt()
            var kept = Chunk(slots: from.count, count: chunk.count)
            for (index, slot) in from.enumerated() { kept.columns[index] = chunk.columns[slot] }
            try store.append(kept)
        }
        try store.finish()
        return store
    }
}
