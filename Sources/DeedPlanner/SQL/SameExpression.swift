// Whether two expressions of a plan are the same, so that one value serves for both: what is grouped by and what is selected, say.

import DeedExecution
import DeedValues

/// Subqueries are never the same, and neither is what gives something else each time.
func areSame(_ left: Expr, _ right: Expr) -> Bool {
    switch (left, right) {
    case (.constant(let a), .constant(let b)): return a.typeName == b.typeName && Value.isEquivalent(a, b)
    case (.slot(let a), .slot(let b)): return a == b
    case (.parameter(let a), .parameter(let b)): return a.utf8.elementsEqual(b.utf8)
    case (.property(let a, let key), .property(let b, let other)): return key.utf8.elementsEqual(other.utf8) && areSame(a, b)
    case (.element(let a, let i), .element(let b, let j)): return areSame(a, b) && areSame(i, j)
    case (.slice(let a, let from, let to), .slice(let b, let otherFrom, let otherTo)):
        return areSame(a, b) && areSame(from, otherFrom) && areSame(to, otherTo)
    case (.call(let name, let a), .call(let other, let b)):
        return name == other && ScalarFunctions.named(name)?.isDeterministic != false && areSame(a, b)
    case (.not(let a), .not(let b)), (.negate(let a), .negate(let b)), (.isNull(let a), .isNull(let b)): return areSame(a, b)
    case (.and(let a, let c), .and(let b, let d)), (.or(let a, let c), .or(let b, let d)), (.xor(let a, let c), .xor(let b, let d)),
        (.isIn(let a, let c), .isIn(let b, let d)):
        return areSame(a, b) && areSame(c, d)
    case (.compare(let op, let a, let c), .compare(let other, let b, let d)): return op == other && areSame(a, b) && areSame(c, d)
    case (.arithmetic(let op, let a, let c), .arithmetic(let other, let b, let d)):
        return op == other && areSame(a, b) && areSame(c, d)
    case (.textTest(let op, let a, let c), .textTest(let other, let b, let d)): return op == other && areSame(a, b) && areSame(c, d)
    case (.list(let a), .list(let b)): return areSame(a, b)
    case (.conditional(let a, let c), .conditional(let b, let d)):
        return areSame(a.flatMap { [$0.condition, $0.result] }, b.flatMap { [$0.condition, $0.result] }) && areSame(c, d)
    default: return false
    }
}

private func areSame(_ left: [Expr], _ right: [Expr]) -> Bool {
    left.count == right.count && zip(left, right).allSatisfy { areSame($0, $1) }
}

private func areSame(_ left: Expr?, _ right: Expr?) -> Bool {
    switch (left, right) {
    case (nil, nil): true
    case (let a?, let b?): areSame(a, b)
    default: false
    }
}

extension Expr {
    /// The expression with others in the place of some of its parts: `replacement` says which, from the outside in.
    func replacing(_ replacement: (Expr) -> Expr?) -> Expr {
        if let new = replacement(self) { return new }
        func map(_ expr: Expr) -> Expr { expr.replacing(replacement) }
        switch self {
        case .constant, .slot, .parameter, .subquery: return self
        case .property(let a, let key): return .property(map(a), key)
        case .element(let a, let index): return .element(map(a), index: map(index))
        case .slice(let a, let from, let to): return .slice(map(a), from: from.map(map), to: to.map(map))
        case .call(let name, let arguments): return .call(name, arguments.map(map))
        case .not(let a): return .not(map(a))
        case .and(let a, let b): return .and(map(a), map(b))
        case .or(let a, let b): return .or(map(a), map(b))
        case .xor(let a, let b): return .xor(map(a), map(b))
        case .compare(let op, let a, let b): return .compare(op, map(a), map(b))
        case .arithmetic(let op, let a, let b): return .arithmetic(op, map(a), map(b))
        case .negate(let a): return .negate(map(a))
        case .textTest(let test, let a, let b): return .textTest(test, map(a), map(b))
        case .isIn(let a, let b): return .isIn(map(a), map(b))
        case .isNull(let a): return .isNull(map(a))
        case .hasLabels(let a, let test): return .hasLabels(map(a), test)
        case .list(let items): return .list(items.map(map))
        case .map(let entries): return .map(entries.map { ($0.key, map($0.value)) })
        case .conditional(let branches, let otherwise):
            return .conditional(branches.map { (map($0.condition), map($0.result)) }, otherwise: map(otherwise))
        case .comprehension(let slot, let list, let filter, let projection):
            return .comprehension(slot, list: map(list), filter: filter.map(map), projection: projection.map(map))
        case .quantifier(let kind, let slot, let list, let predicate):
            return .quantifier(kind, slot, list: map(list), predicate: map(predicate))
        case .reduce(let accumulator, let initial, let element, let list, let body):
            return .reduce(accumulator: accumulator, initial: map(initial), element: element, list: map(list), body: map(body))
        case .once(let values, let body): return .once(values.map { ($0.slot, map($0.value)) }, in: map(body))
        case .path(let start, let steps): return .path(start: map(start), steps: steps.map(map))
        }
    }

    /// The terms that all branches of a disjunction have, and a disjunction of what else they have: `a AND b OR a AND c` is `a` and
    /// `b OR c`. Anything else is itself.
    var factored: [Expr] {
        var branches: [Expr] = []
        var open = [self]
        while let next = open.popLast() {
            if case .or(let left, let right) = next { open += [right, left] } else { branches.append(next) }
        }
        guard branches.count > 1, branches.count <= Self.factoredMax else { return [self] }
        let terms = branches.map(\.conjuncts)
        guard terms.allSatisfy({ $0.count <= Self.factoredMax }) else { return [self] }
        let common = terms[0].filter { term in terms.dropFirst().allSatisfy { $0.contains { areSame($0, term) } } }
        if common.isEmpty { return [self] }
        let rests = terms.map { $0.filter { term in !common.contains { areSame($0, term) } } }
        if rests.contains(where: \.isEmpty) { return common }
        let rest = rests.compactMap { Expr.all($0) }
        return common + [Expr.any(rest) ?? .constant(.bool(true))]
    }

    /// Of branches, and of terms in each: comparing them all takes the square of it.
    private static let factoredMax = 32
}
