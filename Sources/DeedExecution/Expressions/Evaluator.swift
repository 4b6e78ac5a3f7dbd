// An expression at work: made from an Expr for one worker, with the subplans it may need.
//
// `makeEvaluator` (ExpressionBuilder.swift) turns the tree of an Expr into a tree of these. Each node evaluates its operands
// over the whole chunk, picks a kernel by the kinds of the vectors that came back, and loops in there; `any` vectors go
// row by row through the functions of DeedValues, which say what an operator means.

import DeedEngine
import DeedValues

package class Evaluator {
    /// The value, if it is the same for every row of every chunk.
    package let constant: Value?

    init(constant: Value? = nil) { self.constant = constant }

    /// The value for each row of the chunk: a vector with row i for row i (no selection). Its capacity may exceed the
    /// chunk's count, and it may be shared with others: nobody writes to it.
    package func evaluate(_ chunk: Chunk, _ context: QueryContext) throws -> ColumnVector {
        throw DeedError(.internalError, "an expression without values")
    }

    /// The value, if it is the same for every row of the present execution and can be found.
    func valueForAll(_ context: QueryContext) -> Value? { constant }

    /// For filters: the rows for which it is true; nil if it is for all of them. Where it is neither true, false nor null
    /// that is a TypeError.
    package func select(_ chunk: Chunk, _ context: QueryContext) throws -> Selection? {
        try isTrue(evaluate(chunk, context), count: chunk.count)
    }

    /// Its values as a kernel takes them: one for all rows, or one for each.
    func operand(_ chunk: Chunk, _ context: QueryContext) throws -> Operand {
        Operand(vector: try evaluate(chunk, context), isConstant: false)
    }
}

/// What a kernel is applied to. A constant is a vector of one row, so that no kernel needs it spelled out for every row.
struct Operand {
    let vector: ColumnVector
    let isConstant: Bool

    var kind: ColumnVector.Kind { vector.kind }

    @inline(__always)
    func value(_ row: Int) -> Value { vector.value(isConstant ? 0 : row) }

    /// Null bytes by row; nil if no row is null. Not for constants, nor for vectors of kind `any`.
    var nulls: UnsafeMutablePointer<UInt8>? { isConstant ? nil : vector.nulls }
}

extension Operand {
    /// A constant decimal beside a typed column as the number of the column's type that gives the same results there, if there is
    /// one, so that the loops for that type serve.
    func beside(_ other: Operand, isCompared: Bool) -> Operand {
        guard isConstant, kind == .any, case .decimal(let number) = vector.value(0) else { return self }
        switch other.kind {
        case .float64:
            let nearest = number.nearestFloat
            if isCompared && nearest.order != 0 { return self }
            return Operand(vector: ColumnVector([.float(nearest.float)]), isConstant: true)
        case .int64 where isCompared:
            return number.exactInteger.map { Operand(vector: ColumnVector([.int($0)]), isConstant: true) } ?? self
        default: return self
        }
    }
}

/// A value spelled out for all rows of a chunk. The last vector is kept: chunks of one query mostly have the same size.
private struct SpelledValue {
    private var last: (vector: ColumnVector, count: Int)?

    mutating func forget() { if last != nil { last = nil } }

    mutating func rows(of single: ColumnVector, _ count: Int) -> ColumnVector {
        if count == 1 { return single }
        if let last, last.count == count { return last.vector }
        let vector = single.repeated(count)
        last = (vector, count)
        return vector
    }
}

/// One value for all rows.
final class ConstantEvaluator: Evaluator {
    private let single: ColumnVector
    private var spelled = SpelledValue()

    init(_ value: Value) {
        single = ColumnVector([value])
        super.init(constant: value)
    }

    override func operand(_ chunk: Chunk, _ context: QueryContext) throws -> Operand {
        Operand(vector: single, isConstant: true)
    }

    override func evaluate(_ chunk: Chunk, _ context: QueryContext) throws -> ColumnVector {
        spelled.rows(of: single, chunk.count)
    }
}

/// One value for all rows of an execution: a parameter, or what is made of parameters and calls of functions alone. It is
/// found when it is first asked for, so that what fails does so only where a row gets to it.
final class FixedEvaluator: Evaluator {
    private enum Source {
        case parameter(Int)
        case expression(Evaluator)
    }

    private let source: Source
    /// The execution that `single` and `spelled` are of.
    private var execution = 0
    private var single = ColumnVector(.null, capacity: 1)
    private var spelled = SpelledValue()

    init(parameter position: Int) { source = .parameter(position) }

    init(_ expression: Evaluator) { source = .expression(expression) }

    /// The value in a vector of one row.
    func value(_ context: QueryContext) throws -> ColumnVector {
        if execution == context.execution { return single }
        switch source {
        case .parameter(let position):
            let value = context.parameters.values[position]
            // Short queries would spend more on making the vector than on what they do.
            if !isKnownUniquelyReferenced(&single) || !single.overwrite(value) { single = ColumnVector([value]) }
        case .expression(let expression):
            single = try expression.evaluate(Chunk(slots: context.slotCount, count: 1), context)
        }
        execution = context.execution
        spelled.forget()
        return single
    }

    override func valueForAll(_ context: QueryContext) -> Value? { try? value(context).value(0) }

    override func operand(_ chunk: Chunk, _ context: QueryContext) throws -> Operand {
        Operand(vector: try value(context), isConstant: true)
    }

    override func evaluate(_ chunk: Chunk, _ context: QueryContext) throws -> ColumnVector {
        let single = try value(context)
        return spelled.rows(of: single, chunk.count)
    }
}

/// A column of the chunk.
final class SlotEvaluator: Evaluator {
    private let slot: Slot

    init(_ slot: Slot) { self.slot = slot }

    override func evaluate(_ chunk: Chunk, _ context: QueryContext) throws -> ColumnVector {
        guard slot < chunk.columns.count, let column = chunk.columns[slot] else {
            throw DeedError(.internalError, "slot \(slot) is read where it holds nothing")
        }
        guard let selection = column.selection else { return column.vector }
        return column.vector.gathered(selection)
    }
}
