// Rows of two sides that agree on keys. The build side is kept, its rows in chains by the number of their key; the probe
// side streams past. Keys agree as `=` says: null agrees with nothing.
//
// A build side that does not fit into memory is put aside, divided by the hash of the keys, and so is all of the probe side
// (JoinParts). Then the parts are joined one after the other, and rows no longer come in the order of the probe side.
//
// The build side stands alone: it knows nothing of the argument. So where the join is begun again and again in one execution, for
// other rows of an `apply`, it is read only once, unless the query changes something meanwhile.

import DeedEngine
import DeedValues

final class JoinOperator: Operator {
    private let build: Operator
    private let probe: Operator
    private let kind: JoinKind
    private let buildKeys: [Evaluator]
    private let probeKeys: [Evaluator]
    private let buildSlots: NumberSet
    /// What is known of the build side below.
    private let sift: JoinSift?
    /// True if the build side is read once, whatever it is joined with.
    private let keepsBuild: Bool
    private var width = 0
    private var table: JoinTable?
    private var parts: JoinParts?
    private var input: Chunk?
    private let numbers = UnsafeMutablePointer<UInt32>.allocate(capacity: Chunk.rowsMax)
    private var row = 0
    /// The next row of the current chain; `KeyTable.absent` for none.
    private var chain = KeyTable.absent
    private var isRowBegun = false

    init(
        _ build: Operator, _ probe: Operator, keys: [(build: Expr, probe: Expr)], _ kind: JoinKind, buildSlots: NumberSet,
        sift: JoinSift?, isBegunAgain: Bool, _ context: QueryContext
    ) throws {
        (self.build, self.probe, self.kind, self.buildSlots, self.sift) = (build, probe, kind, buildSlots, sift)
        keepsBuild = isBegunAgain && context.isReadOnly
        // Nobody would tell it that the execution has ended.
        if keepsBuild { context.isReusable = false }
        buildKeys = try keys.map { try makeEvaluator($0.build, context) }
        probeKeys = try keys.map { try makeEvaluator($0.probe, context) }
        super.init(context)
    }

    deinit { numbers.deallocate() }

    override func restart(argument: Chunk) {
        probe.reset(argument: argument)
        // A table of one of the parts is not the whole build side.
        let isKept = keepsBuild && parts == nil && table != nil && width == argument.columns.count
        (parts, input, row) = (nil, nil, 0)
        (chain, isRowBegun) = (KeyTable.absent, false)
        if isKept { return }
        width = argument.columns.count
        build.reset(argument: Chunk(slots: width, count: 1))
        table = nil
        sift?.table = nil
    }

    override func produce() throws -> Chunk? {
        while true {
            try context.checkInterrupt()
            guard let input, let table else {
                if try !nextInput() { return nil }
                continue
            }
            let result = kind == .semi || kind == .anti ? existing(input) : pairs(input, table)
            if let result { return result }
        }
    }

    /// Finds for the next rows of the probe side what agrees with them; false at the end.
    private func nextInput() throws -> Bool {
        if parts == nil {
            // The build side is read when the first rows are there: they may have been made by a clause that writes, and the
            // build side is what is looked for after it.
            guard let chunk = try probe.next() else { return false }
            if table == nil { table = try readBuild() }
            let keys = try probeKeys.map { try $0.evaluate(chunk, context) }
            if let table {
                begin(chunk, keys, table)
                return true
            }
            try parts?.readProbe(from: chunk, probe, probeKeys)
        }
        guard let next = try parts?.next(&table), let table else { return false }
        begin(next.rows, next.keys, table)
        return true
    }

    private func begin(_ chunk: Chunk, _ keys: [ColumnVector], _ table: JoinTable) {
        table.find(keys, count: chunk.count, into: numbers)
        (input, row, isRowBegun) = (chunk, 0, false)
    }

    /// nil if the rows do not fit into memory; they are in `parts` then.
    private func readBuild() throws -> JoinTable? {
        let table = JoinTable(keys: buildKeys.count, width: width, level: 0, kind, context)
        while let chunk = try build.next() {
            try context.checkInterrupt()
            let keys = try buildKeys.map { try $0.evaluate(chunk, context) }
            if case .whole = try table.append(chunk, keys) { continue }
            parts = try JoinParts(table, build, buildKeys, width: width, kind, context)
            return nil
        }
        try table.finish()
        sift?.table = table
        return table
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
        while row < input.count && others.count < context.chunkRows {
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
