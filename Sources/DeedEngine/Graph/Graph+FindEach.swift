// Looking many values up in an index, a row of columns each. An index over just these properties is asked for one key at a
// time without a range being made of it; what that does not cover goes the general way.

extension Graph {
    /// For each of the rows the rows of the table that have its values, the index's first properties, of which `sources` has one
    /// column each: `found` is called with the row and each of them, in order of row. Ends early, when it has found `most` or more,
    /// and returns the row to go on with. A row with a null or a NaN finds nothing. O(rows * log entries + rows found).
    func findEach(
        _ snapshot: Snapshot, _ index: SecondaryIndex, _ sources: [CellSource], rows: Range<Int>, most: Int,
        into buffer: IndexBuffer, _ found: (Int, RowId) -> Void
    ) throws(DeedError) -> Int {
        try requireOpen()
        if index.wantsFilling.load(ordering: .acquiring) { try fillIfWanted(index) }
        let isWhole = index.properties.count == sources.count
        var total = 0
        var row = rows.lowerBound
        while row < rows.upperBound && total < most {
            buffer.removeAll()
            if appendKey(sources, row, to: &buffer.low) {
                if isWhole && buffer.low.count < Limits.indexKeyBytesMax {
                    try findWhole(snapshot, index, buffer)
                } else {
                    try findBeginning(snapshot, index, buffer)
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
        _ snapshot: Snapshot, _ index: SecondaryIndex, _ buffer: IndexBuffer
    ) throws(DeedError) {
        while true {
            buffer.candidates.empty()
            index.tree.latch.lockShared()
            let missing = index.tree.collect(rivalsOf: 0, buffer.low.bytes, into: &buffer.candidates)
            index.tree.latch.unlockShared()
            guard let missing else { break }
            try index.tree.load(missing)
        }
        if buffer.candidates.isEmpty { return }
        try makeRoom()
        for id in buffer.candidates where try isCurrent(index, buffer.low.bytes, id, snapshot, buffer) { buffer.append(id) }
    }
}
