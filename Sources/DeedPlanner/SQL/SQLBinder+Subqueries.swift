// Queries within expressions. One that refers to nothing outside is run once for an execution; others are run for the rows around them.

import DeedExecution
import DeedSyntax
import DeedValues

extension SQLBinder {
    func bindQuery(_ expression: SQLExpression, _ context: SQLContext, at range: SourceRange) throws -> SQLValue {
        switch expression {
        case .exists(let query):
            let (bound, isIndependent) = try subquery(query, context)
            let plan = DistinctReach.forExistence(bound.query.plan)
            return SQLValue(.subquery(Subquery(kind: .exists, plan: plan, result: nil, isIndependent: isIndependent)), .bool)
        case .scalar(let query):
            if let joined = joinedQueries[range] { return joined }
            let (list, type) = try collected(query, context, most: 2, "a subquery as a value", at: range)
            return SQLValue(.call("sql:single", [list]), type)
        case .array(let query):
            let (list, type) = try collected(query, context, most: nil, "ARRAY(SELECT ...)", at: range)
            return SQLValue(list, .list(type))
        case .compareQuery(let operand, let op, let quantity, let query):
            return try compare(operand, op, quantity, query, context, at: range)
        default: throw unsupported("this expression", at: range)
        }
    }

    /// The query with what is around it in sight, and whether it refers to nothing of that.
    private func subquery(_ query: SelectQuery, _ context: SQLContext) throws -> (BoundSelect, isIndependent: Bool) {
        let scope = context.aggregates?.isInside == true ? context.scope : context.grouped ?? context.scope
        let visible = scope.slots
        let wrote = core.writes
        subqueryDepth += 1
        defer { subqueryDepth -= 1 }
        let (bound, used) = try core.tracking {
            try bind(query, outer: scope, from: BoundQuery.start(Scope(), given: visible))
        }
        core.writes = wrote
        try core.take(steps: bound.query.plan.depth, at: query.range)
        return (bound, used.isDisjoint(with: visible))
    }

    /// The list of the only column's values.
    private func collected(
        _ query: SelectQuery, _ context: SQLContext, most: Int64?, _ what: String, at range: SourceRange
    ) throws -> (Expr, SQLType) {
        var (bound, isIndependent) = try subquery(query, context)
        guard bound.columns.count == 1 else {
            throw failure("SyntaxError", "\(what) has one column, not \(bound.columns.count)", at: range)
        }
        if let most { core.limit(&bound.query, [], skip: nil, limit: .constant(.int(most))) }
        let column = bound.columns[0]
        let list = Subquery(kind: .collect, plan: bound.query.plan, result: column.slot, isIndependent: isIndependent)
        return (.subquery(list), column.type == .unknown ? .text : column.type)
    }

    /// `x op ANY (query)`; IN is `= ANY`.
    private func compare(
        _ operand: Expression, _ op: ComparisonOperator, _ quantity: Quantity, _ query: SelectQuery, _ context: SQLContext,
        at range: SourceRange
    ) throws -> SQLValue {
        if case .sql(.row) = operand.kind { throw unsupported("a row beside a subquery", at: operand.range) }
        let value = try bind(operand, context)
        let (list, type) = try collected(query, context, most: nil, "a subquery beside ANY, ALL and IN", at: range)
        guard let common = SQLType.common(value.type, type) else { throw mismatch(operand, type.name, value.type) }
        let tested = cast(unknown: value, to: common).expr
        if op == .equal && quantity == .any { return SQLValue(.isIn(tested, list), .bool) }
        let slot = core.newSlot()
        let kind: QuantifierKind = quantity == .any ? .any : .all
        let test = Expr.compare(op.comparison, tested, .slot(slot))
        return SQLValue(.quantifier(kind, slot, list: list, predicate: test), .bool)
    }
}
