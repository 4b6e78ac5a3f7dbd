// Two-phase commit. To prepare a transaction is to write its effects to the store under a name, synced; it then holds its
// rows like any running transaction, but belongs to nobody, and survives everything until it is decided. To commit it is one
// synced batch that has its log record and deletes what was written when it was prepared; to roll it back, only the latter.
// So a crash finds it either prepared or decided.
//
// Checkpoints save nothing of it: to them it is one of the running transactions, whose rows are not there yet. When a store is
// opened its effects are applied again, as a running transaction, at the ids that it was given.

import Synchronization

extension Graph {
    /// Makes the transaction durable without committing it. It ends for its owner; commitPrepared or rollbackPrepared
    /// decides it. An error of the arguments leaves it active, any other rolls it back.
    package func prepare(_ transaction: Transaction, as gid: UnsafeRawBufferPointer) throws(DeedError) {
        try transaction.requireActive()
        try requireWritable()
        let gid = try checked(gid)
        try requirePreparable(transaction)
        try requireGoodRows(of: transaction)
        guard prepared.reserve(gid) else {
            throw DeedError(.alreadyExists, "there is a prepared transaction '\(String(decoding: gid, as: UTF8.self))'")
        }
        let description = PreparedDescription(gid: gid, of: transaction, microseconds: Clock.microseconds())
        transaction.step = .prepare(description)
        reach(.prepareBegun)
        do throws(DeedError) {
            try commits.commit(transaction) { group throws(DeedError) in try commitGroup(group) }
        } catch {
            prepared.release(gid)
            rollback(transaction)
            throw error
        }
        transaction.state = .prepared
        transaction.releaseSnapshot(snapshots)
        prepared.add(Prepared(description, transaction))
        reach(.prepareDone)
    }

    private func checked(_ gid: UnsafeRawBufferPointer) throws(DeedError) -> [UInt8] {
        guard 1...Limits.gidBytesMax ~= gid.count, String(validating: gid, as: UTF8.self) != nil else {
            throw DeedError(
                .invalidArgument, "the name of a prepared transaction is text of 1 to \(Limits.gidBytesMax) bytes")
        }
        return Array(gid)
    }

    private func requirePreparable(_ transaction: Transaction) throws(DeedError) {
        if transaction.isReadOnly { throw DeedError(.readOnly, "the transaction was begun for reading only") }
        // What it has read would have to stay as it is until it is decided.
        if transaction.reads != nil { throw DeedError(.invalidArgument, "a serializable transaction cannot be prepared") }
        if store != nil && !isLogged {
            throw DeedError(.invalidArgument, "a store without a log (durability 'none') cannot keep a prepared transaction")
        }
        if transaction.writes.contains(where: { $0.action == .attach }) {
            throw DeedError(
                .invalidArgument, "a transaction that has loaded \(options.bulkRowsMin) rows or more at once cannot be prepared")
        }
        if transaction.log.count > Limits.transactionLogBytesMax {
            throw DeedError(.limitExceeded, "the transaction's effects take more than \(Limits.transactionLogBytesMax) bytes")
        }
    }

    /// Commits a prepared transaction: durable and visible when this returns.
    package func commitPrepared(_ gid: UnsafeRawBufferPointer) throws(DeedError) {
        reach(.commitPreparedBegun)
        try decide(gid, by: { .commitPrepared(gid: $0) }) { transaction in
            end(transaction, as: .committed)
            counters.commits.add(1, ordering: .relaxed)
            maintenance.noteCommit(logBytes: transaction.log.count, graph: self)
        }
        reach(.commitPreparedDone)
    }

    /// Undoes a prepared transaction: for good when this returns.
    package func rollbackPrepared(_ gid: UnsafeRawBufferPointer) throws(DeedError) {
        reach(.rollbackPreparedBegun)
        try decide(gid, by: { .rollbackPrepared(gid: $0) }) { transaction in
            undo(transaction, to: Transaction.Savepoint())
            end(transaction, as: .rolledBack)
            counters.rollbacks.add(1, ordering: .relaxed)
        }
        reach(.rollbackPreparedDone)
    }

    private func decide(
        _ gid: UnsafeRawBufferPointer, by step: ([UInt8]) -> CommitStep, whenDurable: (Transaction) -> Void
    ) throws(DeedError) {
        try requireWritable()
        let name = Array(gid)
        guard let found = prepared.take(name) else {
            throw DeedError(.notFound, "there is no prepared transaction '\(String(decoding: gid, as: UTF8.self))'")
        }
        let transaction = found.transaction
        transaction.step = step(name)
        transaction.isCommitFinished.store(false, ordering: .relaxed)
        do throws(DeedError) {
            try commits.commit(transaction) { group throws(DeedError) in try commitGroup(group) }
        } catch {
            // Undecided, for all that is known here: the store accepts no more writes and has to be opened again.
            prepared.add(found)
            throw error
        }
        whenDurable(transaction)
        prepared.release(name)
    }

    /// The transactions that are prepared, in order of name.
    package func listPrepared() throws(DeedError) -> [PreparedDescription] {
        try requireOpen()
        guard let store, options.isReadOnly else { return prepared.list() }
        var found: [PreparedDescription] = []
        try forEachPrepared(store) { description, _ in found.append(description) }
        return found
    }

    // MARK: In the store

    /// What a step of two-phase commit adds to the batch of its group.
    func append(_ step: CommitStep, of transaction: Transaction, to batch: inout WriteBatch) {
        switch step {
        case .commit: break
        case .prepare(let description):
            var value = ByteBuffer(capacity: transaction.log.count + 64)
            description.encode(into: &value)
            // Names that no record in the log has; the record of the next commit will have them as well.
            maintenance.appendUnloggedNames(names, into: &value)
            value.append(transaction.log.bytes)
            batch.put(.meta, StoreKeys.prepared(description.gid), value)
        case .commitPrepared(let gid), .rollbackPrepared(let gid): batch.delete(.meta, StoreKeys.prepared(gid))
        }
    }

    private func forEachPrepared(
        _ store: KeyValueStore, _ body: (PreparedDescription, UnsafeRawBufferPointer) throws(DeedError) -> Void
    ) throws(DeedError) {
        try store.forEach(in: .meta, from: StoreKeys.text("p"), to: StoreKeys.text("q")) { key, value throws(DeedError) in
            var reader = ByteReader(value)
            let description = try PreparedDescription(gid: Array(key.dropFirst()), &reader)
            try body(description, UnsafeRawBufferPointer(rebasing: value.dropFirst(value.count - reader.remaining)))
            return true
        }
    }

    /// Takes up the transactions that were prepared when the store was closed. Called at the end of recovery.
    func resumePrepared(_ store: KeyValueStore) throws(DeedError) {
        if options.isReadOnly { return }
        try forEachPrepared(store) { description, effects throws(DeedError) in
            let transaction = beginApplying()
            try apply(effects, in: transaction)
            transaction.log.append(effects)
            transaction.state = .prepared
            prepared.add(Prepared(description, transaction))
            reach(.openPreparedResumed)
        }
    }
}
