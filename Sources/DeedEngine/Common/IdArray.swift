// An array of ids that takes four bytes each as long as all of them fit, and eight from then on. Almost every id does
// fit (four thousand million rows), and endpoints and adjacency are most of what a graph keeps in memory.

package struct IdArray {
    package private(set) var base: UnsafeMutableRawPointer?
    package private(set) var isWide = false
    package private(set) var capacity = 0

    package init() {}

    package var size: Int { capacity &* (isWide ? 8 : 4) }

    @inline(__always)
    package var narrow: UnsafeMutablePointer<UInt32> { base.unsafelyUnwrapped.assumingMemoryBound(to: UInt32.self) }
    @inline(__always)
    package var wide: UnsafeMutablePointer<UInt64> { base.unsafelyUnwrapped.assumingMemoryBound(to: UInt64.self) }

    @inline(__always)
    package subscript(index: Int) -> UInt64 { isWide ? wide[index] : UInt64(narrow[index]) }

    /// Room for exactly `count` ids of the width that holds `largest`; contents are zero.
    package mutating func allocate(_ count: Int, largest: UInt64, _ pool: MemoryPool, _ part: MemoryPool.Part)
        throws(DeedError)
    {
        free(pool, part)
        let wideNeeded = largest > UInt64(UInt32.max)
        guard let block = pool.allocate(count &* (wideNeeded ? 8 : 4), part) else {
            throw DeedError(.outOfMemory, "no memory for \(count) ids")
        }
        base = block
        isWide = wideNeeded
        capacity = count
    }

    /// Writes an id, growing or widening as needed. Amortised O(1).
    @inline(__always)
    package mutating func set(_ index: Int, _ id: UInt64, _ pool: MemoryPool, _ part: MemoryPool.Part) throws(DeedError) {
        if index >= capacity || (!isWide && id > UInt64(UInt32.max)) {
            try makeRoom(for: index, id, pool, part)
        }
        store(index, id)
    }

    /// Writes an id for which there is room.
    @inline(__always)
    package func store(_ index: Int, _ id: UInt64) {
        if isWide { wide[index] = id } else { narrow[index] = UInt32(truncatingIfNeeded: id) }
    }

    @inline(never)
    private mutating func makeRoom(for index: Int, _ id: UInt64, _ pool: MemoryPool, _ part: MemoryPool.Part)
        throws(DeedError)
    {
        let newCapacity = index < capacity ? capacity : max(capacity &* 2, index &+ 1, 8)
        var grown = IdArray()
        try grown.allocate(newCapacity, largest: isWide ? .max : id, pool, part)
        for position in 0..<capacity { grown.store(position, self[position]) }
        free(pool, part)
        self = grown
    }

    /// Keeps the first `count` ids only.
    package mutating func shrink(to count: Int, _ pool: MemoryPool, _ part: MemoryPool.Part) throws(DeedError) {
        guard let block = pool.reallocate(base, from: size, to: count &* (isWide ? 8 : 4), part) else {
            throw DeedError(.outOfMemory, "no memory for \(count) ids")
        }
        (base, capacity) = (block, count)
    }

    package mutating func free(_ pool: MemoryPool, _ part: MemoryPool.Part) {
        pool.free(base, size, part)
        self = IdArray()
    }
}
