// Changes properties and labels of the rows' elements; the rows go on as they are.

import DeedEngine

final class ChangeOperator: Operator {
    private let child: Operator
    private let changer: Changer

    init(_ child: Operator, _ changes: [Change], _ context: QueryContext) throws {
        self.child = child
        changer = try Changer(changes, context)
        super.init(context)
    }

    override func restart(argument: Chunk) { child.reset(argument: argument) }

    override func produce() throws -> Chunk? {
        guard let chunk = try child.next() else { return nil }
        try context.checkInterrupt()
        try changer.apply(chunk)
        return chunk
    }
}
