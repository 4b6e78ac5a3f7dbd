// The build side of a join: its rows, and for each key the chain of those that have it.

import DeedEngine
import DeedValues

final class JoinTable {
    private let table: KeyTable
    private let store: RowStore
    private let context: QueryContext
    /// How often the rows have been divided.
    private let level: Int
    private let kind: JoinKind
    /// Of rows that only have to be there one for each key is enough.
    private let keepsOne: Bool
    private let held: HeldMemory
    /// Counts what cannot be put aside.
    private let account: MemoryAccount
    /// By key, the first row.
    private var first: [UInt32] = []
    /// By row, the next one with the same key.
    private var next: [UInt32] = []
    /// By key.
    private var last: [UInt32] = []
    private let numbers = UnsafeMutablePointer<UInt32>.allocate(capacity: Chunk.rowsMax)

    /// `width`: columns of the rows; `hasMore`: whether pairs have to satisfy a condition beside the keys.
    init(keys: Int, width: Int, level: Int, _ kind: JoinKind, hasMore: Bool, _ context: QueryContext) {
        (self.level, self.kind, self.context) = (level, kind, context)
        keepsOne = (kind == .semi || kind == .anti) && !hasMore
        table = KeyTable(width: keys)
        store = RowStore(context, width: width, isCounted: false)
        held = HeldMemory(context)
        account = MemoryAccount(context)
    }

    deinit { numbers.deallocate() }

    enum Fit {
        case whole
        /// The rows, which are in, take too much: they are to be divided.
        case divisible
        /// Likewise, but divided they would come back together. Rows that come later are to be joined by themselves.
        case block
    }

    func append(_ chunk: Chunk, _ keys: [ColumnVector]) throws -> Fit {
        var keys = keys
        guard var rows = Self.comparable(chunk, &keys) else { return .whole }
        table.insert(keys, count: rows.count, into: numbers)
        if keepsOne { rows = rows.selecting(firsts(rows.count)) }
        link(rows.count)
        try store.append(rows)
        let bytes = table.size + store.bytes + next.count * 4 + first.count * 8
        if account.bytes == 0, try held.admits(bytes) { return .whole }
        if level == 0 || table.count > 1 && level < PartitionedRows.levelsMax { return .divisible }
        if kind == .inner { return .block }
        held.clear()
        if bytes > account.bytes { try account.charge(bytes - account.bytes) }
        return .whole
    }

    /// The rows whose keys are new, whose numbers are moved to the front.
    private func firsts(_ count: Int) -> Selection {
        let rows = Selection(count: count)
        var kept = 0
        for row in 0..<count where Int(numbers[row]) == first.count + kept {
            (rows.rows[kept], numbers[kept]) = (UInt32(row), numbers[row])
            kept += 1
        }
        return Selection(copying: rows.rows, count: kept)
    }

    /// The next rows, whose keys are in `numbers`, behind those that are there.
    private func link(_ count: Int) {
        let start = next.count
        next.append(contentsOf: repeatElement(KeyTable.absent, count: count))
        let new = table.count - first.count
        first.append(contentsOf: repeatElement(KeyTable.absent, count: new))
        last.append(contentsOf: repeatElement(KeyTable.absent, count: new))
        first.withUnsafeMutableBufferPointer { first in
            last.withUnsafeMutableBufferPointer { last in
                next.withUnsafeMutableBufferPointer { next in
                    for row in 0..<count {
                        let (number, own) = (Int(numbers[row]), UInt32(truncatingIfNeeded: start &+ row))
                        if first[number] == KeyTable.absent {
                            first[number] = own
                        } else {
                            next[Int(last[number])] = own
                        }
                        last[number] = own
                    }
                }
            }
        }
    }

    func finish() throws { try store.finish() }

    /// Writes all rows and their keys to parts. The table is of no use after it.
    func putAside(_ keys: [Evaluator], to parts: PartitionedRows) throws {
        try store.finish()
        for block in 0..<store.blockCount {
            let rows = store.block(block)
            try parts.append(rows, keys: try keys.map { try $0.evaluate(rows, context) })
        }
        store.clear()
        held.clear()
        account.clear()
    }

    /// The key of each probe row, `absent` where nothing agrees with it.
    func find(_ keys: [ColumnVector], count: Int, into numbers: UnsafeMutablePointer<UInt32>) {
        table.find(keys, count: count, into: numbers)
        for key in keys where Self.mayBeIncomparable(key) {
            for row in 0..<count where !Self.isComparable(key, row) { numbers[row] = KeyTable.absent }
        }
    }

    /// By key the first row, and by row the next one with the same key.
    @inline(__always)
    func withChains<Result>(_ body: (UnsafeBufferPointer<UInt32>, UnsafeBufferPointer<UInt32>) -> Result) -> Result {
        first.withUnsafeBufferPointer { first in next.withUnsafeBufferPointer { next in body(first, next) } }
    }

    func fill(_ chunk: inout Chunk, _ rows: UnsafeBufferPointer<UInt32>, slots: NumberSet) {
        guard rows.contains(KeyTable.absent) else {
            for slot in chunk.columns.indices where chunk.columns[slot] == nil {
                if let vector = store.gather(rows, slot) { chunk.set(slot, vector) }
            }
            return
        }
        for slot in chunk.columns.indices where chunk.columns[slot] == nil {
            // What neither side has belongs to an operator above, which takes a column that is there for its own.
            if !slots.contains(slot) && !store.hasColumn(slot) { continue }
            chunk.set(slot, store.gather(rows, slot, hasAbsent: true) ?? .nulls(count: rows.count))
        }
    }

    // MARK: What agrees with nothing

    /// The rows whose keys can agree with anything, and these keys; nil if there are none.
    static func comparable(_ chunk: Chunk, _ keys: inout [ColumnVector]) -> Chunk? {
        guard keys.contains(where: { mayBeIncomparable($0) }) else { return chunk }
        let selection = Selection(count: chunk.count)
        var count = 0
        for row in 0..<chunk.count where keys.allSatisfy({ isComparable($0, row) }) {
            selection.rows[count] = UInt32(row)
            count += 1
        }
        if count == chunk.count { return chunk }
        if count == 0 { return nil }
        let kept = Selection(copying: selection.rows, count: count)
        keys = keys.map { key in
            let builder = ColumnBuilder(capacity: count)
            builder.append(ChunkColumn(key, kept), from: 0, count: count)
            return builder.finish()
        }
        return chunk.selecting(kept)
    }

    static func mayBeIncomparable(_ key: ColumnVector) -> Bool {
        key.nulls != nil || key.kind == .null || key.kind == .any || key.kind == .float64
    }

    static func isComparable(_ key: ColumnVector, _ row: Int) -> Bool {
        if key.isNull(row) { return false }
        return switch key.kind {
        case .float64: !key.floats[row].isNaN
        case .any: isComparable(key.values[row])
        default: true
        }
    }

    private static func isComparable(_ value: Value) -> Bool {
        switch value {
        case .null: false
        case .float(let number): !number.isNaN
        case .list(let elements): elements.allSatisfy { isComparable($0) }
        case .map(let map): map.values.allSatisfy { isComparable($0) }
        default: true
        }
    }
}
