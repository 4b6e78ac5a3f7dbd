// ALTER TABLE. What the alterations of a statement come to is gathered first, as a change of the schema and as things to do to the
// rows, and takes effect at once (Graph+Alteration.swift).

import DeedEngine
import DeedPlanner
import DeedSyntax
import DeedValues

extension QueryEngine {
    func alterTable(_ name: ObjectName, ifExists: Bool, _ changes: [TableAlteration], in text: String) throws {
        if ifExists, try catalog.table(named: name.parts[name.parts.count - 1].text) == nil { return }
        let table = try requireTable(name)
        var draft = try AlterationDraft(self, name, table, text)
        for change in changes { try draft.add(change) }
        try draft.run()
    }
}

private struct AlterationDraft {
    private let engine: QueryEngine
    private let name: ObjectName
    private let table: SQLTable
    private let text: String
    private let kind: RowKind
    private let number: NameId
    private var columns: [SQLTable.Column]
    /// Those that the table will have, whether they are there already or not.
    private var constraints: [Constraint]
    private let known: [Constraint]
    private var alteration: Alteration
    /// Those that the engine does not know.
    private var checks: [CheckConstraint]
    private var former: [String]
    private var steps: [(Transaction) throws -> Void] = []

    init(_ engine: QueryEngine, _ name: ObjectName, _ table: SQLTable, _ text: String) throws {
        (self.engine, self.name, self.table, self.text) = (engine, name, table, text)
        kind = table.isRelationship ? .relationship : .entity
        let number = try engine.intern(table.isRelationship ? .relationshipType : .collection, table.name)
        self.number = number
        columns = table.columns
        let kind = kind
        known = try engine.graph.constraints().filter { $0.rowKind == kind && $0.table == number }
        constraints = known
        let definition = TableDefinition.read(table.name, kind, engine.graph)
        (checks, former) = (definition?.checks ?? [], definition?.former ?? [])
        alteration = Alteration(kind: kind, table: number)
    }

    /// The engine's part: rows and schema at once.
    mutating func run() throws {
        if let record = TableDefinition.read(table.name, kind, engine.graph) { alteration.dropped.append(record.definitionName) }
        let record = TableDefinition(name: table.name, kind: kind, columns: columns, checks: checks, former: former)
        alteration.definitions.append((record.definitionName, record.content))
        let (engine, steps, checks) = (engine, steps, checks)
        let altered = SQLTable(name: table.name, isRelationship: table.isRelationship, columns: columns, others: [])
        try engine.graph.alter(alteration) { transaction in
            for step in steps { try step(transaction) }
            for check in checks { try engine.requireAll(altered, check, in: transaction) }
        }
    }

    mutating func add(_ change: TableAlteration) throws {
        switch change {
        case .addColumn(let definition, let ifNotExists): try addColumn(definition, ifNotExists: ifNotExists)
        case .dropColumn(let name, let ifExists): try dropColumn(name, ifExists: ifExists)
        case .renameColumn(let name, let new): try rename(name, to: new)
        case .rename: throw engine.unsupported("RENAME TO: the name of a table is the label of its rows, and", at: name.range)
        case .addConstraint(let constraint):
            try add(CreateTable(name: name, columns: [], constraints: [constraint], ifNotExists: false, isTemporary: false))
        case .dropConstraint(let name, let ifExists): try dropConstraint(name, ifExists: ifExists)
        case .setType(let name, let type, let value): try setType(of: name, type, using: value)
        case .setDefault(let name, let value):
            let column = try column(name)
            let rule = try engine.defaultRule(value, column.type)
            try drop(.defaultValue, of: column)
            if let rule { try add(rule, to: column) }
        case .dropDefault(let name): try drop(.defaultValue, of: try column(name))
        case .setNotNull(let name):
            let column = try column(name)
            if try !has(.required, column) && !has(.primaryKey, column) { try add(.required, to: column) }
        case .dropNotNull(let name): try dropNotNull(try column(name), at: name.range)
        }
    }

    // MARK: Columns

    private func column(_ name: Name) throws -> SQLTable.Column { try engine.column(name, of: columns) }

    private func index(of column: SQLTable.Column) -> Int? {
        columns.firstIndex { $0.name.utf8.elementsEqual(column.name.utf8) }
    }

    private func key(_ column: String) throws -> NameId { try engine.intern(.propertyKey, column) }

    private func requireFree(_ name: Name) throws {
        guard SQLName.find(name.text, in: columns, { $0.name }) != nil else { return }
        throw QueryError(
            .semanticError, "DuplicateColumn", "column \"\(name.text)\" of \"\(table.name)\" exists already", at: name.range)
    }

    /// Rows that have such a property already keep it; the others get the default.
    private mutating func addColumn(_ definition: ColumnDefinition, ifNotExists: Bool) throws {
        if ifNotExists, SQLName.find(definition.name.text, in: columns, { $0.name }) != nil { return }
        try requireFree(definition.name)
        let name = SQLName.folded(definition.name)
        columns.append(SQLTable.Column(name: name, type: try engine.type(of: definition)))
        noteColumn(name)
        let first = constraints.count
        try add(CreateTable(name: self.name, columns: [definition], constraints: [], ifNotExists: false, isTemporary: false))
        for constraint in constraints[first...] {
            guard case .defaultValue(let stored) = constraint.rule, let value = try? Value(stored.cell) else { continue }
            let property = "x.\(ValueText.name(name))"
            change("WHERE \(property) IS NULL SET \(property) = $value", value)
        }
    }

    private mutating func noteColumn(_ name: String) { former.removeAll { $0.utf8.elementsEqual(name.utf8) } }

    private mutating func change(_ clauses: String, _ value: Value? = nil) {
        let (engine, table) = (engine, table)
        steps.append { transaction in try engine.change(table, clauses, value: value, in: transaction) }
    }

    private mutating func dropColumn(_ name: Name, ifExists: Bool) throws {
        if ifExists, SQLName.find(name.text, in: columns, { $0.name }) == nil { return }
        let column = try column(name)
        let key = try key(column.name)
        drop { $0.properties.contains(key) }
        alteration.dropped += indexes(on: key).map(\.name)
        checks = try checks.filter { try !mentions($0, column) }
        columns.removeAll { $0.name.utf8.elementsEqual(column.name.utf8) }
        former.append(column.name)
        change("REMOVE x.\(ValueText.name(column.name))")
    }

    /// Indexes that are no constraint's.
    private func indexes(on key: NameId) -> [SecondaryIndex] {
        engine.graph.readyIndexes.filter { index in
            index.rowKind == kind && index.table == number && index.properties.contains(key)
                && !known.contains { $0.name.utf8.elementsEqual(index.name.utf8) }
        }
    }

    private mutating func rename(_ name: Name, to new: Name) throws {
        let column = try column(name)
        try requireFree(new)
        let newName = SQLName.folded(new)
        noteColumn(newName)
        former.append(column.name)
        if let check = try checks.first(where: { try mentions($0, column) }) {
            throw engine.unsupported("to rename a column of the check constraint \"\(check.name)\"", at: name.range)
        }
        let (oldKey, newKey) = (try key(column.name), try key(newName))
        func renamed(_ keys: [NameId]) -> [NameId] { keys.map { $0 == oldKey ? newKey : $0 } }
        for constraint in drop({ $0.properties.contains(oldKey) }) {
            var constraint = constraint
            constraint.properties = renamed(constraint.properties)
            append(constraint)
        }
        for index in indexes(on: oldKey) {
            alteration.dropped.append(index.name)
            alteration.indexes.append((index.name, renamed(index.properties), index.isUnique))
        }
        if let place = index(of: column) {
            columns[place] = SQLTable.Column(name: newName, type: column.type, defaultValue: column.defaultValue)
        }
        let (from, to) = (ValueText.name(column.name), ValueText.name(newName))
        let (engine, table) = (engine, table)
        steps.append { transaction in
            let found = try engine.change(table, "WHERE x.\(to) IS NOT NULL RETURN 1 LIMIT 1", in: transaction)
            if try found.firstRow().isEmpty { return }
            throw QueryError(
                .semanticError, "DuplicateColumn", "rows of \"\(table.name)\" have a property \"\(newName)\" already", at: new.range)
        }
        change("WHERE x.\(from) IS NOT NULL SET x.\(to) = x.\(from) REMOVE x.\(from)")
    }

    private mutating func setType(of name: Name, _ typeName: TypeName, using value: Expression?) throws {
        let old = try column(name)
        let type = try engine.type(of: ColumnDefinition(name: name, type: typeName, constraints: []))
        let new = SQLTable.Column(name: old.name, type: type)
        if let place = index(of: old) { columns[place] = new }
        try drop(.type, of: old)
        if let declared = type.declared { try add(.type(declared), to: new) }
        let key = try key(old.name)
        for constraint in constraints where constraint.properties == [key] {
            guard case .defaultValue(let stored) = constraint.rule, let known = try? Value(stored.cell) else { continue }
            let planner = Planner(catalog: try engine.catalog)
            guard let converted = planner.constant(known, old.type, as: type), !converted.isNull else {
                throw QueryError(
                    .semanticError, "DatatypeMismatch",
                    "the default of \"\(old.name)\" cannot be converted to \(type.name); drop it first", at: typeName.range)
            }
            try drop(.defaultValue, of: old)
            try add(.defaultValue(try engine.stored(converted)), to: new)
        }
        let (engine, table) = (engine, self.name)
        steps.append { transaction in
            let planner = Planner(catalog: try engine.catalog)
            try engine.runOnce(try planner.planConversion(of: name, in: table, to: type, using: value), in: transaction)
        }
    }

    // MARK: Constraints

    private mutating func append(_ constraint: Constraint) {
        constraints.append(constraint)
        alteration.constraints.append(constraint)
    }

    private mutating func add(_ rule: Constraint.Rule, to column: SQLTable.Column) throws {
        append(Constraint(name: "", rowKind: kind, table: number, properties: [try key(column.name)], rule: rule))
    }

    private mutating func add(_ definition: CreateTable) throws {
        let altered = SQLTable(name: table.name, isRelationship: table.isRelationship, columns: columns, others: [])
        checks += try engine.checks(definition, of: altered, besides: checks, in: text)
        for constraint in try engine.constraints(definition, columns, kind, number) { append(constraint) }
    }

    private func mentions(_ check: CheckConstraint, _ column: SQLTable.Column) throws -> Bool {
        SQLName.find(column.name, in: namesMentioned(in: try check.condition()), { $0 }) != nil
    }

    private func has(_ rule: Constraint.Kind, _ column: SQLTable.Column) throws -> Bool {
        let key = try key(column.name)
        return constraints.contains { $0.kind == rule && $0.properties.contains(key) }
    }

    private mutating func drop(_ rule: Constraint.Kind, of column: SQLTable.Column) throws {
        let key = try key(column.name)
        drop { $0.kind == rule && $0.properties == [key] }
    }

    /// Those that go away.
    @discardableResult
    private mutating func drop(_ isMeant: (Constraint) -> Bool) -> [Constraint] {
        let dropped = constraints.filter(isMeant)
        for constraint in dropped where known.contains(where: { $0.name.utf8.elementsEqual(constraint.name.utf8) }) {
            if !alteration.dropped.contains(constraint.name) { alteration.dropped.append(constraint.name) }
        }
        constraints.removeAll(where: isMeant)
        alteration.constraints.removeAll(where: isMeant)
        return dropped
    }

    private mutating func dropNotNull(_ column: SQLTable.Column, at range: SourceRange) throws {
        if try has(.primaryKey, column) {
            throw QueryError(
                .semanticError, "InvalidTableDefinition", "column \"\(column.name)\" is in the primary key", at: range)
        }
        try drop(.required, of: column)
    }

    private mutating func dropConstraint(_ name: Name, ifExists: Bool) throws {
        if let check = SQLName.find(name.text, in: checks, { $0.name }) {
            checks.removeAll { $0.name.utf8.elementsEqual(check.name.utf8) }
            return
        }
        guard let constraint = SQLName.find(name.text, in: constraints, { $0.name }) else {
            if ifExists { return }
            throw QueryError(
                .semanticError, "UndefinedObject", "\"\(table.name)\" has no constraint \"\(name.text)\"", at: name.range)
        }
        drop { $0.name.utf8.elementsEqual(constraint.name.utf8) }
    }
}
