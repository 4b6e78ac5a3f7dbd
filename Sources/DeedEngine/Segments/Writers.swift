// Who is writing a segment, or one of its lists, and when that last changed: enough to tell in two comparisons that a
// snapshot need not look at single versions.

struct Writers {
    /// Running transactions that have written here. One may be counted several times, and leaves as often.
    private(set) var count = 0
    /// The transaction that was counted last, so that it is not counted twice in a row.
    private var last: Stamp = 0
    /// The timestamp of the newest commit that changed something here.
    private(set) var lastChange: Timestamp = 0

    /// True if nobody is writing, and all that was written is older than the snapshot.
    @inline(__always)
    func areSettled(for snapshot: Snapshot) -> Bool { count == 0 && lastChange <= snapshot.timestamp }

    /// Counts a transaction unless it was the last to be counted. True if it was counted now.
    @inline(__always)
    mutating func enter(_ mark: Stamp) -> Bool {
        if last == mark { return false }
        last = mark
        count &+= 1
        return true
    }

    /// Something here was changed by a commit that left no stamps.
    mutating func noteChange(at timestamp: Timestamp) { lastChange = max(lastChange, timestamp) }

    /// Ends one count of a transaction; the timestamp is 0 when it was undone.
    mutating func leave(_ mark: Stamp, committedAt timestamp: Timestamp) {
        count &-= 1
        if last == mark { last = 0 }
        lastChange = max(lastChange, timestamp)
    }
}
