// What a view promises, case by case.

import DeedValues
import Testing

@testable import DeedEngine

@Suite struct GraphViewTests {
    private let open: OpenGraph
    private var graph: Graph { open.graph }

    init() throws { open = OpenGraph(try Graph.open(nil)) }

    /// Closes the graph at the end of the test, whose background thread would outlive it.
    private final class OpenGraph: Sendable {
        let graph: Graph

        init(_ graph: Graph) { self.graph = graph }

        deinit { try? graph.close() }
    }

    /// Runs `body` with a view that writes, and commits.
    private func write<Result>(_ graph: Graph, _ body: (GraphView) throws -> Result) throws -> Result {
        let transaction = try graph.begin(readOnly: false)
        let result = try body(GraphView(graph, transaction))
        try graph.commit(transaction)
        return result
    }

    private static let everyValue: [QueryValue] = [
        .bool(true), .int(-5), .float(.nan), .float(-0.5), .string(""), .string("twelve bytes"), .string("thirteen byte"),
        .bytes([0, 255]), .list([]), .list([.int(1), .null, .list([.string("a")])]),
        .map(MapValue(keys: ["b", "a"], values: [.int(1), .map(MapValue(keys: [], values: []))])),
        .date(CalendarDate(days: -1)), .localTime(LocalTime(nanoseconds: 5)), .zonedTime(ZonedTime(nanoseconds: 5, offset: -3600)),
        .localDatetime(LocalDatetime(seconds: -7, nanoseconds: 8)),
        .zonedDatetime(ZonedDatetime(seconds: 9, nanoseconds: 8, offset: 3600, zone: "Europe/Berlin")),
        .zonedDatetime(ZonedDatetime(seconds: 9, nanoseconds: 8, offset: 0, zone: "")),
        .duration(CalendarDuration(months: 1, days: -2, seconds: 3, nanoseconds: 4)), .vector([1, -2.5]),
    ]

    @Test func everyValueComesBackAsItWas() throws {
        let directory = ScratchDirectory()
        var stored = try Graph.open(directory.path + "/store")
        let ids = try write(stored) { view in
            try Self.everyValue.map { try view.createEntity(labels: ["V"], properties: [("v", $0), ("n", .null)]) }
        }
        for round in 0..<2 {
            let view = try GraphView(stored, nil)
            #expect(try view.gathered(.entity, ids, "v").map(text) == Self.everyValue.map(text), "round \(round)")
            #expect(try view.properties(.entity, ids[0])?.map(\.key) == ["v"])
            try stored.checkpoint()
            try stored.close()
            stored = try Graph.open(directory.path + "/store")
        }
        try stored.close()
    }

    @Test func elementsOfTheGraphCannotBeStored() throws {
        let transaction = try graph.begin(readOnly: false)
        let view = try GraphView(graph, transaction)
        for value in [QueryValue.entity(1), .relationship(1), .list([.entity(1)]), .path(PathValue(entities: [1], relationships: []))] {
            let error = #expect(throws: DeedError.self) { try view.createEntity(labels: [], properties: [("v", value)]) }
            #expect(error?.status == .typeMismatch)
        }
        _ = try view.createEntity(labels: [], properties: [("v", .list([.int(1)]))])
        graph.rollback(transaction)
    }

    @Test func aViewEndsWithItsTransaction() throws {
        let transaction = try graph.begin(readOnly: false)
        let view = try GraphView(graph, transaction)
        let id = try view.createEntity(labels: ["P"], properties: [])
        #expect(view.isVisible(.entity, id))
        try graph.commit(transaction)
        #expect(!view.isVisible(.entity, id))
        let error = #expect(throws: DeedError.self) { try view.labels(of: id) }
        #expect(error?.status == .transactionEnded)
        let reader = try GraphView(graph, nil)
        #expect(try reader.labels(of: id) == ["P"])
        #expect(throws: DeedError.self) { try reader.createEntity(labels: [], properties: []) }
    }

    @Test func aViewHoldsItsSnapshotUntilItGoesAway() throws {
        let id = try write(graph) { try $0.createEntity(labels: ["P"], properties: [("n", .int(1))]) }
        do {
            let old = try GraphView(graph, nil)
            #expect(graph.snapshots.activeCount == 1)
            for value in 2..<9 { try write(graph) { try $0.setProperty(.entity, id, "n", .int(Int64(value))) } }
            graph.settleQueued()
            #expect(try old.gathered(.entity, [id], "n").map(text) == ["int(1)"])
        }
        #expect(graph.snapshots.activeCount == 0)
    }

    // MARK: Labels

    @Test func labelsSurviveEverythingAndAreNobodyElsesBusiness() throws {
        let directory = ScratchDirectory()
        var stored = try Graph.open(directory.path + "/store")
        let (both, one, none) = try write(stored) { view in
            let both = try view.createEntity(labels: ["Person", "Dog"], properties: [("n", .int(1))])
            let one = try view.createEntity(labels: ["Person"], properties: [])
            let none = try view.createEntity(labels: ["Person"], properties: [])
            #expect(try view.removeLabels(none, ["Person", "Cat"]) == 1)
            return (both, one, none)
        }
        let person = try stored.intern(.collection, "Person")
        let key = try stored.intern(.propertyKey, "n")
        try stored.set(.entity, both, [key: .int(2)], replacing: true)
        for round in 0..<3 {
            let view = try GraphView(stored, nil)
            #expect(try view.labels(of: both) == ["Dog", "Person"], "round \(round)")
            #expect(try view.labels(of: one) == ["Person"])
            #expect(try view.labels(of: none) == [])
            #expect(view.collections(label: "Dog") == [person])
            #expect(!view.hasOnlyItsLabel(person))
            #expect(try view.haveLabel("Person", [both, one, none, 0]) == [true, true, false, false])
            #expect(try view.properties(.entity, both)?.map(\.key) == ["n"])
            #expect(try stored.row(.entity, both)?.properties == [key: .int(2)])
            #expect(try stored.scanned(.entity, person).first { $0.id == both }?.row.properties == [key: .int(2)])
            #expect(try stored.scan(nil, .entity, person).columnTypes().map(\.key) == [key])
            if round == 1 { try stored.checkpoint() }
            try stored.close()
            stored = try Graph.open(directory.path + "/store")
        }
        #expect(throws: DeedError.self) { try Array("\u{0}labels".utf8).withUnsafeBytes { try stored.internName(.propertyKey, $0) } }
        try stored.close()
    }

    @Test func aCollectionWithoutFurtherLabelsSaysSo() throws {
        _ = try write(graph) { view in
            _ = try view.createEntity(labels: ["A"], properties: [])
            _ = try view.createEntity(labels: ["B", "C", "B"], properties: [])
            _ = try view.createEntity(labels: [], properties: [])
        }
        let view = try GraphView(graph, nil)
        let a = try graph.intern(.collection, "A")
        let b = try graph.intern(.collection, "B")
        #expect(view.hasOnlyItsLabel(a) && !view.hasOnlyItsLabel(b))
        #expect(view.collections(label: "C") == [b] && view.collections(label: "A") == [a])
        #expect(view.collections(label: "Z").isEmpty && view.collections(label: nil).count == 3)
        let error = #expect(throws: DeedError.self) { try write(graph) { try $0.createEntity(labels: [""], properties: []) } }
        #expect(error?.status == .invalidArgument)
    }

    @Test func aReplicaHasTheLabelsAndTheFeedHidesThem() throws {
        let directory = ScratchDirectory()
        var options = GraphOptions()
        options.retention = LogRetentionPolicy(bytes: .max)
        options.memoryLimit = 256 << 20
        let source = try Graph(path: directory.path + "/source", options: options)
        options.isReplica = true
        let replica = try Graph(path: directory.path + "/replica", options: options)
        let id = try write(source) { try $0.createEntity(labels: ["A", "B"], properties: [("n", .int(1))]) }
        try write(source) { try $0.replaceProperties(.entity, id, [("n", .int(2))]) }
        let feed = try source.changes(since: 0)
        while try feed.advance(milliseconds: 0) {
            try Array(feed.data).withUnsafeBytes { bytes in
                _ = try replica.applyRecord(bytes)
                let reader = try source.readChanges(bytes)
                while try reader.advance() { #expect(reader.row.count == 1) }
            }
        }
        let view = try GraphView(replica, nil)
        #expect(try view.labels(of: id) == ["A", "B"])
        #expect(try view.entities(label: "B") == [id])
        #expect(try view.properties(.entity, id)?.map { text($0.value) } == ["int(2)"])
        #expect(try source.stateDigest().digest == replica.stateDigest().digest)
        try replica.close()
        try source.close()
    }

    // MARK: Lists

    @Test func aSelfLoopComesOnceAndParallelRelationshipsEachTime() throws {
        let (a, b, loop) = try write(graph) { view in
            let a = try view.createEntity(labels: ["N"], properties: [])
            let b = try view.createEntity(labels: ["N"], properties: [])
            let loop = try view.createRelationship(source: a, target: a, type: "R", properties: [])
            for _ in 0..<3 { _ = try view.createRelationship(source: a, target: b, type: "R", properties: []) }
            return (a, b, loop)
        }
        for settles in [false, true] {
            if settles { graph.settleQueued() }
            let view = try GraphView(graph, nil)
            for max in [1, 2, 100] {
                let steps = try view.expanded([a, b, 0, a], .both, max: max)
                #expect(steps.filter { $0.relationship == loop }.map { $0.parent } == [0, 3])
                #expect(steps.count == 4 + 3 + 4)
            }
            #expect(try view.degreesOf([a, b], .both) == [4, 3])
            #expect(try view.degreesOf([a, b], .in) == [1, 3])
        }
    }

    @Test func anExpansionGoesOnWhereItWasWhileOthersWrite() throws {
        let (hub, leaves) = try write(graph) { view in
            let hub = try view.createEntity(labels: ["N"], properties: [])
            return (hub, try (0..<400).map { _ in try view.createEntity(labels: ["N"], properties: []) })
        }
        let rows = try write(graph) { view in
            try leaves.map { try view.createRelationship(source: hub, target: $0, type: "R", properties: []) }
        }
        try write(graph) { view in for row in rows.prefix(50) { try view.deleteRelationship(row) } }
        let view = try GraphView(graph, nil)
        var cursor = GraphView.ExpandCursor()
        var found: [RowId] = []
        var parents = [UInt32](repeating: 0, count: 7)
        var (neighbors, batch) = ([UInt64](repeating: 0, count: 7), [UInt64](repeating: 0, count: 7))
        var round = 0
        while cursor.input < 1 {
            let count = try view.expand(
                [hub], count: 1, types: nil, .out, &cursor, parents: &parents, neighbors: &neighbors, relationships: &batch, max: 7)
            found += batch[..<count]
            try write(graph) { writer in
                try writer.deleteRelationship(rows[399 - round])
                for leaf in leaves.prefix(9) { _ = try writer.createRelationship(source: hub, target: leaf, type: "R", properties: []) }
            }
            if round % 5 == 0 { graph.settleQueued() }
            round += 1
        }
        #expect(found == Array(rows.dropFirst(50)))
    }

    @Test func anEntityWithRelationshipsIsNotDeletedUnlessTheyGoFirst() throws {
        let transaction = try graph.begin(readOnly: false)
        let view = try GraphView(graph, transaction)
        let a = try view.createEntity(labels: ["N"], properties: [])
        let row = try view.createRelationship(source: a, target: a, type: "R", properties: [])
        let error = #expect(throws: DeedError.self) { try view.deleteEntity(a, detach: false) }
        #expect(error?.status == .hasRelationships)
        try view.deleteRelationship(row)
        try view.deleteEntity(a, detach: false)
        #expect(!view.isVisible(.entity, a) && !view.isVisible(.relationship, row))
        try graph.commit(transaction)
    }

    // MARK: Scans and indexes

    @Test func predicatesOfScansMeanWhatQueriesMean() throws {
        let values: [QueryValue] = [
            .null, .int(1), .int(5), .float(2.5), .float(5), .float(.nan), .string("abc"), .string("cab and much more text"), .bool(true),
        ]
        let ids = try write(graph) { view in try values.map { try view.createEntity(labels: ["P"], properties: [("v", $0)]) } }
        let numbers = try write(graph) { view in
            try (0..<5_000).map { try view.createEntity(labels: ["I"], properties: [("v", .int(Int64($0 % 100)))]) }
        }
        func find(_ comparison: ScanPredicate.Comparison, _ value: QueryValue, _ label: String = "P") throws -> [RowId] {
            let view = try GraphView(graph, nil)
            let predicate = try #require(ScanPredicate(view.propertyKey("v")!, comparison, value))
            return try view.scanned(.entity, view.collections(label: label), where: [predicate])
        }
        for settles in [false, true] {
            if settles { graph.settleQueued() }
            #expect(try find(.equal, .int(5)) == [ids[2], ids[4]])
            #expect(try find(.notEqual, .float(5)) == [ids[1], ids[3], ids[5], ids[6], ids[7], ids[8]])
            #expect(try find(.less, .int(5)) == [ids[1], ids[3]])
            #expect(try find(.greaterOrEqual, .float(2.5)) == [ids[2], ids[3], ids[4]])
            #expect(try find(.contains, .string("ab")) == [ids[6], ids[7]])
            #expect(try find(.hasPrefix, .string("ca")) == [ids[7]])
            #expect(try find(.hasSuffix, .string("c")) == [ids[6]])
            #expect(try find(.hasSuffix, .string("")) == [ids[6], ids[7]])
            #expect(try find(.equal, .bool(true)) == [ids[8]])
            #expect(try find(.less, .int(3), "I") == numbers.enumerated().filter { $0.offset % 100 < 3 }.map { $0.element })
            #expect(try find(.equal, .float(3.5), "I").isEmpty)
        }
        #expect(ScanPredicate(0, .contains, .int(1)) == nil && ScanPredicate(0, .equal, .null) == nil)
    }

    @Test func findsThroughAnIndexWhatTheSnapshotSees() throws {
        let ids = try write(graph) { view in
            try (0..<9).map { try view.createEntity(labels: ["P"], properties: [("n", .int($0)), ("s", .string("name \($0)"))]) }
        }
        let old = try GraphView(graph, nil)
        let table = try graph.intern(.collection, "P")
        let (n, s) = (try #require(old.propertyKey("n")), try #require(old.propertyKey("s")))
        #expect(!old.hasIndex(.entity, table, [n]))
        _ = try graph.createIndex(name: "i", .entity, table, [n, s], unique: false) { _, _ in true }
        _ = try graph.createIndex(name: "j", .entity, table, [s], unique: false) { _, _ in true }
        #expect(old.hasIndex(.entity, table, [n]) && old.hasIndex(.entity, table, [s, n]) && !old.hasIndex(.relationship, table, [n]))
        try write(graph) { try $0.setProperty(.entity, ids[3], "n", .int(100)) }
        #expect(try old.found(table, [n], .equal([.float(3)])) == [ids[3]])
        #expect(try old.found(table, [n], .equal([.null])).isEmpty)
        #expect(try old.found(table, [n], .equal([.entity(1)])).isEmpty)
        let range = GraphView.Bounds.range(low: .int(2), includesLow: false, high: .int(4), includesHigh: true)
        #expect(try old.found(table, [n], range) == [ids[3], ids[4]])
        #expect(try GraphView(graph, nil).found(table, [n], range) == [ids[4]])
        let open = GraphView.Bounds.range(low: .int(7), includesLow: true, high: nil, includesHigh: false)
        #expect(try old.found(table, [n], open) == [ids[7], ids[8]])
        let never = GraphView.Bounds.range(low: .int(7), includesLow: true, high: .string("x"), includesHigh: false)
        #expect(try old.found(table, [n], never).isEmpty)
        #expect(try old.found(table, [s], .prefix("name 4")) == [ids[4]])
    }

    // MARK: Concurrency

    @Test func manyReadersSeeOneSumWhileWritersMoveIt() throws {
        let graph = graph
        let ids = try write(graph) { view in
            try (0..<300).map { _ in try view.createEntity(labels: ["P"], properties: [("n", .int(10))]) }
        }
        let moves: @Sendable (UInt64) throws -> Void = { seed in
            var random = SeededRandom(seed)
            for _ in 0..<400 {
                let transaction = try graph.begin(readOnly: false)
                do {
                    let view = try GraphView(graph, transaction)
                    let pair = [ids[random.number(below: 300)], ids[random.number(below: 300)]]
                    if pair[0] == pair[1] { continue }
                    guard case .int(let from) = try view.gathered(.entity, [pair[0]], "n")[0],
                        case .int(let to) = try view.gathered(.entity, [pair[1]], "n")[0] else { continue }
                    try view.setProperty(.entity, pair[0], "n", .int(from - 1))
                    try view.setProperty(.entity, pair[1], "n", .int(to + 1))
                    _ = try view.createRelationship(source: pair[0], target: pair[1], type: "MOVED", properties: [])
                    try graph.commit(transaction)
                } catch let error as DeedError where error.status == .transactionConflict {}
                graph.rollback(transaction)
            }
        }
        let reads: @Sendable () throws -> Void = {
            for _ in 0..<150 {
                let view = try GraphView(graph, nil)
                let found = try view.entities(label: "P")
                let sum = try view.gathered(.entity, found, "n").reduce(0) { sum, value in
                    if case .int(let number) = value { sum + Int(number) } else { sum }
                }
                try Violation.unless(sum == 3_000, "a sum of \(sum)")
                let rows = try view.scanned(.relationship, view.allRelationshipTypes()).count
                let steps = try view.expanded(found, .out, max: 64).count
                let back = try view.degreesOf(found, .in).reduce(0, +)
                try Violation.unless(rows == steps && steps == back, "\(rows) relationships, \(steps) steps, \(back) back")
            }
        }
        try runThreads([{ try moves(1) }, { try moves(2) }, reads, reads])
    }

    @Test func aSerializableTransactionNoticesLabelsAndNamesThatComeLater() throws {
        let id = try write(graph) { try $0.createEntity(labels: ["A"], properties: []) }
        for change in 0..<3 {
            var asked = TransactionOptions()
            asked.isolation = .serializable
            let transaction = try graph.begin(asked)
            let view = try GraphView(graph, transaction)
            switch change {
            case 0: #expect(try view.entities(label: "B").isEmpty)
            case 1: #expect(view.propertyKey("later").map { _ in true } == true && view.isVisible(.entity, id))
            default: #expect(try view.expanded([id], types: view.relationshipTypes(["LATER"])).isEmpty)
            }
            _ = try view.createEntity(labels: ["Own\(change)"], properties: [("own\(change)", .int(1))])
            try write(graph) { other in
                switch change {
                case 0: _ = try other.addLabels(id, ["B"])
                case 1: try other.setProperty(.entity, id, "later", .int(1))
                default: _ = try other.createRelationship(source: id, target: id, type: "LATER", properties: [])
                }
            }
            let error = #expect(throws: DeedError.self) { try graph.commit(transaction) }
            #expect(error?.status == .serializationFailure)
        }
    }
}
