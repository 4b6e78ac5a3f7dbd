// Following a writer in another process: the store is opened as a secondary instance of RocksDB, which reads the writer's
// files without its lock and without changing one, and catches up with what has been written since whenever it is told to.
//
// Chunks must be read as of one moment: those that the directory named then may be deleted later. So they are read
// through iterators made at that moment, which keep the files and memtables that they see, whatever is deleted since.

import CRocksDB
import Glibc
import Synchronization

extension KeyValueStore {
    /// Brings in what the writer has written. Until the next time everything is seen as of now. One thread at a time.
    func catchUp() throws(DeedError) {
        let handle = try handle()
        try handle.check { rocksdb_try_catch_up_with_primary(handle.database, $0) }
    }

    /// True unless the writer has made families that were not there when this store was opened.
    func hasAllFamilies() throws(DeedError) -> Bool {
        let handle = try handle()
        return Family.allCases.allSatisfy { handle.has($0) }
    }

    /// Goes on showing the nodes of indexes as they are now: a follower keeps what has changed since, and so reads only those
    /// that have not.
    func pinIndexes() throws(DeedError) {
        let view = try PinnedView(self, [.indexes])
        indexView.withLock { $0 = view }
    }

    /// Whether there is a store at all, so that a following open need not guess from RocksDB's error.
    static func requireStore(_ path: String) throws(DeedError) {
        var options = Options()
        options.readOnly = true
        try checkDirectory(path, options)
        guard access("\(path)/CURRENT", F_OK) == 0 else { throw DeedError(.ioError, "there is no store at \(path)") }
    }
}

/// Values of one store as of the moment when this was made. Any thread may read.
final class PinnedView: Sendable {
    /// An iterator that one thread uses at a time.
    private final class Lane: @unchecked Sendable {
        private let lock = Monitor()
        private let handle: RocksHandle
        private let iterator: OpaquePointer
        private let readOptions: OpaquePointer

        init(_ handle: RocksHandle, _ family: KeyValueStore.Family) {
            self.handle = handle
            readOptions = rocksdb_readoptions_create()
            rocksdb_readoptions_set_verify_checksums(readOptions, 1)
            iterator = rocksdb_create_iterator_cf(handle.database, readOptions, handle[family])
        }

        deinit {
            rocksdb_iter_destroy(iterator)
            rocksdb_readoptions_destroy(readOptions)
        }

        /// Calls `body` with the value of the key or, if `exact` is false, of the first key that begins with it.
        func withValue(
            _ key: borrowing ByteBuffer, exact: Bool, _ body: (UnsafeRawBufferPointer) throws(DeedError) -> Void
        ) throws(DeedError) -> Bool {
            lock.lock()
            defer { lock.unlock() }
            rocksdb_iter_seek(iterator, key.bytes.chars, key.count)
            guard rocksdb_iter_valid(iterator) != 0 else {
                try handle.check { rocksdb_iter_get_error(iterator, $0) }
                return false
            }
            var size = 0
            guard let found = rocksdb_iter_key(iterator, &size), exact ? size == key.count : size >= key.count,
                memcmp(found, key.base, key.count) == 0
            else { return false }
            let value = rocksdb_iter_value(iterator, &size)
            try body(UnsafeRawBufferPointer(start: value, count: size))
            return true
        }
    }

    /// Readers of a family take turns with so many iterators.
    private static let lanesPerFamily = 4
    /// By the family's number.
    private let lanes: [[Lane]]
    private let turn = Atomic<Int>(0)

    init(_ store: KeyValueStore, _ families: [KeyValueStore.Family]) throws(DeedError) {
        let handle = try store.handle()
        lanes = KeyValueStore.Family.allCases.map { family in
            families.contains(family) ? (0..<Self.lanesPerFamily).map { _ in Lane(handle, family) } : []
        }
    }

    /// Calls `body` with a key's value; false if there is none.
    func withValue(
        _ family: KeyValueStore.Family, _ key: borrowing ByteBuffer,
        _ body: (UnsafeRawBufferPointer) throws(DeedError) -> Void
    ) throws(DeedError) -> Bool {
        try lane(family).withValue(key, exact: true, body)
    }

    /// A key's value, or nil.
    func copy(
        _ family: KeyValueStore.Family, _ key: UnsafeRawBufferPointer, _ handle: RocksHandle
    ) throws(DeedError) -> PinnedValue? {
        var owned = ByteBuffer(capacity: key.count)
        owned.append(key)
        var copy: UnsafeMutableRawBufferPointer?
        _ = try withValue(family, owned) { value in
            let room = UnsafeMutableRawBufferPointer.allocate(byteCount: value.count, alignment: 8)
            room.copyMemory(from: value)
            copy = room
        }
        guard let copy else { return nil }
        return PinnedValue(owning: copy, handle: handle)
    }

    /// Whether there is a chunk of that generation. All chunks of one came into the store at once.
    func hasGeneration(_ generation: UInt64, _ family: KeyValueStore.Family) throws(DeedError) -> Bool {
        try lane(family).withValue(StoreKeys.generation(generation), exact: false) { _ in }
    }

    private func lane(_ family: KeyValueStore.Family) -> Lane {
        let next = turn.wrappingAdd(1, ordering: .relaxed).oldValue & (Self.lanesPerFamily - 1)
        return lanes[family.rawValue][next]
    }
}
