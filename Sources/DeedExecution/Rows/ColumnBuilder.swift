// A column that grows row by row from vectors of any kind. It stays typed while all that comes has one type, and turns to
// general values when a second type comes.

import DeedEngine
import DeedValues

final class ColumnBuilder {
    let capacity: Int
    private(set) var count = 0
    private var vector: ColumnVector
    /// Bytes that strings point to, and the first general values.
    private var outside = 0
    /// General values that `outside` counts: most builders are never asked.
    private var counted = 0

    init(capacity: Int, kind: ColumnVector.Kind = .null) {
        self.capacity = capacity
        vector = ColumnVector(kind, capacity: capacity)
        if kind == .any { vector.values.reserveCapacity(capacity) }
    }

    func appendNull() {
        switch vector.kind {
        case .null: break
        case .any: vector.values.append(.null)
        default:
            zero(count)
            vector.setNull(count)
        }
        count &+= 1
    }

    /// Row `row` of another vector.
    func append(_ other: ColumnVector, _ row: Int) {
        if other.isNull(row) { return appendNull() }
        if case .any = other.kind { return append(other.values[row]) }
        prepare(for: other.kind)
        if case .any = vector.kind {
            vector.values.append(other.value(row))
        } else {
            copy(other, row)
        }
        count &+= 1
    }

    func append(_ value: Value) {
        switch (vector.kind, value) {
        case (.any, _): vector.values.append(value)
        case (_, .null): return appendNull()
        case (.bool, .bool(let value)): vector.bools[count] = value ? 1 : 0
        case (.int64, .int(let value)): vector.ints[count] = value
        case (.date, .date(let date)): vector.ints[count] = date.days
        case (.float64, .float(let value)): vector.floats[count] = value
        case (.entity, .entity(let id)), (.relationship, .relationship(let id)): vector.ids[count] = id
        case (.string, .string(var text)): text.withUTF8 { setString(UnsafeRawBufferPointer($0)) }
        default:
            prepare(for: Self.kind(of: value))
            return append(value)
        }
        count &+= 1
    }

    /// Rows of a column, in order.
    func append(_ column: ChunkColumn, from first: Int, count added: Int) {
        let other = column.vector
        if other.kind != .any && other.kind != .null && other.nulls == nil {
            prepare(for: other.kind)
            if vector.kind == other.kind {
                if copyWords(column, from: first, count: added) { return }
                for row in first..<first &+ added {
                    copy(other, column.position(row))
                    count &+= 1
                }
                return
            }
        }
        for row in first..<first &+ added { append(other, column.position(row)) }
    }

    /// Rows of a column of the same kind without nulls; false if its values are not words.
    private func copyWords(_ column: ChunkColumn, from first: Int, count added: Int) -> Bool {
        switch vector.kind {
        case .int64, .float64, .entity, .relationship, .date: break
        case .null, .bool, .string, .any: return false
        }
        let (from, to) = (column.vector.ids, vector.ids + count)
        if let selection = column.selection {
            let rows = selection.rows + first
            for row in 0..<added { to[row] = from[Int(rows[row])] }
        } else {
            to.update(from: from + first, count: added)
        }
        count &+= added
        return true
    }

    /// Bytes of what the values point to, roughly.
    var bytesOutside: Int {
        while counted < vector.values.count {
            outside &+= vector.values[counted].bytesOutside
            counted &+= 1
        }
        return outside
    }

    /// Bytes of the column, and of what its values point to.
    var bytes: Int {
        bytesOutside + capacity * (vector.kind == .any ? MemoryLayout<Value>.stride : ColumnVector.width(vector.kind))
    }

    /// The vector of what came; the builder begins anew.
    func finish() -> ColumnVector {
        let result = vector
        vector = ColumnVector(.null, capacity: capacity)
        (count, outside, counted) = (0, 0, 0)
        return result
    }

    // MARK: Kinds

    /// Makes the column one of this kind if it can be, and otherwise one of general values.
    private func prepare(for kind: ColumnVector.Kind) {
        switch (vector.kind, kind) {
        case (.any, _), (.bool, .bool), (.int64, .int64), (.float64, .float64), (.string, .string), (.entity, .entity),
            (.relationship, .relationship), (.date, .date):
            return
        case (.null, .bool), (.null, .int64), (.null, .float64), (.null, .string), (.null, .entity), (.null, .relationship),
            (.null, .date):
            become(kind)
        default: turnGeneral()
        }
    }

    private static func kind(of value: Value) -> ColumnVector.Kind {
        switch value {
        case .bool: .bool
        case .int: .int64
        case .date: .date
        case .float: .float64
        case .string: .string
        case .entity: .entity
        case .relationship: .relationship
        default: .any
        }
    }

    private func become(_ kind: ColumnVector.Kind) {
        vector = ColumnVector(kind, capacity: capacity)
        for row in 0..<count {
            zero(row)
            vector.setNull(row)
        }
    }

    private func turnGeneral() {
        let general = ColumnVector(.any, capacity: capacity)
        general.values.reserveCapacity(capacity)
        for row in 0..<count { general.values.append(vector.value(row)) }
        vector = general
        counted = count
    }

    private func setString(_ bytes: UnsafeRawBufferPointer) {
        vector.setString(count, bytes)
        if bytes.count > ByteSlot.inlineMax { outside &+= bytes.count }
    }

    private func zero(_ row: Int) {
        let width = ColumnVector.width(vector.kind)
        vector.data?.advanced(by: row &* width).initializeMemory(as: UInt8.self, repeating: 0, count: width)
    }

    @inline(__always)
    private func copy(_ other: ColumnVector, _ row: Int) {
        switch vector.kind {
        case .bool: vector.bools[count] = other.bools[row]
        case .int64, .date: vector.ints[count] = other.ints[row]
        case .float64: vector.floats[count] = other.floats[row]
        case .entity, .relationship: vector.ids[count] = other.ids[row]
        case .string: setString(other.stringBytes(row))
        case .null, .any: break
        }
    }
}

extension Value {
    /// Bytes that the value refers to, roughly; for accounts of memory.
    var bytesOutside: Int {
        switch self {
        case .null, .bool, .int, .float, .decimal, .date, .localTime, .zonedTime, .localDatetime, .entity, .relationship: 0
        case .string(let text): text.utf8.count > 15 ? text.utf8.count + 32 : 0
        case .bytes(let bytes): bytes.count + 32
        case .vector(let numbers): numbers.count * 4 + 32
        case .list(let elements):
            elements.reduce(32 + elements.count * MemoryLayout<Value>.stride) { $0 &+ $1.bytesOutside }
        case .map(let map):
            map.values.reduce(64 + map.keys.count * (16 + MemoryLayout<Value>.stride)) { $0 &+ $1.bytesOutside }
        case .zonedDatetime, .duration: 64
        case .path(let path): 64 + 16 * path.entities.count
        }
    }
}
