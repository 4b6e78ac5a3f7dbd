// Property values, rows and columns that own their bytes, for tests that compare what the engine gives back.

import Glibc

@testable import DeedEngine

/// A property value. Two are equal if type and bits are, so that NaN equals itself.
struct Value: Hashable {
    var type: ValueType
    var bits: UInt64 = 0
    var bytes: [UInt8] = []

    static let null = Value(type: .null)
    static func bool(_ value: Bool) -> Value { Value(type: .bool, bits: value ? 1 : 0) }
    static func int(_ value: Int) -> Value { Value(type: .int64, bits: UInt64(bitPattern: Int64(value))) }
    static func float(_ value: Double) -> Value { Value(type: .float64, bits: value.bitPattern) }
    static func string(_ value: String) -> Value { Value(type: .string, bytes: Array(value.utf8)) }
    static func bytes(_ value: [UInt8]) -> Value { Value(type: .bytes, bytes: value) }

    init(type: ValueType, bits: UInt64 = 0, bytes: [UInt8] = []) {
        self.type = type
        self.bits = bits
        self.bytes = bytes
    }

    init(_ cell: Cell) {
        self.init(type: cell.type, bits: cell.bits, bytes: Array(cell.bytes))
    }

    var int: Int { Int(Int64(bitPattern: bits)) }
}

typealias Properties = [NameId: Value]

/// A row as a test sees it; `source` and `target` are 0 for an entity.
struct GraphRow: Hashable {
    var table: NameId
    var source: RowId = 0
    var target: RowId = 0
    var properties: Properties
}

/// One entry of a list of relationships.
struct Link: Hashable, Comparable {
    var neighbor: RowId
    var relationship: RowId

    static func < (left: Link, right: Link) -> Bool {
        (left.relationship, left.neighbor) < (right.relationship, right.neighbor)
    }
}

/// Lends the cells of some properties to `body`.
func withCells<Result>(
    _ properties: [(key: NameId, value: Value)],
    _ body: (UnsafeBufferPointer<PropertyCell>) throws(DeedError) -> Result
) throws(DeedError) -> Result {
    let size = properties.reduce(0) { $0 + $1.value.bytes.count }
    let arena = UnsafeMutableRawPointer.allocate(byteCount: max(size, 1), alignment: 1)
    let cells = UnsafeMutableBufferPointer<PropertyCell>.allocate(capacity: max(properties.count, 1))
    defer {
        arena.deallocate()
        cells.deallocate()
    }
    var position = arena
    for (index, property) in properties.enumerated() {
        cells.initializeElement(at: index, to: PropertyCell(key: property.key, cell: lend(property.value, &position)))
    }
    return try body(UnsafeBufferPointer(rebasing: cells[..<properties.count]))
}

/// A cell whose bytes are copied to `position`, which moves on.
private func lend(_ value: Value, _ position: inout UnsafeMutableRawPointer) -> Cell {
    if value.type.isFixed { return Cell(type: value.type, bits: value.bits) }
    let target = UnsafeMutableRawBufferPointer(start: position, count: value.bytes.count)
    target.copyBytes(from: value.bytes)
    position += value.bytes.count
    return Cell(type: value.type, bytes: UnsafeRawBufferPointer(target))
}

/// A column of a bulk load, from an array.
final class ArrayColumn: BulkColumn {
    let key: NameId
    private let values: [Value]
    /// The number of chunks after which filling fails.
    private var chunksMax: Int

    init(_ key: NameId, _ values: [Value], chunksMax: Int = .max) {
        self.key = key
        self.values = values
        self.chunksMax = chunksMax
    }

    func fill(
        _ chunk: inout ColumnChunk, rows: UnsafePointer<UInt32>?, first: Int, count: Int, target: Int, _ pool: MemoryPool
    ) throws(DeedError) {
        chunksMax -= 1
        if chunksMax < 0 { throw DeedError(.typeMismatch, "a column that fails") }
        for index in 0..<count {
            let value = values[rows.map { Int($0[index]) } ?? first + index]
            if value.type == .null { continue }
            try withCells([(key, value)]) { cells throws(DeedError) in try chunk.set(target + index, cells[0].cell, pool) }
        }
    }
}
