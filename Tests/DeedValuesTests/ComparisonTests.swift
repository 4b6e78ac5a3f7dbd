// Equality and comparison in three-valued logic, by the tables of the openCypher TCK and beyond.

import DeedValues
import Testing

@Test func equalityFollowsTheTablesOfTheTCK() {
    let table: [(Value, Value, Bool?)] = [
        ([1, 2], [1], false), ([nil], [1], nil), (["a"], [1], false), ([[1]], [[1], [nil]], false),
        ([[1], [2]], [[1], [nil]], nil), ([[1], [2, 3]], [[1], [nil]], false),
        ([:], [:], true), (["k": true], ["k": true], true), (["k": 1.0], ["k": 1.0], true),
        (["k": "a", "l": 2], ["l": 2, "k": "a"], true), ([:], ["k": nil], false), (["k": nil], [:], false),
        (["k": 1], ["k": 1, "l": nil], false), (["k": nil, "l": 1], ["l": 1], false),
        (["k": nil], ["k": nil, "l": nil], false), (["k": nil], ["k": nil], nil), (["k": 1], ["k": nil], nil),
        (["k": 1, "l": nil], ["k": nil, "l": nil], nil), (["k": 1, "l": nil], ["k": nil, "l": 1], nil),
        (["k": 1, "l": nil], ["k": 1, "l": 1], nil), (["k": 2, "l": nil], ["k": 1, "l": 1], false),
        (nan, 1, false), (nan, 1.0, false), (nan, nan, false), (nan, "a", false), ([nan], [nan], false),
        (1.0, 1.0, true), (1, 1.0, true), ("1.0", 1.0, false), ("1", 1, false), (nil, nil, nil), (1, nil, nil),
        ([1, 2], "foo", false), ([1], [1, nil], false), ([1, 2], [nil, "foo"], false), ([1, 2], [nil, 2], nil),
        ([[1, 2], [1, 3]], [[1, 2], [nil, "foo"]], false),
        ([[1, 2], ["foo", "bar"]], [[1, 2], [nil, "bar"]], nil),
        (4_611_686_018_427_387_905, 4_611_686_018_427_387_900, false), (0.0, -0.0, true),
        (.int(1 << 53 + 1), .float(0x1p53), false), (.int(.max), .float(0x1p63), false), (.int(.min), .float(-0x1p63), true),
        ("e\u{301}", "\u{e9}", false), (.entity(1), .entity(1), true), (.entity(1), .relationship(1), false),
        (path([1, 1], [5]), path([1, 1], [5]), true), (path([1, 2], [5]), path([1, 1], [5]), false),
    ]
    for (left, right, expected) in table {
        let what = "\(ValueText.literal(left)) = \(ValueText.literal(right))"
        #expect(Value.equals(left, right) == expected, "\(what)")
        #expect(Value.equals(right, left) == expected, "\(what), the other way round")
    }
}

@Test func comparisonFollowsTheTablesOfTheTCK() {
    let table: [(Value, Value, less: Bool?, lessOrEqual: Bool?)] = [
        (1, 3.14, true, true), (3.14, 1, false, false), (1, 1.0, false, true), ("1.0", 1.0, nil, nil), ("1", 1, nil, nil),
        (nan, 1, false, false), (1.0, nan, false, false), (nan, nan, false, false), (nan, "a", nil, nil),
        ("a", "b", true, true), (false, true, true, true), (nil, 1, nil, nil), (1, nil, nil, nil), ([:], [:], nil, nil),
        (.entity(1), .entity(2), nil, nil), ([1], [1, 0], true, true), ([1, nil], [1], false, false),
        ([1, nil], [1, 2], nil, nil), ([1, "a"], [1, nil], nil, nil), ([1, 2], [3, nil], true, true),
        ([1, 2], [1, 2], false, true), ([1, nan], [1, 2], false, false), ([1, "a"], [1, 2], nil, nil),
        ("\u{ffff}", "\u{10000}", true, true), (.int(1 << 53), .float(0x1p53), false, true),
        (.int((1 << 53) + 1), .float(0x1p53), false, false), (.float(1e300), .int(.max), false, false),
        (.duration(CalendarDuration(months: 0, days: 1, seconds: 0, nanoseconds: 0)),
         .duration(CalendarDuration(months: 0, days: 2, seconds: 0, nanoseconds: 0)), nil, nil),
    ]
    for (left, right, less, lessOrEqual) in table {
        let what = "\(ValueText.literal(left)) < \(ValueText.literal(right))"
        #expect(Value.isLess(left, right) == less, "\(what)")
        #expect(Value.isLessOrEqual(left, right) == lessOrEqual, "\(what)")
    }
}

@Test func temporalValuesCompareByTheMomentTheyMean() {
    func time(_ hours: Int64, _ offset: Int32) -> Value {
        .zonedTime(ZonedTime(nanoseconds: hours * 3_600_000_000_000, offset: offset))
    }
    func datetime(_ seconds: Int64, _ offset: Int32, _ zone: String = "") -> Value {
        .zonedDatetime(ZonedDatetime(seconds: seconds, nanoseconds: 0, offset: offset, zone: zone))
    }
    #expect(Value.isLess(time(10, 3600), time(10, 0)) == true)
    #expect(Value.equals(time(10, 3600), time(9, 0)) == true)
    #expect(Value.isLess(datetime(5, 3600), datetime(6, 0)) == true)
    #expect(Value.equals(datetime(5, 3600), datetime(5, 0)) == false)
    #expect(Value.equals(datetime(5, 0, "Europe/London"), datetime(5, 0, "Europe/London")) == true)
    #expect(Value.equals(.date(CalendarDate(days: 1)), .localTime(LocalTime(nanoseconds: 1))) == false)
    #expect(Value.isLess(.date(CalendarDate(days: 1)), .localTime(LocalTime(nanoseconds: 2))) == nil)
}

@Test func membershipKnowsWhatItDoesNotKnow() throws {
    let table: [(Value, Value, Bool?)] = [
        (nil, nil, nil), (nil, [1, 2, 3], nil), (nil, [], false), (1, [1, 2, 3, nil], true), (1, [nil, 1], true),
        (5, [1, 2, 3, nil], nil), (1, ["1", 2], false), ([1, 2], [1, [1, 2]], true), ([nil], [nil], nil),
        ([1], [[1, nil]], false), ([1, 2], [[nil, "foo"], [1, 2]], true), ([1, 2], [[nil, "foo"]], false),
        ([1, 2], [[nil, 2]], nil), ([1, 2, nil], [1, [1, 2, nil]], nil), ([], [], false), ([[]], [1, [[]]], true),
        ([1, 2], [[nil, 2], [1, 3]], nil),
    ]
    for (value, list, expected) in table {
        #expect(try Value.isIn(value, list) == expected, "\(ValueText.literal(value)) IN \(ValueText.literal(list))")
    }
    expectError(.typeError, "InvalidArgumentType", "1 IN 'a'") { try Value.isIn(1, "a").map { .bool($0) } ?? .null }
}
