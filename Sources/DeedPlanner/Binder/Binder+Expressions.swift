// Expressions: names become slots, sugar becomes the few operators of Expr, and what can never work is refused here with
// its place in the text.

import DeedExecution
import DeedSyntax
import DeedValues

struct BoundExpression {
    var expr: Expr
    var type: StaticType

    init(_ expr: Expr, _ type: StaticType = .any) { (self.expr, self.type) = (expr, type) }
}

/// What an expression may contain where it stands.
struct ExpressionMode {
    /// Expressions that have been computed already, by fingerprint.
    var substitutions: [NameKey: Variable] = [:]
    /// Where aggregates go; nil: they are not allowed.
    var aggregates: AggregateCollector?
    /// Variables that may be used only as part of a substituted expression or inside an aggregate.
    var ungrouped: NumberSet = []
    /// A bare pattern may stand here as a predicate.
    var allowsPatterns = false
}

/// The aggregates of a projection.
final class AggregateCollector {
    var aggregates: [(slot: Slot, Aggregate)] = []
    var isInside = false
}

extension Binder {
    func bind(_ expression: Expression, _ scope: Scope, _ mode: ExpressionMode = ExpressionMode()) throws -> BoundExpression {
        depth += 1
        defer { depth -= 1 }
        guard depth <= Self.depthMax else {
            throw QueryError(
                .syntaxError, "NestingTooDeep", "expressions are nested deeper than \(Self.depthMax)", at: expression.range)
        }
        if textDepth > 0 { try requireStack(at: expression.range) }
        try lookUp()
        if !mode.substitutions.isEmpty, let known = mode.substitutions[fingerprint(expression)] {
            used.insert(known.slot)
            return BoundExpression(.slot(known.slot), known.type)
        }
        var inner = mode
        inner.allowsPatterns = false
        return try bindKind(expression, scope, mode, inner)
    }

    /// Sees now and then whether there is time left.
    private func lookUp() throws {
        expressionCount &+= 1
        if expressionCount & 255 == 0 { try interruption.check() }
    }

    /// As a condition: a boolean, where patterns may stand.
    func bindPredicate(
        _ expression: Expression, _ scope: Scope, _ mode: ExpressionMode = ExpressionMode()
    ) throws -> Expr {
        if let patternConditions { return try patternConditions(expression, scope) }
        var mode = mode
        mode.allowsPatterns = true
        let bound = try bind(expression, scope, mode)
        guard bound.type.mayBeBool else { throw wrongType(expression, "a boolean", bound.type) }
        return bound.expr
    }

    func wrongType(
        _ expression: Expression, _ wanted: String, _ type: StaticType, _ kind: QueryError.Kind = .syntaxError
    ) -> QueryError {
        QueryError(kind, "InvalidArgumentType", "expected \(wanted), not \(type.description)", at: expression.range)
    }

    private func bindKind(
        _ expression: Expression, _ scope: Scope, _ mode: ExpressionMode, _ inner: ExpressionMode
    ) throws -> BoundExpression {
        switch expression.kind {
        case .null: return BoundExpression(.constant(.null), .null)
        case .bool(let value): return BoundExpression(.constant(.bool(value)), .bool)
        case .integer(let value): return BoundExpression(.constant(.int(value)), .int)
        case .float(let value): return BoundExpression(.constant(.float(value)), .float)
        case .string(let value): return BoundExpression(.constant(.string(value)), .string)
        case .parameter(let name):
            noteParameter(name)
            return BoundExpression(.parameter(name), Self.literalType(name))
        case .variable(let name): return try bindVariable(name, expression.range, scope, mode)
        case .property(let subject, let key): return try bindProperty(subject, key, scope, inner)
        case .hasLabels(let subject, let labels):
            let bound = try bind(subject, scope, inner)
            guard bound.type.mayBeElement else { throw wrongType(subject, "a node or relationship", bound.type) }
            if bound.type == .entity { look(.label, labels) }
            return BoundExpression(.hasLabels(bound.expr, labelTest(labels)), .bool)
        case .unary(let op, let operand): return try bindUnary(op, operand, scope, mode, inner)
        case .binary(let op, let left, let right): return try bindBinary(op, left, right, scope, mode, inner)
        case .comparison(let first, let rest): return try bindComparison(first, rest, scope, inner)
        case .isNull(let operand, let negated):
            let test = Expr.isNull(try bind(operand, scope, inner).expr)
            return BoundExpression(negated ? .not(test) : test, .bool)
        case .list(let items):
            let bound = try items.map { try bind($0, scope, inner) }
            let type = bound.map(\.type).reduce(bound.first?.type ?? .any, StaticType.common)
            return BoundExpression(.list(bound.map(\.expr)), .list(type))
        case .map(let entries):
            let bound = try entries.map { (key: $0.key.text, value: try bind($0.value, scope, inner).expr) }
            return BoundExpression(.map(bound), .map)
        case .mapProjection(let subject, let items): return try bindMapProjection(subject, items, scope, inner)
        case .element(let subject, let index): return try bindElement(subject, index, scope, inner)
        case .slice(let subject, let from, let to):
            let bound = try bind(subject, scope, inner)
            guard bound.type.mayBeList else { throw wrongType(subject, "a list", bound.type) }
            let (from, to) = (try from.map { try bind($0, scope, inner).expr }, try to.map { try bind($0, scope, inner).expr })
            return BoundExpression(.slice(bound.expr, from: from, to: to), bound.type)
        case .call(let call): return try bindCall(call, expression.range, scope, inner)
        case .caseWhen(let subject, let branches, let otherwise):
            return try bindCase(subject, branches, otherwise, scope, inner)
        case .listComprehension, .quantifier, .reduce: return try bindIteration(expression, scope, inner)
        case .patternComprehension, .pattern, .shortestPath, .subquery:
            return try bindSubquery(expression, scope, mode)
        case .sql: throw QueryError(.syntaxError, "UnexpectedSyntax", "this is SQL, in a Cypher query", at: expression.range)
        }
    }

    /// A literal that became a parameter has its type in its name.
    static func literalType(_ parameter: String) -> StaticType {
        switch LiftedLiteral(parameter: parameter) {
        case .integer: .int
        case .float: .float
        case .string: .string
        case nil: .any
        }
    }

    // MARK: Names

    private func bindVariable(
        _ name: String, _ range: SourceRange, _ scope: Scope, _ mode: ExpressionMode
    ) throws -> BoundExpression {
        guard let variable = scope[name] else {
            let hint = suggestion(for: name, among: scope.variables.map(\.name))
            throw QueryError(.syntaxError, "UndefinedVariable", "the variable `\(name)` is not defined\(hint)", at: range)
        }
        if mode.ungrouped.contains(variable.slot) {
            throw QueryError(
                .syntaxError, "AmbiguousAggregationExpression",
                "`\(name)` stands beside an aggregate but is not a column of its own here; return it too, or compute it "
                    + "in a WITH before", at: range)
        }
        used.insert(variable.slot)
        return BoundExpression(.slot(variable.slot), variable.type)
    }

    private func bindProperty(
        _ subject: Expression, _ key: Name, _ scope: Scope, _ mode: ExpressionMode
    ) throws -> BoundExpression {
        let bound = try bind(subject, scope, mode)
        guard bound.type.mayHaveProperties else {
            let kind: QueryError.Kind = bound.type == .path ? .syntaxError : .typeError
            throw wrongType(subject, "something with properties (a node, a relationship or a map)", bound.type, kind)
        }
        if bound.type.isElement { look(.property, key) }
        return BoundExpression(.property(bound.expr, key.text))
    }

    private func bindElement(
        _ subject: Expression, _ index: Expression, _ scope: Scope, _ mode: ExpressionMode
    ) throws -> BoundExpression {
        let (bound, position) = (try bind(subject, scope, mode), try bind(index, scope, mode))
        guard bound.type.mayBeList || bound.type.mayBeMap || bound.type.mayBeElement else {
            throw wrongType(subject, "a list or a map", bound.type, .typeError)
        }
        return BoundExpression(.element(bound.expr, index: position.expr), bound.type.elementType)
    }

    func labelTest(_ labels: LabelExpression) -> LabelTest {
        switch labels {
        case .name(let name): .label(name.text)
        case .any: .any
        case .not(let test): .not(labelTest(test))
        case .and(let left, let right): .and(labelTest(left), labelTest(right))
        case .or(let left, let right): .or(labelTest(left), labelTest(right))
        }
    }

    /// `; did you mean x?` where something similar is known.
    func suggestion(for name: String, among known: [String]) -> String {
        let limit = max(1, name.utf8.count / 3)
        let best = known.map { (name: $0, distance: editDistance(name, $0, limit: limit)) }
            .filter { $0.distance <= limit }.min { $0.distance < $1.distance }
        return best.map { "; did you mean `\($0.name)`?" } ?? ""
    }

    // MARK: Operators

    private func bindUnary(
        _ op: UnaryOperator, _ operand: Expression, _ scope: Scope, _ mode: ExpressionMode, _ inner: ExpressionMode
    ) throws -> BoundExpression {
        let bound = try bind(operand, scope, op == .not ? mode : inner)
        if op == .not {
            guard bound.type.mayBeBool else { throw wrongType(operand, "a boolean", bound.type) }
            return BoundExpression(.not(bound.expr), .bool)
        }
        guard bound.type.mayBeNumeric else { throw wrongType(operand, "a number", bound.type) }
        if op == .plus { return bound }
        return BoundExpression(.negate(bound.expr), bound.type)
    }

    private func bindBinary(
        _ op: BinaryOperator, _ left: Expression, _ right: Expression, _ scope: Scope, _ mode: ExpressionMode,
        _ inner: ExpressionMode
    ) throws -> BoundExpression {
        switch op {
        case .and, .or, .xor:
            let (a, b) = (try bind(left, scope, mode), try bind(right, scope, mode))
            guard a.type.mayBeBool else { throw wrongType(left, "a boolean", a.type) }
            guard b.type.mayBeBool else { throw wrongType(right, "a boolean", b.type) }
            let expr: Expr = op == .and ? .and(a.expr, b.expr) : op == .or ? .or(a.expr, b.expr) : .xor(a.expr, b.expr)
            return BoundExpression(expr, .bool)
        case .in:
            let (a, b) = (try bind(left, scope, inner), try bind(right, scope, inner))
            guard b.type.mayBeList else { throw wrongType(right, "a list", b.type) }
            return BoundExpression(.isIn(a.expr, b.expr), .bool)
        case .startsWith, .endsWith, .contains, .matches:
            let (a, b) = (try bind(left, scope, inner), try bind(right, scope, inner))
            let test: TextTest =
                switch op {
                case .startsWith: .startsWith
                case .endsWith: .endsWith
                case .contains: .contains
                default: .matches
                }
            return BoundExpression(.textTest(test, a.expr, b.expr), .bool)
        case .add, .subtract, .multiply, .divide, .modulo, .power, .concatenate:
            return try bindArithmetic(op, left, right, scope, inner)
        }
    }

    private func bindArithmetic(
        _ op: BinaryOperator, _ left: Expression, _ right: Expression, _ scope: Scope, _ mode: ExpressionMode
    ) throws -> BoundExpression {
        let (a, b) = (try bind(left, scope, mode), try bind(right, scope, mode))
        let arithmetic: Arithmetic =
            switch op {
            case .subtract: .subtract
            case .multiply: .multiply
            case .divide: .divide
            case .modulo: .modulo
            case .power: .power
            case .concatenate: .concatenate
            default: .add
            }
        if arithmetic != .add && arithmetic != .concatenate {
            guard a.type.mayBeNumeric else { throw wrongType(left, "a number", a.type) }
            guard b.type.mayBeNumeric else { throw wrongType(right, "a number", b.type) }
        }
        return BoundExpression(.arithmetic(arithmetic, a.expr, b.expr), Self.resultType(arithmetic, a.type, b.type))
    }

    private static func resultType(_ op: Arithmetic, _ left: StaticType, _ right: StaticType) -> StaticType {
        switch (left, right) {
        case (.int, .int): return op == .power ? .float : .int
        case (.float, .float), (.int, .float), (.float, .int): return .float
        case (.list, _), (_, .list): return .list(.any)
        case (.string, .string), (.string, .int), (.int, .string): return op == .add || op == .concatenate ? .string : .any
        default: return .any
        }
    }

    private func bindComparison(
        _ first: Expression, _ rest: [(ComparisonOperator, Expression)], _ scope: Scope, _ mode: ExpressionMode
    ) throws -> BoundExpression {
        var left = try bind(first, scope, mode).expr
        var terms: [Expr] = []
        var shared: [(slot: Slot, value: Expr)] = []
        for (index, (op, operand)) in rest.enumerated() {
            var right = try bind(operand, scope, mode).expr
            if index < rest.count - 1 { right = once(right, &shared) }
            terms.append(.compare(op.comparison, left, right))
            left = right
        }
        return BoundExpression(using(shared, Expr.all(terms) ?? .constant(.bool(true))), .bool)
    }

    /// The value as something that may stand several times in what is made of it.
    func once(_ value: Expr, _ shared: inout [(slot: Slot, value: Expr)]) -> Expr {
        switch value {
        case .constant, .slot, .parameter, .property(.slot, _): return value
        default:
            shared.append((newSlot(), value))
            return .slot(shared[shared.count - 1].slot)
        }
    }

    func using(_ shared: [(slot: Slot, value: Expr)], _ body: Expr) -> Expr {
        shared.isEmpty ? body : .once(shared, in: body)
    }

    private func bindCase(
        _ subject: Expression?, _ branches: [(when: Expression, then: Expression)], _ otherwise: Expression?, _ scope: Scope,
        _ mode: ExpressionMode
    ) throws -> BoundExpression {
        var shared: [(slot: Slot, value: Expr)] = []
        let subject = try subject.map { once(try bind($0, scope, mode).expr, &shared) }
        var type = StaticType.null
        var bound: [(condition: Expr, result: Expr)] = []
        for branch in branches {
            let condition: Expr
            if let subject {
                condition = .compare(.equal, subject, try bind(branch.when, scope, mode).expr)
            } else {
                condition = try bindPredicate(branch.when, scope, mode)
            }
            let result = try bind(branch.then, scope, mode)
            type = StaticType.common(type, result.type)
            bound.append((condition, result.expr))
        }
        let last = try otherwise.map { try bind($0, scope, mode) } ?? BoundExpression(.constant(.null), .null)
        let result = using(shared, .conditional(bound, otherwise: last.expr))
        return BoundExpression(result, StaticType.common(type, last.type))
    }

    private func bindMapProjection(
        _ subject: Expression, _ items: [MapProjectionItem], _ scope: Scope, _ mode: ExpressionMode
    ) throws -> BoundExpression {
        let bound = try bind(subject, scope, mode)
        guard bound.type.mayHaveProperties else { throw wrongType(subject, "a node, a relationship or a map", bound.type) }
        var shared: [(slot: Slot, value: Expr)] = []
        let element = once(bound.expr, &shared)
        var entries: [(key: String, value: Expr)] = []
        var includesAll = false
        for item in items {
            switch item {
            case .all: includesAll = true
            case .property(let key): entries.append((key.text, .property(element, key.text)))
            case .entry(let key, let value): entries.append((key.text, try bind(value, scope, mode).expr))
            case .variable(let name):
                let value = try bind(Expression(.variable(name.text), name.range), scope, mode)
                entries.append((name.text, value.expr))
            }
        }
        var map = Expr.map(entries)
        if includesAll { map = .call(GraphFunctions.mergeMaps, [.call("properties", [element]), map]) }
        return BoundExpression(using(shared, .conditional([(.isNull(element), .constant(.null))], otherwise: map)), .map)
    }

    // MARK: Iteration

    private func bindIteration(
        _ expression: Expression, _ scope: Scope, _ mode: ExpressionMode
    ) throws -> BoundExpression {
        let outer = mode
        var mode = mode
        // An aggregate inside would be computed once for each element, which is not what aggregates do.
        mode.aggregates = nil
        switch expression.kind {
        case .listComprehension(let variable, let list, let filter, let projection):
            let (source, slot, inner) = try bindElementVariable(variable, list, scope, outer)
            let filter = try filter.map { try bindPredicate($0, inner, mode) }
            let result = try projection.map { try bind($0, inner, mode) }
            return BoundExpression(
                .comprehension(slot, list: source.expr, filter: filter, projection: result?.expr),
                .list(result?.type ?? source.type.elementType))
        case .quantifier(let kind, let variable, let list, let predicate):
            let (source, slot, inner) = try bindElementVariable(variable, list, scope, outer)
            let predicate = try bindPredicate(predicate, inner, mode)
            let quantifier: QuantifierKind =
                switch kind {
                case .all: .all
                case .any: .any
                case .none: .none
                case .single: .single
                }
            return BoundExpression(.quantifier(quantifier, slot, list: source.expr, predicate: predicate), .bool)
        case .reduce(let accumulator, let initial, let variable, let list, let body):
            let start = try bind(initial, scope, outer)
            var (source, slot, inner) = try bindElementVariable(variable, list, scope, outer)
            let total = newSlot()
            inner.add(Variable(name: accumulator.text, slot: total, type: .any))
            return BoundExpression(
                .reduce(
                    accumulator: total, initial: start.expr, element: slot, list: source.expr,
                    body: try bind(body, inner, mode).expr))
        default: preconditionFailure("not an iteration")
        }
    }

    private func bindElementVariable(
        _ variable: Name, _ list: Expression, _ scope: Scope, _ mode: ExpressionMode
    ) throws -> (BoundExpression, Slot, Scope) {
        let source = try bind(list, scope, mode)
        guard source.type.mayBeList else { throw wrongType(list, "a list", source.type) }
        let slot = newSlot()
        var inner = scope
        inner.add(Variable(name: variable.text, slot: slot, type: source.type.elementType))
        return (source, slot, inner)
    }
}

/// The number of insertions, deletions, replacements and swaps of neighbours between two names, of bytes and without regard to
/// case; `limit + 1` for any larger number.
func editDistance(_ left: String, _ right: String, limit: Int) -> Int {
    let (a, b) = (Array(left.lowercased().utf8), Array(right.lowercased().utf8))
    guard abs(a.count - b.count) <= limit, a.count < 100, b.count < 100 else { return limit + 1 }
    var beforeLast = [Int](repeating: 0, count: b.count + 1)
    var last = Array(0...b.count)
    for i in a.indices {
        var row = [i + 1]
        for j in b.indices {
            var least = min(row[j] + 1, last[j + 1] + 1, last[j] + (a[i] == b[j] ? 0 : 1))
            if i > 0 && j > 0 && a[i] == b[j - 1] && a[i - 1] == b[j] { least = min(least, beforeLast[j - 1] + 1) }
            row.append(least)
        }
        (beforeLast, last) = (last, row)
    }
    return min(last[b.count], limit + 1)
}

extension ComparisonOperator {
    /// In plans.
    package var comparison: Comparison {
        switch self {
        case .equal: .equal
        case .notEqual: .notEqual
        case .less: .less
        case .lessOrEqual: .lessOrEqual
        case .greater: .greater
        case .greaterOrEqual: .greaterOrEqual
        }
    }
}
