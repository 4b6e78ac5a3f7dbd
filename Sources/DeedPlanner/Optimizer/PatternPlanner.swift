// In which order a query graph is walked.
//
// 1. What needs nothing but given slots is filtered first; relationships that are given fix their ends.
// 2. From the given entities on, then from the cheapest start of each part that is not connected with them, the order of
//    expansions with the least sum of intermediate rows: by dynamic programming over sets of relationships, or greedily
//    where there are too many (JoinOrder).
// 3. A part that is not connected joins by hash where an equality connects it, and as a cross product otherwise.
// 4. Predicates are applied as soon as what they need is there; paths are built at the end.

import DeedExecution
import DeedValues

struct PatternPlanner {
    let catalog: any PlannerCatalog
    let graph: QueryGraph
    private(set) var derived: [DerivedSlot]
    /// Slots that are filled so far.
    private(set) var bound: Set<Slot>
    let newSlot: () -> Slot
    private let cardinality: Cardinality
    private var plan = PlanNode(.argument)
    private var predicates: [QueryGraph.Predicate]
    private var solved: Set<Int> = []
    /// Entities whose labels have been tested.
    private var tested: Set<Slot> = []
    /// Entities of the rows that a part which stands alone will be combined with.
    private var outside: Set<Slot> = []
    /// What the conditions on the steps of each relationship need of the row.
    private let stepNeeds: [Set<Slot>]

    init(
        catalog: any PlannerCatalog, graph: QueryGraph, derived: [DerivedSlot], bound: Set<Slot>,
        newSlot: @escaping () -> Slot
    ) {
        (self.catalog, self.graph, self.derived, self.bound) = (catalog, graph, derived, bound)
        self.newSlot = newSlot
        cardinality = Cardinality(catalog: catalog, graph: graph)
        let own = Self.slots(of: graph, derived).union(bound)
        // Slots of subqueries inside a predicate are its own business.
        predicates = graph.predicates.map { QueryGraph.Predicate(expr: $0.expr, slots: $0.slots.intersection(own)) }
        stepNeeds = graph.relationships.map { $0.length?.stepFilter.map { slotsUsed($0).intersection(own) } ?? [] }
    }

    private static func slots(of graph: QueryGraph, _ derived: [DerivedSlot]) -> Set<Slot> {
        var slots = Set(graph.entities.map(\.slot) + derived.map(\.slot))
        for relationship in graph.relationships {
            slots.insert(relationship.slot)
            if let path = relationship.length?.path { slots.insert(path) }
        }
        return slots
    }

    /// `isUnit`: the child is one row without columns.
    mutating func plan(from child: PlanNode, isUnit: Bool) -> PlanNode {
        plan = child
        filterReady()
        for index in graph.relationships.indices where graph.relationships[index].isGiven { solveGiven(index) }
        walkConnected()
        // A condition without variables has been applied to the one row: its outcome must not be lost.
        var isUnit = isUnit && plan === child
        while let start = cheapestStart() {
            addPart(from: start, isUnit: isUnit)
            walkConnected()
            isUnit = false
        }
        walkConnected(waits: false)
        deriveAndFilter()
        return plan
    }

    // MARK: Rows

    private mutating func append(_ kind: PlanNode.Kind, rows: Double) {
        plan = PlanNode(kind, estimatedRows: rows)
    }

    /// Applies what can be applied by now.
    private mutating func filterReady() {
        for entity in graph.entities where bound.contains(entity.slot) && tested.insert(entity.slot).inserted {
            guard let labels = entity.labels else { continue }
            append(.filter(child: plan, .hasLabels(.slot(entity.slot), labels)), rows: plan.estimatedRows * 0.5)
        }
        let ready = predicates.filter { $0.slots.isSubset(of: bound) }
        predicates.removeAll { $0.slots.isSubset(of: bound) }
        for predicate in ready {
            append(
                .filter(child: plan, predicate.expr), rows: plan.estimatedRows * Cardinality.selectivity(predicate.expr))
        }
    }

    private mutating func deriveAndFilter() {
        while let index = derived.firstIndex(where: { $0.needs.isSubset(of: bound) }) {
            let next = derived.remove(at: index)
            append(.project(child: plan, [(next.slot, next.value)]), rows: plan.estimatedRows)
            bound.insert(next.slot)
        }
        filterReady()
    }

    // MARK: Given relationships

    /// The ends of a relationship that is there already.
    private mutating func solveGiven(_ index: Int) {
        let relationship = graph.relationships[index]
        solved.insert(index)
        let given = Expr.slot(relationship.slot)
        let (start, end) = (Expr.call("startnode", [given]), Expr.call("endnode", [given]))
        var (left, right) = (relationship.left, relationship.right)
        if relationship.direction != .both {
            if relationship.direction == .in { swap(&left, &right) }
            bind(left, to: start)
            bind(right, to: end)
        } else {
            if !bound.contains(left) {
                let ends = Expr.conditional(
                    [(.compare(.equal, start, end), .list([start]))], otherwise: .list([start, end]))
                append(.unwind(child: plan, list: ends, element: left), rows: plan.estimatedRows * 2)
                bound.insert(left)
            }
            let other = Expr.conditional(
                [(.compare(.equal, .slot(left), start), end), (.compare(.equal, .slot(left), end), start)],
                otherwise: .constant(.null))
            bind(right, to: other)
        }
        append(.filter(child: plan, .not(.isNull(given))), rows: plan.estimatedRows)
        filterReady()
    }

    private mutating func bind(_ slot: Slot, to value: Expr) {
        if bound.insert(slot).inserted {
            append(.project(child: plan, [(slot, value)]), rows: plan.estimatedRows)
        } else {
            append(.filter(child: plan, .compare(.equal, .slot(slot), value)), rows: plan.estimatedRows * 0.5)
        }
    }

    // MARK: Expansion

    /// Relationships whose steps need what is not there yet, or that lead outside of a part that stands alone, wait.
    private mutating func walkConnected(waits: Bool = true) {
        var isDone = false
        while !isDone {
            let waiting = graph.relationships.indices.filter { index in
                let relationship = graph.relationships[index]
                return waits && (!stepNeeds[index].isSubset(of: bound)
                    || outside.contains(relationship.left) || outside.contains(relationship.right))
            }
            var order = JoinOrder(graph: graph, cardinality: cardinality, bound: bound, solved: solved.union(waiting))
            let steps = order.best(rows: max(plan.estimatedRows, 1))
            for step in steps { expand(step.relationship, from: step.from) }
            isDone = steps.isEmpty || waiting.isEmpty
        }
    }

    private mutating func expand(_ index: Int, from: Slot) {
        let relationship = graph.relationships[index]
        let to = from == relationship.left ? relationship.right : relationship.left
        let isInto = bound.contains(to)
        let rivals = self.rivals(of: index)
        let differs = rivals.filter { bound.contains($0) }
        // A part that stands alone is compared with the rest once they are combined.
        for rival in graph.relationships where rivals.contains(rival.slot) && !bound.contains(rival.slot) {
            predicates.append(difference(of: relationship, rival))
        }
        let needsRelationship = relationship.isNeeded || hasRivals(index)
        let expansion = Expansion(
            from: from, relationship: needsRelationship ? relationship.slot : nil, to: to, isInto: isInto,
            types: relationship.types, direction: from == relationship.left ? relationship.direction : reversed(relationship),
            differsFrom: differs)
        let factor = cardinality.density(relationship) * (isInto ? 1 : max(cardinality.labelled(to), 1))
        let rows = plan.estimatedRows * factor
        if let length = relationship.length {
            appendVariable(expansion, length, rows: rows, isReversed: from != relationship.left, relationship)
        } else {
            append(.expand(child: plan, expansion), rows: rows)
        }
        solved.insert(index)
        bound.formUnion([to, relationship.slot])
        if let path = relationship.length?.path { bound.insert(path) }
        filterReady()
    }

    private func reversed(_ relationship: QueryGraph.Relationship) -> ExpandDirection {
        switch relationship.direction {
        case .out: .in
        case .in: .out
        case .both: .both
        }
    }

    /// Walked from its right end, the list of relationships is turned round afterwards, and so are the ends of each step.
    private mutating func appendVariable(
        _ expansion: Expansion, _ length: QueryGraph.Length, rows: Double, isReversed: Bool,
        _ relationship: QueryGraph.Relationship
    ) {
        var base = expansion
        var (stepFrom, stepTo) = (length.stepFrom, length.stepTo)
        var path = length.path
        let list = newSlot()
        if isReversed {
            swap(&stepFrom, &stepTo)
            if base.relationship != nil || path != nil { base.relationship = list }
            path = path.map { _ in newSlot() }
        }
        let variable = VariableExpansion(
            base: base, min: length.min, max: length.max, mode: length.mode, stepFilter: length.stepFilter,
            stepFrom: stepFrom, stepRelationship: length.stepRelationship, stepTo: stepTo, path: path)
        if let which = length.shortest {
            append(.shortestPath(child: plan, ShortestPath(expansion: variable, which: which)), rows: rows)
        } else {
            append(.expandVariable(child: plan, variable), rows: rows)
        }
        guard isReversed, base.relationship == list else { return }
        var turned: [(slot: Slot, value: Expr)] = [(relationship.slot, .call("reverse", [.slot(list)]))]
        if let path = length.path {
            turned.append((path, .path(start: .slot(relationship.left), steps: [.call("reverse", [.slot(list)])])))
        }
        append(.project(child: plan, turned), rows: rows)
    }

    /// Relationships found before that this one must differ from.
    private func rivals(of index: Int) -> [Slot] {
        graph.relationships.indices.filter { solved.contains($0) && areRivals($0, index) }.map { graph.relationships[$0].slot }
    }

    private func difference(
        of left: QueryGraph.Relationship, _ right: QueryGraph.Relationship
    ) -> QueryGraph.Predicate {
        let (a, b) = (Expr.slot(left.slot), Expr.slot(right.slot))
        let expr: Expr
        switch (left.length == nil, right.length == nil) {
        case (true, true): expr = .compare(.notEqual, a, b)
        case (true, false): expr = .not(.isIn(a, b))
        case (false, true): expr = .not(.isIn(b, a))
        case (false, false):
            let element = newSlot()
            expr = .quantifier(.none, element, list: a, predicate: .isIn(.slot(element), b))
        }
        return QueryGraph.Predicate(expr: expr, slots: [left.slot, right.slot])
    }

    private func hasRivals(_ index: Int) -> Bool { graph.relationships.indices.contains { areRivals($0, index) } }

    private func areRivals(_ left: Int, _ right: Int) -> Bool {
        let (a, b) = (graph.relationships[left], graph.relationships[right])
        return left != right && a.clause == b.clause
            && (a.types.isEmpty || b.types.isEmpty || a.types.contains { b.types.contains($0) })
    }

    // MARK: Starts

    /// The entity with the fewest rows of those that nothing leads to, or nil if all are reached.
    private func cheapestStart() -> EntityStart? {
        let open = graph.entities.filter { !bound.contains($0.slot) }
        let starts = open.map { EntityStart.best(for: $0, graph, predicates, bound, catalog, cardinality) }
        return starts.min { $0.cost(cardinality, solved) < $1.cost(cardinality, solved) }
    }

    private mutating func addPart(from start: EntityStart, isUnit: Bool) {
        for position in start.answered.reversed() { predicates.remove(at: position) }
        if start.dependsOnRows || isUnit {
            plan = start.node(over: plan)
            (bound, tested) = (bound.union([start.slot]), start.testsLabels ? tested.union([start.slot]) : tested)
            filterReady()
            return
        }
        // The part stands alone until all of it is walked, so that what connects it can be a join.
        let outer = (plan: plan, bound: bound)
        plan = start.node(over: PlanNode(.argument, estimatedRows: 1))
        bound = [start.slot]
        outside = outer.bound
        if start.testsLabels { tested.insert(start.slot) }
        filterReady()
        walkConnected()
        let part = (plan: plan, bound: bound)
        outside = []
        bound = outer.bound.union(part.bound)
        combine(outer, part)
        filterReady()
    }

    private mutating func combine(_ outer: (plan: PlanNode, bound: Set<Slot>), _ part: (plan: PlanNode, bound: Set<Slot>)) {
        var keys: [(build: Expr, probe: Expr)] = []
        for (index, predicate) in predicates.enumerated().reversed() {
            guard case .compare(.equal, let left, let right) = predicate.expr else { continue }
            let (l, r) = (slotsUsed(left), slotsUsed(right))
            guard !l.isEmpty, !r.isEmpty else { continue }
            if l.isSubset(of: part.bound) && r.isSubset(of: outer.bound) {
                keys.append((left, right))
            } else if r.isSubset(of: part.bound) && l.isSubset(of: outer.bound) {
                keys.append((right, left))
            } else {
                continue
            }
            predicates.remove(at: index)
        }
        let rows = max(outer.plan.estimatedRows, 1) * max(part.plan.estimatedRows, 1)
        if keys.isEmpty {
            append(.cross(left: outer.plan, right: part.plan), rows: rows)
        } else {
            append(
                .join(build: part.plan, probe: outer.plan, keys: keys, .inner),
                rows: rows * Cardinality.equalitySelectivity)
        }
    }
}
