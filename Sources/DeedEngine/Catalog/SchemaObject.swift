// What the schema consists of beyond names: secondary indexes, constraints, and definitions of the languages above. The catalogue
// keeps them as numbered objects whose definition only their owner reads; they are logged as effects, saved by checkpoints, and
// restored by recovery.

/// One index, constraint or definition.
package struct SchemaObject: Sendable {
    /// Numbers are embedded in files: do not renumber.
    package enum Kind: UInt8, Sendable {
        case index = 1
        case constraint = 2
        /// Of a language above, such as a view; about no table.
        case definition = 3
    }

    /// An object that is being made is known to the log, so that replaying it keeps an index complete, but it is not used
    /// yet; one that was never completed is forgotten when the store is opened again.
    package enum State: UInt8, Sendable {
        case dropped = 0
        case building = 1
        case ready = 2
    }

    package internal(set) var number: UInt32
    package let kind: Kind
    package internal(set) var state: State
    /// The table whose rows it is about.
    package let rowKind: RowKind
    package let table: NameId
    /// Unique among all objects of the store.
    package let name: String
    /// Encoded by the owner of its kind.
    package let definition: [UInt8]

    init(
        number: UInt32 = 0, kind: Kind, state: State = .building, rowKind: RowKind, table: NameId, name: String,
        definition: [UInt8]
    ) {
        self.number = number
        self.kind = kind
        self.state = state
        self.rowKind = rowKind
        self.table = table
        self.name = name
        self.definition = definition
    }

    // The value under an object's key, and what follows the number in its effect:
    //   state byte, and unless that says dropped: kind byte, row kind byte, varint table, varint size, name,
    //   varint size, definition.

    func encode(into out: inout ByteBuffer) {
        out.append(state.rawValue)
        if state == .dropped { return }
        out.append(kind.rawValue)
        out.append(rowKind.rawValue)
        out.append(varint: UInt64(table))
        out.append(sized: name)
        definition.withUnsafeBytes { out.append(sized: $0) }
    }

    /// nil for an object that was dropped.
    static func decode(number: UInt32, _ reader: inout ByteReader) throws(DeedError) -> SchemaObject? {
        guard let state = State(rawValue: try reader.readByte()) else {
            throw DeedError(.corruption, "schema object \(number) has an unknown state")
        }
        if state == .dropped { return nil }
        guard let kind = Kind(rawValue: try reader.readByte()) else {
            throw DeedError(.corruption, "schema object \(number) is of an unknown kind")
        }
        let object = SchemaObject(
            number: number, kind: kind, state: state, rowKind: try LogRecord.readKind(&reader),
            table: try LogRecord.readNameId(&reader), name: try reader.readText(),
            definition: Array(try reader.readSized()))
        if kind == .constraint { _ = try Constraint(object) }
        return object
    }
}

extension LogRecord {
    static func schemaObject(_ object: SchemaObject, into buffer: inout ByteBuffer) {
        buffer.append(Effect.schemaObject.rawValue)
        buffer.append(varint: UInt64(object.number))
        object.encode(into: &buffer)
    }
}
