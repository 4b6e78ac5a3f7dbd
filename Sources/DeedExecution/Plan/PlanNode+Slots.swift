// What can be told of a plan without running it: the slots it fills, whether it changes anything, and whether it treats every
// row by itself.

extension PlanNode.Kind {
    var children: [PlanNode] {
        switch self {
        case .argument, .scanEntities, .scanRelationships, .working: []
        case .seekIndex(let child, _, _, _, _), .seekIds(let child, _, _, _), .expand(let child, _),
            .intersect(let child, _), .expandVariable(let child, _), .shortestPath(let child, _), .matchPath(let child, _),
            .countMatches(let child, _),
            .filter(let child, _), .project(let child, _), .keep(let child, _), .unwind(let child, _, _),
            .aggregate(let child, _, _), .sort(let child, _), .window(let child, _, _, _),
            .top(let child, _, _), .skip(let child, _), .limit(let child, _), .eager(let child), .create(let child, _),
            .change(let child, _), .delete(let child, _, _), .requireOnce(let child, _), .sift(let child, _, _),
            .callProcedure(let child, _, _, _),
            .loadCSV(let child, _, _, _, _), .empty(let child), .shared(let child, _, _, _):
            [child]
        case .apply(let outer, let inner, _), .batches(let outer, let inner, _): [outer, inner]
        case .join(let build, let probe, _, _, _, _): [build, probe]
        case .cross(let left, let right): [left, right]
        case .union(let inputs, _, _): inputs
        case .recursive(let initial, let step, _): [initial, step]
        case .merge(let child, let match, _, _, _): [child, match]
        case .forEach(let child, _, _, let body): [child, body]
        }
    }

    /// True if the operator itself can change the graph.
    var writes: Bool {
        switch self {
        case .create, .merge, .change, .delete, .forEach: true
        // What a procedure does is its own business.
        case .callProcedure: true
        default: false
        }
    }
}

extension PlanNode {
    /// Rows that the operators of the plan are expected to give out, together, in all their runs. Plans of one query are compared
    /// by it.
    package var cost: Double {
        switch kind {
        case .apply(let outer, let inner, _), .batches(let outer, let inner, _), .merge(let outer, let inner, _, _, _),
            .forEach(let outer, _, _, let inner):
            estimatedRows + outer.cost + max(outer.estimatedRows, 1) * inner.cost
        // The matches are made in need only.
        case .countMatches: estimatedRows
        default: children.reduce(estimatedRows) { $0 + $1.cost }
        }
    }

    /// True if it is part of a recursion, whose working table belongs to one thread.
    package var readsWorking: Bool {
        if case .working = kind { return true }
        return children.contains(where: \.readsWorking)
    }

    /// True if the rows that come of a row of the argument depend on no other row of it, come in the order of the argument's
    /// rows, and carry its columns on. Such a plan may be handed many rows at once.
    package var isStreaming: Bool {
        switch kind {
        case .argument, .scanEntities, .scanRelationships: true
        case .seekIndex(let child, _, _, _, _), .seekIds(let child, _, _, _), .expand(let child, _),
            .intersect(let child, _), .shortestPath(let child, _), .matchPath(let child, _), .filter(let child, _),
            .project(let child, _), .keep(let child, _), .unwind(let child, _, _), .sift(let child, _, _):
            child.isStreaming
        case .expandVariable(let child, let expansion): expansion.mode != .together && child.isStreaming
        case .apply(let outer, let inner, _): outer.isStreaming && !inner.writes
        // The other side stands alone, and is the same for all rows.
        case .join(let build, let probe, _, _, _, _): probe.isStreaming && !build.writes
        case .cross(let left, let right): left.isStreaming && !right.writes
        default: false
        }
    }

    /// True if a single row of the argument can make so many rows that whoever wants only the first of each should not ask for
    /// those of several rows at once.
    var isUnbounded: Bool {
        switch kind {
        case .scanEntities, .scanRelationships, .cross, .matchPath, .expandVariable, .unwind: true
        case .seekIndex(let child, _, _, _, let bounds): if case .equal = bounds { child.isUnbounded } else { true }
        case .apply(let outer, let inner, _): outer.isUnbounded || inner.isUnbounded
        case .join(_, let probe, _, _, _, _): probe.isUnbounded
        default: children.first?.isUnbounded ?? false
        }
    }

    /// True if the plan's rows all come of rows of one scan, each by itself, so that several workers can each make those of some
    /// of them.
    var isDivisible: Bool {
        switch kind {
        case .scanEntities, .scanRelationships: true
        case .expand(let child, _), .intersect(let child, _), .filter(let child, _), .project(let child, _),
            .keep(let child, _), .unwind(let child, _, _):
            child.isDivisible
        case .expandVariable(let child, let expansion): expansion.mode != .together && child.isDivisible
        case .apply(let outer, let inner, _): outer.isDivisible && !inner.writes
        default: false
        }
    }

    /// True if each row comes with the hidden column that a scan of entities below puts behind the others.
    var handsPlacesOn: Bool {
        switch kind {
        case .scanEntities: true
        case .expand(let child, _), .intersect(let child, _), .filter(let child, _), .project(let child, _),
            .keep(let child, _), .unwind(let child, _, _):
            child.handsPlacesOn
        default: false
        }
    }

    /// Slots that the plan's rows have beyond those of its argument.
    package func slotsBound() -> NumberSet {
        switch kind {
        case .argument: return []
        case .scanEntities(let entity, _): return [entity]
        case .scanRelationships(let relationship, let source, let target, _): return [relationship, source, target]
        case .seekIndex(let child, let slot, _, _, _), .seekIds(let child, let slot, _, _):
            return child.slotsBound().union([slot])
        case .expand(let child, let expansion): return child.slotsBound().union(expansion.slotsBound)
        case .intersect(let child, let intersection):
            return child.slotsBound().union(intersection.legs.flatMap(\.slotsBound))
        case .expandVariable(let child, let expansion): return child.slotsBound().union(expansion.slotsBound)
        case .countMatches(_, let pattern):
            return NumberSet([pattern.count] + [pattern.root].compactMap { $0.map { pattern.entities[$0].slot } })
        case .shortestPath(let child, let path): return child.slotsBound().union(path.expansion.slotsBound)
        case .matchPath(let child, let match): return child.slotsBound().union(match.slotsBound)
        case .project(let child, let columns): return child.slotsBound().union(columns.map(\.slot))
        case .keep(let child, let slots): return child.slotsBound().intersection(slots)
        case .unwind(let child, _, let element): return child.slotsBound().union([element])
        case .window(let child, _, _, let functions): return child.slotsBound().union(NumberSet(functions.map(\.slot)))
        case .aggregate(_, let keys, let aggregates): return NumberSet(keys.map(\.slot) + aggregates.map(\.slot))
        case .apply(let outer, let inner, let kind):
            return kind == .cross || kind == .optional ? outer.slotsBound().union(inner.slotsBound()) : outer.slotsBound()
        case .batches(let outer, let inner, let batches):
            let found = batches.givesRows ? inner.slotsBound() : []
            return outer.slotsBound().union(found).union(batches.status.map { [$0] } ?? [])
        case .join(let build, let probe, _, let kind, _, _):
            return kind == .inner || kind == .outer ? build.slotsBound().union(probe.slotsBound()) : probe.slotsBound()
        case .cross(let left, let right): return left.slotsBound().union(right.slotsBound())
        case .union(_, let slots, _): return NumberSet(slots)
        case .recursive(_, _, let recursion): return NumberSet(recursion.slots)
        case .working(_, let slots), .shared(_, _, _, let slots): return NumberSet(slots)
        case .create(let child, let creations): return child.slotsBound().union(creations.map(\.slot))
        case .merge(let child, let match, let creations, _, _):
            return child.slotsBound().union(match.slotsBound()).union(creations.map(\.slot))
        case .callProcedure(let child, _, _, let yields): return child.slotsBound().union(yields.map(\.slot))
        case .loadCSV(let child, _, let row, _, _): return child.slotsBound().union([row])
        case .filter, .sift, .sort, .top, .skip, .limit, .eager, .change, .delete, .requireOnce, .forEach, .empty:
            return children[0].slotsBound()
        }
    }
}

extension Expansion {
    package var slotsBound: [Slot] { [relationship, isInto ? nil : to].compactMap { $0 } }
}

extension VariableExpansion {
    package var slotsBound: [Slot] { base.slotsBound + [path].compactMap { $0 } }
}

extension Creation {
    var slot: Slot {
        switch self {
        case .entity(let slot, _, _), .relationship(let slot, _, _, _, _), .path(let slot, _): slot
        }
    }
}
