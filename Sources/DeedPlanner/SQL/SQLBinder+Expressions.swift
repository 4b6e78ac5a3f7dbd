// Expressions of SQL: names become columns, operands get the types that operators want, and what can never work is refused with its
// place in the text.

import DeedExecution
import DeedSyntax
import DeedValues

/// What an expression can refer to where it stands, and what it may contain.
struct SQLContext {
    var scope: SQLScope
    /// Where aggregates go; nil: they are not allowed.
    var aggregates: SQLAggregates?
    /// Where functions of windows go; nil: they are not allowed.
    var windows: SQLWindows?
    /// What GROUPING() tells of.
    var grouping: SQLGrouping?
    /// What subqueries see of rows that have been grouped.
    var grouped: SQLScope?
    /// The clause, for errors.
    var clause = "this place"

    init(_ scope: SQLScope, aggregates: SQLAggregates? = nil, clause: String = "this place") {
        (self.scope, self.aggregates, self.clause) = (scope, aggregates, clause)
    }
}

/// The aggregates of a SELECT.
final class SQLAggregates {
    var found: [(slot: Slot, Aggregate)] = []
    var isInside = false
    /// True when rows are grouped: what comes now has to be there.
    var isComplete = false
    /// The order that rows are to come in, which some aggregates ask for.
    var order: [SortKey]?
}

extension SQLBinder {
    func bind(_ expression: Expression, _ context: SQLContext) throws -> SQLValue {
        try nested(at: expression.range) { try bindKind(expression, context) }
    }

    /// As a condition.
    func bindCondition(_ expression: Expression, _ context: SQLContext) throws -> Expr {
        let value = try bind(expression, context)
        guard value.type.mayBeBool else { throw mismatch(expression, "boolean", value.type) }
        return value.expr
    }

    func mismatch(_ expression: Expression, _ wanted: String, _ type: SQLType) -> QueryError {
        failure("DatatypeMismatch", "expected \(wanted), not \(type.name)", at: expression.range)
    }

    private func bindKind(_ expression: Expression, _ context: SQLContext) throws -> SQLValue {
        switch expression.kind {
        case .null: return .null
        case .bool(let value): return SQLValue(.constant(.bool(value)), .bool)
        case .integer(let value): return SQLValue(.constant(.int(value)), .integer)
        case .float(let value): return SQLValue(.constant(.float(value)), .float)
        case .string(let value): return SQLValue(.constant(.string(value)), .unknown)
        case .parameter(let name):
            core.noteParameter(name)
            return SQLValue(.parameter(name), .any)
        case .variable(let name): return try column(name, in: context.scope, at: expression.range)
        case .property(let subject, let key): return try property(subject, key, context, at: expression.range)
        case .unary(let op, let operand): return try bindUnary(op, operand, context)
        case .binary(let op, let left, let right): return try bindBinary(op, left, right, context, at: expression.range)
        case .comparison(let first, let rest):
            guard rest.count == 1 else {
                throw failure("SyntaxError", "comparisons cannot be chained; join them by AND", at: expression.range)
            }
            return try compare(rest[0].0, first, rest[0].1, context)
        case .isNull(let operand, let negated):
            let test = Expr.isNull(try bind(operand, context).expr)
            return SQLValue(negated ? .not(test) : test, .bool)
        case .list(let items):
            let (values, type) = try unified(items, context, "ARRAY")
            return SQLValue(.list(values), .list(type))
        case .element(let subject, let index): return try element(subject, index, context)
        case .slice(let subject, let from, let to): return try slice(subject, from, to, context)
        case .call(let call): return try bindCall(call, context, at: expression.range)
        case .caseWhen(let subject, let branches, let otherwise):
            return try bindCase(subject, branches, otherwise, context, at: expression.range)
        case .sql(let sql): return try bindSQL(sql, context, at: expression.range)
        default: throw unsupported("this expression", at: expression.range)
        }
    }

    private func bindSQL(_ expression: SQLExpression, _ context: SQLContext, at range: SourceRange) throws -> SQLValue {
        switch expression {
        case .cast(let operand, let name):
            if name.name == "regclass" && name.listDepth == 0 { return try bindRelationNumber(operand, context, at: range) }
            guard let type = SQLType(name) else { throw SQLType.undefined(name) }
            return cast(try bind(operand, context), to: type)
        case .like(let operand, let op, let pattern, let escape, let negated):
            return try like(operand, op, pattern: pattern, escape: escape, negated: negated, context)
        case .between(let operand, let low, let high, let isSymmetric, let negated):
            return try between(operand, low, high, isSymmetric: isSymmetric, negated: negated, context)
        case .isDistinct(let left, let right, let negated):
            let (a, b, _) = try operands(left, right, context, "IS DISTINCT FROM")
            let isSame = Expr.call("sql:same", [a, b])
            return SQLValue(negated ? isSame : .not(isSame), .bool)
        case .isTruth(let operand, let truth, let negated):
            let value = try bindCondition(operand, context)
            let test: Expr =
                switch truth {
                case nil: .isNull(value)
                case true?: .and(.not(.isNull(value)), value)
                case false?: .and(.not(.isNull(value)), .not(value))
                }
            return SQLValue(negated ? .not(test) : test, .bool)
        case .scalar, .exists, .array, .compareQuery: return try bindQuery(expression, context, at: range)
        case .compareList(let operand, let op, let quantity, let list):
            return try compareList(operand, op, quantity, list, context)
        case .aggregate(let call, let order, let filter, let over):
            if let over { return try bindWindow(call, order: order, filter: filter, over, context, at: range) }
            return try bindAggregate(call, order: order, filter: filter, context, at: range)
        case .collate(let operand, _): return try bind(operand, context)
        case .decimal(let digits):
            switch Decimal.read(digits) {
            case .number(let number): return SQLValue(.constant(.decimal(number)), .numeric(nil))
            case .malformed: throw failure("SyntaxError", "this is no number", at: range)
            case .tooLarge:
                let most = "a number has at most \(Decimal.digitsMax) digits; with an exponent it is a float"
                throw failure("NumericValueOutOfRange", most, at: range)
            }
        case .row: throw unsupported("a row as a value", at: range)
        case .default: throw failure("SyntaxError", "DEFAULT can stand only in VALUES of an INSERT and in SET", at: range)
        }
    }

    // MARK: Names

    func column(_ name: String, in scope: SQLScope, at range: SourceRange) throws -> SQLValue {
        var next: SQLScope? = scope
        while let scope = next {
            if let found = try scope.find(name, at: range) { return try use(found, at: range) }
            if scope.isPattern, let row = scope.relation(name).flatMap(row) { return row }
            next = scope.outer
        }
        if let row = scope.relation(name).flatMap(row) { return row }
        let known = scope.columns.map(\.name)
        let hint = core.suggestion(for: name, among: known)
        throw failure("UndefinedColumn", "column \"\(name)\" does not exist\(hint)", at: range)
    }

    private func row(_ relation: SQLRelation) -> SQLValue? {
        relation.row.map { use(SQLValue(.slot($0), relation.rowType)) }
    }

    /// Notes that an expression refers to the value.
    private func use(_ value: SQLValue) -> SQLValue {
        core.used.formUnion(slotsUsed(value.expr))
        return value
    }

    private func use(_ column: SQLColumn, at range: SourceRange) throws -> SQLValue {
        if column.isGrouped { return use(column.value) }
        throw failure(
            "GroupingError", "subquery uses ungrouped column \"\(column.name)\" from outer query", at: range)
    }

    private func property(
        _ subject: Expression, _ key: Name, _ context: SQLContext, at range: SourceRange
    ) throws -> SQLValue {
        if case .variable(let name) = subject.kind {
            var next: SQLScope? = context.scope
            while let scope = next {
                if let relation = scope.relation(name) { return try column(key, of: relation) }
                next = scope.outer
            }
            if (try? column(name, in: context.scope, at: subject.range)) == nil {
                throw failure("UndefinedTable", "there is no table \"\(name)\" in FROM", at: subject.range)
            }
        }
        let value = try bind(subject, context)
        guard value.type.isOpen || value.type == .map || value.type == .element else {
            throw mismatch(subject, "something with fields", value.type)
        }
        if value.type == .element, let number = Self.number(key.text, of: value.expr) { return number }
        return SQLValue(.property(value.expr, key.text), .any)
    }

    private func column(_ name: Name, of relation: SQLRelation) throws -> SQLValue {
        if let found = SQLName.find(name.text, in: relation.columns + relation.hidden, { $0.name }) {
            return try use(found, at: name.range)
        }
        let properties = relation.property == nil ? [] : core.catalog.names(of: .property)
        if let property = relation.property, let key = SQLName.find(name.text, in: properties, { $0 }) { return use(property(key)) }
        let hint = core.suggestion(for: name.text, among: relation.columns.map(\.name) + properties)
        throw failure("UndefinedColumn", "column \"\(name.text)\" of \"\(relation.name)\" does not exist\(hint)", at: name.range)
    }

    // MARK: Operators

    private func bindUnary(_ op: UnaryOperator, _ operand: Expression, _ context: SQLContext) throws -> SQLValue {
        if op == .not { return SQLValue(.not(try bindCondition(operand, context)), .bool) }
        let value = cast(unknown: try bind(operand, context), to: .float)
        guard value.type.mayBeNumber || value.type == .interval else { throw mismatch(operand, "a number", value.type) }
        if op == .plus { return value }
        if case .constant(.int(let number)) = value.expr, number != .min { return SQLValue(.constant(.int(-number)), .integer) }
        if case .constant(.decimal(let number)) = value.expr { return SQLValue(.constant(.decimal(number.negated)), .numeric(nil)) }
        return SQLValue(.negate(value.expr), value.type.unsized)
    }

    private func bindBinary(
        _ op: BinaryOperator, _ left: Expression, _ right: Expression, _ context: SQLContext, at range: SourceRange
    ) throws -> SQLValue {
        switch op {
        case .and, .or:
            let (a, b) = (try bindCondition(left, context), try bindCondition(right, context))
            return SQLValue(op == .and ? .and(a, b) : .or(a, b), .bool)
        case .in:
            guard case .list(let items) = right.kind else { throw mismatch(right, "a list in parentheses", .any) }
            return try isIn(left, items, context)
        case .concatenate: return try concatenate(left, right, context)
        case .add, .subtract, .multiply, .divide, .modulo, .power: return try arithmetic(op, left, right, context, at: range)
        default: throw unsupported("this operator", at: range)
        }
    }

    /// Both sides as values of one type.
    func operands(
        _ left: Expression, _ right: Expression, _ context: SQLContext, _ what: String
    ) throws -> (Expr, Expr, SQLType) {
        let (a, b) = (try bind(left, context), try bind(right, context))
        guard let type = SQLType.common(a.type, b.type) else {
            throw failure(
                "DatatypeMismatch", "\(what) cannot be used between \(a.type.name) and \(b.type.name); cast one of them",
                at: right.range)
        }
        let (x, y) = comparable(a, b, type)
        return (x, y, type)
    }

    private func compare(
        _ op: ComparisonOperator, _ left: Expression, _ right: Expression, _ context: SQLContext
    ) throws -> SQLValue {
        if case .sql(.row(let a)) = left.kind, case .sql(.row(let b)) = right.kind {
            return try compareRows(op, a, b, context, at: right.range)
        }
        let (a, b, _) = try operands(left, right, context, "a comparison")
        return SQLValue(.compare(op.comparison, a, b), .bool)
    }

    private func compareRows(
        _ op: ComparisonOperator, _ left: [Expression], _ right: [Expression], _ context: SQLContext, at range: SourceRange
    ) throws -> SQLValue {
        guard left.count == right.count, !left.isEmpty else {
            throw failure("DatatypeMismatch", "rows of different lengths cannot be compared", at: range)
        }
        guard left.count <= Self.rowWidthMax else {
            throw failure("StatementTooComplex", "rows of more than \(Self.rowWidthMax) values cannot be compared", at: range)
        }
        let pairs = try zip(left, right).map { try operands($0, $1, context, "a comparison") }
        if op == .equal || op == .notEqual {
            let all = Expr.all(pairs.map { .compare(.equal, $0.0, $0.1) }) ?? .constant(.bool(true))
            return SQLValue(op == .equal ? all : .not(all), .bool)
        }
        // (a, b) < (c, d) is a < c OR a = c AND b < d.
        let strict: Comparison = op == .less || op == .lessOrEqual ? .less : .greater
        var result = Expr.compare(op.comparison, pairs[pairs.count - 1].0, pairs[pairs.count - 1].1)
        for (a, b, _) in pairs.dropLast().reversed() {
            result = .or(.compare(strict, a, b), .and(.compare(.equal, a, b), result))
        }
        return SQLValue(result, .bool)
    }

    /// Each value is a level of the comparison.
    private static let rowWidthMax = 64

    private func isIn(_ operand: Expression, _ items: [Expression], _ context: SQLContext) throws -> SQLValue {
        if case .sql(.row) = operand.kind {
            let terms = try items.map { try compare(.equal, operand, $0, context).expr }
            return SQLValue(Expr.any(terms) ?? .constant(.bool(false)), .bool)
        }
        let value = try bind(operand, context)
        var type = value.type
        let bound = try items.map { item -> SQLValue in
            let value = try bind(item, context)
            guard let common = SQLType.common(type, value.type) else { throw mismatch(item, type.name, value.type) }
            type = common
            return value
        }
        let list = bound.map { beside(type, cast(unknown: $0, to: type)).expr }
        return SQLValue(.isIn(beside(type, cast(unknown: value, to: type)).expr, folded(list)), .bool)
    }

    /// A list of constants is one constant.
    private func folded(_ items: [Expr]) -> Expr {
        var values: [Value] = []
        for item in items {
            guard case .constant(let value) = item else { return .list(items) }
            values.append(value)
        }
        return .constant(.list(values))
    }

    private func between(
        _ operand: Expression, _ low: Expression, _ high: Expression, isSymmetric: Bool, negated: Bool, _ context: SQLContext
    ) throws -> SQLValue {
        let (a, least, _) = try operands(operand, low, context, "BETWEEN")
        let (_, most, _) = try operands(operand, high, context, "BETWEEN")
        var shared: [(slot: Slot, value: Expr)] = []
        let value = core.once(a, &shared)
        var test = Expr.and(.compare(.greaterOrEqual, value, least), .compare(.lessOrEqual, value, most))
        if isSymmetric {
            test = .or(test, .and(.compare(.greaterOrEqual, value, most), .compare(.lessOrEqual, value, least)))
        }
        return SQLValue(core.using(shared, negated ? .not(test) : test), .bool)
    }

    private func concatenate(_ left: Expression, _ right: Expression, _ context: SQLContext) throws -> SQLValue {
        let (a, b) = (try bind(left, context), try bind(right, context))
        if case .list = a.type { return SQLValue(.arithmetic(.concatenate, a.expr, b.expr), a.type) }
        if case .list = b.type { return SQLValue(.arithmetic(.concatenate, a.expr, b.expr), b.type) }
        if a.type == .map && b.type == .map { return SQLValue(.call(GraphFunctions.mergeMaps, [a.expr, b.expr]), .map) }
        return SQLValue(.arithmetic(.concatenate, cast(a, to: .text).expr, cast(b, to: .text).expr), .text)
    }

    // MARK: Values

    private func element(_ subject: Expression, _ index: Expression, _ context: SQLContext) throws -> SQLValue {
        let (list, position) = (try bind(subject, context), try bind(index, context))
        if list.type == .map { return SQLValue(.element(list.expr, index: position.expr), .any) }
        let type: SQLType = if case .list(let element) = list.type { element } else { .any }
        return SQLValue(.call("sql:subscript", [list.expr, position.expr]), type)
    }

    private func slice(
        _ subject: Expression, _ from: Expression?, _ to: Expression?, _ context: SQLContext
    ) throws -> SQLValue {
        let list = try bind(subject, context)
        let from = try from.map { Expr.arithmetic(.subtract, try bind($0, context).expr, .constant(.int(1))) }
        return SQLValue(.slice(list.expr, from: from, to: try to.map { try bind($0, context).expr }), list.type)
    }

    private func compareList(
        _ operand: Expression, _ op: ComparisonOperator, _ quantity: Quantity, _ list: Expression, _ context: SQLContext
    ) throws -> SQLValue {
        let (value, items) = (try bind(operand, context), try bind(list, context))
        if op == .equal && quantity == .any { return SQLValue(.isIn(value.expr, items.expr), .bool) }
        let slot = core.newSlot()
        let test = Expr.compare(op.comparison, value.expr, .slot(slot))
        let kind: QuantifierKind = quantity == .any ? .any : .all
        return SQLValue(.quantifier(kind, slot, list: items.expr, predicate: test), .bool)
    }

    private func bindCase(
        _ subject: Expression?, _ branches: [(when: Expression, then: Expression)], _ otherwise: Expression?,
        _ context: SQLContext, at range: SourceRange
    ) throws -> SQLValue {
        var shared: [(slot: Slot, value: Expr)] = []
        let tested = try subject.map { subject -> SQLValue in
            let value = try bind(subject, context)
            return SQLValue(core.once(value.expr, &shared), value.type)
        }
        let conditions = try branches.map { branch -> Expr in
            guard let tested else { return try bindCondition(branch.when, context) }
            let value = try bind(branch.when, context)
            guard let type = SQLType.common(tested.type, value.type) else { throw mismatch(branch.when, tested.type.name, value.type) }
            return .compare(.equal, cast(unknown: tested, to: type).expr, cast(unknown: value, to: type).expr)
        }
        let (results, type) = try unified(branches.map(\.then) + (otherwise.map { [$0] } ?? []), context, "CASE")
        let last = otherwise == nil ? Expr.constant(.null) : results[results.count - 1]
        let parts = zip(conditions, results).map { (condition: $0, result: $1) }
        return SQLValue(core.using(shared, .conditional(parts, otherwise: last)), type)
    }

    /// Values that are to have one type.
    func unified(_ items: [Expression], _ context: SQLContext, _ what: String) throws -> ([Expr], SQLType) {
        var type = SQLType.unknown
        let values = try items.map { item -> SQLValue in
            let value = try bind(item, context)
            guard let common = SQLType.common(type, value.type) else {
                throw failure(
                    "DatatypeMismatch", "\(what) has values of the types \(type.name) and \(value.type.name)", at: item.range)
            }
            type = common
            return value
        }
        if type == .unknown { type = .text }
        return (values.map { convert($0, to: type).expr }, type)
    }
}

extension SQLScope {
    /// The column that the name means here; nil if there is none. Throws if it could mean several.
    func find(_ name: String, at range: SourceRange) throws -> SQLColumn? {
        let wanted = SQLName.folded(name)
        for columns in [columns, relations.flatMap(\.hidden)] {
            var found = columns.filter { SQLName.folded($0.name) == wanted }
            let exact = found.count > 1 ? found.filter { $0.name.utf8.elementsEqual(name.utf8) } : []
            if !exact.isEmpty { found = exact }
            if found.count > 1 {
                throw QueryError(.syntaxError, "AmbiguousColumn", "column \"\(name)\" is ambiguous: name its table", at: range)
            }
            if let column = found.first { return column }
        }
        return nil
    }
}
