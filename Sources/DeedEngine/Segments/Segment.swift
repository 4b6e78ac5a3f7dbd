// A segment: up to 16,384 consecutive rows of one table.
//
// It is plain memory behind a pointer, so that reaching a row costs no reference counting. All fields are guarded by
// `latch`, but for those that never change. A segment is never moved or freed before its graph is; its contents can be
// (evicted, or freed when all rows are dead).
//
// Whether rows need a closer look is decided once per segment: if nobody is writing it and its last change is older
// than the snapshot, then the only rows that do not count are those in the `dead` bitmap.

import Synchronization

/// One property of the segment's rows.
struct Column {
    let key: NameId
    var chunk = ColumnChunk()
    /// True when the chunk differs from what the store holds.
    var isDirty = true
    /// Which checkpoint wrote the stored chunk; 0 if there is none.
    var generation: UInt64 = 0
}

typealias SegmentRef = UnsafeMutablePointer<Segment>

struct Segment: ~Copyable {
    let latch = Latch()
    let kind: RowKind
    /// The collection or relationship type.
    let table: NameId
    let number: Int
    /// Row 0 of segment 0 is never handed out, so that no id is 0.
    let firstRow: Int

    /// Rows handed out so far; the next row's number.
    var rowCount: Int
    /// In ascending order of key.
    private(set) var columns: UnsafeMutablePointer<Column>
    private(set) var columnCount = 0
    private var columnCapacity = 0

    /// The ends, for relationships.
    var sources = IdArray()
    var targets = IdArray()
    var endpointsDirty = true
    /// Level (float bits, high half) and epoch (low half) for each relationship, once any was touched.
    var pheromone: UnsafeMutablePointer<UInt64>?
    var pheromoneCapacity = 0
    /// Set by deposits under the shared latch, so beside each other and beside the checkpoint that clears it.
    private let isPheromoneDirty = Atomic<Bool>(false)
    /// Rows without a cell of their own have level 1 since this epoch.
    var pheromoneEpoch: UInt32 = 0

    /// The lists of relationships of these entities, one part for each type and direction; only ever added to.
    private(set) var adjacency: UnsafeMutablePointer<AdjacencyPart>
    private(set) var adjacencyCount = 0
    private var adjacencyCapacity = 0

    var versions = Versions()
    /// True while `versions` may hold anything.
    var hasVersions = false
    var writers = Writers()
    /// Set while one transaction has made all rows, by a bulk load: its stamp; otherwise 0.
    var createdAll: Stamp = 0
    /// True while the segment waits to be looked at by `settle`.
    var isSettleQueued = false
    /// Rows that no snapshot will ever see (again).
    var dead: UnsafeMutablePointer<UInt64>?
    var deadCount = 0

    /// False while rows are only on disk.
    var isLoaded = true
    /// Where the ends and the pheromone are stored; 0 if nowhere.
    var endpointsGeneration: UInt64 = 0
    var pheromoneGeneration: UInt64 = 0
    /// True while a checkpoint has written rows or lists that the store's directory does not name yet. They count as
    /// clean, but what could be read back is still the state before.
    var isBeingSaved = false
    /// True when the directory entry in the store is out of date (row count, dead rows, columns).
    var directoryDirty = true

    /// `rowCount` for those who do not hold the latch.
    borrowing func countRows() -> Int {
        latch.lockShared()
        defer { latch.unlockShared() }
        return rowCount
    }

    var pheromoneDirty: Bool {
        get { isPheromoneDirty.load(ordering: .acquiring) }
        nonmutating set { isPheromoneDirty.store(newValue, ordering: .releasing) }
    }

    /// Clears the mark before the levels are read, and says whether there was one: a deposit that comes later sets it anew.
    borrowing func takePheromoneDirty() -> Bool { isPheromoneDirty.exchange(false, ordering: .sequentiallyConsistent) }

    init(kind: RowKind, table: NameId, number: Int) {
        self.kind = kind
        self.table = table
        self.number = number
        firstRow = number == 0 ? 1 : 0
        rowCount = firstRow
        columnCapacity = 2
        columns = .allocate(capacity: columnCapacity)
        adjacencyCapacity = 1
        adjacency = .allocate(capacity: adjacencyCapacity)
    }

    /// Frees everything; the segment must not be used again.
    mutating func destroy(_ pool: MemoryPool) {
        freeRows(pool)
        columns.deallocate()
        for index in 0..<adjacencyCount { adjacency[index].free(pool) }
        adjacency.deallocate()
        versions.free(pool)
        pool.free(dead, Self.deadBytes, .versions)
        dead = nil
    }

    /// True if the store has exactly these rows, so that they may be dropped from memory.
    var isEvictable: Bool {
        guard isLoaded, !hasVersions, writers.count == 0, !endpointsDirty || kind == .entity, !pheromoneDirty else { return false }
        if pheromone != nil && pheromoneGeneration == 0 { return false }
        for index in 0..<columnCount where columns[index].isDirty || columns[index].generation == 0 { return false }
        return columnCount > 0 || endpointsGeneration != 0
    }

    mutating func evict(_ pool: MemoryPool) {
        freeRows(pool)
        isLoaded = false
    }

    /// Frees the rows' contents, keeping which columns there are.
    mutating func freeRows(_ pool: MemoryPool) {
        for index in 0..<columnCount { columns[index].chunk.free(pool) }
        sources.free(pool, .columns)
        targets.free(pool, .columns)
        pool.free(pheromone, pheromoneCapacity &* 8, .pheromone)
        pheromone = nil
        pheromoneCapacity = 0
    }

    // MARK: Columns

    /// The position of a column, or nil.
    @inline(__always)
    func columnIndex(_ key: NameId) -> Int? {
        if columnCount <= 16 {
            for index in 0..<columnCount where columns[index].key == key { return index }
            return nil
        }
        let index = lowerBound(key)
        return index < columnCount && columns[index].key == key ? index : nil
    }

    private func lowerBound(_ key: NameId) -> Int {
        var low = 0
        var high = columnCount
        while low < high {
            let middle = (low &+ high) / 2
            if columns[middle].key < key { low = middle &+ 1 } else { high = middle }
        }
        return low
    }

    /// The position of a column, which is added if need be. O(columns) when added.
    @inline(__always)
    mutating func column(_ key: NameId) -> Int { columnIndex(key) ?? addColumn(key) }

    @inline(never)
    private mutating func addColumn(_ key: NameId) -> Int {
        let position = lowerBound(key)
        if columnCount == columnCapacity {
            let grown = UnsafeMutablePointer<Column>.allocate(capacity: columnCapacity &* 2)
            grown.moveInitialize(from: columns, count: columnCount)
            columns.deallocate()
            columns = grown
            columnCapacity &*= 2
        }
        (columns + position + 1).moveInitialize(from: columns + position, count: columnCount &- position)
        (columns + position).initialize(to: Column(key: key))
        columnCount &+= 1
        directoryDirty = true
        return position
    }

    // MARK: Visibility

    /// True if a snapshot at this timestamp need look at nothing but the dead rows.
    @inline(__always)
    func isSettled(for snapshot: Snapshot) -> Bool { writers.areSettled(for: snapshot) }

    @inline(__always)
    func isDead(_ row: Int) -> Bool {
        guard let dead else { return false }
        return dead[row &>> 6] & (1 &<< UInt64(row & 63)) != 0
    }

    @inline(__always)
    func isVisible(_ row: Int, to snapshot: Snapshot) -> Bool {
        guard row >= firstRow && row < rowCount && !isDead(row) else { return false }
        return isSettled(for: snapshot) && !hasVersions || isVersionVisible(row, to: snapshot)
    }

    @inline(never)
    private func isVersionVisible(_ row: Int, to snapshot: Snapshot) -> Bool {
        guard snapshot.sees(versions.createdStamp(row)) && snapshot.sees(createdAll) else { return false }
        let deleted = versions.deletedStamp(row)
        return deleted == 0 || !snapshot.sees(deleted)
    }

    static let deadBytes = Limits.segmentRows / 8

    /// Says that nobody will see a row again.
    mutating func markDead(_ row: Int, _ pool: MemoryPool) throws(DeedError) {
        if dead == nil {
            guard let block = pool.allocate(Self.deadBytes, .versions) else {
                throw DeedError(.outOfMemory, "no memory for a bitmap of deleted rows")
            }
            dead = block.assumingMemoryBound(to: UInt64.self)
        }
        guard !isDead(row), let dead else { return }
        dead[row &>> 6] |= 1 &<< UInt64(row & 63)
        deadCount &+= 1
        directoryDirty = true
    }

    /// Says that nobody will see any row, and frees them.
    mutating func markAllDead(_ pool: MemoryPool) throws(DeedError) {
        for row in firstRow..<rowCount { try markDead(row, pool) }
        freeRows(pool)
        columnCount = 0
        (endpointsGeneration, pheromoneGeneration) = (0, 0)
        isLoaded = true
        directoryDirty = true
    }

    /// Takes `markDead` back; for replaying a log over a checkpoint that has seen later records.
    mutating func revive(_ row: Int) {
        guard isDead(row), let dead else { return }
        dead[row &>> 6] &= ~(1 &<< UInt64(row & 63))
        deadCount &-= 1
        directoryDirty = true
    }

    // MARK: Adjacency

    @inline(__always)
    func partIndex(type: NameId, direction: Direction) -> Int? {
        for index in 0..<adjacencyCount
        where adjacency[index].type == type && adjacency[index].direction == direction { return index }
        return nil
    }

    @inline(__always)
    mutating func part(type: NameId, direction: Direction) -> Int {
        partIndex(type: type, direction: direction) ?? addPart(type: type, direction: direction)
    }

    @inline(never)
    mutating func addPart(type: NameId, direction: Direction) -> Int {
        if adjacencyCount == adjacencyCapacity {
            let grown = UnsafeMutablePointer<AdjacencyPart>.allocate(capacity: adjacencyCapacity &* 2)
            grown.moveInitialize(from: adjacency, count: adjacencyCount)
            adjacency.deallocate()
            adjacency = grown
            adjacencyCapacity &*= 2
        }
        (adjacency + adjacencyCount).initialize(to: AdjacencyPart(type: type, direction: direction))
        adjacencyCount &+= 1
        directoryDirty = true
        return adjacencyCount &- 1
    }
}
