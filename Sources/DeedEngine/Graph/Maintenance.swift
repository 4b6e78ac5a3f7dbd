// Work in the background, on one thread for each graph: dropping versions that no snapshot needs, folding dead entries
// out of adjacency lists, syncing the log of a graph with `async` durability, and checkpoints when the log has grown.

import Glibc
import Synchronization

final class Maintenance: @unchecked Sendable {
    private struct State {
        /// Addresses of segments that were written since they were last looked at.
        var written: [UInt] = []
        /// Addresses of segments of which some snapshot needed old versions, and the oldest snapshot at that time.
        var needed: [UInt] = []
        var neededBy: Timestamp = 0
        var namesLogged = [Int](repeating: 0, count: NameKind.allCases.count)
    }

    private let state = Mutex(State())
    private let monitor = Monitor()
    /// Guarded by `monitor`.
    private var isStopping = false
    private var isStarted = false
    private var thread = pthread_t()
    private let logBytes = Atomic<Int>(0)
    private let isCheckpointDue = Atomic<Bool>(false)
    private let started = Atomic<Bool>(false)
    private let hasUnsynced = Atomic<Bool>(false)
    /// One checkpoint at a time.
    private let checkpointing = Monitor()
    /// The most that the pool has held since free memory was last given back to the system.
    private let poolPeak = Atomic<Int>(0)
    /// The thread that is writing a checkpoint, or 0.
    private let checkpointThread = Atomic<UInt>(0)

    static let intervalMilliseconds = 50

    /// Remembers a segment whose versions may soon go. Its latch is held.
    func queue(_ segment: SegmentRef) {
        if segment.pointee.isSettleQueued { return }
        segment.pointee.isSettleQueued = true
        let address = UInt(bitPattern: segment)
        state.withLock { $0.written.append(address) }
    }

    /// Remembers a segment for when the oldest snapshot is a later one. Its latch is held.
    func keep(_ segment: SegmentRef) {
        if segment.pointee.isSettleQueued { return }
        segment.pointee.isSettleQueued = true
        let address = UInt(bitPattern: segment)
        state.withLock { $0.needed.append(address) }
    }

    /// The segments at which a look may be worth while, now that the oldest snapshot is this one.
    func takeQueued(_ oldest: Timestamp) -> [SegmentRef] {
        let addresses = state.withLock { state in
            var addresses = state.written
            state.written = []
            if oldest > state.neededBy {
                addresses += state.needed
                (state.needed, state.neededBy) = ([], oldest)
            }
            return addresses
        }
        return addresses.compactMap { SegmentRef(bitPattern: $0) }
    }

    /// Writes the names that no earlier record has. Called within a commit group, by one thread at a time.
    func appendNewNames(_ names: Names, into buffer: inout ByteBuffer) {
        namesLogged = appendUnloggedNames(names, into: &buffer)
    }

    /// Writes the names that no record has, of which a record that is to come will have them too. Returns, by kind, how
    /// many names are written then.
    @discardableResult
    func appendUnloggedNames(_ names: Names, into buffer: inout ByteBuffer) -> [Int] {
        var counts = namesLogged
        for kind in NameKind.allCases {
            let count = names.count(kind)
            let first = counts[Int(kind.rawValue)]
            if first == count { continue }
            for number in first..<count {
                guard let text = names.text(kind, NameId(number)) else { continue }
                LogRecord.name(kind, NameId(number), UnsafeRawBufferPointer(start: text.base, count: text.size), into: &buffer)
            }
            counts[Int(kind.rawValue)] = count
        }
        return counts
    }

    /// By kind, how many names records have defined.
    var namesLogged: [Int] {
        get { state.withLock { $0.namesLogged } }
        set { state.withLock { $0.namesLogged = newValue } }
    }

    func noteCommit(logBytes bytes: Int, graph: Graph) {
        if !started.load(ordering: .relaxed) { start(graph) }
        guard graph.isLogged else { return }
        if graph.options.durability == .async { hasUnsynced.store(true, ordering: .relaxed) }
        let total = logBytes.add(bytes &+ LogRecord.headerBytes, ordering: .relaxed).newValue
        let due = graph.options.checkpointLogBytes
        if due > 0 && total > due { requestCheckpoint() }
    }

    func requestCheckpoint() {
        if isCheckpointDue.exchange(true, ordering: .relaxed) { return }
        monitor.withLock { monitor.wakeAll() }
    }

    func beginCheckpoint() {
        checkpointing.lock()
        checkpointThread.store(UInt(pthread_self()), ordering: .relaxed)
    }

    func endCheckpoint() {
        checkpointThread.store(0, ordering: .relaxed)
        checkpointing.unlock()
    }

    /// True on the thread that is writing a checkpoint.
    var isWritingCheckpoint: Bool { checkpointThread.load(ordering: .relaxed) == UInt(pthread_self()) }

    func noteCheckpoint() { logBytes.store(0, ordering: .relaxed) }

    /// Gives free memory back to the system if much has come free since the last time. What RocksDB and transactions use
    /// comes from malloc, which keeps what is freed until it is told.
    func giveBack(_ pool: MemoryPool) {
        let used = pool.bytesTotal
        let peak = poolPeak.max(used, ordering: .relaxed).newValue
        if peak - used < max(pool.limit / 16, 8 << 20) { return }
        poolPeak.store(used, ordering: .relaxed)
        pool.trim()
    }

    // MARK: The thread

    private func start(_ graph: Graph) {
        monitor.lock()
        defer { monitor.unlock() }
        if isStarted || isStopping { return }
        // The thread borrows the graph: `stop` ends it before the graph goes away.
        let argument = Unmanaged.passUnretained(graph).toOpaque()
        let failed = pthread_create(&thread, nil, { argument in
            let graph = Unmanaged<Graph>.fromOpaque(argument.unsafelyUnwrapped).takeUnretainedValue()
            graph.maintenance.run(graph)
            return nil
        }, argument)
        isStarted = failed == 0
        started.store(isStarted, ordering: .relaxed)
    }

    func stop() {
        monitor.lock()
        isStopping = true
        monitor.wakeAll()
        let running = isStarted
        isStarted = false
        monitor.unlock()
        if running { pthread_join(thread, nil) }
    }

    private func run(_ graph: Graph) {
        var rounds = 0
        while true {
            monitor.lock()
            if !isStopping && !isCheckpointDue.load(ordering: .relaxed) {
                monitor.wait(milliseconds: Self.intervalMilliseconds)
            }
            let stopping = isStopping
            monitor.unlock()
            if stopping { return }
            graph.settleQueued()
            graph.settleIndexes()
            giveBack(graph.pool)
            rounds += 1
            if rounds % 10 == 0 && hasUnsynced.exchange(false, ordering: .relaxed) { graph.syncLog() }
            if isCheckpointDue.exchange(false, ordering: .relaxed) { graph.checkpointInBackground() }
        }
    }
}

extension Graph {
    fileprivate func syncLog() {
        do throws(DeedError) {
            try store?.syncLog()
        } catch {
            commits.fail(error)
        }
    }

    /// A checkpoint that fails leaves the log as it is; the next commit that finds the log too long tries again.
    fileprivate func checkpointInBackground() {
        do throws(DeedError) {
            try checkpoint()
        } catch {
            maintenance.noteCheckpoint()
        }
    }

    /// Looks at the segments that commits have queued: relationships first, so that lists can drop their entries.
    func settleQueued() {
        let oldest = snapshots.oldest()
        let queued = maintenance.takeQueued(oldest)
        if queued.isEmpty { return }
        for segment in queued where segment.pointee.kind == .relationship { settle(segment, oldest) }
        // That may have queued the segments of their ends.
        for segment in maintenance.takeQueued(oldest) { settle(segment, oldest) }
        for segment in queued where segment.pointee.kind == .entity { settle(segment, oldest) }
    }

    /// Drops what no snapshot needs any more; queues the segment again if something is left.
    private func settle(_ segment: SegmentRef, _ oldest: Timestamp) {
        var buried = BuriedEnds()
        segment.pointee.latch.lockExclusive()
        segment.pointee.isSettleQueued = false
        var isDone = segment.pointee.kind == .relationship || foldDeadEntries(segment, force: false)
        if segment.pointee.hasVersions {
            withMemory { () throws(DeedError) in try buryDeleted(segment, oldest, &buried) }
            if segment.pointee.isSettled(for: Snapshot(timestamp: oldest, mark: 0)) {
                dropVersions(segment)
                dropOverwrittenBytes(segment)
            } else {
                segment.pointee.versions.trim(oldest: oldest)
                isDone = false
            }
        }
        if !isDone { maintenance.keep(segment) }
        segment.pointee.latch.unlockExclusive()
        countDeadEntries(&buried.sources, segment.pointee.table, .out)
        countDeadEntries(&buried.targets, segment.pointee.table, .in)
    }

    /// The ends of relationships that were buried, whose lists are still to be told.
    private struct BuriedEnds {
        var sources: [RowId] = []
        var targets: [RowId] = []
    }

    private func dropVersions(_ segment: SegmentRef) {
        segment.pointee.hasVersions = false
        segment.pointee.createdAll = 0
        if segment.pointee.rowCount == Limits.segmentRows {
            segment.pointee.versions.free(pool)
            let rows = segment.pointee.rowCount &- segment.pointee.firstRow
            if segment.pointee.deadCount == rows && segment.pointee.isLoaded {
                withMemory { () throws(DeedError) in try segment.pointee.markAllDead(pool) }
            }
        } else {
            // The stamps of a segment that still fills are kept: they are older than any snapshot, and the next row
            // would need the array again.
            segment.pointee.versions.freeAllButCreated(pool)
        }
    }

    /// Rewrites the columns whose arenas hold more of overwritten values than of others. The segment is locked, and has no
    /// versions, which would refer to overwritten values.
    private func dropOverwrittenBytes(_ segment: SegmentRef) {
        for index in 0..<segment.pointee.columnCount {
            let chunk = segment.pointee.columns[index].chunk
            guard chunk.arenaGarbage > max(chunk.arenaCount / 2, 64 << 10) else { continue }
            do throws(DeedError) {
                try segment.pointee.columns[index].chunk.compact(rows: segment.pointee.rowCount, pool)
            } catch {
                // Without memory for a copy the column stays as it is: right, only larger.
                return
            }
        }
    }

    /// Makes rows dead whose deletion every snapshot sees. The segment is locked.
    private func buryDeleted(
        _ segment: SegmentRef, _ oldest: Timestamp, _ buried: inout BuriedEnds
    ) throws(DeedError) {
        guard segment.pointee.versions.deleted != nil else { return }
        for row in segment.pointee.firstRow..<segment.pointee.rowCount {
            let stamp = segment.pointee.versions.deletedStamp(row)
            guard stamp != 0 && !isRunning(stamp) && stamp <= oldest && !segment.pointee.isDead(row) else { continue }
            if segment.pointee.kind == .relationship {
                buried.sources.append(segment.pointee.sources[row])
                buried.targets.append(segment.pointee.targets[row])
            }
            try segment.pointee.markDead(row, pool)
            if segment.pointee.isLoaded { try clearValues(segment, row) }
        }
    }

    /// Merges the lists in which dead entries are many, or with `force` any. False if that has to wait. The segment is
    /// locked.
    func foldDeadEntries(_ segment: SegmentRef, force: Bool) -> Bool {
        var isDone = true
        for index in 0..<segment.pointee.adjacencyCount {
            let part = segment.pointee.adjacency + index
            guard part.pointee.hasDoubts && part.pointee.isLoaded else { continue }
            guard force || isWorthFolding(part.pointee) else { continue }
            do throws(DeedError) {
                try part.pointee.merge(rows: segment.pointee.rowCount, pool, filterOfDead(segment))
            } catch {
                // Without memory for the merge the lists stay as they are: right, only slower to read.
                isDone = false
            }
        }
        return isDone
    }

    private func isWorthFolding(_ part: AdjacencyPart) -> Bool {
        part.deadCount > 0 && (part.deadCount &* 8 > part.count || part.count < 4096)
    }

    /// Takes the entries out of a segment's lists that nobody will see again.
    func filterOfDead(_ segment: SegmentRef) -> EntryFilter {
        EntryFilter(dropsRow: { segment.pointee.isDead($0) }) { self.fate(of: $0) }
    }

    /// Whether a list entry is needed.
    func fate(of relationship: RowId) -> EntryFate {
        guard let segment = relationships.segment(of: relationship) else { return .dead }
        segment.pointee.latch.lockShared()
        defer { segment.pointee.latch.unlockShared() }
        let row = rowNumber(of: relationship)
        if row >= segment.pointee.rowCount || segment.pointee.isDead(row) { return .dead }
        // What a running transaction has added may be undone, and then its entry is dead.
        let isSure = !isRunning(segment.pointee.versions.createdStamp(row)) && !isRunning(segment.pointee.createdAll)
        return isSure && segment.pointee.versions.deletedStamp(row) == 0 ? .alive : .dying
    }
}
