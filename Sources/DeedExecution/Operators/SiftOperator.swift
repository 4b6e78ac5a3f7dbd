// Rows that a join above will find something for: its look-up, moved below expansions that would make many rows of each.
//
// The join reads its build side when it has seen rows of this side, so the first chunk passes as it is; so does everything if the
// build side is put aside. Where most rows find something anyway, looking is given up.

import DeedEngine

/// What a join lets know below it.
final class JoinSift {
    /// The whole build side, once it is there.
    var table: JoinTable?
}

final class SiftOperator: Operator {
    private let child: Operator
    private let keys: [Evaluator]
    private let sift: JoinSift
    private let numbers = UnsafeMutablePointer<UInt32>.allocate(capacity: Chunk.rowsMax)
    /// Rows looked at and kept, of this run.
    private var (seen, kept) = (0, 0)

    /// Rows after which it shows whether looking is worth while.
    private static let trialRows = 4 * Chunk.rowsMax

    init(_ child: Operator, keys: [Expr], _ sift: JoinSift, _ context: QueryContext) throws {
        (self.child, self.sift) = (child, sift)
        self.keys = try keys.map { try makeEvaluator($0, context) }
        super.init(context)
    }

    deinit { numbers.deallocate() }

    override func restart(argument: Chunk) {
        child.reset(argument: argument)
        (seen, kept) = (0, 0)
    }

    override func produce() throws -> Chunk? {
        while let chunk = try child.next() {
            try context.checkInterrupt()
            guard let table = sift.table, seen < Self.trialRows || kept < seen / 4 * 3 else { return chunk }
            table.find(try keys.map { try $0.evaluate(chunk, context) }, count: chunk.count, into: numbers)
            let found = Selection(count: chunk.count)
            var count = 0
            for row in 0..<chunk.count {
                found.rows[count] = UInt32(row)
                count += numbers[row] == KeyTable.absent ? 0 : 1
            }
            (seen, kept) = (seen + chunk.count, kept + count)
            if count == chunk.count { return chunk }
            if count > 0 { return chunk.selecting(Selection(copying: found.rows, count: count)) }
        }
        return nil
    }
}
