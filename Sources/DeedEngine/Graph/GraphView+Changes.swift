// What queries change: through the statements of the engine, in the view's transaction. Each leaves everything as it was
// when it fails; a query takes back a whole statement of its own by going back to a savepoint.

import DeedValues

extension GraphView {
    // Each throws `readOnly` without a transaction for writing. Values that cannot be stored (elements of the graph, and
    // lists and maps with such in them) are `typeMismatch` errors.

    /// The first label is the entity's collection.
    package func createEntity(labels: [String], properties: [(key: String, value: Value)]) throws(DeedError) -> RowId {
        let set = LabelSet(labels)
        try requireLabels(set)
        try requireWritable()
        let collection = try intern(.collection, labels.first ?? "")
        encoder.removeAll()
        try encode(properties, keepingNulls: false)
        if set.names.count > 1 { try encode(set, of: collection) }
        return try write { transaction throws(DeedError) in
            try encoder.withCells { cells throws(DeedError) in
                try graph.addEntity(transaction, collection: collection, cells)
            }
        }
    }

    package func createRelationship(
        source: RowId, target: RowId, type: String, properties: [(key: String, value: Value)]
    ) throws(DeedError) -> RowId {
        try requireWritable()
        let type = try intern(.relationshipType, type)
        encoder.removeAll()
        try encode(properties, keepingNulls: false)
        return try write { transaction throws(DeedError) in
            try encoder.withCells { cells throws(DeedError) in
                try graph.addRelationship(transaction, source: source, target: target, type: type, cells)
            }
        }
    }

    /// null removes the property.
    package func setProperty(_ kind: RowKind, _ id: RowId, _ key: String, _ value: Value) throws(DeedError) {
        try requireWritable()
        encoder.removeAll()
        try encode([(key, value)], keepingNulls: true)
        try update(kind, id, replacing: false)
    }

    /// Keeps the labels, and nothing else.
    package func replaceProperties(
        _ kind: RowKind, _ id: RowId, _ properties: [(key: String, value: Value)]
    ) throws(DeedError) {
        try requireWritable()
        encoder.removeAll()
        try encode(properties, keepingNulls: false)
        try update(kind, id, replacing: true)
    }

    private func update(_ kind: RowKind, _ id: RowId, replacing: Bool) throws(DeedError) {
        try write { transaction throws(DeedError) in
            try encoder.withCells { cells throws(DeedError) in
                try graph.update(transaction, kind, id, cells, replacing: replacing)
            }
        }
    }

    /// HasRelationships if it still has any that the transaction has not deleted; with `detach` they go first.
    package func deleteEntity(_ id: RowId, detach: Bool) throws(DeedError) {
        try write { transaction throws(DeedError) in try graph.deleteEntity(transaction, id, detach: detach) }
    }

    package func deleteRelationship(_ id: RowId) throws(DeedError) {
        try write { transaction throws(DeedError) in try graph.deleteRelationship(transaction, id) }
    }

    // MARK: Savepoints

    /// A point in the view's transaction to which a failing statement of a query goes back.
    package struct Savepoint {
        let inner: Transaction.Savepoint
    }

    package func savepoint() throws(DeedError) -> Savepoint {
        guard let transaction else { throw notForWriting }
        try transaction.requireActive()
        return Savepoint(inner: transaction.savepoint)
    }

    /// Undoes what the transaction did since; nothing if it has ended, since then all of it is undone or none.
    package func rollback(to savepoint: Savepoint) {
        guard let transaction, transaction.state == .active else { return }
        graph.undo(transaction, to: savepoint.inner)
    }

    // MARK: Common parts

    private var notForWriting: DeedError { DeedError(.readOnly, "a query that changes something needs a transaction for writing") }

    func requireWritable() throws(DeedError) {
        try graph.requireOwnWrites()
        guard let transaction else { throw notForWriting }
        try transaction.requireActive()
        if transaction.isReadOnly { throw DeedError(.readOnly, "the transaction was begun for reading only") }
    }

    /// Runs a statement, again if it had to wait for another transaction.
    func write<Result>(_ statement: (Transaction) throws(DeedError) -> Result) throws(DeedError) -> Result {
        try requireWritable()
        guard let transaction else { throw notForWriting }
        do throws(DeedError) {
            return try statement(transaction)
        } catch {
            return try graph.retry(transaction, after: error, statement)
        }
    }

    /// Encodes properties; null is left out or, where it removes one, kept if anybody ever had such a property.
    private func encode(_ properties: [(key: String, value: Value)], keepingNulls: Bool) throws(DeedError) {
        guard properties.count <= Limits.propertiesMax else {
            throw DeedError(.limitExceeded, "\(properties.count) properties; the most is \(Limits.propertiesMax)")
        }
        for (name, value) in properties {
            if !value.isNull {
                try encoder.append(try intern(.propertyKey, name), value)
            } else if keepingNulls, let key = propertyKey(name) {
                encoder.append(key, Cell.null)
            }
        }
    }
}
