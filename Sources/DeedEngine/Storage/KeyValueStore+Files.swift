// Files that belong to a store and are not RocksDB's, written through its environment: what makes the store's own files fail
// in tests makes these fail as well.

import CDeedShims
import CRocksDB

/// Writes one file from front to back. Used by one thread at a time. If it goes away before `finish` the file stays as
/// far as it is written.
struct PlainFileWriter: ~Copyable {
    private let handle: RocksHandle
    private let file: OpaquePointer
    private let path: String

    init(_ store: KeyValueStore, _ path: String) throws(DeedError) {
        let handle = try store.handle()
        let file = try checkingRocksDB(path) { shim_file_create(handle.tuning.environment, path, $0) }
        guard let file else { throw DeedError(.ioError, "the file \(path) could not be made") }
        self.handle = handle
        self.file = file
        self.path = path
    }

    deinit { shim_file_destroy(file) }

    mutating func append(_ bytes: UnsafeRawBufferPointer) throws(DeedError) {
        let file = self.file
        try checkingRocksDB(path) { shim_file_append(file, bytes.baseAddress, bytes.count, $0) }
    }

    /// Makes the content durable. Once only.
    mutating func finish() throws(DeedError) {
        let file = self.file
        try checkingRocksDB(path) { shim_file_finish(file, $0) }
    }
}

extension KeyValueStore {
    /// Renames durably; both names are in `directory`.
    func moveFile(_ source: String, to target: String, in directory: String) throws(DeedError) {
        let handle = try handle()
        try checkingRocksDB(target) { shim_file_rename(handle.tuning.environment, directory, source, target, $0) }
    }
}
