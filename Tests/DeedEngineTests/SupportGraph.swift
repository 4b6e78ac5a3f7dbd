// The engine's calls in the terms of tests: names as text, properties as dictionaries, rows and lists as values; and
// what a crash would leave of a store that is open.

import Glibc

@testable import DeedEngine

extension Graph {
    /// A graph with no checkpoints but those that the test asks for, and in which loads fill segments of their own
    /// however small they are.
    static func open(
        _ path: String?, readOnly: Bool = false, durability: Durability = .sync, memoryLimit: Int = 256 << 20,
        bulkRowsMin: Int = 1
    ) throws(DeedError) -> Graph {
        var options = GraphOptions()
        options.isReadOnly = readOnly
        options.durability = durability
        options.memoryLimit = memoryLimit
        options.checkpointLogBytes = 0
        options.bulkRowsMin = bulkRowsMin
        return try Graph(path: path, options: options)
    }

    func intern(_ kind: NameKind, _ name: String) throws(DeedError) -> NameId {
        var copy = name
        var number: NameId = 0
        try copy.withUTF8Bytes { bytes throws(DeedError) in number = try names.intern(kind, bytes) }
        return number
    }

    /// Runs `body` in `transaction`, or if it is nil as a transaction of its own.
    func run<Result>(
        _ transaction: Transaction?, _ body: (Transaction) throws(DeedError) -> Result
    ) throws(DeedError) -> Result {
        guard let transaction else { return try autocommit(body) }
        do throws(DeedError) {
            return try body(transaction)
        } catch {
            return try retry(transaction, after: error, body)
        }
    }

    // MARK: Writing

    func add(
        _ collection: NameId, _ properties: Properties = [:], in transaction: Transaction? = nil
    ) throws(DeedError) -> RowId {
        try run(transaction) { transaction throws(DeedError) in
            try withCells(properties.sortedByKey) { cells throws(DeedError) in
                try addEntity(transaction, collection: collection, cells)
            }
        }
    }

    func connect(
        _ source: RowId, _ target: RowId, _ type: NameId, _ properties: Properties = [:],
        in transaction: Transaction? = nil
    ) throws(DeedError) -> RowId {
        try run(transaction) { transaction throws(DeedError) in
            try withCells(properties.sortedByKey) { cells throws(DeedError) in
                try addRelationship(transaction, source: source, target: target, type: type, cells)
            }
        }
    }

    func set(
        _ kind: RowKind, _ id: RowId, _ properties: Properties, replacing: Bool = false,
        in transaction: Transaction? = nil
    ) throws(DeedError) {
        try run(transaction) { transaction throws(DeedError) in
            try withCells(properties.sortedByKey) { cells throws(DeedError) in
                try update(transaction, kind, id, cells, replacing: replacing)
            }
        }
    }

    func remove(
        _ kind: RowKind, _ id: RowId, detach: Bool = false, in transaction: Transaction? = nil
    ) throws(DeedError) {
        try run(transaction) { transaction throws(DeedError) in
            if kind == .entity {
                try deleteEntity(transaction, id, detach: detach)
            } else {
                try deleteRelationship(transaction, id)
            }
        }
    }

    /// Loads entities that have the values of `columns`; returns their ids.
    func load(
        _ collection: NameId, count: Int, _ columns: [ArrayColumn] = [], in transaction: Transaction? = nil,
        progress: Progress = { _, _ in true }
    ) throws(DeedError) -> [RowId] {
        let ids = UnsafeMutableBufferPointer<RowId>.allocate(capacity: count)
        ids.initialize(repeating: 0)
        defer { ids.deallocate() }
        try run(transaction) { transaction throws(DeedError) in
            try loadEntities(
                transaction, collection: collection, count: count, columns: columns, ids: ids.baseAddress!, progress: progress)
        }
        return Array(ids)
    }

    /// Loads relationships between `ends`; returns their ids, in the order of the input.
    func load(
        _ type: NameId, _ ends: [(source: RowId, target: RowId)], _ columns: [ArrayColumn] = [],
        in transaction: Transaction? = nil, progress: Progress = { _, _ in true }
    ) throws(DeedError) -> [RowId] {
        let sources = UnsafeMutableBufferPointer<RowId>.allocate(capacity: ends.count)
        let targets = UnsafeMutableBufferPointer<RowId>.allocate(capacity: ends.count)
        let ids = UnsafeMutableBufferPointer<RowId>.allocate(capacity: ends.count)
        defer { for buffer in [sources, targets, ids] { buffer.deallocate() } }
        _ = sources.initialize(from: ends.map(\.source))
        _ = targets.initialize(from: ends.map(\.target))
        ids.initialize(repeating: 0)
        try run(transaction) { transaction throws(DeedError) in
            try loadRelationships(
                transaction, type: type, sources: UnsafeBufferPointer(sources), targets: UnsafeBufferPointer(targets),
                columns: columns, ids: ids.baseAddress!, progress: progress)
        }
        return Array(ids)
    }

    // MARK: Reading

    func row(_ kind: RowKind, _ id: RowId, in transaction: Transaction? = nil) throws(DeedError) -> GraphRow? {
        let buffer = RecordBuffer(seed: id)
        guard try read(transaction, kind, id, into: buffer) else { return nil }
        return buffer.row
    }

    /// The list of an entity, in order of relationship.
    func links(
        _ id: RowId, _ direction: Directions = .out, type: NameId? = nil, in transaction: Transaction? = nil
    ) throws(DeedError) -> [Link] {
        let buffer = RecordBuffer(seed: id)
        try neighbors(transaction, id, type: type, direction, into: buffer)
        return (0..<buffer.neighborCount).map { index in
            Link(neighbor: buffer.neighbors[index], relationship: buffer.relationships[index])
        }.sorted()
    }

    /// All rows of a table by a scan, in its order.
    func scanned(
        _ kind: RowKind, _ table: NameId, in transaction: Transaction? = nil
    ) throws(DeedError) -> [(id: RowId, row: GraphRow)] {
        let scan = try scan(transaction, kind, table)
        let buffer = RecordBuffer(seed: 1)
        var rows: [(id: RowId, row: GraphRow)] = []
        while let image = try scan.nextImage() {
            for row in 0..<image.rowCount {
                buffer.fill(from: image, row: row)
                rows.append((buffer.id, buffer.row))
            }
        }
        return rows
    }

    /// All rows of all tables.
    func everything() throws(DeedError) -> Model.Rows {
        var rows: Model.Rows = [:]
        for (kind, nameKind) in [(RowKind.entity, NameKind.collection), (.relationship, .relationshipType)] {
            for table in 0..<NameId(names.count(nameKind)) {
                for (id, row) in try scanned(kind, table) { rows[Model.Key(kind: kind, id: id)] = row }
            }
        }
        return rows
    }

    /// The depth of each entity that a traversal reaches.
    func depths(
        from id: RowId, _ direction: Directions, type: NameId? = nil, maxDepth: UInt32 = 4,
        in transaction: Transaction? = nil
    ) throws(DeedError) -> [RowId: UInt32] {
        let reach = try traverse(transaction, from: id, type: type, direction, maxDepth: maxDepth)
        return Dictionary(
            (0..<reach.count).map { (reach.ids[$0], reach.depths[$0]) }, uniquingKeysWith: { _, _ in UInt32.max })
    }
}

extension RecordBuffer {
    /// What was read, as a value.
    var row: GraphRow {
        var properties: Properties = [:]
        for index in 0..<count { properties[cells[index].key] = Value(cells[index].cell) }
        return GraphRow(table: table, source: source, target: target, properties: properties)
    }
}

extension Properties {
    var sortedByKey: [(key: NameId, value: Value)] {
        sorted { $0.key < $1.key }.map { (key: $0.key, value: $0.value) }
    }
}

/// A directory in memory, where that exists, for stores that are opened a thousand times. It goes with the test.
final class MemoryDirectory {
    let path: String

    init() {
        let parent = access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp"
        var template = Array("\(parent)/deed-graph-XXXXXX".utf8CString)
        path = template.withUnsafeMutableBufferPointer { String(cString: mkdtemp($0.baseAddress!)) }
    }

    deinit { removeTree(path) }
}

/// Copies an open store as a crash would leave it, once nothing in it changes meanwhile.
func copyStore(_ path: String, to copy: String) {
    while true {
        removeTree(copy)
        mkdir(copy, 0o700)
        let before = fileSizes(in: path)
        for name in before.keys where name != "LOCK" && name != "incoming" {
            writeFile("\(copy)/\(name)", readFile("\(path)/\(name)"))
        }
        if fileSizes(in: path) == before { return }
    }
}

private func fileSizes(in directory: String) -> [String: Int] {
    Dictionary(uniqueKeysWithValues: fileNames(in: directory).map { name in
        var status = stat()
        return (name, stat("\(directory)/\(name)", &status) == 0 ? Int(status.st_size) : -1)
    })
}
