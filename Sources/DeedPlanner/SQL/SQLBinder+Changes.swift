// INSERT, UPDATE and DELETE. What is read is read to its end before anything changes.

import DeedExecution
import DeedSyntax
import DeedValues

extension SQLBinder {
    // MARK: INSERT

    func bind(_ insert: Insert, at range: SourceRange) throws -> BoundQuery {
        if insert.with != nil { throw unsupported("WITH before INSERT", at: range) }
        if insert.onConflict != nil { throw unsupported("ON CONFLICT", at: range) }
        let table = try table(insert.table)
        if table.isRelationship { throw unsupported("INSERT into a relationship type", at: insert.table.range) }
        let columns = try targets(insert.columns, of: table)
        var (state, values) = try source(insert, columns, table, at: range)
        let entries = zip(columns, values).compactMap { column, value -> (key: String, value: Expr)? in
            if case .constant(.null) = value { return nil }
            return (column.name, value)
        }
        state = core.fenced(state)
        let row = core.newSlot()
        state.append(.create(child: state.plan, [.entity(row, labels: [table.name], properties: .map(entries))]))
        state.bound = [row]
        return try returning(insert.returning, table, alias: insert.alias?.text ?? table.name, row, core.completed(state), at: range)
    }

    /// The columns that values are for.
    private func targets(_ names: [Name], of table: SQLTable) throws -> [SQLTable.Column] {
        if names.isEmpty { return table.columns }
        return try names.map { name in
            guard let column = SQLName.find(name.text, in: table.columns + table.others, { $0.name }) else {
                let hint = core.suggestion(for: name.text, among: table.columns.map(\.name))
                throw failure("UndefinedColumn", "column \"\(name.text)\" of \"\(table.name)\" does not exist\(hint)", at: name.range)
            }
            return column
        }
    }

    private func source(
        _ insert: Insert, _ columns: [SQLTable.Column], _ table: SQLTable, at range: SourceRange
    ) throws -> (BoundQuery, [Expr]) {
        let start = BoundQuery.start(Scope())
        guard case .query(let query) = insert.source else { return (start, []) }
        if case .values(let rows, _) = query.body, query.order.isEmpty, query.limit == nil, query.offset == nil {
            return try values(rows, columns, at: range)
        }
        let bound = try bind(query, outer: nil, from: start)
        try requireCount(bound.columns.count, columns, isNamed: !insert.columns.isEmpty, at: range)
        let values = zip(bound.columns, columns).map { output, column in
            assigned(SQLValue(.slot(output.slot), output.type), to: column).expr
        }
        return (bound.query, values)
    }

    private func requireCount(_ count: Int, _ columns: [SQLTable.Column], isNamed: Bool, at range: SourceRange) throws {
        if count > columns.count {
            throw failure("SyntaxError", "INSERT has more values (\(count)) than columns (\(columns.count))", at: range)
        }
        if count < columns.count && isNamed {
            throw failure("SyntaxError", "INSERT has more columns (\(columns.count)) than values (\(count))", at: range)
        }
    }

    private func values(
        _ rows: [[Expression]], _ columns: [SQLTable.Column], at range: SourceRange
    ) throws -> (BoundQuery, [Expr]) {
        let context = SQLContext(SQLScope(outer: nil), clause: "VALUES")
        let width = rows.first?.count ?? 0
        try requireCount(width, columns, isNamed: true, at: range)
        var state = BoundQuery.start(Scope())
        let bound = try rows.map { row -> [Expr] in
            guard row.count == width else { throw failure("SyntaxError", "the rows of VALUES must have one length", at: range) }
            return try zip(row, columns).map { item, column in
                if case .sql(.default) = item.kind { return .constant(.null) }
                return assigned(try bind(item, context), to: column).expr
            }
        }
        if bound.count == 1 { return (state, bound[0]) }
        let element = core.newSlot()
        let list = Expr.list(bound.map { .list($0) })
        state.append(.unwind(child: state.plan, list: constant(list), element: element), rows: Double(bound.count))
        state.bound = [element]
        return (state, (0..<width).map { .element(.slot(element), index: .constant(.int(Int64($0)))) })
    }

    /// The list as one constant where all of it is constant.
    func constant(_ expr: Expr) -> Expr {
        guard case .list(let items) = expr else { return expr }
        var values: [Value] = []
        for item in items {
            guard case .constant(let value) = constant(item) else { return expr }
            values.append(value)
        }
        return .constant(.list(values))
    }

    /// A value as the column takes it.
    private func assigned(_ value: SQLValue, to column: SQLTable.Column) -> SQLValue {
        column.type == .any ? cast(unknown: value, to: .text) : cast(value, to: column.type)
    }

    // MARK: UPDATE and DELETE

    func bind(_ update: Update) throws -> BoundQuery {
        let range = update.table.range
        if update.with != nil { throw unsupported("WITH before UPDATE", at: range) }
        let (table, row, scope, found) = try rows(of: update.table, update.alias, update.from, update.predicate)
        var state = found
        var values: [(slot: Slot, value: Expr)] = []
        var changes: [Change] = []
        for assignment in update.assignments {
            for (name, value) in try assigned(assignment) {
                let column = try targets([name], of: table)[0]
                let new: SQLValue
                if case .sql(.default) = value.kind {
                    new = .null
                } else {
                    new = assigned(try bind(value, SQLContext(scope, clause: "SET")), to: column)
                }
                let slot = core.newSlot()
                values.append((slot, new.expr))
                changes.append(.setProperty(of: .slot(row), key: column.name, value: .slot(slot)))
            }
        }
        // All values are those of before.
        state.append(.project(child: state.plan, values))
        state = core.fenced(state)
        state.append(.change(child: state.plan, changes))
        let alias = update.alias?.text ?? table.name
        return try returning(update.returning, table, alias: alias, row, core.completed(state), at: range)
    }

    private func assigned(_ assignment: Assignment) throws -> [(Name, Expression)] {
        if assignment.columns.count == 1 { return [(assignment.columns[0], assignment.value)] }
        guard case .sql(.row(let values)) = assignment.value.kind, values.count == assignment.columns.count else {
            throw unsupported("an assignment of a query to several columns", at: assignment.value.range)
        }
        return Array(zip(assignment.columns, values))
    }

    func bind(_ delete: Delete) throws -> BoundQuery {
        let range = delete.table.range
        if delete.with != nil { throw unsupported("WITH before DELETE", at: range) }
        if !delete.returning.isEmpty { throw unsupported("RETURNING of DELETE", at: range) }
        let (_, row, _, found) = try rows(of: delete.table, delete.alias, delete.using, delete.predicate)
        var state = core.fenced(found)
        state.append(.delete(child: state.plan, [.slot(row)], detach: false))
        return core.completed(state)
    }

    /// The rows of the table to change, beside those of other tables.
    private func rows(
        of name: ObjectName, _ alias: Name?, _ others: [TableReference], _ predicate: Expression?
    ) throws -> (SQLTable, Slot, SQLScope, BoundQuery) {
        let table = try table(name)
        let (part, relation) = declare(table, alias: alias?.text ?? name.parts[name.parts.count - 1].text)
        let (rest, scope) = try declare(from: others, outer: nil, given: [])
        let all = SQLScope(outer: nil)
        all.add(relation)
        all.add(scope)
        let conditions = try predicate.map { try terms($0, SQLContext(all, clause: "WHERE")) } ?? []
        let start = BoundQuery.start(Scope())
        let found = try plan(.inner([part, rest], []), conditions, from: start, at: name.range)
        guard let row = relation.row else { throw unsupported("this table", at: name.range) }
        return (table, row, all, found)
    }

    /// RETURNING: columns of the rows as they are now.
    private func returning(
        _ items: [SelectItem], _ table: SQLTable, alias: String, _ row: Slot, _ state: BoundQuery, at range: SourceRange
    ) throws -> BoundQuery {
        if items.isEmpty { return state }
        throw unsupported("RETURNING", at: range)
    }
}
