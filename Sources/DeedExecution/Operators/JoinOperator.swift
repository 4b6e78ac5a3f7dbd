// Rows of two sides that agree on keys. The build side is kept, its rows in chains by the number of their key; the probe
// side streams past. Keys agree as `=` says: null agrees with nothing.
//
// A build side that does not fit into memory is put aside, divided by the hash of the keys, and so is all of the probe side
// (JoinParts). Then the parts are joined one after the other, and rows no longer come in the order of the probe side.
//
// The build side stands alone: it knows nothing of the argument. So where the join is begun again and again in one execution, for
// other rows of an `apply`, it is read only once, unless the query changes something meanwhile.
//
// Where rows of the probe side only stay or go, and they are few beside those of the build side, the sides change places: the rows
// are kept, and the build side streams past them (MarkedRows).

import DeedEngine
import DeedValues

final class JoinOperator: Operator {
    private let build: Operator
    private let probe: Operator
    private let kind: JoinKind
    private let buildKeys: [Evaluator]
    private let probeKeys: [Evaluator]
    /// What pairs have to satisfy besides.
    private let also: Evaluator?
    private let buildSlots: NumberSet
    /// What is known of the build side below.
    private let sift: JoinSift?
    /// True if the build side is read once, whatever it is joined with.
    private let keepsBuild: Bool
    /// So many rows of the probe side may be kept for the build side to stream past; 0 if none may.
    private let keptMax: Int
    private var marked: MarkedRows?
    private var hasTried = false
    /// Rows of the probe side that turned out to be too many to be kept.
    private var begun: [Chunk] = []
    private var width = 0
    private var table: JoinTable?
    private var parts: JoinParts?
    private var input: Chunk?
    private let numbers = UnsafeMutablePointer<UInt32>.allocate(capacity: Chunk.rowsMax)
    /// Of the build side, beside a row of the input each; `KeyTable.absent` stands for a row of nulls.
    private let others = UnsafeMutablePointer<UInt32>.allocate(capacity: Chunk.rowsMax)
    private var row = 0
    /// The next row of the current chain; `KeyTable.absent` for none.
    private var chain = KeyTable.absent
    private var isRowBegun = false
    /// Of the input, with a condition beside the keys: 1 for rows that have had a partner.
    private var hasPartner: [UInt8] = []

    /// Rows of the build side below which nothing is won by having it stream.
    private static let streamedMin = 4_096.0
    /// Rows that are kept instead of it at most.
    private static let keptRowsMax = 1 << 18

    /// `expected`: rows of either side.
    init(
        _ build: Operator, _ probe: Operator, keys: [(build: Expr, probe: Expr)], _ kind: JoinKind, also: Expr?,
        buildSlots: NumberSet, sift: JoinSift?, expected: (build: Double, probe: Double), isBegunAgain: Bool, readsWorking: Bool,
        _ context: QueryContext
    ) throws {
        (self.build, self.probe, self.kind, self.buildSlots, self.sift) = (build, probe, kind, buildSlots, sift)
        keepsBuild = isBegunAgain && !readsWorking && context.isReadOnly
        // Nobody would tell it that the execution has ended.
        if keepsBuild { context.isReusable = false }
        buildKeys = try keys.map { try makeEvaluator($0.build, context) }
        probeKeys = try keys.map { try makeEvaluator($0.probe, context) }
        self.also = try also.map { try makeEvaluator($0, context) }
        let mayKeep =
            (kind == .semi || kind == .anti) && !isBegunAgain && context.isReadOnly && expected.build >= Self.streamedMin
            && expected.probe <= expected.build / 2
        keptMax = mayKeep ? min(Int(min(expected.build / 2, 1e9)), Self.keptRowsMax) : 0
        super.init(context)
    }

    deinit {
        numbers.deallocate()
        others.deallocate()
    }

    override func restart(argument: Chunk) {
        probe.reset(argument: argument)
        // A table of one of the parts is not the whole build side.
        let isKept = keepsBuild && parts == nil && table != nil && width == argument.columns.count
        (parts, input, row) = (nil, nil, 0)
        (chain, isRowBegun) = (KeyTable.absent, false)
        (marked, hasTried, begun) = (nil, false, [])
        if isKept { return }
        width = argument.columns.count
        build.reset(argument: Chunk(slots: width, count: 1))
        table = nil
        sift?.table = nil
    }

    override func produce() throws -> Chunk? {
        if keptMax > 0 && !hasTried { try keepProbe() }
        if let marked { return marked.next() }
        while true {
            try context.checkInterrupt()
            guard let input, let table else {
                if try !nextInput() { return nil }
                continue
            }
            if let result = try results(input, table) { return result }
        }
    }

    /// The next rows that come of the input, of which none may be left then; nil if there were none.
    private func results(_ input: Chunk, _ table: JoinTable) throws -> Chunk? {
        if kind != .semi && kind != .anti { return try joined(input, table) }
        if also == nil {
            self.input = nil
            return existing(input) { numbers[$0] != KeyTable.absent }
        }
        while row < input.count {
            try context.checkInterrupt()
            _ = try satisfying(nextPairs(input, table))
        }
        self.input = nil
        return existing(input) { hasPartner[$0] != 0 }
    }

    /// Keeps the rows of the probe side, if they are few, and has the build side stream past.
    private func keepProbe() throws {
        hasTried = true
        let rows = MarkedRows(isAnti: kind == .anti, keys: probeKeys.count, width: width, also: also, context)
        while let chunk = try probe.next() {
            try context.checkInterrupt()
            let keys = try probeKeys.map { try $0.evaluate(chunk, context) }
            if try rows.append(chunk, keys), rows.count <= keptMax { continue }
            begun = try rows.giveUp().reversed()
            return
        }
        marked = rows
        try rows.finish()
        while !rows.isDecided, let chunk = try build.next() {
            try context.checkInterrupt()
            try rows.mark(chunk, try buildKeys.map { try $0.evaluate(chunk, context) })
        }
    }

    private func nextProbe() throws -> Chunk? { try begun.popLast() ?? probe.next() }

    /// Finds for the next rows of the probe side what agrees with them; false at the end.
    private func nextInput() throws -> Bool {
        if parts == nil {
            // The build side is read when the first rows are there: they may have been made by a clause that writes, and the
            // build side is what is looked for after it.
            guard let chunk = try nextProbe() else { return false }
            if table == nil { table = try readBuild() }
            let keys = try probeKeys.map { try $0.evaluate(chunk, context) }
            if let table {
                begin(chunk, keys, table)
                return true
            }
            try parts?.readProbe(from: chunk, probeKeys) { try nextProbe() }
        }
        guard let next = try parts?.next(&table), let table else { return false }
        begin(next.rows, next.keys, table)
        return true
    }

    private func begin(_ chunk: Chunk, _ keys: [ColumnVector], _ table: JoinTable) {
        table.find(keys, count: chunk.count, into: numbers)
        (input, row, isRowBegun) = (chunk, 0, false)
        if also != nil { hasPartner = Array(repeating: 0, count: chunk.count) }
    }

    /// nil if the rows do not fit into memory; they are in `parts` then.
    private func readBuild() throws -> JoinTable? {
        let table = JoinTable(keys: buildKeys.count, width: width, level: 0, kind, hasMore: also != nil, context)
        while let chunk = try build.next() {
            try context.checkInterrupt()
            let keys = try buildKeys.map { try $0.evaluate(chunk, context) }
            if case .whole = try table.append(chunk, keys) { continue }
            parts = try JoinParts(table, build, buildKeys, width: width, kind, hasMore: also != nil, context)
            return nil
        }
        try table.finish()
        sift?.table = table
        return table
    }

    private func existing(_ input: Chunk, _ hasPartner: (Int) -> Bool) -> Chunk? {
        let kept = Selection(count: input.count)
        var count = 0
        for row in 0..<input.count where hasPartner(row) == (kind == .semi) {
            kept.rows[count] = UInt32(row)
            count += 1
        }
        if count == input.count { return input }
        return count == 0 ? nil : input.selecting(Selection(copying: kept.rows, count: count))
    }

    // MARK: Pairs

    private typealias Pairs = (rows: Chunk, parents: Selection)

    private func joined(_ input: Chunk, _ table: JoinTable) throws -> Chunk? {
        guard also != nil else {
            let pairs = nextPairs(input, table)
            if row == input.count { self.input = nil }
            return pairs?.rows
        }
        if row < input.count { return try satisfying(nextPairs(input, table)) }
        // Those for which nothing was found come behind the others.
        self.input = nil
        let alone = Selection(count: input.count)
        var count = 0
        for row in 0..<input.count where hasPartner[row] == 0 {
            (alone.rows[count], others[count]) = (UInt32(row), KeyTable.absent)
            count += 1
        }
        if count == 0 { return nil }
        var result = input.selecting(Selection(copying: alone.rows, count: count))
        table.fill(&result, UnsafeBufferPointer(start: others, count: count), slots: buildSlots)
        return result
    }

    /// Those that the condition is true of; it is noted whose partners they are.
    private func satisfying(_ pairs: Pairs?) throws -> Chunk? {
        guard let also, let (rows, parents) = pairs else { return nil }
        guard let kept = try also.select(rows, context) else {
            for place in 0..<rows.count { hasPartner[Int(parents.rows[place])] = 1 }
            return rows
        }
        for place in 0..<kept.count { hasPartner[Int(parents.rows[Int(kept.rows[place])])] = 1 }
        return kept.count == 0 ? nil : rows.selecting(kept)
    }

    /// The next rows of the input with rows of the build side that agree with them. An outer join without a further condition
    /// has rows without a partner among them.
    private func nextPairs(_ input: Chunk, _ table: JoinTable) -> Pairs? {
        let parents = Selection(count: Chunk.rowsMax)
        let count = table.withChains { first, next in
            var count = 0
            let keepsLonely = kind == .outer && also == nil
            var (row, chain, isRowBegun) = (row, chain, isRowBegun)
            while row < input.count && count < context.chunkRows {
                if !isRowBegun {
                    chain = numbers[row] == KeyTable.absent ? KeyTable.absent : first[Int(numbers[row])]
                    isRowBegun = true
                    if chain == KeyTable.absent && keepsLonely {
                        (parents.rows[count], others[count]) = (UInt32(truncatingIfNeeded: row), KeyTable.absent)
                        count &+= 1
                        continue
                    }
                }
                if chain == KeyTable.absent {
                    (row, isRowBegun) = (row &+ 1, false)
                    continue
                }
                (parents.rows[count], others[count]) = (UInt32(truncatingIfNeeded: row), chain)
                count &+= 1
                chain = next[Int(chain)]
            }
            (self.row, self.chain, self.isRowBegun) = (row, chain, isRowBegun)
            return count
        }
        if count == 0 { return nil }
        let selection = Selection(copying: parents.rows, count: count)
        var result = input.selecting(selection)
        table.fill(&result, UnsafeBufferPointer(start: others, count: count), slots: buildSlots)
        return (result, selection)
    }
}
