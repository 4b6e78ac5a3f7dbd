// Transactions that belong to a thread instead of a handle: what the statements BEGIN, COMMIT and ROLLBACK work on. Calls
// that are given no transaction ask here for the one of their thread; where no thread has any, that costs one load.
//
// A thread keeps its transactions, one for each graph, in a value of its own, which the C library hands back when the
// thread ends: a transaction that was forgotten is rolled back then. (The main thread ends with the process.)

import Glibc
import Synchronization

final class ThreadTransactions: Sendable {
    /// Of all threads.
    private let openCount = Atomic<Int>(0)

    /// The transaction that the calling thread has open here.
    @inline(__always)
    var current: Transaction? { openCount.load(ordering: .relaxed) == 0 ? nil : find() }

    @inline(never)
    private func find() -> Transaction? {
        guard let value = ThreadValue.current, let index = value.entries.firstIndex(where: { $0.owner === self }) else { return nil }
        value.entries[index].isUnused = false
        return value.entries[index].transaction
    }

    private var entry: ThreadValue.Entry? { ThreadValue.current?.entries.first { $0.owner === self } }

    /// The same, for somebody who only wants to know.
    func peek() -> Transaction? { entry?.transaction }

    /// True if there is one that nobody has asked for yet.
    var isUnused: Bool { entry?.isUnused ?? false }

    /// Keeps a transaction for the calling thread, which has none; `abandon` ends it if the thread does not.
    func open(_ transaction: Transaction, abandon: @escaping () -> Void) throws(DeedError) {
        let value = try ThreadValue.make()
        value.entries.append(ThreadValue.Entry(owner: self, transaction: transaction, abandon: abandon))
        openCount.add(1, ordering: .relaxed)
    }

    /// The calling thread's transaction, which is kept no longer.
    func take() -> Transaction? {
        guard let value = ThreadValue.current, let index = value.entries.firstIndex(where: { $0.owner === self }) else { return nil }
        openCount.subtract(1, ordering: .relaxed)
        return value.entries.remove(at: index).transaction
    }

    /// For a thread that has ended.
    fileprivate func forget() { openCount.subtract(1, ordering: .relaxed) }
}

/// What one thread keeps; used by that thread only.
private final class ThreadValue {
    struct Entry {
        let owner: ThreadTransactions
        let transaction: Transaction
        let abandon: () -> Void
        var isUnused = true
    }

    var entries: [Entry] = []

    /// nil if the process has no more keys for values of threads.
    private static let key: pthread_key_t? = {
        var key = pthread_key_t()
        let status = pthread_key_create(&key) { pointer in
            guard let pointer else { return }
            Unmanaged<ThreadValue>.fromOpaque(pointer).takeRetainedValue().abandon()
        }
        return status == 0 ? key : nil
    }()

    static var current: ThreadValue? {
        guard let key, let pointer = pthread_getspecific(key) else { return nil }
        return Unmanaged<ThreadValue>.fromOpaque(pointer).takeUnretainedValue()
    }

    static func make() throws(DeedError) -> ThreadValue {
        if let current { return current }
        let value = ThreadValue()
        let pointer = Unmanaged.passRetained(value)
        guard let key, pthread_setspecific(key, pointer.toOpaque()) == 0 else {
            pointer.release()
            throw DeedError(.limitExceeded, "the system has no room for a transaction of this thread; begin one with a handle")
        }
        return value
    }

    private func abandon() {
        for entry in entries {
            entry.abandon()
            entry.owner.forget()
        }
    }
}
