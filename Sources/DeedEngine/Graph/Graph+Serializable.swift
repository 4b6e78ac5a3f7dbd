// Serializable transactions. They read a snapshot and write like any other, and remember what they have read. At commit,
// in the order of commits, everything they have read must be as it was in the snapshot: nobody who committed since has
// changed it. Then the transaction might as well have run as a whole at the moment of its commit, and so the order of
// commits is a serial order of all serializable transactions that write.
//
// One that only reads needs no check: its snapshot is the state after some commit, which is a place in that order. (Where
// the serial order is not the order of commits, as in PostgreSQL, a reader can see a state that belongs to none.)
//
// Whether something has changed is read off the stamps that rows carry for the sake of snapshots. The transaction's own
// snapshot is in use, so nobody has dropped a stamp that is newer. Relationships that are new in a list stand in it, and
// those deleted since still do; so a list has changed if one of its entries has been added or deleted since.
//
// A transaction without this isolation is not checked, and what it does to others is checked like everybody's writes.

extension Graph {
    // MARK: Noting what is read

    /// Notes a row for a serializable transaction.
    @inline(__always)
    func noteRead(_ transaction: Transaction?, _ kind: RowKind, _ id: RowId) {
        if let reads = transaction?.reads { reads.note(kind, id) }
    }

    /// Notes the lists of an entity, and that the entity is there.
    @inline(__always)
    func noteLists(_ transaction: Transaction?, _ id: RowId, _ type: NameId?, _ directions: Directions) {
        if let reads = transaction?.reads { note(reads, id, type, directions) }
    }

    @inline(never)
    private func note(_ reads: ReadSet, _ id: RowId, _ type: NameId?, _ directions: Directions) {
        reads.note(.entity, id)
        if let type, type >= names.count(.relationshipType) {
            reads.noteUnknownName(.relationshipType, of: names.count(.relationshipType))
        } else {
            reads.noteLists(id, type, directions)
        }
    }

    func noteTable(_ transaction: Transaction?, _ kind: RowKind, _ name: NameId) {
        guard let reads = transaction?.reads else { return }
        let nameKind: NameKind = kind == .entity ? .collection : .relationshipType
        if name >= names.count(nameKind) {
            reads.noteUnknownName(nameKind, of: names.count(nameKind))
        } else {
            reads.noteTable(kind, name)
        }
    }

    // MARK: Checking

    /// The members of a group that may commit, in order; the others get their error. Called by one thread at a time.
    func withValidReads(_ group: [Transaction]) -> [Transaction] {
        guard group.contains(where: { $0.reads != nil }) else { return group }
        var valid: [Transaction] = []
        for transaction in group {
            if let reads = transaction.reads {
                let check = ReadCheck(graph: self, transaction: transaction, earlier: valid)
                if let change = check.firstChange(in: reads) {
                    counters.conflicts.add(1, ordering: .relaxed)
                    transaction.commitError = DeedError(
                        .serializationFailure,
                        "\(change) since the transaction read it, by one that has committed; roll back and try again")
                    continue
                }
            }
            valid.append(transaction)
        }
        return valid
    }
}

/// Compares what one transaction has read with the present. Members of the same group that commit before it have their
/// marks on their rows still, and count as committed.
private struct ReadCheck {
    let graph: Graph
    let earlier: [Transaction]
    private let snapshot: Snapshot
    private let earlierMarks: Set<Stamp>

    init(graph: Graph, transaction: Transaction, earlier: [Transaction]) {
        self.graph = graph
        self.earlier = earlier
        snapshot = transaction.snapshot
        earlierMarks = Set(earlier.map(\.mark))
    }

    /// What has changed first, in words, or nil.
    func firstChange(in reads: ReadSet) -> String? {
        if reads.isEverything && (graph.snapshots.lastCommit > snapshot.timestamp || !earlier.isEmpty) {
            return "something has changed"
        }
        for (kind, count) in reads.nameCounts where graph.names.count(kind) != count { return "a \(kind) was made" }
        for row in reads.rows where hasChanged(row) { return "\(row.kind) \(row.number) has changed" }
        for lists in reads.lists where haveChanged(lists) {
            return "the relationships of entity \(lists.entity) have changed"
        }
        for table in reads.tables where hasChanged(table) {
            let name = graph.names.display(table.kind == .entity ? .collection : .relationshipType, table.name)
            return "the \(table.kind == .entity ? "collection" : "relationship type") '\(name)' has changed"
        }
        for (kind, first) in reads.laterTables {
            let end = NameId(graph.names.count(kind == .entity ? .collection : .relationshipType))
            for name in first..<max(first, end) where hasChanged(TableKey(kind: kind, name: name)) {
                return "a new \(kind == .entity ? "collection" : "relationship type") was filled"
            }
        }
        for key in reads.segments where hasChangedAnywhere(key) {
            return "\(key.kind) segment \(key.number) has changed"
        }
        if reads.isEveryType && hasAnyTypeChanged { return "a relationship has changed" }
        return nil
    }

    /// True for what somebody has done whom the snapshot does not see and who commits before this transaction.
    private func isLater(_ stamp: Stamp) -> Bool {
        isRunning(stamp) ? earlierMarks.contains(stamp) : stamp > snapshot.timestamp
    }

    // MARK: Rows

    private func hasChanged(_ key: RowKey) -> Bool {
        guard let segment = graph.directory(key.kind).segment(of: key.number) else { return false }
        segment.pointee.latch.lockShared()
        defer { segment.pointee.latch.unlockShared() }
        guard segment.pointee.hasVersions else { return false }
        let row = rowNumber(of: key.number)
        // Not only the newest change: a running transaction may have changed the row once more.
        return isPresenceLater(segment, row) || segment.pointee.versions.containsChange(row, where: isLater)
    }

    /// True if a row was added or deleted since. The segment is locked.
    private func isPresenceLater(_ segment: SegmentRef, _ row: Int) -> Bool {
        let versions = segment.pointee.versions
        return isLater(versions.createdStamp(row)) || isLater(versions.deletedStamp(row))
            || row < segment.pointee.rowCount && isLater(segment.pointee.createdAll)
    }

    /// True if any row of a segment may have changed.
    private func hasChangedAnywhere(_ key: RowKey) -> Bool {
        guard let segment = graph.directory(key.kind)[Int(clamping: key.number)] else { return false }
        return hasChangedAnywhere(segment)
    }

    private func hasChangedAnywhere(_ segment: SegmentRef) -> Bool {
        segment.pointee.latch.lockShared()
        let lastChange = segment.pointee.writers.lastChange
        segment.pointee.latch.unlockShared()
        if lastChange > snapshot.timestamp { return true }
        return earlier.contains { member in
            member.writes.contains { $0.segment == segment && $0.action == .enterSegment }
        }
    }

    private func hasChanged(_ key: TableKey) -> Bool {
        guard let table = graph.table(key.kind, key.name) else { return false }
        return table.segments().contains { number in
            guard let segment = graph.directory(key.kind)[number] else { return false }
            return hasChangedAnywhere(segment)
        }
    }

    private var hasAnyTypeChanged: Bool {
        (0..<graph.relationships.count).contains { number in
            guard let segment = graph.relationships[number] else { return false }
            return hasChangedAnywhere(segment)
        }
    }

    // MARK: Lists

    private func haveChanged(_ key: ListsKey) -> Bool {
        guard let segment = graph.entities.segment(of: key.entity) else { return false }
        segment.pointee.latch.lockShared()
        defer { segment.pointee.latch.unlockShared() }
        let row = rowNumber(of: key.entity)
        for index in 0..<segment.pointee.adjacencyCount {
            let part = segment.pointee.adjacency + index
            guard matches(part, key), !part.pointee.isSettled(row, for: snapshot) else { continue }
            // What has been written to the disk since, and dropped from memory, is not read in here, within a commit.
            if !part.pointee.isLoaded { return true }
            var hasChanged = false
            part.pointee.forEach(row) { _, relationship in
                if !hasChanged && isPresenceLater(relationship) { hasChanged = true }
            }
            if hasChanged { return true }
        }
        return false
    }

    private func matches(_ part: UnsafeMutablePointer<AdjacencyPart>, _ key: ListsKey) -> Bool {
        key.directions.contains(part.pointee.direction) && (key.type == nil || key.type == part.pointee.type)
    }

    private func isPresenceLater(_ relationship: RowId) -> Bool {
        guard let segment = graph.relationships.segment(of: relationship) else { return false }
        segment.pointee.latch.lockShared()
        defer { segment.pointee.latch.unlockShared() }
        return segment.pointee.hasVersions && isPresenceLater(segment, rowNumber(of: relationship))
    }
}
