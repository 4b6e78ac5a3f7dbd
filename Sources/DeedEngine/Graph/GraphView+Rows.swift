// Values of rows by batches: one property of many rows, the ends of relationships, and all properties of one row.

import DeedValues

extension GraphView {
    /// The values of a property, typed where the rows' chunks agree. Rows whose `nulls` byte is set (or whose id is 0) are
    /// null, and so are rows that the snapshot does not see, unless `requiresPresence` makes them an error.
    package func gather(
        _ kind: RowKind, _ ids: UnsafePointer<UInt64>, nulls: UnsafePointer<UInt8>?, count: Int, key: NameId,
        requiresPresence: Bool = false
    ) throws(DeedError) -> ColumnVector {
        var vectors = RecycledVector()
        return try gather(kind, ids, nulls: nulls, count: count, key: key, requiresPresence: requiresPresence, &vectors)
    }

    /// As above, for who does so again and again.
    package func gather(
        _ kind: RowKind, _ ids: UnsafePointer<UInt64>, nulls: UnsafePointer<UInt8>?, count: Int, key: NameId,
        requiresPresence: Bool, _ vectors: inout RecycledVector
    ) throws(DeedError) -> ColumnVector {
        try requireUsable()
        if isNoting { note { reads in for index in 0..<count where ids[index] != 0 { reads.note(kind, ids[index]) } } }
        var column = GatheredColumn(capacity: count)
        swap(&column.vectors, &vectors)
        defer {
            swap(&column.vectors, &vectors)
            vectors.settle()
        }
        let directory = graph.directory(kind)
        if nulls == nil, gatherScattered(directory, ids, count, key, into: &column) { return column.vector }
        var position = 0
        while position < count {
            if ids[position] == 0 || nulls.map({ $0[position] != 0 }) == true {
                column.putNull(position)
                position &+= 1
                continue
            }
            // Neighbours of an entity are all over the graph.
            let isAlone = position &+ 1 == count || segmentNumber(of: ids[position &+ 1]) != segmentNumber(of: ids[position])
            if isAlone && gatherOne(directory, ids[position], position, key, into: &column) {
                position &+= 1
                continue
            }
            let run = IdRun(ids, nulls, from: position, count: count)
            if let segment = directory.segment(of: ids[position]) {
                try graph.lockLoadedShared(segment)
                defer { segment.pointee.latch.unlockShared() }
                if !isPlain(segment, ids, run) {
                    try gatherOneByOne(kind, segment, ids, run, key, into: &column, requiresPresence)
                } else if let index = segment.pointee.columnIndex(key) {
                    try column.copy(segment.pointee.columns[index].chunk, ids, run)
                } else {
                    column.putNulls(run.start, run.end)
                }
            } else {
                if requiresPresence { throw graph.missing(kind, ids[position]) }
                column.putNulls(run.start, run.end)
            }
            position = run.end
        }
        return column.vector
    }

    /// The value of a row, if nobody has changed its segment lately, and the column has its type already.
    @inline(__always)
    private func gatherOne(
        _ directory: Directory, _ id: RowId, _ position: Int, _ key: NameId, into column: inout GatheredColumn
    ) -> Bool {
        guard let segment = directory.segment(of: id) else { return false }
        segment.pointee.latch.lockShared()
        defer { segment.pointee.latch.unlockShared() }
        let row = rowNumber(of: id)
        guard segment.pointee.isLoaded, isWhole(segment), row < segment.pointee.rowCount,
            let index = segment.pointee.columnIndex(key)
        else { return false }
        return column.copyOne(&segment.pointee.columns[index].chunk, row, to: position)
    }

    /// True if the snapshot sees all rows of a run with the values they have now.
    @inline(__always)
    private func isPlain(_ segment: SegmentRef, _ ids: UnsafePointer<UInt64>, _ run: IdRun) -> Bool {
        if isWhole(segment) { return run.highestRow < segment.pointee.rowCount }
        return isPlainRowByRow(segment, ids, run)
    }

    @inline(never)
    private func isPlainRowByRow(_ segment: SegmentRef, _ ids: UnsafePointer<UInt64>, _ run: IdRun) -> Bool {
        if run.highestRow >= segment.pointee.rowCount { return false }
        let isSettled = isSettled(segment)
        for index in run.start..<run.end {
            let row = rowNumber(of: ids[index])
            if isSettled {
                if segment.pointee.isDead(row) || segment.pointee.versions.deletedStamp(row) != 0 { return false }
            } else if !segment.pointee.isVisible(row, to: snapshot) || segment.pointee.versions.head(row) != 0 {
                return false
            }
        }
        return true
    }

    @inline(never)
    private func gatherOneByOne(
        _ kind: RowKind, _ segment: SegmentRef, _ ids: UnsafePointer<UInt64>, _ run: IdRun, _ key: NameId,
        into column: inout GatheredColumn, _ requiresPresence: Bool
    ) throws(DeedError) {
        let index = segment.pointee.columnIndex(key)
        for position in run.start..<run.end {
            let row = rowNumber(of: ids[position])
            if segment.pointee.isVisible(row, to: snapshot) {
                try column.put(position, visibleCell(segment, row, index, key))
            } else {
                if requiresPresence { throw graph.missing(kind, ids[position]) }
                column.putNull(position)
            }
        }
    }

    // MARK: Relationships

    /// Source and target of each relationship; those of rows that are deleted too, as long as they are kept. 0 for others.
    package func ends(
        _ relationships: UnsafePointer<UInt64>, count: Int, sources: UnsafeMutablePointer<UInt64>,
        targets: UnsafeMutablePointer<UInt64>
    ) throws(DeedError) {
        try requireUsable()
        var position = 0
        while position < count {
            (sources[position], targets[position]) = (0, 0)
            guard relationships[position] != 0, let segment = graph.relationships.segment(of: relationships[position]) else {
                position &+= 1
                continue
            }
            let run = IdRun(relationships, nil, from: position, count: count)
            try graph.lockLoadedShared(segment)
            copy(segment.pointee.sources, relationships, run, segment.pointee.rowCount, into: sources)
            copy(segment.pointee.targets, relationships, run, segment.pointee.rowCount, into: targets)
            segment.pointee.latch.unlockShared()
            position = run.end
        }
    }

    @inline(__always)
    private func copy(
        _ ends: IdArray, _ ids: UnsafePointer<UInt64>, _ run: IdRun, _ rowCount: Int,
        into result: UnsafeMutablePointer<UInt64>
    ) {
        let known = min(rowCount, ends.capacity)
        if run.highestRow >= known {
            for index in run.start..<run.end {
                let row = rowNumber(of: ids[index])
                result[index] = row < known ? ends[row] : 0
            }
        } else if ends.isWide {
            for index in run.start..<run.end { result[index] = ends.wide[rowNumber(of: ids[index])] }
        } else {
            let narrow = ends.narrow
            for index in run.start..<run.end { result[index] = UInt64(narrow[rowNumber(of: ids[index])]) }
        }
    }

    /// nil if there never was such a relationship.
    package func type(ofRelationship id: RowId) -> NameId? {
        guard id != 0 else { return nil }
        return graph.relationships.segment(of: id)?.pointee.table
    }

    // MARK: One row

    /// All properties, in order of key number; those that are the store's own business left out. nil if the row is not there.
    package func properties(_ kind: RowKind, _ id: RowId) throws(DeedError) -> [(key: String, value: Value)]? {
        try requireUsable()
        if isNoting { note { $0.note(kind, id) } }
        guard let segment = graph.directory(kind).segment(of: id) else { return nil }
        let row = rowNumber(of: id)
        try graph.lockLoadedShared(segment)
        defer { segment.pointee.latch.unlockShared() }
        guard segment.pointee.isVisible(row, to: snapshot) else { return nil }
        var result: [(key: String, value: Value)] = []
        for index in 0..<segment.pointee.columnCount {
            let key = segment.pointee.columns[index].key
            if key == graph.names.labelsKey { continue }
            let cell = visibleCell(segment, row, index, key)
            if cell.type != .null { result.append((graph.names.display(.propertyKey, key), try Value(cell))) }
        }
        return result
    }
}
