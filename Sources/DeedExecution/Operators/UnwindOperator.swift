// A row for each element of a list. Null has no elements; what is no list is its own only element.

import DeedEngine
import DeedValues

final class UnwindOperator: Operator {
    private let child: Operator
    private let list: Evaluator
    private let element: Slot
    private var input: Chunk?
    private var lists: ColumnVector?
    private var row = 0
    private var position = 0

    init(_ child: Operator, list: Expr, element: Slot, _ context: QueryContext) throws {
        self.child = child
        self.list = try makeEvaluator(list, context)
        self.element = element
        super.init(context)
    }

    override func reset(argument: Chunk) {
        child.reset(argument: argument)
        (input, lists, row, position) = (nil, nil, 0, 0)
    }

    override func next() throws -> Chunk? {
        while true {
            try context.checkInterrupt()
            if input == nil {
                guard let chunk = try child.next() else { return nil }
                input = chunk
                lists = try list.evaluate(chunk, context)
                (row, position) = (0, 0)
            }
            if let chunk = fill() { return chunk }
        }
    }

    /// Up to a chunk of elements of the current input; nil if none are left.
    private func fill() -> Chunk? {
        guard let input, let lists else { return nil }
        let parents = Selection(count: Chunk.rowsMax)
        let elements = ColumnBuilder(capacity: Chunk.rowsMax)
        while row < input.count && elements.count < Chunk.rowsMax {
            guard case .list(let values) = lists.value(row) else {
                if !lists.isNull(row) {
                    parents.rows[elements.count] = UInt32(row)
                    elements.append(lists, row)
                }
                row += 1
                continue
            }
            let end = min(values.count, position + Chunk.rowsMax - elements.count)
            while position < end {
                parents.rows[elements.count] = UInt32(row)
                elements.append(values[position])
                position += 1
            }
            if position == values.count { (row, position) = (row + 1, 0) }
        }
        if row == input.count { self.input = nil }
        let count = elements.count
        if count == 0 { return nil }
        var result = input.selecting(Selection(copying: parents.rows, count: count))
        result.set(element, elements.finish())
        return result
    }
}
