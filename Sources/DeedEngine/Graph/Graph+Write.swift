// The statements that add and change single rows; those that delete are in Graph+Delete.swift. Each either does all it
// should or leaves everything as it was.
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
        try makeRoom(for: transaction)
        return try withTable(.entity, collection) { table throws(DeedError) in
            try withRoom { () throws(DeedError) in
                try underRules(of: table, 0, properties, .insert) { rules, properties throws(DeedError) in
                    try insertEntity(transaction, table, rules, properties)
                }
            }
        }
    }

    /// nil if other rules than these are in force.
    @inline(__always)
    private func insertEntity(
        _ transaction: Transaction, _ table: Table, _ rules: TableRules?, _ properties: UnsafeBufferPointer<PropertyCell>
    ) throws(DeedError) -> RowId? {
        let savepoint = transaction.savepoint
        let segment = try lockTail(of: table)
        let row: Int
        do {
            defer { segment.pointee.latch.unlockExclusive() }
            if table.rules !== rules { return nil }
            try requireUnaltered(rules, transaction.mark)
            row = try writeNewRow(transaction, segment, properties)
            if let rules { noteEntering(rules, transaction, segment, row) }
        }
        let id = rowId(segment: segment.pointee.number, row: row)
        if rules != nil { try enterIndexesOrUndo(transaction, since: savepoint) }
        if isLogged { LogRecord.insertEntity(id, table.name, properties, into: &transaction.log) }
        return id
    }

    /// Adds a relationship and returns its id. O(properties).
    package func addRelationship(
        _ transaction: Transaction, source: RowId, target: RowId, type: NameId,
        _ properties: UnsafeBufferPointer<PropertyCell>
    ) throws(DeedError) -> RowId {
        guard let sourceSegment = entities.segment(of: source) else { throw missing(.entity, source, for: transaction) }
        guard let targetSegment = entities.segment(of: target) else { throw missing(.entity, target, for: transaction) }
        try makeRoom(for: transaction)
        return try withTable(.relationship, type) { table throws(DeedError) in
            try underRules(of: table, 0, properties, .insert) { rules, properties throws(DeedError) in
                if let constraints = rules?.constraints {
                    let pair = EndpointPair(source: sourceSegment.pointee.table, target: targetSegment.pointee.table)
                    try requireEnds(constraints, pair)
                }
                return try withRoom { () throws(DeedError) in
                    try insertRelationship(
                        transaction, table, rules, sourceSegment, source, targetSegment, target, properties)
                }
            }
        }
    }

    /// nil if other rules than these are in force.
    @inline(__always)
    private func insertRelationship(
        _ transaction: Transaction, _ table: Table, _ rules: TableRules?, _ sourceSegment: SegmentRef, _ source: RowId,
        _ targetSegment: SegmentRef, _ target: RowId, _ properties: UnsafeBufferPointer<PropertyCell>
    ) throws(DeedError) -> RowId? {
        let savepoint = transaction.savepoint
        do throws(DeedError) {
            let segment = try lockTail(of: table)
            let row: Int
            do {
                defer { segment.pointee.latch.unlockExclusive() }
                if table.rules !== rules { return nil }
                try requireUnaltered(rules, transaction.mark)
                row = segment.pointee.rowCount
                try segment.pointee.sources.set(row, source, pool, .columns)
                try segment.pointee.targets.set(row, target, pool, .columns)
                segment.pointee.endpointsDirty = true
                try startPheromone(segment, row)
                _ = try writeNewRow(transaction, segment, properties)
                if let rules { noteEntering(rules, transaction, segment, row) }
            }
            let id = rowId(segment: segment.pointee.number, row: row)
            try link(transaction, sourceSegment, source, target, id, table, .out)
            try link(transaction, targetSegment, target, source, id, table, .in)
            try enterIndexes(transaction, since: savepoint)
            if isLogged { LogRecord.insertRelationship(id, table.name, source, target, properties, into: &transaction.log) }
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
        if let segment = table.tail.load(ordering: .acquiring), segment.pointee.countRows() < Limits.segmentRows {
            try load(segment)
            return
        }
        try table.growth.withLock { growth throws(DeedError) in
            if let segment = table.tail.load(ordering: .acquiring), segment.pointee.countRows() < Limits.segmentRows { return }
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
        transaction.recordRow(.insert, segment, row: row)
        return row
    }

    /// Enters a relationship into the list of one of its ends.
    private func link(
        _ transaction: Transaction, _ segment: SegmentRef, _ end: RowId, _ other: RowId, _ relationship: RowId,
        _ table: Table, _ direction: Direction
    ) throws(DeedError) {
        segment.pointee.latch.lockExclusive()
        defer { segment.pointee.latch.unlockExclusive() }
        let type = table.name
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
        if let constraints = table.rules?.constraints, constraints.most(direction) != .max {
            let count = countLinks(list, row, for: transaction.snapshot)
            try requireRoom(constraints, direction, end, count, adding: 1)
        }
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
            throw missing(segment.pointee.kind, id, for: transaction)
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
        guard let segment = segment(kind, of: id) else { throw missing(kind, id, for: transaction) }
        try makeRoom(for: transaction)
        try withTable(kind, segment.pointee.table) { table throws(DeedError) in
            _ = try underRules(of: table, id, properties, replacing ? .replace : .set) { rules, properties throws(DeedError) in
                try withRoom { () throws(DeedError) in
                    try updateRow(transaction, segment, table, rules, id, properties, replacing: replacing)
                }
            }
        }
        if isLogged { LogRecord.update(kind, id, properties, replacing: replacing, into: &transaction.log) }
    }

    /// nil if other rules than these are in force.
    @inline(__always)
    private func updateRow(
        _ transaction: Transaction, _ segment: SegmentRef, _ table: Table, _ rules: TableRules?, _ id: RowId,
        _ properties: UnsafeBufferPointer<PropertyCell>, replacing: Bool
    ) throws(DeedError) -> Void? {
        let savepoint = transaction.savepoint
        do throws(DeedError) {
            if try !changeRow(transaction, segment, table, rules, id, properties, replacing: replacing) { return nil }
            try enterIndexes(transaction, since: savepoint)
            return ()
        } catch {
            undo(transaction, to: savepoint)
            throw error
        }
    }

    @inline(__always)
    private func changeRow(
        _ transaction: Transaction, _ segment: SegmentRef, _ table: Table, _ rules: TableRules?, _ id: RowId,
        _ properties: UnsafeBufferPointer<PropertyCell>, replacing: Bool
    ) throws(DeedError) -> Bool {
        let row = rowNumber(of: id)
        try lockLoaded(segment)
        defer { segment.pointee.latch.unlockExclusive() }
        try requireWritableRow(transaction, segment, row, id)
        if table.rules !== rules { return false }
        try requireUnaltered(rules, transaction.mark)
        logBeforeImage(transaction, segment, row, id)
        let touched = replacing ? nil : properties
        let leaving = rules.map { noteLeaving($0, transaction, segment, row, changing: touched) }
        if segment.pointee.writers.enter(transaction.mark) { transaction.record(.enterSegment, segment, row: 0) }
        segment.pointee.hasVersions = true
        for property in properties {
            if property.cell.type == .null && segment.pointee.columnIndex(property.key) == nil { continue }
            try change(transaction, segment, row, property)
        }
        if replacing { try removeOthers(transaction, segment, row, than: properties) }
        if let rules, let leaving {
            noteEntering(rules, transaction, segment, row, changing: touched, leaving: leaving)
        }
        return true
    }

    private func removeOthers(
        _ transaction: Transaction, _ segment: SegmentRef, _ row: Int, than properties: UnsafeBufferPointer<PropertyCell>
    ) throws(DeedError) {
        for column in 0..<segment.pointee.columnCount {
            let key = segment.pointee.columns[column].key
            if key == names.labelsKey { continue }
            if segment.pointee.columns[column].chunk.isValid(row) && !properties.contains(where: { $0.key == key }) {
                try change(transaction, segment, row, PropertyCell(key: key, cell: .null))
            }
        }
    }

    func change(
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
    func requireWritableRow(
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
}
