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

    package init(catalog: any PlannerCatalog) { self.catalog = catalog }

    package func plan(_ query: Query) throws -> QueryPlan {
        let binder = Binder(catalog)
        let bound = try binder.bind(query, from: BoundQuery.start(Scope()), isTop: true)
        if let batches = binder.batches, binder.writes {
            throw QueryError(
                .syntaxError, "InvalidClauseComposition",
                "beside CALL { } IN TRANSACTIONS a query only reads: what it changes belongs into the braces", at: batches)
        }
        return QueryPlan(
            root: bound.plan, columns: bound.columns, slotCount: binder.slotCount,
            isReadOnly: !binder.writes && binder.batches == nil, commitsInBetween: binder.batches != nil,
            parameters: binder.parameters, notices: binder.notices)
    }
}

/// A plan with what is known of its rows.
struct BoundQuery {
    var plan: PlanNode
    var scope: Scope
    /// Slots that hold something.
    var bound: Set<Slot>
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
    private(set) var slotCount = 0
    var writes = false
    /// The place of a CALL { } IN TRANSACTIONS, if there is one.
    var batches: SourceRange?
    /// How many subqueries are around what is being bound.
    var subqueryDepth = 0
    private(set) var parameters: [String] = []
    var notices: [(message: String, place: SourceRange)] = []
    /// Slots that expressions referred to since somebody last looked.
    var used: Set<Slot> = []
    /// How deep expressions and subqueries are nested; bounds recursion.
    var depth = 0
    static let depthMax = 400

    init(_ catalog: any PlannerCatalog) { self.catalog = catalog }

    func newSlot() -> Slot {
        slotCount += 1
        return slotCount - 1
    }

    func noteParameter(_ name: String) {
        if !parameters.contains(where: { $0.utf8.elementsEqual(name.utf8) }) { parameters.append(name) }
    }

    /// Runs `body` and returns what slots its expressions referred to.
    func tracking<Result>(_ body: () throws -> Result) rethrows -> (Result, Set<Slot>) {
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
        let parts = try query.parts.map { try bind($0, from: start, isTop: isTop) }
        return try union(parts, all: query.all.first ?? true, from: start, at: query.range)
    }

    private func union(
        _ parts: [BoundQuery], all: Bool, from start: BoundQuery, at range: SourceRange
    ) throws -> BoundQuery {
        let names = parts[0].columns.map(\.name)
        for part in parts {
            guard part.isComplete, part.columns.count == names.count,
                names.allSatisfy({ name in part.columns.contains { $0.name == name } })
            else {
                throw QueryError(
                    .syntaxError, "DifferentColumnsInUnion",
                    "the parts of a UNION must return the same columns: \(names.joined(separator: ", "))", at: range)
            }
        }
        let slots = names.map { _ in newSlot() }
        let inputs = parts.map { part in names.map { name in part.columns.first { $0.name == name }?.slot ?? 0 } }
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
            // Patterns of MATCH clauses that follow each other are planned together.
            if state.commits && !Self.onlyHandsOn(clauses[index]) {
                state.append(.eager(child: state.plan))
                state.commits = false
            }
            if case .match(false, _, _, _) = clauses[index].kind {
                var last = index
                while last + 1 < clauses.count, case .match(false, _, _, _) = clauses[last + 1].kind { last += 1 }
                state = try bindMatches(Array(clauses[index...last]), state)
                index = last + 1
                continue
            }
            state = try bind(clauses[index], state, isAlone: isTop && clauses.count == 1)
            index += 1
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
        case .create(let patterns): return try bindCreate(patterns, state)
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
