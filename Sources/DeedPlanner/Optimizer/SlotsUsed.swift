// The slots that an expression refers to. What cannot be told by its slots, since it has a subquery or gives something else each
// time, refers to the slot -1, which does not exist.

import DeedExecution
import DeedValues

func slotsUsed(_ expr: Expr) -> NumberSet {
    var slots: NumberSet = []
    collect(expr, into: &slots)
    return slots
}

private func collect(_ expr: Expr, into slots: inout NumberSet) {
    switch expr {
    case .slot(let slot): slots.insert(slot)
    case .constant, .parameter: break
    // Plans are not looked into: an expression with a subquery is nobody's key.
    case .subquery(let subquery): if !subquery.isIndependent { slots.insert(-1) }
    case .property(let a, _), .not(let a), .negate(let a), .isNull(let a), .hasLabels(let a, _): collect(a, into: &slots)
    case .element(let a, let b), .and(let a, let b), .or(let a, let b), .xor(let a, let b), .compare(_, let a, let b),
        .arithmetic(_, let a, let b), .textTest(_, let a, let b), .isIn(let a, let b):
        collect(a, into: &slots)
        collect(b, into: &slots)
    case .slice(let a, let from, let to): for part in [a, from, to].compactMap({ $0 }) { collect(part, into: &slots) }
    case .call(let name, let arguments):
        if ScalarFunctions.named(name)?.isDeterministic == false { slots.insert(-1) }
        for part in arguments { collect(part, into: &slots) }
    case .list(let elements): for part in elements { collect(part, into: &slots) }
    case .map(let entries): for entry in entries { collect(entry.value, into: &slots) }
    case .conditional(let branches, let otherwise):
        for branch in branches {
            collect(branch.condition, into: &slots)
            collect(branch.result, into: &slots)
        }
        collect(otherwise, into: &slots)
    case .comprehension(_, let list, let filter, let projection):
        for part in [list, filter, projection].compactMap({ $0 }) { collect(part, into: &slots) }
    case .quantifier(_, _, let list, let predicate):
        collect(list, into: &slots)
        collect(predicate, into: &slots)
    case .reduce(_, let initial, _, let list, let body):
        for part in [initial, list, body] { collect(part, into: &slots) }
    case .once(let values, let body): for part in values.map(\.value) + [body] { collect(part, into: &slots) }
    case .path(let start, let steps): for part in [start] + steps { collect(part, into: &slots) }
    }
}
