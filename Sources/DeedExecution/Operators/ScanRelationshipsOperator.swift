// Every relationship of some types with its ends, for each row of the argument.

import DeedEngine

final class ScanRelationshipsOperator: Operator {
    private let relationship: Slot
    private let source: Slot
    private let target: Slot
    private let types: [String]
    private let shared: MorselSource?
    private var morsels: MorselSource?
    private var claim: MorselSource.Claim?
    private var argument: Chunk?
    private var argumentRow = 0

    init(
        _ relationship: Slot, source: Slot, target: Slot, types: [String], shared: MorselSource?, _ context: QueryContext
    ) {
        (self.relationship, self.source, self.target) = (relationship, source, target)
        (self.types, self.shared) = (types, shared)
        super.init(context)
    }

    override func restart(argument: Chunk) {
        self.argument = argument
        (morsels, claim, argumentRow) = (nil, nil, 0)
    }

    override func produce() throws -> Chunk? {
        guard let argument else { return nil }
        let ids = ColumnVector(.relationship, capacity: Chunk.rowsMax)
        let parents = Selection(count: Chunk.rowsMax)
        var count = 0
        while count < context.chunkRows && argumentRow < argument.count {
            try context.checkInterrupt()
            let morsels = self.morsels ?? shared ?? .relationships(context.view, types)
            self.morsels = morsels
            if claim == nil { claim = morsels.claim() }
            guard var claim else {
                argumentRow += 1
                if argumentRow < argument.count { morsels.rewind() }
                continue
            }
            let found = try context.view.scan(&claim.morsel, into: ids.ids + count, max: context.chunkRows - count)
            self.claim = found == 0 ? nil : claim
            for row in count..<count &+ found { parents.rows[row] = UInt32(truncatingIfNeeded: argumentRow) }
            count &+= found
        }
        if count == 0 { return nil }
        let sources = ColumnVector(.entity, capacity: count)
        let targets = ColumnVector(.entity, capacity: count)
        try context.view.ends(ids.ids, count: count, sources: sources.ids, targets: targets.ids)
        var result = argument.selecting(Selection(copying: parents.rows, count: count))
        result.set(relationship, ids)
        result.set(source, sources)
        result.set(target, targets)
        return result
    }
}
