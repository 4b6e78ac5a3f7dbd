// Transactions that are prepared: durable and sure to be able to commit, and waiting for somebody to say whether they
// shall. Each has a name that its preparer chose, its gid.

import Synchronization

/// What there is to know about a prepared transaction.
package struct PreparedDescription: Sendable {
    package let gid: [UInt8]
    /// When it was prepared: microseconds since 1970-01-01T00:00:00 UTC.
    package let microseconds: Int64
    /// Rows that it adds, changes and deletes.
    package let inserted: Int
    package let updated: Int
    package let deleted: Int

    /// Value of the key "p" gid: varints for the time and the numbers, and then the effects as in a log record.
    func encode(into buffer: inout ByteBuffer) {
        buffer.append(Self.format)
        buffer.append(varint: UInt64(clamping: microseconds))
        for count in [inserted, updated, deleted] { buffer.append(varint: UInt64(count)) }
    }

    private static let format: UInt8 = 1

    init(gid: [UInt8], _ reader: inout ByteReader) throws(DeedError) {
        guard try reader.readByte() == Self.format else {
            throw DeedError(.newerFormat, "a transaction that was prepared by a later version of Deed")
        }
        self.gid = gid
        microseconds = Int64(clamping: try reader.readVarint())
        inserted = Int(clamping: try reader.readVarint())
        updated = Int(clamping: try reader.readVarint())
        deleted = Int(clamping: try reader.readVarint())
    }

    /// Counts what a transaction has done.
    init(gid: [UInt8], of transaction: Transaction, microseconds: Int64) {
        struct Row: Hashable {
            let segment: SegmentRef
            let row: Int32
        }
        var changed = Set<Row>()
        var (inserted, deleted) = (0, 0)
        for entry in transaction.writes {
            switch entry.action {
            case .insert: inserted += Int(entry.end - entry.row)
            case .delete: deleted += Int(entry.end - entry.row)
            case .update: changed.insert(Row(segment: entry.segment, row: entry.row))
            default: break
            }
        }
        self.gid = gid
        self.microseconds = microseconds
        self.inserted = inserted
        updated = changed.count
        self.deleted = deleted
    }
}

/// A transaction on its way through two-phase commit.
final class Prepared: Sendable {
    let description: PreparedDescription
    let transaction: Transaction

    init(_ description: PreparedDescription, _ transaction: Transaction) {
        self.description = description
        self.transaction = transaction
    }
}

/// What a member of a commit group is there for.
enum CommitStep: Sendable {
    case commit
    case prepare(PreparedDescription)
    case commitPrepared(gid: [UInt8])
    case rollbackPrepared(gid: [UInt8])

    /// True if the effects take place now.
    var commits: Bool {
        switch self {
        case .commit, .commitPrepared: true
        case .prepare, .rollbackPrepared: false
        }
    }

    /// True if it must be on disk before anybody is told, whatever the durability of the graph.
    var isSynced: Bool { if case .commit = self { false } else { true } }

    /// For tests: where the batch of its group is on disk.
    var pointWhenLogged: FaultPoint? {
        switch self {
        case .commit: nil
        case .prepare: .prepareLogged
        case .commitPrepared: .commitPreparedLogged
        case .rollbackPrepared: .rollbackPreparedLogged
        }
    }
}

final class PreparedTransactions: Sendable {
    private struct State {
        var known: [[UInt8]: Prepared] = [:]
        /// Names in use by those being prepared or decided right now.
        var busy = Set<[UInt8]>()
    }

    private let state = Mutex(State())

    /// Takes a name for a transaction that is about to be prepared; false if it is in use.
    func reserve(_ gid: [UInt8]) -> Bool {
        state.withLock { $0.known[gid] == nil && $0.busy.insert(gid).inserted }
    }

    /// Takes a transaction out, to be decided; its name stays in use. nil if there is none.
    func take(_ gid: [UInt8]) -> Prepared? {
        state.withLock { state in
            guard let prepared = state.known.removeValue(forKey: gid) else { return nil }
            state.busy.insert(gid)
            return prepared
        }
    }

    func add(_ prepared: Prepared) {
        state.withLock { state in
            state.known[prepared.description.gid] = prepared
            state.busy.remove(prepared.description.gid)
        }
    }

    /// Gives a name free.
    func release(_ gid: [UInt8]) { state.withLock { _ = $0.busy.remove(gid) } }

    /// In order of name.
    func list() -> [PreparedDescription] {
        state.withLock { $0.known.values.map(\.description) }.sorted { $0.gid.lexicographicallyPrecedes($1.gid) }
    }
}
