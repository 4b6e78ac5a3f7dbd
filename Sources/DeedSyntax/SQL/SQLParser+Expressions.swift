// Operators of SQL's expressions, by precedence climbing.
//
// From weak to strong, as PostgreSQL has them: OR, AND, NOT, IS, comparisons (which do not chain), BETWEEN IN LIKE, all other
// operators, + -, * / %, ^, AT TIME ZONE, COLLATE, signs, and what stands behind an operand: [index] ::type .field.

/// How strongly an operator binds.
enum SQLStrength: Int, Comparable {
    case or, and, not, `is`, comparison, predicate, other, sum, product, power, timeZone, collate, sign

    static func < (a: SQLStrength, b: SQLStrength) -> Bool { a.rawValue < b.rawValue }
    var next: SQLStrength { SQLStrength(rawValue: rawValue + 1) ?? .sign }
}

extension SQLParser {
    /// An expression, up to whatever cannot belong to one.
    mutating func expression() throws(SyntaxError) -> Expression {
        try operators(.or)
    }

    /// An expression within brackets of any kind.
    mutating func nestedExpression() throws(SyntaxError) -> Expression {
        try enter()
        let result = try operators(.or)
        leave()
        return result
    }

    /// An operand and the operators behind it that bind at least so strongly.
    mutating func operators(_ weakest: SQLStrength) throws(SyntaxError) -> Expression {
        let outerHeight = height
        height = 0
        var left = try signedExpression()
        while let strength = currentStrength(), strength >= weakest {
            switch strength {
            case .or: left = try connective(left, .or, .or, strength)
            case .and: left = try connective(left, .and, .and, strength)
            case .is: left = try isPredicate(left)
            case .comparison: left = try comparison(left)
            case .predicate: left = try predicate(left)
            case .other: left = try otherOperator(left)
            case .timeZone, .collate: left = try suffix(left)
            case .not, .sum, .product, .power, .sign: left = try arithmetic(left, strength)
            }
        }
        height = max(height, outerHeight)
        return left
    }

    /// The strength of the operator at hand; nil where there is none.
    private func currentStrength() -> SQLStrength? {
        switch kind {
        case .word:
            switch keyword {
            case .or: return .or
            case .and: return .and
            case .is, .isNull, .notNull: return .is
            case .in, .between, .like, .ilike, .similar, .overlaps: return .predicate
            case .not:
                switch SQLKeyword(rawValue: peek(1).keyword) {
                case .in, .between, .like, .ilike, .similar: return .predicate
                case .null: return .is
                default: return nil
                }
            case .at: return isAhead(1, .time) ? .timeZone : nil
            case .collate: return .collate
            default: return nil
            }
        case .equal, .notEqual, .less, .lessOrEqual, .greater, .greaterOrEqual: return .comparison
        case .doubleBar, .arrow, .textArrow, .hashArrow, .textHashArrow, .contains, .containedIn, .overlaps, .hash, .shiftLeft,
            .shiftRight, .ampersand, .bar, .tilde, .tildeStar, .notTilde, .notTildeStar, .doubleTilde, .doubleTildeStar,
            .notDoubleTilde, .notDoubleTildeStar:
            return .other
        case .plus, .minus: return .sum
        case .star, .slash, .percent: return .product
        case .caret: return .power
        default: return nil
        }
    }

    /// AND and OR are associative with null too, and a balanced tree lets a query have thousands of conditions.
    private mutating func connective(
        _ first: Expression, _ keyword: SQLKeyword, _ operation: BinaryOperator, _ strength: SQLStrength
    ) throws(SyntaxError) -> Expression {
        var operands = [first]
        while accept(keyword) { operands.append(try operators(strength.next)) }
        try grow(Int.bitWidth - (operands.count - 1).leadingZeroBitCount)
        return balanced(operands[...], operation)
    }

    private mutating func comparison(_ left: Expression) throws(SyntaxError) -> Expression {
        guard let operation = comparisonOperator() else { return left }
        advance()
        if let quantity = quantity() {
            let result = try quantified(left, operation, quantity)
            try grow()
            return result
        }
        let right = try operators(.predicate)
        try grow()
        if comparisonOperator() != nil {
            throw failure("Comparisons do not chain in SQL; write a < b AND b < c, or use parentheses")
        }
        return joined(left, .comparison(first: left, rest: [(operation, right)]))
    }

    private mutating func arithmetic(_ left: Expression, _ strength: SQLStrength) throws(SyntaxError) -> Expression {
        let operation: BinaryOperator =
            switch kind {
            case .plus: .add
            case .minus: .subtract
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

    // MARK: Operators that are calls

    private mutating func otherOperator(_ left: Expression) throws(SyntaxError) -> Expression {
        let token = current
        advance()
        let right = try operators(.sum)
        try grow()
        let isNegated = Self.isNegated(token.kind)
        if isNegated { try grow() }
        let plain: Expression.Kind =
            switch token.kind {
            case .doubleBar: .binary(.concatenate, left, right)
            case .doubleTilde, .notDoubleTilde: .sql(.like(left, .like, pattern: right, escape: nil, negated: isNegated))
            case .doubleTildeStar, .notDoubleTildeStar: .sql(.like(left, .ilike, pattern: right, escape: nil, negated: isNegated))
            case .tildeStar, .notTildeStar: call("regexp_like", token.range, [left, right, Expression(.string("i"), token.range)])
            case .containedIn: call("contains", token.range, [right, left])
            default: call(Self.function(token.kind), token.range, [left, right])
            }
        guard token.kind == .notTilde || token.kind == .notTildeStar else { return joined(left, plain) }
        return joined(left, .unary(.not, joined(left, plain)))
    }

    private static func isNegated(_ kind: TokenKind) -> Bool {
        kind == .notTilde || kind == .notTildeStar || kind == .notDoubleTilde || kind == .notDoubleTildeStar
    }

    /// What an operator is a call of.
    private static func function(_ kind: TokenKind) -> String {
        switch kind {
        case .arrow: "json_get"
        case .textArrow: "json_get_text"
        case .hashArrow: "json_get_path"
        case .textHashArrow: "json_get_path_text"
        case .contains: "contains"
        case .overlaps: "overlap"
        case .hash: "bitwise_xor"
        case .ampersand: "bitwise_and"
        case .bar: "bitwise_or"
        case .shiftLeft: "shift_left"
        case .shiftRight: "shift_right"
        default: "regexp_like"
        }
    }

    func call(_ function: String, _ place: SourceRange, _ arguments: [Expression]) -> Expression.Kind {
        .call(FunctionCall(name: Name(function, place), isDistinct: false, isStar: false, arguments: arguments))
    }

    /// AT TIME ZONE and COLLATE.
    private mutating func suffix(_ left: Expression) throws(SyntaxError) -> Expression {
        let place = current.range
        if accept(.collate) {
            let collation = try objectName("a collation")
            try grow()
            guard let last = collation.parts.last else { return left }
            return joined(left, .sql(.collate(left, last)))
        }
        advance()
        try expect(.time)
        try expect(.zone)
        let zone = try operators(.collate)
        try grow()
        return joined(left, call("timezone", place, [zone, left]))
    }

    // MARK: What stands before and behind operands

    private mutating func signedExpression() throws(SyntaxError) -> Expression {
        switch kind {
        case .minus, .plus: return try signed()
        case .tilde: return try prefixed(.sum)
        case .word where at(.not): return try prefixed(.is)
        default: return try postfixExpression()
        }
    }

    /// NOT and ~, any number of them, before an operand whose operators bind at least so strongly. Either may stand before an
    /// operand of any operator, so that it opens a level.
    private mutating func prefixed(_ strength: SQLStrength) throws(SyntaxError) -> Expression {
        let first = index
        let isNot = at(.not)
        while isNot ? accept(.not) : accept(.tilde) {}
        let count = index - first
        try enter()
        var operand = try operators(strength)
        leave()
        try grow(count)
        for offset in 1...count {
            let token = tokens[first + count - offset]
            let kind = isNot ? .unary(.not, operand) : call("bitwise_not", token.range, [operand])
            operand = Expression(kind, Int(token.start)..<operand.range.upperBound)
        }
        return operand
    }

    private mutating func signed() throws(SyntaxError) -> Expression {
        let first = index
        while at(.minus) || at(.plus) { advance() }
        var last = index - 1
        var operand: Expression
        if let number = negatedNumber(last) {
            operand = number
            last -= 1
        } else {
            operand = at(.tilde) ? try prefixed(.sum) : try postfixExpression()
        }
        try grow(last - first + 1)
        while last >= first {
            let sign: UnaryOperator = tokens[last].kind == .minus ? .minus : .plus
            operand = Expression(.unary(sign, operand), Int(tokens[last].start)..<operand.range.upperBound)
            last -= 1
        }
        return operand
    }

    /// A minus and the number behind it are one literal, else the smallest integer could not be written. Not where something
    /// follows the number that binds closer.
    private mutating func negatedNumber(_ minus: Int) -> Expression? {
        let token = current
        guard tokens[minus].kind == .minus, at(.integer) || at(.float) else { return nil }
        switch peek(1).kind {
        case .dot, .openBracket, .doubleColon: return nil
        default: break
        }
        guard let kind = number(token, isNegative: true) else { return nil }
        advance()
        height = max(height, 1)
        return Expression(kind, Int(tokens[minus].start)..<Int(token.end))
    }

    /// An operand with all that stands behind it: `t.list[1]::text`.
    private mutating func postfixExpression() throws(SyntaxError) -> Expression {
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
            if at(.star) { throw failure("All columns (.*) stand alone in the list of SELECT or RETURNING, and nowhere else") }
            result = joined(result, .property(result, try label("a column")))
        case .openBracket:
            result = try subscripted(result)
        case .doubleColon:
            advance()
            let type = try typeName()
            result = joined(result, .sql(.cast(result, type)))
        default:
            return false
        }
        return true
    }

    /// `[index]` or `[from:to]`, each of which may be left out. A colon and a name at the start are a parameter.
    private mutating func subscripted(_ subject: Expression) throws(SyntaxError) -> Expression {
        let opener = index
        advance()
        let from = at(.colon) && !isNamedParameter() ? nil : try nestedExpression()
        if accept(.colon) {
            let to = at(.closeBracket) ? nil : try nestedExpression()
            try close(opener)
            return joined(subject, .slice(subject, from: from, to: to))
        }
        try close(opener, or: "':'")
        guard let from else { return subject }
        return joined(subject, .element(subject, index: from))
    }
}
