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

    @Test(arguments: [true, false]) func afterAFailureTheStoreStaysFailed(atSync: Bool) throws {
        var store = try open()
        for key in ["a", "b"] { #expect(put(key, store) == nil) }
        if atSync { faults.failSyncs(after: 0, with: EIO) } else { faults.failWrites(after: 0, with: EIO) }
        #expect(put("c", store) == .ioError)
        faults.stop()
        #expect(put("d", store) == .ioError)
        #expect(thrownStatus { () throws(DeedError) in try store.put(.meta, "e", "", sync: false) } == .ioError)
        #expect(thrownStatus { () throws(DeedError) in try store.flush(.log) } == .ioError)
        #expect(try store.keys(.log) == ["a", "b"])
        store.close()
        store = try open()
        // Whether the batch is there whose sync failed, nobody can say; none that came later is.
        let keys = try store.keys(.log)
        #expect(keys == ["a", "b"] || atSync && keys == ["a", "b", "c"])
        #expect(put("f", store) == nil)
    }

    @Test func afterAFullDiskTheStoreResumes() throws {
        var store = try open()
        #expect(put("a", store) == nil)
        faults.failWrites(after: 0, with: ENOSPC)
        #expect(put("b", store) == .diskFull)
        #expect(put("c", store) == .diskFull)
        #expect(try store.keys(.log) == ["a"])
        faults.stop()
        var waits = 0
        while put("d", store) != nil && waits < 200 {
            waits += 1
            usleep(50_000)
        }
        #expect(put("e", store) == nil)
        #expect(try store.keys(.log) == ["a", "d", "e"])
        store.close()
        store = try open()
        #expect(try store.keys(.log) == ["a", "d", "e"])
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
