// Sorted runs of rows in files, and their merge: each run shows its first row to a tournament, whose winner goes out and is
// replaced by the next of its run. A tree of losers takes one comparison for each level.

import DeedEngine
import DeedValues

/// Runs in the order in which their rows came; their columns are those of the rows and behind them the keys.
final class SortedRuns {
    private let context: QueryContext
    private let isDescending: [Bool]
    private let width: Int
    private var file: RowFile
    private var runs: [RowSequence] = []

    init(descending: [Bool], width: Int, _ context: QueryContext) throws {
        (isDescending, self.width, self.context) = (descending, width, context)
        file = try RowFile(context)
    }

    /// Writes rows, sorted, and forgets them.
    func append(_ rows: SortedRows) throws {
        if rows.count == 0 { return }
        var output = RowOutput(try rows.sorted())
        let run = RowSequence()
        while let chunk = output.chunk(rows.store, columnsMax: width + isDescending.count) {
            try context.checkInterrupt()
            try file.append(chunk, to: run)
        }
        runs.append(run)
        rows.clear()
    }

    /// The runs of another with the same keys.
    func append(_ other: SortedRuns) { runs += other.runs }

    /// All rows in order. More runs than there is memory for are merged into fewer, neighbours with neighbours.
    func merge() throws -> RunMerge {
        let most = RunMerge.runsMax(context)
        while runs.count > most {
            let next = try RowFile(context)
            var merged: [RowSequence] = []
            var first = 0
            while first < runs.count {
                let part = runs[first..<min(first + most, runs.count)]
                let run = RowSequence()
                let merge = try RunMerge(Array(part), isDescending, width: width, context)
                while let chunk = try merge.next(columnsMax: width + isDescending.count) { try next.append(chunk, to: run) }
                merged.append(run)
                first += part.count
            }
            (file, runs) = (next, merged)
        }
        return try RunMerge(runs, isDescending, width: width, context)
    }
}

final class RunMerge {
    /// One run: the block that its next row is in.
    private struct Head {
        let reader: RowReader
        var chunk: Chunk?
        var row = 0
        /// The columns of the keys.
        var keys: [ChunkColumn?] = []
        /// The first key of the row as a number that sorts alike; numbers of two heads say something if their forms agree.
        var form = KeyForm.other
        var number: Int64 = 0
        /// Of the chunk, in what goes out next.
        var source = -1
    }

    private enum KeyForm { case integer, float, other }

    private let context: QueryContext
    private let isDescending: [Bool]
    private let width: Int
    private var heads: [Head]
    /// The winner, and from 1 on the losers; the run of leaf i has the parent (count + i) / 2.
    private var tree: [Int]
    private var sources: [Chunk] = []
    private var picks: [(source: Int32, row: Int32)] = []

    /// Bytes of rows after which no more go out together, roughly.
    private static let bytesMax = 1 << 20

    /// Blocks of so many runs take half of what the query may hold; at least a few are merged whatever that is.
    static func runsMax(_ context: QueryContext) -> Int {
        max(8, min(256, context.memory.limit / 2 / (4 * RowFile.blockBytes)))
    }

    init(_ runs: [RowSequence], _ isDescending: [Bool], width: Int, _ context: QueryContext) throws {
        (self.isDescending, self.width, self.context) = (isDescending, width, context)
        heads = runs.map { Head(reader: RowReader($0, context)) }
        tree = Array(repeating: -1, count: max(runs.count, 1))
        for run in runs.indices { try readBlock(run) }
        for run in runs.indices.reversed() { replay(run) }
    }

    /// The next rows, without the columns from `columnsMax` on.
    func next(columnsMax: Int) throws -> Chunk? {
        try context.checkInterrupt()
        sources.removeAll(keepingCapacity: true)
        picks.removeAll(keepingCapacity: true)
        for run in heads.indices { heads[run].source = -1 }
        var bytes = 0
        while picks.count < Chunk.rowsMax && bytes < Self.bytesMax, let run = tree.first, run >= 0, let chunk = heads[run].chunk {
            bytes += heads[run].reader.rowBytes
            if heads[run].source < 0 {
                heads[run].source = sources.count
                sources.append(chunk)
            }
            picks.append((Int32(heads[run].source), Int32(heads[run].row)))
            heads[run].row += 1
            if heads[run].row == chunk.count { try readBlock(run) } else { setNumber(run) }
            replay(run)
        }
        return picks.isEmpty ? nil : gather(columnsMax)
    }

    // MARK: Runs

    private func readBlock(_ run: Int) throws {
        heads[run].chunk = try heads[run].reader.next()
        (heads[run].row, heads[run].source) = (0, -1)
        guard let chunk = heads[run].chunk else { return }
        heads[run].keys = isDescending.indices.map { width + $0 < chunk.columns.count ? chunk.columns[width + $0] : nil }
        heads[run].form = .other
        if let key = heads[run].keys.first.flatMap({ $0 })?.vector, key.nulls == nil {
            heads[run].form = key.kind == .int64 ? .integer : key.kind == .float64 ? .float : .other
        }
        setNumber(run)
    }

    private func setNumber(_ run: Int) {
        guard heads[run].form != .other, let key = heads[run].keys[0]?.vector else { return }
        let row = heads[run].row
        heads[run].number = heads[run].form == .integer ? key.ints[row] : Self.sortable(key.floats[row])
    }

    /// An integer that sorts as the float does: both zeros alike, NaN last.
    private static func sortable(_ float: Double) -> Int64 {
        if float.isNaN { return .max }
        let bits = Int64(bitPattern: (float == 0 ? 0 : float).bitPattern)
        return bits >= 0 ? bits : bits ^ .max
    }

    // MARK: The tournament

    /// Finds the winner after the row of one run has changed.
    private func replay(_ run: Int) {
        var winner = run
        var node = (heads.count + run) / 2
        while node > 0 {
            if isBefore(tree[node], winner) { swap(&tree[node], &winner) }
            node /= 2
        }
        tree[0] = winner
    }

    /// Nobody yet (-1) comes first, so that every run plays once at the beginning; a run at its end comes last.
    private func isBefore(_ left: Int, _ right: Int) -> Bool {
        if left < 0 { return true }
        if right < 0 || heads[left].chunk == nil { return false }
        if heads[right].chunk == nil { return true }
        var first = 0
        if heads[left].form == heads[right].form, heads[left].form != .other {
            let (a, b) = (heads[left].number, heads[right].number)
            if a != b { return (a < b) != isDescending[0] }
            first = 1
        }
        for key in first..<isDescending.count {
            let order = Self.order(heads[left].keys[key], heads[left].row, heads[right].keys[key], heads[right].row)
            if order != 0 { return (order < 0) != isDescending[key] }
        }
        return left < right
    }

    private static func order(_ left: ChunkColumn?, _ a: Int, _ right: ChunkColumn?, _ b: Int) -> Int {
        guard let left = left?.vector, let right = right?.vector else {
            return Value.order(left?.value(a) ?? .null, right?.value(b) ?? .null)
        }
        if left.kind == right.kind && !left.isNull(a) && !right.isNull(b) {
            switch left.kind {
            case .string: return orderOfTexts(left.stringBytes(a), right.stringBytes(b))
            case .int64, .date: return left.ints[a] < right.ints[b] ? -1 : left.ints[a] > right.ints[b] ? 1 : 0
            default: break
            }
        }
        return Value.order(left.value(a), right.value(b))
    }

    // MARK: Rows

    private func gather(_ columnsMax: Int) -> Chunk {
        var result = Chunk(slots: columnsMax, count: picks.count)
        for slot in 0..<columnsMax {
            let vectors = sources.map { slot < $0.columns.count ? $0.columns[slot]?.vector : nil }
            if vectors.allSatisfy({ $0 == nil }) { continue }
            result.columns[slot] = ChunkColumn(words(vectors) ?? values(vectors))
        }
        return result
    }

    /// A column of words without nulls.
    private func words(_ vectors: [ColumnVector?]) -> ColumnVector? {
        guard let kind = vectors.first??.kind, ColumnVector.width(kind) == 8,
            vectors.allSatisfy({ $0?.kind == kind && $0?.nulls == nil })
        else { return nil }
        let result = ColumnVector(kind, capacity: picks.count)
        let columns = vectors.compactMap { $0?.ids }
        let words = result.ids
        for (row, pick) in picks.enumerated() { words[row] = columns[Int(pick.source)][Int(pick.row)] }
        return result
    }

    private func values(_ vectors: [ColumnVector?]) -> ColumnVector {
        let builder = ColumnBuilder(capacity: picks.count)
        for pick in picks {
            if let vector = vectors[Int(pick.source)] { builder.append(vector, Int(pick.row)) } else { builder.appendNull() }
        }
        return builder.finish()
    }
}
