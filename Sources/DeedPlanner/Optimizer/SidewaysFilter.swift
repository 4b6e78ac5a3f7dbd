// Semi-join filters passed sideways: where the probe side of a join fills the join's keys first and is expanded after that, rows
// that the join will drop are dropped before they are expanded (SiftOperator).

import DeedExecution
import DeedValues

extension PlanNode {
    /// The probe side of a join with a look-up of the keys below the lowest expansion that has no part in filling them; nil if
    /// there is no such expansion. `share`: of the rows that are expected to be found. `number`: gives what the join is told by.
    /// O(depth of the plan).
    func sifted(by keys: [Expr], share: Double, number: () -> Slot) -> (plan: PlanNode, number: Slot)? {
        let needed = keys.reduce(into: NumberSet()) { $0.formUnion(slotsUsed($1)) }
        var above: [PlanNode] = []
        var expansions = 0
        var node = self
        while let (child, isExpansion) = node.passing(needed) {
            above.append(node)
            if isExpansion { expansions = above.count }
            node = child
        }
        guard expansions > 0 else { return nil }
        let place = above[expansions - 1].children[0]
        let join = number()
        let start = PlanNode(.sift(child: place, keys: keys, join: join), estimatedRows: place.estimatedRows * share)
        return (above[..<expansions].reversed().reduce(start) { $1.over($0, share) }, join)
    }

    /// What is below a node that fills none of these slots.
    private func passing(_ slots: NumberSet) -> (child: PlanNode, isExpansion: Bool)? {
        switch kind {
        case .filter(let child, _): (child, false)
        case .expand(let child, let expansion): slots.isDisjoint(with: expansion.slotsBound) ? (child, true) : nil
        case .intersect(let child, let intersection):
            intersection.legs.allSatisfy { slots.isDisjoint(with: $0.slotsBound) } ? (child, true) : nil
        case .expandVariable(let child, let expansion): slots.isDisjoint(with: expansion.slotsBound) ? (child, true) : nil
        default: nil
        }
    }

    /// The same node over another one, for a share of the rows.
    private func over(_ child: PlanNode, _ share: Double) -> PlanNode {
        let rows = estimatedRows * share
        return switch kind {
        case .filter(_, let condition): PlanNode(.filter(child: child, condition), estimatedRows: rows)
        case .expand(_, let expansion): PlanNode(.expand(child: child, expansion), estimatedRows: rows)
        case .intersect(_, let intersection): PlanNode(.intersect(child: child, intersection), estimatedRows: rows)
        case .expandVariable(_, let expansion): PlanNode(.expandVariable(child: child, expansion), estimatedRows: rows)
        default: preconditionFailure("only what passes is put over something else")
        }
    }
}
