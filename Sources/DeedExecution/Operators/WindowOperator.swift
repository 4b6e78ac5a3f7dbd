// Functions of windows: adds columns to rows that come sorted by partition and then by the order of the window.
//
// 1. Rows are read until whole partitions are there: a large one, or as many small ones as make a few chunks. What they take in
//    memory is counted; a partition cannot be put aside, since any of its rows may be asked for.
// 2. Each function is computed for all of them at once (Windows/).
// 3. The rows go on in the chunks that they came in.

import DeedEngine
import DeedValues

final class WindowOperator: Operator {
    private let child: Operator
    private let partition: [Evaluator]
    private let order: [Evaluator]
    private let functions: [(slot: Slot, function: WindowFunction)]
    private let computations: WindowComputations
    private let needsPeers: Bool
    /// The last row that was read.
    private var last: (partition: [Value], order: [Value])?
    /// Of the chunk read last, what begins the next partition.
    private var rest: Chunk?
    private var isRead = false
    private var rows: WindowRows?
    private var results: [ColumnVector] = []
    private var (nextPiece, nextRow) = (0, 0)
    private let changes = UnsafeMutablePointer<UInt8>.allocate(capacity: Chunk.rowsMax)

    init(
        _ child: Operator, partition: [Expr], order: [SortKey], _ functions: [(slot: Slot, WindowFunction)], _ context: QueryContext
    ) throws {
        self.child = child
        self.partition = try partition.map { try makeEvaluator($0, context) }
        self.order = try order.map { try makeEvaluator($0.value, context) }
        self.functions = functions.map { (slot: $0.slot, function: $0.1) }
        computations = try WindowComputations(functions.map(\.1), context)
        needsPeers = functions.contains { $0.1.needsPeers }
        super.init(context)
    }

    deinit { changes.deallocate() }

    override func restart(argument: Chunk) {
        child.reset(argument: argument)
        (last, rest, isRead, rows, results) = (nil, nil, false, nil, [])
        (nextPiece, nextRow) = (0, 0)
        computations.restart()
    }

    override func produce() throws -> Chunk? {
        while true {
            if let chunk = nextChunk() { return chunk }
            // What has been given out gives its memory back first.
            (rows, results) = (nil, [])
            if isRead && rest == nil { return nil }
            let read = try read()
            if read.count == 0 { return nil }
            results = try computations.compute(read)
            (rows, nextPiece, nextRow) = (read, 0, 0)
        }
    }

    private func nextChunk() -> Chunk? {
        guard let rows, nextPiece < rows.pieces.count else { return nil }
        var chunk = rows.pieces[nextPiece]
        let selection = Selection(count: chunk.count)
        for row in 0..<chunk.count { selection.rows[row] = UInt32(truncatingIfNeeded: nextRow + row) }
        for (index, result) in results.enumerated() { chunk.set(functions[index].slot, result.gathered(selection)) }
        nextPiece += 1
        nextRow += chunk.count
        return chunk
    }

    // MARK: Reading

    /// So many rows are computed at once, if partitions are smaller.
    private var rowsWanted: Int { 8 * context.chunkRows }

    private func read() throws -> WindowRows {
        let rows = WindowRows(columns: computations.expressions.count, context)
        if let rest {
            changes.initialize(repeating: 0, count: rest.count)
            try append(rest, to: rows)
        }
        rest = nil
        while let chunk = try child.next() {
            try context.checkInterrupt()
            if rows.count + chunk.count > Self.rowsMax {
                throw DeedError(.outOfMemory, "a partition of a window has more rows than can be counted")
            }
            let dense = chunk.dense
            let end = try lastPartition(of: dense)
            if let end, rows.count + end >= rowsWanted {
                if end > 0 { try append(dense.slice(0, end).dense, to: rows) }
                rest = dense.slice(end, dense.count - end).dense
                rows.finish()
                return rows
            }
            try append(dense, to: rows)
        }
        isRead = true
        rows.finish()
        return rows
    }

    /// Numbers of rows have 32 bits in selections.
    private static let rowsMax = Int(UInt32.max)

    /// Notes where partitions begin; the last row that does, if it is not the first of all.
    private func lastPartition(of chunk: Chunk) throws -> Int? {
        changes.initialize(repeating: 0, count: chunk.count)
        if partition.isEmpty { return nil }
        let keys = try partition.map { try $0.evaluate(chunk, context) }
        for (index, key) in keys.enumerated() {
            key.markChanges(chunk.count, after: last?.partition[index], by: 2, in: changes)
        }
        let end = chunk.count - 1
        if end < 0 { return nil }
        last = (keys.map { $0.value(end) }, last?.order ?? [])
        return (0...end).last(where: { changes[$0] != 0 })
    }

    /// Rows of which `changes` says where partitions begin.
    private func append(_ chunk: Chunk, to rows: WindowRows) throws {
        if needsPeers {
            let keys = try order.map { try $0.evaluate(chunk, context) }
            let before = last?.order ?? []
            for (index, key) in keys.enumerated() {
                key.markChanges(chunk.count, after: index < before.count ? before[index] : nil, by: 1, in: changes)
            }
            if chunk.count > 0 { last = (last?.partition ?? [], keys.map { $0.value(chunk.count - 1) }) }
        }
        try rows.append(chunk, try computations.expressions.map { try $0.evaluate(chunk, context) }, changes)
    }
}

extension Chunk {
    /// The same rows without selections.
    fileprivate var dense: Chunk {
        var result = self
        for slot in columns.indices {
            guard let column = columns[slot], let selection = column.selection else { continue }
            result.columns[slot] = ChunkColumn(column.vector.gathered(selection))
        }
        return result
    }
}
