// Repeated expansion: for each row the paths from its entity, or the entities that can be reached. Rows come out as they
// are found.

import DeedEngine

final class ExpandVariableOperator: Operator {
    private let child: Operator
    private let expansion: VariableExpansion
    private let steps: StepExpander
    private let walk: PathWalk
    private let reachable: ReachableSearch
    private var input: Chunk?
    private var row = 0
    private var isRowBegun = false
    private let froms = UnsafeMutablePointer<UInt64>.allocate(capacity: Chunk.rowsMax)
    private let targets = UnsafeMutablePointer<UInt64>.allocate(capacity: Chunk.rowsMax)

    init(_ child: Operator, _ expansion: VariableExpansion, _ context: QueryContext) throws {
        (self.child, self.expansion) = (child, expansion)
        steps = try StepExpander(expansion, context)
        walk = PathWalk(expansion, steps, context)
        reachable = ReachableSearch(expansion, steps, context)
        super.init(context)
    }

    deinit {
        froms.deallocate()
        targets.deallocate()
    }

    override func reset(argument: Chunk) {
        child.reset(argument: argument)
        (input, row, isRowBegun) = (nil, 0, false)
    }

    override func next() throws -> Chunk? {
        while true {
            try context.checkInterrupt()
            if input == nil {
                guard let chunk = try child.next() else { return nil }
                (input, row, isRowBegun) = (chunk, 0, false)
                try copyIds(chunk.columns[expansion.base.from], .entity, count: chunk.count, into: froms)
                if expansion.base.isInto {
                    try copyIds(chunk.columns[expansion.base.to], .entity, count: chunk.count, into: targets)
                }
            }
            if let chunk = try fill() { return chunk }
        }
    }

    private func fill() throws -> Chunk? {
        guard let input else { return nil }
        var output = PathOutput(expansion)
        while row < input.count && !output.isFull {
            if !isRowBegun {
                let isImpossible = froms[row] == 0 || (expansion.base.isInto && targets[row] == 0)
                    || (expansion.max.map { $0 < expansion.min } ?? false)
                if isImpossible {
                    row += 1
                    continue
                }
                isRowBegun = true
                steps.begin(input, row)
                if expansion.mode == .reachable { reachable.begin(froms[row]) } else { walk.begin(froms[row]) }
            }
            if try fillRow(&output) { (row, isRowBegun) = (row + 1, false) }
        }
        if row == input.count { self.input = nil }
        return output.chunk(input)
    }

    /// True when the row has no more.
    private func fillRow(_ output: inout PathOutput) throws -> Bool {
        let target = expansion.base.isInto ? targets[row] : nil
        if expansion.mode == .reachable {
            while !output.isFull {
                guard let entity = try reachable.next() else { return true }
                if target == nil || target == entity { output.append(row, end: entity) }
                if target == entity { return true }
            }
            return false
        }
        let isPathNeeded = expansion.base.relationship != nil || expansion.path != nil
        while !output.isFull {
            guard try walk.next() else { return true }
            let end = walk.entities[walk.entities.count - 1]
            if let target, target != end { continue }
            if isPathNeeded { output.append(row, walk.entities, walk.relationships) } else { output.append(row, end: end) }
        }
        return false
    }
}
