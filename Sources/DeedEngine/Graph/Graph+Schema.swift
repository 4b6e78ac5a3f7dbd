// Changes of the schema. Each is a transaction of its own, and one at a time:
//
//   1. The definition is committed in the state `building`, and the table's new rules are published. From here on every
//      write follows them; nobody is waited for, since rows written before are seen by whoever looks at them now.
//   2. What existing rows need is done (an index filled, a constraint checked), while readers and writers go on.
//   3. The state `ready` is committed. Only now is the object used.
// If step 2 fails the definition is dropped again; if the process dies, the next open forgets it.

import Synchronization

extension Graph {
    /// Makes a schema object. `build` does what existing rows need; it is called with no lock held but that on changes of
    /// the schema. Returns the object as it is in use.
    @discardableResult
    func define(
        _ draft: SchemaObject, build: (SchemaObject) throws(DeedError) -> Void
    ) throws(DeedError) -> SchemaObject {
        try requireOwnWrites()
        schemaChange.lock()
        defer { schemaChange.unlock() }
        if schema.object(named: draft.name) != nil {
            throw DeedError(.alreadyExists, "there is an index or a constraint with the name '\(draft.name)' already")
        }
        _ = try requireTable(draft.rowKind, draft.table)
        var object = draft
        object.number = schema.takeNumber()
        object.state = .building
        do throws(DeedError) {
            try commitChange(object)
            reach(.schemaDefined)
            try build(object)
            object.state = .ready
            try commitChange(object)
            reach(.schemaReady)
        } catch {
            object.state = .dropped
            // When even this cannot be committed, the next open forgets the object.
            do throws(DeedError) { try commitChange(object) } catch { apply(object) }
            throw error
        }
        return object
    }

    /// Drops the object of that name if it is of that kind. Writers that are under way may still look after it.
    func drop(_ kind: SchemaObject.Kind, named name: String) throws(DeedError) {
        try requireOwnWrites()
        schemaChange.lock()
        defer { schemaChange.unlock() }
        guard var object = schema.object(named: name), object.kind == kind else {
            throw DeedError(.notFound, "there is no \(kind) with the name '\(name)'")
        }
        object.state = .dropped
        try commitChange(object)
        reach(.schemaDropped)
    }

    /// Commits the present state of an object, and then brings it into effect.
    func commitChange(_ object: SchemaObject) throws(DeedError) {
        let transaction = Transaction(snapshot: .latest(mark: newMark()), place: nil, isReadOnly: false)
        if isLogged { LogRecord.schemaObject(object, into: &transaction.log) }
        try commit(transaction)
        if object.state == .dropped { reach(.schemaDropLogged) }
        apply(object)
    }

    /// Brings a committed change into effect.
    func apply(_ object: SchemaObject) {
        if object.state == .dropped { schema.remove(object.number) } else { schema.set(object) }
        if object.state != .dropped { register(object) }
        publishRules(object.rowKind, object.table)
        if object.state == .dropped { unregister(object.number) }
    }

    /// Publishes the rules that follow from the schema for one table.
    func publishRules(_ kind: RowKind, _ name: NameId) {
        guard let table = table(kind, name) else { return }
        let objects = schema.objects(of: kind, name)
        let open = openAlteration.withLock { open in open.flatMap { $0.kind == kind && $0.table == name ? $0 : nil } }
        let rules = objects.isEmpty && open == nil
            ? nil
            : TableRules(
                objects, indexes: objects.compactMap { index($0.number) }, suspended: open?.suspended ?? [], onlyWriter: open?.mark)
        table.publish(rules)
        if let rules { allRules.withLock { $0.append(rules) } }
    }

    // MARK: Saving and restoring

    /// All objects, for a checkpoint's last batch.
    func appendSchema(to batch: inout WriteBatch) -> Schema.Unsaved {
        let unsaved = schema.unsaved
        for object in unsaved.objects {
            var value = ByteBuffer()
            object.encode(into: &value)
            batch.put(.meta, StoreKeys.schemaObject(object.number), value)
        }
        for number in unsaved.dropped { batch.delete(.meta, StoreKeys.schemaObject(number)) }
        return unsaved
    }

    /// Restores the objects that the last checkpoint saved.
    func readSchema(_ store: KeyValueStore) throws(DeedError) {
        try store.forEach(in: .meta, from: StoreKeys.text("x"), to: StoreKeys.text("y")) { key, value throws(DeedError) in
            var keyReader = ByteReader(key)
            _ = try keyReader.readByte()
            let number = try keyReader.readFixed32().byteSwapped
            var reader = ByteReader(value)
            try restore(number, try SchemaObject.decode(number: number, &reader), isSaved: true)
            return true
        }
        schema.noteSaved(schema.unsaved)
    }

    /// Applies a change that is committed already; nil for an object that was dropped.
    func restore(_ number: UInt32, _ object: SchemaObject?, isSaved: Bool = false) throws(DeedError) {
        if let object {
            _ = try requireTable(object.rowKind, object.table)
            try restoreIndex(object, isSaved: isSaved)
            apply(object)
        } else if var object = schema.object(number) {
            object.state = .dropped
            apply(object)
        }
    }

    /// Forgets what was being made when the process died; the next checkpoint deletes its traces.
    func forgetIncompleteObjects() {
        for var object in schema.objects where object.state == .building {
            object.state = .dropped
            apply(object)
        }
    }
}
