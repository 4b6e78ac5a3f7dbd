// Bulk writes past the log: sorted table files are written next to the store and then moved into it.
//
//   1. SortedFileWriter writes `<store>/incoming/<n>.sst` with the family's options.
//   2. `finish` syncs and closes it.
//   3. `ingest` links the files into the store and makes their content visible in one step, durably, and removes them
//      from `incoming/`.
// A writer that goes away before `finish` removes its file; finished files that are never ingested, and whatever a
// crash leaves, are removed by the next open.

import CDeedShims
import CRocksDB
import Glibc
import Synchronization

/// Writes one sorted file. Used by one thread at a time; several writers may work at once.
package struct SortedFileWriter: ~Copyable {
    /// Not the database: a writer does not keep it open.
    private let tuning: Tuning
    private let writer: OpaquePointer
    private var isFinished = false
    /// For `ingest`, after `finish`.
    package let path: String

    package init(_ store: borrowing KeyValueStore, for family: KeyValueStore.Family) throws(DeedError) {
        let handle = try store.writableHandle()
        let tuning = handle.tuning
        let path = try store.nextIncomingPath()
        let writer: OpaquePointer = shim_table_writer_create(tuning[family], handle[family])
        do throws(DeedError) {
            try checkingRocksDB(path) { rocksdb_sstfilewriter_open(writer, path, $0) }
        } catch {
            rocksdb_sstfilewriter_destroy(writer)
            throw error
        }
        self.tuning = tuning
        self.path = path
        self.writer = writer
    }

    deinit {
        rocksdb_sstfilewriter_destroy(writer)
        if !isFinished { unlink(path) }
    }

    /// Keys must ascend strictly; one that does not is an invalid argument.
    package mutating func put(_ key: UnsafeRawBufferPointer, _ value: UnsafeRawBufferPointer) throws(DeedError) {
        let writer = self.writer
        try checkingRocksDB(path) {
            rocksdb_sstfilewriter_put(writer, key.chars, key.count, value.chars, value.count, $0)
        }
    }

    /// The bytes written so far.
    package var byteCount: Int {
        var size: UInt64 = 0
        rocksdb_sstfilewriter_file_size(writer, &size)
        return Int(clamping: size)
    }

    /// Completes and syncs the file; gives its size. A file without a key is an invalid argument. Once only.
    package mutating func finish() throws(DeedError) -> Int {
        let writer = self.writer
        try checkingRocksDB(path) { rocksdb_sstfilewriter_finish(writer, $0) }
        isFinished = true
        return byteCount
    }
}

extension KeyValueStore {
    /// Moves finished files into the family: all of them or, on an error, none. Their key ranges must not overlap each
    /// other; where they meet keys of the store the files win. Durable on return. Waits for a flush when the family's
    /// memtable overlaps.
    package func ingest(_ paths: [String], into family: Family) throws(DeedError) {
        let handle = try writableHandle()
        if paths.isEmpty { return }
        let options = rocksdb_ingestexternalfileoptions_create()
        defer { rocksdb_ingestexternalfileoptions_destroy(options) }
        rocksdb_ingestexternalfileoptions_set_move_files(options, 1)
        // A file stays as it was written, so that its checksum does too.
        shim_ingestion_keep_files(options)
        let copies = paths.map { strdup($0) }
        defer { for copy in copies { free(copy) } }
        let list = copies.map { UnsafePointer($0) }
        try handle.check {
            rocksdb_ingest_external_file_cf(handle.database, handle[family], list, list.count, options, $0)
        }
    }

    private static let incoming = "incoming"

    /// Removes what the last run left behind.
    static func clearIncoming(of path: String) {
        forEachFile(in: "\(path)/\(incoming)") { _, file in unlink(file) }
    }

    fileprivate func nextIncomingPath() throws(DeedError) -> String {
        let folder = "\(path)/\(Self.incoming)"
        guard mkdir(folder, 0o777) == 0 || errno == EEXIST else { throw systemError("creating the directory", folder) }
        return "\(folder)/\(incomingCount.add(1, ordering: .relaxed).newValue).sst"
    }
}
