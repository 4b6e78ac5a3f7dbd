// What a transaction did to secondary indexes: entries that it made, to be taken out again if it is undone, and entries
// that it has left behind, which nobody needs any more some time after it has committed.

final class IndexWrites {
    enum Action {
        /// To be made when the statement has let go of the row.
        case entering
        /// Made by this transaction.
        case entered
        /// Was there before.
        case known
        /// Of the row's value before.
        case leaving
    }

    struct Write {
        /// Kept alive by the rules of its table.
        var index: Unmanaged<SecondaryIndex>
        var row: RowId
        var start: Int
        var length: Int
        var action: Action
        /// False for a key with a null, which no unique index refuses.
        var isWhole: Bool
    }

    private(set) var writes: [Write] = []
    var keys = ByteBuffer(capacity: 256)
    /// How many have been made into entries; for effects that come from a log.
    var appliedCount = 0

    var count: Int { writes.count }

    subscript(_ index: Int) -> Write {
        get { writes[index] }
        set { writes[index] = newValue }
    }

    func key(_ write: Write) -> UnsafeRawBufferPointer {
        UnsafeRawBufferPointer(start: keys.base + write.start, count: write.length)
    }

    /// Records the key that was appended to `keys` from `start` on.
    func append(_ index: SecondaryIndex, _ row: RowId, from start: Int, _ action: Action, isWhole: Bool) {
        writes.append(
            Write(
                index: Unmanaged.passUnretained(index), row: row, start: start, length: keys.count - start, action: action,
                isWhole: isWhole))
    }

    /// Forgets what was recorded last.
    func removeLast() {
        if let last = writes.popLast() { keys.truncate(to: last.start) }
        appliedCount = min(appliedCount, writes.count)
    }
}
