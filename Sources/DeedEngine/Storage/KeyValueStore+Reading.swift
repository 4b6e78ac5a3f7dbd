// Reading: single values without copying, and ranges in ascending byte order of the keys.

import CRocksDB

/// One value, kept in place. Holds its memory (a block of the cache, or a copy) and the store until it goes.
package struct PinnedValue: ~Copyable {
    /// nil for a copy.
    private let slice: OpaquePointer?
    private let handle: RocksHandle
    /// Valid as long as this value.
    package let bytes: UnsafeRawBufferPointer

    init(slice: OpaquePointer, handle: RocksHandle) {
        self.slice = slice
        self.handle = handle
        var size = 0
        let start = rocksdb_pinnableslice_value(slice, &size)
        bytes = UnsafeRawBufferPointer(start: start, count: size)
    }

    /// A value that would not stay where it is.
    init(owning copy: UnsafeMutableRawBufferPointer, handle: RocksHandle) {
        slice = nil
        self.handle = handle
        bytes = UnsafeRawBufferPointer(copy)
    }

    deinit {
        if let slice { rocksdb_pinnableslice_destroy(slice) } else { bytes.deallocate() }
    }
}

extension KeyValueStore {
    /// The newest value of the key, or nil.
    package func get(_ family: Family, _ key: UnsafeRawBufferPointer) throws(DeedError) -> PinnedValue? {
        let handle = try handle()
        if family == .indexes, let view = indexView.withLock({ $0 }) { return try view.copy(family, key, handle) }
        let slice = try handle.check {
            rocksdb_get_pinned_cf(handle.database, handle.readOptions, handle[family], key.chars, key.count, $0)
        }
        guard let slice else { return nil }
        return PinnedValue(slice: slice, handle: handle)
    }

    /// Calls `body` with each key from `first` (the start if nil) up to but not including `end` (the end if nil), in
    /// ascending order, as of now, until it returns false. The bytes are valid during the call only.
    package func forEach(
        in family: Family, from first: UnsafeRawBufferPointer? = nil, to end: UnsafeRawBufferPointer? = nil,
        _ body: (_ key: UnsafeRawBufferPointer, _ value: UnsafeRawBufferPointer) throws(DeedError) -> Bool
    ) throws(DeedError) {
        var iterator = try KeyValueIterator(self, in: family, from: first, to: end)
        while try iterator.next() {
            if try !body(iterator.key, iterator.value) { return }
        }
    }
}

/// Walks a range of keys in ascending order, as of its creation. Used by one thread at a time. While it lives the store
/// keeps the files and memtables it reads, so do not hold it for long.
package struct KeyValueIterator: ~Copyable {
    private let handle: RocksHandle
    private let iterator: OpaquePointer
    private let readOptions: OpaquePointer
    /// RocksDB refers to the bound, so the copy lives as long as the iterator.
    private let bound: UnsafeMutableRawBufferPointer
    private var hasStarted = false

    package init(
        _ store: borrowing KeyValueStore, in family: KeyValueStore.Family,
        from first: UnsafeRawBufferPointer? = nil, to end: UnsafeRawBufferPointer? = nil
    ) throws(DeedError) {
        handle = try store.handle()
        readOptions = rocksdb_readoptions_create()
        rocksdb_readoptions_set_verify_checksums(readOptions, 1)
        // What is walked is seldom read twice, and would push out what is.
        rocksdb_readoptions_set_fill_cache(readOptions, 0)
        bound = UnsafeMutableRawBufferPointer.allocate(byteCount: end?.count ?? 0, alignment: 1)
        if let end {
            bound.copyMemory(from: end)
            rocksdb_readoptions_set_iterate_upper_bound(
                readOptions, UnsafeRawBufferPointer(bound).chars, end.count)
        }
        iterator = rocksdb_create_iterator_cf(handle.database, readOptions, handle[family])
        if let first {
            rocksdb_iter_seek(iterator, first.chars, first.count)
        } else {
            rocksdb_iter_seek_to_first(iterator)
        }
    }

    deinit {
        rocksdb_iter_destroy(iterator)
        rocksdb_readoptions_destroy(readOptions)
        bound.deallocate()
    }

    /// Moves to the first or next key; false at the end. Call it before `key` and `value`, and not again after false.
    package mutating func next() throws(DeedError) -> Bool {
        if hasStarted { rocksdb_iter_next(iterator) }
        hasStarted = true
        if rocksdb_iter_valid(iterator) != 0 { return true }
        try handle.check { rocksdb_iter_get_error(iterator, $0) }
        return false
    }

    /// Valid until the next `next()`.
    package var key: UnsafeRawBufferPointer {
        var size = 0
        let start = rocksdb_iter_key(iterator, &size)
        return UnsafeRawBufferPointer(start: start, count: size)
    }

    /// Valid until the next `next()`.
    package var value: UnsafeRawBufferPointer {
        var size = 0
        let start = rocksdb_iter_value(iterator, &size)
        return UnsafeRawBufferPointer(start: start, count: size)
    }
}
