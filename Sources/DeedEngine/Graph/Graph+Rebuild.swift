// Making what is derived again from the rows.

extension Graph {
    /// Makes the adjacency lists of a graph that nobody else has, and whose segments have none, from its relationships.
    /// A relationship without one of its ends becomes dead, and is reported. O(relationships).
    func rebuildLists(
        _ step: () throws(DeedError) -> Void, lost: (_ id: RowId, _ type: String, _ end: RowId) -> Void
    ) throws(DeedError) {
        for number in 0..<relationships.count {
            guard let segment = relationships[number] else { continue }
            try step()
            for link in try linkedRows(segment) {
                let missing = [link.source, link.target].first { !isPresent($0) }
                if let missing {
                    lost(link.id, nameText(.relationshipType, segment.pointee.table), missing)
                    try load(segment)
                    try segment.pointee.markDead(rowNumber(of: link.id), pool)
                    try clearValues(segment, rowNumber(of: link.id))
                    segment.pointee.directoryDirty = true
                    table(.relationship, segment.pointee.table)?.rowCount.add(-1, ordering: .relaxed)
                } else {
                    try replayLink(link.source, link.target, link.id, segment.pointee.table, .out)
                    try replayLink(link.target, link.source, link.id, segment.pointee.table, .in)
                }
            }
            // What has been saved can leave memory.
            if pool.bytesTotal > options.memoryLimit / 4 { try checkpoint() }
        }
    }

    /// A copy: making lists may push the rows out of memory.
    private func linkedRows(_ segment: SegmentRef) throws(DeedError) -> [(id: RowId, source: RowId, target: RowId)] {
        try lockLoadedShared(segment)
        defer { segment.pointee.latch.unlockShared() }
        let first = rowId(segment: segment.pointee.number, row: 0)
        var rows: [(id: RowId, source: RowId, target: RowId)] = []
        for row in segment.pointee.firstRow..<segment.pointee.rowCount where !segment.pointee.isDead(row) {
            rows.append((first | UInt64(row), segment.pointee.sources[row], segment.pointee.targets[row]))
        }
        return rows
    }

    private func isPresent(_ id: RowId) -> Bool {
        guard let segment = entities.segment(of: id) else { return false }
        let row = rowNumber(of: id)
        return row >= segment.pointee.firstRow && row < segment.pointee.rowCount && !segment.pointee.isDead(row)
    }
}
