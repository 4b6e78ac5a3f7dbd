// Aggregate functions: results, errors, and that merging parts gives what one state gives.

import DeedValues
import Testing

private func aggregate(_ name: String, _ rows: [[Value]], isDistinct: Bool = false) throws -> Value {
    let state = try #require(AggregateFunctions.state(name, isDistinct: isDistinct))
    for row in rows { try state.add(row) }
    let result = try state.result()
    // In two parts, at every place.
    for place in 0...rows.count {
        let first = try #require(AggregateFunctions.state(name, isDistinct: isDistinct))
        let second = try #require(AggregateFunctions.state(name, isDistinct: isDistinct))
        for row in rows[..<place] { try first.add(row) }
        for row in rows[place...] { try second.add(row) }
        try first.merge(second)
        let merged = try first.result()
        if let one = result.number, let other = merged.number, abs(one - other) < 1e-12 { continue }
        expectSame(merged, result, "\(name), merged at \(place)")
    }
    return result
}

private func rows(_ values: [Value]) -> [[Value]] { values.map { [$0] } }

@Test func aggregatesFollowTheTCK() throws {
    let table: [(String, [Value], Value)] = [
        ("count", [33, nil, 42], 2), ("count", [], 0), ("max", [1, 2, 0, nil, -1], 2), ("min", [1, 2, 0, nil, -1], -1),
        ("max", [1.0, 2.0, 0.5, nil], 2.0), ("max", [1, 2.0, 5, nil, 3.2, 0.1], 5), ("min", [1, 2.0, 5, nil, 3.2, 0.1], 0.1),
        ("min", ["a", "b", "B", nil, "abc", "abc1"], "B"), ("max", [[1], [2], [2, 1]], [2, 1]),
        ("min", [[1], [2], [2, 1]], [1]),
        ("max", [1, "a", nil, [1, 2], 0.2, "b"], 1), ("min", [1, "a", nil, [1, 2], 0.2, "b"], [1, 2]),
        ("min", [nil], nil), ("max", [], nil),
        ("max", [1, 1.0], 1), ("sum", [33, nil, 42], 75), ("sum", [], 0), ("sum", [1, 0.5], 1.5), ("avg", [1, 2], 1.5),
        ("avg", [], nil), ("avg", [nil], nil),
        ("sum", [.int(.max), .int(.max), .int(.min), .int(.min)], -2), ("avg", [.int(.max), .int(.max)], 0x1p63),
        ("collect", [1, nil, 2], [1, 2]), ("collect", [], []),
        ("stdev", [1, 2, 3, 4], 1.2909944487358056), ("stdevp", [1, 2, 3, 4], 1.118033988749895), ("stdev", [1], 0.0),
        ("stdevp", [], 0.0), ("stdev", [nil, 5, 5], 0.0),
    ]
    for (name, values, expected) in table { expectSame(try aggregate(name, rows(values)), expected, "\(name) of \(values)") }
    expectSame(try aggregate("count", [[], []]), 2, "count(*)")
}

@Test func distinctAggregatesSeeEquivalentValuesOnce() throws {
    let table: [(String, [Value], Value)] = [
        ("count", [nil, nil], 0), ("count", [1, 1.0, 2, nan, nan], 3), ("sum", [1, 1, 2], 3),
        ("collect", [nil, 1, nil, 1.0, "a"], [1, "a"]),
        ("collect", [nil, nil], []), ("avg", [1, 1, 4], 2.5), ("min", [2, 1], 1),
    ]
    for (name, values, expected) in table {
        expectSame(try aggregate(name, rows(values), isDistinct: true), expected, "\(name) of \(values)")
    }
}

@Test func percentilesFollowTheTCK() throws {
    for (percentile, expected) in [(0.0, 10.0), (0.5, 20.0), (1.0, 30.0)] as [(Value, Value)] {
        let prices = [20.0, 10.0, 30.0].map { [$0, percentile] as [Value] }
        expectSame(try aggregate("percentiledisc", prices), expected, "percentileDisc")
        expectSame(try aggregate("percentilecont", prices), expected, "percentileCont")
    }
    expectSame(try aggregate("percentilecont", [[1, 0.25], [2, 0.25]]), 1.25, "percentileCont")
    expectSame(try aggregate("percentiledisc", [[1, 0.25], [2, 0.25], [nil, 0.25]]), 1, "percentileDisc")
    expectSame(try aggregate("percentiledisc", []), nil, "percentileDisc")
    for name in ["percentilecont", "percentiledisc"] {
        for percentile in [1000, -1, 1.1, nan] as [Value] {
            expectError(.argumentError, "NumberOutOfRange", name) { try aggregate(name, [[10.0, percentile]]) }
        }
        expectError(.typeError, "InvalidArgumentType", name) { try aggregate(name, [["a", 0.5]]) }
    }
}

@Test func durationsAreSummedPartByPart() throws {
    let one = Value.duration(CalendarDuration(months: 1, days: 2, seconds: 3, nanoseconds: 600_000_000))
    let sum = try aggregate("sum", [[one], [nil], [one]])
    let expected = Value.duration(CalendarDuration(months: 2, days: 4, seconds: 7, nanoseconds: 200_000_000))
    #expect(Value.equals(sum, expected) == true)
    #expect(Value.equals(try aggregate("avg", [[one], [one]]), one) == true)
    expectError(.typeError, "InvalidArgumentType", "a mixture") { try aggregate("sum", [[one], [1]]) }
    expectError(.typeError, "InvalidArgumentType", "a mixture") { try aggregate("avg", [[1], [one]]) }
    let long = Value.duration(CalendarDuration(months: .max, days: 0, seconds: 0, nanoseconds: 0))
    expectError(.arithmeticError, "IntegerOverflow", "a long sum") { try aggregate("sum", [[long], [long]]) }
}

@Test func aggregatesFailWhereTheyHaveNoResult() {
    expectError(.arithmeticError, "IntegerOverflow", "sum") { try aggregate("sum", [[.int(.max)], [1]]) }
    for name in ["sum", "avg", "stdev", "stdevp"] {
        expectError(.typeError, "InvalidArgumentType", name) { try aggregate(name, [["a"]]) }
    }
    #expect(AggregateFunctions.state("median") == nil)
    #expect(AggregateFunctions.arity("count") == 0...1 && AggregateFunctions.arity("x") == nil)
}
