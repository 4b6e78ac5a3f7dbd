// What CREATE TABLE says beyond constraints, as the store keeps it: the columns in their order, and their types by SQL's names, as JSON.

import DeedEngine
import DeedPlanner
import DeedValues

struct TableDefinition {
    let name: String
    let kind: RowKind
    let columns: [SQLTable.Column]

    /// Of the names of definitions that are tables of entities, or of relationships.
    private static func prefix(_ kind: RowKind) -> String { kind == .entity ? "sql table " : "sql edge table " }

    var definitionName: String { Self.prefix(kind) + name }

    var content: [UInt8] {
        let columns = columns.map { JSON.object([("name", .string($0.name)), ("type", .string($0.type.name))]) }
        return Array(JSON.object([("columns", .array(columns))]).text.utf8)
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
        let columns = items.compactMap { item -> SQLTable.Column? in
            guard case .object(let entries) = item, case .string(let name)? = entries.first(where: { $0.key == "name" })?.value,
                case .string(let type)? = entries.first(where: { $0.key == "type" })?.value
            else { return nil }
            return SQLTable.Column(name: name, type: SQLType(named: type) ?? .any)
        }
        return TableDefinition(name: name, kind: kind, columns: columns)
    }
}
