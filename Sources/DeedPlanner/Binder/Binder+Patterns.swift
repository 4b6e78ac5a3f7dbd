// Patterns: what MATCH, OPTIONAL MATCH and pattern expressions look for becomes a query graph, which the pattern planner
// turns into operators.

import DeedExecution
import DeedSyntax
import DeedValues

/// A query graph while patterns are added to it.
struct PatternBuilder {
    var graph = QueryGraph()
    var scope: Scope
    /// Filled before the patterns are walked.
    let given: NumberSet
    /// Paths, made from what was found.
    var derived: [DerivedSlot] = []
    /// Expressions of the patterns, to be bound once all variables are declared.
    var pending: [(Expression, of: Slot, key: Name)] = []
    var pendingPredicates: [Expression] = []
    /// What hints ask for, and where they stand.
    var wishes = PatternWishes()
    var hints: [(of: Slot, place: SourceRange)] = []
    /// False where a pattern can introduce no variables.
    var introduces = true
    var clause = 0
    /// Entities, relationships and groups as they were written.
    var elementCount = 0
    /// Filled by walking a path as a whole, and by nothing else.
    var outputs: NumberSet = []
}

struct DerivedSlot {
    let slot: Slot
    let value: Expr
    let needs: NumberSet
}

extension Binder {
    // MARK: Clauses

    /// Several MATCH clauses in a row.
    func bindMatches(_ clauses: ArraySlice<Clause>, _ state: BoundQuery) throws -> BoundQuery {
        var builder = PatternBuilder(scope: state.scope, given: state.bound)
        for clause in clauses {
            guard case .match(_, let patterns, let predicate, let hints) = clause.kind else { continue }
            builder.clause += 1
            for pattern in patterns {
                look(pattern)
                try declare(pattern, &builder)
            }
            try bindPending(&builder)
            if let predicate { try add(predicate, to: &builder) }
            for hint in hints { try add(hint, to: &builder) }
        }
        return try walk(builder, state, at: clauses.first.map(\.range) ?? 0..<0)
    }

    func bindOptionalMatch(
        _ patterns: [PathPattern], _ predicate: Expression?, _ hints: [Hint], _ state: BoundQuery, at range: SourceRange
    ) throws -> BoundQuery {
        let match = Clause(.match(optional: false, patterns, predicate: predicate, hints: hints), range)
        var start = BoundQuery.start(state.scope)
        start.bound = state.bound
        let inner = try bindMatches([match], start)
        try take(steps: inner.plan.depth, at: range)
        var result = state
        result.append(
            Self.optional(inner.plan, after: state.plan), rows: state.plan.estimatedRows * max(inner.plan.estimatedRows, 1))
        result.scope = inner.scope
        result.bound = inner.bound
        result.readsGraph = true
        return result
    }

    /// A pattern that has nothing but keys in common with the rows before it is found once and joined with all of them; others
    /// are walked for each row.
    private static func optional(_ inner: PlanNode, after outer: PlanNode) -> PlanNode.Kind {
        guard case .join(let build, let probe, let keys, .inner, _, _) = inner.kind, case .argument = probe.kind else {
            return .apply(outer: outer, inner: inner, .optional)
        }
        return .join(build: build, probe: outer, keys: keys, .outer)
    }

    /// The plan that walks what was built, from the rows of `state`.
    func walk(_ builder: PatternBuilder, _ state: BoundQuery, at range: SourceRange) throws -> BoundQuery {
        var planner = planner(builder, state, builder.wishes)
        var result = state
        do {
            result.plan = try planner.plan(from: state.plan, isUnit: isUnit(state), following: try nextPattern())
        } catch is PatternPlanner.TooDeep {
            throw Self.tooManySteps(at: range)
        }
        choices.patterns.append(planner.steps)
        if following == nil { noteHints(builder, fulfilled: planner.fulfilled) }
        if spaces != nil { spaces?.append(try space(builder, state)) }
        result.isUnit = false
        result.bound = planner.bound
        result.scope = builder.scope
        result.readsGraph = true
        return result
    }

    func isUnit(_ state: BoundQuery) -> Bool { state.isUnit && state.bound.isEmpty }

    func planner(_ builder: PatternBuilder, _ state: BoundQuery, _ wishes: PatternWishes) -> PatternPlanner {
        PatternPlanner(
            estimator: estimator, graph: builder.graph, derived: builder.derived, bound: state.bound,
            depthMax: state.plan.depth + stepsLeft, interruption: interruption, wishes: wishes, newSlot: newSlot)
    }

    private func add(_ predicate: Expression, to builder: inout PatternBuilder) throws {
        for term in conjuncts(predicate) {
            let (expr, slots) = try tracking { try bindPredicate(term, builder.scope) }
            builder.graph.predicates.append(QueryGraph.Predicate(expr: expr, slots: slots))
        }
    }

    func bindPending(_ builder: inout PatternBuilder) throws {
        for (expression, slot, key) in builder.pending {
            let (value, slots) = try tracking { try bind(expression, builder.scope).expr }
            builder.graph.predicates.append(
                QueryGraph.Predicate(
                    expr: .compare(.equal, .property(.slot(slot), key.text), value), slots: slots.union([slot])))
        }
        let predicates = builder.pendingPredicates
        (builder.pending, builder.pendingPredicates) = ([], [])
        for predicate in predicates { try add(predicate, to: &builder) }
    }

    // MARK: Declaring

    /// Adds a pattern, and returns the slots of its entities and of the relationships between them.
    @discardableResult
    func declare(
        _ pattern: PathPattern, _ builder: inout PatternBuilder
    ) throws -> (entities: [Slot], relationships: [Slot]) {
        var slots: [Slot] = []
        var steps: [Slot] = []
        // Each makes a step at least. Planning takes more than linear time, so that it is not even begun with more.
        builder.elementCount += pattern.elements.count
        if builder.elementCount > stepsLeft { throw Self.tooManySteps(at: pattern.range) }
        if case .entity(let first)? = pattern.elements.first { slots.append(try declareEntity(first, &builder)) }
        if isWhole(pattern), case .entity(let last)? = pattern.elements.last {
            slots.append(try declareEntity(last, &builder))
            steps = [try declareWhole(pattern.elements, slots[0], slots[1], pattern, at: pattern.range, &builder)]
            try declarePath(pattern, slots, steps, &builder)
            return (slots, steps)
        }
        var index = 1
        while index + 1 < pattern.elements.count {
            guard case .entity(let next) = pattern.elements[index + 1] else { break }
            let right = try declareEntity(next, &builder)
            let left = slots[slots.count - 1]
            steps.append(try declareStep(pattern.elements[index], left, right, pattern, &builder))
            slots.append(right)
            index += 2
        }
        if pattern.mode == .acyclic { requireDistinct(slots, &builder) }
        try declarePath(pattern, slots, steps, &builder)
        return (slots, steps)
    }

    private func declarePath(
        _ pattern: PathPattern, _ slots: [Slot], _ steps: [Slot], _ builder: inout PatternBuilder
    ) throws {
        guard let name = pattern.variable else { return }
        try requireFree(name, builder.scope)
        let slot = newSlot()
        builder.scope.add(Variable(name: name.text, slot: slot, type: .path))
        if pattern.selector != nil, let last = builder.graph.relationships.indices.last {
            builder.graph.relationships[last].length?.path = slot
            return
        }
        for step in steps {
            for index in builder.graph.relationships.indices where builder.graph.relationships[index].slot == step {
                builder.graph.relationships[index].isNeeded = true
            }
        }
        builder.derived.append(
            DerivedSlot(
                slot: slot, value: .path(start: .slot(slots[0]), steps: steps.map { .slot($0) }),
                needs: NumberSet(steps + [slots[0]])))
    }

    private func requireDistinct(_ slots: [Slot], _ builder: inout PatternBuilder) {
        for (index, left) in slots.enumerated() {
            for right in slots[(index + 1)...] where left != right {
                builder.graph.predicates.append(
                    QueryGraph.Predicate(expr: .compare(.notEqual, .slot(left), .slot(right)), slots: [left, right]))
            }
        }
    }

    func declareEntity(_ pattern: EntityPattern, _ builder: inout PatternBuilder) throws -> Slot {
        let slot: Slot
        if let name = pattern.variable {
            if let known = builder.scope[name.text] {
                guard known.type.mayBeEntity else { throw typeConflict(name, known.type, "a node") }
                used.insert(known.slot)
                if builder.outputs.contains(known.slot) {
                    slot = newSlot()
                    builder.graph.predicates.append(
                        QueryGraph.Predicate(expr: .compare(.equal, .slot(slot), .slot(known.slot)), slots: [slot, known.slot]))
                } else {
                    slot = known.slot
                }
            } else {
                guard builder.introduces else { throw undefined(name) }
                slot = newSlot()
                builder.scope.add(Variable(name: name.text, slot: slot, type: .entity))
            }
        } else {
            slot = newSlot()
        }
        builder.graph.add(slot, labels: pattern.labels.map(labelTest))
        try declareProperties(pattern.properties, of: slot, &builder)
        if let predicate = pattern.predicate { builder.pendingPredicates.append(predicate) }
        return slot
    }

    private func declareProperties(
        _ properties: Expression?, of slot: Slot, _ builder: inout PatternBuilder
    ) throws {
        guard let properties else { return }
        guard case .map(let entries) = properties.kind else {
            throw QueryError(
                .syntaxError, "InvalidParameterUse",
                "a parameter cannot stand for the properties of a pattern here; write {key: $parameter.key}",
                at: properties.range)
        }
        for entry in entries { builder.pending.append((entry.value, slot, entry.key)) }
    }

    func typeConflict(_ name: Name, _ type: StaticType, _ wanted: String) -> QueryError {
        QueryError(
            .syntaxError, "VariableTypeConflict", "`\(name.text)` is \(type.description), and cannot be \(wanted) here",
            at: name.range)
    }

    private func undefined(_ name: Name) -> QueryError {
        QueryError(
            .syntaxError, "UndefinedVariable",
            "the variable `\(name.text)` is not defined; a pattern that is a predicate introduces no variables",
            at: name.range)
    }

    // MARK: Relationships

    private func declareStep(
        _ element: PatternElement, _ left: Slot, _ right: Slot, _ path: PathPattern, _ builder: inout PatternBuilder
    ) throws -> Slot {
        switch element {
        case .relationship(let pattern): return try declareRelationship(pattern, left, right, path, &builder)
        case .group(let group): return try declareGroup(group, left, right, path, &builder)
        case .entity(let pattern):
            throw QueryError(.syntaxError, "UnexpectedSyntax", "a relationship belongs between two nodes", at: pattern.range)
        }
    }

    private func declareRelationship(
        _ pattern: RelationshipPattern, _ left: Slot, _ right: Slot, _ path: PathPattern,
        _ builder: inout PatternBuilder
    ) throws -> Slot {
        let (types, test) = relationshipTypes(pattern.types)
        let isList = pattern.length != nil || path.selector != nil
        var slot = newSlot()
        var isGiven = false
        if let name = pattern.variable {
            if let known = builder.scope[name.text] {
                try checkRelationship(name, known.type, isList: isList)
                used.insert(known.slot)
                isGiven = !isList && builder.given.contains(known.slot)
                if isGiven {
                    slot = known.slot
                } else {
                    let same = Expr.compare(.equal, .slot(slot), .slot(known.slot))
                    builder.graph.predicates.append(QueryGraph.Predicate(expr: same, slots: [slot, known.slot]))
                }
            } else {
                guard builder.introduces else { throw undefined(name) }
                builder.scope.add(
                    Variable(name: name.text, slot: slot, type: isList ? .list(.relationship) : .relationship))
            }
        }
        var relationship = QueryGraph.Relationship(
            slot: slot, left: left, right: right, direction: direction(pattern.direction), types: types,
            length: nil, clause: path.mode == .walk ? -1 - slot : builder.clause, isNeeded: pattern.variable != nil)
        relationship.isGiven = isGiven
        if isList {
            relationship.length = try length(pattern, test, path, builder)
        } else {
            try declareProperties(pattern.properties, of: slot, &builder)
            if let predicate = pattern.predicate { builder.pendingPredicates.append(predicate) }
            let isTyped = isGiven && !types.isEmpty
            let checked = test ?? (isTyped ? types.dropFirst().reduce(.label(types[0])) { .or($0, .label($1)) } : nil)
            if let checked {
                relationship.isNeeded = true
                builder.graph.predicates.append(
                    QueryGraph.Predicate(expr: .hasLabels(.slot(slot), checked), slots: [slot]))
            }
            if pattern.properties != nil { relationship.isNeeded = true }
        }
        builder.graph.relationships.append(relationship)
        return slot
    }

    private func checkRelationship(_ name: Name, _ type: StaticType, isList: Bool) throws {
        if isList ? type.mayBeListOfRelationships : type.mayBeRelationship { return }
        throw typeConflict(name, type, isList ? "a list of relationships" : "a relationship")
    }

    func direction(_ direction: PatternDirection) -> ExpandDirection {
        switch direction {
        case .right: .out
        case .left: .in
        case .undirected: .both
        }
    }

    /// Types as a list where they are alternatives, otherwise as a test.
    func relationshipTypes(_ labels: LabelExpression?) -> ([String], LabelTest?) {
        guard let labels else { return ([], nil) }
        func alternatives(_ labels: LabelExpression) -> [String]? {
            switch labels {
            case .name(let name): return [name.text]
            case .or(let left, let right):
                guard let a = alternatives(left), let b = alternatives(right) else { return nil }
                return a + b
            default: return nil
            }
        }
        if let types = alternatives(labels) { return (types, nil) }
        return ([], labelTest(labels))
    }

    /// Of a relationship of variable length: properties and predicates are conditions of each step.
    private func length(
        _ pattern: RelationshipPattern, _ test: LabelTest?, _ path: PathPattern, _ builder: PatternBuilder
    ) throws -> QueryGraph.Length {
        if path.mode == .walk && path.selector == nil && pattern.length?.max == nil { throw unboundedWalk(pattern.range) }
        let (from, step, to) = (newSlot(), newSlot(), newSlot())
        var terms: [Expr] = []
        if let test { terms.append(.hasLabels(.slot(step), test)) }
        if let properties = pattern.properties {
            guard case .map(let entries) = properties.kind else {
                throw QueryError(
                    .syntaxError, "InvalidParameterUse", "a parameter cannot stand for the properties of a pattern here",
                    at: properties.range)
            }
            for entry in entries {
                let value = try bind(entry.value, builder.scope).expr
                terms.append(.compare(.equal, .property(.slot(step), entry.key.text), value))
            }
        }
        if let predicate = pattern.predicate {
            var scope = builder.scope
            if let name = pattern.variable { scope.add(Variable(name: name.text, slot: step, type: .relationship)) }
            terms.append(try bindPredicate(predicate, scope))
        }
        return QueryGraph.Length(
            min: pattern.length?.min ?? 1, max: pattern.length == nil ? 1 : pattern.length?.max,
            mode: repetition(path.mode), stepFilter: Expr.all(terms), stepFrom: from, stepRelationship: step, stepTo: to,
            path: nil, shortest: path.selector.map(which))
    }

    func repetition(_ mode: PathMode) -> RepetitionMode {
        switch mode {
        case .walk: .walk
        case .acyclic: .acyclic
        case .different, .trail: .trail
        }
    }

    func which(_ selector: PathSelector) -> ShortestPath.Which {
        switch selector {
        case .anyShortest: .any(1)
        case .allShortest: .all
        case .shortest(let count), .any(let count): .any(count)
        case .shortestGroups(let count): .groups(count)
        }
    }

    /// `((a)-[r]->(b) WHERE ...){1,3}`: one relationship, repeated; outside, its variables are lists.
    private func declareGroup(
        _ group: PatternGroup, _ left: Slot, _ right: Slot, _ path: PathPattern, _ builder: inout PatternBuilder
    ) throws -> Slot {
        guard group.path.elements.count == 3, case .entity(let first) = group.path.elements[0],
            case .relationship(let step) = group.path.elements[1], case .entity(let last) = group.path.elements[2],
            step.length == nil, group.path.variable == nil, group.path.selector == nil, group.path.mode == .different
        else { return try declareWhole([.group(group)], left, right, path, at: group.range, &builder) }
        if path.mode == .walk && path.selector == nil && group.length.max == nil { throw unboundedWalk(group.range) }
        for name in [first.variable, step.variable, last.variable].compactMap({ $0 }) {
            try requireFree(name, builder.scope)
        }
        let slot = newSlot()
        let (from, relationship, to) = (newSlot(), newSlot(), newSlot())
        var scope = builder.scope
        if let name = first.variable { scope.add(Variable(name: name.text, slot: from, type: .entity)) }
        if let name = step.variable { scope.add(Variable(name: name.text, slot: relationship, type: .relationship)) }
        if let name = last.variable { scope.add(Variable(name: name.text, slot: to, type: .entity)) }
        let filter = try groupFilter(group, first, step, last, (from, relationship, to), scope)
        let (types, _) = relationshipTypes(step.types)
        var result = QueryGraph.Relationship(
            slot: slot, left: left, right: right, direction: direction(step.direction), types: types, length: nil,
            clause: path.mode == .walk ? -1 - slot : builder.clause, isNeeded: true)
        result.length = QueryGraph.Length(
            min: group.length.min, max: group.length.max, mode: repetition(path.mode), stepFilter: filter,
            stepFrom: from, stepRelationship: relationship, stepTo: to, path: nil, shortest: path.selector.map(which))
        builder.graph.relationships.append(result)
        declareGroupVariables(first, step, last, of: slot, from: left, &builder)
        return slot
    }

    private func groupFilter(
        _ group: PatternGroup, _ first: EntityPattern, _ step: RelationshipPattern, _ last: EntityPattern,
        _ slots: (from: Slot, relationship: Slot, to: Slot), _ scope: Scope
    ) throws -> Expr? {
        var terms: [Expr] = []
        if let test = relationshipTypes(step.types).1 { terms.append(.hasLabels(.slot(slots.relationship), test)) }
        for (slot, labels) in [(slots.from, first.labels), (slots.to, last.labels)] {
            if let labels { terms.append(.hasLabels(.slot(slot), labelTest(labels))) }
        }
        let maps = [(slots.from, first.properties), (slots.relationship, step.properties), (slots.to, last.properties)]
        for (slot, properties) in maps {
            guard case .map(let entries)? = properties?.kind else { continue }
            for entry in entries {
                terms.append(.compare(.equal, .property(.slot(slot), entry.key.text), try bind(entry.value, scope).expr))
            }
        }
        for predicate in [first.predicate, step.predicate, last.predicate, group.predicate] {
            if let predicate { terms.append(try bindPredicate(predicate, scope)) }
        }
        return Expr.all(terms)
    }

    private func declareGroupVariables(
        _ first: EntityPattern, _ step: RelationshipPattern, _ last: EntityPattern, of slot: Slot, from left: Slot,
        _ builder: inout PatternBuilder
    ) {
        if let name = step.variable {
            builder.scope.add(Variable(name: name.text, slot: slot, type: .list(.relationship)))
        }
        let nodes = Expr.call("nodes", [.path(start: .slot(left), steps: [.slot(slot)])])
        let ends: [(Name?, Expr)] = [
            (first.variable, .slice(nodes, from: nil, to: .constant(.int(-1)))),
            (last.variable, .slice(nodes, from: .constant(.int(1)), to: nil)),
        ]
        for (name, value) in ends {
            guard let name else { continue }
            let list = newSlot()
            builder.scope.add(Variable(name: name.text, slot: list, type: .list(.entity)))
            builder.derived.append(DerivedSlot(slot: list, value: value, needs: [slot, left]))
        }
    }

    // MARK: Expressions with patterns

    func bindSubquery(_ expression: Expression, _ scope: Scope, _ mode: ExpressionMode) throws -> BoundExpression {
        depth += 1
        defer { depth -= 1 }
        switch expression.kind {
        case .pattern(let pattern):
            guard mode.allowsPatterns else {
                throw QueryError(
                    .syntaxError, "UnexpectedSyntax",
                    "a pattern can stand only where a condition does; for its results write [pattern | expression]",
                    at: expression.range)
            }
            let found = try match(pattern, filter: nil, scope, introduces: false)
            return BoundExpression(existence(of: found.plan), .bool)
        case .patternComprehension(let pattern, let filter, let projection):
            var found = try match(pattern, filter: filter, scope, introduces: true)
            let value = try bind(projection, found.scope)
            return BoundExpression(collected(value.expr, &found), .list(value.type))
        case .shortestPath(let pattern):
            return try bindShortestPath(pattern, scope)
        case .subquery(let kind, let query):
            return try bindSubquery(kind, query, scope, at: expression.range)
        default: preconditionFailure("not a subquery")
        }
    }

    /// The plan of one pattern as MATCH would have it.
    private func match(
        _ pattern: PathPattern, filter: Expression?, _ scope: Scope, introduces: Bool
    ) throws -> BoundQuery {
        let start = BoundQuery.start(scope)
        var builder = PatternBuilder(scope: scope, given: start.bound)
        builder.introduces = introduces
        look(pattern)
        try declare(pattern, &builder)
        try bindPending(&builder)
        if let filter { try add(filter, to: &builder) }
        let found = try walk(builder, start, at: pattern.range)
        try take(steps: found.plan.depth, at: pattern.range)
        return found
    }

    private func existence(of plan: PlanNode) -> Expr {
        .subquery(Subquery(kind: .exists, plan: DistinctReach.forExistence(plan), result: nil))
    }

    private func collected(_ value: Expr, _ found: inout BoundQuery) -> Expr {
        if case .slot(let slot) = value { return .subquery(Subquery(kind: .collect, plan: found.plan, result: slot)) }
        let slot = newSlot()
        found.append(.project(child: found.plan, [(slot, value)]))
        return .subquery(Subquery(kind: .collect, plan: found.plan, result: slot))
    }

    private func bindShortestPath(_ pattern: PathPattern, _ scope: Scope) throws -> BoundExpression {
        let path = Name("", pattern.range)
        let named = PathPattern(
            variable: path, selector: pattern.selector, mode: pattern.mode, elements: pattern.elements,
            range: pattern.range)
        var found = try match(named, filter: nil, scope, introduces: true)
        guard let variable = found.scope[""] else { return BoundExpression(.constant(.null), .null) }
        let list = collected(.slot(variable.slot), &found)
        if pattern.selector == .allShortest { return BoundExpression(list, .list(.path)) }
        return BoundExpression(.element(list, index: .constant(.int(0))), .path)
    }

    private func bindSubquery(
        _ kind: DeedSyntax.SubqueryKind, _ query: Query, _ scope: Scope, at range: SourceRange
    ) throws -> BoundExpression {
        let wrote = writes
        writes = false
        subqueryDepth += 1
        defer { subqueryDepth -= 1 }
        let bound = try bind(query, from: BoundQuery.start(scope), isTop: false)
        if writes {
            throw QueryError(
                .syntaxError, "InvalidClauseComposition", "a subquery in an expression cannot change anything", at: range)
        }
        writes = wrote
        switch kind {
        case .exists: return BoundExpression(existence(of: bound.plan), .bool)
        case .count: return BoundExpression(.subquery(Subquery(kind: .count, plan: bound.plan, result: nil)), .int)
        case .collect:
            guard bound.columns.count == 1 else {
                throw QueryError(
                    .syntaxError, "InvalidClauseComposition", "COLLECT { } returns exactly one column", at: range)
            }
            let result = bound.columns[0].slot
            return BoundExpression(.subquery(Subquery(kind: .collect, plan: bound.plan, result: result)), .list(.any))
        }
    }
}
