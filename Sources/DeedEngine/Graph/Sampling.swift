// Samples of a table's rows, for statistics.
//
// 1. Of the table's segments those that are in memory are taken, and of the others a few, since these are read from the disk.
// 2. Their rows, one after another, are divided into equally long strata, and one row is drawn of each: what changes along the
//    table, such as a time of creation, is met evenly.
// 3. The numbers are drawn from a fixed seed, so that the same rows give the same sample, and plans do not flicker.

import DeedValues

extension GraphView {
    static let sampleRowsMax = 4_096
    private static let sampleSeed: UInt64 = 0x5EED
    /// Segments that are read from the disk for a sample.
    private static let segmentsReadMax = 16
    /// Rows that are looked at while a segment is locked.
    private static let rowsAtOnce = 1_024

    /// Of the values of a property in a table.
    func sample(_ kind: RowKind, _ table: NameId, _ key: NameId) throws(DeedError) -> PropertySample {
        var sample = PropertySample()
        sample.isComplete = try eachSampled(kind, table) { segment, row throws(DeedError) in
            try sample.add(visibleCell(segment, row, segment.pointee.columnIndex(key), key))
        }
        sample.sort()
        return sample
    }

    /// How many of some relationships of a type lead from each collection to each other.
    func sampleEnds(_ type: NameId) throws(DeedError) -> [(source: NameId, target: NameId, count: Int)] {
        var counts: [UInt64: Int] = [:]
        _ = try eachSampled(.relationship, type) { segment, row throws(DeedError) in
            guard let source = graph.entities.segment(of: segment.pointee.sources[row]),
                let target = graph.entities.segment(of: segment.pointee.targets[row])
            else { return }
            counts[UInt64(source.pointee.table) << 32 | UInt64(target.pointee.table), default: 0] += 1
        }
        return counts.sorted { $0.key < $1.key }.map { pair, count in
            (NameId(truncatingIfNeeded: pair >> 32), NameId(truncatingIfNeeded: pair), count)
        }
    }

    /// The ids of some rows of a table.
    package func sampleIds(_ kind: RowKind, _ table: NameId) throws(DeedError) -> [RowId] {
        var ids: [RowId] = []
        _ = try eachSampled(kind, table) { segment, row in ids.append(rowId(segment: segment.pointee.number, row: row)) }
        return ids
    }

    /// Of all properties that rows of a table have or had, in ascending order.
    package func propertyKeys(_ kind: RowKind, _ table: NameId) -> [NameId] { graph.propertyKeys(kind, table) }

    /// Calls `body` with rows that the snapshot sees, whose segments are locked meanwhile; true if there are no others.
    private func eachSampled(
        _ kind: RowKind, _ table: NameId, _ body: (SegmentRef, Int) throws(DeedError) -> Void
    ) throws(DeedError) -> Bool {
        let (parts, isWhole) = partsToSample(kind, table)
        let total = parts.reduce(0) { $0 + $1.rows.count }
        let count = min(total, Self.sampleRowsMax)
        var numbers = SplitMix(seed: Self.sampleSeed)
        var (taken, before) = (0, 0)
        for (segment, rows) in parts {
            while taken < count && taken * total / count < before + rows.count {
                try graph.lockLoadedShared(segment)
                defer { segment.pointee.latch.unlockShared() }
                for _ in 0..<Self.rowsAtOnce where taken < count {
                    let stratum = taken * total / count..<(taken + 1) * total / count
                    if stratum.lowerBound >= before + rows.count { break }
                    let place = stratum.lowerBound + numbers.next(below: stratum.count)
                    // A stratum across two segments is drawn from in the first.
                    let row = rows.lowerBound + min(place - before, rows.count - 1)
                    if segment.pointee.isVisible(row, to: snapshot) { try body(segment, row) }
                    taken += 1
                }
            }
            before += rows.count
        }
        return isWhole && count == total
    }

    /// The segments to sample with their rows, in order; and whether they are all of the table's.
    private func partsToSample(_ kind: RowKind, _ table: NameId) -> (parts: [(SegmentRef, rows: Range<Int>)], isWhole: Bool) {
        var parts: [(segment: SegmentRef, rows: Range<Int>, isLoaded: Bool)] = []
        for number in graph.table(kind, table)?.segments() ?? [] {
            guard let segment = graph.directory(kind)[number] else { continue }
            segment.pointee.latch.lockShared()
            let rows = segment.pointee.firstRow..<segment.pointee.rowCount
            if rows.count > segment.pointee.deadCount { parts.append((segment, rows, segment.pointee.isLoaded)) }
            segment.pointee.latch.unlockShared()
        }
        let unread = parts.count { !$0.isLoaded }
        let step = max((unread + Self.segmentsReadMax - 1) / Self.segmentsReadMax, 1)
        var passed = 0
        let chosen = parts.filter { part in
            if part.isLoaded { return true }
            passed += 1
            return passed % step == 0
        }
        return (chosen.map { ($0.segment, $0.rows) }, chosen.count == parts.count)
    }
}

extension Graph {
    /// Of all properties that rows of a table have or had, in ascending order; those of the store itself are not among them.
    package func propertyKeys(_ kind: RowKind, _ table: NameId) -> [NameId] {
        var keys: Set<NameId> = []
        for number in self.table(kind, table)?.segments() ?? [] {
            guard let segment = directory(kind)[number] else { continue }
            segment.pointee.latch.lockShared()
            for index in 0..<segment.pointee.columnCount { keys.insert(segment.pointee.columns[index].key) }
            segment.pointee.latch.unlockShared()
        }
        keys.remove(names.labelsKey)
        return keys.sorted()
    }
}
