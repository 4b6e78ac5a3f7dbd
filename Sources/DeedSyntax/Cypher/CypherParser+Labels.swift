// Label expressions: `:A`, `:A:B`, `:A|B&!C`, `:!(A|B)`, `:%`, and `IS A|B`.

extension CypherParser {
    /// What stands behind `:` (which is at hand) or `IS` (which has been taken). `:A:B` means `:A&B`.
    mutating func labelExpression() throws(SyntaxError) -> LabelExpression {
        _ = accept(.colon)
        let first = try labelAlternatives()
        guard at(.colon) else { return first }
        var conjuncts = [first]
        while accept(.colon) { conjuncts.append(try labelAlternatives()) }
        return balanced(conjuncts[...]) { .and($0, $1) }
    }

    /// Types of a relationship, where `:A|:B` is an old form of `:A|B`.
    mutating func typeExpression() throws(SyntaxError) -> LabelExpression? {
        guard at(.colon) || at(.is) && peek(1).kind != .closeBracket else { return nil }
        advance()
        let result = try labelAlternatives()
        if at(.colon) { throw failure("A relationship has one type; alternatives are written as :A|B") }
        return result
    }

    private mutating func labelAlternatives() throws(SyntaxError) -> LabelExpression {
        let first = try labelConjunction()
        guard at(.bar) && !barEndsExpression else { return first }
        var alternatives = [first]
        while accept(.bar) {
            _ = accept(.colon)
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
        guard at(.openParenthesis) else { return .name(try name("a label or type")) }
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
