// Values of one property in some rows of a table.

import DeedValues

struct PropertySample {
    /// Rows looked at.
    private(set) var rows = 0
    private(set) var nulls = 0
    /// True if no row was left out.
    var isComplete = false
    /// In ascending order once they are sorted.
    private(set) var values: [Value] = []
    /// In place of values that are too long, or of which equality is all that there is; in ascending order.
    private(set) var hashes: [UInt64] = []

    /// Longer texts are not kept.
    private static let textBytesMax = 256
    /// What a value takes at most.
    static let valueBytesMax = MemoryLayout<Value>.stride + 32 + textBytesMax

    /// About what a value takes.
    static func bytes(of value: Value) -> Int {
        guard case .string(let text) = value else { return MemoryLayout<Value>.stride + 32 }
        return MemoryLayout<Value>.stride + 32 + text.utf8.count
    }

    mutating func add(_ cell: Cell) throws(DeedError) {
        rows += 1
        switch cell.type {
        case .null: nulls += 1
        case .bytes, .list, .map, .vector, .duration: addHash(cell)
        case .string where cell.bytes.count > Self.textBytesMax: addHash(cell)
        default: values.append(try Value(cell))
        }
    }

    private mutating func addHash(_ cell: Cell) {
        // Values that begin alike are mostly told apart by their length.
        let start = UnsafeRawBufferPointer(rebasing: cell.bytes.prefix(Self.textBytesMax))
        hashes.append(SipHash.hash(start).low &+ UInt64(cell.bytes.count) &* 0x9E37_79B9_7F4A_7C15)
    }

    mutating func sort() {
        values.sort { Value.order($0, $1) < 0 }
        hashes.sort()
    }
}
