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
    /// The plan would become deeper than it may be.
    struct TooDeep: Error {}

    let graph: QueryGraph
    private(set) var derived: [DerivedSlot]
    /// Slots that are filled so far.
    private(set) var bound: NumberSet
    /// Those that were before the pattern.
    private let given: NumberSet
    let newSlot: () -> Slot
    private let depthMax: Int
    private let interruption: Interruption
    private let cardinality: Cardinality
    private var plan = PlanNode(.argument)
    private(set) var predicates: OpenPredicates
    /// Slots that have been filled since predicates were applied last.
    private var fresh: [Slot]
    private var solved: NumberSet = []
    /// Entities whose labels have been tested.
    private var tested: NumberSet = []
    /// The rows that a part which stands alone will be combined with, while there is one.
    private var outer: (plan: PlanNode, bound: NumberSet)?
    /// True while the rows so far are one row without columns.
    private var isUnit = false
    /// True if they were so at first. Rows of clauses before come in an order that changes to come may depend on, so that they are
    /// never the side of a join that is kept.
    private var beganAlone = false
    /// What has been chosen so far.
    private(set) var steps: [PlanStep] = []
    /// What somebody else wants to be chosen.
    private let wishes: PatternWishes
    /// Entities of wishes that have come true.
    private(set) var fulfilled: NumberSet = []
    /// What the conditions on the steps of each relationship need of the row.
    let stepNeeds: [NumberSet]
    /// The types of each relationship.
    private let types: [Set<NameKey>]

    init(
        estimator: Estimator, graph: QueryGraph, derived: [DerivedSlot], bound: NumberSet, depthMax: Int,
        interruption: Interruption, wishes: PatternWishes = PatternWishes(), newSlot: @escaping () -> Slot
    ) {
        (self.graph, self.derived, self.bound) = (graph, derived, bound)
        given = bound
        (self.depthMax, self.interruption, self.newSlot) = (depthMax, interruption, newSlot)
        self.wishes = wishes
        cardinality = Cardinality(estimator: estimator, graph: graph)
        let own = Self.slots(of: graph, derived).union(bound)
        // Slots of subqueries inside a predicate are its own business.
        predicates = OpenPredicates(
            graph.predicates.map { QueryGraph.Predicate(expr: $0.expr, slots: $0.slots.intersection(own)) })
        stepNeeds = graph.relationships.map { relationship in
            guard let length = relationship.length else { return [] }
            return length.filters.reduce(length.uses) { $0.union(slotsUsed($1)) }.intersection(own)
        }
        types = graph.relationships.map { Set($0.types.map { NameKey($0) }) }
        fresh = own.filter(bound.contains).sorted()
    }

    private static func slots(of graph: QueryGraph, _ derived: [DerivedSlot]) -> NumberSet {
        var slots = NumberSet(graph.entities.map(\.slot) + derived.map(\.slot))
        for relationship in graph.relationships {
            slots.insert(relationship.slot)
            if let path = relationship.length?.path { slots.insert(path) }
            slots.formUnion(relationship.length?.outputs.map(\.slot) ?? [])
        }
        return slots
    }

    /// `isUnit`: the child is one row without columns. `following`: the steps to take, or nil for the best ones.
    mutating func plan(from child: PlanNode, isUnit: Bool, following: [PlanStep]?) throws -> PlanNode {
        plan = child
        let constant = predicates.takeConstant()
        try filter(by: constant, selectivity: estimator.selectivity(ofAll: constant))
        try filterReady()
        for index in graph.relationships.indices where graph.relationships[index].isGiven { try solveGiven(index) }
        // A condition without variables has been applied to the one row: its outcome must not be lost.
        self.isUnit = isUnit && plan === child
        beganAlone = isUnit
        if let following { try follow(following) } else { try choose() }
        try deriveAndFilter()
        return plan
    }

    private mutating func choose() throws {
        try walkConnected()
        let places = try PartOrder(cardinality, bound: bound, rows: plan.estimatedRows, interruption).places()
        while let start = try cheapestStart(places) {
            try begin(at: start)
            try walkConnected()
            if outer != nil {
                try join()
                try walkConnected()
            }
        }
        try walkConnected(waits: false)
    }

    // MARK: Following

    /// Takes the steps, if the pattern has them and they lead through all of it.
    private mutating func follow(_ steps: [PlanStep]) throws {
        for step in steps {
            try interruption.check()
            switch step {
            case .start(let entity, let access): try follow(entity, access)
            case .expand(let relationship, let from): try follow(relationship, from: from)
            case .intersect(let entity, let relationships): try follow(relationships, to: entity)
            case .join:
                if outer == nil { throw PlanRefused("there is no part to join") }
                try join()
            }
        }
        if outer != nil { throw PlanRefused("the last part is not joined") }
        if let missing = graph.entities.firstIndex(where: { !bound.contains($0.slot) }) {
            throw PlanRefused("nothing leads to entity \(missing)")
        }
        if let missing = graph.relationships.indices.first(where: { !solved.contains($0) }) {
            throw PlanRefused("relationship \(missing) is not walked")
        }
    }

    private mutating func follow(_ entity: Int, _ access: EntityAccess) throws {
        guard graph.entities.indices.contains(entity) else { throw PlanRefused("there is no entity \(entity)") }
        let slot = graph.entities[entity].slot
        if bound.contains(slot) || outer?.bound.contains(slot) == true {
            throw PlanRefused("entity \(entity) has been found before it is to be looked for")
        }
        guard let start = start(at: graph.entities[entity], where: { $0.access == access }) else {
            throw PlanRefused("entity \(entity) cannot be found \(access.text)")
        }
        if outer != nil && !start.dependsOnRows { throw PlanRefused("entity \(entity) begins a part within another") }
        try begin(at: start)
    }

    private mutating func follow(_ index: Int, from entity: Int) throws {
        guard graph.relationships.indices.contains(index), graph.entities.indices.contains(entity) else {
            throw PlanRefused("there is no relationship \(index) from an entity \(entity)")
        }
        let (relationship, from) = (graph.relationships[index], graph.entities[entity].slot)
        guard !solved.contains(index), from == relationship.left || from == relationship.right, bound.contains(from) else {
            throw PlanRefused("relationship \(index) cannot be walked from entity \(entity) at that point")
        }
        let isLast = outer == nil && graph.entities.allSatisfy { bound.contains($0.slot) }
        if !isLast && !stepNeeds[index].isSubset(of: bound) {
            throw PlanRefused("relationship \(index) has conditions that need what is not there at that point")
        }
        try expand(index, from: from)
    }

    private mutating func follow(_ indexes: [Int], to entity: Int) throws {
        guard graph.entities.indices.contains(entity) else { throw PlanRefused("there is no entity \(entity)") }
        let to = graph.entities[entity].slot
        if bound.contains(to) { throw PlanRefused("entity \(entity) has been found before it is to be looked for") }
        if indexes.count < 2 || Set(indexes).count < indexes.count {
            throw PlanRefused("entity \(entity) is not where several relationships meet")
        }
        for index in indexes {
            guard graph.relationships.indices.contains(index) else { throw PlanRefused("there is no relationship \(index)") }
            let relationship = graph.relationships[index]
            guard !solved.contains(index), relationship.length == nil, let from = relationship.other(to), bound.contains(from)
            else { throw PlanRefused("relationship \(index) cannot be walked to entity \(entity) at that point") }
        }
        try intersect(indexes, to: to)
    }

    // MARK: Rows

    private mutating func append(_ kind: PlanNode.Kind, rows: Double) throws {
        plan = PlanNode(kind, estimatedRows: rows)
        if plan.depth > depthMax { throw TooDeep() }
    }

    private mutating func fill(_ slots: some Sequence<Slot>) {
        for slot in slots where bound.insert(slot).inserted { fresh.append(slot) }
    }

    /// Applies what can be applied by now, as one filter: labels first, which cost least. `counted`: conditions that the
    /// estimate of the plan so far has taken into account.
    private mutating func filterReady(counted: [Expr] = []) throws {
        if fresh.isEmpty { return }
        var tests: [Expr] = []
        var selectivity = 1.0
        for slot in fresh {
            guard let index = graph.entityIndex(slot), tested.insert(slot).inserted, let labels = graph.entities[index].labels
            else { continue }
            tests.append(.hasLabels(.slot(slot), labels))
            // Entities that the pattern finds are expected to have its labels.
            if given.contains(slot) { selectivity *= Estimator.otherSelectivity }
        }
        let terms = predicates.takeReady(fresh: fresh, bound: bound)
        fresh = []
        selectivity *= estimator.selectivity(ofAll: terms)
        if !counted.isEmpty { selectivity = min(selectivity / max(estimator.selectivity(ofAll: counted), .leastNormalMagnitude), 1) }
        try filter(by: tests + terms, selectivity: selectivity)
    }

    private mutating func filter(by terms: [Expr], selectivity: Double) throws {
        guard let condition = Expr.all(terms) else { return }
        try append(.filter(child: plan, condition), rows: plan.estimatedRows * selectivity)
    }

    private var estimator: Estimator { cardinality.estimator }

    /// What follows from what was found, and then what follows from that.
    private mutating func deriveAndFilter() throws {
        while true {
            let ready = derived.filter { $0.needs.isSubset(of: bound) }
            derived.removeAll { $0.needs.isSubset(of: bound) }
            if ready.isEmpty { return try filterReady() }
            try append(.project(child: plan, ready.map { ($0.slot, $0.value) }), rows: plan.estimatedRows)
            fill(ready.map(\.slot))
            try filterReady()
        }
    }

    // MARK: Given relationships

    /// The ends of a relationship that is there already.
    private mutating func solveGiven(_ index: Int) throws {
        let relationship = graph.relationships[index]
        solved.insert(index)
        let given = Expr.slot(relationship.slot)
        let (start, end) = (Expr.call("startnode", [given]), Expr.call("endnode", [given]))
        var (left, right) = (relationship.left, relationship.right)
        if relationship.direction != .both {
            if relationship.direction == .in { swap(&left, &right) }
            try bind(left, to: start)
            try bind(right, to: end)
        } else {
            if !bound.contains(left) {
                let ends = Expr.conditional(
                    [(.compare(.equal, start, end), .list([start]))], otherwise: .list([start, end]))
                try append(.unwind(child: plan, list: ends, element: left), rows: plan.estimatedRows * 2)
                fill([left])
            }
            let other = Expr.conditional(
                [(.compare(.equal, .slot(left), start), end), (.compare(.equal, .slot(left), end), start)],
                otherwise: .constant(.null))
            try bind(right, to: other)
        }
        try append(.filter(child: plan, .not(.isNull(given))), rows: plan.estimatedRows)
        try filterReady()
    }

    private mutating func bind(_ slot: Slot, to value: Expr) throws {
        if !bound.contains(slot) {
            fill([slot])
            try append(.project(child: plan, [(slot, value)]), rows: plan.estimatedRows)
        } else {
            try append(.filter(child: plan, .compare(.equal, .slot(slot), value)), rows: plan.estimatedRows * 0.5)
        }
    }

    // MARK: Expansion

    /// Relationships whose steps need what is not there yet, or that lead outside of a part that stands alone, wait.
    private mutating func walkConnected(waits: Bool = true) throws {
        var isDone = false
        while !isDone {
            let waiting = waits ? graph.relationships.indices.filter { mustWait($0) } : []
            let order = JoinOrder(
                cardinality: cardinality, bound: bound, solved: solved.union(waiting), barred: waits ? wishes.joins : [],
                intersects: wishes.intersects, interruption: interruption)
            let steps = try order.best(rows: max(plan.estimatedRows, 1))
            for step in steps {
                switch step {
                case .expand(let relationship, let from): try expand(relationship, from: from)
                case .intersect(let to, let relationships): try intersect(relationships, to: to)
                }
            }
            isDone = steps.isEmpty || waiting.isEmpty
        }
    }

    private func mustWait(_ index: Int) -> Bool {
        let relationship = graph.relationships[index]
        let ends = [relationship.left, relationship.right]
        if !stepNeeds[index].isSubset(of: bound) { return true }
        guard let outer else { return ends.contains { wishes.starts[$0] != nil && !bound.contains($0) } }
        // Where parts are wished for they meet at what they have in common.
        if wishes.isEmpty { return ends.contains { outer.bound.contains($0) } }
        return ends.contains { wishes.starts[$0] != nil && !bound.contains($0) && !outer.bound.contains($0) }
    }

    private mutating func expand(_ index: Int, from: Slot) throws {
        try interruption.check()
        note(index, from: from)
        let relationship = graph.relationships[index]
        let expansion = expansion(index, from: from)
        let labelled = expansion.isInto ? 1 : max(cardinality.labelled(expansion.to), 1)
        let rows = plan.estimatedRows * cardinality.density[index] * labelled
        if let length = relationship.length {
            try appendVariable(expansion, length, rows: rows, isReversed: from != relationship.left, relationship)
        } else {
            try append(.expand(child: plan, expansion), rows: rows)
        }
        if let path = relationship.length?.path { fill([path]) }
        fill(relationship.length?.outputs.map(\.slot) ?? [])
        try filterReady()
    }

    private mutating func intersect(_ indexes: [Int], to: Slot) throws {
        try interruption.check()
        if let entity = graph.entityIndex(to) { steps.append(.intersect(entity: entity, relationships: indexes)) }
        let before = plan.estimatedRows
        let rows = indexes.reduce(before * max(cardinality.labelled(to), 1)) { $0 * cardinality.density[$1] }
        let legs = indexes.compactMap { index in
            graph.relationships[index].other(to).map { expansion(index, from: $0) }
        }
        try append(.intersect(child: plan, Intersection(legs: legs, to: to)), rows: rows)
        try filterReady()
    }

    /// The way along a relationship, which counts as walked from here on.
    private mutating func expansion(_ index: Int, from: Slot) -> Expansion {
        let relationship = graph.relationships[index]
        let to = from == relationship.left ? relationship.right : relationship.left
        var differs: [Slot] = []
        for rival in rivals(of: index) where solved.contains(rival) {
            if bound.contains(graph.relationships[rival].slot) {
                differs.append(graph.relationships[rival].slot)
            } else {
                // A part that stands alone is compared with the rest once they are combined.
                predicates.add(difference(of: relationship, graph.relationships[rival]))
            }
        }
        let needsRelationship = relationship.isNeeded || !rivals(of: index).isEmpty
        let isInto = bound.contains(to)
        solved.insert(index)
        fill([to, relationship.slot])
        return Expansion(
            from: from, relationship: needsRelationship ? relationship.slot : nil, to: to, isInto: isInto,
            types: relationship.types, direction: from == relationship.left ? relationship.direction : reversed(relationship),
            differsFrom: differs)
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
    ) throws {
        if !length.parts.isEmpty {
            let match = PathMatch(
                base: expansion, parts: length.parts, mode: length.mode, which: length.shortest, path: length.path,
                outputs: length.outputs, isReversed: isReversed)
            return try append(.matchPath(child: plan, match), rows: rows)
        }
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
            try append(.shortestPath(child: plan, ShortestPath(expansion: variable, which: which)), rows: rows)
        } else {
            try append(.expandVariable(child: plan, variable), rows: rows)
        }
        guard isReversed, base.relationship == list else { return }
        var turned: [(slot: Slot, value: Expr)] = [(relationship.slot, .call("reverse", [.slot(list)]))]
        if let path = length.path {
            turned.append((path, .path(start: .slot(relationship.left), steps: [.call("reverse", [.slot(list)])])))
        }
        try append(.project(child: plan, turned), rows: rows)
    }

    /// Relationships that this one must differ from.
    private func rivals(of index: Int) -> [Int] {
        graph.relationships.indices.filter { other in
            other != index && graph.relationships[other].clause == graph.relationships[index].clause
                && (types[other].isEmpty || types[index].isEmpty || !types[other].isDisjoint(with: types[index]))
        }
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

    // MARK: Starts

    /// The entity with the fewest rows of those that nothing leads to, or nil if all are reached. Those where a start is wished for
    /// come first, and those last at which parts are to meet; between them parts come in their order.
    private mutating func cheapestStart(_ places: [Slot: Int]) throws -> EntityStart? {
        var best: (start: EntityStart, rank: Int, cost: Double)?
        for entity in graph.entities where !bound.contains(entity.slot) {
            try interruption.check()
            let rank = wishes.starts[entity.slot] != nil ? -1 : wishes.joins.contains(entity.slot) ? .max : places[entity.slot] ?? 0
            if let best, best.rank < rank { continue }
            // What is looked up for each row is no part that could be joined.
            let usable = starts(at: entity).filter { wishes.joins.isEmpty || !$0.dependsOnRows }
            let usual = EntityStart.best(of: usable, cardinality, before: plan.estimatedRows)
            guard let start = wishedStart(at: entity) ?? usual else { continue }
            let cost = start.cost(cardinality, solved)
            if let best, best.rank == rank, best.cost <= cost { continue }
            best = (start, rank, cost)
        }
        return best?.start
    }

    private func wishedStart(at entity: QueryGraph.Entity) -> EntityStart? {
        guard let wish = wishes.starts[entity.slot] else { return nil }
        return start(at: entity) { $0.access == wish }
    }

    func start(at entity: QueryGraph.Entity, where isAcceptable: (EntityStart) -> Bool) -> EntityStart? {
        starts(at: entity).first(where: isAcceptable)
    }

    func starts(at entity: QueryGraph.Entity) -> [EntityStart] {
        EntityStart.all(for: entity, predicates, bound, cardinality)
    }

    private mutating func begin(at start: EntityStart) throws {
        if let entity = graph.entityIndex(start.slot) { steps.append(.start(entity: entity, start.access)) }
        if wishes.starts[start.slot] == start.access { fulfilled.insert(start.slot) }
        for place in start.answered { predicates.remove(place) }
        if start.dependsOnRows || isUnit {
            plan = start.node(over: plan)
        } else {
            // The part stands alone until all of it is walked, so that what connects it can be a join.
            outer = (plan, bound)
            plan = start.node(over: PlanNode(.argument, estimatedRows: 1))
            bound = []
        }
        isUnit = false
        fill([start.slot])
        if start.testsLabels { tested.insert(start.slot) }
        try filterReady(counted: start.counted)
    }

    private mutating func join() throws {
        guard let before = outer else { return }
        steps.append(.join)
        let part = (plan: plan, bound: bound)
        outer = nil
        bound.formUnion(before.bound)
        try combine(before, part)
        fresh = part.bound.sorted()
        try filterReady()
    }

    private mutating func note(_ relationship: Int, from: Slot) {
        if let entity = graph.entityIndex(from) { steps.append(.expand(relationship: relationship, from: entity)) }
    }

    private mutating func combine(
        _ outer: (plan: PlanNode, bound: NumberSet), _ part: (plan: PlanNode, bound: NumberSet)
    ) throws {
        let common = outer.bound.intersection(part.bound).sorted()
        fulfilled.formUnion(wishes.joins.intersection(common))
        let connecting = predicates.take(needing: part.bound) { predicate -> (build: Expr, probe: Expr)? in
            guard case .compare(.equal, let left, let right) = predicate.expr else { return nil }
            let (l, r) = (slotsUsed(left), slotsUsed(right))
            if l.isEmpty || r.isEmpty { return nil }
            if l.isSubset(of: part.bound) && r.isSubset(of: outer.bound) { return (left, right) }
            return r.isSubset(of: part.bound) && l.isSubset(of: outer.bound) ? (right, left) : nil
        }
        let keys = common.map { (build: Expr.slot($0), probe: Expr.slot($0)) } + connecting
        let rows = common.reduce(max(outer.plan.estimatedRows, 1) * max(part.plan.estimatedRows, 1)) {
            $0 / max(cardinality.labelled($1), 1)
        }
        if keys.isEmpty {
            try append(.cross(left: outer.plan, right: part.plan), rows: rows)
        } else {
            let expected = rows * estimator.selectivity(ofAll: connecting.map { Expr.compare(.equal, $0.build, $0.probe) })
            let isSmaller = outer.plan.estimatedRows < part.plan.estimatedRows
            let kind = beganAlone && isSmaller
                ? joining(keys.map { (build: $0.probe, probe: $0.build) }, build: outer.plan, probe: part.plan, rows: expected)
                : joining(keys, build: part.plan, probe: outer.plan, rows: expected)
            try append(kind, rows: expected)
        }
    }

    private func joining(
        _ keys: [(build: Expr, probe: Expr)], build: PlanNode, probe: PlanNode, rows: Double
    ) -> PlanNode.Kind {
        let sifted = sifted(probe, by: keys.map(\.probe), share: rows / max(probe.estimatedRows, 1))
        return .join(build: build, probe: sifted?.plan ?? probe, keys: keys, .inner, sift: sifted?.number)
    }

    /// The probe side of a join with a look-up below expansions, where the keys can be had there without a chance of errors.
    private func sifted(_ probe: PlanNode, by keys: [Expr], share: Double) -> (plan: PlanNode, number: Slot)? {
        let areSimple = keys.allSatisfy { key in
            switch key {
            case .slot: true
            case .property(.slot(let slot), _): graph.entityIndex(slot) != nil
            default: false
            }
        }
        return areSimple ? probe.sifted(by: keys, share: min(share, 1), number: newSlot) : nil
    }
}
