// An expression as text, for explanations of plans: short, with slots as #n, and not meant to be read back.

import DeedValues

extension Expr {
    package var text: String { text(depth: 0) }

    /// What is deeper is left out.
    private static let depthMax = 20

    private func text(depth: Int) -> String {
        if depth > Self.depthMax { return "..." }
        func inner(_ expression: Expr) -> String { expression.text(depth: depth + 1) }
        func list(_ expressions: [Expr]) -> String { expressions.map { inner($0) }.joined(separator: ", ") }
        switch self {
        case .constant(let value): return value.shortText
        case .slot(let slot): return "#\(slot)"
        case .parameter(let name): return "$\(name)"
        case .property(let value, let key): return "\(inner(value)).\(key)"
        case .element(let value, let index): return "\(inner(value))[\(inner(index))]"
        case .slice(let value, let from, let to):
            return "\(inner(value))[\(from.map { inner($0) } ?? "")..\(to.map { inner($0) } ?? "")]"
        case .call(let name, let arguments): return "\(name)(\(list(arguments)))"
        case .not(let value): return "not \(inner(value))"
        case .and(let left, let right): return "(\(inner(left)) and \(inner(right)))"
        case .or(let left, let right): return "(\(inner(left)) or \(inner(right)))"
        case .xor(let left, let right): return "(\(inner(left)) xor \(inner(right)))"
        case .compare(let comparison, let left, let right): return "\(inner(left)) \(comparison.symbol) \(inner(right))"
        case .arithmetic(let operation, let left, let right): return "(\(inner(left)) \(operation.symbol) \(inner(right)))"
        case .negate(let value): return "-\(inner(value))"
        case .textTest(let test, let left, let right): return "\(inner(left)) \(test.rawValue) \(inner(right))"
        case .isIn(let left, let right): return "\(inner(left)) in \(inner(right))"
        case .isNull(let value): return "\(inner(value)) is null"
        case .hasLabels(let value, let test): return "\(inner(value)):\(test.text)"
        case .list(let elements): return "[\(list(elements))]"
        case .map(let entries): return "{\(entries.map { "\($0.key): \(inner($0.value))" }.joined(separator: ", "))}"
        case .conditional(let branches, let otherwise):
            return "case " + branches.map { "when \(inner($0.condition)) then \(inner($0.result)) " }.joined()
                + "else \(inner(otherwise)) end"
        case .comprehension(let slot, let values, let filter, let projection):
            return "[#\(slot) in \(inner(values))\(filter.map { " where \(inner($0))" } ?? "")"
                + "\(projection.map { " | \(inner($0))" } ?? "")]"
        case .quantifier(let kind, let slot, let values, let predicate):
            return "\(kind.rawValue)(#\(slot) in \(inner(values)) where \(inner(predicate)))"
        case .reduce(let accumulator, let initial, let element, let values, let body):
            return "reduce(#\(accumulator) = \(inner(initial)), #\(element) in \(inner(values)) | \(inner(body)))"
        case .once(let values, let body):
            return "with " + values.map { "#\($0.slot) = \(inner($0.value)), " }.joined() + inner(body)
        case .subquery(let subquery): return "\(subquery.kind.rawValue) { \(subquery.plan.operatorName) }"
        case .path(let start, let steps): return "path(\(list([start] + steps)))"
        }
    }
}

extension LabelTest {
    var text: String {
        switch self {
        case .label(let name): name
        case .any: "%"
        case .not(let test): "!\(test.text)"
        case .and(let left, let right): "(\(left.text)&\(right.text))"
        case .or(let left, let right): "(\(left.text)|\(right.text))"
        }
    }
}

extension Comparison {
    fileprivate var symbol: String {
        switch self {
        case .equal: "="
        case .notEqual: "<>"
        case .less: "<"
        case .lessOrEqual: "<="
        case .greater: ">"
        case .greaterOrEqual: ">="
        }
    }
}

extension Arithmetic {
    fileprivate var symbol: String {
        switch self {
        case .add: "+"
        case .subtract: "-"
        case .multiply: "*"
        case .divide: "/"
        case .modulo: "%"
        case .power: "^"
        case .concatenate: "||"
        }
    }
}

extension Value {
    fileprivate var shortText: String {
        switch self {
        case .null: "null"
        case .bool(let value): value ? "true" : "false"
        case .int(let value): "\(value)"
        case .float(let value): "\(value)"
        case .decimal(let value): value.description
        case .string(let text): "'\(text.prefix(40))'"
        case .list(let elements):
            elements.count > 8 ? "[\(elements.count) values]" : "[\(elements.map(\.shortText).joined(separator: ", "))]"
        case .entity(let id): "node \(id)"
        case .relationship(let id): "relationship \(id)"
        default: "a constant"
        }
    }
}
