// A store opened for following, beside its writer: at every timestamp the follower must be what the writer was, through
// checkpoints, compactions, bulk loads, closing and crashing. `DEED_SEED` runs one seed.

import Glibc
import Synchronization
import Testing

@testable import DeedEngine

@Suite struct FollowerTests {
    private var seeds: [UInt64] {
        getenv("DEED_SEED").flatMap { UInt64(String(cString: $0)) }.map { [$0] } ?? [1, 2, 3]
    }

    /// The writer and its followers take turns, so that each follower is compared at every commit that it stops at.
    @Test func followersAreWhatTheWriterIs() throws {
        for seed in seeds {
            let run = try FollowerRun(seed)
            for _ in 0..<120 { try run.step() }
            try run.end()
        }
    }

    /// Readers look at the follower all the time; a transaction sees one state, whole.
    @Test func readersOfAFollowerSeeWholeCommitsOnly() throws {
        for seed in seeds {
            let run = try FollowerRun(seed, follows: false)
            let follower = try run.openFollower()
            let isDone = Atomic<Bool>(false)
            let looks = Atomic<Int>(0)
            let reader: @Sendable () throws -> Void = {
                while !isDone.load(ordering: .relaxed) {
                    let graph = follower.graph
                    let transaction = try graph.begin(readOnly: true)
                    defer { graph.rollback(transaction) }
                    let expected = run.state(at: transaction.snapshot.timestamp)
                    for _ in 0..<2 {
                        let found = try graph.state(in: transaction)
                        try Violation.unless(
                            found == expected, "seed \(seed): torn at \(transaction.snapshot.timestamp)")
                    }
                    looks.add(1, ordering: .relaxed)
                }
            }
            let writer: @Sendable () throws -> Void = {
                defer { isDone.store(true, ordering: .relaxed) }
                for _ in 0..<150 { try run.step() }
            }
            try runThreads([reader, reader, writer])
            #expect(looks.load(ordering: .relaxed) > 0)
            #expect(follower.reloadCount == 0, "seed \(seed)")
            try follower.close()
            try run.end()
        }
    }

    /// A follower that has been away for too long opens the store anew by itself.
    @Test func aFollowerThatHasLostItsPlaceFindsIt() throws {
        let directory = MemoryDirectory()
        let writer = try Graph.open(directory.path + "/store", durability: .none)
        let table = try writer.intern(.collection, "a")
        _ = try writer.add(table)
        try writer.checkpoint()
        let follower = try Follower(path: directory.path + "/store", options: GraphOptions())
        let old = try follower.graph.begin(readOnly: true)
        let graph = follower.graph
        for _ in 0..<3 { _ = try writer.add(table) }
        try writer.checkpoint()
        #expect(try follower.catchUp(to: 0, milliseconds: 10_000) == 4)
        #expect(follower.reloadCount == 1)
        #expect(try follower.graph.everything().count == 4)
        #expect(try graph.scanned(.entity, table, in: old).count == 1)
        graph.rollback(old)
        try follower.close()
        try writer.close()
    }

    @Test func thereMustBeAStore() throws {
        let directory = MemoryDirectory()
        for path in [directory.path, directory.path + "/nowhere"] {
            do throws(DeedError) {
                _ = try Follower(path: path, options: GraphOptions())
                Issue.record("opened \(path)")
            } catch {
                #expect(error.status == .ioError)
            }
        }
    }

    /// What was dropped from memory comes back from the writer's latest checkpoint.
    @Test func aFollowerKeepsToItsMemoryLimit() throws {
        let directory = MemoryDirectory()
        let writer = try Graph.open(directory.path + "/store", durability: .async)
        let table = try writer.intern(.collection, "a")
        let key = try writer.intern(.propertyKey, "k")
        var options = GraphOptions()
        options.memoryLimit = 32 << 20
        let text = String(repeating: "x", count: 200)
        var ids = try writer.load(table, count: 10, [ArrayColumn(key, (0..<10).map { .int($0) })])
        try writer.checkpoint()
        let follower = try Follower(path: directory.path + "/store", options: options)
        for round in 0..<8 {
            ids += try writer.load(table, count: 10_000, [ArrayColumn(key, (0..<10_000).map { .string("\($0) \(text)") })])
            for step in 0..<200 { try writer.set(.entity, ids[step * 37 % ids.count], [key: .string("\(round) \(step)")]) }
            try writer.checkpoint()
            _ = try follower.catchUp(to: writer.snapshots.lastCommit, milliseconds: 20_000)
            #expect(follower.graph.pool.bytesTotal <= 32 << 20)
            #expect(try follower.graph.everything() == writer.everything())
        }
        #expect(follower.reloadCount == 0)
        try follower.close()
        try writer.close()
    }
}

/// A writer that does random things and remembers the state after each of its commits, and followers of it.
private final class FollowerRun: @unchecked Sendable {
    private let directory = MemoryDirectory()
    private let seed: UInt64
    private var random: SeededRandom
    private var writer: Graph
    private var followers: [Follower] = []
    private let follows: Bool
    private let states: Mutex<[GraphState]>
    private var path: String { directory.path + "/store" }

    init(_ seed: UInt64, follows: Bool = true) throws {
        self.seed = seed
        self.follows = follows
        random = SeededRandom(seed)
        writer = try Graph.open(directory.path + "/store", durability: .async)
        states = Mutex([try writer.state(in: nil)])
    }

    /// The state after a commit, which the writer is about to note if it has not yet.
    func state(at timestamp: Timestamp) -> GraphState {
        while true {
            if let state = states.withLock({ Int(timestamp) < $0.count ? $0[Int(timestamp)] : nil }) { return state }
            usleep(100)
        }
    }

    func openFollower() throws -> Follower { try Follower(path: path, options: GraphOptions()) }

    func step() throws {
        switch below(30) {
        case 0...1: try writer.checkpoint()
        case 2: try writer.compact()
        case 3 where follows: followers.append(try openFollower())
        case 4 where !followers.isEmpty: try followers.remove(at: below(followers.count)).close()
        case 5...9 where !followers.isEmpty: try compare(followers[below(followers.count)])
        case 10:
            try writer.close()
            try reopen()
        case 11: try crash()
        default: try commit()
        }
    }

    func end() throws {
        for follower in followers {
            try compare(follower)
            #expect(try follower.graph.check() == [], "seed \(seed)")
            #expect(follower.reloadCount == 0, "seed \(seed)")
            try follower.close()
        }
        followers = []
        try writer.close()
    }

    private func compare(_ follower: Follower) throws {
        let last = writer.snapshots.lastCommit
        let seen = try follower.catchUp(to: last, milliseconds: 20_000)
        try Violation.unless(seen == last, "seed \(seed): sees \(seen) of \(last)")
        let found = try follower.graph.state(in: nil)
        try Violation.unless(found == state(at: last), "seed \(seed): differs at \(last)")
    }

    private func reopen() throws {
        writer = try Graph.open(path, durability: .async)
        try Violation.unless(try writer.state(in: nil) == state(at: writer.snapshots.lastCommit), "seed \(seed): reopened")
    }

    /// The writer's files are put back to what a crash would leave, under the followers' eyes.
    private func crash() throws {
        let last = writer.snapshots.lastCommit
        writer.abandonStore()
        writer = try Graph.open(path, durability: .async)
        try Violation.unless(writer.snapshots.lastCommit == last, "seed \(seed): the crash has lost commits")
    }

    private func commit() throws {
        let transaction = try writer.begin(readOnly: false)
        for _ in 0...below(4) {
            do throws(DeedError) { try write(transaction) } catch {
                switch error.status {
                case .notFound, .hasRelationships: break
                default: throw error
                }
            }
        }
        if below(8) == 0 { writer.rollback(transaction) } else { try writer.commit(transaction) }
        let last = writer.snapshots.lastCommit
        let state = try writer.state(in: nil)
        states.withLock { if Int(last) == $0.count { $0.append(state) } }
    }

    private func write(_ transaction: Transaction) throws(DeedError) {
        let collection = try name(.collection)
        let type = try name(.relationshipType)
        let key = try name(.propertyKey)
        let text = Value.string("a text that does not fit a slot \(below(1000))")
        let entities = try writer.scanned(.entity, collection, in: transaction).map(\.id)
        switch below(10) {
        case 0...2: _ = try writer.add(collection, [key: .int(below(100))], in: transaction)
        case 3 where !entities.isEmpty: try writer.set(.entity, pick(entities), [key: text], in: transaction)
        case 4 where !entities.isEmpty:
            try writer.set(.entity, pick(entities), [key: .null], replacing: below(2) == 0, in: transaction)
        case 5 where entities.count > 3:
            try writer.remove(.entity, pick(entities), detach: below(2) == 0, in: transaction)
        case 6 where !entities.isEmpty:
            if let link = try writer.links(pick(entities), .both, in: transaction).first {
                try writer.remove(.relationship, link.relationship, in: transaction)
            }
        case 7 where !entities.isEmpty:
            let columns = [ArrayColumn(key, (0..<20).map { $0 % 3 == 0 ? .null : text })]
            let ids = try writer.load(collection, count: 20, columns, in: transaction)
            _ = try writer.load(type, ids.map { (source: $0, target: pick(entities)) }, in: transaction)
        default:
            if entities.count < 2 { break }
            _ = try writer.connect(pick(entities), pick(entities), type, [key: text], in: transaction)
        }
    }

    private func below(_ count: Int) -> Int { Int.random(in: 0..<count, using: &random) }

    private func pick(_ ids: [RowId]) -> RowId { ids[below(ids.count)] }

    private func name(_ kind: NameKind) throws(DeedError) -> NameId { try writer.intern(kind, ["a", "b", "c"][below(3)]) }
}

extension Graph {
    /// Lets go of the files without a checkpoint, as a process does that is killed.
    fileprivate func abandonStore() {
        maintenance.stop()
        closing.store(true, ordering: .relaxed)
        store?.close()
    }
}
