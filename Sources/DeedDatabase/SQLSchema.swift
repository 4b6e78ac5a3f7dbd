// The schema as SQL's catalogue tables tell of it (SQLCatalogTables), gathered anew whenever one of them is read: tables and views with
// their columns, and what constraints and indexes say of them.
//
// Numbers of objects (`oid`) follow from those that the store has given, so that they stay the same as long as the object is there.

import DeedEngine
import DeedPlanner
import DeedSyntax
import DeedValues

struct SQLSchema {
    struct Column {
        let name: String
        let type: SQLType
        var isRequired = false
        var defaultText: String?
    }

    struct Relation {
        enum Kind { case table, view, catalog }
        let oid: Int64
        let schema: String
        let name: String
        let kind: Kind
        var columns: [Column]
        var rowCount: Int64 = 0
        /// The query of a view.
        var text: String?

        func position(of column: String) -> Int64? {
            columns.firstIndex { $0.name.utf8.elementsEqual(column.utf8) }.map { Int64($0 + 1) }
        }
    }

    struct Constraint {
        /// As `pg_constraint` writes the kind, and as `information_schema` does.
        let kind: (short: String, long: String)
        let oid: Int64
        let name: String
        let relation: Relation
        let columns: [String]
        let definition: String
    }

    struct Index {
        let oid: Int64
        let name: String
        let relation: Relation
        let columns: [String]
        let isUnique: Bool
        let isPrimary: Bool

        var definition: String {
            let list = columns.map(SQLSchema.quoted).joined(separator: ", ")
            let table = "\(SQLSchema.userSchema).\(SQLSchema.quoted(relation.name))"
            return "CREATE \(isUnique ? "UNIQUE " : "")INDEX \(SQLSchema.quoted(name)) ON \(table) (\(list))"
        }
    }

    /// Where the tables of users are.
    static let userSchema = "public"
    static let schemas: [(oid: Int64, name: String)] = [(11, "pg_catalog"), (2_200, userSchema), (13_000, "information_schema")]
    static let owner = "deed"

    let database: String
    private(set) var relations: [Relation] = []
    private(set) var constraints: [Constraint] = []
    private(set) var indexes: [Index] = []
    private let graph: Graph

    init(_ catalog: GraphCatalog) throws {
        (database, graph) = (catalog.databaseName, catalog.view.graph)
        let rules = try graph.constraints()
        var places: [String: Int] = [:]
        for (kind, number, table) in catalog.allTables {
            places[Self.place(kind, number)] = relations.count
            relations.append(relation(table, kind, number, rules, rows: Int64(clamping: catalog.view.rowCount(kind, number))))
        }
        for view in catalog.views { relations.append(relation(view, catalog)) }
        let numbers = Dictionary(graph.schema.objects.map { ($0.name, $0.number) }, uniquingKeysWith: { first, _ in first })
        var primary: Set<String> = []
        for rule in rules {
            guard let place = places[Self.place(rule.rowKind, rule.table)], let kind = Self.kind(rule.kind) else { continue }
            let columns = rule.properties.compactMap(name)
            if rule.kind == .primaryKey { primary.insert(Self.place(rule.rowKind, rule.table) + columns.joined(separator: "\0")) }
            constraints.append(
                Constraint(
                    kind: kind, oid: Self.oid(numbers[rule.name] ?? 0, .object), name: rule.name, relation: relations[place],
                    columns: columns, definition: definition(rule, columns)))
        }
        for index in graph.readyIndexes {
            guard let place = places[Self.place(index.rowKind, index.table)] else { continue }
            let columns = index.properties.compactMap(name)
            let isPrimary = primary.contains(Self.place(index.rowKind, index.table) + columns.joined(separator: "\0"))
            indexes.append(
                Index(
                    oid: Self.oid(index.number, .index), name: index.name, relation: relations[place], columns: columns,
                    isUnique: index.isUnique, isPrimary: isPrimary))
        }
        relations += SQLCatalogTable.all.enumerated().map { $1.relation(oid: Int64(12_000 + $0)) }
    }

    // MARK: Tables

    private func relation(
        _ table: SQLTable, _ kind: RowKind, _ number: NameId, _ rules: [DeedEngine.Constraint], rows: Int64
    ) -> Relation {
        let own = rules.filter { $0.rowKind == kind && $0.table == number }
        var columns = table.columns.map { column in
            let required = own.contains { rule in
                (rule.kind == .required || rule.kind == .primaryKey) && rule.properties.compactMap(name).contains(column.name)
            }
            return Column(
                name: column.name, type: column.type, isRequired: required, defaultText: column.defaultValue.map(Self.literal))
        }
        let ends = table.isRelationship ? ["_src", "_dst"] : []
        columns += (["_id"] + ends).map { Column(name: $0, type: .integer, isRequired: true) }
        return Relation(
            oid: Self.oid(number, kind == .entity ? .entity : .relationship), schema: Self.userSchema, name: table.name, kind: .table,
            columns: columns, rowCount: rows)
    }

    /// A view whose tables have gone away has no columns.
    private func relation(_ view: SQLView, _ catalog: GraphCatalog) -> Relation {
        let number = graph.schema.object(named: ViewDefinition(view).name)?.number ?? 0
        var outputs: [SQLOutput] = []
        if case .select(let query)? = (try? parseSQL(view.text))?.kind {
            outputs = (try? Planner(catalog: catalog).columns(of: query)) ?? []
        }
        let columns = outputs.enumerated().map { index, output in
            Column(name: index < view.columns.count ? view.columns[index] : output.name, type: output.type)
        }
        return Relation(
            oid: Self.oid(number, .object), schema: Self.userSchema, name: view.name, kind: .view, columns: columns, text: view.text)
    }

    private func name(_ key: NameId) -> String? { graph.names.text(.propertyKey, key)?.string }

    private static func place(_ kind: RowKind, _ table: NameId) -> String { "\(kind) \(table)" }

    private enum Numbered: Int64 { case entity, relationship, object, index }

    private static func oid(_ number: UInt32, _ kind: Numbered) -> Int64 { 16_384 + Int64(number) * 4 + kind.rawValue }

    // MARK: Constraints

    /// nil for those that SQL says of the column, and for rules of relationships, of which it knows none.
    private static func kind(_ kind: DeedEngine.Constraint.Kind) -> (String, String)? {
        switch kind {
        case .primaryKey: ("p", "PRIMARY KEY")
        case .unique: ("u", "UNIQUE")
        case .range, .oneOf, .length: ("c", "CHECK")
        default: nil
        }
    }

    private func definition(_ rule: DeedEngine.Constraint, _ columns: [String]) -> String {
        let list = columns.map(Self.quoted).joined(separator: ", ")
        func text(_ value: StoredValue) -> String { (try? Value(value.cell)).map(Self.literal) ?? "NULL" }
        switch rule.rule {
        case .primaryKey: return "PRIMARY KEY (\(list))"
        case .unique: return "UNIQUE (\(list))"
        case .oneOf(let values): return "CHECK (\(list) IN (\(values.map(text).joined(separator: ", "))))"
        case .range(let lower, let upper):
            let terms = [
                lower.map { "\(list) \($0.isInclusive ? ">=" : ">") \(text($0.value))" },
                upper.map { "\(list) \($0.isInclusive ? "<=" : "<") \(text($0.value))" },
            ]
            return "CHECK (\(terms.compactMap { $0 }.joined(separator: " AND ")))"
        case .length(let least, let most):
            let upper = most.map { " AND length(\(list)) <= \($0)" } ?? ""
            return "CHECK (length(\(list)) >= \(least)\(upper))"
        default: return ""
        }
    }

    // MARK: Texts

    /// A name as SQL wants it: in double quotes unless it is what it would be without.
    static func quoted(_ name: String) -> String {
        let isPlain = name.utf8.enumerated().allSatisfy { index, byte in
            UInt8(ascii: "a")...UInt8(ascii: "z") ~= byte || byte == UInt8(ascii: "_")
                || index > 0 && UInt8(ascii: "0")...UInt8(ascii: "9") ~= byte
        }
        if isPlain && !name.isEmpty { return name }
        return "\"" + name.split(separator: "\"", omittingEmptySubsequences: false).joined(separator: "\"\"") + "\""
    }

    static func literal(_ value: Value) -> String {
        switch value {
        case .null: return "NULL"
        case .bool(let value): return value ? "true" : "false"
        case .int(let value): return "\(value)"
        case .float(let value): return ValueText.float(value)
        default:
            let text = value.scalarText ?? ValueText.literal(value)
            return "'" + text.split(separator: "'", omittingEmptySubsequences: false).joined(separator: "''") + "'"
        }
    }
}
