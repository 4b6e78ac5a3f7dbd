// Rows that an operator keeps: copied into dense blocks, so that they no longer hold the vectors of the chunks they came in,
// and addressed by number. Every block but the last is full.

import DeedEngine
import DeedValues

final class RowStore {
    private var blocks: [Chunk] = []
    private let builder: ChunkBuilder
    private(set) var count = 0
    /// nil if somebody else counts.
    private let account: MemoryAccount?
    /// Of the full blocks.
    private var bytesOfBlocks = 0
    /// Where the columns that rows have been asked of lie; nil for those of which every value is looked at.
    private var words: [Int: WordColumn?] = [:]
    let width: Int

    /// `width`: columns of the chunks that come. `isCounted`: false if the owner counts `bytes`.
    init(_ context: QueryContext, width: Int, isCounted: Bool = true) {
        account = isCounted ? MemoryAccount(context) : nil
        builder = ChunkBuilder(width: width)
        self.width = width
    }

    func append(_ chunk: Chunk) throws { try append(chunk, from: 0, count: chunk.count) }

    func append(_ chunk: Chunk, from first: Int, count added: Int) throws {
        var row = first
        let end = first + added
        while row < end {
            let taken = min(builder.room, end - row)
            builder.append(chunk, from: row, count: taken)
            count += taken
            row += taken
            if builder.room == 0 { try seal() }
        }
    }

    private func seal() throws {
        words = [:]
        guard let (block, bytes) = builder.take() else { return }
        blocks.append(block)
        bytesOfBlocks += bytes
        try account?.charge(bytes)
    }

    /// Bytes that the rows take.
    var bytes: Int { bytesOfBlocks + builder.bytes }

    /// To be called when nothing more comes, before rows are asked for.
    func finish() throws { try seal() }

    func clear() {
        blocks = []
        words = [:]
        builder.clear()
        (count, bytesOfBlocks) = (0, 0)
        account?.clear()
    }

    // MARK: Reading

    var blockCount: Int { blocks.count }

    /// The block's rows, in the order in which they came.
    func block(_ index: Int) -> Chunk { blocks[index] }

    func value(_ row: Int, _ slot: Int) -> Value {
        blocks[row / Chunk.rowsMax].columns[slot]?.value(row % Chunk.rowsMax) ?? .null
    }

    func hasColumn(_ slot: Int) -> Bool { blocks.contains { $0.columns[slot] != nil } }

    /// The rows with these numbers, at most `Chunk.rowsMax`; columns from `columnsMax` on are left out.
    func rows(_ numbers: ArraySlice<UInt32>, columnsMax: Int? = nil) -> Chunk {
        var result = Chunk(slots: columnsMax ?? width, count: numbers.count)
        for slot in result.columns.indices {
            if let vector = numbers.withUnsafeBufferPointer({ gather($0, slot) }) { result.columns[slot] = ChunkColumn(vector) }
        }
        return result
    }

    /// nil where no row has such a column. `hasAbsent`: `KeyTable.absent` is among the numbers, and stands for null.
    func gather(_ numbers: UnsafeBufferPointer<UInt32>, _ slot: Int, hasAbsent: Bool = false) -> ColumnVector? {
        let column = words[slot] ?? {
            let column = WordColumn(blocks, slot)
            words[slot] = column
            return column
        }()
        if let column { return hasAbsent ? column.gatherPresent(numbers) : column.gather(numbers) }
        guard hasColumn(slot) else { return nil }
        let builder = ColumnBuilder(capacity: max(numbers.count, 1))
        for number in numbers {
            if number != KeyTable.absent, let column = blocks[Int(number) / Chunk.rowsMax].columns[slot] {
                builder.append(column.vector, Int(number) % Chunk.rowsMax)
            } else {
                builder.appendNull()
            }
        }
        return builder.finish()
    }
}

/// A column of which every block has words of one kind, without null. Good for as long as the blocks are.
private struct WordColumn {
    private let kind: ColumnVector.Kind
    private let blocks: [UnsafeMutablePointer<UInt64>]

    init?(_ chunks: [Chunk], _ slot: Int) {
        guard let kind = chunks.first?.columns[slot]?.vector.kind, kind != .null && kind != .any && kind != .string && kind != .bool else {
            return nil
        }
        self.kind = kind
        var blocks: [UnsafeMutablePointer<UInt64>] = []
        for chunk in chunks {
            guard let vector = chunk.columns[slot]?.vector, vector.kind == kind, vector.nulls == nil else { return nil }
            blocks.append(vector.ids)
        }
        self.blocks = blocks
    }

    func gather(_ numbers: UnsafeBufferPointer<UInt32>) -> ColumnVector {
        let result = ColumnVector(kind, capacity: numbers.count)
        let words = result.ids
        blocks.withUnsafeBufferPointer { blocks in
            for place in 0..<numbers.count {
                let number = Int(numbers[place])
                words[place] = blocks[number / Chunk.rowsMax][number % Chunk.rowsMax]
            }
        }
        return result
    }

    /// Null for `KeyTable.absent`.
    func gatherPresent(_ numbers: UnsafeBufferPointer<UInt32>) -> ColumnVector {
        let result = ColumnVector(kind, capacity: numbers.count)
        let (words, nulls) = (result.ids, result.requireNulls())
        blocks.withUnsafeBufferPointer { blocks in
            for place in 0..<numbers.count {
                let isAbsent = numbers[place] == KeyTable.absent
                let number = Int(numbers[place])
                words[place] = isAbsent ? 0 : blocks[number / Chunk.rowsMax][number % Chunk.rowsMax]
                nulls[place] = isAbsent ? 1 : 0
            }
        }
        return result
    }
}

/// Gives out rows of a store in an order, a chunk at a time.
struct RowOutput {
    private let order: [UInt32]
    private var next = 0

    init(_ order: [UInt32]) { self.order = order }

    mutating func chunk(_ store: RowStore, columnsMax: Int) -> Chunk? {
        if next >= order.count { return nil }
        let end = min(next + Chunk.rowsMax, order.count)
        defer { next = end }
        return store.rows(order[next..<end], columnsMax: columnsMax)
    }
}
