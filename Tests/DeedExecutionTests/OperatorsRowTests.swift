// Operators that make rows of rows, against what plain Swift says of the same.

import DeedEngine
import DeedExecution
import DeedValues
import Testing

@Suite struct OperatorsRowTests {
    @Test func unwindGivesEachElementAndNothingForNull() throws {
        let graph = try TestGraph()
        #expect(try graph.runTwice(unwind(ints(0..<5000), 0), [0]) == (0..<5000).map { "\($0)" })
        #expect(try graph.runTwice(unwind(.constant(.null), 0), [0]) == [])
        #expect(try graph.runTwice(unwind(int(7), 0), [0]) == ["7"])
        #expect(try graph.runTwice(unwind(list([]), 0), [0]) == [])
        let nested = unwind(unwind(list([.list([.int(1), .int(2)]), .null, .list([.null])]), 0), .slot(0), 1)
        #expect(try graph.runTwice(nested, [1]) == ["1", "2", "null"])
    }

    @Test func skipAndLimitCutAcrossChunks() throws {
        let graph = try TestGraph()
        let rows = unwind(ints(0..<6000), 0)
        for (skip, limit) in [(0, 0), (0, 1), (2047, 2), (2048, 2048), (4095, 5000), (6000, 1), (7000, 1)] {
            let plan = PlanNode(.limit(child: PlanNode(.skip(child: rows, int(skip))), int(limit)))
            #expect(try graph.runTwice(plan, [0]) == (0..<6000).dropFirst(skip).prefix(limit).map { "\($0)" })
        }
        #expect(throws: QueryError.self) { try graph.run(PlanNode(.limit(child: rows, int(-1))), [0]) }
        #expect(throws: QueryError.self) { try graph.run(PlanNode(.skip(child: rows, .constant(.float(1)))), [0]) }
    }

    @Test func sortIsStableAndPutsNullLast() throws {
        let graph = try TestGraph()
        let values: [Value] = [.int(3), .null, .float(1.5), .int(1), .string("b"), .int(3), .string("a")]
        let rows = unwind(list(values), 0)
        #expect(
            try graph.runTwice(PlanNode(.sort(child: rows, [SortKey(value: .slot(0), isDescending: false)])), [0])
                == ["a", "b", "1", "1.5", "3", "3", "null"])
        #expect(
            try graph.runTwice(PlanNode(.sort(child: rows, [SortKey(value: .slot(0), isDescending: true)])), [0])
                == ["null", "3", "3", "1.5", "1", "b", "a"])
        let many = unwind(ints((0..<10_000).map { ($0 * 7919) % 10_007 }), 0)
        let keys = [
            SortKey(value: .arithmetic(.modulo, .slot(0), int(10)), isDescending: true), SortKey(value: .slot(0), isDescending: false),
        ]
        let expected = (0..<10_000).map { ($0 * 7919) % 10_007 }.sorted { ($1 % 10, $0) < ($0 % 10, $1) }.map { "\($0)" }
        #expect(try graph.runTwice(PlanNode(.sort(child: many, keys)), [0]) == expected)
        for count in [0, 1, 10, 5000, 20_000] {
            let top = PlanNode(.top(child: many, keys, count: int(count)))
            #expect(try graph.runTwice(top, [0]) == Array(expected.prefix(count)))
        }
        let oneKey = PlanNode(.top(child: many, [SortKey(value: .slot(0), isDescending: true)], count: int(3)))
        #expect(try graph.runTwice(oneKey, [0]) == ["10006", "10005", "10004"])
        #expect(throws: QueryError.self) { try graph.run(PlanNode(.top(child: many, keys, count: int(-2))), [0]) }
    }

    @Test func aggregatesAgreeWithPlainArithmetic() throws {
        let graph = try TestGraph()
        let numbers = (0..<5000).map { ($0 * 31) % 997 }
        let rows = unwind(ints(numbers), 0)
        func aggregate(_ name: String, distinct: Bool = false) -> Aggregate {
            Aggregate(function: name, arguments: [.slot(0)], isDistinct: distinct)
        }
        let plan = PlanNode(
            .aggregate(
                child: rows, keys: [(slot: 1, value: .arithmetic(.modulo, .slot(0), int(3)))],
                [
                    (slot: 2, Aggregate(function: "count", arguments: [], isDistinct: false)), (slot: 3, aggregate("sum")),
                    (slot: 4, aggregate("min")), (slot: 5, aggregate("max")), (slot: 6, aggregate("count", distinct: true)),
                    (slot: 7, aggregate("avg")),
                ]))
        let expected = (0..<3).map { key in
            let group = numbers.filter { $0 % 3 == key }
            let sum = group.reduce(0, +)
            return "\(key) \(group.count) \(sum) \(group.min()!) \(group.max()!) \(Set(group).count) \(Double(sum) / Double(group.count))"
        }
        #expect(try graph.runTwice(plan, [1, 2, 3, 4, 5, 6, 7]).sorted() == expected)
    }

    @Test func aggregatesOfNothingAndOfNullsAreDefined() throws {
        let graph = try TestGraph()
        let names = ["count", "sum", "avg", "min", "max", "collect", "stdev"]
        let aggregates = names.enumerated().map { (slot: $0 + 1, Aggregate(function: $1, arguments: [.slot(0)], isDistinct: false)) }
        for source in [list([]), list([.null, .null])] {
            let plan = PlanNode(.aggregate(child: unwind(source, 0), keys: [], aggregates))
            #expect(try graph.runTwice(plan, Array(1...7)) == ["0 0 null null null [] 0.0"])
        }
        let keyed = PlanNode(.aggregate(child: unwind(list([]), 0), keys: [(slot: 8, value: .slot(0))], aggregates))
        #expect(try graph.runTwice(keyed, [8]) == [])
    }

    @Test func distinctTellsEquivalentValuesApartFromOthers() throws {
        let graph = try TestGraph()
        func distinct(_ values: [Value]) throws -> [String] {
            try graph.runTwice(PlanNode(.aggregate(child: unwind(list(values), 0), keys: [(slot: 1, value: .slot(0))], [])), [1])
        }
        #expect(try distinct([.int(1), .float(1), .null, .string("1"), .null, .float(.nan), .float(.nan)]) == ["1", "null", "1", "nan"])
        #expect(try distinct([.null, .string("a"), .string("a"), .null, .string("b")]) == ["null", "a", "b"])
        #expect(try distinct([.null, .int(0), .int(0), .int(5)]) == ["null", "0", "5"])
        // é in one and in two code points are not the same text.
        #expect(try distinct([.string("\u{e9}"), .string("e\u{301}")]).count == 2)
        let many = (0..<9000).map { Value.string("a long enough string number \($0 % 3000)") }
        #expect(try distinct(many).count == 3000)
        // Integers in the first chunk, something else later.
        let mixed = (0..<5000).map { Value.int(Int64($0 % 100)) } + [.float(5), .string("x"), .null]
        #expect(try distinct(mixed).count == 102)
    }

    @Test func percentilesAndDeviationsFollowTheirDefinitions() throws {
        let graph = try TestGraph()
        func run(_ name: String, _ fraction: Double) throws -> [String] {
            let arguments = [Expr.slot(0), .constant(.float(fraction))]
            return try graph.run(total(name, arguments, of: unwind(ints([10, 20, 30]), 0), 1), [1])
        }
        #expect(try run("percentiledisc", 0) == ["10"])
        #expect(try run("percentiledisc", 0.5) == ["20"])
        #expect(try run("percentiledisc", 1) == ["30"])
        #expect(try run("percentilecont", 0.25) == ["15.0"])
        #expect(throws: QueryError.self) { try run("percentilecont", 1.1) }
        #expect(try run("stdevp", 0) == ["\((200.0 / 3).squareRoot())"])
        #expect(try run("stdev", 0) == ["10.0"])
    }

    @Test func joinsMatchAsEqualityDoes() throws {
        let graph = try TestGraph()
        let build = unwind(list([.int(1), .int(2), .null, .int(2), .float(3)]), 0)
        let probe = unwind(list([.int(2), .null, .int(3), .int(4), .float(.nan)]), 1)
        func join(_ kind: JoinKind) throws -> [String] {
            try graph.runTwice(PlanNode(.join(build: build, probe: probe, keys: [(build: .slot(0), probe: .slot(1))], kind)), [0, 1])
        }
        #expect(try join(.inner) == ["2 2", "2 2", "3.0 3"])
        #expect(try join(.outer) == ["2 2", "2 2", "null null", "3.0 3", "null 4", "null nan"])
        #expect(try join(.semi) == ["null 2", "null 3"])
        #expect(try join(.anti) == ["null null", "null 4", "null nan"])
        let empty = unwind(list([]), 0)
        let outer = PlanNode(.join(build: empty, probe: probe, keys: [(build: .slot(0), probe: .slot(1))], .outer))
        #expect(try graph.runTwice(outer, [0]).count == 5)
        let large = PlanNode(
            .join(build: unwind(ints(0..<3000), 0), probe: unwind(ints((0..<9000).map { $0 % 4000 }), 1),
                keys: [(build: .slot(0), probe: .slot(1))], .inner))
        #expect(try graph.runTwice(large, [0]).count == 3000 * 2 + 1000)
    }

    @Test func crossPairsEverything() throws {
        let graph = try TestGraph()
        let plan = PlanNode(.cross(left: unwind(ints(0..<3), 0), right: unwind(ints(0..<2500), 1)))
        #expect(try graph.runTwice(plan, [0, 1]).sorted() == (0..<3).flatMap { a in (0..<2500).map { "\(a) \($0)" } }.sorted())
        #expect(try graph.runTwice(PlanNode(.cross(left: unwind(ints(0..<3), 0), right: unwind(list([]), 1))), [0]) == [])
    }

    @Test func unionAlignsColumns() throws {
        let graph = try TestGraph()
        let inputs = [unwind(ints([1]), 0), unwind(list([]), 1), unwind(list([.string("x")]), 2)]
        let plan = PlanNode(.union(inputs, slots: [3], inputs: [[0], [1], [2]]))
        #expect(try graph.runTwice(plan, [3]) == ["1", "x"])
    }

    @Test func applyRunsTheInnerSideForEachRow() throws {
        let graph = try TestGraph()
        let outer = unwind(list([.int(0), .int(2), .int(1)]), 0)
        for inner in [
            filter(unwind(ints(0..<3), 1), .compare(.less, .slot(1), .slot(0))),
            PlanNode(.eager(child: filter(unwind(ints(0..<3), 1), .compare(.less, .slot(1), .slot(0))))),
        ] {
            func apply(_ kind: ApplyKind) throws -> [String] {
                try graph.runTwice(PlanNode(.apply(outer: outer, inner: inner, kind)), [0, 1]).sorted()
            }
            #expect(try apply(.cross) == ["1 0", "2 0", "2 1"])
            #expect(try apply(.optional) == ["0 null", "1 0", "2 0", "2 1"])
            #expect(try apply(.semi) == ["1 null", "2 null"])
            #expect(try apply(.anti) == ["0 null"])
        }
        let counted = PlanNode(
            .apply(
                outer: unwind(ints(0..<3000), 0),
                inner: PlanNode(
                    .aggregate(
                        child: filter(unwind(ints(0..<3), 1), .compare(.less, .slot(1), .slot(0))), keys: [],
                        [(slot: 2, Aggregate(function: "count", arguments: [], isDistinct: false))])), .cross))
        #expect(try graph.runTwice(counted, [0, 2]) == (0..<3000).map { "\($0) \(min($0, 3))" })
    }

    @Test func projectEagerAndKeepLeaveRowsAlone() throws {
        let graph = try TestGraph()
        let rows = unwind(ints(0..<3000), 0)
        let added = project(rows, (slot: 1, value: .arithmetic(.add, .slot(0), int(1))))
        let swapped = project(added, (slot: 0, value: .slot(1)), (slot: 1, value: .slot(0)))
        let plan = PlanNode(.keep(child: PlanNode(.eager(child: swapped)), [0]))
        #expect(try graph.runTwice(plan, [0, 1]) == (0..<3000).map { "\($0 + 1) null" })
    }

    @Test func aQueryThatHoldsTooMuchEndsWithAnError() throws {
        let graph = try TestGraph(memoryLimit: 64 << 20)
        var node = unwind(ints(0..<2000), 0)
        node = unwind(node, ints(0..<2000), 1)
        node = unwind(node, ints(0..<100), 2)
        // A list is in memory as a whole, whatever is put aside.
        #expect(throws: DeedError.self) { try graph.run(total("collect", [.slot(2)], of: node, 3), [3]) }
    }

    @Test func anInterruptedQueryEnds() throws {
        let graph = try TestGraph()
        let context = graph.context(slots: 16)
        context.interrupt()
        #expect(throws: DeedError.self) { try graph.run(unwind(ints(0..<10), 0), [0], context) }
    }

    @Test func explainAndProfileNameWhatRan() throws {
        let graph = try TestGraph()
        let plan = PlanNode(.limit(child: unwind(ints(0..<5), 0), int(3)), estimatedRows: 3)
        let context = graph.context(slots: 16, operators: PlanOperators(plan))
        _ = try graph.run(plan, [0], context)
        #expect(explain(plan, counts: context.counts).hasPrefix("Limit 3  (estimated 3 rows, actual 3)\n  Unwind #0 in"))
    }
}
