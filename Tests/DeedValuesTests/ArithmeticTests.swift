// Operators: arithmetic, concatenation, access to parts.

import DeedValues
import Testing

@Test func arithmeticKeepsIntegersAndMixesWithFloats() throws {
    let table: [(String, Value, Value)] = [
        ("2 + 3", try .add(2, 3), 5), ("2 + 0.5", try .add(2, 0.5), 2.5), ("2 - 3", try .subtract(2, 3), -1),
        ("2 * 3.0", try .multiply(2, 3.0), 6.0), ("7 / 2", try .divide(7, 2), 3), ("-7 / 2", try .divide(-7, 2), -3),
        ("7 / 2.0", try .divide(7, 2.0), 3.5), ("7 % 3", try .modulo(7, 3), 1), ("-7 % 3", try .modulo(-7, 3), -1),
        ("7.5 % 2", try .modulo(7.5, 2), 1.5), ("2 ^ 3", try .power(2, 3), 8.0), ("4 ^ 0.5", try .power(4, 0.5), 2.0),
        ("1 / 0.0", try .divide(1, 0.0), .float(.infinity)), ("0.0 / 0", try .divide(0.0, 0), nan),
        ("1 % 0.0", try .modulo(1, 0.0), nan), ("-(5)", try .negate(5), -5), ("-(0.5)", try .negate(0.5), -0.5),
        ("min % -1", try .modulo(.int(.min), -1), 0), ("null + 1", try .add(nil, 1), nil), ("'a' + null", try .add("a", nil), nil),
        ("[1] + null", try .add([1], nil), nil), ("null ^ 'a'", try .power(nil, "a"), nil), ("-null", try .negate(nil), nil),
        ("12 / 4 * 3 - 2 * 4", try .subtract(.multiply(.divide(12, 4), 3), .multiply(2, 4)), 1),
    ]
    for (what, found, expected) in table { expectSame(found, expected, what) }
}

@Test func additionJoinsTextsAndLists() throws {
    let table: [(Value, Value, Value)] = [
        ("a", "b", "ab"), ("a", 1, "a1"), (1, "a", "1a"), ("a", 1.0, "a1.0"), (true, "a", "truea"), ([1], [2], [1, 2]),
        ([1], 2, [1, 2]), (1, [2], [1, 2]), ([1], "a", [1, "a"]), ("a", [1], ["a", 1]), ([], [], []), ([[1]], [2], [[1], 2]),
    ]
    for (left, right, expected) in table { expectSame(try .add(left, right), expected, ValueText.literal(left)) }
    expectSame(try .concatenate("a", "b"), "ab", "||")
    expectSame(try .concatenate([1], [2]), [1, 2], "||")
    expectError(.typeError, "InvalidArgumentType", "'a' || 1") { try .concatenate("a", 1) }
}

@Test func arithmeticFailsInsteadOfWrapping() {
    let overflows: [(String, () throws -> Value)] = [
        ("max + 1", { try .add(.int(.max), 1) }), ("min - 1", { try .subtract(.int(.min), 1) }),
        ("max * 2", { try .multiply(.int(.max), 2) }), ("min / -1", { try .divide(.int(.min), -1) }),
        ("-min", { try .negate(.int(.min)) }), ("abs(min)", { try call("abs", .int(.min)) }),
    ]
    for (what, body) in overflows { expectError(.arithmeticError, "IntegerOverflow", what, body) }
    expectError(.arithmeticError, "DivisionByZero", "1 / 0") { try .divide(1, 0) }
    expectError(.arithmeticError, "DivisionByZero", "1 % 0") { try .modulo(1, 0) }
    for (left, right) in [(1, true), ([:], 1), ("a", [:]), (.entity(1), 1)] as [(Value, Value)] {
        expectError(.typeError, "InvalidArgumentType", "\(left) + \(right)") { try .add(left, right) }
    }
    expectError(.typeError, "InvalidArgumentType", "'a' - 1") { try .subtract("a", 1) }
    expectError(.typeError, "InvalidArgumentType", "-'a'") { try .negate("a") }
}

@Test func itemsAndEntriesAreFound() throws {
    let table: [(Value, Value, Value)] = [
        ([1, 2, 3], 0, 1), ([1, 2, 3], -1, 3), ([1, 2, 3], 3, nil), ([1, 2, 3], -4, nil), ([1], nil, nil), (nil, 0, nil),
        (["name": "Apa"], "name", "Apa"), (["name": "Apa"], "x", nil), (["name": "Apa"], nil, nil), (nil, "x", nil),
        ([1], .int(.min), nil), ([1], .int(.max), nil), (.vector([0.5]), 0, 0.5),
    ]
    for (value, index, expected) in table { expectSame(try .element(of: value, at: index), expected, ValueText.literal(index)) }
    for value in [true, 123, 4.7, "1"] as [Value] {
        expectError(.typeError, "InvalidArgumentType", "\(value)[0]") { try .element(of: value, at: 0) }
    }
    for index in [true, 4.7, "1", [1], ["x": 3]] as [Value] {
        expectError(.typeError, "ListElementAccessByNonInteger", "list[\(index)]") { try .element(of: ["Apa"], at: index) }
    }
    for index in [0, 12.3] as [Value] {
        expectError(.typeError, "MapElementAccessByNonString", "map[\(index)]") { try .element(of: ["a": 1], at: index) }
    }
}

@Test func slicesStopAtTheList() throws {
    let list: Value = [1, 2, 3, 4, 5]
    let table: [(Value?, Value?, Value)] = [
        (1, 3, [2, 3]), (1, nil as Value?, [2, 3, 4, 5]), (nil as Value?, 2, [1, 2]), (3, 1, []), (-5, 5, list), (-9, 9, list),
        (-3, -1, [3, 4]), (.some(.null), 2, nil), (1, .some(.null), nil), (.int(.min), .int(.max), list),
    ]
    for (from, to, expected) in table { expectSame(try .slice(of: list, from: from, to: to), expected, "\(from as Any)..\(to as Any)") }
    expectSame(try .slice(of: nil, from: 1, to: 2), nil, "of null")
    expectError(.typeError, "InvalidArgumentType", "'abc'[0..1]") { try .slice(of: "abc", from: 0, to: 1) }
    expectError(.typeError, "InvalidArgumentType", "list['a'..]") { try .slice(of: list, from: "a", to: nil) }
}

@Test func propertiesOfMapsAreCaseSensitive() throws {
    expectSame(try .property(of: ["name": "Mats", "Name": "Pontus"], "Name"), "Pontus", "Name")
    expectSame(try .property(of: ["name": "Mats", "Name": "Pontus"], "nAMe"), nil, "nAMe")
    expectSame(try .property(of: nil, "missing"), nil, "of null")
    expectError(.typeError, "InvalidArgumentType", "123.num") { try .property(of: 123, "num") }
}
