// Operators of expressions, by precedence climbing.
//
// From weak to strong: OR, XOR, AND, NOT, comparisons (a chain is one node), IN and the tests of strings and null,
// + - ||, * / %, ^, signs, and what stands behind an operand: .key [index] {projection} :Label. Operators of one strength
// group to the left, ^ too, and a sign binds closer than ^, as openCypher has it: -2 ^ 2 is 4.

/// How strongly an operator binds.
private enum Strength: Int, Comparable {
    case or, xor, and, not, comparison, predicate, sum, product, power, sign

    static func < (a: Strength, b: Strength) -> Bool { a.rawValue < b.rawValue }
    var next: Strength { Strength(rawValue: rawValue + 1) ?? .sign }
}

extension CypherParser {
    /// An expression, up to whatever cannot belong to one.
    mutating func expression() throws(SyntaxError) -> Expression {
        try operators(.or)
    }

    /// An expression within brackets of any kind, where a bar means alternatives again.
    mutating func nestedExpression() throws(SyntaxError) -> Expression {
        let outer = barEndsExpression
        barEndsExpression = false
        try enter()
        let result = try operators(.or)
        leave()
        barEndsExpression = outer
        return result
    }

    /// An expression with a bar behind it that ends it: `[x IN list WHERE x:A | x.name]`.
    mutating func expressionBeforeBar() throws(SyntaxError) -> Expression {
        let outer = barEndsExpression
        barEndsExpression = true
        try enter()
        let result = try operators(.or)
        leave()
        barEndsExpression = outer
        return result
    }

    /// An operand and the operators behind it that bind at least so strongly.
    private mutating func operators(_ weakest: Strength) throws(SyntaxError) -> Expression {
        let outerHeight = height
        height = 0
        var left = at(.not) && weakest <= .not ? try negation() : try signedExpression()
        while let strength = currentStrength(), strength >= weakest {
            switch strength {
            case .or: left = try connective(left, .or, .or, strength)
            case .xor: left = try connective(left, .xor, .xor, strength)
            case .and: left = try connective(left, .and, .and, strength)
            case .comparison: left = try comparison(left)
            case .predicate: left = try predicate(left)
            case .not, .sum, .product, .power, .sign: left = try arithmetic(left, strength)
            }
        }
        height = max(height, outerHeight)
        return left
    }

    /// The strength of the operator at hand; nil where there is none.
    private func currentStrength() -> Strength? {
        let token = current
        switch token.kind {
        case .word:
            switch Keyword(rawValue: token.keyword) {
            case .or: return .or
            case .xor: return .xor
            case .and: return .and
            case .in, .is, .contains: return .predicate
            case .starts, .ends: return peek(1).keyword == Keyword.with.rawValue ? .predicate : nil
            default: return nil
            }
        case .equal, .notEqual, .less, .lessOrEqual, .greater, .greaterOrEqual: return .comparison
        case .equalTilde: return .predicate
        case .plus, .minus, .doubleBar: return .sum
        case .star, .slash, .percent: return .product
        case .caret: return .power
        default: return nil
        }
    }

    /// AND, OR and XOR are associative with null too, and are evaluated from left to right whatever the tree's shape: a
    /// balanced one lets a query have thousands of conditions.
    private mutating func connective(
        _ first: Expression, _ keyword: Keyword, _ operation: BinaryOperator, _ strength: Strength
    ) throws(SyntaxError) -> Expression {
        var operands = [first]
        while accept(keyword) { operands.append(try operators(strength.next)) }
        try grow(Int.bitWidth - (operands.count - 1).leadingZeroBitCount)
        return balanced(operands[...], operation)
    }

    private mutating func negation() throws(SyntaxError) -> Expression {
        let first = index
        while accept(.not) {}
        let count = index - first
        var operand = try operators(.comparison)
        try grow(count)
        for offset in 1...count {
            let start = Int(tokens[first + count - offset].start)
            operand = Expression(.unary(.not, operand), start..<operand.range.upperBound)
        }
        return operand
    }

    private mutating func comparison(_ first: Expression) throws(SyntaxError) -> Expression {
        var rest: [(ComparisonOperator, Expression)] = []
        while let operation = comparisonOperator() {
            advance()
            rest.append((operation, try operators(.predicate)))
        }
        try grow()
        return joined(first, .comparison(first: first, rest: rest))
    }

    private mutating func arithmetic(_ left: Expression, _ strength: Strength) throws(SyntaxError) -> Expression {
        let operation: BinaryOperator =
            switch kind {
            case .plus: .add
            case .minus: .subtract
            case .doubleBar: .concatenate
            case .star: .multiply
            case .slash: .divide
            case .percent: .modulo
            default: .power
            }
        advance()
        let right = try operators(strength.next)
        try grow()
        return joined(left, .binary(operation, left, right))
    }

    /// IN, STARTS WITH, ENDS WITH, CONTAINS, =~, IS NULL and IS Label.
    private mutating func predicate(_ left: Expression) throws(SyntaxError) -> Expression {
        let operation: BinaryOperator
        switch Keyword(rawValue: current.keyword) {
        case .is: return try isPredicate(left)
        case .in: operation = .in
        case .contains: operation = .contains
        case .starts: operation = .startsWith
        case .ends: operation = .endsWith
        default: operation = .matches
        }
        if operation == .startsWith || operation == .endsWith { advance() }
        advance()
        let right = try operators(.sum)
        try grow()
        return joined(left, .binary(operation, left, right))
    }

    private mutating func isPredicate(_ left: Expression) throws(SyntaxError) -> Expression {
        advance()
        try grow()
        if accept(.null) { return joined(left, .isNull(left, negated: false)) }
        if accept(.not) {
            try expect(.null)
            return joined(left, .isNull(left, negated: true))
        }
        if at(.doubleColon) || at(.typed) { throw failure("Tests of types (IS :: INTEGER) are not supported") }
        let labels = try labelExpression()
        return joined(left, .hasLabels(left, labels))
    }

    // MARK: Signs and what stands behind operands

    private mutating func signedExpression() throws(SyntaxError) -> Expression {
        guard at(.minus) || at(.plus) else { return try postfixExpression() }
        let first = index
        while at(.minus) || at(.plus) { advance() }
        var last = index - 1
        var operand: Expression
        if at(.integer) || at(.float), let number = try negatedNumber(last) {
            operand = number
            last -= 1
        } else {
            operand = try postfixExpression()
        }
        try grow(last - first + 1)
        while last >= first {
            let sign: UnaryOperator = tokens[last].kind == .minus ? .minus : .plus
            operand = Expression(.unary(sign, operand), Int(tokens[last].start)..<operand.range.upperBound)
            last -= 1
        }
        return operand
    }

    /// A minus and the number behind it are one literal, else the smallest integer could not be written. Not where
    /// something follows the number that binds closer, or where the number became a parameter.
    private mutating func negatedNumber(_ minus: Int) throws(SyntaxError) -> Expression? {
        let token = current
        guard tokens[minus].kind == .minus, liftedName(token) == nil else { return nil }
        switch peek(1).kind {
        case .dot, .openBracket, .colon, .openBrace: return nil
        default: break
        }
        let range = Int(tokens[minus].start)..<Int(token.end)
        let kind: Expression.Kind
        if token.kind == .integer {
            let magnitude = try Literals.integer(bytes, token.range, isNegative: true)
            kind = .integer(magnitude == .min ? .min : -magnitude)
        } else {
            kind = .float(-(try Literals.float(bytes, token.range)))
        }
        advance()
        height = max(height, 1)
        return Expression(kind, range)
    }

    /// An operand with all that stands behind it: `n.list[0].name:Label`.
    mutating func postfixExpression() throws(SyntaxError) -> Expression {
        let outerHeight = height
        height = 0
        var result = try primary()
        try grow()
        while try appendPostfix(to: &result) { try grow() }
        height = max(height, outerHeight)
        return result
    }

    /// False where nothing that belongs to the operand stands behind it.
    private mutating func appendPostfix(to result: inout Expression) throws(SyntaxError) -> Bool {
        switch kind {
        case .dot:
            advance()
            let key = try name("the name of a property")
            result = joined(result, .property(result, key))
        case .openBracket:
            result = try subscripted(result)
        case .colon:
            let labels = try labelExpression()
            result = joined(result, .hasLabels(result, labels))
        case .openBrace:
            guard case .variable = result.kind else { return false }
            result = try mapProjection(result)
        case .doubleColon:
            throw failure("Conversions by '::' are not supported; use toInteger() and the like")
        default:
            return false
        }
        return true
    }

    private mutating func subscripted(_ subject: Expression) throws(SyntaxError) -> Expression {
        let opener = index
        advance()
        let from = at(.dotDot) ? nil : try nestedExpression()
        if accept(.dotDot) {
            let to = at(.closeBracket) ? nil : try nestedExpression()
            try close(opener)
            return joined(subject, .slice(subject, from: from, to: to))
        }
        try close(opener, or: "'..'")
        guard let from else { return subject }
        return joined(subject, .element(subject, index: from))
    }

    private mutating func mapProjection(_ subject: Expression) throws(SyntaxError) -> Expression {
        let opener = index
        advance()
        var items: [MapProjectionItem] = []
        if !at(.closeBrace) {
            items = try commaSeparated { (parser) throws(SyntaxError) in try parser.mapProjectionItem() }
        }
        try close(opener, or: "','")
        return joined(subject, .mapProjection(subject, items))
    }

    private mutating func mapProjectionItem() throws(SyntaxError) -> MapProjectionItem {
        if accept(.dot) {
            return accept(.star) ? .all : .property(try name("the name of a property or '*'"))
        }
        let key = try name("'.', a key or a variable")
        guard accept(.colon) else { return .variable(key) }
        return .entry(key, try nestedExpression())
    }
}
