// SELECT: FROM and WHERE, then grouping and HAVING, the columns, DISTINCT, ORDER BY, LIMIT and OFFSET, in this order.

import DeedExecution
import DeedSyntax
import DeedValues

/// A column of SELECT while it is bound.
struct SelectedColumn {
    let name: String
    let place: SourceRange
    var value: SQLValue
    var slot: Slot = 0
}

/// The rows of a SELECT before ORDER BY, and what ORDER BY may refer to.
struct SelectRows {
    var state: BoundQuery
    var columns: [SelectedColumn]
    /// nil where only the columns are left: after DISTINCT, and of set operations.
    var context: SQLContext?
    /// What expressions become that rows were grouped by.
    var grouping: SQLGrouping?
    /// What ORDER BY asks for, where it has been bound already.
    var order: [SortKey]?
    /// What is computed already, below the functions of windows.
    var computed: [(slot: Slot, value: Expr)] = []

    /// The expression with what is computed already in its place.
    func known(_ expr: Expr) -> Expr {
        if computed.isEmpty { return expr }
        return expr.replacing { part in computed.first { areSame($0.value, part) }.map { .slot($0.slot) } }
    }
}

/// What remains after grouping.
struct SQLGrouping {
    var keys: [(slot: Slot, value: Expr)] = []
    /// nil: by all keys.
    var sets: SQLGroupingSets?

    /// The expression with keys in the place of what they were computed from.
    func applied(to expr: Expr) -> Expr {
        expr.replacing { part in keys.first { areSame($0.value, part) }.map { .slot($0.slot) } }
    }
}

extension SQLBinder {
    /// `start`: one row, which holds what the queries around it give.
    func bind(_ query: SelectQuery, outer: SQLScope?, from start: BoundQuery) throws -> BoundSelect {
        try nested(at: query.range) {
            let visible = commonTables.count
            defer { commonTables.removeLast(commonTables.count - visible) }
            if let with = query.with { try declare(with, for: query) }
            if case .query(let inner) = query.body, query.order.isEmpty, query.limit == nil, query.offset == nil {
                return try bind(inner, outer: outer, from: start)
            }
            var rows = try bindBody(query.body, order: query.order, outer: outer, from: start, at: query.range)
            try order(&rows, query, outer: outer)
            return finish(rows)
        }
    }

    /// `others`: slots that are kept beside the columns.
    func finish(_ rows: SelectRows, keeping others: [Slot] = []) -> BoundSelect {
        var state = rows.state
        let outputs = rows.columns.map { SQLOutput(name: $0.name, slot: $0.slot, type: $0.value.type) }
        let slots = NumberSet(outputs.map(\.slot) + others).sorted()
        state.append(.keep(child: state.plan, slots))
        state.bound = NumberSet(slots)
        state.columns = outputs.map { ($0.name, $0.slot) }
        state.isComplete = true
        return BoundSelect(query: state, columns: outputs)
    }

    func bindBody(
        _ body: SelectBody, order: [SortItem], outer: SQLScope?, from start: BoundQuery, at range: SourceRange
    ) throws -> SelectRows {
        switch body {
        case .select(let select): return try bind(select, order: order, outer: outer, from: start)
        case .values(let rows, let range): return try bindValues(rows, outer: outer, from: start, at: range)
        case .query(let query): return rows(of: try bind(query, outer: outer, from: start))
        case .table(let name):
            let reference = TableReference(.table(name), alias: nil, name.range)
            let select = Select(
                distinct: .none, items: [.all(of: nil, name.range)], from: [reference], predicate: nil, group: nil, having: nil,
                windows: [], range: name.range)
            return try bind(select, order: order, outer: outer, from: start)
        case .setOperations(let first, let operations, let range):
            var rows = try bindBody(first, order: [], outer: outer, from: start, at: range)
            var index = 0
            while index < operations.count {
                // UNION of the same kind one after the other is one operation.
                let (kind, isAll) = (operations[index].kind, operations[index].isAll)
                var last = index + 1
                while kind == .union, last < operations.count, operations[last].kind == kind, operations[last].isAll == isAll { last += 1 }
                let others = try operations[index..<last].map { operation in
                    finish(try nested(at: range) { try bindBody(operation.body, order: [], outer: outer, from: start, at: range) })
                }
                rows = try bind(kind, isAll: isAll, [finish(rows)] + others, from: start, at: range)
                index = last
            }
            return rows
        }
    }

    private func rows(of bound: BoundSelect) -> SelectRows {
        let columns = bound.columns.map {
            SelectedColumn(name: $0.name, place: 0..<0, value: SQLValue(.slot($0.slot), $0.type), slot: $0.slot)
        }
        return SelectRows(state: bound.query, columns: columns, context: nil, grouping: nil)
    }

    // MARK: SELECT

    private func bind(
        _ select: Select, order: [SortItem], outer: SQLScope?, from start: BoundQuery
    ) throws -> SelectRows {
        let (part, scope) = try declare(from: select.from, outer: outer, given: start.bound)
        let (conditions, joins) = try conditions(select.predicate, scope)
        var state = try plan(part, conditions, from: start, at: select.range)
        for join in joins { try append(join, to: &state, at: select.range) }
        let items = try expanded(select.items, scope)
        let isGrouped = select.group != nil || select.having.map(containsAggregate) == true
            || items.contains { $0.expression.map(containsAggregate) == true } || select.having != nil
            || order.contains { containsAggregate($0.expression) } || select.windows.contains { containsAggregate($0.definition) }
        var rows = isGrouped
            ? try group(select, items, order, scope, state)
            : try project(select, items, order, SQLContext(scope, clause: "SELECT"), state)
        switch select.distinct {
        case .none: break
        case .rows: distinct(&rows)
        case .on(let expressions): try first(of: expressions, order, &rows, outer: outer)
        }
        return rows
    }

    typealias Item = (name: String, expression: Expression?, column: SQLColumn?, place: SourceRange)

    /// The items, with the columns that `*` stands for.
    func expanded(_ items: [SelectItem], _ scope: SQLScope) throws -> [Item] {
        try items.flatMap { item -> [Item] in
            switch item {
            case .expression(let expression, let alias):
                let name = alias.map(SQLName.folded) ?? outputName(expression)
                return [(name, expression, nil, expression.range)]
            case .all(nil, let range):
                if scope.relations.isEmpty { throw failure("SyntaxError", "SELECT * needs FROM", at: range) }
                return scope.columns.map { ($0.name, nil, $0, range) }
            case .all(let table?, let range):
                guard let last = table.parts.last, let relation = scope.relation(last.text) else {
                    throw failure("UndefinedTable", "there is no table \"\(table.parts.last?.text ?? "")\" in FROM", at: range)
                }
                return relation.columns.map { ($0.name, nil, $0, range) }
            }
        }
    }

    /// What PostgreSQL would call a column without alias.
    private func outputName(_ expression: Expression) -> String {
        switch expression.kind {
        case .variable(let name): return name
        case .property(_, let key): return key.text
        case .call(let call): return call.name.text.lowercased()
        case .sql(.aggregate(let call, _, _, _)): return call.name.text.lowercased()
        case .sql(.cast(let operand, let type)):
            let inner = outputName(operand)
            return inner == "?column?" ? type.name : inner
        case .sql(.collate(let operand, _)): return outputName(operand)
        case .sql(.scalar(let query)):
            if case .select(let select) = query.body, case .expression(let expression, let alias)? = select.items.first {
                return alias.map(SQLName.folded) ?? outputName(expression)
            }
            return "?column?"
        case .sql(.exists): return "exists"
        case .caseWhen: return "case"
        default: return "?column?"
        }
    }

    func bound(_ items: [Item], _ context: SQLContext) throws -> [SelectedColumn] {
        try items.map { item in
            let value = try item.expression.map { try bind($0, context) } ?? item.column?.value ?? .null
            return SelectedColumn(name: item.name, place: item.place, value: value)
        }
    }

    func project(_ items: [Item], _ context: SQLContext, _ state: BoundQuery) throws -> SelectRows {
        var rows = SelectRows(state: state, columns: try bound(items, context), context: context, grouping: nil)
        compute(&rows)
        return rows
    }

    private func project(
        _ select: Select, _ items: [Item], _ order: [SortItem], _ context: SQLContext, _ state: BoundQuery
    ) throws -> SelectRows {
        var context = context
        let windows = SQLWindows()
        context.windows = windows
        try declare(select.windows, context)
        let columns = try bound(items, context)
        for item in order where containsWindow(item.expression) { _ = try bind(item.expression, context) }
        windows.isComplete = true
        var rows = SelectRows(state: state, columns: columns, context: context, grouping: nil)
        append(windows, to: &rows)
        compute(&rows)
        return rows
    }

    private static let comparedMax = 1_000

    /// Gives every column a slot of its own.
    private func compute(_ rows: inout SelectRows) {
        var computed: [(slot: Slot, value: Expr)] = []
        for index in rows.columns.indices {
            let value = rows.known(rows.columns[index].value.expr)
            // Looking for the same among all takes the square of it.
            if computed.count < Self.comparedMax, let known = computed.first(where: { areSame($0.value, value) }) {
                rows.columns[index].slot = known.slot
                continue
            }
            rows.columns[index].slot = core.newSlot()
            computed.append((rows.columns[index].slot, value))
            core.estimator.note(rows.columns[index].slot, is: value)
        }
        if !computed.isEmpty { rows.state.append(.project(child: rows.state.plan, computed)) }
    }

    private func distinct(_ rows: inout SelectRows) {
        var seen: NumberSet = []
        let keys = rows.columns.map(\.slot).filter { seen.insert($0).inserted }
        let count = core.estimator.groups(keys.map { .slot($0) }, rows: rows.state.plan.estimatedRows)
        rows.state.append(.aggregate(child: rows.state.plan, keys: keys.map { ($0, .slot($0)) }, []), rows: count)
        rows.context = nil
    }

    /// DISTINCT ON: of rows that agree in the expressions the first in the order of ORDER BY.
    private func first(
        of expressions: [Expression], _ order: [SortItem], _ rows: inout SelectRows, outer: SQLScope?
    ) throws {
        let keys = try expressions.map { (slot: core.newSlot(), value: try sortValue($0, rows, outer: outer)) }
        let sorting = try order.flatMap { try sortKeys($0, rows, outer: outer) }
        if !sorting.isEmpty { rows.state.append(.sort(child: rows.state.plan, sorting)) }
        // All of a row goes through one aggregate, so that it stays together.
        let (all, list) = (rows.columns.map { Expr.slot($0.slot) } + sorting.map(\.value), core.newSlot())
        let collected = Aggregate(function: "collect", arguments: [.list(all)], isDistinct: false)
        let count = core.estimator.groups(keys.map(\.value), rows: rows.state.plan.estimatedRows)
        rows.state.append(.aggregate(child: rows.state.plan, keys: keys, [(list, collected)]), rows: count)
        let row = Expr.element(.slot(list), index: .constant(.int(0)))
        let slots = all.map { _ in core.newSlot() }
        rows.state.append(
            .project(
                child: rows.state.plan,
                slots.enumerated().map { (slot: $1, value: .element(row, index: .constant(.int(Int64($0))))) }))
        for index in rows.columns.indices { rows.columns[index].slot = slots[index] }
        rows.order = zip(sorting, slots.dropFirst(rows.columns.count)).map { SortKey(value: .slot($1), isDescending: $0.isDescending) }
        rows.context = nil
    }

    // MARK: Grouping

    private func group(
        _ select: Select, _ items: [Item], _ order: [SortItem], _ scope: SQLScope, _ state: BoundQuery
    ) throws -> SelectRows {
        let collector = SQLAggregates()
        var grouping = SQLGrouping()
        let sets = try groupingSets(select.group ?? [], at: select.range).map { set in
            var keys: [Int] = []
            for expression in set {
                let value = try bindKey(expression, items, scope)
                let known = grouping.keys.firstIndex { areSame($0.value, value) }
                if known == nil { grouping.keys.append((core.newSlot(), value)) }
                let key = known ?? grouping.keys.count - 1
                if !keys.contains(key) { keys.append(key) }
            }
            return keys
        }
        if sets.count > 1 { grouping.sets = SQLGroupingSets(sets, slot: core.newSlot()) }
        var context = SQLContext(scope, aggregates: collector, clause: "SELECT")
        context.grouped = groupedScope(scope, grouping)
        if select.group != nil { context.grouping = grouping }
        let windows = SQLWindows()
        var inSelect = context
        inSelect.windows = windows
        try declare(select.windows, inSelect)
        let columns = try bound(items, inSelect)
        context.clause = "HAVING"
        let having = try select.having.map { try bindCondition($0, context) }
        // Aggregates of ORDER BY are computed with the others; it is bound again when the columns are there.
        for item in order where containsAggregate(item.expression) || containsWindow(item.expression) {
            _ = try bind(item.expression, inSelect)
        }

        var rows = SelectRows(state: state, columns: columns, context: inSelect, grouping: grouping)
        if let order = collector.order { rows.state.append(.sort(child: rows.state.plan, order)) }
        if let sets = grouping.sets {
            try append(sets, keys: grouping.keys, collector.found, to: &rows.state)
        } else {
            let count = core.estimator.groups(grouping.keys.map(\.value), rows: state.plan.estimatedRows)
            rows.state.append(try core.aggregate(rows.state.plan, keys: grouping.keys, collector.found), rows: count)
        }
        (collector.isComplete, windows.isComplete) = (true, true)
        var inside = NumberSet(grouping.keys.map(\.slot) + collector.found.map(\.slot))
        if let having {
            let condition = try requireGrouped(grouping.applied(to: having), inside, state, scope, at: select.range)
            rows.state = try filter(rows.state, by: [QueryGraph.Predicate(expr: condition, slots: [])])
        }
        try windows.replace { expr, place in
            try requireGrouped(grouping.applied(to: expr), inside, state, scope, at: place)
        }
        inside.formUnion(NumberSet(windows.found.map(\.slot)))
        for index in rows.columns.indices {
            let expr = grouping.applied(to: rows.columns[index].value.expr)
            rows.columns[index].value.expr = try requireGrouped(expr, inside, state, scope, at: rows.columns[index].place)
        }
        append(windows, to: &rows)
        compute(&rows)
        return rows
    }

    /// What a key of GROUP BY says: a column by its place or its name in SELECT, or an expression.
    private func bindKey(_ expression: Expression, _ items: [Item], _ scope: SQLScope) throws -> Expr {
        let context = SQLContext(scope, clause: "GROUP BY")
        if case .integer(let place) = expression.kind {
            guard place >= 1, place <= Int64(items.count) else {
                throw failure("InvalidColumnReference", "GROUP BY position \(place) is not in the select list", at: expression.range)
            }
            let item = items[Int(place - 1)]
            return try item.expression.map { try bind($0, context).expr } ?? item.column?.value.expr ?? .constant(.null)
        }
        if case .variable(let name) = expression.kind, try scope.find(name, at: expression.range) == nil,
            let item = SQLName.find(name, in: items, { $0.name }), let named = item.expression {
            return try bind(named, context).expr
        }
        return try bind(expression, context).expr
    }

    /// Refuses what is neither grouped by nor aggregated.
    private func requireGrouped(
        _ expr: Expr, _ inside: NumberSet, _ state: BoundQuery, _ scope: SQLScope, at range: SourceRange
    ) throws -> Expr {
        let ungrouped = slotsUsed(expr).intersection(state.bound.union(ownSlots(scope))).subtracting(inside)
            .subtracting(scope.outer?.slots ?? [])
        if ungrouped.isEmpty { return expr }
        let columns = scope.relations.flatMap { $0.columns + $0.hidden }
        var column: SQLColumn?
        _ = expr.replacing { part in
            if column == nil { column = columns.first { areSame($0.value.expr, part) && !ungrouped.isDisjoint(with: slotsUsed(part)) } }
            return nil
        }
        throw failure(
            "GroupingError", "column \"\(column?.name ?? "?")\" must appear in the GROUP BY clause or be used in an aggregate function",
            at: range)
    }

    /// The scope with keys in the place of the columns that rows are grouped by; what subqueries must not refer to has no value.
    private func groupedScope(_ scope: SQLScope, _ grouping: SQLGrouping) -> SQLScope {
        let result = SQLScope(outer: scope.outer)
        for relation in scope.relations {
            var relation = relation
            func grouped(_ column: SQLColumn) -> SQLColumn {
                var column = column
                let key = grouping.keys.first { areSame($0.value, column.value.expr) }
                if let key { column.value.expr = .slot(key.slot) }
                column.isGrouped = key != nil
                return column
            }
            relation.columns = relation.columns.map(grouped)
            relation.hidden = relation.hidden.map(grouped)
            relation.row = nil
            result.add(relation)
        }
        return result
    }

    private func ownSlots(_ scope: SQLScope) -> NumberSet { scope.slots.subtracting(scope.outer?.slots ?? []) }

    // MARK: Order and limits

    private func order(_ rows: inout SelectRows, _ query: SelectQuery, outer: SQLScope?) throws {
        let keys = try rows.order ?? query.order.flatMap { try sortKeys($0, rows, outer: outer) }
        let empty = SQLContext(SQLScope(outer: nil), clause: "LIMIT")
        func count(_ expression: Expression) throws -> Expr? {
            if case .null = expression.kind { return nil }
            return try core.bindRowCount(expression, "LIMIT and OFFSET") { try bind($0, empty).expr }
        }
        let (limit, skip) = (try query.limit.flatMap(count), try query.offset.flatMap(count))
        if query.withTies { throw unsupported("WITH TIES", at: query.range) }
        core.limit(&rows.state, keys, skip: skip, limit: limit)
    }

    private func sortKeys(_ item: SortItem, _ rows: SelectRows, outer: SQLScope?) throws -> [SortKey] {
        sortKeys(item, try sortValue(item.expression, rows, outer: outer))
    }

    func sortKeys(_ item: SortItem, _ value: Expr) -> [SortKey] {
        // Nulls are greater than all values.
        guard let nullsFirst = item.nullsFirst, nullsFirst != item.isDescending else {
            return [SortKey(value: value, isDescending: item.isDescending)]
        }
        return [
            SortKey(value: .isNull(value), isDescending: nullsFirst), SortKey(value: value, isDescending: item.isDescending),
        ]
    }

    private func sortValue(_ expression: Expression, _ rows: SelectRows, outer: SQLScope?) throws -> Expr {
        if case .integer(let place) = expression.kind {
            guard place >= 1, place <= Int64(rows.columns.count) else {
                throw failure("InvalidColumnReference", "ORDER BY position \(place) is not in the select list", at: expression.range)
            }
            return .slot(rows.columns[Int(place - 1)].slot)
        }
        if case .variable(let name) = expression.kind {
            let found = rows.columns.filter { SQLName.areSame($0.name, name) }
            if let first = found.first, found.allSatisfy({ $0.slot == first.slot }) { return .slot(first.slot) }
            if found.count > 1 { throw failure("AmbiguousColumn", "ORDER BY \"\(name)\" is ambiguous", at: expression.range) }
        }
        if let context = rows.context {
            let expr = try bind(expression, context).expr
            if let column = rows.columns.first(where: { areSame($0.value.expr, expr) }) { return .slot(column.slot) }
            guard let grouping = rows.grouping else { return rows.known(expr) }
            let inside = NumberSet(
                grouping.keys.map(\.slot) + (context.aggregates?.found.map(\.slot) ?? [])
                    + (context.windows?.found.map(\.slot) ?? []))
            return try requireGrouped(grouping.applied(to: expr), inside, rows.state, context.scope, at: expression.range)
        }
        // Only the columns are left.
        let scope = SQLScope(outer: outer)
        let columns = rows.columns.map { SQLColumn(name: $0.name, value: SQLValue(.slot($0.slot), $0.value.type), relation: nil) }
        scope.add(SQLRelation(name: "", columns: columns))
        return try bind(expression, SQLContext(scope, clause: "ORDER BY")).expr
    }

    // MARK: VALUES and set operations

    private func bindValues(
        _ rows: [[Expression]], outer: SQLScope?, from start: BoundQuery, at range: SourceRange
    ) throws -> SelectRows {
        let context = SQLContext(SQLScope(outer: outer), clause: "VALUES")
        let width = rows.first?.count ?? 0
        var columns: [(values: [Expr], type: SQLType)] = []
        for index in 0..<width {
            let column = try rows.map { row in
                guard row.count == width else { throw failure("SyntaxError", "the rows of VALUES must have one length", at: range) }
                return row[index]
            }
            columns.append(try unified(column, context, "VALUES"))
        }
        if rows.count == 1 {
            let selected = columns.enumerated().map {
                SelectedColumn(name: "column\($0 + 1)", place: range, value: SQLValue($1.values[0], $1.type))
            }
            var result = SelectRows(state: start, columns: selected, context: nil, grouping: nil)
            compute(&result)
            return result
        }
        let lists = rows.indices.map { row in Expr.list(columns.map { $0.values[row] }) }
        let element = core.newSlot()
        var state = start
        state.append(.unwind(child: state.plan, list: constant(.list(lists)), element: element), rows: Double(rows.count))
        state.bound.insert(element)
        let selected = columns.enumerated().map { index, column in
            SelectedColumn(
                name: "column\(index + 1)", place: range,
                value: SQLValue(.element(.slot(element), index: .constant(.int(Int64(index)))), column.type))
        }
        var result = SelectRows(state: state, columns: selected, context: nil, grouping: nil)
        compute(&result)
        return result
    }

    private static let unionPartsMax = 4_096

    /// The rows of all parts together, or those of the first that the second one has, or has not.
    private func bind(
        _ op: SetOperator, isAll: Bool, _ parts: [BoundSelect], from start: BoundQuery, at range: SourceRange
    ) throws -> SelectRows {
        // Each has slots of its own, which all rows of the statement have room for.
        guard parts.count <= Self.unionPartsMax else {
            throw failure("StatementTooComplex", "UNION of more than \(Self.unionPartsMax) queries", at: range)
        }
        let types = try commonTypes(parts, op, at: range)
        var inputs = parts.map { converted($0, types) }
        var slots = types.map { _ in core.newSlot() }
        let columns = zip(parts[0].columns, zip(slots, types)).map {
            SelectedColumn(name: $0.name, place: range, value: SQLValue(.slot($1.0), $1.1), slot: $1.0)
        }
        if op != .union {
            inputs = inputs.enumerated().map { side, input in marked(input, by: Int64(side)) }
            slots.append(core.newSlot())
        }
        var state = start
        let total = inputs.reduce(0) { $0 + $1.plan.estimatedRows }
        state.append(.union(inputs.map(\.plan), slots: slots, inputs: inputs.map(\.slots)), rows: total)
        state.bound.formUnion(slots)
        state.readsGraph = parts.contains(where: \.query.readsGraph)
        try core.take(steps: inputs.map(\.plan.depth).max() ?? 0, at: range)
        var rows = SelectRows(state: state, columns: columns, context: nil, grouping: nil)
        if op == .union {
            if !isAll { distinct(&rows) }
        } else {
            try keep(op, isAll: isAll, side: slots[slots.count - 1], &rows)
        }
        return rows
    }

    private func commonTypes(_ parts: [BoundSelect], _ op: SetOperator, at range: SourceRange) throws -> [SQLType] {
        var types = parts[0].columns.map(\.type)
        for part in parts.dropFirst() {
            guard part.columns.count == types.count else {
                throw failure(
                    "SyntaxError",
                    "each part of \("\(op)".uppercased()) must have the same number of columns: \(types.count) and \(part.columns.count)",
                    at: range)
            }
            for (index, column) in part.columns.enumerated() {
                guard let common = SQLType.common(types[index], column.type) else {
                    throw failure(
                        "DatatypeMismatch",
                        "column \"\(column.name)\" is \(types[index].name) in one part and \(column.type.name) in another", at: range)
                }
                types[index] = common
            }
        }
        return types.map { $0 == .unknown ? .text : $0 }
    }

    /// A column more, which says which part a row is of.
    private func marked(_ input: (plan: PlanNode, slots: [Slot]), by number: Int64) -> (plan: PlanNode, slots: [Slot]) {
        let mark = core.newSlot()
        let plan = PlanNode(
            .project(child: input.plan, [(mark, .constant(.int(number)))]), estimatedRows: input.plan.estimatedRows)
        return (plan, input.slots + [mark])
    }

    func converted(_ bound: BoundSelect, _ types: [SQLType]) -> (plan: PlanNode, slots: [Slot]) {
        var computed: [(slot: Slot, value: Expr)] = []
        let slots = zip(bound.columns, types).map { column, type -> Slot in
            let value = column.type == .unknown && type != .text && type != .any
                ? cast(SQLValue(.slot(column.slot), .text), to: type)
                : convert(SQLValue(.slot(column.slot), column.type == .unknown ? .text : column.type), to: type)
            if case .slot(let slot) = value.expr { return slot }
            let slot = core.newSlot()
            computed.append((slot, value.expr))
            return slot
        }
        if computed.isEmpty { return (bound.query.plan, slots) }
        let plan = bound.query.plan
        return (PlanNode(.project(child: plan, computed), estimatedRows: plan.estimatedRows), slots)
    }

    /// INTERSECT and EXCEPT: how many rows of either side are alike says how many remain.
    private func keep(_ op: SetOperator, isAll: Bool, side: Slot, _ rows: inout SelectRows) throws {
        let (all, second) = (core.newSlot(), core.newSlot())
        let keys = rows.columns.map { (slot: $0.slot, value: Expr.slot($0.slot)) }
        let counts = [
            (slot: all, Aggregate(function: "count", arguments: [], isDistinct: false)),
            (slot: second, Aggregate(function: "sum", arguments: [.slot(side)], isDistinct: false)),
        ]
        let count = rows.state.plan.estimatedRows / 2
        rows.state.append(.aggregate(child: rows.state.plan, keys: keys, counts), rows: count)
        let (left, right) = (Expr.arithmetic(.subtract, .slot(all), .slot(second)), Expr.slot(second))
        let zero = Expr.constant(.int(0))
        let isLeft = Expr.compare(.greater, left, zero)
        if !isAll {
            let isRight = Expr.compare(op == .intersect ? .greater : .equal, right, zero)
            rows.state.append(.filter(child: rows.state.plan, .and(isLeft, isRight)), rows: count)
            return
        }
        let least = Expr.conditional([(.compare(.less, left, right), left)], otherwise: right)
        let times = op == .intersect ? least : .arithmetic(.subtract, left, right)
        // Once for each number from 1 to so many; none if that is not positive.
        let copies = Expr.call("range", [.constant(.int(1)), times])
        rows.state.append(.unwind(child: rows.state.plan, list: copies, element: core.newSlot()), rows: count)
    }
}
