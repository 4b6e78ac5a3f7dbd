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

    mutating func labelName() throws(SyntaxError) -> Name { try name("a label or type") }
}
