// Aggregates of SQL.

import DeedExecution
import DeedSyntax
import DeedValues

extension SQLBinder {
    /// By name: how many arguments they take.
    static let aggregates: [String: Int] = [
        "count": 1, "sum": 1, "avg": 1, "min": 1, "max": 1, "array_agg": 1, "stddev": 1, "stddev_samp": 1, "stddev_pop": 1,
        "bool_and": 1, "bool_or": 1, "every": 1, "total": 1, "string_agg": 2, "group_concat": 1,
    ]

    func containsAggregate(_ expression: Expression) -> Bool {
        switch expression.kind {
        case .call(let call) where Self.aggregates[call.name.text.lowercased()] != nil: return true
        case .sql(.aggregate(_, _, _, let over)) where over == nil: return true
        default: return sqlChildren(of: expression).contains(where: containsAggregate)
        }
    }

    func bindAggregate(
        _ call: FunctionCall, order: [SortItem], filter: Expression?, _ context: SQLContext, at range: SourceRange
    ) throws -> SQLValue {
        let name = call.name.text.lowercased()
        guard let arity = Self.aggregates[name] else {
            throw failure("UndefinedFunction", "there is no aggregate \"\(call.name.text)\"", at: call.name.range)
        }
        guard let collector = context.aggregates else {
            if context.scope.isPattern { return try bindFold(name, call, order: order, filter: filter, context, at: range) }
            throw failure("GroupingError", "\(call.name.text)() is an aggregate, which cannot stand in \(context.clause)", at: range)
        }
        if collector.isInside { throw failure("GroupingError", "aggregates cannot be nested", at: range) }
        let isList = name == "array_agg" || name == "string_agg" || name == "group_concat"
        let counts = name == "group_concat" ? 1...2 : arity...arity
        guard call.isStar ? name == "count" && !call.isDistinct : counts.contains(call.arguments.count) else {
            throw failure("UndefinedFunction", "\(call.name.text)() takes \(arity) argument", at: range)
        }
        collector.isInside = true
        defer { collector.isInside = false }
        var inner = context
        inner.aggregates = collector
        (inner.windows, inner.clause) = (nil, "the argument of an aggregate")
        let condition = try filter.map { try bindCondition($0, inner) }
        // The order makes no difference to the others.
        if !order.isEmpty && isList { try take(order, inner, collector, at: range) }
        guard let argument = call.arguments.first, !call.isStar else {
            guard let condition else { return SQLValue(.slot(try collect("count", [], false, collector)), .integer) }
            let one = Expr.conditional([(condition, .constant(.int(1)))], otherwise: .constant(.null))
            return SQLValue(.slot(try collect("count", [one], false, collector)), .integer)
        }
        var value = cast(unknown: try bind(argument, inner), to: .text)
        if isList { return try list(name, call, value, condition, inner, collector) }
        if let condition { value.expr = .conditional([(condition, value.expr)], otherwise: .constant(.null)) }
        return try aggregate(name, call, value, argument, collector, at: range)
    }

    private func aggregate(
        _ name: String, _ call: FunctionCall, _ value: SQLValue, _ argument: Expression, _ collector: SQLAggregates,
        at range: SourceRange
    ) throws -> SQLValue {
        func slot(_ function: String, _ values: [Expr]? = nil) throws -> Expr {
            .slot(try collect(function, values ?? [value.expr], call.isDistinct, collector))
        }
        switch name {
        case "count": return SQLValue(try slot("count"), .integer)
        case "min", "max":
            return SQLValue(try slot(name), value.type)
        case "sum", "avg", "total", "stddev", "stddev_samp", "stddev_pop":
            guard value.type.mayBeNumber || value.type == .interval else { throw mismatch(argument, "a number", value.type) }
            switch name {
            case "sum":
                return SQLValue(try slot(Aggregate.sumOrNull), value.type.unsized)
            case "total": return SQLValue(.arithmetic(.add, try slot("sum"), .constant(.float(0))), .float)
            case "avg": return SQLValue(try slot("avg"), averageType(value.type))
            default:
                let deviation = try slot(name == "stddev_pop" ? "stdevp" : "stdev")
                let count = Expr.slot(try collect("count", [value.expr], call.isDistinct, collector))
                let none = Expr.compare(.less, count, .constant(.int(name == "stddev_pop" ? 1 : 2)))
                return SQLValue(.conditional([(none, .constant(.null))], otherwise: deviation), .float)
            }
        case "bool_and", "every", "bool_or":
            guard value.type.mayBeBool else { throw mismatch(argument, "boolean", value.type) }
            return SQLValue(try slot(name == "bool_or" ? "max" : "min"), .bool)
        default: throw unsupported(name, at: range)
        }
    }

    /// Decimals have an exact average; a column that may have some is of no known type.
    func averageType(_ type: SQLType) -> SQLType {
        switch type {
        case .interval, .any: type
        case .numeric: .numeric(nil)
        default: .float
        }
    }

    /// All aggregates of a SELECT see the rows in one order.
    private func take(_ order: [SortItem], _ context: SQLContext, _ collector: SQLAggregates, at range: SourceRange) throws {
        let keys = try order.flatMap { item in sortKeys(item, try bind(item.expression, context).expr) }
        if let known = collector.order {
            let isSame = known.count == keys.count
                && zip(known, keys).allSatisfy { $0.isDescending == $1.isDescending && areSame($0.value, $1.value) }
            if !isSame { throw unsupported("a second ORDER BY within aggregates", at: range) }
        }
        collector.order = keys
    }

    /// Lists of values, which array_agg makes of all and the others of those that are not null, joined.
    private func list(
        _ name: String, _ call: FunctionCall, _ value: SQLValue, _ condition: Expr?, _ context: SQLContext,
        _ collector: SQLAggregates
    ) throws -> SQLValue {
        let isArray = name == "array_agg"
        // Nulls are left out of a list, but not lists with a null in them.
        let item = isArray ? Expr.list([value.expr]) : cast(value, to: .text).expr
        let counted = condition.map { Expr.conditional([($0, item)], otherwise: .constant(.null)) } ?? item
        let slot = try collect("collect", [counted], call.isDistinct, collector)
        let isEmpty = Expr.compare(.equal, .call("size", [.slot(slot)]), .constant(.int(0)))
        if isArray {
            let element = core.newSlot()
            let items = Expr.comprehension(
                element, list: .slot(slot), filter: nil, projection: .element(.slot(element), index: .constant(.int(0))))
            return SQLValue(.conditional([(isEmpty, .constant(.null))], otherwise: items), .list(value.type))
        }
        let given = try call.arguments.dropFirst().first.map { cast(unknown: try bind($0, context), to: .text).expr }
        let separator = given ?? .constant(.string(","))
        return SQLValue(
            .conditional([(isEmpty, .constant(.null))], otherwise: .call("sql:join", [.slot(slot), separator])), .text)
    }

    /// An aggregate that is there already serves again.
    private func collect(_ function: String, _ arguments: [Expr], _ isDistinct: Bool, _ collector: SQLAggregates) throws -> Slot {
        let known = collector.found.first { _, aggregate in
            aggregate.function == function && aggregate.isDistinct == isDistinct
                && aggregate.arguments.count == arguments.count && zip(aggregate.arguments, arguments).allSatisfy { areSame($0, $1) }
        }
        if let known { return known.slot }
        if collector.isComplete { throw QueryError(.syntaxError, "GroupingError", "this aggregate of ORDER BY must be a column too") }
        let slot = core.newSlot()
        collector.found.append((slot, Aggregate(function: function, arguments: arguments, isDistinct: isDistinct)))
        return slot
    }
}

/// The expressions directly below one, those of SQL included; queries are not looked into.
func sqlChildren(of expression: Expression) -> [Expression] {
    guard case .sql(let sql) = expression.kind else { return children(of: expression) }
    switch sql {
    case .cast(let operand, _), .isTruth(let operand, _, _), .collate(let operand, _): return [operand]
    case .like(let operand, _, let pattern, let escape, _): return [operand, pattern] + (escape.map { [$0] } ?? [])
    case .between(let operand, let low, let high, _, _): return [operand, low, high]
    case .isDistinct(let left, let right, _): return [left, right]
    case .row(let items): return items
    case .compareQuery(let operand, _, _, _): return [operand]
    case .compareList(let operand, _, _, let list): return [operand, list]
    case .aggregate(let call, let order, let filter, let over):
        var parts = call.arguments + order.map(\.expression) + (filter.map { [$0] } ?? [])
        if case .definition(let window)? = over { parts += window.partition + window.order.map(\.expression) }
        return parts
    case .default, .scalar, .exists, .array: return []
    default: return []
    }
}
