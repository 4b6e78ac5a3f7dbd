// Operands of SQL's expressions: literals, names, and everything in brackets.

extension SQLParser {
    mutating func primary() throws(SyntaxError) -> Expression {
        switch kind {
        case .word where current.keyword != 0: return try keywordOperand()
        case .word, .quotedWord: return try namedOperand()
        case .integer, .float, .malformedNumber, .string, .parameter: return try literal()
        case .colon where isNamedParameter(): return try namedParameter()
        case .openParenthesis: return try parenthesized()
        case .openBracket: throw failure("A list is written as ARRAY[...]")
        case .openBrace: throw failure("A map is written as a string of JSON")
        default: throw unexpected("an expression")
        }
    }

    private mutating func keywordOperand() throws(SyntaxError) -> Expression {
        let next = peek(1).kind
        switch keyword {
        case .null: return taken(.null)
        case .true: return taken(.bool(true))
        case .false: return taken(.bool(false))
        case .default: return taken(.sql(.default))
        case .case: return try caseExpression()
        case .cast: return try cast()
        case .exists where next == .openParenthesis: return try exists()
        case .array: return try array()
        case .row where next == .openParenthesis: return try rowConstructor()
        case .currentCatalog, .currentDate, .currentRole, .currentTime, .currentTimestamp, .currentUser, .localTime,
            .localTimestamp, .sessionUser, .user, .currentSchema:
            return try sessionValue()
        case .interval where next == .string || next == .openParenthesis: return try interval()
        case .time, .timestamp:
            if isTypedLiteral() { return try typedLiteral() }
        case .double where isAhead(1, .precision) && peek(2).kind == .string,
            .character where isAhead(1, .varying) && peek(2).kind == .string:
            return try typedLiteral()
        default: break
        }
        if next == .openParenthesis, let form = try specialForm() { return form }
        return try namedOperand()
    }

    // MARK: Names

    private mutating func namedOperand() throws(SyntaxError) -> Expression {
        if isCall() { return try functionCall() }
        if peek(1).kind == .string && at(.word) && SQLKeyword.namesFunctions(current.keyword) { return try typedLiteral() }
        guard namesColumn(current) else { throw unexpected("an expression") }
        let name = try name("a column")
        return Expression(.variable(name.text), name.range)
    }

    /// Whether a name, perhaps with schemas, and a parenthesis are ahead.
    private func isCall() -> Bool {
        var ahead = 1
        while peek(ahead).kind == .dot && isName(peek(ahead + 1)) { ahead += 2 }
        guard peek(ahead).kind == .openParenthesis else { return false }
        return ahead > 1 ? namesColumn(current) : current.kind == .quotedWord || SQLKeyword.namesFunctions(current.keyword)
    }

    // MARK: Literals

    private mutating func literal() throws(SyntaxError) -> Expression {
        let token = current
        switch token.kind {
        case .string: return try string()
        case .parameter: return taken(.parameter(parameterName(token)))
        default:
            if let kind = number(token, isNegative: false) { return taken(kind) }
            throw failure(
                "InvalidNumberLiteral", "\(description(of: token)) is no number; names do not begin with a digit", token.range)
        }
    }

    /// nil where the token is no number, or one that a float cannot hold.
    func number(_ token: Token, isNegative: Bool) -> Expression.Kind? {
        guard token.kind != .malformedNumber else { return nil }
        if token.kind == .integer, let value = SQLLiterals.integer(bytes, token.range, isNegative: isNegative) {
            return .integer(value)
        }
        let digits = (isNegative ? "-" : "") + SQLLiterals.number(bytes, token.range)
        let isDecimal = !digits.utf8.contains { $0 | 0x20 == UInt8(ascii: "e") }
        // Hexadecimal ones beyond 64 bits are not worth more than an error.
        if digits.utf8.contains(where: { $0 | 0x20 == UInt8(ascii: "x") }) { return nil }
        if isDecimal { return .sql(.decimal(digits)) }
        // A dot needs no digits behind it here.
        guard let value = Double(digits.replacingDotBeforeExponent()), value.isFinite else { return nil }
        return .float(value)
    }

    private mutating func parameterName(_ token: Token) -> String {
        guard bytes[Int(token.start)] == UInt8(ascii: "?") else {
            return Literals.text(bytes, Int(token.start) + 1..<Int(token.end))
        }
        unnamedParameters += 1
        return String(unnamedParameters)
    }

    /// Whether a name directly follows the colon at hand.
    func isNamedParameter() -> Bool {
        peek(1).kind == .word && peek(1).start == current.end
    }

    private mutating func namedParameter() throws(SyntaxError) -> Expression {
        let first = index
        advance()
        let name = try label("a parameter")
        return Expression(.parameter(name.text), range(from: first))
    }

    /// A string, and those behind it that are separated from it by the end of a line.
    mutating func string() throws(SyntaxError) -> Expression {
        let first = index
        var text = try oneString()
        while at(.string), bytes[Int(current.start)] == UInt8(ascii: "'"), isLineBetween(index - 1, index) {
            text += try oneString()
        }
        return Expression(.string(text), range(from: first))
    }

    private mutating func oneString() throws(SyntaxError) -> String {
        guard at(.string) else { throw unexpected("a string") }
        let token = current
        advance()
        guard at(.uescape), bytes[Int(token.start)] | 0x20 == UInt8(ascii: "u") else {
            return try SQLLiterals.string(bytes, token.range)
        }
        advance()
        let escape = at(.string) ? try SQLLiterals.string(bytes, current.range) : ""
        guard let byte = escape.utf8.first, escape.utf8.count == 1, !isHexadecimalDigit(byte), byte != UInt8(ascii: "+") else {
            throw failure("UESCAPE needs a string of one character that is no hexadecimal digit")
        }
        advance()
        return try SQLLiterals.string(bytes, token.range, escape: byte)
    }

    private func isLineBetween(_ first: Int, _ second: Int) -> Bool {
        bytes[Int(tokens[first].end)..<Int(tokens[second].start)].contains { $0 == 0x0A || $0 == 0x0D }
    }

    // MARK: Literals with types

    /// Whether TIME or TIMESTAMP, which is at hand, begins a literal.
    private func isTypedLiteral() -> Bool {
        var ahead = 1
        if peek(1).kind == .openParenthesis {
            guard peek(2).kind == .integer && peek(3).kind == .closeParenthesis else { return false }
            ahead = 4
        }
        if isAhead(ahead, .with) || isAhead(ahead, .without), isAhead(ahead + 1, .time) && isAhead(ahead + 2, .zone) { ahead += 3 }
        return peek(ahead).kind == .string
    }

    /// `DATE '2020-01-01'`
    private mutating func typedLiteral() throws(SyntaxError) -> Expression {
        let first = index
        let type = try typeName()
        let text = try string()
        return Expression(.sql(.cast(text, type)), range(from: first))
    }

    /// `INTERVAL '1 day'`, `INTERVAL '3' MONTH`, whose unit becomes part of the string.
    private mutating func interval() throws(SyntaxError) -> Expression {
        let first = index
        let name = try typeNameOfInterval()
        let text = try string()
        guard case .string(let value) = text.kind else { return text }
        let fields = try intervalFields()
        if fields != nil && at(.openParenthesis) {
            let opener = index
            advance()
            _ = try signedInteger()
            try close(opener)
        }
        let whole = Expression(.string(fields.map { "\(value) \($0)" } ?? value), text.range)
        return Expression(.sql(.cast(whole, name)), range(from: first))
    }

    private mutating func typeNameOfInterval() throws(SyntaxError) -> TypeName {
        let first = index
        advance()
        var precision: [Int64] = []
        if at(.openParenthesis) {
            let opener = index
            advance()
            precision = [try signedInteger()]
            try close(opener)
        }
        return TypeName(name: "interval", arguments: precision, listDepth: 0, range: range(from: first))
    }

    // MARK: Brackets

    /// An expression, a row or a query in parentheses.
    private mutating func parenthesized() throws(SyntaxError) -> Expression {
        let opener = index
        if isQuery(at: opener) {
            let query = try parenthesizedQuery()
            return Expression(.sql(.scalar(query)), range(from: opener))
        }
        advance()
        let inner = try nestedExpression()
        guard at(.comma) else {
            try close(opener, or: "an operator")
            return inner
        }
        var items = [inner]
        while accept(.comma) { items.append(try nestedExpression()) }
        try close(opener, or: "','")
        return Expression(.sql(.row(items)), range(from: opener))
    }

    private mutating func rowConstructor() throws(SyntaxError) -> Expression {
        let first = index
        advance()
        let items = try parenthesizedExpressions()
        return Expression(.sql(.row(items)), range(from: first))
    }

    /// `(a, b)`; perhaps with nothing inside.
    mutating func parenthesizedExpressions() throws(SyntaxError) -> [Expression] {
        let opener = index
        try expect(.openParenthesis)
        var items: [Expression] = []
        if !at(.closeParenthesis) {
            items = try commaSeparated { (parser) throws(SyntaxError) in try parser.nestedExpression() }
        }
        try close(opener, or: "','")
        return items
    }

    private mutating func exists() throws(SyntaxError) -> Expression {
        let first = index
        advance()
        guard isQuery(at: index) else {
            advance()
            throw unexpected("a query", candidates: ["SELECT", "VALUES", "WITH"])
        }
        let query = try parenthesizedQuery()
        return Expression(.sql(.exists(query)), range(from: first))
    }

    /// `ARRAY[1, 2]`, `ARRAY[[1], [2]]` and `ARRAY(SELECT ...)`.
    private mutating func array() throws(SyntaxError) -> Expression {
        let first = index
        advance()
        if isQuery(at: index) {
            let query = try parenthesizedQuery()
            return Expression(.sql(.array(query)), range(from: first))
        }
        guard at(.openBracket) else { throw unexpected("'[' or a query in parentheses") }
        let items = try bracketedItems()
        return Expression(.list(items), range(from: first))
    }

    private mutating func bracketedItems() throws(SyntaxError) -> [Expression] {
        let opener = index
        advance()
        var items: [Expression] = []
        if !at(.closeBracket) {
            items = try commaSeparated { (parser) throws(SyntaxError) in
                parser.at(.openBracket) ? try parser.nestedList() : try parser.nestedExpression()
            }
        }
        try close(opener, or: "','")
        return items
    }

    private mutating func nestedList() throws(SyntaxError) -> Expression {
        let first = index
        try enter()
        let outerHeight = height
        height = 0
        let items = try bracketedItems()
        try grow()
        height = max(height, outerHeight)
        leave()
        return Expression(.list(items), range(from: first))
    }
}

extension String {
    /// `1.e5` as `1.0e5`, which is how floats are read.
    fileprivate func replacingDotBeforeExponent() -> String {
        var result = ""
        var isAfterDot = false
        for character in self {
            if isAfterDot && (character == "e" || character == "E") { result.append("0") }
            isAfterDot = character == "."
            result.append(character)
        }
        return result
    }
}
