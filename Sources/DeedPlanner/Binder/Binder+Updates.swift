// The clauses that change the graph. Each begins when what came before is complete, and what comes after begins when it is.

import DeedExecution
import DeedSyntax
import DeedValues

extension Binder {
    /// Before a clause that changes something: its input must not be read while it changes.
    func fenced(_ state: BoundQuery) -> BoundQuery {
        var state = state
        writes = true
        if state.readsGraph { state.append(.eager(child: state.plan)) }
        state.readsGraph = false
        return state
    }

    /// After such a clause: all of its changes are made before anything else looks.
    func completed(_ state: BoundQuery) -> BoundQuery {
        var state = state
        state.append(.eager(child: state.plan))
        return state
    }

    // MARK: CREATE

    /// Several CREATE clauses in a row.
    func bindCreate(_ clauses: ArraySlice<Clause>, _ state: BoundQuery) throws -> BoundQuery {
        var state = fenced(state)
        var creations: [Creation] = []
        var scope = state.scope
        state.scope = Scope()
        for clause in clauses {
            guard case .create(let patterns) = clause.kind else { continue }
            for pattern in patterns { try create(pattern, &creations, &scope) }
        }
        state.append(.create(child: state.plan, creations))
        state.scope = scope
        state.bound = scope.slots
        return completed(state)
    }

    /// True if an expression of the patterns can see more of the graph than the elements of its own row. Then it must not see
    /// what a later clause makes for another row, and the clauses cannot be one.
    func looksIntoGraph(_ patterns: [PathPattern]) -> Bool {
        patterns.contains { pattern in
            pattern.elements.contains { element in
                switch element {
                case .entity(let entity): entity.properties.map(DeedPlanner.looksIntoGraph) ?? false
                case .relationship(let relationship): relationship.properties.map(DeedPlanner.looksIntoGraph) ?? false
                case .group: false
                }
            }
        }
    }

    private func create(_ pattern: PathPattern, _ creations: inout [Creation], _ scope: inout Scope) throws {
        var slots: [Slot] = []
        var steps: [Slot] = []
        let isAlone = pattern.elements.count == 1
        for (index, element) in pattern.elements.enumerated() {
            guard case .entity(let entity) = element else { continue }
            slots.append(try createEntity(entity, isAlone: isAlone, &creations, &scope))
            guard index >= 2, case .relationship(let relationship) = pattern.elements[index - 1] else { continue }
            let (left, right) = (slots[slots.count - 2], slots[slots.count - 1])
            steps.append(try createRelationship(relationship, left, right, mayBeUndirected: false, &creations, &scope))
        }
        if pattern.elements.contains(where: { if case .group = $0 { true } else { false } }) {
            throw QueryError(.syntaxError, "CreatingVarLength", "a repeated pattern cannot be created", at: pattern.range)
        }
        guard let name = pattern.variable else { return }
        try requireFree(name, scope)
        let slot = newSlot()
        creations.append(.path(slot, .path(start: .slot(slots[0]), steps: steps.map { .slot($0) })))
        scope.add(Variable(name: name.text, slot: slot, type: .path))
    }

    private func createEntity(
        _ pattern: EntityPattern, isAlone: Bool, _ creations: inout [Creation], _ scope: inout Scope
    ) throws -> Slot {
        if let name = pattern.variable, let known = scope[name.text] {
            guard !isAlone, pattern.labels == nil, pattern.properties == nil else { throw alreadyBound(name) }
            guard known.type.mayBeEntity else { throw typeConflict(name, known.type, "a node") }
            return known.slot
        }
        let properties = try pattern.properties.map { try bindProperties($0, scope) }
        let slot = newSlot()
        creations.append(.entity(slot, labels: try labelNames(pattern.labels, at: pattern.range), properties: properties))
        if let name = pattern.variable { scope.add(Variable(name: name.text, slot: slot, type: .entity)) }
        return slot
    }

    private func createRelationship(
        _ pattern: RelationshipPattern, _ left: Slot, _ right: Slot, mayBeUndirected: Bool,
        _ creations: inout [Creation], _ scope: inout Scope
    ) throws -> Slot {
        if let name = pattern.variable { try requireFree(name, scope) }
        let type = try singleType(pattern, mayBeUndirected: mayBeUndirected)
        let properties = try pattern.properties.map { try bindProperties($0, scope) }
        let slot = newSlot()
        let (source, target) = pattern.direction == .left ? (right, left) : (left, right)
        creations.append(.relationship(slot, source: source, target: target, type: type, properties: properties))
        if let name = pattern.variable { scope.add(Variable(name: name.text, slot: slot, type: .relationship)) }
        return slot
    }

    private func singleType(_ pattern: RelationshipPattern, mayBeUndirected: Bool) throws -> String {
        if pattern.length != nil {
            throw QueryError(
                .syntaxError, "CreatingVarLength", "a relationship of variable length cannot be created", at: pattern.range)
        }
        guard case .name(let type)? = pattern.types else {
            throw QueryError(
                .syntaxError, "NoSingleRelationshipType", "a relationship is created with exactly one type: -[:TYPE]->",
                at: pattern.range)
        }
        if pattern.direction == .undirected && !mayBeUndirected {
            throw QueryError(
                .syntaxError, "RequiresDirectedRelationship", "a relationship is created with a direction: -[]-> or <-[]-",
                at: pattern.range)
        }
        return type.text
    }

    private func bindProperties(_ properties: Expression, _ scope: Scope) throws -> Expr {
        let bound = try bind(properties, scope)
        guard bound.type.mayBeMap else { throw wrongType(properties, "a map", bound.type) }
        return bound.expr
    }

    /// `:A:B` and `:A&B`.
    private func labelNames(_ labels: LabelExpression?, at range: SourceRange) throws -> [String] {
        switch labels {
        case nil: return []
        case .name(let name): return [name.text]
        case .and(let left, let right): return try labelNames(left, at: range) + labelNames(right, at: range)
        default:
            throw QueryError(.syntaxError, "UnexpectedSyntax", "a node is created with labels by name: (:A:B)", at: range)
        }
    }

    // MARK: MERGE

    func bindMerge(
        _ pattern: PathPattern, _ onCreate: [SetItem], _ onMatch: [SetItem], _ state: BoundQuery
    ) throws -> BoundQuery {
        var state = fenced(state)
        try checkMerge(pattern, state.scope)
        var builder = PatternBuilder(scope: state.scope, given: state.bound)
        let (entities, relationships) = try declare(pattern, &builder)
        try bindPending(&builder)
        let creations = try mergeCreations(pattern, entities, relationships, state.scope, builder.scope)
        var start = BoundQuery.start(state.scope)
        start.bound = state.bound
        let match = try walk(builder, start, at: pattern.range)
        try take(steps: match.plan.depth, at: pattern.range)
        let onCreate = try onCreate.flatMap { try changes($0, builder.scope) }
        let onMatch = try onMatch.flatMap { try changes($0, builder.scope) }
        state.append(.merge(child: state.plan, match: match.plan, creations, onCreate: onCreate, onMatch: onMatch))
        state.scope = builder.scope
        state.bound = state.scope.slots
        return completed(state)
    }

    private func checkMerge(_ pattern: PathPattern, _ scope: Scope) throws {
        for element in pattern.elements {
            switch element {
            case .entity(let entity):
                guard let name = entity.variable, scope[name.text] != nil else { continue }
                let isBare = entity.labels == nil && entity.properties == nil
                if pattern.elements.count == 1 || !isBare { throw alreadyBound(name) }
            case .relationship(let relationship):
                if let name = relationship.variable { try requireFree(name, scope) }
                _ = try singleType(relationship, mayBeUndirected: true)
            case .group(let group):
                throw QueryError(.syntaxError, "CreatingVarLength", "a repeated pattern cannot be created", at: group.range)
            }
        }
    }

    /// What MERGE creates where it finds nothing, in the slots that its pattern would fill.
    private func mergeCreations(
        _ pattern: PathPattern, _ entities: [Slot], _ relationships: [Slot], _ before: Scope, _ after: Scope
    ) throws -> [Creation] {
        var creations: [Creation] = []
        var made = before.slots
        for (index, element) in pattern.elements.enumerated() {
            switch element {
            case .entity(let entity):
                let slot = entities[index / 2]
                if made.insert(slot).inserted {
                    let properties = try entity.properties.map { try bindProperties($0, after) }
                    creations.append(
                        .entity(slot, labels: try labelNames(entity.labels, at: entity.range), properties: properties))
                }
            default: break
            }
        }
        for (index, element) in pattern.elements.enumerated() {
            guard case .relationship(let relationship) = element else { continue }
            let (left, right) = (entities[index / 2], entities[index / 2 + 1])
            let (source, target) = relationship.direction == .left ? (right, left) : (left, right)
            creations.append(
                .relationship(
                    relationships[index / 2], source: source, target: target,
                    type: try singleType(relationship, mayBeUndirected: true),
                    properties: try relationship.properties.map { try bindProperties($0, after) }))
        }
        if let name = pattern.variable, let path = after[name.text] {
            creations.append(
                .path(path.slot, .path(start: .slot(entities[0]), steps: relationships.map { .slot($0) })))
        }
        return creations
    }

    // MARK: SET and REMOVE

    func bindSet(_ items: [SetItem], _ state: BoundQuery) throws -> BoundQuery {
        var state = fenced(state)
        let changed = try items.flatMap { try changes($0, state.scope) }
        state.append(.change(child: state.plan, changed))
        return completed(state)
    }

    private func changes(_ item: SetItem, _ scope: Scope) throws -> [Change] {
        switch item {
        case .property(let subject, let key, let value):
            let target = try bind(subject, scope)
            guard target.type.mayBeElement else { throw wrongType(subject, "a node or relationship", target.type) }
            return [.setProperty(of: target.expr, key: key.text, value: try bind(value, scope).expr)]
        case .replace(let name, let value): return [.replaceProperties(of: try element(name, scope), try map(value, scope))]
        case .merge(let name, let value): return [.mergeProperties(of: try element(name, scope), try map(value, scope))]
        case .labels(let name, let labels): return [.addLabels(try entity(name, scope), labels.map(\.text))]
        }
    }

    private func map(_ value: Expression, _ scope: Scope) throws -> Expr {
        let bound = try bind(value, scope)
        guard bound.type.mayBeMap || bound.type.mayBeElement else { throw wrongType(value, "a map", bound.type) }
        return bound.expr
    }

    private func element(_ name: Name, _ scope: Scope) throws -> Slot {
        let bound = try bind(Expression(.variable(name.text), name.range), scope)
        guard case .slot(let slot) = bound.expr, bound.type.mayBeElement else {
            throw typeConflict(name, bound.type, "a node or relationship")
        }
        return slot
    }

    private func entity(_ name: Name, _ scope: Scope) throws -> Slot {
        let bound = try bind(Expression(.variable(name.text), name.range), scope)
        guard case .slot(let slot) = bound.expr, bound.type.mayBeEntity else {
            throw typeConflict(name, bound.type, "a node")
        }
        return slot
    }

    func bindRemove(_ items: [RemoveItem], _ state: BoundQuery) throws -> BoundQuery {
        var state = fenced(state)
        let changes = try items.map { item -> Change in
            switch item {
            case .property(let subject, let key):
                let target = try bind(subject, state.scope)
                guard target.type.mayBeElement else { throw wrongType(subject, "a node or relationship", target.type) }
                return .setProperty(of: target.expr, key: key.text, value: .constant(.null))
            case .labels(let name, let labels): return .removeLabels(try entity(name, state.scope), labels.map(\.text))
            }
        }
        state.append(.change(child: state.plan, changes))
        return completed(state)
    }

    // MARK: DELETE and FOREACH

    func bindDelete(_ expressions: [Expression], detach: Bool, _ state: BoundQuery) throws -> BoundQuery {
        var state = fenced(state)
        let targets = try expressions.map { expression -> Expr in
            if case .hasLabels = expression.kind {
                throw QueryError(
                    .syntaxError, "InvalidDelete", "a label cannot be deleted; REMOVE takes labels away", at: expression.range)
            }
            let bound = try bind(expression, state.scope)
            guard bound.type.mayBeElement || bound.type.mayBePath else {
                throw wrongType(expression, "a node, a relationship or a path", bound.type)
            }
            return bound.expr
        }
        state.append(.delete(child: state.plan, targets, detach: detach))
        return completed(state)
    }

    func bindForEach(
        _ variable: Name, _ list: Expression, _ body: [Clause], _ state: BoundQuery, at range: SourceRange
    ) throws -> BoundQuery {
        var state = fenced(state)
        try requireFree(variable, state.scope)
        let source = try bind(list, state.scope)
        guard source.type.mayBeList else { throw wrongType(list, "a list", source.type) }
        for clause in body {
            switch clause.kind {
            case .create, .merge, .set, .remove, .delete, .forEach: continue
            default:
                throw QueryError(
                    .syntaxError, "InvalidClauseComposition", "FOREACH contains only clauses that change something",
                    at: clause.range)
            }
        }
        let slot = newSlot()
        var inner = state.scope
        inner.add(Variable(name: variable.text, slot: slot, type: source.type.elementType))
        let query = Query(parts: [SingleQuery(clauses: body, range: range)], all: [], range: range)
        let bound = try bind(query, from: BoundQuery.start(inner), isTop: false)
        state.append(.forEach(child: state.plan, list: source.expr, element: slot, body: bound.plan))
        return completed(state)
    }

    // MARK: CALL { ... }

    func bindSubquery(
        _ query: Query, _ imports: [Name]?, optional: Bool, _ batches: TransactionBatches?, _ state: BoundQuery,
        at range: SourceRange
    ) throws -> BoundQuery {
        let scope = try importedScope(query, imports, state.scope)
        let wrote = writes
        writes = false
        subqueryDepth += 1
        let inner = try bind(query, from: BoundQuery.start(scope), isTop: false)
        subqueryDepth -= 1
        let changes = writes
        if let batches {
            writes = wrote
            return try bindBatches(batches, inner, optional: optional, state, at: range)
        }
        writes = wrote || changes
        var result = changes ? fenced(state) : state
        if inner.isComplete && !inner.columns.isEmpty {
            for (name, slot) in inner.columns {
                try requireFree(Name(name, range), result.scope)
                result.scope.add(Variable(name: name, slot: slot, type: inner.scope[name]?.type ?? .any))
            }
            result.append(
                .apply(outer: result.plan, inner: inner.plan, optional ? .optional : .cross),
                rows: result.plan.estimatedRows * max(inner.plan.estimatedRows, 1))
            result.bound.formUnion(inner.columns.map(\.slot))
        } else {
            let once = Expr.constant(.list([.null]))
            result.append(.forEach(child: result.plan, list: once, element: newSlot(), body: inner.plan))
        }
        result.readsGraph = result.readsGraph || inner.readsGraph
        return changes ? completed(result) : result
    }

    /// What the body of CALL { } sees: what it imports by name, or all of it for a leading WITH to choose from.
    private func importedScope(_ query: Query, _ imports: [Name]?, _ outer: Scope) throws -> Scope {
        if let imports {
            if imports.contains(where: { $0.text == "*" }) { return outer }
            var scope = Scope()
            for name in imports {
                guard let variable = outer[name.text] else {
                    throw QueryError(
                        .syntaxError, "UndefinedVariable", "the variable `\(name.text)` is not defined", at: name.range)
                }
                scope.add(variable)
            }
            return scope
        }
        let importsByWith = query.parts.contains { part in
            if case .with? = part.clauses.first?.kind { true } else { false }
        }
        return importsByWith ? outer : Scope()
    }
}
