// Arithmetic over vectors of numbers and texts. Loops over integers do not stop at an overflow: they note that there was one,
// and then the rows are gone through again for the one to blame, which DeedValues words the error for. Rows that are null
// hold anything, so that nobody may be to blame.

import DeedEngine
import DeedValues
import Glibc

enum ArithmeticKernels {
    static func calculate(
        _ operation: Arithmetic, _ left: Operand, _ right: Operand, count: Int, _ context: QueryContext
    ) throws -> ColumnVector {
        let (left, right) = (left.beside(right, isCompared: false), right.beside(left, isCompared: false))
        switch (left.kind, right.kind) {
        case (.null, _), (_, .null): return ColumnVector(.null, capacity: count)
        case (.int64, .int64):
            switch operation {
            case .add, .subtract, .multiply, .divide, .modulo: return try integers(operation, left, right, count)
            case .power: return floats(operation, left, right, count)
            case .concatenate: break
            }
        case (.int64, .float64), (.float64, .int64), (.float64, .float64):
            if operation != .concatenate { return floats(operation, left, right, count) }
        case (.string, .string):
            if operation == .add || operation == .concatenate { return try join(left, right, count, context) }
        default:
            if let result = try decimals(operation, left, right, count) { return result }
        }
        var work = RowWork(context)
        return try mapValues(count) { row in
            let result = try General.arithmetic(operation, left.value(row), right.value(row))
            try work.note(result)
            return result
        }
    }

    // MARK: Decimals

    /// Sums, differences and products of decimals, without the detour over values of all kinds. nil if there is anything else.
    private static func decimals(
        _ operation: Arithmetic, _ left: Operand, _ right: Operand, _ count: Int
    ) throws -> ColumnVector? {
        guard let one = decimals(left), let other = decimals(right) else { return nil }
        let (step, otherStep) = (left.isConstant ? 0 : 1, right.isConstant ? 0 : 1)
        let result = ColumnVector(.any, capacity: count)
        result.values.reserveCapacity(count)
        for row in 0..<count {
            guard case .decimal(let a) = one[row &* step], case .decimal(let b) = other[row &* otherStep] else { return nil }
            let number: Decimal? =
                switch operation {
                case .add: Decimal.add(a, b)
                case .subtract: Decimal.subtract(a, b)
                case .multiply: Decimal.multiply(a, b)
                default: nil
                }
            // The general way has the words for what does not fit.
            guard let number else { return nil }
            result.values.append(.decimal(number))
        }
        return result
    }

    /// The values of a column that may be one of decimals. An integer that is the same for all rows counts as one.
    private static func decimals(_ operand: Operand) -> [Value]? {
        if operand.kind == .any { return operand.vector.values }
        guard operand.isConstant, case .int(let integer) = operand.vector.value(0) else { return nil }
        return [.decimal(Decimal(integer))]
    }

    // MARK: Integers

    private static func integers(
        _ operation: Arithmetic, _ left: Operand, _ right: Operand, _ count: Int
    ) throws -> ColumnVector {
        let result = ColumnVector(.int64, capacity: count)
        let (out, one, other) = (result.ints, left.vector.ints, right.vector.ints)
        let isSuspicious: Bool
        if left.isConstant && right.isConstant {
            let (constant, divisor) = (one[0], other[0])
            isSuspicious = loop(operation, count, out, { _ in constant }, { _ in divisor })
        } else if right.isConstant {
            let constant = other[0]
            isSuspicious = loop(operation, count, out, { one[$0] }, { _ in constant })
        } else if left.isConstant {
            let constant = one[0]
            isSuspicious = loop(operation, count, out, { _ in constant }, { other[$0] })
        } else {
            isSuspicious = loop(operation, count, out, { one[$0] }, { other[$0] })
        }
        joinNulls(of: left, right, into: result, count)
        if isSuspicious {
            let nulls = result.nulls
            for row in 0..<count where nulls.map({ $0[row] == 0 }) ?? true {
                _ = try General.arithmetic(operation, left.value(row), right.value(row))
            }
        }
        return result
    }

    /// True if some row cannot be right.
    @inline(__always)
    private static func loop(
        _ operation: Arithmetic, _ count: Int, _ out: UnsafeMutablePointer<Int64>,
        _ left: (Int) -> Int64, _ right: (Int) -> Int64
    ) -> Bool {
        // For sums the sign bit collects overflows, which keeps these loops without branches.
        var signs: Int64 = 0
        var failed = false
        switch operation {
        case .add:
            for row in 0..<count {
                let (one, other) = (left(row), right(row))
                let sum = one &+ other
                signs |= (one ^ sum) & (other ^ sum)
                out[row] = sum
            }
        case .subtract:
            for row in 0..<count {
                let (one, other) = (left(row), right(row))
                let difference = one &- other
                signs |= (one ^ other) & (one ^ difference)
                out[row] = difference
            }
        case .multiply:
            for row in 0..<count {
                let (product, overflow) = left(row).multipliedReportingOverflow(by: right(row))
                failed = failed || overflow
                out[row] = product
            }
        case .divide:
            for row in 0..<count {
                let (quotient, overflow) = left(row).dividedReportingOverflow(by: right(row))
                failed = failed || overflow
                out[row] = quotient
            }
        case .modulo:
            for row in 0..<count {
                let (remainder, overflow) = left(row).remainderReportingOverflow(dividingBy: right(row))
                failed = failed || overflow
                out[row] = remainder
            }
        case .power, .concatenate: break
        }
        return failed || signs < 0
    }

    // MARK: Floats

    /// At least one side holds floats, or the operation makes them. Integers are converted beforehand, which is cheaper than a
    /// loop for each mixture.
    private static func floats(_ operation: Arithmetic, _ left: Operand, _ right: Operand, _ count: Int) -> ColumnVector {
        let result = ColumnVector(.float64, capacity: count)
        let (first, second) = (converted(left, count), converted(right, count))
        let (out, one, other) = (result.floats, first.vector.floats, second.vector.floats)
        switch (left.isConstant, right.isConstant) {
        case (false, false): loop(operation, count, out, { one[$0] }, { other[$0] })
        case (false, true):
            let constant = other[0]
            loop(operation, count, out, { one[$0] }, { _ in constant })
        case (true, false):
            let constant = one[0]
            loop(operation, count, out, { _ in constant }, { other[$0] })
        case (true, true):
            let (constant, another) = (one[0], other[0])
            loop(operation, count, out, { _ in constant }, { _ in another })
        }
        joinNulls(of: left, right, into: result, count)
        return result
    }

    /// As floats; without its nulls.
    private static func converted(_ operand: Operand, _ count: Int) -> Operand {
        guard operand.kind == .int64 else { return operand }
        let size = operand.isConstant ? 1 : count
        let result = ColumnVector(.float64, capacity: size)
        let (out, ints) = (result.floats, operand.vector.ints)
        for row in 0..<size { out[row] = Double(ints[row]) }
        return Operand(vector: result, isConstant: operand.isConstant)
    }

    @inline(__always)
    private static func loop(
        _ operation: Arithmetic, _ count: Int, _ out: UnsafeMutablePointer<Double>, _ one: (Int) -> Double,
        _ other: (Int) -> Double
    ) {
        switch operation {
        case .add: for row in 0..<count { out[row] = one(row) + other(row) }
        case .subtract: for row in 0..<count { out[row] = one(row) - other(row) }
        case .multiply: for row in 0..<count { out[row] = one(row) * other(row) }
        case .divide: for row in 0..<count { out[row] = one(row) / other(row) }
        case .modulo: for row in 0..<count { out[row] = fmod(one(row), other(row)) }
        case .power: for row in 0..<count { out[row] = pow(one(row), other(row)) }
        case .concatenate: break
        }
    }

    // MARK: Texts

    private static func join(
        _ left: Operand, _ right: Operand, _ count: Int, _ context: QueryContext
    ) throws -> ColumnVector {
        let result = ColumnVector(.string, capacity: count)
        joinNulls(of: left, right, into: result, count)
        let nulls = result.nulls
        let (one, other) = (left.vector.strings, right.vector.strings)
        let (step, otherStep) = (left.isConstant ? 0 : 1, right.isConstant ? 0 : 1)
        var scratch = UnsafeMutableRawBufferPointer.allocate(byteCount: 256, alignment: 8)
        defer { scratch.deallocate() }
        var work = RowWork(context)
        for row in 0..<count {
            if let nulls, nulls[row] != 0 {
                result.setString(row, UnsafeRawBufferPointer(start: nil, count: 0))
                continue
            }
            let (first, second) = (one + row &* step, other + row &* otherStep)
            let (size, more) = (Int(first.pointee.length), Int(second.pointee.length))
            try work.note(bytes: size &+ more)
            if size &+ more > scratch.count {
                // The general function has the bound, and the words for it.
                guard size &+ more <= ValueLimits.textSizeMax else {
                    _ = try Value.add(left.value(row), right.value(row))
                    continue
                }
                scratch.deallocate()
                scratch = .allocate(byteCount: (size &+ more) &* 2, alignment: 8)
            }
            let start = scratch.baseAddress.unsafelyUnwrapped
            memcpy(start, ByteSlot.start(first), size)
            memcpy(start + size, ByteSlot.start(second), more)
            result.setString(row, UnsafeRawBufferPointer(start: start, count: size &+ more))
        }
        return result
    }

    // MARK: Signs

    static func negate(_ vector: ColumnVector, count: Int) throws -> ColumnVector {
        switch vector.kind {
        case .null: return vector
        case .int64:
            let zero = ColumnVector([.int(0)])
            let (left, right) = (Operand(vector: zero, isConstant: true), Operand(vector: vector, isConstant: false))
            let result = ColumnVector(.int64, capacity: count)
            let (out, ints) = (result.ints, vector.ints)
            let isSuspicious = loop(.subtract, count, out, { _ in 0 }, { ints[$0] })
            joinNulls(of: left, right, into: result, count)
            if isSuspicious { for row in 0..<count { _ = try Value.negate(vector.value(row)) } }
            return result
        case .float64:
            let result = ColumnVector(.float64, capacity: count)
            let (out, floats) = (result.floats, vector.floats)
            for row in 0..<count { out[row] = -floats[row] }
            if let nulls = vector.nulls { result.requireNulls().update(from: nulls, count: count) }
            return result
        default: return try mapValues(count) { try Value.negate(vector.value($0)) }
        }
    }
}

final class ArithmeticEvaluator: Evaluator {
    private let operation: Arithmetic
    private let left: Evaluator
    private let right: Evaluator

    init(_ operation: Arithmetic, _ left: Evaluator, _ right: Evaluator) {
        (self.operation, self.left, self.right) = (operation, left, right)
    }

    override func evaluate(_ chunk: Chunk, _ context: QueryContext) throws -> ColumnVector {
        try ArithmeticKernels.calculate(
            operation, left.operand(chunk, context), right.operand(chunk, context), count: chunk.count, context)
    }
}

final class NegateEvaluator: Evaluator {
    private let term: Evaluator

    init(_ term: Evaluator) { self.term = term }

    override func evaluate(_ chunk: Chunk, _ context: QueryContext) throws -> ColumnVector {
        try ArithmeticKernels.negate(term.evaluate(chunk, context), count: chunk.count)
    }
}
