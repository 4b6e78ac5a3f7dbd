// A column that grows row by row from vectors of any kind. It stays typed while all that comes has one type, and turns to
// general values when a second type comes.

import DeedEngine
import DeedValues

final class ColumnBuilder {
    let capacity: Int
    private(set) var count = 0
    private var vector: ColumnVector
    /// Bytes of what the values point to, roughly.
    private(set) var bytesOutside = 0

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
        if other.kind == .any { return append(other.values[row]) }
        prepare(for: other.kind)
        if vector.kind == .any {
            vector.values.append(other.value(row))
        } else {
            copy(other, row)
        }
        count &+= 1
    }

    func append(_ value: Value) {
        if vector.kind == .any {
            vector.values.append(value)
            bytesOutside &+= value.bytesOutside
            count &+= 1
            return
        }
        switch value {
        case .null: return appendNull()
        case .bool(let value) where admits(.bool): vector.bools[count] = value ? 1 : 0
        case .int(let value) where admits(.int64): vector.ints[count] = value
        case .float(let value) where admits(.float64): vector.floats[count] = value
        case .entity(let id) where admits(.entity): vector.ids[count] = id
        case .relationship(let id) where admits(.relationship): vector.ids[count] = id
        case .string(var text) where admits(.string):
            text.withUTF8 { bytes in
                vector.setString(count, UnsafeRawBufferPointer(bytes))
                if bytes.count > ByteSlot.inlineMax { bytesOutside &+= bytes.count }
            }
        default:
            turnGeneral()
            vector.values.append(value)
            bytesOutside &+= value.bytesOutside
        }
        count &+= 1
    }

    /// Rows of a column, in order.
    func append(_ column: ChunkColumn, from first: Int, count added: Int) {
        let other = column.vector
        if other.kind != .any && other.kind != .null && other.nulls == nil {
            prepare(for: other.kind)
            if vector.kind == other.kind {
                for row in first..<first &+ added {
                    copy(other, column.position(row))
                    count &+= 1
                }
                return
            }
        }
        for row in first..<first &+ added { append(other, column.position(row)) }
    }

    /// Bytes of the column, and of what its values point to.
    var bytes: Int {
        bytesOutside + capacity * (vector.kind == .any ? MemoryLayout<Value>.stride : ColumnVector.width(vector.kind))
    }

    /// The vector of what came; the builder begins anew.
    func finish() -> ColumnVector {
        let result = vector
        vector = ColumnVector(.null, capacity: capacity)
        (count, bytesOutside) = (0, 0)
        return result
    }

    // MARK: Kinds

    /// Whether a value of this kind can be written typed; a column of nulls only becomes one of that kind.
    private func admits(_ kind: ColumnVector.Kind) -> Bool {
        if vector.kind == kind { return true }
        if vector.kind != .null { return false }
        become(kind)
        return true
    }

    private func prepare(for kind: ColumnVector.Kind) {
        if vector.kind == kind || vector.kind == .any { return }
        if vector.kind == .null { become(kind) } else { turnGeneral() }
    }

    private func become(_ kind: ColumnVector.Kind) {
        vector = ColumnVector(kind, capacity: capacity)
        for row in 0..<count {
            zero(row)
            vector.setNull(row)
        }
    }

    private func turnGeneral() {
        if vector.kind == .any { return }
        let general = ColumnVector(.any, capacity: capacity)
        general.values.reserveCapacity(capacity)
        for row in 0..<count { general.values.append(vector.value(row)) }
        vector = general
    }

    private func zero(_ row: Int) {
        let width = ColumnVector.width(vector.kind)
        vector.data?.advanced(by: row &* width).initializeMemory(as: UInt8.self, repeating: 0, count: width)
    }

    @inline(__always)
    private func copy(_ other: ColumnVector, _ row: Int) {
        switch vector.kind {
        case .bool: vector.bools[count] = other.bools[row]
        case .int64: vector.ints[count] = other.ints[row]
        case .float64: vector.floats[count] = other.floats[row]
        case .entity, .relationship: vector.ids[count] = other.ids[row]
        case .string:
            let bytes = other.stringBytes(row)
            vector.setString(count, bytes)
            if bytes.count > ByteSlot.inlineMax { bytesOutside &+= bytes.count }
        case .null, .any: break
        }
    }
}

extension Value {
    /// Bytes that the value refers to, roughly; for accounts of memory.
    var bytesOutside: Int {
        switch self {
        case .null, .bool, .int, .float, .date, .localTime, .zonedTime, .localDatetime, .entity, .relationship: 0
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
