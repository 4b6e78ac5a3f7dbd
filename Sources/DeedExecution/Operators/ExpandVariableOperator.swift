// Repeated expansion: for each row the paths from its entity, or the entities that can be reached. Rows come out as they
// are found.

import DeedEngine

final class ExpandVariableOperator: Operator {
    private let input: PathInput
    private let expansion: VariableExpansion
    private let steps: StepExpander
    private let walk: PathWalk
    private let reachable: ReachableSearch

    init(_ child: Operator, _ expansion: VariableExpansion, _ context: QueryContext) throws {
        (input, self.expansion) = (PathInput(child, expansion.base, context), expansion)
        steps = try StepExpander(expansion, context)
        walk = PathWalk(expansion, steps, context)
        reachable = ReachableSearch(expansion, steps, context)
        super.init(context)
    }

    override func restart(argument: Chunk) {
        input.reset(argument: argument)
    }

    override func produce() throws -> Chunk? {
        while let rows = try input.load() {
            if let chunk = try fill(rows) { return chunk }
        }
        return nil
    }

    private func fill(_ rows: Chunk) throws -> Chunk? {
        var output = PathOutput(expansion, rowsMax: context.chunkRows)
        if let max = expansion.max, max < expansion.min { input.skipChunk() }
        while !output.isFull && input.findRow() {
            if !input.isRowBegun {
                input.beginRow()
                steps.begin(rows, input.row)
                if expansion.mode == .reachable { reachable.begin(input.from) } else { walk.begin(input.from) }
            }
            if try fillRow(&output) { input.endRow() }
        }
        return output.chunk(rows)
    }

    /// True when the row has no more.
    private func fillRow(_ output: inout PathOutput) throws -> Bool {
        let (row, target) = (input.row, input.target)
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
