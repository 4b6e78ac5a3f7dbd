// Definitions of the languages above: what the store keeps under a name, and nothing here reads. The views of SQL are such.

extension Graph {
    /// Keeps `content` under a name that nothing in the schema has yet. Logged, saved and restored as all of the schema.
    /// Errors: AlreadyExists, LimitExceeded.
    package func createDefinition(_ name: String, _ content: [UInt8]) throws(DeedError) {
        try requireWritable()
        try define(try definitionDraft(name, content)) { _ throws(DeedError) in }
    }

    func definitionDraft(_ name: String, _ content: [UInt8]) throws(DeedError) -> SchemaObject {
        guard name.utf8.count <= Limits.nameBytesMax, content.count <= Limits.valueBytesMax else {
            throw DeedError(.limitExceeded, "a definition of \(content.count) bytes, or the length of its name")
        }
        // It belongs to no table, for which the empty name stands.
        let none = try names.intern(.collection, UnsafeRawBufferPointer(start: nil, count: 0))
        return SchemaObject(kind: .definition, rowKind: .entity, table: none, name: name, definition: content)
    }

    package func dropDefinition(_ name: String) throws(DeedError) { try drop(.definition, named: name) }

    /// What is kept under the name; nil if there is no such definition.
    package func definition(_ name: String) -> [UInt8]? {
        guard let object = schema.object(named: name), object.kind == .definition, object.state == .ready else { return nil }
        return object.definition
    }

    /// The names of all definitions, in the order in which they were made.
    package var definitionNames: [String] {
        schema.objects.filter { $0.kind == .definition && $0.state == .ready }.map(\.name)
    }
}
