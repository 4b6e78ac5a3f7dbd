// No rows, whatever the input does; it runs to its end, for its changes.

import DeedEngine

final class EmptyOperator: Operator {
    private let child: Operator

    init(_ child: Operator, _ context: QueryContext) {
        self.child = child
        super.init(context)
    }

    override func restart(argument: Chunk) { child.reset(argument: argument) }

    override func produce() throws -> Chunk? {
        while try child.next() != nil { try context.checkInterrupt() }
        return nil
    }
}
