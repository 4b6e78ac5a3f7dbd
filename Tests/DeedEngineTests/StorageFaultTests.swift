// A disk that fills up or fails below the store: errors are clear, nothing is half there, what was acknowledged stays.

import Glibc
import Testing

@testable import DeedEngine

@Suite struct StorageFaultTests {
    private let directory = ScratchDirectory()
    private let faults = KeyValueStore.Faults()
    private var path: String { directory.path + "/store" }

    private func open() throws(DeedError) -> KeyValueStore {
        var options = KeyValueStore.Options()
        options.faults = faults
        return try KeyValueStore(path: path, options: options)
    }

    /// The status of a durable write.
    private func put(_ key: String, _ store: KeyValueStore) -> Status? {
        thrownStatus { () throws(DeedError) in try store.put(.log, key, "value", sync: true) }
    }

    @Test(arguments: [true, false], [EIO, ENOSPC]) func afterAFailureTheStoreStaysFailed(atSync: Bool, number: Int32) throws {
        let status: Status = number == ENOSPC ? .diskFull : .ioError
        var store = try open()
        for key in ["a", "b"] { #expect(put(key, store) == nil) }
        if atSync { faults.failSyncs(after: 0, with: number) } else { faults.failWrites(after: 0, with: number) }
        #expect(put("c", store) == status)
        faults.stop()
        #expect(put("d", store) == status)
        // RocksDB's own attempts to resume would come in the background.
        usleep(200_000)
        #expect(thrownStatus { () throws(DeedError) in try store.put(.meta, "e", "", sync: false) } == status)
        // RocksDB gives up what waits for a flush, without its cause.
        #expect([status, .ioError].contains(thrownStatus { () throws(DeedError) in try store.flush(.log) }))
        #expect(try store.keys(.log) == ["a", "b"])
        store.close()
        store = try open()
        // Whether the batch is there whose sync failed, nobody can say; none that came later is.
        let keys = try store.keys(.log)
        #expect(keys == ["a", "b"] || atSync && keys == ["a", "b", "c"])
        #expect(put("f", store) == nil)
    }

    @Test func sortedFilesOnAFullDisk() throws {
        let store = try open()
        do {
            var writer = try SortedFileWriter(store, for: .segments)
            faults.failWrites(after: 0, with: ENOSPC)
            let text = String(repeating: "text", count: 1 << 16)
            var status: Status?
            for index in 100..<200 where status == nil {
                do throws(DeedError) { try writer.put("\(index)", text) } catch { status = error.status }
            }
            do throws(DeedError) { _ = try writer.finish() } catch { status = status ?? error.status }
            #expect(status == .diskFull)
        }
        #expect(fileNames(in: path + "/incoming").isEmpty)
        faults.stop()
        #expect(put("still works", store) == nil)
    }

    @Test(arguments: [EIO, ENOSPC]) func aCompactionThatFailsSaysSo(number: Int32) throws {
        let store = try open()
        for key in ["a", "b"] {
            #expect(put(key, store) == nil)
            try store.flush(.log)
        }
        faults.failWrites(after: 0, with: number)
        let status = thrownStatus { () throws(DeedError) in try store.compactRange(.log) }
        #expect(status == (number == ENOSPC ? .diskFull : .ioError))
        faults.stop()
        #expect(try store.keys(.log) == ["a", "b"])
    }

    @Test func opensWithoutADisk() throws {
        for count in 0..<12 {
            faults.failWrites(after: count, with: ENOSPC)
            do throws(DeedError) { try open().close() } catch { #expect(error.status == .diskFull) }
            faults.stop()
            let store = try open()
            #expect(put("works \(count)", store) == nil)
            store.close()
        }
        #expect(try open().keys(.log).count == 12)
    }
}
