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
    }

    package func allRelationshipTypes() -> [NameId] { tables(.relationship) }

    /// The names of tables that have segments.
    func tables(_ kind: RowKind) -> [NameId] {
        let count = graph.names.count(kind == .entity ? .collection : .relationshipType)
        if isNoting {
            note { reads in
                for name in 0..<NameId(count) { reads.noteTable(kind, name) }
                reads.noteTables(kind, from: NameId(count))
            }
        }
        return (0..<NameId(count)).filter { graph.table(kind, $0)?.tail.load(ordering: .acquiring) != nil || hasSegments(kind, $0) }
    }

    private func hasSegments(_ kind: RowKind, _ name: NameId) -> Bool {
        graph.table(kind, name)?.growth.withLock { !$0.segmentNumbers.isEmpty } ?? false
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

    /// The same for rows of which all the predicates are true.
    package func scan(
        _ morsel: inout Morsel, into ids: UnsafeMutablePointer<UInt64>, max: Int, where predicates: [ScanPredicate]
    ) throws(DeedError) -> Int {
        try requireUsable()
        guard let segment = graph.directory(morsel.kind)[morsel.segment] else { return 0 }
        var found = 0
        while found < max && morsel.row < morsel.endRow {
            if predicates.isEmpty {
                segment.pointee.latch.lockShared()
            } else {
                try graph.lockLoadedShared(segment)
            }
            let rows = morsel.row..<min(morsel.endRow, morsel.row &+ min(max &- found, Limits.vectorRows))
            var count = collect(segment, rows, into: ids + found)
            for predicate in predicates where count > 0 { count = keep(segment, ids + found, count, predicate) }
            segment.pointee.latch.unlockShared()
            morsel.row = rows.upperBound
            found &+= count
        }
        return found
    }

    /// The visible ones of some rows of a locked segment.
    @inline(__always)
    private func collect(_ segment: SegmentRef, _ rows: Range<Int>, into ids: UnsafeMutablePointer<UInt64>) -> Int {
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
