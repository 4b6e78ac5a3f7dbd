// CREATE and DROP of all but tables, whose columns and constraints are in SQLParser+Definitions.swift.

extension SQLParser {
    mutating func create() throws(SyntaxError) -> SQLStatement.Kind {
        advance()
        let orReplace = accept(.or, .replace)
        if accept(.global) || accept(.local), !at(.temp) && !at(.temporary) { throw unexpected("TEMPORARY") }
        let isTemporary = accept(.temp) || accept(.temporary)
        if !isTemporary { _ = accept(.unlogged) }
        if accept(.view) { return try createView(orReplace: orReplace) }
        if orReplace { throw unexpected("VIEW", candidates: ["VIEW"]) }
        if accept(.table) { return try createTable(isTemporary: isTemporary, isEdge: false) }
        if accept(.edge, .table) { return try createTable(isTemporary: isTemporary, isEdge: true) }
        if accept(.sequence) { return try createSequence() }
        if !isTemporary, at(.index) || at(.unique) { return try createIndex() }
        throw unexpected(
            "TABLE, EDGE TABLE, INDEX, VIEW or SEQUENCE",
            candidates: ["TABLE", "EDGE", "INDEX", "UNIQUE", "VIEW", "SEQUENCE", "TEMPORARY"])
    }

    private mutating func createView(orReplace: Bool) throws(SyntaxError) -> SQLStatement.Kind {
        let name = try objectName("a view")
        let columns = at(.openParenthesis) ? try parenthesizedNames("a column") : []
        try expect(.as, " and a query")
        let query = try query()
        return .createView(name, columns: columns, query, text: query.range, orReplace: orReplace)
    }

    // MARK: Indexes

    private mutating func createIndex() throws(SyntaxError) -> SQLStatement.Kind {
        let isUnique = accept(.unique)
        try expect(.index)
        _ = accept(.concurrently)
        let ifNotExists = try acceptIfNotExists()
        let name = at(.on) ? nil : try name("an index or ON")
        try expect(.on)
        _ = accept(.only)
        let table = try objectName("a table")
        if accept(.using) { _ = try self.name("a kind of index") }
        let opener = index
        try expect(.openParenthesis)
        let columns = try commaSeparated { (parser) throws(SyntaxError) in try parser.sortItem() }
        try close(opener, or: "','")
        if at(.include) { throw failure("INCLUDE is not supported; an index finds rows, and needs no columns beside its own") }
        let predicate = try whereClause()
        return .createIndex(
            CreateIndex(
                name: name, table: table, columns: columns, isUnique: isUnique, ifNotExists: ifNotExists, predicate: predicate))
    }

    // MARK: Sequences

    private mutating func createSequence() throws(SyntaxError) -> SQLStatement.Kind {
        let ifNotExists = try acceptIfNotExists()
        let name = try objectName("a sequence")
        var options = SequenceOptions()
        while try sequenceOption(&options) {}
        return .createSequence(name, options, ifNotExists: ifNotExists)
    }

    /// False where no option is at hand.
    private mutating func sequenceOption(_ options: inout SequenceOptions) throws(SyntaxError) -> Bool {
        if accept(.start) {
            _ = accept(.with)
            options.start = try signedInteger()
        } else if accept(.increment) {
            _ = accept(.by)
            options.increment = try signedInteger()
        } else if accept(.minValue) {
            options.minimum = try signedInteger()
        } else if accept(.maxValue) {
            options.maximum = try signedInteger()
        } else if accept(.cycle) {
            options.cycles = true
        } else if accept(.no) {
            if accept(.minValue) { options.minimum = nil } else if accept(.maxValue) { options.maximum = nil } else {
                try expect(.cycle, ", MINVALUE or MAXVALUE")
                options.cycles = false
            }
        } else if accept(.as) {
            _ = try typeName()
        } else {
            return false
        }
        return true
    }

    // MARK: DROP

    mutating func drop() throws(SyntaxError) -> SQLStatement.Kind {
        advance()
        let kind: ObjectKind
        if accept(.table) || accept(.edge, .table) {
            kind = .table
        } else if accept(.index) {
            _ = accept(.concurrently)
            kind = .index
        } else if accept(.view) {
            kind = .view
        } else if accept(.sequence) {
            kind = .sequence
        } else {
            throw unexpected("TABLE, INDEX, VIEW or SEQUENCE", candidates: ["TABLE", "INDEX", "VIEW", "SEQUENCE"])
        }
        let ifExists = acceptIfExists()
        let names = try objectNames("a name")
        return .drop(kind, names, ifExists: ifExists, cascades: acceptCascade())
    }
}
