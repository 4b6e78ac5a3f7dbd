// Shapes that graphs take in practice and that an engine may have forgotten: very many collections, very many
// relationships on one entity, several segments, and more data than memory; and what they look like after opening again.

import Testing

@testable import DeedEngine

@Suite struct GraphScaleTests {
    private let directory = MemoryDirectory()
    private var path: String { directory.path + "/store" }

    @Test func tenThousandCollectionsOfOneEntity() throws {
        var graph = try Graph.open(path, durability: .async)
        let key = try graph.intern(.propertyKey, "name")
        var ids: [RowId] = []
        for number in 0..<10_000 {
            let transaction = try graph.begin(readOnly: false)
            let collection = try graph.intern(.collection, "collection \(number)")
            ids.append(try graph.add(collection, [key: .int(number)], in: transaction))
            try graph.commit(transaction)
        }
        #expect(try graph.statistics().collectionCount == 10_000)
        // A few kilobytes each, not a full segment.
        #expect(try graph.statistics().memoryColumns < 10_000 * 4096)
        try graph.close()
        graph = try Graph.open(path)
        for (number, id) in ids.enumerated() {
            let row = try graph.row(.entity, id)
            #expect(row?.properties == [key: .int(number)])
        }
        let last = try graph.intern(.collection, "collection 9999")
        #expect(try graph.scanned(.entity, last).map(\.id) == [ids[9999]])
        #expect(try graph.statistics().entityCount == 10_000)
        try graph.close()
    }

    @Test(arguments: [false, true]) func aHundredThousandRelationshipsOnOneEntity(inBulk: Bool) throws {
        var graph = try Graph.open(path, durability: .async)
        let type = try graph.intern(.relationshipType, "FOLLOWS")
        let key = try graph.intern(.propertyKey, "since")
        let hub = try graph.add(try graph.intern(.collection, "Person"))
        let others = try graph.load(0, count: 100_000)
        var relationships: [RowId]
        if inBulk {
            let values = (0..<100_000).map { Value.int($0) }
            relationships = try graph.load(type, others.map { (source: hub, target: $0) }, [ArrayColumn(key, values)])
        } else {
            let transaction = try graph.begin(readOnly: false)
            relationships = []
            for (number, other) in others.enumerated() {
                relationships.append(try graph.connect(hub, other, type, [key: .int(number)], in: transaction))
            }
            try graph.commit(transaction)
        }
        for round in 0..<3 {
            if round == 1 { for relationship in relationships.prefix(1000) { try graph.remove(.relationship, relationship) } }
            if round == 2 {
                try graph.close()
                graph = try Graph.open(path)
            }
            let gone = round == 0 ? 0 : 1000
            let links = zip(others, relationships).map { Link(neighbor: $0, relationship: $1) }.dropFirst(gone)
            #expect(try graph.links(hub) == Array(links))
            #expect(try graph.degree(nil, hub, type: type, .out) == 100_000 - gone)
            #expect(try graph.links(others[5000], .in) == [Link(neighbor: hub, relationship: relationships[5000])])
            #expect(try graph.row(.relationship, relationships[70_000])?.properties == [key: .int(70_000)])
            #expect(try graph.check() == [])
        }
        try graph.remove(.entity, hub, detach: true)
        #expect(try graph.scanned(.relationship, type).isEmpty)
        #expect(try graph.check() == [])
        try graph.compact()
        #expect(try graph.links(others[5000], .in).isEmpty)
        try graph.close()
    }

    /// Rows of several segments under a limit that holds a few of them.
    @Test func moreDataThanMemory() throws {
        let count = 200_000
        var graph = try Graph.open(path, durability: .async, memoryLimit: 24 << 20)
        let keys = try (0..<8).map { try graph.intern(.propertyKey, "key \($0)") }
        let collection = try graph.intern(.collection, "Row")
        let columns = keys.map { key in ArrayColumn(key, (0..<count).map { .int($0 ^ Int(key) << 40) }) }
        let ids = try graph.load(collection, count: count, columns)
        #expect(count * keys.count * 8 > graph.pool.limit / 2)
        for round in 0..<2 {
            var random = SeededRandom(7)
            for _ in 0..<300 {
                let row = random.next(upTo: count)
                let expected = Dictionary(uniqueKeysWithValues: keys.map { ($0, Value.int(row ^ Int($0) << 40)) })
                #expect(try graph.row(.entity, ids[row])?.properties == expected)
            }
            #expect(graph.pool.bytesTotal <= graph.pool.limit)
            guard round == 0 else { break }
            try graph.close()
            graph = try Graph.open(path, memoryLimit: 24 << 20)
        }
        try graph.close()
    }

    /// A limit that a statement does not fit in is an error that leaves nothing behind, and the graph goes on.
    @Test func aLoadWithoutMemoryLeavesNothing() throws {
        let graph = try Graph.open(nil, memoryLimit: 24 << 20)
        let key = try graph.intern(.propertyKey, "key")
        let collection = try graph.intern(.collection, "Row")
        let type = try graph.intern(.relationshipType, "ROAD")
        let ids = try graph.load(collection, count: 20_000)
        let ends = (0..<200_000).map { (source: ids[$0 % 20_000], target: ids[$0 / 10]) }
        let column = ArrayColumn(key, (0..<200_000).map { .int($0) })
        // Memory runs out a little later each time.
        var failures = 0
        for free in stride(from: 0, to: 6 << 20, by: 600 << 10) {
            let size = graph.pool.limit - graph.pool.bytesTotal - free
            let hog = graph.pool.allocate(size, .scratch)
            let status = thrownStatus { () throws(DeedError) in _ = try graph.load(type, ends, [column]) }
            graph.pool.free(hog, size, .scratch)
            guard status != nil else { break }
            failures += 1
            #expect(status == .outOfMemory)
            #expect(try graph.scanned(.relationship, type).isEmpty)
            #expect(try graph.links(ids[7], .both).isEmpty)
            #expect(try graph.check() == [])
        }
        #expect(failures > 3)
        let road = try graph.connect(ids[0], ids[1], type)
        #expect(try graph.links(ids[0]) == [Link(neighbor: ids[1], relationship: road)])
        try graph.close()
    }

    /// Strings that were overwritten do not pile up.
    @Test func longStringsThatAreOverwritten() throws {
        let graph = try Graph.open(nil)
        let key = try graph.intern(.propertyKey, "text")
        let id = try graph.add(try graph.intern(.collection, "Note"))
        for round in 0..<3000 {
            try graph.set(.entity, id, [key: .bytes(Array(repeating: UInt8(round & 0xFF), count: 1000))])
            if round % 200 == 0 { graph.settleQueued() }
        }
        graph.settleQueued()
        #expect(try graph.statistics().memoryStrings < 1 << 20)
        #expect(try graph.row(.entity, id)?.properties[key]?.bytes == Array(repeating: UInt8(2999 & 0xFF), count: 1000))
        try graph.close()
    }
}
