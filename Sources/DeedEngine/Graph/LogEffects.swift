// What a log record says, effect by effect, and to whom: recovery writes the effects straight into segments that nobody
// else has yet (Recovery.swift), and live apply writes them as a transaction beside readers (Graph+Apply.swift).

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

extension Graph {
    /// Hands the effects of a record, behind its header, to `effects`. Names and the schema are the same for everybody,
    /// so they are taken in here.
    func forEachEffect(_ reader: inout ByteReader, _ effects: some LogEffects) throws(DeedError) {
        var cells: [PropertyCell] = []
        while !reader.isAtEnd {
            switch try LogRecord.readEffect(&reader) {
            case .insertEntity:
                let id = try reader.readVarint()
                let table = try LogRecord.readNameId(&reader)
                try LogRecord.readProperties(&reader, into: &cells)
                try effects.insert(.entity, id, table, cells, 0, 0)
            case .insertRelationship:
                let id = try reader.readVarint()
                let table = try LogRecord.readNameId(&reader)
                let (source, target) = (try reader.readVarint(), try reader.readVarint())
                try LogRecord.readProperties(&reader, into: &cells)
                try effects.insert(.relationship, id, table, cells, source, target)
            case .update:
                let kind = try LogRecord.readKind(&reader)
                let id = try reader.readVarint()
                let isReplacing = try reader.readByte() != 0
                try LogRecord.readProperties(&reader, into: &cells)
                try effects.update(kind, id, cells, replacing: isReplacing)
            case .delete:
                let kind = try LogRecord.readKind(&reader)
                try effects.delete(kind, try reader.readVarint())
            case .name:
                guard let kind = NameKind(rawValue: try reader.readByte()) else {
                    throw DeedError(.corruption, "the log has a name of unknown kind")
                }
                let number = try LogRecord.readNameId(&reader)
                try addName(kind, number, try reader.readSized())
            case .attachSegment:
                try effects.attach(try AttachedSegment(&reader))
            case .schemaObject:
                try replaySchemaObject(&reader)
            case .commitTime:
                _ = try reader.readFixed64()
            case .beforeImage:
                try LogRecord.skipBeforeImage(&reader, cells: &cells)
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
