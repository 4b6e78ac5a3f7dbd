// MERGE, in these steps:
//
// 1. The rows of the source, each with the rows of the table that satisfy the condition, or once with none: an outer join.
// 2. Each gets the number of the first case that is for it, and the values of that case. All of it is read before anything changes.
// 3. Rows that a case updates or deletes must be different ones.
// 4. Updates and deletions go over all rows, passing over those of other cases; what is inserted comes last.

import DeedExecution
import DeedSyntax
import DeedValues

extension SQLBinder {
    func bind(_ merge: SQLMerge, at range: SourceRange) throws -> BoundQuery {
        try withTables(of: merge.with) {
            // Each case takes a step for its values and one for its change.
            try core.take(steps: 2 * merge.cases.count, at: range)
            let target = try mergeTarget(merge)
            var state = target.found
            let action = core.newSlot()
            state.append(.project(child: state.plan, [(action, try mergeAction(merge, target))]))
            state.bound.insert(action)
            var bound: [BoundCase] = []
            for (index, item) in merge.cases.enumerated() {
                let isOurs = Expr.compare(.equal, .slot(action), .constant(.int(Int64(index))))
                bound.append(try bind(item, isOurs, target, &state, at: range))
            }
            state = core.fenced(state)
            let changed = bound.filter(\.isChange).map(\.isOurs)
            if let isChanged = Expr.any(changed) {
                state.append(.requireOnce(child: state.plan, .conditional([(isChanged, .slot(target.row))], otherwise: .constant(.null))))
            }
            for item in bound where item.isChange { append(item, target, &state) }
            try appendInsertions(bound, target, &state, at: range)
            return core.completed(state)
        }
    }

    /// The table of a MERGE and what is around it.
    private struct MergeTarget {
        let table: SQLTable
        let row: Slot
        let source: SQLScope
        let both: SQLScope
        let found: BoundQuery
    }

    /// A case with the slots of its values.
    private struct BoundCase {
        enum Action {
            case update([(SQLTable.Column, Slot)])
            case delete
            case insert([(SQLTable.Column, Slot)])
            case nothing
        }
        let isOurs: Expr
        let action: Action

        var isChange: Bool {
            switch action {
            case .update, .delete: true
            case .insert, .nothing: false
            }
        }
    }

    private func mergeTarget(_ merge: SQLMerge) throws -> MergeTarget {
        let table = try table(merge.table)
        let name = merge.alias ?? merge.table.parts[merge.table.parts.count - 1]
        let (part, relation) = declare(table, alias: name.text)
        let (sourcePart, source) = try declare(from: [merge.source], outer: nil, given: [])
        if source.relation(name.text) != nil {
            throw failure("DuplicateAlias", "table name \"\(name.text)\" is there twice: give one an alias", at: merge.source.range)
        }
        let both = SQLScope(outer: nil)
        both.add(relation)
        both.add(source)
        let condition = try terms(merge.condition, SQLContext(both, clause: "ON"))
        // Without a case for it, nobody asks for a row that has no partner.
        let joined: FromPart =
            merge.cases.contains { !$0.isMatched } ? .left(sourcePart, part, condition) : .inner([sourcePart, part], condition)
        let found = try plan(joined, [], from: BoundQuery.start(Scope()), at: merge.table.range)
        guard let row = relation.row else { throw unsupported("this table", at: merge.table.range) }
        return MergeTarget(table: table, row: row, source: source, both: both, found: found)
    }

    /// The number of the first case that is for a row; null for none.
    private func mergeAction(_ merge: SQLMerge, _ target: MergeTarget) throws -> Expr {
        let branches = try merge.cases.enumerated().map { index, item -> (condition: Expr, result: Expr) in
            let isMissing = Expr.isNull(.slot(target.row))
            var condition = item.isMatched ? Expr.not(isMissing) : isMissing
            if let predicate = item.predicate {
                let scope = item.isMatched ? target.both : target.source
                condition = .and(condition, try bindCondition(predicate, SQLContext(scope, clause: "WHEN")))
            }
            return (condition, .constant(.int(Int64(index))))
        }
        return .conditional(branches, otherwise: .constant(.null))
    }

    private func bind(
        _ item: SQLMerge.When, _ isOurs: Expr, _ target: MergeTarget, _ state: inout BoundQuery, at range: SourceRange
    ) throws -> BoundCase {
        var values: [(slot: Slot, value: Expr)] = []
        /// The value has a slot, and is computed for rows of the case only.
        func slot(_ column: SQLTable.Column, _ value: Expression, _ scope: SQLScope, _ clause: String) throws -> Slot {
            let expr = try assigned(value, to: column, SQLContext(scope, clause: clause)).expr
            let slot = core.newSlot()
            values.append((slot, .conditional([(isOurs, expr)], otherwise: .constant(.null))))
            return slot
        }
        let action: BoundCase.Action
        switch item.action {
        case .nothing: action = .nothing
        case .delete: action = .delete
        case .update(let assignments):
            action = .update(
                try assignments.flatMap(assigned).map { name, value in
                    let column = try targets([name], of: target.table)[0]
                    return (column, try slot(column, value, target.both, "SET"))
                })
        case .insert(let names, let given):
            let columns = try targets(names, of: target.table)
            try requireCount(given.count, columns, isNamed: !names.isEmpty, at: given.first?.range ?? range)
            action = .insert(
                try zip(columns, given).compactMap { column, value in
                    if case .sql(.default) = value.kind { return nil }
                    return (column, try slot(column, value, target.source, "VALUES"))
                })
        }
        if !values.isEmpty { state.append(.project(child: state.plan, values)) }
        state.bound.formUnion(values.map(\.slot))
        return BoundCase(isOurs: isOurs, action: action)
    }

    /// What an update or a deletion does to rows of its case; to null, which it is for all others, they do nothing.
    private func append(_ item: BoundCase, _ target: MergeTarget, _ state: inout BoundQuery) {
        let row = Expr.conditional([(item.isOurs, .slot(target.row))], otherwise: .constant(.null))
        if case .update(let values) = item.action {
            state.append(
                .change(child: state.plan, values.map { .setProperty(of: row, key: $0.0.name, value: .slot($0.1)) }))
        } else {
            state.append(.delete(child: state.plan, [row], detach: false))
        }
    }

    /// The last one drops the rows of other cases, since nobody asks for them any more.
    private func appendInsertions(
        _ cases: [BoundCase], _ target: MergeTarget, _ state: inout BoundQuery, at range: SourceRange
    ) throws {
        var insertions: [(isOurs: Expr, values: [(SQLTable.Column, Slot)])] = []
        for item in cases { if case .insert(let values) = item.action { insertions.append((item.isOurs, values)) } }
        for (index, insertion) in insertions.enumerated() {
            let (part, _) = declare(target.table, alias: target.table.name)
            let (columns, values) = (insertion.values.map(\.0), insertion.values.map { Expr.slot($0.1) })
            if index == insertions.count - 1 {
                state.append(.filter(child: state.plan, insertion.isOurs))
                try create(part, target.table, columns, values, &state, at: range)
            } else {
                var body = BoundQuery.start(Scope(), given: state.bound)
                try create(part, target.table, columns, values, &body, at: range)
                let once = Expr.conditional(
                    [(insertion.isOurs, .constant(.list([.null])))], otherwise: .constant(.list([])))
                state.append(.forEach(child: state.plan, list: once, element: core.newSlot(), body: body.plan))
            }
        }
    }
}
