// From a plan to what runs it.

import DeedEngine
import DeedValues

/// The operators of a plan for one worker. `reset(argument:)` comes before the first `next`; at the top of a query the
/// argument is one row without columns.
package func makeOperator(_ node: PlanNode, _ context: QueryContext) throws -> Operator {
    try OperatorMaker(context: context, morsels: nil).make(node)
}

struct OperatorMaker {
    let context: QueryContext
    /// What the scan at the lower left end of the plan shares with its clones on other threads.
    let morsels: MorselSource?
    var wish = ScanWish()

    func make(_ node: PlanNode) throws -> Operator {
        let made = try makeUncounted(node)
        if !isReusable(node) { context.isReusable = false }
        guard let profile = context.profile else { return made }
        return CountingOperator(made, profile.counter(node))
    }

    /// The same for a scan whose rows are looked at.
    private var looking: OperatorMaker {
        var result = self
        result.wish.countsOnly = false
        return result
    }

    /// Whether `reset` makes the operator as good as new for another execution too: all that it knows is of its plan, or
    /// asked of the context when it runs.
    private func isReusable(_ node: PlanNode) -> Bool {
        switch node.kind {
        case .scanEntities, .scanRelationships, .countMatches, .shortestPath, .callProcedure, .loadCSV: false
        default: true
        }
    }

    private func makeUncounted(_ node: PlanNode) throws -> Operator {
        let context = context
        switch node.kind {
        case .scanEntities, .filter: break
        default: if wish.countsOnly { return try looking.makeUncounted(node) }
        }
        switch node.kind {
        case .argument: return ArgumentOperator(context)
        case .scanEntities(let entity, let labels):
            return makeScan(entity, labels)
        case .scanRelationships(let relationship, let source, let target, let types):
            return ScanRelationshipsOperator(
                relationship, source: source, target: target, types: types, shared: morsels, context)
        case .seekIndex(let child, let entity, let collection, let properties, let bounds):
            return try SeekIndexOperator(
                make(child), entity: entity, collection: collection, properties: properties, bounds, context)
        case .seekIds(let child, let slot, let isRelationship, let ids):
            return try SeekIdsOperator(make(child), slot, isRelationship ? .relationship : .entity, ids: ids, context)
        case .expand(let child, let expansion): return ExpandOperator(try make(child), expansion, context)
        case .expandVariable(let child, let expansion) where expansion.mode == .together:
            return ReachOperator(try make(child), expansion, context)
        case .expandVariable(let child, let expansion):
            return try ExpandVariableOperator(make(child), expansion, context)
        case .countMatches(let matches, let pattern):
            return try CountMatchesOperator(pattern, matches: make(matches), context)
        case .shortestPath(let child, let path): return try ShortestPathOperator(make(child), path, context)
        case .apply, .join, .cross, .union: return try makeJoining(node)
        case .create, .merge, .change, .delete, .forEach: return try makeChanging(node)
        default: return try makeRows(node)
        }
    }

    private func makeRows(_ node: PlanNode) throws -> Operator {
        switch node.kind {
        case .filter(let child, let condition): return try makeFilter(child, condition)
        case .project(let child, let columns): return try ProjectOperator(make(child), columns, context)
        case .keep(let child, let slots): return KeepOperator(try make(child), slots, context)
        case .unwind(let child, let list, let element):
            return try UnwindOperator(make(child), list: list, element: element, context)
        case .aggregate(let child, let keys, let aggregates):
            return try makeAggregate(child, keys, aggregates)
        case .sort(let child, let keys): return try SortOperator(make(child), keys, context)
        case .top(let child, let keys, let count):
            return try makeTop(child, keys, count)
        case .skip(let child, let count): return try SkipOperator(make(child), count, context)
        case .limit(let child, let count):
            return try LimitOperator(make(child), count, childWrites: child.writes, context)
        case .eager(let child): return EagerOperator(try make(child), context)
        case .callProcedure(let child, let name, let arguments, let yields):
            return try CallProcedureOperator(make(child), name: name, arguments, yields: yields, context)
        case .loadCSV(let child, let source, let row, let withHeaders, let fieldTerminator):
            return try LoadCSVOperator(
                make(child), source, row: row, withHeaders: withHeaders, fieldTerminator: fieldTerminator, context)
        case .empty(let child): return EmptyOperator(try make(child), context)
        default: throw DeedError(.internalError, "a plan has a node that nothing runs")
        }
    }

    /// The input of an operator that reads all of it first.
    private func makeInput(_ child: PlanNode, mayDivide: Bool) throws -> DividedInput {
        let divides = mayDivide && context.threads > 1 && child.isDivisible
        return DividedInput(try make(child), plan: divides ? child : nil, wish, context)
    }

    private func makeAggregate(
        _ child: PlanNode, _ keys: [(slot: Slot, value: Expr)], _ aggregates: [(slot: Slot, Aggregate)]
    ) throws -> Operator {
        var below = self
        below.wish.countsOnly = keys.isEmpty && aggregates.allSatisfy { $0.1.function == "count" && $0.1.arguments.isEmpty }
        let mayDivide = Grouping.isMergeable(aggregates.map(\.1))
        return try AggregateOperator(below.makeInput(child, mayDivide: mayDivide), keys: keys, aggregates, context)
    }

    private func makeTop(_ child: PlanNode, _ keys: [SortKey], _ count: Expr) throws -> Operator {
        var below = self
        below.wish.bound = keys.first.flatMap { key in
            child.scannedProperty(key.value).map { ScanBound($0, isDescending: key.isDescending) }
        }
        // Of several threads nobody knows whose rows come first.
        let mayDivide = child.handsPlacesOn
        below.wish.notesPlaces = below.wish.bound != nil || mayDivide && context.threads > 1
        return try TopOperator(
            below.makeInput(child, mayDivide: mayDivide), keys, count: count, childWrites: child.writes,
            bound: below.wish.bound, hasPlaces: below.wish.notesPlaces, context)
    }

    private func makeScan(_ entity: Slot, _ labels: LabelTest?, _ conditions: [ScanCondition] = []) -> Operator {
        // The conditions are those of this execution.
        context.isReusable = false
        let scan = EntityScan(entity: entity, labels: labels, conditions: conditions, wish: wish, shared: morsels)
        return ScanEntitiesOperator(scan, context)
    }

    /// A scan decides by itself what it can; the rows that it leaves out are counted nowhere.
    private func makeFilter(_ child: PlanNode, _ condition: Expr) throws -> Operator {
        guard case .scanEntities(let entity, let labels) = child.kind else {
            return try FilterOperator(looking.make(child), condition, context)
        }
        let conditions = try ScanConditions(condition, of: entity, context)
        if conditions.decided.isEmpty { return try FilterOperator(looking.make(child), condition, context) }
        var scan = (conditions.rest == nil ? self : looking).makeScan(entity, labels, conditions.decided)
        if let profile = context.profile { scan = CountingOperator(scan, profile.counter(child)) }
        return try conditions.rest.map { try FilterOperator(scan, $0, context) } ?? scan
    }

    private func makeJoining(_ node: PlanNode) throws -> Operator {
        // Only the left end of a plan may share its scan; the other sides are read as a whole by every clone.
        let whole = OperatorMaker(context: context, morsels: nil)
        switch node.kind {
        case .apply(let outer, let inner, let kind):
            return ApplyOperator(try make(outer), try whole.make(inner), kind, innerPlan: inner, context)
        case .join(let build, let probe, let keys, let kind):
            return try JoinOperator(
                whole.make(build), make(probe), keys: keys, kind, buildSlots: build.slotsBound(), context)
        case .cross(let left, let right): return CrossOperator(try make(left), try whole.make(right), context)
        case .union(let inputs, let slots, let inputSlots):
            let operators = try inputs.map { try whole.make($0) }
            return UnionOperator(zip(operators, inputSlots).map { (child: $0, slots: $1) }, slots: slots, context)
        default: throw DeedError(.internalError, "a plan has a node that nothing runs")
        }
    }

    private func makeChanging(_ node: PlanNode) throws -> Operator {
        switch node.kind {
        case .create(let child, let creations): return try CreateOperator(make(child), creations, context)
        case .merge(let child, let match, let creations, let onCreate, let onMatch):
            return try MergeOperator(
                make(child), match: make(match), creations, onCreate: onCreate, onMatch: onMatch, context)
        case .change(let child, let changes): return try ChangeOperator(make(child), changes, context)
        case .delete(let child, let elements, let detach):
            return try DeleteOperator(make(child), elements, detach: detach, context)
        case .forEach(let child, let list, let element, let body):
            return try ForEachOperator(make(child), list: list, element: element, body: make(body), context)
        default: throw DeedError(.internalError, "a plan has a node that nothing runs")
        }
    }
}
