// What is wrong with a text, and where; and how to show people the place.

package struct SyntaxError: Error, Sendable, Equatable {
    /// One word in size: every call of the parser has room for an error on the stack.
    private let contents: Contents

    private final class Contents: Sendable {
        let detail: String
        let message: String
        let range: SourceRange

        init(_ detail: String, _ message: String, _ range: SourceRange) {
            (self.detail, self.message, self.range) = (detail, message, range)
        }
    }

    package init(_ detail: String, _ message: String, _ range: SourceRange) {
        contents = Contents(detail, message, range)
    }

    /// What exactly, in the one word that openCypher has for it, such as `UnexpectedSyntax`.
    package var detail: String { contents.detail }
    /// A sentence for people, with the likely remedy where there is one.
    package var message: String { contents.message }
    package var range: SourceRange { contents.range }

    package static func == (a: SyntaxError, b: SyntaxError) -> Bool {
        a.detail == b.detail && a.message == b.message && a.range == b.range
    }
}

/// Line and column, both from 1; columns count code points.
package struct SourcePosition: Sendable, Equatable {
    package let line: Int
    package let column: Int

    package init(offset: Int, in text: String) {
        var line = 1
        var column = 1
        for byte in text.utf8.prefix(max(0, offset)) {
            if byte == UInt8(ascii: "\n") {
                line += 1
                column = 1
            } else if byte & 0xC0 != 0x80 {
                column += 1
            }
        }
        (self.line, self.column) = (line, column)
    }
}

/// Two lines that show the place: the line of the text (cut where it is long), and carets below.
///
///     line 2, column 3
///     RETRUN n
///     ^^^^^^
package func renderSource(_ range: SourceRange, in text: String) -> String {
    let bytes = Array(text.utf8)
    let start = min(max(0, range.lowerBound), bytes.count)
    let end = min(max(start, range.upperBound), bytes.count)
    let position = SourcePosition(offset: start, in: text)
    let lineStart = bytes[..<start].lastIndex(of: UInt8(ascii: "\n")).map { $0 + 1 } ?? 0
    let lineEnd = bytes[start...].firstIndex(of: UInt8(ascii: "\n")) ?? bytes.count
    let before = cut(scalars(bytes[lineStart..<start]), keepingEnd: true)
    let marked = cut(scalars(bytes[start..<min(end, lineEnd)]), keepingEnd: false)
    let after = end < lineEnd ? cut(scalars(bytes[end..<lineEnd]), keepingEnd: false) : []
    // Tabs stay tabs, so that the carets stand where they should whatever a tab is worth.
    let padding = before.map { $0 == "\t" ? "\t" : " " }.joined()
    let carets = String(repeating: "^", count: max(1, marked.count))
    let line = (before + marked + after).map(String.init).joined()
    return "line \(position.line), column \(position.column)\n\(line)\n\(padding)\(carets)"
}

private func scalars(_ bytes: ArraySlice<UInt8>) -> [Unicode.Scalar] {
    // A carriage return would send the terminal back to the start of the line.
    String(decoding: bytes, as: UTF8.self).unicodeScalars.filter { $0 != "\r" }
}

private func cut(_ scalars: [Unicode.Scalar], keepingEnd: Bool) -> [Unicode.Scalar] {
    let most = SyntaxLimits.excerptCharactersMax / 2
    if scalars.count <= most { return scalars }
    let dots = [Unicode.Scalar](repeating: ".", count: 3)
    return keepingEnd ? dots + scalars.suffix(most - 3) : scalars.prefix(most - 3) + dots
}
