// The definition of a constraint as bytes, which its schema object keeps beside its name and table. Embedded in files:
//
//   kind byte, varint count of properties, their keys, and then
//     type          varint set of types
//     default, one of, range
//                   the values as properties of a log record are; a range has keys 0 for the lower and 1 for the upper
//                   bound, and behind them a byte: bit 0 lower bound inclusive, bit 1 upper bound inclusive
//     length        varint least, varint greatest plus one, or 0 for none
//     endpoints     varint count of pairs, varint source and target each
//     cardinality   varint most outgoing and incoming, 0 for any number

extension Constraint {
    var schemaObject: SchemaObject {
        var buffer = ByteBuffer()
        encode(into: &buffer)
        return SchemaObject(kind: .constraint, rowKind: rowKind, table: table, name: name, definition: Array(buffer.bytes))
    }

    /// The index that finds out whether rows comply, if one does.
    var indexDefinition: IndexDefinition? {
        switch rule {
        case .unique, .primaryKey: IndexDefinition(properties: properties, isUnique: true)
        default: nil
        }
    }

    private func encode(into buffer: inout ByteBuffer) {
        buffer.append(kind.rawValue)
        buffer.append(varint: UInt64(properties.count))
        for key in properties { buffer.append(varint: UInt64(key)) }
        switch rule {
        case .required, .unique, .primaryKey: break
        case .type(let types): buffer.append(varint: UInt64(types.rawValue))
        case .defaultValue(let value): Self.append([(0, value)], to: &buffer)
        case .oneOf(let values): Self.append(values.enumerated().map { (NameId($0.offset), $0.element) }, to: &buffer)
        case .range(let lower, let upper):
            let bounds = [(0, lower), (1, upper)].compactMap { key, bound in bound.map { (NameId(key), $0.value) } }
            Self.append(bounds, to: &buffer)
            buffer.append((lower?.isInclusive == true ? 1 : 0) | (upper?.isInclusive == true ? 2 : 0))
        case .length(let least, let most):
            buffer.append(varint: UInt64(least))
            buffer.append(varint: most.map { UInt64($0) + 1 } ?? 0)
        case .endpoints(let pairs):
            buffer.append(varint: UInt64(pairs.count))
            for pair in pairs {
                buffer.append(varint: UInt64(pair.source))
                buffer.append(varint: UInt64(pair.target))
            }
        case .cardinality(let outgoing, let incoming):
            buffer.append(varint: UInt64(outgoing ?? 0))
            buffer.append(varint: UInt64(incoming ?? 0))
        }
    }

    private static func append(_ values: [(NameId, StoredValue)], to buffer: inout ByteBuffer) {
        let cells = values.map { PropertyCell(key: $0.0, cell: $0.1.cell) }
        cells.withUnsafeBufferPointer { LogRecord.append($0, to: &buffer) }
        // The cells' bytes belong to the values.
        withExtendedLifetime(values) {}
    }

    init(_ object: SchemaObject) throws(DeedError) {
        name = object.name
        rowKind = object.rowKind
        table = object.table
        properties = []
        rule = .required
        // The bytes live as long as the object; a throwing closure would lose the type of its errors.
        let bytes = UnsafeMutableRawBufferPointer.allocate(byteCount: object.definition.count, alignment: 8)
        defer { bytes.deallocate() }
        bytes.copyBytes(from: object.definition)
        try decode(ByteReader(UnsafeRawBufferPointer(bytes)))
    }

    private mutating func decode(_ definition: ByteReader) throws(DeedError) {
        var reader = definition
        guard let kind = Kind(rawValue: try reader.readByte()) else {
            throw DeedError(.newerFormat, "constraint '\(name)' is of a kind that this version does not know")
        }
        for _ in 0..<(try reader.readCount(max: Limits.constraintPropertiesMax)) {
            properties.append(try LogRecord.readNameId(&reader))
        }
        rule = try Self.readRule(kind, &reader)
        guard reader.isAtEnd else { throw DeedError(.corruption, "the definition of constraint '\(name)' goes on after its end") }
        do throws(DeedError) {
            try validate()
        } catch {
            throw DeedError(.corruption, "the definition of constraint '\(name)' makes no sense: \(error.message)")
        }
    }

    private static func readRule(_ kind: Kind, _ reader: inout ByteReader) throws(DeedError) -> Rule {
        switch kind {
        case .required: return .required
        case .unique: return .unique
        case .primaryKey: return .primaryKey
        case .type: return .type(TypeSet(rawValue: UInt32(try reader.readCount(max: Int(UInt32.max)))))
        case .defaultValue:
            guard let value = try readValues(&reader).first else {
                throw DeedError(.corruption, "a constraint lacks its value")
            }
            return .defaultValue(value.1)
        case .oneOf: return .oneOf(try readValues(&reader).map(\.1))
        case .range:
            let bounds = try readValues(&reader)
            let flags = try reader.readByte()
            func bound(_ key: NameId) -> Bound? {
                bounds.first { $0.0 == key }.map { Bound($0.1, isInclusive: flags & (1 << UInt8(key)) != 0) }
            }
            return .range(lower: bound(0), upper: bound(1))
        case .length:
            let least = try reader.readCount(max: .max)
            let most = try reader.readCount(max: .max)
            return .length(least: least, most: most == 0 ? nil : most - 1)
        case .endpoints:
            var pairs: [EndpointPair] = []
            for _ in 0..<(try reader.readCount(max: Limits.constraintValuesMax)) {
                let source = try LogRecord.readNameId(&reader)
                pairs.append(EndpointPair(source: source, target: try LogRecord.readNameId(&reader)))
            }
            return .endpoints(pairs)
        case .cardinality:
            let outgoing = try reader.readCount(max: .max)
            let incoming = try reader.readCount(max: .max)
            return .cardinality(outgoing: outgoing == 0 ? nil : outgoing, incoming: incoming == 0 ? nil : incoming)
        }
    }

    private static func readValues(_ reader: inout ByteReader) throws(DeedError) -> [(NameId, StoredValue)] {
        var cells: [PropertyCell] = []
        try LogRecord.readProperties(&reader, into: &cells)
        var values: [(NameId, StoredValue)] = []
        for property in cells {
            try DeedEngine.validate(nested: property.cell)
            values.append((property.key, StoredValue(property.cell)))
        }
        return values
    }
}

extension SchemaObject {
    /// The index that the object is, or that it needs as a constraint; nil if there is none.
    func indexDefinition() throws(DeedError) -> IndexDefinition? {
        switch kind {
        case .index: try IndexDefinition(decoding: definition)
        case .constraint: try Constraint(self).indexDefinition
        case .definition: nil
        }
    }
}
