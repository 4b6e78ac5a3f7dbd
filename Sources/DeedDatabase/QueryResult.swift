// The rows of a query, a chunk at a time, and what a row's elements of the graph look like.

import DeedEngine
import DeedExecution
import DeedValues

/// A node as a result shows it.
package final class EntityRecord: Sendable {
    package let id: UInt64
    package let labels: [String]
    package let properties: [(key: String, value: Value)]

    init(id: UInt64, labels: [String], properties: [(key: String, value: Value)]) {
        (self.id, self.labels, self.properties) = (id, labels, properties)
    }
}

/// A relationship as a result shows it.
package final class RelationshipRecord: Sendable {
    package let id: UInt64
    package let source: UInt64
    package let target: UInt64
    package let type: String
    package let properties: [(key: String, value: Value)]

    init(id: UInt64, source: UInt64, target: UInt64, type: String, properties: [(key: String, value: Value)]) {
        (self.id, self.source, self.target) = (id, source, target)
        (self.type, self.properties) = (type, properties)
    }
}

/// One thread at a time, but for `interrupt`.
package final class QueryResult: @unchecked Sendable {
    package var columns: [String] { shape.columns }
    /// The number of columns.
    package let width: Int
    private let shape: ResultShape
    let context: QueryContext
    private let instance: PlanInstance?
    /// Computed and not handed out: from `nextWaiting` on.
    private var waiting: [Chunk] = []
    private var nextWaiting = 0
    private var isExhausted = false
    /// What elements looked like when the query ended, once it is over.
    private var entities: [UInt64: EntityRecord]?
    private var relationships: [UInt64: RelationshipRecord] = [:]
    private var report: ReportBuilder?
    /// What whoever hands the rows out has needed for it: room for chunks, and for bytes. It is used again with the result.
    private var spareChunks: [Chunk] = []
    private var memory: (base: UnsafeMutableRawPointer, size: Int)?

    package var counters: WriteCounters { context.counters }
    /// What is odd about the query without being wrong.
    package var notices: [String] { report?.query.notices ?? [] }

    init(_ query: PreparedQuery, _ instance: PlanInstance, _ reports: ReportRing) {
        (self.instance, context) = (instance, instance.context)
        (shape, width) = (query.resultShape, query.resultShape.slots.count)
        report = ReportBuilder(query, reports)
    }

    deinit {
        if !isExhausted { report?.finish(context.counts, isComplete: false) }
        memory?.base.deallocate()
    }

    // MARK: Used again

    /// Begins anew with another execution of the plan, after `end`. Both have results that wait, so these do not keep them.
    func begin(_ query: PreparedQuery, _ reports: ReportRing) {
        isExhausted = false
        report = ReportBuilder(query, reports)
    }

    /// The last that is asked of a result, by who has the only reference to it: it may become the result of another execution.
    package func end() {
        guard isExhausted, let instance, let query = report.take()?.query else { return }
        if !waiting.isEmpty { (waiting, nextWaiting) = ([], 0) }
        if entities != nil { (entities, relationships) = (nil, [:]) }
        if let memory, memory.size > Self.spareMax.bytes {
            memory.base.deallocate()
            self.memory = nil
        }
        query.instances.give(instance, self)
    }

    /// A result that waits keeps room for so many chunks and bytes.
    private static let spareMax = (chunks: 16, bytes: 16 << 10)

    /// Exchanges an array for the result's, which has no chunks; of several of these the memory is given back.
    package func exchange(_ chunks: inout [Chunk]) {
        if chunks.count == 1 { context.recycle(&chunks[0]) }
        chunks.empty()
        swap(&chunks, &spareChunks)
        if spareChunks.capacity > Self.spareMax.chunks { spareChunks = [] }
    }

    /// Memory for so many bytes, which lives as long as the result and until it is asked for again.
    package func room(_ size: Int) -> UnsafeMutableRawPointer {
        if let memory, memory.size >= size { return memory.base }
        memory?.base.deallocate()
        let base = UnsafeMutableRawPointer.allocate(byteCount: size, alignment: 16)
        memory = (base, size)
        return base
    }

    /// A result of rows that are there already.
    init(columns: [String], rows: [[Value]], _ graph: Graph) throws {
        (shape, width) = (ResultShape(columns: columns, slots: Array(columns.indices)), columns.count)
        context = QueryContext(
            view: try GraphView(graph, nil), parameters: Parameters(), functions: FunctionContext(seconds: 0, nanoseconds: 0),
            slotCount: columns.count)
        instance = nil
        guard !rows.isEmpty else { return }
        var chunk = Chunk(slots: columns.count, count: rows.count)
        for column in columns.indices { chunk.columns[column] = ChunkColumn(ColumnVector(rows.map { $0[column] })) }
        waiting = [chunk]
    }

    static func text(_ text: String, column: String, _ graph: Graph) throws -> QueryResult {
        try QueryResult(columns: [column], rows: [[.string(text)]], graph)
    }

    package func interrupt() { context.interrupt() }

    // MARK: Rows

    /// The next rows, or nil at the end: for each column of the result one column of the chunk.
    package func next() throws -> Chunk? {
        if nextWaiting < waiting.count {
            defer { nextWaiting += 1 }
            return waiting[nextWaiting]
        }
        if nextWaiting > 0 { (waiting, nextWaiting) = ([], 0) }
        return try compute()
    }

    /// The values of the first row, if that is asked for at all; empty if there is none.
    func firstRow() throws -> [Value] {
        guard let chunk = try next(), chunk.count > 0 else { return [] }
        return (0..<width).map { chunk.columns[$0]?.value(0) ?? .null }
    }

    private func compute() throws -> Chunk? {
        guard let root = instance?.root, !isExhausted else { return nil }
        while true {
            try context.checkInterrupt()
            guard var chunk = try root.next() else {
                isExhausted = true
                report?.finish(context.counts, isComplete: true)
                return nil
            }
            report?.rows += chunk.count
            // A query without columns is run for what it changes.
            if width == 0 { continue }
            arrange(&chunk)
            return chunk
        }
    }

    /// Brings the columns of the result to the front; what is behind them is nobody's business.
    private func arrange(_ chunk: inout Chunk) {
        if !shape.areSlotsAscending {
            let columns = chunk.columns
            chunk = Chunk(slots: width, count: chunk.count)
            for position in 0..<width { chunk.columns[position] = columns[shape.slots[position]] }
            return
        }
        // What is exchanged is not copied, so that no references are counted.
        chunk.columns.withUnsafeMutableBufferPointer { columns in
            for position in 0..<width where shape.slots[position] != position {
                swap(&columns[position], &columns[shape.slots[position]])
            }
        }
    }

    /// Computes everything now, elements included, so that the result does not depend on the transaction any more.
    func materialize() throws {
        var chunks: [Chunk] = []
        while let chunk = try compute() { chunks.append(chunk) }
        waiting = chunks
        entities = [:]
        for chunk in chunks {
            for column in chunk.columns.prefix(width).compactMap({ $0 }) where column.vector.mayHoldElements {
                for row in 0..<chunk.count { try remember(column.value(row)) }
            }
        }
    }

    private func remember(_ value: Value) throws {
        switch value {
        case .entity(let id): entities?[id] = try load(entity: id)
        case .relationship(let id): relationships[id] = try load(relationship: id)
        case .path(let path):
            for id in path.entities { entities?[id] = try load(entity: id) }
            for id in path.relationships { relationships[id] = try load(relationship: id) }
        case .list(let items): for item in items { try remember(item) }
        case .map(let map): for item in map.values { try remember(item) }
        default: break
        }
    }

    // MARK: Elements

    /// A node that the query has deleted has neither labels nor properties any more.
    package func entity(_ id: UInt64) throws -> EntityRecord { try entities?[id] ?? load(entity: id) }

    package func relationship(_ id: UInt64) throws -> RelationshipRecord {
        try relationships[id] ?? load(relationship: id)
    }

    private func load(entity id: UInt64) throws -> EntityRecord {
        guard let properties = try context.view.properties(.entity, id) else {
            return EntityRecord(id: id, labels: [], properties: [])
        }
        return EntityRecord(id: id, labels: try context.view.labels(of: id), properties: properties)
    }

    private func load(relationship id: UInt64) throws -> RelationshipRecord {
        var (ids, sources, targets) = ([id], [UInt64(0)], [UInt64(0)])
        try context.view.ends(&ids, count: 1, sources: &sources, targets: &targets)
        let type = context.view.type(ofRelationship: id).map { context.view.typeName($0) } ?? ""
        return RelationshipRecord(
            id: id, source: sources[0], target: targets[0], type: type,
            properties: try context.view.properties(.relationship, id) ?? [])
    }
}

extension ColumnVector {
    fileprivate var mayHoldElements: Bool { kind == .any || kind == .entity || kind == .relationship }
}
