// Statements of SQL that are no queries: definitions of tables and indexes, and transactions.

import DeedEngine
import DeedExecution
import DeedPlanner
import DeedSyntax
import DeedValues

package final class PreparedSQLCommand: Sendable {
    let statement: SQLStatement
    let text: String
    /// The values of EXECUTE, if it has any.
    let arguments: PreparedQuery?

    init(_ statement: SQLStatement, _ text: String, _ arguments: PreparedQuery?) {
        (self.statement, self.text, self.arguments) = (statement, text, arguments)
    }
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

    /// True if it is for what there is beside rows, or for all rows of a table.
    fileprivate var defines: Bool {
        switch kind {
        case .transaction, .prepare, .execute, .deallocate: false
        default: true
        }
    }
}

extension SQLStatement {
    /// True if it changes a definition and rows: in a transaction, half of it would stay after ROLLBACK.
    fileprivate var changesBoth: Bool {
        switch kind {
        case .createTableAs, .drop(.table, _, _, _): true
        default: false
        }
    }
}

extension QueryEngine {
    func run(
        _ prepared: PreparedSQLCommand, _ bindings: Bindings, in transaction: Transaction?, _ options: ExecutionOptions
    ) throws -> QueryResult {
        // Definitions are no part of the transaction, but it was said that nothing is to change.
        if prepared.statement.defines, transaction?.isReadOnly ?? false {
            throw DeedError(.readOnly, "the transaction was begun for reading only")
        }
        if transaction != nil, prepared.statement.changesBoth {
            throw QueryError(
                .semanticError, "ActiveTransaction",
                "DROP TABLE and CREATE TABLE AS change definitions, which no ROLLBACK undoes; end the transaction first",
                at: prepared.statement.range)
        }
        switch prepared.statement.kind {
        case .transaction(let command): try run(command, in: transaction)
        case .createTable(let table): try createTable(table, .entity, in: prepared.text)
        case .createEdgeTable(let table, let source, let target):
            try createTable(table, .relationship, ends: (source, target), in: prepared.text)
        case .createTableAs(let name, let columns, let query, let ifNotExists):
            try createTable(name, columns, as: query, ifNotExists: ifNotExists, in: transaction)
        case .truncate(let names, _, let cascades):
            for name in names { try deleteRows(of: try requireTable(name), cascades: cascades, in: transaction) }
        case .alterTable(let name, let ifExists, let changes): try alterTable(name, ifExists: ifExists, changes, in: prepared.text)
        case .createIndex(let index): try createIndex(index)
        case .createView(let name, let columns, let query, let text, let orReplace):
            try createView(name, columns, query, String(decoding: Array(prepared.text.utf8)[text], as: UTF8.self), orReplace: orReplace)
        case .drop(let kind, let names, let ifExists, let cascades):
            for name in names { try drop(kind, name, ifExists: ifExists, cascades: cascades, in: transaction) }
        case .prepare(let name, let types, let statement): try prepare(name, types, statement, in: prepared.text)
        case .execute(let name, _): return try execute(name, prepared, bindings, transaction, options)
        case .deallocate(let name): try deallocate(name)
        default: throw unsupported("this statement", at: prepared.statement.range)
        }
        return try QueryResult(columns: [], rows: [], graph)
    }

    func unsupported(_ what: String, at range: SourceRange) -> QueryError {
        QueryError(.syntaxError, "FeatureNotSupported", "\(what) is not supported yet", at: range)
    }

    // MARK: Tables

    /// The constraints are made one after the other; if one fails, those before it go away again.
    private func createTable(
        _ definition: CreateTable, _ kind: RowKind, ends: (ObjectName, ObjectName)? = nil, in text: String
    ) throws {
        let name = definition.name.parts[definition.name.parts.count - 1]
        if try catalog.table(named: name.text) != nil {
            if definition.ifNotExists { return }
            throw QueryError(.semanticError, "DuplicateTable", "table \"\(name.text)\" exists already", at: name.range)
        }
        let table = try intern(kind == .entity ? .collection : .relationshipType, SQLName.folded(name))
        let columns = try definition.columns.map { SQLTable.Column(name: SQLName.folded($0.name), type: try type(of: $0)) }
        let known = SQLTable(name: SQLName.folded(name), isRelationship: kind == .relationship, columns: columns, others: [])
        let checks = try checks(definition, of: known, besides: [], in: text)
        let record = TableDefinition(name: known.name, kind: kind, columns: columns, checks: checks)
        var made: [String] = []
        do {
            var constraints = try constraints(definition, columns, kind, table)
            if let ends { constraints.append(try endpoints(ends.0, ends.1, table)) }
            for constraint in constraints { made.append(try graph.createConstraint(constraint).name) }
            try graph.createDefinition(record.definitionName, record.content)
        } catch {
            for name in made.reversed() { try? graph.dropConstraint(named: name) }
            throw error
        }
    }

    private func endpoints(_ source: ObjectName, _ target: ObjectName, _ table: NameId) throws -> Constraint {
        let ends = try [source, target].map { name -> NameId in
            let table = try requireTable(name)
            if table.isRelationship { throw unsupported("a relationship as an end of another", at: name.range) }
            return try intern(.collection, table.name)
        }
        return Constraint(
            name: "", rowKind: .relationship, table: table, properties: [],
            rule: .endpoints([EndpointPair(source: ends[0], target: ends[1])]))
    }

    func requireTable(_ name: ObjectName) throws -> SQLTable {
        let last = name.parts[name.parts.count - 1]
        guard let table = try catalog.table(named: last.text) else {
            throw QueryError(.semanticError, "UndefinedTable", "table \"\(last.text)\" does not exist", at: last.range)
        }
        return table
    }

    /// The table with the columns of a query, and then its rows.
    private func createTable(
        _ name: ObjectName, _ columns: [Name], as query: SelectQuery, ifNotExists: Bool, in transaction: Transaction?
    ) throws {
        let last = name.parts[name.parts.count - 1]
        if ifNotExists, try catalog.table(named: last.text) != nil { return }
        let outputs = try Planner(catalog: try catalog).columns(of: query)
        let definitions = outputs.enumerated().map { index, output in
            let own = index < columns.count ? columns[index] : Name(output.name, query.range, isQuoted: true)
            let type = output.type.declared == nil
                ? nil : TypeName(name: output.type.name, arguments: [], listDepth: 0, range: query.range)
            return ColumnDefinition(name: own, type: type, constraints: [])
        }
        try createTable(
            CreateTable(name: name, columns: definitions, constraints: [], ifNotExists: false, isTemporary: false), .entity,
            in: "")
        let insert = Insert(
            with: nil, table: name, alias: nil, columns: [], source: .query(query), onConflict: nil, returning: [])
        try runOnce(SQLStatement(.insert(insert), query.range), in: transaction)
    }

    /// A statement that nobody will ask for again.
    private func runOnce(_ statement: SQLStatement, in transaction: Transaction?) throws {
        try runOnce(try Planner(catalog: try catalog).plan(statement), in: transaction)
    }

    func runOnce(_ planned: PlannedQuery, in transaction: Transaction?) throws {
        _ = try execute(.query(once(planned)), Bindings(names: []), transaction: transaction, options: ExecutionOptions())
    }

    /// A plan that is remembered by nobody.
    func once(_ planned: PlannedQuery) -> PreparedQuery {
        PreparedQuery(
            text: "", shape: "", plan: planned.plan, mode: .run, literals: [:], basis: PlanBasis(graph: state),
            pin: PlanPins.Found(version: pins.version, pin: nil), guesses: planned.guesses)
    }

    func type(of column: ColumnDefinition) throws -> SQLType {
        guard let name = column.type else { return .any }
        guard let type = SQLType(name) else { throw SQLType.undefined(name) }
        return type
    }

    var catalog: GraphCatalog {
        get throws { GraphCatalog(view: try GraphView(graph, nil), procedures: procedures) }
    }

    private func drop(
        _ kind: ObjectKind, _ name: ObjectName, ifExists: Bool, cascades: Bool, in transaction: Transaction?
    ) throws {
        let last = name.parts[name.parts.count - 1]
        switch kind {
        case .index: try unlessMissing(ifExists) { () throws(DeedError) in try graph.dropIndex(name: last.text) }
        case .table: try dropTable(last, ifExists: ifExists, cascades: cascades, in: transaction)
        case .view:
            guard let view = try catalog.view(named: last.text) else {
                if ifExists { return }
                throw QueryError(.semanticError, "UndefinedTable", "view \"\(last.text)\" does not exist", at: last.range)
            }
            try graph.dropDefinition(ViewDefinition(view).name)
        case .sequence: throw unsupported("DROP SEQUENCE", at: name.range)
        }
    }

    /// The query must be right now; what it reads may go away later, and then the view fails.
    private func createView(
        _ name: ObjectName, _ columns: [Name], _ query: SelectQuery, _ text: String, orReplace: Bool
    ) throws {
        let last = name.parts[name.parts.count - 1]
        let catalog = try catalog
        let known = catalog.view(named: last.text)
        if catalog.table(named: last.text) != nil || known != nil && !orReplace {
            throw QueryError(.semanticError, "DuplicateTable", "\"\(last.text)\" exists already", at: last.range)
        }
        _ = try Planner(catalog: catalog).plan(SQLStatement(.select(query), query.range))
        let view = ViewDefinition(SQLView(name: SQLName.folded(last), columns: columns.map(SQLName.folded), text: text))
        if let known { try graph.dropDefinition(ViewDefinition(known).name) }
        try graph.createDefinition(view.name, view.content)
    }

    /// Its rows, and then all that is defined for it.
    private func dropTable(_ name: Name, ifExists: Bool, cascades: Bool, in transaction: Transaction?) throws {
        guard let table = try catalog.table(named: name.text) else {
            if ifExists { return }
            throw QueryError(.semanticError, "UndefinedTable", "table \"\(name.text)\" does not exist", at: name.range)
        }
        try deleteRows(of: table, cascades: cascades, in: transaction)
        let kind: RowKind = table.isRelationship ? .relationship : .entity
        let number = try intern(table.isRelationship ? .relationshipType : .collection, table.name)
        for object in graph.schema.objects where object.rowKind == kind && object.table == number {
            switch object.kind {
            case .index: try graph.dropIndex(name: object.name)
            case .constraint: try graph.dropConstraint(named: object.name)
            case .definition: break
            }
        }
        if let record = TableDefinition.read(table.name, kind, graph) { try graph.dropDefinition(record.definitionName) }
    }

    private func deleteRows(of table: SQLTable, cascades: Bool, in transaction: Transaction?) throws {
        try change(table, "\(cascades ? "DETACH " : "")DELETE x", in: transaction)
    }

    /// Does the same with all rows of a table, each of which is `x`, by clauses of Cypher.
    @discardableResult
    func change(_ table: SQLTable, _ clauses: String, value: Value? = nil, in transaction: Transaction?) throws -> QueryResult {
        let quoted = ValueText.name(table.name)
        let pattern = table.isRelationship ? "()-[x:\(quoted)]->()" : "(x:\(quoted))"
        var options = ExecutionOptions()
        options.language = .cypher
        let prepared = try prepare("MATCH \(pattern) \(clauses)", options)
        let bindings = Bindings(names: prepared.parameters)
        if let value { _ = Array("value".utf8).withUnsafeBytes { bindings.set($0, value) } }
        return try execute(prepared, bindings, transaction: transaction, options: options)
    }

    private func createIndex(_ index: CreateIndex) throws {
        if let predicate = index.predicate { throw unsupported("an index of some rows", at: predicate.range) }
        let table = try requireTable(index.table)
        let keys = try index.columns.map { item -> NameId in
            guard case .variable(let name) = item.expression.kind else {
                throw unsupported("an index of an expression", at: item.expression.range)
            }
            guard let column = SQLName.find(name, in: table.columns + table.others, { $0.name }) else {
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
