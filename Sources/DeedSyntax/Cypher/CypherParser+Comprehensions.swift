// Expressions that have variables of their own, and those that have patterns or whole queries inside.

extension CypherParser {
    /// `[variable IN list WHERE filter | projection]`
    mutating func listComprehension() throws(SyntaxError) -> Expression {
        let opener = index
        advance()
        let variable = try name("a variable")
        try expect(.in)
        let list = try expressionBeforeBar()
        let filter = accept(.where) ? try expressionBeforeBar() : nil
        let projection = accept(.bar) ? try nestedExpression() : nil
        if filter == nil && projection == nil && at(.comma) {
            // `[x IN list, y]` is a list that begins with a test.
            throw failure("This reads as a list comprehension; put the test with IN into parentheses", tokens[opener].range)
        }
        try close(opener, or: projection != nil ? "an operator" : filter == nil ? "WHERE, '|'" : "'|'")
        return Expression(
            .listComprehension(variable: variable, list: list, filter: filter, projection: projection), range(from: opener))
    }

    /// `[path = (a)-->(b) WHERE filter | projection]`; nil if it is no such thing.
    mutating func patternComprehension() throws(SyntaxError) -> Expression? {
        let opener = index
        let hasVariable = isName(peek(1)) && peek(2).kind == .equal && isPattern(at: index + 3)
        // Without a variable it may still be a list of patterns: `[(a)-->(b), (a)-->(c)]`.
        guard hasVariable || isPattern(at: index + 1) && hasBar(inBracket: opener) else { return nil }
        advance()
        try enter()
        let path = try path(in: .expression)
        leave()
        let filter = accept(.where) ? try expressionBeforeBar() : nil
        try expect(.bar, " and what to make of each match")
        let projection = try nestedExpression()
        try close(opener, or: "an operator")
        return Expression(.patternComprehension(path, filter: filter, projection: projection), range(from: opener))
    }

    /// Whether a bar stands directly within the bracket. Looking goes around the brackets inside, so that nested ones are
    /// not gone through again and again.
    private func hasBar(inBracket opener: Int) -> Bool {
        var position = opener + 1
        while position < tokens.count {
            let token = tokens[position]
            switch token.kind {
            case .bar: return true
            case .closeBracket, .closeParenthesis, .closeBrace, .endOfText, .comma: return false
            default: position = max(position, Int(token.partner)) + 1
            }
        }
        return false
    }

    /// `ALL (variable IN list WHERE predicate)`
    mutating func quantified(_ quantifier: Quantifier) throws(SyntaxError) -> Expression {
        let first = index
        advance()
        let opener = index
        advance()
        let variable = try name("a variable")
        try expect(.in)
        let list = try nestedExpression()
        try expect(.where, " and a condition on \(variable.text)")
        let predicate = try nestedExpression()
        try close(opener, or: "an operator")
        return Expression(
            .quantifier(quantifier, variable: variable, list: list, predicate: predicate), range(from: first))
    }

    /// `reduce(accumulator = initial, variable IN list | body)`
    mutating func reduction() throws(SyntaxError) -> Expression {
        let first = index
        advance()
        let opener = index
        advance()
        let accumulator = try name("a variable")
        try expect(.equal)
        let initial = try nestedExpression()
        try expect(.comma)
        let variable = try name("a variable")
        try expect(.in)
        let list = try expressionBeforeBar()
        try expect(.bar)
        let body = try nestedExpression()
        try close(opener, or: "an operator")
        return Expression(
            .reduce(accumulator: accumulator, initial: initial, variable: variable, list: list, body: body), range(from: first))
    }

    // MARK: Patterns as expressions

    /// A pattern as a condition: `(a)-[:T]->(b)`.
    mutating func patternExpression() throws(SyntaxError) -> Expression {
        let first = index
        try enter()
        let path = try path(in: .expression)
        leave()
        return Expression(.pattern(path), range(from: first))
    }

    mutating func shortestPathExpression() throws(SyntaxError) -> Expression {
        let first = index
        try enter()
        let path = try path(in: .expression)
        leave()
        return Expression(.shortestPath(path), range(from: first))
    }

    // MARK: Subqueries

    /// `EXISTS { MATCH ... }`, or with a bare pattern in the braces, which becomes a query of one MATCH.
    mutating func subquery(_ kind: SubqueryKind) throws(SyntaxError) -> Expression {
        let first = index
        advance()
        let opener = index
        advance()
        try enter(SyntaxLimits.nestingOfSubquery)
        let outer = barEndsExpression
        barEndsExpression = false
        let query = beginsPattern() && kind != .collect ? try patternQuery() : try query(in: kind == .collect ? .collect : .predicate)
        barEndsExpression = outer
        leave(SyntaxLimits.nestingOfSubquery)
        try close(opener, or: "a clause")
        return Expression(.subquery(kind, query), range(from: first))
    }

    private func beginsPattern() -> Bool {
        at(.openParenthesis) || isName(current) && peek(1).kind == .equal || isSelector() || at(.shortestPath) || at(.allShortestPaths)
    }

    private mutating func patternQuery() throws(SyntaxError) -> Query {
        let first = index
        let patterns = try commaSeparated { (parser) throws(SyntaxError) in try parser.path(in: .match) }
        let predicate = try whereClause()
        let range = range(from: first)
        let clause = Clause(.match(optional: false, patterns, predicate: predicate, hints: []), range)
        return Query(parts: [SingleQuery(clauses: [clause], range: range)], all: [], range: range)
    }
}
