// What the tests of values share: values as literals, random values by seed, comparing and calling.

import DeedValues
import Testing

extension Value: ExpressibleByIntegerLiteral, ExpressibleByFloatLiteral, ExpressibleByStringLiteral, ExpressibleByBooleanLiteral,
    ExpressibleByNilLiteral, ExpressibleByArrayLiteral, ExpressibleByDictionaryLiteral
{
    package init(integerLiteral value: Int64) { self = .int(value) }
    package init(floatLiteral value: Double) { self = .float(value) }
    package init(stringLiteral value: String) { self = .string(value) }
    package init(booleanLiteral value: Bool) { self = .bool(value) }
    package init(nilLiteral: ()) { self = .null }
    package init(arrayLiteral elements: Value...) { self = .list(elements) }
    package init(dictionaryLiteral elements: (String, Value)...) {
        self = .map(MapValue(keys: elements.map(\.0), values: elements.map(\.1)))
    }
}

let nan = Value.float(.nan)

/// Equal in every respect that a query can see: 1 is not 1.0 here.
func isSame(_ left: Value, _ right: Value) -> Bool {
    ValueText.literal(left) == ValueText.literal(right) && left.typeName == right.typeName && Value.isEquivalent(left, right)
}

func expectSame(_ found: Value, _ expected: Value, _ what: String, sourceLocation: SourceLocation = #_sourceLocation) {
    #expect(
        isSame(found, expected), "\(what): \(ValueText.literal(found)) instead of \(ValueText.literal(expected))",
        sourceLocation: sourceLocation)
}

let moment = FunctionContext(seconds: 1_700_000_000, nanoseconds: 123_456_789)

func call(_ name: String, _ arguments: Value...) throws -> Value {
    let function = try #require(ScalarFunctions.named(name), "there is no function \(name)")
    #expect(function.arity.contains(arguments.count), "\(name) with \(arguments.count) arguments")
    return try function.evaluate(arguments, moment)
}

/// The call must fail with that kind and detail.
func expectError(
    _ kind: QueryError.Kind, _ detail: String, _ what: String, sourceLocation: SourceLocation = #_sourceLocation,
    _ body: () throws -> Value
) {
    do {
        let value = try body()
        Issue.record("\(what) gave \(ValueText.literal(value))", sourceLocation: sourceLocation)
    } catch let error as QueryError {
        #expect(error.kind == kind && error.detail == detail, "\(what): \(error)", sourceLocation: sourceLocation)
    } catch {
        Issue.record("\(what): \(error)", sourceLocation: sourceLocation)
    }
}

/// SplitMix64.
struct SeededGenerator: RandomNumberGenerator {
    var state: UInt64
    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var word = state
        word = (word ^ word &>> 30) &* 0xBF58_476D_1CE4_E5B9
        word = (word ^ word &>> 27) &* 0x94D0_49BB_1331_11EB
        return word ^ word &>> 31
    }

    mutating func pick<Item>(_ items: [Item]) -> Item { items[Int(next() % UInt64(items.count))] }

    /// From small pools, so that equal and nearly equal values are common.
    mutating func value(depth: Int = 2) -> Value {
        switch next() % (depth > 0 ? 19 : 16) {
        case 0: return .null
        case 1: return .bool(next() % 2 == 0)
        case 2, 3: return .int(pick([0, 1, 2, -1, .max, .min, .max - 1, 1 << 53, (1 << 53) + 1]))
        case 4, 5:
            return .float(
                pick([0, -0.0, 1, 1.5, 2, -1, .nan, -.nan, .infinity, -.infinity, 0x1p53, 0x1p63, -0x1p63, 1e300, .leastNonzeroMagnitude]))
        case 6: return .string(pick(["", "a", "b", "ab", "e\u{301}", "\u{e9}", "\u{10000}", "\u{ffff}"]))
        case 7: return .bytes(pick([[], [0], [255], [0, 1]]))
        case 8: return .date(CalendarDate(days: pick([-1, 0, 1])))
        case 9: return .localTime(LocalTime(nanoseconds: pick([0, 1, 3_600_000_000_000])))
        case 10: return .zonedTime(ZonedTime(nanoseconds: pick([0, 3_600_000_000_000]), offset: pick([0, 3600, -3600])))
        case 11: return .localDatetime(LocalDatetime(seconds: pick([0, -1]), nanoseconds: pick([0, 5])))
        case 12:
            return .zonedDatetime(
                ZonedDatetime(seconds: pick([0, -1]), nanoseconds: pick([0, 5]), offset: pick([0, 3600]), zone: pick(["", "Z/A"])))
        case 13:
            return .duration(
                CalendarDuration(
                    months: pick([0, 1, .max]), days: pick([0, 30]), seconds: pick([0, 2_629_746, .min]),
                    nanoseconds: pick([0, 7])))
        case 14: return .vector(pick([[], [1], [.nan], [1, 2]]))
        case 15: return pick([.entity(1), .entity(2), .relationship(1), path([1, 2], [9]), path([1], []), path([2, 1], [9])])
        case 16, 17: return .list((0..<Int(next() % 4)).map { _ in value(depth: depth - 1) })
        default:
            let keys = ["a", "b", "c"].shuffled(using: &self).prefix(Int(next() % 4))
            return .map(MapValue(keys: Array(keys), values: keys.map { _ in value(depth: depth - 1) }))
        }
    }
}

func path(_ entities: [UInt64], _ relationships: [UInt64]) -> Value {
    .path(PathValue(entities: entities, relationships: relationships))
}
