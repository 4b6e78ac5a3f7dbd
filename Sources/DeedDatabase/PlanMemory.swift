// The plans of queries that came before, by their text and by their shape. A text that comes again is neither parsed nor
// planned; one that differs from an earlier one in its literals only is read by the lexer and no further. A plan is dropped
// when the schema has changed, or the number of rows so much that another plan may be better.

import DeedExecution
import DeedSyntax
import DeedValues
import Synchronization

/// A statement that is ready to run.
package final class PreparedQuery: Sendable {
    package let text: String
    /// The text without its literals and in one spelling, which queries have in common that differ only in these.
    package let shape: String
    package let plan: QueryPlan
    package let mode: ExecutionMode
    /// What the plan's parameters stand for that were literals in the text.
    let literals: [String: Value]
    /// The parameters that the text itself has.
    package let parameters: [String]
    let basis: PlanBasis
    /// What is odd about the text, in words that show the place.
    package let notices: [String]

    init(text: String, shape: String, plan: QueryPlan, mode: ExecutionMode, literals: [String: Value], basis: PlanBasis) {
        (self.text, self.shape, self.plan, self.mode) = (text, shape, plan, mode)
        (self.literals, self.basis) = (literals, basis)
        parameters = plan.parameters.filter { literals[$0] == nil }
        notices = plan.notices.map { "\($0.message)\n\(renderSource($0.place, in: text))" }
    }

    /// The same plan for another text of the same shape.
    func with(text: String, literals: [String: Value]) -> PreparedQuery {
        PreparedQuery(text: text, shape: shape, plan: plan, mode: mode, literals: literals, basis: basis)
    }
}

/// What a plan was made for.
struct PlanBasis: Sendable {
    var schemaVersion: UInt64
    var labelVersion: UInt64
    var entities: Int
    var relationships: Int

    /// True if a plan for `self` is still good now.
    func isGood(for now: PlanBasis) -> Bool {
        schemaVersion == now.schemaVersion && labelVersion == now.labelVersion && Self.isSimilar(entities, now.entities)
            && Self.isSimilar(relationships, now.relationships)
    }

    /// Small tables grow fast, and plans for them matter little.
    private static func isSimilar(_ old: Int, _ new: Int) -> Bool {
        let (low, high) = (min(old, new), max(old, new))
        return high <= 1_000 || high <= low * 4
    }
}

final class PlanMemory: Sendable {
    /// Queries as bytes: Swift's strings are equal by canonical equivalence, which texts are not.
    private struct Key: Hashable {
        let text: String

        static func == (left: Key, right: Key) -> Bool { left.text.utf8.elementsEqual(right.text.utf8) }

        func hash(into hasher: inout Hasher) {
            var text = text
            text.withUTF8 { hasher.combine(bytes: UnsafeRawBufferPointer($0)) }
        }
    }

    /// Beyond that all are forgotten: whoever has so many texts does not use parameters, and gains nothing here.
    private static let plansMax = 4_096

    private let plans = Mutex<[Key: PreparedQuery]>([:])

    func find(_ text: String) -> PreparedQuery? { plans.withLock { $0[Key(text: text)] } }

    /// What is odd about a query may be right soon, and then the query is looked at again.
    func remember(_ query: PreparedQuery, as text: String) {
        if !query.notices.isEmpty { return }
        plans.withLock { plans in
            if plans.count >= Self.plansMax { plans.removeAll(keepingCapacity: true) }
            plans[Key(text: text)] = query
        }
    }
}
