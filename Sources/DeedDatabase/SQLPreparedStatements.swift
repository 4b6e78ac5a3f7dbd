// PREPARE, EXECUTE and DEALLOCATE. A statement under a name is kept as text, by the engine that was asked: the plan of it is remembered
// as that of any other text. The values of EXECUTE are a query of one row, which may have parameters itself.

import DeedEngine
import DeedPlanner
import DeedSyntax
import DeedValues

/// A statement under a name.
struct NamedStatement: Sendable {
    let text: String
    /// Of its first parameters, as far as they were said.
    let types: [SQLType]
}

extension QueryEngine {
    /// Statements under names, at most: nobody gives them back but who asks for it.
    private static let namedStatementsMax = 10_000

    /// What EXECUTE has in its brackets, as a query.
    static func arguments(of statement: SQLStatement) -> SelectQuery? {
        guard case .execute(_, let values) = statement.kind, !values.isEmpty else { return nil }
        return SelectQuery(.values([values], statement.range), statement.range)
    }

    /// The statement is planned now, so that what is wrong with it is said now.
    func prepare(_ name: Name, _ types: [TypeName], _ statement: SQLStatement, in text: String) throws {
        let types = try types.map { type in
            guard let known = SQLType(type) else {
                throw QueryError(.syntaxError, "UndefinedType", "there is no type \"\(type.name)\"", at: type.range)
            }
            return known
        }
        let key = SQLName.folded(name)
        if namedStatements.withLock({ $0[NameKey(key)] }) != nil {
            throw QueryError(.semanticError, "DuplicateStatement", "prepared statement \"\(key)\" exists already", at: name.range)
        }
        let own = Self.alone(statement.range, in: text)
        var options = ExecutionOptions()
        options.language = .sql
        let parameters = try makeReady(own, options).parameters
        if let other = parameters.first(where: { Int($0) == nil }) {
            throw QueryError(
                .syntaxError, "SyntaxError", "EXECUTE gives values by position, so that parameters are $1, $2, ..., not :\(other)",
                at: statement.range)
        }
        try namedStatements.withLock { statements in
            guard statements.count < Self.namedStatementsMax else {
                throw DeedError(.limitExceeded, "more than \(Self.namedStatementsMax) prepared statements; DEALLOCATE some")
            }
            statements[NameKey(key)] = NamedStatement(text: own, types: types)
        }
    }

    /// The statement with blanks for what stands before it, so that places in it stay what they are.
    private static func alone(_ range: SourceRange, in text: String) -> String {
        let bytes = Array(text.utf8)
        let blanks = bytes[..<range.lowerBound].map { $0 == UInt8(ascii: "\n") ? $0 : UInt8(ascii: " ") }
        return String(decoding: blanks + bytes[range], as: UTF8.self)
    }

    func execute(
        _ name: Name, _ prepared: PreparedSQLCommand, _ bindings: Bindings, _ transaction: Transaction?, _ options: ExecutionOptions
    ) throws -> QueryResult {
        guard let known = namedStatements.withLock({ $0[NameKey(SQLName.folded(name))] }) else { throw missing(name) }
        var values: [Value] = []
        if let query = prepared.arguments {
            try query.requireAll(bindings)
            values = try execute(.query(query), bindings, transaction: transaction, options: options).firstRow()
        }
        var options = options
        options.language = .sql
        let statement = try prepare(known.text, options)
        let own = Bindings(names: statement.parameters)
        let wanted = max(known.types.count, statement.parameters.compactMap { Int($0) }.max() ?? 0)
        guard wanted == values.count else {
            throw QueryError(
                .syntaxError, "SyntaxError",
                "prepared statement \"\(name.text)\" takes \(wanted) values, not \(values.count)", at: prepared.statement.range)
        }
        for (position, value) in values.enumerated() {
            let value = try converted(value, position < known.types.count ? known.types[position] : .any, at: prepared.statement.range)
            _ = Array("\(position + 1)".utf8).withUnsafeBytes { own.set($0, value) }
        }
        return try execute(statement, own, transaction: transaction, options: options)
    }

    private func converted(_ value: Value, _ type: SQLType, at range: SourceRange) throws -> Value {
        if type == .any || value.isNull { return value }
        guard let result = Planner(catalog: try catalog).constant(value, .any, as: type) else {
            throw QueryError(.argumentError, "InvalidTextRepresentation", "a value of EXECUTE is no \(type.name)", at: range)
        }
        return result
    }

    /// nil: all of them.
    func deallocate(_ name: Name?) throws {
        guard let name else { return namedStatements.withLock { $0.removeAll() } }
        if namedStatements.withLock({ $0.removeValue(forKey: NameKey(SQLName.folded(name))) }) == nil { throw missing(name) }
    }

    private func missing(_ name: Name) -> QueryError {
        QueryError(.semanticError, "UndefinedStatement", "prepared statement \"\(name.text)\" does not exist", at: name.range)
    }
}
