// How often a query names each table, in FROM and in the queries within its expressions. Whether a name means a table of WITH is not
// looked at: one that counts too much is only computed once where that was not needed.

import DeedSyntax

struct TableMentions {
    /// By name without case.
    private(set) var counts: [[UInt8]: Int] = [:]

    init(in query: SelectQuery) { visit(query) }

    subscript(name: String) -> Int { counts[SQLName.folded(name), default: 0] }

    private mutating func note(_ name: ObjectName) {
        if name.parts.count == 1 { counts[SQLName.folded(name.parts[0].text), default: 0] += 1 }
    }

    private mutating func visit(_ query: SelectQuery) {
        for table in query.with?.tables ?? [] { visit(table.query) }
        visit(query.body)
        visit(query.order.map(\.expression) + [query.limit, query.offset].compactMap { $0 })
    }

    private mutating func visit(_ body: SelectBody) {
        switch body {
        case .select(let select): visit(select)
        case .values(let rows, _): for row in rows { visit(row) }
        case .table(let name): note(name)
        case .query(let query): visit(query)
        case .setOperations(let first, let others, _):
            visit(first)
            for other in others { visit(other.body) }
        }
    }

    private mutating func visit(_ select: Select) {
        for reference in select.from { visit(reference) }
        for case .expression(let expression, _) in select.items { visit(expression) }
        visit([select.predicate, select.having].compactMap { $0 })
        for element in select.group ?? [] { visit(element) }
        for window in select.windows { visit(window.definition.partition + window.definition.order.map(\.expression)) }
    }

    private mutating func visit(_ element: GroupingElement) {
        switch element {
        case .expression(let expression): visit(expression)
        case .set(let expressions): visit(expressions)
        case .rollup(let lists), .cube(let lists): for list in lists { visit(list) }
        case .groupingSets(let elements): for element in elements { visit(element) }
        }
    }

    private mutating func visit(_ reference: TableReference) {
        switch reference.kind {
        case .table(let name): note(name)
        case .query(let query, _): visit(query)
        case .function(let calls, _, _): for call in calls { visit(call.arguments) }
        case .join(let left, let right, _, let condition):
            visit(left)
            visit(right)
            if case .on(let expression) = condition { visit(expression) }
        case .graphTable(_, let paths, let predicate, let columns):
            for path in paths { visit(path) }
            visit([predicate].compactMap { $0 })
            for case .expression(let expression, _) in columns { visit(expression) }
        }
    }

    private mutating func visit(_ path: PathPattern) {
        for element in path.elements {
            switch element {
            case .entity(let entity): visit([entity.predicate].compactMap { $0 })
            case .relationship(let relationship): visit([relationship.predicate].compactMap { $0 })
            case .group(let group):
                visit([group.predicate].compactMap { $0 })
                visit(group.path)
            }
        }
    }

    private mutating func visit(_ expressions: [Expression]) { for expression in expressions { visit(expression) } }

    private mutating func visit(_ expression: Expression) {
        switch expression.kind {
        case .sql(.scalar(let query)), .sql(.exists(let query)), .sql(.array(let query)): visit(query)
        case .sql(.compareQuery(let operand, _, _, let query)):
            visit(operand)
            visit(query)
        default: visit(sqlChildren(of: expression))
        }
    }
}
