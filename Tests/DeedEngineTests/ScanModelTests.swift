// Scans with conditions against a model: random values over more than one segment, changed and deleted while views are held,
// and conditions that single values, whole chunks and nothing at all satisfy.

import DeedValues
import Testing

@testable import DeedEngine

@Suite struct ScanModelTests {
    private static let rowCount = Limits.segmentRows + 3_000
    private static let extremes: [Int64] = [.min, .min + 1, -1, 0, 1, .max - 1, .max]

    @Test func rangesOfIntegersAreWhatTheyCompareTo() {
        let comparisons: [ScanPredicate.Comparison] = [.equal, .notEqual, .less, .lessOrEqual, .greater, .greaterOrEqual]
        for comparison in comparisons {
            for constant in Self.extremes {
                let range = IntegerInterval(comparison, constant)
                let near = IntegerInterval(comparison, Double(constant) + 0.5)
                for value in Self.extremes {
                    #expect(range.map { isIn($0, value) } == holds(comparison, .int(value), .int(constant)))
                    if let near {
                        #expect(isIn(near, value) == holds(comparison, .int(value), .float(Double(constant) + 0.5)))
                    }
                    for other in Self.extremes where other >= value {
                        guard let range, range.excludes(value, other) else { continue }
                        #expect(!Self.extremes.contains { $0 >= value && $0 <= other && isIn(range, $0) })
                    }
                }
            }
        }
        #expect(IntegerInterval(.less, Int64.min) == .some(.none) && IntegerInterval(.less, .nan) == nil)
    }

    private func isIn(_ range: IntegerInterval, _ value: Int64) -> Bool {
        IntegerInterval.isWithin(value, range.least, range.span) == (range.isInverted ? 0 : 1)
    }

    private func holds(_ comparison: ScanPredicate.Comparison, _ left: QueryValue, _ right: QueryValue) -> Bool {
        switch comparison {
        case .equal: return QueryValue.equals(left, right) == true
        case .notEqual: return QueryValue.equals(left, right) == false
        case .contains: return QueryValue.contains(left, right) == true
        case .hasPrefix: return QueryValue.startsWith(left, right) == true
        case .hasSuffix: return QueryValue.endsWith(left, right) == true
        default:
            switch (comparison, QueryValue.compare(left, right)) {
            case (.less, .less), (.lessOrEqual, .less), (.lessOrEqual, .equal): return true
            case (.greater, .greater), (.greaterOrEqual, .greater), (.greaterOrEqual, .equal): return true
            default: return false
            }
        }
    }

    /// Mostly small integers, in some rounds nothing else.
    private func value(_ random: inout SeededRandom, onlyIntegers: Bool) -> QueryValue {
        switch onlyIntegers ? 0 : random.number(below: 12) {
        case 8: .null
        case 9: .float(Double(random.number(below: 40)) / 2)
        case 10: .string("text \(random.number(below: 40)) and more of it")
        case 11: .int(Self.extremes[random.number(below: Self.extremes.count)])
        default: .int(Int64(random.number(below: 20)))
        }
    }

    private func predicates(_ view: GraphView, _ random: inout SeededRandom) throws -> [(ScanPredicate, QueryValue)] {
        let comparisons: [ScanPredicate.Comparison] = [
            .equal, .notEqual, .less, .lessOrEqual, .greater, .greaterOrEqual, .contains, .hasPrefix, .hasSuffix,
        ]
        let key = try #require(view.propertyKey("v"))
        return (0...random.number(below: 2)).compactMap { _ in
            let constant = value(&random, onlyIntegers: random.number(below: 2) == 0)
            return ScanPredicate(key, comparisons[random.number(below: comparisons.count)], constant).map { ($0, constant) }
        }
    }

    @Test(arguments: [UInt64(1), 2, 3, 4])
    func conditionsFindWhatTheModelHas(seed: UInt64) throws {
        let graph = try Graph.open(nil)
        defer { try? graph.close() }
        var random = SeededRandom(seed)
        let onlyIntegers = seed % 2 == 1
        var model: [RowId: QueryValue] = [:]
        let load = try graph.begin(readOnly: false)
        let loading = try GraphView(graph, load)
        for row in 0..<Self.rowCount {
            // Segments with values of their own, so that some can be passed over.
            let value = onlyIntegers ? QueryValue.int(Int64(row / 1_000)) : value(&random, onlyIntegers: row < Limits.segmentRows)
            model[try loading.createEntity(labels: ["P"], properties: [("v", value)])] = value
        }
        try graph.commit(load)
        graph.settleQueued()
        var held: (view: GraphView, model: [RowId: QueryValue])?
        for round in 0..<12 {
            let view = try GraphView(graph, nil)
            try check(view, model, &random, "seed \(seed), round \(round)")
            if let held { try check(held.view, held.model, &random, "seed \(seed), round \(round), an earlier view") }
            if round % 4 == 1 { held = (view, model) }
            let change = try graph.begin(readOnly: false)
            let changing = try GraphView(graph, change)
            for _ in 0..<random.number(below: 4) {
                let id = try #require(model.keys.sorted().randomElement(using: &random))
                if random.number(below: 4) == 0 {
                    try changing.deleteEntity(id, detach: false)
                    model[id] = nil
                } else {
                    let new = value(&random, onlyIntegers: onlyIntegers && round < 6)
                    try changing.setProperty(.entity, id, "v", new)
                    model[id] = new
                }
            }
            try check(changing, model, &random, "seed \(seed), round \(round), the writer's own view")
            try graph.commit(change)
            if round % 2 == 0 { graph.settleQueued() }
        }
    }

    private func check(
        _ view: GraphView, _ model: [RowId: QueryValue], _ random: inout SeededRandom, _ place: String
    ) throws {
        for _ in 0..<3 {
            let conditions = try predicates(view, &random)
            let expected = model.filter { row in
                conditions.allSatisfy { holds($0.0.comparison, row.value, $0.1) }
            }
            let found = try view.scanned(
                .entity, view.collections(label: "P"), max: 1_000 + random.number(below: 2_000), where: conditions.map(\.0))
            #expect(found == expected.keys.sorted(), "\(place): \(conditions)")
            var count = 0
            for var morsel in view.morsels(.entity, view.collections(label: "P")) {
                count += try view.count(&morsel, where: conditions.map(\.0))
            }
            #expect(count == expected.count, "\(place): \(conditions)")
        }
        try checkLimit(view, model, &random, place)
    }

    /// A limit may leave out rows that are beyond it, and nothing else; the order of morsels leaves out none of them.
    private func checkLimit(
        _ view: GraphView, _ model: [RowId: QueryValue], _ random: inout SeededRandom, _ place: String
    ) throws {
        let key = try #require(view.propertyKey("v"))
        let (least, greatest) = (Int64(random.number(below: 20)), Int64(random.number(below: 30)))
        let limit = ScanLimit(key, least: least, greatest: greatest)
        let all = view.morsels(.entity, view.collections(label: "P"))
        let order = try view.order(all, by: key, isDescending: random.number(below: 2) == 0)
        #expect(order.sorted() == Array(all.indices), "\(place)")
        var found: Set<RowId> = []
        var ids = [RowId](repeating: 0, count: 2_048)
        for index in order {
            var morsel = all[index]
            while case let count = try view.scan(&morsel, into: &ids, max: 2_048, where: [], limit: limit), count > 0 {
                found.formUnion(ids[..<count])
            }
        }
        for (id, value) in model where !found.contains(id) {
            guard case .int(let number) = value else {
                Issue.record("\(place): \(value) was left out")
                return
            }
            #expect(number < least || number > greatest, "\(place)")
        }
    }
}
