// Many entries at once: they are collected, sorted, and entered in order, so that each leaf is found once.
//
// Sorting looks at the eight bytes behind what all keys begin with: a radix sort, which skips the bytes that are the same
// everywhere, and after it a comparison of what is still equal.

import Glibc

/// Entries on their way into an index. For one thread at a time.
final class IndexRun {
    private struct Entry {
        var head: UInt64
        var row: RowId
        var offset: UInt32
        var length: UInt32
    }

    /// A run is entered when it has so many bytes of keys, or entries.
    static let keyBytesMax = 48 << 20
    static let entriesMax = 1 << 20

    private let pool: MemoryPool
    private var keys: UnsafeMutableRawPointer?
    private var keyBytes = 0
    private var keyCapacity = 0
    private var entries: UnsafeMutablePointer<Entry>?
    private var capacity = 0
    private(set) var count = 0
    /// How many bytes all keys have in common.
    private var commonCount = 0

    init(_ pool: MemoryPool) { self.pool = pool }

    deinit {
        pool.free(keys, keyCapacity, .scratch)
        pool.free(entries, capacity * MemoryLayout<Entry>.stride, .scratch)
    }

    var isFull: Bool { keyBytes >= Self.keyBytesMax || count >= Self.entriesMax }

    func removeAll() { (keyBytes, count) = (0, 0) }

    @inline(__always)
    func append(_ key: UnsafeRawBufferPointer, _ row: RowId) throws(DeedError) {
        if keyBytes &+ key.count > keyCapacity || count == capacity { try grow(key.count) }
        let keys = keys.unsafelyUnwrapped
        if count == 0 { commonCount = key.count }
        if commonCount > 0 {
            let common = min(commonCount, key.count)
            let first = UnsafeRawBufferPointer(start: keys, count: count == 0 ? 0 : common)
            if count > 0 && (common < commonCount || memcmp(keys, key.baseAddress.unsafelyUnwrapped, common) != 0) {
                commonCount = IndexBlock.commonCount(first, key)
            }
        }
        (keys + keyBytes).copyMemory(from: key.baseAddress.unsafelyUnwrapped, byteCount: key.count)
        entries.unsafelyUnwrapped[count] = Entry(
            head: 0, row: row, offset: UInt32(truncatingIfNeeded: keyBytes), length: UInt32(truncatingIfNeeded: key.count))
        keyBytes &+= key.count
        count &+= 1
    }

    @inline(never)
    private func grow(_ extra: Int) throws(DeedError) {
        let stride = MemoryLayout<Entry>.stride
        let newKeyCapacity = keyBytes + extra > keyCapacity ? max(keyCapacity * 2, keyBytes + extra, 4096) : keyCapacity
        guard let newKeys = pool.reallocate(keys, from: keyCapacity, to: newKeyCapacity, .scratch) else {
            throw outOfMemory
        }
        (keys, keyCapacity) = (newKeys, newKeyCapacity)
        let newCapacity = count == capacity ? max(capacity * 2, 256) : capacity
        guard let newEntries = pool.reallocate(entries, from: capacity * stride, to: newCapacity * stride, .scratch) else {
            throw outOfMemory
        }
        (entries, capacity) = (newEntries.assumingMemoryBound(to: Entry.self), newCapacity)
    }

    private var outOfMemory: DeedError { DeedError(.outOfMemory, "no memory to sort the entries of an index") }

    // MARK: Sorting

    /// Puts the entries into ascending order. They were appended in ascending order of row.
    func sort() throws(DeedError) {
        guard count > 1, let entries else { return }
        var isSorted = true
        var histogram = [UInt32](repeating: 0, count: 8 * 256)
        histogram.withUnsafeMutableBufferPointer { histogram in
            var previous: UInt64 = 0
            for index in 0..<count {
                let head = head(entries[index])
                entries[index].head = head
                if head < previous { isSorted = false }
                previous = head
                for digit in 0..<8 { histogram[digit &* 256 &+ Int(head &>> UInt64(8 &* digit) & 0xff)] &+= 1 }
            }
        }
        if !isSorted { try radixSort(histogram) }
        sortEqualHeads()
    }

    @inline(__always)
    private func head(_ entry: Entry) -> UInt64 {
        let start = keys.unsafelyUnwrapped + Int(entry.offset) + commonCount
        let length = Int(entry.length) &- commonCount
        if length >= 8 { return UInt64(bigEndian: start.loadUnaligned(as: UInt64.self)) }
        var head: UInt64 = 0
        for index in 0..<length {
            head |= UInt64(start.load(fromByteOffset: index, as: UInt8.self)) &<< UInt64(56 &- 8 &* index)
        }
        return head
    }

    private func radixSort(_ histogram: [UInt32]) throws(DeedError) {
        let bytes = capacity * MemoryLayout<Entry>.stride
        guard let block = pool.allocate(bytes, .scratch) else { throw outOfMemory }
        var source = entries.unsafelyUnwrapped
        var target = block.assumingMemoryBound(to: Entry.self)
        var next = [Int](repeating: 0, count: 256)
        for digit in 0..<8 {
            let counts = histogram[digit * 256..<(digit + 1) * 256]
            if counts.contains(UInt32(count)) { continue }
            var sum = 0
            for (value, size) in counts.enumerated() {
                next[value] = sum
                sum += Int(size)
            }
            let shift = UInt64(8 * digit)
            next.withUnsafeMutableBufferPointer { next in
                for index in 0..<count {
                    let value = Int(source[index].head &>> shift & 0xff)
                    target[next[value]] = source[index]
                    next[value] &+= 1
                }
            }
            swap(&source, &target)
        }
        entries = source
        pool.free(target, bytes, .scratch)
    }

    private func sortEqualHeads() {
        let entries = entries.unsafelyUnwrapped
        var start = 0
        while start < count {
            var end = start &+ 1
            let head = entries[start].head
            while end < count && entries[end].head == head { end &+= 1 }
            if end &- start > 1 { sortByTail(start..<end) }
            start = end
        }
    }

    private func sortByTail(_ range: Range<Int>) {
        let entries = entries.unsafelyUnwrapped
        func isBefore(_ left: Entry, _ right: Entry) -> Bool {
            let order = compareBytes(key(left), key(right))
            return order < 0 || order == 0 && left.row < right.row
        }
        let isSorted = range.dropFirst().allSatisfy { !isBefore(entries[$0], entries[$0 - 1]) }
        if isSorted { return }
        var equal = UnsafeMutableBufferPointer(start: entries + range.lowerBound, count: range.count)
        equal.sort(by: isBefore)
    }

    // MARK: Access, in order once sorted

    @inline(__always)
    private func key(_ entry: Entry) -> UnsafeRawBufferPointer {
        UnsafeRawBufferPointer(start: keys.unsafelyUnwrapped + Int(entry.offset), count: Int(entry.length))
    }

    @inline(__always)
    func key(_ index: Int) -> UnsafeRawBufferPointer { key(entries.unsafelyUnwrapped[index]) }

    @inline(__always)
    func row(_ index: Int) -> RowId { entries.unsafelyUnwrapped[index].row }
}

extension IndexTree {
    /// Entries entered under one hold of the latch.
    static let entriesAtOnce = 2048

    /// Adds the entries of a sorted run that are not there yet, from `first` on; returns where to go on, after at most
    /// `entriesAtOnce` of them.
    func insert(_ run: IndexRun, from first: Int) throws(DeedError) -> Int {
        var next = first
        let stop = min(first + Self.entriesAtOnce, run.count)
        while next < stop {
            var missing: Missing?
            next = try insert(run, next..<stop, &missing)
            if let missing { try load(missing) }
        }
        return next
    }

    private func insert(_ run: IndexRun, _ range: Range<Int>, _ missing: inout Missing?) throws(DeedError) -> Int {
        latch.lockExclusive()
        defer { latch.unlockExclusive() }
        var path = IndexPath()
        var next = range.lowerBound
        while next < range.upperBound {
            guard let leaf = descend(run.key(next), run.row(next), &path) else {
                missing = self.missing(path)
                return next
            }
            next = try fill(leaf, &path, run, next..<range.upperBound)
        }
        return next
    }

    /// Adds the entries that belong into one leaf, until it is full; of these the last one splits it.
    private func fill(
        _ leaf: IndexNodeRef, _ path: inout IndexPath, _ run: IndexRun, _ range: Range<Int>
    ) throws(DeedError) -> Int {
        let fence = fence(path)
        var next = range.lowerBound
        while next < range.upperBound {
            let (key, row) = (run.key(next), run.row(next))
            if let fence, fence.block.position(key, row, orEqual: true) > fence.position { return next }
            let before = leaf.pointee.block.count
            let isNew = try insert(into: leaf, key, row, &path, appending: true)
            next &+= 1
            let wasSplit = isNew && leaf.pointee.block.count != before &+ 1
            if wasSplit { return next }
        }
        return next
    }

    /// The entry above the leaf that a path leads to: where the next leaf begins.
    private func fence(_ path: IndexPath) -> (block: IndexBlock, position: Int)? {
        for index in stride(from: path.depth - 1, through: 0, by: -1) {
            let (node, position) = (path.node(index), path.position(index))
            if position < node.pointee.block.count { return (node.pointee.block, position) }
        }
        return nil
    }
}
