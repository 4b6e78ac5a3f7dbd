// Calls of functions and aggregates: whether there is such a function, whether it takes so many arguments, and what is known
// of its result.

import DeedExecution
import DeedSyntax
import DeedValues

/// What can be called, for lists of it.
package struct FunctionShape: Sendable {
    package let name: String
    package let isAggregate: Bool
    /// `Int.max` above: as many as one likes.
    package let arity: ClosedRange<Int>

    package static var all: [FunctionShape] {
        let values = ScalarFunctions.names.map { ($0, false, ScalarFunctions.named($0)?.arity ?? 0...0) }
        let graph = GraphFunctions.names.map { ($0, false, GraphFunctions.arity($0) ?? 1...1) }
        let aggregates = Binder.aggregateArity.map { ($0.key, true, $0.key == "count" ? 0...$0.value : $0.value...$0.value) }
        return (values + graph + aggregates).map { FunctionShape(name: FunctionSpelling.of($0.0), isAggregate: $0.1, arity: $0.2) }
            .sorted { $0.name.lowercased() < $1.name.lowercased() }
    }
}

extension Binder {
    static let aggregateArity: [String: Int] = [
        "count": 1, "sum": 1, "avg": 1, "min": 1, "max": 1, "collect": 1, "stdev": 1, "stdevp": 1,
        "percentilecont": 2, "percentiledisc": 2,
    ]

    static func isAggregate(_ call: FunctionCall) -> Bool { aggregateArity[call.name.text.lowercased()] != nil }

    func bindCall(
        _ call: FunctionCall, _ range: SourceRange, _ scope: Scope, _ mode: ExpressionMode
    ) throws -> BoundExpression {
        let name = call.name.text.lowercased()
        if Self.aggregateArity[name] != nil { return try bindAggregate(name, call, range, scope, mode) }
        if name == "exists" { return try bindExists(call, range, scope, mode) }
        let arity = try requireFunction(name, call)
        guard arity.contains(call.arguments.count) else {
            let wanted = arity.lowerBound == arity.upperBound ? "\(arity.lowerBound)" : "\(arity.lowerBound) to \(arity.upperBound)"
            throw QueryError(
                .syntaxError, "InvalidNumberOfArguments",
                "\(call.name.text)() takes \(wanted) arguments, not \(call.arguments.count)", at: range)
        }
        if call.isDistinct {
            throw QueryError(
                .syntaxError, "UnexpectedSyntax", "DISTINCT is for aggregates; \(call.name.text)() is none", at: range)
        }
        let arguments = try call.arguments.map { try bind($0, scope, mode) }
        if let first = arguments.first { try checkArgument(name, call.arguments[0], first.type) }
        return BoundExpression(.call(name, arguments.map(\.expr)), Self.resultType(name, arguments.map(\.type)))
    }

    private func requireFunction(_ name: String, _ call: FunctionCall) throws -> ClosedRange<Int> {
        if let arity = GraphFunctions.arity(name) ?? ScalarFunctions.named(name)?.arity, !call.isStar { return arity }
        let known = (ScalarFunctions.names + GraphFunctions.names + Self.aggregateArity.keys.sorted()).map { FunctionSpelling.of($0) }
        throw QueryError(
            .syntaxError, "UnknownFunction",
            "there is no function `\(call.name.text)`\(suggestion(for: name, among: known))", at: call.name.range)
    }

    private func bindExists(
        _ call: FunctionCall, _ range: SourceRange, _ scope: Scope, _ mode: ExpressionMode
    ) throws -> BoundExpression {
        guard call.arguments.count == 1 else {
            throw QueryError(.syntaxError, "InvalidNumberOfArguments", "exists() takes one argument", at: range)
        }
        var mode = mode
        mode.allowsPatterns = true
        let bound = try bind(call.arguments[0], scope, mode)
        if case .subquery = bound.expr { return bound }
        return BoundExpression(.not(.isNull(bound.expr)), .bool)
    }

    // MARK: Aggregates

    private func bindAggregate(
        _ name: String, _ call: FunctionCall, _ range: SourceRange, _ scope: Scope, _ mode: ExpressionMode
    ) throws -> BoundExpression {
        guard let collector = mode.aggregates else {
            throw QueryError(
                .syntaxError, "InvalidAggregation",
                "\(call.name.text)() is an aggregate, which can stand only in RETURN and WITH", at: range)
        }
        if collector.isInside {
            throw QueryError(.syntaxError, "NestedAggregation", "aggregates cannot be nested", at: range)
        }
        let wanted = Self.aggregateArity[name] ?? 1
        guard call.isStar ? name == "count" : call.arguments.count == wanted else {
            throw QueryError(
                .syntaxError, "InvalidNumberOfArguments", "\(call.name.text)() takes \(wanted) arguments", at: range)
        }
        collector.isInside = true
        defer { collector.isInside = false }
        // Inside an aggregate every variable may be used, as it was before grouping.
        var inner = ExpressionMode()
        inner.aggregates = collector
        let arguments = try call.arguments.map { try bind($0, scope, inner) }
        if let volatile = call.arguments.first(where: Self.isVolatile) {
            throw QueryError(
                .syntaxError, "NonConstantExpression", "a random value cannot be aggregated", at: volatile.range)
        }
        let slot = newSlot()
        collector.aggregates.append(
            (slot, Aggregate(function: name, arguments: arguments.map(\.expr), isDistinct: call.isDistinct)))
        return BoundExpression(.slot(slot), Self.aggregateType(name, arguments.first?.type ?? .any))
    }

    private static func aggregateType(_ name: String, _ argument: StaticType) -> StaticType {
        switch name {
        case "count": .int
        case "collect": .list(argument)
        case "min", "max", "percentiledisc": argument
        case "stdev", "stdevp": .float
        default: .any
        }
    }

    /// True if the expression itself is a call that gives something else each time.
    private static func isVolatile(_ expression: Expression) -> Bool {
        guard case .call(let call) = expression.kind else { return false }
        return ScalarFunctions.named(call.name.text.lowercased())?.isDeterministic == false
    }

    // MARK: Types

    /// Refuses first arguments that a function can never take.
    private func checkArgument(_ name: String, _ argument: Expression, _ type: StaticType) throws {
        let wanted: String? =
            switch name {
            case "type", "startnode", "endnode", "pheromone": type.mayBeRelationship ? nil : "a relationship"
            case "labels": type.mayBeEntity ? nil : "a node"
            case "id", "elementid": type.mayBeElement ? nil : "a node or relationship"
            case "nodes", "relationships": type.mayBePath ? nil : "a path"
            case "length": type == .entity || type == .relationship ? "a path" : nil
            case "size": type == .path || type.isElement ? "a list or a string" : nil
            case "properties", "keys": type.mayBeElement || type.mayBeMap ? nil : "a node, a relationship or a map"
            default: nil
            }
        if let wanted { throw wrongType(argument, wanted, type) }
    }

    private static func resultType(_ name: String, _ arguments: [StaticType]) -> StaticType {
        switch name {
        case "size", "length", "id", "tointeger", "sign", "timestamp", "char_length": return .int
        case "rand", "tofloat", "sqrt", "exp", "log", "sin", "cos", "pi", "e", "pheromone": return .float
        case "tostring", "type", "toupper", "tolower", "trim", "ltrim", "rtrim", "replace", "substring", "elementid":
            return .string
        case "toboolean", "isnan", "isempty": return .bool
        case "labels", "keys", "split": return .list(.string)
        case "range": return .list(.int)
        case "nodes": return .list(.entity)
        case "relationships": return .list(.relationship)
        case "startnode", "endnode": return .entity
        case "properties": return .map
        case "tail", "reverse": return arguments.first ?? .any
        case "head", "last": return arguments.first?.elementType ?? .any
        case "coalesce": return arguments.dropFirst().reduce(arguments.first ?? .any, StaticType.common)
        default: return .any
        }
    }
}

extension StaticType {
    var isElement: Bool { self == .entity || self == .relationship }
}
