// What the expressions of all languages have alike: CASE, and expressions of labels. Where names, nested expressions and bars differ,
// the parser of the language says how.

protocol ExpressionKeyword: KeywordCode {
    static var when: Self { get }
    static var then: Self { get }
    static var `else`: Self { get }
    static var end: Self { get }
}

protocol ExpressionParser: TokenParser where Word: ExpressionKeyword {
    /// True where a bar ends the expression, and is no part of `x:A`.
    var barEndsExpression: Bool { get set }
    /// True if `:A|:B` is an old form of `:A|B`.
    static var repeatsColon: Bool { get }

    mutating func nestedExpression() throws(SyntaxError) -> Expression
    /// The name of a label or type.
    mutating func labelName() throws(SyntaxError) -> Name
}

extension ExpressionParser {
    // MARK: CASE

    mutating func caseExpression() throws(SyntaxError) -> Expression {
        let first = index
        advance()
        let subject = at(.when) ? nil : try nestedExpression()
        var branches: [(when: Expression, then: Expression)] = []
        while accept(.when) {
            let condition = try nestedExpression()
            try expect(.then)
            branches.append((condition, try nestedExpression()))
        }
        if branches.isEmpty { throw unexpected("WHEN", candidates: ["WHEN"]) }
        let otherwise = accept(.else) ? try nestedExpression() : nil
        if !accept(.end) {
            let wanted = otherwise == nil ? "WHEN, ELSE or END" : "END"
            throw unexpected(wanted, candidates: ["WHEN", "ELSE", "END", "THEN"])
        }
        return Expression(.caseWhen(subject: subject, branches: branches, otherwise: otherwise), range(from: first))
    }

    // MARK: Labels

    /// `A|B&!C`
    mutating func labelAlternatives() throws(SyntaxError) -> LabelExpression {
        let first = try labelConjunction()
        guard at(.bar) && !barEndsExpression else { return first }
        var alternatives = [first]
        while accept(.bar) {
            if Self.repeatsColon { _ = accept(.colon) }
            alternatives.append(try labelConjunction())
        }
        return balanced(alternatives[...]) { .or($0, $1) }
    }

    private mutating func labelConjunction() throws(SyntaxError) -> LabelExpression {
        let first = try negatedLabel()
        guard at(.ampersand) else { return first }
        var conjuncts = [first]
        while accept(.ampersand) { conjuncts.append(try negatedLabel()) }
        return balanced(conjuncts[...]) { .and($0, $1) }
    }

    private mutating func negatedLabel() throws(SyntaxError) -> LabelExpression {
        var isNegated = false
        // Two negations are none.
        while accept(.exclamation) { isNegated.toggle() }
        let operand = try labelOperand()
        return isNegated ? .not(operand) : operand
    }

    private mutating func labelOperand() throws(SyntaxError) -> LabelExpression {
        if accept(.percent) { return .any }
        guard at(.openParenthesis) else { return .name(try labelName()) }
        let opener = index
        advance()
        try enter()
        let outer = barEndsExpression
        barEndsExpression = false
        let inner = try labelAlternatives()
        barEndsExpression = outer
        leave()
        try close(opener, or: "'|', '&'")
        return inner
    }
}
