// The self-check of secondary indexes: every row that the snapshot sees must have exactly one entry that agrees with it,
// entries must ascend, and a unique index must have no key twice. Entries that agree with no row do no harm.

extension Graph {
    func checkIndexes(_ snapshot: Snapshot, _ problems: inout [CheckProblem]) throws(DeedError) {
        for index in readyIndexes where !index.wantsFilling.load(ordering: .acquiring) {
            do throws(DeedError) {
                let entries = try countEntries(index, snapshot, &problems)
                let rows = try countRows(index, snapshot)
                if entries != rows {
                    problems.append(problem(index, "\(rows) rows have a value, \(entries) have an entry"))
                }
            } catch {
                problems.append(problem(index, error.message))
            }
        }
    }

    /// An index can always be made from the rows again.
    private func problem(_ index: SecondaryIndex, _ text: String) -> CheckProblem {
        CheckProblem(place: "index '\(index.name)'", text: text, isAboutRows: false)
    }

    /// The entries that agree with a row.
    private func countEntries(
        _ index: SecondaryIndex, _ snapshot: Snapshot, _ problems: inout [CheckProblem]
    ) throws(DeedError) -> Int {
        let cursor = IndexCursor()
        cursor.begin(low: nil, end: nil)
        var previous = ByteBuffer()
        var unique = ByteBuffer()
        var rowKey = ByteBuffer()
        var previousRow: RowId = 0
        var count = 0
        while try cursor.advance(index.tree) {
            for entry in 0..<cursor.count {
                let (key, id) = (cursor.key(entry), cursor.rows[entry])
                let order = compareBytes(previous.bytes, key)
                if order > 0 || order == 0 && previousRow >= id {
                    problems.append(problem(index, "the entry of \(index.rowKind) \(id) is out of order"))
                }
                previous.removeAll()
                previous.append(key)
                previousRow = id
                let form = try visibleKey(index, id, snapshot, into: &rowKey)
                if form == .absent || compareBytes(rowKey.bytes, key) != 0 { continue }
                count += 1
                if !index.isUnique || form == .partial || key.count == Limits.indexKeyBytesMax { continue }
                if compareBytes(unique.bytes, key) == 0 {
                    problems.append(problem(index, "\(index.rowKind) \(id) has the key of another, and the index is unique"))
                }
                unique.removeAll()
                unique.append(key)
            }
        }
        return count
    }

    /// The key of a row as the snapshot sees it; `.absent` also if it does not.
    private func visibleKey(
        _ index: SecondaryIndex, _ id: RowId, _ snapshot: Snapshot, into buffer: inout ByteBuffer
    ) throws(DeedError) -> KeyForm {
        buffer.removeAll()
        guard let segment = directory(index.rowKind).segment(of: id) else { return .absent }
        try lockLoadedShared(segment)
        defer { segment.pointee.latch.unlockShared() }
        guard segment.pointee.isVisible(rowNumber(of: id), to: snapshot) else { return .absent }
        return appendVisibleKey(index, segment, rowNumber(of: id), snapshot, full: false, to: &buffer)
    }

    /// The visible rows with a value for the first property.
    private func countRows(_ index: SecondaryIndex, _ snapshot: Snapshot) throws(DeedError) -> Int {
        var count = 0
        for number in table(index.rowKind, index.table)?.segments() ?? [] {
            guard let segment = directory(index.rowKind)[number] else { continue }
            let image = try image(of: segment, for: snapshot)
            guard let column = image.columns.first(where: { $0.key == index.properties[0] }) else { continue }
            for row in 0..<image.rowCount where column.chunk.isValid(row) { count += 1 }
        }
        return count
    }
}
