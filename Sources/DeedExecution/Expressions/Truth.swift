// Three-valued logic over vectors. While terms are being joined a row's state is one byte: 0 false, 1 null, 2 true; then AND is
// the lesser of two and OR the greater.

import DeedEngine
import DeedValues

enum Truth {
    static let isFalse: UInt8 = 0
    static let isNull: UInt8 = 1
    static let isTrue: UInt8 = 2

    static func read(_ vector: ColumnVector, count: Int, into states: UnsafeMutablePointer<UInt8>) throws {
        switch vector.kind {
        case .null: states.update(repeating: isNull, count: count)
        case .bool:
            let bools = vector.bools
            if let nulls = vector.nulls {
                for row in 0..<count { states[row] = nulls[row] != 0 ? isNull : bools[row] &<< 1 }
            } else {
                for row in 0..<count { states[row] = bools[row] &<< 1 }
            }
        default:
            for row in 0..<count {
                switch vector.value(row) {
                case .null: states[row] = isNull
                case .bool(let value): states[row] = value ? isTrue : isFalse
                case let other: throw notBoolean(other)
                }
            }
        }
    }

    static func vector(_ states: UnsafeMutablePointer<UInt8>, count: Int) -> ColumnVector {
        let result = ColumnVector.booleans(count)
        let bools = result.bools
        var seen: UInt8 = 0
        for row in 0..<count {
            bools[row] = states[row] &>> 1
            seen |= states[row]
        }
        if seen & isNull != 0 {
            let nulls = result.requireNulls()
            for row in 0..<count { nulls[row] = states[row] & isNull }
        }
        return result
    }

    static func notBoolean(_ value: Value) -> QueryError { .invalidType("a condition is a BOOLEAN", value) }
}

/// The rows that are true; nil if all are.
package func isTrue(_ vector: ColumnVector, count: Int) throws -> Selection? {
    switch vector.kind {
    case .null: return count == 0 ? nil : Selection(count: 0)
    case .bool:
        let bools = vector.bools
        if let nulls = vector.nulls {
            return makeSelection(count) { rows in
                var selected = 0
                for row in 0..<count {
                    rows[selected] = UInt32(truncatingIfNeeded: row)
                    selected &+= Int(bools[row] & ~nulls[row])
                }
                return selected
            }
        }
        return makeSelection(count) { rows in
            var selected = 0
            for row in 0..<count {
                rows[selected] = UInt32(truncatingIfNeeded: row)
                selected &+= Int(bools[row])
            }
            return selected
        }
    default:
        return try makeSelection(count) { rows in
            var selected = 0
            for row in 0..<count {
                switch vector.value(row) {
                case .bool(true):
                    rows[selected] = UInt32(truncatingIfNeeded: row)
                    selected += 1
                case .bool(false), .null: break
                case let other: throw Truth.notBoolean(other)
                }
            }
            return selected
        }
    }
}

/// AND or OR of any number of terms. A term is evaluated only for the rows that those before it have not decided.
final class JunctionEvaluator: Evaluator {
    private let terms: [Evaluator]
    /// What the terms from the second on read.
    private let needed: NeededSlots
    private let isAnd: Bool

    init(_ terms: [Evaluator], isAnd: Bool, needed: NeededSlots) {
        (self.terms, self.isAnd, self.needed) = (terms, isAnd, needed)
    }

    override func evaluate(_ chunk: Chunk, _ context: QueryContext) throws -> ColumnVector {
        let count = chunk.count
        return try withUnsafeTemporaryAllocation(of: UInt8.self, capacity: max(2 * count, 1)) { buffer in
            let states = buffer.baseAddress.unsafelyUnwrapped
            let scratch = states + count
            try Truth.read(terms[0].evaluate(chunk, context), count: count, into: states)
            for term in terms.dropFirst() {
                let open = undecided(states, count)
                if let open {
                    if open.count == 0 { break }
                    let rest = chunk.selecting(open, needed)
                    try Truth.read(term.evaluate(rest, context), count: open.count, into: scratch)
                } else {
                    try Truth.read(term.evaluate(chunk, context), count: count, into: scratch)
                }
                join(states, scratch, open, count)
            }
            return Truth.vector(states, count: count)
        }
    }

    private func undecided(_ states: UnsafeMutablePointer<UInt8>, _ count: Int) -> Selection? {
        // For AND whatever is not 0 is open, for OR whatever is not 2.
        let flip: UInt8 = isAnd ? 0 : 2
        return makeSelection(count) { rows in
            var selected = 0
            for row in 0..<count {
                rows[selected] = UInt32(truncatingIfNeeded: row)
                let state = states[row] ^ flip
                selected &+= Int((state | state &>> 1) & 1)
            }
            return selected
        }
    }

    private func join(
        _ states: UnsafeMutablePointer<UInt8>, _ others: UnsafeMutablePointer<UInt8>, _ open: Selection?, _ count: Int
    ) {
        if let open {
            let rows = open.rows
            for row in 0..<open.count {
                let target = Int(rows[row])
                states[target] = isAnd ? min(states[target], others[row]) : max(states[target], others[row])
            }
        } else if isAnd {
            for row in 0..<count { states[row] = min(states[row], others[row]) }
        } else {
            for row in 0..<count { states[row] = max(states[row], others[row]) }
        }
    }

    /// For a filter a null decides as well as false does, so that the terms simply narrow the chunk down.
    override func select(_ chunk: Chunk, _ context: QueryContext) throws -> Selection? {
        guard isAnd else { return try super.select(chunk, context) }
        var result: Selection?
        var rest = chunk
        for (index, term) in terms.enumerated() {
            guard let passed = try term.select(rest, context) else { continue }
            result = Selection.compose(result, passed)
            if passed.count == 0 { return result }
            if index < terms.count - 1 { rest = rest.selecting(passed, needed) }
        }
        return result
    }
}

final class XorEvaluator: Evaluator {
    private let left: Evaluator
    private let right: Evaluator

    init(_ left: Evaluator, _ right: Evaluator) { (self.left, self.right) = (left, right) }

    override func evaluate(_ chunk: Chunk, _ context: QueryContext) throws -> ColumnVector {
        let count = chunk.count
        return try withUnsafeTemporaryAllocation(of: UInt8.self, capacity: max(2 * count, 1)) { buffer in
            let states = buffer.baseAddress.unsafelyUnwrapped
            let others = states + count
            try Truth.read(left.evaluate(chunk, context), count: count, into: states)
            try Truth.read(right.evaluate(chunk, context), count: count, into: others)
            for row in 0..<count {
                states[row] = (states[row] | others[row]) & Truth.isNull != 0 ? Truth.isNull : states[row] ^ others[row]
            }
            return Truth.vector(states, count: count)
        }
    }
}

final class NotEvaluator: Evaluator {
    private let term: Evaluator

    init(_ term: Evaluator) { self.term = term }

    override func evaluate(_ chunk: Chunk, _ context: QueryContext) throws -> ColumnVector {
        let count = chunk.count
        return try withUnsafeTemporaryAllocation(of: UInt8.self, capacity: max(count, 1)) { buffer in
            let states = buffer.baseAddress.unsafelyUnwrapped
            try Truth.read(term.evaluate(chunk, context), count: count, into: states)
            for row in 0..<count { states[row] = Truth.isTrue &- states[row] }
            return Truth.vector(states, count: count)
        }
    }
}

final class IsNullEvaluator: Evaluator {
    private let term: Evaluator

    init(_ term: Evaluator) { self.term = term }

    override func evaluate(_ chunk: Chunk, _ context: QueryContext) throws -> ColumnVector {
        let vector = try term.evaluate(chunk, context)
        let result = ColumnVector.booleans(chunk.count)
        let bools = result.bools
        switch vector.kind {
        case .null: bools.update(repeating: 1, count: chunk.count)
        case .any:
            let values = vector.values
            for row in 0..<chunk.count { bools[row] = values[row].isNull ? 1 : 0 }
        default:
            if let nulls = vector.nulls {
                bools.update(from: nulls, count: chunk.count)
            } else {
                bools.update(repeating: 0, count: chunk.count)
            }
        }
        return result
    }
}
