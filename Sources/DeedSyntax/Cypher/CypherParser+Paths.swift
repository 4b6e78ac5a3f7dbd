// Paths: the variable, selector and mode before them, and how entities, relationships and groups follow each other.

extension CypherParser {
    /// Where a pattern stands, which says what may be in it.
    enum PatternPlace { case match, create, merge, expression }

    mutating func path(in place: PatternPlace) throws(SyntaxError) -> PathPattern {
        let first = index
        var variable: Name?
        if isName(current) && peek(1).kind == .equal {
            variable = try name("a variable")
            advance()
        }
        if peek(1).kind == .openParenthesis && (at(.shortestPath) || at(.allShortestPaths)) {
            return try shortestPath(first, variable, place)
        }
        let selected = try selector()
        let mode = try pathMode() ?? selected.mode ?? .different
        let elements = try pathElements(place)
        return PathPattern(
            variable: variable, selector: selected.selector, mode: mode, elements: elements, range: range(from: first))
    }

    private mutating func shortestPath(
        _ first: Int, _ variable: Name?, _ place: PatternPlace
    ) throws(SyntaxError) -> PathPattern {
        let selector = at(.shortestPath) ? PathSelector.anyShortest : .allShortest
        advance()
        let opener = index
        advance()
        let elements = try pathElements(place)
        try close(opener, or: "'-'")
        let range = range(from: first)
        guard elements.count == 3, case .relationship = elements[1] else {
            throw failure("shortestPath() takes two entities and one relationship between them", range)
        }
        return PathPattern(variable: variable, selector: selector, mode: .different, elements: elements, range: range)
    }

    // MARK: Selectors and modes

    /// Whether a selector or mode is at hand.
    func isSelector() -> Bool {
        at(.shortest) || at(.any) || at(.all) || at(.walk) || at(.trail) || at(.acyclic)
    }

    /// `ANY`, `ANY k`, `ANY SHORTEST`, `ALL SHORTEST`, `SHORTEST k`, `SHORTEST k GROUPS`, with `PATH` or `PATHS` behind them.
    private mutating func selector() throws(SyntaxError) -> (selector: PathSelector?, mode: PathMode?) {
        var selector: PathSelector?
        if accept(.any) {
            selector = accept(.shortest) ? .anyShortest : .any(try pathCount() ?? 1)
        } else if accept(.all) {
            if accept(.shortest) { selector = .allShortest }
        } else if accept(.shortest) {
            let count = try pathCount()
            let mode = try pathMode()
            skipPathWord()
            if accept(.groups) || accept(.group) { return (.shortestGroups(count ?? 1), mode) }
            guard let count else { throw unexpected("a number of paths") }
            return (.shortest(count), mode)
        } else {
            return (nil, nil)
        }
        let mode = try pathMode()
        skipPathWord()
        return (selector, mode)
    }

    private mutating func skipPathWord() {
        if !accept(.path) { _ = accept(.paths) }
    }

    private mutating func pathCount() throws(SyntaxError) -> Int? {
        guard at(.integer) else { return nil }
        let token = current
        let count = try length()
        if count == 0 { throw failure("The number of paths is at least 1", token.range) }
        return count
    }

    private mutating func pathMode() throws(SyntaxError) -> PathMode? {
        let mode: PathMode
        if accept(.walk) {
            mode = .walk
        } else if accept(.trail) {
            mode = .trail
        } else if accept(.acyclic) {
            mode = .acyclic
        } else {
            return nil
        }
        skipPathWord()
        return mode
    }

    // MARK: Elements

    private mutating func pathElements(_ place: PatternPlace) throws(SyntaxError) -> [PatternElement] {
        var elements: [PatternElement] = []
        // Entities, or groups in their stead, until no relationship follows.
        while true {
            guard at(.openParenthesis) else {
                throw unexpected(elements.isEmpty ? "a pattern such as (a)-[r]->(b)" : "'('")
            }
            if isParenthesizedPath() {
                if let whole = try group(place, &elements) { return whole }
            } else {
                elements.append(.entity(try entity(place)))
            }
            if at(.openParenthesis), groupEnds(elements) || isParenthesizedPath() { continue }
            guard at(.minus) || at(.less) else { break }
            if groupEnds(elements) { elements.append(.entity(emptyEntity())) }
            elements.append(.relationship(try relationship(place)))
        }
        if groupEnds(elements) { elements.append(.entity(emptyEntity())) }
        return elements
    }

    private func groupEnds(_ elements: [PatternElement]) -> Bool {
        if case .group = elements.last { true } else { false }
    }

    /// An entity that was left out, beside a group.
    private func emptyEntity() -> EntityPattern {
        let place = index > 0 ? Int(tokens[index - 1].end) : 0
        return EntityPattern(variable: nil, labels: nil, properties: nil, predicate: nil, range: place..<place)
    }

    /// `((a)...`, `(p = (a)...` or `(TRAIL (a)...`: a path in parentheses, and no entity.
    private func isParenthesizedPath() -> Bool {
        let next = peek(1)
        if next.kind == .openParenthesis { return true }
        guard next.kind == .word else { return next.kind == .quotedWord && peek(2).kind == .equal }
        return peek(2).kind == .equal || peek(2).kind == .openParenthesis
    }

    /// A path in parentheses with a quantifier, which is added to the elements; or without, then it has to be the whole
    /// pattern and its elements are returned.
    private mutating func group(
        _ place: PatternPlace, _ elements: inout [PatternElement]
    ) throws(SyntaxError) -> [PatternElement]? {
        let opener = index
        advance()
        try enter()
        let path = try path(in: place)
        let predicate = accept(.where) ? try nestedExpression() : nil
        leave()
        try close(opener, or: predicate == nil ? "'-', WHERE" : "an operator")
        if let length = try quantifier() {
            switch elements.last {
            case .entity: break
            // What stands before is a group or nothing, or a relationship, which leads to an entity first.
            default: elements.append(.entity(emptyEntity()))
            }
            elements.append(
                .group(PatternGroup(path: path, predicate: predicate, length: length, range: range(from: opener))))
            return nil
        }
        let range = range(from: opener)
        if predicate == nil && path.variable == nil && path.selector == nil && path.mode == .different && elements.isEmpty
            && !at(.minus) && !at(.less) && !at(.openParenthesis)
        {
            return path.elements
        }
        throw failure("A path in parentheses needs a quantifier behind it: +, *, {2} or {1,3}", range)
    }
}
