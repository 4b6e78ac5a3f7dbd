// Rows in chunks of no more than a query's `chunkRows`, whatever its operators give out: in tests stands above every operator, so
// that those above meet chunks that begin and end anywhere.

import DeedEngine

final class PiecesOperator: Operator {
    private let child: Operator
    private var input: Chunk?
    private var given = 0

    init(_ child: Operator, _ context: QueryContext) {
        self.child = child
        super.init(context)
    }

    override func restart(argument: Chunk) {
        child.reset(argument: argument)
        (input, given) = (nil, 0)
    }

    override func produce() throws -> Chunk? {
        if given == input?.count ?? 0 { (input, given) = (try child.next(), 0) }
        guard let input else { return nil }
        let count = min(context.chunkRows, input.count - given)
        defer { given += count }
        return input.slice(given, count)
    }
}
