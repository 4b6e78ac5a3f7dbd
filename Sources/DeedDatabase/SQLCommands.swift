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
        case .createEdgeTable(let table, let source, let target): try createTable(table, .relationship, ends: (source, target))
        case .createTableAs(let name, let columns, let query, let ifNotExists):
            try createTable(name, columns, as: query, ifNotExists: ifNotExists, in: transaction)
        case .truncate(let names, _, let cascades):
            for name in names { try deleteRows(of: try requireTable(name), cascades: cascades, in: transaction) }
        case .createIndex(let index): try createIndex(index)
        case .createView(let name, let columns, let query, let text, let orReplace):
            try createView(name, columns, query, String(decoding: Array(prepared.text.utf8)[text], as: UTF8.self), orReplace: orReplace)
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
    private func createTable(
        _ definition: CreateTable, _ kind: RowKind, ends: (ObjectName, ObjectName)? = nil
    ) throws {
        let name = definition.name.parts[definition.name.parts.count - 1]
        if try catalog.table(named: name.text) != nil {
            if definition.ifNotExists { return }
            throw QueryError(.semanticError, "DuplicateTable", "table \"\(name.text)\" exists already", at: name.range)
        }
        let table = try intern(kind == .entity ? .collection : .relationshipType, SQLName.folded(name))
        let columns = try definition.columns.map { SQLTable.Column(name: SQLName.folded($0.name), type: try type(of: $0)) }
        let record = TableDefinition(name: SQLName.folded(name), kind: kind, columns: columns)
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

    private func constraints(
        _ definition: CreateTable, _ columns: [SQLTable.Column], _ kind: RowKind, _ table: NameId
    ) throws -> [Constraint] {
        func constraint(_ name: Name?, _ columns: [Name], _ rule: Constraint.Rule) throws -> Constraint {
            let properties = try columns.map { try intern(.propertyKey, SQLName.folded($0)) }
            return Constraint(
                name: name.map(SQLName.folded) ?? "", rowKind: kind, table: table, properties: properties, rule: rule)
        }
        var result: [Constraint] = []
        for (column, known) in zip(definition.columns, columns) {
            if let declared = known.type.declared { result.append(try constraint(nil, [column.name], .type(declared))) }
            for own in column.constraints {
                if case .null = own.kind { continue }
                result.append(try constraint(own.name, [column.name], try rule(of: own, known)))
            }
        }
        for own in definition.constraints {
            if case .check(let condition) = own.kind {
                let (name, rule) = try checked(condition, columns)
                result.append(try constraint(own.name, [Name(name, own.range, isQuoted: true)], rule))
            } else {
                result.append(try constraint(own.name, own.columns, try rule(of: own, nil)))
            }
        }
        return result
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

    private func requireTable(_ name: ObjectName) throws -> SQLTable {
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
            CreateTable(name: name, columns: definitions, constraints: [], ifNotExists: false, isTemporary: false), .entity)
        let insert = Insert(
            with: nil, table: name, alias: nil, columns: [], source: .query(query), onConflict: nil, returning: [])
        try runOnce(SQLStatement(.insert(insert), query.range), in: transaction)
    }

    /// A statement that nobody will ask for again.
    private func runOnce(_ statement: SQLStatement, in transaction: Transaction?) throws {
        let planned = try Planner(catalog: try catalog).plan(statement)
        let query = PreparedQuery(
            text: "", shape: "", plan: planned.plan, mode: .run, literals: [:], basis: PlanBasis(graph: state),
            pin: PlanPins.Found(version: pins.version, pin: nil), guesses: planned.guesses)
        _ = try execute(.query(query), Bindings(names: []), transaction: transaction, options: ExecutionOptions())
    }

    private func type(of column: ColumnDefinition) throws -> SQLType {
        guard let name = column.type else { return .any }
        guard let type = SQLType(name) else { throw SQLType.undefined(name) }
        return type
    }

    private var catalog: GraphCatalog {
        get throws { GraphCatalog(view: try GraphView(graph, nil), procedures: procedures) }
    }

    /// `column`: the one that it is written beside.
    private func rule(of constraint: TableConstraint, _ column: SQLTable.Column?) throws -> Constraint.Rule {
        switch constraint.kind {
        case .notNull: return .required
        case .unique: return .unique
        case .primaryKey: return .primaryKey
        case .default(let expression):
            guard let value = try Planner(catalog: try catalog).constant(expression, as: column?.type ?? .any), !value.isNull else {
                throw unsupported("a default that is no constant", at: expression.range)
            }
            return .defaultValue(try stored(value))
        case .check(let condition): return try checked(condition, column.map { [$0] } ?? []).rule
        default: throw unsupported("this constraint", at: constraint.range)
        }
    }

    private func stored(_ value: Value) throws -> StoredValue {
        let encoder = ValueEncoder()
        try encoder.append(try intern(.propertyKey, "value"), value)
        return try encoder.withCells { cells throws(DeedError) in StoredValue(cells[0].cell) }
    }

    /// A condition that the engine can hold for every row: a column in a range or a list.
    private func checked(
        _ condition: Expression, _ columns: [SQLTable.Column]
    ) throws -> (name: String, rule: Constraint.Rule) {
        func column(_ expression: Expression) -> SQLTable.Column? {
            guard case .variable(let name) = expression.kind else { return nil }
            return SQLName.find(name, in: columns, { $0.name })
        }
        func value(_ expression: Expression, _ column: SQLTable.Column) throws -> StoredValue? {
            guard let value = try Planner(catalog: try catalog).constant(expression, as: column.type), !value.isNull else { return nil }
            return try stored(value)
        }
        switch condition.kind {
        case .comparison(let left, let rest) where rest.count == 1:
            let (op, right) = rest[0]
            let comparison = op.comparison
            if let own = column(left), let limit = try value(right, own), let rule = Self.range(comparison, limit) {
                return (own.name, rule)
            }
            if let own = column(right), let limit = try value(left, own), let rule = Self.range(comparison.mirrored, limit) {
                return (own.name, rule)
            }
        case .sql(.between(let operand, let low, let high, isSymmetric: false, negated: false)):
            if let own = column(operand), let least = try value(low, own), let most = try value(high, own) {
                let bounds = (Constraint.Bound(least, isInclusive: true), Constraint.Bound(most, isInclusive: true))
                return (own.name, .range(lower: bounds.0, upper: bounds.1))
            }
        case .binary(.in, let operand, let list):
            if let own = column(operand), case .list(let items) = list.kind {
                let values = try items.compactMap { try value($0, own) }
                if values.count == items.count { return (own.name, .oneOf(values)) }
            }
        default: break
        }
        throw unsupported("a CHECK of anything but one column in a range or a list of constants", at: condition.range)
    }

    private static func range(_ op: Comparison, _ limit: StoredValue) -> Constraint.Rule? {
        switch op {
        case .equal: .oneOf([limit])
        case .notEqual: nil
        case .less, .lessOrEqual: .range(lower: nil, upper: Constraint.Bound(limit, isInclusive: op == .lessOrEqual))
        case .greater, .greaterOrEqual: .range(lower: Constraint.Bound(limit, isInclusive: op == .greaterOrEqual), upper: nil)
        }
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
        let quoted = ValueText.name(table.name)
        let pattern = table.isRelationship ? "()-[x:\(quoted)]->()" : "(x:\(quoted))"
        var options = ExecutionOptions()
        options.language = .cypher
        let prepared = try prepare("MATCH \(pattern) \(cascades ? "DETACH " : "")DELETE x", options)
        _ = try execute(prepared, Bindings(names: []), transaction: transaction, options: options)
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
