// A transaction: one snapshot, and what it has written so far, so that it can be committed or undone as a whole and
// each statement can be undone alone. The rows themselves are written in place (see Segment); this is the list of where.
//
// One thread at a time uses a transaction.

import Synchronization

/// One thing that a transaction did to rows, or that it must tidy up when it ends.
struct WriteEntry {
    enum Action: UInt8 {
        /// Rows `row ..< end` were added.
        case insert
        /// Rows `row ..< end` were deleted.
        case delete
        /// Row `row` was changed; `end` is the index of the undo record.
        case update
        /// The transaction was counted among the writers of the segment.
        case enterSegment
        /// The transaction was counted among the writers of adjacency part `row`.
        case enterPart
        /// A bulk load filled the whole segment.
        case attach
    }

    var segment: SegmentRef
    var row: Int32
    var end: Int32
    var action: Action

    /// True if a later write may extend it.
    var isRange: Bool { action == .insert || action == .delete }
}

package final class Transaction: @unchecked Sendable {
    package enum State: Sendable { case active, prepared, committed, rolledBack }

    package let isReadOnly: Bool
    package internal(set) var state = State.active
    package let snapshot: Snapshot
    /// The place in the table of snapshots, or nil for a statement that is a transaction of its own, and at the end.
    private(set) var place: Int?
    let conflictPolicy: ConflictPolicy
    /// What it has read, if it is serializable and may write.
    let reads: ReadSet?

    var mark: Stamp { snapshot.mark }
    /// The number by which messages call it; later ones have higher numbers.
    package var number: UInt64 { transactionNumber(ofMark: mark) }

    var writes: [WriteEntry] = []
    /// The encoded effects, in order, for the log.
    var log = ByteBuffer(capacity: 64)
    /// What of the memory below is counted against the limit.
    var memoryCharged = 0
    /// Set by whoever leads the group that this transaction commits in.
    var commitTimestamp: Timestamp = 0
    var commitError: DeedError?
    /// Of the record that a replica applies: it enters the log as it came.
    var received: LogRecord.Header?
    let isCommitFinished = Atomic<Bool>(false)
    /// It changes a table with its rows, and its rows are looked at there.
    var isAlteration = false
    /// What the group is to do with it.
    var step = CommitStep.commit
    /// Made when the first row of a table with indexes is written.
    var indexWrites: IndexWrites?
    /// Points that have names, in the order in which they were set.
    var namedSavepoints: [(name: String, point: Savepoint)] = []
    /// Files that a bulk load has written and that the commit brings into the store.
    var bulkFiles: [BulkFile] = []

    init(
        snapshot: Snapshot, place: Int?, isReadOnly: Bool, isolation: Isolation = .snapshot,
        conflictPolicy: ConflictPolicy = ConflictPolicy()
    ) {
        reads = isolation == .serializable && !isReadOnly ? ReadSet() : nil
        self.snapshot = snapshot
        self.place = place
        self.isReadOnly = isReadOnly
        self.conflictPolicy = conflictPolicy
    }

    /// The memory that the transaction takes besides what is in segments, and that its commit will take: the store copies
    /// the log, in steps of twice the size, and keeps it until it is on disk.
    var memory: Int { log.capacity &+ log.count &* 3 &+ writes.capacity &* MemoryLayout<WriteEntry>.stride }

    /// A point to which a failing statement goes back.
    struct Savepoint {
        var writes = 0
        /// The end of the last entry, which a later statement may have extended.
        var lastEnd: Int32 = 0
        var log = 0
        var bulkFiles = 0
        var indexWrites = 0
    }

    package var savepointCount: Int { namedSavepoints.count }

    package var isolation: Isolation { reads == nil ? .snapshot : .serializable }

    var savepoint: Savepoint {
        Savepoint(
            writes: writes.count, lastEnd: writes.last?.end ?? 0, log: log.count, bulkFiles: bulkFiles.count,
            indexWrites: indexWrites?.count ?? 0)
    }

    /// Takes back the newest entry that was made, or the part of it that was added, since the savepoint.
    func popWrite(after savepoint: Savepoint) -> WriteEntry? {
        if writes.count > savepoint.writes { return writes.removeLast() }
        guard var last = writes.last, last.isRange, last.end > savepoint.lastEnd else { return nil }
        writes[writes.count &- 1].end = savepoint.lastEnd
        last.row = savepoint.lastEnd
        return last
    }

    @inline(__always)
    func record(_ action: WriteEntry.Action, _ segment: SegmentRef, row: Int, end: Int = 0) {
        writes.append(
            WriteEntry(
                segment: segment, row: Int32(truncatingIfNeeded: row), end: Int32(truncatingIfNeeded: end), action: action))
    }

    /// Records an added or deleted row, extending the last entry where rows follow each other.
    @inline(__always)
    func recordRow(_ action: WriteEntry.Action, _ segment: SegmentRef, row: Int) {
        if let last = writes.last, last.action == action, last.segment == segment, Int(last.end) == row {
            writes[writes.count &- 1].end = Int32(truncatingIfNeeded: row &+ 1)
            return
        }
        record(action, segment, row: row, end: row &+ 1)
    }

    /// Says that no version is kept for its sake any more.
    func releaseSnapshot(_ snapshots: Snapshots) {
        if let place { snapshots.release(place) }
        place = nil
    }

    package func requireActive() throws(DeedError) {
        guard state == .active else {
            let end = state == .committed ? "committed" : state == .prepared ? "prepared" : "rolled back"
            throw DeedError(.transactionEnded, "the transaction was \(end)")
        }
    }
}

/// A sorted file that waits to be brought into the store when its transaction commits.
struct BulkFile {
    var path: String
    var family: KeyValueStore.Family
    /// Of all chunks in it.
    var generation: UInt64
}
