// Scans and bulk loads.

import CDeed
import DeedEngine

final class ScanHandle {
    let scan: TableScan
    private let graph: Graph
    let buffer: BufferHandle
    private var image: SegmentImage?
    private var row = 0

    init(_ graph: Graph, _ scan: TableScan) {
        self.graph = graph
        self.scan = scan
        buffer = BufferHandle(graph)
    }

    func next() throws(DeedError) -> UnsafePointer<deed_record>? {
        try graph.requireOpen()
        if let image, row >= image.rowCount { self.image = nil }
        if image == nil {
            image = try scan.nextImage()
            row = 0
        }
        guard let image else { return nil }
        buffer.contents.fill(from: image, row: row)
        row += 1
        return try buffer.makeRecord()
    }
}

@c @implementation
public func deed_scan_begin(
    _ database: OpaquePointer?, _ transaction: OpaquePointer?, _ kind: deed_kind, _ table: UInt32,
    _ out_scan: UnsafeMutablePointer<OpaquePointer?>?, _ out_error: ErrorOut
) -> deed_status {
    out_scan?.pointee = nil
    return run(out_error) { () throws(DeedError) in
        let out = try required(out_scan, "out_scan")
        let graph = try graph(database)
        let transaction = try DeedCAPI.transaction(transaction, of: graph)
        out.pointee = retained(ScanHandle(graph, try graph.scan(transaction, rowKind(kind), table)))
    }
}

@c @implementation
public func deed_scan_next(
    _ scan: OpaquePointer?, _ out_record: UnsafeMutablePointer<UnsafePointer<deed_record>?>?, _ out_error: ErrorOut
) -> deed_status {
    out_record?.pointee = nil
    return run(out_error) { () throws(DeedError) in
        let out = try required(out_record, "out_record")
        out.pointee = try object(scan, ScanHandle.self).next()
    }
}

@c @implementation
public func deed_scan_destroy(_ scan: OpaquePointer?) { release(scan, ScanHandle.self) }

@c @implementation
public func deed_scan_arrow(
    _ database: OpaquePointer?, _ transaction: OpaquePointer?, _ kind: deed_kind, _ table: UInt32,
    _ out_stream: UnsafeMutablePointer<ArrowArrayStream>?, _ out_error: ErrorOut
) -> deed_status {
    out_stream?.pointee = ArrowArrayStream()
    return run(out_error) { () throws(DeedError) in
        let out = try required(out_stream, "out_stream")
        let graph = try graph(database)
        let kind = try rowKind(kind)
        let scan = try graph.scan(try DeedCAPI.transaction(transaction, of: graph), kind, table)
        var columns = [ArrowOutputColumn(name: "_id", source: .id)]
        if kind == .relationship {
            columns.append(ArrowOutputColumn(name: "_src", source: .source))
            columns.append(ArrowOutputColumn(name: "_dst", source: .target))
        }
        for column in try scan.columnTypes() {
            let name = columnName(graph.names.text(.propertyKey, column.key)?.string ?? "", besides: columns)
            columns.append(ArrowOutputColumn(name: name, source: .property(key: column.key, type: column.type)))
        }
        exportStream(schema: columns, next: { () throws(DeedError) in try scan.nextImage() }, into: out)
    }
}

/// The name of a property as a column: Arrow's names end at a NUL, and must not be those of the columns before it.
private func columnName(_ name: String, besides columns: [ArrowOutputColumn]) -> String {
    var result = name.replacing("\0", with: "\u{FFFD}")
    while columns.contains(where: { $0.name == result }) { result += "_" }
    return result
}

// MARK: Bulk loads

/// The caller's progress callback.
struct ProgressCallback {
    let call: deed_progress?
    let userData: UnsafeMutableRawPointer?

    func report(_ done: Int, _ total: Int) -> Bool {
        guard let call else { return true }
        return call(userData, UInt64(done), UInt64(total))
    }
}

/// Reads the stream to its end, whatever happens releasing it.
private func readTable(
    _ stream: UnsafeMutablePointer<ArrowArrayStream>, _ progress: ProgressCallback
) throws(DeedError) -> ArrowTable {
    try ArrowTable(stream: stream) { _ throws(DeedError) in
        if !progress.report(0, 0) { throw DeedError(.interrupted, "the load was interrupted") }
    }
}

private func bulkColumns(_ table: ArrowTable, _ graph: Graph) throws(DeedError) -> [any BulkColumn] {
    guard table.columnNames.count <= Limits.propertiesMax else {
        throw DeedError(.limitExceeded, "more than \(Limits.propertiesMax) columns")
    }
    var columns: [any BulkColumn] = []
    for (index, name) in table.columnNames.enumerated() {
        let key = try intern(name, graph)
        columns.append(table.column(at: index, key: key))
    }
    return columns
}

private func intern(_ name: String, _ graph: Graph) throws(DeedError) -> NameId {
    let bytes = Array(name.utf8)
    let copy = UnsafeMutableRawBufferPointer.allocate(byteCount: bytes.count, alignment: 1)
    defer { copy.deallocate() }
    copy.copyBytes(from: bytes)
    return try graph.internName(.propertyKey, UnsafeRawBufferPointer(copy))
}

private func releaseStream(_ stream: UnsafeMutablePointer<ArrowArrayStream>?) {
    guard let stream, let release = stream.pointee.release else { return }
    release(stream)
}

@c @implementation
public func deed_entities_load(
    _ database: OpaquePointer?, _ transaction: OpaquePointer?, _ collection: UInt32,
    _ stream: UnsafeMutablePointer<ArrowArrayStream>?, _ progress: deed_progress?,
    _ user_data: UnsafeMutableRawPointer?, _ out_ids: UnsafeMutablePointer<OpaquePointer?>?, _ out_error: ErrorOut
) -> deed_status {
    out_ids?.pointee = nil
    defer { releaseStream(stream) }
    return run(out_error) { () throws(DeedError) in
        guard let stream else { throw DeedError(.invalidArgument, "stream is NULL") }
        let callback = ProgressCallback(call: progress, userData: user_data)
        try DeedCAPI.graph(database).requireOpen()
        // Before the statement, which may run several times.
        let table = try readTable(stream, callback)
        let ids = try write(database, transaction) { graph, transaction throws(DeedError) in
            let columns = try bulkColumns(table, graph)
            let ids = try IdsHandle(count: table.rowCount, graph.pool)
            if table.rowCount == 0 { return ids }
            try graph.loadEntities(
                transaction, collection: collection, count: table.rowCount, columns: columns, ids: ids.ids,
                progress: callback.report)
            return ids
        }
        out_ids?.pointee = retained(ids)
    }
}

@c @implementation
public func deed_relationships_load(
    _ database: OpaquePointer?, _ transaction: OpaquePointer?, _ type: UInt32, _ sources: UnsafePointer<UInt64>?,
    _ targets: UnsafePointer<UInt64>?, _ count: Int, _ stream: UnsafeMutablePointer<ArrowArrayStream>?,
    _ progress: deed_progress?, _ user_data: UnsafeMutableRawPointer?,
    _ out_ids: UnsafeMutablePointer<OpaquePointer?>?, _ out_error: ErrorOut
) -> deed_status {
    out_ids?.pointee = nil
    defer { releaseStream(stream) }
    return run(out_error) { () throws(DeedError) in
        guard count >= 0, count == 0 || (sources != nil && targets != nil) else {
            throw DeedError(.invalidArgument, "sources or targets are NULL")
        }
        let callback = ProgressCallback(call: progress, userData: user_data)
        try DeedCAPI.graph(database).requireOpen()
        var properties: ArrowTable?
        if let stream {
            let table = try readTable(stream, callback)
            guard table.rowCount == count else {
                throw DeedError(.invalidArgument, "\(count) pairs of ends but \(table.rowCount) rows of properties")
            }
            properties = table
        }
        let ids = try write(database, transaction) { [properties] graph, transaction throws(DeedError) in
            let columns = try properties.map { table throws(DeedError) in try bulkColumns(table, graph) } ?? []
            let ids = try IdsHandle(count: count, graph.pool)
            if count == 0 { return ids }
            try graph.loadRelationships(
                transaction, type: type, sources: UnsafeBufferPointer(start: sources, count: count),
                targets: UnsafeBufferPointer(start: targets, count: count), columns: columns, ids: ids.ids,
                progress: callback.report)
            return ids
        }
        out_ids?.pointee = retained(ids)
    }
}

// MARK: Statistics and checks

@c @implementation
public func deed_statistics_get(
    _ database: OpaquePointer?, _ out_statistics: UnsafeMutablePointer<deed_statistics>?, _ out_error: ErrorOut
) -> deed_status {
    run(out_error) { () throws(DeedError) in
        let out = try required(out_statistics, "out_statistics")
        // What the caller's version knows of it.
        guard let first = MemoryLayout<deed_statistics>.offset(of: \.is_follower), out.pointee.struct_size >= first else {
            throw DeedError(.invalidArgument, "struct_size of the statistics is not set")
        }
        let size = min(out.pointee.struct_size, MemoryLayout<deed_statistics>.size)
        let handle = try object(database, DatabaseHandle.self)
        var filled = statistics(of: try handle.graph.statistics())
        filled.struct_size = out.pointee.struct_size
        if let follower = handle.follower {
            filled.is_follower = true
            filled.follower_lag_ms = follower.lagMilliseconds
            filled.follower_reloads = follower.reloadCount
        }
        withUnsafeBytes(of: &filled) {
            UnsafeMutableRawPointer(out).copyMemory(from: $0.baseAddress.unsafelyUnwrapped, byteCount: size)
        }
    }
}

private func statistics(of found: Graph.Statistics) -> deed_statistics {
    var filled = deed_statistics()
    filled.entity_count = UInt64(clamping: found.entityCount)
    filled.relationship_count = UInt64(clamping: found.relationshipCount)
    filled.collection_count = UInt64(clamping: found.collectionCount)
    filled.relationship_type_count = UInt64(clamping: found.relationshipTypeCount)
    filled.average_pheromone = found.averagePheromone
    filled.pheromone_epoch = found.evaporations
    filled.memory_columns = UInt64(clamping: found.memoryColumns)
    filled.memory_strings = UInt64(clamping: found.memoryStrings)
    filled.memory_adjacency = UInt64(clamping: found.memoryAdjacency)
    filled.memory_pheromone = UInt64(clamping: found.memoryPheromone)
    filled.memory_versions = UInt64(clamping: found.memoryVersions)
    filled.memory_store = UInt64(clamping: found.memoryStore)
    filled.memory_total = UInt64(clamping: found.memoryTotal)
    filled.memory_limit = UInt64(clamping: found.memoryLimit)
    filled.disk_log = UInt64(clamping: found.diskLog)
    filled.disk_segments = UInt64(clamping: found.diskSegments)
    filled.disk_adjacency = UInt64(clamping: found.diskAdjacency)
    filled.disk_total = UInt64(clamping: found.diskTotal)
    filled.commits = found.commits
    filled.rollbacks = found.rollbacks
    filled.conflicts = found.conflicts
    filled.active_transactions = UInt64(clamping: found.activeTransactions)
    filled.last_commit = found.lastCommit
    filled.checkpoints = found.checkpoints
    filled.checkpoint_mark = found.checkpointMark
    filled.memory_indexes = UInt64(clamping: found.memoryIndexes)
    filled.disk_indexes = UInt64(clamping: found.diskIndexes)
    filled.temporary_bytes = UInt64(clamping: found.temporaryBytes)
    filled.temporary_bytes_written = found.temporaryBytesWritten
    return filled
}

@c @implementation
public func deed_table_count(_ database: OpaquePointer?, _ kind: deed_kind, _ table: UInt32) -> UInt64 {
    guard let graph = try? graph(database), let kind = try? rowKind(kind), (try? graph.requireOpen()) != nil else {
        return 0
    }
    return UInt64(clamping: graph.rowCount(kind, table))
}

@c @implementation
public func deed_check(
    _ database: OpaquePointer?, _ out_report: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>?,
    _ out_size: UnsafeMutablePointer<Int>?, _ out_error: ErrorOut
) -> deed_status {
    out_report?.pointee = nil
    out_size?.pointee = 0
    return run(out_error) { () throws(DeedError) in
        let out = try required(out_report, "out_report")
        let lines = try graph(database).check()
        let (text, size) = copyText(lines.map { $0 + "\n" }.joined())
        out.pointee = text
        out_size?.pointee = size
    }
}

@c @implementation
public func deed_text_destroy(_ text: UnsafeMutablePointer<CChar>?) { text?.deallocate() }
