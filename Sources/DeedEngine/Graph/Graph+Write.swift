// The statements that change single rows. Each either does all it should or leaves everything as it was.
//
// First writer wins: a row that a running transaction has written, or that a transaction outside the snapshot has
// committed, cannot be written. A relationship enters the lists of its ends under their latches, where a deletion of
// the end is seen; and a deletion sees, under the same latch, every relationship that anybody has added. So no
// interleaving leaves a relationship without an end.

extension Graph {
    // MARK: Adding

    /// Adds an entity and returns its id. O(properties).
    package func addEntity(
        _ transaction: Transaction, collection: NameId, _ properties: UnsafeBufferPointer<PropertyCell>
    ) throws(DeedError) -> RowId {
        try makeRoom()
        let table = try requireTable(.entity, collection)
        let savepoint = transaction.savepoint
        let segment = try lockTail(of: table)
        let row: Int
        let rules: TableRules?
        do {
            defer { segment.pointee.latch.unlockExclusive() }
            rules = table.rules
            row = try writeNewRow(transaction, segment, properties)
            if let rules { noteEntering(rules, transaction, segment, row) }
        }
        let id = rowId(segment: segment.pointee.number, row: row)
        if rules != nil {
            do throws(DeedError) {
                try enterIndexes(transaction, since: savepoint)
            } catch {
                undo(transaction, to: savepoint)
                throw error
            }
        }
        if isLogged { LogRecord.insertEntity(id, collection, properties, into: &transaction.log) }
        return id
    }

    /// Adds a relationship and returns its id. O(properties).
    package func addRelationship(
        _ transaction: Transaction, source: RowId, target: RowId, type: NameId,
        _ properties: UnsafeBufferPointer<PropertyCell>
    ) throws(DeedError) -> RowId {
        guard let sourceSegment = entities.segment(of: source) else { throw missing(.entity, source) }
        guard let targetSegment = entities.segment(of: target) else { throw missing(.entity, target) }
        try makeRoom()
        let table = try requireTable(.relationship, type)
        let savepoint = transaction.savepoint
        do throws(DeedError) {
            let segment = try lockTail(of: table)
            let row: Int
            do {
                defer { segment.pointee.latch.unlockExclusive() }
                row = segment.pointee.rowCount
                try segment.pointee.sources.set(row, source, pool, .columns)
                try segment.pointee.targets.set(row, target, pool, .columns)
                segment.pointee.endpointsDirty = true
                try startPheromone(segment, row)
                let rules = table.rules
                _ = try writeNewRow(transaction, segment, properties)
                if let rules { noteEntering(rules, transaction, segment, row) }
            }
            let id = rowId(segment: segment.pointee.number, row: row)
            try link(transaction, sourceSegment, source, target, id, type, .out)
            try link(transaction, targetSegment, target, source, id, type, .in)
            try enterIndexes(transaction, since: savepoint)
            if isLogged { LogRecord.insertRelationship(id, type, source, target, properties, into: &transaction.log) }
            return id
        } catch {
            undo(transaction, to: savepoint)
            throw error
        }
    }

    /// The segment of a table that takes the next row, locked.
    @inline(__always)
    func lockTail(of table: Table) throws(DeedError) -> SegmentRef {
        while true {
            if let segment = table.tail.load(ordering: .acquiring) {
                segment.pointee.latch.lockExclusive()
                if segment.pointee.isLoaded && segment.pointee.rowCount < Limits.segmentRows { return segment }
                segment.pointee.latch.unlockExclusive()
            }
            try replaceTail(of: table)
        }
    }

    @inline(never)
    private func replaceTail(of table: Table) throws(DeedError) {
        if let segment = table.tail.load(ordering: .acquiring), segment.pointee.rowCount < Limits.segmentRows {
            try load(segment)
            return
        }
        try table.growth.withLock { growth throws(DeedError) in
            if let segment = table.tail.load(ordering: .acquiring), segment.pointee.rowCount < Limits.segmentRows {
                return
            }
            let number = try makeSegments(table)
            growth.segmentNumbers.append(number)
            table.tail.store(directory(table.kind)[number], ordering: .releasing)
        }
    }

    /// Fills the next row of a locked segment and counts it in.
    @inline(__always)
    private func writeNewRow(
        _ transaction: Transaction, _ segment: SegmentRef, _ properties: UnsafeBufferPointer<PropertyCell>
    ) throws(DeedError) -> Int {
        let row = segment.pointee.rowCount
        do throws(DeedError) {
            for property in properties where property.cell.type != .null {
                let column = segment.pointee.column(property.key)
                try segment.pointee.columns[column].chunk.set(row, property.cell, pool)
                segment.pointee.columns[column].isDirty = true
            }
            try segment.pointee.versions.setCreated(row, transaction.mark, pool)
        } catch {
            for column in 0..<segment.pointee.columnCount {
                try segment.pointee.columns[column].chunk.set(row, .null, pool)
            }
            throw error
        }
        segment.pointee.hasVersions = true
        segment.pointee.rowCount = row &+ 1
        segment.pointee.directoryDirty = true
        if segment.pointee.writers.enter(transaction.mark) { transaction.record(.enterSegment, segment, row: 0) }
        transaction.recordInsert(segment, row: row)
        return row
    }

    /// Enters a relationship into the list of one of its ends.
    private func link(
        _ transaction: Transaction, _ segment: SegmentRef, _ end: RowId, _ other: RowId, _ relationship: RowId,
        _ type: NameId, _ direction: Direction
    ) throws(DeedError) {
        segment.pointee.latch.lockExclusive()
        defer { segment.pointee.latch.unlockExclusive() }
        let row = rowNumber(of: end)
        try requireStable(transaction, segment, row, end)
        var part = segment.pointee.part(type: type, direction: direction)
        while !segment.pointee.adjacency[part].isLoaded {
            segment.pointee.latch.unlockExclusive()
            defer { segment.pointee.latch.lockExclusive() }
            try loadPart(segment, type: type, direction: direction)
        }
        try requireStable(transaction, segment, row, end)
        part = segment.pointee.part(type: type, direction: direction)
        let list = segment.pointee.adjacency + part
        if list.pointee.wantsMerge { try list.pointee.merge(rows: segment.pointee.rowCount, pool) }
        try list.pointee.append(row, other, relationship, pool)
        if list.pointee.writers.enter(transaction.mark) { transaction.record(.enterPart, segment, row: part) }
    }

    /// Throws unless a row is visible and nobody outside the snapshot has deleted it. The segment is locked.
    @inline(__always)
    private func requireStable(
        _ transaction: Transaction, _ segment: SegmentRef, _ row: Int, _ id: RowId
    ) throws(DeedError) {
        guard segment.pointee.isVisible(row, to: transaction.snapshot) else {
            throw missing(segment.pointee.kind, id)
        }
        guard segment.pointee.hasVersions else { return }
        let deleted = segment.pointee.versions.deletedStamp(row)
        if deleted != 0 { throw conflict(segment.pointee.kind, id, "is being deleted", by: deleted) }
    }

    // MARK: Updating

    /// Sets properties and keeps the others; null removes one. With `replacing` the others are removed.
    /// O(properties; with `replacing`, those of the table).
    package func update(
        _ transaction: Transaction, _ kind: RowKind, _ id: RowId, _ properties: UnsafeBufferPointer<PropertyCell>,
        replacing: Bool
    ) throws(DeedError) {
        guard let segment = directory(kind).segment(of: id) else { throw missing(kind, id) }
        try makeRoom()
        let row = rowNumber(of: id)
        let savepoint = transaction.savepoint
        do throws(DeedError) {
            try changeRow(transaction, segment, row, id, properties, replacing)
            try enterIndexes(transaction, since: savepoint)
        } catch {
            undo(transaction, to: savepoint)
            throw error
        }
        if isLogged { LogRecord.update(kind, id, properties, replacing: replacing, into: &transaction.log) }
    }

    @inline(__always)
    private func changeRow(
        _ transaction: Transaction, _ segment: SegmentRef, _ row: Int, _ id: RowId,
        _ properties: UnsafeBufferPointer<PropertyCell>, _ replacing: Bool
    ) throws(DeedError) {
        try lockLoaded(segment)
        defer { segment.pointee.latch.unlockExclusive() }
        try requireWritableRow(transaction, segment, row, id)
        logBeforeImage(transaction, segment, row, id)
        let rules = table(segment.pointee.kind, segment.pointee.table)?.rules
        let indexWrites = rules.map { noteLeaving($0, transaction, segment, row, changing: replacing ? nil : properties) }
        if segment.pointee.writers.enter(transaction.mark) { transaction.record(.enterSegment, segment, row: 0) }
        segment.pointee.hasVersions = true
        for property in properties {
            if property.cell.type == .null && segment.pointee.columnIndex(property.key) == nil { continue }
            try change(transaction, segment, row, property)
        }
        if replacing {
            for column in 0..<segment.pointee.columnCount {
                let key = segment.pointee.columns[column].key
                if segment.pointee.columns[column].chunk.isValid(row) && !properties.contains(where: { $0.key == key }) {
                    try change(transaction, segment, row, PropertyCell(key: key, cell: .null))
                }
            }
        }
        if let rules {
            noteEntering(
                rules, transaction, segment, row, changing: replacing ? nil : properties, leaving: indexWrites ?? 0)
        }
    }

    private func change(
        _ transaction: Transaction, _ segment: SegmentRef, _ row: Int, _ property: PropertyCell
    ) throws(DeedError) {
        let column = segment.pointee.column(property.key)
        let old = segment.pointee.columns[column].chunk.raw(at: row)
        let index = try segment.pointee.versions.push(
            row: row, key: property.key, type: old.type, slot: old.slot, stamp: transaction.mark, pool)
        transaction.record(.update, segment, row: row, end: index)
        try segment.pointee.columns[column].chunk.set(row, property.cell, pool)
        segment.pointee.columns[column].isDirty = true
    }

    /// Throws unless the transaction sees the row and is the first to write it. The segment is locked.
    private func requireWritableRow(
        _ transaction: Transaction, _ segment: SegmentRef, _ row: Int, _ id: RowId
    ) throws(DeedError) {
        try requireStable(transaction, segment, row, id)
        guard segment.pointee.hasVersions else { return }
        let stamp = segment.pointee.versions.newestStamp(row)
        if stamp != 0 && !transaction.snapshot.sees(stamp) {
            throw conflict(segment.pointee.kind, id, "was changed", by: stamp)
        }
    }

    /// Locks a segment for writing with its rows in memory.
    func lockLoaded(_ segment: SegmentRef, makesRoom: Bool = true) throws(DeedError) {
        while true {
            segment.pointee.latch.lockExclusive()
            if segment.pointee.isLoaded { return }
            segment.pointee.latch.unlockExclusive()
            try load(segment, makesRoom: makesRoom)
        }
    }

    // MARK: Deleting

    package func deleteRelationship(_ transaction: Transaction, _ id: RowId) throws(DeedError) {
        let savepoint = transaction.savepoint
        do throws(DeedError) {
            try removeRelationship(transaction, id)
        } catch {
            undo(transaction, to: savepoint)
            throw error
        }
    }

    private func removeRelationship(_ transaction: Transaction, _ id: RowId) throws(DeedError) {
        guard let segment = relationships.segment(of: id) else { throw missing(.relationship, id) }
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
        try countDeadEntry(transaction, source, segment.pointee.table, .out)
        try countDeadEntry(transaction, target, segment.pointee.table, .in)
        if isLogged { LogRecord.delete(.relationship, id, into: &transaction.log) }
    }

    private func markDeleted(_ transaction: Transaction, _ segment: SegmentRef, _ row: Int) throws(DeedError) {
        try segment.pointee.versions.setDeleted(row, transaction.mark, pool)
        segment.pointee.hasVersions = true
        segment.pointee.directoryDirty = true
        if segment.pointee.writers.enter(transaction.mark) { transaction.record(.enterSegment, segment, row: 0) }
        transaction.record(.delete, segment, row: row)
    }

    /// Makes readers of a list look at the rows from now on: one of its entries is deleted, or about to be.
    private func countDeadEntry(
        _ transaction: Transaction, _ end: RowId, _ type: NameId, _ direction: Direction
    ) throws(DeedError) {
        guard let segment = entities.segment(of: end) else { throw missing(.entity, end) }
        segment.pointee.latch.lockExclusive()
        defer { segment.pointee.latch.unlockExclusive() }
        let part = segment.pointee.part(type: type, direction: direction)
        segment.pointee.adjacency[part].deadCount &+= 1
        segment.pointee.adjacency[part].isDirty = true
        transaction.record(.deadEntry, segment, row: part)
        if segment.pointee.adjacency[part].writers.enter(transaction.mark) {
            transaction.record(.enterPart, segment, row: part)
        }
    }

    /// Deletes an entity, with `detach` after its relationships. O(degree).
    package func deleteEntity(_ transaction: Transaction, _ id: RowId, detach: Bool) throws(DeedError) {
        guard let segment = entities.segment(of: id) else { throw missing(.entity, id) }
        let savepoint = transaction.savepoint
        do throws(DeedError) {
            var attached: [RowId] = []
            do {
                try lockExclusiveWithParts(segment)
                defer { segment.pointee.latch.unlockExclusive() }
                let row = rowNumber(of: id)
                try requireWritableRow(transaction, segment, row, id)
                attached = try relationshipsToDelete(transaction, segment, row, id)
                guard detach || attached.isEmpty else {
                    throw DeedError(
                        .hasRelationships, "entity \(id) has \(attached.count) relationships; delete them first, or detach")
                }
                logBeforeImage(transaction, segment, row, id)
                try markDeleted(transaction, segment, row)
                noteLeaving(transaction, segment, row)
            }
            for relationship in attached { try removeUnlessGone(transaction, relationship) }
        } catch {
            undo(transaction, to: savepoint)
            throw error
        }
        if isLogged { LogRecord.delete(.entity, id, into: &transaction.log) }
    }

    /// A statement that sees the newest state may find that another has deleted a relationship since it was listed.
    private func removeUnlessGone(_ transaction: Transaction, _ relationship: RowId) throws(DeedError) {
        do throws(DeedError) {
            try removeRelationship(transaction, relationship)
        } catch {
            if error.status != .notFound { throw error }
        }
    }

    /// The relationships of an entity that the transaction sees, each once. Throws a conflict if there are others that
    /// it does not see but that exist or may come to exist. The segment is locked.
    private func relationshipsToDelete(
        _ transaction: Transaction, _ segment: SegmentRef, _ row: Int, _ id: RowId
    ) throws(DeedError) -> [RowId] {
        var attached: [RowId] = []
        var blocker: Stamp = 0
        for index in 0..<segment.pointee.adjacencyCount {
            let part = segment.pointee.adjacency + index
            part.pointee.forEach(row) { neighbor, relationship in
                // A self-loop stands in both lists; it is taken from the outgoing one.
                if part.pointee.direction == .in && neighbor == id { return }
                switch presence(of: relationship, for: transaction.snapshot) {
                case .visible: attached.append(relationship)
                // Waiting for a running transaction is no use if another has committed already.
                case .elsewhere(let stamp): if blocker == 0 || !isRunning(stamp) { blocker = stamp }
                case .gone: break
                }
            }
        }
        if blocker != 0 { throw conflict(.entity, id, "was given a relationship", by: blocker) }
        return attached
    }

    private enum Presence {
        case visible, gone
        /// By the transaction of this stamp, which the snapshot does not see.
        case elsewhere(Stamp)
    }

    /// Whether a relationship is there for this snapshot, for others only, or for nobody who could still matter.
    private func presence(of relationship: RowId, for snapshot: Snapshot) -> Presence {
        guard let segment = relationships.segment(of: relationship) else { return .gone }
        segment.pointee.latch.lockShared()
        defer { segment.pointee.latch.unlockShared() }
        let row = rowNumber(of: relationship)
        if segment.pointee.isVisible(row, to: snapshot) { return .visible }
        if segment.pointee.isDead(row) || !segment.pointee.hasVersions { return .gone }
        // A deletion that another transaction is running may be undone.
        let deleted = segment.pointee.versions.deletedStamp(row)
        if deleted != 0 && (!isRunning(deleted) || deleted == snapshot.mark) { return .gone }
        let created = max(segment.pointee.versions.createdStamp(row), segment.pointee.createdAll)
        return .elsewhere(max(deleted, created))
    }
}
