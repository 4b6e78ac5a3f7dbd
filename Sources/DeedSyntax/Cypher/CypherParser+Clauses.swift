// Clauses that read and hand on rows: MATCH, UNWIND, WITH, RETURN, CALL, LOAD CSV.

extension CypherParser {
    /// The next clause; nil where none begins.
    mutating func clause() throws(SyntaxError) -> Clause? {
        guard at(.word), let keyword = Keyword(rawValue: current.keyword) else { return nil }
        let first = index
        let kind: Clause.Kind
        switch keyword {
        case .match, .optional: kind = try reading()
        case .unwind: kind = try unwind()
        case .with: kind = try with()
        case .return: kind = try returning()
        case .create: kind = try create()
        case .merge: kind = try merge()
        case .set: kind = try set()
        case .remove: kind = try remove()
        case .delete, .detach, .noDetach: kind = try delete()
        case .call: kind = try call(optional: false)
        case .forEach: kind = try forEach()
        case .load: kind = try loadCSV()
        case .finish:
            advance()
            kind = .finish
            continuation = ""
        default: return nil
        }
        return Clause(kind, range(from: first))
    }

    private mutating func reading() throws(SyntaxError) -> Clause.Kind {
        let optional = accept(.optional)
        if optional && at(.call) { return try call(optional: true) }
        try expect(.match)
        let patterns = try commaSeparated { (parser) throws(SyntaxError) in try parser.path(in: .match) }
        var hints: [Hint] = []
        while at(.using) { hints.append(try hint()) }
        let predicate = try whereClause()
        continuation = predicate == nil ? "',', WHERE" : "an operator"
        return .match(optional: optional, patterns, predicate: predicate, hints: hints)
    }

    mutating func whereClause() throws(SyntaxError) -> Expression? {
        accept(.where) ? try expression() : nil
    }

    private mutating func hint() throws(SyntaxError) -> Hint {
        try expect(.using)
        if accept(.join) {
            try expect(.on)
            return .join(on: try commaSeparated { (parser) throws(SyntaxError) in try parser.name("a variable") })
        }
        // The kind of an index says how it is stored; there is one kind.
        let isTyped = isName(current) && peek(1).keyword == Keyword.index.rawValue
        if isTyped { _ = try name("INDEX") }
        let isIndex = accept(.index)
        if !isIndex { try expect(.scan, " or INDEX") }
        // `USING INDEX SEEK n:Label(key)`
        if isIndex && isName(current) && isName(peek(1)) { advance() }
        let variable = try name("a variable")
        try expect(.colon)
        let label = try name("a label or type")
        guard isIndex else { return .scan(variable: variable, label: label) }
        return .index(variable: variable, label: label, properties: try parenthesizedNames("a property"))
    }

    private mutating func unwind() throws(SyntaxError) -> Clause.Kind {
        advance()
        let list = try expression()
        try expect(.as, " and a variable")
        let variable = try name("a variable")
        continuation = ""
        return .unwind(list, as: variable)
    }

    private mutating func loadCSV() throws(SyntaxError) -> Clause.Kind {
        advance()
        try expect(.csv)
        let withHeaders = accept(.with)
        if withHeaders { try expect(.headers) }
        try expect(.from)
        let source = try expression()
        try expect(.as, " and a variable")
        let variable = try name("a variable")
        var terminator: String?
        if accept(.fieldTerminator) {
            guard at(.string) else { throw unexpected("a string such as ';'") }
            terminator = try Literals.string(bytes, current.range)
            advance()
        }
        continuation = terminator == nil ? "FIELDTERMINATOR" : ""
        return .loadCSV(withHeaders: withHeaders, source: source, variable: variable, fieldTerminator: terminator)
    }

    // MARK: WITH and RETURN

    private mutating func with() throws(SyntaxError) -> Clause.Kind {
        advance()
        let projection = try projection()
        // With ORDER BY, an aggregation there may be the error to tell; the binder knows.
        for item in projection.items where item.alias == nil && projection.order.isEmpty {
            if case .variable = item.expression.kind { continue }
            throw failure("NoExpressionAlias", "An expression in WITH needs a name: AS name", item.expression.range)
        }
        let predicate = try whereClause()
        continuation = predicate == nil ? "an operator, ',', AS, ORDER BY, SKIP, LIMIT, WHERE" : "an operator"
        return .with(projection, predicate: predicate)
    }

    private mutating func returning() throws(SyntaxError) -> Clause.Kind {
        advance()
        let projection = try projection()
        continuation = "an operator, ',', AS, ORDER BY, SKIP, LIMIT"
        return .return(projection)
    }

    private mutating func projection() throws(SyntaxError) -> Projection {
        let first = index
        let isDistinct = accept(.distinct)
        let includesAll = accept(.star)
        var items: [ProjectionItem] = []
        if !includesAll || accept(.comma) {
            items = try commaSeparated { (parser) throws(SyntaxError) in try parser.projectionItem() }
        }
        var order: [SortItem] = []
        if accept(.order) {
            try expect(.by)
            order = try commaSeparated { (parser) throws(SyntaxError) in try parser.sortItem() }
        }
        let skip = accept(.skip) || accept(.offset) ? try expression() : nil
        let limit = accept(.limit) ? try expression() : nil
        if at(.order) || at(.skip) || at(.offset) || at(.limit) {
            throw failure("ORDER BY, SKIP and LIMIT stand in this order, once each")
        }
        return Projection(
            isDistinct: isDistinct, includesAll: includesAll, items: items, order: order, skip: skip, limit: limit,
            range: range(from: first))
    }

    private mutating func projectionItem() throws(SyntaxError) -> ProjectionItem {
        let first = index
        let expression = try expression()
        let text = Literals.text(bytes, range(from: first))
        if case .pattern = expression.kind {
            throw failure("A pattern is a condition and no value; use EXISTS { } or a pattern comprehension", expression.range)
        }
        let alias = accept(.as) ? try name("a name for the column") : nil
        return ProjectionItem(expression: expression, alias: alias, text: text)
    }

    private mutating func sortItem() throws(SyntaxError) -> SortItem {
        let expression = try expression()
        let isDescending = accept(.desc) || accept(.descending)
        if !isDescending { _ = accept(.asc) || accept(.ascending) }
        return SortItem(expression: expression, isDescending: isDescending)
    }

    // MARK: CALL

    mutating func call(optional: Bool) throws(SyntaxError) -> Clause.Kind {
        advance()
        if at(.openBrace) || at(.openParenthesis) { return try subqueryCall(optional: optional) }
        if optional { throw failure("OPTIONAL CALL is for subqueries: OPTIONAL CALL { }", tokens[index - 1].range) }
        let procedure = try qualifiedName("a procedure or '{'")
        var arguments: [Expression]?
        if at(.openParenthesis) { arguments = try parenthesizedExpressions() }
        continuation = arguments == nil ? "'(', YIELD" : "YIELD"
        guard accept(.yield) else {
            return .call(ProcedureCall(name: procedure, arguments: arguments, yield: nil, yieldsAll: false, predicate: nil))
        }
        let yieldsAll = accept(.star)
        let items = yieldsAll ? [] : try commaSeparated { (parser) throws(SyntaxError) in try parser.yieldItem() }
        let predicate = try whereClause()
        continuation = predicate == nil ? "',', AS, WHERE" : "an operator"
        return .call(
            ProcedureCall(name: procedure, arguments: arguments, yield: items, yieldsAll: yieldsAll, predicate: predicate))
    }

    private mutating func yieldItem() throws(SyntaxError) -> YieldItem {
        let field = try name("a field of the procedure")
        return YieldItem(field: field, alias: accept(.as) ? try name("a variable") : nil)
    }

    /// `name.name.name`, as one name.
    mutating func qualifiedName(_ what: @autoclosure () -> String) throws(SyntaxError) -> Name {
        let first = try name(what())
        guard at(.dot) else { return first }
        var text = first.text
        var end = first.range.upperBound
        while accept(.dot) {
            let part = try name("a name")
            text += "." + part.text
            end = part.range.upperBound
        }
        return Name(text, first.range.lowerBound..<end)
    }

    mutating func parenthesizedExpressions() throws(SyntaxError) -> [Expression] {
        let opener = index
        try expect(.openParenthesis)
        var items: [Expression] = []
        if !at(.closeParenthesis) {
            items = try commaSeparated { (parser) throws(SyntaxError) in try parser.nestedExpression() }
        }
        try close(opener, or: "','")
        return items
    }

    private mutating func subqueryCall(optional: Bool) throws(SyntaxError) -> Clause.Kind {
        var imports: [Name]?
        if at(.openParenthesis) { imports = try subqueryImports() }
        let opener = index
        try expect(.openBrace)
        try enter(SyntaxLimits.nestingOfSubquery)
        let body = try query(in: .call)
        leave(SyntaxLimits.nestingOfSubquery)
        try close(opener)
        continuation = "IN TRANSACTIONS"
        guard accept(.in) else { return .subquery(body, imports: imports, optional: optional, inTransactions: nil) }
        return .subquery(body, imports: imports, optional: optional, inTransactions: try transactionBatches())
    }

    /// What stands behind `CALL { ... } IN`.
    private mutating func transactionBatches() throws(SyntaxError) -> TransactionBatches {
        try expect(.transactions)
        var rows: Expression?
        if accept(.of) {
            rows = try expression()
            if !accept(.rows) { try expect(.row, " or ROWS") }
        }
        var policy: TransactionBatches.ErrorPolicy?
        if accept(.on) {
            try expect(.error)
            if accept(.continue) { policy = .continue } else if accept(.break) { policy = .break } else {
                try expect(.fail, ", CONTINUE or BREAK")
                policy = .fail
            }
        }
        var status: Name?
        if accept(.report) {
            try expect(.status)
            try expect(.as, " and a variable")
            status = try name("a variable")
        }
        continuation = status != nil ? "" : policy != nil ? "REPORT STATUS" : rows != nil ? "ON ERROR, REPORT STATUS" : "OF, ON ERROR"
        return TransactionBatches(rows: rows, onError: policy ?? .fail, status: status)
    }

    private mutating func subqueryImports() throws(SyntaxError) -> [Name] {
        let opener = index
        try expect(.openParenthesis)
        var names: [Name] = []
        if at(.star) {
            names = [Name("*", current.range)]
            advance()
        } else if !at(.closeParenthesis) {
            names = try commaSeparated { (parser) throws(SyntaxError) in try parser.name("a variable") }
        }
        try close(opener, or: "','")
        return names
    }
}
