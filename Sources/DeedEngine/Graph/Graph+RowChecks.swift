// What a language above asks of rows beyond constraints: a function that looks at what a transaction has written before it commits, by
// whatever call, and can refuse it.

import Synchronization

package typealias RowCheck = @Sendable (Transaction) throws(DeedError) -> Void

extension Graph {
    /// From now on `check` looks at every transaction that is about to commit rows, while it is still active.
    package func setRowCheck(_ check: @escaping RowCheck) { rowCheck.withLock { $0 = check } }

    /// Says that the check asks nothing while the schema has had so many changes: commits need not call it then.
    package func noteNoRowChecks(schemaVersion: UInt64) { uncheckedSchema.store(schemaVersion, ordering: .relaxed) }

    /// Throws what the check does. What comes from another store's log was checked there.
    @inline(__always)
    func requireGoodRows(of transaction: Transaction) throws(DeedError) {
        if uncheckedSchema.load(ordering: .relaxed) != schema.changes { try runRowCheck(transaction) }
    }

    @inline(never)
    private func runRowCheck(_ transaction: Transaction) throws(DeedError) {
        if transaction.writes.isEmpty || transaction.received != nil || transaction.isAlteration { return }
        let check = rowCheck.withLock { $0 }
        try check?(transaction)
    }

    /// The rows of a table that the transaction has added or changed since a point of it (nil: its beginning), each once or twice, and
    /// perhaps some that it has deleted again.
    package func writtenRows(
        of transaction: Transaction, since savepoint: GraphView.Savepoint?, _ kind: RowKind, _ table: NameId
    ) -> [RowId] {
        let start = savepoint?.inner ?? Transaction.Savepoint()
        var rows: [RowId] = []
        var changed = Set<RowId>()
        for position in max(0, start.writes - 1)..<max(0, start.writes - 1, transaction.writes.count) {
            var entry = transaction.writes[position]
            // The last entry of before may have grown.
            if position < start.writes {
                if !entry.isRange { continue }
                entry.row = start.lastEnd
            }
            let segment = entry.segment
            guard segment.pointee.kind == kind, segment.pointee.table == table else { continue }
            switch entry.action {
            case .insert, .attach:
                let first = rowId(segment: segment.pointee.number, row: 0)
                for row in Int(entry.row)..<max(Int(entry.row), Int(entry.end)) { rows.append(first | UInt64(row)) }
            case .update:
                let id = rowId(segment: segment.pointee.number, row: Int(entry.row))
                if changed.insert(id).inserted { rows.append(id) }
            case .delete, .enterSegment, .enterPart: break
            }
        }
        return rows
    }
}
