// `value IN list`. A constant list of many values is hashed once: integers, and strings, are looked for among those of their
// own type, since nothing else can be equal to them (floats that are integers count as these).

import DeedEngine
import DeedValues

final class MembershipEvaluator: Evaluator {
    private let value: Evaluator
    private let list: Evaluator
    /// Made of a list that is the same for all rows, and the vector that it is in.
    private var constants: (list: ConstantList, of: ColumnVector)?

    init(_ value: Evaluator, _ list: Evaluator) { (self.value, self.list) = (value, list) }

    override func evaluate(_ chunk: Chunk, _ context: QueryContext) throws -> ColumnVector {
        let one = try value.operand(chunk, context)
        let count = chunk.count
        let other = try list.operand(chunk, context)
        if other.isConstant, !one.isConstant, one.kind == .int64 || one.kind == .string, let constants = hashed(other.vector) {
            return one.kind == .int64 ? constants.find(integers: one.vector, count) : constants.find(strings: one.vector, count)
        }
        var work = RowWork(context)
        return try mapTruth(count) { row in
            let list = other.value(row)
            try work.note(visiting: list)
            return try Value.isIn(one.value(row), list)
        }
    }

    /// nil for what is no list.
    private func hashed(_ vector: ColumnVector) -> ConstantList? {
        if let constants, constants.of === vector { return constants.list }
        guard case .list(let items) = vector.value(0) else { return nil }
        let list = ConstantList(items)
        constants = (list, vector)
        return list
    }
}

/// The integers and strings of a list that never changes.
private final class ConstantList {
    private let isEmpty: Bool
    private let hasNull: Bool
    private let integers: IntegerSet
    private let strings: StringSet

    init(_ items: [Value]) {
        isEmpty = items.isEmpty
        hasNull = items.contains { $0.isNull }
        integers = IntegerSet(
            items.compactMap { item in
                switch item {
                case .int(let value): value
                case .float(let value): Int64(exactly: value)
                case .decimal(let value): value.exactInteger
                default: nil
                }
            })
        strings = StringSet(
            items.filter { item in
                if case .string = item { return true }
                return false
            })
    }

    func find(integers vector: ColumnVector, _ count: Int) -> ColumnVector {
        let result = ColumnVector.booleans(count)
        let (bools, ints) = (result.bools, vector.ints)
        for row in 0..<count { bools[row] = integers.contains(ints[row]) ? 1 : 0 }
        noteNulls(vector, result, count)
        return result
    }

    func find(strings vector: ColumnVector, _ count: Int) -> ColumnVector {
        let result = ColumnVector.booleans(count)
        let (bools, slots, nulls) = (result.bools, vector.strings, vector.nulls)
        for row in 0..<count {
            bools[row] = 0
            if let nulls, nulls[row] != 0 { continue }
            bools[row] = strings.contains(slots + row) ? 1 : 0
        }
        noteNulls(vector, result, count)
        return result
    }

    /// Null is in no list that is empty, and in any other perhaps; what is not found may be the null of the list.
    private func noteNulls(_ vector: ColumnVector, _ result: ColumnVector, _ count: Int) {
        let bools = result.bools
        if let nulls = vector.nulls {
            if isEmpty {
                bools.update(repeating: 0, count: count)
            } else {
                result.requireNulls().update(from: nulls, count: count)
            }
        }
        guard hasNull else { return }
        let nulls = result.requireNulls()
        for row in 0..<count where bools[row] == 0 { nulls[row] = 1 }
    }
}

/// Open addressing, at most half full. The factor is drawn anew for each set, so that nobody can prepare values that collide.
private final class IntegerSet {
    /// As many as a look at each of them beats hashing.
    private static let scannedMax = 8

    private var few: [Int64] = []
    private var table: [Int64] = []
    private var used: [Bool] = []
    private var shift: UInt64 = 0
    private let factor = UInt64.random(in: .min ... .max) | 1

    init(_ values: [Int64]) {
        if values.count <= Self.scannedMax {
            few = values
            return
        }
        let bits = Int.bitWidth - (values.count * 2 - 1).leadingZeroBitCount
        shift = UInt64(64 - bits)
        table = Array(repeating: 0, count: 1 << bits)
        used = Array(repeating: false, count: 1 << bits)
        for value in values {
            var place = start(of: value)
            while used[place] && table[place] != value { place = (place + 1) & (table.count - 1) }
            (table[place], used[place]) = (value, true)
        }
    }

    @inline(__always)
    private func start(of value: Int64) -> Int {
        Int(truncatingIfNeeded: (UInt64(bitPattern: value) &* factor) &>> shift)
    }

    @inline(__always)
    func contains(_ value: Int64) -> Bool {
        if used.isEmpty { return few.contains(value) }
        var place = start(of: value)
        while used[place] {
            if table[place] == value { return true }
            place = (place &+ 1) & (table.count &- 1)
        }
        return false
    }
}

/// Strings by a seeded hash of their bytes; the table holds the numbers of slots.
private final class StringSet {
    private let vector: ColumnVector
    private var table: [Int32]
    private let mask: Int
    private let seed = UInt64.random(in: .min ... .max)

    init(_ strings: [Value]) {
        vector = ColumnVector(strings)
        let bits = Int.bitWidth - (strings.count * 2 + 1).leadingZeroBitCount
        table = Array(repeating: -1, count: 1 << bits)
        mask = (1 << bits) - 1
        for row in strings.indices {
            var place = hash(vector.strings + row) & mask
            while table[place] >= 0, !ByteSlot.areEqual(vector.strings + Int(table[place]), vector.strings + row) {
                place = (place + 1) & mask
            }
            table[place] = Int32(truncatingIfNeeded: row)
        }
    }

    /// Equal strings have the same length, and so the same representation: within the slot or outside.
    @inline(__always)
    private func hash(_ slot: UnsafePointer<ByteSlot>) -> Int {
        let (length, prefix, tail) = (slot.pointee.length, slot.pointee.prefix, slot.pointee.tail)
        var state = Self.mix(seed, UInt64(length) &<< 32 | UInt64(prefix))
        if length <= UInt32(ByteSlot.inlineMax) { return Int(truncatingIfNeeded: Self.mix(state, tail)) }
        let bytes = ByteSlot.start(slot)
        var offset = 0
        while offset &+ 8 <= Int(length) {
            state = Self.mix(state, bytes.loadUnaligned(fromByteOffset: offset, as: UInt64.self))
            offset &+= 8
        }
        // The last eight bytes once more, whatever of them was there already.
        state = Self.mix(state, bytes.loadUnaligned(fromByteOffset: Int(length) &- 8, as: UInt64.self))
        return Int(truncatingIfNeeded: state)
    }

    @inline(__always)
    private static func mix(_ state: UInt64, _ word: UInt64) -> UInt64 {
        let (high, low) = (state ^ word).multipliedFullWidth(by: 0x9E37_79B9_7F4A_7C15)
        return high ^ low ^ state.byteSwapped
    }

    @inline(__always)
    func contains(_ slot: UnsafePointer<ByteSlot>) -> Bool {
        if mask <= 1 { return false }
        let strings = vector.strings
        var place = hash(slot) & mask
        while table[place] >= 0 {
            if ByteSlot.areEqual(strings + Int(table[place]), slot) { return true }
            place = (place &+ 1) & mask
        }
        return false
    }
}
