// A name as a key of dictionaries and sets: by its bytes. Swift's strings are equal by canonical equivalence, which names and
// texts of queries are not.

package struct NameKey: Hashable, Sendable {
    package let text: String

    package init(_ text: String) { self.text = text }

    package static func == (left: NameKey, right: NameKey) -> Bool { left.text.utf8.elementsEqual(right.text.utf8) }

    package func hash(into hasher: inout Hasher) {
        var text = text
        text.withUTF8 { hasher.combine(bytes: UnsafeRawBufferPointer($0)) }
    }
}
