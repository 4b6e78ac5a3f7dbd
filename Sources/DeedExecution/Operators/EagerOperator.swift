// Reads all of its input before it gives anything out.

import DeedEngine

final class EagerOperator: Operator {
    private let child: Operator
    private var store: RowStore?
    private var nextBlock = 0
    private var argumentWidth = 0

    init(_ child: Operator, _ context: QueryContext) {
        self.child = child
        super.init(context)
    }

    override func restart(argument: Chunk) {
        child.reset(argument: argument)
        argumentWidth = argument.columns.count
        (store, nextBlock) = (nil, 0)
    }

    override func produce() throws -> Chunk? {
        let rows = try store ?? readAll()
        if nextBlock == rows.blockCount { return nil }
        defer { nextBlock += 1 }
        return rows.block(nextBlock)
    }

    private func readAll() throws -> RowStore {
        let rows = RowStore(context, width: argumentWidth)
        while let chunk = try child.next() {
            try context.checkInterrupt()
            try rows.append(chunk)
        }
        try rows.finish()
        store = rows
        return rows
    }
}
