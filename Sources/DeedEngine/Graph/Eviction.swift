// Keeping to the memory limit. Rows and lists of which the store has exactly what is in memory can be dropped and read
// back when they are touched. A hand goes round all segments, as in the clock algorithm but without use bits: what is
// dropped too early costs one read.
//
// A statement that finds memory short makes room before it takes any latch; if too little is clean, it first writes a
// checkpoint. What still does not fit is OutOfMemory. While memory is short for good, because something large is running,
// looking for room again and again would cost more than it brings: `Pressure` says when it is worth while.

import Glibc
import Synchronization

/// When to look for room again after a search that found too little.
final class Pressure: Sendable {
    /// The bytes in use below which another search would find nothing new; 0 when the last one was successful.
    private let quietBelow = Atomic<Int>(0)
    /// When another checkpoint may be written to make room, in nanoseconds.
    private let nextCheckpoint = Atomic<UInt64>(0)

    func isQuiet(_ bytes: Int) -> Bool { bytes < quietBelow.load(ordering: .relaxed) }

    func noteSearch(_ pool: MemoryPool, succeeded: Bool) {
        let step = pool.limit / 32
        let next = min(pool.bytesTotal + step, pool.storedLimit - step)
        quietBelow.store(succeeded ? 0 : next, ordering: .relaxed)
    }

    /// Makes room by a checkpoint, unless the last one was only a moment ago and brought next to nothing, and this is not the
    /// last resort.
    func makeRoom(
        in pool: MemoryPool, isLastResort: Bool, _ checkpoint: () throws(DeedError) -> Void
    ) throws(DeedError) {
        let (start, before) = (Self.now(), pool.bytesTotal)
        if !isLastResort && start < nextCheckpoint.load(ordering: .relaxed) { return }
        try checkpoint()
        let end = Self.now()
        let isWorthIt = before - pool.bytesTotal >= pool.limit / 32
        nextCheckpoint.store(isWorthIt ? 0 : end + 2 * (end - start), ordering: .relaxed)
    }

    private static func now() -> UInt64 {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec)
    }
}

extension Graph {
    /// Called where no latch is held, before memory is needed: an eighth of the limit, or more if much is needed at once.
    @inline(__always)
    package func makeRoom(for size: Int = 0) throws(DeedError) {
        let needed = max(pool.limit / 8, size)
        if store != nil && pool.isExhausted(by: needed) { try evict(needed) }
    }

    /// As above, at the beginning of a statement that writes; counts what the transaction has come to take.
    @inline(__always)
    func makeRoom(for transaction: Transaction) throws(DeedError) {
        try makeRoom()
        if transaction.memory > transaction.memoryCharged + 4096 { try charge(transaction) }
    }

    /// Runs a statement or a read, and if memory was short for it once more, with half of the limit free: how much the rows
    /// and lists that it touches take, and how much they grow, is known only when they are there. A statement that fails
    /// leaves nothing behind.
    @inline(__always)
    func withRoom<Result>(_ statement: () throws(DeedError) -> Result) throws(DeedError) -> Result {
        do throws(DeedError) {
            return try statement()
        } catch {
            return try retryWithRoom(after: error, statement)
        }
    }

    @inline(never)
    private func retryWithRoom<Result>(
        after error: DeedError, _ statement: () throws(DeedError) -> Result
    ) throws(DeedError) -> Result {
        if error.status != .outOfMemory || store == nil { throw error }
        try makeRoom(for: pool.limit / 2)
        return try statement()
    }

    @inline(never)
    private func charge(_ transaction: Transaction) throws(DeedError) {
        let size = transaction.memory
        let growth = size - transaction.memoryCharged
        try makeRoom(for: growth)
        guard pool.charge(growth, .scratch) else {
            throw DeedError(.outOfMemory, "the transaction takes \(size) bytes, for which there is no room")
        }
        transaction.memoryCharged = size
    }

    @inline(never)
    private func evict(_ needed: Int) throws(DeedError) {
        if maintenance.isWritingCheckpoint {
            // The checkpoint needs room itself. Whoever waits for it below holds `eviction`, so that is not taken here.
            sweep(needed)
            if pool.isExhausted(by: needed) { putAside(needed) }
            return
        }
        if needed == pool.limit / 8 && pressure.isQuiet(pool.bytesTotal) { return }
        eviction.lock()
        defer { eviction.unlock() }
        guard pool.isExhausted(by: needed) else { return }
        sweep(needed)
        if pool.isExhausted(by: needed) && !options.isReadOnly && !isRecovering {
            settleQueued()
            try pressure.makeRoom(in: pool, isLastResort: needed >= pool.limit / 2) { () throws(DeedError) in
                try checkpointIfThereIsRoom()
                sweep(needed)
            }
        }
        if pool.isExhausted(by: needed) && !options.isReadOnly { putAside(needed) }
        pressure.noteSearch(pool, succeeded: !pool.isExhausted(by: needed))
        maintenance.giveBack(pool)
    }

    /// A checkpoint needs some memory itself, for lists above all. Without it there are other ways.
    private func checkpointIfThereIsRoom() throws(DeedError) {
        do throws(DeedError) {
            try checkpoint()
        } catch {
            if error.status != .outOfMemory { throw error }
        }
    }

    /// Drops clean rows and lists until a quarter of the limit is free, going round once at most.
    private func sweep(_ needed: Int) {
        let goal = max(pool.limit / 4, needed)
        // Rows go first, since an index has many of them in a page; but not while indexes hold more than a third.
        evictIndexes { pool.bytes(of: .indexes) < pool.limit / 3 || !pool.isExhausted(by: goal) }
        for kind in [RowKind.relationship, .entity] {
            let directory = directory(kind)
            let count = directory.count
            for _ in 0..<count {
                guard pool.isExhausted(by: goal) else { return }
                if let segment = directory[nextInSweep(kind) % count] { evict(segment) }
            }
        }
        evictIndexes { !pool.isExhausted(by: goal) }
    }

    private func evictIndexes(until isEnough: () -> Bool) {
        for index in allIndexes where !isEnough() { index.tree.evict(until: isEnough) }
    }

    private func nextInSweep(_ kind: RowKind) -> Int {
        kind == .entity
            ? entityHand.wrappingAdd(1, ordering: .relaxed).oldValue & Int.max
            : relationshipHand.wrappingAdd(1, ordering: .relaxed).oldValue & Int.max
    }

    private func evict(_ segment: SegmentRef) {
        segment.pointee.latch.lockExclusive()
        defer { segment.pointee.latch.unlockExclusive() }
        if segment.pointee.isBeingSaved { return }
        if mayDropRows(segment) { segment.pointee.evict(pool) }
        for index in 0..<segment.pointee.adjacencyCount where mayDropList(segment.pointee.adjacency + index) {
            segment.pointee.adjacency[index].evict(pool)
        }
    }

    // MARK: Putting aside

    /// Writes lists to the store that cannot be dropped otherwise, since running transactions have changed them. Nothing in
    /// the store's directory names what is written here; what a crash leaves of it, `compact` removes.
    private func putAside(_ needed: Int) {
        let goal = max(pool.limit / 4, needed)
        let generation = takeGeneration()
        for _ in 0..<entities.count {
            guard pool.isExhausted(by: goal) else { return }
            guard let segment = entities[nextInSweep(.entity) % entities.count] else { continue }
            do throws(DeedError) {
                for index in 0..<partCount(segment) { try putAside(segment, index, generation) }
            } catch {
                // A store that cannot be written says so to those who commit.
                return
            }
        }
    }

    private func partCount(_ segment: SegmentRef) -> Int {
        segment.pointee.latch.lockShared()
        defer { segment.pointee.latch.unlockShared() }
        return segment.pointee.adjacencyCount
    }

    private func putAside(_ segment: SegmentRef, _ index: Int, _ generation: UInt64) throws(DeedError) {
        guard let store, let list = try mergedList(segment, index) else { return }
        if !list.isAsideCurrent {
            var batch = try WriteBatch(store)
            let number = segment.pointee.number
            if list.asideGeneration != 0 {
                batch.delete(.adjacency, StoreKeys.part(list.asideGeneration, number, list.type, list.direction))
            }
            try put(segment, index, StoreKeys.part(generation, number, list.type, list.direction), &batch)
            try store.write(batch, sync: false, log: false)
        }
        segment.pointee.latch.lockExclusive()
        defer { segment.pointee.latch.unlockExclusive() }
        let now = segment.pointee.adjacency + index
        guard now.pointee.isLoaded && now.pointee.fingerprint == list.fingerprint else { return }
        now.pointee.putAside(list.isAsideCurrent ? list.asideGeneration : generation, pool)
    }

    private func put(
        _ segment: SegmentRef, _ index: Int, _ key: borrowing ByteBuffer, _ batch: inout WriteBatch
    ) throws(DeedError) {
        var buffer = ByteBuffer()
        segment.pointee.latch.lockShared()
        if segment.pointee.adjacency[index].isLoaded { ChunkCodec.encode(segment.pointee.adjacency[index], into: &buffer) }
        segment.pointee.latch.unlockShared()
        batch.put(.adjacency, key, buffer)
    }

    /// Merges a list; returns its state, or nil if putting it aside is not worth the while.
    private func mergedList(_ segment: SegmentRef, _ index: Int) throws(DeedError) -> AdjacencyPart? {
        segment.pointee.latch.lockExclusive()
        defer { segment.pointee.latch.unlockExclusive() }
        let list = segment.pointee.adjacency + index
        guard list.pointee.isLoaded && list.pointee.count >= 1024 else { return nil }
        if list.pointee.deltaCount > 0 { try list.pointee.merge(rows: segment.pointee.rowCount, pool) }
        return list.pointee
    }

    /// Locks a segment for reading with all its lists in memory.
    func lockSharedWithParts(_ segment: SegmentRef) throws(DeedError) {
        var isFirst = true
        while true {
            try loadParts(segment, makesRoom: isFirst)
            isFirst = false
            segment.pointee.latch.lockShared()
            if hasAllParts(segment) { return }
            segment.pointee.latch.unlockShared()
        }
    }

    /// Locks a segment for writing with all its lists in memory.
    func lockExclusiveWithLists(_ segment: SegmentRef) throws(DeedError) {
        var isFirst = true
        while true {
            try loadParts(segment, makesRoom: isFirst)
            isFirst = false
            segment.pointee.latch.lockExclusive()
            if hasAllParts(segment) { return }
            segment.pointee.latch.unlockExclusive()
        }
    }

    /// Locks a segment for writing with its rows and all its lists in memory.
    func lockExclusiveWithParts(_ segment: SegmentRef) throws(DeedError) {
        try makeRoom()
        while true {
            try loadParts(segment, makesRoom: false)
            try lockLoaded(segment, makesRoom: false)
            if hasAllParts(segment) { return }
            segment.pointee.latch.unlockExclusive()
        }
    }

    private func hasAllParts(_ segment: SegmentRef) -> Bool {
        for index in 0..<segment.pointee.adjacencyCount where !segment.pointee.adjacency[index].isLoaded { return false }
        return true
    }
}
