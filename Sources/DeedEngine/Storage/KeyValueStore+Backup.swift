// Backups of the store's files: sets of them in a directory, which share the table files that did not change in between.
// RocksDB's BackupEngine keeps the directory and a checksum of every file.

import CDeedShims
import CRocksDB

extension KeyValueStore {
    /// What tells this store from others, also from copies of it that were opened since.
    func identity() throws(DeedError) -> String {
        let handle = try handle()
        guard let text = shim_database_identity(handle.database) else {
            throw DeedError(.ioError, "the store \(path) does not say which one it is")
        }
        defer { rocksdb_free(text) }
        return String(cString: text)
    }

    /// Adds the present state to a directory of backups, beside writers; returns the number of the backup. `progress` is
    /// called every few milliseconds with the bytes copied, more than 0 only once it is settled what is saved.
    func backUp(
        to directory: String, metadata: String, progress: (_ copied: Int) -> Bool
    ) throws(DeedError) -> UInt32 {
        let handle = try writableHandle()
        // Not the store's own, which is careful with logs: this one is being written.
        let environment = shim_environment_create(options.faults?.pointer, false)
        defer { rocksdb_env_destroy(environment) }
        var isStopped = false
        var message: UnsafeMutablePointer<CChar>?
        let id = withoutActuallyEscaping(progress) { progress in
            let report = ProgressReport { copied in
                if !progress(copied) { isStopped = true }
                return !isStopped
            }
            return shim_backup_create(
                handle.database, environment, directory, metadata,
                { context, copied in
                    guard let context else { return false }
                    let report = Unmanaged<ProgressReport>.fromOpaque(context).takeUnretainedValue()
                    return report.body(Int(clamping: copied))
                }, Unmanaged.passUnretained(report).toOpaque(), &message)
        }
        guard let message else { return id }
        let error = rocksDBError(takingOver: message, directory)
        throw isStopped ? DeedError(.interrupted, "the backup was interrupted") : error
    }
}

/// A closure for C to call.
private final class ProgressReport {
    let body: (Int) -> Bool
    init(_ body: @escaping (Int) -> Bool) { self.body = body }
}

/// The backups in a directory as they were when it was opened.
struct BackupSet: ~Copyable {
    struct Entry {
        let id: UInt32
        let size: UInt64
        let metadata: String
    }

    private let backups: OpaquePointer
    private let directory: String
    /// In the order in which they were made.
    let entries: [Entry]

    init(_ directory: String) throws(DeedError) {
        let opened = try checkingRocksDB(directory) { shim_backups_open(directory, $0) }
        guard let opened else { throw DeedError(.ioError, "the backups in \(directory) cannot be read") }
        backups = opened
        self.directory = directory
        entries = (0..<shim_backups_count(opened)).map { index in
            let backup = shim_backups_get(opened, index)
            return Entry(id: backup.id, size: backup.size, metadata: backup.metadata.map { String(cString: $0) } ?? "")
        }
    }

    deinit { shim_backups_close(backups) }

    /// Copies a backup to `path` and compares every file with its checksum.
    func restore(_ id: UInt32, to path: String) throws(DeedError) {
        let backups = self.backups
        try checkingRocksDB(directory) { shim_backups_restore(backups, id, path, $0) }
    }

    static func purge(_ directory: String, keep: Int) throws(DeedError) {
        try checkingRocksDB(directory) { shim_backup_purge(directory, UInt32(clamping: keep), $0) }
    }
}
