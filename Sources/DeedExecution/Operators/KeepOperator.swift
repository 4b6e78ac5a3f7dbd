// Drops all columns but some. Columns beyond the plan's slots, which operators use among themselves, stay.

import DeedEngine

final class KeepOperator: Operator {
    private let child: Operator
    private let isKept: [Bool]

    init(_ child: Operator, _ slots: [Slot], _ context: QueryContext) {
        self.child = child
        var isKept = Array(repeating: false, count: context.slotCount)
        for slot in slots { isKept[slot] = true }
        self.isKept = isKept
        super.init(context)
    }

    override func restart(argument: Chunk) { child.reset(argument: argument) }

    override func produce() throws -> Chunk? {
        guard var chunk = try child.next() else { return nil }
        for slot in isKept.indices where !isKept[slot] { chunk.columns[slot] = nil }
        return chunk
    }
}
