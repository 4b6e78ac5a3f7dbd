// The change feed: the records of the log in the order of the commits, from any commit whose record is still kept. It
// reads the log beside commits and checkpoints and stops neither; a reader that falls behind what is kept is told so.
//
// It hands out only what a crash cannot take back: with `async` durability it has the log synced first.

import Glibc

/// A position in the feed. One thread at a time.
package final class ChangeFeed {
    private let graph: Graph
    /// The last commit that was handed out.
    package private(set) var sequence: Timestamp
    /// When it was committed, in microseconds since the epoch.
    package private(set) var microseconds: Int64 = 0
    /// Records that were read in one go, one behind the other as they are in the log, and where each begins.
    private var batch = ByteBuffer(capacity: 4096)
    private var starts: [Int] = []
    private var next = 0
    private var shipped = ByteBuffer(capacity: 4096)

    private static let batchBytes = 1 << 20
    private static let pollMicroseconds: UInt32 = 1000

    init(_ graph: Graph, since: Timestamp) throws(DeedError) {
        self.graph = graph
        sequence = since
        let last = graph.snapshots.lastCommit
        guard since <= last else {
            throw DeedError(.invalidArgument, "changes since commit \(since), but the last one is \(last)")
        }
        // That what was asked for is there is found out now and not by the first `next`.
        if since < last { try readBatch() }
    }

    /// The record that `advance` has come to, self-contained; valid until the next call.
    package var data: UnsafeRawBufferPointer { shipped.bytes }

    /// Moves to the next record, waiting so long for one to be committed; false if there is none.
    package func advance(milliseconds: Int) throws(DeedError) -> Bool {
        let deadline = Clock.monotonicMilliseconds() + max(milliseconds, 0)
        while true {
            try graph.requireOpen()
            if next < starts.count { break }
            if graph.snapshots.lastCommit > sequence {
                try readBatch()
                continue
            }
            if Clock.monotonicMilliseconds() >= deadline { return false }
            usleep(Self.pollMicroseconds)
        }
        let end = next + 1 < starts.count ? starts[next + 1] : batch.count
        let record = UnsafeRawBufferPointer(rebasing: batch.bytes[starts[next]..<end])
        shipped.removeAll()
        try graph.ship(record, into: &shipped)
        microseconds = try ShippedRecord.commitTime(of: shipped.bytes)
        next += 1
        sequence += 1
        return true
    }

    /// Reads the records that follow, a megabyte or so of them and at least one.
    private func readBatch() throws(DeedError) {
        guard let store = graph.store else {
            throw DeedError(.invalidArgument, "a graph in memory keeps no log, and so has no changes to read")
        }
        let last = graph.snapshots.lastCommit
        if graph.options.durability == .async && !graph.options.isReadOnly { try store.syncLog() }
        batch.removeAll()
        starts.removeAll(keepingCapacity: true)
        next = 0
        let gap = try store.forEachRecord(after: sequence) { timestamp, record throws(DeedError) in
            if timestamp > last { return false }
            starts.append(batch.count)
            batch.append(record)
            return batch.count < Self.batchBytes
        }
        if starts.isEmpty {
            let kept = gap.map { "the oldest is \($0)" } ?? "there are none after it"
            throw DeedError(.notRetained, "the record of commit \(sequence + 1) is not in the log any more; \(kept)")
        }
    }
}

extension Graph {
    /// The changes committed after `since`, which is 0 or a commit whose successor's record is kept.
    package func changes(since: Timestamp) throws(DeedError) -> ChangeFeed {
        try requireOpen()
        return try ChangeFeed(self, since: since)
    }
}
