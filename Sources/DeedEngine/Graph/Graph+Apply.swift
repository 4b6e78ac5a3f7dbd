// Live apply: the effects of a log record, at the ids that they carry, as a running transaction beside readers. Nobody
// sees them until the transaction is stamped with a timestamp, and it can be undone as a whole, like any transaction.
//
// Where a store follows another one, or takes up what was prepared before it was closed, records come in the order of
// their commits but rows were handed out in the order of the statements. So a row may come after those behind it: the
// rows in between are dead until their own records come, and then are revived. Dead is also what they are if their
// transaction was rolled back, of which no record tells.
//
// Applying a record to a state that has it already changes nothing: rows that are there are not added again, and rows
// that are gone are not deleted again. Conflicts are possible only with transactions that run here as well.

extension Graph {
    /// A transaction to apply records in.
    func beginApplying() -> Transaction {
        Transaction(snapshot: .latest(mark: newMark()), place: nil, isReadOnly: false)
    }

    /// Applies effects as they stand in a record behind its header. If that fails, all that the transaction has done is
    /// undone, so that the same effects may be applied again.
    func apply(_ effects: UnsafeRawBufferPointer, in transaction: Transaction) throws(DeedError) {
        do throws(DeedError) {
            try forEachEffect(effects, LiveApply(graph: self, transaction: transaction))
        } catch {
            undoApplied(transaction)
            throw error
        }
    }

    /// Makes an applied transaction visible as the commit that it is.
    func publishApplied(_ transaction: Transaction, at timestamp: Timestamp) {
        transaction.commitTimestamp = timestamp
        stamp(transaction, timestamp)
        snapshots.publish(timestamp)
        end(transaction, as: .committed)
    }

    /// Undoes an applied transaction and takes its entries out of the lists: applied again, its relationships have the
    /// same ids, and the entries of before would come back to life with them.
    func undoApplied(_ transaction: Transaction) {
        let lists = transaction.writes.filter { $0.action == .enterPart }
        undo(transaction, to: Transaction.Savepoint())
        for list in lists { withMemory { () throws(DeedError) in try dropDeadEntries(list.segment, part: Int(list.row)) } }
    }

    private func dropDeadEntries(_ segment: SegmentRef, part index: Int) throws(DeedError) {
        segment.pointee.latch.lockShared()
        let part = segment.pointee.adjacency[index]
        segment.pointee.latch.unlockShared()
        try mergeList(segment, type: part.type, direction: part.direction, filter: filterOfDead(segment)) {
            _ throws(DeedError) in
        }
    }
}

/// Writes the effects of one record as a transaction.
private struct LiveApply: LogEffects {
    let graph: Graph
    let transaction: Transaction

    private var pool: MemoryPool { graph.pool }

    // MARK: Adding

    func insert(
        _ kind: RowKind, _ id: RowId, _ table: NameId, _ cells: [PropertyCell], _ source: RowId, _ target: RowId
    ) throws(DeedError) {
        try graph.makeRoom(for: transaction)
        let segment = try place(kind, Int(clamping: segmentNumber(of: id)), table)
        var isNew = false
        do {
            try graph.lockLoaded(segment)
            defer { segment.pointee.latch.unlockExclusive() }
            let row = rowNumber(of: id)
            if try isThere(segment, row, id) {
                try change(segment, row, cells, replacing: true)
            } else {
                try fill(segment, row, id, cells, source, target)
                isNew = true
            }
        }
        try graph.enterIndexes(applying: transaction)
        if !isNew { return }
        guard kind == .relationship else { return }
        try link([(source, target, id)], table, .out)
        try link([(target, source, id)], table, .in)
    }

    /// The segment of that number, made if there is none. New rows of this graph's own go behind all that was applied.
    private func place(_ kind: RowKind, _ number: Int, _ table: NameId) throws(DeedError) -> SegmentRef {
        let segment = try graph.placeSegment(kind, number, table)
        let owner = try graph.requireTable(kind, table)
        let tail = owner.tail.load(ordering: .acquiring)
        if (tail?.pointee.number ?? -1) < number { owner.tail.store(segment, ordering: .releasing) }
        return segment
    }

    /// True if a row has been added before, and not deleted. The segment is locked.
    private func isThere(_ segment: SegmentRef, _ row: Int, _ id: RowId) throws(DeedError) -> Bool {
        guard row >= segment.pointee.firstRow else { throw DeedError(.corruption, "the log has a row with id \(id)") }
        guard row < segment.pointee.rowCount && !segment.pointee.isDead(row) else { return false }
        try requireOwn(segment, id, segment.pointee.versions.createdStamp(row), "was added")
        let deleted = segment.pointee.versions.deletedStamp(row)
        try requireOwn(segment, id, deleted, "is being deleted")
        return true
    }

    /// Throws if another running transaction has left this stamp.
    private func requireOwn(_ segment: SegmentRef, _ id: RowId, _ stamp: Stamp, _ what: String) throws(DeedError) {
        if isRunning(stamp) && stamp != transaction.mark { throw graph.conflict(segment.pointee.kind, id, what, by: stamp) }
    }

    /// Fills a row that was not there. On failure it stays dead. The segment is locked.
    private func fill(
        _ segment: SegmentRef, _ row: Int, _ id: RowId, _ cells: [PropertyCell], _ source: RowId, _ target: RowId
    ) throws(DeedError) {
        while segment.pointee.rowCount < row {
            try segment.pointee.markDead(segment.pointee.rowCount, pool)
            segment.pointee.rowCount &+= 1
        }
        do throws(DeedError) {
            if segment.pointee.kind == .relationship {
                try segment.pointee.sources.set(row, source, pool, .columns)
                try segment.pointee.targets.set(row, target, pool, .columns)
                segment.pointee.endpointsDirty = true
                try graph.startPheromone(segment, row)
            }
            try graph.set(segment, row, cells)
            try segment.pointee.versions.setCreated(row, transaction.mark, pool)
        } catch {
            try graph.clearValues(segment, row)
            throw error
        }
        segment.pointee.hasVersions = true
        segment.pointee.revive(row)
        segment.pointee.rowCount = max(segment.pointee.rowCount, row &+ 1)
        segment.pointee.directoryDirty = true
        enter(segment)
        transaction.recordRow(.insert, segment, row: row)
        if let rules = rules(of: segment) { graph.noteEntering(rules, transaction, segment, row) }
    }

    private func rules(of segment: SegmentRef) -> TableRules? {
        graph.table(segment.pointee.kind, segment.pointee.table)?.rules
    }

    private func enter(_ segment: SegmentRef) {
        if segment.pointee.writers.enter(transaction.mark) { transaction.record(.enterSegment, segment, row: 0) }
    }

    /// One end of a relationship, what is at the other end, and the relationship.
    private typealias End = (entity: RowId, other: RowId, relationship: RowId)

    /// Enters relationships into the lists of entities that are in the same segment.
    private func link(_ ends: some Collection<End>, _ type: NameId, _ direction: Direction) throws(DeedError) {
        guard let first = ends.first else { return }
        let segment = try graph.knownSegment(.entity, first.entity)
        let part = try lockExclusive(segment, type, direction)
        defer { segment.pointee.latch.unlockExclusive() }
        let list = segment.pointee.adjacency + part
        if list.pointee.writers.enter(transaction.mark) { transaction.record(.enterPart, segment, row: part) }
        for end in ends {
            let row = rowNumber(of: end.entity)
            guard row < segment.pointee.rowCount else {
                throw DeedError(
                    .corruption, "relationship \(end.relationship) has an end, \(end.entity), that was never added")
            }
            // A record that is applied again may go on to delete both, and the end has been deleted for good already.
            if segment.pointee.isDead(row) { continue }
            if list.pointee.wantsMerge { try list.pointee.merge(rows: segment.pointee.rowCount, pool) }
            try list.pointee.append(row, end.other, end.relationship, pool)
        }
    }

    /// Locks a segment for writing with one of its lists in memory; returns where that is.
    private func lockExclusive(
        _ segment: SegmentRef, _ type: NameId, _ direction: Direction
    ) throws(DeedError) -> Int {
        while true {
            segment.pointee.latch.lockExclusive()
            let part = segment.pointee.part(type: type, direction: direction)
            if segment.pointee.adjacency[part].isLoaded { return part }
            segment.pointee.latch.unlockExclusive()
            try graph.loadPart(segment, part)
        }
    }

    // MARK: Changing

    func update(_ kind: RowKind, _ id: RowId, _ cells: [PropertyCell], replacing: Bool) throws(DeedError) {
        let segment = try graph.knownSegment(kind, id)
        try graph.makeRoom(for: transaction)
        do {
            try graph.lockLoaded(segment)
            defer { segment.pointee.latch.unlockExclusive() }
            let row = rowNumber(of: id)
            if try isThere(segment, row, id) { try change(segment, row, cells, replacing: replacing) }
        }
        try graph.enterIndexes(applying: transaction)
    }

    /// Sets values, keeping what was there for older snapshots. The segment is locked.
    private func change(
        _ segment: SegmentRef, _ row: Int, _ cells: [PropertyCell], replacing: Bool
    ) throws(DeedError) {
        let id = rowId(segment: segment.pointee.number, row: row)
        try requireOwn(segment, id, segment.pointee.versions.newestStamp(row), "was changed")
        let rules = rules(of: segment)
        let leaving = rules.map { graph.noteLeaving($0, transaction, segment, row, changing: nil) }
        enter(segment)
        segment.pointee.hasVersions = true
        for property in cells {
            if property.cell.type == .null && segment.pointee.columnIndex(property.key) == nil { continue }
            graph.noteColumn(property.key, of: segment)
            try graph.change(transaction, segment, row, property)
        }
        for column in 0..<(replacing ? segment.pointee.columnCount : 0)
        where segment.pointee.columns[column].chunk.isValid(row) {
            let key = segment.pointee.columns[column].key
            if key == graph.names.labelsKey || cells.contains(where: { $0.key == key }) { continue }
            try graph.change(transaction, segment, row, PropertyCell(key: key, cell: .null))
        }
        if let rules, let leaving {
            graph.noteEntering(rules, transaction, segment, row, changing: nil, leaving: leaving)
        }
    }

    // MARK: Deleting

    func delete(_ kind: RowKind, _ id: RowId) throws(DeedError) {
        let segment = try graph.knownSegment(kind, id)
        try graph.makeRoom(for: transaction)
        let row = rowNumber(of: id)
        var ends: [(end: RowId, direction: Direction)] = []
        do {
            try graph.lockLoaded(segment)
            defer { segment.pointee.latch.unlockExclusive() }
            guard try isThere(segment, row, id), segment.pointee.versions.deletedStamp(row) == 0 else { return }
            try requireOwn(segment, id, segment.pointee.versions.newestStamp(row), "was changed")
            try graph.markDeleted(transaction, segment, row)
            graph.noteLeaving(transaction, segment, row)
            if kind == .relationship {
                ends = [(segment.pointee.sources[row], .out), (segment.pointee.targets[row], .in)]
            }
        }
        for (end, direction) in ends { try doubt(end, segment.pointee.table, direction) }
    }

    /// Makes readers of a list look at the rows from now on. The list is in memory from then on, so that the state it is
    /// in stays readable until no snapshot needs it.
    private func doubt(_ end: RowId, _ type: NameId, _ direction: Direction) throws(DeedError) {
        let segment = try graph.knownSegment(.entity, end)
        let part = try lockExclusive(segment, type, direction)
        defer { segment.pointee.latch.unlockExclusive() }
        try segment.pointee.adjacency[part].doubt(rowNumber(of: end), pool)
    }

    // MARK: Bulk loads

    /// A bulk load's segment: its chunks are in the store; only the lists of its relationships' ends are to be made.
    func attach(_ load: AttachedSegment) throws(DeedError) {
        try graph.makeRoom(for: transaction)
        if let key = load.columns.first { try graph.requireChunk(load.generation, load.kind, load.number, key) }
        let segment = try place(load.kind, load.number, load.table)
        graph.noteGeneration(load.generation)
        guard try announce(load, segment) else { return }
        try graph.enterAttached(segment)
        guard load.kind == .relationship else { return }
        let ends = try graph.attachedEnds(segment)
        try linkAll(ends.map { ($0.source, $0.target, $0.id) }, load.table, .out)
        try linkAll(ends.map { ($0.target, $0.source, $0.id) }, load.table, .in)
    }

    /// Says where an attached segment's rows are. False if they have been attached before.
    private func announce(_ load: AttachedSegment, _ segment: SegmentRef) throws(DeedError) -> Bool {
        segment.pointee.latch.lockExclusive()
        defer { segment.pointee.latch.unlockExclusive() }
        let first = segment.pointee.firstRow
        guard segment.pointee.rowCount &- first == segment.pointee.deadCount, load.rows > first else { return false }
        // A checkpoint may have listed the segment before the load was committed, all of its rows unseen.
        for row in first..<segment.pointee.rowCount { segment.pointee.revive(row) }
        segment.pointee.freeRows(pool)
        segment.pointee.rowCount = load.rows
        segment.pointee.createdAll = transaction.mark
        segment.pointee.hasVersions = true
        for key in load.columns {
            graph.noteColumn(key, of: segment)
            let column = segment.pointee.column(key)
            segment.pointee.columns[column].generation = load.generation
            segment.pointee.columns[column].isDirty = false
        }
        segment.pointee.endpointsGeneration = load.kind == .relationship ? load.generation : 0
        segment.pointee.endpointsDirty = false
        segment.pointee.isLoaded = load.columns.isEmpty && load.kind == .entity
        segment.pointee.directoryDirty = true
        enter(segment)
        transaction.record(.attach, segment, row: first, end: load.rows)
        return true
    }

    /// Enters many relationships, one segment of entities after the other. In each list they keep their order.
    private func linkAll(_ ends: [End], _ type: NameId, _ direction: Direction) throws(DeedError) {
        let groups = Dictionary(grouping: ends) { segmentNumber(of: $0.entity) }
        for (_, group) in groups.sorted(by: { $0.key < $1.key }) {
            try graph.makeRoom(for: transaction)
            try link(group, type, direction)
        }
    }
}
