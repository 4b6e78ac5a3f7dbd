// Expressions that look into the graph: properties, labels, types, ends, paths and subplans, of elements that are there and of
// those that were deleted by the same statement.

import DeedEngine
import DeedValues
import Testing

@testable import DeedExecution

@Suite struct ExpressionGraphTests {
    private let fixture: ExpressionFixture
    /// Three entities in a line, and the two relationships between them; the second one leads back.
    private let nodes: [UInt64]
    private let links: [UInt64]

    init() throws {
        fixture = try ExpressionFixture()
        let transaction = try fixture.graph.begin(readOnly: false)
        let view = try GraphView(fixture.graph, transaction)
        let nodes = [
            try view.createEntity(labels: ["A"], properties: [("n", .int(1)), ("s", .string("a text that is long"))]),
            try view.createEntity(labels: ["B", "A"], properties: [("n", .int(2))]),
            try view.createEntity(labels: [], properties: []),
        ]
        links = [
            try view.createRelationship(source: nodes[0], target: nodes[1], type: "T", properties: [("w", .float(0.5))]),
            try view.createRelationship(source: nodes[2], target: nodes[1], type: "U", properties: []),
        ]
        self.nodes = nodes
        try fixture.graph.commit(transaction)
    }

    private var entities: [Value] { nodes.map { .entity($0) } + [.null] }
    private var relationships: [Value] { links.map { .relationship($0) } + [.null] }

    private func call(_ name: String, _ column: [Value]) throws -> [String] {
        exactText(try fixture.evaluate(.call(name, [.slot(0)]), [column]))
    }

    private func strings(_ texts: [String]) -> Value { .list(texts.map { .string($0) }) }

    @Test func propertiesComeFromColumnsAndFromMixtures() throws {
        let wanted: [Value] = [.int(1), .int(2), .null, .null]
        #expect(exactText(try fixture.evaluate(.property(.slot(0), "n"), [entities])) == exactText(wanted))
        #expect(exactText(try fixture.evaluate(.property(.slot(0), "none"), [entities])) == exactText([.null, .null, .null, .null]))
        let mixture: [Value] = [
            .relationship(links[0]), .entity(nodes[0]), .map(MapValue(keys: ["n"], values: [.string("m")])), .null, .entity(nodes[1]),
        ]
        #expect(
            exactText(try fixture.evaluate(.property(.slot(0), "n"), [mixture]))
                == exactText([.null, .int(1), .string("m"), .null, .int(2)]))
        let dynamic = Expr.element(.slot(0), index: .slot(1))
        let keys: [Value] = [.string("w"), .string("s"), .string("n"), .string("n"), .null]
        #expect(
            exactText(try fixture.evaluate(dynamic, [mixture, keys]))
                == exactText([.float(0.5), .string("a text that is long"), .string("m"), .null, .null]))
        #expect(
            exactText(try fixture.evaluate(.element(.slot(0), index: .constant(.string("n"))), [entities])) == exactText(wanted))
        expectError("MapElementAccessByNonString", .typeError) {
            try fixture.evaluate(.element(.slot(0), index: .constant(.int(0))), [entities])
        }
    }

    @Test func filtersCompareProperties() throws {
        let context = try fixture.context()
        let test = try makeEvaluator(.compare(.greater, .property(.slot(0), "n"), .constant(.int(1))), context)
        let selected = try test.select(makeChunk([entities]), context)
        #expect(selected?.count == 1 && selected?.rows[0] == 1)
    }

    @Test func labelTestsCombine() throws {
        func check(_ test: LabelTest, _ column: [Value], _ wanted: [Bool?], _ location: SourceLocation = #_sourceLocation) throws {
            let got = try fixture.evaluate(.hasLabels(.slot(0), test), [column])
            #expect(exactText(got) == exactText(wanted.map { $0.map { .bool($0) } ?? .null }), sourceLocation: location)
        }
        try check(.label("A"), entities, [true, true, false, nil])
        try check(.label("none"), entities, [false, false, false, nil])
        try check(.and(.label("A"), .label("B")), entities, [false, true, false, nil])
        try check(.or(.not(.label("A")), .label("B")), entities, [false, true, true, nil])
        try check(.any, entities, [true, true, false, nil])
        try check(.label("T"), relationships, [true, false, nil])
        try check(.not(.label("T")), relationships, [false, true, nil])
        try check(.label("A"), [.entity(nodes[0]), .relationship(links[0]), .null], [true, false, nil])
        expectError("InvalidArgumentType", .typeError) { try check(.label("A"), [.int(1)], [nil]) }
    }

    @Test func functionsOfElements() throws {
        #expect(try call("id", entities) == exactText(nodes.map { .int(Int64($0)) } + [.null]))
        #expect(try call("id", [.entity(nodes[0]), .relationship(links[0])]) == exactText([.int(Int64(nodes[0])), .int(Int64(links[0]))]))
        #expect(try call("elementid", relationships) == exactText(links.map { .string(String($0)) } + [.null]))
        #expect(try call("labels", entities) == exactText([strings(["A"]), strings(["A", "B"]), strings([]), .null]))
        #expect(try call("type", relationships) == exactText([.string("T"), .string("U"), .null]))
        #expect(try call("type", [.relationship(links[0]), .null]) == exactText([.string("T"), .null]))
        #expect(try call("startnode", relationships) == exactText([.entity(nodes[0]), .entity(nodes[2]), .null]))
        #expect(try call("endnode", relationships) == exactText([.entity(nodes[1]), .entity(nodes[1]), .null]))
        #expect(try call("keys", entities) == exactText([strings(["n", "s"]), strings(["n"]), strings([]), .null]))
        #expect(
            try call("properties", relationships)
                == exactText([
                    .map(MapValue(keys: ["w"], values: [.float(0.5)])), .map(MapValue(keys: [], values: [])), .null,
                ]))
        #expect(try call("pheromone", [relationships[0]]) == exactText([.float(1)]))
        #expect(try call("exists", [.int(1), .null]) == exactText([.bool(true), .bool(false)]))
        for name in ["id", "labels", "type", "startnode", "properties", "keys", "nodes", "length", "pheromone"] {
            for wrong in [Value.int(0), .float(1), .bool(true), .string(""), .list([])] {
                expectError("InvalidArgumentValue", .typeError) { try call(name, [relationships[0], wrong]) }
                expectError("InvalidArgumentValue", .typeError) { try call(name, [wrong]) }
            }
            #expect(try call(name, [.null]) == exactText([.null]))
        }
    }

    @Test func pathsFollowTheirRelationships() throws {
        let path = Expr.path(start: .slot(0), steps: [.slot(1), .slot(2)])
        let columns: [[Value]] = [
            [.entity(nodes[0]), .entity(nodes[2]), .entity(nodes[0]), .null],
            [.relationship(links[0]), .list([.relationship(links[1]), .relationship(links[0])]), .relationship(links[0]), .null],
            [.list([.relationship(links[1])]), .list([]), .null, .list([])],
        ]
        let wanted: [Value] = [
            .path(PathValue(entities: nodes, relationships: links)),
            .path(PathValue(entities: nodes.reversed(), relationships: links.reversed())), .null, .null,
        ]
        let got = try fixture.evaluate(path, columns)
        #expect(exactText(got) == exactText(wanted))
        #expect(try call("length", got) == exactText([.int(2), .int(2), .null, .null]))
        #expect(try call("nodes", [got[0]]) == exactText([.list(nodes.map { .entity($0) })]))
        #expect(try call("relationships", [got[1]]) == exactText([.list(links.reversed().map { .relationship($0) })]))
        let alone = try fixture.evaluate(.path(start: .slot(0), steps: []), [[.entity(nodes[0])]])
        #expect(exactText(alone) == exactText([.path(PathValue(entities: [nodes[0]], relationships: []))]))
    }

    @Test func deletedElementsAreTold() throws {
        let transaction = try fixture.graph.begin(readOnly: false)
        let context = try fixture.context(transaction: transaction)
        try context.view.deleteEntity(nodes[1], detach: true)
        func evaluate(_ expr: Expr, _ value: Value) throws -> Value {
            try makeEvaluator(expr, context).evaluate(makeChunk([[value]]), context).value(0)
        }
        let node = Value.entity(nodes[1])
        for expr in [
            Expr.property(.slot(0), "n"), .property(.slot(0), "unheard of"), .call("labels", [.slot(0)]), .call("keys", [.slot(0)]),
            .call("properties", [.slot(0)]),
        ] {
            expectError("DeletedEntityAccess", .entityNotFound) { try evaluate(expr, node) }
        }
        let link = Value.relationship(links[0])
        #expect(exactText(try evaluate(.call("type", [.slot(0)]), link)) == exactText(.string("T")))
        expectError("DeletedEntityAccess", .entityNotFound) { try evaluate(.property(.slot(0), "w"), link) }
        #expect(exactText(try evaluate(.call("id", [.slot(0)]), node)) == exactText(.int(Int64(nodes[1]))))
        try fixture.graph.rollback(transaction)
    }

    @Test func aKeyThatComesUpDuringTheQueryIsSeen() throws {
        let transaction = try fixture.graph.begin(readOnly: false)
        let context = try fixture.context(transaction: transaction)
        let evaluator = try makeEvaluator(.property(.slot(0), "late"), context)
        let chunk = makeChunk([[.entity(nodes[0])]])
        #expect(try evaluator.evaluate(chunk, context).value(0).isNull)
        try context.view.setProperty(.entity, nodes[0], "late", .int(7))
        #expect(exactText(try evaluator.evaluate(chunk, context).value(0)) == exactText(.int(7)))
        try fixture.graph.rollback(transaction)
    }

    @Test func subplansRunForEachRow() throws {
        let unwind = PlanNode(.unwind(child: PlanNode(.argument), list: .slot(0), element: 5))
        let plan = PlanNode(.filter(child: unwind, .compare(.greater, .slot(5), .slot(1))))
        let lists: [Value] = [
            .list((0..<3_000).map { .int($0) }), .list([]), .null, .list([.int(5), .int(1), .int(9)]), .list([.int(1)]),
        ]
        let bounds: [Value] = [.int(10), .int(0), .int(0), .int(4), .int(1)]
        func evaluate(_ kind: Subquery.Kind) throws -> [Value] {
            try fixture.evaluate(.subquery(Subquery(kind: kind, plan: plan, result: 5)), [lists, bounds])
        }
        #expect(exactText(try evaluate(.exists)) == exactText([true, false, false, true, false].map { .bool($0) }))
        #expect(exactText(try evaluate(.count)) == exactText([2_989, 0, 0, 2, 0].map { .int($0) }))
        let collected = try evaluate(.collect)
        #expect(exactText(collected[3]) == exactText(.list([.int(5), .int(9)])))
        #expect(exactText(collected[0]) == exactText(.list((11..<3_000).map { .int($0) })))
        #expect(exactText(collected[2]) == exactText(.list([])))
    }

    @Test func subplansWithinListsSeeTheElement() throws {
        let unwind = PlanNode(.unwind(child: PlanNode(.argument), list: .slot(3), element: 5))
        let count = Expr.subquery(Subquery(kind: .count, plan: unwind, result: nil))
        let expr = Expr.comprehension(3, list: .slot(0), filter: nil, projection: count)
        let nested: Value = .list([.list([.int(1), .int(2)]), .list([]), .list([.int(3)])])
        #expect(exactText(try fixture.evaluate(expr, [[nested]])) == exactText([.list([.int(2), .int(0), .int(1)])]))
    }
}
