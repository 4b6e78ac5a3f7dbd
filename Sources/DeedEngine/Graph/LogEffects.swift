// What a log record says, effect by effect, and to whom: recovery writes the effects straight into segments that nobody
// else has yet (Recovery.swift), and live apply writes them as a transaction beside readers (Graph+Apply.swift).
// Readers of the change feed take them one by one.

/// Takes the effects of one log record, in order. Cells are borrowed from the record.
protocol LogEffects {
    func insert(
        _ kind: RowKind, _ id: RowId, _ table: NameId, _ cells: [PropertyCell], _ source: RowId, _ target: RowId
    ) throws(DeedError)
    func update(_ kind: RowKind, _ id: RowId, _ cells: [PropertyCell], replacing: Bool) throws(DeedError)
    func delete(_ kind: RowKind, _ id: RowId) throws(DeedError)
    func attach(_ load: AttachedSegment) throws(DeedError)
}

/// A segment that a bulk load has filled; its chunks are in the store.
struct AttachedSegment {
    let kind: RowKind
    let number: Int
    let table: NameId
    let rows: Int
    let generation: UInt64
    let columns: [NameId]

    init(_ reader: inout ByteReader) throws(DeedError) {
        kind = try LogRecord.readKind(&reader)
        number = try reader.readCount(max: Limits.segmentsMax)
        table = try LogRecord.readNameId(&reader)
        rows = try reader.readCount(max: Limits.segmentRows)
        generation = try reader.readVarint()
        var keys: [NameId] = []
        for _ in 0..<(try reader.readCount(max: Limits.namesMax)) { keys.append(try LogRecord.readNameId(&reader)) }
        columns = keys
    }
}

/// A segment of a bulk load in a record that has left its store: it carries its chunks, as they were written.
struct ShippedSegment {
    let kind: RowKind
    let number: Int
    let table: NameId
    let rows: Int
    /// Properties, and for relationships the ends. Borrowed from the record.
    let columns: [(key: UInt32, bytes: UnsafeRawBufferPointer)]

    init(_ reader: inout ByteReader) throws(DeedError) {
        kind = try LogRecord.readKind(&reader)
        number = try reader.readCount(max: Limits.segmentsMax)
        table = try LogRecord.readNameId(&reader)
        rows = try reader.readCount(max: Limits.segmentRows)
        var read: [(key: UInt32, bytes: UnsafeRawBufferPointer)] = []
        for _ in 0..<(try reader.readCount(max: Limits.namesMax)) {
            read.append((UInt32(try reader.readCount(max: Int(UInt32.max))), try reader.readSized()))
        }
        columns = read
    }
}

/// What one effect says.
enum LogEffect {
    /// The properties are the reader's `cells`; so they are below.
    case insert(RowKind, id: RowId, table: NameId, source: RowId, target: RowId)
    case update(RowKind, id: RowId, replacing: Bool)
    case delete(RowKind, id: RowId)
    case name(NameKind, NameId, UnsafeRawBufferPointer)
    case attach(AttachedSegment)
    /// nil for an object that was dropped.
    case schema(UInt32, SchemaObject?)
    case commitTime(Int64)
    case beforeImage(RowKind, id: RowId, table: NameId, source: RowId, target: RowId)
    case attachedRows(ShippedSegment)
}

/// Reads effects one by one. What it gives is borrowed from the record.
struct EffectReader {
    private var reader: ByteReader
    /// The properties of the effect that was read last.
    private(set) var cells: [PropertyCell] = []

    init(_ effects: UnsafeRawBufferPointer) { reader = ByteReader(effects) }

    /// What has not been read yet.
    var rest: UnsafeRawBufferPointer { reader.rest }

    /// nil at the end.
    mutating func next() throws(DeedError) -> LogEffect? {
        if reader.isAtEnd { return nil }
        switch try LogRecord.readEffect(&reader) {
        case .insertEntity: return try readInsert(.entity)
        case .insertRelationship: return try readInsert(.relationship)
        case .update:
            let kind = try LogRecord.readKind(&reader)
            let id = try reader.readVarint()
            let isReplacing = try reader.readByte() != 0
            try LogRecord.readProperties(&reader, into: &cells)
            return .update(kind, id: id, replacing: isReplacing)
        case .delete:
            let kind = try LogRecord.readKind(&reader)
            return .delete(kind, id: try reader.readVarint())
        case .name:
            guard let kind = NameKind(rawValue: try reader.readByte()) else {
                throw DeedError(.corruption, "the log has a name of unknown kind")
            }
            let number = try LogRecord.readNameId(&reader)
            return .name(kind, number, try reader.readSized())
        case .attachSegment: return .attach(try AttachedSegment(&reader))
        case .schemaObject:
            let number = UInt32(try reader.readCount(max: Int(UInt32.max)))
            return .schema(number, try SchemaObject.decode(number: number, &reader))
        case .commitTime: return .commitTime(Int64(bitPattern: try reader.readFixed64()))
        case .beforeImage:
            let kind = try LogRecord.readKind(&reader)
            let (id, table) = (try reader.readVarint(), try LogRecord.readNameId(&reader))
            let (source, target) = (try reader.readVarint(), try reader.readVarint())
            try LogRecord.readProperties(&reader, into: &cells)
            return .beforeImage(kind, id: id, table: table, source: source, target: target)
        case .attachedRows: return .attachedRows(try ShippedSegment(&reader))
        }
    }

    private mutating func readInsert(_ kind: RowKind) throws(DeedError) -> LogEffect {
        let (id, table) = (try reader.readVarint(), try LogRecord.readNameId(&reader))
        var (source, target): (RowId, RowId) = (0, 0)
        if kind == .relationship { (source, target) = (try reader.readVarint(), try reader.readVarint()) }
        try LogRecord.readProperties(&reader, into: &cells)
        return .insert(kind, id: id, table: table, source: source, target: target)
    }
}

extension Graph {
    /// Hands the effects of a record, behind its header, to `effects`. Names and the schema are the same for everybody,
    /// so they are taken in here.
    func forEachEffect(_ record: UnsafeRawBufferPointer, _ effects: some LogEffects) throws(DeedError) {
        var reader = EffectReader(record)
        while let effect = try reader.next() {
            switch effect {
            case .insert(let kind, let id, let table, let source, let target):
                try effects.insert(kind, id, table, reader.cells, source, target)
            case .update(let kind, let id, let replacing): try effects.update(kind, id, reader.cells, replacing: replacing)
            case .delete(let kind, let id): try effects.delete(kind, id)
            case .name(let kind, let number, let text): try addName(kind, number, text)
            case .attach(let load): try effects.attach(load)
            case .schema(let number, let object): try restore(number, object)
            case .commitTime, .beforeImage: break
            case .attachedRows: throw DeedError(.corruption, "the log has an effect that only shipped records have")
            }
        }
    }

    /// Gives a name the number that it had.
    func addName(_ kind: NameKind, _ number: NameId, _ text: UnsafeRawBufferPointer) throws(DeedError) {
        if Int(number) < names.count(kind) { return }
        guard try names.intern(kind, text) == number else {
            throw DeedError(.corruption, "the names of the store are not numbered in sequence")
        }
    }

    /// The segment of an id in the log, which must be there.
    func knownSegment(_ kind: RowKind, _ id: RowId) throws(DeedError) -> SegmentRef {
        guard let segment = directory(kind).segment(of: id) else {
            throw DeedError(.corruption, "the log refers to \(kind) \(id), which was never added")
        }
        return segment
    }
}
