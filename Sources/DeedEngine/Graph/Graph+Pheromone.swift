// Pheromone: one level for each relationship, and the epoch of its last touch, packed into eight bytes. A segment has
// cells only once a level in it was touched; until then all its relationships have level 1 since the segment's epoch.
// Levels are statistics. Deposits are relaxed atomic stores: of two at the same moment one may be lost.

import Glibc
import Synchronization

extension Graph {
    package func evaporate(rate: Double?) throws(DeedError) {
        try requireWritable()
        let rate = rate ?? Evaporation.defaultRate
        guard rate >= 0 && rate <= 1 else {
            throw DeedError(.invalidArgument, "an evaporation rate of \(rate); it must lie between 0 and 1")
        }
        while !evaporation.advance(rate: rate) { try bringLevelsUpToDate() }
    }

    package func pheromone(of id: RowId) throws(DeedError) -> Double {
        let segment = try lockRelationship(id)
        defer { segment.pointee.latch.unlockShared() }
        return level(segment, rowNumber(of: id))
    }

    package func deposit(on id: RowId, _ amount: Double) throws(DeedError) {
        try requireWritable()
        guard amount.isFinite && amount >= 0 else {
            throw DeedError(.invalidArgument, "a deposit of \(amount); it must be finite and not negative")
        }
        let segment = try lockRelationship(id)
        segment.pointee.latch.unlockShared()
        deposit(segment, rowNumber(of: id), amount)
    }

    /// The segment of a relationship that is there now, with its rows in memory and locked for reading.
    private func lockRelationship(_ id: RowId) throws(DeedError) -> SegmentRef {
        try requireOpen()
        guard let segment = relationships.segment(of: id) else { throw missing(.relationship, id) }
        try lockLoadedShared(segment)
        let now = Snapshot(timestamp: snapshots.lastCommit, mark: 0)
        guard segment.pointee.isVisible(rowNumber(of: id), to: now) else {
            segment.pointee.latch.unlockShared()
            throw missing(.relationship, id)
        }
        return segment
    }

    /// The present level of a row. The segment is locked.
    @inline(__always)
    func level(_ segment: SegmentRef, _ row: Int) -> Double {
        guard let cell = cell(segment, row) else {
            return evaporation.present(Float(Evaporation.initialLevel), since: segment.pointee.pheromoneEpoch)
        }
        let (level, epoch) = Self.unpack(cell.pointee.load(ordering: .relaxed))
        return evaporation.present(level, since: epoch)
    }

    /// Adds to a row's level. Does nothing if there is no memory for the segment's cells.
    func deposit(_ segment: SegmentRef, _ row: Int, _ amount: Double) {
        segment.pointee.latch.lockShared()
        if segment.pointee.pheromone == nil || row >= segment.pointee.pheromoneCapacity {
            segment.pointee.latch.unlockShared()
            segment.pointee.latch.lockExclusive()
            let isReady = segment.pointee.isLoaded && row < segment.pointee.rowCount && makeCells(segment, toHold: row)
            segment.pointee.latch.unlockExclusive()
            if !isReady { return }
            segment.pointee.latch.lockShared()
        }
        defer { segment.pointee.latch.unlockShared() }
        guard let cell = cell(segment, row) else { return }
        let level = min(level(segment, row) + amount, Double(Float.greatestFiniteMagnitude))
        cell.pointee.store(Self.pack(Float(level), evaporation.epoch), ordering: .relaxed)
        segment.pointee.pheromoneDirty = true
    }

    /// A row that is being added has level 1 from now on, not since the segment's epoch. The segment is locked.
    func startPheromone(_ segment: SegmentRef, _ row: Int) throws(DeedError) {
        let epoch = evaporation.epoch
        if segment.pointee.pheromone == nil && epoch == segment.pointee.pheromoneEpoch { return }
        guard makeCells(segment, toHold: row), let cell = cell(segment, row) else {
            throw DeedError(.outOfMemory, "no memory for pheromone levels")
        }
        cell.pointee.store(Self.pack(Float(Evaporation.initialLevel), epoch), ordering: .relaxed)
        segment.pointee.pheromoneDirty = true
    }

    // MARK: Cells

    static func pack(_ level: Float, _ epoch: UInt32) -> UInt64 { UInt64(level.bitPattern) << 32 | UInt64(epoch) }

    static func unpack(_ cell: UInt64) -> (Float, UInt32) {
        (Float(bitPattern: UInt32(truncatingIfNeeded: cell >> 32)), UInt32(truncatingIfNeeded: cell))
    }

    @inline(__always)
    private func cell(_ segment: SegmentRef, _ row: Int) -> UnsafeMutablePointer<Atomic<UInt64>>? {
        guard let cells = segment.pointee.pheromone, row < segment.pointee.pheromoneCapacity else { return nil }
        return UnsafeMutableRawPointer(cells + row).assumingMemoryBound(to: Atomic<UInt64>.self)
    }

    /// Copies as many cells as the segment has. It is locked, for reading at least.
    func copyCells(of segment: SegmentRef, to copy: UnsafeMutablePointer<UInt64>) {
        for row in 0..<segment.pointee.pheromoneCapacity {
            copy[row] = cell(segment, row)?.pointee.load(ordering: .relaxed) ?? 0
        }
    }

    /// Gives a segment cells for its rows, at the level they have. The segment is locked for writing.
    private func makeCells(_ segment: SegmentRef, toHold row: Int) -> Bool {
        let old = segment.pointee.pheromoneCapacity
        if row < old { return true }
        let capacity = min(max(old &* 2, row &+ 1, 16), Limits.segmentRows)
        guard
            let block = pool.reallocate(
                segment.pointee.pheromone, from: old &* 8, to: capacity &* 8, .pheromone)
        else { return false }
        let cells = block.assumingMemoryBound(to: UInt64.self)
        let initial = Self.pack(Float(Evaporation.initialLevel), segment.pointee.pheromoneEpoch)
        for index in old..<capacity { cells[index] = initial }
        segment.pointee.pheromone = cells
        segment.pointee.pheromoneCapacity = capacity
        return true
    }

    /// Rewrites every level as of now, so that the table of epochs can begin again. O(relationships).
    private func bringLevelsUpToDate() throws(DeedError) {
        for number in 0..<relationships.count {
            guard let segment = relationships[number] else { continue }
            try lockLoaded(segment)
            defer { segment.pointee.latch.unlockExclusive() }
            let last = segment.pointee.rowCount &- 1
            guard last >= segment.pointee.firstRow else { continue }
            guard makeCells(segment, toHold: last) else { throw DeedError(.outOfMemory, "no memory for pheromone levels") }
            for row in 0...last {
                cell(segment, row)?.pointee.store(Self.pack(Float(level(segment, row)), 0), ordering: .relaxed)
            }
            segment.pointee.pheromoneEpoch = 0
            segment.pointee.pheromoneDirty = true
        }
        evaporation.restart()
    }

    /// The average level, and how many relationships there are. O(relationships that have cells).
    func averagePheromone() throws(DeedError) -> Double {
        var sum = 0.0
        var count = 0
        let now = Snapshot(timestamp: snapshots.lastCommit, mark: 0)
        for number in 0..<relationships.count {
            guard let segment = relationships[number] else { continue }
            var stored: [Double] = []
            _ = try forEachStoredCell(segment) { _, cell in
                let (level, epoch) = Self.unpack(cell)
                stored.append(evaporation.present(level, since: epoch))
            }
            segment.pointee.latch.lockShared()
            defer { segment.pointee.latch.unlockShared() }
            let rows = segment.pointee.firstRow..<segment.pointee.rowCount
            if segment.pointee.pheromone == nil && stored.isEmpty && !segment.pointee.hasVersions {
                let live = rows.count - segment.pointee.deadCount
                sum += Double(live) * level(segment, segment.pointee.firstRow)
                count += live
                continue
            }
            for row in rows where segment.pointee.isVisible(row, to: now) {
                let isStored = segment.pointee.pheromone == nil && row < stored.count
                sum += isStored ? stored[row] : level(segment, row)
                count += 1
            }
        }
        return count == 0 ? 0 : sum / Double(count)
    }
}

/// Decides which of the relationships read leave a deposit: each with probability 1 / `interval`, by drawing how many
/// to skip, so that a list is passed at the cost of one subtraction. A sampled deposit counts `interval`-fold.
struct DepositSampler {
    static let interval = 64
    /// What one traversal of a relationship deposits on average.
    static let amount = 0.1

    private var skip: Int
    private var random: UInt64

    init(seed: UInt64) {
        random = seed &* 0x9E37_79B9_7F4A_7C15 | 1
        skip = 0
        skip = draw()
    }

    /// The position within a list of `count` of the next relationship to deposit on, from `start` on, or nil.
    @inline(__always)
    mutating func next(in count: Int, from start: Int) -> Int? {
        let position = start &+ skip
        if position >= count {
            skip = position &- count
            return nil
        }
        skip = draw()
        return position
    }

    /// A geometrically distributed number with mean `interval - 1`.
    @inline(never)
    private mutating func draw() -> Int {
        random ^= random << 13
        random ^= random >> 7
        random ^= random << 17
        let uniform = (Double(random >> 11) + 1) / Double(1 << 53)
        return Int(log(uniform) / log1p(-1 / Double(Self.interval)))
    }
}
