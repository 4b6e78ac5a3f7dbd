// The values of one property for the rows of one segment.
//
// A chunk takes the type of its first value. Fixed types lie in a plain array; every other type in 16-byte slots over an
// append-only arena. A value of a second type turns the chunk into a mixed one: slots for all, and a type tag per row.
// Rows that hold a value are usually the leading ones; only when that pattern breaks is a validity bitmap kept.
//
// The chunk is plain memory without reference counts. Its owner calls `free`, and holds the segment's latch around
// every call. A write that cannot get memory throws and leaves the chunk as it was.

import Glibc

package struct ColumnChunk {
    package private(set) var type: ValueType = .null
    package private(set) var isMixed = false
    /// Rows for which there is room.
    package private(set) var capacity = 0
    /// Without a bitmap, the rows below this hold values and the others are null.
    private var dense = 0
    package private(set) var data: UnsafeMutableRawPointer?
    package private(set) var validity: UnsafeMutablePointer<UInt64>?
    package private(set) var tags: UnsafeMutablePointer<UInt8>?
    package private(set) var arena: UnsafeMutableRawPointer?
    package private(set) var arenaCount = 0
    private var arenaCapacity = 0
    /// Arena bytes that no row refers to any more.
    package private(set) var arenaGarbage = 0
    /// The least and the greatest of the integers or dates, as `noteRange` found them; what was written since is not in it.
    private var least: Int64 = 0
    private var greatest: Int64 = 0
    private var hasRange = false

    package init() {}

    package mutating func free(_ pool: MemoryPool) {
        pool.free(data, capacity &* width, .columns)
        pool.free(validity, Self.bitmapBytes(capacity), .columns)
        pool.free(tags, capacity, .columns)
        pool.free(arena, arenaCapacity, .strings)
        self = ColumnChunk()
    }

    private var width: Int { isMixed ? 16 : type.width }
    private static func bitmapBytes(_ rows: Int) -> Int { (rows &+ 63) / 64 &* 8 }

    // MARK: Reading

    @inline(__always)
    package func isValid(_ row: Int) -> Bool {
        if let validity {
            return row < capacity && validity[row &>> 6] & (1 &<< UInt64(row & 63)) != 0
        }
        return row < dense
    }

    /// True if each of the first `count` rows holds a value and there is no bitmap to consult.
    package func isAllValid(_ count: Int) -> Bool { validity == nil && dense >= count }

    /// The least and the greatest value of rows that are all integers, or all dates, if `noteRange` was called since the last was written.
    package var range: (least: Int64, greatest: Int64)? { hasRange ? (least, greatest) : nil }

    /// Looks for the least and the greatest of the first `count` values, if all are integers or all dates. Changes the chunk, so that the
    /// caller holds the latch alone. O(rows).
    package mutating func noteRange(_ count: Int) {
        guard type == .int64 || type == .date, !isMixed, !hasRange, count > 0, dense == count, validity == nil, let data else { return }
        let values = data.assumingMemoryBound(to: Int64.self)
        var (low, high) = (values[0], values[0])
        for row in 1..<count {
            low = min(low, values[row])
            high = max(high, values[row])
        }
        (least, greatest, hasRange) = (low, high, true)
    }

    /// The value of a row; bytes are borrowed until the chunk changes.
    @inline(__always)
    package func cell(at row: Int) -> Cell {
        guard isValid(row), let data else { return .null }
        if isMixed { return mixedCell(at: row) }
        switch type.width {
        case 8: return Cell(type: type, bits: data.assumingMemoryBound(to: UInt64.self)[row])
        case 1: return Cell(type: type, bits: UInt64(data.assumingMemoryBound(to: UInt8.self)[row]))
        default: return Cell(type: type, bytes: slotBytes(row))
        }
    }

    private func mixedCell(at row: Int) -> Cell {
        let tag = ValueType(rawValue: tags.unsafelyUnwrapped[row]) ?? .null
        if tag.isFixed { return Cell(type: tag, bits: slots[row].tail) }
        return Cell(type: tag, bytes: slotBytes(row))
    }

    @inline(__always)
    package var slots: UnsafeMutablePointer<ByteSlot> { data.unsafelyUnwrapped.assumingMemoryBound(to: ByteSlot.self) }

    @inline(__always)
    private func slotBytes(_ row: Int) -> UnsafeRawBufferPointer {
        let slot = slots + row
        let length = Int(slot.pointee.length)
        if length <= ByteSlot.inlineMax {
            return UnsafeRawBufferPointer(start: UnsafeRawPointer(slot) + 4, count: length)
        }
        return UnsafeRawBufferPointer(start: arena.unsafelyUnwrapped + Int(slot.pointee.tail), count: length)
    }

    /// The value of a row in the form that `restore` takes: its type, and its slot or, in the slot's tail, its bits.
    package func raw(at row: Int) -> (type: ValueType, slot: ByteSlot) {
        guard isValid(row), let data else { return (.null, ByteSlot(length: 0, prefix: 0, tail: 0)) }
        let type = isMixed ? ValueType(rawValue: tags.unsafelyUnwrapped[row]) ?? .null : self.type
        if isMixed || !type.isFixed { return (type, slots[row]) }
        let bits =
            type.width == 8
            ? data.assumingMemoryBound(to: UInt64.self)[row] : UInt64(data.assumingMemoryBound(to: UInt8.self)[row])
        return (type, ByteSlot(length: 0, prefix: 0, tail: bits))
    }

    /// A cell from what `raw` gave. Bytes of a short slot are borrowed from `slot`'s memory.
    package func cell(type: ValueType, slot: UnsafePointer<ByteSlot>) -> Cell {
        if type.isFixed { return Cell(type: type, bits: slot.pointee.tail) }
        let length = Int(slot.pointee.length)
        if length <= ByteSlot.inlineMax {
            return Cell(type: type, bytes: UnsafeRawBufferPointer(start: UnsafeRawPointer(slot) + 4, count: length))
        }
        let start = arena.unsafelyUnwrapped + Int(slot.pointee.tail)
        return Cell(type: type, bytes: UnsafeRawBufferPointer(start: start, count: length))
    }

    // MARK: Writing

    /// Writes one value. Amortised O(size of the value); O(rows) when the type changes.
    @inline(__always)
    package mutating func set(_ row: Int, _ cell: Cell, _ pool: MemoryPool) throws(DeedError) {
        hasRange = false
        if cell.type == type && !isMixed && row < capacity && row <= dense && validity == nil {
            // The common case: the next row, or one that has a value, of the chunk's own type.
            switch type.width {
            case 8: data.unsafelyUnwrapped.assumingMemoryBound(to: UInt64.self)[row] = cell.bits
            case 1: data.unsafelyUnwrapped.assumingMemoryBound(to: UInt8.self)[row] = UInt8(truncatingIfNeeded: cell.bits)
            default: try setSlot(row, cell.bytes, replacing: row < dense, pool)
            }
            if row == dense { dense = row &+ 1 }
            return
        }
        try setSlowly(row, cell, pool)
    }

    @inline(never)
    private mutating func setSlowly(_ row: Int, _ cell: Cell, _ pool: MemoryPool) throws(DeedError) {
        if cell.type == .null {
            try setNull(row, pool)
            return
        }
        try prepare(row, for: cell.type, pool)
        let wasValid = isValid(row)
        if isMixed {
            if cell.type.isFixed {
                if wasValid { discard(row) }
                slots[row] = ByteSlot(length: 0, prefix: 0, tail: cell.bits)
            } else {
                try setSlot(row, cell.bytes, replacing: wasValid, pool)
            }
            tags.unsafelyUnwrapped[row] = cell.type.rawValue
        } else {
            switch type.width {
            case 8: data.unsafelyUnwrapped.assumingMemoryBound(to: UInt64.self)[row] = cell.bits
            case 1: data.unsafelyUnwrapped.assumingMemoryBound(to: UInt8.self)[row] = UInt8(truncatingIfNeeded: cell.bits)
            default: try setSlot(row, cell.bytes, replacing: wasValid, pool)
            }
        }
        markValid(row)
    }

    /// Room for `row`, a type that admits `newType`, and a bitmap if `row` will not extend the leading run.
    private mutating func prepare(_ row: Int, for newType: ValueType, _ pool: MemoryPool) throws(DeedError) {
        if type == .null && !isMixed { type = newType }
        if row >= capacity || data == nil { try grow(toHold: row &+ 1, pool) }
        if !isMixed && type != newType { try convertToMixed(pool) }
        if validity == nil && row > dense { try makeBitmap(pool) }
    }

    private mutating func setNull(_ row: Int, _ pool: MemoryPool) throws(DeedError) {
        guard isValid(row) else { return }
        if validity == nil && row == dense &- 1 {
            discard(row)
            dense = row
            return
        }
        if validity == nil { try makeBitmap(pool) }
        discard(row)
        validity.unsafelyUnwrapped[row &>> 6] &= ~(1 &<< UInt64(row & 63))
    }

    private mutating func markValid(_ row: Int) {
        if let validity {
            validity[row &>> 6] |= 1 &<< UInt64(row & 63)
        } else if row == dense {
            dense = row &+ 1
        }
    }

    /// Counts the arena bytes of a row that is being overwritten as garbage.
    private mutating func discard(_ row: Int) {
        let raw = raw(at: row)
        if !raw.type.isFixed && !raw.slot.isInline { arenaGarbage &+= Int(raw.slot.length) }
    }

    @inline(__always)
    private mutating func setSlot(
        _ row: Int, _ bytes: UnsafeRawBufferPointer, replacing: Bool, _ pool: MemoryPool
    ) throws(DeedError) {
        let slot = try makeSlot(bytes, pool)
        if replacing { discard(row) }
        slots[row] = slot
    }

    /// A slot for these bytes, which are copied into the arena when they are many.
    @inline(__always)
    private mutating func makeSlot(_ bytes: UnsafeRawBufferPointer, _ pool: MemoryPool) throws(DeedError) -> ByteSlot {
        var slot = ByteSlot(length: UInt32(truncatingIfNeeded: bytes.count), prefix: 0, tail: 0)
        guard let start = bytes.baseAddress, bytes.count > 0 else { return slot }
        if bytes.count <= ByteSlot.inlineMax {
            withUnsafeMutableBytes(of: &slot) { target in
                _ = memcpy(target.baseAddress.unsafelyUnwrapped + 4, start, bytes.count)
            }
            return slot
        }
        if arenaCount &+ bytes.count > arenaCapacity { try growArena(bytes.count, pool) }
        slot.prefix = start.loadUnaligned(as: UInt32.self)
        slot.tail = UInt64(arenaCount)
        (arena.unsafelyUnwrapped + arenaCount).copyMemory(from: start, byteCount: bytes.count)
        arenaCount &+= bytes.count
        return slot
    }

    /// Puts back what `raw` gave; its long bytes must still be in the arena.
    package mutating func restore(_ row: Int, type oldType: ValueType, slot: ByteSlot, _ pool: MemoryPool) throws(DeedError) {
        if oldType == .null {
            try setNull(row, pool)
            return
        }
        hasRange = false
        try prepare(row, for: oldType, pool)
        if isValid(row) { discard(row) }
        if isMixed || !oldType.isFixed {
            slots[row] = slot
            if isMixed { tags.unsafelyUnwrapped[row] = oldType.rawValue }
            if !oldType.isFixed && !slot.isInline { arenaGarbage = max(0, arenaGarbage &- Int(slot.length)) }
        } else if oldType.width == 8 {
            data.unsafelyUnwrapped.assumingMemoryBound(to: UInt64.self)[row] = slot.tail
        } else {
            data.unsafelyUnwrapped.assumingMemoryBound(to: UInt8.self)[row] = UInt8(truncatingIfNeeded: slot.tail)
        }
        markValid(row)
    }

    // MARK: Growing

    @inline(never)
    private mutating func grow(toHold rows: Int, _ pool: MemoryPool) throws(DeedError) {
        var newCapacity = max(capacity, 8)
        while newCapacity < rows { newCapacity &*= 2 }
        newCapacity = min(newCapacity, max(Limits.segmentRows, rows))
        try resize(to: newCapacity, pool)
    }

    /// Sets the capacity exactly, so that a chunk whose size is known wastes nothing. On failure nothing has changed.
    package mutating func resize(to newCapacity: Int, _ pool: MemoryPool) throws(DeedError) {
        var newValidity: UnsafeMutableRawPointer?
        var newTags: UnsafeMutableRawPointer?
        if validity != nil { newValidity = pool.allocate(Self.bitmapBytes(newCapacity), .columns) }
        if tags != nil { newTags = pool.allocate(newCapacity, .columns) }
        guard (validity == nil) == (newValidity == nil), (tags == nil) == (newTags == nil),
            let newData = pool.reallocate(data, from: capacity &* width, to: newCapacity &* width, .columns)
        else {
            pool.free(newValidity, Self.bitmapBytes(newCapacity), .columns)
            pool.free(newTags, newCapacity, .columns)
            throw outOfMemory(newCapacity &* width)
        }
        data = newData
        let kept = min(capacity, newCapacity)
        if let validity, let newValidity {
            newValidity.copyMemory(from: validity, byteCount: Self.bitmapBytes(kept))
            pool.free(validity, Self.bitmapBytes(capacity), .columns)
            self.validity = newValidity.assumingMemoryBound(to: UInt64.self)
        }
        if let tags, let newTags {
            newTags.copyMemory(from: tags, byteCount: kept)
            pool.free(tags, capacity, .columns)
            self.tags = newTags.assumingMemoryBound(to: UInt8.self)
        }
        capacity = newCapacity
    }

    private mutating func growArena(_ extra: Int, _ pool: MemoryPool) throws(DeedError) {
        let newCapacity = max(arenaCapacity &+ arenaCapacity / 2, arenaCount &+ extra, 64)
        guard let grown = pool.reallocate(arena, from: arenaCapacity, to: newCapacity, .strings) else {
            throw outOfMemory(newCapacity)
        }
        arena = grown
        arenaCapacity = newCapacity
    }

    private mutating func makeBitmap(_ pool: MemoryPool) throws(DeedError) {
        guard let block = pool.allocate(Self.bitmapBytes(capacity), .columns) else { throw outOfMemory(capacity / 8) }
        let words = block.assumingMemoryBound(to: UInt64.self)
        for row in 0..<dense { words[row &>> 6] |= 1 &<< UInt64(row & 63) }
        validity = words
    }

    private mutating func convertToMixed(_ pool: MemoryPool) throws(DeedError) {
        guard let newTags = pool.allocate(capacity, .columns) else { throw outOfMemory(capacity) }
        let tagBytes = newTags.assumingMemoryBound(to: UInt8.self)
        if type.isFixed {
            guard let block = pool.allocate(capacity &* 16, .columns) else {
                pool.free(newTags, capacity, .columns)
                throw outOfMemory(capacity &* 16)
            }
            let newSlots = block.assumingMemoryBound(to: ByteSlot.self)
            for row in 0..<capacity where isValid(row) { newSlots[row] = raw(at: row).slot }
            pool.free(data, capacity &* width, .columns)
            data = block
        }
        memset(newTags, Int32(type.rawValue), capacity)
        tags = tagBytes
        isMixed = true
    }

    private func outOfMemory(_ size: Int) -> DeedError {
        DeedError(.outOfMemory, "no memory for a column chunk of \(size) bytes")
    }

    // MARK: Whole-chunk access, for loading and saving

    /// An empty chunk made ready to hold exactly `rows` values of one type, which the caller fills through `data`
    /// (and `slots`); then `setValidity` says which are there.
    package mutating func begin(type newType: ValueType, mixed: Bool, rows: Int, arenaBytes: Int, _ pool: MemoryPool)
        throws(DeedError)
    {
        free(pool)
        type = newType
        isMixed = mixed
        if rows > 0 {
            try resize(to: rows, pool)
            if mixed {
                guard let block = pool.allocate(rows, .columns) else { throw outOfMemory(rows) }
                tags = block.assumingMemoryBound(to: UInt8.self)
            }
        }
        if arenaBytes > 0 { try growArena(arenaBytes, pool) }
    }

    /// Declares `count` arena bytes as filled by the caller.
    package mutating func setArenaCount(_ count: Int) { arenaCount = min(count, arenaCapacity) }

    /// Says that the first `count` rows hold values.
    package mutating func setAllValid(_ count: Int) {
        dense = min(count, capacity)
        hasRange = false
    }

    /// Makes a bitmap for the caller to fill, all clear.
    package mutating func makeEmptyBitmap(_ pool: MemoryPool) throws(DeedError) -> UnsafeMutablePointer<UInt64> {
        dense = 0
        if validity == nil { try makeBitmap(pool) }
        return validity.unsafelyUnwrapped
    }

    /// Bytes of the arena in memory; what is above `arenaCount` is room to grow.
    package var arenaSize: Int { arenaCapacity }

    /// Gives back the room that growing left over and the arena bytes that nothing refers to. The chunk must have no
    /// versions, since those refer to arena bytes. O(rows).
    package mutating func compact(rows: Int, _ pool: MemoryPool) throws(DeedError) {
        let tight = capacity > rows || arenaCapacity > arenaCount &+ arenaCount / 8 || arenaGarbage > 0
        guard tight, data != nil else { return }
        var copy = ColumnChunk()
        do throws(DeedError) {
            let live = arenaCount &- min(arenaGarbage, arenaCount)
            if type != .null { try copy.begin(type: type, mixed: isMixed, rows: rows, arenaBytes: live, pool) }
            for row in 0..<min(rows, capacity) { try copy.set(row, cell(at: row), pool) }
        } catch {
            copy.free(pool)
            throw error
        }
        free(pool)
        self = copy
    }
}
