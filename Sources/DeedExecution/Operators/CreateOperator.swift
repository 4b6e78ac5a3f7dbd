// Makes elements for each row, and adds them to it.

import DeedEngine

final class CreateOperator: Operator {
    private let child: Operator
    private let creator: Creator

    /// `isLast`: nobody looks at the rows.
    init(_ child: Operator, _ creations: [Creation], isLast: Bool, _ context: QueryContext) throws {
        self.child = child
        creator = try Creator(creations, refusesNull: false, isLast: isLast, context)
        super.init(context)
    }

    override func restart(argument: Chunk) { child.reset(argument: argument) }

    override func produce() throws -> Chunk? {
        guard let chunk = try child.next() else { return nil }
        try context.checkInterrupt()
        return try creator.create(chunk)
    }
}
