// Several changes of one table's schema, and of its rows, as one commit: all of it or nothing.
//
//   1. The table is closed to other writers: rules are published that only the transaction of this change passes. Whoever has
//      written there and is still running makes it fail, since what they wrote is not seen here.
//   2. New objects are committed in the state `building`, which the next open forgets, and what is to be dropped no longer
//      binds rows; its indexes are kept up until the end, since it may come back.
//   3. The rows are changed in a transaction.
//   4. New constraints are checked and new indexes filled, with the transaction's own rows as they will be.
//   5. The rows, the objects that are now ready and those that are dropped are one record of the log.
// If anything fails, the transaction is undone and the old rules are published again.

import Glibc
import Synchronization

/// What becomes of the schema.
package struct Alteration {
    package let kind: RowKind
    package let table: NameId
    /// Names of indexes and constraints of the table, and of definitions.
    package var dropped: [String] = []
    /// Their names may be those of dropped ones.
    package var constraints: [Constraint] = []
    package var indexes: [(name: String, properties: [NameId], isUnique: Bool)] = []
    package var definitions: [(name: String, content: [UInt8])] = []

    package init(kind: RowKind, table: NameId) { (self.kind, self.table) = (kind, table) }
}

/// A table that is being altered.
struct OpenAlteration {
    let kind: RowKind
    let table: NameId
    /// Of the transaction that may write it.
    let mark: Stamp
    /// Objects that bind no rows any more.
    let suspended: Set<UInt32>
}

extension Graph {
    /// `rows` changes rows of the table in the transaction that it is given. Errors: AlreadyExists, ConstraintViolation,
    /// TransactionConflict if others are writing the table, and what `rows` throws.
    package func alter(_ alteration: Alteration, rows: (Transaction) throws -> Void) throws {
        try requireOwnWrites()
        // An index that is wanted for the first time is filled under the same lock.
        for index in allIndexes { try fillIfWanted(index) }
        schemaChange.lock()
        defer { schemaChange.unlock() }
        let dropped = try alteration.dropped.map { name throws(DeedError) in
            guard let object = schema.object(named: name) else { throw DeedError(.notFound, "there is no '\(name)' in the schema") }
            return object
        }
        let drafts = try drafts(alteration, replacing: dropped)
        _ = try requireTable(alteration.kind, alteration.table)
        let mark = newMark()
        let suspended = Set(dropped.filter { $0.kind == .constraint }.map(\.number))
        openAlteration.withLock {
            $0 = OpenAlteration(kind: alteration.kind, table: alteration.table, mark: mark, suspended: suspended)
        }
        publishRules(alteration.kind, alteration.table)
        defer {
            openAlteration.withLock { $0 = nil }
            publishRules(alteration.kind, alteration.table)
        }
        try requireNoWriters(alteration.kind, alteration.table)
        try commit(drafts, dropping: dropped, mark, rows)
    }

    /// The schema is locked, and the table closed to others.
    private func commit(
        _ drafts: [SchemaObject], dropping dropped: [SchemaObject], _ mark: Stamp, _ rows: (Transaction) throws -> Void
    ) throws {
        var made: [SchemaObject] = []
        let (timestamp, place) = snapshots.acquire()
        let transaction = Transaction(
            snapshot: Snapshot(timestamp: timestamp, mark: mark), place: place, isReadOnly: false,
            conflictPolicy: options.conflictPolicy)
        transaction.isAlteration = true
        do {
            for draft in drafts {
                var object = draft
                object.number = schema.takeNumber()
                made.append(object)
                // A definition asks nothing of rows.
                if object.kind != .definition { try commitChange(object) }
            }
            reach(.schemaDefined)
            try rows(transaction)
            for object in made where object.kind != .definition { try check(object, mark) }
            let changes = dropped.map { $0.inState(.dropped) } + made.map { $0.inState(.ready) }
            if isLogged { for object in changes { LogRecord.schemaObject(object, into: &transaction.log) } }
            try commit(transaction)
            for object in changes { apply(object) }
            reach(.schemaReady)
        } catch {
            rollback(transaction)
            for object in made where object.kind != .definition {
                let gone = object.inState(.dropped)
                do throws(DeedError) { try commitChange(gone) } catch { apply(gone) }
            }
            throw error
        }
    }

    private func check(_ object: SchemaObject, _ mark: Stamp) throws(DeedError) {
        if object.kind == .constraint { try requireCompliance(try Constraint(object), own: mark) { _, _ in true } }
        try buildIndex(of: object, own: mark) { _, _ in true }
    }

    /// The new objects, whose names nothing has that stays.
    private func drafts(
        _ alteration: Alteration, replacing dropped: [SchemaObject]
    ) throws(DeedError) -> [SchemaObject] {
        var drafts: [SchemaObject] = []
        for constraint in alteration.constraints {
            try constraint.validate()
            var constraint = constraint
            if constraint.name.isEmpty { constraint.name = freeName(for: constraint, besides: drafts.map(\.name), replacing: dropped) }
            drafts.append(constraint.schemaObject)
        }
        for index in alteration.indexes {
            let definition = IndexDefinition(properties: index.properties, isUnique: index.isUnique)
            drafts.append(
                SchemaObject(
                    kind: .index, rowKind: alteration.kind, table: alteration.table, name: index.name, definition: definition.encoded))
        }
        for (name, content) in alteration.definitions { drafts.append(try definitionDraft(name, content)) }
        let staying = schema.objects(of: alteration.kind, alteration.table).filter { object in
            !dropped.contains { $0.number == object.number }
        }
        guard staying.count + drafts.count <= Limits.constraintsOfTableMax else {
            throw DeedError(.limitExceeded, "more than \(Limits.constraintsOfTableMax) indexes and constraints of one table")
        }
        let hadKey = staying.contains { object in (try? Constraint(object))?.kind == .primaryKey }
        let keys = alteration.constraints.count { $0.kind == .primaryKey } + (hadKey ? 1 : 0)
        if keys > 1 { throw DeedError(.alreadyExists, "\(display(alteration.kind, alteration.table)) would have \(keys) primary keys") }
        for (position, draft) in drafts.enumerated() {
            let known = schema.object(named: draft.name)
            let isTaken = known.map { known in !dropped.contains { $0.number == known.number } } ?? false
            if isTaken || drafts[..<position].contains(where: { $0.name.utf8.elementsEqual(draft.name.utf8) }) {
                throw DeedError(.alreadyExists, "there is an index or a constraint with the name '\(draft.name)' already")
            }
        }
        return drafts
    }

    /// Throws if a running transaction has written rows of the table, and does not end soon: statements that are transactions of
    /// their own do.
    private func requireNoWriters(_ kind: RowKind, _ table: NameId) throws(DeedError) {
        for _ in 0..<Limits.alterationMillisecondsMax {
            if !hasWriters(kind, table) { return }
            try requireOpen()
            usleep(1_000)
        }
        throw DeedError(
            .transactionConflict,
            "\(display(kind, table)) has rows of a transaction that has not ended; it can be altered when that has")
    }

    private func hasWriters(_ kind: RowKind, _ table: NameId) -> Bool {
        for number in self.table(kind, table)?.segments() ?? [] {
            guard let segment = directory(kind)[number] else { continue }
            segment.pointee.latch.lockShared()
            defer { segment.pointee.latch.unlockShared() }
            if segment.pointee.writers.count > 0 || isRunning(segment.pointee.createdAll) { return true }
        }
        return false
    }

    /// Throws if the table is being altered by somebody else.
    @inline(__always)
    func requireUnaltered(_ rules: TableRules?, _ mark: Stamp) throws(DeedError) {
        guard let writer = rules?.onlyWriter, writer != mark else { return }
        throw DeedError(.transactionConflict, "the table is being altered; try again when that has ended")
    }
}

extension SchemaObject {
    fileprivate func inState(_ state: State) -> SchemaObject {
        var object = self
        object.state = state
        return object
    }
}
