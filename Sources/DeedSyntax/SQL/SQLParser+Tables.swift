// What stands in FROM: tables, queries, functions and joins.

extension SQLParser {
    mutating func tableReferences() throws(SyntaxError) -> [TableReference] {
        try commaSeparated { (parser) throws(SyntaxError) in try parser.tableReference() }
    }

    /// A table, with all that is joined to it.
    mutating func tableReference() throws(SyntaxError) -> TableReference {
        let outerHeight = height
        height = 0
        let first = index
        var left = try tablePrimary()
        while isJoin() {
            left = try join(left, from: first)
            try grow()
        }
        height = max(height, outerHeight)
        return left
    }

    private func isJoin() -> Bool {
        switch keyword {
        case .join, .inner, .left, .right, .full, .cross, .natural: true
        default: false
        }
    }

    private mutating func join(_ left: TableReference, from first: Int) throws(SyntaxError) -> TableReference {
        let isNatural = accept(.natural)
        let type = try joinType()
        if isNatural && type == .cross { throw failure("A join is either NATURAL or CROSS", range(from: first)) }
        let start = index
        var right = try tablePrimary()
        var condition = JoinCondition.none
        if isNatural {
            condition = .natural
        } else if type != .cross {
            // a JOIN b JOIN c ON ... ON ...: what has no condition yet waits for it.
            if isJoin() {
                try enter()
                while isJoin() {
                    right = try join(right, from: start)
                    try grow()
                }
                leave()
            }
            condition = try joinCondition()
        }
        return TableReference(.join(left, right, type, condition), alias: nil, range(from: first))
    }

    /// The words of a join up to JOIN.
    private mutating func joinType() throws(SyntaxError) -> JoinType {
        var type = JoinType.inner
        if accept(.cross) {
            type = .cross
        } else if at(.left) || at(.right) || at(.full) {
            type = at(.left) ? .left : at(.right) ? .right : .full
            advance()
            _ = accept(.outer)
        } else {
            _ = accept(.inner)
        }
        try expect(.join)
        return type
    }

    private mutating func joinCondition() throws(SyntaxError) -> JoinCondition {
        if accept(.on) { return .on(try nestedExpression()) }
        guard accept(.using) else { throw unexpected("ON or USING", candidates: ["ON", "USING"]) }
        let columns = try parenthesizedNames("a column")
        if at(.as) { throw failure("A name for the columns of USING is not supported") }
        return .using(columns)
    }

    // MARK: Single tables

    private mutating func tablePrimary() throws(SyntaxError) -> TableReference {
        let first = index
        if at(.openParenthesis) {
            return isQuery(at: index) ? try subquery(from: first, isLateral: false) : try parenthesizedTables()
        }
        let isLateral = accept(.lateral)
        if isLateral && at(.openParenthesis) { return try subquery(from: first, isLateral: true) }
        if accept(.rows, .from) { return try functions(from: first, isLateral: isLateral) }
        if at(.graphTable) && peek(1).kind == .openParenthesis { return try graphTable() }
        if isTableFunction() {
            let name = try functionName()
            let (call, order) = try arguments(of: name)
            if !order.isEmpty { throw failure("A function in FROM has no order of its arguments", call.name.range) }
            return try finishedFunctions([call], from: first, isLateral: isLateral)
        }
        if isLateral { throw unexpected("a query in parentheses or a function") }
        _ = accept(.only)
        let name = try objectName("a table")
        _ = accept(.star)
        let alias = try tableAlias()
        if at(.tableSample) { throw failure("TABLESAMPLE is not supported") }
        return TableReference(.table(name), alias: alias, range(from: first))
    }

    private mutating func subquery(from first: Int, isLateral: Bool) throws(SyntaxError) -> TableReference {
        let query = try parenthesizedQuery()
        let alias = try tableAlias()
        return TableReference(.query(query, isLateral: isLateral), alias: alias, range(from: first))
    }

    /// `(a JOIN b ON ...)`, with a name or without.
    private mutating func parenthesizedTables() throws(SyntaxError) -> TableReference {
        let opener = index
        advance()
        try enter()
        let inner = try tableReference()
        leave()
        try close(opener, or: "JOIN")
        guard let alias = try tableAlias() else { return inner }
        if inner.alias != nil { throw failure("This table has a name already", alias.name.range) }
        return TableReference(inner.kind, alias: alias, range(from: opener))
    }

    mutating func tableAlias() throws(SyntaxError) -> TableAlias? {
        guard let name = try optionalAlias() else { return nil }
        let columns = at(.openParenthesis) ? try parenthesizedNames("a column") : []
        return TableAlias(name: name, columns: columns)
    }

    // MARK: Functions

    private func isTableFunction() -> Bool {
        guard isName(current), at(.quotedWord) || !SQLKeyword.isReserved(current.keyword) else { return false }
        var ahead = 1
        while peek(ahead).kind == .dot && isName(peek(ahead + 1)) { ahead += 2 }
        return peek(ahead).kind == .openParenthesis
    }

    /// `ROWS FROM (f(), g())`, of which the words are taken.
    private mutating func functions(from first: Int, isLateral: Bool) throws(SyntaxError) -> TableReference {
        let opener = index
        try expect(.openParenthesis)
        let calls = try commaSeparated { (parser) throws(SyntaxError) in
            let name = try parser.functionName()
            return try parser.arguments(of: name).0
        }
        try close(opener, or: "','")
        return try finishedFunctions(calls, from: first, isLateral: isLateral)
    }

    private mutating func finishedFunctions(
        _ calls: [FunctionCall], from first: Int, isLateral: Bool
    ) throws(SyntaxError) -> TableReference {
        let withOrdinality = accept(.with, .ordinality)
        let alias = try tableAlias()
        let kind = TableReference.Kind.function(calls, isLateral: isLateral, withOrdinality: withOrdinality)
        return TableReference(kind, alias: alias, range(from: first))
    }
}
