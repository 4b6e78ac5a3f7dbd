// Atomic batches of writes.

import CRocksDB

/// Changes that become visible and durable together. Filled by one thread at a time. Keys and values are copied.
package struct WriteBatch: ~Copyable {
    private let handle: RocksHandle
    fileprivate let batch: OpaquePointer

    package init(_ store: borrowing KeyValueStore) throws(DeedError) {
        handle = try store.writableHandle()
        batch = rocksdb_writebatch_create()
    }

    deinit { rocksdb_writebatch_destroy(batch) }

    package mutating func put(
        _ family: KeyValueStore.Family, _ key: UnsafeRawBufferPointer, _ value: UnsafeRawBufferPointer
    ) {
        rocksdb_writebatch_put_cf(batch, handle[family], key.chars, key.count, value.chars, value.count)
        if family == .meta {
            let segments = handle[.segments]
            withMirrorKey(key) { rocksdb_writebatch_put_cf(batch, segments, $0.chars, $0.count, value.chars, value.count) }
        }
    }

    /// The value is the pieces one after another.
    package mutating func put(
        _ family: KeyValueStore.Family, _ key: UnsafeRawBufferPointer, pieces: [UnsafeRawBufferPointer]
    ) {
        let starts: [UnsafePointer<CChar>?] = pieces.map { $0.chars }
        let sizes = pieces.map(\.count)
        var keyStart: UnsafePointer<CChar>? = key.chars
        var keySize = key.count
        rocksdb_writebatch_putv_cf(
            batch, handle[family], 1, &keyStart, &keySize, Int32(pieces.count), starts, sizes)
    }

    package mutating func delete(_ family: KeyValueStore.Family, _ key: UnsafeRawBufferPointer) {
        rocksdb_writebatch_delete_cf(batch, handle[family], key.chars, key.count)
        if family == .meta {
            let segments = handle[.segments]
            withMirrorKey(key) { rocksdb_writebatch_delete_cf(batch, segments, $0.chars, $0.count) }
        }
    }

    /// Deletes the keys from `first` up to but not including `end`. O(1) here; every later read in that range skips
    /// over what it covers until it is compacted away.
    package mutating func deleteRange(
        _ family: KeyValueStore.Family, from first: UnsafeRawBufferPointer, to end: UnsafeRawBufferPointer
    ) {
        rocksdb_writebatch_delete_range_cf(batch, handle[family], first.chars, first.count, end.chars, end.count)
    }

    /// Empties the batch for its next use; keeps its memory.
    package mutating func removeAll() { rocksdb_writebatch_clear(batch) }

    /// The changes counted so far.
    package var count: Int { Int(rocksdb_writebatch_count(batch)) }

    /// The size of the log record that the batch makes.
    package var byteCount: Int {
        var size = 0
        _ = rocksdb_writebatch_data(batch, &size)
        return size
    }
}

extension KeyValueStore {
    /// Applies the batch. With `sync` it returns once the log is on disk; threads that write at the same time share one
    /// sync. Without `log` the changes are lost in a crash unless a later `flush` of the family made them durable.
    /// `sync` without `log` is an invalid argument. On an error nothing of the batch is visible.
    package func write(_ batch: borrowing WriteBatch, sync: Bool, log: Bool = true) throws(DeedError) {
        let handle = try writableHandle()
        if sync && !log { throw DeedError(.invalidArgument, "a write past the log cannot be synced") }
        let options = !log ? handle.unloggedWrite : sync ? handle.syncedWrite : handle.loggedWrite
        let pointer = batch.batch
        try handle.check { rocksdb_write(handle.database, options, pointer, $0) }
    }
}

/// The family meta is kept twice: its content is also in the family of the chunks, in other blocks of other files,
/// behind eight zeros. Without names and directory the best chunk is worth nothing, and they take little space.
private func withMirrorKey(_ key: UnsafeRawBufferPointer, _ body: (UnsafeRawBufferPointer) -> Void) {
    withUnsafeTemporaryAllocation(byteCount: 8 + key.count, alignment: 8) { block in
        block.initializeMemory(as: UInt8.self, repeating: 0)
        UnsafeMutableRawBufferPointer(rebasing: block[8...]).copyMemory(from: key)
        body(UnsafeRawBufferPointer(block))
    }
}

extension UnsafeRawBufferPointer {
    /// For C; RocksDB wants a valid pointer even for no bytes.
    @inline(__always)
    var chars: UnsafePointer<CChar> {
        guard let baseAddress else { return emptyChars }
        return baseAddress.assumingMemoryBound(to: CChar.self)
    }
}

private let emptyText: StaticString = ""
private var emptyChars: UnsafePointer<CChar> {
    UnsafeRawPointer(emptyText.utf8Start).assumingMemoryBound(to: CChar.self)
}
