// A name as a key of dictionaries and sets: by its bytes. Swift's strings are equal by canonical equivalence, which names and
// texts of queries are not.

import Glibc

package struct NameKey: Hashable, Sendable {
    package let text: String

    package init(_ text: String) { self.text = text }

    package static func == (left: NameKey, right: NameKey) -> Bool {
        var (left, right) = (left.text, right.text)
        // Most of those that differ do so in their length, which needs no look at the bytes.
        guard left.utf8.count == right.utf8.count else { return false }
        return left.withUTF8 { left in
            right.withUTF8 { right in
                guard let start = left.baseAddress, let other = right.baseAddress else { return true }
                return memcmp(start, other, left.count) == 0
            }
        }
    }

    /// One word for the hasher, which is several times as fast as giving it the bytes: planning hashes names all the time.
    package func hash(into hasher: inout Hasher) {
        var text = text
        hasher.combine(text.withUTF8 { ValueHash.hash(UnsafeRawBufferPointer($0), Self.seed) })
    }

    /// Nobody can prepare names that collide.
    private static let seed = UInt64.random(in: .min ... .max)
}

/// Names in the order in which they came first.
package struct DistinctNames: Sendable {
    package private(set) var all: [String] = []
    /// Empty as long as there are so few that they are compared one by one: hashing would take longer.
    private var known: Set<NameKey> = []
    private static let fewMax = 16

    package init() {}

    /// False if it is there already.
    @discardableResult
    package mutating func insert(_ name: String) -> Bool {
        let key = NameKey(name)
        if all.count < Self.fewMax {
            if all.contains(where: { NameKey($0) == key }) { return false }
        } else {
            if known.isEmpty { known = Set(all.map { NameKey($0) }) }
            if !known.insert(key).inserted { return false }
        }
        if all.isEmpty { all.reserveCapacity(8) }
        all.append(name)
        return true
    }
}
