// Whether two expressions were written alike: each as a text without places and spelling of white space. GROUP BY-like
// rules of projections and ORDER BY rest on it.

import DeedSyntax
import DeedValues

func fingerprint(_ expression: Expression) -> NameKey {
    var writer = FingerprintWriter()
    writer.write(expression)
    return NameKey(String(decoding: writer.bytes, as: UTF8.self))
}

private struct FingerprintWriter {
    /// UTF-8. Texts are put together byte by byte, since interpolation costs a hundred times as much.
    private(set) var bytes: [UInt8] = []

    init() { bytes.reserveCapacity(64) }

    mutating func write(_ expression: Expression) {
        switch expression.kind {
        case .null: append("null")
        case .bool(let value): append(value ? "true" : "false")
        case .integer(let value): append(number: UInt64(bitPattern: value), "i")
        case .float(let value): append(number: value.bitPattern, "f")
        case .string(let value): quote(value)
        case .parameter(let name): name2("$", name)
        case .variable(let name): name2("v", name)
        case .property(let subject, let key): list("prop", [subject]) { $0.quote(key.text) }
        case .hasLabels(let subject, let labels): list("is", [subject]) { $0.write(labels) }
        case .unary(let op, let operand): list("one", [operand]) { $0.append(number: UInt64(op.rawValue), "o") }
        case .binary(let op, let left, let right): list("two", [left, right]) { $0.append(number: UInt64(op.rawValue), "o") }
        case .comparison(let first, let rest):
            list("cmp", [first] + rest.map(\.1)) { for (op, _) in rest { $0.append(number: UInt64(op.rawValue), "o") } }
        case .isNull(let operand, let negated): list(negated ? "notnull" : "null?", [operand])
        case .list(let items): list("list", items)
        case .map(let entries): list("map", entries.map(\.value)) { for entry in entries { $0.quote(entry.key.text) } }
        case .mapProjection(let subject, let items): writeProjection(subject, items)
        case .element(let subject, let index): list("at", [subject, index])
        case .slice(let subject, let from, let to):
            list("slice", [subject, from, to].compactMap { $0 }) { $0.append(flags: from != nil, to != nil) }
        case .call(let call):
            list("call", call.arguments) {
                $0.append(flags: call.isDistinct, call.isStar)
                $0.quote(call.name.text.lowercased())
            }
        case .caseWhen(let subject, let branches, let otherwise):
            list("case", [subject].compactMap { $0 } + branches.flatMap { [$0.when, $0.then] } + [otherwise].compactMap { $0 }) {
                $0.append(flags: subject != nil, otherwise != nil)
            }
        case .listComprehension(let variable, let source, let filter, let projection):
            list("each", [source, filter, projection].compactMap { $0 }) {
                $0.append(flags: filter != nil, projection != nil)
                $0.quote(variable.text)
            }
        case .quantifier(let kind, let variable, let source, let predicate):
            list("some", [source, predicate]) {
                $0.append(number: UInt64(kind.rawValue), "o")
                $0.quote(variable.text)
            }
        case .reduce(let accumulator, let initial, let variable, let source, let body):
            list("reduce", [initial, source, body]) {
                $0.quote(accumulator.text)
                $0.quote(variable.text)
            }
        case .patternComprehension, .pattern, .shortestPath, .subquery, .sql:
            // Alike only if it is the same place in the text.
            append(number: UInt64(expression.range.lowerBound), "@")
        }
    }

    private mutating func list(
        _ head: StaticString, _ operands: [Expression], _ more: (inout FingerprintWriter) -> Void = { _ in }
    ) {
        append("(")
        append(head)
        more(&self)
        for operand in operands {
            append(" ")
            write(operand)
        }
        append(")")
    }

    private mutating func quote(_ name: String) {
        append(number: UInt64(name.utf8.count), "\"")
        bytes.append(contentsOf: name.utf8)
    }

    private mutating func name2(_ kind: StaticString, _ name: String) {
        append(kind)
        quote(name)
    }

    private mutating func writeProjection(_ subject: Expression, _ items: [MapProjectionItem]) {
        list("project", [subject]) { writer in
            for item in items {
                switch item {
                case .property(let key): writer.name2(".", key.text)
                case .all: writer.append(".*")
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
        case .any: append("%")
        case .not(let test):
            append("!")
            write(test)
        case .and(let left, let right), .or(let left, let right):
            if case .and = labels { append("(&") } else { append("(|") }
            write(left)
            write(right)
            append(")")
        }
    }

    // MARK: Bytes

    private mutating func append(_ text: StaticString) {
        bytes.append(contentsOf: UnsafeBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount))
    }

    private mutating func append(flags first: Bool, _ second: Bool) {
        append(first ? "1" : "0")
        append(second ? "1" : "0")
    }

    /// Six bits to a byte, the least first, between a sign that says what it is and a colon.
    private mutating func append(number: UInt64, _ kind: StaticString) {
        append(kind)
        var rest = number
        while rest > 0 {
            bytes.append(0x3f &+ UInt8(truncatingIfNeeded: rest & 0x3f))
            rest >>= 6
        }
        append(":")
    }
}
