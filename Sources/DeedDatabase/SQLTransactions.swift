// BEGIN and SET TRANSACTION with what they ask for, and savepoints. A savepoint is of the transaction that the statement runs in,
// whether that has a handle or belongs to the thread.

import DeedEngine
import DeedPlanner
import DeedSyntax
import DeedValues

extension QueryEngine {
    func run(_ command: SQLTransactionCommand, in transaction: Transaction?) throws {
        switch command {
        case .begin(let level, let readOnly):
            try requireOfThread(transaction)
            try begin(options(level, readOnly), besides: transaction)
        case .commit: try run(TransactionCommand.commit, in: transaction)
        case .rollback: try run(TransactionCommand.rollback, in: transaction)
        case .setTransaction(let level, let readOnly): try set(level, readOnly, of: transaction)
        case .savepoint(let name):
            try graph.setSavepoint(SQLName.folded(name), in: try required(transaction, "SAVEPOINT"))
        case .rollbackTo(let name):
            let open = try required(transaction, "ROLLBACK TO")
            if try !graph.rollback(open, toSavepoint: SQLName.folded(name)) { throw missing(name) }
        case .release(let name):
            let open = try required(transaction, "RELEASE")
            if try !graph.releaseSavepoint(SQLName.folded(name), in: open) { throw missing(name) }
        }
    }

    /// Every transaction sees one snapshot, which gives more than READ COMMITTED and REPEATABLE READ ask for.
    private func options(_ level: IsolationLevel?, _ readOnly: Bool?) -> TransactionOptions {
        var options = TransactionOptions()
        options.isReadOnly = readOnly ?? false
        if level == .serializable { options.isolation = .serializable }
        return options
    }

    /// The transaction begins anew, which nobody can tell while it has done nothing.
    private func set(_ level: IsolationLevel?, _ readOnly: Bool?, of transaction: Transaction?) throws {
        try requireOfThread(transaction)
        guard let transaction else { throw Self.noTransaction("SET TRANSACTION") }
        guard graph.isThreadTransactionUnused, transaction.savepointCount == 0 else {
            throw QueryError(
                .semanticError, "ActiveTransaction", "SET TRANSACTION must come before anything else in the transaction")
        }
        var options = options(level, readOnly ?? transaction.isReadOnly)
        if level == nil { options.isolation = transaction.isolation }
        _ = graph.rollbackOnThread()
        try graph.beginOnThread(options)
    }

    private func required(_ transaction: Transaction?, _ command: String) throws -> Transaction {
        guard let transaction else { throw Self.noTransaction(command) }
        return transaction
    }

    private func missing(_ name: Name) -> QueryError {
        QueryError(.semanticError, "InvalidSavepoint", "savepoint \"\(name.text)\" does not exist", at: name.range)
    }
}
