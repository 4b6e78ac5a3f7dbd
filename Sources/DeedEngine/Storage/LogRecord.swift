// The effects of a transaction as bytes. Applying a record depends on nothing but the record and the state before it
// (no clock, no random number, no hash order), and applying it twice equals applying it once.
//
// Key in the family `log`: commit timestamp, then the number of the piece, both big-endian, 8 and 4 bytes.
// Value: a piece of the record; the pieces of one timestamp, joined, are
//   header     format version (1 byte, now 1), group u32, epoch u32, sequence u64 (= the commit timestamp)
//   effects    one after the other, each a byte for its kind and then:
//     1 insert entity         varint id, collection, properties
//     2 insert relationship   varint id, type, source, target, properties
//     3 update                row kind byte, varint id, byte 1 if properties not named are removed, properties
//     4 delete                row kind byte, varint id
//     5 name                  name kind byte, varint number, varint size, text
//     6 attach segment        row kind byte, varint segment number, table, rows, generation, count of columns, their keys
//     7 schema object         varint number, then as in SchemaObject.swift
//     8 commit time           u64 microseconds since the epoch; for readers of the log, without effect
//     9 before image          what an update or delete is about to change; for readers of the log, without effect:
//                             row kind byte, varint id, table, source, target (0 for entities), properties
//    10 attached rows         only in records that have left the store, in place of 6 (see ShippedRecord): row kind byte,
//                             varint segment number, table, rows, count of columns, for each its key, size and chunk
//   properties: varint count, then for each varint key, type byte, payload as in ValueType.swift
// These numbers are embedded in files: do not renumber.

enum LogRecord {
    static let formatVersion: UInt8 = 1
    static let headerBytes = 17

    enum Effect: UInt8 {
        case insertEntity = 1
        case insertRelationship = 2
        case update = 3
        case delete = 4
        case name = 5
        case attachSegment = 6
        case schemaObject = 7
        case commitTime = 8
        case beforeImage = 9
        case attachedRows = 10
    }

    // MARK: Writing

    /// What stands before the effects.
    struct Header {
        var sequence: Timestamp
        /// Which group of stores the record comes from, and how often it has changed hands.
        var group: UInt32 = 0
        var epoch: UInt32 = 0
    }

    static func header(_ header: Header, into buffer: inout ByteBuffer) {
        buffer.append(formatVersion)
        buffer.append(fixed32: header.group)
        buffer.append(fixed32: header.epoch)
        buffer.append(fixed64: header.sequence)
    }

    static func insertEntity(
        _ id: RowId, _ collection: NameId, _ properties: UnsafeBufferPointer<PropertyCell>, into buffer: inout ByteBuffer
    ) {
        buffer.append(Effect.insertEntity.rawValue)
        buffer.append(varint: id)
        buffer.append(varint: UInt64(collection))
        append(properties, to: &buffer)
    }

    static func insertRelationship(
        _ id: RowId, _ type: NameId, _ source: RowId, _ target: RowId,
        _ properties: UnsafeBufferPointer<PropertyCell>, into buffer: inout ByteBuffer
    ) {
        buffer.append(Effect.insertRelationship.rawValue)
        buffer.append(varint: id)
        buffer.append(varint: UInt64(type))
        buffer.append(varint: source)
        buffer.append(varint: target)
        append(properties, to: &buffer)
    }

    static func update(
        _ kind: RowKind, _ id: RowId, _ properties: UnsafeBufferPointer<PropertyCell>, replacing: Bool,
        into buffer: inout ByteBuffer
    ) {
        buffer.append(Effect.update.rawValue)
        buffer.append(kind.rawValue)
        buffer.append(varint: id)
        buffer.append(replacing ? 1 : 0)
        append(properties, to: &buffer)
    }

    static func delete(_ kind: RowKind, _ id: RowId, into buffer: inout ByteBuffer) {
        buffer.append(Effect.delete.rawValue)
        buffer.append(kind.rawValue)
        buffer.append(varint: id)
    }

    static func name(_ kind: NameKind, _ number: NameId, _ text: UnsafeRawBufferPointer, into buffer: inout ByteBuffer) {
        buffer.append(Effect.name.rawValue)
        buffer.append(kind.rawValue)
        buffer.append(varint: UInt64(number))
        buffer.append(sized: text)
    }

    static func attachSegment(
        _ kind: RowKind, number: Int, table: NameId, rows: Int, generation: UInt64, columns: [NameId],
        into buffer: inout ByteBuffer
    ) {
        buffer.append(Effect.attachSegment.rawValue)
        buffer.append(kind.rawValue)
        buffer.append(varint: UInt64(number))
        buffer.append(varint: UInt64(table))
        buffer.append(varint: UInt64(rows))
        buffer.append(varint: generation)
        buffer.append(varint: UInt64(columns.count))
        for column in columns { buffer.append(varint: UInt64(column)) }
    }

    /// The columns follow.
    static func attachedRows(
        _ kind: RowKind, number: Int, table: NameId, rows: Int, columns: Int, into buffer: inout ByteBuffer
    ) {
        buffer.append(Effect.attachedRows.rawValue)
        buffer.append(kind.rawValue)
        buffer.append(varint: UInt64(number))
        buffer.append(varint: UInt64(table))
        buffer.append(varint: UInt64(rows))
        buffer.append(varint: UInt64(columns))
    }

    static func commitTime(microseconds: Int64, into buffer: inout ByteBuffer) {
        buffer.append(Effect.commitTime.rawValue)
        buffer.append(fixed64: UInt64(bitPattern: microseconds))
    }

    static func beforeImage(
        _ kind: RowKind, _ id: RowId, _ table: NameId, _ source: RowId, _ target: RowId,
        _ properties: UnsafeBufferPointer<PropertyCell>, into buffer: inout ByteBuffer
    ) {
        buffer.append(Effect.beforeImage.rawValue)
        buffer.append(kind.rawValue)
        buffer.append(varint: id)
        buffer.append(varint: UInt64(table))
        buffer.append(varint: source)
        buffer.append(varint: target)
        append(properties, to: &buffer)
    }

    @inline(__always)
    static func append(_ properties: UnsafeBufferPointer<PropertyCell>, to buffer: inout ByteBuffer) {
        buffer.append(varint: UInt64(properties.count))
        for property in properties {
            buffer.append(varint: UInt64(property.key))
            append(property.cell, to: &buffer)
        }
    }

    /// A type byte and the payload.
    @inline(__always)
    static func append(_ cell: Cell, to buffer: inout ByteBuffer) {
        buffer.append(cell.type.rawValue)
        switch cell.type.width {
        case 0: break
        case 1: buffer.append(UInt8(truncatingIfNeeded: cell.bits))
        case 8: buffer.append(fixed64: cell.bits)
        default: buffer.append(sized: cell.bytes)
        }
    }

    // MARK: Reading

    static func readHeader(_ reader: inout ByteReader) throws(DeedError) -> Header {
        let version = try reader.readByte()
        guard version == formatVersion else {
            throw DeedError(.newerFormat, "the log has records of format \(version); this is for format \(formatVersion)")
        }
        let (group, epoch) = (try reader.readFixed32(), try reader.readFixed32())
        return Header(sequence: try reader.readFixed64(), group: group, epoch: epoch)
    }

    static func readEffect(_ reader: inout ByteReader) throws(DeedError) -> Effect {
        let byte = try reader.readByte()
        guard let effect = Effect(rawValue: byte) else {
            throw DeedError(.corruption, "the log has an effect of unknown kind \(byte)")
        }
        return effect
    }

    static func readKind(_ reader: inout ByteReader) throws(DeedError) -> RowKind {
        guard let kind = RowKind(rawValue: try reader.readByte()) else {
            throw DeedError(.corruption, "the log has an unknown kind of row")
        }
        return kind
    }

    static func readNameId(_ reader: inout ByteReader) throws(DeedError) -> NameId {
        NameId(try reader.readCount(max: Limits.namesMax))
    }

    /// Cells whose bytes are borrowed from the record.
    static func readProperties(_ reader: inout ByteReader, into cells: inout [PropertyCell]) throws(DeedError) {
        cells.removeAll(keepingCapacity: true)
        let count = try reader.readCount(max: Limits.propertiesMax)
        for _ in 0..<count {
            let key = try readNameId(&reader)
            guard let type = ValueType(rawValue: try reader.readByte()) else {
                throw DeedError(.corruption, "the log has a value of unknown type")
            }
            let cell: Cell
            switch type.width {
            case 0: cell = .null
            case 1: cell = Cell(type: type, bits: UInt64(try reader.readByte()))
            case 8: cell = Cell(type: type, bits: try reader.readFixed64())
            default: cell = Cell(type: type, bytes: try reader.readSized())
            }
            cells.append(PropertyCell(key: key, cell: cell))
        }
    }
}
