// Whether two expressions were written alike: each as a text without places and spelling of white space. GROUP BY-like
// rules of projections and ORDER BY rest on it.

import DeedSyntax
import DeedValues

func fingerprint(_ expression: Expression) -> NameKey {
    var writer = FingerprintWriter()
    writer.write(expression)
    return NameKey(writer.text)
}

private struct FingerprintWriter {
    var text = ""

    mutating func write(_ expression: Expression) {
        switch expression.kind {
        case .null: text += "null"
        case .bool(let value): text += "\(value)"
        case .integer(let value): text += "\(value)"
        case .float(let value): text += "f\(value.bitPattern)"
        case .string(let value): quote(value)
        case .parameter(let name): name2("$", name)
        case .variable(let name): name2("v", name)
        case .property(let subject, let key): list("prop", [subject]) { $0.quote(key.text) }
        case .hasLabels(let subject, let labels): list("is", [subject]) { $0.write(labels) }
        case .unary(let op, let operand): list("\(op)", [operand])
        case .binary(let op, let left, let right): list("\(op)", [left, right])
        case .comparison(let first, let rest):
            list("cmp" + rest.map { "\($0.0)" }.joined(separator: ","), [first] + rest.map(\.1))
        case .isNull(let operand, let negated): list(negated ? "notnull" : "null?", [operand])
        case .list(let items): list("list", items)
        case .map(let entries): list("map", entries.map(\.value)) { for entry in entries { $0.quote(entry.key.text) } }
        case .mapProjection(let subject, let items): writeProjection(subject, items)
        case .element(let subject, let index): list("at", [subject, index])
        case .slice(let subject, let from, let to):
            list("slice\(from != nil)\(to != nil)", [subject, from, to].compactMap { $0 })
        case .call(let call):
            list("call\(call.isDistinct)\(call.isStar)", call.arguments) { $0.quote(call.name.text.lowercased()) }
        case .caseWhen(let subject, let branches, let otherwise):
            list("case\(subject != nil)\(otherwise != nil)",
                [subject].compactMap { $0 } + branches.flatMap { [$0.when, $0.then] } + [otherwise].compactMap { $0 })
        case .listComprehension(let variable, let source, let filter, let projection):
            list("each\(filter != nil)\(projection != nil)", [source, filter, projection].compactMap { $0 }) {
                $0.quote(variable.text)
            }
        case .quantifier(let kind, let variable, let source, let predicate):
            list("\(kind)", [source, predicate]) { $0.quote(variable.text) }
        case .reduce(let accumulator, let initial, let variable, let source, let body):
            list("reduce", [initial, source, body]) {
                $0.quote(accumulator.text)
                $0.quote(variable.text)
            }
        case .patternComprehension, .pattern, .shortestPath, .subquery:
            // Alike only if it is the same place in the text.
            text += "@\(expression.range.lowerBound)"
        }
    }

    private mutating func list(
        _ head: String, _ operands: [Expression], _ more: (inout FingerprintWriter) -> Void = { _ in }
    ) {
        text += "(" + head
        more(&self)
        for operand in operands {
            text += " "
            write(operand)
        }
        text += ")"
    }

    private mutating func quote(_ name: String) { text += "\"\(name.utf8.count):\(name)\"" }

    private mutating func name2(_ kind: String, _ name: String) {
        text += kind
        quote(name)
    }

    private mutating func writeProjection(_ subject: Expression, _ items: [MapProjectionItem]) {
        list("project", [subject]) { writer in
            for item in items {
                switch item {
                case .property(let key): writer.name2(".", key.text)
                case .all: writer.text += ".*"
                case .variable(let name): writer.name2("v", name.text)
                case .entry(let key, let value):
                    writer.name2("e", key.text)
                    writer.write(value)
                }
            }
        }
    }

    private mutating func write(_ labels: LabelExpression) {
        switch labels {
        case .name(let name): quote(name.text)
        case .any: text += "%"
        case .not(let test):
            text += "!"
            write(test)
        case .and(let left, let right), .or(let left, let right):
            if case .and = labels { text += "(&" } else { text += "(|" }
            write(left)
            write(right)
            text += ")"
        }
    }
}
