// The entities (or relationships) with given ids, for each row of the input. Ids of nothing, and null, find nothing.

import DeedEngine
import DeedValues

final class SeekIdsOperator: Operator {
    private let child: Operator
    private let slot: Slot
    private let kind: RowKind
    private let ids: Evaluator
    private var lists: ColumnVector?
    private var found = FoundRows<RowId>()

    init(_ child: Operator, _ slot: Slot, _ kind: RowKind, ids: Expr, _ context: QueryContext) throws {
        (self.child, self.slot, self.kind) = (child, slot, kind)
        self.ids = try makeEvaluator(ids, context)
        super.init(context)
    }

    override func restart(argument: Chunk) {
        child.reset(argument: argument)
        lists = nil
        found.begin(nil)
    }

    override func produce() throws -> Chunk? {
        while true {
            try context.checkInterrupt()
            if found.input == nil {
                guard let chunk = try child.next() else { return nil }
                lists = try ids.evaluate(chunk, context)
                found.begin(chunk)
            }
            let rows = found.next(context) { row, found in
                if let lists { addRows(lists.value(row), row, to: &found) }
                return row + 1
            } use: { chunk, ids in
                chunk.set(slot, ColumnVector(kind == .entity ? .entity : .relationship, copying: ids))
            }
            if let rows { return rows }
        }
    }

    /// Ids in the value that are of something, each once.
    private func addRows(_ value: Value, _ row: Int, to found: inout FoundRows<RowId>) {
        let values: [Value] = if case .list(let elements) = value { elements } else { [value] }
        var seen = IdMap()
        for value in values {
            guard let id = id(value), context.view.isVisible(kind, id), seen.insert(id) else { continue }
            found.add(id, row)
        }
    }

    /// The id that the value is equal to, or of which it is the element.
    private func id(_ value: Value) -> RowId? {
        switch value {
        case .int(let number): number > 0 ? RowId(number) : nil
        case .float(let number): number > 0 ? RowId(exactly: number) : nil
        case .decimal(let number): number.exactInteger.flatMap { $0 > 0 ? RowId($0) : nil }
        case .entity(let given): kind == .entity ? given : nil
        case .relationship(let given): kind == .relationship ? given : nil
        default: nil
        }
    }
}
