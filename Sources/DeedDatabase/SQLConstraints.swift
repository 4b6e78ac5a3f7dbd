// Constraints of SQL as the engine's, which hold for whoever writes a row.

import DeedEngine
import DeedExecution
import DeedPlanner
import DeedSyntax
import DeedValues

extension QueryEngine {
    /// Those of the columns that are defined, which are the last ones of `columns`, and those of the table.
    func constraints(
        _ definition: CreateTable, _ columns: [SQLTable.Column], _ kind: RowKind, _ table: NameId
    ) throws -> [Constraint] {
        func constraint(_ name: Name?, _ names: [Name], _ rule: Constraint.Rule) throws -> Constraint {
            let properties = try names.map { try intern(.propertyKey, try column($0, of: columns).name) }
            return Constraint(
                name: name.map(SQLName.folded) ?? "", rowKind: kind, table: table, properties: properties, rule: rule)
        }
        var result: [Constraint] = []
        for (column, known) in zip(definition.columns, columns.suffix(definition.columns.count)) {
            if let declared = known.type.declared { result.append(try constraint(nil, [column.name], .type(declared))) }
            for own in column.constraints where try check(own, columns) == nil {
                guard let rule = try rule(of: own, known) else { continue }
                result.append(try constraint(own.name, [column.name], rule))
            }
        }
        for own in definition.constraints where try check(own, columns) == nil {
            if case .check(let condition) = own.kind {
                guard let (name, rule) = try checked(condition, columns) else { continue }
                result.append(try constraint(own.name, [Name(name, own.range, isQuoted: true)], rule))
            } else {
                guard let rule = try rule(of: own, nil) else { continue }
                result.append(try constraint(own.name, own.columns, rule))
            }
        }
        return result
    }

    /// `column`: the one that it is written beside. nil if it asks for nothing.
    private func rule(of constraint: TableConstraint, _ column: SQLTable.Column?) throws -> Constraint.Rule? {
        switch constraint.kind {
        case .null: return nil
        case .notNull: return .required
        case .unique: return .unique
        case .primaryKey: return .primaryKey
        case .default(let expression):
            return try defaultRule(expression, column?.type ?? .any)
        case .check(let condition): return try checked(condition, column.map { [$0] } ?? [])?.rule
        case .references: throw unsupported("a foreign key", at: constraint.range)
        default: throw unsupported("this constraint", at: constraint.range)
        }
    }

    /// DEFAULT NULL is none.
    func defaultRule(_ expression: Expression, _ type: SQLType) throws -> Constraint.Rule? {
        let planner = Planner(catalog: try catalog)
        guard let value = try planner.constant(expression, as: type) else {
            if try planner.constant(expression, as: .any) != nil {
                throw QueryError(
                    .argumentError, "InvalidTextRepresentation", "the default is no \(type.name)", at: expression.range)
            }
            throw unsupported("a default that is no constant", at: expression.range)
        }
        return value.isNull ? nil : .defaultValue(try stored(value))
    }

    /// The column of a name.
    func column(_ name: Name, of columns: [SQLTable.Column]) throws -> SQLTable.Column {
        if let column = SQLName.find(name.text, in: columns, { $0.name }) { return column }
        throw QueryError(.syntaxError, "UndefinedColumn", "column \"\(name.text)\" does not exist", at: name.range)
    }

    func stored(_ value: Value) throws -> StoredValue {
        let encoder = ValueEncoder()
        try encoder.append(try intern(.propertyKey, "value"), value)
        return try encoder.withCells { cells throws(DeedError) in StoredValue(cells[0].cell) }
    }

    /// The condition of a CHECK that the engine does not know; nil for all others.
    private func check(_ constraint: TableConstraint, _ columns: [SQLTable.Column]) throws -> Expression? {
        guard case .check(let condition) = constraint.kind, try checked(condition, columns) == nil else { return nil }
        return condition
    }

    /// The checks that the engine does not know. `text`: what the definition was read from; `others`: those that there are.
    func checks(
        _ definition: CreateTable, of table: SQLTable, besides others: [CheckConstraint], in text: String
    ) throws -> [CheckConstraint] {
        var result: [CheckConstraint] = []
        let bytes = Array(text.utf8)
        for constraint in definition.columns.flatMap(\.constraints) + definition.constraints {
            guard let condition = try check(constraint, table.columns) else { continue }
            _ = try Planner(catalog: try catalog).planCheck(condition, of: table)
            func isFree(_ name: String) -> Bool {
                graph.schema.object(named: name) == nil && !(others + result).contains { $0.name.utf8.elementsEqual(name.utf8) }
            }
            let base = constraint.columns.first.map { "\(table.name)_\(SQLName.folded($0))_check" } ?? "\(table.name)_check"
            var name = constraint.name.map(SQLName.folded) ?? base
            if let given = constraint.name, !isFree(name) {
                throw QueryError(.semanticError, "DuplicateObject", "constraint \"\(name)\" exists already", at: given.range)
            }
            var number = 1
            while !isFree(name) {
                name = base + "\(number)"
                number += 1
            }
            result.append(CheckConstraint(name: name, text: String(decoding: bytes[condition.range], as: UTF8.self)))
        }
        return result
    }

    /// A condition that the engine can hold for every row: a column in a range or a list; nil for any other.
    private func checked(
        _ condition: Expression, _ columns: [SQLTable.Column]
    ) throws -> (name: String, rule: Constraint.Rule)? {
        func column(_ expression: Expression) -> SQLTable.Column? {
            guard case .variable(let name) = expression.kind else { return nil }
            return SQLName.find(name, in: columns, { $0.name })
        }
        func value(_ expression: Expression, _ column: SQLTable.Column) throws -> StoredValue? {
            let planner = Planner(catalog: try catalog)
            // What is wrong with the expression is said where it is planned as a condition of its row.
            guard let value = (try? planner.constant(expression, as: column.type)) ?? nil, !value.isNull else { return nil }
            return try stored(value)
        }
        switch condition.kind {
        case .comparison(let left, let rest) where rest.count == 1:
            let (op, right) = rest[0]
            let comparison = op.comparison
            if let own = column(left), let limit = try value(right, own), let rule = Self.range(comparison, limit) {
                return (own.name, rule)
            }
            if let own = column(right), let limit = try value(left, own), let rule = Self.range(comparison.mirrored, limit) {
                return (own.name, rule)
            }
        case .sql(.between(let operand, let low, let high, isSymmetric: false, negated: false)):
            if let own = column(operand), let least = try value(low, own), let most = try value(high, own) {
                let bounds = (Constraint.Bound(least, isInclusive: true), Constraint.Bound(most, isInclusive: true))
                return (own.name, .range(lower: bounds.0, upper: bounds.1))
            }
        case .binary(.in, let operand, let list):
            if let own = column(operand), case .list(let items) = list.kind {
                let values = try items.compactMap { try value($0, own) }
                if values.count == items.count { return (own.name, .oneOf(values)) }
            }
        default: break
        }
        return nil
    }

    private static func range(_ op: Comparison, _ limit: StoredValue) -> Constraint.Rule? {
        switch op {
        case .equal: .oneOf([limit])
        case .notEqual: nil
        case .less, .lessOrEqual: .range(lower: nil, upper: Constraint.Bound(limit, isInclusive: op == .lessOrEqual))
        case .greater, .greaterOrEqual: .range(lower: Constraint.Bound(limit, isInclusive: op == .greaterOrEqual), upper: nil)
        }
    }
}
