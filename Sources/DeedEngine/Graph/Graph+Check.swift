// The self-check: reads everything, and compares what is kept twice. Adjacency is an index over the relationship rows, so
// it must hold each visible relationship exactly once in each direction; counts must equal the rows there are.

extension Graph {
    /// One line for each disagreement; none if all is well. Errors of reading are lines too. O(everything).
    package func check() throws(DeedError) -> [String] {
        try requireOpen()
        return try withSnapshot(nil) { snapshot throws(DeedError) in
            var problems: [String] = []
            try checkRows(snapshot, &problems)
            try checkLists(snapshot, &problems)
            try checkIndexes(snapshot, &problems)
            return problems
        }
    }

    /// Counts the rows of each table, and looks up the ends of each relationship.
    private func checkRows(_ snapshot: Snapshot, _ problems: inout [String]) throws(DeedError) {
        for kind in [RowKind.entity, .relationship] {
            var counts: [NameId: Int] = [:]
            for number in 0..<directory(kind).count {
                guard let segment = directory(kind)[number] else { continue }
                do throws(DeedError) {
                    let image = try image(of: segment, for: snapshot)
                    counts[segment.pointee.table, default: 0] += image.rowCount
                    checkEnds(image, snapshot, &problems)
                } catch {
                    problems.append(error.message)
                }
            }
            if snapshot.timestamp != snapshots.lastCommit { continue }
            forEachTable { table in
                let (counted, kept) = (counts[table.name] ?? 0, table.rowCount.load(ordering: .relaxed))
                if table.kind == kind && counted != kept && snapshot.timestamp == snapshots.lastCommit {
                    problems.append("\(kind) table \(table.name) counts \(kept) rows and has \(counted)")
                }
            }
        }
    }

    private func checkEnds(_ image: SegmentImage, _ snapshot: Snapshot, _ problems: inout [String]) {
        guard let sources = image.sources, let targets = image.targets else { return }
        for row in 0..<image.rowCount {
            for end in [sources[row], targets[row]] where !isEntityVisible(end, snapshot) {
                problems.append("relationship \(image.ids[row]) has an end, \(end), that is not there")
            }
        }
    }

    private func isEntityVisible(_ id: RowId, _ snapshot: Snapshot) -> Bool {
        guard let segment = entities.segment(of: id) else { return false }
        segment.pointee.latch.lockShared()
        defer { segment.pointee.latch.unlockShared() }
        return segment.pointee.isVisible(rowNumber(of: id), to: snapshot)
    }

    /// Compares every list entry with its row, and the number of entries with the number of rows.
    private func checkLists(_ snapshot: Snapshot, _ problems: inout [String]) throws(DeedError) {
        var counts: [ListKey: Int] = [:]
        for number in 0..<entities.count {
            guard let segment = entities[number] else { continue }
            do throws(DeedError) {
                for (key, entries) in try listEntries(segment) {
                    for entry in entries {
                        guard let row = try endsIfVisible(entry.relationship, snapshot) else { continue }
                        counts[key, default: 0] += 1
                        let isOut = key.direction == .out
                        let expected = isOut ? (entry.entity, entry.neighbor) : (entry.neighbor, entry.entity)
                        if row.type != key.type || (row.source, row.target) != expected {
                            problems.append(
                                "the lists of entity \(entry.entity) disagree with relationship \(entry.relationship)")
                        }
                    }
                }
            } catch {
                problems.append(error.message)
            }
        }
        compare(counts, snapshot, &problems)
    }

    private struct ListEntry {
        var entity: RowId
        var neighbor: RowId
        var relationship: RowId
    }

    /// A copy of a segment's lists, so that rows can be read in without a latch held.
    private func listEntries(_ segment: SegmentRef) throws(DeedError) -> [(ListKey, [ListEntry])] {
        try lockSharedWithParts(segment)
        defer { segment.pointee.latch.unlockShared() }
        return (0..<segment.pointee.adjacencyCount).map { index in
            let part = segment.pointee.adjacency + index
            var entries: [ListEntry] = []
            entries.reserveCapacity(part.pointee.count)
            for row in 0..<segment.pointee.rowCount {
                let entity = rowId(segment: segment.pointee.number, row: row)
                part.pointee.forEach(row) { neighbor, relationship in
                    entries.append(ListEntry(entity: entity, neighbor: neighbor, relationship: relationship))
                }
            }
            return (ListKey(type: part.pointee.type, direction: part.pointee.direction), entries)
        }
    }

    private struct ListKey: Hashable {
        var type: NameId
        var direction: Direction
    }

    private func compare(_ entries: [ListKey: Int], _ snapshot: Snapshot, _ problems: inout [String]) {
        var rows: [NameId: Int] = [:]
        for number in 0..<relationships.count {
            guard let segment = relationships[number] else { continue }
            segment.pointee.latch.lockShared()
            for row in segment.pointee.firstRow..<segment.pointee.rowCount
            where segment.pointee.isVisible(row, to: snapshot) { rows[segment.pointee.table, default: 0] += 1 }
            segment.pointee.latch.unlockShared()
        }
        for type in Set(rows.keys).union(entries.keys.map(\.type)) {
            for direction in [Direction.out, .in] {
                let listed = entries[ListKey(type: type, direction: direction)] ?? 0
                if listed != rows[type] ?? 0 {
                    problems.append("relationship type \(type): \(rows[type] ?? 0) rows, \(listed) \(direction) entries")
                }
            }
        }
    }

    private func endsIfVisible(
        _ id: RowId, _ snapshot: Snapshot
    ) throws(DeedError) -> (type: NameId, source: RowId, target: RowId)? {
        guard let segment = relationships.segment(of: id) else { return nil }
        try lockLoadedShared(segment)
        defer { segment.pointee.latch.unlockShared() }
        let row = rowNumber(of: id)
        guard segment.pointee.isVisible(row, to: snapshot) else { return nil }
        return (segment.pointee.table, segment.pointee.sources[row], segment.pointee.targets[row])
    }
}
