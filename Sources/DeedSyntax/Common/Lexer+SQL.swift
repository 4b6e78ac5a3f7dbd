// What the lexer does differently for SQL, by PostgreSQL's rules: comments begin with -- or nest, strings have single quotes
// and names double ones, E'...' and U&'...' have escapes, $tag$ quotes anything, and there are more operators.
//
// A colon before a name is left to the parser, since `:name` may be a parameter, the end of a slice or a label.

extension Lexer {
    /// Goes to the next token; false at the end of the text.
    mutating func skipSQLSpace() throws(SyntaxError) -> Bool {
        while position < bytes.count {
            let byte = bytes[position]
            if byte == 0x20 || byte >= 0x09 && byte <= 0x0D || byte >= 0x1C && byte <= 0x1F {
                position += 1
            } else if byte == UInt8(ascii: "-") && peek(1) == UInt8(ascii: "-") {
                while position < bytes.count && bytes[position] != 0x0A && bytes[position] != 0x0D { position += 1 }
            } else if byte == UInt8(ascii: "/") && peek(1) == UInt8(ascii: "*") {
                try skipNestedComment()
            } else if byte >= 0x80, let scalar = scalar(at: position), Self.isSpace(scalar.value) {
                position += scalar.size
            } else {
                return true
            }
        }
        return false
    }

    private mutating func skipNestedComment() throws(SyntaxError) {
        let start = position
        var depth = 0
        while position < bytes.count {
            if bytes[position] == UInt8(ascii: "*") && peek(1) == UInt8(ascii: "/") {
                position += 2
                depth -= 1
                if depth == 0 { return }
            } else if bytes[position] == UInt8(ascii: "/") && peek(1) == UInt8(ascii: "*") {
                position += 2
                depth += 1
            } else {
                position += 1
            }
        }
        throw SyntaxError("InvalidSyntax", "The comment that begins here has no end: '*/' is missing", start..<start + 2)
    }

    mutating func nextOfSQL() throws(SyntaxError) {
        let byte = bytes[position]
        switch byte {
        case UInt8(ascii: "e"), UInt8(ascii: "E"):
            if peek(1) == UInt8(ascii: "'") { return try sqlQuoted(prefix: 1, hasEscapes: true) }
            sqlWord()
        case UInt8(ascii: "u"), UInt8(ascii: "U"):
            if peek(1) == UInt8(ascii: "&"), peek(2) == UInt8(ascii: "'") || peek(2) == UInt8(ascii: "\"") {
                return try sqlQuoted(prefix: 2)
            }
            sqlWord()
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "_"):
            sqlWord()
        case UInt8(ascii: "0")...UInt8(ascii: "9"):
            sqlNumber()
        case UInt8(ascii: "'"), UInt8(ascii: "\""):
            try sqlQuoted(prefix: 0)
        case UInt8(ascii: "$"):
            try dollar()
        case UInt8(ascii: "?"):
            position += 1
            add(.parameter, from: position - 1)
        case 0x80...:
            guard let scalar = scalar(at: position), scalar.value.properties.isXIDStart else {
                throw strangeCharacter("double quotes")
            }
            sqlWord()
        default:
            if byte == UInt8(ascii: "."), let digit = peek(1), isDigit(digit) { return sqlNumber() }
            guard let kind = sqlSign(byte) ?? sign(byte) else { throw strangeCharacter("double quotes") }
            let start = position
            position += kind.size
            add(kind.kind, from: start)
        }
    }

    /// A word goes on with dollar signs too.
    private mutating func sqlWord() {
        let start = position
        skipWord()
        guard peek(0) == UInt8(ascii: "$") else {
            position = start
            return word()
        }
        while peek(0) == UInt8(ascii: "$") {
            position += 1
            skipWord()
        }
        add(.word, from: start)
    }

    // MARK: Numbers

    /// `1`, `1_000`, `0x1F`, `0o17`, `0b11`; `1.5`, `1.`, `.5`, `1e9`. What has a dot or an exponent is of the kind `float`.
    private mutating func sqlNumber() {
        let start = position
        var kind = TokenKind.integer
        if bytes[position] == UInt8(ascii: "0"), let isDigit = digits((peek(1) ?? 0) | 0x20) {
            position += 2
            let digits = position
            skip(isDigit)
            if position == digits { kind = .malformedNumber }
        } else {
            skip(isDigit)
            // Two dots are no part of a number.
            if peek(0) == UInt8(ascii: "."), peek(1) != UInt8(ascii: ".") {
                kind = .float
                position += 1
                skip(isDigit)
            }
            if skipExponent() { kind = .float }
        }
        let end = position
        skipWord()
        if position != end { kind = .malformedNumber }
        add(kind, from: start)
    }

    /// Which bytes are digits behind a zero and this letter.
    private func digits(_ letter: UInt8) -> ((UInt8) -> Bool)? {
        switch letter {
        case UInt8(ascii: "x"): isHexadecimalDigit
        case UInt8(ascii: "o"): isOctalDigit
        case UInt8(ascii: "b"): { $0 == 0x30 || $0 == 0x31 }
        default: nil
        }
    }

    /// Digits, with single underscores between them.
    private mutating func skip(_ isDigit: (UInt8) -> Bool) {
        while let byte = peek(0) {
            if isDigit(byte) {
                position += 1
            } else if byte == UInt8(ascii: "_"), let next = peek(1), isDigit(next) {
                position += 2
            } else {
                return
            }
        }
    }

    // MARK: Strings and names

    /// A string or name; two of its quotes are one. `hasEscapes`: a backslash takes the next byte with it.
    private mutating func sqlQuoted(prefix: Int, hasEscapes: Bool = false) throws(SyntaxError) {
        let start = position
        position += prefix
        let quote = bytes[position]
        position += 1
        while position < bytes.count {
            let byte = bytes[position]
            position += 1
            if byte == quote {
                guard peek(0) == quote else { return add(quote == UInt8(ascii: "'") ? .string : .quotedWord, from: start) }
                position += 1
            } else if hasEscapes && byte == UInt8(ascii: "\\") && position < bytes.count {
                position += 1
            }
        }
        let what = quote == UInt8(ascii: "'") ? "string" : "name"
        throw SyntaxError(
            "UnexpectedSyntax", "The \(what) that begins here has no end: \(Unicode.Scalar(quote)) is missing",
            start..<start + prefix + 1)
    }

    /// `$1`, `$name`, or `$tag$ ... $tag$`.
    private mutating func dollar() throws(SyntaxError) {
        let start = position
        position += 1
        skipWord()
        let beginsWithDigit = peek(start + 1 - position).map(isDigit) ?? false
        if peek(0) == UInt8(ascii: "$") && !beginsWithDigit {
            position += 1
            return try dollarQuoted(start, tag: start..<position)
        }
        if position == start + 1 {
            throw SyntaxError("UnexpectedSyntax", "'$' must be followed by the number of a parameter", start..<position)
        }
        add(.parameter, from: start)
    }

    private mutating func dollarQuoted(_ start: Int, tag: SourceRange) throws(SyntaxError) {
        while position < bytes.count {
            if bytes[position] == UInt8(ascii: "$") && position + tag.count <= bytes.count
                && bytes[position..<position + tag.count].elementsEqual(bytes[tag])
            {
                position += tag.count
                return add(.string, from: start)
            }
            position += 1
        }
        throw SyntaxError(
            "UnexpectedSyntax", "The string that begins here has no end: \(Literals.text(bytes, tag)) is missing", tag)
    }

    // MARK: Operators

    /// The signs that Cypher does not have, or reads in another way.
    private func sqlSign(_ byte: UInt8) -> (kind: TokenKind, size: Int)? {
        let next = peek(1) ?? 0
        switch byte {
        case UInt8(ascii: "-") where next == UInt8(ascii: ">"):
            return peek(2) == UInt8(ascii: ">") ? (.textArrow, 3) : (.arrow, 2)
        case UInt8(ascii: "#"):
            guard next == UInt8(ascii: ">") else { return (.hash, 1) }
            return peek(2) == UInt8(ascii: ">") ? (.textHashArrow, 3) : (.hashArrow, 2)
        case UInt8(ascii: "@") where next == UInt8(ascii: ">"): return (.contains, 2)
        case UInt8(ascii: "<") where next == UInt8(ascii: "@"): return (.containedIn, 2)
        case UInt8(ascii: "<") where next == byte: return (.shiftLeft, 2)
        case UInt8(ascii: ">") where next == byte: return (.shiftRight, 2)
        case UInt8(ascii: "&") where next == byte: return (.overlaps, 2)
        case UInt8(ascii: "~"): return tilde(1, .tilde, .tildeStar, .doubleTilde, .doubleTildeStar)
        case UInt8(ascii: "!") where next == UInt8(ascii: "~"):
            return tilde(2, .notTilde, .notTildeStar, .notDoubleTilde, .notDoubleTildeStar)
        case UInt8(ascii: "!") where next == UInt8(ascii: "="): return (.notEqual, 2)
        case UInt8(ascii: "+"): return (.plus, 1)
        case UInt8(ascii: "."): return next == byte ? (.dotDot, 2) : (.dot, 1)
        // `=~` is no operator here: `a =~ b` compares with the inverse of b.
        case UInt8(ascii: "=") where next == UInt8(ascii: "~"): return (.equal, 1)
        default: return nil
        }
    }

    /// Which of the operators with a tilde stands here, given that so many bytes make the first of them.
    private func tilde(
        _ size: Int, _ one: TokenKind, _ oneStar: TokenKind, _ two: TokenKind, _ twoStar: TokenKind
    ) -> (kind: TokenKind, size: Int) {
        let isDouble = peek(size) == UInt8(ascii: "~")
        let length = isDouble ? size + 1 : size
        if peek(length) == UInt8(ascii: "*") { return (isDouble ? twoStar : oneStar, length + 1) }
        return (isDouble ? two : one, length)
    }
}
