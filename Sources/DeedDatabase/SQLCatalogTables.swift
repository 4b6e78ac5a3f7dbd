// The catalogue tables of SQL: `information_schema`, and the tables of `pg_catalog` that tools look at. Each is described once, by its
// name, its columns as a signature of a procedure writes them, and what makes its rows of the schema. They are procedures (which
// lists of these leave out), so that they are planned as every CALL is; in FROM they are found by their names.
//
// PostgreSQL's own tables have more columns; those that would say nothing here are not there. `pg_catalog.deed_definitions` is what
// the functions that give definitions look into (SQLBinder+CatalogFunctions).

import DeedEngine
import DeedExecution
import DeedPlanner
import DeedValues

struct SQLCatalogTable: Procedure {
    let signature: ProcedureSignature
    var isListed: Bool { false }
    private let body: @Sendable (SQLSchema) -> [[Value]]

    private init(_ name: String, _ columns: [(String, String)], _ body: @escaping @Sendable (SQLSchema) -> [[Value]]) {
        signature = ProcedureSignature(name: name, outputs: columns.map { ProcedureSignature.Field($0.0, $0.1) })
        self.body = body
    }

    func rows(_ arguments: [Value], _ context: QueryContext) throws -> [[Value]] {
        body(try SQLSchema(GraphCatalog(view: context.view, procedures: context.procedures)))
    }

    /// As the tables tell of itself.
    func relation(oid: Int64) -> SQLSchema.Relation {
        let parts = signature.name.split(separator: ".").map { String($0) }
        let columns = signature.outputs.map { SQLSchema.Column(name: $0.name, type: SQLType(procedureType: $0.type)) }
        return SQLSchema.Relation(oid: oid, schema: parts[0], name: parts[1], kind: .catalog, columns: columns)
    }

    static let all = informationSchema + postgres

    // MARK: information_schema

    private static let informationSchema: [SQLCatalogTable] = [
        table("information_schema.schemata", "catalog_name, schema_name, schema_owner") { schema in
            SQLSchema.schemas.map { [text(schema.database), text($0.name), text(SQLSchema.owner)] }
        },
        table("information_schema.tables", "table_catalog, table_schema, table_name, table_type, is_insertable_into") { schema in
            schema.relations.map { relation in
                [
                    text(schema.database), text(relation.schema), text(relation.name),
                    text(relation.kind == .table ? "BASE TABLE" : "VIEW"), yes(relation.kind == .table),
                ]
            }
        },
        table(
            "information_schema.columns",
            "table_catalog, table_schema, table_name, column_name, ordinal_position :: INTEGER, column_default, is_nullable, data_type, "
                + "character_maximum_length :: INTEGER, numeric_precision :: INTEGER, numeric_scale :: INTEGER, "
                + "datetime_precision :: INTEGER, udt_name, is_identity, is_generated, is_updatable", columns),
        table(
            "information_schema.table_constraints",
            "constraint_catalog, constraint_schema, constraint_name, table_catalog, table_schema, table_name, constraint_type, "
                + "is_deferrable, initially_deferred, enforced"
        ) { schema in
            schema.constraints.map { constraint in
                let place = [text(schema.database), text(SQLSchema.userSchema)]
                return place + [text(constraint.name)] + place
                    + [text(constraint.relation.name), text(constraint.kind.long), yes(false), yes(false), yes(true)]
            }
        },
        table(
            "information_schema.check_constraints", "constraint_catalog, constraint_schema, constraint_name, check_clause"
        ) { schema in
            schema.constraints.filter { $0.kind.short == "c" }.map { constraint in
                let clause = constraint.definition.dropFirst("CHECK ".utf8.count)
                return [text(schema.database), text(SQLSchema.userSchema), text(constraint.name), text(String(clause))]
            }
        },
        table(
            "information_schema.key_column_usage",
            "constraint_catalog, constraint_schema, constraint_name, table_catalog, table_schema, table_name, column_name, "
                + "ordinal_position :: INTEGER, position_in_unique_constraint :: INTEGER"
        ) { schema in
            schema.constraints.filter { $0.kind.short != "c" }.flatMap { constraint in
                let place = [text(schema.database), text(SQLSchema.userSchema)]
                return constraint.columns.enumerated().map { index, column in
                    place + [text(constraint.name)] + place
                        + [text(constraint.relation.name), text(column), .int(Int64(index + 1)), .null]
                }
            }
        },
        table(
            "information_schema.referential_constraints",
            "constraint_catalog, constraint_schema, constraint_name, unique_constraint_catalog, unique_constraint_schema, "
                + "unique_constraint_name, match_option, update_rule, delete_rule"
        ) { _ in [] },
        table(
            "information_schema.views",
            "table_catalog, table_schema, table_name, view_definition, check_option, is_updatable, is_insertable_into"
        ) { schema in
            schema.views.map { view in
                [
                    text(schema.database), text(view.schema), text(view.name), text(view.text ?? ""), text("NONE"), yes(false), yes(false),
                ]
            }
        },
        table(
            "information_schema.sequences",
            "sequence_catalog, sequence_schema, sequence_name, data_type, start_value, minimum_value, maximum_value, increment, "
                + "cycle_option"
        ) { _ in [] },
    ]

    @Sendable private static func columns(_ schema: SQLSchema) -> [[Value]] {
        schema.relations.flatMap { relation in
            relation.columns.enumerated().map { index, column -> [Value] in
                let type = SQLTypeNumber.of(column.type)
                let isInteger = column.type == .integer
                return [
                    text(schema.database), text(relation.schema), text(relation.name), text(column.name), .int(Int64(index + 1)),
                    column.defaultText.map(text) ?? .null, yes(!column.isRequired),
                    text(type.elementOid == nil ? column.type.name : "ARRAY"), .null,
                    isInteger ? .int(64) : column.type == .float ? .int(53) : .null, isInteger ? .int(0) : .null,
                    column.type.isMoment ? .int(column.type == .date ? 0 : 9) : .null, text(type.name), yes(false), text("NEVER"),
                    yes(relation.kind == .table && !column.name.utf8.starts(with: "_".utf8)),
                ]
            }
        }
    }

    // MARK: pg_catalog

    private static let postgres: [SQLCatalogTable] = [
        table("pg_catalog.pg_namespace", "oid :: INTEGER, nspname, nspowner :: INTEGER") { _ in
            SQLSchema.schemas.map { [.int($0.oid), text($0.name), .int(10)] }
        },
        table("pg_catalog.pg_database", "oid :: INTEGER, datname, datdba :: INTEGER, encoding :: INTEGER, datcollate, datctype, "
            + "datistemplate :: BOOLEAN, datallowconn :: BOOLEAN") { schema in
            [[.int(1), text(schema.database), .int(10), .int(6), text("C"), text("C"), .bool(false), .bool(true)]]
        },
        table(
            "pg_catalog.pg_class",
            "oid :: INTEGER, relname, relnamespace :: INTEGER, reltype :: INTEGER, relowner :: INTEGER, relam :: INTEGER, "
                + "reltuples :: FLOAT, relhasindex :: BOOLEAN, relkind, relnatts :: INTEGER, relchecks :: INTEGER, relpersistence, "
                + "relispartition :: BOOLEAN, relhasrules :: BOOLEAN, relhastriggers :: BOOLEAN, relrowsecurity :: BOOLEAN", classes),
        table(
            "pg_catalog.pg_attribute",
            "attrelid :: INTEGER, attname, atttypid :: INTEGER, attnum :: INTEGER, attlen :: INTEGER, atttypmod :: INTEGER, "
                + "attndims :: INTEGER, attnotnull :: BOOLEAN, atthasdef :: BOOLEAN, attisdropped :: BOOLEAN, attidentity, attgenerated, "
                + "attcollation :: INTEGER", attributes),
        table("pg_catalog.pg_attrdef", "oid :: INTEGER, adrelid :: INTEGER, adnum :: INTEGER, adbin") { schema in
            schema.relations.flatMap { relation in
                relation.columns.enumerated().compactMap { index, column in
                    column.defaultText.map { [.int(relation.oid), .int(relation.oid), .int(Int64(index + 1)), text($0)] }
                }
            }
        },
        table(
            "pg_catalog.pg_type",
            "oid :: INTEGER, typname, typnamespace :: INTEGER, typowner :: INTEGER, typlen :: INTEGER, typtype, typcategory, "
                + "typelem :: INTEGER, typarray :: INTEGER, typrelid :: INTEGER, typbasetype :: INTEGER, typnotnull :: BOOLEAN"
        ) { _ in
            SQLTypeNumber.all.map { type in
                [
                    .int(type.oid), text(type.name), .int(11), .int(10), .int(type.size), text(type.name == "any" ? "p" : "b"),
                    text(type.category), .int(type.elementOid ?? 0), .int(type.listOid ?? 0), .int(0), .int(0), .bool(false),
                ]
            }
        },
        table(
            "pg_catalog.pg_index",
            "indexrelid :: INTEGER, indrelid :: INTEGER, indnatts :: INTEGER, indnkeyatts :: INTEGER, indisunique :: BOOLEAN, "
                + "indisprimary :: BOOLEAN, indisvalid :: BOOLEAN, indkey :: LIST, indexprs, indpred"
        ) { schema in
            schema.indexes.map { index in
                let count = Value.int(Int64(index.columns.count))
                return [
                    .int(index.oid), .int(index.relation.oid), count, count, .bool(index.isUnique), .bool(index.isPrimary), .bool(true),
                    positions(index.columns, index.relation), .null, .null,
                ]
            }
        },
        table(
            "pg_catalog.pg_constraint",
            "oid :: INTEGER, conname, connamespace :: INTEGER, contype, condeferrable :: BOOLEAN, condeferred :: BOOLEAN, "
                + "convalidated :: BOOLEAN, conrelid :: INTEGER, conindid :: INTEGER, confrelid :: INTEGER, conkey :: LIST, confkey :: LIST"
        ) { schema in
            schema.constraints.map { constraint in
                [
                    .int(constraint.oid), text(constraint.name), .int(2_200), text(constraint.kind.short), .bool(false), .bool(false),
                    .bool(true), .int(constraint.relation.oid), .int(0), .int(0), positions(constraint.columns, constraint.relation), .null,
                ]
            }
        },
        table("pg_catalog.pg_description", "objoid :: INTEGER, classoid :: INTEGER, objsubid :: INTEGER, description") { _ in [] },
        table(
            "pg_catalog.pg_tables",
            "schemaname, tablename, tableowner, tablespace, hasindexes :: BOOLEAN, hasrules :: BOOLEAN, hastriggers :: BOOLEAN, "
                + "rowsecurity :: BOOLEAN"
        ) { schema in
            schema.relations.filter { $0.kind == .table }.map { table in
                [
                    text(table.schema), text(table.name), text(SQLSchema.owner), .null, .bool(schema.hasIndexes(table)), .bool(false),
                    .bool(false), .bool(false),
                ]
            }
        },
        table("pg_catalog.pg_views", "schemaname, viewname, viewowner, definition") { schema in
            schema.views.map { [text($0.schema), text($0.name), text(SQLSchema.owner), text($0.text ?? "")] }
        },
        table("pg_catalog.pg_indexes", "schemaname, tablename, indexname, tablespace, indexdef") { schema in
            schema.indexes.map { index in
                [text(SQLSchema.userSchema), text(index.relation.name), text(index.name), .null, text(index.definition)]
            }
        },
        table("pg_catalog.deed_definitions", "oid :: INTEGER, definition") { schema in
            schema.constraints.map { [.int($0.oid), text($0.definition)] } + schema.indexes.map { [.int($0.oid), text($0.definition)] }
                + schema.views.map { [.int($0.oid), text($0.text ?? "")] } + SQLTypeNumber.all.map { [.int($0.oid), text($0.type.name)] }
        },
    ]

    @Sendable private static func classes(_ schema: SQLSchema) -> [[Value]] {
        func row(
            _ oid: Int64, _ name: String, in namespace: String, rows: Int64, hasIndex: Bool, kind: String, columns: Int, checks: Int
        ) -> [Value] {
            let place = SQLSchema.schemas.first { $0.name == namespace }?.oid ?? 0
            return [
                .int(oid), text(name), .int(place), .int(0), .int(10), .int(0), .float(Double(rows)), .bool(hasIndex), text(kind),
                .int(Int64(columns)), .int(Int64(checks)), text("p"), .bool(false), .bool(false), .bool(false), .bool(false),
            ]
        }
        let relations = schema.relations.map { relation in
            row(
                relation.oid, relation.name, in: relation.schema, rows: relation.rowCount, hasIndex: schema.hasIndexes(relation),
                kind: relation.kind == .table ? "r" : "v", columns: relation.columns.count,
                checks: schema.constraints.count { $0.relation.oid == relation.oid && $0.kind.short == "c" })
        }
        return relations + schema.indexes.map { index in
            row(
                index.oid, index.name, in: SQLSchema.userSchema, rows: index.relation.rowCount, hasIndex: false, kind: "i",
                columns: index.columns.count, checks: 0)
        }
    }

    @Sendable private static func attributes(_ schema: SQLSchema) -> [[Value]] {
        schema.relations.flatMap { relation in
            relation.columns.enumerated().map { index, column -> [Value] in
                let type = SQLTypeNumber.of(column.type)
                return [
                    .int(relation.oid), text(column.name), .int(type.oid), .int(Int64(index + 1)), .int(type.size), .int(-1),
                    .int(type.elementOid == nil ? 0 : 1), .bool(column.isRequired), .bool(column.defaultText != nil), .bool(false),
                    text(""), text(""), .int(0),
                ]
            }
        }
    }

    // MARK: Values

    /// Columns without a type are texts.
    private static func table(
        _ name: String, _ columns: String, _ body: @escaping @Sendable (SQLSchema) -> [[Value]]
    ) -> SQLCatalogTable {
        let fields = columns.split(separator: ",").map { field -> (String, String) in
            let words = field.split(whereSeparator: { $0 == " " || $0 == ":" })
            return (String(words[0]), words.count > 1 ? String(words[1]) : "STRING")
        }
        return SQLCatalogTable(name, fields, body)
    }

    @Sendable private static func text(_ text: String) -> Value { .string(text) }
    private static func yes(_ isTrue: Bool) -> Value { .string(isTrue ? "YES" : "NO") }

    private static func positions(_ columns: [String], _ relation: SQLSchema.Relation) -> Value {
        .list(columns.map { relation.position(of: $0).map { .int($0) } ?? .int(0) })
    }
}

extension SQLSchema {
    var views: [Relation] { relations.filter { $0.kind == .view } }

    func hasIndexes(_ relation: Relation) -> Bool { indexes.contains { $0.relation.oid == relation.oid } }
}

/// A type by the number that PostgreSQL has given it.
private struct SQLTypeNumber {
    let type: SQLType
    let oid: Int64
    /// As `pg_type` has it.
    let name: String
    let category: String
    let size: Int64
    var elementOid: Int64?
    var listOid: Int64?

    /// A type, and lists of it.
    private static let pairs: [(SQLType, Int64, String, String, Int64, list: Int64)] = [
        (.bool, 16, "bool", "B", 1, 1_000), (.bytes, 17, "bytea", "U", -1, 1_001), (.integer, 20, "int8", "N", 8, 1_016),
        (.text, 25, "text", "S", -1, 1_009), (.float, 701, "float8", "N", 8, 1_022), (.date, 1_082, "date", "D", 4, 1_182),
        (.time, 1_083, "time", "D", 8, 1_183), (.timestamp, 1_114, "timestamp", "D", 8, 1_115),
        (.timestampWithZone, 1_184, "timestamptz", "D", 8, 1_185), (.interval, 1_186, "interval", "T", 16, 1_187),
        (.timeWithZone, 1_266, "timetz", "D", 12, 1_270), (.map, 3_802, "jsonb", "U", -1, 3_807), (.any, 2_276, "any", "P", 4, 2_277),
    ]

    static let all: [SQLTypeNumber] = pairs.flatMap { type, oid, name, category, size, list in
        [
            SQLTypeNumber(type: type, oid: oid, name: name, category: category, size: size, listOid: list),
            SQLTypeNumber(
                type: .list(type), oid: list, name: type == .any ? "anyarray" : "_" + name, category: "A", size: -1, elementOid: oid),
        ]
    }

    /// What has no number of its own is `any`.
    static func of(_ type: SQLType) -> SQLTypeNumber {
        let isList = if case .list = type { true } else { false }
        return all.first { $0.type == type } ?? all.first { $0.type == (isList ? .list(.any) : .any) } ?? all[0]
    }
}
