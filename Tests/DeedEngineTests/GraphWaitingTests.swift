// Statements that wait for other transactions: what wakes them, what ends their waiting, and cycles of them.

import Glibc
import Synchronization
import Testing

@testable import DeedEngine

@Suite(.serialized) struct GraphWaitingTests {
    private func open(waits: Bool = true, keepWaiting: (@Sendable () -> Bool)? = nil) throws -> (Graph, [RowId]) {
        var options = GraphOptions()
        options.conflictPolicy.waits = waits
        options.keepWaiting = keepWaiting
        let graph = try Graph(path: nil, options: options)
        for kind in NameKind.allCases { for name in ["a", "b"] { _ = try graph.intern(kind, name) } }
        return (graph, try (0..<6).map { try graph.add(0, [0: .int($0)]) })
    }

    private func begin(_ graph: Graph, milliseconds: Int? = nil) throws -> Transaction {
        var asked = TransactionOptions()
        asked.conflictPolicy = ConflictPolicy()
        asked.conflictPolicy?.waits = true
        asked.conflictPolicy?.millisecondsMax = milliseconds
        return try graph.begin(asked)
    }

    /// Waits until so many statements are asleep.
    private func untilAsleep(_ graph: Graph, _ count: Int = 1) { while graph.waits.waitingCount < count { usleep(200) } }

    @Test func aStatementOfItsOwnGoesOnWhateverTheOtherDoes() throws {
        let (graph, ids) = try open()
        for commits in [true, false] {
            let holder = try begin(graph)
            try graph.set(.entity, ids[0], [0: .int(50)], in: holder)
            try runThreads([
                { try graph.set(.entity, ids[0], [1: .int(60)]) },
                {
                    untilAsleep(graph)
                    if commits { try graph.commit(holder) } else { graph.rollback(holder) }
                },
            ])
            #expect(try graph.row(.entity, ids[0])?.properties == [0: .int(50), 1: .int(60)])
        }
        try graph.close()
    }

    @Test func anOlderSnapshotConflictsWhenTheOtherCommits() throws {
        let (graph, ids) = try open()
        for commits in [true, false] {
            let holder = try begin(graph)
            try graph.remove(.entity, ids[commits ? 0 : 1], in: holder)
            let waiter = try begin(graph)
            let outcome = Mutex<Status?>(nil)
            try runThreads([
                {
                    do throws(DeedError) {
                        _ = try graph.connect(ids[2], ids[commits ? 0 : 1], 0, in: waiter)
                    } catch {
                        outcome.withLock { $0 = error.status }
                    }
                },
                {
                    untilAsleep(graph)
                    if commits { try graph.commit(holder) } else { graph.rollback(holder) }
                },
            ])
            #expect(outcome.withLock { $0 } == (commits ? .transactionConflict : nil))
            // The statement failed, not the transaction.
            try graph.set(.entity, ids[3], [0: .int(9)], in: waiter)
            try graph.commit(waiter)
        }
        #expect(try graph.check() == [])
        try graph.close()
    }

    @Test func aDeletionWaitsForThoseWhoAddRelationships() throws {
        let (graph, ids) = try open()
        let holder = try begin(graph)
        _ = try graph.connect(ids[0], ids[1], 0, in: holder)
        try runThreads([
            { try graph.remove(.entity, ids[1], detach: true) },
            {
                untilAsleep(graph)
                try graph.commit(holder)
            },
        ])
        #expect(try graph.row(.entity, ids[1]) == nil)
        #expect(try graph.links(ids[0]) == [])
        #expect(try graph.check() == [])
        try graph.close()
    }

    @Test func waitingEndsWithTheTimeout() throws {
        let (graph, ids) = try open()
        let holder = try begin(graph)
        try graph.set(.entity, ids[0], [0: .int(50)], in: holder)
        for milliseconds in [0, 30] {
            let waiter = try begin(graph, milliseconds: milliseconds)
            try graph.set(.entity, ids[1], [0: .int(51)], in: waiter)
            let error = #expect(throws: DeedError.self) { try graph.set(.entity, ids[0], [0: .int(52)], in: waiter) }
            #expect(error?.status == .lockTimeout)
            #expect(error?.message.contains("transaction \(holder.number)") == true)
            #expect(try graph.row(.entity, ids[1], in: waiter)?.properties[0] == .int(51))
            graph.rollback(waiter)
        }
        try graph.commit(holder)
        try graph.close()
    }

    @Test func waitingCanBeInterrupted() throws {
        let asked = Atomic<Int>(0)
        let (graph, ids) = try open { asked.add(1, ordering: .relaxed).newValue < 3 }
        let holder = try begin(graph)
        try graph.set(.entity, ids[0], [0: .int(50)], in: holder)
        let error = #expect(throws: DeedError.self) { try graph.remove(.entity, ids[0]) }
        #expect(error?.status == .interrupted)
        #expect(asked.load(ordering: .relaxed) == 3)
        try graph.commit(holder)
        try graph.close()
    }

    @Test func nobodyElseIsHeldUpAndClosingWakesThoseWhoWait() throws {
        let directory = ScratchDirectory()
        let graph = try Graph.open(directory.path + "/store")
        for kind in NameKind.allCases { _ = try graph.intern(kind, "a") }
        let ids = try (0..<2).map { try graph.add(0, [0: .int($0)]) }
        let holder = try begin(graph)
        try graph.set(.entity, ids[0], [0: .int(50)], in: holder)
        let statuses = Mutex<[Status]>([])
        let waiter: @Sendable () throws -> Void = {
            let transaction = try begin(graph)
            do throws(DeedError) {
                try graph.set(.entity, ids[0], [0: .int(60)], in: transaction)
            } catch {
                statuses.withLock { $0.append(error.status) }
            }
            graph.rollback(transaction)
        }
        try runThreads([
            waiter, waiter,
            {
                untilAsleep(graph, 2)
                for value in 0..<20 { try graph.set(.entity, ids[1], [0: .int(value)]) }
                try graph.checkpoint()
                try Violation.unless(try graph.row(.entity, ids[0])?.properties[0] == .int(0), "a read saw what is not committed")
                try graph.close()
            },
        ])
        #expect(statuses.withLock { $0 } == [.closed, .closed])
    }

    /// Each of several transactions holds a row and then wants that of the next. Whoever closes the ring finds it.
    @Test(arguments: [2, 3, 5], [0, 1, 4]) func theYoungestOfACycleGivesWay(size: Int, closer: Int) throws {
        let (graph, ids) = try open()
        let last = closer % size
        let transactions = try (0..<size).map { _ in try begin(graph) }
        for (id, transaction) in zip(ids, transactions) { try graph.set(.entity, id, [0: .int(-1)], in: transaction) }
        let failures = Mutex<[(index: Int, error: DeedError)]>([])
        let slowest = Mutex<Duration>(.zero)
        let clock = ContinuousClock()
        try runThreads((0..<size).map { index in
            {
                // The last one starts when the others are asleep.
                if index == last { untilAsleep(graph, size - 1) }
                let start = clock.now
                do throws(DeedError) {
                    try graph.run(transactions[index]) { transaction throws(DeedError) in
                        try graph.set(.entity, ids[(index + 1) % size], [1: .int(index)], in: transaction)
                    }
                    graph.rollback(transactions[index])
                } catch {
                    failures.withLock { $0.append((index, error)) }
                    if index == last { slowest.withLock { $0 = max($0, clock.now - start) } }
                }
            }
        })
        let failed = failures.withLock { $0 }
        try #require(failed.count == 1)
        #expect(failed[0].index == size - 1)
        #expect(failed[0].error.status == .deadlock)
        for transaction in transactions { #expect(failed[0].error.message.contains("transaction \(transaction.number) waits")) }
        #expect(transactions[size - 1].state == .rolledBack)
        // Found without any slice of waiting; the bound is for machines that are very busy.
        #expect(slowest.withLock { $0 } < .seconds(2))
        #expect(try graph.row(.entity, ids[0])?.properties == [0: .int(0)])
        try graph.close()
    }

    /// Threads that lock rows in any order, each statement several of them, and wait without a timeout: every cycle must be
    /// found, or this never ends; and no sum changes.
    @Test(arguments: [UInt64(1), 2, 3]) func randomOrdersNeverHang(seed: UInt64) throws {
        let (graph, ids) = try open()
        for id in ids { try graph.set(.entity, id, [0: .int(100)]) }
        let done = Mutex<[Status: Int]>([:])
        try runThreads((0..<6).map { thread in
            {
                var random = SeededRandom(seed &* 100 &+ UInt64(thread))
                for _ in 0..<120 {
                    let transaction = try begin(graph)
                    do throws(DeedError) {
                        for _ in 0..<2 {
                            let (from, to) = (random.pick(ids), random.pick(ids))
                            try move(graph, transaction, from, to)
                        }
                        try graph.commit(transaction)
                    } catch {
                        done.withLock { $0[error.status, default: 0] += 1 }
                        graph.rollback(transaction)
                    }
                }
            }
        })
        let statuses = done.withLock { Set($0.keys) }
        #expect(statuses.isSubset(of: [.transactionConflict, .deadlock]), "seed \(seed)")
        var sum = 0
        for id in ids { sum += try graph.row(.entity, id)?.properties[0]?.int ?? 0 }
        #expect(sum == 600, "seed \(seed)")
        #expect(graph.waits.waitingCount == 0)
        try graph.close()
    }
}

/// Moves one from an account to another, in one statement: if its second half fails the first is undone too.
private func move(_ graph: Graph, _ transaction: Transaction, _ from: RowId, _ to: RowId) throws(DeedError) {
    try graph.run(transaction) { transaction throws(DeedError) in
        let savepoint = transaction.savepoint
        do throws(DeedError) {
            for (id, change) in [(from, -1), (to, 1)] {
                let balance = try graph.row(.entity, id, in: transaction)?.properties[0]?.int ?? 0
                try withCells([(key: 0, value: .int(balance + change))]) { cells throws(DeedError) in
                    try graph.update(transaction, .entity, id, cells, replacing: false)
                }
            }
        } catch {
            graph.undo(transaction, to: savepoint)
            throw error
        }
    }
}
