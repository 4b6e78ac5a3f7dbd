// WITH: queries under names, which stand where their names are used; and WITH RECURSIVE.

import DeedExecution
import DeedSyntax
import DeedValues

extension SQLBinder {
    /// Makes the tables known. `user`: the query that they stand before; nil for a statement that is none.
    func declare(_ with: CommonTables, for user: SelectQuery?) throws {
        let uses = user.map { TableMentions(in: $0) }
        for table in with.tables {
            let visible = commonTables.count
            let isRecursive = with.isRecursive && TableMentions(in: table.query)[table.name.text] > 0
            let own: BoundCommonTable = isRecursive
                ? .recursive(table.query, name: table.name, columns: table.columns, visible: visible)
                : .query(table.query, columns: table.columns, visible: visible)
            // One that is used more than once is computed once, and is the same everywhere.
            let times = (uses?[table.name.text] ?? 2) - (isRecursive ? TableMentions(in: table.query)[table.name.text] : 0)
            commonTables.append((table.name.text, times > 1 ? .shared(SharedCommonTable(own)) : own))
        }
    }

    func commonTable(_ name: String) -> BoundCommonTable? {
        commonTables.last { SQLName.areSame($0.name, name) }?.table
    }

    /// The rows of a table of WITH, as it is seen where WITH stands.
    func bind(_ common: BoundCommonTable, at range: SourceRange) throws -> BoundSelect {
        let (all, depth) = (commonTables, subqueryDepth)
        defer { (commonTables, subqueryDepth) = (all, depth) }
        try noteInsertion(at: range)
        switch common {
        case .shared(let table):
            let bound = try table.bound ?? bind(table.table, at: range)
            table.bound = bound
            // What depends on a round of a recursion is not the same in the next one.
            if bound.query.plan.readsWorking { return try bind(table.table, at: range) }
            return try reading(bound, table.number(core.newSlot), at: range)
        case .query(let query, let columns, let visible):
            (commonTables, subqueryDepth) = (Array(all.prefix(visible)), 0)
            return try named(try bind(query, outer: nil, from: BoundQuery.start(Scope())), columns)
        case .recursive(let query, let name, let columns, let visible):
            (commonTables, subqueryDepth) = (Array(all.prefix(visible)), 0)
            return try bindRecursive(query, name, columns)
        case .working(let table, let outputs):
            if subqueryDepth > 0 {
                throw failure("InvalidRecursion", "a recursive query cannot refer to itself within a subquery", at: range)
            }
            let slots = outputs.map { _ in core.newSlot() }
            var state = BoundQuery.start(Scope())
            state.plan = PlanNode(.working(table: table, slots: slots), estimatedRows: 100)
            state.isUnit = false
            state.bound = NumberSet(slots)
            return BoundSelect(query: state, columns: zip(outputs, slots).map { SQLOutput(name: $0.name, slot: $1, type: $0.type) })
        }
    }

    /// The rows that are computed once, in slots of their own.
    private func reading(_ bound: BoundSelect, _ number: Slot, at range: SourceRange) throws -> BoundSelect {
        let slots = bound.columns.map { _ in core.newSlot() }
        var state = BoundQuery.start(Scope())
        state.plan = PlanNode(
            .shared(child: bound.query.plan, table: number, from: bound.columns.map(\.slot), slots: slots),
            estimatedRows: bound.query.plan.estimatedRows)
        (state.isUnit, state.bound, state.readsGraph) = (false, NumberSet(slots), bound.query.readsGraph)
        try core.take(steps: state.plan.depth, at: range)
        return BoundSelect(
            query: state, columns: zip(bound.columns, slots).map { SQLOutput(name: $0.name, slot: $1, type: $0.type) })
    }

    private func named(_ bound: BoundSelect, _ names: [Name]) throws -> BoundSelect {
        var bound = bound
        if names.count > bound.columns.count, let extra = names.dropFirst(bound.columns.count).first {
            throw failure("InvalidColumnReference", "the query has \(bound.columns.count) columns, not \(names.count)", at: extra.range)
        }
        for (index, name) in names.enumerated() { bound.columns[index].name = SQLName.folded(name) }
        return bound
    }

    /// `first UNION [ALL] step`, in which only the step refers to the table.
    private func bindRecursive(_ query: SelectQuery, _ name: Name, _ columns: [Name]) throws -> BoundSelect {
        guard case .setOperations(let first, let operations, let range) = query.body, operations.count == 1, operations[0].kind == .union,
            TableMentions(in: SelectQuery(first, range))[name.text] == 0, query.order.isEmpty, query.limit == nil, query.offset == nil
        else {
            throw failure("InvalidRecursion", "a recursive query has the form: query UNION [ALL] query with the table itself",
                at: name.range)
        }
        if let with = query.with { try declare(with, for: query) }
        let initial = try named(
            finish(try bindBody(first, order: [], outer: nil, from: BoundQuery.start(Scope()), at: range)), columns)
        let types = initial.columns.map { $0.type == .unknown ? .text : $0.type }
        let table = core.newSlot()
        let outputs = zip(initial.columns, types).map { SQLOutput(name: $0.name, slot: $0.slot, type: $1) }
        commonTables.append((name.text, .working(table, outputs)))
        try requireSimple(operations[0].body, at: range)
        let step = finish(try bindBody(operations[0].body, order: [], outer: nil, from: BoundQuery.start(Scope()), at: range))
        guard step.columns.count == types.count else {
            throw failure("SyntaxError", "both parts of a recursive query must have the same number of columns", at: range)
        }
        for (column, type) in zip(step.columns, types) where SQLType.common(column.type, type) != type {
            throw failure(
                "DatatypeMismatch", "column \"\(column.name)\" is \(type.name) at first and \(column.type.name) in the recursive part",
                at: range)
        }
        let (one, other) = (converted(initial, types), converted(step, types))
        let slots = types.map { _ in core.newSlot() }
        let recursion = Recursion(
            table: table, slots: slots, initialSlots: one.slots, stepSlots: other.slots, isDistinct: !operations[0].isAll)
        var state = BoundQuery.start(Scope())
        state.append(.recursive(initial: one.plan, step: other.plan, recursion), rows: one.plan.estimatedRows * 10)
        state.bound = NumberSet(slots)
        state.readsGraph = initial.query.readsGraph || step.query.readsGraph
        try core.take(steps: max(one.plan.depth, other.plan.depth), at: range)
        return BoundSelect(query: state, columns: zip(outputs, slots).map { SQLOutput(name: $0.name, slot: $1, type: $0.type) })
    }

    /// What the rows of one round alone do not say has no meaning in the recursive part.
    private func requireSimple(_ body: SelectBody, at range: SourceRange) throws {
        guard case .select(let select) = body else { return }
        let hasAggregate = select.items.contains { item in
            if case .expression(let expression, _) = item { containsAggregate(expression) } else { false }
        }
        if hasAggregate || select.group != nil || select.having != nil {
            throw failure("InvalidRecursion", "aggregates cannot stand in the recursive part of a query", at: select.range)
        }
    }
}
