// EXISTS and NOT EXISTS in WHERE as joins: where equalities connect the query with what is around it, its rows are found once, and
// each row outside is looked for among them. Other conditions about both are looked at for each pair that the equalities let pass.
//
// Likewise a comparison with a query that is one aggregate: instead of being computed for each row outside, it is computed for all
// values of what the equalities are about at once, by grouping, and each row outside is joined with its group. Where an index has
// the rows of one value, that is left alone: few rows outside would have to pay for all groups.

import DeedExecution
import DeedSyntax

/// Rows stay that have a partner (semi), or none (anti); or all stay (outer) of which the condition on what they were joined with is true.
struct ExistenceJoin {
    enum Source {
        /// `inside`: the terms of the condition that are about the part alone.
        case part(FromPart, condition: [QueryGraph.Predicate], inside: [QueryGraph.Predicate])
        case rows(PlanNode)
    }
    let source: Source
    let keys: [(build: Expr, probe: Expr)]
    let kind: JoinKind
    /// What must be true besides.
    let also: Expr?
    /// What must be true of the rows that come of it.
    var then: QueryGraph.Predicate?
}

extension SQLBinder {
    /// The terms of WHERE, those that are joins apart.
    func conditions(_ predicate: Expression?, _ scope: SQLScope) throws -> ([QueryGraph.Predicate], [ExistenceJoin]) {
        guard let predicate else { return ([], []) }
        var joins: [ExistenceJoin] = []
        var others: [QueryGraph.Predicate] = []
        for term in core.conjuncts(predicate) {
            if let join = try existenceJoin(term, scope) ?? aggregateJoin(term, scope) {
                joins.append(join)
            } else {
                others += try terms(term, SQLContext(scope, clause: "WHERE"))
            }
        }
        return (others, joins)
    }

    func append(_ join: ExistenceJoin, to state: inout BoundQuery, at range: SourceRange) throws {
        let rows = max(state.plan.estimatedRows * (join.kind == .outer ? 1 : 0.5), 1)
        let (inner, isWalk) =
            switch join.source {
            case .part(let part, let condition, let inside): try partners(part, condition, inside, of: state, at: range)
            case .rows(let plan): (plan, false)
            }
        if isWalk {
            state.append(.apply(outer: state.plan, inner: inner, join.kind == .semi ? .semi : .anti), rows: rows)
        } else {
            state.append(.join(build: inner, probe: state.plan, keys: join.keys, join.kind, also: join.also), rows: rows)
        }
        state.readsGraph = true
        if let then = join.then { state = try filter(state, by: [then]) }
        try core.take(steps: inner.depth, at: range)
    }

    /// nil for any other term, and for a query that has more to do with what is around it.
    private func existenceJoin(_ term: Expression, _ scope: SQLScope) throws -> ExistenceJoin? {
        var (term, kind) = (term, JoinKind.semi)
        while case .unary(.not, let operand) = term.kind { (term, kind) = (operand, kind == .semi ? .anti : .semi) }
        guard case .sql(.exists(let query)) = term.kind, case .select(let select) = query.body, query.with == nil,
            query.limit == nil, query.offset == nil, select.group == nil, select.having == nil, !select.from.isEmpty,
            let condition = select.predicate, !select.items.contains(where: hasAggregate), !hasQuery(condition),
            select.from.allSatisfy(isTable)
        else { return nil }
        // What is bound in vain has taken slots and steps, which do no harm; with queries in it, it could be bound in vain again and
        // again.
        let (part, inner) = try declare(from: select.from, outer: scope, given: scope.slots)
        let all = try terms(condition, SQLContext(inner, clause: "WHERE"))
        let (inside, between) = divide(all, part.slots)
        let (keys, rest) = joinKeys(between, build: part.slots, probe: scope.slots)
        // An index finds the few pairs of few rows.
        if !rest.isEmpty && keys.contains(where: { isIndexed($0.build) }) { return nil }
        let isKnown = rest.allSatisfy { slotsUsed($0.expr).isSubset(of: part.slots.union(scope.slots)) }
        guard isKnown, !keys.isEmpty, !dependsOnRows(part), inside.allSatisfy({ $0.slots.isSubset(of: part.slots) }) else { return nil }
        // The items must be right even though nobody looks at them.
        _ = try bound(try expanded(select.items, inner), SQLContext(inner, clause: "SELECT"))
        return ExistenceJoin(
            source: .part(part, condition: all, inside: inside), keys: keys, kind: kind, also: Expr.all(rest.map(\.expr)))
    }

    /// nil for any other term than a comparison with such an aggregate.
    private func aggregateJoin(_ term: Expression, _ scope: SQLScope) throws -> ExistenceJoin? {
        guard case .comparison(let first, let others) = term.kind, others.count == 1,
            case let queries = [first, others[0].1].filter(hasQuery), queries.count == 1, let side = queries.first,
            case .sql(.scalar(let query)) = side.kind,
            case .select(let select) = query.body, query.with == nil, query.order.isEmpty, query.limit == nil, query.offset == nil,
            select.group == nil, select.having == nil, !select.from.isEmpty, let condition = select.predicate, select.items.count == 1,
            case .expression(let item, _) = select.items[0], containsAggregate(item), !containsWindow(item), !hasQuery(item),
            !hasQuery(condition), select.from.allSatisfy(isTable)
        else { return nil }
        // As above, what is bound in vain does no harm.
        let (part, inner) = try declare(from: select.from, outer: scope, given: scope.slots)
        let (inside, between) = divide(try terms(condition, SQLContext(inner, clause: "WHERE")), part.slots)
        let (keys, rest) = joinKeys(between, build: part.slots, probe: scope.slots)
        guard rest.isEmpty, !keys.isEmpty, !dependsOnRows(part), inside.allSatisfy({ $0.slots.isSubset(of: part.slots) }),
            keys.allSatisfy({ isProperty($0.build, of: part.slots) && !isIndexed($0.build) })
        else { return nil }
        let collector = SQLAggregates()
        let value = try bind(item, SQLContext(inner, aggregates: collector, clause: "SELECT"))
        guard collector.order == nil, slotsUsed(value.expr).isSubset(of: NumberSet(collector.found.map(\.slot))),
            collector.found.allSatisfy({ mayBeGrouped($0.1, part.slots) })
        else { return nil }
        var build = try plan(part, inside, from: BoundQuery.start(Scope()), at: select.range)
        let groups = keys.map { (slot: core.newSlot(), value: $0.build) }
        let rows = core.estimator.groups(groups.map(\.value), rows: build.plan.estimatedRows)
        build.append(try core.aggregate(build.plan, keys: groups, collector.found), rows: rows)
        joinedQueries[side.range] = value
        defer { joinedQueries[side.range] = nil }
        let expr = try bindCondition(term, SQLContext(scope, clause: "WHERE"))
        return ExistenceJoin(
            source: .rows(build.plan), keys: zip(groups, keys).map { (build: .slot($0.slot), probe: $1.probe) }, kind: .outer, also: nil,
            then: QueryGraph.Predicate(expr: expr, slots: []))
    }

    /// One that is null of no rows, and that no value can make an error that nobody would have asked for.
    private func mayBeGrouped(_ aggregate: Aggregate, _ slots: NumberSet) -> Bool {
        ["avg", "min", "max", Aggregate.sumOrNull].contains(aggregate.function)
            && aggregate.arguments.allSatisfy { isProperty($0, of: slots) }
    }

    private func isProperty(_ expr: Expr, of slots: NumberSet) -> Bool {
        if case .property(.slot(let slot), _) = expr { slots.contains(slot) } else { false }
    }

    private func isIndexed(_ expr: Expr) -> Bool {
        guard case .property(.slot(let slot), let name) = expr else { return false }
        return core.estimator.labels(of: slot).contains { core.catalog.hasIndex(label: $0, properties: [name]) }
    }

    private func hasAggregate(_ item: SelectItem) -> Bool {
        if case .expression(let expression, _) = item { containsAggregate(expression) } else { false }
    }

    private func hasQuery(_ expression: Expression) -> Bool {
        switch expression.kind {
        case .sql(.scalar), .sql(.exists), .sql(.array), .sql(.compareQuery): true
        default: sqlChildren(of: expression).contains(where: hasQuery)
        }
    }

    private func isTable(_ reference: TableReference) -> Bool {
        switch reference.kind {
        case .table: true
        case .join(let left, let right, _, _): isTable(left) && isTable(right)
        default: false
        }
    }

    private func divide(
        _ terms: [QueryGraph.Predicate], _ own: NumberSet
    ) -> (inside: [QueryGraph.Predicate], between: [QueryGraph.Predicate]) {
        (terms.filter { $0.slots.isSubset(of: own) }, terms.filter { !$0.slots.isSubset(of: own) })
    }
}
