// The order of rows whose keys are all numbers, without comparing any two of them:
//
// 1. Each key becomes a number from 0 up that sorts as it does: less the least one, from the greatest one down if it is descending,
//    with a number of its own for null.
// 2. The keys of a row are put together in 64 bits, the first one on top. If they need more, rows are compared (SortedRows).
// 3. Rows are sorted by these, some bits at a time from the lowest up. Each pass leaves rows that agree as they were.

import DeedEngine
import DeedValues

enum NumberOrder {
    private static let digitBits = 11

    /// The numbers of the rows in order; nil if that is not how to find it.
    static func rows(_ store: RowStore, _ slots: [Int], _ isDescending: [Bool]) -> [UInt32]? {
        var keys: [PackedKey] = []
        var bits = 0
        for (index, slot) in slots.enumerated() {
            guard let key = PackedKey(store, slot, isDescending: isDescending[index]) else { return nil }
            bits += key.bits
            if bits > UInt64.bitWidth { return nil }
            keys.append(key)
        }
        let count = store.count
        let packed = UnsafeMutablePointer<UInt64>.allocate(capacity: max(count, 1))
        packed.initialize(repeating: 0, count: count)
        defer { packed.deallocate() }
        for key in keys { key.push(onto: packed) }
        return sort(packed, count, bits: bits)
    }

    private static func sort(_ keys: UnsafeMutablePointer<UInt64>, _ count: Int, bits: Int) -> [UInt32] {
        let rows = [UInt32](unsafeUninitializedCapacity: count) { buffer, filled in
            for row in 0..<count { buffer[row] = UInt32(truncatingIfNeeded: row) }
            filled = count
        }
        if isSorted(keys, count) { return rows }
        let otherKeys = UnsafeMutablePointer<UInt64>.allocate(capacity: count)
        let otherRows = UnsafeMutablePointer<UInt32>.allocate(capacity: count)
        defer {
            otherKeys.deallocate()
            otherRows.deallocate()
        }
        var result = rows
        result.withUnsafeMutableBufferPointer { rows in
            guard let first = rows.baseAddress else { return }
            var (from, to) = ((keys: keys, rows: first), (keys: otherKeys, rows: otherRows))
            for shift in stride(from: 0, to: bits, by: digitBits) {
                if pass(from, to, count, shift: shift) { swap(&from, &to) }
            }
            if from.rows != first { first.update(from: from.rows, count: count) }
        }
        return result
    }

    private static func isSorted(_ keys: UnsafeMutablePointer<UInt64>, _ count: Int) -> Bool {
        var row = 1
        while row < count && keys[row - 1] <= keys[row] { row += 1 }
        return row >= count
    }

    private typealias Rows = (keys: UnsafeMutablePointer<UInt64>, rows: UnsafeMutablePointer<UInt32>)

    /// Puts the rows in the order of one digit; false if all have the same, and nothing was moved.
    private static func pass(_ from: Rows, _ to: Rows, _ count: Int, shift: Int) -> Bool {
        withUnsafeTemporaryAllocation(of: Int.self, capacity: 1 << digitBits) { places in
            guard let places = places.baseAddress else { return false }
            let (shift, mask) = (UInt64(shift), UInt64(1 << digitBits - 1))
            places.initialize(repeating: 0, count: 1 << digitBits)
            for row in 0..<count { places[Int(from.keys[row] &>> shift & mask)] &+= 1 }
            if places[Int(from.keys[0] &>> shift & mask)] == count { return false }
            var next = 0
            for digit in 0..<1 << digitBits { (places[digit], next) = (next, next &+ places[digit]) }
            for row in 0..<count {
                let key = from.keys[row]
                let digit = Int(key &>> shift & mask)
                let place = places[digit]
                places[digit] = place &+ 1
                to.keys[place] = key
                to.rows[place] = from.rows[row]
            }
            return true
        }
    }
}

/// A column of numbers, and the least bits that keep their order.
private struct PackedKey {
    private let store: RowStore
    private let slot: Int
    private let isDescending: Bool
    private var (least, greatest): (UInt64, UInt64) = (.max, 0)
    private var hasNull = false
    let bits: Int

    /// nil if the column is not one of numbers of one kind.
    init?(_ store: RowStore, _ slot: Int, isDescending: Bool) {
        (self.store, self.slot, self.isDescending) = (store, slot, isDescending)
        var kind = ColumnVector.Kind.null
        for block in 0..<store.blockCount {
            let found = store.block(block).columns[slot]?.vector.kind ?? .null
            if found == .null { continue }
            let isNumber = found == .int64 || found == .float64 || found == .bool || found == .date
            guard isNumber, kind == .null || kind == found else { return nil }
            kind = found
        }
        var (least, greatest, hasNull) = (UInt64.max, UInt64(0), false)
        Self.forEach(store, slot) { _, number in
            guard let number else {
                hasNull = true
                return
            }
            (least, greatest) = (min(least, number), max(greatest, number))
        }
        (self.least, self.greatest, self.hasNull) = (least, greatest, hasNull)
        // All are null: there is nothing to tell them apart.
        if least > greatest {
            bits = 0
            return
        }
        let (span, isTooWide) = (greatest - least).addingReportingOverflow(hasNull ? 1 : 0)
        if isTooWide { return nil }
        bits = UInt64.bitWidth - span.leadingZeroBitCount
    }

    /// Puts the key below those that are there.
    func push(onto packed: UnsafeMutablePointer<UInt64>) {
        if bits == 0 { return }
        // A shift by all bits leaves none.
        let shift = UInt64(bits)
        let (least, greatest, isDescending) = (least, greatest, isDescending)
        let forNull: UInt64 = isDescending ? 0 : greatest - least + (hasNull ? 1 : 0)
        let offset: UInt64 = isDescending && hasNull ? 1 : 0
        Self.forEach(store, slot) { row, number in
            let own = number.map { isDescending ? greatest - $0 + offset : $0 - least } ?? forNull
            packed[row] = packed[row] << shift | own
        }
    }

    /// The number of each row as one without sign; nil for null.
    @inline(__always)
    private static func forEach(_ store: RowStore, _ slot: Int, _ body: (Int, UInt64?) -> Void) {
        for block in 0..<store.blockCount {
            let chunk = store.block(block)
            let first = block * Chunk.rowsMax
            guard let vector = chunk.columns[slot]?.vector, vector.kind != .null else {
                for row in 0..<chunk.count { body(first + row, nil) }
                continue
            }
            let nulls = vector.nulls
            switch vector.kind {
            case .int64, .date:
                let ints = vector.ints
                for row in 0..<chunk.count { body(first + row, isNull(nulls, row) ? nil : UInt64(bitPattern: ints[row]) ^ signBit) }
            case .float64:
                let floats = vector.floats
                for row in 0..<chunk.count { body(first + row, isNull(nulls, row) ? nil : ordered(floats[row])) }
            default:
                let bools = vector.bools
                for row in 0..<chunk.count { body(first + row, isNull(nulls, row) ? nil : UInt64(bools[row])) }
            }
        }
    }

    @inline(__always)
    private static func isNull(_ nulls: UnsafeMutablePointer<UInt8>?, _ row: Int) -> Bool {
        nulls.map { $0[row] != 0 } ?? false
    }

    private static let signBit: UInt64 = 1 << 63

    /// Sorts as floats do: NaN is greater than all, and there is one zero.
    @inline(__always)
    private static func ordered(_ number: Double) -> UInt64 {
        if number.isNaN { return .max }
        let bits = (number == 0 ? 0 : number).bitPattern
        return bits & signBit == 0 ? bits | signBit : ~bits
    }
}
