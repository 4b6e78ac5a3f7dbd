// Expressions of a plan: names are resolved to slots, operators are few, and nothing says which language it came from.
// Plain data, like the plan it belongs to.

import DeedValues

/// A column of the rows that flow through a plan. Numbered densely over the whole of a plan, its subplans included.
package typealias Slot = Int

package indirect enum Expr: Sendable {
    case constant(Value)
    case slot(Slot)
    case parameter(String)
    /// Of an entity, a relationship, a map or a temporal value; null of null.
    case property(Expr, String)
    case element(Expr, index: Expr)
    case slice(Expr, from: Expr?, to: Expr?)
    /// By its name in lower case; see ScalarFunctions (of values) and GraphFunctions (of elements of the graph).
    case call(String, [Expr])
    case not(Expr)
    /// The right side is evaluated only for rows where the left one does not decide.
    case and(Expr, Expr)
    case or(Expr, Expr)
    case xor(Expr, Expr)
    case compare(Comparison, Expr, Expr)
    case arithmetic(Arithmetic, Expr, Expr)
    case negate(Expr)
    case textTest(TextTest, Expr, Expr)
    /// `left IN right`
    case isIn(Expr, Expr)
    case isNull(Expr)
    /// The labels of an entity, or the type of a relationship; null of null.
    case hasLabels(Expr, LabelTest)
    case list([Expr])
    case map([(key: String, value: Expr)])
    /// The first branch whose condition is true; branches are evaluated only for the rows that come to them.
    case conditional([(condition: Expr, result: Expr)], otherwise: Expr)
    /// For each element of the list, bound to the slot: those that pass the filter, projected.
    case comprehension(Slot, list: Expr, filter: Expr?, projection: Expr?)
    case quantifier(QuantifierKind, Slot, list: Expr, predicate: Expr)
    case reduce(accumulator: Slot, initial: Expr, element: Slot, list: Expr, body: Expr)
    /// Values that the last expression refers to by their slots, several times perhaps: each is evaluated once for a row.
    case once([(slot: Slot, value: Expr)], in: Expr)
    case subquery(Subquery)
    /// A path along the elements: an entity, then relationships (an id, or a list of ids), each with the entity it leads to
    /// left out, since it follows.
    case path(start: Expr, steps: [Expr])

    /// All of the terms, from left to right.
    package static func all(_ terms: [Expr]) -> Expr? { terms.isEmpty ? nil : balanced(terms[...]) { .and($0, $1) } }

    /// Any of the terms, likewise.
    package static func any(_ terms: [Expr]) -> Expr? { terms.isEmpty ? nil : balanced(terms[...]) { .or($0, $1) } }

    /// The terms, of which there are some, joined by an operator for which it makes no difference where the brackets stand: thousands
    /// of them make no deep tree.
    package static func balanced(_ terms: ArraySlice<Expr>, _ join: (Expr, Expr) -> Expr) -> Expr {
        if terms.count == 1 { return terms[terms.startIndex] }
        let middle = terms.startIndex + (terms.count + 1) / 2
        return join(balanced(terms[..<middle], join), balanced(terms[middle...], join))
    }

    /// The terms of a conjunction, from left to right; of anything else, itself.
    package var conjuncts: [Expr] {
        var terms: [Expr] = []
        var open = [self]
        while let next = open.popLast() {
            if case .and(let left, let right) = next { open += [right, left] } else { terms.append(next) }
        }
        return terms
    }
}

package enum Comparison: String, Sendable { case equal, notEqual, less, lessOrEqual, greater, greaterOrEqual }
package enum Arithmetic: String, Sendable { case add, subtract, multiply, divide, modulo, power, concatenate }
package enum TextTest: String, Sendable { case startsWith, endsWith, contains, matches }
package enum QuantifierKind: String, Sendable { case all, any, none, single }

package indirect enum LabelTest: Sendable, Equatable {
    case label(String)
    /// Has any label at all.
    case any
    case not(LabelTest)
    case and(LabelTest, LabelTest)
    case or(LabelTest, LabelTest)

    package func evaluate(_ has: (String) -> Bool, isLabelled: Bool) -> Bool {
        switch self {
        case .label(let name): has(name)
        case .any: isLabelled
        case .not(let test): !test.evaluate(has, isLabelled: isLabelled)
        case .and(let left, let right):
            left.evaluate(has, isLabelled: isLabelled) && right.evaluate(has, isLabelled: isLabelled)
        case .or(let left, let right):
            left.evaluate(has, isLabelled: isLabelled) || right.evaluate(has, isLabelled: isLabelled)
        }
    }
}

/// A plan that is run for each row, with the row's slots as its argument.
package struct Subquery: Sendable {
    package enum Kind: String, Sendable {
        /// True if there is a row.
        case exists
        /// The number of rows.
        case count
        /// The list of the values of `result`, in order.
        case collect
    }
    package let kind: Kind
    package let plan: PlanNode
    package let result: Slot?
    /// True if its outcome is the same for all rows of an execution: it is found once.
    package let isIndependent: Bool

    package init(kind: Kind, plan: PlanNode, result: Slot?, isIndependent: Bool = false) {
        (self.kind, self.plan, self.result, self.isIndependent) = (kind, plan, result, isIndependent)
    }
}
