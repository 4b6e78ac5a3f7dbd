// The functions of values, table by table.

import DeedValues
import Testing

private func check(_ table: [(String, [Value], Value)]) throws {
    for (name, arguments, expected) in table {
        let function = try #require(ScalarFunctions.named(name), "there is no function \(name)")
        #expect(function.arity.contains(arguments.count), "\(name) with \(arguments.count) arguments")
        let what = "\(name)(\(arguments.map { ValueText.literal($0) }.joined(separator: ", ")))"
        do { expectSame(try function.evaluate(arguments, moment), expected, what) } catch { Issue.record("\(what): \(error)") }
    }
}

@Test func functionsOfNumbers() throws {
    try check([
        ("sqrt", [12.96], 3.6), ("sqrt", [4], 2.0), ("sqrt", [-1], nan), ("abs", [-5], 5), ("abs", [-0.5], 0.5),
        ("abs", [nil], nil),
        ("sign", [-2.5], -1), ("sign", [0], 0), ("sign", [7], 1), ("ceil", [1.2], 2.0), ("floor", [-1.2], -2.0),
        ("ceil", [3], 3.0),
        ("round", [1.5], 2.0), ("round", [-1.5], -1.0), ("round", [2.4], 2.0), ("round", [0.49999999999999994], 0.0),
        ("round", [1.249, 1], 1.2), ("round", [1.25, 1], 1.3), ("round", [-1.25, 1], -1.2), ("round", [1.005, 2], 1.01),
        ("round", [-1.55, 1, "HALF_UP"], -1.6), ("round", [1.55, 1, "HALF_DOWN"], 1.5), ("round", [1.45, 1, "half_even"], 1.4),
        ("round", [1.41, 1, "UP"], 1.5), ("round", [1.49, 1, "DOWN"], 1.4), ("round", [-1.41, 1, "CEILING"], -1.4),
        ("round", [-1.41, 1, "FLOOR"], -1.5), ("round", [9.99, 1], 10.0), ("round", [0.04, 1], 0.0), ("round", [0.05, 1], 0.1),
        ("round", [0.001, 1, "UP"], 0.1), ("round", [123.0, 5], 123.0), ("round", [1e300, 2], 1e300),
        ("round", [1e-300, 2], 0.0),
        ("round", [nan, 2], nan), ("round", [.float(.infinity)], .float(.infinity)), ("round", [nil, 2], nil),
        ("round", [5], 5.0),
        ("exp", [0], 1.0), ("log", [1], 0.0), ("log10", [1000], 3.0), ("sin", [0], 0.0), ("cos", [0], 1.0),
        ("atan2", [0, 1], 0.0),
        ("degrees", [.float(.pi)], 180.0), ("radians", [180], .float(.pi)), ("haversin", [0], 0.0), ("isnan", [nan], true),
        ("isnan", [1], false), ("pi", [], .float(.pi)), ("e", [], 2.718281828459045), ("cot", [nil], nil),
    ])
    for name in ["sqrt", "abs", "sign", "round", "sin", "isnan"] {
        expectError(.typeError, "InvalidArgumentType", name) { try call(name, "a") }
    }
    expectError(.argumentError, "NumberOutOfRange", "round(1, -1)") { try call("round", 1.5, -1) }
    expectError(.argumentError, "InvalidArgumentValue", "round(1, 1, 'X')") { try call("round", 1.5, 1, "X") }
    let random = try #require(try call("rand").number)
    #expect(random >= 0 && random < 1)
    #expect(ScalarFunctions.named("rand")?.isDeterministic == false)
}

@Test func functionsOfTexts() throws {
    try check([
        ("toupper", ["aé"], "AÉ"), ("upper", ["a"], "A"), ("tolower", ["AÉ"], "aé"), ("lower", [nil], nil),
        ("trim", ["  a b\t"], "a b"), ("ltrim", [" a "], "a "), ("rtrim", [" a "], " a"), ("btrim", ["xxaxx", "x"], "a"),
        ("ltrim", ["xya", "yx"], "a"), ("trim", ["   "], ""), ("trim", [nil], nil),
        ("substring", ["0123456789", 1], "123456789"),
        ("substring", ["hello", 1, 3], "ell"), ("substring", ["hello", 9], ""), ("substring", ["aé😀b", 1, 2], "é😀"),
        ("substring", ["hello", 1, .int(.max)], "ello"), ("left", ["hello", 2], "he"), ("right", ["hello", 2], "lo"),
        ("right", ["hello", 9], "hello"), ("left", [nil, 2], nil), ("replace", ["hello", "l", "w"], "hewwo"),
        ("replace", ["aaa", "aa", "b"], "ba"), ("replace", ["abc", "", "x"], "abc"), ("replace", ["abc", "b", nil], nil),
        ("split", ["one1two", "1"], ["one", "two"]), ("split", ["", ","], [""]), ("split", [",a,", ","], ["", "a", ""]),
        ("split", ["abé", ""], ["a", "b", "é"]), ("split", ["a,b;c", [",", ";"]], ["a", "b", "c"]), ("split", [nil, ","], nil),
        ("reverse", ["raksO"], "Oskar"), ("reverse", [[1, 2]], [2, 1]), ("reverse", [nil], nil), ("size", ["aé😀"], 3),
        ("char_length", ["aé"], 2), ("character_length", ["aé"], 2), ("lpad", ["ab", 5, "xy"], "xyxab"),
        ("rpad", ["ab", 4], "ab  "),
        ("lpad", ["abc", 2, "x"], "ab"), ("rpad", ["ab", 4, ""], "ab"), ("isempty", [""], true), ("isempty", [[1]], false),
    ])
    expectError(.typeError, "InvalidArgumentType", "toUpper(1)") { try call("toupper", 1) }
    expectError(.argumentError, "NumberOutOfRange", "substring('a', -1)") { try call("substring", "a", -1) }
    expectError(.argumentError, "NumberOutOfRange", "left('a', -1)") { try call("left", "a", -1) }
    expectError(.argumentError, "NumberOutOfRange", "lpad('a', max)") { try call("lpad", "a", .int(.max)) }
    let long = Value.string(String(repeating: "a", count: 100_000))
    expectError(.argumentError, "NumberOutOfRange", "a huge replacement") { try call("replace", long, "a", long) }
}

@Test func conversionsFollowTheTCK() throws {
    try check([
        ("toboolean", [true], true), ("toboolean", ["true"], true), ("toboolean", [" FALSE "], false),
        ("toboolean", [nil], nil),
        ("toboolean", [""], nil), ("toboolean", [" tru "], nil), ("toboolean", ["f alse"], nil), ("toboolean", [0], false),
        ("tointeger", [82.9], 82), ("tointeger", [-2.9], -2), ("tointeger", ["foo"], nil), ("tointeger", [""], nil),
        ("tointeger", ["1.7"], 1), ("tointeger", ["42"], 42), ("tointeger", [2], 2),
        ("tointeger", ["-9223372036854775808"], .int(.min)),
        ("tointeger", ["0x10"], nil), ("tointeger", [true], 1), ("tofloat", ["foo"], nil), ("tofloat", [""], nil),
        ("tofloat", [3], 3.0),
        ("tofloat", ["5"], 5.0), ("tofloat", ["1e3"], 1000.0), ("tofloat", ["0x1p3"], nil),
        ("tofloat", ["-Infinity"], .float(-.infinity)),
        ("tostring", [42], "42"), ("tostring", [true], "true"), ("tostring", [2.3], "2.3"), ("tostring", ["apa"], "apa"),
        ("tostring", [1.0], "1.0"), ("tostring", [nil], nil), ("tointegerornull", [[]], nil), ("tostringornull", [[:]], nil),
        ("tointegerlist", [["1", 2.5, "x", [], nil]], [1, 2, nil, nil, nil]), ("tofloatlist", [[1, "a"]], [1.0, nil]),
        ("tostringlist", [[1, [:]]], ["1", nil]), ("tobooleanlist", [["true", 1.5]], [true, nil]), ("tostringlist", [nil], nil),
        ("valuetype", [1], "INTEGER NOT NULL"), ("valuetype", [nil], "NULL"),
        ("valuetype", [[1, 2]], "LIST<INTEGER NOT NULL> NOT NULL"),
        ("valuetype", [["a", nil, 1]], "LIST<INTEGER | STRING> NOT NULL"), ("tointegerornull", [1e300], nil),
    ])
    let elements: [Value] = [[], [:], .entity(1), .relationship(1), path([1, 2], [1])]
    for value in elements + [1.0] { expectError(.typeError, "InvalidArgumentValue", "toBoolean") { try call("toboolean", value) } }
    for value in elements { expectError(.typeError, "InvalidArgumentValue", "toInteger") { try call("tointeger", value) } }
    for value in elements + [true] { expectError(.typeError, "InvalidArgumentValue", "toFloat") { try call("tofloat", value) } }
    for value in elements { expectError(.typeError, "InvalidArgumentValue", "toString") { try call("tostring", value) } }
    expectError(.argumentError, "NumberOutOfRange", "toInteger(1e300)") { try call("tointeger", 1e300) }
    expectError(.argumentError, "NumberOutOfRange", "toInteger(NaN)") { try call("tointeger", nan) }
    expectError(.argumentError, "NumberOutOfRange", "toInteger('1e400')") { try call("tointeger", "1e400") }
}

@Test func functionsOfListsAndMaps() throws {
    try check([
        ("size", [[1, 2, 3]], 3), ("size", [nil], nil), ("head", [[1, 2]], 1), ("head", [[]], nil),
        ("last", [[1, 2]], 2), ("last", [nil], nil),
        ("tail", [[1, 2, 3]], [2, 3]), ("tail", [[]], []), ("tail", [nil], nil),
        ("keys", [["a": 1, "b": nil]], ["a", "b"]), ("keys", [nil], nil),
        ("coalesce", [nil, nil, 3, 4], 3), ("coalesce", [nil], nil), ("nullif", [1, 1.0], nil), ("nullif", [1, 2], 1),
        ("isempty", [[:]], true),
        ("range", [-3, -1], [-3, -2, -1]), ("range", [0, -1], []), ("range", [0, 0], [0]),
        ("range", [1381, -3412, -1298], [1381, 83, -1215, -2513]),
        ("range", [0, 1, 2], [0]), ("range", [0, 1, -1], []), ("range", [-2000, 0, 1298], [-2000, -702]),
        ("range", [10, -10, -9], [10, 1, -8]),
        ("range", [.int(.min), .int(.max), .int(.max)], [.int(.min), -1, .int(.max - 1)]),
        ("range", [.int(.max), .int(.min), .int(.min)], [.int(.max), -1]),
        ("range", [nil, 1], nil), ("range", [.int(.max), .int(.max)], [.int(.max)]),
    ])
    for (start, end) in [(0, 0), (2, 8), (-2, 8), (2, -8)] as [(Value, Value)] {
        expectError(.argumentError, "NumberOutOfRange", "range with step 0") { try call("range", start, end, 0) }
    }
    expectError(.argumentError, "NumberOutOfRange", "a huge range") { try call("range", .int(.min), .int(.max)) }
    expectError(.typeError, "InvalidArgumentType", "range('a', 1)") { try call("range", "a", 1) }
    expectError(.typeError, "InvalidArgumentType", "size(1)") { try call("size", 1) }
    expectError(.typeError, "InvalidArgumentType", "head(1)") { try call("head", 1) }
}

@Test func functionsOfTheMoment() throws {
    expectSame(try call("timestamp"), 1_700_000_000_123, "timestamp()")
    let identifier = try #require(try call("randomuuid").scalarText)
    #expect(try RegularExpression("[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}").matches(identifier))
}

@Test func everyFunctionIsListedOnceAndTakesNullOrNothing() throws {
    for name in ScalarFunctions.names {
        #expect(name == name.lowercased())
        let function = try #require(ScalarFunctions.named(name))
        guard function.arity.lowerBound > 0, name != "valuetype", !name.contains("."), TemporalFunctions.all.allSatisfy({ $0.name != name })
        else { continue }
        expectSame(try function.evaluate(Array(repeating: .null, count: function.arity.lowerBound), moment), nil, name)
    }
    #expect(ScalarFunctions.named("nothing") == nil)
}

@Test func valuesPrintAsLiterals() {
    let table: [(Value, String)] = [
        (nil, "null"), (true, "true"), (-5, "-5"), (1.0, "1.0"), (1e9, "1000000000.0"), (1e-305, "1e-305"), (0.1e-5, "1e-6"),
        (1.2635418652381264e305, "1.2635418652381264e305"), (1e16, "1e16"), (-0.0, "-0.0"), (nan, "NaN"), (.float(-.infinity), "-Infinity"),
        ("it's\n\\\u{1}é", "'it\\'s\\n\\\\\\u0001é'"), ([1, "a", nil], "[1, 'a', null]"), (["a": 1, "b c": [:]], "{a: 1, `b c`: {}}"),
        (["`": 1, "": 2, "1a": 3], "{````: 1, ``: 2, `1a`: 3}"), (.bytes([0, 255]), "bytes('00ff')"), (.vector([0.1, 2]), "[0.1, 2.0]"),
        (.entity(7), "(#7)"), (.relationship(8), "[#8]"), (path([1, 2], [3]), "<(#1)-[#3]-(#2)>"),
    ]
    for (value, expected) in table { #expect(ValueText.literal(value) == expected) }
    #expect(ValueText.literal([.entity(1)]) { _ in "(:A)" } == "[(:A)]")
}
