// Moving rows between vectors: from a vector through a selection (gather), from several vectors to the rows that each
// is about (merge), and a single row to many (repeat). Strings are moved as slots; their bytes stay where they are and
// are kept alive.

import DeedEngine
import DeedValues

extension ColumnVector {
    /// Row i is row `selection.rows[i]` of this one.
    func gathered(_ selection: Selection) -> ColumnVector {
        let count = selection.count
        let result = ColumnVector(kind, capacity: count)
        switch kind {
        case .null: return result
        case .any:
            let source = values
            let rows = selection.rows
            result.values = [Value](unsafeUninitializedCapacity: count) { buffer, filled in
                for row in 0..<count { buffer.initializeElement(at: row, to: source[Int(rows[row])]) }
                filled = count
            }
            return result
        case .bool: gather(bools, selection.rows, count, into: result.bools)
        case .string:
            gather(strings, selection.rows, count, into: result.strings)
            result.keepAlive(self)
        case .int64, .float64, .entity, .relationship, .date: gather(ids, selection.rows, count, into: result.ids)
        }
        if let nulls { gather(nulls, selection.rows, count, into: result.requireNulls()) }
        return result
    }

    /// `count` times row 0.
    func repeated(_ count: Int) -> ColumnVector {
        if kind == .any {
            let result = ColumnVector(.any, capacity: count)
            result.values = Array(repeating: values[0], count: count)
            return result
        }
        return gathered(Selection.constant(count: count))
    }

    /// A vector of kind `bool` for the kernels to fill.
    static func booleans(_ count: Int) -> ColumnVector { ColumnVector(.bool, capacity: count) }
}

@inline(__always)
private func gather<Element>(
    _ source: UnsafeMutablePointer<Element>, _ rows: UnsafeMutablePointer<UInt32>, _ count: Int,
    into target: UnsafeMutablePointer<Element>
) {
    for row in 0..<count { target[row] = source[Int(rows[row])] }
}

@inline(__always)
private func scatter<Element>(
    _ source: UnsafeMutablePointer<Element>, _ rows: UnsafeMutablePointer<UInt32>?, _ count: Int,
    into target: UnsafeMutablePointer<Element>
) {
    if let rows {
        for row in 0..<count { target[Int(rows[row])] = source[row] }
    } else {
        target.update(from: source, count: count)
    }
}

/// Values for some rows of a chunk from here and for others from there; rows that nobody has a value for are null.
struct VectorMerge {
    let count: Int
    private var pieces: [(vector: ColumnVector, rows: Selection?)] = []
    private var covered = 0

    init(count: Int) { self.count = count }

    /// Row i of the vector is row `rows.rows[i]` of the result (nil: row i). No row may be given twice.
    mutating func add(_ vector: ColumnVector, _ rows: Selection?) {
        pieces.append((vector, rows))
        covered += rows?.count ?? count
    }

    func result() -> ColumnVector {
        if pieces.count == 1, pieces[0].rows == nil { return pieces[0].vector }
        var common = ColumnVector.Kind.null
        for (vector, _) in pieces where vector.kind != .null && vector.kind != common {
            common = common == .null ? vector.kind : .any
        }
        switch common {
        case .null: return ColumnVector(.null, capacity: count)
        case .any: return mixed()
        default: return typed(common)
        }
    }

    private func mixed() -> ColumnVector {
        let result = ColumnVector(.any, capacity: count)
        var values = [Value](repeating: .null, count: count)
        for (vector, selection) in pieces where vector.kind != .null {
            for row in 0..<(selection?.count ?? count) {
                values[selection.map { Int($0.rows[row]) } ?? row] = vector.value(row)
            }
        }
        result.values = values
        return result
    }

    private func typed(_ kind: ColumnVector.Kind) -> ColumnVector {
        let result = ColumnVector(kind, capacity: count)
        var nulls: UnsafeMutablePointer<UInt8>?
        if covered < count || pieces.contains(where: { $0.vector.kind == .null || $0.vector.nulls != nil }) {
            nulls = result.requireNulls()
            nulls?.update(repeating: 1, count: count)
            result.data?.initializeMemory(as: UInt8.self, repeating: 0, count: count * ColumnVector.width(kind))
        }
        for (vector, selection) in pieces where vector.kind == kind {
            let (rows, size) = (selection?.rows, selection?.count ?? count)
            switch kind {
            case .bool: scatter(vector.bools, rows, size, into: result.bools)
            case .string:
                scatter(vector.strings, rows, size, into: result.strings)
                result.keepAlive(vector)
            default: scatter(vector.ids, rows, size, into: result.ids)
            }
            guard let nulls else { continue }
            if let own = vector.nulls {
                scatter(own, rows, size, into: nulls)
            } else {
                for row in 0..<size { nulls[rows.map { Int($0[row]) } ?? row] = 0 }
            }
        }
        return result
    }
}

/// The rows that `fill` writes to the front of its argument (room for `count`) and counts; nil if those are all.
@inline(__always)
func makeSelection(_ count: Int, _ fill: (UnsafeMutablePointer<UInt32>) throws -> Int) rethrows -> Selection? {
    try withUnsafeTemporaryAllocation(of: UInt32.self, capacity: max(count, 1)) { buffer in
        let rows = buffer.baseAddress.unsafelyUnwrapped
        let selected = try fill(rows)
        if selected == count { return nil }
        let result = Selection(count: selected)
        result.rows.update(from: rows, count: selected)
        return result
    }
}

extension Chunk {
    /// As `selecting(_:)`, with no columns but those that are needed.
    func selecting(_ selection: Selection, _ needed: NeededSlots) -> Chunk {
        if needed.isAll { return selecting(selection) }
        var narrow = Chunk(slots: columns.count, count: count)
        for slot in needed.slots where slot < columns.count { narrow.columns[slot] = columns[slot] }
        return narrow.selecting(selection)
    }
}

/// The slots that an expression reads.
struct NeededSlots {
    var slots: NumberSet = []
    /// It has a subplan, which may read any.
    var isAll = false

    var isEmpty: Bool { slots.isEmpty && !isAll }

    mutating func formUnion(_ other: NeededSlots) {
        slots.formUnion(other.slots)
        isAll = isAll || other.isAll
    }

    func union(_ other: NeededSlots) -> NeededSlots {
        var result = self
        result.formUnion(other)
        return result
    }
}
