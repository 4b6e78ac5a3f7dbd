// Every row of the left side with every row of the right side, which is kept. The right side stands alone: it knows nothing of
// the argument.

import DeedEngine

final class CrossOperator: Operator {
    private let left: Operator
    private let right: Operator
    private var width = 0
    private var store: RowStore?
    private var input: Chunk?
    private var block = 0
    private var pair = 0

    init(_ left: Operator, _ right: Operator, _ context: QueryContext) {
        (self.left, self.right) = (left, right)
        super.init(context)
    }

    override func restart(argument: Chunk) {
        left.reset(argument: argument)
        right.reset(argument: Chunk(slots: argument.columns.count, count: 1))
        width = argument.columns.count
        (store, input, block, pair) = (nil, nil, 0, 0)
    }

    override func produce() throws -> Chunk? {
        while true {
            try context.checkInterrupt()
            guard let input else {
                guard let chunk = try left.next() else { return nil }
                (self.input, block, pair) = (chunk, 0, 0)
                continue
            }
            let rows = try store ?? readAll()
            if block == rows.blockCount {
                self.input = nil
                continue
            }
            return pairs(input, rows.block(block))
        }
    }

    /// The next pairs of a chunk and a block.
    private func pairs(_ input: Chunk, _ rows: Chunk) -> Chunk {
        let count = min(context.chunkRows, input.count * rows.count - pair)
        let lefts = Selection(count: count)
        let rights = Selection(count: count)
        for index in 0..<count {
            lefts.rows[index] = UInt32((pair &+ index) / rows.count)
            rights.rows[index] = UInt32((pair &+ index) % rows.count)
        }
        pair += count
        if pair == input.count * rows.count { (block, pair) = (block + 1, 0) }
        var result = input.selecting(lefts)
        let other = rows.selecting(rights)
        for slot in result.columns.indices where result.columns[slot] == nil && slot < other.columns.count {
            result.columns[slot] = other.columns[slot]
        }
        return result
    }

    private func readAll() throws -> RowStore {
        let rows = RowStore(context, width: width)
        while let chunk = try right.next() {
            try context.checkInterrupt()
            try rows.append(chunk)
        }
        try rows.finish()
        store = rows
        return rows
    }
}
