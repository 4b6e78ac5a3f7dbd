// Calls of functions, with what may follow them, and those that have a syntax of their own.

extension SQLParser {
    mutating func functionCall() throws(SyntaxError) -> Expression {
        let first = index
        let name = try functionName()
        let (call, order) = try arguments(of: name)
        return try finished(call, order, from: first)
    }

    /// `name` or `schema.name`, as one.
    mutating func functionName() throws(SyntaxError) -> Name {
        let first = try label("a function")
        guard at(.dot) else { return first }
        var text = first.text
        var end = first.range.upperBound
        var isQuoted = first.isQuoted
        while accept(.dot) {
            let part = try label("a name")
            text += "." + part.text
            end = part.range.upperBound
            isQuoted = isQuoted || part.isQuoted
        }
        return Name(text, first.range.lowerBound..<end, isQuoted: isQuoted)
    }

    /// `(DISTINCT a, b ORDER BY c)`
    mutating func arguments(of name: Name) throws(SyntaxError) -> (FunctionCall, [SortItem]) {
        let opener = index
        try expect(.openParenthesis)
        if accept(.star) {
            try close(opener)
            return (FunctionCall(name: name, isDistinct: false, isStar: true, arguments: []), [])
        }
        let isDistinct = accept(.distinct)
        if !isDistinct { _ = accept(.all) }
        var arguments: [Expression] = []
        if !at(.closeParenthesis) && !at(.order) {
            arguments = try commaSeparated { (parser) throws(SyntaxError) in
                if parser.at(.variadic) { throw parser.failure("VARIADIC is not supported") }
                return try parser.nestedExpression()
            }
        }
        let order = try orderBy()
        try close(opener, or: order.isEmpty ? "','" : "an operator")
        return (FunctionCall(name: name, isDistinct: isDistinct, isStar: false, arguments: arguments), order)
    }

    /// The call with WITHIN GROUP, FILTER and OVER, where they follow.
    private mutating func finished(
        _ call: FunctionCall, _ argumentOrder: [SortItem], from first: Int
    ) throws(SyntaxError) -> Expression {
        var order = argumentOrder
        if accept(.within, .group) {
            if !order.isEmpty { throw failure("WITHIN GROUP and an order of the arguments exclude each other") }
            let opener = index
            try expect(.openParenthesis)
            if !at(.order) { throw unexpected("ORDER BY", candidates: ["ORDER"]) }
            order = try orderBy()
            try close(opener, or: "','")
        }
        var filter: Expression?
        if at(.filter) && peek(1).kind == .openParenthesis {
            advance()
            let opener = index
            advance()
            try expect(.where)
            filter = try nestedExpression()
            try close(opener, or: "an operator")
        }
        let window = at(.over) ? try over() : nil
        if order.isEmpty && filter == nil && window == nil { return Expression(.call(call), range(from: first)) }
        return Expression(.sql(.aggregate(call, order: order, filter: filter, over: window)), range(from: first))
    }

    /// `ORDER BY ...`; empty where there is none.
    mutating func orderBy() throws(SyntaxError) -> [SortItem] {
        guard accept(.order) else { return [] }
        try expect(.by)
        return try commaSeparated { (parser) throws(SyntaxError) in try parser.sortItem() }
    }

    mutating func sortItem() throws(SyntaxError) -> SortItem {
        let expression = try nestedExpression()
        var isDescending = accept(.desc)
        if !isDescending && !accept(.asc) && accept(.using) {
            guard at(.less) || at(.greater) else { throw unexpected("'<' or '>'") }
            isDescending = at(.greater)
            advance()
        }
        var nullsFirst: Bool?
        if accept(.nulls) {
            nullsFirst = accept(.first)
            if nullsFirst == false { try expect(.last, " or FIRST") }
        }
        return SortItem(expression: expression, isDescending: isDescending, nullsFirst: nullsFirst)
    }

    // MARK: Calls that have a syntax of their own

    /// What the keyword at hand makes of the parenthesis behind it; nil where it is a call like any other.
    mutating func specialForm() throws(SyntaxError) -> Expression? {
        switch keyword {
        case .extract: return try extract()
        case .substring: return try substring()
        case .position: return try position()
        case .trim: return try trim()
        case .overlay: return try overlay()
        // PostgreSQL has them as names of columns, but they are called.
        case .left, .right: return try functionCall()
        default: return nil
        }
    }

    mutating func cast() throws(SyntaxError) -> Expression {
        let first = index
        advance()
        let opener = index
        try expect(.openParenthesis)
        let value = try nestedExpression()
        try expect(.as, " and a type")
        let type = try typeName()
        try close(opener)
        return Expression(.sql(.cast(value, type)), range(from: first))
    }

    /// CURRENT_DATE and the like: calls without parentheses, or with a precision.
    mutating func sessionValue() throws(SyntaxError) -> Expression {
        let first = index
        let word = try label("a function")
        var precision: [Expression] = []
        if at(.openParenthesis) {
            let opener = index
            advance()
            if at(.integer) { precision = [try nestedExpression()] }
            try close(opener, or: precision.isEmpty ? "a whole number" : "")
        }
        return Expression(call(word.text.lowercased(), word.range, precision), range(from: first))
    }

    // MARK: Calls with words between their arguments

    /// A call by its name, at hand, with what `arguments` takes between the parentheses; `alternative`: what could stand there else.
    private mutating func special(
        _ function: String, or alternative: String,
        _ arguments: (inout SQLParser) throws(SyntaxError) -> [Expression]
    ) throws(SyntaxError) -> Expression {
        let first = index
        let place = current.range
        advance()
        let opener = index
        advance()
        let items = try arguments(&self)
        try close(opener, or: alternative)
        return Expression(call(function, place, items), range(from: first))
    }

    /// EXTRACT(field FROM x)
    private mutating func extract() throws(SyntaxError) -> Expression {
        try special("extract", or: "an operator") { (parser) throws(SyntaxError) in
            let field: Expression
            if parser.at(.string) {
                field = try parser.string()
            } else {
                let word = try parser.label("a field such as YEAR")
                field = Expression(.string(word.text.lowercased()), word.range)
            }
            try parser.expect(.from)
            return [field, try parser.nestedExpression()]
        }
    }

    /// SUBSTRING(x FROM start FOR count), with either left out, or with commas.
    private mutating func substring() throws(SyntaxError) -> Expression {
        let place = current.range
        return try special("substring", or: "','") { (parser) throws(SyntaxError) in
            var arguments = try parser.nestedExpressions()
            if parser.at(.similar) { throw parser.failure("SUBSTRING with SIMILAR is not supported; use regexp_substr") }
            if arguments.count > 1 { return arguments }
            var start = parser.accept(.from) ? try parser.nestedExpression() : nil
            let count = parser.accept(.for) ? try parser.nestedExpression() : nil
            if start == nil && count != nil {
                start = parser.accept(.from) ? try parser.nestedExpression() : Expression(.integer(1), place)
            }
            arguments += [start, count].compactMap { $0 }
            return arguments
        }
    }

    /// POSITION(part IN whole)
    private mutating func position() throws(SyntaxError) -> Expression {
        try special("position", or: "an operator") { (parser) throws(SyntaxError) in
            try parser.enter()
            let part = try parser.operators(.other)
            parser.leave()
            if !parser.accept(.in) { try parser.expect(.comma, " or IN") }
            return [part, try parser.nestedExpression()]
        }
    }

    /// TRIM(BOTH characters FROM x), where all but x may be left out.
    private mutating func trim() throws(SyntaxError) -> Expression {
        let side = peek(2).keyword
        let function = side == SQLKeyword.leading.rawValue ? "ltrim" : side == SQLKeyword.trailing.rawValue ? "rtrim" : "btrim"
        return try special(function, or: "FROM") { (parser) throws(SyntaxError) in
            if function != "btrim" { parser.advance() } else { _ = parser.accept(.both) }
            let characters = parser.at(.from) ? [] : try parser.nestedExpressions()
            return (parser.accept(.from) ? try parser.nestedExpressions() : []) + characters
        }
    }

    /// OVERLAY(x PLACING y FROM start FOR count)
    private mutating func overlay() throws(SyntaxError) -> Expression {
        try special("overlay", or: "PLACING") { (parser) throws(SyntaxError) in
            var arguments = try parser.nestedExpressions()
            if arguments.count == 1, parser.accept(.placing) {
                arguments.append(try parser.nestedExpression())
                try parser.expect(.from)
                arguments.append(try parser.nestedExpression())
                if parser.accept(.for) { arguments.append(try parser.nestedExpression()) }
            }
            return arguments
        }
    }

    private mutating func nestedExpressions() throws(SyntaxError) -> [Expression] {
        try commaSeparated { (parser) throws(SyntaxError) in try parser.nestedExpression() }
    }
}
