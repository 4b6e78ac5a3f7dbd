// Which relationships pass the filters of a counted pattern: a byte for each, so that several threads may each write some.

import DeedEngine

final class CountMask {
    private let bytes: UnsafeMutablePointer<UInt8>
    private let count: Int
    private let account: MemoryAccount

    /// Valid as long as this is.
    var mask: RelationshipMask { RelationshipMask(bytes, count: count) }

    /// At first none.
    init(count: Int, _ context: QueryContext) throws {
        account = MemoryAccount(context)
        try account.charge(count)
        bytes = .allocate(capacity: max(count, 1))
        bytes.initialize(repeating: 0, count: count)
        self.count = count
    }

    /// Those of both.
    convenience init(of one: CountMask, and other: CountMask, _ context: QueryContext) throws {
        try self.init(count: min(one.count, other.count), context)
        for index in 0..<count { bytes[index] = one.bytes[index] & other.bytes[index] }
    }

    deinit { bytes.deallocate() }

    func admit(_ column: ChunkColumn, rows: Int) {
        for row in 0..<rows {
            let index = Int(truncatingIfNeeded: column.vector.ids[column.position(row)])
            if index < count { bytes[index] = 1 }
        }
    }
}
