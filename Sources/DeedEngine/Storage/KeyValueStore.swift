// The ordered key-value store below everything that is kept on disk: a thin, typed face of RocksDB's C interface.
// Only the files KeyValueStore*.swift know RocksDB.
//
// Files of the store's directory are RocksDB's, but for the subfolder `incoming/`, where sorted files are written until
// they are ingested (KeyValueStore+SortedFiles.swift). What a crash leaves there is removed on the next open.
// The file WRITER (StoreOwner.swift) names the process that has the store; the file SEAL (StoreSeal.swift) has checksums of
// the rest.
//
// What a crash can take: nothing that `write(sync: true)` or `syncLog()` has acknowledged; see `recoveryMode` in
// KeyValueStore+Tuning.swift. A batch is in the store wholly or not at all.
//
// After a failed write or sync the store stays failed: RocksDB keeps the first error and answers every later write with
// it, because after a failed fdatasync nobody knows which pages reached the disk. So also after a full disk: the
// environment keeps RocksDB from resuming by itself. Reads go on. Close and open again to find out what is there.

import CDeedShims
import CRocksDB
import Glibc
import Synchronization

/// Any thread may call anything at any time, `close` included.
package final class KeyValueStore: Sendable {
    /// The column families. The numbers index RocksDB's handles within a process; on disk the names count.
    package enum Family: Int, CaseIterable, Sendable {
        /// Small records: format, catalogue, marks.
        case meta
        /// Effects of commits by timestamp; written once, read on open only, deleted by range.
        case log
        /// Encoded column chunks, up to a few hundred KiB each.
        case segments
        /// Encoded adjacency, like segments.
        case adjacency
        /// Encoded blocks of secondary indexes, a few KiB each; since format 2.
        case indexes

        /// Embedded in the store: do not rename. The first is the one that RocksDB always has.
        var name: StaticString {
            switch self {
            case .meta: "default"
            case .log: "log"
            case .segments: "segments"
            case .adjacency: "adjacency"
            case .indexes: "indexes"
            }
        }
    }

    package struct Options: Sendable {
        /// Opens without the lock and without changing a file, even while another process writes; what is seen is the
        /// state at the open.
        package var readOnly = false
        /// With `readOnly`: what is seen is the state at the last `catchUp`.
        package var follows = false
        package var createIfMissing = true
        /// Uncompressed blocks kept in memory.
        package var cacheBytes = 8 << 20
        /// Size of one memtable; all of them together are held to twice as much.
        package var writeBufferBytes = 32 << 20
        /// Opens what a repair is to look at.
        var ignoresSeal = false
        /// For tests.
        package var faults: Faults?

        package init() {}
    }

    package let path: String
    package let options: Options
    private let open: Mutex<RocksHandle?>
    /// Of a store that follows; see `pinIndexes`.
    let indexView = Mutex<PinnedView?>(nil)
    /// Numbers the files in `incoming/`.
    let incomingCount = Atomic<Int>(0)

    /// Opens the store, and makes it if it is missing and that is wished. O(files), not O(data), plus the replay of
    /// what the log of the last run holds.
    package init(path: String, options: Options = Options()) throws(DeedError) {
        self.path = path
        self.options = options
        try Self.checkDirectory(path, options)
        if !options.ignoresSeal { try Self.checkSeal(path) }
        do throws(DeedError) {
            open = Mutex(try RocksHandle(path: path, options: options))
        } catch {
            throw error.status == .storeLocked ? StoreOwner.lockedError(path) : error
        }
        // Only now: before, the lock may be another's, and so may the files.
        if !options.readOnly {
            StoreOwner.announce(path)
            Self.removeSeal(path)
            Self.clearIncoming(of: path)
        }
    }

    /// Lets go of the store; later calls throw `.closed`. Iterators, pinned values and batches that are still there
    /// stay valid and keep the files open and locked until the last of them is gone. Does not sync: what was written
    /// without it is in the operating system's hands (`syncLog` first, if that matters). With `sealing` the files get a
    /// seal once they are closed.
    package func close(sealing: Bool = false) {
        // The last reference may close the database, which takes a while: not under the lock.
        let last = open.withLock { handle in
            let taken = handle
            handle = nil
            return taken
        }
        indexView.withLock { $0 = nil }
        if sealing && !options.readOnly { last?.isSealing.store(true, ordering: .relaxed) }
        withExtendedLifetime(last) {}
    }

    /// The database, or `.closed`. The caller's reference keeps it open.
    @inline(__always)
    func handle() throws(DeedError) -> RocksHandle {
        guard let handle = open.withLock({ $0 }) else { throw DeedError(.closed, "the store \(path) was closed") }
        return handle
    }

    func writableHandle() throws(DeedError) -> RocksHandle {
        if options.readOnly { throw DeedError(.readOnly, "the store \(path) was opened for reading only") }
        return try handle()
    }

    /// Makes everything written so far with `log: true` durable.
    package func syncLog() throws(DeedError) {
        let handle = try writableHandle()
        try handle.check { rocksdb_flush_wal(handle.database, 1, $0) }
    }

    /// Writes the family's memtables to a sorted file and waits for it.
    package func flush(_ family: Family) throws(DeedError) {
        let handle = try writableHandle()
        try handle.check { rocksdb_flush_cf(handle.database, handle.flushOptions, handle[family], $0) }
    }

    /// Rewrites the family's files without what was deleted or overwritten. Blocks until done; O(size of the family).
    package func compactRange(_ family: Family) throws(DeedError) {
        try flush(family)
        let handle = try writableHandle()
        try handle.check { shim_compact(handle.database, handle[family], $0) }
    }
}

/// Owns the open database and every RocksDB object with its lifetime. Whatever points into the database holds a
/// reference; the last one closes it.
final class RocksHandle: @unchecked Sendable {
    // Unchecked: all members are constants, and RocksDB's database and option objects may be used from any thread.
    let path: String
    let database: OpaquePointer
    private let isWriter: Bool
    /// nil for a family that a store of an earlier format does not have and that reading cannot make.
    private let families: [OpaquePointer?]
    let tuning: Tuning
    let readOptions: OpaquePointer
    let flushOptions: OpaquePointer
    let loggedWrite: OpaquePointer
    let syncedWrite: OpaquePointer
    let unloggedWrite: OpaquePointer
    let isSealing = Atomic<Bool>(false)

    init(path: String, options: KeyValueStore.Options) throws(DeedError) {
        let tuning = Tuning(options)
        let (database, families) = try Self.openDatabase(path, options, tuning)
        self.path = path
        isWriter = !options.readOnly
        self.database = database
        self.families = families
        self.tuning = tuning
        // Checksums of blocks are verified on every read by default; said here so that nobody wonders.
        readOptions = rocksdb_readoptions_create()
        rocksdb_readoptions_set_verify_checksums(readOptions, 1)
        flushOptions = rocksdb_flushoptions_create()
        rocksdb_flushoptions_set_wait(flushOptions, 1)
        loggedWrite = rocksdb_writeoptions_create()
        syncedWrite = rocksdb_writeoptions_create()
        rocksdb_writeoptions_set_sync(syncedWrite, 1)
        unloggedWrite = rocksdb_writeoptions_create()
        rocksdb_writeoptions_disable_WAL(unloggedWrite, 1)
    }

    deinit {
        for family in families { if let family { rocksdb_column_family_handle_destroy(family) } }
        if isWriter { StoreOwner.retract(path) }
        rocksdb_close(database)
        tuning.faults?.reach(.closeFilesClosed)
        if isSealing.load(ordering: .relaxed) { KeyValueStore.seal(path, tuning.environment) }
        tuning.faults?.reach(.closeSealed)
        rocksdb_readoptions_destroy(readOptions)
        rocksdb_flushoptions_destroy(flushOptions)
        rocksdb_writeoptions_destroy(loggedWrite)
        rocksdb_writeoptions_destroy(syncedWrite)
        rocksdb_writeoptions_destroy(unloggedWrite)
    }

    /// For a family that is missing, the first one, in which nobody finds the family's keys.
    subscript(family: KeyValueStore.Family) -> OpaquePointer {
        (families[family.rawValue] ?? families[0]).unsafelyUnwrapped
    }

    func has(_ family: KeyValueStore.Family) -> Bool { families[family.rawValue] != nil }

    private static func openDatabase(
        _ path: String, _ options: KeyValueStore.Options, _ tuning: Tuning
    ) throws(DeedError) -> (OpaquePointer, [OpaquePointer?]) {
        let all = try options.readOnly ? existingFamilies(path, tuning) : KeyValueStore.Family.allCases
        let names: [UnsafePointer<CChar>?] = all.map {
            UnsafeRawPointer($0.name.utf8Start).assumingMemoryBound(to: CChar.self)
        }
        let familyOptions: [OpaquePointer?] = all.map { tuning[$0] }
        var families = [OpaquePointer?](repeating: nil, count: all.count)
        let count = Int32(all.count)
        let database = try checkingRocksDB(path) { message in
            if options.follows {
                // The second path would hold RocksDB's diary, which goes nowhere (see CDeedShims): nothing is written.
                rocksdb_open_as_secondary_column_families(
                    tuning.database, path, path, count, names, familyOptions, &families, message)
            } else if options.readOnly {
                rocksdb_open_for_read_only_column_families(
                    tuning.database, path, count, names, familyOptions, &families, 0, message)
            } else {
                rocksdb_open_column_families(tuning.database, path, count, names, familyOptions, &families, message)
            }
        }
        guard let database else { throw DeedError(.internalError, "the store \(path) did not open") }
        var byNumber = [OpaquePointer?](repeating: nil, count: KeyValueStore.Family.allCases.count)
        for (family, handle) in zip(all, families) { byNumber[family.rawValue] = handle }
        return (database, byNumber)
    }

    /// The families that the store has: one of an earlier format lacks the later ones.
    private static func existingFamilies(_ path: String, _ tuning: Tuning) throws(DeedError) -> [KeyValueStore.Family] {
        var count = 0
        var listed: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>?
        // Also after an error there is a list, an empty one.
        defer { rocksdb_list_column_families_destroy(listed, count) }
        try checkingRocksDB(path) { listed = rocksdb_list_column_families(tuning.database, path, &count, $0) }
        let names = Set((0..<count).compactMap { index in listed?[index].map { String(cString: $0) } })
        return KeyValueStore.Family.allCases.filter { $0 == .meta || names.contains("\($0.name)") }
    }

    /// Runs one call of RocksDB and turns its error into a DeedError.
    @inline(__always)
    func check<T>(_ call: (UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>) -> T) throws(DeedError) -> T {
        try checkingRocksDB(path, call)
    }
}
