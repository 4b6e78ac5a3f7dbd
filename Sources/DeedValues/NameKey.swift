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
