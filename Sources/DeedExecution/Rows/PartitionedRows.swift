// Rows in a temporary file, divided by the hash of their keys: rows that agree on the keys are in one part, so that parts can be
// worked on one after the other. A part that is too large still is divided again by further bits of the hash.

import DeedEngine
import DeedValues

final class PartitionedRows {
    /// How often rows have been divided before; decides which bits of the hash count.
    let level: Int
    private let context: QueryContext
    private let width: Int
    private let keys: Int
    private let file: RowFile
    private var builders: [ChunkBuilder]
    private let hashes = UnsafeMutablePointer<UInt64>.allocate(capacity: Chunk.rowsMax)
    private let account: MemoryAccount
    private(set) var parts: [RowSequence]

    private static let bits = 4
    static let count = 1 << bits
    /// Divisions after which a part stays as it is: it is then a millionth of all rows, or they do not differ.
    static let levelsMax = 5
    /// Rows of a part that wait to be written.
    private static let waitingRows = 512
    /// Bytes of them, roughly.
    private static let waitingBytes = 2 * RowFile.blockBytes

    /// `width`: columns of the rows; `keys`: columns that are kept behind them, with the keys.
    init(_ context: QueryContext, width: Int, keys: Int = 0, level: Int) throws {
        (self.context, self.width, self.keys, self.level) = (context, width, keys, level)
        file = try RowFile(context)
        account = MemoryAccount(context)
        try account.charge(Self.count * RowFile.blockBytes)
        builders = (0..<Self.count).map { _ in ChunkBuilder(width: width + keys, capacity: Self.waitingRows) }
        parts = (0..<Self.count).map { _ in RowSequence() }
    }

    deinit { hashes.deallocate() }

    /// Row i has the keys i.
    func append(_ chunk: Chunk, keys: [ColumnVector]) throws {
        try context.checkInterrupt()
        let chunk = self.keys == 0 ? chunk : chunk.followed(by: keys, at: width)
        var rows = [[UInt32]](repeating: [], count: Self.count)
        hashes.update(repeating: 0, count: chunk.count)
        for key in keys { key.mixHashes(into: hashes, count: chunk.count) }
        for row in 0..<chunk.count { rows[part(hashes[row])].append(UInt32(row)) }
        for (part, rows) in rows.enumerated() where !rows.isEmpty {
            let chosen = rows.withUnsafeBufferPointer { Selection(copying: $0.baseAddress.unsafelyUnwrapped, count: rows.count) }
            try append(chunk.selecting(chosen), to: part)
        }
    }

    private func part(_ hash: UInt64) -> Int {
        Int(truncatingIfNeeded: hash &>> UInt64(64 - Self.bits * (level + 1))) & (Self.count - 1)
    }

    private func append(_ chunk: Chunk, to part: Int) throws {
        let builder = builders[part]
        var first = 0
        while first < chunk.count {
            let count = min(builder.room, chunk.count - first)
            builder.append(chunk, from: first, count: count)
            first += count
            if builder.room == 0 || builder.bytesOutside > Self.waitingBytes { try write(part) }
        }
    }

    private func write(_ part: Int) throws {
        if let (rows, _) = builders[part].take() { try file.append(rows, to: parts[part]) }
    }

    /// To be called when nothing more comes, before parts are read.
    func finish() throws {
        for part in builders.indices { try write(part) }
        builders = []
        account.clear()
    }
}

extension Chunk {
    /// The rows with further columns from `slot` on.
    fileprivate func followed(by vectors: [ColumnVector], at slot: Slot) -> Chunk {
        var result = self
        while result.columns.count < slot { result.columns.append(nil) }
        result.columns.append(contentsOf: vectors.map { ChunkColumn($0) })
        return result
    }
}

extension ColumnVector {
    /// Makes of each hash that of what it was of and, behind it, this column's value. Equivalent values are alike, whatever
    /// kind of column they are in.
    fileprivate func mixHashes(into hashes: UnsafeMutablePointer<UInt64>, count: Int) {
        switch kind {
        case .int64: mix(hashes, count) { ValueHash.hash(integer: ints[$0], seed: $1) }
        case .date: mix(hashes, count) { ValueHash.hash(days: ints[$0], seed: $1) }
        case .entity: mix(hashes, count) { ValueHash.hash(entity: ids[$0], seed: $1) }
        case .relationship: mix(hashes, count) { ValueHash.hash(relationship: ids[$0], seed: $1) }
        case .string: mix(hashes, count) { ValueHash.hash(text: stringBytes($0), seed: $1) }
        case .null, .bool, .float64, .any: mix(hashes, count) { ValueHash.hash(value($0), seed: $1) }
        }
    }

    @inline(__always)
    private func mix(_ hashes: UnsafeMutablePointer<UInt64>, _ count: Int, _ hash: (Int, UInt64) -> UInt64) {
        for row in 0..<count { hashes[row] = isNull(row) ? ValueHash.hash(.null, seed: hashes[row]) : hash(row, hashes[row]) }
    }
}
