// What one chunk takes of time and memory where its rows are large: what they make is counted against the memory limit while the
// chunk is worked on, and between them it is seen whether the query is to go on.

import DeedEngine
import DeedValues

struct RowWork {
    private let context: QueryContext
    private var bytes = 0
    private var items = 0
    /// Made when there is something to count.
    private var account: MemoryAccount?
    private static let step = 1 << 20

    init(_ context: QueryContext) { self.context = context }

    /// A value has been made for a row.
    @inline(__always)
    mutating func note(_ value: Value) throws {
        switch value {
        case .string(let text): try note(bytes: text.utf8.count)
        case .list(let items): try note(bytes: items.count &* MemoryLayout<Value>.stride)
        default: return
        }
    }

    @inline(__always)
    mutating func note(bytes more: Int) throws {
        bytes &+= more
        if bytes >= Self.step { try charge() }
    }

    /// A value is about to be looked at item by item.
    @inline(__always)
    mutating func note(visiting value: Value) throws {
        guard case .list(let list) = value else { return }
        items &+= list.count
        if items < Self.step { return }
        items = 0
        try context.checkInterrupt()
    }

    @inline(never)
    private mutating func charge() throws {
        let account = account ?? MemoryAccount(context)
        self.account = account
        try account.charge(bytes)
        bytes = 0
        try context.checkInterrupt()
    }
}

extension QueryContext: WorkWatch {
    package func goOn(holding bytes: Int) throws {
        try checkInterrupt()
        // To see that there is room; what was made is counted afterwards.
        if bytes > 1 << 20 { try MemoryAccount(self).charge(bytes) }
    }
}
