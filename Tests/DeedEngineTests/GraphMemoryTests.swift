// The memory limit: what does not fit fails as a whole and leaves the graph as it was, what can be dropped is dropped, also
// lists that running transactions have changed, and large deletions take no more than they must.

import Testing

@testable import DeedEngine

@Suite struct GraphMemoryTests {
    private let directory = MemoryDirectory()
    private var path: String { directory.path + "/store" }

    /// Leaves so much room in a graph's pool while `body` runs.
    private func withRoom<Result>(_ room: Int, in graph: Graph, _ body: () throws -> Result) rethrows -> Result {
        let size = graph.pool.limit - graph.pool.bytesTotal - room
        let isCharged = graph.pool.charge(size, .scratch)
        defer { if isCharged { graph.pool.discharge(size, .scratch) } }
        return try body()
    }

    @Test func aTransactionThatDoesNotFitIsUndone() throws {
        let graph = try Graph.open(path, durability: .async, memoryLimit: 24 << 20)
        let key = try graph.intern(.propertyKey, "key")
        let collection = try graph.intern(.collection, "Row")
        let before = try graph.add(collection, [key: .int(1)])
        let transaction = try graph.begin(readOnly: false)
        var status: Status?
        var rows = 0
        while status == nil && rows < 2_000_000 {
            status = thrownStatus { () throws(DeedError) in _ = try graph.add(collection, [key: .int(rows)], in: transaction) }
            rows += 1
        }
        #expect(status == .outOfMemory)
        #expect(rows > 10_000)
        graph.rollback(transaction)
        #expect(try graph.scanned(.entity, collection).map(\.id) == [before])
        #expect(graph.pool.bytes(of: .scratch) == 0)
        let after = try graph.add(collection, [key: .int(2)])
        #expect(try graph.scanned(.entity, collection).map(\.id) == [before, after])
        #expect(try graph.check() == [])
        try graph.close()
    }

    @Test func resultsThatDoNotFitAreErrors() throws {
        let graph = try Graph.open(nil, memoryLimit: 24 << 20)
        let type = try graph.intern(.relationshipType, "TO")
        let ids = try graph.load(try graph.intern(.collection, "Row"), count: 50_000)
        _ = try graph.load(type, ids.dropFirst().map { (source: ids[0], target: $0) })
        withRoom(64 << 10, in: graph) {
            let traversal = thrownStatus { () throws(DeedError) in
                _ = try graph.traverse(nil, from: ids[0], type: nil, .out, maxDepth: 2)
            }
            #expect(traversal == .outOfMemory)
            let buffer = RecordBuffer(seed: 1)
            let neighbors = thrownStatus { () throws(DeedError) in
                try graph.neighbors(nil, ids[0], type: nil, .out, into: buffer)
            }
            #expect(neighbors == .outOfMemory)
        }
        #expect(try graph.traverse(nil, from: ids[0], type: nil, .out, maxDepth: 2).count == 49_999)
        #expect(try graph.links(ids[0]).count == 49_999)
        try graph.close()
    }

    /// Each load changes the lists of all entities, and the lists are more than memory.
    @Test func listsThatLoadsChangeArePutAside() throws {
        let graph = try Graph.open(path, durability: .async, memoryLimit: 24 << 20)
        let type = try graph.intern(.relationshipType, "TO")
        let ids = try graph.load(try graph.intern(.collection, "Row"), count: 60_000)
        // What else might take memory.
        let hog = 8 << 20
        #expect(graph.pool.charge(hog, .scratch))
        var random = SeededRandom(5)
        var degrees = [Int](repeating: 0, count: ids.count)
        for _ in 0..<6 {
            let ends = (0..<50_000).map { _ in (random.next(upTo: ids.count), random.next(upTo: ids.count)) }
            _ = try graph.load(type, ends.map { (source: ids[$0.0], target: ids[$0.1]) })
            for end in ends { degrees[end.0] += 1 }
            #expect(graph.pool.bytesTotal <= graph.pool.limit)
        }
        for _ in 0..<200 {
            let row = random.next(upTo: ids.count)
            #expect(try graph.degree(nil, ids[row], type: type, .out) == degrees[row])
        }
        graph.pool.discharge(hog, .scratch)
        try graph.close()
        let again = try Graph.open(path, memoryLimit: 24 << 20)
        #expect(try again.statistics().relationshipCount == 300_000)
        for row in stride(from: 0, to: ids.count, by: 997) {
            #expect(try again.degree(nil, ids[row], type: type, .out) == degrees[row])
        }
        try again.close()
    }

    /// Deleting an entity of many relationships takes a few entries, not one for each, and nobody waits for its end.
    @Test func aLargeDeletionIsSmall() throws {
        let graph = try Graph.open(nil)
        let type = try graph.intern(.relationshipType, "TO")
        let ids = try graph.load(try graph.intern(.collection, "Row"), count: 30_000)
        _ = try graph.load(type, ids.dropFirst().map { (source: ids[0], target: $0) })
        let aside = try graph.connect(ids[1], ids[2], type)
        let deleting = try graph.begin(readOnly: false)
        try graph.deleteEntity(deleting, ids[0], detach: true)
        #expect(deleting.writes.count < 10)
        // Beside it, before it is committed and after.
        let link = try graph.connect(ids[2], ids[1], type)
        #expect(try graph.links(ids[1], .in).count == 2)
        #expect(try graph.links(ids[0]).count == 29_999)
        let early = try graph.begin(readOnly: true)
        try graph.commit(deleting)
        #expect(try graph.links(ids[1], .in) == [Link(neighbor: ids[2], relationship: link)])
        #expect(try graph.links(ids[2], .in) == [Link(neighbor: ids[1], relationship: aside)])
        #expect(try graph.links(ids[0], in: early).count == 29_999)
        try graph.commit(early)
        for _ in 0..<3 { graph.settleQueued() }
        for number in 0..<graph.entities.count {
            guard let segment = graph.entities[number] else { continue }
            for index in 0..<segment.pointee.adjacencyCount { #expect(segment.pointee.adjacency[index].count <= 2) }
        }
        #expect(try graph.check() == [])
        try graph.close()
    }
}
