// INSERT, UPDATE, DELETE, MERGE and TRUNCATE.

extension SQLParser {
    // MARK: INSERT

    mutating func insert(_ with: CommonTables?) throws(SyntaxError) -> SQLStatement.Kind {
        advance()
        try expect(.into)
        let table = try objectName("a table")
        let alias = accept(.as) ? try name("a name for the table") : nil
        let columns = at(.openParenthesis) && !isQuery(at: index) ? try parenthesizedNames("a column") : []
        try overriding()
        let source = try insertSource()
        let onConflict = at(.on) ? try onConflict() : nil
        let returning = try returning()
        return .insert(
            Insert(
                with: with, table: table, alias: alias, columns: columns, source: source, onConflict: onConflict,
                returning: returning))
    }

    /// OVERRIDING SYSTEM VALUE would set what the table makes itself.
    private mutating func overriding() throws(SyntaxError) {
        if at(.overriding) { throw failure("OVERRIDING is not supported; leave the column out") }
    }

    private mutating func insertSource() throws(SyntaxError) -> Insert.Source {
        if accept(.default, .values) { return .defaultValues }
        guard at(.openParenthesis) || Self.beginsQuery(current.keyword) else {
            throw unexpected("VALUES, DEFAULT VALUES or a query", candidates: ["VALUES", "SELECT", "DEFAULT", "WITH"])
        }
        return .query(try query())
    }

    private mutating func onConflict() throws(SyntaxError) -> OnConflict {
        advance()
        try expect(.conflict)
        var columns: [Name] = []
        var constraint: Name?
        if at(.openParenthesis) {
            columns = try parenthesizedNames("a column")
            if at(.where) { throw failure("ON CONFLICT with the condition of a partial index is not supported") }
        } else if accept(.on) {
            try expect(.constraint)
            constraint = try name("a constraint")
        }
        try expect(.do, " NOTHING or DO UPDATE")
        if accept(.nothing) { return OnConflict(columns: columns, constraint: constraint, update: nil, predicate: nil) }
        try expect(.update, " or NOTHING")
        try expect(.set)
        let update = try assignments()
        return OnConflict(columns: columns, constraint: constraint, update: update, predicate: try whereClause())
    }

    mutating func returning() throws(SyntaxError) -> [SelectItem] {
        accept(.returning) ? try selectItems() : []
    }

    // MARK: UPDATE and DELETE

    mutating func update(_ with: CommonTables?) throws(SyntaxError) -> SQLStatement.Kind {
        advance()
        _ = accept(.only)
        let table = try objectName("a table")
        let alias = try optionalAlias()
        try expect(.set)
        let assignments = try assignments()
        let from = accept(.from) ? try tableReferences() : []
        let predicate = try whereClause()
        let returning = try returning()
        return .update(
            Update(
                with: with, table: table, alias: alias, assignments: assignments, from: from, predicate: predicate,
                returning: returning))
    }

    private mutating func assignments() throws(SyntaxError) -> [Assignment] {
        try commaSeparated { (parser) throws(SyntaxError) in try parser.assignment() }
    }

    /// `a = 1`, `(a, b) = (1, 2)`, `(a, b) = (SELECT ...)`.
    private mutating func assignment() throws(SyntaxError) -> Assignment {
        let columns = at(.openParenthesis) ? try parenthesizedNames("a column") : [try name("a column")]
        if at(.dot) || at(.openBracket) {
            throw failure("A column is set as a whole, and its name stands without a table: SET column = value")
        }
        try expect(.equal)
        return Assignment(columns: columns, value: try nestedExpression())
    }

    mutating func delete(_ with: CommonTables?) throws(SyntaxError) -> SQLStatement.Kind {
        advance()
        try expect(.from)
        _ = accept(.only)
        let table = try objectName("a table")
        let alias = try optionalAlias()
        let using = accept(.using) ? try tableReferences() : []
        let predicate = try whereClause()
        let returning = try returning()
        return .delete(
            Delete(with: with, table: table, alias: alias, using: using, predicate: predicate, returning: returning))
    }

    // MARK: MERGE

    mutating func merge(_ with: CommonTables?) throws(SyntaxError) -> SQLStatement.Kind {
        advance()
        try expect(.into)
        _ = accept(.only)
        let table = try objectName("a table")
        let alias = try optionalAlias()
        try expect(.using)
        let source = try tableReference()
        try expect(.on)
        let condition = try nestedExpression()
        var cases: [SQLMerge.When] = []
        while accept(.when) { cases.append(try mergeCase()) }
        if cases.isEmpty { throw unexpected("WHEN MATCHED or WHEN NOT MATCHED", candidates: ["WHEN"]) }
        return .merge(SQLMerge(with: with, table: table, alias: alias, source: source, condition: condition, cases: cases))
    }

    /// What stands behind WHEN.
    private mutating func mergeCase() throws(SyntaxError) -> SQLMerge.When {
        let isMatched = !accept(.not)
        try expect(.matched)
        if at(.by) { throw failure("BY SOURCE and BY TARGET are not supported") }
        let predicate = accept(.and) ? try nestedExpression() : nil
        try expect(.then)
        let action = isMatched ? try matchedAction() : try unmatchedAction()
        return SQLMerge.When(isMatched: isMatched, predicate: predicate, action: action)
    }

    private mutating func matchedAction() throws(SyntaxError) -> SQLMerge.Action {
        if accept(.delete) { return .delete }
        if accept(.do) {
            try expect(.nothing)
            return .nothing
        }
        guard accept(.update) else { throw unexpected("UPDATE, DELETE or DO NOTHING", candidates: ["UPDATE", "DELETE", "DO"]) }
        try expect(.set)
        return .update(try assignments())
    }

    private mutating func unmatchedAction() throws(SyntaxError) -> SQLMerge.Action {
        if accept(.do) {
            try expect(.nothing)
            return .nothing
        }
        guard accept(.insert) else { throw unexpected("INSERT or DO NOTHING", candidates: ["INSERT", "DO"]) }
        let columns = at(.openParenthesis) ? try parenthesizedNames("a column") : []
        try overriding()
        if accept(.default, .values) { return .insert(columns: [], values: []) }
        try expect(.values)
        return .insert(columns: columns, values: try parenthesizedExpressions())
    }

    // MARK: TRUNCATE

    mutating func truncate() throws(SyntaxError) -> SQLStatement.Kind {
        advance()
        _ = accept(.table)
        _ = accept(.only)
        let tables = try objectNames("a table")
        let restartsIdentity = accept(.restart)
        if restartsIdentity || accept(.continue) { try expect(.identity) }
        return .truncate(tables, restartsIdentity: restartsIdentity, cascades: acceptCascade())
    }

    /// CASCADE or RESTRICT, the latter of which is the rule anyway.
    mutating func acceptCascade() -> Bool {
        if accept(.cascade) { return true }
        _ = accept(.restrict)
        return false
    }
}
