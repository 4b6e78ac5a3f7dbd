// INSERT, UPDATE and DELETE. What is read is read to its end before anything changes.

import DeedExecution
import DeedSyntax
import DeedValues

extension SQLBinder {
    // MARK: INSERT

    func bind(_ insert: Insert, at range: SourceRange) throws -> BoundQuery {
        try withTables(of: insert.with) {
            let table = try table(insert.table)
            let columns = try targets(insert.columns, of: table)
            let (found, values) = try source(insert, columns, table, at: range)
            var state = core.fenced(found)
            let (part, relation) = declare(table, alias: insert.alias?.text ?? table.name)
            if let conflict = insert.onConflict {
                // Rows that are left alone are not returned, and nothing tells which those are.
                if !insert.returning.isEmpty && (conflict.update == nil || conflict.predicate != nil) {
                    throw unsupported("RETURNING of ON CONFLICT that leaves rows alone (DO NOTHING, or WHERE)", at: range)
                }
                state = try merge(conflict, table, relation, part, columns, values, state, at: range)
            } else {
                try create(part, table, columns, values, &state, at: range)
            }
            state.bound = part.slots
            return try returning(insert.returning, relation, core.completed(state))
        }
    }

    func withTables<Result>(of with: CommonTables?, _ body: () throws -> Result) throws -> Result {
        let visible = commonTables.count
        defer { commonTables.removeLast(commonTables.count - visible) }
        if let with { try declare(with, for: nil) }
        return try body()
    }

    func create(
        _ part: FromPart, _ table: SQLTable, _ columns: [SQLTable.Column], _ values: [Expr], _ state: inout BoundQuery,
        at range: SourceRange
    ) throws {
        let pairs = Array(zip(columns, values))
        func isEnd(_ name: String) -> Bool { table.isRelationship && (name == "_src" || name == "_dst") }
        let properties = properties(pairs.filter { !isEnd($0.0.name) })
        guard case .edge(let row, let source, let target, _) = part else {
            state.append(.create(child: state.plan, part.slots.map { .entity($0, labels: [table.name], properties: properties) }))
            for row in part.slots { appendNulls(pairs, row, &state) }
            return
        }
        for (name, slot) in [("_src", source), ("_dst", target)] {
            guard let id = pairs.first(where: { $0.0.name == name })?.1 else {
                throw failure("NotNullViolation", "a row of \"\(table.name)\" needs \(name), the _id of a row", at: range)
            }
            let find = PlanNode(
                .seekIds(child: PlanNode(.argument, estimatedRows: 1), slot: slot, isRelationship: false, ids: id), estimatedRows: 1)
            // What is not there leads to an error, and not to one row less.
            state.append(.apply(outer: state.plan, inner: find, .optional))
        }
        state.append(
            .create(
                child: state.plan,
                [.relationship(row, source: source, target: target, type: table.name, properties: properties)]))
        appendNulls(pairs, row, &state)
    }

    /// A column that is given NULL is null, whatever its default: a new row without a value has the default until then.
    private func nulls(_ pairs: [(SQLTable.Column, Expr)], of row: Slot) -> [Change] {
        pairs.compactMap { column, value in
            if column.defaultValue == nil { return nil }
            if case .constant(let constant) = value, !constant.isNull { return nil }
            return .setProperty(of: .slot(row), key: column.name, value: value)
        }
    }

    private func appendNulls(_ pairs: [(SQLTable.Column, Expr)], _ row: Slot, _ state: inout BoundQuery) {
        let changes = nulls(pairs, of: row)
        if !changes.isEmpty { state.append(.change(child: state.plan, changes)) }
    }

    private func properties(_ pairs: [(SQLTable.Column, Expr)]) -> Expr {
        .map(
            pairs.compactMap { column, value in
                if case .constant(.null) = value { return nil }
                return (key: column.name, value: value)
            })
    }

    // MARK: ON CONFLICT

    /// Each row is looked for by the columns of the conflict, and created where it is not there.
    private func merge(
        _ conflict: OnConflict, _ table: SQLTable, _ relation: SQLRelation, _ part: FromPart, _ columns: [SQLTable.Column],
        _ values: [Expr], _ state: BoundQuery, at range: SourceRange
    ) throws -> BoundQuery {
        guard case .table(let row, _) = part, !conflict.columns.isEmpty else {
            throw unsupported("ON CONFLICT without columns, or for a relationship type", at: range)
        }
        var state = state
        // The new values have slots, by which EXCLUDED knows them.
        let slots = values.map { _ in core.newSlot() }
        state.append(.project(child: state.plan, Array(zip(slots, values)).map { (slot: $0, value: $1) }))
        state.bound.formUnion(slots)
        let excluded = SQLRelation(
            name: "excluded",
            columns: zip(columns, slots).map {
                SQLColumn(name: $0.name, value: SQLValue(.slot($1), $0.type), relation: "excluded")
            })
        let keys = try targets(conflict.columns, of: table)
        let terms = try keys.map { key -> QueryGraph.Predicate in
            guard let value = SQLName.find(key.name, in: excluded.columns, { $0.name }) else {
                throw failure("NotNullViolation", "column \"\(key.name)\" of ON CONFLICT has no value", at: range)
            }
            let test = Expr.compare(.equal, .property(.slot(row), key.name), value.value.expr)
            return QueryGraph.Predicate(expr: test, slots: slotsUsed(test))
        }
        let match = try plan(part, terms, from: BoundQuery.start(Scope(), given: state.bound), at: range)
        let scope = SQLScope(outer: nil)
        scope.add(relation)
        scope.add(excluded, isVisible: false)
        let changes = try (conflict.update ?? []).flatMap { assignment in
            try assigned(assignment).map { name, value -> Change in
                let column = try targets([name], of: table)[0]
                let context = SQLContext(scope, clause: "SET")
                var new = assigned(try bind(value, context), to: column).expr
                if let predicate = conflict.predicate {
                    let condition = try bindCondition(predicate, context)
                    new = .conditional([(condition, new)], otherwise: .property(.slot(row), column.name))
                }
                return .setProperty(of: .slot(row), key: column.name, value: new)
            }
        }
        let pairs = Array(zip(columns, slots.map { Expr.slot($0) }))
        state.append(
            .merge(
                child: state.plan, match: match.plan, [.entity(row, labels: [table.name], properties: properties(pairs))],
                onCreate: nulls(pairs, of: row), onMatch: changes))
        return state
    }

    /// The columns that values are for.
    func targets(_ names: [Name], of table: SQLTable) throws -> [SQLTable.Column] {
        let ends = table.isRelationship
            ? ["_src", "_dst"].map { SQLTable.Column(name: $0, type: .integer) } : []
        if names.isEmpty { return ends + table.columns }
        return try names.map { name in
            if let end = ends.first(where: { $0.name == name.text }) { return end }
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

    func requireCount(_ count: Int, _ columns: [SQLTable.Column], isNamed: Bool, at range: SourceRange) throws {
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
                try assigned(item, to: column, context).expr
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

    /// The value of an expression or DEFAULT as the column takes it.
    func assigned(_ value: Expression, to column: SQLTable.Column, _ context: SQLContext) throws -> SQLValue {
        if case .sql(.default) = value.kind { return SQLValue(.constant(column.defaultValue ?? .null), column.type) }
        return assigned(try bind(value, context), to: column)
    }

    // MARK: UPDATE and DELETE

    func bind(_ update: Update) throws -> BoundQuery {
        try withTables(of: update.with) {
            let (table, relation, row, scope, found) = try rows(of: update.table, update.alias, update.from, update.predicate)
            var state = found
            var values: [(slot: Slot, value: Expr)] = []
            var changes: [Change] = []
            for (name, value) in try update.assignments.flatMap(assigned) {
                let column = try targets([name], of: table)[0]
                let new = try assigned(value, to: column, SQLContext(scope, clause: "SET"))
                let slot = core.newSlot()
                values.append((slot, new.expr))
                changes.append(.setProperty(of: .slot(row), key: column.name, value: .slot(slot)))
            }
            // All values are those of before.
            state.append(.project(child: state.plan, values))
            state = core.fenced(state)
            state.append(.change(child: state.plan, changes))
            return try returning(update.returning, relation, core.completed(state))
        }
    }

    func assigned(_ assignment: Assignment) throws -> [(Name, Expression)] {
        if assignment.columns.count == 1 { return [(assignment.columns[0], assignment.value)] }
        guard case .sql(.row(let values)) = assignment.value.kind, values.count == assignment.columns.count else {
            throw unsupported("an assignment of a query to several columns", at: assignment.value.range)
        }
        return Array(zip(assignment.columns, values))
    }

    func bind(_ delete: Delete) throws -> BoundQuery {
        try withTables(of: delete.with) {
            let (_, relation, row, _, found) = try rows(of: delete.table, delete.alias, delete.using, delete.predicate)
            // What RETURNING tells of a row is read while it is there.
            var state = delete.returning.isEmpty ? found : try returning(delete.returning, relation, found, keeping: [row])
            let columns = state.columns
            state = core.fenced(state)
            state.append(.delete(child: state.plan, [.slot(row)], detach: false))
            state = core.completed(state)
            state.columns = columns
            return state
        }
    }

    /// The rows of the table to change, beside those of other tables.
    func rows(
        of name: ObjectName, _ alias: Name?, _ others: [TableReference], _ predicate: Expression?
    ) throws -> (SQLTable, SQLRelation, Slot, SQLScope, BoundQuery) {
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
        return (table, relation, row, all, found)
    }

    /// RETURNING: columns of the rows as they are now.
    private func returning(
        _ items: [SelectItem], _ relation: SQLRelation, _ state: BoundQuery, keeping others: [Slot] = []
    ) throws -> BoundQuery {
        if items.isEmpty { return state }
        let scope = SQLScope(outer: nil)
        scope.add(relation)
        let rows = try project(try expanded(items, scope), SQLContext(scope, clause: "RETURNING"), state)
        return finish(rows, keeping: others).query
    }
}
