// Backups beside writers, restoring them and every commit in between, and what damage does.

import Glibc
import Testing

@testable import DeedEngine

@Suite struct BackupTests {
    private let directory = MemoryDirectory()
    private var store: String { directory.path + "/store" }
    private var backups: String { directory.path + "/backups" }

    private func open(_ path: String, keepsLog: Bool = true, durability: Durability = .async) throws -> Graph {
        var options = GraphOptions()
        options.memoryLimit = 256 << 20
        options.checkpointLogBytes = 0
        options.bulkRowsMin = 4
        options.durability = durability
        options.retention = LogRetentionPolicy(bytes: keepsLog ? .max : 0)
        return try Graph(path: path, options: options)
    }

    /// A commit or two; notes the digest after each.
    private func commitSomething(_ graph: Graph, _ round: Int, _ digests: inout [Timestamp: Hash128]) throws {
        let (a, k) = (try graph.intern(.collection, "a\(round % 3)"), try graph.intern(.propertyKey, "k\(round % 5)"))
        let id = try graph.add(a, [k: .int(round), try graph.intern(.propertyKey, "text"): .string("round number \(round)")])
        digests[try graph.stateDigest().sequence] = try graph.stateDigest().digest
        switch round % 4 {
        case 0: _ = try graph.load(a, count: 8, [ArrayColumn(k, (0..<8).map { .int($0 * round) })])
        case 1: _ = try graph.connect(id, id, try graph.intern(.relationshipType, "r"))
        case 2: try graph.remove(.entity, id, detach: true)
        default: try graph.set(.entity, id, [k: .null])
        }
        digests[try graph.stateDigest().sequence] = try graph.stateDigest().digest
    }

    private func restore(_ options: RestoreOptions = RestoreOptions(), expecting digests: [Timestamp: Hash128]) throws {
        let path = directory.path + "/restored"
        defer { removeTree(path) }
        let sequence = try Restore(from: backups, to: path, options).run()
        let graph = try open(path)
        #expect(try graph.check() == [])
        let (digest, found) = try graph.stateDigest()
        #expect(found == sequence && digest == digests[sequence], "commit \(sequence)")
        if options.untilSequence < .max { #expect(sequence == options.untilSequence) }
        try graph.close()
        #expect(!Files.exists(path + ".restoring"))
    }

    @Test func everyCommitBetweenBackupsCanBeRestored() throws {
        var digests: [Timestamp: Hash128] = [:]
        var graph = try open(store)
        for round in 0..<24 {
            try commitSomething(graph, round, &digests)
            if round % 5 == 4 {
                let info = try graph.backUp(to: backups) { _, _ in true }
                #expect(info.hasLog == (round > 4) && info.size > 0)
            }
            if round == 11 {
                try graph.close()
                graph = try open(store)
            }
            if round % 7 == 6 { try graph.checkpoint() }
        }
        let infos = try BackupInfo.list(backups)
        #expect(infos.map(\.id) == [1, 2, 3, 4] && infos.map(\.hasLog) == [false, true, true, true])
        let last = try #require(infos.last).sequence
        try restore(expecting: digests)
        for sequence in infos[0].sequence...last {
            var options = RestoreOptions()
            options.untilSequence = sequence
            try restore(options, expecting: digests)
        }
        for info in infos {
            var options = RestoreOptions()
            options.backup = info.id
            options.onlyBackup = true
            options.untilSequence = info.sequence
            try restore(options, expecting: digests)
        }
        // What came after the last backup is in the store's own log, be it open or not.
        var options = RestoreOptions()
        options.log = store
        options.untilSequence = graph.snapshots.lastCommit
        try restore(options, expecting: digests)
        try graph.close()
        options.untilSequence -= 1
        try restore(options, expecting: digests)
        options.untilSequence += 2
        let beyond = #expect(throws: DeedError.self) { try restore(options, expecting: digests) }
        #expect(beyond?.status == .notRetained)
    }

    @Test func aPointInTimeIsFoundByTheClock() throws {
        var digests: [Timestamp: Hash128] = [:]
        let graph = try open(store)
        try commitSomething(graph, 0, &digests)
        _ = try graph.backUp(to: backups) { _, _ in true }
        usleep(2000)
        try commitSomething(graph, 1, &digests)
        let (middle, sequence) = (Clock.microseconds(), graph.snapshots.lastCommit)
        usleep(2000)
        try commitSomething(graph, 2, &digests)
        _ = try graph.backUp(to: backups) { _, _ in true }
        try graph.close()
        var options = RestoreOptions()
        options.untilMicroseconds = middle
        let path = directory.path + "/restored"
        #expect(try Restore(from: backups, to: path, options).run() == sequence)
        options.untilMicroseconds = 1
        let early = #expect(throws: DeedError.self) { try Restore(from: backups, to: path + "2", options).run() }
        #expect(early?.status == .notFound)
    }

    @Test func backupsBesideWritersAreOfOneCommit() throws {
        let graph = try open(store, keepsLog: false)
        let a = try graph.intern(.collection, "a")
        let k = try graph.intern(.propertyKey, "k")
        // Two rows always hold the same number.
        let ids = try (0..<2).map { _ in try graph.add(a, [k: .int(0)]) }
        var pending = 0
        for round in 1...6 {
            _ = try graph.backUp(to: backups) { _, _ in
                // The writer works while the files are copied; a test of threads would do the same by chance.
                pending += 1
                let number = pending
                try? graph.autocommit { transaction throws(DeedError) in
                    for id in ids { try graph.set(.entity, id, [k: .int(number)], in: transaction) }
                }
                return true
            }
            if round % 2 == 0 { try graph.checkpoint() }
        }
        try graph.close()
        #expect(pending > 0)
        for info in try BackupInfo.list(backups) {
            let path = "\(directory.path)/restored\(info.id)"
            var options = RestoreOptions()
            options.backup = info.id
            options.onlyBackup = true
            #expect(try Restore(from: backups, to: path, options).run() == info.sequence)
            let copy = try open(path)
            #expect(copy.snapshots.lastCommit == info.sequence)
            #expect(try copy.row(.entity, ids[0])?.properties == copy.row(.entity, ids[1])?.properties)
            try copy.close()
        }
    }

    @Test func damageIsFoundAndNothingIsLeft() throws {
        var digests: [Timestamp: Hash128] = [:]
        let graph = try open(store)
        for round in 0..<6 {
            try commitSomething(graph, round, &digests)
            if round % 3 == 2 { _ = try graph.backUp(to: backups) { _, _ in true } }
        }
        try graph.close()
        let path = directory.path + "/restored"
        var files: [String] = []
        for folder in ["shared_checksum", "private/1", "private/2", "log"] {
            for name in fileNames(in: "\(backups)/\(folder)") { files.append("\(backups)/\(folder)/\(name)") }
        }
        #expect(files.count > 6)
        for file in files {
            let bytes = readFile(file)
            if bytes.isEmpty { continue }
            for damaged in [flipped(bytes), Array(bytes.dropLast())] {
                writeFile(file, damaged)
                let outcomes = [1, 2].map { (id: UInt32) -> Bool in
                    var options = RestoreOptions()
                    options.backup = id
                    let sequence = try? Restore(from: backups, to: path, options).run()
                    let wasLeft = Files.exists(path) || Files.exists(path + ".restoring")
                    #expect(wasLeft == (sequence != nil), "\(file)")
                    removeTree(path)
                    return sequence != nil
                }
                // Each file belongs to one backup at least, or to the log between the two.
                #expect(outcomes.contains(false), "\(file)")
            }
            writeFile(file, bytes)
        }
        try restore(expecting: digests)
    }

    private func flipped(_ bytes: [UInt8]) -> [UInt8] {
        var copy = bytes
        copy[bytes.count / 2] ^= 1
        return copy
    }

    @Test func oldBackupsGoAndForeignOnesAreRefused() throws {
        var digests: [Timestamp: Hash128] = [:]
        let graph = try open(store)
        for round in 0..<5 {
            try commitSomething(graph, round, &digests)
            _ = try graph.backUp(to: backups, keep: 2) { _, _ in true }
        }
        let infos = try BackupInfo.list(backups)
        #expect(infos.map(\.id) == [4, 5])
        #expect(LogArchive(backups).pieces.map(\.after) == [infos[0].sequence])
        let interrupted = #expect(throws: DeedError.self) { try graph.backUp(to: backups) { _, _ in false } }
        #expect(interrupted?.status == .interrupted)
        #expect(try BackupInfo.list(backups).map(\.id) == [4, 5])
        try restore(expecting: digests)
        let other = try open(directory.path + "/other")
        let foreign = #expect(throws: DeedError.self) { try other.backUp(to: backups) { _, _ in true } }
        #expect(foreign?.status == .invalidArgument)
        try other.close()
        try graph.close()
    }

    @Test func aReplicaStartsFromACheckpoint() throws {
        var digests: [Timestamp: Hash128] = [:]
        for durability in [Durability.sync, .none] {
            let (path, exported) = ("\(store)\(durability)", "\(directory.path)/exported\(durability)")
            let graph = try open(path, durability: durability)
            for round in 0..<5 { try commitSomething(graph, round, &digests) }
            let sequence = try graph.exportCheckpoint(to: exported)
            #expect(sequence == graph.snapshots.lastCommit)
            #expect(throws: DeedError.self) { try graph.exportCheckpoint(to: exported) }
            try commitSomething(graph, 5, &digests)
            var options = RestoreOptions()
            options.onlyBackup = true
            let copy = "\(directory.path)/copy\(durability)"
            #expect(try Restore(from: exported, to: copy, options).run() == sequence)
            #expect(throws: DeedError.self) { try Restore(from: exported, to: copy, options).run() }
            var replicaOptions = GraphOptions()
            replicaOptions.isReplica = true
            let replica = try Graph(path: copy, options: replicaOptions)
            if durability != .none {
                let feed = try graph.changes(since: sequence)
                while try feed.advance(milliseconds: 0) { #expect(try replica.applyRecord(feed.data)) }
                #expect(try replica.stateDigest() == graph.stateDigest())
            }
            try replica.close()
            try graph.close()
        }
    }
}
