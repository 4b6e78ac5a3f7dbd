// All memory that grows with the data comes from here, so that one limit holds and the parts can be told apart. What comes
// from elsewhere but grows as well, such as the log of a transaction, is counted here.
//
// Blocks below 32 KiB come from malloc. Larger ones, up to 2 MiB, are runs of 32 KiB units cut from 2 MiB slabs for
// which the kernel is asked for huge pages: a random access then misses the TLB half as often (measured 160 ns against
// 250 ns). Larger still: a mapping of their own. An empty slab goes back to the system at once, but for one kept spare, and
// the free units of the others when there are many.

import CDeedShims
import Glibc
import Synchronization

package final class MemoryPool: Sendable {
    /// What the memory is for; indexes the counters.
    package enum Part: Int, CaseIterable, Sendable {
        case columns, strings, adjacency, pheromone, versions, scratch, indexes
    }

    /// Bytes; allocation beyond it fails.
    package let limit: Int
    /// What is stored may take less, so that a store that is full can still be asked.
    package let storedLimit: Int
    private let used: [Counter] = Part.allCases.map { _ in Counter() }
    private let total = Atomic<Int>(0)
    private let suspensions = Atomic<Int>(0)
    private let slabs: Mutex<Slabs>

    private final class Counter: Sendable { let bytes = Atomic<Int>(0) }

    package init(limit: Int) {
        self.limit = limit
        storedLimit = limit - min(limit / 16, 8 << 20)
        slabs = Mutex(Slabs(keptMax: max(limit / 16, Slabs.slabSize * 2)))
    }

    package func bytes(of part: Part) -> Int { used[part.rawValue].bytes.load(ordering: .relaxed) }
    package var bytesTotal: Int { total.load(ordering: .relaxed) }

    /// True if `size` more bytes of what is stored would go beyond the limit.
    package func isExhausted(by size: Int) -> Bool { total.load(ordering: .relaxed) &+ size > storedLimit }

    /// Between these two calls the limit does not apply; for undoing, which must not fail.
    package func suspendLimit() { suspensions.add(1, ordering: .relaxed) }
    package func resumeLimit() { suspensions.subtract(1, ordering: .relaxed) }

    /// Counts memory that was taken elsewhere. False, and nothing is counted, when the limit refuses.
    package func charge(_ size: Int, _ part: Part) -> Bool {
        guard take(size, part) else { return false }
        used[part.rawValue].bytes.add(size, ordering: .relaxed)
        return true
    }

    /// Adds to the total; false, and nothing is added, when the limit refuses.
    @inline(__always)
    private func take(_ size: Int, _ part: Part) -> Bool {
        let bound = part == .scratch ? limit : storedLimit
        if total.add(size, ordering: .relaxed).newValue <= bound || suspensions.load(ordering: .relaxed) > 0 { return true }
        total.subtract(size, ordering: .relaxed)
        return false
    }

    package func discharge(_ size: Int, _ part: Part) {
        used[part.rawValue].bytes.subtract(size, ordering: .relaxed)
        total.subtract(size, ordering: .relaxed)
    }

    /// Gives free memory back to the system, that of malloc included.
    package func trim() {
        slabs.withLock { $0.giveBack() }
        shim_trim_heap()
    }

    /// Zeroed memory, or nil when the limit or the system refuses. Aligned to 16 bytes at least. O(size).
    package func allocate(_ size: Int, _ part: Part) -> UnsafeMutableRawPointer? {
        let rounded = Self.rounded(size)
        guard take(rounded, part) else { return nil }
        let block: UnsafeMutableRawPointer?
        if rounded < Slabs.unit {
            block = calloc(1, rounded)
        } else if rounded <= Slabs.slabSize {
            block = UnsafeMutableRawPointer(
                bitPattern: slabs.withLock { UInt(bitPattern: $0.allocate(units: rounded / Slabs.unit)) })
        } else {
            block = Slabs.map(rounded)
        }
        guard let block else {
            total.subtract(rounded, ordering: .relaxed)
            return nil
        }
        used[part.rawValue].bytes.add(rounded, ordering: .relaxed)
        return block
    }

    /// Gives back what `allocate(size, part)` handed out.
    package func free(_ block: UnsafeMutableRawPointer?, _ size: Int, _ part: Part) {
        guard let block else { return }
        let rounded = Self.rounded(size)
        if rounded < Slabs.unit {
            Glibc.free(block)
        } else if rounded <= Slabs.slabSize {
            let address = UInt(bitPattern: block)
            slabs.withLock { $0.free(address, units: rounded / Slabs.unit) }
        } else {
            munmap(block, rounded)
        }
        used[part.rawValue].bytes.subtract(rounded, ordering: .relaxed)
        total.subtract(rounded, ordering: .relaxed)
    }

    /// A block of `newSize` bytes with the first `min(oldSize, newSize)` bytes of the old one; the old one is freed.
    /// On nil the old block is untouched.
    package func reallocate(
        _ block: UnsafeMutableRawPointer?, from oldSize: Int, to newSize: Int, _ part: Part
    ) -> UnsafeMutableRawPointer? {
        if let block, Self.rounded(oldSize) == Self.rounded(newSize) { return block }
        guard let fresh = allocate(newSize, part) else { return nil }
        if let block { fresh.copyMemory(from: block, byteCount: min(oldSize, newSize)) }
        free(block, oldSize, part)
        return fresh
    }

    private static func rounded(_ size: Int) -> Int {
        if size < Slabs.unit { return (max(size, 1) &+ 15) & ~15 }
        return (size &+ Slabs.unit &- 1) & ~(Slabs.unit &- 1)
    }
}

/// The 2 MiB slabs of a pool. A slab's free units are the set bits of one word.
private struct Slabs: ~Copyable {
    static let unit = 32 << 10
    static let slabSize = 2 << 20
    private static let allFree = UInt64.max
    private struct Slab {
        var base: UnsafeMutableRawPointer?
        var free: UInt64
        /// Units that were used before and must be zeroed on their next use.
        var dirty: UInt64
    }

    private var slabs: [Slab] = []
    private var indexOfBase: [UInt: Int] = [:]
    private var vacant: [Int] = []
    /// Below this index no slab had a free run of so many units when last looked.
    private var searchStart = [Int](repeating: 0, count: 65)
    private var emptySlabs = 0
    /// Units that are free but still the process's, slabs that are wholly free not counted, and how many may be.
    private var keptUnits = 0
    private let keptUnitsMax: Int

    init(keptMax: Int) { keptUnitsMax = keptMax / Self.unit }

    deinit {
        for slab in slabs { if let base = slab.base { munmap(base, Self.slabSize) } }
    }

    mutating func allocate(units: Int) -> UnsafeMutableRawPointer? {
        var index = searchStart[units]
        while index < slabs.count {
            if let first = Self.run(of: units, in: slabs[index].free) {
                searchStart[units] = index
                return take(units, at: first, of: index)
            }
            index += 1
        }
        searchStart[units] = slabs.count
        guard let base = Self.mapSlab() else { return nil }
        let slab = Slab(base: base, free: Self.allFree, dirty: 0)
        let slot: Int
        if let reused = vacant.popLast() {
            slabs[reused] = slab
            slot = reused
            lowerSearch(to: slot)
        } else {
            slot = slabs.count
            slabs.append(slab)
        }
        indexOfBase[UInt(bitPattern: base)] = slot
        emptySlabs += 1
        return take(units, at: 0, of: slot)
    }

    private mutating func take(_ units: Int, at first: Int, of index: Int) -> UnsafeMutableRawPointer? {
        let mask = Self.mask(units) &<< UInt64(first)
        if slabs[index].free == Self.allFree { emptySlabs -= 1 }
        let block = slabs[index].base.unsafelyUnwrapped + first * Self.unit
        keptUnits -= (slabs[index].dirty & mask).nonzeroBitCount
        if slabs[index].dirty & mask != 0 { memset(block, 0, units * Self.unit) }
        slabs[index].free &= ~mask
        slabs[index].dirty |= mask
        return block
    }

    mutating func free(_ address: UInt, units: Int) {
        let base = address & ~UInt(Self.slabSize - 1)
        guard let index = indexOfBase[base] else {
            assertionFailure("a block that no slab holds")
            return
        }
        slabs[index].free |= Self.mask(units) &<< UInt64(Int(address - base) / Self.unit)
        keptUnits += units
        lowerSearch(to: index)
        guard slabs[index].free == Self.allFree else {
            if keptUnits > keptUnitsMax { giveBack() }
            return
        }
        emptySlabs += 1
        if emptySlabs > 1, let slab = slabs[index].base {
            keptUnits -= slabs[index].dirty.nonzeroBitCount
            munmap(slab, Self.slabSize)
            indexOfBase[base] = nil
            slabs[index] = Slab(base: nil, free: 0, dirty: 0)
            vacant.append(index)
            emptySlabs -= 1
        }
    }

    /// Gives the free units of all slabs back to the system. A slab of which a part is gone has no huge page any more.
    mutating func giveBack() {
        for index in slabs.indices {
            let kept = slabs[index].free & slabs[index].dirty
            guard kept != 0, let base = slabs[index].base else { continue }
            madvise(base, Self.slabSize, MADV_NOHUGEPAGE)
            var rest = kept
            while rest != 0 {
                let first = rest.trailingZeroBitCount
                let count = (~(rest &>> UInt64(first))).trailingZeroBitCount
                madvise(base + first * Self.unit, count * Self.unit, MADV_DONTNEED)
                rest &= ~(Self.mask(count) &<< UInt64(first))
            }
            slabs[index].dirty &= ~kept
        }
        keptUnits = 0
    }

    private mutating func lowerSearch(to index: Int) {
        for units in searchStart.indices where searchStart[units] > index { searchStart[units] = index }
    }

    private static func mask(_ units: Int) -> UInt64 { units >= 64 ? .max : (1 &<< UInt64(units)) &- 1 }

    /// The first position where `units` neighbouring bits are set: each round joins runs to twice their length.
    private static func run(of units: Int, in free: UInt64) -> Int? {
        var starts = free
        var length = 1
        while length < units && starts != 0 {
            let step = min(length, units - length)
            starts &= starts &>> UInt64(step)
            length += step
        }
        return starts == 0 ? nil : starts.trailingZeroBitCount
    }

    static func map(_ size: Int) -> UnsafeMutableRawPointer? {
        let block = mmap(nil, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)
        guard let block, block != MAP_FAILED else { return nil }
        madvise(block, size, MADV_HUGEPAGE)
        return block
    }

    /// A slab aligned to its size: twice as much is mapped and the margins are given back.
    private static func mapSlab() -> UnsafeMutableRawPointer? {
        guard let block = mmap(nil, slabSize * 2, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0),
            block != MAP_FAILED
        else { return nil }
        let start = UInt(bitPattern: block)
        let aligned = (start + UInt(slabSize - 1)) & ~UInt(slabSize - 1)
        let before = Int(aligned - start)
        if before > 0 { munmap(block, before) }
        munmap(block + before + slabSize, slabSize - before)
        let slab = block + before
        madvise(slab, slabSize, MADV_HUGEPAGE)
        return slab
    }
}
