// Rows as bytes, for temporary files: column after column, typed columns as the arrays that they are.
//
// A block is the number of rows (varint), the number of columns (varint), and for each column one byte, its kind with 0x80
// added if some rows are null, or `missing`; then those null bytes; then for fixed widths the array, for strings their lengths
// (32 bits each) and their bytes, and for general values one after the other.

import DeedEngine
import DeedValues

extension Chunk {
    private static let missing: UInt8 = 0x7f
    private static let nullable: UInt8 = 0x80

    /// Rows `first ..< first + count`.
    func encode(from first: Int, count rows: Int, to buffer: inout ByteBuffer) {
        buffer.append(varint: UInt64(rows))
        buffer.append(varint: UInt64(columns.count))
        for column in columns {
            if let column {
                Self.encode(column, first, rows, to: &buffer)
            } else {
                buffer.append(Self.missing)
            }
        }
    }

    private static func encode(_ column: ChunkColumn, _ first: Int, _ rows: Int, to buffer: inout ByteBuffer) {
        let vector = column.vector
        let nulls = vector.kind == .null || vector.kind == .any ? nil : vector.nulls
        buffer.append(vector.kind.rawValue | (nulls == nil ? 0 : nullable))
        if let nulls { for row in first..<first + rows { buffer.append(nulls[column.position(row)]) } }
        switch vector.kind {
        case .null: break
        case .any: for row in first..<first + rows { vector.values[column.position(row)].encode(to: &buffer) }
        case .string: encodeStrings(column, nulls, first, rows, to: &buffer)
        case .bool: for row in first..<first + rows { buffer.append(vector.bools[column.position(row)]) }
        case .int64, .float64, .entity, .relationship, .date:
            let place = buffer.appendUninitialized(rows * 8)
            if column.selection == nil {
                place.copyMemory(from: vector.ids + first, byteCount: rows * 8)
            } else {
                for row in 0..<rows {
                    place.storeBytes(of: vector.ids[column.position(first + row)], toByteOffset: row * 8, as: UInt64.self)
                }
            }
        }
    }

    private static func encodeStrings(
        _ column: ChunkColumn, _ nulls: UnsafeMutablePointer<UInt8>?, _ first: Int, _ rows: Int, to buffer: inout ByteBuffer
    ) {
        let vector = column.vector
        func isNull(_ row: Int) -> Bool { nulls.map { $0[column.position(row)] != 0 } ?? false }
        for row in first..<first + rows {
            buffer.append(fixed32: isNull(row) ? 0 : vector.strings[column.position(row)].length)
        }
        for row in first..<first + rows where !isNull(row) { buffer.append(vector.stringBytes(column.position(row))) }
    }

    // MARK: Reading

    init(decoding bytes: UnsafeRawBufferPointer) throws(DeedError) {
        var reader = ByteReader(bytes)
        let rows = try reader.readCount(max: Chunk.rowsMax)
        self.init(slots: try reader.readCount(max: reader.remaining), count: rows)
        for slot in columns.indices {
            let byte = try reader.readByte()
            if byte == Self.missing { continue }
            guard let kind = ColumnVector.Kind(rawValue: byte & ~Self.nullable) else { throw Self.damaged }
            columns[slot] = ChunkColumn(try Self.decode(kind, hasNulls: byte & Self.nullable != 0, rows, &reader))
        }
    }

    private static func decode(
        _ kind: ColumnVector.Kind, hasNulls: Bool, _ rows: Int, _ reader: inout ByteReader
    ) throws(DeedError) -> ColumnVector {
        let vector = ColumnVector(kind, capacity: rows)
        if hasNulls {
            UnsafeMutableRawBufferPointer(start: vector.requireNulls(), count: rows).copyMemory(from: try reader.read(rows))
        }
        switch kind {
        case .null: break
        case .any:
            vector.values.reserveCapacity(rows)
            for _ in 0..<rows { vector.values.append(try Value(decoding: &reader)) }
        case .string:
            let lengths = try reader.read(rows * 4)
            for row in 0..<rows {
                let length = UInt32(littleEndian: lengths.loadUnaligned(fromByteOffset: row * 4, as: UInt32.self))
                vector.setString(row, try reader.read(Int(length)))
            }
        case .bool, .int64, .float64, .entity, .relationship, .date:
            let size = rows * ColumnVector.width(kind)
            UnsafeMutableRawBufferPointer(start: vector.data, count: size).copyMemory(from: try reader.read(size))
        }
        return vector
    }

    private static var damaged: DeedError { DeedError(.corruption, "a row of a temporary file is damaged") }
}
