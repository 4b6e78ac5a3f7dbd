// A graph that follows a writer in another process. It opens like any other, from the last checkpoint and the log above
// its mark, and then goes on reading the log: each new record is applied beside readers (Graph+Apply.swift) and published
// under its own timestamp. So what readers see is always the state after some commit, whole.
//
//   1. Catch up: see what the writer has written by now.
//   2. Apply the records above the last one. Rows and lists that they touch are read, if they are not in memory, as of
//      the checkpoint that this graph stands on, through a view that was pinned then: exactly the state that the records
//      go on from.
//   3. When the writer has finished another checkpoint, step over to it: pin a new view, and take from the new directory
//      where chunks are now. All records up to the new mark have been applied, so what is in memory is newer than the new
//      chunks or the same; and what is not in memory has not been touched since the old mark, so old and new chunks say
//      the same. No reader notices.
// Rows and lists whose last change is not above the mark can be dropped and read again; others stay.
//
// A follower that has been away for longer than the writer keeps its log (see LogRetention) finds records missing. It has
// lost its place, and must be opened anew: see Follower.

import Synchronization

/// Which checkpoint of the writer's: there may be several at one timestamp.
private struct Mark: Equatable {
    var timestamp: Timestamp = 0
    /// That of the checkpoint; 0 if an earlier version wrote it.
    var generation: UInt64 = 0
}

/// What only a following graph has.
final class Following: Sendable {
    fileprivate let view = Mutex<PinnedView?>(nil)
    /// Held while the graph steps over to another checkpoint. Taken before all latches.
    let stepping = Monitor()
    /// The checkpoint that the graph stands on.
    fileprivate let mark = Mutex(Mark())

    var pinned: PinnedView? { view.withLock { $0 } }

    func unpin() { view.withLock { $0 = nil } }
}

extension Graph {
    // MARK: Opening

    /// Pins the state that was just recovered.
    func beginFollowing(_ following: Following) throws(DeedError) {
        guard let store else { return }
        let view = try PinnedView(store, [.segments, .adjacency])
        try store.pinIndexes()
        let entries = try readEntries(store)
        let mark = try storedMark(store)
        guard try CheckpointChain.isWhole(store, from: mark.generation, to: 0),
            try hasNewestChunks(of: entries.map(\.entry), view)
        else {
            throw DeedError(.ioError, "the store was being written while it was opened")
        }
        following.view.withLock { $0 = view }
        following.mark.withLock { $0 = mark }
        // Recovery has left no stamps: all that it changed counts as changed by the last commit.
        let last = snapshots.lastCommit
        for kind in [RowKind.entity, .relationship] {
            for number in 0..<directory(kind).count { directory(kind)[number]?.pointee.noteRecovered(at: last) }
        }
    }

    private func storedMark(_ store: KeyValueStore) throws(DeedError) -> Mark {
        guard let value = try store.get(.meta, StoreKeys.text("mark")) else { return Mark() }
        var reader = ByteReader(value.bytes)
        let timestamp = try reader.readVarint()
        _ = try reader.readVarint()
        return Mark(timestamp: timestamp, generation: reader.isAtEnd ? 0 : try reader.readVarint())
    }

    private typealias StoredEntry = (kind: RowKind, number: Int, entry: SegmentEntry)

    private func readEntries(_ store: KeyValueStore) throws(DeedError) -> [StoredEntry] {
        var entries: [StoredEntry] = []
        try forEachEntry(store) { kind, number, entry throws(DeedError) in entries.append((kind, number, entry)) }
        return entries
    }

    /// The files of a checkpoint come into the store before its directory does, but the two are read one after the other.
    /// The newest chunks that the directory names tell whether the files have been seen.
    private func hasNewestChunks(of entries: [SegmentEntry], _ view: PinnedView) throws(DeedError) -> Bool {
        var newestChunk: UInt64 = 0
        var newestPart: UInt64 = 0
        for entry in entries {
            newestChunk = max(newestChunk, entry.endpointsGeneration, entry.pheromoneGeneration)
            for column in entry.columns { newestChunk = max(newestChunk, column.generation) }
            for part in entry.parts { newestPart = max(newestPart, part.generation) }
        }
        if newestChunk != 0, try !view.hasGeneration(newestChunk, .segments) { return false }
        if newestPart != 0, try !view.hasGeneration(newestPart, .adjacency) { return false }
        return true
    }

    // MARK: Going on

    /// Catches up once and returns how many records were applied. One thread at a time. If it throws, part of what was
    /// written is not to be seen yet, or gone for good.
    func follow(_ following: Following) throws(DeedError) -> Int {
        guard let store else { return 0 }
        try store.catchUp()
        let mark = try storedMark(store)
        let first = snapshots.lastCommit
        var failure: DeedError?
        do throws(DeedError) { try applyNewRecords(store) } catch { failure = error }
        let last = snapshots.lastCommit
        if let failure, failure.status != .outOfMemory { throw failure }
        guard last >= mark.timestamp, mark.timestamp >= lastMark.load(ordering: .relaxed), try store.hasAllFamilies() else {
            throw DeedError(.ioError, "commits behind \(last) are missing in the log")
        }
        // Even if a record could not be applied for want of memory: afterwards more can be dropped.
        if mark != following.mark.withLock({ $0 }) { try stepOver(store, following, mark) }
        if let failure { throw failure }
        return Int(last - first)
    }

    private func applyNewRecords(_ store: KeyValueStore) throws(DeedError) {
        _ = try store.forEachRecord(after: snapshots.lastCommit) { timestamp, record throws(DeedError) in
            try requireOpen()
            var reader = ByteReader(record)
            guard try LogRecord.readHeader(&reader).sequence == timestamp else {
                throw DeedError(.corruption, "the log record of commit \(timestamp) carries another number")
            }
            let transaction = beginApplying()
            try apply(UnsafeRawBufferPointer(rebasing: record[LogRecord.headerBytes...]), in: transaction)
            publishApplied(transaction, at: timestamp)
            return true
        }
    }

    // MARK: Stepping over to another checkpoint

    private func stepOver(_ store: KeyValueStore, _ following: Following, _ mark: Mark) throws(DeedError) {
        let view = try PinnedView(store, [.segments, .adjacency])
        let entries = try readEntries(store)
        // Next time, then.
        let known = following.mark.withLock { $0.generation }
        guard try CheckpointChain.isWhole(store, from: mark.generation, to: known),
            try hasNewestChunks(of: entries.map(\.entry), view)
        else { return }
        try readNames(store)
        do {
            following.stepping.lock()
            defer { following.stepping.unlock() }
            following.view.withLock { $0 = view }
            for (kind, number, entry) in entries { adopt(entry, try placeSegment(kind, number, entry.table)) }
            try readEvaporation(store)
            lastMark.store(mark.timestamp, ordering: .relaxed)
            following.mark.withLock { $0 = mark }
        }
        for (kind, number, _) in entries where kind == .relationship {
            if let segment = relationships[number] { try reloadPheromone(segment) }
        }
        settleQueued()
    }

    /// Takes over where a segment's chunks are. Its rows in memory are the same or newer.
    private func adopt(_ entry: SegmentEntry, _ segment: SegmentRef) {
        segment.pointee.latch.lockExclusive()
        defer { segment.pointee.latch.unlockExclusive() }
        for (key, generation) in entry.columns {
            if segment.pointee.isLoaded && segment.pointee.columnIndex(key) == nil { continue }
            noteColumn(key, of: segment)
            let column = segment.pointee.column(key)
            segment.pointee.columns[column].generation = generation
        }
        segment.pointee.endpointsGeneration = entry.endpointsGeneration
        if segment.pointee.pheromoneGeneration != entry.pheromoneGeneration {
            segment.pointee.pheromoneGeneration = entry.pheromoneGeneration
            segment.pointee.pheromoneEpoch = entry.pheromoneEpoch
            segment.pointee.pheromoneDirty = true
        }
        for stored in entry.parts {
            guard let part = segment.pointee.partIndex(type: stored.type, direction: stored.direction) else { continue }
            segment.pointee.adjacency[part].generation = stored.generation
        }
    }

    // MARK: Dropping

    /// True if a segment's rows may be dropped, since they can be read back. It is locked.
    func mayDropRows(_ segment: SegmentRef) -> Bool {
        following == nil ? segment.pointee.isEvictable : segment.pointee.isStored(asOf: lastMark.load(ordering: .relaxed))
    }

    /// True if a list may be dropped. Its segment is locked.
    func mayDropList(_ part: UnsafeMutablePointer<AdjacencyPart>) -> Bool {
        if following == nil { return part.pointee.isEvictable }
        let change = part.pointee.writers.lastChange
        // The stored list lacks the entries that are dead; an old snapshot may need them.
        return part.pointee.isLoaded && part.pointee.generation != 0 && part.pointee.writers.count == 0
            && change <= lastMark.load(ordering: .relaxed) && (part.pointee.deadCount == 0 || change <= snapshots.oldest())
    }
}

extension Segment {
    /// Says that everything here that differs from the store was changed by commits up to a timestamp.
    mutating func noteRecovered(at timestamp: Timestamp) {
        var isChanged = directoryDirty || kind == .relationship && endpointsDirty
        for index in 0..<columnCount where columns[index].isDirty { isChanged = true }
        if isChanged { writers.noteChange(at: timestamp) }
        for index in 0..<adjacencyCount where adjacency[index].isDirty { adjacency[index].writers.noteChange(at: timestamp) }
    }

    /// True if the rows are stored as they are here by the checkpoint at a mark.
    func isStored(asOf mark: Timestamp) -> Bool {
        guard isLoaded, !hasVersions, writers.count == 0, writers.lastChange <= mark else { return false }
        for index in 0..<columnCount where columns[index].generation == 0 { return false }
        return kind == .relationship ? endpointsGeneration != 0 : columnCount > 0
    }
}
