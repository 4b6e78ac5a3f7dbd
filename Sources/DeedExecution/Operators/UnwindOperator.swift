// A row for each element of a list. Null has no elements; what is no list is its own only element.
//
// The list of `range(...)` is never made: its items are counted out.

import DeedEngine
import DeedValues

final class UnwindOperator: Operator {
    private enum Source {
        case list(Evaluator)
        /// The arguments of range().
        case range([Evaluator])
    }

    private enum Elements {
        case lists(ColumnVector)
        /// By row; nil for null.
        case ranges([IntegerRange?])
    }

    private let child: Operator
    private let source: Source
    private let element: Slot
    private var input: Chunk?
    private var elements = Elements.ranges([])
    private var row = 0
    private var position = 0

    init(_ child: Operator, list: Expr, element: Slot, _ context: QueryContext) throws {
        self.child = child
        if case .call("range", let arguments) = list, 2...3 ~= arguments.count {
            source = .range(try arguments.map { try makeEvaluator($0, context) })
        } else {
            source = .list(try makeEvaluator(list, context))
        }
        self.element = element
        super.init(context)
    }

    override func restart(argument: Chunk) {
        child.reset(argument: argument)
        (input, elements, row, position) = (nil, .ranges([]), 0, 0)
    }

    override func produce() throws -> Chunk? {
        while true {
            try context.checkInterrupt()
            if input == nil {
                guard let chunk = try child.next() else { return nil }
                input = chunk
                elements = try evaluate(chunk)
                (row, position) = (0, 0)
            }
            if let chunk = fill() { return chunk }
        }
    }

    private func evaluate(_ chunk: Chunk) throws -> Elements {
        switch source {
        case .list(let list): return .lists(try list.evaluate(chunk, context))
        case .range(let arguments):
            let vectors = try arguments.map { try $0.evaluate(chunk, context) }
            return .ranges(try (0..<chunk.count).map { row in try IntegerRange(vectors.map { $0.value(row) }) })
        }
    }

    /// Up to a chunk of elements of the current input; nil if none are left.
    private func fill() -> Chunk? {
        guard let input else { return nil }
        let parents = Selection(count: Chunk.rowsMax)
        let builder = ColumnBuilder(capacity: Chunk.rowsMax)
        while row < input.count && builder.count < context.chunkRows {
            switch elements {
            case .lists(let lists): append(lists, to: builder, parents)
            case .ranges(let ranges):
                guard let range = ranges[row] else {
                    row += 1
                    continue
                }
                append(count: range.count, to: builder, parents) { .int(range[$0]) }
            }
        }
        if row == input.count { self.input = nil }
        let count = builder.count
        if count == 0 { return nil }
        var result = input.selecting(Selection(copying: parents.rows, count: count))
        result.set(element, builder.finish())
        return result
    }

    private func append(_ lists: ColumnVector, to builder: ColumnBuilder, _ parents: Selection) {
        if case .list(let values) = lists.value(row) {
            append(count: values.count, to: builder, parents) { values[$0] }
            return
        }
        if !lists.isNull(row) {
            parents.rows[builder.count] = UInt32(row)
            builder.append(lists, row)
        }
        row += 1
    }

    /// What there is room for of so many elements of the row.
    @inline(__always)
    private func append(count: Int, to builder: ColumnBuilder, _ parents: Selection, _ element: (Int) -> Value) {
        let end = position &+ min(count &- position, context.chunkRows &- builder.count)
        while position < end {
            parents.rows[builder.count] = UInt32(row)
            builder.append(element(position))
            position &+= 1
        }
        if position == count { (row, position) = (row + 1, 0) }
    }
}
