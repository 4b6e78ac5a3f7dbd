// The parts of paths: entities and relationships; and how to tell a pattern from an expression in parentheses.

extension CypherParser {
    /// `(variable:Labels {properties} WHERE predicate)`
    mutating func entity(_ place: PatternPlace) throws(SyntaxError) -> EntityPattern {
        let opener = index
        advance()
        let variable = try elementVariable(.closeParenthesis)
        let outer = barEndsExpression
        barEndsExpression = false
        var labels: LabelExpression?
        if at(.colon) || at(.is) {
            advance()
            labels = try labelExpression()
        }
        barEndsExpression = outer
        let properties = try elementProperties(place)
        let predicate = accept(.where) ? try nestedExpression() : nil
        try close(opener, or: Self.expectation(variable, labels, properties, predicate, "a label"))
        return EntityPattern(
            variable: variable, labels: labels, properties: properties, predicate: predicate, range: range(from: opener))
    }

    /// What could stand before the bracket that closes an element, given what there is of it.
    private static func expectation(
        _ variable: Name?, _ labels: LabelExpression?, _ properties: Expression?, _ predicate: Expression?, _ label: String
    ) -> String {
        if predicate != nil { return "an operator" }
        if properties != nil { return "WHERE" }
        if labels != nil { return "':', '|', '{', WHERE" }
        return variable == nil ? "a variable, ':', '{'" : "':', '{', WHERE"
    }

    /// The variable of an entity or relationship. `WHERE` and `IS` are variables where nothing follows that they need.
    private mutating func elementVariable(_ closer: TokenKind) throws(SyntaxError) -> Name? {
        guard isName(current) else { return nil }
        if at(.where) || at(.is) {
            let next = peek(1).kind
            if next != closer && next != .colon && next != .openBrace { return nil }
        }
        return try name("a variable")
    }

    private mutating func elementProperties(_ place: PatternPlace) throws(SyntaxError) -> Expression? {
        if at(.parameter) && place != .create {
            throw failure(
                "InvalidParameterUse", "A parameter cannot stand for all properties here; write {key: $parameter.key}", current.range)
        }
        let outer = barEndsExpression
        barEndsExpression = false
        let result = try properties()
        barEndsExpression = outer
        return result
    }

    // MARK: Relationships

    /// `-[variable:TYPE *1..3 {properties} WHERE predicate]->`, with a quantifier behind it or without.
    mutating func relationship(_ place: PatternPlace) throws(SyntaxError) -> RelationshipPattern {
        let first = index
        let toLeft = accept(.less)
        try expect(.minus, " of a relationship")
        var inner = RelationshipParts()
        if at(.openBracket) {
            inner = try relationshipParts(place)
            try expect(.minus, " behind the relationship")
        } else {
            try expect(.minus, " or '['")
        }
        let toRight = accept(.greater)
        var length = inner.length
        let arrow = range(from: first)
        if at(.plus) || at(.star) || at(.openBrace) {
            if length != nil { throw failure("A relationship has one length: either within its brackets or behind it", arrow) }
            length = try quantifier()
        }
        let direction: PatternDirection = toLeft == toRight ? .undirected : toRight ? .right : .left
        return RelationshipPattern(
            variable: inner.variable, types: inner.types, direction: direction, length: length, properties: inner.properties,
            predicate: inner.predicate, range: range(from: first))
    }

    private struct RelationshipParts {
        var variable: Name?
        var types: LabelExpression?
        var length: PatternLength?
        var properties: Expression?
        var predicate: Expression?
    }

    private mutating func relationshipParts(_ place: PatternPlace) throws(SyntaxError) -> RelationshipParts {
        let opener = index
        advance()
        var parts = RelationshipParts()
        parts.variable = try elementVariable(.closeBracket)
        let outer = barEndsExpression
        barEndsExpression = false
        parts.types = try typeExpression()
        barEndsExpression = outer
        if at(.star) { parts.length = try starLength() }
        if at(.dotDot) {
            throw failure("InvalidRelationshipPattern", "The length of a path begins with '*': *1..3", current.range)
        }
        parts.properties = try elementProperties(place)
        parts.predicate = accept(.where) ? try nestedExpression() : nil
        try close(opener, or: Self.expectation(parts.variable, parts.types, parts.properties, parts.predicate, "a type"))
        return parts
    }

    /// `*`, `*2`, `*2..`, `*..3` or `*2..3`; two bounds in the wrong order match nothing.
    private mutating func starLength() throws(SyntaxError) -> PatternLength {
        advance()
        if at(.float) || at(.malformedNumber) || at(.minus) {
            throw failure("InvalidRelationshipPattern", "The length of a path is a whole number, or two: *1..3", current.range)
        }
        let least = at(.integer) ? try length() : nil
        guard accept(.dotDot) else { return PatternLength(min: least ?? 1, max: least) }
        let most = at(.integer) ? try length() : nil
        return PatternLength(min: least ?? 1, max: most)
    }

    // MARK: Patterns among expressions

    func isPattern() -> Bool { isPattern(at: index) }

    /// Whether the parenthesis at the token is the first entity of a pattern: what is inside looks like an entity, and a
    /// relationship follows. `(a)-(b)` and `(a)-[1]` are subtractions.
    func isPattern(at opener: Int) -> Bool {
        guard opener < tokens.count, tokens[opener].kind == .openParenthesis, tokens[opener].partner >= 0 else { return false }
        let closer = Int(tokens[opener].partner)
        return isRelationship(at: closer + 1) && looksLikeEntity(opener, closer)
    }

    private func isRelationship(at start: Int) -> Bool {
        var position = start
        if token(position).kind == .less { position += 1 }
        guard token(position).kind == .minus else { return false }
        let next = token(position + 1)
        if next.kind == .openBracket { return next.partner >= 0 && token(Int(next.partner) + 1).kind == .minus }
        guard next.kind == .minus else { return false }
        position += token(position + 2).kind == .greater ? 3 : 2
        switch token(position).kind {
        case .openParenthesis, .plus, .star, .openBrace: return true
        default: return false
        }
    }

    private func token(_ position: Int) -> Token { tokens[min(position, tokens.count - 1)] }

    private func looksLikeEntity(_ opener: Int, _ closer: Int) -> Bool {
        var position = opener + 1
        if isName(tokens[position]) { position += 1 }
        if position == closer { return true }
        switch tokens[position].kind {
        case .colon, .openBrace, .parameter: return true
        case .word:
            let keyword = tokens[position].keyword
            return keyword == Keyword.where.rawValue || keyword == Keyword.is.rawValue
        default:
            // `(WHERE a.x > 1)`, `(IS A)`
            return position == opener + 2 && tokens[opener + 1].keyword == Keyword.where.rawValue
        }
    }
}
