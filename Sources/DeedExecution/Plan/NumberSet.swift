// A set of slots, or of positions of a query's parts. Planning makes a hundred of them, of a few small numbers each, which are
// bits here: no memory, and nothing is hashed. Greater numbers, which only queries of very many parts have, are in a set of the
// general kind, so that two of them that are far apart take no more memory than two others.

/// Of numbers from -1 (which stands for a slot that does not exist) on.
@usableFromInline
package struct NumberSet: Sequence, ExpressibleByArrayLiteral, Equatable, Sendable {
    /// Bit i is for the number i - 1.
    @usableFromInline var bits: (low: UInt64, high: UInt64) = (0, 0)
    /// nil rather than empty.
    @usableFromInline var others: Set<Int>?

    @inlinable
    package init() {}

    @inlinable
    package init(arrayLiteral elements: Int...) { for element in elements { insert(element) } }

    @inlinable
    package init(_ elements: some Sequence<Int>) { for element in elements { insert(element) } }

    @inlinable
    package static func == (left: NumberSet, right: NumberSet) -> Bool { left.bits == right.bits && left.others == right.others }

    @inlinable
    package var isEmpty: Bool { bits == (0, 0) && others == nil }

    @inlinable
    package var count: Int { bits.low.nonzeroBitCount + bits.high.nonzeroBitCount + (others?.count ?? 0) }

    @inlinable
    package var first: Int? {
        var iterator = makeIterator()
        return iterator.next()
    }

    @inlinable
    package func contains(_ number: Int) -> Bool {
        if number < -1 { return false }
        // Safe: not negative any more; and a shift by 64 or more gives 0.
        let bit = number &+ 1
        if bit < 64 { return bits.low & (1 << bit) != 0 }
        if bit < 128 { return bits.high & (1 << (bit &- 64)) != 0 }
        return others?.contains(number) ?? false
    }

    @inlinable @discardableResult
    package mutating func insert(_ number: Int) -> (inserted: Bool, memberAfterInsert: Int) {
        precondition(number >= -1, "slots and positions are not negative")
        if contains(number) { return (false, number) }
        let bit = number &+ 1
        if bit < 64 {
            bits.low |= 1 << bit
        } else if bit < 128 {
            bits.high |= 1 << (bit &- 64)
        } else if others?.insert(number) == nil {
            others = [number]
        }
        return (true, number)
    }

    @inlinable @discardableResult
    package mutating func remove(_ number: Int) -> Int? {
        guard contains(number) else { return nil }
        let bit = number &+ 1
        if bit < 64 {
            bits.low &= ~(1 << bit)
        } else if bit < 128 {
            bits.high &= ~(1 << (bit &- 64))
        } else {
            others?.remove(number)
            if others?.isEmpty == true { others = nil }
        }
        return number
    }

    // MARK: With other sets

    @inlinable
    package mutating func formUnion(_ other: NumberSet) {
        bits.low |= other.bits.low
        bits.high |= other.bits.high
        if let more = other.others { others = others?.union(more) ?? more }
    }

    @inlinable
    package mutating func formUnion(_ other: some Sequence<Int>) { for number in other { insert(number) } }

    @inlinable
    package func union(_ other: NumberSet) -> NumberSet {
        var result = self
        result.formUnion(other)
        return result
    }

    @inlinable
    package func union(_ other: some Sequence<Int>) -> NumberSet {
        var result = self
        result.formUnion(other)
        return result
    }

    @inlinable
    package func intersection(_ other: NumberSet) -> NumberSet {
        var result = self
        result.bits.low &= other.bits.low
        result.bits.high &= other.bits.high
        result.others = others.flatMap { mine in other.others.map { mine.intersection($0) } }
        if result.others?.isEmpty == true { result.others = nil }
        return result
    }

    @inlinable
    package func intersection(_ other: some Sequence<Int>) -> NumberSet { intersection(NumberSet(other)) }

    @inlinable
    package mutating func subtract(_ other: NumberSet) {
        bits.low &= ~other.bits.low
        bits.high &= ~other.bits.high
        if let fewer = other.others { others?.subtract(fewer) }
        if others?.isEmpty == true { others = nil }
    }

    @inlinable
    package mutating func subtract(_ other: some Sequence<Int>) { for number in other { remove(number) } }

    @inlinable
    package func subtracting(_ other: NumberSet) -> NumberSet {
        var result = self
        result.subtract(other)
        return result
    }

    @inlinable
    package func subtracting(_ other: some Sequence<Int>) -> NumberSet {
        var result = self
        result.subtract(other)
        return result
    }

    @inlinable
    package func isSubset(of other: NumberSet) -> Bool {
        bits.low & ~other.bits.low == 0 && bits.high & ~other.bits.high == 0
            && (others.map { $0.isSubset(of: other.others ?? []) } ?? true)
    }

    @inlinable
    package func isSubset(of other: some Sequence<Int>) -> Bool { isSubset(of: NumberSet(other)) }

    @inlinable
    package func isDisjoint(with other: NumberSet) -> Bool { intersection(other).isEmpty }

    @inlinable
    package func isDisjoint(with other: some Sequence<Int>) -> Bool { !other.contains { contains($0) } }

    @inlinable
    package func filter(_ isIncluded: (Int) throws -> Bool) rethrows -> NumberSet {
        var result = NumberSet()
        for number in self where try isIncluded(number) { result.insert(number) }
        return result
    }

    // MARK: Elements

    /// In ascending order up to 126, the others as they come.
    @inlinable
    package func makeIterator() -> Iterator { Iterator(bits: bits, others: others?.makeIterator()) }

    @usableFromInline
    package struct Iterator: IteratorProtocol {
        @usableFromInline var bits: (low: UInt64, high: UInt64)
        @usableFromInline var others: Set<Int>.Iterator?

        @inlinable
        init(bits: (low: UInt64, high: UInt64), others: Set<Int>.Iterator?) { (self.bits, self.others) = (bits, others) }

        @inlinable
        package mutating func next() -> Int? {
            if bits.low != 0 {
                defer { bits.low &= bits.low &- 1 }
                return bits.low.trailingZeroBitCount &- 1
            }
            if bits.high != 0 {
                defer { bits.high &= bits.high &- 1 }
                return bits.high.trailingZeroBitCount &+ 63
            }
            return others?.next()
        }
    }
}
