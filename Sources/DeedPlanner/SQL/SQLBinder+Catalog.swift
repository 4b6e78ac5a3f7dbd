// The catalogue: `information_schema` and `pg_catalog`, whose tables are procedures of the same names, and the functions that tools call
// beside them. A function is a text of SQL, in which "$1" stands for its first argument.

import DeedEngine
import DeedExecution
import DeedSyntax
import DeedValues

extension SQLType {
    /// By the name that signatures of procedures give it.
    package init(procedureType name: String) {
        let name = name.uppercased()
        self =
            switch name.hasSuffix("?") ? String(name.dropLast()) : name {
            case "STRING": .text
            case "INTEGER", "INT": .integer
            case "FLOAT": .float
            case "BOOLEAN", "BOOL": .bool
            case "LIST": .list(.any)
            case "MAP": .map
            default: .any
            }
    }
}

extension SQLBinder {
    // MARK: Tables

    static let userSchema = "public"
    private static let catalogSchemas = ["information_schema", "pg_catalog"]

    /// The schema that a name is qualified by; nil if it is not. There is one database, whose name may stand before.
    func schema(of name: ObjectName) throws -> String? {
        let parts = name.parts
        if parts.count == 1 { return nil }
        if parts.count > 3 { throw failure("UndefinedTable", "a name has at most a database and a schema before it", at: name.range) }
        if parts.count == 3, !SQLName.areSame(parts[0].text, core.catalog.databaseName) {
            let known = core.catalog.databaseName
            throw failure("UndefinedDatabase", "there is no database \"\(parts[0].text)\"; this one is \"\(known)\"", at: parts[0].range)
        }
        let schema = parts[parts.count - 2]
        let known = Self.catalogSchemas + [Self.userSchema]
        guard let found = SQLName.find(schema.text, in: known, { $0 }) else {
            let hint = core.suggestion(for: schema.text, among: known)
            throw failure("UndefinedSchema", "there is no schema \"\(schema.text)\"\(hint)", at: schema.range)
        }
        return found
    }

    /// The rows of a table of the catalogue; nil if there is no such table.
    func catalogTable(_ name: String, in schema: String) -> BoundSelect? {
        let text = String(decoding: SQLName.folded(name), as: UTF8.self)
        guard let shape = core.catalog.procedure(named: "\(schema).\(text)"), Self.catalogSchemas.contains(schema) else { return nil }
        return rows(of: shape, [])
    }

    /// What a procedure yields, as a table.
    func rows(of shape: ProcedureShape, _ arguments: [Expr]) -> BoundSelect {
        let columns = shape.outputs.map { SQLOutput(name: $0.name, slot: core.newSlot(), type: SQLType(procedureType: $0.type)) }
        var state = BoundQuery.start(Scope())
        let yields = columns.enumerated().map { (field: $0, slot: $1.slot) }
        state.append(.callProcedure(child: state.plan, name: shape.name, arguments: arguments, yields: yields), rows: 100)
        state.bound = NumberSet(columns.map(\.slot))
        state.readsGraph = true
        return BoundSelect(query: state, columns: columns)
    }

    /// The procedure that a function of FROM is; nil if there is none that reads and yields something.
    func procedure(_ call: FunctionCall) throws -> ProcedureShape? {
        guard let name = SQLName.find(call.name.text, in: core.catalog.procedureNames, { $0 }),
            let shape = core.catalog.procedure(named: name), !shape.writes, !shape.outputs.isEmpty
        else { return nil }
        guard shape.inputs.count == call.arguments.count else {
            throw failure(
                "UndefinedFunction", "\(name)() takes \(shape.inputs.count) arguments, not \(call.arguments.count)", at: call.name.range)
        }
        return shape
    }

    // MARK: Functions

    private static let definition = "(SELECT d.definition FROM pg_catalog.deed_definitions d WHERE d.oid = \"$1\")"

    private static let catalogFunctions: [String: (arity: ClosedRange<Int>, text: String)] = [
        "version": (0...0, "'Deed \(DeedVersion.text), SQL as PostgreSQL 16 has it'"),
        "current_schema": (0...0, "'\(userSchema)'::text"), "current_schemas": (1...1, "ARRAY['pg_catalog', '\(userSchema)']"),
        "current_user": (0...0, "'deed'::text"), "session_user": (0...0, "'deed'::text"), "user": (0...0, "'deed'::text"),
        "current_role": (0...0, "'deed'::text"), "pg_get_userbyid": (1...1, "'deed'::text"),
        "pg_get_constraintdef": (1...2, definition), "pg_get_indexdef": (1...3, definition), "pg_get_viewdef": (1...2, definition),
        "format_type": (2...2, definition), "pg_get_expr": (2...3, "\"$1\""),
        "pg_table_is_visible": (1...1, "\"$1\" IS NOT NULL"), "pg_type_is_visible": (1...1, "\"$1\" IS NOT NULL"),
        "obj_description": (1...2, "NULL::text"), "col_description": (2...2, "NULL::text"),
        "has_table_privilege": (2...3, "true"), "has_schema_privilege": (2...3, "true"), "has_database_privilege": (2...3, "true"),
        "pg_encoding_to_char": (1...1, "'UTF8'::text"), "pg_get_serial_sequence": (2...2, "NULL::text"),
        "to_regclass": (
            1...1,
            "(SELECT c.oid FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace "
                + "WHERE c.relname = \"$1\" OR n.nspname || '.' || c.relname = \"$1\" LIMIT 1)"
        ),
    ]
    static let catalogFunctionNames = Array(catalogFunctions.keys) + ["current_database", "current_catalog"]

    /// nil if there is no such function.
    func bindCatalogFunction(
        _ name: String, _ call: FunctionCall, _ context: SQLContext, at range: SourceRange
    ) throws -> SQLValue? {
        if name == "current_database" || name == "current_catalog" {
            try require(call, 0...0, at: range)
            return SQLValue(.constant(.string(core.catalog.databaseName)), .text)
        }
        guard let function = Self.catalogFunctions[name] else { return nil }
        try require(call, function.arity, at: range)
        return try bindCatalogFunction(function.text, call.arguments, context, at: range)
    }

    /// The number of a relation that is given by its name: `'users'::regclass`; a number is one already.
    func bindRelationNumber(_ operand: Expression, _ context: SQLContext, at range: SourceRange) throws -> SQLValue {
        let value = try bind(operand, context)
        if value.type == .integer { return value }
        return try bindCatalogFunction(Self.catalogFunctions["to_regclass"]?.text ?? "NULL", [operand], context, at: range)
    }

    private func bindCatalogFunction(
        _ text: String, _ arguments: [Expression], _ context: SQLContext, at range: SourceRange
    ) throws -> SQLValue {
        // What the text looks up is a query, which sees rows as queries do.
        let seen = context.aggregates?.isInside == true ? context.scope : context.grouped ?? context.scope
        let scope = SQLScope(outer: seen)
        let columns = try arguments.enumerated().map { index, argument in
            let value = cast(unknown: try bind(argument, SQLContext(seen, clause: context.clause)), to: .text)
            return SQLColumn(name: "$\(index + 1)", value: value, relation: nil)
        }
        scope.add(SQLRelation(name: "", columns: columns))
        return try nested(at: range) {
            guard case .select(let query)? = (try? parseSQL("SELECT \(text)"))?.kind, case .select(let select) = query.body,
                case .expression(let expression, _)? = select.items.first
            else { throw failure("UndefinedFunction", "this function is not there", at: range) }
            do {
                return try bind(expression, SQLContext(scope, clause: context.clause))
            } catch let error as QueryError {
                throw QueryError(error.kind, error.detail, error.message, at: range)
            }
        }
    }
}
