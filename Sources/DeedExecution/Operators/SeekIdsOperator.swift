// The entities (or relationships) with given ids, for each row of the input. Ids of nothing, and null, find nothing.

import DeedEngine
import DeedValues

final class SeekIdsOperator: Operator {
    private let child: Operator
    private let slot: Slot
    private let kind: RowKind
    private let ids: Evaluator
    private var input: Chunk?
    private var lists: ColumnVector?
    private var row = 0
    private var found: [RowId] = []
    private var position = 0

    init(_ child: Operator, _ slot: Slot, _ kind: RowKind, ids: Expr, _ context: QueryContext) throws {
        (self.child, self.slot, self.kind) = (child, slot, kind)
        self.ids = try makeEvaluator(ids, context)
        super.init(context)
    }

    override func restart(argument: Chunk) {
        child.reset(argument: argument)
        (input, lists, found, row, position) = (nil, nil, [], 0, 0)
    }

    override func produce() throws -> Chunk? {
        while true {
            try context.checkInterrupt()
            if input == nil {
                guard let chunk = try child.next() else { return nil }
                input = chunk
                lists = try ids.evaluate(chunk, context)
                (row, found, position) = (-1, [], 0)
            }
            if let chunk = fill() { return chunk }
        }
    }

    private func fill() -> Chunk? {
        guard let input, let lists else { return nil }
        let parents = Selection(count: Chunk.rowsMax)
        let vector = ColumnVector(kind == .entity ? .entity : .relationship, capacity: Chunk.rowsMax)
        var count = 0
        while count < Chunk.rowsMax {
            if position == found.count {
                row += 1
                if row == input.count {
                    self.input = nil
                    break
                }
                (found, position) = (rows(lists.value(row)), 0)
                continue
            }
            vector.ids[count] = found[position]
            parents.rows[count] = UInt32(row)
            count += 1
            position += 1
        }
        if count == 0 { return nil }
        var result = input.selecting(Selection(copying: parents.rows, count: count))
        result.set(slot, vector)
        return result
    }

    /// Ids in the value that are of something, each once.
    private func rows(_ value: Value) -> [RowId] {
        let values: [Value] = if case .list(let elements) = value { elements } else { [value] }
        var seen = IdMap()
        var result: [RowId] = []
        for value in values {
            let id: RowId
            switch value {
            case .int(let number) where number > 0: id = RowId(number)
            case .entity(let given) where kind == .entity: id = given
            case .relationship(let given) where kind == .relationship: id = given
            default: continue
            }
            if context.view.isVisible(kind, id) && seen.insert(id) { result.append(id) }
        }
        return result
    }
}
