// Rows of which those stay that have a partner on another side, or none, kept in memory while the other side streams past and marks
// them: what a join does that would have to keep a far larger side otherwise. They come out in the order in which they came.
//
// Without a condition beside the keys it is the keys that are marked. With one, the rows of a key are chained, and every row that
// has no mark yet is put beside the row of the other side, to see whether the condition is true of the two.

import DeedEngine

final class MarkedRows {
    private let context: QueryContext
    private let isAnti: Bool
    private let also: Evaluator?
    private let store: RowStore
    private let held: HeldMemory
    private let table: KeyTable
    /// By row its key; `KeyTable.absent` for one that agrees with nothing.
    private var keys: [UInt32] = []
    /// By key, or by row if there is a condition: 1 for those that have a partner.
    private var marks: [UInt8] = []
    /// By key the last row, and by row the one before of the same key; only with a condition.
    private var last: [UInt32] = []
    private var previous: [UInt32] = []
    /// Marks that are missing.
    private var open = 0
    private var nextRow: UInt32 = 0
    private let width: Int
    private let numbers = UnsafeMutablePointer<UInt32>.allocate(capacity: Chunk.rowsMax)
    private let rows = UnsafeMutablePointer<UInt32>.allocate(capacity: Chunk.rowsMax)

    /// `keys`: how many there are; `width`: columns of the rows.
    init(isAnti: Bool, keys: Int, width: Int, also: Evaluator?, _ context: QueryContext) {
        (self.isAnti, self.also, self.width, self.context) = (isAnti, also, max(width, context.slotCount), context)
        store = RowStore(context, width: self.width, isCounted: false)
        held = HeldMemory(context)
        table = KeyTable(width: keys)
    }

    deinit {
        numbers.deallocate()
        rows.deallocate()
    }

    // MARK: Rows that are kept

    var count: Int { keys.count }

    /// False if there is no memory for the rows, which are in.
    func append(_ chunk: Chunk, _ vectors: [ColumnVector]) throws -> Bool {
        find(vectors, chunk.count) { table.insert(vectors, count: chunk.count, into: numbers) }
        for row in 0..<chunk.count { keys.append(numbers[row]) }
        try store.append(chunk)
        return try held.admits(store.bytes + table.size + keys.count * 16)
    }

    /// The rows, for somebody else. These are of no use after it.
    func giveUp() throws -> [Chunk] {
        try store.finish()
        let blocks = (0..<store.blockCount).map { store.block($0) }
        held.clear()
        return blocks
    }

    /// To be called when all rows are in, before others are looked at.
    func finish() throws {
        try store.finish()
        if also == nil {
            marks = Array(repeating: 0, count: table.count)
            open = table.count
            return
        }
        marks = Array(repeating: 0, count: keys.count)
        last = Array(repeating: KeyTable.absent, count: table.count)
        previous = Array(repeating: KeyTable.absent, count: keys.count)
        for (row, key) in keys.enumerated() where key != KeyTable.absent {
            (previous[row], last[Int(key)]) = (last[Int(key)], UInt32(row))
            open += 1
        }
    }

    /// Fills `numbers`, with `absent` for rows that agree with nothing.
    private func find(_ vectors: [ColumnVector], _ count: Int, _ number: () -> Void) {
        number()
        for vector in vectors where JoinTable.mayBeIncomparable(vector) {
            for row in 0..<count where !JoinTable.isComparable(vector, row) { numbers[row] = KeyTable.absent }
        }
    }

    // MARK: Rows of the other side

    /// True if further rows change nothing.
    var isDecided: Bool { open == 0 }

    func mark(_ chunk: Chunk, _ vectors: [ColumnVector]) throws {
        find(vectors, chunk.count) { table.find(vectors, count: chunk.count, into: numbers) }
        guard let also else {
            for row in 0..<chunk.count where numbers[row] != KeyTable.absent && marks[Int(numbers[row])] == 0 { note(Int(numbers[row])) }
            return
        }
        var place = (row: 0, kept: KeyTable.absent, isBegun: false)
        while let (parents, count) = pairs(chunk.count, from: &place) {
            try context.checkInterrupt()
            var both = chunk.selecting(Selection(copying: parents.rows, count: count))
            let others = UnsafeBufferPointer(start: rows, count: count)
            for slot in both.columns.indices where both.columns[slot] == nil && slot < width {
                if let vector = store.gather(others, slot) { both.set(slot, vector) }
            }
            guard let passed = try also.select(both, context) else {
                for row in others where marks[Int(row)] == 0 { note(Int(row)) }
                continue
            }
            for index in 0..<passed.count {
                let row = Int(others[Int(passed.rows[index])])
                if marks[row] == 0 { note(row) }
            }
        }
    }

    private func note(_ place: Int) {
        marks[place] = 1
        open -= 1
    }

    /// The next rows beside rows that are kept and have no mark, whose numbers are in `rows`; nil at the end.
    private func pairs(
        _ count: Int, from place: inout (row: Int, kept: UInt32, isBegun: Bool)
    ) -> (parents: Selection, count: Int)? {
        let parents = Selection(count: context.chunkRows)
        var found = 0
        while place.row < count && found < context.chunkRows {
            if !place.isBegun {
                place.kept = numbers[place.row] == KeyTable.absent ? KeyTable.absent : last[Int(numbers[place.row])]
                place.isBegun = true
            }
            if place.kept == KeyTable.absent {
                (place.row, place.isBegun) = (place.row &+ 1, false)
                continue
            }
            (parents.rows[found], rows[found]) = (UInt32(truncatingIfNeeded: place.row), place.kept)
            found &+= marks[Int(place.kept)] == 0 ? 1 : 0
            place.kept = previous[Int(place.kept)]
        }
        return found == 0 ? nil : (parents, found)
    }

    // MARK: Rows that stay

    /// The next of them; nil at the end.
    func next() -> Chunk? {
        var count = 0
        while Int(nextRow) < keys.count && count < context.chunkRows {
            let key = keys[Int(nextRow)]
            let isMarked = key != KeyTable.absent && marks[also == nil ? Int(key) : Int(nextRow)] != 0
            rows[count] = nextRow
            count &+= isMarked != isAnti ? 1 : 0
            nextRow &+= 1
        }
        if count == 0 { return nil }
        return store.rows(Array(UnsafeBufferPointer(start: rows, count: count))[...])
    }
}
