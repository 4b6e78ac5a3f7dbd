// Commands for indexes and constraints, as Neo4j 5 has them.

extension CypherParser {
    /// The command; nil where none begins.
    mutating func schemaCommand() throws(SyntaxError) -> SchemaCommand? {
        let next = peek(1).keyword
        let namesIndex = [Keyword.index, .range, .unique].contains { $0.rawValue == next }
        let isWord = peek(2).kind != .equal
        if at(.create) && isWord && (namesIndex || next == Keyword.constraint.rawValue) { return try createCommand() }
        if at(.drop) {
            advance()
            return try dropCommand()
        }
        if at(.show) {
            advance()
            return try showCommand()
        }
        return nil
    }

    private mutating func showCommand() throws(SyntaxError) -> SchemaCommand {
        _ = accept(.all) || accept(.range)
        if accept(.indexes) || accept(.index) { return .showIndexes }
        if accept(.constraints) || accept(.constraint) { return .showConstraints }
        throw unexpected(
            "INDEXES, CONSTRAINTS, FUNCTIONS or PROCEDURES", candidates: ["INDEXES", "CONSTRAINTS", "FUNCTIONS", "PROCEDURES"])
    }

    private mutating func dropCommand() throws(SyntaxError) -> SchemaCommand {
        let isIndex = accept(.index)
        if !isIndex && !accept(.constraint) { throw unexpected("INDEX or CONSTRAINT", candidates: ["INDEX", "CONSTRAINT"]) }
        let name = try name("the name of the \(isIndex ? "index" : "constraint")")
        var ifExists = false
        if accept(.if) {
            try expect(.exists)
            ifExists = true
        }
        return isIndex ? .dropIndex(name: name, ifExists: ifExists) : .dropConstraint(name: name, ifExists: ifExists)
    }

    private mutating func createCommand() throws(SyntaxError) -> SchemaCommand {
        advance()
        let isUnique = accept(.unique)
        _ = accept(.range)
        let isIndex = accept(.index)
        if !isIndex { try expect(isUnique ? .index : .constraint) }
        var name: Name?
        if !at(.if) && !at(.for) && !at(.on) { name = try self.name("a name, IF NOT EXISTS or FOR") }
        var ifNotExists = false
        if accept(.if) {
            try expect(.not)
            try expect(.exists)
            ifNotExists = true
        }
        if at(.on) { throw failure("An index is created with FOR (n:Label) ON (n.key), and a constraint with FOR and REQUIRE") }
        try expect(.for)
        let target = try schemaTarget()
        if isIndex {
            try expect(.on)
            let properties = try parenthesizedProperties(target.variable)
            return .createIndex(
                name: name, ifNotExists: ifNotExists, isRelationship: target.isRelationship, table: target.table,
                properties: properties, isUnique: isUnique)
        }
        try expect(.require)
        let requirement = try requirement(target.variable, target.isRelationship)
        return .createConstraint(
            name: name, ifNotExists: ifNotExists, isRelationship: target.isRelationship, table: target.table, requirement)
    }

    /// `(n:Label)` or `()-[r:TYPE]-()`
    private mutating func schemaTarget() throws(SyntaxError) -> (variable: Name, table: Name, isRelationship: Bool) {
        let first = index
        let path = try path(in: .match)
        let range = range(from: first)
        if path.elements.count == 1, case .entity(let entity) = path.elements[0], let variable = entity.variable,
            case .name(let label) = entity.labels, entity.properties == nil, entity.predicate == nil
        {
            return (variable, label, false)
        }
        if path.elements.count == 3, case .relationship(let relationship) = path.elements[1],
            let variable = relationship.variable, case .name(let type) = relationship.types, relationship.properties == nil,
            relationship.predicate == nil, relationship.length == nil, isBare(path.elements[0]), isBare(path.elements[2])
        {
            return (variable, type, true)
        }
        throw failure("Expected (n:Label) or ()-[r:TYPE]-()", range)
    }

    private func isBare(_ element: PatternElement) -> Bool {
        guard case .entity(let entity) = element else { return false }
        return entity.variable == nil && entity.labels == nil && entity.properties == nil && entity.predicate == nil
    }

    /// `(n.key, n.key)`
    private mutating func parenthesizedProperties(_ variable: Name) throws(SyntaxError) -> [Name] {
        let opener = index
        try expect(.openParenthesis)
        let properties = try commaSeparated { (parser) throws(SyntaxError) in try parser.schemaProperty(variable) }
        try close(opener, or: "','")
        return properties
    }

    /// `n.key`, of the variable that FOR has named.
    private mutating func schemaProperty(_ variable: Name) throws(SyntaxError) -> Name {
        let owner = try name("a property such as \(variable.text).key")
        guard owner.text.utf8.elementsEqual(variable.text.utf8) else {
            throw failure("UndefinedVariable", "The variable here is `\(variable.text)`", owner.range)
        }
        try expect(.dot)
        return try name("the name of a property")
    }

    private mutating func requirement(_ variable: Name, _ isRelationship: Bool) throws(SyntaxError) -> ConstraintRequirement {
        let first = index
        let properties = at(.openParenthesis) ? try parenthesizedProperties(variable) : [try schemaProperty(variable)]
        let range = range(from: first)
        try expect(.is)
        if at(.doubleColon) || at(.typed) {
            advance()
            return .type(try single(properties, range), try typeText())
        }
        if accept(.not) {
            try expect(.null)
            return .notNull(try single(properties, range))
        }
        let subject = current
        let saysNode = accept(.node)
        let saysRelationship = !saysNode && (accept(.relationship) || accept(.rel))
        if saysNode && isRelationship || saysRelationship && !isRelationship {
            throw failure("The pattern behind FOR is about \(isRelationship ? "relationships" : "nodes")", subject.range)
        }
        if accept(.unique) { return .unique(properties) }
        if accept(.key) { return .key(properties) }
        throw unexpected("UNIQUE, NOT NULL, NODE KEY or :: and a type", candidates: ["UNIQUE", "NOT", "NODE", "KEY"])
    }

    private func single(_ properties: [Name], _ range: SourceRange) throws(SyntaxError) -> Name {
        guard properties.count == 1 else { throw failure("This constraint is about one property", range) }
        return properties[0]
    }

    /// The type as it was written: words, and types of elements such as `LIST<INTEGER NOT NULL>`.
    private mutating func typeText() throws(SyntaxError) -> String {
        let first = index
        while at(.word) || at(.less) || at(.greater) || at(.bar) { advance() }
        if index == first { throw unexpected("a type such as INTEGER or STRING") }
        return Literals.text(bytes, range(from: first))
    }
}
