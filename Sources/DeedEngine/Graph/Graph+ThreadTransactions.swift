// The transaction that the calling thread has open, if it began one by a statement.

extension Graph {
    @inline(__always)
    package var threadTransaction: Transaction? { threadTransactions.current }

    /// The same, for a call that does nothing in it: it stays unused.
    package var threadTransactionAtRest: Transaction? { threadTransactions.peek() }

    /// True if the thread has a transaction that no call has worked in.
    package var isThreadTransactionUnused: Bool { threadTransactions.isUnused }

    /// Begins a transaction of the calling thread, which must have none.
    package func beginOnThread(_ options: TransactionOptions = TransactionOptions()) throws(DeedError) {
        let transaction = try begin(options)
        do throws(DeedError) {
            try threadTransactions.open(transaction) { [weak self] in self?.rollback(transaction) }
        } catch {
            rollback(transaction)
            throw error
        }
    }

    /// Commits it; if that fails it is rolled back. False if the thread has none.
    package func commitOnThread() throws(DeedError) -> Bool {
        guard let transaction = threadTransactions.take() else { return false }
        do throws(DeedError) {
            try transaction.requireActive()
            try requireOpen()
            try commit(transaction)
        } catch {
            rollback(transaction)
            throw error
        }
        return true
    }

    /// False if the thread has none.
    package func rollbackOnThread() -> Bool {
        guard let transaction = threadTransactions.take() else { return false }
        rollback(transaction)
        return true
    }
}
