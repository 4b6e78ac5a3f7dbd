// The change feed and replicas: a replica that is fed from a random store has the same state after every commit, through
// bulk loads, checkpoints, reopening on both sides, and names that came up in whatever order.

import Testing

@testable import DeedEngine

@Suite struct ReplicationTests {
    private let directory = MemoryDirectory()

    private func open(
        _ name: String, replica: Bool = false, keepsEverything: Bool = true, beforeImages: Bool = false
    ) throws -> Graph {
        var options = GraphOptions()
        options.memoryLimit = 256 << 20
        options.checkpointLogBytes = 0
        options.bulkRowsMin = 4
        options.durability = .async
        options.retention = LogRetentionPolicy(bytes: keepsEverything ? .max : 0)
        options.isReplica = replica
        options.logsBeforeImages = beforeImages
        return try Graph(path: "\(directory.path)/\(name)", options: options)
    }

    /// All records after `since`.
    private func records(_ graph: Graph, since: Timestamp = 0) throws -> [[UInt8]] {
        let feed = try graph.changes(since: since)
        var found: [[UInt8]] = []
        while try feed.advance(milliseconds: 0) { found.append(Array(feed.data)) }
        return found
    }

    @discardableResult
    private func apply(_ record: [UInt8], to graph: Graph) throws -> Bool {
        try record.withUnsafeBytes { (bytes) throws(DeedError) in try graph.applyRecord(bytes) }
    }

    /// One commit of a random kind.
    private func commitSomething(_ graph: Graph, _ random: inout SeededRandom) throws {
        let collection = try graph.intern(.collection, "c\(random.below(3))")
        let type = try graph.intern(.relationshipType, "t\(random.below(2))")
        let key = try graph.intern(.propertyKey, "k\(random.below(4))")
        let rows = try graph.everything().keys
        let entities = rows.filter { $0.kind == .entity }.map(\.id).sorted()
        let relationships = rows.filter { $0.kind == .relationship }.map(\.id).sorted()
        let value: Value = random.below(2) == 0 ? .int(random.below(1000)) : .string("value \(random.below(99)) of a text")
        switch random.below(8) {
        case 0 where !relationships.isEmpty: try graph.remove(.relationship, relationships[random.index(relationships)])
        case 1 where !entities.isEmpty: try graph.remove(.entity, entities[random.index(entities)], detach: true)
        case 2 where !entities.isEmpty:
            try graph.set(.entity, entities[random.index(entities)], [key: value], replacing: random.below(2) == 0)
        case 3: _ = try graph.load(collection, count: 6, [ArrayColumn(key, (0..<6).map { $0 == 2 ? .null : .int($0) })])
        case 4 where !entities.isEmpty:
            let ends = (0..<5).map { _ in (source: entities[random.index(entities)], target: entities[random.index(entities)]) }
            _ = try graph.load(type, ends, [ArrayColumn(key, (0..<5).map { .int($0) })])
        case 5 where !entities.isEmpty:
            let transaction = try graph.begin(readOnly: false)
            let new = try graph.add(collection, [key: value], in: transaction)
            _ = try graph.connect(new, entities[random.index(entities)], type, [key: value], in: transaction)
            if random.below(3) == 0 { graph.rollback(transaction) } else { try graph.commit(transaction) }
        default: _ = try graph.add(collection, [key: value])
        }
    }

    @Test(arguments: [1, 2, 3] as [UInt64]) func aReplicaHasTheStateOfEveryCommit(seed: UInt64) throws {
        var random = SeededRandom(seed)
        var (source, replica) = (try open("source"), try open("replica", replica: true))
        var digests: [Timestamp: Hash128] = [:]
        for _ in 0..<60 {
            try commitSomething(source, &random)
            let (digest, sequence) = try source.stateDigest()
            digests[sequence] = digest
            if random.below(10) == 0 { try source.checkpoint() }
            if random.below(15) == 0 {
                try source.close()
                source = try open("source")
            }
            if random.below(4) > 0 { continue }
            let last = try replica.stateDigest().sequence
            for record in try records(source, since: last) {
                #expect(try apply(record, to: replica))
                #expect(try apply(record, to: replica) == false)
                let (digest, sequence) = try replica.stateDigest()
                #expect(digest == digests[sequence], "seed \(seed), commit \(sequence)")
            }
            #expect(try replica.check() == [])
            if random.below(3) == 0 { try replica.checkpoint() }
            if random.below(3) == 0 {
                try replica.close()
                replica = try open("replica", replica: true)
                let (digest, sequence) = try replica.stateDigest()
                #expect(digest == digests[sequence], "seed \(seed), commit \(sequence) reopened")
            }
        }
        try source.close()
        try replica.close()
    }

    @Test func aReplicaFeedsAnother() throws {
        var random = SeededRandom(9)
        let source = try open("source")
        for _ in 0..<30 { try commitSomething(source, &random) }
        let first = try open("first", replica: true)
        for record in try records(source) { try apply(record, to: first) }
        let second = try open("second", replica: true)
        for record in try records(first) { try apply(record, to: second) }
        let (expected, found) = (try source.stateDigest(), try second.stateDigest())
        #expect(expected == found)
        for graph in [source, first, second] { try graph.close() }
    }

    @Test func recordsOutOfOrderAndDamagedOnesAreRefused() throws {
        let source = try open("source")
        for _ in 0..<3 { _ = try source.add(try source.intern(.collection, "a")) }
        let found = try records(source)
        let replica = try open("replica", replica: true)
        let early = #expect(throws: DeedError.self) { try apply(found[1], to: replica) }
        #expect(early?.status == .outOfSequence && early?.message.hasSuffix("the next one here is 1") == true)
        for position in found[0].indices {
            var damaged = found[0]
            damaged[position] ^= 4
            #expect(throws: DeedError.self) { try apply(damaged, to: replica) }
            #expect(throws: DeedError.self) { try apply(Array(found[0][..<position]), to: replica) }
        }
        #expect(try replica.stateDigest().sequence == 0)
        #expect(throws: DeedError.self) { try replica.add(0) }
        #expect(throws: DeedError.self) { try replica.internName(.collection, UnsafeRawBufferPointer(start: nil, count: 0)) }
        #expect(throws: DeedError.self) { try apply(found[0], to: source) }
        try apply(found[0], to: replica)
        try replica.close()
        // Opened as a store of its own it takes writes.
        let promoted = try open("replica")
        _ = try promoted.add(try promoted.intern(.collection, "b"))
        #expect(try promoted.everything().count == 2)
        try promoted.close()
        try source.close()
    }

    @Test func whatIsNoLongerKeptIsSaid() throws {
        let source = try open("source", keepsEverything: false)
        for _ in 0..<3 {
            _ = try source.add(try source.intern(.collection, "a"))
            try source.checkpoint()
        }
        let late = #expect(throws: DeedError.self) { try source.changes(since: 0) }
        #expect(late?.status == .notRetained && late?.message.hasSuffix("the oldest is 3") == true)
        #expect(try records(source, since: 2).count == 1)
        #expect(try records(source, since: 3).isEmpty)
        #expect(throws: DeedError.self) { try source.changes(since: 4) }
        try source.close()
    }

    private func text(_ row: RecordBuffer) -> String {
        let values = row.row.properties.sortedByKey.map { "\($0.value.type) \($0.value.bits)" }
        return "[\(values.joined(separator: ", "))]"
    }

    @Test func changesSayWhatHappened() throws {
        let graph = try open("source", beforeImages: true)
        let (a, k) = (try graph.intern(.collection, "a"), try graph.intern(.propertyKey, "k"))
        let other = try graph.intern(.propertyKey, "other")
        let road = try graph.intern(.relationshipType, "road")
        let transaction = try graph.begin(readOnly: false)
        let ids = try graph.load(a, count: 5, [ArrayColumn(k, (0..<5).map { $0 == 1 ? .null : .int($0) })], in: transaction)
        let edge = try graph.connect(ids[0], ids[1], road, [k: .int(7)], in: transaction)
        try graph.set(.entity, ids[2], [k: .null, other: .bool(true)], in: transaction)
        try graph.set(.entity, ids[2], [k: .int(9)], replacing: true, in: transaction)
        try graph.remove(.entity, ids[0], detach: true, in: transaction)
        try graph.commit(transaction)
        let record = try #require(try records(graph).first)
        let found = try record.withUnsafeBytes { bytes in
            let reader = try graph.readChanges(bytes)
            #expect(reader.sequence == 1 && reader.microseconds > 1_600_000_000_000_000)
            var lines: [String] = []
            while try reader.advance() {
                let before = reader.hasBefore ? " was \(text(reader.before))" : ""
                let ends = reader.kind == .entity ? "" : " \(reader.row.source)-\(reader.row.target)"
                lines.append("\(reader.action) \(reader.kind) \(reader.row.id)\(ends) \(text(reader.row))\(before)"
                    + (reader.isReplacing ? " replacing" : ""))
            }
            return lines
        }
        let expected = [
            "insert entity 1 [int64 0]", "insert entity 2 []", "insert entity 3 [int64 2]",
            "insert entity 4 [int64 3]", "insert entity 5 [int64 4]",
            "insert relationship \(edge) 1-2 [int64 7]",
            "update entity 3 [null 0, bool 1] was [int64 2]",
            "update entity 3 [int64 9] was [bool 1] replacing",
            "delete relationship \(edge) 1-2 [] was [int64 7]",
            "delete entity 1 [] was [int64 0]",
        ]
        #expect(found == expected)
        try graph.close()
    }
}

extension SeededRandom {
    fileprivate mutating func below(_ bound: Int) -> Int { Int(next(upperBound: UInt64(bound))) }

    fileprivate mutating func index<Element>(_ array: [Element]) -> Int { below(array.count) }
}
