// Queries in one line, and the trees they become: as S-expressions, which say in little space what belongs to what.

@testable import DeedSyntax

/// The tree of an expression, by way of `RETURN`.
func tree(_ expression: String) -> String {
    let text = "RETURN " + expression
    do throws(SyntaxError) {
        guard case .query(let query, _) = try parseCypher(text), case .return(let projection) = query.parts[0].clauses[0].kind
        else { return "no query" }
        return projection.items.map { show($0.expression) }.joined(separator: ", ")
    } catch {
        return "\(error.detail) at \(error.range.lowerBound - 7): \(error.message)"
    }
}

/// The tree of a statement.
func statement(_ text: String) -> String {
    do throws(SyntaxError) {
        return show(try parseCypher(text))
    } catch {
        return "\(error.detail) at \(error.range.lowerBound)..<\(error.range.upperBound): \(error.message)"
    }
}

/// The error that the text has; nil if it has none.
func syntaxError(_ text: String) -> SyntaxError? {
    do throws(SyntaxError) {
        _ = try parseCypher(text)
        return nil
    } catch {
        return error
    }
}

/// The detail of the error and the part of the text it points at.
func fault(_ text: String) -> String {
    guard let error = syntaxError(text) else { return "none" }
    return "\(error.detail) '\(String(decoding: Array(text.utf8)[error.range], as: UTF8.self))'"
}

// MARK: Expressions

func show(_ expression: Expression) -> String {
    switch expression.kind {
    case .null: "null"
    case .bool(let value): "\(value)"
    case .integer(let value): "\(value)"
    case .float(let value): "\(value)"
    case .string(let value): "'\(value)'"
    case .parameter(let name): "$\(name)"
    case .variable(let name): name
    case .property(let subject, let key): "(. \(show(subject)) \(key.text))"
    case .hasLabels(let subject, let labels): "(: \(show(subject)) \(show(labels)))"
    case .unary(let sign, let operand): "(\(sign) \(show(operand)))"
    case .binary(let operation, let left, let right): "(\(show(operation)) \(show(left)) \(show(right)))"
    case .comparison(let first, let rest):
        "(compare \(show(first))\(rest.map { " \(show($0)) \(show($1))" }.joined()))"
    case .isNull(let operand, let negated): "(\(negated ? "notNull" : "isNull") \(show(operand)))"
    case .list(let items): "[\(items.map(show).joined(separator: " "))]"
    case .map(let entries): "{\(entries.map { "\($0.key.text): \(show($0.value))" }.joined(separator: ", "))}"
    case .mapProjection(let subject, let items): "(project \(show(subject)) \(items.map(show).joined(separator: " ")))"
    case .element(let subject, let index): "(at \(show(subject)) \(show(index)))"
    case .slice(let subject, let from, let to): "(slice \(show(subject)) \(show(from)) \(show(to)))"
    default: showLarge(expression.kind)
    }
}

private func showLarge(_ kind: Expression.Kind) -> String {
    switch kind {
    case .call(let call):
        "(\(call.name.text)\(call.isStar ? " *" : "")\(call.isDistinct ? " DISTINCT" : "")"
            + call.arguments.map { " " + show($0) }.joined() + ")"
    case .caseWhen(let subject, let branches, let otherwise):
        "(case \(show(subject)) \(branches.map { "(\(show($0.when)) \(show($0.then)))" }.joined(separator: " ")) \(show(otherwise)))"
    case .listComprehension(let variable, let list, let filter, let projection):
        "(for \(variable.text) \(show(list)) \(show(filter)) \(show(projection)))"
    case .patternComprehension(let path, let filter, let projection):
        "(forPattern \(show(path)) \(show(filter)) \(show(projection)))"
    case .quantifier(let quantifier, let variable, let list, let predicate):
        "(\(quantifier) \(variable.text) \(show(list)) \(show(predicate)))"
    case .reduce(let accumulator, let initial, let variable, let list, let body):
        "(reduce \(accumulator.text) \(show(initial)) \(variable.text) \(show(list)) \(show(body)))"
    case .pattern(let path): "(pattern \(show(path)))"
    case .shortestPath(let path): "(shortest \(show(path)))"
    case .subquery(let kind, let query): "(\(kind) \(show(query)))"
    case .sql(let expression): show(expression)
    default: "?"
    }
}

func show(_ expression: Expression?) -> String { expression.map(show) ?? "_" }

private func show(_ operation: BinaryOperator) -> String {
    switch operation {
    case .add: "+"
    case .subtract: "-"
    case .multiply: "*"
    case .divide: "/"
    case .modulo: "%"
    case .power: "^"
    case .concatenate: "||"
    case .matches: "=~"
    default: "\(operation)"
    }
}

func show(_ operation: ComparisonOperator) -> String {
    switch operation {
    case .equal: "="
    case .notEqual: "<>"
    case .less: "<"
    case .lessOrEqual: "<="
    case .greater: ">"
    case .greaterOrEqual: ">="
    }
}

private func show(_ item: MapProjectionItem) -> String {
    switch item {
    case .property(let key): ".\(key.text)"
    case .all: ".*"
    case .entry(let key, let value): "\(key.text): \(show(value))"
    case .variable(let name): name.text
    }
}

// MARK: Patterns

func show(_ labels: LabelExpression) -> String {
    switch labels {
    case .name(let name): name.text
    case .any: "%"
    case .not(let inner): "!\(show(inner))"
    case .and(let left, let right): "(& \(show(left)) \(show(right)))"
    case .or(let left, let right): "(| \(show(left)) \(show(right)))"
    }
}

func show(_ path: PathPattern) -> String {
    var words: [String] = []
    if let variable = path.variable { words.append(variable.text + " =") }
    if let selector = path.selector { words.append("\(selector)") }
    if path.mode != .different { words.append("\(path.mode)") }
    return (words + path.elements.map(show)).joined(separator: " ")
}

private func show(_ element: PatternElement) -> String {
    switch element {
    case .entity(let entity):
        return "(" + show(entity.variable, entity.labels, nil, entity.properties, entity.predicate) + ")"
    case .relationship(let relationship):
        let inner = show(
            relationship.variable, relationship.types, relationship.length, relationship.properties, relationship.predicate)
        switch relationship.direction {
        case .right: return "-[\(inner)]->"
        case .left: return "<-[\(inner)]-"
        case .undirected: return "-[\(inner)]-"
        }
    case .group(let group):
        let predicate = group.predicate.map { " WHERE " + show($0) } ?? ""
        return "<\(show(group.path))\(predicate)>\(show(group.length))"
    }
}

private func show(
    _ variable: Name?, _ labels: LabelExpression?, _ length: PatternLength?, _ properties: Expression?, _ predicate: Expression?
) -> String {
    var text = variable?.text ?? ""
    if let labels { text += ":" + show(labels) }
    if let length { text += show(length) }
    if let properties { text += " " + show(properties) }
    if let predicate { text += " WHERE " + show(predicate) }
    return text
}

private func show(_ length: PatternLength) -> String { "*\(length.min)..\(length.max.map(String.init) ?? "")" }
