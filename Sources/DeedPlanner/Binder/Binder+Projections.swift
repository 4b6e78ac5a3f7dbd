// WITH and RETURN: projection, grouping, DISTINCT, ORDER BY, SKIP, LIMIT and the WHERE of WITH, in this order.
//
// What ORDER BY (and WHERE) may refer to: the columns; expressions written as a column is; and, unless rows were grouped,
// everything from before.

import DeedExecution
import DeedSyntax
import DeedValues

/// A column of a projection while it is bound.
private struct ProjectedColumn {
    let name: Name
    let expression: Expression
    let hasAggregate: Bool
    /// Written without alias, and not a mere variable.
    let lacksAlias: Bool
    var slot: Slot = 0
    var type = StaticType.any

    /// A variable that keeps its name.
    var isNamesake: Bool {
        if case .variable(let variable) = expression.kind { return NameKey(variable) == NameKey(name.text) }
        return false
    }

    /// Grouping by a variable or a property lets these be used beside aggregates; grouping by more does not.
    var isSimple: Bool {
        switch expression.kind {
        case .variable, .property: true
        default: false
        }
    }
}

extension Binder {
    func bindReturn(_ projection: Projection, _ state: BoundQuery) throws -> BoundQuery {
        if projection.includesAll && state.scope.variables.isEmpty {
            throw QueryError(
                .syntaxError, "NoVariablesInScope", "RETURN * has nothing to return: no variables are in scope",
                at: projection.range)
        }
        var (result, columns) = try bindProjection(projection, predicate: nil, state)
        result.columns = columns.map { ($0.name.text, $0.slot) }
        result.isComplete = true
        return result
    }

    func bindWith(_ projection: Projection, _ predicate: Expression?, _ state: BoundQuery) throws -> BoundQuery {
        let (result, columns) = try bindProjection(projection, predicate: predicate, state)
        if let column = columns.first(where: \.lacksAlias) {
            throw QueryError(
                .syntaxError, "NoExpressionAlias", "an expression in WITH needs a name: add AS and one",
                at: column.expression.range)
        }
        return result
    }

    private func bindProjection(
        _ projection: Projection, predicate: Expression?, _ state: BoundQuery
    ) throws -> (BoundQuery, [ProjectedColumn]) {
        var columns = try projectedColumns(projection, state.scope)
        let isGrouped = columns.contains(where: \.hasAggregate)
        var result = state
        if isGrouped {
            try bindGrouped(&columns, &result)
        } else {
            try bindUngrouped(&columns, &result)
        }
        if projection.isDistinct {
            var seen: NumberSet = []
            let keys = columns.map(\.slot).filter { seen.insert($0).inserted }
            let rows = estimator.groups(keys.map { .slot($0) }, rows: result.plan.estimatedRows)
            result.append(try aggregate(result.plan, keys: keys.map { ($0, .slot($0)) }, []), rows: rows)
        }
        let hidesInput = isGrouped || projection.isDistinct
        try bindOrderAndLimits(projection, columns, hidesInput: hidesInput, isGrouped: isGrouped, before: state.scope, &result)

        var scope = Scope()
        for column in columns { scope.add(column.variable) }
        if let predicate {
            let (visible, mode) = visibility(columns, hidesInput: hidesInput, isGrouped: isGrouped, before: state.scope)
            let terms = try conjuncts(predicate).map { try bindPredicate($0, visible, mode) }
            if let condition = Expr.all(terms) {
                let rows = result.plan.estimatedRows * estimator.selectivity(ofAll: terms)
                result.append(.filter(child: result.plan, condition), rows: rows)
            }
        }
        result.scope = scope
        result.bound = scope.slots
        if !(result.isUnit && columns.isEmpty) {
            result.append(.keep(child: result.plan, Array(scope.slots).sorted()))
        }
        return (result, columns)
    }

    private func projectedColumns(_ projection: Projection, _ scope: Scope) throws -> [ProjectedColumn] {
        var columns: [ProjectedColumn] = []
        columns.reserveCapacity(projection.items.count)
        if projection.includesAll {
            for variable in scope.visible.sorted(by: { Array($0.name.utf8).lexicographicallyPrecedes(Array($1.name.utf8)) }) {
                let name = Name(variable.name, projection.range)
                columns.append(
                    ProjectedColumn(
                        name: name, expression: Expression(.variable(variable.name), projection.range), hasAggregate: false,
                        lacksAlias: false))
            }
        }
        for item in projection.items {
            var isVariable = false
            if case .variable = item.expression.kind { isVariable = true }
            var text = item.text
            if case .variable(let name) = item.expression.kind { text = name }
            columns.append(
                ProjectedColumn(
                    name: item.alias ?? Name(text, item.expression.range), expression: item.expression,
                    hasAggregate: containsAggregate(item.expression), lacksAlias: item.alias == nil && !isVariable))
        }
        if let column = Self.firstNamesake(columns) {
            throw QueryError(
                .syntaxError, "ColumnNameConflict", "two columns are called `\(column.name.text)`; give one another name",
                at: column.name.range)
        }
        return columns
    }

    /// The first column that has the name of an earlier one.
    private static func firstNamesake(_ columns: [ProjectedColumn]) -> ProjectedColumn? {
        var names = DistinctNames()
        return columns.first { !names.insert($0.name.text) }
    }

    // MARK: Columns

    private func bindUngrouped(_ columns: inout [ProjectedColumn], _ result: inout BoundQuery) throws {
        var computed: [(slot: Slot, value: Expr)] = []
        for index in columns.indices {
            let bound = try bind(columns[index].expression, result.scope)
            columns[index].type = bound.type
            if case .slot(let slot) = bound.expr {
                columns[index].slot = slot
            } else {
                columns[index].slot = newSlot()
                computed.append((columns[index].slot, bound.expr))
                estimator.note(columns[index].slot, is: bound.expr)
            }
        }
        if !computed.isEmpty { result.append(.project(child: result.plan, computed)) }
    }

    private func bindGrouped(_ columns: inout [ProjectedColumn], _ result: inout BoundQuery) throws {
        var keys: [(slot: Slot, value: Expr)] = []
        var keySlots: NumberSet = []
        var mode = ExpressionMode()
        mode.ungrouped = result.scope.slots
        for index in columns.indices where !columns[index].hasAggregate {
            let bound = try bind(columns[index].expression, result.scope)
            columns[index].type = bound.type
            if case .slot(let slot) = bound.expr {
                columns[index].slot = slot
                mode.ungrouped.remove(slot)
            } else {
                columns[index].slot = newSlot()
                if columns[index].isSimple { mode.substitutions[fingerprint(columns[index].expression)] = columns[index].variable }
            }
            if keySlots.insert(columns[index].slot).inserted { keys.append((columns[index].slot, bound.expr)) }
        }
        let collector = AggregateCollector()
        mode.aggregates = collector
        var computed: [(slot: Slot, value: Expr)] = []
        for index in columns.indices where columns[index].hasAggregate {
            let bound = try bind(columns[index].expression, result.scope, mode)
            columns[index].type = bound.type
            if case .slot(let slot) = bound.expr {
                columns[index].slot = slot
            } else {
                columns[index].slot = newSlot()
                computed.append((columns[index].slot, bound.expr))
            }
        }
        for key in keys { estimator.note(key.slot, is: key.value) }
        let rows = estimator.groups(keys.map(\.value), rows: result.plan.estimatedRows)
        result.append(try aggregate(result.plan, keys: keys, collector.aggregates), rows: rows)
        if !computed.isEmpty { result.append(.project(child: result.plan, computed)) }
    }

    func aggregate(
        _ child: PlanNode, keys: [(slot: Slot, value: Expr)], _ aggregates: [(slot: Slot, Aggregate)]
    ) throws -> PlanNode.Kind {
        let counting = CountPushDown(catalog: catalog, newSlot: newSlot)
        if let way = try nextAggregation() {
            guard let kind = counting.aggregate(child, keys: keys, aggregates, way) else {
                return try refuse("aggregation \(choices.aggregations.count) cannot be done by '\(way.rawValue)'")
            }
            choices.aggregations.append(way)
            return ofDistinctRows(kind)
        }
        let (kind, way) = counting.aggregate(child, keys: keys, aggregates)
        choices.aggregations.append(way)
        return ofDistinctRows(kind)
    }

    /// An aggregate of DISTINCT values that stands alone, over rows that are made distinct first: those can be divided among
    /// threads, and put aside if they do not fit into memory, which what a group has seen cannot. A list would lose its order.
    private func ofDistinctRows(_ kind: PlanNode.Kind) -> PlanNode.Kind {
        guard case .aggregate(let child, let keys, let aggregates) = kind, aggregates.count == 1, aggregates[0].1.comparesValues,
            aggregates[0].1.arguments.count == 1, aggregates[0].1.function != "collect"
        else { return kind }
        let (slot, aggregate) = aggregates[0]
        let value = newSlot()
        let rows = PlanNode(
            .aggregate(child: child, keys: keys + [(value, aggregate.arguments[0])], []), estimatedRows: child.estimatedRows)
        let single = Aggregate(function: aggregate.function, arguments: [.slot(value)], isDistinct: false)
        return .aggregate(child: rows, keys: keys.map { ($0.slot, .slot($0.slot)) }, [(slot, single)])
    }

    /// True if an aggregate is called anywhere in the expression, subqueries left aside.
    func containsAggregate(_ expression: Expression) -> Bool {
        if case .call(let call) = expression.kind, Self.isAggregate(call) { return true }
        return children(of: expression).contains(where: containsAggregate)
    }

    // MARK: Order

    /// What ORDER BY and WHERE of a projection see.
    private func visibility(
        _ columns: [ProjectedColumn], hidesInput: Bool, isGrouped: Bool, before: Scope
    ) -> (Scope, ExpressionMode) {
        var scope = hidesInput ? Scope() : before
        var mode = ExpressionMode()
        for column in columns {
            scope.add(column.variable)
            if !column.isNamesake { mode.substitutions[fingerprint(column.expression)] = column.variable }
        }
        return (scope, mode)
    }

    private func sortKeys(
        _ projection: Projection, _ columns: [ProjectedColumn], hidesInput: Bool, isGrouped: Bool, before: Scope
    ) throws -> [SortKey] {
        let (scope, mode) = visibility(columns, hidesInput: hidesInput, isGrouped: isGrouped, before: before)
        return try projection.order.map { item in
            if containsAggregate(item.expression) { try checkSortAggregates(item.expression, columns, isGrouped: isGrouped, scope) }
            return SortKey(value: try bind(item.expression, scope, mode).expr, isDescending: item.isDescending)
        }
    }

    private func bindOrderAndLimits(
        _ projection: Projection, _ columns: [ProjectedColumn], hidesInput: Bool, isGrouped: Bool, before: Scope,
        _ result: inout BoundQuery
    ) throws {
        let keys =
            projection.order.isEmpty
            ? [] : try sortKeys(projection, columns, hidesInput: hidesInput, isGrouped: isGrouped, before: before)
        let skip = try projection.skip.map { try bindRowCount($0, "SKIP") }
        let limit = try projection.limit.map { try bindRowCount($0, "LIMIT") }
        self.limit(&result, keys, skip: skip, limit: limit)
    }

    /// The rows in order, from one on, and so many.
    func limit(_ result: inout BoundQuery, _ keys: [SortKey], skip: Expr?, limit: Expr?) {
        let rows = result.plan.estimatedRows
        if !keys.isEmpty {
            if let limit {
                let count = skip.map { Expr.arithmetic(.add, $0, limit) } ?? limit
                result.append(.top(child: result.plan, keys, count: count), rows: min(rows, 100))
            } else {
                result.append(.sort(child: result.plan, keys))
            }
        }
        if let skip { result.append(.skip(child: result.plan, skip)) }
        if let limit, keys.isEmpty || skip != nil { result.append(.limit(child: result.plan, limit), rows: min(rows, 100)) }
    }

    /// Aggregates in ORDER BY are those of the columns; they do not mix with what rows were grouped by, unless that is a
    /// column as it stands.
    private func checkSortAggregates(
        _ expression: Expression, _ columns: [ProjectedColumn], isGrouped: Bool, _ scope: Scope
    ) throws {
        let texts = columns.map { fingerprint($0.expression) }
        let known = Set(texts)
        // What rows are grouped by and is more than a name.
        let grouped = Set(zip(columns, texts).filter { !$0.0.hasAggregate && !$0.0.isSimple }.map(\.1))
        if known.contains(fingerprint(expression)) { return }
        if isGrouped && containsFingerprint(of: grouped, expression) {
            throw QueryError(
                .syntaxError, "AmbiguousAggregationExpression",
                "an expression that rows are grouped by stands beside an aggregate; give it a name and use that",
                at: expression.range)
        }
        if !isGrouped {
            throw QueryError(
                .syntaxError, "InvalidAggregation", "ORDER BY has an aggregate, but no column is aggregated",
                at: expression.range)
        }
        // What a new aggregate would need is gone after grouping; the names that are not there say so best.
        for argument in newAggregates(expression, known: known).flatMap(\.arguments) { _ = try bind(argument, scope) }
    }

    /// Calls of aggregates that are no column.
    private func newAggregates(_ expression: Expression, known: Set<NameKey>) -> [FunctionCall] {
        if known.contains(fingerprint(expression)) { return [] }
        if case .call(let call) = expression.kind, Self.isAggregate(call) { return [call] }
        return children(of: expression).flatMap { newAggregates($0, known: known) }
    }

    private func containsFingerprint(of known: Set<NameKey>, _ expression: Expression) -> Bool {
        known.contains(fingerprint(expression))
            || children(of: expression).contains { containsFingerprint(of: known, $0) }
    }

    func bindRowCount(_ expression: Expression, _ clause: String) throws -> Expr {
        try bindRowCount(expression, clause) { try bind($0, Scope()).expr }
    }

    func bindRowCount(_ expression: Expression, _ clause: String, _ bind: (Expression) throws -> Expr) throws -> Expr {
        switch expression.kind {
        case .integer(let value) where value < 0: throw negative(clause, expression)
        case .unary(.minus, let operand):
            if case .integer = operand.kind { throw negative(clause, expression) }
            if case .parameter(let name) = operand.kind, Self.literalType(name) == .int { throw negative(clause, expression) }
        case .parameter(let name):
            let type = Self.literalType(name)
            guard type.mayBeInteger else { throw wrongType(expression, "an integer", type) }
        case .float, .string, .bool, .list, .map: throw wrongType(expression, "an integer", staticType(expression))
        default: break
        }
        if let variable = firstVariable(expression) {
            throw QueryError(
                .syntaxError, "NonConstantExpression", "\(clause) cannot depend on a row", at: variable.range)
        }
        return try bind(expression)
    }

    private func negative(_ clause: String, _ expression: Expression) -> QueryError {
        QueryError(.syntaxError, "NegativeIntegerArgument", "\(clause) takes no negative number", at: expression.range)
    }

    private func staticType(_ expression: Expression) -> StaticType {
        switch expression.kind {
        case .float: .float
        case .string: .string
        case .bool: .bool
        case .list: .list(.any)
        default: .map
        }
    }

    private func firstVariable(_ expression: Expression) -> Expression? {
        if case .variable = expression.kind { return expression }
        for child in children(of: expression) { if let found = firstVariable(child) { return found } }
        return nil
    }

    /// The parts joined by AND.
    func conjuncts(_ expression: Expression) -> [Expression] {
        guard case .binary(.and, let left, let right) = expression.kind else { return [expression] }
        return conjuncts(left) + conjuncts(right)
    }
}

extension ProjectedColumn {
    fileprivate var variable: Variable { Variable(name: name.text, slot: slot, type: type) }
}

/// The expressions directly below one; those inside subqueries and patterns left aside.
func children(of expression: Expression) -> [Expression] {
    switch expression.kind {
    case .null, .bool, .integer, .float, .string, .parameter, .variable: []
    case .patternComprehension, .pattern, .shortestPath, .subquery, .sql: []
    case .property(let subject, _), .hasLabels(let subject, _), .unary(_, let subject), .isNull(let subject, _): [subject]
    case .binary(_, let left, let right): [left, right]
    case .comparison(let first, let rest): [first] + rest.map(\.1)
    case .list(let items): items
    case .map(let entries): entries.map(\.value)
    case .mapProjection(let subject, let items):
        [subject] + items.compactMap { if case .entry(_, let value) = $0 { value } else { nil } }
    case .element(let subject, let index): [subject, index]
    case .slice(let subject, let from, let to): [subject, from, to].compactMap { $0 }
    case .call(let call): call.arguments
    case .caseWhen(let subject, let branches, let otherwise):
        [subject].compactMap { $0 } + branches.flatMap { [$0.when, $0.then] } + [otherwise].compactMap { $0 }
    case .listComprehension(_, let list, let filter, let projection): [list, filter, projection].compactMap { $0 }
    case .quantifier(_, _, let list, let predicate): [list, predicate]
    case .reduce(_, let initial, _, let list, let body): [initial, list, body]
    }
}
