// CREATE, DROP and SHOW of indexes and constraints.

import DeedEngine
import DeedSyntax
import DeedValues

extension QueryEngine {
    func runSchemaCommand(_ command: SchemaCommand) throws -> QueryResult {
        switch command {
        case .createIndex(let name, let ifNotExists, let isRelationship, let table, let properties, let isUnique):
            let (kind, number) = try intern(table: table, isRelationship: isRelationship)
            let keys = try properties.map { try intern(.propertyKey, $0.text) }
            try unlessExists(ifNotExists) { () throws(DeedError) in
                _ = try graph.createIndex(name: name?.text, kind, number, keys, unique: isUnique) { _, _ in true }
            }
        case .dropIndex(let name, let ifExists):
            try unlessMissing(ifExists) { () throws(DeedError) in try graph.dropIndex(name: name.text) }
        case .createConstraint(let name, let ifNotExists, let isRelationship, let table, let requirement):
            let (kind, number) = try intern(table: table, isRelationship: isRelationship)
            let constraint = try constraint(name?.text ?? "", kind, number, requirement)
            try unlessExists(ifNotExists) { () throws(DeedError) in _ = try graph.createConstraint(constraint) }
        case .dropConstraint(let name, let ifExists):
            try unlessMissing(ifExists) { () throws(DeedError) in try graph.dropConstraint(named: name.text) }
        case .showIndexes: return try indexList()
        case .showConstraints: return try constraintList()
        }
        return try QueryResult(columns: [], rows: [], graph)
    }

    func intern(_ kind: NameKind, _ name: String) throws -> NameId {
        var name = name
        let result = name.withUTF8 { bytes in
            Result { () throws(DeedError) in try graph.names.intern(kind, UnsafeRawBufferPointer(bytes)) }
        }
        return try result.get()
    }

    private func intern(table: Name, isRelationship: Bool) throws -> (RowKind, NameId) {
        (isRelationship ? .relationship : .entity,
            try intern(isRelationship ? .relationshipType : .collection, table.text))
    }

    func unlessExists(_ ignores: Bool, _ body: () throws(DeedError) -> Void) throws {
        do throws(DeedError) {
            try body()
        } catch {
            if !(ignores && error.status == .alreadyExists) { throw error }
        }
    }

    func unlessMissing(_ ignores: Bool, _ body: () throws(DeedError) -> Void) throws {
        do throws(DeedError) {
            try body()
        } catch {
            if !(ignores && error.status == .notFound) { throw error }
        }
    }

    private func constraint(
        _ name: String, _ kind: RowKind, _ table: NameId, _ requirement: ConstraintRequirement
    ) throws -> Constraint {
        switch requirement {
        case .unique(let properties): return try constraint(name, kind, table, properties, .unique)
        case .key(let properties): return try constraint(name, kind, table, properties, .primaryKey)
        case .notNull(let property): return try constraint(name, kind, table, [property], .required)
        case .type(let property, let type):
            return try constraint(name, kind, table, [property], .type(try types(type, at: property)))
        }
    }

    private func constraint(
        _ name: String, _ kind: RowKind, _ table: NameId, _ properties: [Name], _ rule: Constraint.Rule
    ) throws -> Constraint {
        Constraint(
            name: name, rowKind: kind, table: table, properties: try properties.map { try intern(.propertyKey, $0.text) },
            rule: rule)
    }

    private func types(_ text: String, at place: Name) throws -> TypeSet {
        let types: [ValueType]? =
            switch text.uppercased() {
            case "BOOLEAN", "BOOL": [.bool]
            case "INTEGER", "INT": [.int64]
            case "FLOAT": [.float64]
            case "DECIMAL", "NUMERIC": [.decimal]
            case "STRING": [.string]
            case "BYTES": [.bytes]
            case "DATE": [.date]
            case "LOCAL TIME", "TIME WITHOUT TIMEZONE": [.localTime]
            case "ZONED TIME", "TIME WITH TIMEZONE": [.zonedTime]
            case "LOCAL DATETIME", "TIMESTAMP WITHOUT TIMEZONE": [.localDatetime]
            case "ZONED DATETIME", "TIMESTAMP WITH TIMEZONE": [.zonedDatetime]
            case "DURATION": [.duration]
            case "LIST": [.list]
            case "MAP": [.map]
            case "VECTOR": [.vector]
            default: nil
            }
        guard let types else {
            throw QueryError(.syntaxError, "UnknownType", "there is no type `\(text)`", at: place.range)
        }
        return TypeSet(types)
    }

    // MARK: Lists

    private func names(_ kind: NameKind, _ numbers: [NameId]) -> Value {
        .list(numbers.map { .string(graph.names.text(kind, $0)?.string ?? "") })
    }

    private func tableName(_ kind: RowKind, _ number: NameId) -> Value {
        .string(graph.names.text(kind == .entity ? .collection : .relationshipType, number)?.string ?? "")
    }

    private func indexList() throws -> QueryResult {
        let rows = graph.readyIndexes.map { index -> [Value] in
            [
                .string(index.name), .string(index.rowKind == .entity ? "NODE" : "RELATIONSHIP"),
                tableName(index.rowKind, index.table), names(.propertyKey, index.properties), .bool(index.isUnique),
                .int(Int64(clamping: index.entryCount)),
            ]
        }
        return try QueryResult(
            columns: ["name", "entityType", "labelOrType", "properties", "unique", "entries"], rows: rows, graph)
    }

    private func constraintList() throws -> QueryResult {
        let rows = try graph.constraints().map { constraint -> [Value] in
            [
                .string(constraint.name), .string(constraint.kind.text),
                .string(constraint.rowKind == .entity ? "NODE" : "RELATIONSHIP"),
                tableName(constraint.rowKind, constraint.table), names(.propertyKey, constraint.properties),
            ]
        }
        return try QueryResult(columns: ["name", "type", "entityType", "labelOrType", "properties"], rows: rows, graph)
    }
}
