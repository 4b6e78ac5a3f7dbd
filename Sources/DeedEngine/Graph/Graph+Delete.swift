// The statements that delete rows. A deleted row keeps its place and its values until no snapshot sees it any more; then
// maintenance buries it (Maintenance.swift) and takes its entries out of the lists of its ends. Until then the lists say
// which entities have such entries, and whoever reads these looks at the rows.
//
// An entity with a million relationships is deleted without holding its latch for longer than it takes to copy their ids:
// it is marked first, and from then on nobody can give it another relationship.

extension Graph {
    package func deleteRelationship(_ transaction: Transaction, _ id: RowId) throws(DeedError) {
        try makeRoom(for: transaction)
        let savepoint = transaction.savepoint
        do throws(DeedError) {
            try removeRelationship(transaction, id)
        } catch {
            undo(transaction, to: savepoint)
            throw error
        }
    }

    /// `entity` is the end that is being deleted, too, and knows.
    private func removeRelationship(
        _ transaction: Transaction, _ id: RowId, of entity: RowId = 0
    ) throws(DeedError) {
        guard let segment = relationships.segment(of: id) else { throw missing(.relationship, id, for: transaction) }
        let row = rowNumber(of: id)
        let source: RowId
        let target: RowId
        do {
            try lockLoaded(segment)
            defer { segment.pointee.latch.unlockExclusive() }
            try requireWritableRow(transaction, segment, row, id)
            logBeforeImage(transaction, segment, row, id)
            try markDeleted(transaction, segment, row)
            noteLeaving(transaction, segment, row)
            source = segment.pointee.sources[row]
            target = segment.pointee.targets[row]
        }
        if source != entity { try doubt(source, segment.pointee.table, .out) }
        if target != entity { try doubt(target, segment.pointee.table, .in) }
        if isLogged { LogRecord.delete(.relationship, id, into: &transaction.log) }
    }

    func markDeleted(_ transaction: Transaction, _ segment: SegmentRef, _ row: Int) throws(DeedError) {
        try segment.pointee.versions.setDeleted(row, transaction.mark, pool)
        segment.pointee.hasVersions = true
        segment.pointee.directoryDirty = true
        if segment.pointee.writers.enter(transaction.mark) { transaction.record(.enterSegment, segment, row: 0) }
        transaction.recordRow(.delete, segment, row: row)
    }

    /// Makes readers of an entity's list look at the rows from now on: one of its entries is deleted, or about to be.
    private func doubt(_ end: RowId, _ type: NameId, _ direction: Direction) throws(DeedError) {
        guard let segment = entities.segment(of: end) else { throw missing(.entity, end) }
        segment.pointee.latch.lockExclusive()
        defer { segment.pointee.latch.unlockExclusive() }
        let part = segment.pointee.part(type: type, direction: direction)
        try segment.pointee.adjacency[part].doubt(rowNumber(of: end), pool)
    }

    /// Deletes an entity, with `detach` after its relationships. O(degree).
    package func deleteEntity(_ transaction: Transaction, _ id: RowId, detach: Bool) throws(DeedError) {
        guard let segment = entities.segment(of: id) else { throw missing(.entity, id, for: transaction) }
        try withRoom { () throws(DeedError) in try removeEntity(transaction, segment, id, detach: detach) }
        if isLogged { LogRecord.delete(.entity, id, into: &transaction.log) }
    }

    private func removeEntity(
        _ transaction: Transaction, _ segment: SegmentRef, _ id: RowId, detach: Bool
    ) throws(DeedError) {
        let savepoint = transaction.savepoint
        do throws(DeedError) {
            try markEntity(transaction, segment, id)
            let attached = try attachedIds(segment, id)
            if !detach { try requireNone(transaction, attached, of: id) }
            for index in 0..<attached.count { try removeUnlessGone(transaction, attached[index], of: id) }
        } catch {
            undo(transaction, to: savepoint)
            throw error
        }
    }

    /// Marks an entity as deleted: nobody gives it a relationship from now on.
    private func markEntity(_ transaction: Transaction, _ segment: SegmentRef, _ id: RowId) throws(DeedError) {
        let row = rowNumber(of: id)
        try lockExclusiveWithParts(segment)
        defer { segment.pointee.latch.unlockExclusive() }
        try requireWritableRow(transaction, segment, row, id)
        for index in 0..<segment.pointee.adjacencyCount where segment.pointee.adjacency[index].hasEntries(row) {
            try segment.pointee.adjacency[index].doubt(row, pool)
        }
        logBeforeImage(transaction, segment, row, id)
        try markDeleted(transaction, segment, row)
        noteLeaving(transaction, segment, row)
    }

    /// The relationships in the lists of an entity, each once, whether they are visible or not.
    private func attachedIds(_ segment: SegmentRef, _ id: RowId) throws(DeedError) -> AttachedIds {
        let row = rowNumber(of: id)
        let attached: AttachedIds
        do {
            try lockSharedWithParts(segment)
            defer { segment.pointee.latch.unlockShared() }
            var count = 0
            for index in 0..<segment.pointee.adjacencyCount { count &+= segment.pointee.adjacency[index].entryCount(row) }
            attached = try AttachedIds(capacity: count, pool)
            for index in 0..<segment.pointee.adjacencyCount {
                let part = segment.pointee.adjacency + index
                part.pointee.forEach(row) { neighbor, relationship in
                    // A self-loop stands in both lists; it is taken from the outgoing one.
                    if part.pointee.direction == .out || neighbor != id { attached.append(relationship) }
                }
            }
        }
        attached.sort()
        return attached
    }

    private func requireNone(
        _ transaction: Transaction, _ attached: AttachedIds, of id: RowId
    ) throws(DeedError) {
        var count = 0
        for index in 0..<attached.count {
            switch presence(of: attached[index], for: transaction.snapshot) {
            case .visible, .leaving: count += 1
            case .elsewhere(let stamp): throw wasGiven(attached[index], id, by: stamp)
            case .gone: break
            }
        }
        guard count == 0 else {
            throw DeedError(.hasRelationships, "entity \(id) has \(count) relationships; delete them first, or detach")
        }
    }

    /// Deletes a relationship of an entity unless it is gone, which it may be by another's hand since it was listed. Throws
    /// a conflict if the transaction does not see it but it exists or may come to exist.
    private func removeUnlessGone(
        _ transaction: Transaction, _ relationship: RowId, of entity: RowId
    ) throws(DeedError) {
        switch presence(of: relationship, for: transaction.snapshot) {
        case .gone: return
        case .elsewhere(let stamp): throw wasGiven(relationship, entity, by: stamp)
        case .visible, .leaving: break
        }
        do throws(DeedError) {
            try makeRoom(for: transaction)
            try removeRelationship(transaction, relationship, of: entity)
        } catch {
            if error.status != .notFound { throw error }
        }
    }

    private func wasGiven(_ relationship: RowId, _ entity: RowId, by stamp: Stamp) -> DeedError {
        conflict(.entity, entity, "was given a relationship", by: stamp, holder: (.relationship, relationship))
    }

    enum Presence {
        case visible
        /// Visible, while the transaction of this stamp deletes it or has done so since.
        case leaving(Stamp)
        /// By the transaction of this stamp, which the snapshot does not see.
        case elsewhere(Stamp)
        /// For nobody who could still matter.
        case gone
    }

    /// Whether a relationship is there for this snapshot. Its segment is not locked.
    func presence(of relationship: RowId, for snapshot: Snapshot) -> Presence {
        guard let segment = relationships.segment(of: relationship) else { return .gone }
        segment.pointee.latch.lockShared()
        defer { segment.pointee.latch.unlockShared() }
        let row = rowNumber(of: relationship)
        let deleted = segment.pointee.hasVersions ? segment.pointee.versions.deletedStamp(row) : 0
        if segment.pointee.isVisible(row, to: snapshot) { return deleted == 0 ? .visible : .leaving(deleted) }
        if segment.pointee.isDead(row) || !segment.pointee.hasVersions { return .gone }
        // A deletion that another transaction is running may be undone.
        if deleted != 0 && (!isRunning(deleted) || deleted == snapshot.mark) { return .gone }
        let created = max(segment.pointee.versions.createdStamp(row), segment.pointee.createdAll)
        return .elsewhere(max(deleted, created))
    }
}

/// The ids of an entity's relationships while it is deleted.
private final class AttachedIds {
    private let ids: UnsafeMutablePointer<RowId>
    private let capacity: Int
    private(set) var count = 0
    private let pool: MemoryPool

    init(capacity: Int, _ pool: MemoryPool) throws(DeedError) {
        guard let block = pool.allocate(capacity * MemoryLayout<RowId>.stride, .scratch) else {
            throw DeedError(.outOfMemory, "no memory to list the \(capacity) relationships of an entity")
        }
        ids = block.assumingMemoryBound(to: RowId.self)
        self.capacity = capacity
        self.pool = pool
    }

    deinit { pool.free(ids, capacity * MemoryLayout<RowId>.stride, .scratch) }

    @inline(__always)
    func append(_ id: RowId) {
        ids[count] = id
        count &+= 1
    }

    subscript(index: Int) -> RowId { ids[index] }

    /// In ascending order, so that rows which follow each other are written one after the other.
    func sort() {
        var all = UnsafeMutableBufferPointer(start: ids, count: count)
        all.sort()
    }
}
