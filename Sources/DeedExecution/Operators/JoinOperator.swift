// Rows of two sides that agree on keys. The build side is kept, its rows in chains by the number of their key; the probe
// side streams past. Keys agree as `=` says: null agrees with nothing.

import DeedEngine
import DeedValues

final class JoinOperator: Operator {
    private let build: Operator
    private let probe: Operator
    private let kind: JoinKind
    private let buildKeys: [Evaluator]
    private let probeKeys: [Evaluator]
    private let buildSlots: Set<Slot>
    private var width = 0
    private var table: JoinTable?
    private var input: Chunk?
    private let numbers = UnsafeMutablePointer<UInt32>.allocate(capacity: Chunk.rowsMax)
    private var row = 0
    /// The next row of the current chain; `KeyTable.absent` for none.
    private var chain = KeyTable.absent
    private var isRowBegun = false

    init(
        _ build: Operator, _ probe: Operator, keys: [(build: Expr, probe: Expr)], _ kind: JoinKind, buildSlots: Set<Slot>,
        _ context: QueryContext
    ) throws {
        (self.build, self.probe, self.kind, self.buildSlots) = (build, probe, kind, buildSlots)
        buildKeys = try keys.map { try makeEvaluator($0.build, context) }
        probeKeys = try keys.map { try makeEvaluator($0.probe, context) }
        super.init(context)
    }

    deinit { numbers.deallocate() }

    override func restart(argument: Chunk) {
        build.reset(argument: argument)
        probe.reset(argument: argument)
        width = argument.columns.count
        (table, input, row) = (nil, nil, 0)
        (chain, isRowBegun) = (KeyTable.absent, false)
    }

    override func produce() throws -> Chunk? {
        while true {
            try context.checkInterrupt()
            guard let input, let table else {
                // The build side is read when the first rows are there: they may have been made by a clause that writes, and
                // the build side is what is looked for after it.
                guard let chunk = try probe.next() else { return nil }
                let table = try self.table ?? JoinTable(build, buildKeys, width: width, context)
                self.table = table
                let keys = try probeKeys.map { try $0.evaluate(chunk, context) }
                table.find(keys, count: chunk.count, into: numbers)
                (self.input, row, isRowBegun) = (chunk, 0, false)
                continue
            }
            let result = kind == .semi || kind == .anti ? existing(input) : pairs(input, table)
            if let result { return result }
        }
    }

    private func existing(_ input: Chunk) -> Chunk? {
        self.input = nil
        let kept = Selection(count: input.count)
        var count = 0
        for row in 0..<input.count where (numbers[row] != KeyTable.absent) == (kind == .semi) {
            kept.rows[count] = UInt32(row)
            count += 1
        }
        return count == 0 ? nil : input.selecting(Selection(copying: kept.rows, count: count))
    }

    private func pairs(_ input: Chunk, _ table: JoinTable) -> Chunk? {
        let parents = Selection(count: Chunk.rowsMax)
        // `KeyTable.absent` stands for a row of nulls.
        var others: [UInt32] = []
        while row < input.count && others.count < Chunk.rowsMax {
            if !isRowBegun {
                chain = numbers[row] == KeyTable.absent ? KeyTable.absent : table.first[Int(numbers[row])]
                isRowBegun = true
                if chain == KeyTable.absent && kind == .outer {
                    parents.rows[others.count] = UInt32(row)
                    others.append(KeyTable.absent)
                    continue
                }
            }
            if chain == KeyTable.absent {
                (row, isRowBegun) = (row + 1, false)
                continue
            }
            parents.rows[others.count] = UInt32(row)
            others.append(chain)
            chain = table.next[Int(chain)]
        }
        if row == input.count { self.input = nil }
        if others.isEmpty { return nil }
        var result = input.selecting(Selection(copying: parents.rows, count: others.count))
        table.fill(&result, others, slots: buildSlots)
        return result
    }
}

/// The build side of a join.
private final class JoinTable {
    private let table: KeyTable
    private let store: RowStore
    private let account: MemoryAccount
    /// By key, the first row.
    private(set) var first: [UInt32] = []
    /// By row, the next one with the same key.
    private(set) var next: [UInt32] = []

    init(_ build: Operator, _ keys: [Evaluator], width: Int, _ context: QueryContext) throws {
        table = KeyTable(width: keys.count)
        store = RowStore(context, width: width)
        account = MemoryAccount(context)
        let numbers = UnsafeMutablePointer<UInt32>.allocate(capacity: Chunk.rowsMax)
        defer { numbers.deallocate() }
        var last: [UInt32] = []
        while let chunk = try build.next() {
            try context.checkInterrupt()
            var vectors = try keys.map { try $0.evaluate(chunk, context) }
            guard let rows = Self.comparable(chunk, &vectors) else { continue }
            table.insert(vectors, count: rows.count, into: numbers)
            for row in 0..<rows.count {
                let (number, own) = (Int(numbers[row]), UInt32(next.count))
                next.append(KeyTable.absent)
                if number == first.count {
                    first.append(own)
                    last.append(own)
                } else {
                    next[Int(last[number])] = own
                    last[number] = own
                }
            }
            try store.append(rows)
            let bytes = table.size + next.count * 4 + first.count * 8
            if bytes > account.bytes { try account.charge(bytes - account.bytes) }
        }
        try store.finish()
    }

    /// The key of each probe row, `absent` where nothing agrees with it.
    func find(_ keys: [ColumnVector], count: Int, into numbers: UnsafeMutablePointer<UInt32>) {
        table.find(keys, count: count, into: numbers)
        for key in keys where Self.mayBeIncomparable(key) {
            for row in 0..<count where !Self.isComparable(key, row) { numbers[row] = KeyTable.absent }
        }
    }

    func fill(_ chunk: inout Chunk, _ rows: [UInt32], slots: Set<Slot>) {
        guard rows.contains(KeyTable.absent) else {
            for slot in chunk.columns.indices where chunk.columns[slot] == nil {
                if let vector = store.gather(rows[...], slot) { chunk.set(slot, vector) }
            }
            return
        }
        for slot in chunk.columns.indices where chunk.columns[slot] == nil {
            if !slots.contains(slot) && store.blockCount == 0 { continue }
            let builder = ColumnBuilder(capacity: rows.count)
            for row in rows {
                if row == KeyTable.absent { builder.appendNull() } else { builder.append(store.value(Int(row), slot)) }
            }
            chunk.set(slot, builder.finish())
        }
    }

    // MARK: What agrees with nothing

    private static func comparable(_ chunk: Chunk, _ keys: inout [ColumnVector]) -> Chunk? {
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

    private static func mayBeIncomparable(_ key: ColumnVector) -> Bool {
        key.nulls != nil || key.kind == .null || key.kind == .any || key.kind == .float64
    }

    private static func isComparable(_ key: ColumnVector, _ row: Int) -> Bool {
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
