// Cuts a text into tokens, in one pass over its bytes. Opening brackets learn which token closes them, so that a parser
// can look behind a pair of brackets without going through what is inside.
//
// Strings and names are only delimited here; what is in them (escapes) is checked when the parser takes them, since an
// earlier error should be told first. The exceptions are strings and comments without end, and signs no token begins with.
//
// What differs in SQL (comments, strings, names, numbers, operators) is in Lexer+SQL.swift.

/// Whose rules a text is cut by.
enum Dialect { case cypher, sql }

struct Lexer {
    let bytes: UnsafeBufferPointer<UInt8>
    private let keywords: KeywordTable
    var position = 0
    private var tokens: [Token] = []
    /// Brackets that are open, as indexes of their tokens.
    private var open: [Int32] = []

    /// The tokens of the text, which must be UTF-8, with one of the kind `endOfText` behind them.
    static func tokens(
        of bytes: UnsafeBufferPointer<UInt8>, keywords: KeywordTable, dialect: Dialect = .cypher
    ) throws(SyntaxError) -> [Token] {
        guard bytes.count <= SyntaxLimits.textBytesMax else {
            throw SyntaxError(
                "UnexpectedSyntax",
                "The text has \(bytes.count) bytes, and \(SyntaxLimits.textBytesMax) are allowed; pass the data as parameters", 0..<0)
        }
        var lexer = Lexer(bytes: bytes, keywords: keywords)
        lexer.tokens.reserveCapacity(bytes.count / 4 + 8)
        switch dialect {
        case .cypher: while try lexer.skipSpace() { try lexer.next() }
        case .sql: while try lexer.skipSQLSpace() { try lexer.nextOfSQL() }
        }
        lexer.add(.endOfText, from: bytes.count)
        return lexer.tokens
    }

    private init(bytes: UnsafeBufferPointer<UInt8>, keywords: KeywordTable) {
        (self.bytes, self.keywords) = (bytes, keywords)
    }

    // MARK: Space and comments

    /// Goes to the next token; false at the end of the text.
    private mutating func skipSpace() throws(SyntaxError) -> Bool {
        while position < bytes.count {
            let byte = bytes[position]
            if byte == 0x20 || byte >= 0x09 && byte <= 0x0D || byte >= 0x1C && byte <= 0x1F {
                position += 1
            } else if byte == UInt8(ascii: "/") && peek(1) == UInt8(ascii: "/") {
                while position < bytes.count && bytes[position] != 0x0A && bytes[position] != 0x0D { position += 1 }
            } else if byte == UInt8(ascii: "/") && peek(1) == UInt8(ascii: "*") {
                try skipBlockComment()
            } else if byte >= 0x80, let scalar = scalar(at: position), Self.isSpace(scalar.value) {
                position += scalar.size
            } else {
                return true
            }
        }
        return false
    }

    private mutating func skipBlockComment() throws(SyntaxError) {
        let start = position
        position += 2
        while position < bytes.count {
            if bytes[position] == UInt8(ascii: "*") && peek(1) == UInt8(ascii: "/") {
                position += 2
                return
            }
            position += 1
        }
        throw SyntaxError("InvalidSyntax", "The comment that begins here has no end: '*/' is missing", start..<start + 2)
    }

    static func isSpace(_ scalar: Unicode.Scalar) -> Bool {
        // A byte order mark is at the start of many a file.
        scalar.properties.isWhitespace || scalar.value == 0xFEFF || scalar.value == 0x180E
    }

    // MARK: Tokens

    private mutating func next() throws(SyntaxError) {
        let byte = bytes[position]
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "_"):
            word()
        case UInt8(ascii: "0")...UInt8(ascii: "9"):
            number()
        case UInt8(ascii: "'"), UInt8(ascii: "\""):
            try quoted(byte, .string, "string")
        case UInt8(ascii: "`"):
            try quoted(byte, .quotedWord, "name")
        case UInt8(ascii: "$"):
            try parameter()
        case 0x80...:
            guard let scalar = scalar(at: position), scalar.value.properties.isXIDStart else { throw strangeCharacter() }
            word()
        default:
            if byte == UInt8(ascii: "."), let digit = peek(1), isDigit(digit) { return number() }
            guard let kind = sign(byte) else { throw strangeCharacter() }
            let start = position
            position += kind.size
            add(kind.kind, from: start)
        }
    }

    func sign(_ byte: UInt8) -> (kind: TokenKind, size: Int)? {
        let following = peek(1) ?? 0
        switch byte {
        case UInt8(ascii: "("): return (.openParenthesis, 1)
        case UInt8(ascii: ")"): return (.closeParenthesis, 1)
        case UInt8(ascii: "["): return (.openBracket, 1)
        case UInt8(ascii: "]"): return (.closeBracket, 1)
        case UInt8(ascii: "{"): return (.openBrace, 1)
        case UInt8(ascii: "}"): return (.closeBrace, 1)
        case UInt8(ascii: ","): return (.comma, 1)
        case UInt8(ascii: ";"): return (.semicolon, 1)
        case UInt8(ascii: "&"): return (.ampersand, 1)
        case UInt8(ascii: "%"): return (.percent, 1)
        case UInt8(ascii: "-"): return (.minus, 1)
        case UInt8(ascii: "*"): return (.star, 1)
        case UInt8(ascii: "/"): return (.slash, 1)
        case UInt8(ascii: "^"): return (.caret, 1)
        case UInt8(ascii: "."): return following == byte ? (.dotDot, 2) : (.dot, 1)
        case UInt8(ascii: ":"): return following == byte ? (.doubleColon, 2) : (.colon, 1)
        case UInt8(ascii: "|"): return following == byte ? (.doubleBar, 2) : (.bar, 1)
        case UInt8(ascii: "+"): return following == UInt8(ascii: "=") ? (.plusEqual, 2) : (.plus, 1)
        case UInt8(ascii: "!"): return following == UInt8(ascii: "=") ? (.exclamationEqual, 2) : (.exclamation, 1)
        case UInt8(ascii: ">"): return following == UInt8(ascii: "=") ? (.greaterOrEqual, 2) : (.greater, 1)
        case UInt8(ascii: "<"):
            if following == UInt8(ascii: ">") { return (.notEqual, 2) }
            return following == UInt8(ascii: "=") ? (.lessOrEqual, 2) : (.less, 1)
        case UInt8(ascii: "="):
            if following == UInt8(ascii: "~") { return (.equalTilde, 2) }
            return following == byte ? (.doubleEqual, 2) : (.equal, 1)
        default: return nil
        }
    }

    mutating func word() {
        let start = position
        skipWord()
        let code = keywords.code(of: UnsafeBufferPointer(rebasing: bytes[start..<position]))
        add(.word, from: start, keyword: code)
    }

    mutating func skipWord() {
        while position < bytes.count {
            let byte = bytes[position]
            if isWordByte(byte) {
                position += 1
            } else if byte >= 0x80, let scalar = scalar(at: position), scalar.value.properties.isXIDContinue {
                position += scalar.size
            } else {
                return
            }
        }
    }

    /// Decimal, hexadecimal and octal integers, and floats: `1`, `0x1F`, `0o17`, `1.5`, `.5`, `1e9`. A dot belongs to the
    /// number only before a digit, so that `1..3` and `1.name` are what they look like.
    private mutating func number() {
        let start = position
        var kind = TokenKind.integer
        let letter = (peek(1) ?? 0) | 0x20
        let isHexadecimal = letter == UInt8(ascii: "x")
        if bytes[position] == UInt8(ascii: "0") && (isHexadecimal || letter == UInt8(ascii: "o")) {
            position += 2
            let digits = position
            while position < bytes.count && (isHexadecimal ? isHexadecimalDigit(bytes[position]) : isOctalDigit(bytes[position])) {
                position += 1
            }
            if position == digits { kind = .malformedNumber }
        } else {
            skipDigits()
            if peek(0) == UInt8(ascii: "."), let digit = peek(1), isDigit(digit) {
                kind = .float
                position += 1
                skipDigits()
            }
            if skipExponent() { kind = .float }
        }
        let digitsEnd = position
        skipWord()
        if position != digitsEnd { kind = .malformedNumber }
        add(kind, from: start)
    }

    mutating func skipExponent() -> Bool {
        guard let letter = peek(0), letter | 0x20 == UInt8(ascii: "e") else { return false }
        let hasSign = peek(1) == UInt8(ascii: "+") || peek(1) == UInt8(ascii: "-")
        guard let digit = peek(hasSign ? 2 : 1), isDigit(digit) else { return false }
        position += hasSign ? 2 : 1
        skipDigits()
        return true
    }

    mutating func skipDigits() {
        while position < bytes.count && isDigit(bytes[position]) { position += 1 }
    }

    private mutating func quoted(_ quote: UInt8, _ kind: TokenKind, _ what: String) throws(SyntaxError) {
        let start = position
        try skipQuoted(quote, what)
        add(kind, from: start)
    }

    private mutating func skipQuoted(_ quote: UInt8, _ what: String) throws(SyntaxError) {
        let start = position
        let isName = quote == UInt8(ascii: "`")
        position += 1
        while position < bytes.count {
            let byte = bytes[position]
            position += 1
            if byte == quote {
                // In a name, two backticks are one.
                guard isName && peek(0) == quote else { return }
                position += 1
            } else if byte == UInt8(ascii: "\\") && !isName && position < bytes.count {
                position += 1
            }
        }
        let sign = String(Unicode.Scalar(quote))
        throw SyntaxError("UnexpectedSyntax", "The \(what) that begins here has no end: \(sign) is missing", start..<start + 1)
    }

    private mutating func parameter() throws(SyntaxError) {
        let start = position
        position += 1
        if peek(0) == UInt8(ascii: "`") {
            try skipQuoted(UInt8(ascii: "`"), "name")
        } else {
            skipWord()
        }
        if position == start + 1 {
            throw SyntaxError("UnexpectedSyntax", "'$' must be followed by the name of a parameter", start..<position)
        }
        add(.parameter, from: start)
    }

    mutating func add(_ kind: TokenKind, from start: Int, keyword: UInt8 = 0) {
        switch kind {
        case .openParenthesis, .openBracket, .openBrace:
            open.append(Int32(tokens.count))
        case .closeParenthesis, .closeBracket, .closeBrace:
            // Brackets that cross each other have no partners; the parser will say what it misses.
            if let opener = open.last, tokens[Int(opener)].kind.rawValue + 1 == kind.rawValue {
                tokens[Int(opener)].partner = Int32(tokens.count)
                open.removeLast()
            }
        default:
            break
        }
        tokens.append(Token(kind: kind, keyword: keyword, start: UInt32(start), end: UInt32(position), partner: -1))
    }

    // MARK: Characters

    func peek(_ ahead: Int) -> UInt8? {
        position + ahead < bytes.count ? bytes[position + ahead] : nil
    }

    func scalar(at offset: Int) -> (value: Unicode.Scalar, size: Int)? {
        decodeScalar(bytes, at: offset)
    }

    func strangeCharacter(_ nameQuotes: String = "backticks") -> SyntaxError {
        guard let scalar = scalar(at: position) else {
            return SyntaxError("InvalidUnicodeCharacter", "The text is not UTF-8", position..<position + 1)
        }
        let range = position..<position + scalar.size
        let shown = scalar.value.properties.isAlphabetic || scalar.value.value > 0x20 ? "'\(scalar.value)'" : "a control character"
        let code = "U+" + String(scalar.value.value, radix: 16, uppercase: true)
        let detail = scalar.value.value < 0x80 ? "UnexpectedSyntax" : "InvalidUnicodeCharacter"
        let remedy =
            switch scalar.value.value {
            case 0x2018...0x201B: "; write ' instead"
            case 0x201C...0x201F, 0xAB, 0xBB: "; write \" instead"
            case 0x2010...0x2015, 0x2212, 0xFE58, 0xFE63, 0xFF0D: "; write - instead"
            case 0x2260: "; write <> instead"
            case 0x2264: "; write <= instead"
            case 0x2265: "; write >= instead"
            case 0x23, 0x40, 0x3F, 0x5C, 0x60, 0x7E: "; names that have it need \(nameQuotes) around them"
            default: ""
            }
        return SyntaxError(detail, "Unexpected character \(shown) (\(code))\(remedy)", range)
    }
}

/// The code point at the offset and its bytes; nil where the text is not UTF-8.
func decodeScalar(_ bytes: UnsafeBufferPointer<UInt8>, at offset: Int) -> (value: Unicode.Scalar, size: Int)? {
    let first = UInt32(bytes[offset])
    if first < 0x80 { return (Unicode.Scalar(UInt8(first)), 1) }
    let size = first >= 0xF0 ? 4 : first >= 0xE0 ? 3 : 2
    guard first >= 0xC2 && first <= 0xF4 && offset + size <= bytes.count else { return nil }
    var value = first & (0xFF >> UInt32(size + 1))
    for index in 1..<size {
        guard bytes[offset + index] & 0xC0 == 0x80 else { return nil }
        value = value << 6 | UInt32(bytes[offset + index] & 0x3F)
    }
    return Unicode.Scalar(value).map { ($0, size) }
}

func isDigit(_ byte: UInt8) -> Bool { byte >= 0x30 && byte <= 0x39 }

func isOctalDigit(_ byte: UInt8) -> Bool { byte >= 0x30 && byte <= 0x37 }

func isHexadecimalDigit(_ byte: UInt8) -> Bool {
    isDigit(byte) || byte | 0x20 >= UInt8(ascii: "a") && byte | 0x20 <= UInt8(ascii: "f")
}

/// Whether an ASCII byte may be in a word; words begin with any of these but digits.
func isWordByte(_ byte: UInt8) -> Bool {
    let small = byte | 0x20
    return small >= UInt8(ascii: "a") && small <= UInt8(ascii: "z") || byte == UInt8(ascii: "_") || isDigit(byte)
}
