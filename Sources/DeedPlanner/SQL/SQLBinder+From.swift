// FROM: relations are declared first, so that conditions can be bound, and then put together.
//
// 1. Tables are entities (or relationships) of a query graph, which the pattern planner walks, joins and filters.
// 2. Queries, outer joins and functions are rows of their own. Those that depend on nothing beside them come first; the tables join
//    them. LATERAL ones are run for each row of what stands before them.
// 3. Conditions are split into terms, each of which is applied as soon as what it needs is there.

import DeedExecution
import DeedSyntax
import DeedValues

/// What a part of FROM comes to.
indirect enum FromPart {
    case table(Slot, SQLTable)
    /// A relationship and its ends.
    case edge(Slot, source: Slot, target: Slot, SQLTable)
    /// GRAPH_TABLE
    case pattern(PatternPart)
    case rows(BoundQuery)
    /// Rows for each row of other parts.
    case lateral(BoundQuery, needs: NumberSet)
    case inner([FromPart], [QueryGraph.Predicate])
    /// Rows of the left side without a partner stay.
    case left(FromPart, FromPart, [QueryGraph.Predicate])
    case full(FromPart, FromPart, [QueryGraph.Predicate])

    /// The slots that it fills.
    var slots: NumberSet {
        switch self {
        case .table(let slot, _): [slot]
        case .edge(let slot, let source, let target, _): [slot, source, target]
        case .pattern(let pattern): pattern.columns
        case .rows(let query), .lateral(let query, _): query.bound
        case .inner(let parts, _): parts.reduce(into: []) { $0.formUnion($1.slots) }
        case .left(let left, let right, _), .full(let left, let right, _): left.slots.union(right.slots)
        }
    }

    var isPattern: Bool { if case .pattern = self { true } else { false } }

    /// The slots of other parts, and of queries around it, that it is to be run with.
    var needs: NumberSet {
        switch self {
        case .table, .edge, .rows: []
        case .pattern(let pattern): pattern.outside
        case .lateral(_, let needs): needs
        case .inner(let parts, _): parts.reduce(into: NumberSet()) { $0.formUnion($1.needs) }.subtracting(slots)
        case .left(let left, let right, _), .full(let left, let right, _): left.needs.union(right.needs).subtracting(slots)
        }
    }
}

extension SQLBinder {
    // MARK: Declaring

    /// The parts of FROM, side by side, and the scope with their columns.
    func declare(from references: [TableReference], outer: SQLScope?, given: NumberSet) throws -> (FromPart, SQLScope) {
        let scope = SQLScope(outer: outer)
        var parts: [FromPart] = []
        for reference in references {
            let (part, own) = try declare(reference, before: scope, outer: outer, given: given)
            try requireOther(own, than: scope, at: reference.range)
            scope.add(own)
            parts.append(part)
        }
        return (.inner(parts, []), scope)
    }

    private func requireOther(_ scope: SQLScope, than before: SQLScope, at range: SourceRange) throws {
        for relation in scope.relations where before.relations.contains(where: { SQLName.areSame($0.name, relation.name) }) {
            throw failure("DuplicateAlias", "table name \"\(relation.name)\" is there twice: give one an alias", at: range)
        }
    }

    /// `before`: what LATERAL sees.
    private func declare(
        _ reference: TableReference, before: SQLScope, outer: SQLScope?, given: NumberSet
    ) throws -> (FromPart, SQLScope) {
        try nested(at: reference.range) {
            switch reference.kind {
            case .table(let name): return try declareTable(name, reference, outer: outer)
            case .query(let query, let isLateral):
                let seen = isLateral ? before : outer
                let visible = seen?.slots ?? []
                let (bound, used) = try core.tracking {
                    try bind(query, outer: seen, from: BoundQuery.start(Scope(), given: visible))
                }
                let needs = used.intersection(visible)
                let alias = reference.alias?.name.text ?? ""
                let scope = SQLScope(outer: outer)
                scope.add(try relation(alias, bound.columns, reference.alias))
                return (needs.isEmpty ? .rows(bound.query) : .lateral(bound.query, needs: needs), scope)
            case .function(let calls, _, let withOrdinality):
                return try declareFunction(calls, withOrdinality: withOrdinality, reference, before: before, outer: outer)
            case .join(let left, let right, let type, let condition):
                return try declareJoin(left, right, type, condition, before: before, outer: outer, given: given, at: reference.range)
            case .graphTable(let graph, let paths, let predicate, let columns):
                let (pattern, outputs) = try bindGraphTable(graph, paths, predicate, columns, before: before, at: reference.range)
                let scope = SQLScope(outer: outer)
                scope.add(try relation(reference.alias?.name.text ?? "graph_table", columns: outputs, reference.alias))
                return (.pattern(pattern), scope)
            }
        }
    }

    private func relation(_ name: String, _ outputs: [SQLOutput], _ alias: TableAlias?) throws -> SQLRelation {
        try relation(name, columns: outputs.map { ($0.name, SQLValue(.slot($0.slot), $0.type)) }, alias)
    }

    private func relation(_ name: String, columns: [(name: String, value: SQLValue)], _ alias: TableAlias?) throws -> SQLRelation {
        let names = alias?.columns ?? []
        if names.count > columns.count, let extra = names.dropFirst(columns.count).first {
            throw failure("InvalidColumnReference", "\"\(name)\" has \(columns.count) columns, not \(names.count)", at: extra.range)
        }
        let named = columns.enumerated().map { index, column in
            SQLColumn(name: index < names.count ? names[index].text : column.name, value: column.value, relation: name)
        }
        return SQLRelation(name: name, columns: named)
    }

    private func declareTable(
        _ name: ObjectName, _ reference: TableReference, outer: SQLScope?
    ) throws -> (FromPart, SQLScope) {
        let text = name.parts[name.parts.count - 1].text
        let scope = SQLScope(outer: outer)
        if let bound = try rows(of: name, text) {
            scope.add(try relation(reference.alias?.name.text ?? text, bound.columns, reference.alias))
            return (.rows(bound.query), scope)
        }
        let table = try table(name)
        let (part, relation) = declare(table, alias: reference.alias?.name.text ?? text)
        var named = relation
        for (index, column) in (reference.alias?.columns ?? []).enumerated() where index < named.columns.count {
            named.columns[index].name = column.text
        }
        scope.add(named)
        return (part, scope)
    }

    /// What is no table of the store: tables of WITH, views and the catalogue, in which names are looked for last.
    private func rows(of name: ObjectName, _ text: String) throws -> BoundSelect? {
        let schema = try schema(of: name)
        if schema == nil, let common = commonTable(text) { return try bind(common, at: name.range) }
        if let schema, schema != Self.userSchema {
            guard let bound = catalogTable(text, in: schema) else {
                throw failure("UndefinedTable", "table \"\(schema).\(text)\" does not exist", at: name.range)
            }
            return bound
        }
        if let view = core.catalog.view(named: text) { return try bind(view, at: name.range) }
        return schema == nil && core.catalog.table(named: text) == nil ? catalogTable(text, in: "pg_catalog") : nil
    }

    /// The query of a view, which sees nothing of what is around the place where it is used.
    private func bind(_ view: SQLView, at range: SourceRange) throws -> BoundSelect {
        try noteInsertion(at: range)
        let all = commonTables
        commonTables = []
        defer { commonTables = all }
        do {
            let statement = try parseSQL(view.text, stackStart: core.stackStart)
            guard case .select(let query) = statement.kind else { throw failure("InvalidView", "it is no query", at: range) }
            var bound = try bind(query, outer: nil, from: BoundQuery.start(Scope()))
            for (index, name) in view.columns.enumerated() where index < bound.columns.count { bound.columns[index].name = name }
            return bound
        } catch let error as QueryError where error.detail != "NestingTooDeep" {
            throw failure(error.detail, "view \"\(view.name)\": \(error.message)", at: range)
        } catch let error as SyntaxError {
            throw failure("InvalidView", "view \"\(view.name)\": \(error.message)", at: range)
        }
    }

    func table(_ name: ObjectName) throws -> SQLTable {
        let last = name.parts[name.parts.count - 1]
        if let schema = try schema(of: name), schema != Self.userSchema {
            throw failure("WrongObjectType", "\"\(schema).\(last.text)\" is part of the catalogue and cannot be changed", at: name.range)
        }
        if let table = core.catalog.table(named: last.text) { return table }
        let hint = core.suggestion(for: last.text, among: core.catalog.tableNames)
        throw failure("UndefinedTable", "table \"\(last.text)\" does not exist\(hint)", at: last.range)
    }

    /// New slots for a row of the table.
    func declare(_ table: SQLTable, alias: String) -> (FromPart, SQLRelation) {
        let row = core.newSlot()
        func column(_ column: SQLTable.Column) -> SQLColumn {
            SQLColumn(name: column.name, value: SQLValue(.property(.slot(row), column.name), column.type), relation: alias)
        }
        func id(_ slot: Slot) -> SQLValue { SQLValue(.call("id", [.slot(slot)]), .integer) }
        var relation = SQLRelation(name: alias, columns: table.columns.map(column), row: row, table: table)
        relation.hidden = table.others.map(column) + [SQLColumn(name: "_id", value: id(row), relation: alias)]
        guard table.isRelationship else { return (.table(row, table), relation) }
        let (source, target) = (core.newSlot(), core.newSlot())
        relation.hidden += [
            SQLColumn(name: "_src", value: id(source), relation: alias), SQLColumn(name: "_dst", value: id(target), relation: alias),
        ]
        return (.edge(row, source: source, target: target, table), relation)
    }

    // MARK: Joins

    private func declareJoin(
        _ left: TableReference, _ right: TableReference, _ type: JoinType, _ condition: JoinCondition, before: SQLScope,
        outer: SQLScope?, given: NumberSet, at range: SourceRange
    ) throws -> (FromPart, SQLScope) {
        let (leftPart, leftScope) = try declare(left, before: before, outer: outer, given: given)
        let seen = SQLScope(outer: outer)
        seen.add(before)
        // Rows of the right side that have no partner see none either.
        if type != .right && type != .full { seen.add(leftScope) }
        let (rightPart, rightScope) = try declare(right, before: seen, outer: outer, given: given)
        try requireOther(rightScope, than: leftScope, at: right.range)
        let scope = SQLScope(outer: outer)
        var predicates: [QueryGraph.Predicate] = []
        switch condition {
        case .none: scope.add(leftScope); scope.add(rightScope)
        case .on(let expression):
            scope.add(leftScope)
            scope.add(rightScope)
            predicates = try terms(expression, SQLContext(scope, clause: "ON"))
        case .using(let names):
            predicates = try join(using: names.map { ($0.text, $0.range) }, leftScope, rightScope, type, into: scope)
        case .natural:
            let common = leftScope.columns.filter { column in
                rightScope.columns.contains { SQLName.areSame($0.name, column.name) }
            }
            predicates = try join(using: common.map { ($0.name, range) }, leftScope, rightScope, type, into: scope)
        }
        switch type {
        case .inner, .cross: return (.inner([leftPart, rightPart], predicates), scope)
        case .left: return (.left(leftPart, rightPart, predicates), scope)
        case .right: return (.left(rightPart, leftPart, predicates), scope)
        case .full: return (.full(leftPart, rightPart, predicates), scope)
        }
    }

    private func join(
        using names: [(String, SourceRange)], _ left: SQLScope, _ right: SQLScope, _ type: JoinType, into scope: SQLScope
    ) throws -> [QueryGraph.Predicate] {
        var merged: [SQLColumn] = []
        var predicates: [QueryGraph.Predicate] = []
        for (name, range) in names {
            guard let a = try left.find(name, at: range)?.value, let b = try right.find(name, at: range)?.value else {
                throw failure("UndefinedColumn", "column \"\(name)\" of USING is not on both sides", at: range)
            }
            guard let common = SQLType.common(a.type, b.type) else {
                throw failure("DatatypeMismatch", "columns \"\(name)\" have the types \(a.type.name) and \(b.type.name)", at: range)
            }
            let (x, y) = comparable(a, b, common)
            predicates.append(predicate(.compare(.equal, x, y)))
            let value: SQLValue =
                switch type {
                case .right: b
                case .full: SQLValue(.call("coalesce", [a.expr, b.expr]), common)
                default: a
                }
            merged.append(SQLColumn(name: name, value: value, relation: nil))
        }
        scope.merge(merged, from: left, right)
        return predicates
    }

    // MARK: Conditions

    /// The terms of a condition, with the slots that each needs.
    func terms(_ expression: Expression, _ context: SQLContext) throws -> [QueryGraph.Predicate] {
        let visible = context.scope.slots
        return try core.conjuncts(expression).map { term in
            let (expr, slots) = try core.tracking { try bindCondition(term, context) }
            return (expr.factored, slots.intersection(visible))
        }.flatMap { (terms: [Expr], slots: NumberSet) in
            // Only one with a subquery needs more slots than it shows.
            terms.map { term in
                let own = slotsUsed(term)
                return QueryGraph.Predicate(expr: term, slots: own.contains(-1) ? slots : own.intersection(visible))
            }
        }
    }

    private func predicate(_ expr: Expr) -> QueryGraph.Predicate { QueryGraph.Predicate(expr: expr, slots: slotsUsed(expr)) }

    // MARK: Putting together

    /// The rows of a part for each row of `state` (which is one row where nothing depends on others), of which those remain for
    /// which the terms are true.
    func plan(_ part: FromPart, _ terms: [QueryGraph.Predicate], from state: BoundQuery, at range: SourceRange) throws -> BoundQuery {
        switch part {
        case .inner:
            var parts: [FromPart] = []
            var terms = terms
            flatten(part, &parts, &terms)
            return try planInner(parts, terms, from: state, at: range)
        case .left(let left, let right, let condition):
            return try planLeft(left, right, condition, terms, from: state, at: range)
        case .full(let left, let right, let condition):
            return try filter(try planFull(left, right, condition, from: state, at: range), by: terms)
        default: return try planInner([part], terms, from: state, at: range)
        }
    }

    private func flatten(_ part: FromPart, _ parts: inout [FromPart], _ terms: inout [QueryGraph.Predicate]) {
        guard case .inner(let members, let own) = part else { return parts.append(part) }
        terms += own
        for member in members { flatten(member, &parts, &terms) }
    }

    private func planInner(
        _ parts: [FromPart], _ terms: [QueryGraph.Predicate], from state: BoundQuery, at range: SourceRange
    ) throws -> BoundQuery {
        var (result, terms) = (state, terms)
        var tables: [FromPart] = []
        var later: [FromPart] = []
        var there = state.bound
        for part in parts {
            switch part {
            case .lateral:
                later.append(part)
                continue
            // A pattern can refer to the tables that are walked with it.
            case _ where !part.needs.isSubset(of: part.isPattern ? there : state.bound):
                later.append(part)
                continue
            case .table, .edge, .pattern: tables.append(part)
            case .rows(let query): result = try combine(result, query, &terms)
            case .left, .full, .inner: result = try add(part, to: result, after: state, &terms, at: range)
            }
            there.formUnion(part.slots)
        }
        // Planning takes more than linear time, so that it is not even begun with more.
        if tables.count > core.stepsLeft { throw Binder.tooManySteps(at: range) }
        if !tables.isEmpty {
            let own = tables.reduce(into: result.bound) { $0.formUnion($1.slots) }
            let (inside, rest) = divided(terms) { $0.slots.isSubset(of: own) }
            terms = rest
            let before = result
            let graph = TableGraph(tables, inside, given: entities(before.bound))
            result = try core.walk(graph.builder(given: before.bound), before, at: range)
            graph.note(in: core.estimator)
            try core.take(steps: max(result.plan.depth - before.plan.depth, 0), at: range)
        }
        for part in later {
            let query = try rows(of: part, given: result.bound, at: range)
            result.append(
                .apply(outer: result.plan, inner: query.plan, .cross),
                rows: result.plan.estimatedRows * max(query.plan.estimatedRows, 1))
            result.bound.formUnion(query.bound)
            result.readsGraph = result.readsGraph || query.readsGraph
            let (ready, rest) = divided(terms) { [bound = result.bound] in $0.slots.isSubset(of: bound) }
            result = try filter(result, by: ready)
            terms = rest
        }
        return try filter(result, by: terms)
    }

    /// The rows of a part for one row of those that it depends on.
    private func rows(of part: FromPart, given: NumberSet, at range: SourceRange) throws -> BoundQuery {
        switch part {
        case .lateral(let query, _): return query
        case .pattern(let pattern):
            let walked = try core.walk(pattern.builder, BoundQuery.start(Scope(), given: given), at: range)
            try core.take(steps: walked.plan.depth, at: range)
            return walked
        default: return try plan(part, [], from: BoundQuery.start(Scope(), given: given), at: range)
        }
    }

    /// Joins and the like beside what there is of FROM. `state`: what there was before it.
    private func add(
        _ part: FromPart, to before: BoundQuery, after state: BoundQuery, _ terms: inout [QueryGraph.Predicate], at range: SourceRange
    ) throws -> BoundQuery {
        // Only what comes first, or is run for each row, sees the rows around the query.
        let isFirst = before.plan === state.plan
        let isForEach = !isFirst && dependsOnRows(part)
        let own = isFirst || isForEach ? part.slots.union(state.bound) : part.slots
        let (inside, rest) = divided(terms) { $0.slots.isSubset(of: own) }
        terms = rest
        if isFirst { return try plan(part, inside, from: before, at: range) }
        if !isForEach { return try combine(before, try plan(part, inside, from: BoundQuery.start(Scope()), at: range), &terms) }
        let rows = try plan(part, inside, from: BoundQuery.start(Scope(), given: state.bound), at: range)
        var result = before
        result.append(
            .apply(outer: before.plan, inner: rows.plan, .cross), rows: before.plan.estimatedRows * max(rows.plan.estimatedRows, 1))
        result.bound.formUnion(rows.bound)
        result.readsGraph = true
        let (ready, others) = divided(terms) { [bound = result.bound] in $0.slots.isSubset(of: bound) }
        terms = others
        return try filter(result, by: ready)
    }

    private func divided(
        _ terms: [QueryGraph.Predicate], _ isFirst: (QueryGraph.Predicate) -> Bool
    ) -> ([QueryGraph.Predicate], [QueryGraph.Predicate]) {
        (terms.filter(isFirst), terms.filter { !isFirst($0) })
    }

    func filter(_ query: BoundQuery, by terms: [QueryGraph.Predicate]) throws -> BoundQuery {
        guard let condition = Expr.all(terms.map(\.expr)) else { return query }
        var result = query
        let rows = query.plan.estimatedRows * core.estimator.selectivity(ofAll: terms.map(\.expr))
        result.append(.filter(child: query.plan, condition), rows: rows)
        return result
    }

    /// Rows beside other rows: joined by the terms that are equalities between the two.
    private func combine(
        _ outer: BoundQuery, _ inner: BoundQuery, _ terms: inout [QueryGraph.Predicate]
    ) throws -> BoundQuery {
        var result = outer
        let bound = outer.bound.union(inner.bound)
        result.readsGraph = outer.readsGraph || inner.readsGraph
        if core.isUnit(outer) {
            result = inner
        } else {
            let (keys, rest) = joinKeys(terms, build: inner.bound, probe: outer.bound)
            terms = rest
            let all = max(outer.plan.estimatedRows, 1) * max(inner.plan.estimatedRows, 1)
            if keys.isEmpty {
                result.append(.cross(left: outer.plan, right: inner.plan), rows: all)
            } else {
                let rows = all * core.estimator.selectivity(ofAll: keys.map { .compare(.equal, $0.build, $0.probe) })
                result.append(.join(build: inner.plan, probe: outer.plan, keys: keys, .inner), rows: rows)
            }
        }
        result.bound = bound
        let (ready, rest) = divided(terms) { $0.slots.isSubset(of: bound) }
        terms = rest
        return try filter(result, by: ready)
    }

    /// The terms that are equalities between one side and the other, and all others.
    func joinKeys(
        _ terms: [QueryGraph.Predicate], build: NumberSet, probe: NumberSet
    ) -> (keys: [(build: Expr, probe: Expr)], rest: [QueryGraph.Predicate]) {
        var keys: [(build: Expr, probe: Expr)] = []
        var rest: [QueryGraph.Predicate] = []
        for term in terms {
            guard case .compare(.equal, let left, let right) = term.expr else {
                rest.append(term)
                continue
            }
            let (l, r) = (slotsUsed(left), slotsUsed(right))
            if !l.isEmpty, !r.isEmpty, l.isSubset(of: build), r.isSubset(of: probe) {
                keys.append((left, right))
            } else if !l.isEmpty, !r.isEmpty, r.isSubset(of: build), l.isSubset(of: probe) {
                keys.append((right, left))
            } else {
                rest.append(term)
            }
        }
        return (keys, rest)
    }

    // MARK: Outer joins

    /// `terms` come after the join; those about the left side only can come before.
    private func planLeft(
        _ left: FromPart, _ right: FromPart, _ condition: [QueryGraph.Predicate], _ terms: [QueryGraph.Predicate],
        from state: BoundQuery, at range: SourceRange
    ) throws -> BoundQuery {
        let own = left.slots.union(state.bound)
        let (before, after) = divided(terms) { $0.slots.isSubset(of: own) }
        let outer = try plan(left, before, from: state, at: range)
        let joined = try optional(right, condition, after: outer, at: range)
        return try filter(joined, by: after)
    }

    /// The rows of `outer`, each with the rows of the part that satisfy the condition, or once without any.
    private func optional(
        _ part: FromPart, _ condition: [QueryGraph.Predicate], after outer: BoundQuery, at range: SourceRange
    ) throws -> BoundQuery {
        var result = outer
        result.bound.formUnion(part.slots)
        result.readsGraph = true
        let (inside, between) = divided(condition) { $0.slots.isSubset(of: part.slots) }
        let (keys, rest) = joinKeys(between, build: part.slots, probe: outer.bound)
        let rows: Double
        let isKnown = rest.allSatisfy { slotsUsed($0.expr).isSubset(of: part.slots.union(outer.bound)) }
        if isKnown && !keys.isEmpty && !dependsOnRows(part) {
            let (inner, isWalk) = try partners(part, condition, inside, of: outer, at: range)
            if isWalk {
                rows = outer.plan.estimatedRows * max(1, inner.estimatedRows)
                result.append(.apply(outer: outer.plan, inner: inner, .optional), rows: rows)
            } else {
                let matches = core.estimator.selectivity(ofAll: keys.map { .compare(.equal, $0.build, $0.probe) })
                rows = outer.plan.estimatedRows * max(1, inner.estimatedRows * matches)
                result.append(.join(build: inner, probe: outer.plan, keys: keys, .outer, also: Expr.all(rest.map(\.expr))), rows: rows)
            }
        } else {
            let start = BoundQuery.start(Scope(), given: outer.bound)
            let inner = try plan(part, condition, from: start, at: range)
            rows = outer.plan.estimatedRows * max(inner.plan.estimatedRows, 1)
            result.append(.apply(outer: outer.plan, inner: inner.plan, .optional), rows: rows)
        }
        try core.take(steps: result.plan.depth - outer.plan.depth, at: range)
        return result
    }

    private func entities(_ slots: NumberSet) -> NumberSet { NumberSet(slots.filter(core.estimator.isEntity)) }

    /// The plan that finds all rows of a part, of which `inside` is true, to be joined with those of `outer`; or, where the part is
    /// connected with them as relationships are and that is less, the plan that begins at each of them.
    func partners(
        _ part: FromPart, _ condition: [QueryGraph.Predicate], _ inside: [QueryGraph.Predicate], of outer: BoundQuery,
        at range: SourceRange
    ) throws -> (plan: PlanNode, isWalk: Bool) {
        let all = try plan(part, inside, from: BoundQuery.start(Scope()), at: range).plan
        guard isOfTables(part), TableGraph.isLinked(part.slots, condition, given: entities(outer.bound)) else { return (all, false) }
        let walk = try plan(part, condition, from: BoundQuery.start(Scope(), given: outer.bound), at: range).plan
        let rows = max(outer.plan.estimatedRows, 1)
        return walk.isStreaming && rows * walk.cost <= all.cost + rows ? (walk, true) : (all, false)
    }

    private func isOfTables(_ part: FromPart) -> Bool {
        switch part {
        case .table, .edge: true
        case .inner(let parts, _): parts.allSatisfy(isOfTables)
        default: false
        }
    }

    /// True if its rows may depend on rows beside it: there is a LATERAL, or a condition within is about more than its columns.
    func dependsOnRows(_ part: FromPart) -> Bool {
        let own = part.slots
        func isOpen(_ part: FromPart) -> Bool {
            switch part {
            case .table, .edge, .rows: false
            case .lateral: true
            case .pattern(let pattern): !pattern.outside.isEmpty
            case .inner(let parts, let terms): parts.contains(where: isOpen) || terms.contains { !$0.slots.isSubset(of: own) }
            case .left(let a, let b, let terms), .full(let a, let b, let terms):
                isOpen(a) || isOpen(b) || terms.contains { !$0.slots.isSubset(of: own) }
            }
        }
        return isOpen(part)
    }

    /// The left join, and after it the rows of the right side without a partner.
    private func planFull(
        _ left: FromPart, _ right: FromPart, _ condition: [QueryGraph.Predicate], from state: BoundQuery, at range: SourceRange
    ) throws -> BoundQuery {
        let outer = try plan(left, [], from: state, at: range)
        let joined = try optional(right, condition, after: outer, at: range)
        let others = try plan(right, [], from: state, at: range)
        let partners = try plan(left, condition, from: BoundQuery.start(Scope(), given: others.bound), at: range)
        let lonely = PlanNode(
            .apply(outer: others.plan, inner: partners.plan, .anti), estimatedRows: others.plan.estimatedRows * 0.1)
        let slots = left.slots.union(right.slots).union(state.bound).sorted()
        let missing = left.slots.sorted().map { (slot: $0, value: Expr.constant(.null)) }
        let second = missing.isEmpty ? lonely : PlanNode(.project(child: lonely, missing), estimatedRows: lonely.estimatedRows)
        var result = state
        result.append(
            .union([joined.plan, second], slots: slots, inputs: [slots, slots]),
            rows: joined.plan.estimatedRows + second.estimatedRows)
        result.bound = NumberSet(slots)
        result.readsGraph = true
        try core.take(steps: second.depth, at: range)
        return result
    }

    // MARK: Functions

    private func declareProcedure(
        _ call: FunctionCall, _ arguments: [Expr], _ needs: NumberSet, _ reference: TableReference, outer: SQLScope?
    ) throws -> (FromPart, SQLScope) {
        guard let shape = try procedure(call) else {
            let hint = core.suggestion(for: call.name.text, among: ["generate_series", "unnest"] + core.catalog.procedureNames)
            throw failure("UndefinedFunction", "there is no table function \"\(call.name.text)\"\(hint)", at: call.name.range)
        }
        let bound = rows(of: shape, arguments)
        let scope = SQLScope(outer: outer)
        let name = call.name.text.split(separator: ".").last.map { String($0) } ?? call.name.text
        scope.add(try relation(reference.alias?.name.text ?? name, bound.columns, reference.alias))
        return (needs.isEmpty ? .rows(bound.query) : .lateral(bound.query, needs: needs), scope)
    }

    private func declareFunction(
        _ calls: [FunctionCall], withOrdinality: Bool, _ reference: TableReference, before: SQLScope, outer: SQLScope?
    ) throws -> (FromPart, SQLScope) {
        guard calls.count == 1, !withOrdinality else { throw unsupported("WITH ORDINALITY and ROWS FROM", at: reference.range) }
        let call = calls[0]
        if SQLName.areSame(call.name.text, "cypher") {
            let bound = try bindCypher(call)
            let scope = SQLScope(outer: outer)
            scope.add(try relation(reference.alias?.name.text ?? "cypher", bound.columns, reference.alias))
            return (.rows(bound.query), scope)
        }
        let context = SQLContext(before, clause: "a function of FROM")
        let (arguments, used) = try core.tracking { try call.arguments.map { try bind($0, context) } }
        let needs = used.intersection(before.slots)
        let list: SQLValue
        switch call.name.text.lowercased() {
        case "generate_series" where arguments.count == 2 || arguments.count == 3:
            list = SQLValue(.call("range", arguments.map(\.expr)), .list(.integer))
        case "unnest" where arguments.count == 1: list = arguments[0]
        default: return try declareProcedure(call, arguments.map(\.expr), needs, reference, outer: outer)
        }
        let element = core.newSlot()
        var query = BoundQuery.start(Scope())
        query.append(.unwind(child: query.plan, list: list.expr, element: element), rows: 100)
        query.bound = [element]
        let type: SQLType = if case .list(let element) = list.type { element } else { .any }
        let name = reference.alias?.name.text ?? call.name.text
        let scope = SQLScope(outer: outer)
        let column = reference.alias?.columns.first?.text ?? name
        scope.add(
            SQLRelation(name: name, columns: [SQLColumn(name: column, value: SQLValue(.slot(element), type), relation: name)]))
        return (needs.isEmpty ? .rows(query) : .lateral(query, needs: needs), scope)
    }
}

extension BoundQuery {
    /// One row, with slots that are filled already.
    static func start(_ scope: Scope, given: NumberSet) -> BoundQuery {
        var query = start(scope)
        query.bound = given
        query.isUnit = given.isEmpty
        return query
    }
}
