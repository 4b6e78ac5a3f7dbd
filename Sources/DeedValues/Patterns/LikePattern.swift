// The patterns of LIKE and SIMILAR TO as regular expressions, of which the whole text has to match one.

package enum LikePattern {
    /// `%` is any text, `_` any character; what stands behind the escape character (empty: none) is itself.
    package static func expression(_ pattern: String, escape: String, ignoresCase: Bool = false) throws(QueryError) -> String {
        let escape = try escapeCharacter(escape)
        var result = ignoresCase ? "(?is)" : "(?s)"
        var scalars = pattern.unicodeScalars.makeIterator()
        while let scalar = scalars.next() {
            if scalar == escape {
                guard let escaped = scalars.next() else { throw loneEscape }
                appendLiteral(escaped, to: &result)
            } else if scalar == "%" {
                result += ".*"
            } else if scalar == "_" {
                result += "."
            } else {
                appendLiteral(scalar, to: &result)
            }
        }
        return result
    }

    /// Besides those of LIKE: `|`, `*`, `+`, `?`, `{m,n}`, parentheses and classes in brackets, as regular expressions have them.
    package static func similarExpression(_ pattern: String, escape: String) throws(QueryError) -> String {
        let escape = try escapeCharacter(escape)
        var result = "(?s)(?:"
        var isInClass = false
        var scalars = pattern.unicodeScalars.makeIterator()
        while let scalar = scalars.next() {
            if scalar == escape {
                guard let escaped = scalars.next() else { throw loneEscape }
                appendLiteral(escaped, to: &result)
            } else if isInClass {
                isInClass = scalar != "]"
                result.unicodeScalars.append(scalar)
            } else {
                switch scalar {
                case "%": result += ".*"
                case "_": result += "."
                case "[":
                    isInClass = true
                    result += "["
                case "|", "*", "+", "?", "(", ")", "{", "}": result.unicodeScalars.append(scalar)
                default: appendLiteral(scalar, to: &result)
                }
            }
        }
        return result + ")"
    }

    /// What a pattern without `_` asks for, if that is simple: that the text is, begins with, ends with or contains another.
    package static func simple(_ pattern: String, escape: String) -> (text: String, anyBefore: Bool, anyBehind: Bool)? {
        var scalars = Array(pattern.unicodeScalars)
        if let escape = escape.unicodeScalars.first, scalars.contains(escape) { return nil }
        let (anyBefore, anyBehind) = (scalars.first == "%", scalars.count > 1 && scalars.last == "%")
        if anyBehind { scalars.removeLast() }
        if anyBefore { scalars.removeFirst() }
        if scalars.contains(where: { $0 == "%" || $0 == "_" }) { return nil }
        var text = String.UnicodeScalarView()
        text.append(contentsOf: scalars)
        return (String(text), anyBefore, anyBehind)
    }

    private static func escapeCharacter(_ escape: String) throws(QueryError) -> Unicode.Scalar? {
        let scalars = escape.unicodeScalars
        if scalars.count > 1 {
            throw QueryError(.argumentError, "InvalidEscapeSequence", "ESCAPE takes one character, or none")
        }
        return scalars.first
    }

    private static let loneEscape = QueryError(
        .argumentError, "InvalidEscapeSequence", "a pattern must not end with the escape character")

    private static func appendLiteral(_ scalar: Unicode.Scalar, to text: inout String) {
        if scalar.isASCII && !scalar.properties.isAlphabetic && !(scalar.value >= 0x30 && scalar.value <= 0x39)
            && scalar.value > 0x20 && scalar.value != 0x7F {
            text += "\\"
        }
        text.unicodeScalars.append(scalar)
    }
}
