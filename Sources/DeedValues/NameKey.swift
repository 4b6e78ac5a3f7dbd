// A name as a key of dictionaries and sets: by its bytes. Swift's strings are equal by canonical equivalence, which names and
// texts of queries are not.

import Glibc

package struct NameKey: Hashable, Sendable {
    package let text: String

    package init(_ text: String) { self.text = text }

    package static func == (left: NameKey, right: NameKey) -> Bool {
        var (left, right) = (left.text, right.text)
        return left.withUTF8 { left in
            right.withUTF8 { right in
                guard left.count == right.count else { return false }
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
