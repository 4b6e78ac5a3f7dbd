// The rows of a typed column as cells, without a value being made of them.

/// Borrows from the column, which must outlive it.
struct CellSource {
    private let kind: ColumnVector.Kind
    private let data: UnsafeMutableRawPointer?
    private let nulls: UnsafeMutablePointer<UInt8>?

    /// nil for a column that has no typed array, or one of elements, which are in no cell.
    init?(_ column: ColumnVector) {
        switch column.kind {
        case .any, .entity, .relationship: return nil
        case .null, .bool, .int64, .float64, .string, .date: break
        }
        (kind, data, nulls) = (column.kind, column.data, column.nulls)
    }

    @inline(__always)
    func cell(_ row: Int) -> Cell {
        if let nulls, nulls[row] != 0 { return .null }
        guard let data else { return .null }
        switch kind {
        case .bool: return Cell(type: .bool, bits: UInt64(data.load(fromByteOffset: row, as: UInt8.self)))
        case .int64: return Cell(type: .int64, bits: data.load(fromByteOffset: row &* 8, as: UInt64.self))
        case .date: return Cell(type: .date, bits: data.load(fromByteOffset: row &* 8, as: UInt64.self))
        case .float64: return Cell(type: .float64, bits: data.load(fromByteOffset: row &* 8, as: UInt64.self))
        case .string:
            let slots = data.assumingMemoryBound(to: ByteSlot.self)
            return Cell(type: .string, bytes: ColumnVector.bytes(of: slots + row))
        case .null, .any, .entity, .relationship: return .null
        }
    }
}
