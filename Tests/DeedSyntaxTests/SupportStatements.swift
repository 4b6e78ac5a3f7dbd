// Statements and clauses as S-expressions.

@testable import DeedSyntax

func show(_ statement: Statement) -> String {
    switch statement {
    case .query(let query, let mode): (mode == .run ? "" : "\(mode) ") + show(query)
    case .schema(let command): show(command)
    case .transaction(let command): "\(command)"
    }
}

func show(_ query: Query) -> String {
    var text = show(query.parts[0])
    for (isAll, part) in zip(query.all, query.parts.dropFirst()) { text += " \(isAll ? "unionAll" : "union") " + show(part) }
    return text
}

private func show(_ query: SingleQuery) -> String { query.clauses.map(show).joined(separator: " ") }

func show(_ clause: Clause) -> String {
    switch clause.kind {
    case .match(let optional, let patterns, let predicate, let hints):
        let shown = patterns.map(show) + (predicate.map { ["WHERE " + show($0)] } ?? []) + hints.map(show)
        return "(\(optional ? "optional" : "match") \(shown.joined(separator: ", ")))"
    case .unwind(let list, let variable): return "(unwind \(show(list)) \(variable.text))"
    case .with(let projection, let predicate):
        return "(with \(show(projection))\(predicate.map { " WHERE " + show($0) } ?? ""))"
    case .return(let projection): return "(return \(show(projection)))"
    case .create(let patterns): return "(create \(patterns.map(show).joined(separator: ", ")))"
    case .merge(let path, let onCreate, let onMatch):
        return "(merge \(show(path)) create[\(show(onCreate))] match[\(show(onMatch))])"
    case .set(let items): return "(set \(show(items)))"
    case .remove(let items): return "(remove \(items.map(show).joined(separator: ", ")))"
    case .delete(let items, let detach): return "(\(detach ? "detach" : "delete") \(items.map(show).joined(separator: ", ")))"
    case .call(let call): return show(call)
    case .subquery(let query, let imports, let optional, let batches):
        let names = imports.map { "(" + $0.map(\.text).joined(separator: " ") + ")" } ?? ""
        return "(\(optional ? "optionalCall" : "call")\(names) \(show(query))\(batches.map { " " + show($0) } ?? ""))"
    case .forEach(let variable, let list, let clauses):
        return "(foreach \(variable.text) \(show(list)) \(clauses.map(show).joined(separator: " ")))"
    case .loadCSV(let withHeaders, let source, let variable, let terminator):
        return "(load \(withHeaders ? "headers " : "")\(show(source)) \(variable.text)\(terminator.map { " '\($0)'" } ?? ""))"
    case .finish: return "(finish)"
    }
}

private func show(_ batches: TransactionBatches) -> String {
    let policy = batches.onError == .fail ? "" : " onError \(batches.onError)"
    return "batches \(show(batches.rows))\(policy)\(batches.status.map { " status \($0.text)" } ?? "")"
}

private func show(_ projection: Projection) -> String {
    var words: [String] = []
    if projection.isDistinct { words.append("DISTINCT") }
    if projection.includesAll { words.append("*") }
    for item in projection.items { words.append(show(item.expression) + (item.alias.map { " AS \($0.text)" } ?? "")) }
    if !projection.order.isEmpty {
        words.append("ORDER " + projection.order.map { show($0.expression) + ($0.isDescending ? " DESC" : "") }.joined(separator: ", "))
    }
    if let skip = projection.skip { words.append("SKIP \(show(skip))") }
    if let limit = projection.limit { words.append("LIMIT \(show(limit))") }
    return words.joined(separator: " ")
}

private func show(_ call: ProcedureCall) -> String {
    let arguments = call.arguments.map { "(" + $0.map(show).joined(separator: " ") + ")" } ?? ""
    var text = "(procedure \(call.name.text)\(arguments)"
    if call.yieldsAll {
        text += " yield *"
    } else if let items = call.yield {
        text += " yield " + items.map { $0.field.text + ($0.alias.map { " AS \($0.text)" } ?? "") }.joined(separator: ", ")
    }
    return text + (call.predicate.map { " WHERE " + show($0) } ?? "") + ")"
}

private func show(_ hint: Hint) -> String {
    switch hint {
    case .index(let variable, let label, let keys): "index \(variable.text):\(label.text)(\(keys.map(\.text).joined(separator: " ")))"
    case .scan(let variable, let label): "scan \(variable.text):\(label.text)"
    case .join(let names): "join \(names.map(\.text).joined(separator: " "))"
    }
}

private func show(_ items: [SetItem]) -> String { items.map(show).joined(separator: ", ") }

private func show(_ item: SetItem) -> String {
    switch item {
    case .property(let subject, let key, let value): "(. \(show(subject)) \(key.text)) = \(show(value))"
    case .replace(let variable, let value): "\(variable.text) = \(show(value))"
    case .merge(let variable, let value): "\(variable.text) += \(show(value))"
    case .labels(let variable, let names): "\(variable.text):\(names.map(\.text).joined(separator: ":"))"
    }
}

private func show(_ item: RemoveItem) -> String {
    switch item {
    case .property(let subject, let key): "(. \(show(subject)) \(key.text))"
    case .labels(let variable, let names): "\(variable.text):\(names.map(\.text).joined(separator: ":"))"
    }
}

private func show(_ command: SchemaCommand) -> String {
    switch command {
    case .createIndex(let name, let ifNotExists, let isRelationship, let table, let keys, let isUnique):
        let words = [isUnique ? "unique" : "", "index", name?.text ?? "_", ifNotExists ? "ifNotExists" : "",
        isRelationship ? "type" : "label"]
        return (words.filter { !$0.isEmpty } + [table.text] + keys.map(\.text)).joined(separator: " ")
    case .dropIndex(let name, let ifExists): return "dropIndex \(name.text)\(ifExists ? " ifExists" : "")"
    case .showIndexes: return "showIndexes"
    case .createConstraint(let name, let ifNotExists, let isRelationship, let table, let requirement):
        let words = ["constraint", name?.text ?? "_", ifNotExists ? "ifNotExists" : "", isRelationship ? "type" : "label", table.text]
        return (words.filter { !$0.isEmpty } + [show(requirement)]).joined(separator: " ")
    case .dropConstraint(let name, let ifExists): return "dropConstraint \(name.text)\(ifExists ? " ifExists" : "")"
    case .showConstraints: return "showConstraints"
    }
}

private func show(_ requirement: ConstraintRequirement) -> String {
    switch requirement {
    case .unique(let keys): "unique(\(keys.map(\.text).joined(separator: " ")))"
    case .key(let keys): "key(\(keys.map(\.text).joined(separator: " ")))"
    case .notNull(let key): "notNull(\(key.text))"
    case .type(let key, let type): "type(\(key.text) \(type))"
    }
}
