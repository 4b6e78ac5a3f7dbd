// Clauses that write: CREATE, MERGE, SET, REMOVE, DELETE, FOREACH.

extension CypherParser {
    mutating func create() throws(SyntaxError) -> Clause.Kind {
        advance()
        let patterns = try commaSeparated { (parser) throws(SyntaxError) in
            let path = try parser.path(in: .create)
            try parser.checkWritten(path, isMerge: false)
            return path
        }
        continuation = "','"
        return .create(patterns)
    }

    mutating func merge() throws(SyntaxError) -> Clause.Kind {
        advance()
        let path = try path(in: .merge)
        try checkWritten(path, isMerge: true)
        var onCreate: [SetItem] = []
        var onMatch: [SetItem] = []
        while accept(.on) {
            let isCreate = accept(.create)
            if !isCreate { try expect(.match, " or CREATE") }
            try expect(.set)
            let items = try commaSeparated { (parser) throws(SyntaxError) in try parser.setItem() }
            if isCreate { onCreate += items } else { onMatch += items }
        }
        continuation = "ON CREATE SET, ON MATCH SET"
        return .merge(path, onCreate: onCreate, onMatch: onMatch)
    }

    mutating func set() throws(SyntaxError) -> Clause.Kind {
        advance()
        let items = try commaSeparated { (parser) throws(SyntaxError) in try parser.setItem() }
        continuation = "an operator, ','"
        return .set(items)
    }

    private mutating func setItem() throws(SyntaxError) -> SetItem {
        let subject = try postfixExpression()
        switch subject.kind {
        case .property(let owner, let key):
            try expect(.equal)
            return .property(subject: owner, key: key, value: try assignedExpression())
        case .variable(let text):
            let variable = Name(text, subject.range)
            if accept(.equal) { return .replace(variable: variable, try assignedExpression()) }
            if accept(.plusEqual) { return .merge(variable: variable, try assignedExpression()) }
            if accept(.is) {
                let labels = try labelExpression()
                return .labels(variable: variable, try plainLabels(labels))
            }
            throw unexpected("'=', '+=', ':' or '.'")
        case .hasLabels(let owner, let labels):
            guard case .variable(let text) = owner.kind else { break }
            return .labels(variable: Name(text, owner.range), try plainLabels(labels))
        default:
            break
        }
        throw failure("SET changes a property (n.key = value), all of them (n = map, n += map) or labels (n:Label)", subject.range)
    }

    private mutating func assignedExpression() throws(SyntaxError) -> Expression {
        let value = try expression()
        if case .pattern = value.kind {
            throw failure("A pattern is a condition and no value; use EXISTS { } or a pattern comprehension", value.range)
        }
        return value
    }

    mutating func remove() throws(SyntaxError) -> Clause.Kind {
        advance()
        let items = try commaSeparated { (parser) throws(SyntaxError) in try parser.removeItem() }
        continuation = "','"
        return .remove(items)
    }

    private mutating func removeItem() throws(SyntaxError) -> RemoveItem {
        let subject = try postfixExpression()
        switch subject.kind {
        case .property(let owner, let key):
            return .property(subject: owner, key: key)
        case .variable(let text) where at(.is):
            advance()
            let labels = try labelExpression()
            return .labels(variable: Name(text, subject.range), try plainLabels(labels))
        case .hasLabels(let owner, let labels):
            guard case .variable(let text) = owner.kind else { break }
            return .labels(variable: Name(text, owner.range), try plainLabels(labels))
        default:
            break
        }
        throw failure("REMOVE takes properties (n.key) and labels (n:Label)", subject.range)
    }

    /// The names of `A` and `A:B` and `A&B`: what an entity can be given.
    func plainLabels(_ expression: LabelExpression) throws(SyntaxError) -> [Name] {
        var names: [Name] = []
        if !collect(expression, &names) {
            throw failure("Labels that are given or taken are names joined by ':'", names.last?.range ?? tokens[index - 1].range)
        }
        return names
    }

    /// False if something else than names joined by AND is among them.
    private func collect(_ expression: LabelExpression, _ names: inout [Name]) -> Bool {
        switch expression {
        case .name(let name):
            names.append(name)
            return true
        case .and(let left, let right):
            return collect(left, &names) && collect(right, &names)
        case .any, .not, .or:
            return false
        }
    }

    mutating func delete() throws(SyntaxError) -> Clause.Kind {
        let detach = accept(.detach)
        if !detach { _ = accept(.noDetach) }
        try expect(.delete)
        let items = try commaSeparated { (parser) throws(SyntaxError) in try parser.expression() }
        for item in items {
            if case .hasLabels = item.kind {
                throw failure("InvalidDelete", "DELETE takes entities and relationships; REMOVE takes labels", item.range)
            }
        }
        continuation = "','"
        return .delete(items, detach: detach)
    }

    mutating func forEach() throws(SyntaxError) -> Clause.Kind {
        advance()
        let opener = index
        try expect(.openParenthesis)
        let variable = try name("a variable")
        try expect(.in)
        let list = try expressionBeforeBar()
        try expect(.bar)
        try enter(SyntaxLimits.nestingOfSubquery)
        var clauses: [Clause] = []
        while let clause = try clause() {
            if !isWriting(clause) {
                throw failure("InvalidClauseComposition", "FOREACH takes clauses that write only", clause.range)
            }
            clauses.append(clause)
        }
        leave(SyntaxLimits.nestingOfSubquery)
        if clauses.isEmpty { throw unexpected("a clause such as CREATE, MERGE or SET", candidates: Self.clauseTexts) }
        try close(opener, or: "a clause that writes")
        continuation = ""
        return .forEach(variable: variable, list: list, clauses)
    }

    // MARK: What can be written

    /// Whether the pattern says everything that CREATE or MERGE needs, and no more.
    func checkWritten(_ path: PathPattern, isMerge: Bool) throws(SyntaxError) {
        if path.selector != nil || path.mode != .different {
            throw failure("A path that is written has no selector and no mode", path.range)
        }
        for element in path.elements {
            switch element {
            case .entity(let entity):
                if let labels = entity.labels { _ = try plainLabels(labels) }
                if let predicate = entity.predicate { throw failure("WHERE is not for patterns that are written", predicate.range) }
            case .relationship(let relationship):
                try checkWritten(relationship, isMerge: isMerge)
            case .group(let group):
                throw failure("CreatingVarLength", "A repeated path cannot be written", group.range)
            }
        }
    }

    private func checkWritten(_ relationship: RelationshipPattern, isMerge: Bool) throws(SyntaxError) {
        if relationship.length != nil {
            throw failure("CreatingVarLength", "A relationship that is written has no length", relationship.range)
        }
        // With a variable and no type, it may be that the variable is bound already; that error is another, and the binder's.
        if !hasOneType(relationship) && (relationship.types != nil || relationship.variable == nil) {
            throw failure(
                "NoSingleRelationshipType", "A relationship that is written has exactly one type: -[:TYPE]->", relationship.range)
        }
        if relationship.direction == .undirected && !isMerge {
            throw failure(
                "RequiresDirectedRelationship", "A relationship that is created has one direction: --> or <--", relationship.range)
        }
        if let predicate = relationship.predicate {
            throw failure("WHERE is not for patterns that are written", predicate.range)
        }
    }

    private func hasOneType(_ relationship: RelationshipPattern) -> Bool {
        if case .name = relationship.types { true } else { false }
    }
}
