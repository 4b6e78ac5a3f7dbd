// SELECT and what it is made of, as it was written.

package struct CommonTable: Sendable {
    package let name: Name
    package let columns: [Name]
    package let query: SelectQuery
    /// MATERIALIZED or NOT MATERIALIZED, where it was written.
    package let isMaterialized: Bool?
    package init(name: Name, columns: [Name], query: SelectQuery, isMaterialized: Bool?) {
        (self.name, self.columns, self.query, self.isMaterialized) = (name, columns, query, isMaterialized)
    }
}

/// WITH
package struct CommonTables: Sendable {
    package let isRecursive: Bool
    package let tables: [CommonTable]
    package init(isRecursive: Bool, tables: [CommonTable]) { (self.isRecursive, self.tables) = (isRecursive, tables) }
}

package final class SelectQuery: Sendable {
    package let with: CommonTables?
    package let body: SelectBody
    package let order: [SortItem]
    package let limit: Expression?
    package let offset: Expression?
    /// FETCH ... WITH TIES
    package let withTies: Bool
    package let range: SourceRange
    package init(
        with: CommonTables?, body: SelectBody, order: [SortItem], limit: Expression?, offset: Expression?, withTies: Bool,
        range: SourceRange
    ) {
        (self.with, self.body, self.order, self.limit) = (with, body, order, limit)
        (self.offset, self.withTies, self.range) = (offset, withTies, range)
    }
}

extension SelectQuery {
    /// The body and nothing else.
    package convenience init(_ body: SelectBody, _ range: SourceRange) {
        self.init(with: nil, body: body, order: [], limit: nil, offset: nil, withTies: false, range: range)
    }
}

package indirect enum SelectBody: Sendable {
    case select(Select)
    case values([[Expression]], SourceRange)
    /// TABLE name
    case table(ObjectName)
    /// In parentheses.
    case query(SelectQuery)
    /// The first, and what is done with the others one after the other, from left to right. INTERSECT binds tighter, and so
    /// is an operation of its own among the operands of UNION and EXCEPT.
    case setOperations(SelectBody, [SetOperation], SourceRange)
}

package enum SetOperator: Sendable { case union, except, intersect }

package struct SetOperation: Sendable {
    package let kind: SetOperator
    package let isAll: Bool
    package let body: SelectBody
    package init(kind: SetOperator, isAll: Bool, body: SelectBody) { (self.kind, self.isAll, self.body) = (kind, isAll, body) }
}

package struct Select: Sendable {
    package enum Distinct: Sendable {
        case none, rows
        case on([Expression])
    }
    package let distinct: Distinct
    package let items: [SelectItem]
    /// Side by side, as with CROSS JOIN.
    package let from: [TableReference]
    package let predicate: Expression?
    /// nil without GROUP BY.
    package let group: [GroupingElement]?
    package let having: Expression?
    package let windows: [(name: Name, definition: WindowDefinition)]
    package let range: SourceRange
    package init(
        distinct: Distinct, items: [SelectItem], from: [TableReference], predicate: Expression?, group: [GroupingElement]?,
        having: Expression?, windows: [(name: Name, definition: WindowDefinition)], range: SourceRange
    ) {
        (self.distinct, self.items, self.from, self.predicate) = (distinct, items, from, predicate)
        (self.group, self.having, self.windows, self.range) = (group, having, windows, range)
    }
}

package enum SelectItem: Sendable {
    /// `*`, `t.*`
    case all(of: ObjectName?, SourceRange)
    case expression(Expression, alias: Name?)
}

package indirect enum GroupingElement: Sendable {
    case expression(Expression)
    /// `()` and `(a, b)` within grouping sets.
    case set([Expression])
    case rollup([[Expression]])
    case cube([[Expression]])
    case groupingSets([GroupingElement])
}

package struct TableAlias: Sendable {
    package let name: Name
    package let columns: [Name]
    package init(name: Name, columns: [Name]) { (self.name, self.columns) = (name, columns) }
}

package struct TableReference: Sendable {
    package indirect enum Kind: Sendable {
        case table(ObjectName)
        case query(SelectQuery, isLateral: Bool)
        /// ROWS FROM (f(), g()) has several.
        case function([FunctionCall], isLateral: Bool, withOrdinality: Bool)
        case join(TableReference, TableReference, JoinType, JoinCondition)
        /// GRAPH_TABLE (graph MATCH patterns WHERE predicate COLUMNS (items))
        case graphTable(graph: Name, [PathPattern], predicate: Expression?, columns: [SelectItem])
    }
    package let kind: Kind
    package let alias: TableAlias?
    package let range: SourceRange
    package init(_ kind: Kind, alias: TableAlias?, _ range: SourceRange) {
        (self.kind, self.alias, self.range) = (kind, alias, range)
    }
}

package enum JoinType: Sendable { case inner, left, right, full, cross }

package enum JoinCondition: Sendable {
    case none
    case on(Expression)
    case using([Name])
    case natural
}
