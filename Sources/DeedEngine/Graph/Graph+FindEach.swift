// Looking many values up in an index, a row of columns each. An index over just these properties is asked for one key at a
// time without a range being made of it; what that does not cover goes the general way.

extension Graph {
    /// For each row from `first` on the rows of the table that have its values, the index first reads its properties in the order
    /// of `keys`: `found` is called with the row and each of them, in order of row. Ends early, when it has found `most` or more,
    /// and returns the row to go on with. A row with a null or a NaN finds nothing. O(rows * log entries + rows found).
    func findEach(
        _ transaction: Transaction, _ kind: RowKind, _ table: NameId, _ keys: [NameId], _ columns: [CellSource],
        rows: Range<Int>, most: Int, into buffer: IndexBuffer, _ found: (Int, RowId) -> Void
    ) throws(DeedError) -> Int {
        try requireOpen()
        noteTable(transaction, kind, table)
        let index = try requireIndex(kind, table, count: keys.count, inOrder: false) { keys[$0] }
        let isWhole = index.properties.count == keys.count
        let sources = index.properties.prefix(keys.count).compactMap { key in keys.firstIndex(of: key).map { columns[$0] } }
        guard sources.count == keys.count else { throw DeedError(.internalError, "a property is looked up twice") }
        var total = 0
        var row = rows.lowerBound
        while row < rows.upperBound && total < most {
            buffer.removeAll()
            if appendKey(sources, row, to: &buffer.low) {
                if isWhole && buffer.low.count < Limits.indexKeyBytesMax {
                    try findWhole(transaction, index, buffer)
                } else {
                    try findBeginning(transaction, index, buffer)
                }
            }
            for place in 0..<buffer.count { found(row, buffer.ids[place]) }
            total &+= buffer.count
            row &+= 1
        }
        return row
    }

    /// False if nothing is equal to one of the values.
    @inline(__always)
    private func appendKey(_ sources: [CellSource], _ row: Int, to key: inout ByteBuffer) -> Bool {
        key.removeAll()
        for source in sources {
            let cell = source.cell(row)
            if cell.type == .null || cell.type == .float64 && Double(bitPattern: cell.bits).isNaN { return false }
            IndexKey.append(cell, to: &key)
        }
        return true
    }

    /// The rows with exactly the key in `buffer.low`.
    private func findWhole(
        _ transaction: Transaction, _ index: SecondaryIndex, _ buffer: IndexBuffer
    ) throws(DeedError) {
        while true {
            buffer.candidates.removeAll(keepingCapacity: true)
            index.tree.latch.lockShared()
            let missing = index.tree.collect(rivalsOf: 0, buffer.low.bytes, into: &buffer.candidates)
            index.tree.latch.unlockShared()
            guard let missing else { break }
            try index.tree.load(missing)
        }
        if buffer.candidates.isEmpty { return }
        try makeRoom()
        try withSnapshot(transaction) { snapshot throws(DeedError) in
            for id in buffer.candidates where try isCurrent(index, buffer.low.bytes, id, snapshot, buffer) { buffer.append(id) }
        }
    }
}
