// Some rows of a column of a query's result as an Arrow array. Values that lie in typed vectors are copied as they are; the
// general form of a value is met only where the engine has it already.

import DeedDatabase
import DeedEngine
import DeedValues
import Glibc

struct ArrowResultColumn {
    let name: String
    let type: ArrowResultType
    let pieces: [ArrowResultPiece]
    let rows: Int
    let elements: ArrowElementWriter

    func array() throws -> ArrowArrayParts {
        let array = ArrowArrayParts(length: rows)
        if type == .null {
            array.nullCount = rows
            return array
        }
        try addValidity(to: array)
        switch type {
        case .null: break
        case .bool: try addBits(to: array)
        case .int64, .localTime: try addWords(to: array) { value in try Self.word(value) }
        case .float64: try addFloats(to: array)
        case .decimal(let scale): try addDecimals(to: array, scale)
        case .date: try addDates(to: array)
        case .localDatetime, .zonedDatetime: try addWords(to: array) { value in try Self.microseconds(value) }
        case .string, .bytes: try addBytes(to: array)
        case .vector: try addVectors(to: array)
        case .entity: try elements.addEntities(try ids(), to: array)
        case .relationship: try elements.addRelationships(try ids(), to: array)
        case .path: try elements.addPaths(try paths(), to: array)
        case .text: try addTexts(to: array)
        }
        return array
    }

    // MARK: Loops

    @inline(__always)
    private func forEachValue(_ body: (Int, ColumnVector, Int) throws -> Void) throws {
        var first = 0
        for piece in pieces {
            try piece.forEachValue(from: first, body)
            first += piece.rows.count
        }
    }

    private func addValidity(to array: ArrowArrayParts) throws {
        var present = 0
        let bits = try array.allocateBuffer((rows + 7) / 8).assumingMemoryBound(to: UInt8.self)
        try forEachValue { row, _, _ in
            bits[row >> 3] |= 1 << UInt8(row & 7)
            present += 1
        }
        array.nullCount = rows - present
    }

    // MARK: Fixed widths

    private func addBits(to array: ArrowArrayParts) throws {
        let bits = try array.allocateBuffer((rows + 7) / 8).assumingMemoryBound(to: UInt8.self)
        try forEachValue { row, vector, position in
            let isSet =
                if vector.kind == .bool { vector.bools[position] != 0 } else if case .bool(true) = vector.values[position] { true } else {
                    false
                }
            if isSet { bits[row >> 3] |= 1 << UInt8(row & 7) }
        }
    }

    /// Integers of a typed vector, and whatever `convert` makes of values in general.
    private func addWords(to array: ArrowArrayParts, _ convert: (Value) throws -> Int64) throws {
        let words = try array.allocateBuffer(rows * 8).assumingMemoryBound(to: Int64.self)
        try forEachValue { row, vector, position in
            words[row] = vector.kind == .int64 ? vector.ints[position] : try convert(vector.values[position])
        }
    }

    private static func word(_ value: Value) throws -> Int64 {
        switch value {
        case .int(let value): value
        case .localTime(let time): time.nanoseconds
        default: throw otherType
        }
    }

    private static func microseconds(_ value: Value) throws -> Int64 {
        let (seconds, nanoseconds): (Int64, UInt32) =
            switch value {
            case .localDatetime(let datetime): (datetime.seconds, datetime.nanoseconds)
            case .zonedDatetime(let datetime): (datetime.seconds, datetime.nanoseconds)
            default: throw otherType
            }
        let (whole, overflow) = seconds.multipliedReportingOverflow(by: 1_000_000)
        let (sum, overflowOfSum) = whole.addingReportingOverflow(Int64(nanoseconds / 1_000))
        guard !overflow, !overflowOfSum else { throw DeedError(.typeMismatch, "a datetime is out of the range of an Arrow timestamp") }
        return sum
    }

    private func addFloats(to array: ArrowArrayParts) throws {
        let floats = try array.allocateBuffer(rows * 8).assumingMemoryBound(to: Double.self)
        try forEachValue { row, vector, position in
            switch vector.kind {
            case .float64: floats[row] = vector.floats[position]
            case .int64: floats[row] = try exact(vector.ints[position])
            default:
                switch vector.values[position] {
                case .float(let value): floats[row] = value
                case .int(let value): floats[row] = try exact(value)
                default: throw Self.otherType
                }
            }
        }
    }

    private func exact(_ value: Int64) throws -> Double {
        guard let float = Double(exactly: value) else {
            throw DeedError(.typeMismatch, "the column '\(name)' has floats and the integer \(value), which is no float")
        }
        return float
    }

    private func addDecimals(to array: ArrowArrayParts, _ scale: Int) throws {
        let words = try array.allocateBuffer(rows * 16).assumingMemoryBound(to: UInt64.self)
        try forEachValue { row, vector, position in
            let value: Decimal
            switch vector.value(position) {
            case .decimal(let number): value = number
            case .int(let number): value = Decimal(number)
            default: throw Self.otherType
            }
            guard let aligned = value.rounded(to: scale) else {
                throw DeedError(
                    .typeMismatch, "the column '\(name)' has \(value.description), and others with \(scale) digits behind the point")
            }
            words[2 * row] = UInt64(truncatingIfNeeded: aligned.coefficient)
            words[2 * row + 1] = UInt64(truncatingIfNeeded: aligned.coefficient >> 64)
        }
    }

    private func addDates(to array: ArrowArrayParts) throws {
        let days = try array.allocateBuffer(rows * 4).assumingMemoryBound(to: Int32.self)
        try forEachValue { row, vector, position in
            guard case .date(let date) = vector.value(position) else { throw Self.otherType }
            guard let value = Int32(exactly: date.days) else {
                throw DeedError(.typeMismatch, "a date in the column '\(name)' is out of the range of an Arrow date")
            }
            days[row] = value
        }
    }

    private static var otherType: DeedError { DeedError(.internalError, "a value of another type than its column's") }

    // MARK: Bytes

    private func addBytes(to array: ArrowArrayParts) throws {
        let writer = try ArrowTextWriter(array, rows)
        try forEachValue { row, vector, position in
            if vector.kind == .string {
                writer.append(row, vector.stringBytes(position))
                return
            }
            switch vector.values[position] {
            case .string(let text): writer.append(row, text)
            case .bytes(let bytes): bytes.withUnsafeBytes { writer.append(row, $0) }
            default: throw Self.otherType
            }
        }
        writer.finish()
    }

    private func addTexts(to array: ArrowArrayParts) throws {
        let writer = try ArrowTextWriter(array, rows)
        try forEachValue { row, vector, position in try elements.append(vector.value(position), row, to: writer) }
        writer.finish()
    }

    private func addVectors(to array: ArrowArrayParts) throws {
        var counts = Array(repeating: 0, count: rows)
        var items: [Float] = []
        try forEachValue { row, vector, position in
            guard case .vector(let floats) = vector.values[position] else { throw Self.otherType }
            counts[row] = floats.count
            items.append(contentsOf: floats)
        }
        let child = ArrowArrayParts(length: items.count)
        child.addBuffer(nil)
        let data = try child.allocateBuffer(items.count * 4)
        items.withUnsafeBytes { bytes in if let base = bytes.baseAddress { memcpy(data, base, bytes.count) } }
        try array.addList(counts, child)
    }

    // MARK: Elements

    /// The elements' ids by row, nil for nulls.
    private func ids() throws -> [UInt64?] {
        var ids: [UInt64?] = Array(repeating: nil, count: rows)
        try forEachValue { row, vector, position in
            switch vector.value(position) {
            case .entity(let id), .relationship(let id): ids[row] = id
            default: throw Self.otherType
            }
        }
        return ids
    }

    private func paths() throws -> [PathValue?] {
        var paths: [PathValue?] = Array(repeating: nil, count: rows)
        try forEachValue { row, vector, position in
            guard case .path(let path) = vector.values[position] else { throw Self.otherType }
            paths[row] = path
        }
        return paths
    }
}

/// Offsets and bytes of a large_utf8 or large_binary array, row by row.
final class ArrowTextWriter {
    /// nil once the array keeps this writer: either would keep the other for ever.
    private var array: ArrowArrayParts?
    private let rows: Int
    private let offsets: UnsafeMutablePointer<Int64>
    private var next = 0
    private var buffer = ByteBuffer(capacity: 1 << 12)

    /// The array's validity must be there already.
    init(_ array: ArrowArrayParts, _ rows: Int) throws(DeedError) {
        (self.array, self.rows) = (array, rows)
        offsets = try array.allocateBuffer((rows + 1) * 8).assumingMemoryBound(to: Int64.self)
    }

    /// Rows come in order; those left out are empty.
    func begin(_ row: Int) {
        while next <= row {
            offsets[next] = Int64(buffer.count)
            next += 1
        }
    }

    func append(_ row: Int, _ bytes: UnsafeRawBufferPointer) {
        begin(row)
        buffer.append(bytes)
    }

    func append(_ row: Int, _ text: String) {
        var text = text
        text.withUTF8 { append(row, UnsafeRawBufferPointer($0)) }
    }

    func append(_ row: Int, textOf cell: Cell) throws(DeedError) {
        begin(row)
        try appendText(of: cell, to: &buffer)
    }

    func finish() {
        begin(rows)
        array?.keep(self)
        array?.addBuffer(buffer.base)
        array = nil
    }
}

extension ArrowArrayParts {
    /// What makes a large_list of it: the number of items of each row, and the items.
    func addList(_ counts: [Int], _ items: ArrowArrayParts) throws(DeedError) {
        let offsets = try allocateBuffer((counts.count + 1) * 8).assumingMemoryBound(to: Int64.self)
        var total = 0
        for (row, count) in counts.enumerated() {
            offsets[row] = Int64(total)
            total += count
        }
        offsets[counts.count] = Int64(total)
        add(items)
    }
}
