// Indexes in the terms of tests: look-ups by values, and the order in which rows must come.

@testable import DeedEngine

/// Keys of values, as an index has them.
enum IndexKeys {
    static func encoded(_ values: [Value]) -> [UInt8] {
        var buffer = ByteBuffer()
        for value in values { value.withCell { IndexKey.append($0, to: &buffer) } }
        return Array(buffer.bytes)
    }

    static func equal(_ left: Value?, _ right: Value?) -> Bool { encoded([left ?? .null]) == encoded([right ?? .null]) }
}

extension Value {
    func withCell<Result>(_ body: (Cell) -> Result) -> Result {
        bytes.withUnsafeBytes { bytes in
            body(type.isFixed ? Cell(type: type, bits: bits) : Cell(type: type, bytes: bytes))
        }
    }
}

/// An index as a test thinks of it.
struct TestIndex {
    var kind: RowKind
    var table: NameId
    var properties: [NameId]

    /// The rows that are in it, in its order.
    func sorted(_ rows: [RowId: GraphRow]) -> [(id: RowId, row: GraphRow)] {
        rows.filter { $0.value.properties[properties[0]] != nil }
            .map { row in (key: IndexKeys.encoded(properties.map { row.value.properties[$0] ?? .null }), row) }
            .sorted { left, right in
                left.key == right.key ? left.1.key < right.1.key : left.key.lexicographicallyPrecedes(right.key)
            }
            .map { (id: $0.1.key, row: $0.1.value) }
    }
}

extension Graph {
    func found(
        _ kind: RowKind, _ table: NameId, _ properties: Properties, limit: Int = .max, in transaction: Transaction? = nil
    ) throws(DeedError) -> [RowId] {
        let buffer = IndexBuffer()
        try withCells(properties.sortedByKey) { cells throws(DeedError) in
            try find(transaction, kind, table, cells, limit: limit, into: buffer)
        }
        return (0..<buffer.count).map { buffer.ids[$0] }
    }

    func found(
        _ kind: RowKind, _ table: NameId, _ keys: [NameId], _ range: IndexRange, descending: Bool = false,
        limit: Int = .max, in transaction: Transaction? = nil
    ) throws(DeedError) -> [RowId] {
        let buffer = IndexBuffer()
        try findRange(transaction, kind, table, keys, range, descending: descending, limit: limit, into: buffer)
        return (0..<buffer.count).map { buffer.ids[$0] }
    }

    func index(
        _ table: NameId, _ properties: [NameId], kind: RowKind = .entity, unique: Bool = false, name: String? = nil
    ) throws(DeedError) {
        _ = try createIndex(name: name, kind, table, properties, unique: unique) { _, _ in true }
    }
}
