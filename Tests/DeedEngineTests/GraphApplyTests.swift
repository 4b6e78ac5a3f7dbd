// Live apply: the log of one graph, applied to another record by record while readers look on. At every timestamp the
// other one must be what the first one was. `DEED_SEED` runs one seed.

import Glibc
import Synchronization
import Testing

@testable import DeedEngine

@Suite struct GraphApplyTests {
    private var seeds: [UInt64] {
        getenv("DEED_SEED").flatMap { UInt64(String(cString: $0)) }.map { [$0] } ?? [1, 2, 3, 4]
    }

    @Test func everyTimestampIsAsItWas() throws {
        for seed in seeds {
            let history = try History(seed: seed, steps: 250)
            let target = try Graph.open(nil)
            try target.apply(history) { _ in }
            #expect(try target.check() == [], "seed \(seed)")
            #expect(try target.everything() == history.states.last?.rows, "seed \(seed)")
        }
    }

    @Test func readersSeeWholeCommitsOnly() throws {
        for seed in seeds {
            let history = try History(seed: seed, steps: 250)
            let target = try Graph.open(nil)
            let isDone = Atomic<Bool>(false)
            let reader: @Sendable () throws -> Void = {
                repeat {
                    let transaction = try target.begin(readOnly: true)
                    defer { target.rollback(transaction) }
                    let expected = history.states[Int(transaction.snapshot.timestamp)]
                    // Twice: the second look is at what has been overwritten meanwhile.
                    for _ in 0..<2 {
                        let found = try target.state(in: transaction)
                        try Violation.unless(
                            found == expected, "seed \(seed): torn at \(transaction.snapshot.timestamp)")
                    }
                } while !isDone.load(ordering: .relaxed)
            }
            let applier: @Sendable () throws -> Void = {
                defer { isDone.store(true, ordering: .relaxed) }
                try target.apply(history) { timestamp in if timestamp % 5 == 0 { target.settleQueued() } }
            }
            try runThreads([reader, reader, applier])
            #expect(try target.check() == [], "seed \(seed)")
        }
    }

    /// A record may be applied, undone and applied again, and a record that is there already changes nothing.
    @Test func applyingAgainChangesNothing() throws {
        for seed in seeds {
            let history = try History(seed: seed, steps: 150)
            let target = try Graph.open(nil)
            try target.apply(history) { timestamp in
                if timestamp % 3 == 0 { target.settleQueued() }
                let effects = history.effects[Int(timestamp)]
                let again = target.beginApplying()
                try effects.withUnsafeBytes { bytes throws in try target.apply(bytes, in: again) }
                target.publishApplied(again, at: timestamp)
                #expect(try target.state(in: nil) == history.states[Int(timestamp)], "seed \(seed): twice \(timestamp)")
                guard timestamp + 1 < history.effects.count else { return }
                let early = target.beginApplying()
                try history.effects[Int(timestamp) + 1].withUnsafeBytes { bytes throws in try target.apply(bytes, in: early) }
                #expect(try target.state(in: nil) == history.states[Int(timestamp)], "seed \(seed): early \(timestamp)")
                target.undoApplied(early)
                #expect(try target.state(in: nil) == history.states[Int(timestamp)], "seed \(seed): undone \(timestamp)")
            }
            target.settleQueued()
            #expect(try target.check() == [], "seed \(seed)")
        }
    }
}

/// What a test compares: the rows, and the lists of all entities that are there.
struct GraphState: Equatable {
    var rows: Model.Rows
    var lists: [RowId: [Link]]
}

extension Graph {
    func state(in transaction: Transaction?) throws(DeedError) -> GraphState {
        guard let transaction else {
            let own = try begin(readOnly: true)
            defer { rollback(own) }
            return try state(in: own)
        }
        var state = GraphState(rows: [:], lists: [:])
        for (kind, nameKind) in [(RowKind.entity, NameKind.collection), (.relationship, .relationshipType)] {
            for table in 0..<NameId(names.count(nameKind)) {
                for (id, row) in try scanned(kind, table, in: transaction) { state.rows[Model.Key(kind: kind, id: id)] = row }
            }
        }
        for id in state.rows.ids(.entity) {
            let links = try links(id, .both, in: transaction)
            if !links.isEmpty { state.lists[id] = links }
        }
        return state
    }

    /// Applies the whole history, calling `after` when each of its commits can be seen.
    fileprivate func apply(_ history: History, after: (Timestamp) throws -> Void) throws {
        for timestamp in history.effects.indices.dropFirst() {
            let transaction = beginApplying()
            try history.effects[timestamp].withUnsafeBytes { bytes throws in try apply(bytes, in: transaction) }
            publishApplied(transaction, at: Timestamp(timestamp))
            try after(Timestamp(timestamp))
        }
    }
}

/// Random statements in several interleaved transactions: the effects of each commit, and the state after it.
private final class History: @unchecked Sendable {
    private(set) var effects: [[UInt8]] = [[]]
    private(set) var states: [GraphState]

    private let directory = MemoryDirectory()
    private let graph: Graph
    private var random: SeededRandom
    private var running: [Transaction] = []

    init(seed: UInt64, steps: Int) throws {
        random = SeededRandom(seed)
        // Loads go row by row: their chunks would be in this store only.
        graph = try Graph.open(directory.path + "/store", durability: .async, bulkRowsMin: .max)
        states = [try graph.state(in: nil)]
        for _ in 0..<steps {
            do throws(DeedError) { try step() } catch {
                switch error.status {
                case .transactionConflict, .notFound, .hasRelationships: break
                default: throw error
                }
            }
        }
        while !running.isEmpty { try commit(0) }
        let gap = try graph.store?.forEachRecord(after: 0) { _, record throws(DeedError) in
            effects.append(Array(record.dropFirst(LogRecord.headerBytes)))
            return true
        }
        precondition(gap == nil && effects.count == states.count)
        try graph.close()
    }

    private func step() throws(DeedError) {
        if running.count < 4 { running.append(try graph.begin(readOnly: false)) }
        let index = below(running.count)
        let transaction = running[index]
        let entities = try entityIds(transaction)
        switch below(12) {
        case 0...3:
            _ = try graph.add(name(.collection), properties(), in: transaction)
        case 4...6 where entities.count > 1:
            let (source, target) = (pick(entities), pick(entities))
            _ = try graph.connect(source, target, name(.relationshipType), properties(), in: transaction)
        case 7 where !entities.isEmpty:
            try graph.set(.entity, pick(entities), properties(), replacing: below(2) == 0, in: transaction)
        case 8 where !entities.isEmpty:
            let links = try graph.links(pick(entities), .both, in: transaction)
            if let link = links.first { try graph.set(.relationship, link.relationship, properties(), in: transaction) }
        case 9 where !entities.isEmpty:
            let links = try graph.links(pick(entities), .both, in: transaction)
            if let link = links.last { try graph.remove(.relationship, link.relationship, in: transaction) }
        case 10 where entities.count > 4:
            try graph.remove(.entity, pick(entities), detach: below(2) == 0, in: transaction)
        default:
            if below(5) == 0 { graph.rollback(running.remove(at: index)) } else { try commit(index) }
        }
    }

    private func commit(_ index: Int) throws(DeedError) {
        let before = graph.snapshots.lastCommit
        try graph.commit(running.remove(at: index))
        if graph.snapshots.lastCommit > before { states.append(try graph.state(in: nil)) }
    }

    private func entityIds(_ transaction: Transaction) throws(DeedError) -> [RowId] {
        var ids: [RowId] = []
        for table in 0..<NameId(graph.names.count(.collection)) {
            ids += try graph.scanned(.entity, table, in: transaction).map(\.id)
        }
        return ids
    }

    private func below(_ count: Int) -> Int { Int.random(in: 0..<count, using: &random) }

    private func pick(_ ids: [RowId]) -> RowId { ids[below(ids.count)] }

    private func name(_ kind: NameKind) throws(DeedError) -> NameId {
        try graph.intern(kind, ["a", "b", "c"][below(3)])
    }

    private func properties() throws(DeedError) -> Properties {
        var result: Properties = [:]
        for _ in 0..<below(3) {
            let values: [Value] = [
                .int(below(100)), .null, .string("a text that does not fit a slot \(below(100))"), .bool(true),
            ]
            result[try name(.propertyKey)] = values[below(values.count)]
        }
        return result
    }
}
