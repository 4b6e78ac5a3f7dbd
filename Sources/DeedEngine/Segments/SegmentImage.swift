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
    /// The ids and the ends.
    private let memory: UnsafeMutableRawPointer
    private let memorySize: Int
    private let pool: MemoryPool

    init(table: NameId, capacity: Int, endpoints: Bool, _ pool: MemoryPool) throws(DeedError) {
        memorySize = capacity * MemoryLayout<UInt64>.stride * (endpoints ? 3 : 1)
        guard let block = pool.allocate(memorySize, .scratch) else {
            throw DeedError(.outOfMemory, "no memory for the \(capacity) rows that a scan reads at once")
        }
        self.table = table
        self.capacity = capacity
        self.pool = pool
        memory = block
        ids = block.assumingMemoryBound(to: UInt64.self)
        sources = endpoints ? ids + capacity : nil
        targets = endpoints ? ids + 2 * capacity : nil
    }

    deinit {
        pool.free(memory, memorySize, .scratch)
        for index in columns.indices { columns[index].chunk.free(pool) }
    }

    func setRowCount(_ count: Int) {
        assert(count <= capacity)
        rowCount = count
    }
}
