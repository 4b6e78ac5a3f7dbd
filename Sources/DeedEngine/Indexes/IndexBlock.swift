// The sorted entries of one node of an index. An entry is a key and a row; entries with equal keys are in order of row.
//
// What all keys begin with is kept once, as `prefix`. Of the rest of each key the first eight bytes lie in an array of
// big-endian numbers, where most comparisons end; what is longer has a tail in a heap behind. Where all rests are equally
// long, and short, no lengths are kept: a block of numbers is two plain arrays.
//
// An inner node's entries separate its children: child i holds what is below entry i, and not below entry i - 1.
// A block is plain memory without reference counts. A change that cannot get memory throws and changes nothing.

import Glibc

struct IndexBlock {
    /// The length of one rest, and where its tail lies.
    struct Slot {
        var offset: UInt32
        var length: UInt32
    }

    /// Entries for which there is room.
    let capacity: Int
    let isInner: Bool
    var count = 0
    private var base: UnsafeMutableRawPointer?
    private(set) var prefix: UnsafeMutableRawPointer?
    private(set) var prefixCount = 0
    /// The length of every rest, unless there are slots.
    var uniformLength = 0
    var slots: UnsafeMutablePointer<Slot>?
    var heap: UnsafeMutableRawPointer?
    var heapCount = 0
    var heapCapacity = 0

    init(capacity: Int, isInner: Bool) {
        self.capacity = capacity
        self.isInner = isInner
    }

    private var baseBytes: Int { capacity &* 16 &+ (isInner ? (capacity &+ 1) &* 8 : 0) }

    mutating func free(_ pool: MemoryPool) {
        pool.free(base, baseBytes, .indexes)
        base = nil
        freeKeys(pool)
    }

    private mutating func freeKeys(_ pool: MemoryPool) {
        pool.free(prefix, prefixCount, .indexes)
        pool.free(slots, capacity &* 8, .indexes)
        pool.free(heap, heapCapacity, .indexes)
        (prefix, slots, heap) = (nil, nil, nil)
        (count, prefixCount, uniformLength, heapCount, heapCapacity) = (0, 0, 0, 0, 0)
    }

    // MARK: Access

    @inline(__always)
    var heads: UnsafeMutablePointer<UInt64> { base.unsafelyUnwrapped.assumingMemoryBound(to: UInt64.self) }

    @inline(__always)
    var rows: UnsafeMutablePointer<RowId> { heads + capacity }

    /// The children of an inner node, one more than entries.
    @inline(__always)
    var children: UnsafeMutablePointer<IndexNodeRef> {
        (base.unsafelyUnwrapped + capacity &* 16).assumingMemoryBound(to: IndexNodeRef.self)
    }

    var prefixBytes: UnsafeRawBufferPointer { UnsafeRawBufferPointer(start: prefix, count: prefixCount) }

    @inline(__always)
    private func restLength(_ index: Int) -> Int { slots.map { Int($0[index].length) } ?? uniformLength }

    func tail(_ index: Int) -> UnsafeRawBufferPointer {
        guard let slots, slots[index].length > 8 else { return UnsafeRawBufferPointer(start: nil, count: 0) }
        return UnsafeRawBufferPointer(
            start: heap.unsafelyUnwrapped + Int(slots[index].offset), count: Int(slots[index].length) &- 8)
    }

    @inline(__always)
    func keyLength(_ index: Int) -> Int { prefixCount &+ restLength(index) }

    /// Appends the key of an entry.
    func appendKey(_ index: Int, to buffer: inout ByteBuffer) {
        buffer.append(prefixBytes)
        let length = restLength(index)
        var head = heads[index].bigEndian
        withUnsafeBytes(of: &head) { buffer.append(UnsafeRawBufferPointer(rebasing: $0[0..<min(length, 8)])) }
        if length > 8 { buffer.append(tail(index)) }
    }

    // MARK: Searching

    /// How many entries are less than the key and row; with `orEqual` also one that equals them.
    @inline(__always)
    func position(_ key: UnsafeRawBufferPointer, _ row: RowId, orEqual: Bool = false) -> Int {
        if count == 0 { return 0 }
        if prefixCount > 0 {
            let order = orderToPrefix(key)
            if order != 0 { return order < 0 ? 0 : count }
        }
        let rest = UnsafeRawBufferPointer(rebasing: key[prefixCount...])
        let head = Self.head(rest)
        let heads = heads
        var low = 0
        var size = count
        while size > 0 {
            let half = size &>> 1
            if heads[low &+ half] < head {
                low &+= half &+ 1
                size &-= half &+ 1
            } else {
                size = half
            }
        }
        if low == count || heads[low] != head { return low }
        return positionAmongEqualHeads(low, head, rest, row, orEqual)
    }

    private func positionAmongEqualHeads(
        _ first: Int, _ head: UInt64, _ rest: UnsafeRawBufferPointer, _ row: RowId, _ orEqual: Bool
    ) -> Int {
        var low = first
        var high = count
        while low < high {
            let middle = (low &+ high) &>> 1
            let isBefore: Bool
            if heads[middle] > head {
                isBefore = false
            } else {
                let order = compareTail(middle, rest)
                isBefore = order < 0 || order == 0 && (orEqual ? rows[middle] <= row : rows[middle] < row)
            }
            if isBefore { low = middle &+ 1 } else { high = middle }
        }
        return low
    }

    /// The order of the key to all that begins with the prefix: negative, positive, or 0 if it begins with it itself.
    @inline(__always)
    private func orderToPrefix(_ key: UnsafeRawBufferPointer) -> Int {
        let common = min(key.count, prefixCount)
        if common > 0 {
            let order = Int(memcmp(key.baseAddress.unsafelyUnwrapped, prefix.unsafelyUnwrapped, common))
            if order != 0 { return order }
        }
        return key.count < prefixCount ? -1 : 0
    }

    /// Compares an entry's rest with another of the same head.
    @inline(__always)
    private func compareTail(_ index: Int, _ rest: UnsafeRawBufferPointer) -> Int {
        let length = restLength(index)
        if length > 8 && rest.count > 8 {
            return compareBytes(tail(index), UnsafeRawBufferPointer(rebasing: rest[8...]))
        }
        return length &- rest.count
    }

    @inline(__always)
    private static func head(_ rest: UnsafeRawBufferPointer) -> UInt64 {
        if rest.count >= 8 { return UInt64(bigEndian: rest.loadUnaligned(as: UInt64.self)) }
        var head: UInt64 = 0
        for index in 0..<rest.count { head |= UInt64(rest[index]) &<< UInt64(56 &- 8 &* index) }
        return head
    }

    /// True if the entry there has exactly this key.
    @inline(__always)
    func hasKey(_ index: Int, _ key: UnsafeRawBufferPointer) -> Bool {
        guard keyLength(index) == key.count else { return false }
        if prefixCount > 0 && orderToPrefix(key) != 0 { return false }
        let rest = UnsafeRawBufferPointer(rebasing: key[prefixCount...])
        return heads[index] == Self.head(rest) && compareTail(index, rest) == 0
    }

    // MARK: Changing

    /// Makes an entry; in an inner node `child` comes after it.
    @inline(__always)
    mutating func insert(
        at index: Int, _ key: UnsafeRawBufferPointer, _ row: RowId, child: IndexNodeRef? = nil, _ pool: MemoryPool
    ) throws(DeedError) {
        assert(count < capacity)
        if base == nil { try allocate(pool) }
        if count == 0 {
            try setPrefix(key, pool)
        } else if prefixCount > 0 && orderToPrefix(key) != 0 {
            try shortenPrefix(to: Self.commonCount(key, prefixBytes), pool)
        }
        let rest = UnsafeRawBufferPointer(rebasing: key[prefixCount...])
        var offset = 0
        if slots != nil || rest.count != uniformLength || rest.count > 8 { offset = try makeRoomForTail(rest, pool) }
        let (heads, rows) = (heads, rows)
        let moved = count &- index
        if moved > 0 {
            memmove(heads + index + 1, heads + index, moved &* 8)
            memmove(rows + index + 1, rows + index, moved &* 8)
            if isInner { memmove(children + index + 2, children + index + 1, moved &* 8) }
            if let slots { memmove(slots + index + 1, slots + index, moved &* 8) }
        }
        heads[index] = Self.head(rest)
        rows[index] = row
        if let child { children[index &+ 1] = child }
        if let slots { slots[index] = Slot(offset: UInt32(offset), length: UInt32(rest.count)) }
        count &+= 1
    }

    mutating func allocate(_ pool: MemoryPool) throws(DeedError) {
        guard let block = pool.allocate(baseBytes, .indexes) else { throw Self.outOfMemory }
        base = block
    }

    /// Lays down what every key of an empty block will begin with.
    mutating func setPrefix(_ bytes: UnsafeRawBufferPointer, _ pool: MemoryPool) throws(DeedError) {
        assert(count == 0)
        freeKeys(pool)
        if bytes.isEmpty { return }
        guard let block = pool.allocate(bytes.count, .indexes) else { throw Self.outOfMemory }
        block.copyMemory(from: bytes.baseAddress.unsafelyUnwrapped, byteCount: bytes.count)
        prefix = block
        prefixCount = bytes.count
    }

    /// Room for the part of a rest that does not fit a head; returns where it lies.
    @inline(never)
    private mutating func makeRoomForTail(_ rest: UnsafeRawBufferPointer, _ pool: MemoryPool) throws(DeedError) -> Int {
        if slots == nil && count == 0 && rest.count <= 8 {
            uniformLength = rest.count
            return 0
        }
        let tailCount = max(rest.count &- 8, 0)
        if heapCount &+ tailCount > heapCapacity {
            try growHeap(to: max(heapCapacity &* 2, heapCount &+ tailCount, 64), pool)
        }
        if slots == nil { try makeSlots(pool) }
        let offset = heapCount
        if tailCount > 0 {
            (heap.unsafelyUnwrapped + offset).copyMemory(
                from: rest.baseAddress.unsafelyUnwrapped + 8, byteCount: tailCount)
            heapCount &+= tailCount
        }
        return offset
    }

    private mutating func growHeap(to newCapacity: Int, _ pool: MemoryPool) throws(DeedError) {
        guard let grown = pool.reallocate(heap, from: heapCapacity, to: newCapacity, .indexes) else {
            throw Self.outOfMemory
        }
        heap = grown
        heapCapacity = newCapacity
    }

    /// Lengths for the entries there are.
    mutating func makeSlots(_ pool: MemoryPool) throws(DeedError) {
        guard let block = pool.allocate(capacity &* 8, .indexes) else { throw Self.outOfMemory }
        let made = block.assumingMemoryBound(to: Slot.self)
        for index in 0..<count { made[index] = Slot(offset: 0, length: UInt32(uniformLength)) }
        slots = made
    }

    /// A heap of exactly so many bytes, which the caller fills.
    mutating func makeHeap(_ bytes: Int, _ pool: MemoryPool) throws(DeedError) {
        if bytes > 0 { try growHeap(to: bytes, pool) }
        heapCount = bytes
    }

    /// Takes out an entry, and in an inner node the child after it.
    mutating func remove(at index: Int, _ pool: MemoryPool) {
        let moved = count &- index &- 1
        let (heads, rows) = (heads, rows)
        memmove(heads + index, heads + index + 1, moved &* 8)
        memmove(rows + index, rows + index + 1, moved &* 8)
        if isInner { memmove(children + index + 1, children + index + 2, moved &* 8) }
        if let slots { memmove(slots + index, slots + index + 1, moved &* 8) }
        count &-= 1
        if count == 0 { freeKeys(pool) }
    }

    /// Takes out the first child of an inner node, and the entry after it.
    mutating func removeFirst(_ pool: MemoryPool) {
        let second = children[1]
        remove(at: 0, pool)
        children[0] = second
    }

    // MARK: Building anew

    private mutating func shortenPrefix(to newCount: Int, _ pool: MemoryPool) throws(DeedError) {
        let shorter = UnsafeRawBufferPointer(rebasing: prefixBytes[0..<newCount])
        let fresh = try copied(0..<count, prefix: shorter, pool)
        free(pool)
        self = fresh
    }

    /// Some of the entries as a block of their own, with the longest prefix that they have in common. An inner node's
    /// first child there is the one before the first entry.
    func copied(_ range: Range<Int>, _ pool: MemoryPool) throws(DeedError) -> IndexBlock {
        if range.isEmpty { return try copied(range, prefix: UnsafeRawBufferPointer(start: nil, count: 0), pool) }
        var first = ByteBuffer(capacity: 64)
        var last = ByteBuffer(capacity: 64)
        appendKey(range.lowerBound, to: &first)
        appendKey(range.upperBound - 1, to: &last)
        let common = Self.commonCount(first.bytes, last.bytes)
        return try copied(range, prefix: UnsafeRawBufferPointer(start: first.base, count: common), pool)
    }

    private func copied(
        _ range: Range<Int>, prefix: UnsafeRawBufferPointer, _ pool: MemoryPool
    ) throws(DeedError) -> IndexBlock {
        var fresh = IndexBlock(capacity: capacity, isInner: isInner)
        do throws(DeedError) {
            try fresh.allocate(pool)
            try fresh.setPrefix(prefix, pool)
            if isInner { fresh.children[0] = children[range.lowerBound] }
            try fresh.append(self, range, pool)
        } catch {
            fresh.free(pool)
            throw error
        }
        return fresh
    }

    /// Appends entries of another block, all of which are greater than those here.
    mutating func append(_ other: IndexBlock, _ range: Range<Int>, _ pool: MemoryPool) throws(DeedError) {
        var key = ByteBuffer(capacity: 64)
        for index in range {
            key.removeAll()
            other.appendKey(index, to: &key)
            // Before the first entry the prefix stands alone, and the entry must not replace it.
            if count == 0 {
                try insertFirst(key.bytes, other.rows[index], pool)
            } else {
                try insert(at: count, key.bytes, other.rows[index], pool)
            }
            if isInner { children[count] = other.children[index &+ 1] }
        }
    }

    /// Makes the first entry of a block whose prefix has been laid down.
    mutating func insertFirst(_ key: UnsafeRawBufferPointer, _ row: RowId, _ pool: MemoryPool) throws(DeedError) {
        let rest = UnsafeRawBufferPointer(rebasing: key[prefixCount...])
        let offset = try makeRoomForTail(rest, pool)
        heads[0] = Self.head(rest)
        rows[0] = row
        if let slots { slots[0] = Slot(offset: UInt32(offset), length: UInt32(rest.count)) }
        count = 1
    }

    @inline(__always)
    static func commonCount(_ left: UnsafeRawBufferPointer, _ right: UnsafeRawBufferPointer) -> Int {
        let most = min(left.count, right.count)
        var common = 0
        while common < most && left[common] == right[common] { common &+= 1 }
        return common
    }

    private static var outOfMemory: DeedError { DeedError(.outOfMemory, "no memory for an index") }
}
