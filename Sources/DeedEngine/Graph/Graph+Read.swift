// Reading single rows and the neighbours of an entity. A read without a transaction takes its timestamp under the
// latch of the row it reads, where no version can go away; if it must look at rows of other segments as well, it
// registers a snapshot first.

extension Graph {
    /// Reads a row into the buffer; false if there is none. O(properties of the table).
    package func read(
        _ transaction: Transaction?, _ kind: RowKind, _ id: RowId, into buffer: RecordBuffer
    ) throws(DeedError) -> Bool {
        try requireOpen()
        noteRead(transaction, kind, id)
        guard let segment = directory(kind).segment(of: id) else { return false }
        try lockLoadedShared(segment)
        defer { segment.pointee.latch.unlockShared() }
        return copyRow(segment, rowNumber(of: id), id, snapshot(of: transaction), into: buffer)
    }

    /// What a statement sees. Without a transaction: all that is committed now.
    @inline(__always)
    func snapshot(of transaction: Transaction?) -> Snapshot {
        transaction?.snapshot ?? Snapshot(timestamp: snapshots.lastCommit, mark: 0)
    }

    /// Locks a segment for reading with its rows in memory.
    @inline(__always)
    func lockLoadedShared(_ segment: SegmentRef) throws(DeedError) {
        segment.pointee.latch.lockShared()
        while !segment.pointee.isLoaded {
            segment.pointee.latch.unlockShared()
            try load(segment)
            segment.pointee.latch.lockShared()
        }
    }

    /// Copies a row of a locked segment; false if the snapshot does not see it.
    @inline(__always)
    private func copyRow(
        _ segment: SegmentRef, _ row: Int, _ id: RowId, _ snapshot: Snapshot, into buffer: RecordBuffer
    ) -> Bool {
        guard segment.pointee.isVisible(row, to: snapshot) else { return false }
        buffer.removeAllCells()
        let columns = segment.pointee.columns
        let hidden = names.labelsKey
        for index in 0..<segment.pointee.columnCount where columns[index].key != hidden {
            let cell = columns[index].chunk.cell(at: row)
            if cell.type != .null { buffer.append(columns[index].key, cell) }
        }
        if segment.pointee.hasVersions { rewind(segment, row, snapshot, buffer) }
        buffer.own()
        buffer.id = id
        buffer.table = segment.pointee.table
        let isRelationship = segment.pointee.kind == .relationship
        buffer.source = isRelationship ? segment.pointee.sources[row] : 0
        buffer.target = isRelationship ? segment.pointee.targets[row] : 0
        return true
    }

    /// Puts back the values that a snapshot sees instead of newer ones.
    @inline(never)
    private func rewind(_ segment: SegmentRef, _ row: Int, _ snapshot: Snapshot, _ buffer: RecordBuffer) {
        let hidden = names.labelsKey
        forEachUnseenChange(segment, row, snapshot) { key, cell in if key != hidden { buffer.replace(key, cell) } }
    }

    /// Calls `body` with the value before each change of a row that the snapshot does not see, newest first. The segment
    /// is locked, and the cells are borrowed from it.
    func forEachUnseenChange(
        _ segment: SegmentRef, _ row: Int, _ snapshot: Snapshot, _ body: (NameId, Cell) -> Void
    ) {
        var link = segment.pointee.versions.head(row)
        while link != 0 {
            let record = segment.pointee.versions.undo.unsafelyUnwrapped + (Int(link) &- 1)
            if snapshot.sees(record.pointee.stamp) { return }
            guard let column = segment.pointee.columnIndex(record.pointee.key) else { return }
            let slot = UnsafeRawPointer(record) + UndoRecord.slotOffset
            let old = segment.pointee.columns[column].chunk.cell(
                type: record.pointee.type, slot: slot.assumingMemoryBound(to: ByteSlot.self))
            body(record.pointee.key, old)
            link = record.pointee.next
        }
    }

    // MARK: Neighbours

    /// Reads the neighbours of an entity: type by type, in the order in which the relationships were added. O(degree).
    package func neighbors(
        _ transaction: Transaction?, _ id: RowId, type: NameId?, _ directions: Directions, into buffer: RecordBuffer
    ) throws(DeedError) {
        try collectNeighbors(transaction, id, type, directions, buffer)
        depositOnSample(buffer)
    }

    private func collectNeighbors(
        _ transaction: Transaction?, _ id: RowId, _ type: NameId?, _ directions: Directions, _ buffer: RecordBuffer
    ) throws(DeedError) {
        try requireOpen()
        noteLists(transaction, id, type, directions)
        guard let segment = entities.segment(of: id) else { throw missing(.entity, id) }
        if try copyNeighbors(segment, id, type, directions, snapshot(of: transaction), mayCheck: transaction != nil, buffer) {
            return
        }
        try withSnapshot(transaction) { snapshot throws(DeedError) in
            _ = try copyNeighbors(segment, id, type, directions, snapshot, mayCheck: true, buffer)
        }
    }

    /// Runs `body` with a snapshot that is registered, so that no version it may need goes away.
    func withSnapshot<Result>(
        _ transaction: Transaction?, _ body: (Snapshot) throws(DeedError) -> Result
    ) throws(DeedError) -> Result {
        if let transaction, transaction.place != nil { return try body(transaction.snapshot) }
        let (timestamp, place) = snapshots.acquire()
        defer { snapshots.release(place) }
        return try body(transaction?.snapshot ?? Snapshot(timestamp: timestamp, mark: 0))
    }

    /// False if a list has entries that may not be visible, and checking them is not allowed.
    private func copyNeighbors(
        _ segment: SegmentRef, _ id: RowId, _ type: NameId?, _ directions: Directions, _ snapshot: Snapshot,
        mayCheck: Bool, _ buffer: RecordBuffer
    ) throws(DeedError) -> Bool {
        let row = rowNumber(of: id)
        var isFirst = true
        while true {
            buffer.removeAllNeighbors()
            segment.pointee.latch.lockShared()
            guard segment.pointee.isVisible(row, to: snapshot) else {
                segment.pointee.latch.unlockShared()
                throw missing(.entity, id)
            }
            var isComplete = true
            var unloaded: Int?
            for index in 0..<segment.pointee.adjacencyCount {
                let part = segment.pointee.adjacency + index
                guard directions.contains(part.pointee.direction), type == nil || part.pointee.type == type else { continue }
                if !part.pointee.isLoaded {
                    unloaded = index
                    break
                }
                if part.pointee.isSettled(row, for: snapshot) {
                    copyAll(part, row, buffer)
                } else if mayCheck {
                    copyVisible(part, row, snapshot, buffer)
                } else {
                    isComplete = false
                }
            }
            segment.pointee.latch.unlockShared()
            if let unloaded {
                try loadPart(segment, unloaded, makesRoom: isFirst)
                isFirst = false
            } else if buffer.neighborsMissed > 0 {
                try makeRoom(for: buffer.neighborsMissed * 32)
                try buffer.makeRoomForNeighbors(pool)
            } else {
                return isComplete
            }
        }
    }

    @inline(__always)
    private func copyAll(_ part: UnsafeMutablePointer<AdjacencyPart>, _ row: Int, _ buffer: RecordBuffer) {
        let range = part.pointee.baseRange(row)
        let count = buffer.neighborCount
        guard buffer.hasRoom(forNeighbors: count &+ range.count) else { return }
        let (neighbors, relationships) = (part.pointee.neighbors, part.pointee.relationships)
        if neighbors.isWide || relationships.isWide {
            for index in range { buffer.appendNeighbor(neighbors[index], relationships[index]) }
        } else if !range.isEmpty {
            let (source, target) = (neighbors.narrow + range.lowerBound, buffer.neighbors + count)
            for index in 0..<range.count { target[index] = UInt64(source[index]) }
            let (rowSource, rowTarget) = (relationships.narrow + range.lowerBound, buffer.relationships + count)
            for index in 0..<range.count { rowTarget[index] = UInt64(rowSource[index]) }
            buffer.neighborCount = count &+ range.count
        }
        if part.pointee.deltaHead(row) != 0 {
            part.pointee.forEachInDelta(row) { buffer.appendNeighbor($0, $1) }
        }
    }

    private func copyVisible(
        _ part: UnsafeMutablePointer<AdjacencyPart>, _ row: Int, _ snapshot: Snapshot, _ buffer: RecordBuffer
    ) {
        part.pointee.forEach(row) { neighbor, relationship in
            if isRelationshipVisible(relationship, snapshot) { buffer.appendNeighbor(neighbor, relationship) }
        }
    }

    func isRelationshipVisible(_ id: RowId, _ snapshot: Snapshot) -> Bool {
        guard let segment = relationships.segment(of: id) else { return false }
        segment.pointee.latch.lockShared()
        defer { segment.pointee.latch.unlockShared() }
        return segment.pointee.isVisible(rowNumber(of: id), to: snapshot)
    }

    private func depositOnSample(_ buffer: RecordBuffer) {
        if options.isReadOnly { return }
        var position = -1
        while let next = buffer.sampler.next(in: buffer.neighborCount, from: position &+ 1) {
            depositSample(on: buffer.relationships[next])
            position = next
        }
    }

    /// One sampled deposit stands for as many as the sample's interval. Only on rows in memory.
    func depositSample(on relationship: RowId) {
        guard let segment = relationships.segment(of: relationship) else { return }
        deposit(segment, rowNumber(of: relationship), DepositSampler.amount * Double(DepositSampler.interval))
    }

    /// The number of relationships of an entity. O(1) for settled lists without a delta, otherwise O(degree).
    package func degree(
        _ transaction: Transaction?, _ id: RowId, type: NameId?, _ directions: Directions
    ) throws(DeedError) -> Int {
        try requireOpen()
        noteLists(transaction, id, type, directions)
        guard let segment = entities.segment(of: id) else { throw missing(.entity, id) }
        return try withSnapshot(transaction) { snapshot throws(DeedError) in
            try lockSharedWithParts(segment)
            defer { segment.pointee.latch.unlockShared() }
            let row = rowNumber(of: id)
            guard segment.pointee.isVisible(row, to: snapshot) else { throw missing(.entity, id) }
            var degree = 0
            for index in 0..<segment.pointee.adjacencyCount {
                let part = segment.pointee.adjacency + index
                guard directions.contains(part.pointee.direction), type == nil || part.pointee.type == type else { continue }
                if part.pointee.isSettled(row, for: snapshot) {
                    degree &+= part.pointee.entryCount(row)
                } else {
                    part.pointee.forEach(row) { _, relationship in
                        if isRelationshipVisible(relationship, snapshot) { degree &+= 1 }
                    }
                }
            }
            return degree
        }
    }

    /// The outgoing relationships with the highest levels, strongest first, ties by id. O(degree log degree).
    package func strongestNeighbors(
        _ transaction: Transaction?, _ id: RowId, count: Int, into buffer: RecordBuffer
    ) throws(DeedError) {
        try collectNeighbors(transaction, id, nil, .out, buffer)
        var levels: [Double] = []
        levels.reserveCapacity(buffer.neighborCount)
        for index in 0..<buffer.neighborCount {
            let relationship = buffer.relationships[index]
            guard let segment = relationships.segment(of: relationship) else { continue }
            try lockLoadedShared(segment)
            levels.append(level(segment, rowNumber(of: relationship)))
            segment.pointee.latch.unlockShared()
        }
        let order = levels.indices.sorted { left, right in
            levels[left] != levels[right]
                ? levels[left] > levels[right] : buffer.relationships[left] < buffer.relationships[right]
        }
        let picked = Array(order.prefix(count))
        buffer.selectNeighbors(picked, levels: picked.map { levels[$0] })
    }
}
