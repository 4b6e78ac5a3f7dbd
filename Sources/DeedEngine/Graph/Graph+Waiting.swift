// Statements that wait for what another transaction holds instead of failing. Such a statement is undone first, holds no
// latch, and runs again when the row that was in its way is free. If the other has committed, the first writer wins as
// ever: a statement that is a transaction of its own goes on from the new state, and a transaction whose snapshot is
// older gets its TransactionConflict.

extension Graph {
    static let conflictEnding = " by another transaction; roll back and try again"

    /// What becomes of a statement that failed and was undone: it runs again after waiting, if a running transaction was
    /// in its way and its own transaction waits; otherwise the error is thrown.
    package func retry<Result>(
        _ transaction: Transaction, after error: DeedError, _ statement: (Transaction) throws(DeedError) -> Result
    ) throws(DeedError) -> Result {
        if error.obstacle == nil || !transaction.conflictPolicy.waits { throw error }
        do throws(DeedError) {
            return try retry(transaction.mark, transaction.conflictPolicy, after: error) { () throws(DeedError) in
                try statement(transaction)
            }
        } catch {
            // The others of the cycle can go on only when the victim lets go of its rows.
            if error.status == .deadlock { rollback(transaction) }
            throw error
        }
    }

    /// The same for a statement that is a transaction of its own, each time that it runs a new one.
    func retryAlone<Result>(
        after error: DeedError, _ statement: () throws(DeedError) -> Result
    ) throws(DeedError) -> Result {
        if error.obstacle == nil || !options.conflictPolicy.waits { throw error }
        return try retry(newMark(), options.conflictPolicy, after: error, statement)
    }

    @inline(never)
    private func retry<Result>(
        _ mark: Stamp, _ policy: ConflictPolicy, after first: DeedError, _ statement: () throws(DeedError) -> Result
    ) throws(DeedError) -> Result {
        let wait = Wait(mark: mark, policy)
        var conflict = first
        while true {
            guard let obstacle = conflict.obstacle else { throw conflict }
            let reason = String(conflict.message.dropLast(Self.conflictEnding.count))
            try waits.sleep(wait, obstacle, reason, isHeld: isHeld, goesOn: options.keepWaiting ?? { true })
            do throws(DeedError) {
                return try waits.running(statement)
            } catch {
                conflict = error
            }
        }
    }

    /// Called when a transaction has ended or undone a statement.
    @inline(__always)
    func awakenWaiters(for transaction: Transaction) { waits.release(transaction.mark, isHeld: isHeld) }

    /// Whether a row still carries the mark of the transaction that was in the way. No latch is held.
    private func isHeld(_ obstacle: Obstacle) -> Bool {
        guard let segment = directory(obstacle.kind).segment(of: obstacle.id) else { return false }
        segment.pointee.latch.lockShared()
        defer { segment.pointee.latch.unlockShared() }
        guard segment.pointee.hasVersions else { return false }
        if segment.pointee.createdAll == obstacle.mark { return true }
        let row = rowNumber(of: obstacle.id)
        let versions = segment.pointee.versions
        return versions.createdStamp(row) == obstacle.mark || versions.deletedStamp(row) == obstacle.mark
            || versions.newestStamp(row) == obstacle.mark
    }
}
