// CALL { ... } IN TRANSACTIONS: the rows before it are worked off in batches, each a transaction of its own. The query
// around it only reads, and is within no transaction.

import DeedExecution
import DeedSyntax
import DeedValues

extension Binder {
    /// Neo4j's number of rows where none is given.
    private static let batchRows: Int64 = 1_000

    func bindBatches(
        _ asked: TransactionBatches, _ inner: BoundQuery, optional: Bool, _ state: BoundQuery, at range: SourceRange
    ) throws -> BoundQuery {
        if subqueryDepth > 0 {
            throw QueryError(
                .syntaxError, "InvalidClauseComposition", "CALL { } IN TRANSACTIONS cannot be within another subquery", at: range)
        }
        batches = range
        let rows = try asked.rows.map { try bindRowCount($0, "IN TRANSACTIONS OF") } ?? .constant(.int(Self.batchRows))
        if asked.status != nil && asked.onError == .fail {
            throw QueryError(
                .syntaxError, "InvalidClauseComposition", "REPORT STATUS needs ON ERROR CONTINUE or ON ERROR BREAK", at: range)
        }
        var result = state
        // What is read before must not meet what the batches change.
        if state.readsGraph { result.append(.eager(child: state.plan)) }
        let givesRows = inner.isComplete && !inner.columns.isEmpty
        let columns = givesRows ? inner.columns : []
        for (name, slot) in columns {
            try requireFree(Name(name, range), result.scope)
            result.scope.add(Variable(name: name, slot: slot, type: inner.scope[name]?.type ?? .any))
        }
        var status: Slot?
        if let name = asked.status {
            try requireFree(name, result.scope)
            let slot = newSlot()
            result.scope.add(Variable(name: name.text, slot: slot, type: .map))
            status = slot
        }
        result.append(
            .batches(
                outer: result.plan, inner: inner.plan,
                Batches(
                    rows: rows, onError: policy(asked.onError), status: status, givesRows: givesRows, isOptional: optional)),
            rows: result.plan.estimatedRows * (givesRows ? max(inner.plan.estimatedRows, 1) : 1))
        result.bound.formUnion(columns.map(\.slot) + [status].compactMap { $0 })
        result.readsGraph = true
        result.commits = true
        return result
    }

    private func policy(_ policy: TransactionBatches.ErrorPolicy) -> Batches.ErrorPolicy {
        switch policy {
        case .fail: .fail
        case .continue: .continue
        case .break: .break
        }
    }
}
