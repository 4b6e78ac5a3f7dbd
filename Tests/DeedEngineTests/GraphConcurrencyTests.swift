// Threads that read and write at once, and what each of them saw, checked against snapshot isolation: a transaction sees
// all of what committed before it began and nothing else, no update is lost, and no relationship lacks an end.

import Glibc
import Synchronization
import Testing

@testable import DeedEngine

/// Where the graph lives, and what happens to it meanwhile.
enum Surroundings: String, CaseIterable, Sendable {
    case memory, disk
    /// Checkpoints all the time.
    case checkpoints
    /// Checkpoints all the time, and hardly any memory.
    case cramped
}

@Suite(.serialized) struct GraphConcurrencyTests {
    private let directory = ScratchDirectory()
    private static let seconds = 1.5

    private func open(_ surroundings: Surroundings) throws -> Graph {
        let graph = try Graph.open(
            surroundings == .memory ? nil : directory.path + "/store", durability: surroundings == .disk ? .sync : .async)
        for kind in NameKind.allCases { for name in ["a", "b"] { _ = try graph.intern(kind, name) } }
        return graph
    }

    /// Work on the side, until the deadline.
    private func disturb(_ graph: Graph, _ surroundings: Surroundings, _ deadline: Deadline) -> [@Sendable () throws -> Void] {
        guard surroundings == .checkpoints || surroundings == .cramped else { return [] }
        return [{
            while !deadline.isOver {
                let size = graph.pool.limit - graph.pool.limit / 8 - graph.pool.bytesTotal
                let hog = surroundings == .cramped && size > 0 ? graph.pool.allocate(size, .scratch) : nil
                try graph.checkpoint()
                usleep(2000)
                graph.pool.free(hog, size, .scratch)
                usleep(2000)
            }
        }]
    }

    // MARK: Registers

    /// Each transaction reads registers and appends its number to some. Since the values are whole histories, every
    /// read says which commits it has seen.
    @Test(arguments: Surroundings.allCases) func readsSeeExactlyTheCommitsBefore(surroundings: Surroundings) throws {
        let graph = try open(surroundings)
        let registers = try (0..<5).map { _ in try graph.add(0, [0: .bytes([])]) }
        let history = Mutex<[Recorded]>([])
        let deadline = Deadline(seconds: Self.seconds)
        let writers = (0..<4).map { thread in
            { @Sendable in
                var random = SeededRandom(UInt64(thread + 1))
                var number = UInt64(thread) << 32
                var recorded: [Recorded] = []
                while !deadline.isOver {
                    number += 1
                    recorded.append(try runTransaction(graph, registers, number, &random))
                }
                history.withLock { $0 += recorded }
            }
        }
        try runThreads(writers + disturb(graph, surroundings, deadline))
        let recorded = history.withLock { $0 }
        try verify(recorded, registers.count)
        #expect(recorded.contains { $0.commit != nil && !$0.writes.isEmpty })
        #expect(try graph.check() == [])
        try graph.close()
    }

    /// Money that moves between accounts: in every snapshot the sum is the same, and each account agrees with its list.
    @Test(arguments: Surroundings.allCases) func everySnapshotIsWhole(surroundings: Surroundings) throws {
        let graph = try open(surroundings)
        let accounts = try (0..<12).map { _ in try graph.add(0, [0: .int(100)]) }
        let moved = Mutex<[RowId: Int]>([:])
        let deadline = Deadline(seconds: Self.seconds)
        let writers = (0..<3).map { thread in
            { @Sendable in
                var random = SeededRandom(UInt64(thread + 1))
                while !deadline.isOver {
                    let (from, to) = (random.pick(accounts), random.pick(accounts))
                    guard let amount = try transfer(graph, from, to, &random) else { continue }
                    moved.withLock { moved in
                        moved[from, default: 0] -= amount
                        moved[to, default: 0] += amount
                    }
                }
            }
        }
        let readers = (0..<2).map { _ in { @Sendable in while !deadline.isOver { try audit(graph, accounts) } } }
        try runThreads(writers + readers + disturb(graph, surroundings, deadline))
        try audit(graph, accounts)
        for account in accounts {
            let balance = try graph.row(.entity, account)?.properties[0]?.int
            #expect(balance == 100 + moved.withLock { $0[account] ?? 0 })
        }
        #expect(try graph.check() == [])
        try graph.close()
    }

    // MARK: Structure

    /// Relationships are added while their ends are deleted.
    @Test(arguments: Surroundings.allCases) func noRelationshipLacksAnEnd(surroundings: Surroundings) throws {
        var graph = try open(surroundings)
        for _ in 0..<30 { _ = try graph.add(0) }
        let deadline = Deadline(seconds: Self.seconds)
        let shared = graph
        let writers = (0..<3).map { thread in
            { @Sendable in
                var random = SeededRandom(UInt64(thread + 1))
                while !deadline.isOver { try rebuild(shared, &random) }
            }
        }
        let readers = (0..<2).map { _ in { @Sendable in while !deadline.isOver { try inspect(shared) } } }
        try runThreads(writers + readers + disturb(graph, surroundings, deadline))
        #expect(try graph.check() == [])
        try inspect(graph)
        graph.settleQueued()
        try inspect(graph)
        guard surroundings != .memory else { return try graph.close() }
        let before = try graph.scanned(.relationship, 0).map(\.id)
        try graph.close()
        graph = try Graph.open(directory.path + "/store")
        #expect(try graph.check() == [])
        #expect(try graph.scanned(.relationship, 0).map(\.id) == before)
        try inspect(graph)
        try graph.close()
    }
}

// MARK: - Registers

/// What one transaction did.
private struct Recorded: Sendable {
    var snapshot: Timestamp
    /// nil if it was rolled back.
    var commit: Timestamp?
    var number: UInt64
    var reads: [(register: Int, numbers: [UInt64])] = []
    var writes: Set<Int> = []
}

private func numbers(_ row: GraphRow?) -> [UInt64] {
    let bytes = row?.properties[0]?.bytes ?? []
    return stride(from: 0, to: bytes.count, by: 8).map { start in
        bytes[start..<start + 8].reversed().reduce(0) { $0 << 8 | UInt64($1) }
    }
}

private func runTransaction(
    _ graph: Graph, _ registers: [RowId], _ number: UInt64, _ random: inout SeededRandom
) throws -> Recorded {
    let transaction = try graph.begin(readOnly: false)
    var recorded = Recorded(snapshot: transaction.snapshot.timestamp, number: number)
    do throws(DeedError) {
        if random.next(upTo: 4) == 0 {
            let rows = try graph.scanned(.entity, 0, in: transaction)
            recorded.reads = rows.enumerated().map { ($0.offset, numbers($0.element.row)) }
        }
        for _ in 0..<1 + random.next(upTo: 4) {
            let register = random.next(upTo: registers.count)
            let row = try graph.row(.entity, registers[register], in: transaction)
            if !recorded.writes.contains(register) { recorded.reads.append((register, numbers(row))) }
            guard random.next(upTo: 2) == 0, recorded.writes.insert(register).inserted else { continue }
            let bytes = (row?.properties[0]?.bytes ?? []) + (0..<8).map { UInt8(truncatingIfNeeded: number >> (8 * $0)) }
            try graph.set(.entity, registers[register], [0: .bytes(bytes)], in: transaction)
        }
        if random.next(upTo: 10) == 0 {
            graph.rollback(transaction)
        } else {
            try graph.commit(transaction)
            recorded.commit = transaction.commitTimestamp
        }
    } catch {
        graph.rollback(transaction)
        try Violation.unless(error.status == .transactionConflict, "a transaction failed: \(error)")
    }
    return recorded
}

/// Every read is the list of those who wrote the register and committed up to the snapshot, in the order of commits;
/// and between a writer's snapshot and its commit nobody else committed a write to the same register.
private func verify(_ history: [Recorded], _ count: Int) throws {
    var writers = [[Recorded]](repeating: [], count: count)
    for recorded in history where recorded.commit != nil { for register in recorded.writes { writers[register].append(recorded) } }
    for register in 0..<count {
        writers[register].sort { ($0.commit ?? 0) < ($1.commit ?? 0) }
        for (earlier, later) in zip(writers[register], writers[register].dropFirst()) {
            try Violation.unless(
                later.snapshot >= earlier.commit ?? 0, "commits \(earlier.commit ?? 0) and \(later.commit ?? 0) both won")
        }
    }
    for recorded in history {
        for read in recorded.reads {
            let expected = writers[read.register].prefix { ($0.commit ?? 0) <= recorded.snapshot }.map(\.number)
            try Violation.unless(
                read.numbers == expected, "at \(recorded.snapshot) register \(read.register) read as \(read.numbers), not \(expected)")
        }
    }
}

// MARK: - Accounts

/// Moves an amount and leaves a relationship that says so. nil if it was rolled back.
private func transfer(_ graph: Graph, _ from: RowId, _ to: RowId, _ random: inout SeededRandom) throws -> Int? {
    let transaction = try graph.begin(readOnly: false)
    do throws(DeedError) {
        let amount = 1 + random.next(upTo: 9)
        for (account, change) in [(from, -amount), (to, amount)] {
            let balance = try graph.row(.entity, account, in: transaction)?.properties[0]?.int ?? 0
            try graph.set(.entity, account, [0: .int(balance + change)], in: transaction)
        }
        _ = try graph.connect(from, to, 0, [0: .int(amount)], in: transaction)
        if random.next(upTo: 4) == 0 {
            graph.rollback(transaction)
            return nil
        }
        try graph.commit(transaction)
        return amount
    } catch {
        graph.rollback(transaction)
        try Violation.unless(error.status == .transactionConflict, "a transfer failed: \(error)")
        return nil
    }
}

private func audit(_ graph: Graph, _ accounts: [RowId]) throws {
    let transaction = try graph.begin(readOnly: true)
    defer { graph.rollback(transaction) }
    var expected = Dictionary(uniqueKeysWithValues: accounts.map { ($0, 100) })
    let transfers = try graph.scanned(.relationship, 0, in: transaction)
    for (_, row) in transfers {
        let amount = row.properties[0]?.int ?? 0
        expected[row.source, default: 0] -= amount
        expected[row.target, default: 0] += amount
    }
    let scanned = try graph.scanned(.entity, 0, in: transaction)
    try Violation.unless(scanned.allSatisfy { $0.row.properties[0]?.int == expected[$0.id] }, "a scan disagrees with the transfers")
    var listed = 0
    for account in accounts {
        let balance = try graph.row(.entity, account, in: transaction)?.properties[0]?.int
        try Violation.unless(balance == expected[account], "account \(account) has \(balance ?? 0), not \(expected[account] ?? 0)")
        let links = try graph.links(account, in: transaction)
        let rows = transfers.filter { $0.row.source == account }.map { Link(neighbor: $0.row.target, relationship: $0.id) }
        try Violation.unless(links == rows.sorted(), "the list of account \(account) disagrees with a scan")
        listed += try graph.degree(transaction, account, type: 0, .in)
    }
    try Violation.unless(listed == transfers.count, "\(listed) incoming entries for \(transfers.count) transfers")
}

// MARK: - Structure

/// One random change, which may fail as it should.
private func rebuild(_ graph: Graph, _ random: inout SeededRandom) throws {
    let transaction = random.next(upTo: 2) == 0 ? try graph.begin(readOnly: false) : nil
    let entities = try graph.scanned(.entity, 0, in: transaction).map(\.id)
    let allowed: Set<Status> = [.transactionConflict, .notFound, .hasRelationships]
    do throws(DeedError) {
        for _ in 0..<(transaction == nil ? 1 : 3) {
            switch random.next(upTo: 12) {
            case 0..<5 where !entities.isEmpty:
                _ = try graph.connect(random.pick(entities), random.pick(entities), 0, in: transaction)
            case 5 where !entities.isEmpty:
                let ends = (0..<3).map { _ in (source: random.pick(entities), target: random.pick(entities)) }
                _ = try graph.load(0, ends, in: transaction)
            case 6 where !entities.isEmpty:
                let links = try graph.links(random.pick(entities), .both, in: transaction)
                if let link = links.first { try graph.remove(.relationship, link.relationship, in: transaction) }
            case 7..<9 where entities.count > 10:
                try graph.remove(.entity, random.pick(entities), detach: random.next(upTo: 3) > 0, in: transaction)
            default:
                if entities.count < 60 { _ = try graph.add(0, in: transaction) }
            }
        }
        guard let transaction else { return }
        if random.next(upTo: 3) == 0 { graph.rollback(transaction) } else { try graph.commit(transaction) }
    } catch {
        if let transaction { graph.rollback(transaction) }
        try Violation.unless(allowed.contains(error.status), "a change failed: \(error)")
    }
}

/// One snapshot: ends are there, and lists equal rows.
private func inspect(_ graph: Graph) throws {
    let transaction = try graph.begin(readOnly: true)
    defer { graph.rollback(transaction) }
    let relationships = try graph.scanned(.relationship, 0, in: transaction)
    let entities = Set(try graph.scanned(.entity, 0, in: transaction).map(\.id))
    var out: [RowId: [Link]] = [:]
    var into: [RowId: [Link]] = [:]
    for (id, row) in relationships {
        for end in [row.source, row.target] {
            let isThere = try graph.row(.entity, end, in: transaction) != nil
            try Violation.unless(isThere && entities.contains(end), "relationship \(id) lacks its end \(end)")
        }
        out[row.source, default: []].append(Link(neighbor: row.target, relationship: id))
        into[row.target, default: []].append(Link(neighbor: row.source, relationship: id))
    }
    for entity in entities {
        for (direction, lists) in [(Directions.out, out), (.in, into)] {
            let links = try graph.links(entity, direction, in: transaction)
            let expected = (lists[entity] ?? []).sorted()
            try Violation.unless(links == expected, "list \(direction) of \(entity): \(links), not \(expected)")
        }
    }
}
