// Small operations on chunks that several operators need: ids out of a column, one row as a chunk, a column for all rows.

import DeedEngine
import DeedValues

extension Chunk {
    /// Row `row` as a chunk of its own.
    func row(_ row: Int) -> Chunk {
        let selection = Selection(count: 1)
        selection.rows[0] = UInt32(row)
        return selecting(selection)
    }

    /// Row `row`, `count` times.
    func repeating(_ row: Int, count: Int) -> Chunk {
        let selection = Selection(count: count)
        selection.rows.initialize(repeating: UInt32(row), count: count)
        return selecting(selection)
    }

    /// Rows `first ..< first + count`.
    func slice(_ first: Int, _ count: Int) -> Chunk {
        if first == 0 && count == self.count { return self }
        let selection = Selection(count: count)
        for row in 0..<count { selection.rows[row] = UInt32(first &+ row) }
        return selecting(selection)
    }

    /// With the number of each row in a further column, which operators that treat rows by themselves hand on: what becomes of
    /// the rows can be led back to them.
    func numbered() -> Chunk {
        let numbers = ColumnVector(.int64, capacity: count)
        for row in 0..<count { numbers.ints[row] = Int64(row) }
        var result = self
        result.columns.append(ChunkColumn(numbers))
        return result
    }

    /// Of each row the number that the row it comes from was given, in a chunk that had so many columns before.
    @inline(__always)
    func forEachNumber(width: Int, _ body: (_ row: Int, _ number: Int) throws -> Void) throws {
        let column = try bound(width)
        for row in 0..<count { try body(row, Int(column.vector.ints[column.position(row)])) }
    }

    /// A column that the plan below has to have made.
    @inline(__always)
    func bound(_ slot: Slot) throws -> ChunkColumn {
        guard slot < columns.count, let column = columns[slot] else {
            throw DeedError(.internalError, "a plan lacks a column")
        }
        return column
    }

    mutating func set(_ slot: Slot, _ vector: ColumnVector) { columns[slot] = ChunkColumn(vector) }

    /// A value that is the same for all rows.
    mutating func setConstant(_ slot: Slot, _ vector: ColumnVector) {
        columns[slot] = ChunkColumn(vector, .constant(count: count))
    }
}

extension Selection {
    convenience init(copying rows: UnsafePointer<UInt32>, count: Int) {
        self.init(count: count)
        self.rows.update(from: rows, count: count)
    }
}

extension ColumnVector {
    /// Ids as a vector.
    convenience init(_ kind: Kind, copying ids: UnsafePointer<UInt64>, count: Int) {
        self.init(kind, capacity: count)
        self.ids.update(from: ids, count: count)
    }

    convenience init(_ kind: Kind, copying ids: UnsafeBufferPointer<UInt64>) {
        self.init(kind, capacity: ids.count)
        if let start = ids.baseAddress { self.ids.update(from: start, count: ids.count) }
    }

    static func nulls(count: Int) -> ColumnVector { ColumnVector(.null, capacity: count) }

    /// How many of the first `count` rows are null.
    func nullCount(_ count: Int) -> Int {
        switch kind {
        case .null: return count
        case .any: return (0..<count).reduce(0) { $0 + (values[$1].isNull ? 1 : 0) }
        default:
            guard let nulls else { return 0 }
            return (0..<count).reduce(0) { $0 + Int(nulls[$1]) }
        }
    }
}

/// Ids of the rows of a column, 0 for null. A value that is no element of that kind is an error of types.
func copyIds(
    _ column: ChunkColumn?, _ kind: RowKind, count: Int, into result: UnsafeMutablePointer<UInt64>
) throws {
    guard let column else {
        result.update(repeating: 0, count: count)
        return
    }
    let vector = column.vector
    switch vector.kind {
    case .entity where kind == .entity, .relationship where kind == .relationship:
        let ids = vector.ids
        if let selection = column.selection {
            for row in 0..<count { result[row] = ids[Int(selection.rows[row])] }
        } else {
            result.update(from: ids, count: count)
        }
        if let nulls = vector.nulls {
            for row in 0..<count where nulls[column.position(row)] != 0 { result[row] = 0 }
        }
    case .null: result.update(repeating: 0, count: count)
    default:
        for row in 0..<count { result[row] = try elementId(column.value(row), kind) }
    }
}

/// The id of a value that is an element of this kind; 0 for null.
func elementId(_ value: Value, _ kind: RowKind) throws -> UInt64 {
    switch (value, kind) {
    case (.null, _): return 0
    case (.entity(let id), .entity), (.relationship(let id), .relationship): return id
    default:
        let expected = kind == .entity ? "a node" : "a relationship"
        throw QueryError(.typeError, "InvalidArgumentType", "expected \(expected), but got another kind of value")
    }
}
