// From a syntax tree to a plan. The binder goes through a query clause by clause, with the plan so far and the variables in
// scope. It resolves names to slots, refuses what can never work, and lowers each clause to operators; the patterns of
// MATCH go through the pattern planner, which decides in which order they are walked.
//
// Writing clauses are fenced: what comes before is read to its end first, and what comes after begins only when they are
// done, so that no clause sees its own changes.

import DeedExecution
import DeedSyntax
import DeedValues

package struct Planner {
    let catalog: any PlannerCatalog
    /// Looked at on the way: a statement may be long.
    let interruption: Interruption
    /// Values of the text's literals, by the parameters that stand for them: estimates may use them, plans do not.
    let literals: [String: Value]
    /// The statement, for places in it.
    let text: String

    package init(
        catalog: any PlannerCatalog, interruption: Interruption = Interruption(), literals: [String: Value] = [:], text: String = ""
    ) {
        (self.catalog, self.interruption, self.literals, self.text) = (catalog, interruption, literals, text)
    }

    /// For each pattern of the query, in the order in which they are planned, what could be chosen.
    package func space(_ query: Query) throws -> [PatternSpace] {
        let binder = Binder(catalog, interruption, literals, following: nil)
        binder.spaces = []
        _ = try binder.bind(query, from: BoundQuery.start(Scope()), isTop: true)
        return binder.spaces ?? []
    }

    /// The plan of a query. `following`: the choices to make, of which none is left to the planner then; throws `PlanRefused` if
    /// the query does not have them.
    package func plan(_ query: Query, following: PlanChoices? = nil) throws -> PlannedQuery {
        let binder = Binder(catalog, interruption, literals, text: text, following: following)
        let bound = try binder.bind(query, from: BoundQuery.start(Scope()), isTop: true)
        if let batches = binder.batches, binder.writes {
            throw QueryError(
                .syntaxError, "InvalidClauseComposition",
                "beside CALL { } IN TRANSACTIONS a query only reads: what it changes belongs into the braces", at: batches)
        }
        try binder.requireAllFollowed()
        var root = bound.plan
        // A query that changes something runs to its end before anybody sees a row of it.
        if binder.writes && bound.columns.isEmpty, case .eager(let child) = root.kind { root = child }
        let plan = QueryPlan(
            root: root, choices: binder.choices, columns: bound.columns, slotCount: binder.slotCount,
            isReadOnly: !binder.writes && binder.batches == nil, commitsInBetween: binder.batches != nil,
            parameters: binder.parameters, notices: binder.notices)
        return PlannedQuery(plan: plan, guesses: binder.estimator.guesses)
    }
}

package struct PlannedQuery {
    package let plan: QueryPlan
    /// What the plan takes the literals of the text for.
    package let guesses: [LiteralGuess]
}

/// A plan with what is known of its rows.
struct BoundQuery {
    var plan: PlanNode
    var scope: Scope
    /// Slots that hold something.
    var bound: NumberSet
    /// The columns of RETURN; empty without one.
    var columns: [(name: String, slot: Slot)] = []
    /// False until RETURN (or what stands for it) has come.
    var isComplete = false
    /// True if the plan's rows come from the graph, so that changes could reach them.
    var readsGraph = false
    /// True if the plan is its argument and nothing else.
    var isUnit = true
    /// True while batches are committed as their rows are asked for: who looks into the graph waits until all are.
    var commits = false

    static func start(_ scope: Scope) -> BoundQuery {
        BoundQuery(plan: PlanNode(.argument, estimatedRows: 1), scope: scope, bound: scope.slots)
    }

    mutating func append(_ kind: PlanNode.Kind, rows: Double? = nil) {
        plan = PlanNode(kind, estimatedRows: rows ?? plan.estimatedRows)
        isUnit = false
    }
}

final class Binder {
    let catalog: any PlannerCatalog
    let interruption: Interruption
    let estimator: Estimator
    private(set) var slotCount = 0
    var writes = false
    /// The place of a CALL { } IN TRANSACTIONS, if there is one.
    var batches: SourceRange?
    /// How many subqueries are around what is being bound.
    var subqueryDepth = 0
    /// In order of mention.
    var parameters: [String] { names.all }
    private var names = DistinctNames()
    var notices: [(message: String, place: SourceRange)] = []
    /// What has been said of names in `notices`.
    var unknownNames: [(kind: CatalogName, name: String, message: String)] = []
    /// Slots that expressions referred to since somebody last looked.
    var used: NumberSet = []
    /// How deep expressions and subqueries are nested; bounds recursion.
    var depth = 0
    static let depthMax = 400
    var expressionCount = 0
    /// Where on the stack binding began, which bounds recursion too, in texts within texts.
    let stackStart = stackAddress()
    /// The text that is being bound, and how many are around it.
    var source: StatementText
    var textDepth = 0
    /// How conditions of another language are bound that stand in patterns; nil: they are Cypher's.
    var patternConditions: ((Expression, Scope) throws -> Expr)?
    /// Steps of the plan so far, of which subqueries are part.
    private(set) var steps = 0
    /// Those that are to be made; nil: the planner's own.
    let following: PlanChoices?
    /// Those that have been made.
    var choices = PlanChoices()
    /// For each pattern what could be chosen; nil if nobody asks.
    var spaces: [PatternSpace]?

    init(
        _ catalog: any PlannerCatalog, _ interruption: Interruption, _ literals: [String: Value], text: String = "",
        following: PlanChoices?
    ) {
        (self.catalog, self.interruption, self.following) = (catalog, interruption, following)
        source = StatementText(text)
        estimator = Estimator(catalog, literals: literals)
    }

    var stepsLeft: Int { PlanLimits.stepsMax - steps }

    /// Counts steps that have been added to the plan.
    func take(steps added: Int, at range: SourceRange) throws {
        steps += added
        if steps > PlanLimits.stepsMax { throw Self.tooManySteps(at: range) }
    }

    static func tooManySteps(at range: SourceRange) -> QueryError {
        QueryError(
            .syntaxError, "StatementTooLong",
            "the statement takes more than \(PlanLimits.stepsMax) steps up to here (each clause takes some, and so does each "
                + "part of a pattern); split it, or put what is alike into a list and UNWIND that", at: range)
    }

    func newSlot() -> Slot {
        slotCount += 1
        return slotCount - 1
    }

    func noteParameter(_ name: String) {
        names.insert(name)
    }

    /// Runs `body` and returns what slots its expressions referred to.
    func tracking<Result>(_ body: () throws -> Result) rethrows -> (Result, NumberSet) {
        let outer = used
        used = []
        defer { used.formUnion(outer) }
        let result = try body()
        return (result, used)
    }

    // MARK: Queries

    /// `isTop`: the query is the whole statement, so a single CALL may stand without RETURN.
    func bind(_ query: Query, from start: BoundQuery, isTop: Bool) throws -> BoundQuery {
        if query.parts.count == 1 { return try bind(query.parts[0], from: start, isTop: isTop) }
        if Set(query.all).count > 1 {
            throw QueryError(
                .syntaxError, "InvalidClauseComposition", "UNION and UNION ALL cannot be mixed in one query", at: query.range)
        }
        return try union(try bindParts(query, from: start, isTop: isTop), all: query.all.first ?? true, from: start, at: query.range)
    }

    /// The parts of a UNION stand beside each other: they share their slots, and the longest counts.
    private func bindParts(_ query: Query, from start: BoundQuery, isTop: Bool) throws -> [BoundQuery] {
        let before = (slots: slotCount, steps: steps)
        let sources = estimator.sources
        defer { estimator.forget(since: sources) }
        var most = before
        let parts = try query.parts.map { part in
            (slotCount, steps) = before
            estimator.forget(since: sources)
            let bound = try bind(part, from: start, isTop: isTop)
            most = (max(most.slots, slotCount), max(most.steps, steps))
            return bound
        }
        (slotCount, steps) = most
        return parts
    }

    private func union(
        _ parts: [BoundQuery], all: Bool, from start: BoundQuery, at range: SourceRange
    ) throws -> BoundQuery {
        let names = parts[0].columns.map(\.name)
        let inputs = try parts.map { part in
            let columns = Dictionary(part.columns.map { (NameKey($0.name), $0.slot) }, uniquingKeysWith: { first, _ in first })
            let slots = names.compactMap { columns[NameKey($0)] }
            guard part.isComplete, part.columns.count == names.count, slots.count == names.count else {
                throw QueryError(
                    .syntaxError, "DifferentColumnsInUnion",
                    "the parts of a UNION must return the same columns: \(names.joined(separator: ", "))", at: range)
            }
            return slots
        }
        let slots = names.map { _ in newSlot() }
        var result = start
        let rows = parts.reduce(0) { $0 + $1.plan.estimatedRows }
        result.append(.union(parts.map(\.plan), slots: slots, inputs: inputs), rows: rows)
        if !all { result.append(.aggregate(child: result.plan, keys: slots.map { ($0, .slot($0)) }, [])) }
        result.columns = Array(zip(names, slots))
        result.scope = Scope()
        for (name, slot) in result.columns { result.scope.add(Variable(name: name, slot: slot, type: .any)) }
        result.bound = start.bound.union(slots)
        result.isComplete = true
        result.readsGraph = parts.contains(where: \.readsGraph)
        return result
    }

    private func bind(_ query: SingleQuery, from start: BoundQuery, isTop: Bool) throws -> BoundQuery {
        var state = start
        let clauses = query.clauses
        var index = 0
        while index < clauses.count {
            try interruption.check()
            if state.commits && !Self.onlyHandsOn(clauses[index]) {
                state.append(.eager(child: state.plan))
                state.commits = false
            }
            // The patterns of MATCH clauses that follow each other are planned together, CREATE clauses are one, and so may be a
            // MERGE and the SET behind it.
            let last = endOfRun(clauses, from: index)
            let before = state.plan.depth
            switch (clauses[index].kind, clauses[last].kind) {
            case (.match(false, _, _, _), _): state = try bindMatches(clauses[index...last], state)
            case (.create, _): state = try bindCreate(clauses[index...last], state)
            case (.merge(let pattern, _, _), .set(let items)): state = try bindMerge(pattern, items, items, state)
            default: state = try bind(clauses[index], state, isAlone: isTop && clauses.count == 1)
            }
            try take(steps: state.plan.depth - before, at: clauses[last].range)
            index = last + 1
        }
        if !state.isComplete && isTop { try requireEnd(clauses, query.range) }
        return state
    }

    /// Whether a clause is about the rows that come to it and nothing else.
    private static func onlyHandsOn(_ clause: Clause) -> Bool {
        switch clause.kind {
        case .with, .return, .unwind, .finish: true
        default: false
        }
    }

    private func endOfRun(_ clauses: [Clause], from first: Int) -> Int {
        var last = first
        switch clauses[first].kind {
        case .match(false, _, _, _):
            while last + 1 < clauses.count, case .match(false, _, _, _) = clauses[last + 1].kind { last += 1 }
        case .create(let patterns) where !looksIntoGraph(patterns):
            while last + 1 < clauses.count, case .create(let next) = clauses[last + 1].kind, !looksIntoGraph(next) { last += 1 }
        case .merge(let pattern, onCreate: let created, onMatch: let matched) where created.isEmpty && matched.isEmpty:
            if first + 1 < clauses.count, case .set(let items) = clauses[first + 1].kind, isPart(items, ofMerge: pattern) { last += 1 }
        default: break
        }
        return last
    }

    /// A query ends with RETURN or changes something.
    private func requireEnd(_ clauses: [Clause], _ range: SourceRange) throws {
        guard let last = clauses.last else {
            throw QueryError(.syntaxError, "UnexpectedSyntax", "the query is empty", at: range)
        }
        switch last.kind {
        case .create, .merge, .set, .remove, .delete, .forEach, .call, .subquery, .finish: return
        default:
            throw QueryError(
                .syntaxError, "InvalidClauseComposition",
                "a query cannot end here; it ends with RETURN, or with a clause that changes something", at: last.range)
        }
    }

    private func bind(_ clause: Clause, _ state: BoundQuery, isAlone: Bool) throws -> BoundQuery {
        switch clause.kind {
        case .match(_, let patterns, let predicate, let hints):
            return try bindOptionalMatch(patterns, predicate, hints, state, at: clause.range)
        case .unwind(let list, let name): return try bindUnwind(list, name, state)
        case .with(let projection, let predicate): return try bindWith(projection, predicate, state)
        case .return(let projection): return try bindReturn(projection, state)
        case .create: return try bindCreate([clause], state)
        case .merge(let pattern, let onCreate, let onMatch): return try bindMerge(pattern, onCreate, onMatch, state)
        case .set(let items): return try bindSet(items, state)
        case .remove(let items): return try bindRemove(items, state)
        case .delete(let expressions, let detach): return try bindDelete(expressions, detach: detach, state)
        case .call(let call): return try bindCall(call, state, isAlone: isAlone, at: clause.range)
        case .subquery(let query, let imports, let optional, let batches):
            return try bindSubquery(query, imports, optional: optional, batches, state, at: clause.range)
        case .forEach(let variable, let list, let body):
            return try bindForEach(variable, list, body, state, at: clause.range)
        case .loadCSV(let withHeaders, let source, let variable, let terminator):
            return try bindLoadCSV(source, variable, withHeaders: withHeaders, terminator, state)
        case .finish:
            var state = state
            state.append(.empty(child: state.plan), rows: 0)
            state.isComplete = true
            return state
        }
    }

    // MARK: Rows

    private func bindUnwind(_ list: Expression, _ name: Name, _ state: BoundQuery) throws -> BoundQuery {
        var state = state
        try requireFree(name, state.scope)
        let bound = try bind(list, state.scope)
        let slot = newSlot()
        state.append(.unwind(child: state.plan, list: bound.expr, element: slot), rows: state.plan.estimatedRows * 10)
        state.scope.add(Variable(name: name.text, slot: slot, type: bound.type.elementType))
        state.bound.insert(slot)
        return state
    }

    private func bindLoadCSV(
        _ source: Expression, _ variable: Name, withHeaders: Bool, _ terminator: String?, _ state: BoundQuery
    ) throws -> BoundQuery {
        var state = state
        try requireFree(variable, state.scope)
        let slot = newSlot()
        let bound = try bind(source, state.scope)
        state.append(
            .loadCSV(
                child: state.plan, source: bound.expr, row: slot, withHeaders: withHeaders,
                fieldTerminator: terminator ?? ","),
            rows: state.plan.estimatedRows * 1_000)
        state.scope.add(Variable(name: variable.text, slot: slot, type: withHeaders ? .map : .list(.string)))
        state.bound.insert(slot)
        return state
    }

    func requireFree(_ name: Name, _ scope: Scope) throws {
        if scope[name.text] != nil { throw alreadyBound(name) }
    }

    func alreadyBound(_ name: Name) -> QueryError {
        QueryError(
            .syntaxError, "VariableAlreadyBound", "the variable `\(name.text)` is taken already; choose another name",
            at: name.range)
    }
}
