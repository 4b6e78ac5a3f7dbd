// Queries: WITH, SELECT and its clauses, VALUES, set operations, ORDER BY and LIMIT.

extension SQLParser {
    // MARK: Where queries begin

    /// Whether the parenthesis at the token has a query inside, itself perhaps in more parentheses.
    func isQuery(at opener: Int) -> Bool {
        var depth = 0
        // Deeper ones are refused anyway.
        while depth <= SyntaxLimits.nestingMax && token(opener + depth).kind == .openParenthesis { depth += 1 }
        guard depth > 0, Self.beginsQuery(token(opener + depth).keyword) else { return false }
        // The innermost is a query. Those around it are, if nothing but what belongs to queries stands behind.
        for outward in stride(from: depth - 1, to: 0, by: -1) {
            let closer = Int(token(opener + outward).partner)
            guard closer >= 0 else { return true }
            guard goesOnWithQuery(token(closer + 1)) else { return false }
        }
        return true
    }

    private func token(_ position: Int) -> Token { tokens[min(position, tokens.count - 1)] }

    static func beginsQuery(_ code: UInt8) -> Bool {
        switch SQLKeyword(rawValue: code) {
        case .select, .values, .with, .table: true
        default: false
        }
    }

    private func goesOnWithQuery(_ token: Token) -> Bool {
        if token.kind == .closeParenthesis || token.kind == .endOfText { return true }
        switch SQLKeyword(rawValue: token.keyword) {
        case .union, .except, .intersect, .order, .limit, .offset, .fetch, .for: return true
        default: return false
        }
    }

    // MARK: Queries

    mutating func parenthesizedQuery() throws(SyntaxError) -> SelectQuery {
        let opener = index
        try expect(.openParenthesis)
        try enter(SyntaxLimits.nestingOfSubquery)
        let query = try query()
        leave(SyntaxLimits.nestingOfSubquery)
        if !at(.closeParenthesis) && !at(.endOfText) { throw trailing(orElse: "')'") }
        try close(opener)
        return query
    }

    /// A query with what may stand before and behind it.
    mutating func query() throws(SyntaxError) -> SelectQuery {
        let first = index
        let with = try commonTables()
        return try query(with, from: first)
    }

    /// The same, behind WITH.
    mutating func query(_ with: CommonTables?, from first: Int) throws(SyntaxError) -> SelectQuery {
        let body = try selectBody()
        let order = try orderBy()
        let bounds = try limits()
        try locking()
        return SelectQuery(
            with: with, body: body, order: order, limit: bounds.limit, offset: bounds.offset, withTies: bounds.withTies,
            range: range(from: first))
    }

    mutating func commonTables() throws(SyntaxError) -> CommonTables? {
        guard accept(.with) else { return nil }
        let isRecursive = accept(.recursive)
        let tables = try commaSeparated { (parser) throws(SyntaxError) in try parser.commonTable() }
        return CommonTables(isRecursive: isRecursive, tables: tables)
    }

    private mutating func commonTable() throws(SyntaxError) -> CommonTable {
        let name = try name("a name for the query")
        let columns = at(.openParenthesis) ? try parenthesizedNames("a column") : []
        try expect(.as, " and a query in parentheses")
        var isMaterialized: Bool?
        if accept(.materialized) {
            isMaterialized = true
        } else if accept(.not, .materialized) {
            isMaterialized = false
        }
        if at(.openParenthesis), isAhead(1, .insert) || isAhead(1, .update) || isAhead(1, .delete) || isAhead(1, .merge) {
            throw failure("WITH takes queries only, and no changes", peek(1).range)
        }
        let query = try parenthesizedQuery()
        return CommonTable(name: name, columns: columns, query: query, isMaterialized: isMaterialized)
    }

    // MARK: Set operations

    private mutating func selectBody() throws(SyntaxError) -> SelectBody {
        let first = index
        let body = try intersections()
        var operations: [SetOperation] = []
        while at(.union) || at(.except) {
            let kind = at(.union) ? SetOperator.union : .except
            advance()
            let isAll = acceptAll()
            operations.append(SetOperation(kind: kind, isAll: isAll, body: try intersections()))
        }
        return operations.isEmpty ? body : .setOperations(body, operations, range(from: first))
    }

    private mutating func intersections() throws(SyntaxError) -> SelectBody {
        let first = index
        let body = try selectOperand()
        var operations: [SetOperation] = []
        while accept(.intersect) {
            let isAll = acceptAll()
            operations.append(SetOperation(kind: .intersect, isAll: isAll, body: try selectOperand()))
        }
        return operations.isEmpty ? body : .setOperations(body, operations, range(from: first))
    }

    private mutating func acceptAll() -> Bool {
        if accept(.all) { return true }
        _ = accept(.distinct)
        return false
    }

    private mutating func selectOperand() throws(SyntaxError) -> SelectBody {
        switch keyword {
        case .select: return .select(try select())
        case .values: return try values()
        case .table:
            advance()
            return .table(try objectName("a table"))
        default:
            if at(.openParenthesis) && isQuery(at: index) { return .query(try parenthesizedQuery()) }
            throw unexpected("a query such as SELECT", candidates: ["SELECT", "VALUES", "TABLE"])
        }
    }

    private mutating func values() throws(SyntaxError) -> SelectBody {
        let first = index
        advance()
        let rows = try commaSeparated { (parser) throws(SyntaxError) in
            guard parser.at(.openParenthesis) else { throw parser.unexpected("'(' and a row") }
            return try parser.parenthesizedExpressions()
        }
        for row in rows where row.isEmpty { throw failure("A row has at least one value", range(from: first)) }
        return .values(rows, range(from: first))
    }

    // MARK: SELECT

    private mutating func select() throws(SyntaxError) -> Select {
        let first = index
        advance()
        let distinct = try distinct()
        var items: [SelectItem] = []
        // PostgreSQL has queries without columns, which EXISTS is given.
        if !at(.from) && !at(.closeParenthesis) && !at(.endOfText) && !at(.semicolon) { items = try selectItems() }
        if at(.into) { throw failure("SELECT INTO is not supported; use CREATE TABLE ... AS SELECT") }
        var from: [TableReference] = []
        if accept(.from) { from = try tableReferences() }
        let predicate = try whereClause()
        let group = try groupBy()
        let having = accept(.having) ? try nestedExpression() : nil
        let windows = try windows()
        return Select(
            distinct: distinct, items: items, from: from, predicate: predicate, group: group, having: having, windows: windows,
            range: range(from: first))
    }

    private mutating func distinct() throws(SyntaxError) -> Select.Distinct {
        guard accept(.distinct) else {
            _ = accept(.all)
            return .none
        }
        let first = index
        guard accept(.on) else { return .rows }
        let items = try parenthesizedExpressions()
        if items.isEmpty { throw failure("DISTINCT ON needs at least one expression", range(from: first)) }
        return .on(items)
    }

    /// The items of SELECT and RETURNING.
    mutating func selectItems() throws(SyntaxError) -> [SelectItem] {
        try commaSeparated { (parser) throws(SyntaxError) in try parser.selectItem() }
    }

    private mutating func selectItem() throws(SyntaxError) -> SelectItem {
        let first = index
        if accept(.star) { return .all(of: nil, range(from: first)) }
        if let table = try tableOfStar() { return .all(of: table, range(from: first)) }
        let expression = try nestedExpression()
        return .expression(expression, alias: try columnAlias())
    }

    /// The table of `t.*`; nil where no such thing is at hand.
    private mutating func tableOfStar() throws(SyntaxError) -> ObjectName? {
        guard namesColumn(current) else { return nil }
        var ahead = 1
        while peek(ahead).kind == .dot && isName(peek(ahead + 1)) { ahead += 2 }
        guard peek(ahead).kind == .dot && peek(ahead + 1).kind == .star else { return nil }
        let end = index + ahead
        var parts = [try name("a table")]
        while index < end {
            advance()
            parts.append(try label("a table"))
        }
        advance()
        advance()
        return ObjectName(parts)
    }

    /// Behind AS every word is a name; without it, those that are not reserved.
    private mutating func columnAlias() throws(SyntaxError) -> Name? {
        if accept(.as) { return try label("a name for the column") }
        guard at(.quotedWord) || at(.word) && SQLKeyword.namesColumns(current.keyword) else { return nil }
        return try label("a name for the column")
    }

    mutating func whereClause() throws(SyntaxError) -> Expression? {
        accept(.where) ? try nestedExpression() : nil
    }

    private mutating func windows() throws(SyntaxError) -> [(name: Name, definition: WindowDefinition)] {
        guard accept(.window) else { return [] }
        return try commaSeparated { (parser) throws(SyntaxError) in
            let name = try parser.name("a window")
            try parser.expect(.as)
            return (name, try parser.windowDefinition())
        }
    }

    // MARK: GROUP BY

    private mutating func groupBy() throws(SyntaxError) -> [GroupingElement]? {
        guard accept(.group) else { return nil }
        try expect(.by)
        return try commaSeparated { (parser) throws(SyntaxError) in try parser.groupingElement() }
    }

    private mutating func groupingElement() throws(SyntaxError) -> GroupingElement {
        if at(.openParenthesis) && peek(1).kind == .closeParenthesis {
            advance()
            advance()
            return .set([])
        }
        if at(.rollup) && peek(1).kind == .openParenthesis { return .rollup(try groupingLists()) }
        if at(.cube) && peek(1).kind == .openParenthesis { return .cube(try groupingLists()) }
        if accept(.grouping, .sets) {
            let opener = index
            try expect(.openParenthesis)
            try enter()
            let elements = try commaSeparated { (parser) throws(SyntaxError) in try parser.groupingElement() }
            leave()
            try close(opener, or: "','")
            return .groupingSets(elements)
        }
        let expression = try nestedExpression()
        if case .sql(.row(let items)) = expression.kind { return .set(items) }
        return .expression(expression)
    }

    /// `(a, (b, c))`
    private mutating func groupingLists() throws(SyntaxError) -> [[Expression]] {
        advance()
        return try parenthesizedExpressions().map { item in
            if case .sql(.row(let items)) = item.kind { items } else { [item] }
        }
    }

    // MARK: LIMIT and what follows

    /// LIMIT, OFFSET and FETCH, in any order.
    private mutating func limits() throws(SyntaxError) -> (limit: Expression?, offset: Expression?, withTies: Bool) {
        var limit: Expression?
        var offset: Expression?
        var withTies = false
        var hasLimit = false
        while true {
            if !hasLimit && accept(.limit) {
                hasLimit = true
                limit = accept(.all) ? nil : try nestedExpression()
                if at(.comma) { throw failure("LIMIT takes one number; the rows to skip are those of OFFSET") }
            } else if offset == nil && accept(.offset) {
                offset = try nestedExpression()
                if !accept(.row) { _ = accept(.rows) }
            } else if !hasLimit && accept(.fetch) {
                hasLimit = true
                (limit, withTies) = try fetch()
            } else {
                return (limit, offset, withTies)
            }
        }
    }

    /// What stands behind FETCH: `FIRST 3 ROWS ONLY`, `NEXT ROW WITH TIES`.
    private mutating func fetch() throws(SyntaxError) -> (Expression, Bool) {
        if !accept(.first) { try expect(.next, " or FIRST") }
        let one = Expression(.integer(1), current.range)
        // ROW may also begin a row of values, which makes no sense here.
        let count = at(.row) || at(.rows) ? one : try operators(.other)
        if !accept(.row) { try expect(.rows, " or ROW") }
        if accept(.only) { return (count, false) }
        try expect(.with, " TIES or ONLY")
        try expect(.ties)
        return (count, true)
    }

    /// FOR UPDATE and the like, which a snapshot has no use for.
    private mutating func locking() throws(SyntaxError) {
        while accept(.for) {
            if accept(.no) {
                try expect(.key)
                try expect(.update)
            } else if accept(.key) {
                try expect(.share)
            } else if !accept(.share) {
                try expect(.update, " or SHARE")
            }
            if accept(.of) { _ = try objectNames("a table") }
            if accept(.skip) { try expect(.locked) } else { _ = accept(.noWait) }
        }
    }
}
