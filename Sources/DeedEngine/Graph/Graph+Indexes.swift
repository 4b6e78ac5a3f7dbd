// Keeping secondary indexes in step with the rows.
//
// A statement computes the keys of a row while it holds the row's segment, and makes the entries when it has let go of it:
// making one may read a node from disk. An entry that the transaction made goes away again if the transaction is undone,
// and that before its rows are let go, so that nobody else can have come to rely on it. An entry that a change or a
// deletion leaves behind is still needed by older snapshots; it is queued when the transaction commits.

import Synchronization

extension Graph {
    // MARK: The indexes there are

    func index(_ number: UInt32) -> SecondaryIndex? { indexes.withLock { $0[number] } }

    var allIndexes: [SecondaryIndex] { indexes.withLock { $0.values.sorted { $0.number < $1.number } } }

    /// Makes the index of a schema object if there is none yet, and lets it be read once its object is ready.
    func register(_ object: SchemaObject) {
        guard let definition = try? object.indexDefinition() else { return }
        let index = indexes.withLock { indexes in
            if let index = indexes[object.number] { return index }
            let tree = IndexTree(index: object.number, store: store, pool)
            let index = SecondaryIndex(
                number: object.number, name: object.name, rowKind: object.rowKind, table: object.table, definition, tree)
            indexes[object.number] = index
            return index
        }
        if object.state == .ready { index.isReady.store(true, ordering: .releasing) }
    }

    /// Gives up an index. Whoever is still using it finds it empty.
    func unregister(_ number: UInt32) {
        let index = indexes.withLock { $0.removeValue(forKey: number) }
        index?.isReady.store(false, ordering: .releasing)
        index?.tree.clear()
    }

    // MARK: Keys

    enum KeyForm {
        /// The first property has no value: the row is not in the index.
        case absent
        /// Another property has none: no unique index refuses it.
        case partial
        case whole
    }

    /// Appends the key of some values. With `full` it is not cut.
    @inline(__always)
    func appendKey(
        _ index: SecondaryIndex, full: Bool = false, to buffer: inout ByteBuffer, _ cell: (NameId) -> Cell
    ) -> KeyForm {
        let start = buffer.count
        var form = KeyForm.whole
        for position in index.properties.indices {
            let cell = cell(index.properties[position])
            if cell.type == .null {
                if position == 0 { return .absent }
                form = .partial
            }
            IndexKey.append(cell, to: &buffer, limit: full ? .max : Limits.indexKeyBytesMax)
        }
        if !full { buffer.truncate(to: start + Limits.indexKeyBytesMax) }
        return form
    }

    /// Appends the key of a row as it is now, in a segment that is locked and in memory.
    @inline(__always)
    func appendKey(
        _ index: SecondaryIndex, _ segment: SegmentRef, _ row: Int, full: Bool = false, to buffer: inout ByteBuffer
    ) -> KeyForm {
        appendKey(index, full: full, to: &buffer) { property in
            segment.pointee.columnIndex(property).map { segment.pointee.columns[$0].chunk.cell(at: row) } ?? .null
        }
    }

    /// Calls `body` with the key of a row as it is now, and with those that it had before each change that `snapshot` does
    /// not see. The segment is locked and in memory. Stops when `body` returns false.
    func forEachKey(
        _ index: SecondaryIndex, _ segment: SegmentRef, _ row: Int, before snapshot: Snapshot, full: Bool = false,
        _ body: (_ key: UnsafeRawBufferPointer, _ form: KeyForm, _ isPresent: Bool) -> Bool
    ) {
        var buffer = ByteBuffer(capacity: 64)
        let form = appendKey(index, segment, row, full: full, to: &buffer)
        if form != .absent && !body(buffer.bytes, form, true) { return }
        guard segment.pointee.hasVersions, segment.pointee.versions.head(row) != 0 else { return }
        var cells = index.properties.map { property in
            segment.pointee.columnIndex(property).map { segment.pointee.columns[$0].chunk.cell(at: row) } ?? .null
        }
        var goesOn = true
        forEachUnseenChange(segment, row, snapshot) { key, cell in
            guard goesOn, let position = index.properties.firstIndex(of: key) else { return }
            cells[position] = cell
            buffer.removeAll()
            let form = appendKey(index, full: full, to: &buffer) { property in
                index.properties.firstIndex(of: property).map { cells[$0] } ?? .null
            }
            if form != .absent { goesOn = body(buffer.bytes, form, false) }
        }
    }

    // MARK: Noting what a statement does

    private func indexWrites(of transaction: Transaction) -> IndexWrites {
        if let writes = transaction.indexWrites { return writes }
        let writes = IndexWrites()
        transaction.indexWrites = writes
        return writes
    }

    /// Notes the keys of a row that is about to change; those of the indexes on `properties`, or of all if nil. Returns
    /// where they begin. The segment is locked.
    func noteLeaving(
        _ rules: TableRules, _ transaction: Transaction, _ segment: SegmentRef, _ row: Int,
        changing properties: UnsafeBufferPointer<PropertyCell>?
    ) -> Int {
        if rules.indexes.isEmpty { return 0 }
        let writes = indexWrites(of: transaction)
        let first = writes.count
        for index in rules.indexes where isAffected(index, by: properties) {
            note(index, .leaving, writes, segment, row)
        }
        return first
    }

    /// Notes the keys of a row that is being deleted. The segment is locked.
    func noteLeaving(_ transaction: Transaction, _ segment: SegmentRef, _ row: Int) {
        guard let rules = table(segment.pointee.kind, segment.pointee.table)?.rules else { return }
        _ = noteLeaving(rules, transaction, segment, row, changing: nil)
    }

    /// Notes the keys of a row that was added. The segment is locked.
    func noteEntering(_ rules: TableRules, _ transaction: Transaction, _ segment: SegmentRef, _ row: Int) {
        if rules.indexes.isEmpty { return }
        let writes = indexWrites(of: transaction)
        for index in rules.indexes { note(index, .entering, writes, segment, row) }
    }

    /// Notes the keys of a row that was changed, where they differ from those that `noteLeaving` noted. The segment is
    /// locked.
    func noteEntering(
        _ rules: TableRules, _ transaction: Transaction, _ segment: SegmentRef, _ row: Int,
        changing properties: UnsafeBufferPointer<PropertyCell>?, leaving first: Int
    ) {
        if rules.indexes.isEmpty { return }
        let writes = indexWrites(of: transaction)
        let last = writes.count
        for index in rules.indexes where isAffected(index, by: properties) {
            guard note(index, .entering, writes, segment, row) else { continue }
            let pointer = Unmanaged.passUnretained(index)
            let key = writes.key(writes[writes.count - 1])
            for old in first..<last where writes[old].index.toOpaque() == pointer.toOpaque() {
                guard compareBytes(writes.key(writes[old]), key) == 0 else { continue }
                writes.removeLast()
                writes[old].action = .known
                break
            }
        }
    }

    @discardableResult
    private func note(
        _ index: SecondaryIndex, _ action: IndexWrites.Action, _ writes: IndexWrites, _ segment: SegmentRef, _ row: Int
    ) -> Bool {
        let start = writes.keys.count
        let form = appendKey(index, segment, row, to: &writes.keys)
        if form == .absent { return false }
        writes.append(
            index, rowId(segment: segment.pointee.number, row: row), from: start, action, isWhole: form == .whole)
        return true
    }

    @inline(__always)
    private func isAffected(_ index: SecondaryIndex, by properties: UnsafeBufferPointer<PropertyCell>?) -> Bool {
        guard let properties else { return true }
        return properties.contains { property in index.properties.contains(property.key) }
    }

    // MARK: Making and undoing entries

    /// Makes the entries that a statement has noted. Throws if a unique index refuses one; the caller then undoes the
    /// statement. No latch is held.
    @inline(__always)
    func enterIndexes(_ transaction: Transaction, since savepoint: Transaction.Savepoint) throws(DeedError) {
        guard let writes = transaction.indexWrites, writes.count > savepoint.indexWrites else { return }
        try enter(writes, savepoint.indexWrites..<writes.count, transaction.mark)
    }

    /// The same for effects that come from a log, which were found to be unique where they came from.
    func enterIndexes(applying transaction: Transaction) throws(DeedError) {
        guard let writes = transaction.indexWrites else { return }
        try enter(writes, writes.appliedCount..<writes.count, transaction.mark, isChecking: false)
        writes.appliedCount = writes.count
    }

    func enterIndexesOrUndo(_ transaction: Transaction, since savepoint: Transaction.Savepoint) throws(DeedError) {
        do throws(DeedError) {
            try enterIndexes(transaction, since: savepoint)
        } catch {
            undo(transaction, to: savepoint)
            throw error
        }
    }

    private func enter(
        _ writes: IndexWrites, _ range: Range<Int>, _ mark: Stamp, isChecking: Bool = true
    ) throws(DeedError) {
        var rivals: [RowId] = []
        for position in range where writes[position].action == .entering {
            let write = writes[position]
            let index = write.index.takeUnretainedValue()
            let isChecked = index.isUnique && write.isWhole && isChecking
            let isNew = try isChecked
                ? index.tree.insert(writes.key(write), write.row, rivals: &rivals)
                : index.tree.insert(writes.key(write), write.row)
            writes[position].action = isNew ? .entered : .known
            if isChecked && !rivals.isEmpty {
                try requireUnique(index, writes.key(write), write.row, rivals: rivals, mark)
            }
        }
    }

    /// Takes out the entries that were made since the savepoint. What cannot be read from disk for it stays, and is found
    /// useless later.
    func undoIndexWrites(_ transaction: Transaction, to savepoint: Transaction.Savepoint) {
        guard let writes = transaction.indexWrites else { return }
        pool.suspendLimit()
        defer { pool.resumeLimit() }
        while writes.count > savepoint.indexWrites {
            let write = writes[writes.count - 1]
            if write.action == .entered {
                let index = write.index.takeUnretainedValue()
                if (try? index.tree.remove(writes.key(write), write.row)) == nil {
                    index.queue(writes.key(write), write.row, snapshots.lastCommit)
                }
            }
            writes.removeLast()
        }
    }

    /// Queues the entries that a committed transaction has left behind.
    func queueLeftovers(_ writes: IndexWrites, committedAt timestamp: Timestamp) {
        for position in 0..<writes.count where writes[position].action == .leaving {
            let write = writes[position]
            write.index.takeUnretainedValue().queue(writes.key(write), write.row, timestamp)
        }
    }

    // MARK: Whole segments

    /// Enters the rows of a segment that a bulk load has filled, which nobody else sees.
    func enterIndexes(_ transaction: Transaction, _ segment: SegmentRef, _ rows: Range<Int>) throws(DeedError) {
        guard let rules = table(segment.pointee.kind, segment.pointee.table)?.rules else { return }
        for index in rules.indexes {
            try makeRoom()
            let run = IndexRun(pool)
            var partial = Set<RowId>()
            try appendKeys(index, segment, rows, to: run, &partial)
            try run.sort()
            var next = 0
            while next < run.count && !index.isUnique { next = try index.tree.insert(run, from: next) }
            var rivals: [RowId] = []
            for position in 0..<(index.isUnique ? run.count : 0) {
                _ = try index.tree.insert(run.key(position), run.row(position), rivals: &rivals)
                if rivals.isEmpty || partial.contains(run.row(position)) { continue }
                try requireUnique(index, run.key(position), run.row(position), rivals: rivals, transaction.mark)
            }
        }
    }

    /// Collects the keys of some rows; `partial` receives those that no unique index refuses, if this is one.
    func appendKeys(
        _ index: SecondaryIndex, _ segment: SegmentRef, _ rows: Range<Int>, to run: IndexRun, _ partial: inout Set<RowId>
    ) throws(DeedError) {
        var buffer = ByteBuffer(capacity: 64)
        try lockLoadedShared(segment)
        defer { segment.pointee.latch.unlockShared() }
        for row in rows {
            buffer.removeAll()
            let form = appendKey(index, segment, row, to: &buffer)
            if form == .absent { continue }
            let id = rowId(segment: segment.pointee.number, row: row)
            if form == .partial && index.isUnique { partial.insert(id) }
            try run.append(buffer.bytes, id)
        }
    }

    /// Takes the rows of a bulk load that is being undone out of the indexes; of the rows nobody else has seen anything.
    func leaveIndexes(_ segment: SegmentRef, _ rows: Range<Int>) {
        guard let rules = table(segment.pointee.kind, segment.pointee.table)?.rules else { return }
        pool.suspendLimit()
        defer { pool.resumeLimit() }
        for index in rules.indexes {
            let run = IndexRun(pool)
            var partial = Set<RowId>()
            guard (try? appendKeys(index, segment, rows, to: run, &partial)) != nil else { continue }
            for position in 0..<run.count { _ = try? index.tree.remove(run.key(position), run.row(position)) }
        }
    }
}
