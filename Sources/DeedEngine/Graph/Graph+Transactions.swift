// Beginning, committing and undoing transactions.
//
// A commit is one write to the store that holds the effects of everybody in the group, in the order of their
// timestamps. Then each transaction's marks are replaced by its timestamp, and last the timestamps are published, so
// that a snapshot sees a transaction wholly or not at all.

import Synchronization

extension Graph {
    package func begin(readOnly: Bool) throws(DeedError) -> Transaction {
        var asked = TransactionOptions()
        asked.isReadOnly = readOnly
        return try begin(asked)
    }

    package func begin(_ asked: TransactionOptions) throws(DeedError) -> Transaction {
        try requireOpen()
        let (timestamp, place) = snapshots.acquire()
        return Transaction(
            snapshot: Snapshot(timestamp: timestamp, mark: newMark()), place: place,
            isReadOnly: asked.isReadOnly || options.isReadOnly || options.isReplica,
            isolation: asked.isolation, conflictPolicy: asked.conflictPolicy ?? options.conflictPolicy)
    }

    /// Runs one statement as a transaction of its own. It sees what is committed at the moment it looks, so it
    /// conflicts only with transactions that are running.
    package func autocommit<Result>(
        _ statement: (Transaction) throws(DeedError) -> Result
    ) throws(DeedError) -> Result {
        do throws(DeedError) {
            return try runAlone(statement)
        } catch {
            return try retryAlone(after: error) { () throws(DeedError) in try runAlone(statement) }
        }
    }

    private func runAlone<Result>(
        _ statement: (Transaction) throws(DeedError) -> Result
    ) throws(DeedError) -> Result {
        try requireOwnWrites()
        let transaction = Transaction(
            snapshot: .latest(mark: newMark()), place: nil, isReadOnly: false, conflictPolicy: options.conflictPolicy)
        let result: Result
        do throws(DeedError) {
            result = try statement(transaction)
        } catch {
            rollback(transaction)
            throw error
        }
        try commit(transaction)
        return result
    }

    package func commit(_ transaction: Transaction) throws(DeedError) {
        try transaction.requireActive()
        if transaction.writes.isEmpty && transaction.log.count == 0 {
            end(transaction, as: .committed)
            return
        }
        do throws(DeedError) {
            try requireWritable()
            try requireGoodRows(of: transaction)
            if transaction.log.count > Limits.transactionLogBytesMax {
                throw DeedError(
                    .limitExceeded, "the transaction's effects take \(transaction.log.count) bytes; "
                        + "the most is \(Limits.transactionLogBytesMax)")
            }
            try commits.commit(transaction) { group throws(DeedError) in try commitGroup(group) }
        } catch {
            if transaction.commitTimestamp == 0 { rollback(transaction) }
            throw error
        }
        end(transaction, as: .committed)
        counters.commits.add(1, ordering: .relaxed)
        maintenance.noteCommit(logBytes: transaction.log.count, graph: self)
    }

    package func rollback(_ transaction: Transaction) {
        guard transaction.state == .active else { return }
        undo(transaction, to: Transaction.Savepoint())
        end(transaction, as: .rolledBack)
        counters.rollbacks.add(1, ordering: .relaxed)
    }

    func end(_ transaction: Transaction, as state: Transaction.State) {
        transaction.state = state
        pool.discharge(transaction.memoryCharged, .scratch)
        transaction.memoryCharged = 0
        if state == .committed, let writes = transaction.indexWrites {
            queueLeftovers(writes, committedAt: transaction.commitTimestamp)
        }
        transaction.releaseSnapshot(snapshots)
        awakenWaiters(for: transaction)
    }

    // MARK: Committing

    /// Makes a group durable and visible. Called by one thread at a time.
    func commitGroup(_ waiting: [Transaction]) throws(DeedError) {
        let group = withValidReads(waiting)
        if group.isEmpty { return }
        var timestamp = snapshots.lastCommit
        reach(.commitBegun)
        if let store {
            for transaction in group { try ingest(transaction.bulkFiles, into: store) }
            if group.contains(where: { !$0.bulkFiles.isEmpty }) { reach(.bulkIngested) }
            if isLogged {
                var batch = try WriteBatch(store)
                let now = Clock.microseconds()
                for transaction in group where transaction.step.commits {
                    timestamp += 1
                    try appendRecord(of: transaction, at: timestamp, time: now, to: &batch)
                }
                for transaction in group { append(transaction.step, of: transaction, to: &batch) }
                let isSynced = options.durability == .sync || group.contains { $0.step.isSynced }
                try store.write(batch, sync: isSynced, log: true)
                reach(.commitLogged)
                for transaction in group { if let point = transaction.step.pointWhenLogged { reach(point) } }
                timestamp = snapshots.lastCommit
            }
        }
        for transaction in group where transaction.step.commits {
            timestamp += 1
            transaction.commitTimestamp = timestamp
            stamp(transaction, timestamp)
        }
        reach(.commitStamped)
        snapshots.publish(timestamp)
        reach(.commitPublished)
    }

    private func appendRecord(
        of transaction: Transaction, at timestamp: Timestamp, time: Int64, to batch: inout WriteBatch
    ) throws(DeedError) {
        var head = ByteBuffer(capacity: 64)
        if let received = transaction.received {
            LogRecord.header(received, into: &head)
        } else {
            LogRecord.header(LogRecord.Header(sequence: timestamp), into: &head)
            LogRecord.commitTime(microseconds: time, into: &head)
            maintenance.appendNewNames(names, into: &head)
        }
        var key = ByteBuffer(capacity: 16)
        let effects = transaction.log.bytes
        var position = 0
        var piece: UInt32 = 0
        repeat {
            let room = Limits.logPieceBytes
            let size = min(room, effects.count - position)
            key.removeAll()
            key.append(bigEndian64: timestamp)
            key.append(bigEndian32: piece)
            let part = UnsafeRawBufferPointer(rebasing: effects[position..<position + size])
            if piece == 0 {
                head.append(part)
                batch.put(.log, key, head)
            } else {
                batch.put(.log, key, part)
            }
            position += size
            piece += 1
        } while position < effects.count
        retention.noteRecord(bytes: effects.count &+ LogRecord.headerBytes)
        for file in transaction.bulkFiles { retention.noteLoad(generation: file.generation, at: timestamp) }
    }

    /// Replaces a transaction's marks by its timestamp.
    func stamp(_ transaction: Transaction, _ timestamp: Timestamp) {
        var counts = RowChanges()
        for entry in transaction.writes {
            entry.segment.pointee.latch.lockExclusive()
            apply(entry, transaction.mark, timestamp)
            entry.segment.pointee.latch.unlockExclusive()
            let rows = Int(entry.end &- entry.row)
            switch entry.action {
            case .insert, .attach: note(entry.segment, added: rows, changed: rows, in: &counts)
            case .delete: note(entry.segment, added: -rows, changed: rows, in: &counts)
            case .update: note(entry.segment, added: 0, changed: 1, in: &counts)
            default: break
            }
        }
        apply(counts)
    }

    /// What a run of entries changes of one table: its counters, which all threads share, are written once for the run.
    private struct RowChanges {
        var kind = RowKind.entity
        var table: NameId = 0
        var added = 0
        var changed = 0
    }

    @inline(__always)
    private func note(_ segment: SegmentRef, added: Int, changed: Int, in counts: inout RowChanges) {
        let (kind, table) = (segment.pointee.kind, segment.pointee.table)
        if counts.table != table || counts.kind != kind {
            apply(counts)
            counts = RowChanges(kind: kind, table: table)
        }
        counts.added &+= added
        counts.changed &+= changed
    }

    private func apply(_ counts: RowChanges) {
        guard counts.changed != 0, let table = table(counts.kind, counts.table) else { return }
        if counts.added != 0 { table.rowCount.add(counts.added, ordering: .relaxed) }
        table.changeCount.add(counts.changed, ordering: .relaxed)
    }

    private func apply(_ entry: WriteEntry, _ mark: Stamp, _ timestamp: Timestamp) {
        let segment = entry.segment
        switch entry.action {
        case .insert:
            let created = segment.pointee.versions.created.unsafelyUnwrapped
            for row in Int(entry.row)..<Int(entry.end) { created[row] = timestamp }
        case .delete:
            let deleted = segment.pointee.versions.deleted.unsafelyUnwrapped
            for row in Int(entry.row)..<Int(entry.end) { deleted[row] = timestamp }
        case .update:
            segment.pointee.versions.setStamp(ofUndo: Int(entry.end), timestamp)
        case .enterSegment:
            segment.pointee.writers.leave(mark, committedAt: timestamp)
            maintenance.queue(segment)
        case .enterPart:
            segment.pointee.adjacency[Int(entry.row)].writers.leave(mark, committedAt: timestamp)
            if segment.pointee.adjacency[Int(entry.row)].deadCount > 0 { maintenance.queue(segment) }
        case .attach:
            segment.pointee.createdAll = timestamp
        }
    }

    // MARK: Undoing

    /// Takes back, newest first, what the transaction did since the savepoint. It leaves lists only at the end: until the
    /// rows are undone, readers of the lists must look at them.
    func undo(_ transaction: Transaction, to savepoint: Transaction.Savepoint) {
        undoIndexWrites(transaction, to: savepoint)
        var parts: [WriteEntry] = []
        while let entry = transaction.popWrite(after: savepoint) {
            if entry.action == .enterPart {
                parts.append(entry)
                continue
            }
            if (entry.action == .insert || entry.action == .attach) && entry.segment.pointee.kind == .relationship {
                for row in Int(entry.row)..<Int(entry.end) { abandonEntries(entry.segment, row) }
            }
            if entry.action == .attach { leaveIndexes(entry.segment, Int(entry.row)..<Int(entry.end)) }
            revertUnderLatch(entry, transaction.mark)
        }
        for entry in parts { revertUnderLatch(entry, transaction.mark) }
        transaction.log.truncate(to: savepoint.log)
        discardBulkFiles(transaction, from: savepoint.bulkFiles)
        awakenWaiters(for: transaction)
    }

    private func revertUnderLatch(_ entry: WriteEntry, _ mark: Stamp) {
        entry.segment.pointee.latch.lockExclusive()
        revert(entry, mark)
        entry.segment.pointee.latch.unlockExclusive()
    }

    private func revert(_ entry: WriteEntry, _ mark: Stamp) {
        let segment = entry.segment
        let row = Int(entry.row)
        switch entry.action {
        case .insert:
            for row in row..<Int(entry.end) { bury(segment, row) }
        case .delete:
            for row in row..<Int(entry.end) { segment.pointee.versions.deleted.unsafelyUnwrapped[row] = 0 }
        case .update:
            restore(segment, row)
        case .enterSegment:
            segment.pointee.writers.leave(mark, committedAt: 0)
            maintenance.queue(segment)
        case .enterPart:
            segment.pointee.adjacency[row].writers.leave(mark, committedAt: 0)
            if segment.pointee.adjacency[row].deadCount > 0 { maintenance.queue(segment) }
        case .attach:
            segment.pointee.createdAll = 0
            withMemory { () throws(DeedError) in try segment.pointee.markAllDead(pool) }
        }
    }

    /// Makes an added row dead and frees its values.
    private func bury(_ segment: SegmentRef, _ row: Int) {
        withMemory { () throws(DeedError) in
            try segment.pointee.markDead(row, pool)
            segment.pointee.versions.created.unsafelyUnwrapped[row] = 0
            try clearValues(segment, row)
        }
    }

    func clearValues(_ segment: SegmentRef, _ row: Int, keepingLabels: Bool = false) throws(DeedError) {
        for column in 0..<segment.pointee.columnCount where segment.pointee.columns[column].chunk.isValid(row) {
            if keepingLabels && segment.pointee.columns[column].key == names.labelsKey { continue }
            try segment.pointee.columns[column].chunk.set(row, .null, pool)
            segment.pointee.columns[column].isDirty = true
        }
    }

    /// Puts back the value before a row's newest change.
    private func restore(_ segment: SegmentRef, _ row: Int) {
        let head = segment.pointee.versions.head(row)
        guard head != 0 else { return }
        let record = segment.pointee.versions.undo.unsafelyUnwrapped[Int(head) &- 1]
        let column = segment.pointee.column(record.key)
        withMemory { () throws(DeedError) in
            try segment.pointee.columns[column].chunk.restore(row, type: record.type, slot: record.slot, pool)
            segment.pointee.versions.pop(row)
        }
    }

    /// Runs work that must succeed for the graph to stay consistent, outside the memory limit. What it needs are a few
    /// kilobytes at most; if the system refuses even those there is nothing to go on with.
    func withMemory(_ body: () throws(DeedError) -> Void) {
        pool.suspendLimit()
        defer { pool.resumeLimit() }
        do throws(DeedError) {
            try body()
        } catch {
            preconditionFailure("the system has no memory to undo a change: \(error.message)")
        }
    }

    /// Counts the list entries of an undone relationship as dead, where they were made.
    private func abandonEntries(_ segment: SegmentRef, _ row: Int) {
        segment.pointee.latch.lockShared()
        // A bulk load without memory for the ends has got no further.
        let hasEnds = row < min(segment.pointee.sources.capacity, segment.pointee.targets.capacity)
        let (source, target) = hasEnds ? (segment.pointee.sources[row], segment.pointee.targets[row]) : (0, 0)
        segment.pointee.latch.unlockShared()
        if !hasEnds { return }
        countDeadEntry(source, segment.pointee.table, .out)
        countDeadEntry(target, segment.pointee.table, .in)
    }

    /// Says that entries in the lists of these entities belong to relationships that nobody will see. No latch is held.
    func countDeadEntries(_ ends: inout [RowId], _ type: NameId, _ direction: Direction) {
        ends.sort()
        var next = 0
        while next < ends.count {
            let number = segmentNumber(of: ends[next])
            let first = next
            while next < ends.count && segmentNumber(of: ends[next]) == number { next += 1 }
            guard let segment = entities.segment(of: ends[first]) else { continue }
            segment.pointee.latch.lockExclusive()
            defer { segment.pointee.latch.unlockExclusive() }
            guard let part = segment.pointee.partIndex(type: type, direction: direction) else { continue }
            for end in ends[first..<next] { countDeadEntry(segment, part, rowNumber(of: end)) }
            maintenance.queue(segment)
        }
    }

    func countDeadEntry(_ end: RowId, _ type: NameId, _ direction: Direction) {
        guard let segment = entities.segment(of: end) else { return }
        segment.pointee.latch.lockExclusive()
        defer { segment.pointee.latch.unlockExclusive() }
        guard let part = segment.pointee.partIndex(type: type, direction: direction) else { return }
        countDeadEntry(segment, part, rowNumber(of: end))
        maintenance.queue(segment)
    }

    /// The segment is locked.
    private func countDeadEntry(_ segment: SegmentRef, _ part: Int, _ row: Int) {
        segment.pointee.adjacency[part].deadCount &+= 1
        withMemory { () throws(DeedError) in try segment.pointee.adjacency[part].doubt(row, pool) }
    }
}
