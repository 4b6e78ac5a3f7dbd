// One input after the other, with the columns of each under the same numbers.

import DeedEngine

final class UnionOperator: Operator {
    private let inputs: [(child: Operator, slots: [Slot])]
    private let slots: [Slot]
    private var current = 0
    private var argument: Chunk?

    init(_ inputs: [(child: Operator, slots: [Slot])], slots: [Slot], _ context: QueryContext) {
        (self.inputs, self.slots) = (inputs, slots)
        super.init(context)
    }

    override func restart(argument: Chunk) {
        for input in inputs { input.child.reset(argument: argument) }
        self.argument = argument
        current = 0
    }

    override func produce() throws -> Chunk? {
        while current < inputs.count {
            let input = inputs[current]
            guard let chunk = try input.child.next() else {
                current += 1
                continue
            }
            var result = Chunk(slots: context.slotCount, count: chunk.count)
            for (slot, from) in zip(slots, input.slots) {
                result.columns[slot] = chunk.columns[from] ?? ChunkColumn(.nulls(count: chunk.count))
            }
            result.attach(argument)
            return result
        }
        return nil
    }
}
