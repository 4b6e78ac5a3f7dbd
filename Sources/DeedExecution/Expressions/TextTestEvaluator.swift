// STARTS WITH, ENDS WITH, CONTAINS over columns of strings without making a string of any, and `=~` where the pattern is a constant that
// asks for no more than pieces of text (TextPieces); other patterns and what is no column of strings go through DeedValues.

import DeedEngine
import DeedValues

final class TextTestEvaluator: Evaluator {
    private let test: TextTest
    private let left: Evaluator
    private let right: Evaluator
    private var patterns = PatternCache()
    /// Of a constant pattern.
    private let pieces: TextPieces?

    init(_ test: TextTest, _ left: Evaluator, _ right: Evaluator) {
        (self.test, self.left, self.right) = (test, left, right)
        if test == .matches, case .string(let pattern)? = right.constant { pieces = TextPieces(pattern) } else { pieces = nil }
    }

    override func evaluate(_ chunk: Chunk, _ context: QueryContext) throws -> ColumnVector {
        let (one, other) = (try left.operand(chunk, context), try right.operand(chunk, context))
        let count = chunk.count
        if one.kind == .null || other.kind == .null { return ColumnVector(.null, capacity: count) }
        if let pieces, one.kind == .string, !one.isConstant { return matching(pieces, one.vector, count) }
        guard test != .matches, one.kind == .string, other.kind == .string else { return try general(one, other, count, context) }
        let result = ColumnVector.booleans(count)
        joinNulls(of: one, other, into: result, count)
        switch test {
        case .startsWith: loop(one, other, result, count) { ByteSlot.begins($0, with: $1, $2) }
        case .endsWith: loop(one, other, result, count) { ByteSlot.ends($0, with: $1, $2) }
        default: loop(one, other, result, count) { ByteSlot.contains($0, $1, $2) }
        }
        return result
    }

    private func matching(_ pieces: TextPieces, _ texts: ColumnVector, _ count: Int) -> ColumnVector {
        let result = ColumnVector.booleans(count)
        let (bools, nulls) = (result.bools, texts.nulls)
        if let nulls { result.requireNulls().update(from: nulls, count: count) }
        for row in 0..<count {
            // A null row's slot may hold anything and must not be followed.
            if let nulls, nulls[row] != 0 {
                bools[row] = 0
                continue
            }
            bools[row] = pieces.matches(texts.stringBytes(row).bindMemory(to: UInt8.self)) ? 1 : 0
        }
        return result
    }

    @inline(__always)
    private func loop(
        _ left: Operand, _ right: Operand, _ result: ColumnVector, _ count: Int,
        _ test: (UnsafePointer<ByteSlot>, UnsafeRawPointer, Int) -> Bool
    ) {
        let (bools, nulls, texts, parts) = (result.bools, result.nulls, left.vector.strings, right.vector.strings)
        let step = left.isConstant ? 0 : 1
        if right.isConstant, nulls == nil {
            let (part, size) = (ByteSlot.start(parts), Int(parts.pointee.length))
            for row in 0..<count { bools[row] = test(texts + row &* step, part, size) ? 1 : 0 }
            return
        }
        let otherStep = right.isConstant ? 0 : 1
        for row in 0..<count {
            bools[row] = 0
            if let nulls, nulls[row] != 0 { continue }
            let part = parts + row &* otherStep
            bools[row] = test(texts + row &* step, ByteSlot.start(part), Int(part.pointee.length)) ? 1 : 0
        }
    }

    private func general(_ left: Operand, _ right: Operand, _ count: Int, _ context: QueryContext) throws -> ColumnVector {
        try mapTruth(count) { row in
            let (text, part) = (left.value(row), right.value(row))
            switch test {
            case .startsWith: return Value.startsWith(text, part)
            case .endsWith: return Value.endsWith(text, part)
            case .contains: return Value.contains(text, part)
            case .matches: return try Value.matches(text, part, &patterns, context)
            }
        }
    }
}
