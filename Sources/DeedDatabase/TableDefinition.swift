// What CREATE TABLE says beyond constraints, as the store keeps it: the columns in their order, and their types by SQL's names, as JSON.

import DeedEngine
import DeedPlanner
import DeedValues

struct TableDefinition {
    let name: String
    let kind: RowKind
    let columns: [SQLTable.Column]
    /// Those that the engine does not know.
    var checks: [CheckConstraint] = []
    /// Names of columns that were dropped or renamed: no property of the rows is found by them.
    var former: [String] = []

    /// Of the names of definitions that are tables of entities, or of relationships.
    private static func prefix(_ kind: RowKind) -> String { kind == .entity ? "sql table " : "sql edge table " }

    var definitionName: String { Self.prefix(kind) + name }

    var content: [UInt8] {
        let columns = columns.map { JSON.object([("name", .string($0.name)), ("type", .string($0.type.name))]) }
        var entries: [(key: String, value: JSON)] = [("columns", .array(columns))]
        if !checks.isEmpty {
            let items = checks.map { JSON.object([("name", .string($0.name)), ("text", .string($0.text))]) }
            entries.append(("checks", .array(items)))
        }
        if !former.isEmpty { entries.append(("former", .array(former.map { .string($0) }))) }
        return Array(JSON.object(entries).text.utf8)
    }

    /// The names of the tables that are defined.
    static func names(_ kind: RowKind, _ graph: Graph) -> [String] {
        let prefix = prefix(kind)
        return graph.definitionNames.filter { $0.hasPrefix(prefix) }.map { String($0.dropFirst(prefix.count)) }
    }

    /// nil if there is no such definition.
    static func read(_ name: String, _ kind: RowKind, _ graph: Graph) -> TableDefinition? {
        guard let content = graph.definition(prefix(kind) + name),
            case .object(let entries)? = try? JSONParser.parse(String(decoding: content, as: UTF8.self)),
            case .array(let items)? = entries.first(where: { $0.key == "columns" })?.value
        else { return nil }
        let columns = pairs(items, "type").map { SQLTable.Column(name: $0.name, type: SQLType(named: $0.value) ?? .any) }
        var checks: [CheckConstraint] = []
        if case .array(let items)? = entries.first(where: { $0.key == "checks" })?.value {
            checks = pairs(items, "text").map { CheckConstraint(name: $0.name, text: $0.value) }
        }
        var former: [String] = []
        if case .array(let items)? = entries.first(where: { $0.key == "former" })?.value {
            former = items.compactMap { if case .string(let name) = $0 { name } else { nil } }
        }
        return TableDefinition(name: name, kind: kind, columns: columns, checks: checks, former: former)
    }

    /// Of objects the name and another entry.
    private static func pairs(_ items: [JSON], _ key: String) -> [(name: String, value: String)] {
        items.compactMap { item in
            guard case .object(let entries) = item, case .string(let name)? = entries.first(where: { $0.key == "name" })?.value,
                case .string(let value)? = entries.first(where: { $0.key == key })?.value
            else { return nil }
            return (name, value)
        }
    }
}
