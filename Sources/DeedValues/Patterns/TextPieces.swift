// What most patterns of LIKE with several `%` come to: pieces of text that must follow each other, with anything between them.
// It is looked for byte by byte, which for UTF-8 is the same as by character.

package struct TextPieces: Sendable {
    /// The first one begins the text and the last one ends it; either may be empty. One alone is all of it.
    private let pieces: [[UInt8]]

    /// nil for a regular expression that asks for more than that.
    package init?(_ expression: String) {
        let prefix = "(?s)"
        guard expression.utf8.starts(with: prefix.utf8) else { return nil }
        var pieces: [[UInt8]] = [[]]
        var rest = expression.unicodeScalars.dropFirst(prefix.count)
        while let scalar = rest.popFirst() {
            switch scalar {
            case ".":
                guard rest.popFirst() == "*" else { return nil }
                pieces.append([])
            case "\\":
                guard let escaped = rest.popFirst(), escaped.isASCII, !Self.isWordCharacter(escaped) else { return nil }
                pieces[pieces.count - 1].append(UInt8(escaped.value))
            case "^", "$", "|", "(", ")", "[", "]", "{", "}", "*", "+", "?": return nil
            default: pieces[pieces.count - 1].append(contentsOf: String(scalar).utf8)
            }
        }
        // `a.*+` and the like are refused above: what follows `.*` is a sign of its own.
        self.pieces = pieces
    }

    /// With a backslash before it, it is more than itself.
    private static func isWordCharacter(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar {
        case "a"..."z", "A"..."Z", "0"..."9", "_": true
        default: false
        }
    }

    package func matches(_ text: UnsafeBufferPointer<UInt8>) -> Bool {
        pieces.withUnsafeBufferPointer { pieces in
            let (first, last) = (pieces[0], pieces[pieces.count &- 1])
            guard begins(text, with: first, at: 0) else { return false }
            if pieces.count == 1 { return text.count == first.count }
            let end = text.count &- last.count
            guard end >= first.count, begins(text, with: last, at: end) else { return false }
            let inner = UnsafeBufferPointer(rebasing: text[..<end])
            var place = first.count
            for index in 1..<pieces.count &- 1 {
                let found = pieces[index].withUnsafeBufferPointer { TextBytes.find($0, in: inner, from: place) }
                guard let found else { return false }
                place = found &+ pieces[index].count
            }
            return true
        }
    }

    @inline(__always)
    private func begins(_ text: UnsafeBufferPointer<UInt8>, with part: [UInt8], at place: Int) -> Bool {
        if place &+ part.count > text.count { return false }
        for index in part.indices where text[place &+ index] != part[index] { return false }
        return true
    }
}
