// The relationships of one type that leave (or reach) the entities of one segment.
//
// An index over the relationship rows: a compact CSR base, and an append-only delta of linked entries, newest last, that
// a merge folds into the base once it has grown. The index holds an entry for every relationship that anybody might
// see, and says nothing about who: visibility is the rows' business. A list that has settled (no writer, none of its
// relationships deleted, last change older than the snapshot) is read without looking at a single row.

/// One entry of the delta.
struct DeltaEntry {
    var neighbor: RowId
    var relationship: RowId
    /// The next entry of the same entity plus one; the last one points back to the first.
    var next: UInt32
}

struct AdjacencyPart {
    let type: NameId
    let direction: Direction

    /// Entities covered by the base.
    private(set) var baseRows = 0
    /// `offsets[row] ..< offsets[row + 1]` are a row's entries; `baseRows + 1` numbers.
    private(set) var offsets: UnsafeMutablePointer<UInt32>?
    private(set) var neighbors = IdArray()
    private(set) var relationships = IdArray()
    private(set) var baseCount = 0

    /// For each row its newest delta entry plus one, or 0.
    private(set) var deltaLast: UnsafeMutablePointer<UInt32>?
    private var deltaRows = 0
    private(set) var delta: UnsafeMutablePointer<DeltaEntry>?
    private(set) var deltaCount = 0
    private var deltaCapacity = 0

    var writers = Writers()
    /// A bit for each entity that has, or had for a while, an entry of a deleted relationship: its entries are looked up in
    /// the rows. nil if there is none.
    private var doubtful: UnsafeMutablePointer<UInt64>?
    /// How often an entity became doubtful.
    private var doubtCount = 0
    /// About how many entries belong to relationships that nobody will see again.
    var deadCount = 0

    var isLoaded = true
    var isDirty = true
    var generation: UInt64 = 0
    /// Where the lists were put aside, changes that are not committed included, and whether they are still the same; 0 if
    /// nowhere.
    private(set) var asideGeneration: UInt64 = 0
    private(set) var isAsideCurrent = false

    init(type: NameId, direction: Direction) {
        self.type = type
        self.direction = direction
    }

    var count: Int { baseCount &+ deltaCount }

    /// True if a snapshot sees every entry of the row.
    @inline(__always)
    func isSettled(_ row: Int, for snapshot: Snapshot) -> Bool {
        writers.areSettled(for: snapshot) && !isDoubtful(row)
    }

    /// True if a snapshot sees every entry of every row.
    func isSettled(for snapshot: Snapshot) -> Bool { writers.areSettled(for: snapshot) && doubtful == nil }

    @inline(__always)
    private func isDoubtful(_ row: Int) -> Bool {
        guard let doubtful else { return false }
        return doubtful[row &>> 6] & (1 &<< UInt64(row & 63)) != 0
    }

    /// True if an entry may belong to a deleted relationship.
    var hasDoubts: Bool { doubtful != nil }

    private static let doubtfulBytes = Limits.segmentRows / 8

    /// Says that an entry of a row belongs to a relationship that is being deleted.
    mutating func doubt(_ row: Int, _ pool: MemoryPool) throws(DeedError) {
        if doubtful == nil { try makeDoubts(pool) }
        doubtful.unsafelyUnwrapped[row &>> 6] |= 1 &<< UInt64(row & 63)
        doubtCount &+= 1
        isDirty = true
    }

    private mutating func makeDoubts(_ pool: MemoryPool) throws(DeedError) {
        guard let block = pool.allocate(Self.doubtfulBytes, .adjacency) else { throw Self.outOfMemory }
        doubtful = block.assumingMemoryBound(to: UInt64.self)
    }

    private mutating func freeDoubts(_ pool: MemoryPool) {
        pool.free(doubtful, Self.doubtfulBytes, .adjacency)
        doubtful = nil
    }

    // MARK: Reading

    /// A row's entries in the base.
    @inline(__always)
    func baseRange(_ row: Int) -> Range<Int> {
        guard row < baseRows, let offsets else { return 0..<0 }
        return Int(offsets[row])..<Int(offsets[row &+ 1])
    }

    /// A row's newest delta entry plus one, or 0.
    @inline(__always)
    func deltaHead(_ row: Int) -> UInt32 {
        guard row < deltaRows, let deltaLast else { return 0 }
        return deltaLast[row]
    }

    /// Calls `body(neighbor, relationship)` for each entry of a row, the base first, in order of insertion.
    @inline(__always)
    func forEach(_ row: Int, _ body: (RowId, RowId) -> Void) {
        for index in baseRange(row) { body(neighbors[index], relationships[index]) }
        forEachInDelta(row, body)
    }

    @inline(__always)
    func forEachInDelta(_ row: Int, _ body: (RowId, RowId) -> Void) {
        let last = deltaHead(row)
        if last == 0 { return }
        let entries = delta.unsafelyUnwrapped
        var position = entries[Int(last) &- 1].next
        while true {
            let entry = entries + (Int(position) &- 1)
            body(entry.pointee.neighbor, entry.pointee.relationship)
            if position == last { return }
            position = entry.pointee.next
        }
    }

    func hasEntries(_ row: Int) -> Bool { !baseRange(row).isEmpty || deltaHead(row) != 0 }

    /// The number of entries of a row, dead ones included.
    func entryCount(_ row: Int) -> Int {
        var count = baseRange(row).count
        forEachInDelta(row) { _, _ in count &+= 1 }
        return count
    }

    // MARK: Writing

    /// Adds an entry. Amortised O(1).
    @inline(__always)
    mutating func append(_ row: Int, _ neighbor: RowId, _ relationship: RowId, _ pool: MemoryPool) throws(DeedError) {
        if row >= deltaRows { try growRows(row, pool) }
        if deltaCount == deltaCapacity { try growDelta(pool) }
        let lasts = deltaLast.unsafelyUnwrapped
        let entries = delta.unsafelyUnwrapped
        let position = UInt32(truncatingIfNeeded: deltaCount &+ 1)
        let last = lasts[row]
        var next = position
        if last != 0 {
            next = entries[Int(last) &- 1].next
            entries[Int(last) &- 1].next = position
        }
        entries[deltaCount] = DeltaEntry(neighbor: neighbor, relationship: relationship, next: next)
        lasts[row] = position
        deltaCount &+= 1
        isDirty = true
        isAsideCurrent = false
    }

    @inline(never)
    private mutating func growRows(_ row: Int, _ pool: MemoryPool) throws(DeedError) {
        let newRows = min(max(deltaRows &* 4, row &+ 1, 16), Limits.segmentRows)
        guard let block = pool.reallocate(deltaLast, from: deltaRows &* 4, to: newRows &* 4, .adjacency) else {
            throw Self.outOfMemory
        }
        deltaLast = block.assumingMemoryBound(to: UInt32.self)
        deltaRows = newRows
    }

    @inline(never)
    private mutating func growDelta(_ pool: MemoryPool) throws(DeedError) {
        let newCapacity = max(deltaCapacity &* 2, 8)
        let stride = MemoryLayout<DeltaEntry>.stride
        guard newCapacity < Int(UInt32.max),
            let block = pool.reallocate(delta, from: deltaCapacity &* stride, to: newCapacity &* stride, .adjacency)
        else { throw Self.outOfMemory }
        delta = block.assumingMemoryBound(to: DeltaEntry.self)
        deltaCapacity = newCapacity
    }

    /// True when the delta has grown so much that folding it in pays.
    @inline(__always)
    var wantsMerge: Bool { deltaCount >= 64 && deltaCount &* 2 >= baseCount }

    /// Folds the delta into a new base. With a filter the entries of dead relationships are left out and the doubtful rows
    /// are found anew. On failure nothing has changed. O(entries + rows).
    mutating func merge(rows: Int, _ pool: MemoryPool, _ filter: EntryFilter? = nil) throws(DeedError) {
        replace(by: try merged(rows: rows, adding: nil, pool, filter), pool)
    }

    /// What a merge makes.
    struct Merged {
        var part: AdjacencyPart
        /// Whether somebody looked which rows are doubtful.
        var hasLooked: Bool
    }

    /// Tells one state of the lists from another.
    struct Fingerprint: Equatable {
        var offsets: UnsafeMutablePointer<UInt32>?
        var baseCount: Int
        var deltaCount: Int
        var doubtCount: Int
        var deadCount: Int
        var isLoaded: Bool
    }

    var fingerprint: Fingerprint {
        Fingerprint(
            offsets: offsets, baseCount: baseCount, deltaCount: deltaCount, doubtCount: doubtCount,
            deadCount: deadCount, isLoaded: isLoaded)
    }

    /// Takes over the lists that a merge of the present state made.
    mutating func replace(by merged: Merged, _ pool: MemoryPool) {
        freeLists(pool)
        (baseRows, baseCount, offsets) = (merged.part.baseRows, merged.part.baseCount, merged.part.offsets)
        (neighbors, relationships) = (merged.part.neighbors, merged.part.relationships)
        if merged.hasLooked {
            freeDoubts(pool)
            doubtful = merged.part.doubtful
            deadCount = 0
        }
        isDirty = true
        isAsideCurrent = false
    }

    /// Base, delta and `additions` as one base, without the entries that the filter takes out.
    func merged(
        rows: Int, adding additions: AdjacencyRun?, _ pool: MemoryPool, _ filter: EntryFilter?
    ) throws(DeedError) -> Merged {
        guard count &+ (additions?.count ?? 0) < Int(UInt32.max) else {
            throw DeedError(.limitExceeded, "more than 4,294,967,294 relationships of one type in one segment")
        }
        var largestNeighbor = additions?.largestNeighbor ?? 0
        var largestRelationship = additions?.largestRelationship ?? 0
        var total = additions?.count ?? 0
        for row in 0..<rows where filter?.dropsRow(row) != true {
            forEach(row) { neighbor, relationship in
                largestNeighbor = max(largestNeighbor, neighbor)
                largestRelationship = max(largestRelationship, relationship)
                total &+= 1
            }
        }
        var merged = AdjacencyPart(type: type, direction: direction)
        do throws(DeedError) {
            if filter != nil { try merged.makeDoubts(pool) }
            try merged.allocateBase(
                rows: rows, count: total, largestNeighbor: largestNeighbor, largestRelationship: largestRelationship, pool)
            let (kept, isDoubtful) = merged.fill(from: self, adding: additions, rows: rows, filter)
            if !isDoubtful { merged.freeDoubts(pool) }
            try merged.shrinkBase(to: kept, pool)
        } catch {
            merged.free(pool)
            throw error
        }
        return Merged(part: merged, hasLooked: filter != nil)
    }

    /// Copies the entries in order of row; returns how many were kept and whether any of these is being deleted.
    private mutating func fill(
        from old: AdjacencyPart, adding additions: AdjacencyRun?, rows: Int, _ filter: EntryFilter?
    ) -> (kept: Int, isDoubtful: Bool) {
        let offsets = self.offsets.unsafelyUnwrapped
        let (neighbors, relationships) = (self.neighbors, self.relationships)
        var position = 0
        var hasDoubts = false
        for row in 0..<rows {
            offsets[row] = UInt32(truncatingIfNeeded: position)
            if filter?.dropsRow(row) == true { continue }
            let fate = filter.flatMap { $0.looksEverywhere || old.isDoubtful(row) ? $0.fate : nil }
            var isDoubtful = false
            old.forEach(row) { neighbor, relationship in
                if let fate {
                    switch fate(relationship) {
                    case .dead: return
                    case .dying: isDoubtful = true
                    case .alive: break
                    }
                }
                neighbors.store(position, neighbor)
                relationships.store(position, relationship)
                position &+= 1
            }
            if isDoubtful {
                doubtful.unsafelyUnwrapped[row &>> 6] |= 1 &<< UInt64(row & 63)
                hasDoubts = true
            }
            guard let additions, row < additions.rows else { continue }
            for index in Int(additions.offsets[row])..<Int(additions.offsets[row &+ 1]) {
                let ordinal = additions.ordinals.map { UInt64($0[index]) } ?? UInt64(index)
                neighbors.store(position, additions.neighbors[index &- additions.first])
                relationships.store(position, additions.firstRelationship &+ ordinal)
                position &+= 1
            }
        }
        offsets[rows] = UInt32(truncatingIfNeeded: position)
        return (position, hasDoubts)
    }

    /// Sets the number of entries, and gives back the room of many that were left out.
    private mutating func shrinkBase(to count: Int, _ pool: MemoryPool) throws(DeedError) {
        baseCount = count
        if count >= neighbors.capacity / 8 &* 7 { return }
        try neighbors.shrink(to: count, pool, .adjacency)
        try relationships.shrink(to: count, pool, .adjacency)
    }

    /// An empty base with room for exactly `count` entries; for loading and merging.
    mutating func allocateBase(
        rows: Int, count: Int, largestNeighbor: UInt64, largestRelationship: UInt64, _ pool: MemoryPool
    ) throws(DeedError) {
        freeLists(pool)
        guard let block = pool.allocate((rows &+ 1) &* 4, .adjacency) else { throw Self.outOfMemory }
        offsets = block.assumingMemoryBound(to: UInt32.self)
        baseRows = rows
        try neighbors.allocate(count, largest: largestNeighbor, pool, .adjacency)
        try relationships.allocate(count, largest: largestRelationship, pool, .adjacency)
        baseCount = count
    }

    /// Takes over lists that were read from the store.
    mutating func adoptBase(
        rows: Int, degrees: UnsafePointer<UInt32>, _ neighbors: IdArray, _ relationships: IdArray, _ pool: MemoryPool
    ) throws(DeedError) {
        guard let block = pool.allocate((rows &+ 1) &* 4, .adjacency) else { throw Self.outOfMemory }
        freeLists(pool)
        let offsets = block.assumingMemoryBound(to: UInt32.self)
        for row in 0..<rows { offsets[row &+ 1] = offsets[row] &+ degrees[row] }
        self.offsets = offsets
        self.neighbors = neighbors
        self.relationships = relationships
        (baseRows, baseCount) = (rows, neighbors.capacity)
    }

    /// Takes over what was read from the store for this part.
    mutating func adopt(_ stored: AdjacencyPart) {
        (baseRows, offsets, baseCount) = (stored.baseRows, stored.offsets, stored.baseCount)
        (neighbors, relationships) = (stored.neighbors, stored.relationships)
        isLoaded = true
    }

    /// True if the store has exactly these lists, so that they may be dropped from memory.
    var isEvictable: Bool {
        isLoaded && !isDirty && generation != 0 && deltaCount == 0 && !hasDoubts && writers.count == 0
    }

    mutating func evict(_ pool: MemoryPool) {
        freeLists(pool)
        isLoaded = false
        deadCount = 0
    }

    /// Where lists that are not in memory can be read.
    var readableGeneration: UInt64 { isAsideCurrent ? asideGeneration : generation }

    /// Drops the lists from memory, after they have been put aside.
    mutating func putAside(_ generation: UInt64, _ pool: MemoryPool) {
        evict(pool)
        asideGeneration = generation
        isAsideCurrent = true
    }

    /// Says that the store's directory names lists of this generation now.
    mutating func noteSaved(_ generation: UInt64) {
        self.generation = generation
        if !isDirty { isAsideCurrent = false }
    }

    mutating func freeLists(_ pool: MemoryPool) {
        pool.free(offsets, (baseRows &+ 1) &* 4, .adjacency)
        neighbors.free(pool, .adjacency)
        relationships.free(pool, .adjacency)
        pool.free(deltaLast, deltaRows &* 4, .adjacency)
        pool.free(delta, deltaCapacity &* MemoryLayout<DeltaEntry>.stride, .adjacency)
        (offsets, deltaLast, delta) = (nil, nil, nil)
        (baseRows, baseCount, deltaRows, deltaCount, deltaCapacity) = (0, 0, 0, 0, 0)
    }

    mutating func free(_ pool: MemoryPool) {
        freeLists(pool)
        freeDoubts(pool)
    }

    private static var outOfMemory: DeedError { DeedError(.outOfMemory, "no memory for adjacency lists") }
}

/// What a merge does with an entry.
enum EntryFate { case alive, dying, dead }

/// What a merge leaves out.
struct EntryFilter {
    /// True for an entity that has no relationship for anybody who matters.
    var dropsRow: (Int) -> Bool
    /// Whether to look at the entries of all rows, and not only of the doubtful ones.
    var looksEverywhere = false
    var fate: (RowId) -> EntryFate
}

/// The entries that a bulk load adds to one part. Borrowed for the duration of a merge.
struct AdjacencyRun {
    /// Rows that `offsets` covers, and entries in all.
    var rows: Int
    var count: Int
    /// As in AdjacencyPart, `rows + 1` numbers, of which the first is `first`.
    var offsets: UnsafePointer<UInt32>
    var first: Int
    /// Entry i's neighbour is at `i - first`.
    var neighbors: UnsafePointer<UInt64>
    /// Entry i's number, to be added to `firstRelationship`, is at i; nil means i itself.
    var ordinals: UnsafePointer<UInt32>?
    var firstRelationship: RowId
    var largestNeighbor: RowId
    var largestRelationship: RowId
}
