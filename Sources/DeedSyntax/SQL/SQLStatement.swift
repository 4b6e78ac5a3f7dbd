// Statements of SQL, as they were written; what stands in expressions beside the tree that all languages share is in
// SQLExpression.swift, queries are in SelectQuery.swift.

/// A name with what it is qualified by, from the outside in: `schema.table`.
package struct ObjectName: Sendable {
    package let parts: [Name]
    package var range: SourceRange {
        (parts.first?.range.lowerBound ?? 0)..<(parts.last?.range.upperBound ?? 0)
    }
    package init(_ parts: [Name]) { self.parts = parts }
}

/// A type as it was written: `numeric(10, 2)`, `timestamp with time zone`, `text[]`.
package struct TypeName: Sendable {
    /// In lower case, words separated by one space.
    package let name: String
    package let arguments: [Int64]
    /// Of a list of a list of values: 2.
    package let listDepth: Int
    package let range: SourceRange
    package init(name: String, arguments: [Int64], listDepth: Int, range: SourceRange) {
        (self.name, self.arguments, self.listDepth, self.range) = (name, arguments, listDepth, range)
    }
}

package struct SQLStatement: Sendable {
    package let kind: Kind
    package let range: SourceRange
    package init(_ kind: Kind, _ range: SourceRange) { (self.kind, self.range) = (kind, range) }

    package indirect enum Kind: Sendable {
        case select(SelectQuery)
        case insert(Insert)
        case update(Update)
        case delete(Delete)
        case merge(SQLMerge)
        case truncate([ObjectName], restartsIdentity: Bool, cascades: Bool)
        case createTable(CreateTable)
        case createTableAs(ObjectName, columns: [Name], SelectQuery, ifNotExists: Bool)
        /// `CREATE EDGE TABLE follows (since int) FROM users TO users`
        case createEdgeTable(CreateTable, from: ObjectName, to: ObjectName)
        case alterTable(ObjectName, ifExists: Bool, [TableAlteration])
        case createIndex(CreateIndex)
        case createView(ObjectName, columns: [Name], SelectQuery, text: SourceRange, orReplace: Bool)
        case createSequence(ObjectName, SequenceOptions, ifNotExists: Bool)
        case drop(ObjectKind, [ObjectName], ifExists: Bool, cascades: Bool)
        case transaction(SQLTransactionCommand)
        case explain(SQLStatement, analyzes: Bool, asJSON: Bool)
        case prepare(Name, [TypeName], SQLStatement)
        case execute(Name, [Expression])
        /// nil: all of them.
        case deallocate(Name?)
    }
}

package enum ObjectKind: Sendable { case table, index, view, sequence }

package enum SQLTransactionCommand: Sendable {
    case begin(IsolationLevel?, readOnly: Bool?)
    case commit, rollback
    case savepoint(Name)
    case rollbackTo(Name)
    case release(Name)
    case setTransaction(IsolationLevel?, readOnly: Bool?)
}

package enum IsolationLevel: Sendable { case readUncommitted, readCommitted, repeatableRead, serializable }

// MARK: Changes

package struct Insert: Sendable {
    package enum Source: Sendable {
        case query(SelectQuery)
        case defaultValues
    }
    package let with: CommonTables?
    package let table: ObjectName
    package let alias: Name?
    /// Empty: all of the table, in their order.
    package let columns: [Name]
    /// Rows of VALUES are a query; an expression of it may be `.sql(.default)`.
    package let source: Source
    package let onConflict: OnConflict?
    package let returning: [SelectItem]
    package init(
        with: CommonTables?, table: ObjectName, alias: Name?, columns: [Name], source: Source, onConflict: OnConflict?,
        returning: [SelectItem]
    ) {
        (self.with, self.table, self.alias, self.columns) = (with, table, alias, columns)
        (self.source, self.onConflict, self.returning) = (source, onConflict, returning)
    }
}

package struct OnConflict: Sendable {
    /// Empty: any.
    package let columns: [Name]
    /// ON CONSTRAINT
    package let constraint: Name?
    /// nil: DO NOTHING.
    package let update: [Assignment]?
    package let predicate: Expression?
    package init(columns: [Name], constraint: Name? = nil, update: [Assignment]?, predicate: Expression?) {
        (self.columns, self.constraint, self.update, self.predicate) = (columns, constraint, update, predicate)
    }
}

/// `column = value`, `(a, b) = (x, y)` or `(a, b) = (SELECT ...)`.
package struct Assignment: Sendable {
    package let columns: [Name]
    package let value: Expression
    package init(columns: [Name], value: Expression) { (self.columns, self.value) = (columns, value) }
}

package struct Update: Sendable {
    package let with: CommonTables?
    package let table: ObjectName
    package let alias: Name?
    package let assignments: [Assignment]
    package let from: [TableReference]
    package let predicate: Expression?
    package let returning: [SelectItem]
    package init(
        with: CommonTables?, table: ObjectName, alias: Name?, assignments: [Assignment], from: [TableReference],
        predicate: Expression?, returning: [SelectItem]
    ) {
        (self.with, self.table, self.alias, self.assignments) = (with, table, alias, assignments)
        (self.from, self.predicate, self.returning) = (from, predicate, returning)
    }
}

package struct Delete: Sendable {
    package let with: CommonTables?
    package let table: ObjectName
    package let alias: Name?
    package let using: [TableReference]
    package let predicate: Expression?
    package let returning: [SelectItem]
    package init(
        with: CommonTables?, table: ObjectName, alias: Name?, using: [TableReference], predicate: Expression?,
        returning: [SelectItem]
    ) {
        (self.with, self.table, self.alias, self.using) = (with, table, alias, using)
        (self.predicate, self.returning) = (predicate, returning)
    }
}

package struct SQLMerge: Sendable {
    package enum Action: Sendable {
        case update([Assignment])
        case delete
        case insert(columns: [Name], values: [Expression])
        case nothing
    }
    package struct When: Sendable {
        package let isMatched: Bool
        package let predicate: Expression?
        package let action: Action
        package init(isMatched: Bool, predicate: Expression?, action: Action) {
            (self.isMatched, self.predicate, self.action) = (isMatched, predicate, action)
        }
    }
    package let with: CommonTables?
    package let table: ObjectName
    package let alias: Name?
    package let source: TableReference
    package let condition: Expression
    package let cases: [When]
    package init(
        with: CommonTables?, table: ObjectName, alias: Name?, source: TableReference, condition: Expression, cases: [When]
    ) {
        (self.with, self.table, self.alias) = (with, table, alias)
        (self.source, self.condition, self.cases) = (source, condition, cases)
    }
}

// MARK: Tables

package struct CreateTable: Sendable {
    package let name: ObjectName
    package let columns: [ColumnDefinition]
    package let constraints: [TableConstraint]
    package let ifNotExists: Bool
    package let isTemporary: Bool
    package init(
        name: ObjectName, columns: [ColumnDefinition], constraints: [TableConstraint], ifNotExists: Bool, isTemporary: Bool
    ) {
        (self.name, self.columns, self.constraints) = (name, columns, constraints)
        (self.ifNotExists, self.isTemporary) = (ifNotExists, isTemporary)
    }
}

package struct ColumnDefinition: Sendable {
    package let name: Name
    /// nil: any.
    package let type: TypeName?
    package let constraints: [TableConstraint]
    package init(name: Name, type: TypeName?, constraints: [TableConstraint]) {
        (self.name, self.type, self.constraints) = (name, type, constraints)
    }
}

/// Of a column, its columns are that one.
package struct TableConstraint: Sendable {
    package indirect enum Kind: Sendable {
        case notNull, null
        case unique, primaryKey
        case `default`(Expression)
        case check(Expression)
        /// Empty columns: its primary key.
        case references(ObjectName, columns: [Name], onDelete: ReferentialAction, onUpdate: ReferentialAction)
        /// GENERATED ALWAYS (or BY DEFAULT) AS IDENTITY, and SERIAL.
        case identity(always: Bool)
        /// GENERATED ALWAYS AS (expression) STORED
        case generated(Expression)
    }
    package let name: Name?
    package let kind: Kind
    package let columns: [Name]
    package let range: SourceRange
    package init(name: Name?, kind: Kind, columns: [Name], range: SourceRange) {
        (self.name, self.kind, self.columns, self.range) = (name, kind, columns, range)
    }
}

package enum ReferentialAction: Sendable { case noAction, restrict, cascade, setNull, setDefault }

package enum TableAlteration: Sendable {
    case addColumn(ColumnDefinition, ifNotExists: Bool)
    case dropColumn(Name, ifExists: Bool)
    case renameColumn(Name, to: Name)
    case rename(to: Name)
    case addConstraint(TableConstraint)
    case dropConstraint(Name, ifExists: Bool)
    case setType(Name, TypeName, using: Expression?)
    case setDefault(Name, Expression)
    case dropDefault(Name)
    case setNotNull(Name)
    case dropNotNull(Name)
}

package struct CreateIndex: Sendable {
    package let name: Name?
    package let table: ObjectName
    package let columns: [SortItem]
    package let isUnique: Bool
    package let ifNotExists: Bool
    package let predicate: Expression?
    package init(
        name: Name?, table: ObjectName, columns: [SortItem], isUnique: Bool, ifNotExists: Bool, predicate: Expression?
    ) {
        (self.name, self.table, self.columns) = (name, table, columns)
        (self.isUnique, self.ifNotExists, self.predicate) = (isUnique, ifNotExists, predicate)
    }
}

package struct SequenceOptions: Sendable {
    package var start: Int64?
    package var increment: Int64?
    package var minimum: Int64?
    package var maximum: Int64?
    package var cycles = false
    package init() {}
}
