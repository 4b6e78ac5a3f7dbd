// The plans of queries that came before, by their text and by their shape. A text that comes again is neither parsed nor
// planned; one that differs from an earlier one in its literals only is read by the lexer and no further, unless the new
// literals are much rarer or more common than those that the plan was made for. A plan is dropped when the schema has changed,
// or the number of rows or their values so much that another plan may be better.

import DeedEngine
import DeedExecution
import DeedPlanner
import DeedSyntax
import DeedValues
import Synchronization

/// A statement that is ready to run.
package final class PreparedQuery: Sendable {
    package let text: String
    /// The text without its literals and in one spelling, which queries have in common that differ only in these.
    let shape: String
    package let plan: QueryPlan
    /// The shape of what is run, explained or profiled.
    var planShape: String { Self.planShape(shape, mode) }
    package let mode: ExecutionMode
    /// True if its rows are what is asked for, and not how they come about.
    let isRun: Bool
    /// The parameters that the text itself has.
    package let parameters: [String]
    /// The plan's parameters, with the values of those that were literals in the text.
    private let template: Parameters
    /// Of each of the text's parameters its position among the plan's.
    private let positions: [Int]
    let resultShape: ResultShape
    let basis: PlanBasis
    /// What the plan takes the literals for, and how common that makes them.
    private let guesses: [LiteralGuess]
    private let magnitudes: [Int]
    /// The plan that was set for the shape when this one was made.
    let pin: PlanPins.Found
    /// Of the set plans, when it was last certain that the query's is still the one.
    let pinsVersion: Atomic<UInt64>
    /// What is odd about the text, in words that show the place; made when somebody asks.
    var notices: [String] { plan.notices.map { "\($0.message)\n\(renderSource($0.place, in: text))" } }
    var isOdd: Bool { !plan.notices.isEmpty }
    /// Shared by all texts of the same shape.
    let instances: PlanInstances
    /// True if its plan may have instances that wait, as far as literals are concerned.
    let isSmall: Bool

    init(
        text: String, shape: String, plan: QueryPlan, mode: ExecutionMode, literals: [String: Value], basis: PlanBasis,
        pin: PlanPins.Found, guesses: [LiteralGuess], instances: PlanInstances = PlanInstances()
    ) {
        (self.text, self.shape, self.plan, self.mode) = (text, shape, plan, mode)
        if case .run = mode { isRun = true } else { isRun = false }
        (self.basis, self.pin, self.instances) = (basis, pin, instances)
        pinsVersion = Atomic(pin.version)
        self.guesses = guesses
        magnitudes = guesses.map { $0.magnitude(literals) }
        resultShape = ResultShape(columns: plan.columns.map(\.name), slots: plan.columns.map(\.slot))
        isSmall = isRun && literals.values.allSatisfy(PlanInstances.isSmall)
        positions = plan.parameters.indices.filter { literals[plan.parameters[$0]] == nil }
        parameters = positions.map { plan.parameters[$0] }
        template = Parameters(names: plan.parameters, values: plan.parameters.map { literals[$0] ?? .null })
    }

    static func planShape(_ shape: String, _ mode: ExecutionMode) -> String {
        let prefix =
            switch mode {
            case .run: ""
            case .explain: "EXPLAIN "
            case .profile: "PROFILE "
            }
        return shape.utf8.starts(with: prefix.utf8) ? String(shape.dropFirst(prefix.count)) : shape
    }

    /// The same plan for another text of the same shape.
    func with(text: String, literals: [String: Value]) -> PreparedQuery {
        PreparedQuery(
            text: text, shape: shape, plan: plan, mode: mode, literals: literals, basis: basis, pin: pin, guesses: guesses,
            instances: instances)
    }

    /// How common other literals are; nil if they are as common as those that the plan was made for.
    func difference(_ literals: [String: Value]) -> String? {
        if guesses.isEmpty { return nil }
        let others = guesses.map { $0.magnitude(literals) }
        return others == magnitudes ? nil : others.map { "\($0)" }.joined(separator: " ")
    }

    func requireAll(_ bindings: Bindings) throws(QueryError) {
        guard let missing = bindings.missing else { return }
        throw QueryError(.parameterMissing, "MissingParameter", "the parameter $\(missing) is not given")
    }

    /// The plan's parameters with the values that the caller has for those of the text.
    func arguments(_ bindings: Bindings) -> Parameters {
        if positions.count == template.names.count { return Parameters(names: template.names, values: bindings.values) }
        var values = template.values
        for (index, position) in positions.enumerated() { values[position] = bindings.values[index] }
        return Parameters(names: template.names, values: values)
    }

    /// The same, for a context of the plan that waits.
    func setParameters(of context: QueryContext, _ bindings: Bindings) {
        if positions.count < template.names.count {
            for position in template.values.indices { context.setParameter(position, template.values[position]) }
        }
        for index in positions.indices { context.setParameter(positions[index], bindings.values[index]) }
    }
}

/// The columns of a query's rows.
final class ResultShape: Sendable {
    let columns: [String]
    /// Of the plan's chunks.
    let slots: [Slot]
    /// True if the columns of a chunk can be exchanged, from left to right, with those in the places that they have in the
    /// result: none of these is needed any more.
    let areSlotsAscending: Bool

    init(columns: [String], slots: [Slot]) {
        (self.columns, self.slots) = (columns, slots)
        areSlotsAscending = zip(slots, slots.dropFirst()).allSatisfy { $0 < $1 }
    }
}

/// What all plans depend on. Looked at for every execution: plain numbers, which count no references.
struct GraphState: Sendable {
    var schemaVersion: UInt64
    var labelVersion: UInt64
    var entities: Int
    var relationships: Int
}

/// What a plan was made for.
struct PlanBasis: Sendable {
    var graph: GraphState
    /// Of tables that the plan reads.
    var sizes: [TableState] = []
    /// Of values that it asks for.
    var statistics: [PropertyStatistics] = []
    /// Tables whose columns are what their rows have.
    var openTables: [OpenTable] = []

    /// Changes of so few rows are no reason to look at their values again.
    private static let changesMin = 4_096

    /// True if a plan for `self` is still good now.
    func isGood(for now: GraphState) -> Bool {
        graph.schemaVersion == now.schemaVersion && graph.labelVersion == now.labelVersion
            && TableState.areSimilar(graph.entities, now.entities)
            && TableState.areSimilar(graph.relationships, now.relationships)
            && sizes.allSatisfy { $0.hasSimilarSize } && statistics.allSatisfy { $0.state.isLike(now: Self.changesMin) }
    }
}

final class PlanMemory: Sendable {
    /// Beyond that all are forgotten: whoever has so many texts does not use parameters, and gains nothing here.
    private static let plansMax = 4_096

    private let plans = Mutex<[NameKey: PreparedQuery]>([:])

    func find(_ text: String) -> PreparedQuery? { plans.withLock { $0[NameKey(text)] } }

    /// The plan for texts of a shape whose literals are about as common as these.
    func find(shape: String, _ literals: [String: Value]) -> PreparedQuery? {
        guard let first = find(shape), let difference = first.difference(literals) else { return find(shape) }
        return find(Self.name(shape, difference))
    }

    func remember(_ query: PreparedQuery, forShape shape: String, _ literals: [String: Value]) {
        // The first plan of a shape tells what makes a difference, while it is good.
        guard let first = find(shape), first.basis.isGood(for: query.basis.graph), let difference = first.difference(literals) else {
            return remember(query, as: shape)
        }
        remember(query, as: Self.name(shape, difference))
    }

    /// No text has a NUL in it outside of quotes.
    private static func name(_ shape: String, _ difference: String) -> String { "\(shape)\0\(difference)" }

    /// What is odd about a query may be right soon, and then the query is looked at again.
    func remember(_ query: PreparedQuery, as text: String) {
        if query.isOdd { return }
        plans.withLock { plans in
            if plans.count >= Self.plansMax { plans.removeAll(keepingCapacity: true) }
            plans[NameKey(text)] = query
        }
    }
}
