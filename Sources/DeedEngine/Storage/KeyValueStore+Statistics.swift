// What the store costs in memory and on disk.

import CRocksDB
import Glibc

extension KeyValueStore {
    package struct Statistics: Sendable {
        /// Bytes of memory.
        package var blockCache = 0
        package var memtables = 0
        package var tableReaders = 0
        /// Bytes on disk of the current table files, by family.
        package var tableFiles = [Int](repeating: 0, count: Family.allCases.count)
        /// Bytes of the write-ahead log files, those about to be deleted and the space allocated in advance included.
        package var logFiles = 0

        package var memory: Int { blockCache + memtables + tableReaders }
        package var disk: Int { tableFiles.reduce(logFiles, +) }
    }

    /// O(log files).
    package func statistics() throws(DeedError) -> Statistics {
        let handle = try handle()
        var result = Statistics()
        result.blockCache = rocksdb_cache_get_usage(handle.tuning.cache)
        for family in Family.allCases where handle.has(family) {
            result.memtables += handle.property("rocksdb.size-all-mem-tables", family)
            result.tableReaders += handle.property("rocksdb.estimate-table-readers-mem", family)
            result.tableFiles[family.rawValue] = handle.property("rocksdb.live-sst-files-size", family)
        }
        forEachFile(in: path) { name, file in
            var info = stat()
            if name.hasSuffix(".log"), stat(file, &info) == 0 { result.logFiles += info.st_size }
        }
        return result
    }
}

extension RocksHandle {
    /// 0 for a property that RocksDB does not have.
    fileprivate func property(_ name: String, _ family: KeyValueStore.Family) -> Int {
        var value: UInt64 = 0
        guard rocksdb_property_int_cf(database, self[family], name, &value) == 0 else { return 0 }
        return Int(clamping: value)
    }
}

/// Calls `body` with the name and the path of each entry of a directory; a directory that cannot be read has none.
func forEachFile(in directory: String, _ body: (_ name: String, _ path: String) -> Void) {
    guard let stream = opendir(directory) else { return }
    defer { closedir(stream) }
    while let entry = readdir(stream) {
        let name = withUnsafePointer(to: &entry.pointee.d_name) {
            $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
        }
        if name != "." && name != ".." { body(name, "\(directory)/\(name)") }
    }
}
