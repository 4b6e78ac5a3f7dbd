// The total order, equivalence and hashing: examples, and laws on random values.

import DeedValues
import Testing

@Test func typesSortInTheOrderOfTheTCK() {
    let sorted: [Value] = [
        ["a": "map"], .entity(1), .relationship(1), [], ["a"], ["a", 1], [1], [1, "a"], [1, nil], [nil, 1], [nil, 2],
        path([1, 2], [1]), "", " ", ".*", "one", "text", false, true, .float(-.infinity), -1, 1.5, 2, .float(.infinity), nan, nil,
    ]
    for (low, left) in sorted.enumerated() {
        for (high, right) in sorted.enumerated() {
            #expect(
                Value.order(left, right).signum() == (low - high).signum(),
                "\(ValueText.literal(left)) and \(ValueText.literal(right))")
        }
    }
}

@Test func durationsSortByTheirAverageLength() {
    func duration(_ months: Int64, _ days: Int64, _ seconds: Int64) -> Value {
        .duration(CalendarDuration(months: months, days: days, seconds: seconds, nanoseconds: 0))
    }
    #expect(Value.order(duration(0, 30, 0), duration(1, 0, 0)) < 0)
    #expect(Value.order(duration(0, 31, 0), duration(1, 0, 0)) > 0)
    #expect(Value.order(duration(0, 1, 0), duration(0, 0, 86_400)) != 0)
    #expect(Value.order(duration(.max, .max, .max), duration(.min, .min, .min)) > 0)
    #expect(Value.equals(duration(0, 1, 0), duration(0, 0, 86_400)) == false)
}

@Test(arguments: [1, 2, 3] as [UInt64])
func orderEquivalenceEqualityAndHashAgree(seed: UInt64) {
    var random = SeededGenerator(seed: seed)
    let values = (0..<400).map { _ in random.value() }
    for left in values {
        #expect(Value.order(left, left) == 0)
        for right in values {
            let order = Value.order(left, right).signum()
            let what = "seed \(seed): \(ValueText.literal(left)) and \(ValueText.literal(right))"
            #expect(order == -Value.order(right, left).signum(), "\(what)")
            let isEquivalent = Value.isEquivalent(left, right)
            #expect(isEquivalent == (order == 0), "\(what)")
            #expect(!isEquivalent || ValueHash.hash(left, seed: seed) == ValueHash.hash(right, seed: seed), "\(what)")
            #expect(Value.equals(left, right) != true || isEquivalent, "\(what)")
            if Value.isLess(left, right) == true { #expect(order < 0, "\(what)") }
            if Value.isLess(right, left) == true { #expect(order > 0, "\(what)") }
            if Value.equals(left, right) == false && Value.isLessOrEqual(left, right) == true { #expect(order < 0, "\(what)") }
        }
    }
    let sorted = values.sorted { Value.order($0, $1) < 0 }
    // That neighbours are in order and every pair agrees with its position is transitivity.
    for low in sorted.indices {
        for high in low..<sorted.count where Value.order(sorted[low], sorted[high]) > 0 {
            Issue.record("seed \(seed): \(ValueText.literal(sorted[low])) and \(ValueText.literal(sorted[high]))")
        }
    }
}

@Test func hashesSpread() {
    var hashes = Set<UInt64>()
    var lowBits = Set<UInt64>()
    for number in 0..<10_000 as Range<Int64> {
        let hash = ValueHash.hash(.int(number), seed: 42)
        hashes.insert(hash)
        lowBits.insert(hash & 0xFFFF)
    }
    #expect(hashes.count == 10_000)
    // Of 65,536 cells 10,000 balls hit 9,275 on average.
    #expect(lowBits.count > 9_100)
    #expect(ValueHash.hash("a", seed: 1) != ValueHash.hash("a", seed: 2))
    #expect(ValueHash.hash(["a", "b"], seed: 1) != ValueHash.hash(["b", "a"], seed: 1))
}

@Test func groupsFindTheirRowsByEquivalence() {
    var groups: [GroupKey: Int] = [:]
    for value in [1, 1.0, nil, nil, nan, nan, "1", ["k": 1, "l": nan], ["l": nan, "k": 1.0], 0.0, -0.0, 0] as [Value] {
        groups[GroupKey([value, "x"]), default: 0] += 1
    }
    #expect(groups.values.sorted() == [1, 2, 2, 2, 2, 3])
}

@Test func nestingIsMeasuredWithinItsLimit() {
    var value: Value = 1
    #expect(value.nesting() == 0)
    for _ in 0..<Value.nestingMax { value = .list([0, value]) }
    #expect(value.nesting() == Value.nestingMax)
    #expect(Value.equals(value, value) == true)
    #expect(Value.order(value, value) == 0)
    #expect(ValueHash.hash(value, seed: 1) == ValueHash.hash(value, seed: 1))
    #expect(ValueText.literal(value).utf8.count > Value.nestingMax)
    #expect(Value.map(MapValue(keys: ["a"], values: [value])).nesting() == nil)
}
