// The tests of SQL: IS, IN, BETWEEN, LIKE, and comparisons with ANY and ALL.

extension SQLParser {
    /// IS NULL, IS TRUE, IS DISTINCT FROM, ISNULL, NOTNULL, and NOT NULL, which others have for the latter.
    mutating func isPredicate(_ left: Expression) throws(SyntaxError) -> Expression {
        try grow()
        if accept(.isNull) { return joined(left, .isNull(left, negated: false)) }
        if accept(.notNull) || accept(.not, .null) { return joined(left, .isNull(left, negated: true)) }
        advance()
        let negated = accept(.not)
        switch keyword {
        case .null:
            advance()
            return joined(left, .isNull(left, negated: negated))
        case .true, .false, .unknown:
            let value = at(.unknown) ? nil : at(.true)
            advance()
            return joined(left, .sql(.isTruth(left, value, negated: negated)))
        case .distinct:
            advance()
            try expect(.from)
            let right = try operators(.comparison)
            try grow()
            return joined(left, .sql(.isDistinct(left, from: right, negated: negated)))
        default:
            let wanted = ["NULL", "TRUE", "FALSE", "UNKNOWN", "DISTINCT"]
            throw unexpected((negated ? "" : "NOT, ") + "NULL, TRUE, FALSE, UNKNOWN or DISTINCT FROM", candidates: wanted)
        }
    }

    /// [NOT] IN, BETWEEN, LIKE, ILIKE, SIMILAR TO; OVERLAPS.
    mutating func predicate(_ left: Expression) throws(SyntaxError) -> Expression {
        let negated = accept(.not)
        let result: Expression
        switch keyword {
        case .in: result = try membership(left, negated: negated)
        case .between: result = try between(left, negated: negated)
        case .overlaps: result = try overlaps(left)
        default: result = try like(left, negated: negated)
        }
        try grow()
        return result
    }

    private mutating func membership(_ left: Expression, negated: Bool) throws(SyntaxError) -> Expression {
        advance()
        let opener = index
        guard at(.openParenthesis) else { throw unexpected("'(' and a list or a query") }
        // PostgreSQL wants at least one value; others take a list without any, which has one meaning only.
        let test: Expression
        if isQuery(at: opener) {
            let query = try parenthesizedQuery()
            test = joined(left, .sql(.compareQuery(left, .equal, .any, query)))
        } else {
            let items = try parenthesizedExpressions()
            test = joined(left, .binary(.in, left, Expression(.list(items), range(from: opener))))
        }
        guard negated else { return test }
        try grow()
        return Expression(.unary(.not, test), test.range)
    }

    private mutating func between(_ left: Expression, negated: Bool) throws(SyntaxError) -> Expression {
        advance()
        let isSymmetric = accept(.symmetric)
        if !isSymmetric { _ = accept(.asymmetric) }
        let low = try operators(.other)
        try expect(.and, " and the upper bound")
        let high = try operators(.other)
        return joined(left, .sql(.between(left, low: low, high: high, isSymmetric: isSymmetric, negated: negated)))
    }

    private mutating func like(_ left: Expression, negated: Bool) throws(SyntaxError) -> Expression {
        let kind: LikeOperator
        if accept(.like) {
            kind = .like
        } else if accept(.ilike) {
            kind = .ilike
        } else {
            advance()
            try expect(.to)
            kind = .similar
        }
        if quantity() != nil { throw failure("ANY and ALL go with = <> < <= > and >= only") }
        let pattern = try operators(.other)
        let escape = accept(.escape) ? try operators(.other) : nil
        return joined(left, .sql(.like(left, kind, pattern: pattern, escape: escape, negated: negated)))
    }

    private mutating func overlaps(_ left: Expression) throws(SyntaxError) -> Expression {
        let place = current.range
        advance()
        let right = try operators(.other)
        guard case .sql(.row(let first)) = left.kind, case .sql(.row(let second)) = right.kind, first.count == 2, second.count == 2
        else { throw failure("OVERLAPS compares two rows of two values: (start, end) OVERLAPS (start, end)", place) }
        return joined(left, call("overlaps", place, first + second))
    }

    // MARK: ANY and ALL

    /// ANY, SOME or ALL with a parenthesis behind.
    func quantity() -> Quantity? {
        guard peek(1).kind == .openParenthesis else { return nil }
        switch keyword ?? .notKeyword {
        case .any, .some: return .any
        case .all: return .all
        default: return nil
        }
    }

    /// `x = ANY (SELECT ...)` and `x = ANY (list)`, with ANY at hand.
    mutating func quantified(
        _ left: Expression, _ operation: ComparisonOperator, _ quantity: Quantity
    ) throws(SyntaxError) -> Expression {
        advance()
        if isQuery(at: index) {
            let query = try parenthesizedQuery()
            return joined(left, .sql(.compareQuery(left, operation, quantity, query)))
        }
        let opener = index
        advance()
        let list = try nestedExpression()
        try close(opener, or: "an operator")
        return joined(left, .sql(.compareList(left, operation, quantity, list)))
    }
}
