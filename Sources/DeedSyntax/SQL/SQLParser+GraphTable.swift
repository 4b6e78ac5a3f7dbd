// GRAPH_TABLE (graph MATCH patterns WHERE condition COLUMNS (items)): patterns of graphs as tables, by SQL/PGQ.
//
// `(a IS users WHERE a.age > 30)`, `-[e IS follows]->`, `<-[e]-`, `-[e]-`, and without brackets `->`, `<-`, `-`; labels stand
// behind IS or a colon, a quantifier behind the relationship. Two minus signs are a comment.

extension SQLParser {
    mutating func graphTable() throws(SyntaxError) -> TableReference {
        let first = index
        advance()
        let opener = index
        advance()
        try enter(SyntaxLimits.nestingOfSubquery)
        let graph = try name("a graph")
        try expect(.match)
        let paths = try commaSeparated { (parser) throws(SyntaxError) in try parser.path(otherwise: .walk) }
        let predicate = try whereClause()
        try expect(.columns, " and what to make of each match")
        let columnsOpener = index
        try expect(.openParenthesis)
        let columns = try selectItems()
        try close(columnsOpener, or: "','")
        leave(SyntaxLimits.nestingOfSubquery)
        try close(opener)
        let alias = try tableAlias()
        return TableReference(
            .graphTable(graph: graph, paths, predicate: predicate, columns: columns), alias: alias, range(from: first))
    }

    // MARK: Paths

    /// `otherwise`: its mode if none is written. A path is a WALK then, in which a relationship may come more than once.
    private mutating func path(otherwise mode: PathMode) throws(SyntaxError) -> PathPattern {
        let first = index
        var variable: Name?
        if namesColumn(current) && peek(1).kind == .equal {
            variable = try name("a path")
            advance()
        }
        let selector = try selector()
        let mode = pathMode() ?? mode
        if !accept(.path) { _ = accept(.paths) }
        let elements = try pathElements()
        return PathPattern(variable: variable, selector: selector, mode: mode, elements: elements, range: range(from: first))
    }

    /// `ANY`, `ANY k`, `ANY SHORTEST`, `ALL SHORTEST`, `SHORTEST k`, `SHORTEST k GROUPS`.
    private mutating func selector() throws(SyntaxError) -> PathSelector? {
        if accept(.any) {
            if accept(.shortest) { return .anyShortest }
            return .any(at(.integer) ? try pathCount() : 1)
        }
        if accept(.all) { return accept(.shortest) ? .allShortest : nil }
        guard accept(.shortest) else { return nil }
        guard at(.integer) else { throw unexpected("a number of paths") }
        let count = try pathCount()
        return accept(.groups) || accept(.group) ? .shortestGroups(count) : .shortest(count)
    }

    private mutating func pathCount() throws(SyntaxError) -> Int {
        let place = current.range
        let count = try length()
        if count == 0 { throw failure("The number of paths is at least 1", place) }
        return count
    }

    private mutating func pathMode() -> PathMode? {
        if accept(.walk) { return .walk }
        if accept(.trail) { return .trail }
        return accept(.acyclic) ? .acyclic : nil
    }

    private mutating func pathElements() throws(SyntaxError) -> [PatternElement] {
        var elements: [PatternElement] = []
        while true {
            guard at(.openParenthesis) else {
                throw unexpected(elements.isEmpty ? "a pattern such as (a)-[e]->(b)" : "'('")
            }
            if peek(1).kind == .openParenthesis {
                try group(&elements)
            } else {
                elements.append(.entity(try entity()))
            }
            if at(.openParenthesis), endsWithGroup(elements) || peek(1).kind == .openParenthesis { continue }
            guard at(.minus) || at(.less) || at(.arrow) else { break }
            if endsWithGroup(elements) { elements.append(.entity(emptyEntity())) }
            elements.append(.relationship(try relationship()))
        }
        if endsWithGroup(elements) { elements.append(.entity(emptyEntity())) }
        return elements
    }

    private func endsWithGroup(_ elements: [PatternElement]) -> Bool {
        if case .group = elements.last { true } else { false }
    }

    /// An entity that was left out, beside a group.
    private func emptyEntity() -> EntityPattern {
        let place = Int(tokens[max(0, index - 1)].end)
        return EntityPattern(variable: nil, labels: nil, properties: nil, predicate: nil, range: place..<place)
    }

    /// `((a)-[e]->(b) WHERE condition){1,3}`
    private mutating func group(_ elements: inout [PatternElement]) throws(SyntaxError) {
        let opener = index
        advance()
        try enter()
        let path = try path(otherwise: .different)
        let predicate = try whereClause()
        leave()
        try close(opener, or: predicate == nil ? "WHERE" : "an operator")
        guard let length = try quantifier() else {
            throw failure("A path in parentheses needs a quantifier behind it: +, *, {2} or {1,3}", range(from: opener))
        }
        if case .entity = elements.last {} else { elements.append(.entity(emptyEntity())) }
        elements.append(.group(PatternGroup(path: path, predicate: predicate, length: length, range: range(from: opener))))
    }

    // MARK: Elements

    private mutating func entity() throws(SyntaxError) -> EntityPattern {
        let opener = index
        advance()
        let parts = try elementParts()
        try close(opener, or: parts.predicate != nil ? "an operator" : "IS, WHERE")
        return EntityPattern(
            variable: parts.variable, labels: parts.labels, properties: nil, predicate: parts.predicate,
            range: range(from: opener))
    }

    /// `variable IS labels WHERE condition`, each of which may be left out.
    private mutating func elementParts() throws(SyntaxError) -> (variable: Name?, labels: LabelExpression?, predicate: Expression?) {
        let variable = namesColumn(current) ? try name("a variable") : nil
        var labels: LabelExpression?
        if accept(.is) || accept(.colon) { labels = try labelAlternatives() }
        return (variable, labels, try whereClause())
    }

    private mutating func relationship() throws(SyntaxError) -> RelationshipPattern {
        let first = index
        let toLeft = accept(.less)
        var toRight = accept(.arrow)
        var parts: (variable: Name?, labels: LabelExpression?, predicate: Expression?) = (nil, nil, nil)
        if !toRight {
            try expect(.minus, " of a relationship")
            if at(.openBracket) {
                let opener = index
                advance()
                parts = try elementParts()
                try close(opener, or: parts.predicate != nil ? "an operator" : "IS, WHERE")
                toRight = accept(.arrow)
                if !toRight { try expect(.minus, " or '->' behind the relationship") }
            }
        }
        let length = try quantifier()
        let direction: PatternDirection = toLeft == toRight ? .undirected : toRight ? .right : .left
        return RelationshipPattern(
            variable: parts.variable, types: parts.labels, direction: direction, length: length, properties: nil,
            predicate: parts.predicate, range: range(from: first))
    }
}
