// The parser of Cypher: recursive descent over the tokens, one function per construct, in the extensions beside this file.
//
// 1. The lexer makes the tokens. The parser looks at the current one, and rarely a few ahead; it never goes back.
// 2. Operators are parsed by precedence climbing, so that a level of parentheses costs five calls and not fifteen.
// 3. Whatever recursion there is, is counted: `nesting` for the parser's own stack, `height` for the tree it makes.
// 4. Rules that only syntax can tell (which clause may follow which, what CREATE takes) are checked on the way.

/// Parses one statement, with a semicolon behind it or without.
///
/// `lifting` is what `normalizeCypher` said of the same text: the literals it lists become parameters of the names given
/// there, while ranges, and the texts that name columns, stay those of `text`.
package func parseCypher(_ text: String, lifting: NormalizedQuery? = nil) throws(SyntaxError) -> Statement {
    var text = text
    let result: Result<Statement, SyntaxError> = text.withUTF8 { bytes in
        do throws(SyntaxError) {
            let tokens = if let lifting { lifting.tokens } else { try Lexer.tokens(of: bytes, keywords: Keyword.table) }
            var parser = CypherParser(bytes, tokens, lifting?.sites ?? [])
            return .success(try parser.statement())
        } catch {
            return .failure(error)
        }
    }
    return try result.get()
}

struct CypherParser {
    let bytes: UnsafeBufferPointer<UInt8>
    let tokens: [Token]
    let lifted: [NormalizedQuery.Site]
    var index = 0
    /// Levels of recursion that are open, and where on the stack the first one began.
    var nesting = 0
    let stackStart = stackAddress()
    /// The height of the highest expression among those made since the one around them was begun.
    var height = 0
    /// Within `[x IN list WHERE x:A | x.name]` and the like a bar ends the expression, and is no part of `x:A`.
    var barEndsExpression = false
    /// What could stand where a clause has ended, beside the next clause; said when something else does.
    var continuation: StaticString = ""

    init(_ bytes: UnsafeBufferPointer<UInt8>, _ tokens: [Token], _ lifted: [NormalizedQuery.Site]) {
        (self.bytes, self.tokens, self.lifted) = (bytes, tokens, lifted)
    }

    // MARK: Tokens

    var current: Token { tokens[index] }
    var kind: TokenKind { tokens[index].kind }

    /// The token so many places ahead; the last one beyond the end.
    func peek(_ ahead: Int) -> Token { tokens[min(index + ahead, tokens.count - 1)] }

    func at(_ kind: TokenKind) -> Bool { tokens[index].kind == kind }
    func at(_ keyword: Keyword) -> Bool { tokens[index].keyword == keyword.rawValue }
    func at(_ keyword: Keyword, then next: Keyword) -> Bool { at(keyword) && peek(1).keyword == next.rawValue }
    func isName(_ token: Token) -> Bool { token.kind == .word || token.kind == .quotedWord }

    mutating func advance() {
        // The last token is the end, and stays.
        if index < tokens.count - 1 { index += 1 }
    }

    mutating func accept(_ kind: TokenKind) -> Bool {
        guard at(kind) else { return false }
        advance()
        return true
    }

    mutating func accept(_ keyword: Keyword) -> Bool {
        guard at(keyword) else { return false }
        advance()
        return true
    }

    mutating func accept(_ keyword: Keyword, _ next: Keyword) -> Bool {
        guard at(keyword, then: next) else { return false }
        advance()
        advance()
        return true
    }

    mutating func expect(_ keyword: Keyword, _ purpose: @autoclosure () -> String = "") throws(SyntaxError) {
        if !accept(keyword) { throw unexpected(keyword.text + purpose(), candidates: [keyword.text]) }
    }

    mutating func expect(_ kind: TokenKind, _ purpose: @autoclosure () -> String = "") throws(SyntaxError) {
        if !accept(kind) { throw unexpected("'\(kind.sign ?? "")'" + purpose()) }
    }

    /// The bracket that closes the token `opener`.
    mutating func close(_ opener: Int, or alternative: String = "") throws(SyntaxError) {
        let wanted = TokenKind(rawValue: tokens[opener].kind.rawValue + 1) ?? .endOfText
        if accept(wanted) { return }
        let sign = wanted.sign ?? ""
        if at(.endOfText) {
            throw SyntaxError(
                "UnexpectedSyntax", "'\(tokens[opener].kind.sign ?? "")' is not closed: '\(sign)' is missing", tokens[opener].range)
        }
        throw unexpected(alternative.isEmpty ? "'\(sign)'" : "\(alternative) or '\(sign)'")
    }

    /// From the start of the token `first` to the end of the last one taken.
    func range(from first: Int) -> SourceRange {
        let start = Int(tokens[first].start)
        return start..<max(start, index > first ? Int(tokens[index - 1].end) : start)
    }

    // MARK: Names

    func text(_ token: Token) -> String { Literals.text(bytes, token.range) }

    /// The name; `what` says what it names, in errors.
    mutating func name(_ what: @autoclosure () -> String) throws(SyntaxError) -> Name {
        let token = current
        switch token.kind {
        case .word:
            advance()
            return Name(text(token), token.range)
        case .quotedWord:
            advance()
            return Name(Literals.quotedName(bytes, token.range), token.range)
        default:
            throw unexpected(what())
        }
    }

    // MARK: Lists and recursion

    /// At least one item, and more behind commas.
    mutating func commaSeparated<Item>(
        _ item: (inout CypherParser) throws(SyntaxError) -> Item
    ) throws(SyntaxError) -> [Item] {
        var items = [try item(&self)]
        while accept(.comma) { items.append(try item(&self)) }
        return items
    }

    /// Opens so many levels of recursion; `leave` closes them.
    mutating func enter(_ levels: Int = 1) throws(SyntaxError) {
        nesting += levels
        // Stacks grow downwards; if one does not, only the first limit holds.
        let stackBytes = stackStart > stackAddress() ? stackStart - stackAddress() : 0
        if nesting > SyntaxLimits.nestingMax || stackBytes > SyntaxLimits.stackBytesMax {
            throw failure("The query is nested too deeply here (\(nesting) levels)")
        }
    }

    mutating func leave(_ levels: Int = 1) { nesting -= levels }

    /// One more level on top of the expression that was just made.
    mutating func grow(_ levels: Int = 1) throws(SyntaxError) {
        height += levels
        if height > SyntaxLimits.heightMax {
            throw SyntaxError(
                "UnexpectedSyntax", "The expression has too many operators in a row or inside each other (\(SyntaxLimits.heightMax))",
                current.range)
        }
    }

    // MARK: Errors

    func failure(_ message: String, _ range: SourceRange? = nil) -> SyntaxError {
        SyntaxError("UnexpectedSyntax", message, range ?? current.range)
    }

    func failure(_ detail: String, _ message: String, _ range: SourceRange) -> SyntaxError {
        SyntaxError(detail, message, range)
    }

    /// Something else stands where `expected` should; `candidates` are the keywords that would have been right.
    func unexpected(_ expected: String, candidates: [String] = []) -> SyntaxError {
        let token = current
        var message = "Expected \(expected), but found \(description(of: token))"
        if let hint = hint(token, candidates) { message += ". " + hint }
        return failure(message)
    }

    func description(of token: Token) -> String {
        switch token.kind {
        case .endOfText: return "the end of the query"
        case .string: return "a string"
        case .parameter: return "a parameter"
        case .word, .quotedWord, .integer, .float, .malformedNumber:
            return "'\(text(token).unicodeScalars.prefix(40).map(String.init).joined())'"
        default: return "'\(token.kind.sign ?? "")'"
        }
    }

    private func hint(_ token: Token, _ candidates: [String]) -> String? {
        switch token.kind {
        case .word:
            // A keyword in the wrong place is spelt right.
            guard token.keyword == 0, let nearest = Suggestion.nearest(to: text(token), among: candidates) else { return nil }
            return "Did you mean \(nearest)?"
        case .exclamationEqual: return "Inequality is written as <>"
        case .doubleEqual: return "Equality is written as ="
        case .ampersand where peek(1).kind == .ampersand: return "Conjunction is written as AND"
        case .string where index > 0 && tokens[index - 1].kind == .string && tokens[index - 1].end == token.start:
            return "A quote within a string is written as \\' or \\\""
        default: return nil
        }
    }
}

/// About where the caller's frame is on the stack.
@inline(never)
private func stackAddress() -> UInt {
    var marker: UInt8 = 0
    return withUnsafeMutablePointer(to: &marker) { UInt(bitPattern: $0) }
}
