// Statements, queries and clauses of Cypher, as they were written.

package enum Statement: Sendable {
    case query(Query, mode: ExecutionMode)
    case schema(SchemaCommand)
    case transaction(TransactionCommand)
}

package enum ExecutionMode: Sendable { case run, explain, profile }
package enum TransactionCommand: Sendable { case begin, commit, rollback }

/// Parts joined by UNION (`all[i]` says whether `parts[i]` and `parts[i + 1]` are joined by UNION ALL).
package final class Query: Sendable {
    package let parts: [SingleQuery]
    package let all: [Bool]
    package let range: SourceRange
    package init(parts: [SingleQuery], all: [Bool], range: SourceRange) {
        (self.parts, self.all, self.range) = (parts, all, range)
    }
}

package struct SingleQuery: Sendable {
    package let clauses: [Clause]
    package let range: SourceRange
    package init(clauses: [Clause], range: SourceRange) { (self.clauses, self.range) = (clauses, range) }
}

package struct Clause: Sendable {
    package let kind: Kind
    package let range: SourceRange
    package init(_ kind: Kind, _ range: SourceRange) { (self.kind, self.range) = (kind, range) }

    package indirect enum Kind: Sendable {
        case match(optional: Bool, [PathPattern], predicate: Expression?, hints: [Hint])
        case unwind(Expression, as: Name)
        case with(Projection, predicate: Expression?)
        case `return`(Projection)
        case create([PathPattern])
        case merge(PathPattern, onCreate: [SetItem], onMatch: [SetItem])
        case set([SetItem])
        case remove([RemoveItem])
        case delete([Expression], detach: Bool)
        case call(ProcedureCall)
        /// `CALL (imports) { ... } IN TRANSACTIONS OF n ROWS`; `imports` is nil where the body imports by a leading WITH,
        /// and `["*"]` for all.
        case subquery(Query, imports: [Name]?, optional: Bool, inTransactions: TransactionBatches?)
        case forEach(variable: Name, list: Expression, [Clause])
        case loadCSV(withHeaders: Bool, source: Expression, variable: Name, fieldTerminator: String?)
        case finish
    }
}

/// `OF rows ROWS ON ERROR ... REPORT STATUS AS status`
package struct TransactionBatches: Sendable {
    package enum ErrorPolicy: Sendable { case fail, `continue`, `break` }
    package let rows: Expression?
    package let onError: ErrorPolicy
    package let status: Name?

    package init(rows: Expression?, onError: ErrorPolicy, status: Name?) {
        (self.rows, self.onError, self.status) = (rows, onError, status)
    }
}

/// The body of RETURN and WITH.
package struct Projection: Sendable {
    package let isDistinct: Bool
    /// `*` comes before the items.
    package let includesAll: Bool
    package let items: [ProjectionItem]
    package let order: [SortItem]
    package let skip: Expression?
    package let limit: Expression?
    package let range: SourceRange

    package init(
        isDistinct: Bool, includesAll: Bool, items: [ProjectionItem], order: [SortItem], skip: Expression?,
        limit: Expression?, range: SourceRange
    ) {
        (self.isDistinct, self.includesAll, self.items, self.order) = (isDistinct, includesAll, items, order)
        (self.skip, self.limit, self.range) = (skip, limit, range)
    }
}

package struct ProjectionItem: Sendable {
    package let expression: Expression
    package let alias: Name?
    /// The expression as it was written, which names its column where there is no alias.
    package let text: String
    package init(expression: Expression, alias: Name?, text: String) {
        (self.expression, self.alias, self.text) = (expression, alias, text)
    }
}

package struct SortItem: Sendable {
    package let expression: Expression
    package let isDescending: Bool
    /// NULLS FIRST or LAST, where it was written.
    package let nullsFirst: Bool?
    package init(expression: Expression, isDescending: Bool, nullsFirst: Bool? = nil) {
        (self.expression, self.isDescending, self.nullsFirst) = (expression, isDescending, nullsFirst)
    }
}

package enum SetItem: Sendable {
    /// `subject.key = value`; the subject is an expression.
    case property(subject: Expression, key: Name, value: Expression)
    /// `variable = map`
    case replace(variable: Name, Expression)
    /// `variable += map`
    case merge(variable: Name, Expression)
    case labels(variable: Name, [Name])
}

package enum RemoveItem: Sendable {
    case property(subject: Expression, key: Name)
    case labels(variable: Name, [Name])
}

package struct ProcedureCall: Sendable {
    /// Namespaces joined by dots.
    package let name: Name
    /// nil where the call has no parentheses: its arguments are then parameters of the same names.
    package let arguments: [Expression]?
    /// nil without YIELD.
    package let yield: [YieldItem]?
    /// `YIELD *`
    package let yieldsAll: Bool
    package let predicate: Expression?

    package init(name: Name, arguments: [Expression]?, yield: [YieldItem]?, yieldsAll: Bool, predicate: Expression?) {
        (self.name, self.arguments, self.yield) = (name, arguments, yield)
        (self.yieldsAll, self.predicate) = (yieldsAll, predicate)
    }
}

package struct YieldItem: Sendable {
    package let field: Name
    package let alias: Name?
    package init(field: Name, alias: Name?) { (self.field, self.alias) = (field, alias) }
}

package enum Hint: Sendable {
    case index(variable: Name, label: Name, properties: [Name])
    case scan(variable: Name, label: Name)
    case join(on: [Name])
}

package enum SchemaCommand: Sendable {
    case createIndex(name: Name?, ifNotExists: Bool, isRelationship: Bool, table: Name, properties: [Name], isUnique: Bool)
    case dropIndex(name: Name, ifExists: Bool)
    case showIndexes
    case createConstraint(name: Name?, ifNotExists: Bool, isRelationship: Bool, table: Name, ConstraintRequirement)
    case dropConstraint(name: Name, ifExists: Bool)
    case showConstraints
}

package enum ConstraintRequirement: Sendable {
    case unique([Name])
    case key([Name])
    case notNull(Name)
    /// As written: `INTEGER`, `STRING`, ...
    case type(Name, String)
}
