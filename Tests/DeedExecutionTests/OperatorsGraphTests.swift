// Scans, expansions and paths.

import DeedEngine
import DeedExecution
import DeedValues
import Testing

@Suite struct OperatorsGraphTests {
    /// a -x-> b -y-> c -z-> a, a -w-> c, and d by itself.
    private func triangle() throws -> TestGraph {
        let graph = try TestGraph()
        let a = try graph.node("a", ["P"], [("n", .int(1))])
        let b = try graph.node("b", ["P", "Q"], [("n", .int(2))])
        let c = try graph.node("c", ["Q"], [("n", .int(3))])
        try graph.node("d", [], [])
        try graph.connect("x", a, b, "R", [("w", .int(1))])
        try graph.connect("y", b, c, "R", [("w", .int(2))])
        try graph.connect("z", c, a, "S", [("w", .int(3))])
        try graph.connect("w", a, c, "S", [("w", .int(4))])
        return graph
    }

    @Test func scansFindByLabels() throws {
        let graph = try triangle()
        func labelled(_ test: LabelTest?) throws -> [String] {
            try graph.runTwice(PlanNode(.scanEntities(entity: 0, labels: test)), [0]).sorted()
        }
        #expect(try labelled(nil) == ["a", "b", "c", "d"])
        #expect(try labelled(.label("P")) == ["a", "b"])
        #expect(try labelled(.label("Q")) == ["b", "c"])
        #expect(try labelled(.label("Nobody")) == [])
        #expect(try labelled(.and(.label("P"), .label("Q"))) == ["b"])
        #expect(try labelled(.or(.label("P"), .label("Q"))) == ["a", "b", "c"])
        #expect(try labelled(.not(.label("P"))) == ["c", "d"])
        #expect(try labelled(.any) == ["a", "b", "c"])
        let pairs = PlanNode(.apply(outer: scan(0, "P"), inner: scan(1, "Q"), .cross))
        #expect(try graph.runTwice(pairs, [0, 1]).sorted() == ["a b", "a c", "b b", "b c"])
        let relationships = PlanNode(.scanRelationships(relationship: 0, source: 1, target: 2, types: ["S"]))
        #expect(try graph.runTwice(relationships, [1, 0, 2]).sorted() == ["a w c", "c z a"])
        let all = PlanNode(.scanRelationships(relationship: 0, source: 1, target: 2, types: []))
        #expect(try graph.runTwice(all, [0]).count == 4)
        #expect(try graph.runTwice(PlanNode(.scanRelationships(relationship: 0, source: 1, target: 2, types: ["None"])), [0]) == [])
    }

    @Test func largeScansComeWhole() throws {
        let graph = try TestGraph()
        for index in 0..<5000 { try graph.node("n\(index)", ["L"]) }
        #expect(Set(try graph.runTwice(scan(0, "L"), [0])).count == 5000)
        #expect(try graph.runTwice(total("count", [], of: scan(0), 1), [1]) == ["5000"])
    }

    @Test func seekingByIdFindsWhatIsThere() throws {
        let graph = try TestGraph()
        let (a, b) = (Int64(try graph.node("a")), Int64(try graph.node("b")))
        let ids = list([.int(b), .int(a), .int(99_999), .int(b), .null, .int(-5), .string("x")])
        let plan = PlanNode(.seekIds(child: unwind(ints(0..<2), 1), slot: 0, isRelationship: false, ids: ids))
        #expect(try graph.runTwice(plan, [1, 0]) == ["0 b", "0 a", "1 b", "1 a"])
        #expect(try graph.runTwice(PlanNode(.seekIds(child: argument, slot: 0, isRelationship: true, ids: ids)), [0]) == [])
    }

    @Test func expandFollowsDirectionsAndTypes() throws {
        let graph = try triangle()
        #expect(try graph.runTwice(expand(scan(0), 0, 1, 2), [0, 1, 2]).sorted() == ["a w c", "a x b", "b y c", "c z a"])
        #expect(try graph.runTwice(expand(scan(0), 0, 1, 2, .in, types: ["S"]), [0, 1, 2]).sorted() == ["a z c", "c w a"])
        #expect(try graph.runTwice(expand(scan(0), 0, 1, 2, .both), [0, 1, 2]).count == 8)
        #expect(try graph.runTwice(expand(scan(0), 0, nil, 2, types: ["None"]), [0]) == [])
        #expect(try graph.runTwice(expand(unwind(.constant(.null), 0), 0, nil, 2), [0]) == [])
        let nulls = expand(unwind(list([.null, .null]), 0), 0, 1, 2)
        #expect(try graph.runTwice(nulls, [0]) == [])
        #expect(throws: QueryError.self) { try graph.run(expand(unwind(int(1), 0), 0, nil, 2), [0]) }
    }

    @Test func expandIntoAndUniquenessRestrict() throws {
        let graph = try triangle()
        let two = expand(expand(scan(0), 0, 1, 2), 2, 3, 4, differs: [1])
        let cycle = expand(two, 4, 5, 0, into: true, differs: [1, 3])
        #expect(try graph.runTwice(cycle, [1, 3, 5]).sorted() == ["x y z", "y z x", "z x y"])
        let back = expand(expand(scan(0), 0, 1, 2, .both), 2, 3, 0, .both, into: true, differs: [1])
        #expect(try graph.runTwice(back, [1, 3]).sorted() == ["w z", "w z", "z w", "z w"])
    }

    @Test func expansionsBeyondAChunkComeWhole() throws {
        let graph = try TestGraph()
        let hub = try graph.node("hub", ["H"])
        for index in 0..<5000 { try graph.connect("r\(index)", hub, try graph.node("n\(index)")) }
        #expect(Set(try graph.runTwice(expand(scan(0, "H"), 0, 1, 2), [1, 2])).count == 5000)
        #expect(try graph.runTwice(expand(expand(scan(0, "H"), 0, 1, 2), 2, 3, 4, .in), [0]).count == 5000)
        let paths = PlanNode(.expandVariable(child: scan(0, "H"), variable(0, 1, 2, 0, 3)))
        #expect(try graph.runTwice(paths, [0]).count == 5001)
    }

    @Test func variableExpansionKnowsItsModes() throws {
        let graph = try triangle()
        let start = filter(scan(0, "P"), .compare(.equal, property(0, "n"), int(1)))
        func run(_ expansion: VariableExpansion, _ columns: [Slot]) throws -> [String] {
            try graph.runTwice(PlanNode(.expandVariable(child: start, expansion)), columns).sorted()
        }
        #expect(
            try run(variable(0, 1, 2, 0, nil), [1, 2])
                == ["[] a", "[w,z,x,y] c", "[w,z,x] b", "[w,z] a", "[w] c", "[x,y,z,w] c", "[x,y,z] a", "[x,y] c", "[x] b"])
        #expect(try run(variable(0, 1, 2, 1, nil, .acyclic), [1]) == ["[w]", "[x,y]", "[x]"])
        #expect(try run(variable(0, 1, 2, 3, 3, .walk), [1]) == ["[w,z,w]", "[w,z,x]", "[x,y,z]"])
        #expect(try run(variable(0, nil, 2, 0, nil, .reachable), [2]) == ["a", "b", "c"])
        #expect(try run(variable(0, nil, 2, 1, nil, .reachable), [2]) == ["a", "b", "c"])
        #expect(try run(variable(0, nil, 2, 1, 1, .reachable), [2]) == ["b", "c"])
        #expect(try run(variable(0, 1, 2, 1, 2, .trail, .in), [1, 2]) == ["[z,w] a", "[z,y] b", "[z] c"])
        #expect(try run(variable(0, 1, 2, 2, 1), [1]) == [])
        #expect(try run(variable(0, 1, 2, 0, 0), [1]) == ["[]"])
        let light = Expr.compare(.less, property(14, "w"), int(3))
        #expect(try run(variable(0, 1, 2, 1, nil, .trail, filter: light), [1]) == ["[x,y]", "[x]"])
        #expect(try run(variable(0, nil, 2, 2, 2, .trail, path: 5), [5]) == ["a-w-c-z-a", "a-x-b-y-c"])
        let ends = filter(scan(2, "Q"), .compare(.equal, property(2, "n"), int(3)))
        let pairs = PlanNode(.apply(outer: start, inner: ends, .cross))
        let into = PlanNode(.expandVariable(child: pairs, variable(0, 1, 2, 1, 2, into: true)))
        #expect(try graph.runTwice(into, [1, 2]).sorted() == ["[w] c", "[x,y] c"])
    }

    @Test func shortestPathsAreShortest() throws {
        let graph = try TestGraph()
        // s to t by two ways of two steps, one of three, and a cycle.
        let names = ["s", "t", "a", "b", "c", "d", "e"]
        let ids = try Dictionary(uniqueKeysWithValues: names.map { ($0, try graph.node($0, [$0.uppercased()])) })
        for (source, target) in [("s", "a"), ("a", "t"), ("s", "b"), ("b", "t"), ("s", "c"), ("c", "d"), ("d", "t"), ("t", "s")] {
            try graph.connect(source + target, ids[source]!, ids[target]!)
        }
        func run(_ which: ShortestPath.Which, _ min: Int = 1, _ max: Int? = nil, _ target: String = "T", _ mode: RepetitionMode = .trail,
            _ direction: ExpandDirection = .out) throws -> [String] {
            let pair = PlanNode(.apply(outer: scan(0, "S"), inner: scan(2, target), .cross))
            let path = ShortestPath(expansion: variable(0, 1, 2, min, max, mode, direction, into: true, path: 5), which: which)
            return try graph.runTwice(PlanNode(.shortestPath(child: pair, path)), [5]).sorted()
        }
        #expect(try run(.all) == ["s-sa-a-at-t", "s-sb-b-bt-t"])
        #expect(try run(.any(1)).count == 1)
        #expect(try run(.any(3)) == ["s-sa-a-at-t", "s-sb-b-bt-t", "s-sc-c-cd-d-dt-t"])
        #expect(try run(.groups(2)) == ["s-sa-a-at-t", "s-sb-b-bt-t", "s-sc-c-cd-d-dt-t"])
        #expect(try run(.groups(1)) == ["s-sa-a-at-t", "s-sb-b-bt-t"])
        #expect(try run(.all, 1, 1) == [])
        #expect(try run(.all, 3) == ["s-sc-c-cd-d-dt-t"])
        #expect(try run(.all, 0, nil, "E") == [])
        #expect(try run(.all, 0, nil, "S") == ["s"])
        #expect(try run(.all, 1, nil, "S") == ["s-sa-a-at-t-ts-s", "s-sb-b-bt-t-ts-s"])
        #expect(try run(.all, 1, nil, "T", .trail, .both) == ["s-ts-t"])
        #expect(try run(.any(1), 1, nil, "S", .trail, .both).count == 1)
        let open = PlanNode(.shortestPath(child: scan(0, "S"), ShortestPath(expansion: variable(0, 1, 2, 0, nil, path: 5), which: .all)))
        #expect(try graph.runTwice(open, [2]).sorted() == ["a", "b", "c", "d", "s", "t", "t"])
    }

    @Test func optionalAndExistenceWorkOverExpansions() throws {
        let graph = try triangle()
        let inner = expand(argument, 0, 1, 2, types: ["S"])
        func apply(_ kind: ApplyKind) throws -> [String] {
            try graph.runTwice(PlanNode(.apply(outer: scan(0), inner: inner, kind)), [0, 1, 2]).sorted()
        }
        #expect(try apply(.cross) == ["a w c", "c z a"])
        #expect(try apply(.optional) == ["a w c", "b null null", "c z a", "d null null"])
        #expect(try apply(.semi) == ["a null null", "c null null"])
        #expect(try apply(.anti) == ["b null null", "d null null"])
    }
}
