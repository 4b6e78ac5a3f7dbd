// CREATE TABLE and ALTER TABLE: columns, their types, and constraints.

extension SQLParser {
    /// What stands behind CREATE TABLE or CREATE EDGE TABLE.
    mutating func createTable(isTemporary: Bool, isEdge: Bool) throws(SyntaxError) -> SQLStatement.Kind {
        let ifNotExists = try acceptIfNotExists()
        let name = try objectName("a table")
        var columns: [ColumnDefinition] = []
        var constraints: [TableConstraint] = []
        let opener = index
        if at(.openParenthesis) {
            try definitions(&columns, &constraints)
        } else if !at(.as) && !(isEdge && at(.from)) {
            throw unexpected("'(' and the columns, or AS and a query")
        }
        let definitions = range(from: opener)
        if !isEdge && accept(.as) {
            for column in columns where column.type != nil || !column.constraints.isEmpty || !constraints.isEmpty {
                throw failure("With AS, the columns are names only", definitions)
            }
            let query = try query()
            if accept(.with) {
                if at(.no) { throw failure("WITH NO DATA is not supported; add LIMIT 0 to the query") }
                try expect(.data)
            }
            return .createTableAs(name, columns: columns.map(\.name), query, ifNotExists: ifNotExists)
        }
        let table = CreateTable(
            name: name, columns: columns, constraints: constraints, ifNotExists: ifNotExists, isTemporary: isTemporary)
        guard isEdge else { return .createTable(table) }
        try expect(.from, " and the table that the edges begin at")
        let from = try objectName("a table")
        try expect(.to, " and the table that the edges end at")
        return .createEdgeTable(table, from: from, to: try objectName("a table"))
    }

    private mutating func definitions(
        _ columns: inout [ColumnDefinition], _ constraints: inout [TableConstraint]
    ) throws(SyntaxError) {
        let opener = index
        advance()
        if !at(.closeParenthesis) {
            repeat {
                if let constraint = try tableConstraint() {
                    constraints.append(constraint)
                } else {
                    columns.append(try columnDefinition())
                }
            } while accept(.comma)
        }
        try close(opener, or: "','")
    }

    // MARK: Columns

    mutating func columnDefinition() throws(SyntaxError) -> ColumnDefinition {
        let name = try name("a column")
        var constraints: [TableConstraint] = []
        let type = hasType() ? try columnType(name, &constraints) : nil
        while let constraint = try columnConstraint(name) { constraints.append(constraint) }
        return ColumnDefinition(name: name, type: type, constraints: constraints)
    }

    private func hasType() -> Bool {
        if at(.quotedWord) { return true }
        return at(.word) && SQLKeyword.namesFunctions(current.keyword) && !at(.generated)
    }

    /// The type; SERIAL is an integer that the table counts up.
    private mutating func columnType(
        _ column: Name, _ constraints: inout [TableConstraint]
    ) throws(SyntaxError) -> TypeName {
        let type = try typeName()
        let integer: String
        switch type.name {
        case "serial", "serial4": integer = "integer"
        case "bigserial", "serial8": integer = "bigint"
        case "smallserial", "serial2": integer = "smallint"
        default: return type
        }
        constraints.append(TableConstraint(name: nil, kind: .identity(always: false), columns: [column], range: type.range))
        return TypeName(name: integer, arguments: type.arguments, listDepth: type.listDepth, range: type.range)
    }

    private mutating func columnConstraint(_ column: Name) throws(SyntaxError) -> TableConstraint? {
        let first = index
        let name = accept(.constraint) ? try self.name("a constraint") : nil
        let kind: TableConstraint.Kind
        switch keyword {
        case .not:
            advance()
            try expect(.null)
            kind = .notNull
        case .null:
            advance()
            kind = .null
        case .unique:
            advance()
            kind = .unique
        case .primary:
            advance()
            try expect(.key)
            kind = .primaryKey
        case .default:
            advance()
            // NOT NULL may follow, so that no comparison can be meant.
            kind = .default(try enclosed { (parser) throws(SyntaxError) in try parser.operators(.other) })
        case .check: kind = try check()
        case .references: kind = try references()
        case .generated: kind = try generated()
        case .collate: throw failure("A column has no collation of its own; strings compare by code point")
        default:
            if name != nil { throw unexpected("NOT NULL, UNIQUE, PRIMARY KEY, DEFAULT, CHECK or REFERENCES") }
            return nil
        }
        try constraintTiming()
        return TableConstraint(name: name, kind: kind, columns: [column], range: range(from: first))
    }

    /// One level of recursion around what `parse` does.
    private mutating func enclosed(
        _ parse: (inout SQLParser) throws(SyntaxError) -> Expression
    ) throws(SyntaxError) -> Expression {
        try enter()
        let result = try parse(&self)
        leave()
        return result
    }

    private mutating func generated() throws(SyntaxError) -> TableConstraint.Kind {
        advance()
        let always = accept(.always)
        if !always {
            try expect(.by, " DEFAULT or ALWAYS")
            try expect(.default)
        }
        try expect(.as)
        if accept(.identity) {
            if at(.openParenthesis) { throw failure("Options of an identity are not supported") }
            return .identity(always: always)
        }
        guard always else { throw unexpected("IDENTITY", candidates: ["IDENTITY"]) }
        let value = try parenthesizedExpression()
        try expect(.stored)
        return .generated(value)
    }

    /// Its range is all that stands between the brackets.
    private mutating func parenthesizedExpression() throws(SyntaxError) -> Expression {
        let opener = index
        try expect(.openParenthesis)
        let value = try nestedExpression()
        try close(opener, or: "an operator")
        return Expression(value.kind, tokens[opener].range.upperBound..<tokens[index - 1].range.lowerBound)
    }

    // MARK: Constraints

    /// A constraint of a table; nil where none begins.
    private mutating func tableConstraint() throws(SyntaxError) -> TableConstraint? {
        let first = index
        let name = accept(.constraint) ? try self.name("a constraint") : nil
        var columns: [Name] = []
        let kind: TableConstraint.Kind
        switch keyword {
        case .unique:
            advance()
            columns = try parenthesizedNames("a column")
            kind = .unique
        case .primary:
            advance()
            try expect(.key)
            columns = try parenthesizedNames("a column")
            kind = .primaryKey
        case .check: kind = try check()
        case .foreign:
            advance()
            try expect(.key)
            columns = try parenthesizedNames("a column")
            guard at(.references) else { throw unexpected("REFERENCES", candidates: ["REFERENCES"]) }
            kind = try references()
        default:
            if name != nil { throw unexpected("PRIMARY KEY, UNIQUE, CHECK or FOREIGN KEY") }
            return nil
        }
        try constraintTiming()
        return TableConstraint(name: name, kind: kind, columns: columns, range: range(from: first))
    }

    private mutating func check() throws(SyntaxError) -> TableConstraint.Kind {
        advance()
        return .check(try parenthesizedExpression())
    }

    private mutating func references() throws(SyntaxError) -> TableConstraint.Kind {
        advance()
        let table = try objectName("a table")
        let columns = at(.openParenthesis) ? try parenthesizedNames("a column") : []
        if accept(.match), !accept(.simple) {
            if !accept(.full) { throw unexpected("SIMPLE or FULL") }
            if columns.count > 1 { throw failure("MATCH FULL is not supported for several columns", tokens[index - 1].range) }
        }
        var onDelete = ReferentialAction.noAction
        var onUpdate = ReferentialAction.noAction
        while accept(.on) {
            if accept(.delete) { onDelete = try referentialAction() } else {
                try expect(.update, " or DELETE")
                onUpdate = try referentialAction()
            }
        }
        return .references(table, columns: columns, onDelete: onDelete, onUpdate: onUpdate)
    }

    private mutating func referentialAction() throws(SyntaxError) -> ReferentialAction {
        if accept(.cascade) { return .cascade }
        if accept(.restrict) { return .restrict }
        if accept(.set, .null) { return .setNull }
        if accept(.set, .default) { return .setDefault }
        try expect(.no, " ACTION, RESTRICT, CASCADE, SET NULL or SET DEFAULT")
        try expect(.action)
        return .noAction
    }

    /// Constraints are checked with each statement, and cannot wait.
    private mutating func constraintTiming() throws(SyntaxError) {
        _ = accept(.not, .deferrable)
        if at(.deferrable) || at(.initially) { throw failure("Constraints are checked with each statement and cannot be deferred") }
    }

    // MARK: ALTER TABLE

    mutating func alterTable() throws(SyntaxError) -> SQLStatement.Kind {
        advance()
        guard accept(.table) || accept(.edge, .table) else { throw unexpected("TABLE", candidates: ["TABLE"]) }
        let ifExists = acceptIfExists()
        _ = accept(.only)
        let name = try objectName("a table")
        if accept(.rename) { return .alterTable(name, ifExists: ifExists, [try renaming()]) }
        let alterations = try commaSeparated { (parser) throws(SyntaxError) in try parser.alteration() }
        return .alterTable(name, ifExists: ifExists, alterations)
    }

    private mutating func renaming() throws(SyntaxError) -> TableAlteration {
        if accept(.to) { return .rename(to: try name("a table")) }
        if at(.constraint) { throw failure("The name of a constraint cannot be changed") }
        _ = accept(.column)
        let column = try name("a column or TO")
        try expect(.to)
        return .renameColumn(column, to: try name("a column"))
    }

    private mutating func alteration() throws(SyntaxError) -> TableAlteration {
        if accept(.add) {
            if !at(.column), let constraint = try tableConstraint() { return .addConstraint(constraint) }
            _ = accept(.column)
            let ifNotExists = try acceptIfNotExists()
            return .addColumn(try columnDefinition(), ifNotExists: ifNotExists)
        }
        if accept(.drop) {
            let isConstraint = accept(.constraint)
            if !isConstraint { _ = accept(.column) }
            let ifExists = acceptIfExists()
            let name = try name(isConstraint ? "a constraint" : "a column")
            if acceptCascade() { throw failure("DROP ... CASCADE is not supported here", tokens[index - 1].range) }
            return isConstraint ? .dropConstraint(name, ifExists: ifExists) : .dropColumn(name, ifExists: ifExists)
        }
        if accept(.alter) {
            _ = accept(.column)
            return try columnAlteration(try name("a column"))
        }
        throw unexpected("ADD, DROP, ALTER or RENAME", candidates: ["ADD", "DROP", "ALTER", "RENAME"])
    }

    private mutating func columnAlteration(_ column: Name) throws(SyntaxError) -> TableAlteration {
        if accept(.drop) {
            if accept(.default) { return .dropDefault(column) }
            try expect(.not, " NULL or DEFAULT")
            try expect(.null)
            return .dropNotNull(column)
        }
        if accept(.set) {
            if accept(.default) { return .setDefault(column, try nestedExpression()) }
            if accept(.not) {
                try expect(.null)
                return .setNotNull(column)
            }
            try expect(.data, " TYPE, DEFAULT or NOT NULL")
        }
        try expect(.type, ", SET or DROP")
        let type = try typeName()
        return .setType(column, type, using: accept(.using) ? try nestedExpression() : nil)
    }
}
