// Rows with the values they are sorted by, and their order. Sorting is stable: rows that agree in all keys stay in the order in
// which they came.

import DeedEngine
import DeedValues

final class SortedRows {
    private let context: QueryContext
    private let keys: [Evaluator]
    private let isDescending: [Bool]
    /// The columns of the rows, and behind them those of the keys.
    private(set) var store: RowStore
    private let width: Int

    init(_ keys: [SortKey], evaluators: [Evaluator], width: Int, _ context: QueryContext) {
        self.context = context
        self.keys = evaluators
        isDescending = keys.map(\.isDescending)
        self.width = width
        store = RowStore(context, width: width + keys.count)
    }

    var count: Int { store.count }

    func append(_ chunk: Chunk) throws {
        var extended = chunk
        while extended.columns.count < width { extended.columns.append(nil) }
        for key in keys { extended.columns.append(ChunkColumn(try key.evaluate(chunk, context))) }
        try store.append(extended)
    }

    /// Rows of another, keys and all.
    func append(_ other: SortedRows) throws {
        try other.store.finish()
        for block in 0..<other.store.blockCount { try store.append(other.store.block(block)) }
    }

    /// The numbers of the rows in order.
    func sorted() throws -> [UInt32] {
        try store.finish()
        try context.checkInterrupt()
        let columns = isDescending.indices.map { SortColumn(store, width + $0, isDescending: isDescending[$0]) }
        var order = (0..<UInt32(store.count)).map { $0 }
        if columns.count == 1, case .integers(let integers) = columns[0].form {
            let descending = isDescending[0]
            order.sort { left, right in
                let (a, b) = (integers[Int(left)], integers[Int(right)])
                return a == b ? left < right : (a < b) != descending
            }
            return order
        }
        order.sort { left, right in
            for column in columns {
                let result = column.compare(Int(left), Int(right))
                if result != 0 { return result < 0 }
            }
            return left < right
        }
        return order
    }

    /// Keeps only the first rows in order, which are then in order.
    func truncate(to rowsMax: Int) throws {
        let order = try sorted().prefix(rowsMax)
        let kept = RowStore(context, width: width + keys.count)
        var output = RowOutput(Array(order))
        while let chunk = output.chunk(store, columnsMax: width + keys.count) { try kept.append(chunk) }
        store = kept
    }

    /// The rows without their keys.
    func output(_ order: [UInt32]) -> RowOutput { RowOutput(order) }
    func chunk(_ output: inout RowOutput) -> Chunk? { output.chunk(store, columnsMax: width) }
}

/// One key of all rows.
private struct SortColumn {
    enum Form {
        case integers([Int64])
        case floats([Double])
        case values([Value])
    }

    let form: Form
    let isDescending: Bool

    init(_ store: RowStore, _ slot: Int, isDescending: Bool) {
        self.isDescending = isDescending
        let columns = (0..<store.blockCount).map { store.block($0).columns[slot] }
        func areAll(_ kind: ColumnVector.Kind) -> Bool {
            columns.allSatisfy { $0.map { $0.vector.kind == kind && $0.vector.nulls == nil } ?? false }
        }
        if areAll(.int64) {
            var result: [Int64] = []
            result.reserveCapacity(store.count)
            for index in 0..<store.blockCount {
                guard let column = columns[index] else { continue }
                result += UnsafeBufferPointer(start: column.vector.ints, count: store.block(index).count)
            }
            form = .integers(result)
        } else if areAll(.float64) {
            var result: [Double] = []
            result.reserveCapacity(store.count)
            for index in 0..<store.blockCount {
                guard let column = columns[index] else { continue }
                result += UnsafeBufferPointer(start: column.vector.floats, count: store.block(index).count)
            }
            form = .floats(result)
        } else {
            form = .values((0..<store.count).map { store.value($0, slot) })
        }
    }

    @inline(__always)
    func compare(_ left: Int, _ right: Int) -> Int {
        let result: Int
        switch form {
        case .integers(let values): result = values[left] < values[right] ? -1 : values[left] > values[right] ? 1 : 0
        case .floats(let values):
            let (a, b) = (values[left], values[right])
            result = a < b ? -1 : a > b ? 1 : a == b ? 0 : Value.order(.float(a), .float(b))
        case .values(let values): result = Value.order(values[left], values[right])
        }
        return isDescending ? -result : result
    }
}
