// The property graph: tables of entities and relationships, their segments, the transactions on them, and the store
// that keeps them. This file holds what all of it shares; each concern has a file of its own beside it.
//
// Locks, in the order in which they may be taken: schema change, table growth, segment latch of an entity, segment latch of a
// relationship. The commit queue and the checkpoint have locks of their own, taken before all of these.

import Glibc
import Synchronization

package enum Durability: Int32, Sendable {
    /// A commit returns once it is on disk.
    case sync = 0
    /// A commit returns once the operating system has it; the log is synced at least every second.
    case async = 1
    /// No log; only checkpoints survive a crash.
    case none = 2
}

package struct GraphOptions: Sendable {
    package var isReadOnly = false
    /// With `isReadOnly`: follow what another process writes. Used through Follower.
    var follows = false
    package var createIfMissing = true
    package var durability = Durability.sync
    /// Bytes; see MemoryPool.
    package var memoryLimit: Int
    /// A background checkpoint starts after so many bytes of log; 0 for never.
    package var checkpointLogBytes = 64 << 20
    /// The log kept below the last checkpoint, for readers of the change feed.
    package var retention = LogRetentionPolicy(bytes: Limits.followedLogBytes)
    /// Takes records of another store's change feed instead of writes.
    package var isReplica = false
    /// The log is replayed up to this commit and no further; what follows is dropped.
    package var recoverUntil = Timestamp.max
    /// The log gets the state of each row before an update or delete as well.
    package var logsBeforeImages = false
    /// Loads of fewer rows go row by row; see Limits.
    package var bulkRowsMin = Limits.bulkRowsMin
    /// Threads that a query may use, its own included; 0: one for each processor.
    package var threads = 0
    /// Scans of fewer rows are one thread's; see Limits.
    package var parallelRowsMin = Limits.parallelRowsMin
    /// Rows that an operator of a query hands on at once, at most; fewer than there is room for only in tests.
    package var chunkRows = Limits.vectorRows
    /// Bytes that a query may hold of rows which it sorts, groups or joins before it puts them aside, in temporary files; nil: a
    /// quarter of the memory limit.
    package var queryMemory: Int?
    /// Where temporary files are; nil: in the directory of the store, or the system's for graphs without one to write to.
    package var temporaryDirectory: String?
    /// Bytes that temporary files may take together; nil: nine tenths of what the disk has free.
    package var temporaryLimit: Int?
    /// What statements do that are transactions of their own, and transactions that say nothing about it.
    package var conflictPolicy = ConflictPolicy()
    /// Asked now and then by a statement that waits for another transaction, on its thread; false ends the wait.
    package var keepWaiting: (@Sendable () -> Bool)?
    /// For tests: a disk that fails on demand.
    package var faults: KeyValueStore.Faults?

    package init() {
        let pages = sysconf(Int32(_SC_PHYS_PAGES))
        memoryLimit = max(pages * sysconf(Int32(_SC_PAGESIZE)) / 5 * 4, 64 << 20)
    }
}

package final class Graph: @unchecked Sendable {
    package let options: GraphOptions
    package let names: Names
    package let schema = Schema()
    package let pool: MemoryPool
    let entities = Directory()
    let relationships = Directory()
    let snapshots = Snapshots()
    let threadTransactions = ThreadTransactions()
    /// nil for a graph in memory.
    let store: KeyValueStore?
    /// What queries put aside.
    package let temporaryFiles: TemporaryFiles

    private let tables = TableDirectory()
    /// One change of the schema at a time; taken before everything else.
    let schemaChange = Monitor()
    /// What has to be said of rows beyond constraints (Graph+RowChecks.swift).
    let rowCheck = Mutex<RowCheck?>(nil)
    /// The version of the schema with which there is nothing to say.
    let uncheckedSchema = Atomic<UInt64>(.max)
    /// The table that is being altered, while the schema is locked for it.
    let openAlteration = Mutex<OpenAlteration?>(nil)
    /// The secondary indexes by number.
    let indexes = Mutex<[UInt32: SecondaryIndex]>([:])
    /// All rules that were ever published, since writers hold them without a reference.
    let allRules = Mutex<[TableRules]>([])

    let commits: CommitQueue
    let waits = WaitGraph()
    let prepared = PreparedTransactions()
    let maintenance = Maintenance()
    let evaporation = Evaporation()
    package let workers = WorkerPool()
    let gathered = GatheredStatistics()
    let retention: LogRetention
    /// One record of another store is applied at a time.
    let applying = Monitor()
    /// One backup at a time.
    let backingUp = Monitor()
    /// Marks of transactions: the top bit and a number.
    private let nextMark = Atomic<UInt64>(1)
    let scratches = Mutex<[TraversalScratch]>([])
    let closing = Atomic<Bool>(false)
    /// From the moment on that somebody closes the graph, which then waits for the workers of queries.
    let ending = Atomic<Bool>(false)
    let counters = Counters()
    /// True only while `init` replays the log.
    var isRecovering = false
    /// One thread makes room at a time, and those who need room meanwhile wait for it.
    let eviction = Monitor()
    let pressure = Pressure()
    /// The segments that eviction looks at next.
    let entityHand = Atomic<Int>(0)
    let relationshipHand = Atomic<Int>(0)
    /// The number of the next checkpoint or bulk load.
    let nextGeneration = Atomic<UInt64>(1)
    let checkpointChain = Mutex(CheckpointChain())
    /// The commit timestamp of the last checkpoint.
    let lastMark = Atomic<Timestamp>(0)
    /// The evaporations that the store knows of.
    let savedEvaporations = Atomic<UInt64>(0)

    /// What happened since the graph was opened.
    final class Counters: Sendable {
        let commits = Atomic<UInt64>(0)
        let rollbacks = Atomic<UInt64>(0)
        let conflicts = Atomic<UInt64>(0)
        let checkpoints = Atomic<UInt64>(0)
    }

    /// For a graph that follows a writer.
    let following: Following?

    /// Opens the store at `path`, or makes a graph in memory when it is nil.
    package convenience init(path: String?, options: GraphOptions) throws(DeedError) {
        try self.init(path: path, options: options, replacing: nil)
    }

    /// A graph that takes the place of another one of the same store shares its names and its memory limit.
    init(path: String?, options: GraphOptions, replacing old: Graph?) throws(DeedError) {
        if options.isReplica && (path == nil || options.isReadOnly) {
            throw DeedError(.invalidArgument, "a replica is a store on disk that is opened for writing")
        }
        self.options = options
        let memory = StoreMemory(limit: options.memoryLimit)
        names = old?.names ?? Names()
        pool = old?.pool ?? MemoryPool(limit: memory.pool)
        let ownDirectory = options.isReadOnly ? nil : path
        temporaryFiles = old?.temporaryFiles ?? TemporaryFiles(
            directory: options.temporaryDirectory ?? ownDirectory ?? TemporaryFiles.systemDirectory(),
            bytesMax: options.temporaryLimit, faults: options.faults)
        following = options.follows ? Following() : nil
        commits = CommitQueue()
        retention = LogRetention(options.retention)
        if let path {
            options.faults?.reach(.openBegun)
            store = try KeyValueStore(
                path: path,
                options: memory.storeOptions(options))
            isRecovering = true
            try recover()
            isRecovering = false
            if let following { try beginFollowing(following) }
        } else {
            store = nil
        }
    }

    /// Where the store is; nil for one in memory.
    package var path: String? { store?.path }

    deinit {
        for directory in [entities, relationships] {
            for number in 0..<directory.count {
                guard let segment = directory[number] else { continue }
                segment.pointee.destroy(pool)
                segment.deinitialize(count: 1)
                segment.deallocate()
            }
        }
    }

    /// How the memory limit is divided: RocksDB gets a tenth, within bounds, the rest is the pool's.
    private struct StoreMemory {
        let cache: Int
        let writeBuffer: Int
        let pool: Int

        init(limit: Int) {
            cache = min(max(limit / 20, 4 << 20), 64 << 20)
            writeBuffer = min(max(limit / 20, 4 << 20), 64 << 20)
            pool = max(limit - cache - writeBuffer, 16 << 20)
        }

        func storeOptions(_ options: GraphOptions) -> KeyValueStore.Options {
            var result = KeyValueStore.Options()
            result.readOnly = options.isReadOnly
            result.follows = options.follows
            result.createIfMissing = options.createIfMissing
            result.faults = options.faults
            result.cacheBytes = cache
            result.writeBufferBytes = writeBuffer
            return result
        }
    }

    /// Bytes; see GraphOptions.
    package var queryMemory: Int { options.queryMemory ?? pool.limit / 4 }

    /// The newest commit that can be seen.
    package var lastCommit: Timestamp { snapshots.lastCommit }

    var isLogged: Bool { store != nil && options.durability != .none }

    // MARK: Tables

    func directory(_ kind: RowKind) -> Directory { kind == .entity ? entities : relationships }

    /// As `directory(kind).segment(of: id)`, but without counting a reference to the directory for each row.
    @inline(__always)
    func segment(_ kind: RowKind, of id: RowId) -> SegmentRef? {
        kind == .entity ? entities.segment(of: id) : relationships.segment(of: id)
    }

    @inline(__always)
    func table(_ kind: RowKind, _ name: NameId) -> Table? { tables[kind, name] }

    /// Calls `body` with the table of that name, which is made if there is none; see `requireTable`. Tables live as long as
    /// the graph, so no reference is counted.
    @inline(__always)
    func withTable<Result>(
        _ kind: RowKind, _ name: NameId, _ body: (Table) throws(DeedError) -> Result
    ) throws(DeedError) -> Result {
        guard let table = tables.uncounted(kind, name) else { return try body(requireTable(kind, name)) }
        return try table.withoutCounting(body)
    }

    /// The table of that name, made if there is none. The name must have been interned.
    @inline(__always)
    func requireTable(_ kind: RowKind, _ name: NameId) throws(DeedError) -> Table {
        if let table = tables[kind, name] { return table }
        let nameKind: NameKind = kind == .entity ? .collection : .relationshipType
        guard Int(name) < names.count(nameKind) else {
            throw DeedError(.invalidArgument, "there is no \(nameKind) with number \(name)")
        }
        return tables.make(kind, name)
    }

    func forEachTable(_ body: (Table) -> Void) {
        for kind in [RowKind.entity, .relationship] {
            let count = names.count(kind == .entity ? .collection : .relationshipType)
            for name in 0..<NameId(count) { if let table = table(kind, name) { body(table) } }
        }
    }

    /// New, empty segments of a table with consecutive numbers, published in the directory; returns the first number.
    /// A bulk load's carry its mark from the start, so that no checkpoint takes them for empty ones meanwhile.
    func makeSegments(_ table: Table, count: Int = 1, createdAll: Stamp = 0) throws(DeedError) -> Int {
        let epoch = evaporation.epoch
        return try directory(table.kind).append(count: count) { number in
            let segment = SegmentRef.allocate(capacity: 1)
            segment.initialize(to: Segment(kind: table.kind, table: table.name, number: number))
            segment.pointee.pheromoneEpoch = epoch
            segment.pointee.createdAll = createdAll
            segment.pointee.hasVersions = createdAll != 0
            return segment
        }
    }

    func newMark() -> Stamp { 1 << 63 | nextMark.add(1, ordering: .relaxed).oldValue }

    /// For tests: what a fault is waiting for may begin here.
    @inline(__always)
    func reach(_ point: FaultPoint) { options.faults?.reach(point) }

    // MARK: Errors

    /// That it is missing is something that `transaction` has read.
    func missing(_ kind: RowKind, _ id: RowId, for transaction: Transaction? = nil) -> DeedError {
        noteRead(transaction, kind, id)
        return DeedError(.notFound, "there is no \(kind) with id \(id)")
    }

    /// A row is in a statement's way because of another transaction, whose stamp it carries. What the error is about may be
    /// another row, or no row but a key; then `holder` is the row with the stamp. If that transaction is running, a
    /// statement that waits will wait until the row no longer carries its mark.
    func conflict(
        _ kind: RowKind, _ id: RowId, _ what: String, by stamp: Stamp, holder: (kind: RowKind, id: RowId)? = nil
    ) -> DeedError {
        counters.conflicts.add(1, ordering: .relaxed)
        let holder = holder ?? (kind, id)
        return DeedError(
            .transactionConflict, "\(kind) \(id) \(what)" + Self.conflictEnding,
            obstacle: isRunning(stamp) ? Obstacle(mark: stamp, kind: holder.kind, id: holder.id) : nil)
    }

    /// Ends queries early when the graph is being closed.
    @inline(__always)
    package func requireStaying() throws(DeedError) {
        if ending.load(ordering: .relaxed) { throw DeedError(.closed, "the database is closed") }
    }

    package func requireOpen() throws(DeedError) {
        if closing.load(ordering: .relaxed) { throw DeedError(.closed, "the database is closed") }
    }

    package func requireWritable() throws(DeedError) {
        try requireOpen()
        if options.isReadOnly { throw notWritable() }
    }

    /// Throws unless statements may write here.
    func requireOwnWrites() throws(DeedError) {
        try requireOpen()
        if options.isReadOnly || options.isReplica { throw notWritable() }
    }

    func notWritable() -> DeedError {
        let what = options.isReplica ? "as a replica, which takes only records of the change feed" : "for reading only"
        return DeedError(.readOnly, "the database was opened \(what)")
    }
}
