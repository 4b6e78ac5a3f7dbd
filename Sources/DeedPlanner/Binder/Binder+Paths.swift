// Paths that are walked as a whole: repeated parts of several relationships, and selectors over more than one relationship.
// Conditions become conditions of steps, of repetitions, or of the entity between two parts; what they refer to besides must
// be there before the path is walked.

import DeedExecution
import DeedSyntax
import DeedValues

/// The parts of a path while they are declared.
private struct PartsBuilder {
    var parts: [PathPart] = []
    var outputs: [PathOutputColumn] = []
    /// Of all steps; nil once one of them has any type.
    var types: [String]? = []

    mutating func note(_ types: [String]) {
        self.types = types.isEmpty ? nil : self.types.map { $0 + types.filter { !(self.types ?? []).contains($0) } }
    }
}

extension Binder {
    /// Whether a pattern cannot be taken apart into relationships: what its selector or mode says is about all of it.
    func isWhole(_ pattern: PathPattern) -> Bool {
        let lengths = pattern.elements.compactMap { element -> PatternLength? in
            switch element {
            case .relationship(let relationship): relationship.length
            case .group(let group): group.length
            case .entity: nil
            }
        }
        // Of one relationship with a length only the ends need comparing, unless it may be taken no times.
        if pattern.mode == .acyclic && lengths.contains(where: { $0.min == 0 }) { return true }
        guard pattern.elements.count > 3, case .entity? = pattern.elements.last else { return isLongGroup(pattern) }
        return pattern.selector != nil || pattern.mode == .acyclic && !lengths.isEmpty
    }

    /// A selector over one group of several relationships.
    private func isLongGroup(_ pattern: PathPattern) -> Bool {
        guard pattern.selector != nil, pattern.elements.count == 3, case .group(let group) = pattern.elements[1] else { return false }
        return group.path.elements.count != 3
    }

    /// `elements`: those of the path with both ends, or one group alone.
    func declareWhole(
        _ elements: [PatternElement], _ left: Slot, _ right: Slot, _ path: PathPattern, at range: SourceRange,
        _ builder: inout PatternBuilder
    ) throws -> Slot {
        let (parts, uses) = try tracking { try declareParts(elements, &builder) }
        if !uses.isDisjoint(with: parts.outputs.map(\.slot)) {
            throw unsupported(
                "within a path that is found as a whole, a condition cannot refer to another variable between its ends; "
                    + "ask for it in the WHERE of the MATCH, or repeat it behind WITH", range)
        }
        if path.mode == .walk && path.selector == nil && parts.parts.contains(where: { $0.max == nil }) { throw unboundedWalk(range) }
        let slot = newSlot()
        var relationship = QueryGraph.Relationship(
            slot: slot, left: left, right: right, direction: .out, types: parts.types ?? [], length: nil,
            clause: path.mode == .walk ? -1 - slot : builder.clause, isNeeded: false)
        let least = parts.parts.reduce(0) { min($0 + min($1.min, 1_000), 1_000) }
        let most = parts.parts.contains { $0.max == nil } ? nil : parts.parts.reduce(0) { min($0 + min($1.max ?? 0, 1_000), 1_000) }
        relationship.length = QueryGraph.Length(
            min: least, max: most, mode: repetition(path.mode), stepFilter: nil, stepFrom: newSlot(), stepRelationship: newSlot(),
            stepTo: newSlot(), path: nil, shortest: path.selector.map(which), parts: parts.parts, outputs: parts.outputs,
            uses: uses)
        builder.graph.relationships.append(relationship)
        return slot
    }

    private func declareParts(_ elements: [PatternElement], _ builder: inout PatternBuilder) throws -> PartsBuilder {
        var parts = PartsBuilder()
        let isAlone = elements.count == 1
        for index in stride(from: isAlone ? 0 : 1, to: elements.count, by: 2) {
            var behind: EntityPattern?
            if index + 2 < elements.count, case .entity(let entity) = elements[index + 1] { behind = entity }
            switch elements[index] {
            case .relationship(let relationship): try declarePart(relationship, behind, &parts, &builder)
            case .group(let group): try declarePart(group, behind, &parts, &builder)
            case .entity(let entity): throw unsupported("a relationship belongs between two nodes", entity.range)
            }
        }
        return parts
    }

    func unboundedWalk(_ range: SourceRange) -> QueryError {
        QueryError(
            .syntaxError, "UnboundedWalk",
            "a WALK may go round in circles for ever: give it an upper bound such as {1,5}, or a selector such as ANY SHORTEST", at: range)
    }

    private func unsupported(_ message: String, _ range: SourceRange) -> QueryError {
        QueryError(.syntaxError, "UnsupportedPattern", message, at: range)
    }

    // MARK: Parts

    private func declarePart(
        _ pattern: RelationshipPattern, _ behind: EntityPattern?, _ parts: inout PartsBuilder, _ builder: inout PatternBuilder
    ) throws {
        let isOne = pattern.length == nil
        let (from, relationship, to) = (newSlot(), newSlot(), newSlot())
        let index = parts.parts.count
        var scope = builder.scope
        if let name = pattern.variable {
            try requireNew(name, builder)
            scope.add(Variable(name: name.text, slot: relationship, type: .relationship))
        }
        let (types, test) = relationshipTypes(pattern.types)
        var terms = try conditions(on: relationship, test, pattern.properties, pattern.predicate, scope)
        var end: PathEntity?
        if let behind {
            let checked = try declareBetween(behind, isOne ? to : newSlot(), index, &parts, &builder)
            if isOne { terms += [checked.filter].compactMap { $0 } } else { end = checked }
        }
        let step = PathStep(
            from: from, relationship: relationship, to: to, types: types, direction: direction(pattern.direction),
            filter: Expr.all(terms))
        parts.note(types)
        parts.parts.append(
            PathPart(steps: [step], min: pattern.length?.min ?? 1, max: isOne ? 1 : pattern.length?.max, filter: nil, end: end))
        if let name = pattern.variable {
            output(
                name, isOne ? .relationship : .list(.relationship),
                isOne ? .relationship(part: index) : .relationships(part: index, step: 0), &parts, &builder)
        }
    }

    private func declarePart(
        _ group: PatternGroup, _ behind: EntityPattern?, _ parts: inout PartsBuilder, _ builder: inout PatternBuilder
    ) throws {
        let index = parts.parts.count
        var inner = GroupBuilder(scope: builder.scope)
        guard group.path.variable == nil, group.path.selector == nil, group.path.mode == .different else {
            throw unsupported("a repeated part has neither a name nor a selector or mode of its own", group.range)
        }
        for element in group.path.elements {
            switch element {
            case .entity(let entity): try declareInside(entity, &inner, builder)
            case .relationship(let relationship) where relationship.length == nil: try declareInside(relationship, &inner, builder)
            default: throw unsupported("repetition within a repeated part is not supported; write the part out", group.range)
            }
        }
        var steps: [PathStep] = []
        var terms = try inner.equalities + groupConditions(group, inner)
        for (number, pattern) in inner.relationships.enumerated() {
            let (types, _) = relationshipTypes(pattern.pattern.types)
            parts.note(types)
            let (from, to) = (inner.entities[number].slot, inner.entities[number + 1].slot)
            let own = take([from, pattern.slot, to], inner, &terms)
            steps.append(
                PathStep(
                    from: from, relationship: pattern.slot, to: to, types: types,
                    direction: direction(pattern.pattern.direction), filter: own))
        }
        if steps.isEmpty { throw unsupported("a repeated part has at least one relationship", group.range) }
        let filter = Expr.all(terms)
        let end = try behind.map { try declareBetween($0, newSlot(), index, &parts, &builder) }
        parts.parts.append(PathPart(steps: steps, min: group.length.min, max: group.length.max, filter: filter, end: end))
        for (position, entity) in inner.entities.enumerated() where entity.isFirst {
            guard let name = entity.pattern.variable else { continue }
            output(name, .list(.entity), .entities(part: index, position: position), &parts, &builder)
        }
        for (number, relationship) in inner.relationships.enumerated() {
            guard let name = relationship.pattern.variable else { continue }
            output(name, .list(.relationship), .relationships(part: index, step: number), &parts, &builder)
        }
    }

    /// Takes out the conditions that one step can decide.
    private func take(_ slots: NumberSet, _ inner: GroupBuilder, _ terms: inout [Expr]) -> Expr? {
        let all = NumberSet(inner.entities.map(\.slot) + inner.relationships.map(\.slot) + [-1])
        let own = terms.filter { slotsUsed($0).intersection(all).isSubset(of: slots) }
        terms.removeAll { slotsUsed($0).intersection(all).isSubset(of: slots) }
        return Expr.all(own)
    }

    private func output(
        _ name: Name, _ type: StaticType, _ source: PathOutputColumn.Source, _ parts: inout PartsBuilder,
        _ builder: inout PatternBuilder
    ) {
        let slot = newSlot()
        builder.scope.add(Variable(name: name.text, slot: slot, type: type))
        parts.outputs.append(PathOutputColumn(slot: slot, source: source))
        builder.outputs.insert(slot)
    }

    private func requireNew(_ name: Name, _ builder: PatternBuilder) throws {
        if builder.scope[name.text] != nil { throw alreadyBound(name) }
        guard builder.introduces else {
            throw QueryError(
                .syntaxError, "UndefinedVariable",
                "the variable `\(name.text)` is not defined; a pattern that is a predicate introduces no variables", at: name.range)
        }
    }

    // MARK: Between parts

    /// The entity between two parts; `slot` is where conditions find it.
    private func declareBetween(
        _ pattern: EntityPattern, _ slot: Slot, _ part: Int, _ parts: inout PartsBuilder, _ builder: inout PatternBuilder
    ) throws -> PathEntity {
        var scope = builder.scope
        var terms: [Expr] = []
        if let name = pattern.variable {
            if let known = builder.scope[name.text] {
                guard known.type.mayBeEntity else { throw typeConflict(name, known.type, "a node") }
                used.insert(known.slot)
                terms.append(.compare(.equal, .slot(slot), .slot(known.slot)))
            } else {
                try requireNew(name, builder)
                output(name, .entity, .end(part: part), &parts, &builder)
            }
            scope.add(Variable(name: name.text, slot: slot, type: .entity))
        }
        terms += try conditions(on: slot, pattern.labels.map(labelTest), pattern.properties, pattern.predicate, scope)
        return PathEntity(slot: slot, filter: Expr.all(terms))
    }

    private func conditions(
        on slot: Slot, _ labels: LabelTest?, _ properties: Expression?, _ predicate: Expression?, _ scope: Scope
    ) throws -> [Expr] {
        var terms: [Expr] = []
        if let labels { terms.append(.hasLabels(.slot(slot), labels)) }
        if let properties {
            guard case .map(let entries) = properties.kind else {
                throw QueryError(
                    .syntaxError, "InvalidParameterUse", "a parameter cannot stand for the properties of a pattern here",
                    at: properties.range)
            }
            for entry in entries {
                terms.append(.compare(.equal, .property(.slot(slot), entry.key.text), try bind(entry.value, scope).expr))
            }
        }
        if let predicate { terms.append(try bindPredicate(predicate, scope)) }
        return terms
    }

    // MARK: Within a repetition

    private func declareInside(_ pattern: EntityPattern, _ inner: inout GroupBuilder, _ builder: PatternBuilder) throws {
        let slot = newSlot()
        var isFirst = true
        if let name = pattern.variable {
            if let same = inner.entities.first(where: { $0.pattern.variable?.text.utf8.elementsEqual(name.text.utf8) == true }) {
                inner.equalities.append(.compare(.equal, .slot(slot), .slot(same.slot)))
                isFirst = false
            } else {
                try requireNew(name, builder)
                inner.scope.add(Variable(name: name.text, slot: slot, type: .entity))
            }
        }
        inner.entities.append(GroupBuilder.Entity(slot: slot, pattern: pattern, isFirst: isFirst))
    }

    private func declareInside(_ pattern: RelationshipPattern, _ inner: inout GroupBuilder, _ builder: PatternBuilder) throws {
        let slot = newSlot()
        if let name = pattern.variable {
            if inner.scope[name.text] != nil { throw alreadyBound(name) }
            try requireNew(name, builder)
            inner.scope.add(Variable(name: name.text, slot: slot, type: .relationship))
        }
        inner.relationships.append((slot, pattern))
    }

    private func groupConditions(_ group: PatternGroup, _ inner: GroupBuilder) throws -> [Expr] {
        var terms: [Expr] = []
        for entity in inner.entities {
            terms += try conditions(
                on: entity.slot, entity.pattern.labels.map(labelTest), entity.pattern.properties, entity.pattern.predicate, inner.scope)
        }
        for (slot, pattern) in inner.relationships {
            terms += try conditions(on: slot, relationshipTypes(pattern.types).1, pattern.properties, pattern.predicate, inner.scope)
        }
        if let predicate = group.predicate { terms.append(try bindPredicate(predicate, inner.scope)) }
        return terms
    }
}

/// What a repeated part has while it is declared.
private struct GroupBuilder {
    struct Entity {
        let slot: Slot
        let pattern: EntityPattern
        /// False if another entity of the repetition has the same variable.
        let isFirst: Bool
    }

    /// With the variables as they are within one repetition.
    var scope: Scope
    var entities: [Entity] = []
    var relationships: [(slot: Slot, pattern: RelationshipPattern)] = []
    var equalities: [Expr] = []
}
