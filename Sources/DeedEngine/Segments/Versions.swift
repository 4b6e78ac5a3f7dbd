// The versions of a segment's rows, present only while some transaction may still need to tell old from new.
//
// Rows are written in place. What a reader needs to see an earlier state is kept beside them:
//   created[row]   who made the row: 0 for "long ago", a commit timestamp, or the mark of a running transaction
//   deleted[row]   the same for its deletion: 0 for "not deleted"
//   undo chains    for each changed property the value before, newest first, each with the stamp of the change
// A stamp with the top bit set is the mark of a running transaction; without it, a commit timestamp. Committing
// replaces marks by the timestamp. When every snapshot is newer than all stamps, the whole thing is dropped.

package typealias Stamp = UInt64

@inline(__always)
package func isRunning(_ stamp: Stamp) -> Bool { stamp >> 63 != 0 }

/// What a statement may see: everything committed up to `timestamp`, and what transaction `mark` wrote.
package struct Snapshot: Sendable {
    package var timestamp: Timestamp
    /// The stamp of the transaction itself, or 0 for a reader without one.
    package var mark: Stamp

    package init(timestamp: Timestamp, mark: Stamp) {
        self.timestamp = timestamp
        self.mark = mark
    }

    /// Sees all that is committed at the moment it looks; for statements that are a transaction of their own.
    package static func latest(mark: Stamp) -> Snapshot { Snapshot(timestamp: 1 << 62, mark: mark) }

    /// True if what carries this stamp has happened, for this snapshot.
    @inline(__always)
    package func sees(_ stamp: Stamp) -> Bool { isRunning(stamp) ? stamp == mark : stamp <= timestamp }
}

/// The value of one property before one change.
struct UndoRecord {
    var stamp: Stamp
    var slot: ByteSlot
    var key: NameId
    /// The next older record of the row plus one, or 0.
    var next: UInt32
    var row: UInt16
    var type: ValueType

    static let slotOffset = MemoryLayout<UndoRecord>.offset(of: \.slot).unsafelyUnwrapped
    static let nextOffset = MemoryLayout<UndoRecord>.offset(of: \.next).unsafelyUnwrapped
}

struct Versions {
    private(set) var created: UnsafeMutablePointer<Stamp>?
    private(set) var deleted: UnsafeMutablePointer<Stamp>?
    /// For each row its newest undo record plus one, or 0.
    private(set) var undoHead: UnsafeMutablePointer<UInt32>?
    private(set) var undo: UnsafeMutablePointer<UndoRecord>?
    private(set) var undoCount = 0
    private var undoCapacity = 0
    /// Released undo records, chained by `next`.
    private var undoFree: UInt32 = 0
    private(set) var undoLive = 0
    private var createdCapacity = 0
    private var deletedCapacity = 0
    private var headCapacity = 0

    var bytes: Int {
        (createdCapacity &+ deletedCapacity) &* 8 &+ headCapacity &* 4
            &+ undoCapacity &* MemoryLayout<UndoRecord>.stride
    }

    mutating func free(_ pool: MemoryPool) {
        pool.free(created, createdCapacity &* 8, .versions)
        pool.free(deleted, deletedCapacity &* 8, .versions)
        freeUndo(pool)
        self = Versions()
    }

    /// Drops the deletions and the undo chains but keeps the creation stamps, for a segment that is still filling.
    mutating func freeAllButCreated(_ pool: MemoryPool) {
        pool.free(deleted, deletedCapacity &* 8, .versions)
        deleted = nil
        deletedCapacity = 0
        freeUndo(pool)
    }

    private mutating func freeUndo(_ pool: MemoryPool) {
        pool.free(undoHead, headCapacity &* 4, .versions)
        pool.free(undo, undoCapacity &* MemoryLayout<UndoRecord>.stride, .versions)
        undoHead = nil
        undo = nil
        (undoCount, undoCapacity, undoLive, headCapacity) = (0, 0, 0, 0)
        undoFree = 0
    }

    // MARK: Creation and deletion

    @inline(__always)
    func createdStamp(_ row: Int) -> Stamp {
        guard let created, row < createdCapacity else { return 0 }
        return created[row]
    }

    @inline(__always)
    func deletedStamp(_ row: Int) -> Stamp {
        guard let deleted, row < deletedCapacity else { return 0 }
        return deleted[row]
    }

    @inline(__always)
    mutating func setCreated(_ row: Int, _ stamp: Stamp, _ pool: MemoryPool) throws(DeedError) {
        if row >= createdCapacity {
            created = try grown(created, &createdCapacity, row, pool)
        }
        created.unsafelyUnwrapped[row] = stamp
    }

    mutating func setDeleted(_ row: Int, _ stamp: Stamp, _ pool: MemoryPool) throws(DeedError) {
        if row >= deletedCapacity {
            deleted = try grown(deleted, &deletedCapacity, row, pool)
        }
        deleted.unsafelyUnwrapped[row] = stamp
    }

    @inline(never)
    private func grown<Element: BitwiseCopyable>(
        _ array: UnsafeMutablePointer<Element>?, _ capacity: inout Int, _ row: Int, _ pool: MemoryPool
    ) throws(DeedError) -> UnsafeMutablePointer<Element> {
        let newCapacity = min(max(capacity &* 4, row &+ 1, 16), Limits.segmentRows)
        let stride = MemoryLayout<Element>.stride
        guard let block = pool.reallocate(array, from: capacity &* stride, to: newCapacity &* stride, .versions) else {
            throw DeedError(.outOfMemory, "no memory for row versions")
        }
        capacity = newCapacity
        return block.assumingMemoryBound(to: Element.self)
    }

    // MARK: Undo chains

    /// The newest undo record of a row plus one, or 0.
    @inline(__always)
    func head(_ row: Int) -> UInt32 {
        guard let undoHead, row < headCapacity else { return 0 }
        return undoHead[row]
    }

    /// The stamp of the newest change of a row, or 0.
    func newestStamp(_ row: Int) -> Stamp {
        let head = head(row)
        return head == 0 ? 0 : undo.unsafelyUnwrapped[Int(head) &- 1].stamp
    }

    /// Whether the stamp of any change of a row satisfies the predicate, newest first.
    func containsChange(_ row: Int, where satisfies: (Stamp) -> Bool) -> Bool {
        var link = head(row)
        while link != 0 {
            let record = undo.unsafelyUnwrapped + (Int(link) &- 1)
            if satisfies(record.pointee.stamp) { return true }
            link = record.pointee.next
        }
        return false
    }

    /// Adds a record in front of a row's chain and returns its index.
    mutating func push(
        row: Int, key: NameId, type: ValueType, slot: ByteSlot, stamp: Stamp, _ pool: MemoryPool
    ) throws(DeedError) -> Int {
        if row >= headCapacity { undoHead = try grown(undoHead, &headCapacity, row, pool) }
        let index: Int
        if undoFree != 0 {
            index = Int(undoFree) &- 1
            undoFree = undo.unsafelyUnwrapped[index].next
        } else {
            if undoCount == undoCapacity { try growUndo(pool) }
            index = undoCount
            undoCount &+= 1
        }
        let heads = undoHead.unsafelyUnwrapped
        undo.unsafelyUnwrapped[index] = UndoRecord(
            stamp: stamp, slot: slot, key: key, next: heads[row], row: UInt16(truncatingIfNeeded: row), type: type)
        heads[row] = UInt32(truncatingIfNeeded: index &+ 1)
        undoLive &+= 1
        return index
    }

    private mutating func growUndo(_ pool: MemoryPool) throws(DeedError) {
        let newCapacity = max(undoCapacity &* 2, 16)
        let stride = MemoryLayout<UndoRecord>.stride
        guard newCapacity < Int(UInt32.max),
            let block = pool.reallocate(undo, from: undoCapacity &* stride, to: newCapacity &* stride, .versions)
        else { throw DeedError(.outOfMemory, "no memory for row versions") }
        undo = block.assumingMemoryBound(to: UndoRecord.self)
        undoCapacity = newCapacity
    }

    /// Takes the newest record of a row off its chain; the caller has put the value back.
    mutating func pop(_ row: Int) {
        let heads = undoHead.unsafelyUnwrapped
        let index = Int(heads[row]) &- 1
        heads[row] = undo.unsafelyUnwrapped[index].next
        release(index)
    }

    func setStamp(ofUndo index: Int, _ stamp: Stamp) { undo.unsafelyUnwrapped[index].stamp = stamp }

    private mutating func release(_ index: Int) {
        let records = undo.unsafelyUnwrapped
        records[index].next = undoFree
        undoFree = UInt32(truncatingIfNeeded: index &+ 1)
        undoLive &-= 1
    }

    /// Cuts every chain after what the oldest snapshot can still need. O(rows).
    mutating func trim(oldest: Timestamp) {
        guard let undoHead, let undo else { return }
        for row in 0..<headCapacity where undoHead[row] != 0 {
            var link = undoHead + row
            while link.pointee != 0 {
                let stamp = undo[Int(link.pointee) &- 1].stamp
                if !isRunning(stamp) && stamp <= oldest { break }
                link = pointerToNext(of: Int(link.pointee) &- 1)
            }
            var rest = link.pointee
            link.pointee = 0
            while rest != 0 {
                let index = Int(rest) &- 1
                rest = undo[index].next
                release(index)
            }
        }
    }

    private func pointerToNext(of index: Int) -> UnsafeMutablePointer<UInt32> {
        let record = UnsafeMutableRawPointer(undo.unsafelyUnwrapped + index)
        return (record + UndoRecord.nextOffset).assumingMemoryBound(to: UInt32.self)
    }
}
