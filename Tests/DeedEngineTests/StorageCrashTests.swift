// What a crash or a bad disk does to the store. A copy of the directory taken while the store is open is what a killed
// process leaves behind; files cut short or with zeros in them are what a machine that lost power leaves of what was
// not synced.

import Glibc
import Testing

@testable import DeedEngine

@Suite struct StorageCrashTests {
    private let directory = ScratchDirectory()
    private var path: String { directory.path + "/store" }
    private var image: String { directory.path + "/image" }

    /// Copies the store as it is on disk.
    private func takeImage() {
        removeTree(image)
        mkdir(image, 0o700)
        for name in fileNames(in: path) where name != "LOCK" && name != "incoming" {
            writeFile("\(image)/\(name)", readFile("\(path)/\(name)"))
        }
    }

    /// With a small memtable, and so a short log: the space of a log is allocated in advance.
    private func open(_ path: String) throws(DeedError) -> KeyValueStore {
        var options = KeyValueStore.Options()
        options.writeBufferBytes = 64 << 10
        return try KeyValueStore(path: path, options: options)
    }

    private var log: String { "\(image)/\(fileNames(in: image).last { $0.hasSuffix(".log") } ?? "none")" }

    private func key(_ index: Int) -> String { "commit \(100 + index)" }

    private func makeCommits(_ count: Int, _ store: KeyValueStore) throws {
        for index in 0..<count {
            var batch = try WriteBatch(store)
            batch.put(.log, key(index), "effects")
            batch.put(.meta, "last", key(index))
            try store.write(batch, sync: true)
        }
    }

    /// The number of commits in the image: none missing in between, each one whole.
    private func commitsInImage() throws -> Int {
        let store = try open(image)
        defer { store.close() }
        let keys = try store.keys(.log)
        #expect(keys == keys.indices.map { key($0) })
        #expect(try store.value(.meta, "last") == keys.last)
        return keys.count
    }

    @Test func acknowledgedCommitsSurviveAKill() throws {
        let store = try KeyValueStore(path: path)
        try makeCommits(20, store)
        takeImage()
        #expect(try commitsInImage() == 20)
        // The second open replays nothing and finds the same.
        #expect(try commitsInImage() == 20)
    }

    @Test(arguments: [false, true]) func aLogCutAnywhereOpensWithAPrefix(zerosFollow: Bool) throws {
        let store = try open(path)
        try makeCommits(6, store)
        takeImage()
        let name = log
        let whole = readFile(name)
        let bytes = whole[...(whole.lastIndex { $0 != 0 } ?? 0)]
        let files = fileNames(in: image).map { ($0, readFile("\(image)/\($0)")) }
        var last = 0
        for size in stride(from: 0, through: bytes.count + 10, by: 11) {
            removeTree(image)
            mkdir(image, 0o700)
            for (file, content) in files { writeFile("\(image)/\(file)", content) }
            writeFile(name, bytes.prefix(size) + [UInt8](repeating: 0, count: zerosFollow ? 70_000 : 0))
            let count = try commitsInImage()
            #expect(count >= last && count <= 6)
            last = count
        }
        #expect(last == 6)
    }

    @Test func whatAHoleLeavesHasNoGap() throws {
        let store = try open(path)
        try makeCommits(12, store)
        takeImage()
        let name = log
        let bytes = readFile(name)
        let files = fileNames(in: image).map { ($0, readFile("\(image)/\($0)")) }
        let used = bytes.lastIndex { $0 != 0 } ?? 0
        for start in stride(from: 0, to: used - 60, by: 97) {
            for (file, content) in files { writeFile("\(image)/\(file)", content) }
            var damaged = bytes
            for position in start..<start + 60 { damaged[position] = 0 }
            writeFile(name, damaged)
            #expect(try commitsInImage() < 12)
            removeTree(image)
            mkdir(image, 0o700)
        }
    }

    @Test func unloggedWritesSurviveOnceFlushed() throws {
        let store = try KeyValueStore(path: path)
        try store.put(.segments, "flushed", "1", log: false)
        try store.flush(.segments)
        try store.put(.segments, "not flushed", "2", log: false)
        takeImage()
        let image = try KeyValueStore(path: self.image)
        #expect(try image.keys(.segments) == ["flushed"])
    }

    @Test func ingestedFilesSurviveAKill() throws {
        let store = try KeyValueStore(path: path)
        var writer = try SortedFileWriter(store, for: .adjacency)
        try writer.put("a", "1")
        _ = try writer.finish()
        try store.ingest([writer.path], into: .adjacency)
        takeImage()
        let image = try KeyValueStore(path: self.image)
        #expect(try image.value(.adjacency, "a") == "1")
    }

    @Test func damagedTablesAreCorruption() throws {
        let store = try KeyValueStore(path: path)
        var random = SeededRandom(3)
        let text = String((0..<200_000).map { _ in "abcdefghijklmnop".randomElement(using: &random)! })
        try store.put(.segments, "key", text)
        try store.flush(.segments)
        store.close()
        takeImage()
        let table = try #require(fileNames(in: image).first { $0.hasSuffix(".sst") })
        var bytes = readFile("\(image)/\(table)")
        bytes[bytes.count / 2] ^= 0x10
        writeFile("\(image)/\(table)", bytes)
        let image = try KeyValueStore(path: self.image)
        #expect(thrownStatus { () throws(DeedError) in _ = try image.value(.segments, "key") } == .corruption)
        #expect(thrownStatus { () throws(DeedError) in _ = try image.keys(.segments) } == .corruption)
        // The rest of the store is as good as ever.
        try image.put(.meta, "still", "works", sync: true)
    }

    @Test func missingFilesAreAnError() throws {
        let store = try KeyValueStore(path: path)
        try store.put(.segments, "key", "value")
        try store.flush(.segments)
        takeImage()
        for name in fileNames(in: image) where name.hasSuffix(".sst") { unlink("\(image)/\(name)") }
        let status = thrownStatus { () throws(DeedError) in _ = try KeyValueStore(path: image) }
        #expect(status == .corruption || status == .ioError)
    }

    /// In a process of its own, since the limit on file sizes holds for the whole process.
    @Test func afterAFailedWriteTheStoreStaysFailed() async {
        await #expect(processExitsWith: .success) {
            let directory = ScratchDirectory()
            let store = try KeyValueStore(path: directory.path)
            try store.put(.log, "acknowledged", "1", sync: true)
            signal(SIGXFSZ, SIG_IGN)
            var limit = rlimit(rlim_cur: 4096, rlim_max: rlim_t.max)
            setrlimit(__rlimit_resource_t(RLIMIT_FSIZE.rawValue), &limit)
            let large = String(repeating: "x", count: 10_000)
            #expect(
                thrownStatus { () throws(DeedError) in try store.put(.log, "large", large, sync: true) } == .ioError)
            limit.rlim_cur = rlim_t.max
            setrlimit(__rlimit_resource_t(RLIMIT_FSIZE.rawValue), &limit)
            // The disk is fine again, but nothing is promised on top of a log with a hole.
            #expect(thrownStatus { () throws(DeedError) in try store.put(.log, "small", "2", sync: true) } == .ioError)
            #expect(try store.keys(.log) == ["acknowledged"])
            store.close()
            let again = try KeyValueStore(path: directory.path)
            #expect(try again.keys(.log) == ["acknowledged"])
            try again.put(.log, "small", "2", sync: true)
        }
    }
}
