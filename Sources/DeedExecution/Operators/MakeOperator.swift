// From a plan to what runs it.

import DeedEngine
import DeedValues

/// The operators of a plan for one worker. `reset(argument:)` comes before the first `next`; at the top of a query the
/// argument is one row without columns. `isLast`: nobody looks at its rows. `isBegunAgain`: `reset` comes for other rows of the
/// same execution too.
package func makeOperator(
    _ node: PlanNode, _ context: QueryContext, isLast: Bool = false, isBegunAgain: Bool = false
) throws -> Operator {
    try OperatorMaker(context: context, morsels: nil, last: isLast ? node : nil, isBegunAgain: isBegunAgain).make(node)
}

final class OperatorMaker {
    let context: QueryContext
    /// What the scan at the lower left end of the plan shares with its clones on other threads.
    let morsels: MorselSource?
    let wish: ScanWish
    /// The node whose rows nobody looks at.
    let last: PlanNode?
    /// Whether `reset` comes again and again in one execution.
    let isBegunAgain: Bool

    init(
        context: QueryContext, morsels: MorselSource?, wish: ScanWish = ScanWish(), last: PlanNode? = nil, isBegunAgain: Bool = false
    ) {
        (self.context, self.morsels, self.wish, self.last, self.isBegunAgain) = (context, morsels, wish, last, isBegunAgain)
    }

    /// The same for what stands above a scan of which more is wished.
    private func wishing(_ change: (inout ScanWish) -> Void) -> OperatorMaker {
        var wish = wish
        change(&wish)
        return OperatorMaker(context: context, morsels: morsels, wish: wish, last: last, isBegunAgain: isBegunAgain)
    }

    /// Most chains are shorter.
    private static let chainCommon = 32

    /// Plans are long chains, so that the way down is a loop: only where a plan has several inputs it is recursion.
    func make(_ node: PlanNode) throws -> Operator {
        var chain = [(maker: self, node: node)]
        chain.reserveCapacity(min(node.depth, Self.chainCommon))
        while let below = chain[chain.count - 1].maker.below(chain[chain.count - 1].node) { chain.append(below) }
        var (made, below): (Operator?, OperatorMaker) = (nil, self)
        while let (maker, node) = chain.popLast() {
            made = try maker.makeCounted(node, over: made, of: below)
            below = maker
        }
        guard let made else { throw DeedError(.internalError, "a plan without nodes") }
        return made
    }

    /// What is made before a node, and by whom; nil if there is nothing.
    private func below(_ node: PlanNode) -> (maker: OperatorMaker, node: PlanNode)? {
        guard let child = node.spine, !node.isScanWithFilter else { return nil }
        switch node.kind {
        case .top(_, let keys, _): return (boundBy(keys, child), child)
        case .aggregate(_, let keys, let aggregates): return (counting(keys, aggregates, child), child)
        default: return (self, child)
        }
    }

    private func makeCounted(_ node: PlanNode, over child: Operator?, of below: OperatorMaker) throws -> Operator {
        let made = try makeOne(node, over: child ?? ArgumentOperator(context), of: below)
        if !isReusable(node) { context.isReusable = false }
        made.count = context.counts.cell(node)
        return context.chunkRows < Chunk.rowsMax ? PiecesOperator(made, context) : made
    }

    /// Whether `reset` makes the operator as good as new for another execution too: all that it knows is of its plan, or
    /// asked of the context when it runs. What may hold much memory until then is made anew.
    private func isReusable(_ node: PlanNode) -> Bool {
        switch node.kind {
        case .scanEntities, .scanRelationships, .intersect, .countMatches, .shortestPath, .matchPath, .batches, .callProcedure,
            .loadCSV:
            false
        default: true
        }
    }

    /// `child`: of what the node has below itself the spine, and `below` its maker; nothing that a leaf cares for.
    private func makeOne(_ node: PlanNode, over child: Operator, of below: OperatorMaker) throws -> Operator {
        switch node.kind {
        case .argument: return ArgumentOperator(context)
        case .scanEntities(let entity, let labels): return makeScan(entity, labels)
        case .scanRelationships(let relationship, let source, let target, let types):
            return ScanRelationshipsOperator(
                relationship, source: source, target: target, types: types, shared: morsels, context)
        case .seekIndex(_, let entity, let collection, let properties, let bounds):
            return try SeekIndexOperator(
                child, entity: entity, collection: collection, properties: properties, bounds, context)
        case .seekIds(_, let slot, let isRelationship, let ids):
            return try SeekIdsOperator(child, slot, isRelationship ? .relationship : .entity, ids: ids, context)
        case .expand(_, let expansion): return ExpandOperator(child, expansion, context)
        case .intersect(_, let intersection): return IntersectOperator(child, intersection, context)
        case .expandVariable(_, let expansion) where expansion.mode == .together:
            return ReachOperator(child, expansion, context)
        case .expandVariable(_, let expansion): return try ExpandVariableOperator(child, expansion, context)
        case .countMatches(_, let pattern): return try CountMatchesOperator(pattern, matches: child, context)
        case .shortestPath(_, let path): return try ShortestPathOperator(child, path, context)
        case .matchPath(_, let match): return try PathMatchOperator(child, match, context)
        case .working(let table, let slots): return WorkingOperator(table, slots, context)
        case .shared(_, let table, let from, let slots): return SharedOperator(child, table: table, from: from, slots: slots, context)
        case .apply, .batches, .join, .cross, .union, .recursive: return try makeJoining(node, child)
        case .create, .merge, .change, .delete, .requireOnce, .forEach: return try makeChanging(node, child)
        default: return try makeRows(node, child, of: below)
        }
    }

    private func makeRows(_ node: PlanNode, _ child: Operator, of below: OperatorMaker) throws -> Operator {
        switch node.kind {
        case .filter(let input, let condition):
            guard case .scanEntities(let entity, let labels) = input.kind else {
                return try FilterOperator(child, condition, context)
            }
            return try makeScan(input, entity, labels, condition, below: node)
        case .project(_, let columns): return try ProjectOperator(child, columns, context)
        case .keep(_, let slots): return KeepOperator(child, slots, context)
        case .unwind(_, let list, let element): return try UnwindOperator(child, list: list, element: element, context)
        case .aggregate(let input, let keys, let aggregates):
            let divided = below.makeInput(child, input, mayDivide: Grouping.isMergeable(aggregates.map(\.1)))
            return try AggregateOperator(divided, keys: keys, aggregates, context)
        case .sort(_, let keys): return try SortOperator(child, keys, context)
        case .window(_, let partition, let order, let functions):
            return try WindowOperator(child, partition: partition, order: order, functions, context)
        case .top(let input, let keys, let count):
            // The bound is the one that the scan looks at.
            return try TopOperator(
                below.makeInput(child, input, mayDivide: input.handsPlacesOn), keys, count: count,
                childWrites: input.writes, bound: below.wish.bound, hasPlaces: below.wish.notesPlaces, context)
        case .skip(_, let count): return try SkipOperator(child, count, context)
        case .limit(let input, let count): return try LimitOperator(child, count, childWrites: input.writes, context)
        case .eager: return EagerOperator(child, context)
        case .sift(_, let keys, let join): return try SiftOperator(child, keys: keys, context.sift(join), context)
        case .callProcedure(_, let name, let arguments, let yields):
            return try CallProcedureOperator(child, name: name, arguments, yields: yields, context)
        case .loadCSV(_, let source, let row, let withHeaders, let fieldTerminator):
            return try LoadCSVOperator(
                child, source, row: row, withHeaders: withHeaders, fieldTerminator: fieldTerminator, context)
        case .empty: return EmptyOperator(child, context)
        default: throw DeedError(.internalError, "a plan has a node that nothing runs")
        }
    }

    /// The input of an operator that reads all of it first, which was made of `plan`.
    private func makeInput(_ child: Operator, _ plan: PlanNode, mayDivide: Bool) -> DividedInput {
        let divides = mayDivide && context.threads > 1 && plan.isDivisible && !plan.readsWorking
        return DividedInput(child, plan: divides ? plan : nil, wish, context)
    }

    /// What makes the input of an operator that keeps only the first rows by `keys`.
    private func boundBy(_ keys: [SortKey], _ child: PlanNode) -> OperatorMaker {
        let bound = keys.first.flatMap { key in
            child.scannedProperty(key.value).map { ScanBound($0, isDescending: key.isDescending) }
        }
        // Of several threads nobody knows whose rows come first.
        let notesPlaces = bound != nil || child.handsPlacesOn && context.threads > 1
        return wishing { wish in (wish.bound, wish.notesPlaces) = (bound, notesPlaces) }
    }

    /// What makes the input of an aggregation, which may want to know no more than how many rows a scan finds.
    private func counting(
        _ keys: [(slot: Slot, value: Expr)], _ aggregates: [(slot: Slot, Aggregate)], _ child: PlanNode
    ) -> OperatorMaker {
        let countsAll = keys.isEmpty && aggregates.allSatisfy { $0.1.function == "count" && $0.1.arguments.isEmpty }
        let countsOnly = countsAll && child.isScanOnly
        return countsOnly == wish.countsOnly ? self : wishing { $0.countsOnly = countsOnly }
    }

    private func makeScan(_ entity: Slot, _ labels: LabelTest?, _ conditions: [ScanCondition] = []) -> Operator {
        let scan = EntityScan(
            entity: entity, labels: labels, conditions: conditions, wish: wish, shared: morsels)
        // The conditions are those of this execution.
        context.isReusable = false
        return ScanEntitiesOperator(scan, context)
    }

    /// A scan decides by itself what it can of a condition; the rows that it leaves out are counted nowhere.
    private func makeScan(
        _ node: PlanNode, _ entity: Slot, _ labels: LabelTest?, _ condition: Expr, below filter: PlanNode
    ) throws -> Operator {
        let conditions = try ScanConditions(condition, of: entity, context)
        // What the filter above looks at must be there.
        let maker = conditions.rest == nil ? self : wishing { $0.countsOnly = false }
        let scan = maker.makeScan(entity, labels, conditions.decided)
        guard let rest = conditions.rest else {
            context.counts.unite(node, with: filter)
            return scan
        }
        scan.count = context.counts.cell(node)
        return try FilterOperator(scan, rest, context)
    }

    /// What runs for each chunk or row of another side.
    private func makeInner(_ plan: PlanNode) throws -> Operator { try makeOperator(plan, context, isBegunAgain: true) }

    private func makeJoining(_ node: PlanNode, _ child: Operator) throws -> Operator {
        // Only the left end of a plan may share its scan; the other sides are read as a whole by every clone.
        let whole = OperatorMaker(context: context, morsels: nil, isBegunAgain: isBegunAgain)
        switch node.kind {
        case .apply(_, let inner, let kind):
            return ApplyOperator(child, try makeInner(inner), kind, innerPlan: inner, context)
        case .batches(_, let inner, let batches): return try BatchesOperator(child, inner, batches, context)
        case .join(let build, let probe, let keys, let kind, let sift, let also):
            return try JoinOperator(
                whole.make(build), child, keys: keys, kind, also: also, buildSlots: build.slotsBound(), sift: sift.map(context.sift),
                expected: (build.estimatedRows, probe.estimatedRows), isBegunAgain: isBegunAgain, readsWorking: build.readsWorking, context)
        case .cross(_, let right): return CrossOperator(child, try whole.make(right), context)
        case .union(let inputs, let slots, let inputSlots):
            let operators = try inputs.map { try whole.make($0) }
            return UnionOperator(zip(operators, inputSlots).map { (child: $0, slots: $1) }, slots: slots, context)
        case .recursive(let initial, let step, let recursion):
            return RecursiveOperator(try whole.make(initial), try makeInner(step), recursion, context)
        default: throw DeedError(.internalError, "a plan has a node that nothing runs")
        }
    }

    private func makeChanging(_ node: PlanNode, _ child: Operator) throws -> Operator {
        switch node.kind {
        case .create(_, let creations): return try CreateOperator(child, creations, isLast: node === last, context)
        case .merge(_, let match, let creations, let onCreate, let onMatch):
            return try MergeOperator(
                child, match: makeInner(match), match, creations, onCreate: onCreate, onMatch: onMatch, context)
        case .change(_, let changes): return try ChangeOperator(child, changes, context)
        case .delete(_, let elements, let detach): return try DeleteOperator(child, elements, detach: detach, context)
        case .requireOnce(_, let element): return try RequireOnceOperator(child, element, context)
        case .forEach(_, let list, let element, let body):
            return try ForEachOperator(child, list: list, element: element, body: makeInner(body), context)
        default: throw DeedError(.internalError, "a plan has a node that nothing runs")
        }
    }
}

extension PlanNode {
    /// The input that rows come through from one to the next; nil for a leaf, and where inputs are alternatives.
    fileprivate var spine: PlanNode? {
        switch kind {
        case .union, .recursive: nil
        case .join(_, let probe, _, _, _, _): probe
        default: children.first
        }
    }

    /// A scan, whatever it is filtered by.
    fileprivate var isScanOnly: Bool {
        if case .scanEntities = kind { return true }
        return isScanWithFilter
    }

    /// They are made together.
    fileprivate var isScanWithFilter: Bool {
        guard case .filter(let child, _) = kind, case .scanEntities = child.kind else { return false }
        return true
    }
}
