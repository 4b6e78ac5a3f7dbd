// CYPHER('MATCH ... RETURN ...') in FROM: a table of what the query returns.

import DeedExecution
import DeedSyntax
import DeedValues

extension SQLBinder {
    func bindCypher(_ call: FunctionCall) throws -> BoundSelect {
        guard call.arguments.count == 1 else {
            throw failure("UndefinedFunction", "CYPHER() takes the text of a query", at: call.name.range)
        }
        let literal = call.arguments[0]
        try noteInsertion(at: literal.range)
        let bound = try core.bindText(literal, within: .sql) { text in
            guard case .query(let query, .run) = try parseCypher(text, stackStart: core.stackStart) else {
                throw failure("InvalidClauseComposition", "CYPHER() takes a query, and no command", at: 0..<text.utf8.count)
            }
            return try core.bind(query, from: BoundQuery.start(Scope()), isTop: true)
        }
        guard bound.isComplete, !bound.columns.isEmpty else {
            throw failure("InvalidClauseComposition", "the query of CYPHER() has to return columns", at: literal.range)
        }
        try core.take(steps: bound.plan.depth, at: literal.range)
        let columns = bound.columns.map { SQLOutput(name: $0.name, slot: $0.slot, type: SQLType(bound.scope[$0.name]?.type ?? .any)) }
        return BoundSelect(query: bound, columns: columns)
    }
}

extension SQLType {
    fileprivate init(_ type: StaticType) {
        self =
            switch type {
            case .bool: .bool
            case .int: .integer
            case .float: .float
            case .string: .text
            case .map: .map
            case .entity, .relationship: .element
            case .list(let element): .list(SQLType(element))
            case .any, .null, .temporal, .path: .any
            }
    }
}
