// Breadth-first search: level by level, each entity once. What has been visited is one bit for each row, in bitmaps of
// one segment each that come from a pool of scratch space and are cleared by going over what was visited.

import Glibc
import Synchronization

/// The room that one search needs. Reused by later searches.
final class TraversalScratch: @unchecked Sendable {
    /// Visited bits by segment number.
    private var bitmaps: [UnsafeMutablePointer<UInt64>?] = []
    private var touched: [Int] = []
    /// Everything reached, in order of depth; the start is first.
    private(set) var reached: UnsafeMutablePointer<RowId>
    private(set) var count = 0
    private var capacity = 0
    /// True when an entity was passed over for want of memory; see `grow`.
    private(set) var isFull = false
    private let pool: MemoryPool
    var sampler: DepositSampler
    /// Relationships chosen for a deposit while a latch was held.
    var sampled: [RowId] = []

    private static let words = Limits.segmentRows / 64
    private static let idBytes = MemoryLayout<RowId>.stride

    init(seed: UInt64, _ pool: MemoryPool) throws(DeedError) {
        capacity = 1024
        self.pool = pool
        reached = try Self.allocate(capacity, pool)
        sampler = DepositSampler(seed: seed)
    }

    deinit {
        pool.free(reached, capacity * Self.idBytes, .scratch)
        for bitmap in bitmaps { pool.free(bitmap, Self.words * 8, .scratch) }
    }

    private static func allocate(_ count: Int, _ pool: MemoryPool) throws(DeedError) -> UnsafeMutablePointer<RowId> {
        guard let block = pool.allocate(count * idBytes, .scratch) else {
            throw DeedError(.outOfMemory, "no memory to search through \(count) entities")
        }
        return block.assumingMemoryBound(to: RowId.self)
    }

    func prepare(segments: Int) {
        while bitmaps.count < segments { bitmaps.append(nil) }
    }

    /// Adds an entity unless it was reached before. Amortised O(1).
    @inline(__always)
    func visit(_ id: RowId) {
        let number = Int(truncatingIfNeeded: segmentNumber(of: id))
        guard number < bitmaps.count else { return }
        guard let bitmap = bitmaps[number] ?? makeBitmap(number) else { return }
        let row = rowNumber(of: id)
        let bit: UInt64 = 1 &<< UInt64(row & 63)
        if bitmap[row &>> 6] & bit != 0 { return }
        if count == capacity {
            isFull = true
            return
        }
        bitmap[row &>> 6] |= bit
        reached[count] = id
        count &+= 1
    }

    @inline(never)
    private func makeBitmap(_ number: Int) -> UnsafeMutablePointer<UInt64>? {
        guard let block = pool.allocate(Self.words * 8, .scratch) else {
            isFull = true
            return nil
        }
        let bitmap = block.assumingMemoryBound(to: UInt64.self)
        bitmaps[number] = bitmap
        touched.append(number)
        return bitmap
    }

    /// The memory that the next growth needs while it lasts.
    var growthBytes: Int { capacity * 3 * Self.idBytes }

    /// Makes room after an entity was passed over; what led to it is to be looked at again.
    func grow() throws(DeedError) {
        isFull = false
        if count < capacity { return }
        let grown = try Self.allocate(capacity * 2, pool)
        grown.update(from: reached, count: count)
        pool.free(reached, capacity * Self.idBytes, .scratch)
        reached = grown
        capacity *= 2
    }

    /// Chooses a relationship for a deposit, or not.
    @inline(__always)
    func sample(_ relationship: RowId) {
        if sampler.next(in: 1, from: 0) != nil { sampled.append(relationship) }
    }

    func reset() {
        if count < touched.count * Self.words / 4 {
            for index in 0..<count {
                let id = reached[index]
                bitmaps[Int(segmentNumber(of: id))].unsafelyUnwrapped[rowNumber(of: id) &>> 6] = 0
            }
        } else {
            for number in touched { bitmaps[number].unsafelyUnwrapped.update(repeating: 0, count: Self.words) }
        }
        count = 0
        isFull = false
        sampled.removeAll(keepingCapacity: true)
    }

    /// True if the room is small enough to be kept for later searches.
    var isSmall: Bool { capacity <= 1 << 16 && touched.count <= 1 << 10 }
}

/// The result of a traversal: ids in order of depth, without the start.
package final class Reach {
    package let ids: UnsafeMutablePointer<RowId>
    package let depths: UnsafeMutablePointer<UInt32>
    package let count: Int
    private let memory: UnsafeMutableRawPointer
    private let pool: MemoryPool

    private static let bytesEach = MemoryLayout<RowId>.stride + MemoryLayout<UInt32>.stride

    fileprivate init(count: Int, _ pool: MemoryPool) throws(DeedError) {
        guard let block = pool.allocate(count * Self.bytesEach, .scratch) else {
            throw DeedError(.outOfMemory, "no memory for the \(count) entities that were reached")
        }
        self.count = count
        self.pool = pool
        memory = block
        ids = block.assumingMemoryBound(to: RowId.self)
        depths = (block + count * MemoryLayout<RowId>.stride).assumingMemoryBound(to: UInt32.self)
    }

    deinit { pool.free(memory, count * Self.bytesEach, .scratch) }
}

extension Graph {
    /// Every entity other than the start within `maxDepth` relationships, once, with its least depth.
    /// O(entities + relationships reached).
    package func traverse(
        _ transaction: Transaction?, from start: RowId, type: NameId?, _ directions: Directions, maxDepth: UInt32
    ) throws(DeedError) -> Reach {
        try search(transaction, start, type, directions, maxDepth) { scratch, levelEnds throws(DeedError) in
            try makeRoom(for: scratch.count * 12)
            let reach = try Reach(count: scratch.count - 1, pool)
            (reach.ids).update(from: scratch.reached + 1, count: reach.count)
            var depth: UInt32 = 1
            for index in 0..<reach.count {
                while index + 1 >= levelEnds[Int(depth)] { depth += 1 }
                reach.depths[index] = depth
            }
            return reach
        }
    }

    /// As `traverse`, but only the number.
    package func countReachable(
        _ transaction: Transaction?, from start: RowId, type: NameId?, _ directions: Directions, maxDepth: UInt32
    ) throws(DeedError) -> Int {
        try search(transaction, start, type, directions, maxDepth) { scratch, _ in scratch.count - 1 }
    }

    /// Runs the search and hands what it reached to `body`, with the number reached by the end of each level.
    private func search<Result>(
        _ transaction: Transaction?, _ start: RowId, _ type: NameId?, _ directions: Directions, _ maxDepth: UInt32,
        _ body: (TraversalScratch, [Int]) throws(DeedError) -> Result
    ) throws(DeedError) -> Result {
        try requireOpen()
        let scratch = try takeScratch()
        defer { giveBack(scratch) }
        return try withSnapshot(transaction) { snapshot throws(DeedError) in
            noteRead(transaction, .entity, start)
            scratch.prepare(segments: entities.count)
            guard let segment = entities.segment(of: start) else { throw missing(.entity, start) }
            segment.pointee.latch.lockShared()
            let isThere = segment.pointee.isVisible(rowNumber(of: start), to: snapshot)
            segment.pointee.latch.unlockShared()
            guard isThere else { throw missing(.entity, start) }
            scratch.visit(start)
            if scratch.isFull { throw DeedError(.outOfMemory, "no memory to search") }
            var levelEnds = [scratch.count]
            var next = 0
            var depth: UInt32 = 0
            while depth < maxDepth && next < scratch.count {
                let end = scratch.count
                while next < end {
                    noteLists(transaction, scratch.reached[next], type, directions)
                    try expand(scratch.reached[next], type, directions, snapshot, scratch)
                    if scratch.isFull {
                        try makeRoom(for: scratch.growthBytes)
                        try scratch.grow()
                        continue
                    }
                    next &+= 1
                }
                levelEnds.append(scratch.count)
                depth &+= 1
            }
            if !options.isReadOnly { for relationship in scratch.sampled { depositSample(on: relationship) } }
            return try body(scratch, levelEnds)
        }
    }

    func takeScratch() throws(DeedError) -> TraversalScratch {
        if let scratch = scratches.withLock({ $0.popLast() }) { return scratch }
        return try TraversalScratch(seed: newMark(), pool)
    }

    func giveBack(_ scratch: TraversalScratch) {
        scratch.reset()
        if scratch.isSmall { scratches.withLock { kept in if kept.count < 8 { kept.append(scratch) } } }
    }

    /// Visits the neighbours of one entity.
    @inline(__always)
    func expand(
        _ id: RowId, _ type: NameId?, _ directions: Directions, _ snapshot: Snapshot, _ scratch: TraversalScratch
    ) throws(DeedError) {
        guard let segment = entities.segment(of: id) else { return }
        let row = rowNumber(of: id)
        var isFirst = true
        while true {
            segment.pointee.latch.lockShared()
            var unloaded: Int?
            for index in 0..<segment.pointee.adjacencyCount {
                let part = segment.pointee.adjacency + index
                guard directions.contains(part.pointee.direction), type == nil || part.pointee.type == type else { continue }
                if !part.pointee.isLoaded {
                    unloaded = index
                    break
                }
                expand(part, row, snapshot, scratch)
            }
            segment.pointee.latch.unlockShared()
            guard let unloaded else { return }
            try loadPart(segment, unloaded, makesRoom: isFirst)
            isFirst = false
        }
    }

    @inline(__always)
    private func expand(
        _ part: UnsafeMutablePointer<AdjacencyPart>, _ row: Int, _ snapshot: Snapshot, _ scratch: TraversalScratch
    ) {
        guard part.pointee.isSettled(row, for: snapshot) else {
            part.pointee.forEach(row) { neighbor, relationship in
                guard isRelationshipVisible(relationship, snapshot) else { return }
                scratch.visit(neighbor)
                scratch.sample(relationship)
            }
            return
        }
        let range = part.pointee.baseRange(row)
        let neighbors = part.pointee.neighbors
        if neighbors.isWide {
            for index in range { scratch.visit(neighbors.wide[index]) }
        } else if !range.isEmpty {
            let narrow = neighbors.narrow
            for index in range { scratch.visit(UInt64(narrow[index])) }
        }
        var position = -1
        while let next = scratch.sampler.next(in: range.count, from: position &+ 1) {
            scratch.sampled.append(part.pointee.relationships[range.lowerBound &+ next])
            position = next
        }
        part.pointee.forEachInDelta(row) { neighbor, relationship in
            scratch.visit(neighbor)
            scratch.sample(relationship)
        }
    }
}
