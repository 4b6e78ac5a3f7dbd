// CALL of a procedure: its arguments against its signature, and what it yields.

import DeedExecution
import DeedSyntax
import DeedValues

extension Binder {
    func bindCall(
        _ call: ProcedureCall, _ state: BoundQuery, isAlone: Bool, at range: SourceRange
    ) throws -> BoundQuery {
        guard let shape = catalog.procedure(named: call.name.text) else {
            if call.name.text == "sql" { return try bindSQL(call, state, isAlone: isAlone, at: range) }
            throw QueryError(
                .procedureError, "ProcedureNotFound",
                "there is no procedure `\(call.name.text)`\(suggestion(for: call.name.text, among: catalog.procedureNames))",
                at: call.name.range)
        }
        var state = state
        let arguments = try procedureArguments(call, shape, state.scope, isAlone: isAlone, at: range)
        let (yields, variables) = try yielded(call, shape, state.scope, isAlone: isAlone, at: range)
        if shape.writes { writes = true }
        state.append(
            .callProcedure(child: state.plan, name: shape.name, arguments: arguments, yields: yields),
            rows: state.plan.estimatedRows * 10)
        return try yielding(variables, call, state, isAlone: isAlone)
    }

    /// What comes of a call that adds the variables to the rows.
    func yielding(_ variables: [Variable], _ call: ProcedureCall, _ state: BoundQuery, isAlone: Bool) throws -> BoundQuery {
        var state = state
        for variable in variables { state.scope.add(variable) }
        state.bound.formUnion(variables.map(\.slot))
        if let predicate = call.predicate {
            state.append(.filter(child: state.plan, try bindPredicate(predicate, state.scope)))
        }
        if isAlone {
            state.columns = variables.map { ($0.name, $0.slot) }
            state.isComplete = true
        }
        return state
    }

    private func procedureArguments(
        _ call: ProcedureCall, _ shape: ProcedureShape, _ scope: Scope, isAlone: Bool, at range: SourceRange
    ) throws -> [Expr] {
        guard let arguments = call.arguments else {
            guard isAlone || shape.inputs.isEmpty else {
                throw QueryError(
                    .syntaxError, "InvalidArgumentPassingMode",
                    "within a query a procedure is called with its arguments in parentheses", at: range)
            }
            for input in shape.inputs { noteParameter(input.name) }
            return shape.inputs.map { .parameter($0.name) }
        }
        guard arguments.count == shape.inputs.count else {
            let inputs = shape.inputs.map { "\($0.name) :: \($0.type)" }.joined(separator: ", ")
            throw QueryError(
                .syntaxError, "InvalidNumberOfArguments",
                "\(shape.name)(\(inputs)) takes \(shape.inputs.count) arguments, not \(arguments.count)", at: range)
        }
        return try zip(arguments, shape.inputs).map { argument, input in
            let bound = try bind(argument, scope)
            guard Self.isAssignable(bound.type, to: input.type) else { throw wrongType(argument, input.type, bound.type) }
            return bound.expr
        }
    }

    private static func isAssignable(_ type: StaticType, to declared: String) -> Bool {
        var name = declared.uppercased()
        if name.hasSuffix("?") { name.removeLast() }
        return switch name {
        case "INTEGER", "INT": type.mayBeInteger
        case "FLOAT", "NUMBER": type == .float || type.mayBeInteger
        case "STRING": type == .string || type == .any || type == .null
        case "BOOLEAN", "BOOL": type.mayBeBool
        case "MAP": type.mayBeMap
        case "NODE": type.mayBeEntity
        case "RELATIONSHIP": type.mayBeRelationship
        case "PATH": type.mayBePath
        default: true
        }
    }

    func yielded(
        _ call: ProcedureCall, _ shape: ProcedureShape, _ scope: Scope, isAlone: Bool, at range: SourceRange
    ) throws -> ([(field: Int, slot: Slot)], [Variable]) {
        if call.yieldsAll && !isAlone {
            throw QueryError(
                .syntaxError, "UnexpectedSyntax", "YIELD * stands only in a query that is nothing but the call", at: range)
        }
        var items = call.yield ?? []
        if call.yield == nil || call.yieldsAll {
            guard isAlone || call.yieldsAll || shape.outputs.isEmpty else { return ([], []) }
            items = shape.outputs.map { YieldItem(field: Name($0.name, range), alias: nil) }
        }
        var (yields, variables): ([(field: Int, slot: Slot)], [Variable]) = ([], [])
        var names: Set<NameKey> = []
        for item in items {
            let name = item.alias ?? item.field
            guard let field = shape.outputs.firstIndex(where: { $0.name.utf8.elementsEqual(item.field.text.utf8) }) else {
                throw QueryError(
                    .syntaxError, "UndefinedVariable", "\(shape.name) yields no `\(item.field.text)`"
                        + suggestion(for: item.field.text, among: shape.outputs.map(\.name)), at: item.field.range)
            }
            try requireFree(name, scope)
            if !names.insert(NameKey(name.text)).inserted { throw alreadyBound(name) }
            let slot = newSlot()
            yields.append((field, slot))
            variables.append(Variable(name: name.text, slot: slot, type: .any))
        }
        return (yields, variables)
    }
}
