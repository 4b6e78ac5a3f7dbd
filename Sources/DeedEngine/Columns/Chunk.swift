// A batch of rows while a query runs: columns by slot, each a vector seen through a selection. Filtering and expanding
// move no values; they compose selections, and a parent's column is referred to by all of its children.

import DeedValues

/// For each row its position in a vector. Immutable once made.
@usableFromInline
package final class Selection: @unchecked Sendable {
    @usableFromInline package let rows: UnsafeMutablePointer<UInt32>
    package let count: Int

    /// Uninitialized.
    package init(count: Int) {
        self.count = count
        rows = .allocate(capacity: max(count, 1))
    }

    deinit { rows.deallocate() }

    /// Of each position of `inner` that `outer` names.
    package static func compose(_ inner: Selection?, _ outer: Selection) -> Selection {
        guard let inner else { return outer }
        let result = Selection(count: outer.count)
        let (from, by, to) = (inner.rows, outer.rows, result.rows)
        for row in 0..<outer.count { to[row] = from[Int(by[row])] }
        return result
    }

    /// Every row refers to the vector's first.
    package static func constant(count: Int) -> Selection {
        let result = Selection(count: count)
        result.rows.initialize(repeating: 0, count: count)
        return result
    }
}

@usableFromInline
package struct ChunkColumn: @unchecked Sendable {
    @usableFromInline package let vector: ColumnVector
    /// nil: row i of the chunk is row i of the vector.
    @usableFromInline package let selection: Selection?

    @inlinable
    package init(_ vector: ColumnVector, _ selection: Selection? = nil) { (self.vector, self.selection) = (vector, selection) }

    @inlinable @inline(__always)
    package func position(_ row: Int) -> Int { selection.map { Int($0.rows[row]) } ?? row }

    package func value(_ row: Int) -> Value { vector.value(position(row)) }
    package func isNull(_ row: Int) -> Bool { vector.isNull(position(row)) }
}

package struct Chunk: @unchecked Sendable {
    /// By slot; nil where the slot holds nothing (yet, or any more).
    package var columns: [ChunkColumn?]
    package var count: Int

    package init(slots: Int, count: Int) {
        // Not `Array(repeating:count:)`, which looks the type of its storage up each time.
        columns = []
        columns.reserveCapacity(slots)
        for _ in 0..<slots { columns.append(nil) }
        self.count = count
    }

    package init(columns: [ChunkColumn?], count: Int) { (self.columns, self.count) = (columns, count) }

    /// The rows that the selection names, in its order; a row may come several times.
    package func selecting(_ selection: Selection) -> Chunk {
        var result = self
        result.select(selection)
        return result
    }

    /// `selecting`, in place: no memory is made for the columns of a chunk that nobody else has.
    package mutating func select(_ selection: Selection) {
        count = selection.count
        // Columns that came by the same way share a selection, which is composed once.
        var known: [(old: Selection, new: Selection)] = []
        for slot in columns.indices {
            guard let column = columns[slot] else { continue }
            guard let old = column.selection else {
                columns[slot] = ChunkColumn(column.vector, selection)
                continue
            }
            if let (_, new) = known.first(where: { $0.old === old }) {
                columns[slot] = ChunkColumn(column.vector, new)
                continue
            }
            let new = Selection.compose(old, selection)
            known.append((old, new))
            columns[slot] = ChunkColumn(column.vector, new)
        }
    }

    /// True if no slot holds anything.
    package var isBare: Bool { columns.allSatisfy { $0 == nil } }

    /// Rows a chunk has at most.
    package static let rowsMax = Limits.vectorRows
}
