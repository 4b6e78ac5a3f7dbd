// Scans that look at values: which rows of a segment satisfy conditions on integers, and which segments need no look at
// their rows, since the least and the greatest of their values tell.

import DeedValues

/// Rows whose integer is not in a range may be left out of a scan: a hint, which holds for no other values and not for rows
/// that are being written.
package struct ScanLimit: Sendable {
    let key: NameId
    let range: IntegerInterval

    package init(_ key: NameId, least: Int64, greatest: Int64) {
        (self.key, range) = (key, IntegerInterval(least, greatest))
    }
}

extension GraphView {
    /// The positions of the morsels in such an order that those with the greatest (or least) integers come first. Those of
    /// which nothing is known come before all others; nothing is read from the disk for it.
    package func order(_ morsels: [Morsel], by key: NameId, isDescending: Bool) throws(DeedError) -> [Int] {
        var best: [Int64] = []
        for morsel in morsels {
            var range: (least: Int64, greatest: Int64)?
            if let segment = graph.directory(morsel.kind)[morsel.segment] {
                if isInMemory(segment) { try noteRange(segment, key) }
                segment.pointee.latch.lockShared()
                range = wholeRange(segment, key, .int64)
                segment.pointee.latch.unlockShared()
            }
            // Both ways round the least number comes first.
            best.append(range.map { isDescending ? ~$0.greatest : $0.least } ?? .min)
        }
        return morsels.indices.sorted { (best[$0], $0) < (best[$1], $1) }
    }

    private func isInMemory(_ segment: SegmentRef) -> Bool {
        segment.pointee.latch.lockShared()
        defer { segment.pointee.latch.unlockShared() }
        return segment.pointee.isLoaded
    }

    /// Sees to it that a chunk of integers or dates knows its least and greatest, unless the segment is being written. O(rows) once
    /// after each change.
    func noteRange(_ segment: SegmentRef, _ key: NameId) throws(DeedError) {
        try graph.lockLoadedShared(segment)
        var isUnknown = false
        if isSettled(segment), let index = segment.pointee.columnIndex(key) {
            let column = segment.pointee.columns + index
            isUnknown = (column.pointee.chunk.type == .int64 || column.pointee.chunk.type == .date) && column.pointee.chunk.range == nil
                && column.pointee.chunk.isAllValid(segment.pointee.rowCount)
        }
        segment.pointee.latch.unlockShared()
        if !isUnknown { return }
        segment.pointee.latch.lockExclusive()
        if segment.pointee.isLoaded, let index = segment.pointee.columnIndex(key) {
            (segment.pointee.columns + index).pointee.chunk.noteRange(segment.pointee.rowCount)
        }
        segment.pointee.latch.unlockExclusive()
    }

    /// The least and the greatest of the values of this type, integers or dates, that all rows of a locked segment have.
    private func wholeRange(_ segment: SegmentRef, _ key: NameId, _ type: ValueType) -> (least: Int64, greatest: Int64)? {
        guard segment.pointee.isLoaded, isSettled(segment), let index = segment.pointee.columnIndex(key) else { return nil }
        let column = segment.pointee.columns + index
        guard column.pointee.chunk.type == type else { return nil }
        return column.pointee.chunk.isAllValid(segment.pointee.rowCount) ? column.pointee.chunk.range : nil
    }

    /// True if no row of a locked segment can be wanted.
    func isExcluded(_ segment: SegmentRef, _ predicates: [ScanPredicate], _ limit: ScanLimit?) -> Bool {
        for predicate in predicates {
            if let range = predicate.integers, let (least, greatest) = wholeRange(segment, predicate.key, predicate.rangeType),
                range.excludes(least, greatest)
            {
                return true
            }
        }
        guard let limit, let (least, greatest) = wholeRange(segment, limit.key, .int64) else { return false }
        return limit.range.excludes(least, greatest)
    }

    /// How many of the morsel's rows satisfy all the predicates. The morsel is at its end then.
    package func count(_ morsel: inout Morsel, where predicates: [ScanPredicate]) throws(DeedError) -> Int {
        try requireUsable()
        guard let segment = graph.directory(morsel.kind)[morsel.segment] else { return 0 }
        for predicate in predicates where predicate.integers != nil { try noteRange(segment, predicate.key) }
        let ids = UnsafeMutablePointer<UInt64>.allocate(capacity: Limits.vectorRows)
        defer { ids.deallocate() }
        var count = 0
        while morsel.row < morsel.endRow {
            let rows = morsel.row..<min(morsel.endRow, morsel.row &+ Limits.vectorRows)
            try graph.lockLoadedShared(segment)
            defer { segment.pointee.latch.unlockShared() }
            morsel.row = rows.upperBound
            if isExcluded(segment, predicates, nil) {
                morsel.row = morsel.endRow
            } else if predicates.count == 1, let range = predicates[0].integers, isWhole(segment),
                let values = integers(segment, predicates[0].key, predicates[0].rangeType)
            {
                count &+= self.count(values, rows, range)
            } else {
                count &+= select(segment, rows, predicates, nil, into: ids)
            }
        }
        return count
    }

    /// The visible ones of some rows of a locked segment that satisfy all conditions.
    func select(
        _ segment: SegmentRef, _ rows: Range<Int>, _ predicates: [ScanPredicate], _ limit: ScanLimit?,
        into ids: UnsafeMutablePointer<UInt64>
    ) -> Int {
        let firstId = rowId(segment: segment.pointee.number, row: rows.lowerBound)
        let limited = limit.flatMap { limit in integers(segment, limit.key, .int64).map { (values: $0, range: limit.range) } }
        var count = 0
        // The first condition on integers makes the ids, so that only those of its rows are ever written down.
        var first =
            isWhole(segment) ? predicates.firstIndex { $0.integers != nil && integers(segment, $0.key, $0.rangeType) != nil } : nil
        if let index = first, let values = integers(segment, predicates[index].key, predicates[index].rangeType),
            let range = predicates[index].integers
        {
            count = select(values, rows, range, firstId: firstId, into: ids)
        } else {
            first = nil
            count = collect(segment, rows, into: ids)
        }
        for index in predicates.indices where index != first && count > 0 {
            count = keep(segment, ids, count, predicates[index])
        }
        if count > 0, let limited { count = keep(limited.values, limited.range, ids, count) }
        return count
    }

    /// The integers, or days, of all rows of a locked segment, if nothing else is in the column and they are what the snapshot sees.
    @inline(__always)
    private func integers(_ segment: SegmentRef, _ key: NameId, _ type: ValueType) -> UnsafeMutablePointer<Int64>? {
        guard isSettled(segment), let index = segment.pointee.columnIndex(key) else { return nil }
        let column = segment.pointee.columns + index
        guard column.pointee.chunk.type == type, !column.pointee.chunk.isMixed,
            column.pointee.chunk.isAllValid(segment.pointee.rowCount)
        else { return nil }
        return column.pointee.chunk.data?.assumingMemoryBound(to: Int64.self)
    }
}
