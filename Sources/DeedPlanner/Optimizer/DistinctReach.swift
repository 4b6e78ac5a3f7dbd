// Repeated expansions of which only the ends matter, and those only once, search instead of walking every path.
//
// Asked for is what trails lead to, of which no relationship is passed twice; a search finds what walks lead to. With a least
// length of 0 or 1 that is the same, save for one case:
//
// - To another entity than the start, the shortest walk passes no entity twice, and so no relationship.
// - Back to the start, the shortest walk with directed steps is a cycle, which passes no relationship twice either. With
//   undirected steps it may go along a relationship and back, which no trail does.
//
// With a greater least length a shortest walk may be too short, and all others may repeat themselves.

import DeedExecution

struct DistinctReach {
    /// True if no entity comes out twice at the end of an expansion, and `plan` does nothing but leave rows out.
    private(set) var isDistinct = false
    private(set) var plan: PlanNode

    /// `child`, for an aggregate to which it makes no difference how often a row comes, and which needs these slots.
    init(_ child: PlanNode, used: NumberSet) {
        plan = child
        (plan, isDistinct) = Self.searching(child, used)
    }

    /// `plan`, of which only matters whether it has a row. It gives rows as they are found, so that it can end early.
    static func forExistence(_ plan: PlanNode) -> PlanNode { searching(plan, [noSlot]).0 }

    /// Needed, it keeps searches from being made for all rows together.
    private static let noSlot: Slot = -1

    private static func searching(_ node: PlanNode, _ used: NumberSet) -> (PlanNode, isDistinct: Bool) {
        func replaced(_ kind: PlanNode.Kind) -> PlanNode { PlanNode(kind, estimatedRows: node.estimatedRows) }
        switch node.kind {
        case .filter(let child, let condition):
            let needs = slotsUsed(condition)
            let (plan, isDistinct) = searching(child, used.union(needs))
            if plan === child { break }
            return (replaced(.filter(child: plan, condition)), isDistinct)
        case .project(let child, let columns):
            let needs = columns.reduce(into: used) { $0.formUnion(slotsUsed($1.value)) }
            let (plan, _) = searching(child, needs)
            if plan === child { break }
            return (replaced(.project(child: plan, columns)), false)
        case .expand(let child, let expansion):
            var needs = used.union(expansion.differsFrom).union([expansion.from])
            if expansion.isInto { needs.insert(expansion.to) }
            let (plan, _) = searching(child, needs)
            if plan === child { break }
            return (replaced(.expand(child: plan, expansion)), false)
        case .expandVariable(let child, var expansion):
            guard isSearch(expansion) else { break }
            let isAlone = expansion.stepFilter == nil && !expansion.base.isInto && used.isSubset(of: [expansion.base.to])
            expansion.mode = isAlone ? .together : .reachable
            return (replaced(.expandVariable(child: child, expansion)), isAlone)
        default: break
        }
        return (node, false)
    }

    /// True if walks lead where the paths lead that are asked for, and nobody asks for more.
    private static func isSearch(_ expansion: VariableExpansion) -> Bool {
        let base = expansion.base
        guard expansion.min <= 1, base.relationship == nil, expansion.path == nil, base.differsFrom.isEmpty else { return false }
        switch expansion.mode {
        case .trail: return base.direction != .both || expansion.min == 0
        case .walk: return true
        case .acyclic: return expansion.min == 0
        case .reachable, .together: return false
        }
    }
}
