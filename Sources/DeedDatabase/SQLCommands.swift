// Statements of SQL that are no queries: definitions of tables and indexes, and transactions.

import DeedEngine
import DeedExecution
import DeedPlanner
import DeedSyntax
import DeedValues

package final class PreparedSQLCommand: Sendable {
    let statement: SQLStatement
    let text: String

    init(_ statement: SQLStatement, _ text: String) { (self.statement, self.text) = (statement, text) }
}

extension SQLStatement {
    /// What is to be planned, and what for; nil for what is run as it stands.
    var planned: (SQLStatement, ExecutionMode)? {
        switch kind {
        case .select, .insert, .update, .delete, .merge: (self, .run)
        case .explain(let statement, let analyzes, _): statement.planned.map { ($0.0, analyzes ? .profile : .explain) }
        default: nil
        }
    }
}

extension QueryEngine {
    func run(_ prepared: PreparedSQLCommand, in transaction: Transaction?) throws -> QueryResult {
        switch prepared.statement.kind {
        case .transaction(let command): try run(command, in: transaction, at: prepared.statement.range)
        case .createTable(let table): try createTable(table, .entity)
        case .createIndex(let index): try createIndex(index)
        case .drop(let kind, let names, let ifExists, let cascades):
            for name in names { try drop(kind, name, ifExists: ifExists, cascades: cascades, in: transaction) }
        default: throw unsupported("this statement", at: prepared.statement.range)
        }
        return try QueryResult(columns: [], rows: [], graph)
    }

    private func unsupported(_ what: String, at range: SourceRange) -> QueryError {
        QueryError(.syntaxError, "FeatureNotSupported", "\(what) is not supported yet", at: range)
    }

    private func run(_ command: SQLTransactionCommand, in transaction: Transaction?, at range: SourceRange) throws {
        switch command {
        case .begin: try run(TransactionCommand.begin, in: transaction)
        case .commit: try run(TransactionCommand.commit, in: transaction)
        case .rollback: try run(TransactionCommand.rollback, in: transaction)
        default: throw unsupported("this command", at: range)
        }
    }

    // MARK: Tables

    /// The constraints are made one after the other; if one fails, those before it go away again.
    private func createTable(_ definition: CreateTable, _ kind: RowKind) throws {
        let name = definition.name.parts[definition.name.parts.count - 1]
        if try catalog.table(named: name.text) != nil {
            if definition.ifNotExists { return }
            throw QueryError(.semanticError, "DuplicateTable", "table \"\(name.text)\" exists already", at: name.range)
        }
        let table = try intern(kind == .entity ? .collection : .relationshipType, SQLName.folded(name))
        var made: [String] = []
        do {
            for column in definition.columns {
                for rule in try rules(of: column) {
                    let property = try intern(.propertyKey, SQLName.folded(column.name))
                    made.append(
                        try graph.createConstraint(
                            Constraint(name: "", rowKind: kind, table: table, properties: [property], rule: rule)
                        ).name)
                }
            }
            for constraint in definition.constraints {
                let properties = try constraint.columns.map { try intern(.propertyKey, SQLName.folded($0)) }
                made.append(
                    try graph.createConstraint(
                        Constraint(
                            name: constraint.name.map(SQLName.folded) ?? "", rowKind: kind, table: table,
                            properties: properties, rule: try rule(of: constraint))
                    ).name)
            }
        } catch {
            for name in made.reversed() { try? graph.dropConstraint(named: name) }
            throw error
        }
    }

    private var catalog: GraphCatalog {
        get throws { GraphCatalog(view: try GraphView(graph, nil), procedures: procedures) }
    }

    private func rules(of column: ColumnDefinition) throws -> [Constraint.Rule] {
        var allowed = TypeSet((1...ValueType.vector.rawValue).compactMap(ValueType.init))
        if let name = column.type {
            guard let type = SQLType(name) else {
                throw QueryError(.syntaxError, "UndefinedType", "there is no type \"\(name.name)\"", at: name.range)
            }
            if let declared = type.declared { allowed = declared }
        }
        return [.type(allowed)] + (try column.constraints.compactMap { if case .null = $0.kind { nil } else { try rule(of: $0) } })
    }

    private func rule(of constraint: TableConstraint) throws -> Constraint.Rule {
        switch constraint.kind {
        case .notNull: return .required
        case .unique: return .unique
        case .primaryKey: return .primaryKey
        default: throw unsupported("this constraint", at: constraint.range)
        }
    }

    private func drop(
        _ kind: ObjectKind, _ name: ObjectName, ifExists: Bool, cascades: Bool, in transaction: Transaction?
    ) throws {
        let last = name.parts[name.parts.count - 1]
        switch kind {
        case .index: try unlessMissing(ifExists) { () throws(DeedError) in try graph.dropIndex(name: last.text) }
        case .table: try dropTable(last, ifExists: ifExists, cascades: cascades, in: transaction)
        case .view, .sequence: throw unsupported("DROP of this kind", at: name.range)
        }
    }

    /// Its rows, and then all that is defined for it.
    private func dropTable(_ name: Name, ifExists: Bool, cascades: Bool, in transaction: Transaction?) throws {
        guard let table = try catalog.table(named: name.text) else {
            if ifExists { return }
            throw QueryError(.semanticError, "UndefinedTable", "table \"\(name.text)\" does not exist", at: name.range)
        }
        let quoted = ValueText.name(table.name)
        let pattern = table.isRelationship ? "()-[x:\(quoted)]->()" : "(x:\(quoted))"
        let text = "MATCH \(pattern) \(cascades ? "DETACH " : "")DELETE x"
        var options = ExecutionOptions()
        options.language = .cypher
        let prepared = try prepare(text, options)
        _ = try execute(prepared, Bindings(names: []), transaction: transaction, options: options)
        let kind: RowKind = table.isRelationship ? .relationship : .entity
        let number = try intern(table.isRelationship ? .relationshipType : .collection, table.name)
        for object in graph.schema.objects where object.rowKind == kind && object.table == number {
            if object.kind == .index { try graph.dropIndex(name: object.name) } else { try graph.dropConstraint(named: object.name) }
        }
    }

    private func createIndex(_ index: CreateIndex) throws {
        if let predicate = index.predicate { throw unsupported("an index of some rows", at: predicate.range) }
        let last = index.table.parts[index.table.parts.count - 1]
        guard let table = try catalog.table(named: last.text) else {
            throw QueryError(.semanticError, "UndefinedTable", "table \"\(last.text)\" does not exist", at: last.range)
        }
        let keys = try index.columns.map { item -> NameId in
            guard case .variable(let name) = item.expression.kind else {
                throw unsupported("an index of an expression", at: item.expression.range)
            }
            guard let column = SQLName.find(name, in: table.columns, { $0.name }) else {
                throw QueryError(
                    .semanticError, "UndefinedColumn", "column \"\(name)\" does not exist", at: item.expression.range)
            }
            return try intern(.propertyKey, column.name)
        }
        let kind: RowKind = table.isRelationship ? .relationship : .entity
        let number = try intern(table.isRelationship ? .relationshipType : .collection, table.name)
        try unlessExists(index.ifNotExists) { () throws(DeedError) in
            _ = try graph.createIndex(
                name: index.name.map(SQLName.folded), kind, number, keys, unique: index.isUnique) { _, _ in true }
        }
    }
}
