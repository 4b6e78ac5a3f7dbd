// A copy of one segment's rows as one snapshot sees them, without the rows that it does not see. Scans and the Arrow
// export read images, so that no latch is held while a caller consumes rows.

package final class SegmentImage {
    /// One property of the image; row i of the chunk belongs to `ids[i]`.
    package struct Column {
        package let key: NameId
        package var chunk: ColumnChunk
    }

    /// The collection or relationship type.
    package let table: NameId
    package private(set) var rowCount = 0
    package let ids: UnsafeMutablePointer<UInt64>
    /// The ends of relationships; nil for entities.
    package let sources: UnsafeMutablePointer<UInt64>?
    package let targets: UnsafeMutablePointer<UInt64>?
    /// In ascending order of key.
    package internal(set) var columns: [Column] = []
    private let capacity: Int
    private let pool: MemoryPool

    init(table: NameId, capacity: Int, endpoints: Bool, _ pool: MemoryPool) {
        self.table = table
        self.capacity = capacity
        self.pool = pool
        ids = .allocate(capacity: max(capacity, 1))
        sources = endpoints ? .allocate(capacity: max(capacity, 1)) : nil
        targets = endpoints ? .allocate(capacity: max(capacity, 1)) : nil
    }

    deinit {
        ids.deallocate()
        sources?.deallocate()
        targets?.deallocate()
        for index in columns.indices { columns[index].chunk.free(pool) }
    }

    func setRowCount(_ count: Int) {
        assert(count <= capacity)
        rowCount = count
    }
}
