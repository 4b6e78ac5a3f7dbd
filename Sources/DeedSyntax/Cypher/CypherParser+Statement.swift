// Statements and queries: what stands around clauses, and which clause may follow which.

extension CypherParser {
    mutating func statement() throws(SyntaxError) -> Statement {
        if at(.endOfText) { throw failure("The query is empty") }
        let result = try unterminatedStatement()
        let hasSemicolon = at(.semicolon)
        while accept(.semicolon) {}
        if at(.endOfText) { return result }
        if hasSemicolon { throw failure("Only one statement can be run at a time") }
        throw trailing()
    }

    private mutating func unterminatedStatement() throws(SyntaxError) -> Statement {
        if let command = try transactionCommand() { return .transaction(command) }
        if let query = try listing() { return .query(query, mode: .run) }
        if let command = try schemaCommand() { return .schema(command) }
        var mode = ExecutionMode.run
        if accept(.explain) { mode = .explain } else if accept(.profile) { mode = .profile }
        return .query(try query(in: .statement), mode: mode)
    }

    private mutating func transactionCommand() throws(SyntaxError) -> TransactionCommand? {
        let command: TransactionCommand
        if accept(.begin) {
            command = .begin
        } else if accept(.commit) {
            command = .commit
        } else if accept(.rollback) {
            command = .rollback
        } else {
            return nil
        }
        _ = accept(.transaction)
        return command
    }

    /// `SHOW FUNCTIONS` and `SHOW PROCEDURES`: calls of procedures under another name.
    private mutating func listing() throws(SyntaxError) -> Query? {
        guard at(.show, then: .functions) || at(.show, then: .procedures) else { return nil }
        let first = index
        advance()
        let procedure = at(.functions) ? "deed.functions" : "deed.procedures"
        advance()
        let range = range(from: first)
        let call = ProcedureCall(name: Name(procedure, range), arguments: [], yield: nil, yieldsAll: true, predicate: nil)
        return Query(parts: [SingleQuery(clauses: [Clause(.call(call), range)], range: range)], all: [], range: range)
    }

    /// What stands where a statement or the body of a subquery should have ended.
    func trailing() -> SyntaxError {
        let candidates = Self.clauseTexts + ["WHERE", "ORDER", "SKIP", "LIMIT", "UNION", "YIELD", "AND", "OR", "AS", "ASC", "DESC"]
        let parts = ["\(continuation)", "another clause or the end of the query"].filter { !$0.isEmpty }
        return unexpected(parts.joined(separator: ", "), candidates: candidates)
    }

    static let clauseTexts = [
        "MATCH", "OPTIONAL", "UNWIND", "WITH", "RETURN", "CREATE", "MERGE", "SET", "REMOVE", "DELETE", "DETACH", "CALL",
        "FOREACH", "LOAD", "FINISH",
    ]
    private static let statementTexts =
        clauseTexts + ["EXPLAIN", "PROFILE", "BEGIN", "COMMIT", "ROLLBACK", "DROP", "SHOW"]

    /// Where a query stands, which says how it may end and what may be in it.
    enum QueryPlace {
        case statement
        /// `CALL { ... }`: may write and then return nothing.
        case call
        /// `EXISTS { ... }` and `COUNT { ... }`: need no RETURN.
        case predicate
        /// `COLLECT { ... }`
        case collect
    }

    mutating func query(in place: QueryPlace) throws(SyntaxError) -> Query {
        let first = index
        var parts = [try singleQuery(in: place)]
        var all: [Bool] = []
        while accept(.union) {
            let isAll = accept(.all)
            if !isAll { _ = accept(.distinct) }
            all.append(isAll)
            parts.append(try singleQuery(in: place))
        }
        return Query(parts: parts, all: all, range: range(from: first))
    }

    private mutating func singleQuery(in place: QueryPlace) throws(SyntaxError) -> SingleQuery {
        let first = index
        var clauses: [Clause] = []
        while let clause = try clause() {
            if let last = clauses.last { try check(clause, follows: last) }
            clauses.append(clause)
        }
        guard let last = clauses.last else {
            throw unexpected("a clause such as MATCH, CREATE or RETURN", candidates: Self.statementTexts)
        }
        // A word that no clause begins with tells more than the lack of a last clause.
        if !at(.endOfText) && !at(.semicolon) && !at(.closeBrace) && !at(.union) { throw trailing() }
        try check(end: last, of: clauses, in: place)
        return SingleQuery(clauses: clauses, range: range(from: first))
    }

    private func check(_ clause: Clause, follows last: Clause) throws(SyntaxError) {
        switch last.kind {
        case .return:
            throw failure("InvalidClauseComposition", "RETURN must be the last clause; WITH hands rows on", last.range)
        case .finish:
            throw failure("InvalidClauseComposition", "FINISH must be the last clause", last.range)
        default:
            break
        }
    }

    private func check(end last: Clause, of clauses: [Clause], in place: QueryPlace) throws(SyntaxError) {
        for (position, clause) in clauses.enumerated() {
            if case .call(let call) = clause.kind { try check(call, clause, isAlone: clauses.count == 1 && place == .statement) }
            if place == .predicate || place == .collect, isWriting(clause) {
                throw failure("InvalidClauseComposition", "A subquery in an expression cannot write", clause.range)
            }
            if position == 0, case .finish = clause.kind, clauses.count == 1 {
                throw failure("InvalidClauseComposition", "FINISH needs clauses before it", clause.range)
            }
        }
        switch last.kind {
        case .return:
            return
        case .match, .unwind, .with, .loadCSV:
            if place == .predicate { if case .match = last.kind { return } else { break } }
        case .finish, .call, .subquery, .create, .merge, .set, .remove, .delete, .forEach:
            if place != .collect && place != .predicate { return }
        }
        let remedy = place == .collect ? "must return one value" : "does nothing with its rows; RETURN is missing"
        throw failure("InvalidClauseComposition", "The query \(remedy)", last.range)
    }

    private func check(_ call: ProcedureCall, _ clause: Clause, isAlone: Bool) throws(SyntaxError) {
        if isAlone { return }
        if call.yieldsAll {
            throw failure("YIELD * is only for a CALL that stands alone; name the fields", clause.range)
        }
        if call.arguments == nil {
            throw failure(
                "InvalidArgumentPassingMode", "A CALL among other clauses needs its arguments in parentheses", clause.range)
        }
    }

    func isWriting(_ clause: Clause) -> Bool {
        switch clause.kind {
        case .create, .merge, .set, .remove, .delete, .forEach: true
        case .subquery(let query, _, _, _): query.parts.contains { $0.clauses.contains(where: isWriting) }
        default: false
        }
    }
}
