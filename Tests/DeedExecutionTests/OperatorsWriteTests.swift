// Operators that change the graph, and those that bring rows from outside.

import DeedEngine
import DeedExecution
import DeedValues
import Glibc
import Testing

@Suite struct OperatorsWriteTests {
    private func map(_ entries: (String, Expr)...) -> Expr { .map(entries.map { (key: $0.0, value: $0.1) }) }

    private func fails(_ kind: QueryError.Kind, _ detail: String, _ body: () throws -> Void) {
        do {
            try body()
            Issue.record("nothing was thrown instead of \(detail)")
        } catch let error as QueryError {
            #expect(error.kind == kind && error.detail == detail, "\(error)")
        } catch {
            Issue.record("\(error)")
        }
    }

    private func property(_ graph: TestGraph, _ id: UInt64, _ key: String, _ kind: RowKind = .entity) throws -> String {
        graph.text(try graph.view.properties(kind, id)?.first { $0.key == key }?.value ?? .null)
    }

    @Test func createMakesElementsAndDropsNulls() throws {
        let graph = try TestGraph()
        let context = graph.context(slots: 16)
        let plan = PlanNode(
            .create(
                child: unwind(ints(0..<3000), 0),
                [
                    .entity(1, labels: ["A", "B"], properties: map(("n", .slot(0)), ("gone", .constant(.null)))),
                    .entity(2, labels: [], properties: nil),
                    .relationship(3, source: 1, target: 2, type: "R", properties: map(("w", .slot(0)))),
                    .path(4, .path(start: .slot(1), steps: [.slot(3)])),
                ]))
        #expect(try graph.run(plan, [0], context).count == 3000)
        #expect(context.counters.nodesCreated == 6000 && context.counters.relationshipsCreated == 3000)
        #expect(context.counters.propertiesAdded == 6000 && context.counters.labelsAdded == 6000)
        #expect(try graph.run(expand(scan(0, "B"), 0, 1, 2), [0]).count == 3000)
        let sum = total("sum", [.property(.slot(1), "w")], of: expand(scan(0, "A"), 0, 1, 2), 3)
        #expect(try graph.run(sum, [3]) == ["\(2999 * 1500)"])
    }

    @Test func createRefusesNullEndsAndValuesThatNoPropertyHolds() throws {
        let graph = try TestGraph()
        let id = try graph.node("a", ["A"])
        let nullEnd = PlanNode(
            .create(
                child: project(argument, (slot: 0, value: .constant(.null))),
                [.relationship(1, source: 0, target: 0, type: "R", properties: nil)]))
        #expect(throws: QueryError.self) { try graph.run(nullEnd, [0]) }
        for value in [Value.entity(id), .list([.map(MapValue(keys: ["x"], values: [.int(1)]))]), .list([.entity(id)])] {
            fails(.typeError, "InvalidPropertyType") {
                let creation = Creation.entity(0, labels: [], properties: map(("x", .constant(value))))
                _ = try graph.run(PlanNode(.create(child: argument, [creation])), [0])
            }
            fails(.typeError, "InvalidPropertyType") {
                let change = Change.setProperty(of: .slot(0), key: "x", value: .constant(value))
                _ = try graph.run(PlanNode(.change(child: scan(0), [change])), [0])
            }
        }
    }

    @Test func setCountsWhatWasAndWhatIs() throws {
        let graph = try TestGraph()
        let id = try graph.node("a", ["A"], [("x", .int(1)), ("y", .int(2))])
        func run(_ change: Change) throws -> (Int, Int) {
            let context = graph.context(slots: 16)
            _ = try graph.run(PlanNode(.change(child: scan(0), [change])), [0], context)
            return (context.counters.propertiesAdded, context.counters.propertiesRemoved)
        }
        #expect(try run(.setProperty(of: .slot(0), key: "x", value: int(5))) == (1, 1))
        #expect(try run(.setProperty(of: .slot(0), key: "x", value: int(5))) == (0, 0))
        #expect(try run(.setProperty(of: .slot(0), key: "z", value: int(5))) == (1, 0))
        #expect(try run(.setProperty(of: .slot(0), key: "z", value: .constant(.null))) == (0, 1))
        #expect(try run(.setProperty(of: .slot(0), key: "z", value: .constant(.null))) == (0, 0))
        #expect(try run(.mergeProperties(of: 0, map(("x", int(6)), ("q", int(1)), ("y", .constant(.null))))) == (2, 2))
        #expect(try run(.replaceProperties(of: 0, map(("x", int(7)), ("k", int(1)), ("n", .constant(.null))))) == (2, 2))
        #expect(try property(graph, id, "x") == "7" && property(graph, id, "q") == "null" && property(graph, id, "k") == "1")
        let other = try graph.node("b", ["B"], [("o", .string("of b"))])
        let pair = PlanNode(.cross(left: scan(0, "A"), right: scan(1, "B")))
        _ = try graph.run(PlanNode(.change(child: pair, [.replaceProperties(of: 0, .slot(1))])), [0])
        #expect(try property(graph, id, "o") == "of b" && property(graph, id, "x") == "null" && property(graph, other, "o") == "of b")
    }

    @Test func aRowSeesWhatTheRowsBeforeItChanged() throws {
        let graph = try TestGraph()
        let id = try graph.node("a", ["A"], [("n", .int(0))])
        let increment = Change.setProperty(of: .slot(1), key: "n", value: .arithmetic(.add, .property(.slot(1), "n"), int(1)))
        _ = try graph.run(PlanNode(.change(child: PlanNode(.cross(left: unwind(ints(0..<2500), 0), right: scan(1))), [increment])), [0])
        #expect(try property(graph, id, "n") == "2500")
        // All different: one go, and each its own.
        for index in 0..<3000 { try graph.node("n", ["M"], [("n", .int(Int64(index)))]) }
        _ = try graph.run(PlanNode(.change(child: scan(1, "M"), [increment])), [1])
        let sum = Aggregate(function: "sum", arguments: [.property(.slot(1), "n")], isDistinct: false)
        #expect(try graph.run(PlanNode(.aggregate(child: scan(1, "M"), keys: [], [(slot: 3, sum)])), [3]) == ["\(3000 * 3001 / 2)"])
    }

    @Test func changesPassOverNullAndRefuseOtherValues() throws {
        let graph = try TestGraph()
        let rows = PlanNode(.project(child: argument, [(slot: 0, value: .constant(.null))]))
        let changes: [Change] = [
            .setProperty(of: .slot(0), key: "x", value: int(1)), .replaceProperties(of: 0, map()),
            .mergeProperties(of: 0, map(("a", int(1)))), .addLabels(0, ["X"]), .removeLabels(0, ["X"]),
        ]
        let context = graph.context(slots: 16)
        #expect(try graph.run(PlanNode(.change(child: rows, changes)), [0], context) == ["null"])
        #expect(context.counters.propertiesSet == 0 && context.counters.labelsAdded == 0)
        #expect(throws: QueryError.self) { try graph.run(PlanNode(.change(child: unwind(int(1), 0), changes)), [0]) }
    }

    @Test func labelsAreCountedOnlyWhereTheyChange() throws {
        let graph = try TestGraph()
        let id = try graph.node("a", ["A"])
        let context = graph.context(slots: 16)
        let twice = PlanNode(.cross(left: unwind(ints(0..<2), 0), right: scan(1)))
        _ = try graph.run(PlanNode(.change(child: twice, [.addLabels(1, ["A", "B", "C"]), .removeLabels(1, ["C", "D"])])), [0], context)
        #expect(try graph.view.labels(of: id) == ["A", "B"])
        #expect(context.counters.labelsAdded == 2 && context.counters.labelsRemoved == 1)
    }

    @Test func mergeFindsWhatItMadeBefore() throws {
        let graph = try TestGraph()
        func merge(_ values: Expr, _ context: QueryContext) throws -> [String] {
            let match = filter(scan(1, "A"), .compare(.equal, .property(.slot(1), "n"), .slot(0)))
            let plan = PlanNode(
                .merge(
                    child: unwind(values, 0), match: match, [.entity(1, labels: ["A"], properties: map(("n", .slot(0))))],
                    onCreate: [.setProperty(of: .slot(1), key: "made", value: .slot(0))],
                    onMatch: [.setProperty(of: .slot(1), key: "found", value: .slot(0))]))
            let read = project(plan, (slot: 2, value: .property(.slot(1), "made")), (slot: 3, value: .property(.slot(1), "n")))
            return try graph.run(read, [0, 3, 2], context)
        }
        let context = graph.context(slots: 16)
        #expect(try merge(ints([1, 2, 1, 2, 3]), context) == ["1 1 1", "2 2 2", "1 1 1", "2 2 2", "3 3 3"])
        #expect(context.counters.nodesCreated == 3)
        let found = project(scan(1), (slot: 0, value: .property(.slot(1), "found")))
        #expect(try graph.run(found, [0]).sorted() == ["1", "2", "null"])
        fails(.semanticError, "MergeReadOwnWrites") { _ = try merge(list([.null]), graph.context(slots: 16)) }
        #expect(try merge(ints((0..<2500).map { $0 % 50 }), graph.context(slots: 16)).count == 2500)
        #expect(try graph.run(scan(0, "A"), [0]).count == 50)
    }

    @Test func deleteTakesRelationshipsFirstAndRefusesConnectedNodes() throws {
        let graph = try TestGraph()
        let (a, b) = (try graph.node("a", ["A"]), try graph.node("b", ["B"]))
        try graph.connect("r", a, b)
        try graph.connect("loop", a, a)
        fails(.constraintVerificationFailed, "DeleteConnectedNode") {
            _ = try graph.run(PlanNode(.delete(child: scan(0, "A"), [.slot(0)], detach: false)), [0])
        }
        fails(.typeError, "InvalidArgumentType") {
            _ = try graph.run(PlanNode(.delete(child: unwind(int(1), 0), [.slot(0)], detach: false)), [0])
        }
        var context = graph.context(slots: 16)
        let rows = expand(scan(0, "A"), 0, 1, 2)
        let both = PlanNode(.delete(child: rows, [.slot(0), .slot(1), .slot(2), .constant(.null)], detach: false))
        #expect(try graph.run(both, [3], context).count == 2)
        #expect(context.counters.nodesDeleted == 2 && context.counters.relationshipsDeleted == 2)
        #expect(try graph.run(scan(0), [0]) == [])
        let hub = try graph.node("hub", ["H"])
        for _ in 0..<3000 { try graph.connect("s", hub, try graph.node("spoke")) }
        context = graph.context(slots: 16)
        _ = try graph.run(PlanNode(.delete(child: scan(0, "H"), [.slot(0), .slot(0)], detach: true)), [0], context)
        #expect(context.counters.nodesDeleted == 1 && context.counters.relationshipsDeleted == 3000)
        let path = PathValue(entities: [hub], relationships: [])
        #expect(try graph.run(PlanNode(.delete(child: argument, [.constant(.path(path))], detach: false)), [0]).count == 1)
    }

    @Test func forEachChangesForEveryElement() throws {
        let graph = try TestGraph()
        let body = PlanNode(.create(child: argument, [.entity(3, labels: ["F"], properties: map(("n", .slot(1))))]))
        let rows = unwind(list([.list([.int(1), .int(2)]), .null, .list([])]), 0)
        let plan = PlanNode(.forEach(child: rows, list: .slot(0), element: 1, body: body))
        #expect(try graph.run(plan, [0, 1]) == ["[1,2] null", "null null", "[] null"])
        #expect(try graph.run(scan(0, "F"), [0]).count == 2)
    }

    @Test func writesRunToTheirEndBelowALimit() throws {
        let graph = try TestGraph()
        let create = PlanNode(.create(child: unwind(ints(0..<5000), 0), [.entity(1, labels: ["L"], properties: nil)]))
        #expect(try graph.run(PlanNode(.limit(child: create, int(0))), [0]) == [])
        #expect(try graph.run(PlanNode(.empty(child: create)), [0]) == [])
        #expect(try graph.run(scan(0, "L"), [0]).count == 10_000)
    }

    @Test func proceduresYieldRowsOfTheirTables() throws {
        let graph = try TestGraph()
        try graph.node("a", ["Zebra"])
        try graph.node("b", ["Ant"])
        let registry = Procedures(BuiltInProcedures.all)
        registry.register(
            TableProcedure(
                ProcedureSignature(
                    name: "test.table", inputs: [.init("in", "INTEGER?")],
                    outputs: [.init("a", "STRING?"), .init("b", "STRING?")]),
                rows: [[.int(1), .string("x"), .string("y")], [.int(2), .string("z"), .null], [.int(1), .string("v"), .string("w")]]))
        registry.register(TableProcedure(ProcedureSignature(name: "test.nothing"), rows: []))
        let context = graph.context(slots: 16, procedures: registry)
        func call(_ name: String, _ child: PlanNode, _ arguments: [Expr], _ yields: [(field: Int, slot: Slot)]) -> PlanNode {
            PlanNode(.callProcedure(child: child, name: name, arguments: arguments, yields: yields))
        }
        let table = call("test.table", unwind(ints([1, 3, 2]), 0), [.slot(0)], [(field: 1, slot: 1), (field: 0, slot: 2)])
        #expect(try graph.run(table, [0, 1, 2], context) == ["1 y x", "1 w v", "2 null z"])
        #expect(try graph.run(call("test.nothing", unwind(ints([1, 3]), 0), [], []), [0], context) == ["1", "3"])
        #expect(try graph.run(call("db.labels", argument, [], [(field: 0, slot: 0)]), [0], context) == ["Ant", "Zebra"])
        #expect(try graph.run(call("deed.stats", argument, [], [(field: 0, slot: 0)]), [0], context).contains("entities"))
        fails(.procedureError, "ProcedureNotFound") { _ = try graph.run(call("no.such", argument, [], []), [0], context) }
    }

    @Test func filesOfCommaSeparatedValuesAreReadAsWritten() throws {
        let graph = try TestGraph()
        func plan(_ source: String, _ headers: Bool, _ terminator: String = ",") -> PlanNode {
            PlanNode(
                .loadCSV(child: argument, source: string(source), row: 0, withHeaders: headers, fieldTerminator: terminator))
        }
        func load(_ text: String, headers: Bool, terminator: String = ",") throws -> [String] {
            let path = "/tmp/deed-csv-\(getpid())-\(UInt64.random(in: 0 ... .max)) x.csv"
            let file = try #require(fopen(path, "w"))
            defer { unlink(path) }
            fputs(text, file)
            fclose(file)
            let url = "file://" + path.replacing(" ", with: "%20")
            let results = try [path, url].map { try graph.runTwice(plan($0, headers, terminator), [0]) }
            #expect(results[0] == results[1])
            return results[0]
        }
        #expect(try load("a,b\n1,\"x\"\"y,\nz\"\r\n,\"\"\n\n3", headers: false) == ["[a,b]", "[1,x\"y,\nz]", "[null,]", "[3]"])
        #expect(try load("\u{feff}a;b\n1;2\n3", headers: true, terminator: ";") == ["{a:1,b:2}", "{a:3,b:null}"])
        #expect(try load("", headers: true) == [])
        #expect(try load((0..<5000).map { "\($0),x\n" }.joined(), headers: false).count == 5000)
        #expect(throws: QueryError.self) { try load("a\n\"never closed", headers: false) }
        #expect(throws: QueryError.self) { try load("\"a\"b\n", headers: false) }
        #expect(throws: QueryError.self) { try load("a,a\n1,2", headers: true) }
        #expect(throws: DeedError.self) { try graph.run(plan("/no/such/file", false), [0]) }
        #expect(throws: QueryError.self) { try graph.run(plan("http://x/y", false), [0]) }
    }
}
