// Every entity that passes a test of labels, for each row of the argument.

import DeedEngine

final class ScanEntitiesOperator: Operator {
    private let entity: Slot
    private let labels: LabelTest?
    private let shared: MorselSource?
    private var source: MorselSource?
    private var claim: MorselSource.Claim?
    private var argument: Chunk?
    private var argumentRow = 0
    private let passes = UnsafeMutablePointer<UInt8>.allocate(capacity: Chunk.rowsMax)

    /// `shared`: the morsels are divided among clones of the operator.
    init(_ entity: Slot, _ labels: LabelTest?, shared: MorselSource?, _ context: QueryContext) {
        (self.entity, self.labels, self.shared) = (entity, labels, shared)
        super.init(context)
    }

    deinit { passes.deallocate() }

    override func reset(argument: Chunk) {
        self.argument = argument
        (source, claim, argumentRow) = (nil, nil, 0)
    }

    override func next() throws -> Chunk? {
        guard let argument else { return nil }
        let parents = Selection(count: Chunk.rowsMax)
        let vector = ColumnVector(.entity, capacity: Chunk.rowsMax)
        var count = 0
        while count < Chunk.rowsMax && argumentRow < argument.count {
            try context.checkInterrupt()
            // Made when rows are first asked for: what comes before may make entities and labels.
            let source = self.source ?? shared ?? .entities(context.view, labels)
            self.source = source
            guard claim != nil || claimNext(source) else {
                argumentRow += 1
                if argumentRow < argument.count { source.rewind() }
                continue
            }
            let found = try scan(into: vector.ids + count, max: Chunk.rowsMax - count)
            for row in count..<count &+ found { parents.rows[row] = UInt32(truncatingIfNeeded: argumentRow) }
            count &+= found
        }
        if count == 0 { return nil }
        var result = argument.selecting(Selection(copying: parents.rows, count: count))
        result.set(entity, vector)
        return result
    }

    private func claimNext(_ source: MorselSource) -> Bool {
        claim = source.claim()
        return claim != nil
    }

    /// Of the next rows of the claimed morsel those that pass.
    private func scan(into ids: UnsafeMutablePointer<UInt64>, max: Int) throws -> Int {
        guard var claim else { return 0 }
        let found = try context.view.scan(&claim.morsel, into: ids, max: max)
        self.claim = found == 0 ? nil : claim
        guard let labels, claim.needsTest, found > 0 else { return found }
        try labels.evaluate(context.view, ids, count: found, into: passes)
        var kept = 0
        for row in 0..<found where passes[row] != 0 {
            ids[kept] = ids[row]
            kept &+= 1
        }
        return kept
    }
}
