// Keeping to the memory limit. Rows and lists of which the store has exactly what is in memory can be dropped and read
// back when they are touched. A hand goes round all segments, as in the clock algorithm but without use bits: what is
// dropped too early costs one read.
//
// A statement that finds memory short makes room before it takes any latch; if too little is clean, it first writes a
// checkpoint. What still does not fit is OutOfMemory.

import Synchronization

extension Graph {
    /// Called where no latch is held, before memory is needed.
    @inline(__always)
    func makeRoom() throws(DeedError) {
        if store != nil && pool.isExhausted(by: pool.limit / 8) { try evict() }
    }

    @inline(never)
    private func evict() throws(DeedError) {
        if maintenance.isWritingCheckpoint {
            // The checkpoint needs room itself. Whoever waits for it below holds `eviction`, so that is not taken here.
            sweep()
            return
        }
        eviction.lock()
        defer { eviction.unlock() }
        guard pool.isExhausted(by: pool.limit / 8) else { return }
        sweep()
        guard pool.isExhausted(by: pool.limit / 8) && !options.isReadOnly && !isRecovering else { return }
        settleQueued()
        try checkpoint()
        sweep()
    }

    /// Drops clean rows and lists until a quarter of the limit is free, going round once at most.
    private func sweep() {
        let goal = pool.limit / 4
        for kind in [RowKind.relationship, .entity] {
            let directory = directory(kind)
            let count = directory.count
            for _ in 0..<count {
                guard pool.isExhausted(by: goal) else { return }
                if let segment = directory[nextInSweep(kind) % count] { evict(segment) }
            }
        }
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
