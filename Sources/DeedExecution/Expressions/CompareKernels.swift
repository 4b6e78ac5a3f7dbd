// Comparing vectors: one loop for each pair of kinds and each operator, for two vectors or a vector and a constant. What
// has no loop of its own goes row by row through DeedValues.

import DeedEngine
import DeedValues

extension Comparison {
    /// The operator that says the same with its sides exchanged.
    package var mirrored: Comparison {
        switch self {
        case .equal, .notEqual: self
        case .less: .greater
        case .lessOrEqual: .greaterOrEqual
        case .greater: .less
        case .greaterOrEqual: .lessOrEqual
        }
    }

    /// Bit 0: true if the left side is less; bit 1: if equal; bit 2: if greater; bit 3: if there is no order (NaN).
    var accepted: UInt8 {
        switch self {
        case .equal: 0b0010
        case .notEqual: 0b1101
        case .less: 0b0001
        case .lessOrEqual: 0b0011
        case .greater: 0b0100
        case .greaterOrEqual: 0b0110
        }
    }
}

enum CompareKernels {
    static func compare(
        _ comparison: Comparison, _ left: Operand, _ right: Operand, count: Int, _ context: QueryContext
    ) throws -> ColumnVector {
        if left.isConstant {
            if right.isConstant { return ColumnVector([General.compare(comparison, left.value(0), right.value(0))]).repeated(count) }
            return try compare(comparison.mirrored, right, left, count: count, context)
        }
        if left.kind == .null || right.kind == .null { return ColumnVector(.null, capacity: count) }
        let right = right.beside(left, isCompared: true)
        let result = ColumnVector.booleans(count)
        guard compareTyped(comparison, left, right, count, into: result.bools) else {
            try compareGenerally(comparison, left, right, count, into: result, context)
            return result
        }
        joinNulls(of: left, right, into: result, count)
        return result
    }

    /// The left side is a vector, neither is of kind null. False if there is no kernel for the two kinds.
    private static func compareTyped(
        _ comparison: Comparison, _ left: Operand, _ right: Operand, _ count: Int, into out: UnsafeMutablePointer<UInt8>
    ) -> Bool {
        let (one, other) = (left.vector, right.vector)
        switch (one.kind, other.kind) {
        case (.int64, .int64), (.date, .date): compareInts(comparison, one.ints, other.ints, right.isConstant, count, out)
        case (.float64, .float64): loop(comparison, one.floats, other.floats, right.isConstant, count, out)
        case (.bool, .bool): loop(comparison, one.bools, other.bools, right.isConstant, count, out)
        case (.int64, .float64):
            if right.isConstant {
                compare(comparison, one.ints, constant: other.floats[0], count, out)
            } else {
                let (ints, floats, accepted) = (one.ints, other.floats, comparison.accepted)
                for row in 0..<count { out[row] = accepted &>> exactOrder(ints[row], floats[row]) & 1 }
            }
        case (.float64, .int64):
            let (floats, ints, accepted) = (one.floats, other.ints, comparison.mirrored.accepted)
            if right.isConstant {
                let constant = ints[0]
                for row in 0..<count { out[row] = accepted &>> exactOrder(constant, floats[row]) & 1 }
            } else {
                for row in 0..<count { out[row] = accepted &>> exactOrder(ints[row], floats[row]) & 1 }
            }
        case (.string, .string): compareStrings(comparison, left, right, count, out)
        case (.entity, .entity), (.relationship, .relationship):
            // There is an order of elements for sorting, but none for comparing.
            guard comparison == .equal || comparison == .notEqual else { return false }
            loop(comparison, one.ids, other.ids, right.isConstant, count, out)
        default: return false
        }
        return true
    }

    // MARK: Loops

    @inline(__always)
    private static func loop<Element: Comparable>(
        _ comparison: Comparison, _ left: UnsafeMutablePointer<Element>, _ right: UnsafeMutablePointer<Element>,
        _ isConstant: Bool, _ count: Int, _ out: UnsafeMutablePointer<UInt8>
    ) {
        if isConstant {
            let constant = right[0]
            switch comparison {
            case .equal: for row in 0..<count { out[row] = left[row] == constant ? 1 : 0 }
            case .notEqual: for row in 0..<count { out[row] = left[row] != constant ? 1 : 0 }
            case .less: for row in 0..<count { out[row] = left[row] < constant ? 1 : 0 }
            case .lessOrEqual: for row in 0..<count { out[row] = left[row] <= constant ? 1 : 0 }
            case .greater: for row in 0..<count { out[row] = left[row] > constant ? 1 : 0 }
            case .greaterOrEqual: for row in 0..<count { out[row] = left[row] >= constant ? 1 : 0 }
            }
            return
        }
        switch comparison {
        case .equal: for row in 0..<count { out[row] = left[row] == right[row] ? 1 : 0 }
        case .notEqual: for row in 0..<count { out[row] = left[row] != right[row] ? 1 : 0 }
        case .less: for row in 0..<count { out[row] = left[row] < right[row] ? 1 : 0 }
        case .lessOrEqual: for row in 0..<count { out[row] = left[row] <= right[row] ? 1 : 0 }
        case .greater: for row in 0..<count { out[row] = left[row] > right[row] ? 1 : 0 }
        case .greaterOrEqual: for row in 0..<count { out[row] = left[row] >= right[row] ? 1 : 0 }
        }
    }

    /// The baseline of x86-64 has no vector comparison of 64-bit integers, but everything that `isLess` is made of.
    private static func compareInts(
        _ comparison: Comparison, _ left: UnsafeMutablePointer<Int64>, _ right: UnsafeMutablePointer<Int64>,
        _ isConstant: Bool, _ count: Int, _ out: UnsafeMutablePointer<UInt8>
    ) {
        let constant = right[0]
        switch (comparison, isConstant) {
        case (.equal, _), (.notEqual, _): loop(comparison, left, right, isConstant, count, out)
        case (.less, true): for row in 0..<count { out[row] = isLess(left[row], constant) }
        case (.lessOrEqual, true): for row in 0..<count { out[row] = isLess(constant, left[row]) ^ 1 }
        case (.greater, true): for row in 0..<count { out[row] = isLess(constant, left[row]) }
        case (.greaterOrEqual, true): for row in 0..<count { out[row] = isLess(left[row], constant) ^ 1 }
        case (.less, false): for row in 0..<count { out[row] = isLess(left[row], right[row]) }
        case (.lessOrEqual, false): for row in 0..<count { out[row] = isLess(right[row], left[row]) ^ 1 }
        case (.greater, false): for row in 0..<count { out[row] = isLess(right[row], left[row]) }
        case (.greaterOrEqual, false): for row in 0..<count { out[row] = isLess(left[row], right[row]) ^ 1 }
        }
    }

    /// The sign of the difference where the signs agree, so that it cannot overflow, and that of the left side where they differ.
    @inline(__always)
    private static func isLess(_ left: Int64, _ right: Int64) -> UInt8 {
        let sign = (left & ~right) | (~(left ^ right) & (left &- right))
        return UInt8(truncatingIfNeeded: UInt64(bitPattern: sign) &>> 63)
    }

    /// The number of the bit of `Comparison.accepted` that tells.
    @inline(__always)
    private static func exactOrder(_ int: Int64, _ float: Double) -> UInt8 {
        // Integers up to 2^53 are doubles; beyond that the double is the one that is an integer, if it is within range.
        let near = Double(int)
        if near < float { return 0 }
        if near > float { return 2 }
        if near != float { return 3 }
        // The double next to the integer: equal, unless rounding made it so.
        if float >= 0x1p63 { return 0 }
        let exact = Int64(float)
        return int == exact ? 1 : (int < exact ? 0 : 2)
    }

    /// Integers with a constant that is none become integers with one that is, where the answer is the same.
    private static func compare(
        _ comparison: Comparison, _ ints: UnsafeMutablePointer<Int64>, constant: Double, _ count: Int,
        _ out: UnsafeMutablePointer<UInt8>
    ) {
        guard constant > -0x1p63, constant < 0x1p63 else {
            let accepted = comparison.accepted
            for row in 0..<count { out[row] = accepted &>> exactOrder(ints[row], constant) & 1 }
            return
        }
        let below = constant.rounded(.down)
        var whole = Int64(below)
        if below == constant {
            compareInts(comparison, ints, &whole, true, count, out)
            return
        }
        switch comparison {
        case .equal: out.update(repeating: 0, count: count)
        case .notEqual: out.update(repeating: 1, count: count)
        case .less, .lessOrEqual: compareInts(.lessOrEqual, ints, &whole, true, count, out)
        case .greater, .greaterOrEqual: compareInts(.greater, ints, &whole, true, count, out)
        }
    }

    private static func compareStrings(
        _ comparison: Comparison, _ left: Operand, _ right: Operand, _ count: Int, _ out: UnsafeMutablePointer<UInt8>
    ) {
        let (one, other) = (left.vector.strings, right.vector.strings)
        let isEquality = comparison == .equal || comparison == .notEqual
        if isEquality, right.isConstant, other.pointee.isInline {
            compareShortStrings(one, other, isEqual: comparison == .equal, count, out)
            return
        }
        let step = right.isConstant ? 0 : 1
        // A null row's slot may hold anything and must not be followed.
        let (nulls, moreNulls) = (left.nulls, right.nulls)
        let hasNulls = nulls != nil || moreNulls != nil
        let accepted = comparison.accepted
        let wanted: UInt8 = comparison == .equal ? 1 : 0
        for row in 0..<count {
            if hasNulls, (nulls.map { $0[row] } ?? 0) | (moreNulls.map { $0[row] } ?? 0) != 0 {
                out[row] = 0
            } else if isEquality {
                out[row] = (ByteSlot.areEqual(one + row, other + row &* step) ? 1 : 0) ^ wanted ^ 1
            } else {
                out[row] = accepted &>> UInt8(truncatingIfNeeded: ByteSlot.order(one + row, other + row &* step) &+ 1) & 1
            }
        }
    }

    /// A string that lies within its slot is all of the slot's 16 bytes, and no other string has the same. Follows no address,
    /// so that the slots of null rows do no harm.
    private static func compareShortStrings(
        _ strings: UnsafeMutablePointer<ByteSlot>, _ constant: UnsafeMutablePointer<ByteSlot>, isEqual: Bool, _ count: Int,
        _ out: UnsafeMutablePointer<UInt8>
    ) {
        let words = UnsafeRawPointer(strings).assumingMemoryBound(to: UInt64.self)
        let wanted = UnsafeRawPointer(constant).assumingMemoryBound(to: UInt64.self)
        let (first, second, flip) = (wanted[0], wanted[1], isEqual ? 0 : 1 as UInt8)
        for row in 0..<count {
            let difference = (words[2 &* row] ^ first) | (words[2 &* row &+ 1] ^ second)
            out[row] = (difference == 0 ? 1 : 0) ^ flip
        }
    }

    private static func compareGenerally(
        _ comparison: Comparison, _ left: Operand, _ right: Operand, _ count: Int, into result: ColumnVector,
        _ context: QueryContext
    ) throws {
        let bools = result.bools
        var work = RowWork(context)
        for row in 0..<count {
            let one = left.value(row)
            try work.note(visiting: one)
            if case .bool(let value) = General.compare(comparison, one, right.value(row)) {
                bools[row] = value ? 1 : 0
            } else {
                bools[row] = 0
                result.setNull(row)
            }
        }
    }
}

/// A row of the result is null where one of the operands is; constants are not null here.
func joinNulls(of left: Operand, _ right: Operand, into result: ColumnVector, _ count: Int) {
    switch (left.nulls, right.nulls) {
    case (nil, nil): return
    case (let nulls?, nil), (nil, let nulls?): result.requireNulls().update(from: nulls, count: count)
    case (let nulls?, let others?):
        let joined = result.requireNulls()
        for row in 0..<count { joined[row] = nulls[row] | others[row] }
    }
}

final class CompareEvaluator: Evaluator {
    private let comparison: Comparison
    private let left: Evaluator
    private let right: Evaluator

    init(_ comparison: Comparison, _ left: Evaluator, _ right: Evaluator) {
        (self.comparison, self.left, self.right) = (comparison, left, right)
    }

    override func evaluate(_ chunk: Chunk, _ context: QueryContext) throws -> ColumnVector {
        try CompareKernels.compare(
            comparison, left.operand(chunk, context), right.operand(chunk, context), count: chunk.count, context)
    }
}
