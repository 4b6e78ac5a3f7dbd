// Nodes, relationships and paths of a result as Arrow structs, and values that hold some of them as JSON.

import DeedDatabase
import DeedEngine
import DeedValues

final class ArrowElementWriter {
    private let result: QueryResult
    private let json = JSONWriter()

    init(_ result: QueryResult) { self.result = result }

    // MARK: Structs

    /// The columns of a struct of nodes; those of a null are empty.
    func addEntities(_ ids: [UInt64?], to array: ArrowArrayParts) throws {
        let idColumn = try words(ids.map { $0 ?? 0 })
        let (labels, properties) = (try texts(labelsOf: ids), ArrowArrayParts(length: ids.count))
        properties.addBuffer(nil)
        let writer = try ArrowTextWriter(properties, ids.count)
        for (row, id) in ids.enumerated() {
            guard let id else { continue }
            try json.append(Self.map(try result.entity(id).properties), row, to: writer)
        }
        writer.finish()
        for child in [idColumn, labels, properties] { array.add(child) }
    }

    private func texts(labelsOf ids: [UInt64?]) throws -> ArrowArrayParts {
        var counts = Array(repeating: 0, count: ids.count)
        var labels: [String] = []
        for (row, id) in ids.enumerated() {
            guard let id else { continue }
            let own = try result.entity(id).labels
            counts[row] = own.count
            labels.append(contentsOf: own)
        }
        let list = ArrowArrayParts(length: ids.count)
        list.addBuffer(nil)
        try list.addList(counts, try texts(labels))
        return list
    }

    func addRelationships(_ ids: [UInt64?], to array: ArrowArrayParts) throws {
        var (types, sources, targets): ([String], [UInt64], [UInt64]) = ([], [], [])
        let properties = ArrowArrayParts(length: ids.count)
        properties.addBuffer(nil)
        let writer = try ArrowTextWriter(properties, ids.count)
        for (row, id) in ids.enumerated() {
            guard let id else {
                types.append("")
                sources.append(0)
                targets.append(0)
                continue
            }
            let record = try result.relationship(id)
            types.append(record.type)
            sources.append(record.source)
            targets.append(record.target)
            try json.append(Self.map(record.properties), row, to: writer)
        }
        writer.finish()
        for child in [try words(ids.map { $0 ?? 0 }), try texts(types), try words(sources), try words(targets), properties] {
            array.add(child)
        }
    }

    func addPaths(_ paths: [PathValue?], to array: ArrowArrayParts) throws {
        let nodes = paths.flatMap { $0?.entities ?? [] }
        let relationships = paths.flatMap { $0?.relationships ?? [] }
        let nodeItems = ArrowArrayParts(length: nodes.count)
        nodeItems.addBuffer(nil)
        try addEntities(nodes, to: nodeItems)
        let relationshipItems = ArrowArrayParts(length: relationships.count)
        relationshipItems.addBuffer(nil)
        try addRelationships(relationships, to: relationshipItems)
        for (counts, items) in [
            (paths.map { $0?.entities.count ?? 0 }, nodeItems), (paths.map { $0?.relationships.count ?? 0 }, relationshipItems),
        ] {
            let list = ArrowArrayParts(length: paths.count)
            list.addBuffer(nil)
            try list.addList(counts, items)
            array.add(list)
        }
    }

    private func words(_ items: [UInt64]) throws(DeedError) -> ArrowArrayParts {
        let array = ArrowArrayParts(length: items.count)
        array.addBuffer(nil)
        let words = try array.allocateBuffer(items.count * 8).assumingMemoryBound(to: UInt64.self)
        for (row, item) in items.enumerated() { words[row] = item }
        return array
    }

    private func texts(_ items: [String]) throws(DeedError) -> ArrowArrayParts {
        let array = ArrowArrayParts(length: items.count)
        array.addBuffer(nil)
        let writer = try ArrowTextWriter(array, items.count)
        for (row, item) in items.enumerated() { writer.append(row, item) }
        writer.finish()
        return array
    }

    // MARK: Text

    /// A value as text: strings as they are, elements as maps of what they consist of.
    func append(_ value: Value, _ row: Int, to writer: ArrowTextWriter) throws {
        try json.append(try plain(value), row, to: writer)
    }

    /// Values nest no deeper than the engine lets them, so neither does this.
    private func plain(_ value: Value) throws -> Value {
        switch value {
        case .entity(let id):
            let record = try result.entity(id)
            return Self.map([
                ("id", .int(Int64(bitPattern: id))), ("labels", .list(record.labels.map { .string($0) })),
                ("properties", Self.map(record.properties)),
            ])
        case .relationship(let id):
            let record = try result.relationship(id)
            return Self.map([
                ("id", .int(Int64(bitPattern: id))), ("type", .string(record.type)),
                ("source", .int(Int64(bitPattern: record.source))), ("target", .int(Int64(bitPattern: record.target))),
                ("properties", Self.map(record.properties)),
            ])
        case .path(let path):
            return Self.map([
                ("nodes", .list(try path.entities.map { try plain(.entity($0)) })),
                ("relationships", .list(try path.relationships.map { try plain(.relationship($0)) })),
            ])
        case .list(let items): return .list(try items.map(plain))
        case .map(let map): return .map(MapValue(keys: map.keys, values: try map.values.map(plain)))
        default: return value
        }
    }

    private static func map(_ entries: [(key: String, value: Value)]) -> Value {
        .map(MapValue(keys: entries.map(\.key), values: entries.map(\.value)))
    }
}

/// Values without elements as text, by way of the store's encoding of them.
final class JSONWriter {
    private let encoder = ValueEncoder()

    func append(_ value: Value, _ row: Int, to writer: ArrowTextWriter) throws(DeedError) {
        try withCell(of: value) { cell throws(DeedError) in try writer.append(row, textOf: cell) }
    }

    func text(_ value: Value) throws(DeedError) -> String {
        try withCell(of: value) { cell throws(DeedError) in
            var buffer = ByteBuffer()
            try appendText(of: cell, to: &buffer)
            return String(decoding: buffer.bytes, as: UTF8.self)
        }
    }

    private func withCell<Result>(of value: Value, _ body: (Cell) throws(DeedError) -> Result) throws(DeedError) -> Result {
        encoder.removeAll()
        try encoder.append(0, value)
        return try encoder.withCells { cells throws(DeedError) in try body(cells[0].cell) }
    }
}
