// EXISTS and NOT EXISTS in WHERE as joins: where nothing but equalities connects the query with what is around it, its rows are found
// once, and each row outside is looked for among them.

import DeedExecution
import DeedSyntax

/// Rows stay that have a partner (semi), or none (anti).
struct ExistenceJoin {
    let part: FromPart
    let condition: [QueryGraph.Predicate]
    /// Those that are about the part alone.
    let inside: [QueryGraph.Predicate]
    let keys: [(build: Expr, probe: Expr)]
    let kind: JoinKind
}

extension SQLBinder {
    /// The terms of WHERE, those that are joins apart.
    func conditions(_ predicate: Expression?, _ scope: SQLScope) throws -> ([QueryGraph.Predicate], [ExistenceJoin]) {
        guard let predicate else { return ([], []) }
        var joins: [ExistenceJoin] = []
        var others: [QueryGraph.Predicate] = []
        for term in core.conjuncts(predicate) {
            if let join = try existenceJoin(term, scope) {
                joins.append(join)
            } else {
                others += try terms(term, SQLContext(scope, clause: "WHERE"))
            }
        }
        return (others, joins)
    }

    func append(_ join: ExistenceJoin, to state: inout BoundQuery, at range: SourceRange) throws {
        let rows = max(state.plan.estimatedRows * 0.5, 1)
        let (inner, isWalk) = try partners(join.part, join.condition, join.inside, of: state, at: range)
        if isWalk {
            state.append(.apply(outer: state.plan, inner: inner, join.kind == .semi ? .semi : .anti), rows: rows)
        } else {
            state.append(.join(build: inner, probe: state.plan, keys: join.keys, join.kind), rows: rows)
        }
        state.readsGraph = true
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
        guard rest.isEmpty, !keys.isEmpty, !dependsOnRows(part), inside.allSatisfy({ $0.slots.isSubset(of: part.slots) })
        else { return nil }
        // The items must be right even though nobody looks at them.
        _ = try bound(try expanded(select.items, inner), SQLContext(inner, clause: "SELECT"))
        return ExistenceJoin(part: part, condition: all, inside: inside, keys: keys, kind: kind)
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
