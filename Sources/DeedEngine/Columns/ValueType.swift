// The types of property values, how each is laid out in a cell, and the encoding of those that are kept as bytes.
//
//   bool                                1 byte
//   int64 float64 date localTime       8 bytes (date: days, localTime: nanoseconds since midnight)
//   everything else                     a 16-byte slot (see ByteSlot) over these bytes, little-endian:
//     string, bytes     as they are
//     zonedTime         nanoseconds i64, offset in seconds i32
//     localDatetime     seconds i64, nanoseconds u32
//     zonedDatetime     seconds i64 (UTC), nanoseconds u32, offset i32, zone name in UTF-8 (may be empty)
//     duration          months i64, days i64, seconds i64, nanoseconds i32
//     vector            float32 each
//     decimal           scale u8, then the coefficient in as few bytes (1 to 16) as hold it, two's complement
//     list              varint count, then for each item: type byte, payload
//     map               varint count, then for each entry in ascending order of key: varint size, key, type byte, payload
//   where a payload is nothing for null, the 1 or 8 bytes above, or a varint size and the bytes.

/// Numbers are embedded in files and equal to `deed_type`: do not renumber.
package enum ValueType: UInt8, Sendable {
    case null = 0
    case bool = 1
    case int64 = 2
    case float64 = 3
    case string = 4
    case bytes = 5
    case date = 6
    case localTime = 7
    case zonedTime = 8
    case localDatetime = 9
    case zonedDatetime = 10
    case duration = 11
    case list = 12
    case map = 13
    case vector = 14
    /// 15 to 17 are what deed_type has for elements of the graph.
    case decimal = 18

    /// All of them.
    package static let all = (ValueType.null.rawValue...ValueType.decimal.rawValue).compactMap(ValueType.init)

    /// Bytes of a value of this type in a typed chunk.
    @inline(__always)
    package var width: Int {
        switch self {
        case .null: 0
        case .bool: 1
        case .int64, .float64, .date, .localTime: 8
        default: 16
        }
    }

    @inline(__always)
    package var isFixed: Bool { width <= 8 }
}

/// One value on its way into or out of a chunk. `bytes` is borrowed: it lives as long as its source says.
package struct Cell {
    package var type: ValueType
    /// The value of a fixed type, as its bit pattern; bool as 0 or 1.
    package var bits: UInt64
    /// The encoded value of any other type.
    package var bytes: UnsafeRawBufferPointer

    @inline(__always)
    package init(type: ValueType, bits: UInt64) {
        self.type = type
        self.bits = bits
        self.bytes = UnsafeRawBufferPointer(start: nil, count: 0)
    }

    @inline(__always)
    package init(type: ValueType, bytes: UnsafeRawBufferPointer) {
        self.type = type
        self.bits = 0
        self.bytes = bytes
    }

    package static var null: Cell { Cell(type: .null, bits: 0) }
}

/// A cell and the property key that it belongs to.
package struct PropertyCell {
    package var key: NameId
    package var cell: Cell

    package init(key: NameId, cell: Cell) {
        self.key = key
        self.cell = cell
    }
}

/// Sixteen bytes that stand for a byte string: the length, and up to twelve bytes in place; a longer string keeps its
/// first four bytes here (so that most comparisons end here) and the rest of it, whole, in the chunk's arena.
@usableFromInline
package struct ByteSlot {
    @usableFromInline package var length: UInt32
    /// The first four bytes, zero-padded.
    package var prefix: UInt32
    /// Bytes 4 to 11 when the string is short, otherwise its offset in the arena.
    @usableFromInline package var tail: UInt64

    @inlinable
    package static var inlineMax: Int { 12 }

    @inline(__always)
    package var isInline: Bool { length <= UInt32(Self.inlineMax) }
}

/// A value that owns its bytes.
package final class StoredValue: @unchecked Sendable {
    package let cell: Cell

    package init(_ source: Cell) {
        guard !source.type.isFixed else {
            cell = source
            return
        }
        let copy = UnsafeMutableRawBufferPointer.allocate(byteCount: max(source.bytes.count, 1), alignment: 8)
        copy.copyMemory(from: source.bytes)
        cell = Cell(type: source.type, bytes: UnsafeRawBufferPointer(start: copy.baseAddress, count: source.bytes.count))
    }

    deinit { cell.bytes.baseAddress?.deallocate() }
}
