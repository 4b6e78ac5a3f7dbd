// What ALTER TABLE asks of rows.

import DeedExecution
import DeedSyntax

extension SQLBinder {
    /// UPDATE of all rows, but with a value of another type than the column has now.
    func bindConversion(
        of name: Name, in table: ObjectName, to type: SQLType, using expression: Expression?
    ) throws -> BoundQuery {
        let (known, _, row, scope, found) = try rows(of: table, nil, [], nil)
        let column = try targets([name], of: known)[0]
        let context = SQLContext(scope, clause: "USING")
        let old = try expression.map { try bind($0, context) } ?? SQLValue(.property(.slot(row), column.name), column.type)
        let new = core.newSlot()
        var state = found
        state.append(.project(child: state.plan, [(new, cast(old, to: type).expr)]))
        state = core.fenced(state)
        state.append(.change(child: state.plan, [.setProperty(of: .slot(row), key: column.name, value: .slot(new))]))
        return core.completed(state)
    }
}

// MARK: CHECK

extension Planner {
    /// The parameter of `planCheck`.
    package static let checkedRows = "rows"

    /// The plan that gives the `_id` of a row for which the condition is false, among those of a list, or all.
    package func planCheck(_ condition: Expression, of table: SQLTable, amongAll: Bool = false) throws -> PlannedQuery {
        let core = Binder(catalog, interruption, literals, following: nil)
        return planned(try SQLBinder(core).bindCheck(condition, of: table, amongAll: amongAll), core)
    }
}

extension SQLBinder {
    /// What a CHECK says is said of one row, and stays true while the row stays the same.
    func bindCheck(_ condition: Expression, of table: SQLTable, amongAll: Bool) throws -> BoundQuery {
        if let other = Self.firstBeyondRow(condition) {
            throw failure("InvalidObjectDefinition", "a CHECK has neither queries nor parameters", at: other.range)
        }
        let (part, declared) = declare(table, alias: table.name)
        guard let row = declared.row else { throw unsupported("this table", at: condition.range) }
        var relation = declared
        relation.hidden.removeAll { $0.name == "_src" || $0.name == "_dst" }
        let scope = SQLScope(outer: nil)
        scope.add(relation)
        let test = try bindCondition(condition, SQLContext(scope, clause: "CHECK"))
        var state = BoundQuery.start(Scope())
        if amongAll {
            state = try plan(part, [], from: state, at: condition.range)
        } else {
            let place = Expression(.parameter(Planner.checkedRows), condition.range)
            let ids = try bind(place, SQLContext(SQLScope(outer: nil), clause: "CHECK")).expr
            state.append(.seekIds(child: state.plan, slot: row, isRelationship: table.isRelationship, ids: ids), rows: 1)
            state.bound = part.slots
        }
        state.append(.filter(child: state.plan, .not(test)))
        let id = core.newSlot()
        state.append(.project(child: state.plan, [(id, .call("id", [.slot(row)]))]))
        state.append(.limit(child: state.plan, .constant(.int(1))))
        state.columns = [(name: "_id", slot: id)]
        return state
    }

    /// A query or a parameter within the expression.
    private static func firstBeyondRow(_ expression: Expression) -> Expression? {
        var open = [expression]
        while let next = open.popLast() {
            switch next.kind {
            case .parameter, .sql(.scalar), .sql(.exists), .sql(.array), .sql(.compareQuery): return next
            default: open += sqlChildren(of: next)
            }
        }
        return nil
    }
}

/// The names that an expression mentions, those of columns among them.
package func namesMentioned(in expression: Expression) -> [String] {
    var names: [String] = []
    var open = [expression]
    while let next = open.popLast() {
        switch next.kind {
        case .variable(let name): names.append(name)
        case .property(let operand, let name):
            names.append(name.text)
            open.append(operand)
        default: open += sqlChildren(of: next)
        }
    }
    return names
}
