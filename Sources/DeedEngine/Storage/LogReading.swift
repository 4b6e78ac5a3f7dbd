// Reading the log record by record. Commits are numbered without gaps; a record is there wholly or not at all, since all
// of its pieces were written at once.

extension KeyValueStore {
    /// Calls `body` with each record above `last`, in order and without a gap, until it returns false. Returns the number
    /// of the first record behind a gap, or nil.
    func forEachRecord(
        after last: Timestamp, _ body: (Timestamp, UnsafeRawBufferPointer) throws(DeedError) -> Bool
    ) throws(DeedError) -> Timestamp? {
        var record = ByteBuffer(capacity: 4096)
        var current = last
        var isPending = false
        var isWanted = true
        var gap: Timestamp?
        try forEach(in: .log, from: StoreKeys.log(last + 1, 0), to: StoreKeys.log(.max, .max)) {
            key, value throws(DeedError) in
            var reader = ByteReader(key)
            let found = try reader.readFixed64().byteSwapped
            let piece = try reader.readFixed32().byteSwapped
            if !isPending || found != current {
                if isPending { isWanted = try body(current, record.bytes) }
                isPending = false
                record.removeAll()
                guard found == current + 1 && piece == 0 else {
                    gap = found
                    return false
                }
                if !isWanted { return false }
                current = found
                isPending = true
            }
            record.append(value)
            return true
        }
        if isPending && isWanted { _ = try body(current, record.bytes) }
        return gap
    }
}
