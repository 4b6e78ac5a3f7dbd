// What is known of values and ends, against what there is.

import DeedValues
import Testing

@testable import DeedEngine

@Suite struct StatisticsTests {
    private final class OpenGraph: Sendable {
        let graph: Graph

        init(_ graph: Graph) { self.graph = graph }

        deinit { try? graph.close() }
    }

    private let open: OpenGraph
    private var graph: Graph { open.graph }

    init() throws { open = OpenGraph(try Graph.open(nil)) }

    private func fill(_ graph: Graph, rows: Int, _ values: (Int) -> QueryProperties) throws -> (ids: [RowId], table: NameId) {
        let transaction = try graph.begin(readOnly: false)
        let view = try GraphView(graph, transaction)
        let ids = try (0..<rows).map { try view.createEntity(labels: ["T"], properties: values($0)) }
        try graph.commit(transaction)
        return (ids, try #require(view.collection("T")))
    }

    private func change(_ ids: some Sequence<RowId>, _ key: String, _ value: QueryValue) throws {
        let transaction = try graph.begin(readOnly: false)
        let view = try GraphView(graph, transaction)
        for id in ids { try view.setProperty(.entity, id, key, value) }
        try graph.commit(transaction)
    }

    private func known(_ graph: Graph, _ table: NameId, _ key: String) throws -> PropertyStatistics {
        let key = try #require(GraphView(graph, nil).propertyKey(key))
        return try #require(graph.propertyStatistics(.entity, table, key))
    }

    @Test func distinctValuesAreAboutAsManyAsThereAre() throws {
        let rows = 40_000
        let (_, table) = try fill(graph, rows: rows) { row in
            [("two", .int(Int64(row % 2))), ("many", .int(Int64(row * 7_919 % 3_000))), ("all", .string("value \(row)"))]
        }
        for (key, truth, factor) in [("two", 2.0, 1.0), ("many", 3_000, 1.3), ("all", Double(rows), 1.01)] {
            let count = try known(graph, table, key).distinctCount
            #expect(count <= truth * factor && count >= truth / factor, "\(key): \(count)")
        }
    }

    @Test func smallTablesAreKnownExactly() throws {
        let (_, table) = try fill(graph, rows: 30) { row in row % 3 == 0 ? [] : [("k", .int(Int64(row % 6)))] }
        let statistics = try known(graph, table, "k")
        #expect(statistics.nullPart == 10.0 / 30 && statistics.distinctCount == 4 && statistics.sampledRows == 30)
        #expect(statistics.common.map { "\($0.value) \($0.part * 30)" } == ["int(1) 5.0", "int(2) 5.0", "int(4) 5.0", "int(5) 5.0"])
        #expect(statistics.least.map(text) == "int(1)" && statistics.greatest.map(text) == "int(5)")
    }

    @Test func statisticsAreKeptUntilAFifthHasChanged() throws {
        let (ids, table) = try fill(graph, rows: 1_000) { [("k", .int(Int64($0)))] }
        let first = try known(graph, table, "k")
        try change(ids.prefix(200), "k", .int(0))
        #expect(try known(graph, table, "k") === first)
        try change(ids.prefix(1), "k", .int(0))
        let second = try known(graph, table, "k")
        #expect(second !== first && second.common.first.map { text($0.value) } == "int(0)")
        _ = try fill(graph, rows: 201) { _ in [] }
        #expect(try known(graph, table, "k") !== second)
    }

    @Test func theSameRowsGiveTheSameSample() throws {
        let others = OpenGraph(try Graph.open(nil))
        let bounds = try [graph, others.graph].map { graph in
            let (_, table) = try fill(graph, rows: 20_000) { [("k", .int(Int64($0 * 7_919 % 20_011)))] }
            return try #require(known(graph, table, "k").histogram).bounds.map(text)
        }
        #expect(bounds[0] == bounds[1] && bounds[0].count == 65)
    }

    @Test func whatTheMemoryLimitRefusesIsNotKnown() throws {
        let (_, table) = try fill(graph, rows: 10) { [("k", .int(Int64($0)))] }
        let key = try #require(GraphView(graph, nil).propertyKey("k"))
        let rest = graph.pool.limit - graph.pool.bytesTotal
        #expect(graph.pool.charge(rest, .scratch))
        #expect(graph.propertyStatistics(.entity, table, key) == nil)
        graph.pool.discharge(rest, .scratch)
        #expect(graph.propertyStatistics(.entity, table, key) != nil)
    }

    @Test func memoryIsGivenBackWithTheStatistics() throws {
        let (_, table) = try fill(graph, rows: 5_000) { [("k", .string("a text that takes some room \($0)"))] }
        let key = try #require(GraphView(graph, nil).propertyKey("k"))
        let before = graph.pool.bytes(of: .scratch)
        var sample = try GraphView(graph, nil).sample(.entity, table, key)
        sample.isComplete = false
        let state = try #require(graph.tableState(.entity, table))
        do {
            let made = try #require(PropertyStatistics(sample, of: state, isUnique: false, graph.pool))
            #expect(graph.pool.bytes(of: .scratch) > before && made.distinctCount > 4_000)
        }
        #expect(graph.pool.bytes(of: .scratch) == before)
    }

    @Test func aColdStoreReadsFewSegments() throws {
        let directory = ScratchDirectory()
        var stored = try Graph.open(directory.path + "/store", durability: .none)
        let (_, table) = try fill(stored, rows: Limits.segmentRows * 20) { [("k", .int(Int64($0)))] }
        try stored.checkpoint()
        try stored.close()
        stored = try Graph.open(directory.path + "/store")
        defer { try? stored.close() }
        let statistics = try known(stored, table, "k")
        let loaded = (0..<stored.entities.count).count { stored.entities[$0].map { $0.pointee.isLoaded } ?? false }
        #expect(loaded <= 16 && statistics.sampledRows == 4_096)
        #expect(statistics.distinctCount > Double(Limits.segmentRows * 19))
    }

    @Test func whereRelationshipsLeadIsKnown() throws {
        let transaction = try graph.begin(readOnly: false)
        let view = try GraphView(graph, transaction)
        let (a, b) = (
            try view.createEntity(labels: ["A"], properties: []), try view.createEntity(labels: ["B"], properties: [])
        )
        for index in 0..<100 {
            _ = try view.createRelationship(source: a, target: index < 25 ? a : b, type: "R", properties: [])
        }
        try graph.commit(transaction)
        let type = try #require(view.relationshipTypes(["R"]).first)
        let (first, second) = (try #require(view.collection("A")), try #require(view.collection("B")))
        let ends = try #require(graph.endStatistics(type))
        #expect(ends.part(from: [first], to: nil) == 1 && ends.part(from: nil, to: [first]) == 0.25)
        #expect(ends.part(from: [first], to: [second]) == 0.75 && ends.part(from: [second], to: nil) == 0)
    }
}
