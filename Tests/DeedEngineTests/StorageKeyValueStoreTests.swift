// The key-value store: what is written can be read, in order, also after reopening; batches are whole; sorted files
// move in; closing and misuse give clear errors.

import Glibc
import Testing

@testable import DeedEngine

@Suite struct StorageKeyValueStoreTests {
    private let directory = ScratchDirectory()
    private var path: String { directory.path + "/store" }

    private func open(_ change: (inout KeyValueStore.Options) -> Void = { _ in }) throws(DeedError) -> KeyValueStore {
        var options = KeyValueStore.Options()
        change(&options)
        return try KeyValueStore(path: path, options: options)
    }

    @Test func writesAreReadBackAndOutliveTheStore() throws {
        var store = try open()
        for family in KeyValueStore.Family.allCases { try store.put(family, "key", "in \(family)", sync: true) }
        try store.put(.meta, "", "an empty key")
        try store.put(.meta, "empty value", "")
        try store.put(.segments, "large", String(repeating: "x", count: 1 << 20))
        for round in 0..<2 {
            for family in KeyValueStore.Family.allCases { #expect(try store.value(family, "key") == "in \(family)") }
            #expect(try store.value(.meta, "") == "an empty key")
            #expect(try store.value(.meta, "empty value") == "")
            #expect(try store.value(.meta, "missing") == nil)
            #expect(try store.value(.segments, "large")?.utf8.count == 1 << 20)
            store.close()
            if round == 0 { store = try open { $0.createIfMissing = false } }
        }
    }

    @Test func batchesAreWhole() throws {
        let store = try open()
        try store.put(.meta, "old", "1")
        var batch = try WriteBatch(store)
        #expect(batch.count == 0)
        batch.put(.log, "a", "1")
        batch.put(.segments, "b", "2")
        batch.delete(.meta, "old")
        let pieces = Array("onetwo".utf8)
        pieces.withUnsafeBytes { bytes in
            let parts = [bytes[..<3], bytes[3..<3], bytes[3...]].map { UnsafeRawBufferPointer(rebasing: $0) }
            batch.put(.meta, UnsafeRawBufferPointer(rebasing: bytes[..<1]), pieces: parts)
        }
        // What goes to the family meta is kept twice.
        #expect(batch.count >= 4 && batch.byteCount > 20)
        #expect(try store.value(.log, "a") == nil)
        try store.write(batch, sync: true)
        #expect(try store.value(.log, "a") == "1" && store.value(.segments, "b") == "2")
        #expect(try store.value(.meta, "old") == nil && store.value(.meta, "o") == "onetwo")
        batch.removeAll()
        #expect(batch.count == 0)
        try store.write(batch, sync: true)
        #expect(
            thrownStatus { () throws(DeedError) in try store.write(batch, sync: true, log: false) } == .invalidArgument)
    }

    @Test func rangesAreInOrder() throws {
        let store = try open()
        let keys = ["a", "ab", "b", "b\u{0}", "c", "\u{ff}"]
        for key in keys.shuffled() { try store.put(.log, key, key) }
        #expect(try store.keys(.log) == keys)
        #expect(try store.keys(.log, from: "ab", to: "c") == ["ab", "b", "b\u{0}"])
        #expect(try store.keys(.log, from: "b") == ["b", "b\u{0}", "c", "\u{ff}"])
        #expect(try store.keys(.log, to: "a").isEmpty && store.keys(.meta).isEmpty)
        var batch = try WriteBatch(store)
        batch.deleteRange(.log, from: "ab", to: "c")
        try store.write(batch, sync: false)
        #expect(try store.keys(.log) == ["a", "c", "\u{ff}"])
        var visited = 0
        try store.forEach(in: .log) { (_, _) throws(DeedError) in
            visited += 1
            return false
        }
        #expect(visited == 1)
        let thrown = thrownStatus { () throws(DeedError) in
            try store.forEach(in: .log) { (_, _) throws(DeedError) in throw DeedError(.interrupted, "stop") }
        }
        #expect(thrown == .interrupted)
    }

    @Test func iteratorsSeeOneMoment() throws {
        let store = try open()
        for key in ["a", "b", "c"] { try store.put(.meta, key, "before") }
        var iterator = try KeyValueIterator(store, in: .meta)
        for key in ["b", "d"] { try store.put(.meta, key, "after") }
        var seen: [String] = []
        while try iterator.next() {
            seen.append(String(decoding: iterator.key, as: UTF8.self))
            #expect(String(decoding: iterator.value, as: UTF8.self) == "before")
        }
        #expect(seen == ["a", "b", "c"])
    }

    @Test func agreesWithADictionary() throws {
        var random = SeededRandom(77)
        var store = try open { $0.writeBufferBytes = 64 << 10 }
        var model: [String: String] = [:]
        for step in 0..<3000 {
            let key = "key \(random.next(upperBound: UInt64(400)))"
            switch random.next(upperBound: UInt64(100)) {
            case 0..<60:
                let value = "value \(step) " + String(repeating: "v", count: Int(random.next(upperBound: UInt64(300))))
                try store.put(.segments, key, value)
                model[key] = value
            case 60..<80:
                var batch = try WriteBatch(store)
                batch.delete(.segments, key)
                try store.write(batch, sync: false)
                model[key] = nil
            case 80..<82:
                var batch = try WriteBatch(store)
                batch.deleteRange(.segments, from: key, to: key + "5")
                try store.write(batch, sync: false)
                model = model.filter { $0.key < key || $0.key >= key + "5" }
            case 82: try store.flush(.segments)
            case 83: try store.compactRange(.segments)
            case 84 where step % 7 == 0:
                store.close()
                store = try open { $0.writeBufferBytes = 64 << 10 }
            default: #expect(try store.value(.segments, key) == model[key])
            }
        }
        #expect(try store.keys(.segments) == model.keys.sorted())
        for (key, value) in model { #expect(try store.value(.segments, key) == value) }
    }

    @Test func threadsShareIt() async throws {
        let store = try open()
        await withTaskGroup(of: Int.self) { group in
            for thread in 0..<4 {
                group.addTask {
                    var written = 0
                    for index in 0..<25 where (try? store.put(.log, "\(thread)-\(index)", "x", sync: true)) != nil {
                        written += (try? store.value(.log, "\(thread)-\(index)")) == "x" ? 1 : 0
                    }
                    return written
                }
            }
            for await written in group { #expect(written == 25) }
        }
        #expect(try store.keys(.log).count == 100)
    }

    @Test func statisticsAddUp() throws {
        let store = try open()
        var random = SeededRandom(1)
        let text = String((0..<100_000).map { _ in "abcdefghijklmnop".randomElement(using: &random)! })
        try store.put(.segments, "key", text, sync: true)
        let before = try store.statistics()
        #expect(before.memtables >= 100_000 && before.logFiles >= 100_000)
        #expect(before.tableFiles == [0, 0, 0, 0, 0])
        try store.flush(.segments)
        _ = try store.value(.segments, "key")
        let after = try store.statistics()
        let files = after.tableFiles[KeyValueStore.Family.segments.rawValue]
        #expect((40_000...110_000).contains(files), "\(files) bytes of text with four bits each")
        #expect(after.blockCache >= 100_000 && after.tableReaders > 0 && after.memtables < before.memtables)
        #expect(after.disk == files + after.logFiles)
    }

    @Test func deletedSpaceComesBack() throws {
        let store = try open()
        for index in 0..<50 { try store.put(.segments, "key \(index)", String(repeating: "\(index)x", count: 20_000)) }
        try store.flush(.segments)
        let family = KeyValueStore.Family.segments
        #expect(try store.statistics().tableFiles[family.rawValue] > 5000)
        var batch = try WriteBatch(store)
        batch.deleteRange(.segments, from: "key", to: "kez")
        try store.write(batch, sync: true)
        try store.compactRange(.segments)
        #expect(try store.statistics().tableFiles[family.rawValue] < 2000)
    }
}

@Suite struct StorageKeyValueStoreClosingTests {
    private let directory = ScratchDirectory()
    private var path: String { directory.path + "/store" }

    @Test func closedIsAnError() throws {
        let store = try KeyValueStore(path: path)
        store.close()
        store.close()
        #expect(
            thrownStatus { () throws(DeedError) in
                _ = try store.get(.meta, UnsafeRawBufferPointer(start: nil, count: 0))
            } == .closed)
        #expect(thrownStatus { () throws(DeedError) in try store.put(.meta, "a", "b") } == .closed)
        #expect(thrownStatus { () throws(DeedError) in try store.syncLog() } == .closed)
        #expect(thrownStatus { () throws(DeedError) in _ = try store.statistics() } == .closed)
        #expect(thrownStatus { () throws(DeedError) in _ = try store.keys(.meta) } == .closed)
    }

    @Test func outstandingHandlesStayValid() throws {
        let store = try KeyValueStore(path: path)
        try store.put(.meta, "a", "1")
        try store.put(.meta, "b", "2")
        try useAfterClose(of: store)
        // Now that they are gone the lock is free.
        try KeyValueStore(path: path).close()
    }

    private func useAfterClose(of store: KeyValueStore) throws {
        var iterator = try KeyValueIterator(store, in: .meta)
        let key = UnsafeMutableRawBufferPointer.allocate(byteCount: 1, alignment: 1)
        defer { key.deallocate() }
        key[0] = UInt8(ascii: "a")
        let value = try store.get(.meta, UnsafeRawBufferPointer(key))
        store.close()
        #expect(thrownStatus { () throws(DeedError) in _ = try KeyValueStore(path: path) } == .storeLocked)
        #expect(try iterator.next())
        #expect(Array(iterator.key) == Array("a".utf8))
        if let value {
            #expect(Array(value.bytes) == Array("1".utf8))
        } else {
            Issue.record("no value")
        }
    }

    @Test func oneWriterAtATime() throws {
        let store = try KeyValueStore(path: path)
        defer { store.close() }
        #expect(thrownStatus { () throws(DeedError) in _ = try KeyValueStore(path: path) } == .storeLocked)
        try store.put(.meta, "a", "1", sync: true)
        var options = KeyValueStore.Options()
        options.readOnly = true
        let reader = try KeyValueStore(path: path, options: options)
        #expect(try reader.value(.meta, "a") == "1")
        #expect(thrownStatus { () throws(DeedError) in try reader.put(.meta, "b", "2") } == .readOnly)
        #expect(thrownStatus { () throws(DeedError) in try reader.syncLog() } == .readOnly)
        #expect(thrownStatus { () throws(DeedError) in _ = try SortedFileWriter(reader, for: .meta) } == .readOnly)
    }

    @Test func pathsThatCannotBe() throws {
        func status(_ path: String, _ change: (inout KeyValueStore.Options) -> Void = { _ in }) -> Status? {
            var options = KeyValueStore.Options()
            change(&options)
            return thrownStatus { () throws(DeedError) in _ = try KeyValueStore(path: path, options: options) }
        }
        writeFile(path, [1, 2, 3])
        #expect(status(path) == .ioError)
        #expect(readFile(path) == [1, 2, 3])
        #expect(status(path + "/below a file") == .ioError)
        #expect(status("") == .invalidArgument)
        #expect(status("a\u{0}b") == .invalidArgument)
        #expect(status(directory.path + "/no/such/parent") == .ioError)
        #expect(status(directory.path + "/" + String(repeating: "n", count: 300)) == .ioError)
        #expect(status(directory.path + "/none") { $0.createIfMissing = false } == .ioError)
        #expect(status(directory.path + "/none") { $0.readOnly = true } == .ioError)
        #expect(status(directory.path) { $0.readOnly = true } == .ioError)
        #expect(fileNames(in: directory.path) == ["store"])
        if geteuid() != 0 {
            chmod(directory.path, 0o500)
            #expect(status(directory.path) == .ioError)
            #expect(status(directory.path + "/new") == .ioError)
            chmod(directory.path, 0o700)
        }
    }

    /// Texts that RocksDB 7.8 and the C library produce.
    @Test(arguments: [
        (
            "IO error: No space left on device: While appending to file: /s/000004.log: No space left on device",
            Status.diskFull
        ),
        (
            "IO error: lock hold by current process, acquire time 1 acquiring thread 2: /s/LOCK: No locks available",
            .storeLocked
        ),
        ("IO error: While lock file: /s/LOCK: Resource temporarily unavailable", .storeLocked),
        ("IO error: While open a file for random read: /s/000009.sst: Permission denied", .ioError),
        (
            "Corruption: block checksum mismatch: stored = 1, computed = 2  in /s/000009.sst offset 0 size 9",
            .corruption
        ),
        ("Invalid argument: Column families not opened: vectors", .newerFormat),
        ("Shutdown in progress: ", .closed),
        ("Something new: happened", .internalError),
    ]) func errorTexts(text: String, status: Status) {
        #expect(rocksDBStatus(of: text) == status)
    }
}

@Suite struct StorageSortedFileTests {
    private let directory = ScratchDirectory()
    private var path: String { directory.path + "/store" }
    private var incoming: [String] { fileNames(in: path + "/incoming") }

    @Test func filesMoveIn() throws {
        let store = try KeyValueStore(path: path)
        try store.put(.segments, "k0500", "older")
        var paths: [String] = []
        for part in 0..<2 {
            var writer = try SortedFileWriter(store, for: .segments)
            for index in part * 500..<(part + 1) * 500 {
                try writer.put("k\(String(10_000 + index).dropFirst())", "value \(index)")
            }
            #expect(try writer.finish() > 1000)
            paths.append(writer.path)
        }
        try store.ingest(paths, into: .segments)
        try store.ingest([], into: .segments)
        #expect(incoming.isEmpty)
        #expect(try store.keys(.segments).count == 1000)
        #expect(try store.value(.segments, "k0500") == "value 500")
        try store.put(.segments, "k0501", "newer")
        store.close()
        let again = try KeyValueStore(path: path)
        #expect(try again.value(.segments, "k0500") == "value 500" && again.value(.segments, "k0501") == "newer")
    }

    @Test func abandonedFilesGo() throws {
        let store = try KeyValueStore(path: path)
        do {
            var writer = try SortedFileWriter(store, for: .log)
            try writer.put("a", "1")
            #expect(incoming.count == 1)
        }
        #expect(incoming.isEmpty)
        var finished = try SortedFileWriter(store, for: .log)
        try finished.put("a", "1")
        _ = try finished.finish()
        #expect(incoming.count == 1)
        writeFile(path + "/incoming/left by a crash.sst", [1])
        // Another that cannot open must not clean up.
        #expect(thrownStatus { () throws(DeedError) in _ = try KeyValueStore(path: path) } == .storeLocked)
        #expect(incoming.count == 2)
    }

    @Test func opensCleanUp() throws {
        try KeyValueStore(path: path).close()
        mkdir(path + "/incoming", 0o700)
        writeFile(path + "/incoming/left by a crash.sst", [1])
        try KeyValueStore(path: path).close()
        #expect(incoming.isEmpty)
    }

    @Test func misuseIsAnError() throws {
        let store = try KeyValueStore(path: path)
        var writer = try SortedFileWriter(store, for: .segments)
        try writer.put("b", "1")
        #expect(thrownStatus { () throws(DeedError) in try writer.put("a", "2") } == .invalidArgument)
        #expect(thrownStatus { () throws(DeedError) in try writer.put("b", "2") } == .invalidArgument)
        let empty = try SortedFileWriter(store, for: .segments)
        #expect(thrownStatus(finishing: empty) == .invalidArgument)
        #expect(
            thrownStatus { () throws(DeedError) in try store.ingest([path + "/none.sst"], into: .segments) } == .ioError
        )
        writeFile(path + "/incoming/bad.sst", Array("this is no table file".utf8))
        #expect(
            thrownStatus { () throws(DeedError) in try store.ingest([path + "/incoming/bad.sst"], into: .segments) }
                == .corruption)
        #expect(try store.keys(.segments).isEmpty)
    }

    private func thrownStatus(finishing writer: consuming SortedFileWriter) -> Status? {
        do throws(DeedError) {
            _ = try writer.finish()
            return nil
        } catch { return error.status }
    }

    private func thrownStatus(_ body: () throws(DeedError) -> Void) -> Status? {
        do throws(DeedError) {
            try body()
            return nil
        } catch { return error.status }
    }
}
