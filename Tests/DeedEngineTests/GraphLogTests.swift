// A store whose machine went down at any moment, or whose files a disk has damaged: what opens is the state after some
// commits, in order and whole, or the damage is reported.

import Glibc
import Testing

@testable import DeedEngine

@Suite struct GraphLogTests {
    private let directory = MemoryDirectory()
    private var path: String { directory.path + "/store" }
    private var image: String { directory.path + "/image" }

    /// A store as it was when it went down.
    private struct Crashed {
        /// The state after each commit, the first one before any.
        var states: [Model.Rows]
        var log: String
        /// The log's bytes without the room that was allocated in advance.
        var bytes: [UInt8]
    }

    /// Commits of all kinds on a store that begins with a checkpoint, so that its log holds them and nothing else.
    private func crash() throws -> Crashed {
        let graph = try Graph.open(path)
        for kind in NameKind.allCases { for name in ["a", "b"] { _ = try graph.intern(kind, name) } }
        let old = try (0..<3).map { try graph.add(0, [0: .int($0), 1: .string("before the checkpoint")]) }
        let road = try graph.connect(old[0], old[1], 0)
        try graph.checkpoint()
        var states = [try graph.everything()]
        let commits: [(Transaction) throws -> Void] = [
            { _ = try graph.add(1, [0: .float(.nan), 1: .string("a string that is longer than a slot")], in: $0) },
            { transaction in
                let new = try graph.add(graph.intern(.collection, "late"), in: transaction)
                _ = try graph.connect(new, old[2], graph.intern(.relationshipType, "late"), [0: .int(1)], in: transaction)
            },
            { try graph.set(.entity, old[0], [0: .null, 1: .bytes([1, 2, 3])], in: $0) },
            { try graph.set(.relationship, road, [1: .bool(true)], in: $0) },
            { transaction in
                let ids = try graph.load(0, count: 3, [ArrayColumn(0, [.int(1), .null, .int(3)])], in: transaction)
                _ = try graph.load(1, [(source: ids[0], target: old[1]), (source: ids[2], target: ids[1])], in: transaction)
            },
            { try graph.remove(.relationship, road, in: $0) },
            { try graph.remove(.entity, old[2], detach: true, in: $0) },
            { try graph.set(.entity, old[1], [1: .int(-9)], replacing: true, in: $0) },
        ]
        for commit in commits {
            let transaction = try graph.begin(readOnly: false)
            try commit(transaction)
            try graph.commit(transaction)
            states.append(try graph.everything())
        }
        copyStore(path, to: image)
        try graph.close()
        let log = try #require(fileNames(in: image).last { $0.hasSuffix(".log") })
        var bytes = readFile("\(image)/\(log)")
        while bytes.last == 0 { bytes.removeLast() }
        return Crashed(states: states, log: log, bytes: bytes)
    }

    /// Opens a copy of the image, in which one file holds `bytes`; returns the state. nil if that is reported as damage.
    private func open(replacing file: String, by bytes: [UInt8], readOnly: Bool = false) throws -> Model.Rows? {
        let copy = directory.path + "/copy"
        copyStore(image, to: copy)
        writeFile("\(copy)/\(file)", bytes)
        do throws(DeedError) {
            let graph = try Graph.open(copy, readOnly: readOnly)
            let problems = try graph.check()
            let state = try graph.everything()
            try graph.close()
            if !problems.isEmpty { Issue.record("\(file), \(bytes.count) bytes: \(problems)") }
            return state
        } catch {
            guard error.status == .corruption else { throw error }
            return nil
        }
    }

    @Test func aLogCutAnywhereOpensWithTheCommitsBefore() throws {
        let crashed = try crash()
        var last = 0
        for size in 0...crashed.bytes.count {
            // Opening for writing takes its time; it does the same and then clears what it has dropped.
            let bytes = Array(crashed.bytes[..<size])
            let state = try open(replacing: crashed.log, by: bytes, readOnly: size % 8 != 0)
            guard let found = crashed.states.firstIndex(where: { $0 == state }) else {
                Issue.record("cut at \(size): not the state after any commit")
                return
            }
            #expect(found >= last, "cut at \(size)")
            last = found
        }
        #expect(last == crashed.states.count - 1)
    }

    @Test func aDamagedLogOpensWithTheCommitsBeforeOrIsReported() throws {
        let crashed = try crash()
        for position in stride(from: 0, to: crashed.bytes.count, by: 7) {
            var bytes = crashed.bytes
            bytes[position] ^= 1 << UInt8(position % 8)
            guard let state = try open(replacing: crashed.log, by: bytes) else { continue }
            #expect(crashed.states.contains(state), "damage at \(position)")
        }
    }

    /// The other files hold the state before the commits, and where everything is.
    @Test func damagedFilesAreReportedOrDoNoHarm() throws {
        let crashed = try crash()
        for file in fileNames(in: image) where file.hasSuffix(".sst") || file.hasPrefix("MANIFEST") {
            let bytes = readFile("\(image)/\(file)")
            for position in stride(from: bytes.count % 5, to: bytes.count, by: max(bytes.count / 10, 1)) {
                var damaged = bytes
                damaged[position] ^= 0x40
                guard let state = try open(replacing: file, by: damaged) else { continue }
                #expect(crashed.states.contains(state), "\(file) damaged at \(position)")
            }
        }
    }
}
