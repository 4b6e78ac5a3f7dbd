// Statements as a whole, and those that are about others: transactions, EXPLAIN, PREPARE.

extension SQLParser {
    mutating func wholeStatement() throws(SyntaxError) -> SQLStatement {
        while accept(.semicolon) {}
        if at(.endOfText) { throw failure("The query is empty") }
        let result = try statement()
        let hasSemicolon = at(.semicolon)
        while accept(.semicolon) {}
        if at(.endOfText) { return result }
        if hasSemicolon { throw failure("Only one statement can be run at a time") }
        throw trailing(orElse: "the end of the query")
    }

    /// What stands where a statement or a query in parentheses should have ended. A misspelt keyword has become a name by
    /// then, as in `SELECT 1 FORM t`.
    func trailing(orElse end: String) -> SyntaxError {
        let expected = "\(trailingWords) or \(end)"
        let last = tokens[max(0, index - 1)]
        if last.kind == .word && last.keyword == 0, let meant = Suggestion.nearest(to: text(last), among: Self.clauseTexts) {
            return failure("Expected \(expected), but found \(description(of: current)). Did you mean \(meant) before it?", last.range)
        }
        return unexpected(expected, candidates: Self.trailingTexts)
    }

    private static let clauseTexts = [
        "FROM", "WHERE", "GROUP", "HAVING", "ORDER", "LIMIT", "OFFSET", "UNION", "EXCEPT", "INTERSECT", "JOIN", "WINDOW", "FETCH",
        "RETURNING", "USING", "INNER", "LEFT", "NATURAL",
    ]

    private static let statementTexts = [
        "SELECT", "INSERT", "UPDATE", "DELETE", "WITH", "VALUES", "CREATE", "DROP", "ALTER", "MERGE", "TRUNCATE", "BEGIN", "COMMIT",
        "ROLLBACK", "EXPLAIN", "PREPARE", "EXECUTE", "DEALLOCATE", "SAVEPOINT", "RELEASE", "START", "TABLE", "END", "ABORT",
    ]
    private static let trailingTexts = clauseTexts + ["ON", "AS", "AND", "OR", "SET", "ASC", "DESC", "NULLS", "CASCADE"]

    /// What could go on with the statement here, for errors.
    var trailingWords: String {
        switch lastClause {
        case .select: "an operator, ',', FROM, WHERE"
        case .from: "',', JOIN, WHERE, GROUP BY, ORDER BY, LIMIT"
        case .where: "an operator, GROUP BY, ORDER BY, LIMIT"
        case .order: "an operator, ',', DESC, LIMIT"
        default: "an operator, another clause"
        }
    }

    /// The clause of a query that was begun last before the token at hand.
    private var lastClause: SQLKeyword? {
        var position = index
        while position > 0 {
            position -= 1
            switch SQLKeyword(rawValue: tokens[position].keyword) {
            case .select: return .select
            case .from: return .from
            case .where: return .where
            case .order: return .order
            case .group, .having, .limit, .offset, .values, .set, .insert, .create: return nil
            default: continue
            }
        }
        return nil
    }

    mutating func statement() throws(SyntaxError) -> SQLStatement {
        let first = index
        let kind = try statementKind()
        return SQLStatement(kind, range(from: first))
    }

    private mutating func statementKind() throws(SyntaxError) -> SQLStatement.Kind {
        switch keyword {
        case .with, .select, .values, .table, .insert, .update, .delete, .merge: return try queryOrChange()
        case .create: return try create()
        case .drop: return try drop()
        case .alter: return try alterTable()
        case .truncate: return try truncate()
        case .explain: return try explain()
        case .prepare: return try prepare()
        case .execute: return try execute()
        case .deallocate: return try deallocate()
        default:
            if let command = try transactionCommand() { return .transaction(command) }
            if at(.openParenthesis) && isQuery(at: index) { return .select(try query()) }
            throw unexpected("a statement such as SELECT, INSERT or CREATE TABLE", candidates: Self.statementTexts)
        }
    }

    private mutating func queryOrChange() throws(SyntaxError) -> SQLStatement.Kind {
        let first = index
        let with = try commonTables()
        switch keyword {
        case .insert: return try insert(with)
        case .update: return try update(with)
        case .delete: return try delete(with)
        case .merge: return try merge(with)
        default: return .select(try query(with, from: first))
        }
    }

    // MARK: Transactions

    private mutating func transactionCommand() throws(SyntaxError) -> SQLTransactionCommand? {
        switch keyword {
        case .begin, .start:
            let isStart = accept(.start)
            if isStart { try expect(.transaction) } else {
                advance()
                acceptWork()
            }
            let modes = try transactionModes()
            return .begin(modes.level, readOnly: modes.readOnly)
        case .commit, .end:
            advance()
            acceptWork()
            try noChain()
            return .commit
        case .rollback, .abort:
            let canReturn = at(.rollback)
            advance()
            acceptWork()
            if canReturn && accept(.to) {
                _ = accept(.savepoint)
                return .rollbackTo(try name("a savepoint"))
            }
            try noChain()
            return .rollback
        case .savepoint:
            advance()
            return .savepoint(try name("a name for the savepoint"))
        case .release:
            advance()
            _ = accept(.savepoint)
            return .release(try name("a savepoint"))
        case .set:
            advance()
            try expect(.transaction)
            let modes = try transactionModes()
            if modes.level == nil && modes.readOnly == nil { throw unexpected("ISOLATION LEVEL, READ ONLY or READ WRITE") }
            return .setTransaction(modes.level, readOnly: modes.readOnly)
        default:
            return nil
        }
    }

    private mutating func acceptWork() {
        if !accept(.work) { _ = accept(.transaction) }
    }

    /// AND NO CHAIN is the rule.
    private mutating func noChain() throws(SyntaxError) {
        guard accept(.and) else { return }
        if !accept(.no) { throw failure("AND CHAIN is not supported; begin the next transaction with BEGIN") }
        guard at(.word), text(current).lowercased() == "chain" else { throw unexpected("CHAIN") }
        advance()
    }

    private mutating func transactionModes() throws(SyntaxError) -> (level: IsolationLevel?, readOnly: Bool?) {
        var level: IsolationLevel?
        var readOnly: Bool?
        while true {
            if accept(.isolation) {
                try expect(.level)
                level = try isolationLevel()
            } else if accept(.read) {
                readOnly = accept(.only)
                if readOnly == false { try expect(.write, " or ONLY") }
            } else if !accept(.deferrable) && !accept(.not, .deferrable) {
                return (level, readOnly)
            }
            _ = accept(.comma)
        }
    }

    private mutating func isolationLevel() throws(SyntaxError) -> IsolationLevel {
        if accept(.serializable) { return .serializable }
        if accept(.repeatable) {
            try expect(.read)
            return .repeatableRead
        }
        try expect(.read, " COMMITTED, READ UNCOMMITTED, REPEATABLE READ or SERIALIZABLE")
        if accept(.uncommitted) { return .readUncommitted }
        try expect(.committed, " or UNCOMMITTED")
        return .readCommitted
    }

    // MARK: EXPLAIN

    private mutating func explain() throws(SyntaxError) -> SQLStatement.Kind {
        advance()
        var analyzes = false
        var asJSON = false
        if at(.openParenthesis) && !isQuery(at: index) {
            let opener = index
            advance()
            repeat { try explainOption(&analyzes, &asJSON) } while accept(.comma)
            try close(opener, or: "','")
        } else {
            analyzes = accept(.analyze) || accept(.analyse)
            _ = accept(.verbose)
        }
        try enter(SyntaxLimits.nestingOfSubquery)
        let inner = try statement()
        leave(SyntaxLimits.nestingOfSubquery)
        return .explain(inner, analyzes: analyzes, asJSON: asJSON)
    }

    /// An option in the parentheses of EXPLAIN: `ANALYZE`, `FORMAT JSON`. There is one amount of detail.
    private mutating func explainOption(_ analyzes: inout Bool, _ asJSON: inout Bool) throws(SyntaxError) {
        if accept(.format) {
            asJSON = accept(.json)
            if !asJSON { try expect(.text, " or JSON") }
            return
        }
        guard at(.analyze) || at(.analyse) || at(.verbose) || at(.cost) || at(.buffers) || at(.timing) || at(.summary) else {
            throw unexpected("ANALYZE or FORMAT", candidates: ["ANALYZE", "FORMAT", "VERBOSE", "TIMING", "BUFFERS", "SUMMARY"])
        }
        let isAnalyze = at(.analyze) || at(.analyse)
        advance()
        var value = true
        if at(.true) || at(.false) || at(.on) || isOff() {
            value = at(.true) || at(.on)
            advance()
        }
        if isAnalyze { analyzes = value }
    }

    private func isOff() -> Bool { at(.word) && text(current).lowercased() == "off" }

    // MARK: Prepared statements

    private mutating func prepare() throws(SyntaxError) -> SQLStatement.Kind {
        advance()
        let name = try name("a name for the statement")
        var types: [TypeName] = []
        if at(.openParenthesis) {
            let opener = index
            advance()
            types = try commaSeparated { (parser) throws(SyntaxError) in try parser.typeName() }
            try close(opener, or: "','")
        }
        try expect(.as, " and a statement")
        guard Self.beginsQuery(current.keyword) || at(.openParenthesis) || at(.insert) || at(.update) || at(.delete) || at(.merge) else {
            throw unexpected("a query or a change", candidates: ["SELECT", "INSERT", "UPDATE", "DELETE", "VALUES", "WITH", "MERGE"])
        }
        return .prepare(name, types, try statement())
    }

    private mutating func execute() throws(SyntaxError) -> SQLStatement.Kind {
        advance()
        let name = try name("a prepared statement")
        return .execute(name, at(.openParenthesis) ? try parenthesizedExpressions() : [])
    }

    private mutating func deallocate() throws(SyntaxError) -> SQLStatement.Kind {
        advance()
        _ = accept(.prepare)
        if accept(.all) { return .deallocate(nil) }
        return .deallocate(try name("a prepared statement"))
    }
}
