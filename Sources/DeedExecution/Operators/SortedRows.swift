// Rows with the values they are sorted by, and their order. Sorting is stable: rows that agree in all keys stay in the order in
// which they came.

import DeedEngine
import DeedValues

final class SortedRows {
    private let context: QueryContext
    private let keys: [Evaluator]
    /// By key; the place of a row, if rows have any, is one more.
    private let isDescending: [Bool]
    private let hasPlaces: Bool
    /// The columns of the rows, and behind them those of the keys.
    private(set) var store: RowStore
    private let width: Int
    /// The first key of the last row that stayed when rows were dropped, if it is an integer.
    private(set) var lastKey: Int64?
    private var lastPlace: Int64 = 0

    /// `hasPlaces`: behind the `width` columns of the rows comes one with their places, which decide where the keys do not.
    /// The owner counts `bytes`.
    init(_ keys: [SortKey], evaluators: [Evaluator], width: Int, hasPlaces: Bool = false, _ context: QueryContext) {
        self.context = context
        self.keys = evaluators
        self.hasPlaces = hasPlaces
        isDescending = keys.map(\.isDescending) + (hasPlaces ? [false] : [])
        self.width = width
        store = RowStore(context, width: width + isDescending.count, isCounted: false)
    }

    var count: Int { store.count }

    /// Bytes that the rows take, and that sorting them will.
    var bytes: Int {
        store.bytes + store.count * (Self.sortingBytes + isDescending.count * MemoryLayout<Value>.stride)
    }

    /// For each row its number, and as much for the sort. Sorting numbers takes two more words, which is what the first key has.
    private static let sortingBytes = 8
    /// So few rows are sorted before their keys are put together.
    private static let numbersMin = 256

    func clear() { store.clear() }

    func append(_ chunk: Chunk) throws { try append(chunk, keys.map { ChunkColumn(try $0.evaluate(chunk, context)) }) }

    private func append(_ chunk: Chunk, _ keys: [ChunkColumn]) throws {
        var extended = chunk
        var last: [ChunkColumn?] = []
        if hasPlaces, let places = extended.columns.popLast() { last = [places] }
        while extended.columns.count < width { extended.columns.append(nil) }
        extended.columns += keys.map { $0 } + last
        try store.append(extended)
    }

    /// Leaves out rows that come behind the last one that stayed when rows were dropped, as far as their first key tells.
    func appendBetter(_ chunk: Chunk) throws {
        let vectors = try keys.map { try $0.evaluate(chunk, context) }
        guard let lastKey, vectors[0].kind == .int64, vectors[0].nulls == nil else {
            return try append(chunk, vectors.map { ChunkColumn($0) })
        }
        guard let better = select(vectors[0].ints, chunk, last: lastKey) else {
            return try append(chunk, vectors.map { ChunkColumn($0) })
        }
        if better.count > 0 { try append(chunk.selecting(better), vectors.map { ChunkColumn($0, better) }) }
    }

    /// The rows that can come before the last one; nil if all can.
    private func select(_ keys: UnsafeMutablePointer<Int64>, _ chunk: Chunk, last: Int64) -> Selection? {
        let (isDescending, hasMoreKeys) = (isDescending[0], self.keys.count > 1)
        let places = hasPlaces ? chunk.columns[width] : nil
        return makeSelection(chunk.count) { rows in
            var selected = 0
            for row in 0..<chunk.count {
                rows[selected] = UInt32(truncatingIfNeeded: row)
                let key = keys[row]
                if key == last {
                    // Another key may decide for it; otherwise the place does, or the order in which the rows come.
                    let isBefore = places.map { $0.vector.ints[$0.position(row)] < lastPlace } ?? false
                    selected &+= hasMoreKeys || isBefore ? 1 : 0
                } else {
                    selected &+= (key < last) != isDescending ? 1 : 0
                }
            }
            return selected
        }
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
        if store.count >= Self.numbersMin {
            let slots = Array(width..<width + isDescending.count)
            if let order = NumberOrder.rows(store, slots, isDescending) { return order }
        }
        let columns = isDescending.indices.map { SortColumn(store, width + $0, isDescending: isDescending[$0]) }
        defer { for column in columns { column.free(store.count) } }
        var order = (0..<UInt32(store.count)).map { $0 }
        if case .integers(let integers)? = columns.first?.form, columns.count == (hasPlaces ? 2 : 1) {
            let descending = isDescending[0]
            var places: UnsafeMutablePointer<Int64>?
            if hasPlaces, case .integers(let numbers) = columns[1].form { places = numbers }
            order.sort { left, right in
                let (a, b) = (integers[Int(left)], integers[Int(right)])
                if a != b { return (a < b) != descending }
                if let places { return places[Int(left)] < places[Int(right)] }
                return left < right
            }
            return order
        }
        columns.withUnsafeBufferPointer { columns in
            order.sort { left, right in
                for column in columns {
                    let result = column.compare(Int(left), Int(right))
                    if result != 0 { return result < 0 }
                }
                return left < right
            }
        }
        return order
    }

    /// Keeps only the first rows in order, which are then in order.
    func truncate(to rowsMax: Int) throws {
        let order = try sorted().prefix(rowsMax)
        lastKey = nil
        if order.count == rowsMax, let last = order.last.map({ Int($0) }) {
            if case .int(let key) = store.value(last, width) { lastKey = key }
            if hasPlaces, case .int(let place) = store.value(last, width + keys.count) { lastPlace = place }
        }
        let columns = width + isDescending.count
        let kept = RowStore(context, width: columns, isCounted: false)
        var output = RowOutput(Array(order))
        while let chunk = output.chunk(store, columnsMax: columns) { try kept.append(chunk) }
        store = kept
    }

    /// Where they go if they do not fit into memory.
    func makeRuns() throws -> SortedRuns { try SortedRuns(descending: isDescending, width: width, context) }

    /// The rows without their keys.
    func chunk(_ output: inout RowOutput) -> Chunk? { output.chunk(store, columnsMax: width) }
}

/// One key of all rows, in memory of its own: what is compared again and again counts no references.
private struct SortColumn {
    enum Form {
        case integers(UnsafeMutablePointer<Int64>)
        case floats(UnsafeMutablePointer<Double>)
        /// In the blocks; without an address: null.
        case strings(UnsafeMutablePointer<UnsafeRawBufferPointer>)
        case values(UnsafeMutablePointer<Value>)
    }

    let form: Form
    let isDescending: Bool

    init(_ store: RowStore, _ slot: Int, isDescending: Bool) {
        self.isDescending = isDescending
        let columns = (0..<store.blockCount).map { store.block($0).columns[slot] }
        func areAll(_ kind: ColumnVector.Kind) -> Bool {
            columns.allSatisfy { $0.map { $0.vector.kind == kind && $0.vector.nulls == nil } ?? false }
        }
        if areAll(.int64) || areAll(.date) {
            form = .integers(Self.copy(store, columns) { $0.ints })
        } else if areAll(.float64) {
            form = .floats(Self.copy(store, columns) { $0.floats })
        } else if columns.allSatisfy({ $0?.vector.kind == .string }) {
            let texts = UnsafeMutablePointer<UnsafeRawBufferPointer>.allocate(capacity: max(store.count, 1))
            for row in 0..<store.count {
                let (block, place) = (row / Chunk.rowsMax, row % Chunk.rowsMax)
                guard let vector = columns[block]?.vector, !vector.isNull(place) else {
                    texts[row] = UnsafeRawBufferPointer(start: nil, count: 0)
                    continue
                }
                texts[row] = vector.stringBytes(place)
            }
            form = .strings(texts)
        } else {
            let values = UnsafeMutablePointer<Value>.allocate(capacity: max(store.count, 1))
            for row in 0..<store.count { (values + row).initialize(to: store.value(row, slot)) }
            form = .values(values)
        }
    }

    private static func copy<Element>(
        _ store: RowStore, _ columns: [ChunkColumn?], _ elements: (ColumnVector) -> UnsafeMutablePointer<Element>
    ) -> UnsafeMutablePointer<Element> {
        let result = UnsafeMutablePointer<Element>.allocate(capacity: max(store.count, 1))
        for (block, column) in columns.enumerated() {
            guard let vector = column?.vector else { continue }
            (result + block * Chunk.rowsMax).initialize(from: elements(vector), count: store.block(block).count)
        }
        return result
    }

    /// To be called once, when nothing is compared any more.
    func free(_ count: Int) {
        switch form {
        case .integers(let values): values.deallocate()
        case .floats(let values): values.deallocate()
        case .strings(let texts): texts.deallocate()
        case .values(let values):
            values.deinitialize(count: count)
            values.deallocate()
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
        case .strings(let texts): result = orderOfTexts(texts[left], texts[right])
        case .values(let values): result = Value.order(values[left], values[right])
        }
        return isDescending ? -result : result
    }
}

/// The order of texts; one without an address is null, which is last.
func orderOfTexts(_ left: UnsafeRawBufferPointer, _ right: UnsafeRawBufferPointer) -> Int {
    guard left.baseAddress != nil else { return right.baseAddress == nil ? 0 : 1 }
    guard right.baseAddress != nil else { return -1 }
    return TextBytes.compare(left.bindMemory(to: UInt8.self), right.bindMemory(to: UInt8.self))
}
