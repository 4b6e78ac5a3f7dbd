// Sets of numbers beside Swift's own, over numbers below and above those that are bits.

import Testing

@testable import DeedExecution

@Suite struct NumberSetTests {
    /// Around the ends of both words of bits, and far beyond.
    private let numbers = [-1, 0, 1, 5, 61, 62, 63, 64, 65, 125, 126, 127, 128, 1_000, 100_000]

    private func some(_ seed: Int) -> Set<Int> {
        var state = UInt64(seed) &* 0x9E37_79B9_7F4A_7C15 | 1
        return Set(
            numbers.filter { _ in
                state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
                return state >> 62 < 2
            })
    }

    @Test func oneSet() {
        for seed in 0..<200 {
            let expected = some(seed)
            var made = NumberSet(expected)
            #expect(made.sorted() == expected.sorted())
            #expect(made.count == expected.count && made.isEmpty == expected.isEmpty)
            #expect(made.first.map(expected.contains) ?? expected.isEmpty)
            for number in numbers {
                #expect(made.contains(number) == expected.contains(number))
                #expect(made.insert(number).inserted == !expected.contains(number))
            }
            #expect(made.sorted() == numbers)
            for number in numbers where !expected.contains(number) { #expect(made.remove(number) == number) }
            #expect(made == NumberSet(expected) && made.remove(2) == nil)
            #expect(made.filter { $0 > 62 }.sorted() == expected.filter { $0 > 62 }.sorted())
        }
        #expect(!NumberSet([3]).contains(-2) && !NumberSet([3]).contains(.min) && !NumberSet([3]).contains(.max))
    }

    @Test func twoSets() {
        for seed in 0..<400 {
            let (left, right) = (some(seed), some(seed + 1_000))
            let (a, b) = (NumberSet(left), NumberSet(right))
            #expect(a.union(b).sorted() == left.union(right).sorted() && a.union(Array(right)) == a.union(b))
            #expect(a.intersection(b).sorted() == left.intersection(right).sorted())
            #expect(a.intersection(Array(right)) == a.intersection(b))
            #expect(a.subtracting(b).sorted() == left.subtracting(right).sorted())
            #expect(a.subtracting(Array(right)) == a.subtracting(b))
            #expect(a.isSubset(of: b) == left.isSubset(of: right) && a.intersection(b).isSubset(of: a))
            #expect(a.isDisjoint(with: b) == left.isDisjoint(with: right))
            #expect(a.isDisjoint(with: Array(right)) == left.isDisjoint(with: right))
            #expect((a == b) == (left == right) && a.subtracting(b).union(a.intersection(b)) == a)
        }
    }
}
