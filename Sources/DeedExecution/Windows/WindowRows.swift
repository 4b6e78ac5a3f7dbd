// Whole partitions, as many as come together: the chunks that they came in, where partitions and groups of peers (rows that agree on
// the order) begin, and what functions are computed from, as one vector for each expression.

import DeedEngine
import DeedValues

final class WindowRows {
    private(set) var pieces: [Chunk] = []
    private(set) var count = 0
    /// First rows of partitions, and behind them `count`.
    private(set) var partitions: [Int] = []
    /// First rows of groups, and behind them `count`. Every partition begins a group.
    private(set) var groups: [Int] = []
    /// For each partition its first group, and behind them their number.
    private(set) var groupsOfPartitions: [Int] = []
    private var parts: [[ColumnVector]]
    /// By expression.
    private(set) var columns: [ColumnVector] = []
    private let account: MemoryAccount

    init(columns: Int, _ context: QueryContext) {
        parts = Array(repeating: [], count: columns)
        account = MemoryAccount(context)
    }

    var partitionCount: Int { partitions.count - 1 }

    /// True if the frame of every row is all of its partition.
    func haveWholeFrames(_ frame: RowFrame) -> Bool {
        guard case .unboundedPreceding = frame.start, frame.exclusion == .none else { return false }
        switch frame.end {
        case .unboundedFollowing: return true
        case .currentRow: return frame.unit != .rows && groups.count == partitions.count
        default: return false
        }
    }

    /// The rows of a partition, and its groups.
    func partition(_ index: Int) -> (rows: Range<Int>, groups: Range<Int>) {
        (partitions[index]..<partitions[index + 1], groupsOfPartitions[index]..<groupsOfPartitions[index + 1])
    }

    /// Rows with the values of the expressions. `changes`: 2 where a row begins a partition, 1 where it begins a group.
    func append(_ chunk: Chunk, _ values: [ColumnVector], _ changes: UnsafePointer<UInt8>) throws {
        for row in 0..<chunk.count where changes[row] != 0 || count + row == 0 {
            if changes[row] > 1 || count + row == 0 {
                partitions.append(count + row)
                groupsOfPartitions.append(groups.count)
            }
            groups.append(count + row)
        }
        var bytes = 0
        for column in chunk.columns { if let column { bytes += column.vector.bytesHeld(chunk.count) } }
        for (index, vector) in values.enumerated() {
            // What comes of it is about as large again.
            bytes += 2 * vector.bytesHeld(chunk.count)
            parts[index].append(vector)
        }
        try account.charge(bytes + chunk.count * Self.bytesOfRow)
        pieces.append(chunk)
        count += chunk.count
    }

    /// Where a row's frame begins and ends, and its group.
    private static let bytesOfRow = 24

    /// When all rows are there.
    func finish() {
        partitions.append(count)
        groupsOfPartitions.append(groups.count)
        groups.append(count)
        columns = parts.map { parts in
            if parts.count == 1 { return parts[0] }
            let builder = ColumnBuilder(capacity: max(count, 1))
            for (piece, part) in zip(pieces, parts) { builder.append(ChunkColumn(part), from: 0, count: piece.count) }
            return builder.finish()
        }
        parts = []
    }

    func charge(_ bytes: Int) throws { try account.charge(bytes) }
}

extension ColumnVector {
    /// Bytes of the first rows and what they point to.
    func bytesHeld(_ count: Int) -> Int {
        switch kind {
        case .null: return 0
        case .any: return values.prefix(count).reduce(count * MemoryLayout<Value>.stride) { $0 + $1.bytesOutside }
        case .string:
            var bytes = count * Self.width(kind)
            for row in 0..<count where !isNull(row) {
                let length = stringBytes(row).count
                if length > ByteSlot.inlineMax { bytes += length }
            }
            return bytes
        default: return count * Self.width(kind)
        }
    }

    /// The values in these rows; null for those below 0.
    func gathered(optional rows: [Int]) -> ColumnVector {
        if kind == .int64 || kind == .float64 || kind == .date { return gatheredWords(rows) }
        let builder = ColumnBuilder(capacity: max(rows.count, 1))
        for row in rows {
            if row >= 0 { builder.append(self, row) } else { builder.appendNull() }
        }
        return builder.finish()
    }

    /// The word of one row in others, or its null.
    func repeatWord(of row: Int, over rows: Range<Int>) {
        (ids + rows.lowerBound).update(repeating: ids[row], count: rows.count)
        if isNull(row) { (requireNulls() + rows.lowerBound).update(repeating: 1, count: rows.count) }
    }

    private func gatheredWords(_ rows: [Int]) -> ColumnVector {
        let result = ColumnVector(kind, capacity: rows.count)
        let (from, to) = (ids, result.ids)
        for (place, row) in rows.enumerated() {
            if row >= 0 && nulls.map({ $0[row] == 0 }) ?? true {
                to[place] = from[row]
            } else {
                to[place] = 0
                result.setNull(place)
            }
        }
        return result
    }

    /// Marks rows that differ from the row before; the first one is compared with a value.
    func markChanges(_ count: Int, after last: Value?, by mark: UInt8, in changes: UnsafeMutablePointer<UInt8>) {
        if count == 0 { return }
        if let last, Value.order(last, value(0)) != 0 { changes[0] |= mark }
        switch kind {
        case .null: return
        case .int64 where nulls == nil, .date where nulls == nil:
            let ints = ints
            for row in 1..<max(count, 1) where ints[row] != ints[row - 1] { changes[row] |= mark }
        case .int64, .date, .float64, .bool: markChangesOfNumbers(count, by: mark, in: changes)
        case .string:
            for row in 1..<max(count, 1) {
                let (isNull, wasNull) = (isNull(row), isNull(row - 1))
                if isNull != wasNull || !isNull && orderOfTexts(stringBytes(row), stringBytes(row - 1)) != 0 { changes[row] |= mark }
            }
        default: for row in 1..<max(count, 1) where Value.order(value(row), value(row - 1)) != 0 { changes[row] |= mark }
        }
    }

    private func markChangesOfNumbers(_ count: Int, by mark: UInt8, in changes: UnsafeMutablePointer<UInt8>) {
        for row in 1..<max(count, 1) {
            let (isNull, wasNull) = (isNull(row), isNull(row - 1))
            if isNull || wasNull {
                if isNull != wasNull { changes[row] |= mark }
                continue
            }
            let differs =
                switch kind {
                case .int64, .date: ints[row] != ints[row - 1]
                case .bool: bools[row] != bools[row - 1]
                default: floats[row] != floats[row - 1] && Value.order(.float(floats[row]), .float(floats[row - 1])) != 0
                }
            if differs { changes[row] |= mark }
        }
    }
}
