// One property of one segment image as an Arrow array.

import DeedEngine
import Glibc

struct ArrowChunkExport {
    private let image: SegmentImage
    private let name: String
    private let type: ValueType?
    private let chunk: ColumnChunk
    private let rows: Int
    /// The chunk holds nothing but values of the column's type, plainly laid out.
    private let isUniform: Bool
    /// Without a bitmap: rows below this hold values, and the others are null.
    private let leadingRun: Int

    init(image: SegmentImage, name: String, key: NameId, type: ValueType?) {
        self.image = image
        self.name = name
        self.type = type
        rows = image.rowCount
        chunk = image.columns.first { $0.key == key }?.chunk ?? ColumnChunk()
        isUniform = !chunk.isMixed && chunk.type == type && chunk.data != nil
        var low = 0
        var high = rows
        while low < high && chunk.validity == nil {
            let middle = (low + high) / 2
            if chunk.isValid(middle) { low = middle + 1 } else { high = middle }
        }
        leadingRun = low
    }

    func array() throws(DeedError) -> ArrowArrayParts {
        let array = ArrowArrayParts(length: rows)
        array.keep(image)
        try addValidity(to: array)
        switch type {
        case .bool: try addBits(to: array)
        case .int64, .float64, .localTime: try addWords(to: array)
        case .date:
            try addConverted(to: array) { cell throws(DeedError) in
                guard let days = Int32(exactly: Int64(bitPattern: cell.bits)) else { throw outOfRange("date") }
                return days
            }
        case .localDatetime, .zonedDatetime: try addMicroseconds(to: array)
        case .string, .bytes: try addBytes(to: array)
        case .vector: try addVectors(to: array)
        default: try addText(to: array)
        }
        return array
    }

    // MARK: Validity

    /// The chunk's bitmap if it has one, or one made from its leading run.
    private func addValidity(to array: ArrowArrayParts) throws(DeedError) {
        if let bits = chunk.validity, chunk.capacity >= rows {
            var present = 0
            for word in 0..<rows / 64 { present += bits[word].nonzeroBitCount }
            if rows % 64 > 0 { present += (bits[rows / 64] & (1 << UInt64(rows % 64) - 1)).nonzeroBitCount }
            array.nullCount = rows - present
            array.addBuffer(present == rows ? nil : bits)
            return
        }
        if leadingRun == rows { return array.addBuffer(nil) }
        let bits = try array.allocateBuffer((rows + 7) / 8).assumingMemoryBound(to: UInt8.self)
        var present = 0
        for row in 0..<rows where chunk.isValid(row) {
            bits[row >> 3] |= 1 << UInt8(row & 7)
            present += 1
        }
        array.nullCount = rows - present
    }

    // MARK: Fixed widths

    private func addWords(to array: ArrowArrayParts) throws(DeedError) {
        if isUniform && chunk.capacity >= rows { return array.addBuffer(chunk.data) }
        try addConverted(to: array) { cell in cell.bits }
    }

    private func addConverted<Value: BitwiseCopyable>(
        to array: ArrowArrayParts, _ convert: (Cell) throws(DeedError) -> Value
    ) throws(DeedError) {
        let size = MemoryLayout<Value>.size
        let values = try array.allocateBuffer(rows * size)
        try forEachValue { row, cell throws(DeedError) in
            values.storeBytes(of: try convert(cell), toByteOffset: row * size, as: Value.self)
        }
    }

    private func addBits(to array: ArrowArrayParts) throws(DeedError) {
        let bits = try array.allocateBuffer((rows + 7) / 8).assumingMemoryBound(to: UInt8.self)
        try forEachValue { row, cell in if cell.bits != 0 { bits[row >> 3] |= 1 << UInt8(row & 7) } }
    }

    /// Datetimes with and without a zone begin alike: seconds, nanoseconds.
    private func addMicroseconds(to array: ArrowArrayParts) throws(DeedError) {
        let values = try array.allocateBuffer(rows * 8).assumingMemoryBound(to: Int64.self)
        try forEachPiece { row, bytes throws(DeedError) in
            guard bytes.count >= 12 else { return }
            let seconds = bytes.loadUnaligned(as: Int64.self)
            let nanoseconds = bytes.loadUnaligned(fromByteOffset: 8, as: UInt32.self)
            let (whole, overflow) = seconds.multipliedReportingOverflow(by: 1_000_000)
            let (sum, overflowOfSum) = whole.addingReportingOverflow(Int64(nanoseconds / 1_000))
            guard !overflow, !overflowOfSum else { throw named(outOfRange("timestamp"), row) }
            values[row] = sum
        }
    }

    // MARK: Bytes

    /// Strings or binaries: offsets, then the bytes.
    private func addBytes(to array: ArrowArrayParts) throws(DeedError) {
        let offsets = try array.allocateBuffer((rows + 1) * 8).assumingMemoryBound(to: Int64.self)
        var total = 0
        try forEachPiece { row, bytes in
            offsets[row] = Int64(total)
            total += bytes.count
        }
        offsets[rows] = Int64(total)
        let data = try array.allocateBuffer(total)
        try forEachPiece { row, bytes in
            if let start = bytes.baseAddress, bytes.count > 0 { memcpy(data + Int(offsets[row]), start, bytes.count) }
        }
    }

    private func addVectors(to array: ArrowArrayParts) throws(DeedError) {
        let offsets = try array.allocateBuffer((rows + 1) * 8).assumingMemoryBound(to: Int64.self)
        var total = 0
        try forEachPiece { row, bytes in
            offsets[row] = Int64(total)
            total += bytes.count / 4
        }
        offsets[rows] = Int64(total)
        let items = ArrowArrayParts(length: total)
        items.addBuffer(nil)
        let data = try items.allocateBuffer(total * 4)
        try forEachPiece { row, bytes in
            if let start = bytes.baseAddress { memcpy(data + Int(offsets[row]) * 4, start, bytes.count / 4 * 4) }
        }
        array.add(items)
    }

    private func addText(to array: ArrowArrayParts) throws(DeedError) {
        let offsets = try array.allocateBuffer((rows + 1) * 8).assumingMemoryBound(to: Int64.self)
        let text = TextBox()
        for row in 0..<rows {
            offsets[row] = Int64(text.buffer.count)
            let cell = chunk.cell(at: row)
            if cell.type == .null { continue }
            do throws(DeedError) { try appendText(of: cell, to: &text.buffer) } catch { throw named(error, row) }
        }
        offsets[rows] = Int64(text.buffer.count)
        array.keep(text)
        array.addBuffer(text.buffer.base)
    }

    // MARK: Loops

    /// Calls the body for every value that is not null. A value of another type than the column's is an error: the
    /// column's type was given away before.
    private func forEachValue(_ body: (Int, Cell) throws(DeedError) -> Void) throws(DeedError) {
        for row in 0..<rows {
            let cell = chunk.cell(at: row)
            if cell.type == .null { continue }
            do throws(DeedError) {
                guard cell.type == type else {
                    throw DeedError(.typeMismatch, "a value of another type than the column's")
                }
                try body(row, cell)
            } catch { throw named(error, row) }
        }
    }

    /// Calls the body for every row with its bytes, none for a null. Reads the slots themselves where it can: a call
    /// into the engine for each row would cost more than the copying.
    @inline(__always)
    private func forEachPiece(_ body: (Int, UnsafeRawBufferPointer) throws(DeedError) -> Void) throws(DeedError) {
        let nothing = UnsafeRawBufferPointer(start: nil, count: 0)
        if isUniform && chunk.capacity >= rows, let data = chunk.data {
            let validity = chunk.validity
            let arena = chunk.arena
            for row in 0..<rows {
                let slot = UnsafeRawPointer(data) + row * 16
                let size = Int(slot.load(as: UInt32.self))
                let isThere = validity.map { $0[row >> 6] & (1 << UInt64(row & 63)) != 0 } ?? (row < leadingRun)
                if !isThere {
                    try body(row, nothing)
                } else if size <= ByteSlot.inlineMax {
                    try body(row, UnsafeRawBufferPointer(start: slot + 4, count: size))
                } else {
                    let start = arena.map { $0 + Int(slot.load(fromByteOffset: 8, as: UInt64.self)) }
                    try body(row, UnsafeRawBufferPointer(start: start, count: size))
                }
            }
            return
        }
        for row in 0..<rows {
            let cell = chunk.cell(at: row)
            guard cell.type == .null || cell.type == type else {
                throw named(DeedError(.typeMismatch, "a value of another type than the column's"), row)
            }
            try body(row, cell.type == .null ? nothing : cell.bytes)
        }
    }

    private func outOfRange(_ what: String) -> DeedError {
        DeedError(.typeMismatch, "the value is out of the range of an Arrow \(what)")
    }

    private func named(_ error: DeedError, _ row: Int) -> DeedError {
        DeedError(error.status, "column '\(name)', row with id \(image.ids[row]): \(error.message)")
    }
}

/// A byte buffer that arrays can keep alive.
private final class TextBox {
    var buffer = ByteBuffer(capacity: 1 << 16)
}
