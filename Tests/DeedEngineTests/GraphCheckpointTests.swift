// What checkpoints must not lose: changes that were made, or were under way, while one was written. Each test looks at
// the store as a crash would leave it.

import Testing

@testable import DeedEngine

@Suite struct GraphCheckpointTests {
    private let directory = ScratchDirectory()
    private let graph: Graph
    private let collection: NameId
    private let type: NameId
    private let key: NameId

    init() throws {
        graph = try Graph.open(directory.path + "/store")
        collection = try graph.intern(.collection, "Place")
        type = try graph.intern(.relationshipType, "ROAD")
        key = try graph.intern(.propertyKey, "name")
    }

    /// Opens what a crash now would leave.
    private func afterCrash(_ body: (Graph) throws -> Void) throws {
        copyStore(directory.path + "/store", to: directory.path + "/copy")
        let copy = try Graph.open(directory.path + "/copy")
        #expect(try copy.check() == [])
        try body(copy)
        try copy.close()
    }

    @Test func deletionsOfRowsThatAreOtherwiseUnchanged() throws {
        let ids = try (0..<4).map { _ in try graph.add(collection, [key: .int(1)]) }
        let roads = try (0..<4).map { try graph.connect(ids[$0], ids[0], type) }
        graph.settleQueued()
        try graph.checkpoint()
        // The reader keeps the deleted rows from being cleared away before the checkpoint.
        let reader = try graph.begin(readOnly: true)
        try graph.remove(.relationship, roads[3])
        try graph.remove(.entity, ids[3])
        try graph.checkpoint()
        try afterCrash { copy throws in
            #expect(try copy.row(.entity, ids[3]) == nil)
            #expect(try copy.row(.relationship, roads[3]) == nil)
            #expect(try copy.links(ids[0], .in).count == 3)
        }
        graph.rollback(reader)
        try graph.close()
    }

    @Test func deletionsThatWereUnderWay() throws {
        let ids = try (0..<4).map { _ in try graph.add(collection, [key: .int(1)]) }
        try graph.checkpoint()
        let reader = try graph.begin(readOnly: true)
        let transaction = try graph.begin(readOnly: false)
        try graph.remove(.entity, ids[3], in: transaction)
        try graph.checkpoint()
        try graph.commit(transaction)
        try graph.checkpoint()
        try afterCrash { copy throws in #expect(try copy.scanned(.entity, collection).map(\.id) == Array(ids[..<3])) }
        graph.rollback(reader)
        try graph.close()
    }

    /// Rows without properties have no chunk whose writing would bring their segment into the checkpoint.
    @Test func bareRowsThatWereUnderWay() throws {
        let first = try graph.add(collection)
        let transaction = try graph.begin(readOnly: false)
        let second = try graph.add(collection, in: transaction)
        let road = try graph.connect(first, second, type, in: transaction)
        try graph.checkpoint()
        try graph.commit(transaction)
        try graph.checkpoint()
        try afterCrash { copy throws in
            #expect(try copy.scanned(.entity, collection).map(\.id) == [first, second])
            #expect(try copy.scanned(.relationship, type).map(\.id) == [road])
            #expect(try copy.links(first) == [Link(neighbor: second, relationship: road)])
        }
        try graph.close()
    }

    @Test(arguments: [false, true]) func bulkLoadsThatWereUnderWay(commits: Bool) throws {
        let transaction = try graph.begin(readOnly: false)
        let column = ArrayColumn(key, (0..<10).map { .int($0) })
        let ids = try graph.load(collection, count: 10, [column], in: transaction)
        let ends = (0..<9).map { (source: ids[$0], target: ids[$0 + 1]) }
        let roads = try graph.load(type, ends, in: transaction)
        try graph.checkpoint()
        try afterCrash { copy throws in
            #expect(try copy.scanned(.entity, collection).isEmpty)
            #expect(try copy.scanned(.relationship, type).isEmpty)
        }
        if commits { try graph.commit(transaction) } else { graph.rollback(transaction) }
        for _ in 0..<2 {
            try afterCrash { copy throws in
                #expect(try copy.scanned(.entity, collection).map(\.id) == (commits ? ids : []))
                #expect(try copy.scanned(.relationship, type).map(\.id) == (commits ? roads : []))
                if commits { #expect(try copy.links(ids[4]) == [Link(neighbor: ids[5], relationship: roads[4])]) }
            }
            try graph.checkpoint()
        }
        try graph.close()
    }

    /// Short of memory, a load makes room for its segments by a checkpoint, which must not take them for empty ones.
    @Test func loadsThatCauseACheckpoint() throws {
        let ids = try (0..<3).map { _ in try graph.add(collection) }
        let size = graph.pool.limit - graph.pool.limit / 8
        let hog = graph.pool.allocate(size, .scratch)
        let transaction = try graph.begin(readOnly: false)
        let roads = try graph.load(type, [(source: ids[0], target: ids[1]), (source: ids[1], target: ids[2])], in: transaction)
        #expect(try graph.statistics().checkpoints > 0)
        #expect(try graph.scanned(.relationship, type).isEmpty)
        #expect(try graph.scanned(.relationship, type, in: transaction).map(\.id) == roads)
        try afterCrash { copy throws in #expect(try copy.scanned(.relationship, type).isEmpty) }
        try graph.commit(transaction)
        try graph.checkpoint()
        #expect(try graph.scanned(.relationship, type).map(\.id) == roads)
        try afterCrash { copy throws in #expect(try copy.scanned(.relationship, type).map(\.id) == roads) }
        graph.pool.free(hog, size, .scratch)
        try graph.close()
    }

    /// A load that commits between a checkpoint's snapshot and its look at the segment is not in that checkpoint.
    @Test func bulkLoadsCommittedDuringACheckpoint() async throws {
        // Rows whose chunks keep the checkpoint busy for a while.
        let busy = try graph.load(collection, count: 60_000, [ArrayColumn(key, (0..<60_000).map { .int($0) })])
        let graph = graph
        let (collection, type, key) = (collection, type, key)
        for round in 0..<5 {
            for segment in 0..<4 { try graph.set(.entity, busy[segment * 16_000], [key: .int(round)]) }
            async let checkpoint: Void = graph.checkpoint()
            let ids = try graph.load(collection, count: 3, [ArrayColumn(key, [.int(1), .int(2), .int(3)])])
            let roads = try graph.load(type, [(source: ids[0], target: ids[1]), (source: ids[1], target: ids[2])])
            try graph.set(.entity, ids[0], [key: .int(7)])
            try await checkpoint
            try afterCrash { copy throws in
                #expect(try copy.row(.entity, ids[0])?.properties == [key: .int(7)])
                #expect(try copy.row(.entity, ids[2])?.properties == [key: .int(3)])
                #expect(try copy.links(ids[1]) == [Link(neighbor: ids[2], relationship: roads[1])])
            }
        }
        try graph.close()
    }
}
