// The rows that the surrounding operator hands in.

import DeedEngine

final class ArgumentOperator: Operator {
    private var argument: Chunk?

    override func restart(argument: Chunk) { self.argument = argument.count > 0 ? argument : nil }

    override func produce() -> Chunk? {
        defer { argument = nil }
        return argument
    }
}
