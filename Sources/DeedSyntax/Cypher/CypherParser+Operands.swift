// Operands: literals, names, calls, and everything in brackets.

extension CypherParser {
    mutating func primary() throws(SyntaxError) -> Expression {
        switch kind {
        case .word where current.keyword != 0: return try keywordOperand()
        case .word, .quotedWord: return isCall() ? try call() : try variable()
        case .integer, .float, .string, .malformedNumber, .parameter: return try literal()
        case .openParenthesis: return try isPattern() ? patternExpression() : parenthesized()
        case .openBracket: return try bracketed()
        case .openBrace: return try map()
        default: throw unexpected("an expression")
        }
    }

    private mutating func keywordOperand() throws(SyntaxError) -> Expression {
        let next = peek(1).kind
        switch Keyword(rawValue: current.keyword) ?? .notKeyword {
        case .null: return taken(.null)
        case .true: return taken(.bool(true))
        case .false: return taken(.bool(false))
        case .case: return try caseExpression()
        case .exists where next == .openBrace: return try subquery(.exists)
        case .count where next == .openBrace: return try subquery(.count)
        case .collect where next == .openBrace: return try subquery(.collect)
        case .count where next == .openParenthesis && peek(2).kind == .star: return try countOfRows()
        case .all where isIteration(2): return try quantified(.all)
        case .any where isIteration(2): return try quantified(.any)
        case .none where isIteration(2): return try quantified(.none)
        case .single where isIteration(2): return try quantified(.single)
        case .reduce where next == .openParenthesis && isName(peek(2)) && peek(3).kind == .equal: return try reduction()
        case .shortestPath where next == .openParenthesis, .allShortestPaths where next == .openParenthesis:
            return try shortestPathExpression()
        default: break
        }
        if isCall() { return try call() }
        if KeywordSet.neverVariables.contains(current.keyword) || !mayBeVariable() { throw unexpected("an expression") }
        return try variable()
    }

    private mutating func variable() throws(SyntaxError) -> Expression {
        let name = try name("a variable")
        return Expression(.variable(name.text), name.range)
    }

    /// Whether `name IN` is so many tokens ahead.
    private func isIteration(_ ahead: Int) -> Bool {
        peek(ahead - 1).kind != .word && isName(peek(ahead)) && peek(ahead + 1).keyword == Keyword.in.rawValue
    }

    /// A word that gives queries their structure is a variable only before what could not follow it otherwise; else
    /// `WHERE RETURN n` would look for a variable `RETURN`.
    private func mayBeVariable() -> Bool {
        guard KeywordSet.structure.contains(current.keyword) else { return true }
        let next = peek(1)
        switch next.kind {
        case .word: return KeywordSet.structure.contains(next.keyword) && next.keyword != Keyword.by.rawValue
        case .star: return !at(.return) && !at(.with)
        case .quotedWord, .integer, .float, .malformedNumber, .string, .parameter, .openParenthesis, .openBrace: return false
        default: return true
        }
    }

    // MARK: Literals

    /// The parameter that stands for the literal, if it was lifted out of the text.
    func liftedName(_ token: Token) -> String? {
        if lifted.isEmpty { return nil }
        var low = 0
        var high = lifted.count
        while low < high {
            let middle = (low + high) / 2
            if lifted[middle].offset < Int(token.start) { low = middle + 1 } else { high = middle }
        }
        guard low < lifted.count && lifted[low].offset == Int(token.start) else { return nil }
        return lifted[low].parameter
    }

    private mutating func literal() throws(SyntaxError) -> Expression {
        let token = current
        if let parameter = liftedName(token) { return taken(.parameter(parameter)) }
        switch token.kind {
        case .integer: return taken(.integer(try Literals.integer(bytes, token.range, isNegative: false)))
        case .float: return taken(.float(try Literals.float(bytes, token.range)))
        case .string: return taken(.string(try Literals.string(bytes, token.range)))
        case .parameter: return taken(.parameter(Literals.parameterName(bytes, token.range)))
        default:
            throw failure(
                "InvalidNumberLiteral", "\(description(of: token)) is no number; names do not begin with a digit", token.range)
        }
    }

    // MARK: Brackets

    private mutating func parenthesized() throws(SyntaxError) -> Expression {
        let opener = index
        advance()
        let inner = try nestedExpression()
        try close(opener, or: "an operator")
        return inner
    }

    private mutating func bracketed() throws(SyntaxError) -> Expression {
        if isName(peek(1)) && peek(2).keyword == Keyword.in.rawValue { return try listComprehension() }
        if let comprehension = try patternComprehension() { return comprehension }
        let opener = index
        advance()
        var items: [Expression] = []
        if !at(.closeBracket) {
            items = try commaSeparated { (parser) throws(SyntaxError) in try parser.nestedExpression() }
        }
        try close(opener, or: "','")
        return Expression(.list(items), range(from: opener))
    }

    private mutating func map() throws(SyntaxError) -> Expression {
        let opener = index
        advance()
        if isName(current) && peek(1).kind == .closeBrace {
            throw failure("A parameter is written as $\(text(current)), and a map as {key: value}", tokens[opener].range)
        }
        var entries: [(key: Name, value: Expression)] = []
        if !at(.closeBrace) {
            entries = try commaSeparated { (parser) throws(SyntaxError) in
                let key = try parser.name("a key")
                try parser.expect(.colon)
                return (key, try parser.nestedExpression())
            }
        }
        try close(opener, or: "','")
        return Expression(.map(entries), range(from: opener))
    }

    /// `{key: value}` or a parameter, as patterns have them.
    mutating func properties() throws(SyntaxError) -> Expression? {
        if at(.openBrace) {
            let outerHeight = height
            height = 0
            let result = try map()
            try grow()
            height = max(height, outerHeight)
            return result
        }
        return at(.parameter) ? try literal() : nil
    }

    // MARK: Calls

    /// Whether a name, perhaps with namespaces, and a parenthesis are ahead.
    private func isCall() -> Bool {
        var ahead = 1
        while peek(ahead).kind == .dot && isName(peek(ahead + 1)) { ahead += 2 }
        guard peek(ahead).kind == .openParenthesis else { return false }
        return ahead > 1 || !KeywordSet.structure.contains(current.keyword)
    }

    private mutating func call() throws(SyntaxError) -> Expression {
        let first = index
        let function = try qualifiedName("a function")
        let opener = index
        try expect(.openParenthesis)
        let isDistinct = at(.distinct)
        if isDistinct { advance() }
        var arguments: [Expression] = []
        if !at(.closeParenthesis) {
            arguments = try commaSeparated { (parser) throws(SyntaxError) in try parser.nestedExpression() }
        }
        try checkLegacyIteration(function)
        try close(opener, or: "','")
        return Expression(
            .call(FunctionCall(name: function, isDistinct: isDistinct, isStar: false, arguments: arguments)), range(from: first))
    }

    /// `filter(x IN list WHERE ...)` and `extract(x IN list | ...)` were taken out of Cypher; the others need a condition.
    private func checkLegacyIteration(_ function: Name) throws(SyntaxError) {
        guard at(.where) || at(.bar) else { return }
        throw failure(
            "\(function.text)(x IN list ...) is written as a list comprehension: [x IN list WHERE condition | value]", function.range)
    }

    private mutating func countOfRows() throws(SyntaxError) -> Expression {
        let first = index
        let function = try name("count")
        advance()
        advance()
        try close(first + 1)
        return Expression(
            .call(FunctionCall(name: function, isDistinct: false, isStar: true, arguments: [])), range(from: first))
    }
}
