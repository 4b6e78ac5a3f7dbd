// The planner's view of a graph: names, indexes and numbers of rows.

import DeedEngine
import DeedExecution
import DeedPlanner
import DeedValues

struct GraphCatalog: PlannerCatalog {
    let view: GraphView
    let procedures: Procedures
    let used = PlanningNotes()
    /// Statistics of so many tables together are worth looking at.
    private static let tablesMax = 16

    /// What a plan was made of; and what was looked up for it, which is asked for again and again.
    final class PlanningNotes {
        private(set) var sizes: [TableState] = []
        private(set) var values: [PropertyStatistics] = []
        private var tables: Set<NameId> = []
        private var collections: [NameKey?: [NameId]] = [:]

        fileprivate func collections(label: String?, _ view: GraphView) -> [NameId] {
            let key = label.map { NameKey($0) }
            if let known = collections[key] { return known }
            let found = view.collections(label: label)
            collections[key] = found
            return found
        }

        fileprivate func note(_ collection: NameId, _ view: GraphView) {
            if tables.insert(collection).inserted, let state = view.graph.tableState(.entity, collection) { sizes.append(state) }
        }

        /// Of tables without a definition the properties that `*` stood for.
        private(set) var open: [OpenTable] = []

        fileprivate func note(_ kind: RowKind, _ table: NameId, _ keys: [NameId]) {
            open.append(OpenTable(kind: kind, table: table, keys: keys))
        }

        fileprivate func note(_ statistics: PropertyStatistics) {
            if !values.contains(where: { $0 === statistics }) { values.append(statistics) }
        }
    }

    func procedure(named name: String) -> ProcedureShape? {
        guard let signature = procedures.named(name)?.signature else { return nil }
        return ProcedureShape(
            name: signature.name, inputs: signature.inputs.map { ($0.name, $0.type) },
            outputs: signature.outputs.map { ($0.name, $0.type) }, writes: signature.writes)
    }

    var procedureNames: [String] { procedures.names }

    func names(of kind: CatalogName) -> [String] {
        let kind: NameKind =
            switch kind {
            case .label: .collection
            case .relationshipType: .relationshipType
            case .property: .propertyKey
            }
        let names = view.graph.names
        return (0..<names.count(kind)).compactMap { names.text(kind, NameId($0))?.string }
    }

    func mayExist(_ kind: CatalogName, _ name: String) -> Bool {
        switch kind {
        case .label: !view.collections(label: name).isEmpty
        case .relationshipType: !view.relationshipTypes([name]).isEmpty
        case .property: view.propertyKey(name) != nil
        }
    }

    func hasIndex(label: String, properties: [String]) -> Bool {
        // Entities that have the label without belonging to its collection are in no index of it. Those that belong to it
        // without having the label any more are found, and the planner asks for their labels.
        guard let collection = view.onlyCollection(label: label) else { return false }
        var keys: [NameId] = []
        for property in properties {
            guard let key = view.propertyKey(property) else { return false }
            keys.append(key)
        }
        return view.hasIndex(.entity, collection, keys)
    }

    func entityCount(label: String?) -> Double {
        let collections = self.collections(label: label)
        if label != nil { for collection in collections { used.note(collection, view) } }
        return Double(collections.reduce(0) { $0 + view.rowCount(.entity, $1) })
    }

    func relationshipCount(types: [String]) -> Double {
        let tables = types.isEmpty ? view.allRelationshipTypes() : view.relationshipTypes(types)
        return Double(tables.reduce(0) { $0 + view.rowCount(.relationship, $1) })
    }

    func relationshipCount(types: [String], from source: String?, to target: String?) -> Double {
        let (sources, targets) = (limited(source), limited(target))
        if sources == nil && targets == nil { return relationshipCount(types: types) }
        let tables = types.isEmpty ? view.allRelationshipTypes() : view.relationshipTypes(types)
        return tables.reduce(0) { sum, type in
            let count = Double(view.rowCount(.relationship, type))
            guard count > 0, let ends = view.graph.endStatistics(type) else { return sum + count }
            // Of what the sample does not have, less than one of its rows.
            return sum + count * max(ends.part(from: sources, to: targets), 0.5 / Double(max(ends.sampledRows, 1)))
        }
    }

    private func collections(label: String?) -> [NameId] { used.collections(label: label, view) }

    /// The collections that entities with the label may be in; nil if that is all of them.
    private func limited(_ label: String?) -> [NameId]? {
        guard let label else { return nil }
        let collections = self.collections(label: label)
        return collections.count == self.collections(label: nil).count ? nil : collections
    }

    func statistics(of property: String, labels: [String]) -> [PropertyStatistics] {
        var collections = self.collections(label: labels.first)
        for label in labels.dropFirst() {
            let own = self.collections(label: label)
            collections = collections.filter { own.contains($0) }
        }
        return statistics(.entity, collections, property)
    }

    func statistics(of property: String, types: [String]) -> [PropertyStatistics] {
        statistics(.relationship, types.isEmpty ? view.allRelationshipTypes() : view.relationshipTypes(types), property)
    }

    private func statistics(_ kind: RowKind, _ tables: [NameId], _ property: String) -> [PropertyStatistics] {
        guard tables.count <= Self.tablesMax, let key = view.propertyKey(property) else { return [] }
        return tables.compactMap { table in
            let found = view.graph.propertyStatistics(kind, table, key)
            if let found { used.note(found) }
            return found
        }
    }

    // MARK: Tables of SQL

    var tableNames: [String] { found(\.name) + views.map(\.name) }

    /// The file of the store without what stands behind a dot, as other embedded databases have it.
    var databaseName: String {
        let file = view.graph.path?.split(separator: "/").last ?? "memory"
        let name = file.prefix { $0 != "." }
        return String(name.isEmpty ? file : name)
    }

    /// Each with its number.
    var allTables: [(kind: RowKind, number: NameId, table: SQLTable)] { found { $0 }.map { ($0.kind, $0.number, table($0)) } }

    private func found<Result>(_ body: (SQLName.Table) -> Result) -> [Result] {
        [RowKind.entity, .relationship].flatMap { kind in
            tables(kind).compactMap { number in
                guard let name = view.graph.names.text(kind.nameKind, number)?.string, name.utf8.first ?? 0 != 0 else { return nil }
                return body(SQLName.Table(kind: kind, number: number, name: name))
            }
        }
    }

    func table(named name: String) -> SQLTable? {
        SQLName.find(name, in: found { $0 }, { $0.name }).map(table)
    }

    private func table(_ table: SQLName.Table) -> SQLTable {
        let (kind, number) = (table.kind, table.number)
        let (types, defaults) = rules(kind, number)
        let keys = view.graph.propertyKeys(kind, number)
        func column(_ name: String, _ key: NameId?, _ declared: SQLType?) -> SQLTable.Column {
            SQLTable.Column(
                name: name, type: declared ?? key.flatMap { types[$0] } ?? .any, defaultValue: key.flatMap { defaults[$0] })
        }
        let properties = keys.compactMap { key in
            view.graph.names.text(.propertyKey, key).map { column($0.string, key, nil) }
        }
        guard let definition = TableDefinition.read(table.name, kind, view.graph) else {
            used.note(kind, number, keys)
            return SQLTable(name: table.name, isRelationship: kind == .relationship, columns: properties, others: [])
        }
        let columns = definition.columns.map { column($0.name, view.propertyKey($0.name), $0.type) }
        let others = properties.filter { property in
            !columns.contains { $0.name.utf8.elementsEqual(property.name.utf8) }
                && !definition.former.contains { $0.utf8.elementsEqual(property.name.utf8) }
        }
        return SQLTable(name: table.name, isRelationship: kind == .relationship, columns: columns, others: others)
    }

    var views: [SQLView] {
        view.graph.definitionNames.filter { $0.hasPrefix(ViewDefinition.prefix) }.compactMap { name in
            view.graph.definition(name).flatMap { ViewDefinition(decoding: $0, as: name)?.view }
        }
    }

    func view(named name: String) -> SQLView? { SQLName.find(name, in: views, { $0.name }) }

    /// Those that are defined, have rows, or have indexes or constraints.
    private func tables(_ kind: RowKind) -> [NameId] {
        let graph = view.graph
        let defined = TableDefinition.names(kind, graph).compactMap { name in number(kind, name) }
        let constrained = graph.schema.objects.lazy.filter { $0.rowKind == kind && $0.kind != .definition }.map(\.table)
        let filled = (kind == .entity ? view.collections(label: nil) : view.allRelationshipTypes())
            .filter { view.rowCount(kind, $0) > 0 }
        return Set(defined).union(constrained).union(filled).sorted()
    }

    private func number(_ kind: RowKind, _ name: String) -> NameId? {
        var name = name
        return name.withUTF8 { view.graph.names.lookup(kind.nameKind, UnsafeRawBufferPointer($0)) }
    }

    /// What constraints say of single columns.
    private func rules(_ kind: RowKind, _ table: NameId) -> (types: [NameId: SQLType], defaults: [NameId: Value]) {
        var (types, defaults): ([NameId: SQLType], [NameId: Value]) = ([:], [:])
        for constraint in (try? view.graph.constraints()) ?? [] where constraint.rowKind == kind && constraint.table == table {
            guard let key = constraint.properties.first else { continue }
            switch constraint.rule {
            case .type(let set): types[key] = SQLType(set)
            case .defaultValue(let value): defaults[key] = try? Value(value.cell)
            default: break
            }
        }
        return (types, defaults)
    }
}

extension SQLName {
    /// A collection or relationship type.
    fileprivate struct Table {
        let kind: RowKind
        let number: NameId
        let name: String
    }
}

/// A table whose columns are the properties that its rows have.
struct OpenTable: Sendable {
    let kind: RowKind
    let table: NameId
    let keys: [NameId]

    func isSame(in graph: Graph) -> Bool { graph.propertyKeys(kind, table) == keys }
}

extension RowKind {
    fileprivate var nameKind: NameKind { self == .entity ? .collection : .relationshipType }
}
