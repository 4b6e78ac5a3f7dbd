// What the parsers of all languages share: looking at tokens and taking them, brackets, lists, the bounds on recursion,
// and how errors are worded. Everything here is made anew for each parser by the compiler, so that it costs no calls.

/// Keywords of one language, by the codes that the lexer gives them.
protocol KeywordCode: RawRepresentable, Sendable where RawValue == UInt8 {
    /// In upper case.
    var text: String { get }
}

protocol TokenParser {
    associatedtype Word: KeywordCode

    var bytes: UnsafeBufferPointer<UInt8> { get }
    var tokens: [Token] { get }
    var index: Int { get set }
    /// Levels of recursion that are open, and where on the stack the first one began.
    var nesting: Int { get set }
    var stackStart: UInt { get }
    /// The height of the highest expression among those made since the one around them was begun.
    var height: Int { get set }

    /// The name; `what` says what it names, in errors.
    mutating func name(_ what: @autoclosure () -> String) throws(SyntaxError) -> Name
    /// Advice on a token that stands where it should not.
    func remedy(for token: Token) -> String?
}

extension TokenParser {
    // MARK: Tokens

    var current: Token { tokens[index] }
    var kind: TokenKind { tokens[index].kind }

    /// The token so many places ahead; the last one beyond the end.
    func peek(_ ahead: Int) -> Token { tokens[min(index + ahead, tokens.count - 1)] }

    func at(_ kind: TokenKind) -> Bool { tokens[index].kind == kind }
    func at(_ keyword: Word) -> Bool { tokens[index].keyword == keyword.rawValue }
    func at(_ keyword: Word, then next: Word) -> Bool { at(keyword) && peek(1).keyword == next.rawValue }
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

    mutating func accept(_ keyword: Word) -> Bool {
        guard at(keyword) else { return false }
        advance()
        return true
    }

    mutating func accept(_ keyword: Word, _ next: Word) -> Bool {
        guard at(keyword, then: next) else { return false }
        advance()
        advance()
        return true
    }

    mutating func expect(_ keyword: Word, _ purpose: @autoclosure () -> String = "") throws(SyntaxError) {
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

    func text(_ token: Token) -> String { Literals.text(bytes, token.range) }

    // MARK: Lists

    /// At least one item, and more behind commas.
    mutating func commaSeparated<Item>(
        _ item: (inout Self) throws(SyntaxError) -> Item
    ) throws(SyntaxError) -> [Item] {
        var items = [try item(&self)]
        while accept(.comma) { items.append(try item(&self)) }
        return items
    }

    /// `(name, name)`
    mutating func parenthesizedNames(_ what: String) throws(SyntaxError) -> [Name] {
        let opener = index
        try expect(.openParenthesis)
        let names = try commaSeparated { (parser) throws(SyntaxError) in try parser.name(what) }
        try close(opener, or: "','")
        return names
    }

    // MARK: Recursion

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

    // MARK: Expressions

    /// A node from the start of its left operand to the last token that was taken: the operands have to be parsed before.
    func joined(_ left: Expression, _ kind: Expression.Kind) -> Expression {
        Expression(kind, left.range.lowerBound..<Int(tokens[index - 1].end))
    }

    /// An expression of one token.
    mutating func taken(_ kind: Expression.Kind) -> Expression {
        let range = current.range
        advance()
        return Expression(kind, range)
    }

    /// The operands joined as a balanced tree, which `grow` has to be told of.
    func balanced(_ operands: ArraySlice<Expression>, _ operation: BinaryOperator) -> Expression {
        let middle = (operands.startIndex + operands.endIndex + 1) / 2
        guard operands.count > 1, middle < operands.endIndex else { return operands[operands.startIndex] }
        let left = balanced(operands[..<middle], operation)
        let right = balanced(operands[middle...], operation)
        return Expression(.binary(operation, left, right), left.range.lowerBound..<right.range.upperBound)
    }

    func balanced(
        _ operands: ArraySlice<LabelExpression>, _ join: (LabelExpression, LabelExpression) -> LabelExpression
    ) -> LabelExpression {
        let middle = (operands.startIndex + operands.endIndex + 1) / 2
        guard operands.count > 1, middle < operands.endIndex else { return operands[operands.startIndex] }
        return join(balanced(operands[..<middle], join), balanced(operands[middle...], join))
    }

    func comparisonOperator() -> ComparisonOperator? {
        switch kind {
        case .equal: .equal
        case .notEqual: .notEqual
        case .less: .less
        case .lessOrEqual: .lessOrEqual
        case .greater: .greater
        case .greaterOrEqual: .greaterOrEqual
        default: nil
        }
    }

    /// An integer that counts hops or paths.
    mutating func length() throws(SyntaxError) -> Int {
        let token = current
        advance()
        let value = try Literals.integer(bytes, token.range, isNegative: false)
        guard let result = Int(exactly: value) else { throw failure("IntegerOverflow", "The number is too large", token.range) }
        return result
    }

    /// What repeats the part of a path before it: `+`, `*`, `{n}`, `{n,}`, `{n,m}` or `{,m}`.
    mutating func quantifier() throws(SyntaxError) -> PatternLength? {
        if accept(.plus) { return PatternLength(min: 1, max: nil) }
        if accept(.star) { return PatternLength(min: 0, max: nil) }
        guard at(.openBrace) else { return nil }
        let opener = index
        advance()
        let least = at(.integer) ? try length() : nil
        guard accept(.comma) else {
            guard let least else { throw unexpected("a number or ','") }
            try close(opener, or: "','")
            return PatternLength(min: least, max: least)
        }
        let most = at(.integer) ? try length() : nil
        try close(opener, or: most == nil ? "a number" : "")
        if let least, let most, least > most {
            throw failure("InvalidRelationshipPattern", "The least number of repetitions is above the greatest", range(from: opener))
        }
        return PatternLength(min: least ?? 0, max: most)
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
        // A keyword in the wrong place is spelt right.
        if token.kind == .word && token.keyword == 0, let nearest = Suggestion.nearest(to: text(token), among: candidates) {
            message += ". Did you mean \(nearest)?"
        } else if let remedy = remedy(for: token) {
            message += ". " + remedy
        }
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
}

/// About where the caller's frame is on the stack.
@inline(never)
package func stackAddress() -> UInt {
    var marker: UInt8 = 0
    return withUnsafeMutablePointer(to: &marker) { UInt(bitPattern: $0) }
}
