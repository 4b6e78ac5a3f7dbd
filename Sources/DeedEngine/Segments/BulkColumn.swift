// What a bulk load reads its properties from: one column of values, whatever it is made of.

/// One property of all rows of a bulk load. Asked once per segment, so an existential costs nothing.
package protocol BulkColumn: AnyObject {
    var key: NameId { get }

    /// Fills an empty chunk with `count` values: those of the input rows `rows[0..<count]`, or, when `rows` is nil, of
    /// the input rows `first..<first + count`. Value i goes to row `target + i` of the chunk.
    func fill(
        _ chunk: inout ColumnChunk, rows: UnsafePointer<UInt32>?, first: Int, count: Int, target: Int, _ pool: MemoryPool
    ) throws(DeedError)
}

/// The same value in every row.
final class ConstantColumn: BulkColumn {
    let key: NameId
    private let value: StoredValue

    init(_ key: NameId, _ value: StoredValue) {
        self.key = key
        self.value = value
    }

    func fill(
        _ chunk: inout ColumnChunk, rows: UnsafePointer<UInt32>?, first: Int, count: Int, target: Int, _ pool: MemoryPool
    ) throws(DeedError) {
        for row in target..<target + count { try chunk.set(row, value.cell, pool) }
    }
}
