// Points of a transaction that have names, to which it can go back: what it wrote since is undone as what a failing statement has
// written is. A name may be set again; it means the last one then, and the one before once that is released.

extension Graph {
    /// Errors: TransactionEnded, LimitExceeded.
    package func setSavepoint(_ name: String, in transaction: Transaction) throws(DeedError) {
        try transaction.requireActive()
        guard name.utf8.count <= Limits.nameBytesMax else {
            throw DeedError(.limitExceeded, "a name of \(name.utf8.count) bytes; the most is \(Limits.nameBytesMax)")
        }
        guard transaction.namedSavepoints.count < Limits.savepointsMax else {
            throw DeedError(.limitExceeded, "more than \(Limits.savepointsMax) savepoints in a transaction; release some")
        }
        transaction.namedSavepoints.append((name, transaction.savepoint))
    }

    /// Undoes what was written since; the point stays, and those after it are gone. False if there is none of that name.
    package func rollback(_ transaction: Transaction, toSavepoint name: String) throws(DeedError) -> Bool {
        try transaction.requireActive()
        guard let index = index(ofSavepoint: name, in: transaction) else { return false }
        transaction.namedSavepoints.removeLast(transaction.namedSavepoints.count - 1 - index)
        undo(transaction, to: transaction.namedSavepoints[index].point)
        return true
    }

    /// Forgets the point and those after it; what was written stays. False if there is none of that name.
    package func releaseSavepoint(_ name: String, in transaction: Transaction) throws(DeedError) -> Bool {
        try transaction.requireActive()
        guard let index = index(ofSavepoint: name, in: transaction) else { return false }
        transaction.namedSavepoints.removeLast(transaction.namedSavepoints.count - index)
        return true
    }

    private func index(ofSavepoint name: String, in transaction: Transaction) -> Int? {
        transaction.namedSavepoints.lastIndex { $0.name.utf8.elementsEqual(name.utf8) }
    }
}
