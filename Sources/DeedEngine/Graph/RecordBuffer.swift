// Room for what one read gives back, reused from read to read so that reading allocates nothing.

package final class RecordBuffer {
    package private(set) var cells: UnsafeMutablePointer<PropertyCell>
    package private(set) var count = 0
    private var cellCapacity = 16
    private var bytes: UnsafeMutableRawPointer
    private var byteCapacity = 256

    /// What the last `Graph.read` found.
    package internal(set) var id: RowId = 0
    package internal(set) var source: RowId = 0
    package internal(set) var target: RowId = 0
    package internal(set) var table: NameId = 0

    /// What the last reading of neighbours found.
    package private(set) var neighbors: UnsafeMutablePointer<RowId>
    package private(set) var relationships: UnsafeMutablePointer<RowId>
    package internal(set) var neighborCount = 0
    /// The neighbours for which there was no room, those that had some included; see `makeRoomForNeighbors`.
    private(set) var neighborsMissed = 0
    /// What of the neighbours' memory is counted against a limit, and where.
    private var charged = 0
    private var pool: MemoryPool?
    /// One for each neighbour, after `selectNeighbors`.
    package private(set) var levels: UnsafeMutablePointer<Double>
    private var neighborCapacity = 64
    var sampler: DepositSampler

    package init(seed: UInt64) {
        cells = .allocate(capacity: cellCapacity)
        bytes = .allocate(byteCount: byteCapacity, alignment: 16)
        neighbors = .allocate(capacity: neighborCapacity)
        relationships = .allocate(capacity: neighborCapacity)
        levels = .allocate(capacity: 1)
        sampler = DepositSampler(seed: seed)
    }

    deinit {
        cells.deallocate()
        bytes.deallocate()
        neighbors.deallocate()
        relationships.deallocate()
        levels.deallocate()
        pool?.discharge(charged, .scratch)
    }

    // MARK: Cells

    func removeAllCells() { count = 0 }

    @inline(__always)
    package func append(_ key: NameId, _ cell: Cell) {
        if count == cellCapacity { growCells() }
        (cells + count).initialize(to: PropertyCell(key: key, cell: cell))
        count &+= 1
    }

    private func growCells() {
        let grown = UnsafeMutablePointer<PropertyCell>.allocate(capacity: cellCapacity * 2)
        grown.moveInitialize(from: cells, count: count)
        cells.deallocate()
        cells = grown
        cellCapacity *= 2
    }

    /// Puts a value in place of the one of that key; null removes it. Keys stay in ascending order.
    func replace(_ key: NameId, _ cell: Cell) {
        var position = 0
        while position < count && cells[position].key < key { position += 1 }
        let isThere = position < count && cells[position].key == key
        if cell.type == .null {
            if isThere {
                for index in position..<count - 1 { cells[index] = cells[index + 1] }
                count -= 1
            }
            return
        }
        if !isThere {
            append(key, cell)
            var index = count - 1
            while index > position {
                cells[index] = cells[index - 1]
                index -= 1
            }
        }
        cells[position] = PropertyCell(key: key, cell: cell)
    }

    /// Copies all bytes that cells refer to into the buffer, each followed by a NUL, so that they outlive the latch.
    @inline(__always)
    package func own() {
        var size = 0
        for index in 0..<count where cells[index].cell.bytes.baseAddress != nil {
            size &+= (cells[index].cell.bytes.count &+ 8) & ~7
        }
        if size > byteCapacity {
            bytes.deallocate()
            byteCapacity = size &* 2
            bytes = .allocate(byteCount: byteCapacity, alignment: 16)
        }
        var position = bytes
        for index in 0..<count {
            let source = cells[index].cell.bytes
            guard let start = source.baseAddress else { continue }
            position.copyMemory(from: start, byteCount: source.count)
            (position + source.count).storeBytes(of: 0, as: UInt8.self)
            cells[index].cell.bytes = UnsafeRawBufferPointer(start: position, count: source.count)
            position += (source.count &+ 8) & ~7
        }
    }

    /// The property that a row does not show.
    var hiddenKey = NameId.max

    /// Takes a row or a part of one, nulls included; its bytes are copied.
    func fill(id: RowId, table: NameId, source: RowId, target: RowId, _ properties: [PropertyCell]) {
        removeAllCells()
        (self.id, self.table, self.source, self.target) = (id, table, source, target)
        for property in properties.sorted(by: { $0.key < $1.key }) where property.key != hiddenKey {
            append(property.key, property.cell)
        }
        own()
    }

    /// Takes one row of an image; its bytes are borrowed from the image.
    package func fill(from image: SegmentImage, row: Int) {
        removeAllCells()
        id = image.ids[row]
        source = image.sources?[row] ?? 0
        target = image.targets?[row] ?? 0
        table = image.table
        for column in image.columns {
            let cell = column.chunk.cell(at: row)
            if cell.type != .null { append(column.key, cell) }
        }
        own()
    }

    // MARK: Neighbours

    func removeAllNeighbors() {
        neighborCount = 0
        neighborsMissed = 0
    }

    /// True if there is room for so many neighbours in all; otherwise remembers that there should have been.
    @inline(__always)
    func hasRoom(forNeighbors count: Int) -> Bool {
        if count <= neighborCapacity { return true }
        neighborsMissed = max(neighborsMissed, count)
        return false
    }

    /// Makes room for neighbours that were missed. No latch is held.
    func makeRoomForNeighbors(_ pool: MemoryPool) throws(DeedError) {
        let capacity = max(neighborsMissed, neighborCapacity * 2)
        let size = (capacity - neighborCapacity) * 2 * MemoryLayout<RowId>.stride
        guard pool.charge(size, .scratch) else {
            throw DeedError(.outOfMemory, "no memory for \(capacity) neighbours")
        }
        self.pool = pool
        charged += size
        neighbors = grown(neighbors, capacity)
        relationships = grown(relationships, capacity)
        neighborCapacity = capacity
    }

    private func grown(_ ids: UnsafeMutablePointer<RowId>, _ capacity: Int) -> UnsafeMutablePointer<RowId> {
        let grown = UnsafeMutablePointer<RowId>.allocate(capacity: capacity)
        grown.moveInitialize(from: ids, count: neighborCount)
        ids.deallocate()
        return grown
    }

    @inline(__always)
    func appendNeighbor(_ neighbor: RowId, _ relationship: RowId) {
        guard hasRoom(forNeighbors: neighborCount &+ 1) else { return }
        neighbors[neighborCount] = neighbor
        relationships[neighborCount] = relationship
        neighborCount &+= 1
    }

    /// Keeps only the neighbours at these positions, in this order.
    func selectNeighbors(_ positions: [Int], levels newLevels: [Double]) {
        let picked = positions.map { (neighbors[$0], relationships[$0]) }
        removeAllNeighbors()
        for (neighbor, relationship) in picked { appendNeighbor(neighbor, relationship) }
        levels.deallocate()
        levels = .allocate(capacity: max(newLevels.count, 1))
        for (index, level) in newLevels.enumerated() { levels[index] = level }
    }
}
