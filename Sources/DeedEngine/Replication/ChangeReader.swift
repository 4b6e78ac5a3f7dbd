// A record of the change feed, taken apart: one change after the other, as rows with names that this store knows.

package final class ChangeReader {
    /// Numbers are those of `deed_change_action` in Include/deed.h.
    package enum Action: Int32, Sendable {
        case insert = 0
        case update = 1
        case delete = 2
        case define = 3
        case drop = 4
    }

    package let sequence: Timestamp
    /// When it was committed, in microseconds since the epoch; 0 if the record does not say.
    package let microseconds: Int64

    /// The change that `advance` has come to.
    package private(set) var action = Action.insert
    package private(set) var kind = RowKind.entity
    /// An update that removes all properties but those given.
    package private(set) var isReplacing = false
    /// The row as inserted, or the properties that an update sets (null removes one); a deleted row has none.
    package let row = RecordBuffer(seed: 1)
    /// The row before the change, if the log was told to keep that.
    package let before = RecordBuffer(seed: 1)
    package private(set) var hasBefore = false
    /// Of a schema object: its number and name.
    package private(set) var object: (number: UInt32, name: String) = (0, "")

    private let graph: Graph
    /// The record, which the caller keeps.
    private var effects: EffectReader
    /// Before images that wait for their change.
    private var images: [ImageKey: BeforeImage] = [:]
    /// Rows of a bulk load that are still to come.
    private var rows: RowsOfLoad?

    private struct ImageKey: Hashable {
        let kind: RowKind
        let id: RowId
    }

    private struct BeforeImage {
        let table: NameId
        let source: RowId
        let target: RowId
        let cells: [PropertyCell]
    }

    init(_ graph: Graph, _ data: UnsafeRawBufferPointer) throws(DeedError) {
        self.graph = graph
        let (header, bytes) = try ShippedRecord.open(data)
        sequence = header.sequence
        effects = EffectReader(bytes)
        microseconds = try ShippedRecord.commitTime(of: data)
    }

    /// Moves to the next change; false at the end.
    package func advance() throws(DeedError) -> Bool {
        while true {
            if let rows {
                if try rows.next(into: row) {
                    set(.insert, rows.load.kind)
                    return true
                }
                self.rows = nil
            }
            guard let effect = try effects.next() else { return false }
            if try take(effect) { return true }
        }
    }

    /// False if the effect is not a change that concerns a reader.
    private func take(_ effect: LogEffect) throws(DeedError) -> Bool {
        (row.hiddenKey, before.hiddenKey) = (graph.names.labelsKey, graph.names.labelsKey)
        switch effect {
        case .insert(let kind, let id, let table, let source, let target):
            row.fill(id: id, table: table, source: source, target: target, effects.cells)
            set(.insert, kind)
        case .update(let kind, let id, let replacing):
            try fillChanged(kind, id, effects.cells)
            set(.update, kind)
            isReplacing = replacing
        case .delete(let kind, let id):
            try fillChanged(kind, id, [])
            set(.delete, kind)
        case .beforeImage(let kind, let id, let table, let source, let target):
            images[ImageKey(kind: kind, id: id)] = BeforeImage(
                table: table, source: source, target: target, cells: effects.cells)
            return false
        case .attachedRows(let load):
            rows = try RowsOfLoad(load, graph.pool)
            return false
        case .schema(let number, let object): return take(number, object)
        case .name, .commitTime: return false
        case .attach: throw DeedError(.corruption, "the record is not one that the change feed gave")
        }
        return true
    }

    private func set(_ action: Action, _ kind: RowKind) {
        self.action = action
        self.kind = kind
        isReplacing = false
        if action == .insert { hasBefore = false }
    }

    /// Of an object that is being made readers are not told until it is in use.
    private func take(_ number: UInt32, _ definition: SchemaObject?) -> Bool {
        guard definition?.state != .building else { return false }
        set(definition == nil ? .drop : .define, definition?.rowKind ?? .entity)
        hasBefore = false
        object = (number, definition?.name ?? "")
        row.fill(id: 0, table: definition?.table ?? 0, source: 0, target: 0, [])
        return true
    }

    private func fillChanged(_ kind: RowKind, _ id: RowId, _ cells: [PropertyCell]) throws(DeedError) {
        let image = images.removeValue(forKey: ImageKey(kind: kind, id: id))
        hasBefore = image != nil
        if let image {
            before.fill(id: id, table: image.table, source: image.source, target: image.target, image.cells)
            row.fill(id: id, table: image.table, source: image.source, target: image.target, cells)
            return
        }
        guard let segment = graph.directory(kind).segment(of: id) else { throw graph.missing(kind, id) }
        row.fill(id: id, table: segment.pointee.table, source: 0, target: 0, cells)
    }
}

/// The rows of one segment of a bulk load, decoded from the chunks that a record carries.
private final class RowsOfLoad {
    let load: ShippedSegment
    private let pool: MemoryPool
    private var columns: [(key: NameId, chunk: ColumnChunk)] = []
    private var sources = IdArray()
    private var targets = IdArray()
    private var next: Int

    init(_ load: ShippedSegment, _ pool: MemoryPool) throws(DeedError) {
        self.load = load
        self.pool = pool
        next = load.number == 0 ? 1 : 0
        for column in load.columns {
            var reader = ByteReader(column.bytes)
            if column.key == StoreKeys.endpointsColumn {
                try ChunkCodec.decode(&reader, into: &sources, max: Limits.segmentRows, pool, .scratch)
                try ChunkCodec.decode(&reader, into: &targets, max: Limits.segmentRows, pool, .scratch)
            } else {
                columns.append((column.key, ColumnChunk()))
                try ChunkCodec.decode(&reader, into: &columns[columns.count - 1].chunk, pool)
            }
        }
        guard load.kind == .entity || sources.capacity >= load.rows && targets.capacity >= load.rows else {
            throw DeedError(.corruption, "a bulk load in a record has relationships without ends")
        }
    }

    deinit {
        for index in columns.indices { columns[index].chunk.free(pool) }
        sources.free(pool, .scratch)
        targets.free(pool, .scratch)
    }

    func next(into buffer: RecordBuffer) throws(DeedError) -> Bool {
        guard next < load.rows else { return false }
        var cells: [PropertyCell] = []
        for column in columns {
            let cell = column.chunk.cell(at: next)
            if cell.type != .null { cells.append(PropertyCell(key: column.key, cell: cell)) }
        }
        let isRelationship = load.kind == .relationship
        buffer.fill(
            id: rowId(segment: load.number, row: next), table: load.table, source: isRelationship ? sources[next] : 0,
            target: isRelationship ? targets[next] : 0, cells)
        next += 1
        return true
    }
}

extension Graph {
    /// Takes a record of the change feed apart. The bytes stay the caller's, and must stay as long as the reader is used.
    package func readChanges(_ data: UnsafeRawBufferPointer) throws(DeedError) -> ChangeReader {
        try requireOpen()
        return try ChangeReader(self, data)
    }
}
