// Scans: the ids of the rows of a table, segment after segment.

import DeedValues

extension GraphView {
    /// Rows of one segment; what a worker claims at a time.
    package struct Morsel: Sendable {
        package let kind: RowKind
        package let segment: Int
        /// The next row to look at.
        package var row: Int
        package let endRow: Int
        /// True once it was seen to that the segment's chunks know the least and the greatest of their values.
        var knowsRanges = false

        init(kind: RowKind, segment: Int, row: Int, endRow: Int) {
            (self.kind, self.segment, self.row, self.endRow) = (kind, segment, row, endRow)
        }

        /// The same rows in pieces that begin and end together with vectors of the segment where they are large.
        package func divided(rowsMax: Int) -> [Morsel] {
            stride(from: row / rowsMax * rowsMax, to: endRow, by: rowsMax).map { first in
                Morsel(kind: kind, segment: segment, row: max(first, row), endRow: min(first + rowsMax, endRow))
            }
        }
    }

    /// A batch with less room than this is handed on rather than filled.
    package static let roomMin = Limits.vectorRows / 4

    package func allRelationshipTypes() -> [NameId] { tables(.relationship) }

    /// The names of tables that have segments.
    func tables(_ kind: RowKind) -> [NameId] {
        noteTables(kind)
        return (0..<NameId(tableCount(kind))).filter { hasSegments(kind, $0) }
    }

    private func tableCount(_ kind: RowKind) -> Int { graph.names.count(kind == .entity ? .collection : .relationshipType) }

    /// Notes that the view has read which tables there are, and all of their rows.
    func noteTables(_ kind: RowKind) {
        if !isNoting { return }
        let count = NameId(tableCount(kind))
        note { reads in
            for name in 0..<count { reads.noteTable(kind, name) }
            reads.noteTables(kind, from: count)
        }
    }

    func hasSegments(_ kind: RowKind, _ name: NameId) -> Bool {
        guard let table = graph.table(kind, name) else { return false }
        return table.tail.load(ordering: .acquiring) != nil || table.growth.withLock { !$0.segmentNumbers.isEmpty }
    }

    /// What there is of these tables now: rows that are added later are not in it. O(segments).
    package func morsels(_ kind: RowKind, _ tables: [NameId]) -> [Morsel] {
        if isNoting { note { reads in for name in tables { reads.noteTable(kind, name) } } }
        var morsels: [Morsel] = []
        for name in tables {
            for number in graph.table(kind, name)?.segments() ?? [] {
                guard let segment = graph.directory(kind)[number] else { continue }
                segment.pointee.latch.lockShared()
                let rows = segment.pointee.firstRow..<segment.pointee.rowCount
                let isAlive = rows.count > segment.pointee.deadCount
                segment.pointee.latch.unlockShared()
                if isAlive {
                    morsels.append(Morsel(kind: kind, segment: number, row: rows.lowerBound, endRow: rows.upperBound))
                }
            }
        }
        return morsels
    }

    /// The ids of the next visible rows; 0 at the end. Moves `morsel.row` on.
    package func scan(
        _ morsel: inout Morsel, into ids: UnsafeMutablePointer<UInt64>, max: Int
    ) throws(DeedError) -> Int {
        try scan(&morsel, into: ids, max: max, where: [])
    }

    /// The same for rows of which all the predicates are true, and which the limit does not leave out.
    package func scan(
        _ morsel: inout Morsel, into ids: UnsafeMutablePointer<UInt64>, max: Int, where predicates: [ScanPredicate],
        limit: ScanLimit? = nil
    ) throws(DeedError) -> Int {
        try requireUsable()
        guard let segment = graph.directory(morsel.kind)[morsel.segment] else { return 0 }
        let looksAtValues = !predicates.isEmpty || limit != nil
        if looksAtValues && !morsel.knowsRanges {
            for predicate in predicates where predicate.integers != nil { try noteRange(segment, predicate.key) }
            if let limit { try noteRange(segment, limit.key) }
            morsel.knowsRanges = true
        }
        var found = 0
        // Ends with some room left, rather than looking at fewer and fewer rows at a time to fill it.
        while morsel.row < morsel.endRow && (found == 0 || max &- found >= Self.roomMin) {
            var rows = morsel.row..<min(morsel.endRow, morsel.row &+ min(max &- found, Limits.vectorRows))
            if !looksAtValues {
                segment.pointee.latch.lockShared()
                found &+= collect(segment, rows, into: ids + found)
            } else {
                try graph.lockLoadedShared(segment)
                if isExcluded(segment, predicates, limit) {
                    rows = morsel.row..<morsel.endRow
                } else {
                    found &+= select(segment, rows, predicates, limit, into: ids + found)
                }
            }
            segment.pointee.latch.unlockShared()
            morsel.row = rows.upperBound
        }
        return found
    }

    /// The visible ones of some rows of a locked segment.
    @inline(__always)
    func collect(_ segment: SegmentRef, _ rows: Range<Int>, into ids: UnsafeMutablePointer<UInt64>) -> Int {
        let first = rowId(segment: segment.pointee.number, row: rows.lowerBound)
        if isWhole(segment) {
            for index in 0..<rows.count { ids[index] = first &+ UInt64(truncatingIfNeeded: index) }
            return rows.count
        }
        var count = 0
        if isSettled(segment) {
            for row in rows where !segment.pointee.isDead(row) && segment.pointee.versions.deletedStamp(row) == 0 {
                ids[count] = first &+ UInt64(truncatingIfNeeded: row &- rows.lowerBound)
                count &+= 1
            }
            return count
        }
        for row in rows where segment.pointee.isVisible(row, to: snapshot) {
            ids[count] = first &+ UInt64(truncatingIfNeeded: row &- rows.lowerBound)
            count &+= 1
        }
        return count
    }
}
