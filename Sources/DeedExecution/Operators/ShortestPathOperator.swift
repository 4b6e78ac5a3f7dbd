// The shortest paths of each row: by a search that visits every entity once where that is enough, otherwise by listing paths in
// order of length. The search does not lead back to where it began; how long such paths are is found out first, and only those
// of this length are listed.

import DeedEngine

final class ShortestPathOperator: Operator {
    private let input: PathInput
    private let path: ShortestPath
    private let steps: StepExpander
    private let search: ShortestSearch
    private let enumeration: PathEnumeration
    private let closed: ClosedSearch
    private var isSearching = false
    /// True while the paths that lead back to the start are still to come.
    private var isClosing = false

    init(_ child: Operator, _ path: ShortestPath, _ context: QueryContext) throws {
        (input, self.path) = (PathInput(child, path.expansion.base, context), path)
        steps = try StepExpander(path.expansion, context)
        search = ShortestSearch(path.expansion, isAll: path.which == .all, steps, context)
        enumeration = PathEnumeration(path.expansion, path.which, steps, context)
        closed = ClosedSearch(path.expansion, steps, context)
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
        var output = PathOutput(path.expansion, rowsMax: context.chunkRows)
        if let max = path.expansion.max, max < path.expansion.min { input.skipChunk() }
        while !output.isFull && input.findRow() {
            if !input.isRowBegun { try begin(rows) }
            guard let (entities, relationships) = try isSearching ? search.next() : enumeration.next() else {
                if !(try beginClosed()) { input.endRow() }
                continue
            }
            output.append(input.row, entities, relationships)
        }
        return output.chunk(rows)
    }

    private func begin(_ rows: Chunk) throws {
        let (from, target) = (input.from, input.target)
        input.beginRow()
        steps.begin(rows, input.row)
        isSearching = isSearchEnough
        isClosing = isSearching && path.expansion.min == 1 && path.expansion.base.direction == .both
            && (target == nil || target == from)
        if !isSearching { return enumeration.begin(from, target: target) }
        if isClosing && target != nil {
            // Nothing else is wanted.
            search.beginNothing()
            _ = try beginClosed()
        } else {
            search.begin(from, target: target)
        }
    }

    /// Goes on with the paths that lead back to the start; false if they have come, or there are none.
    private func beginClosed() throws -> Bool {
        guard isClosing else { return false }
        isClosing = false
        guard let length = try closed.length(from: input.from) else { return false }
        // What the search knows of distances holds in both directions unless steps are asked for more than they are.
        let prunes = path.expansion.stepFilter == nil && search.isWhole
        isSearching = false
        enumeration.begin(input.from, target: input.from, length: length, distances: prunes ? search : nil)
        return true
    }

    private var isSearchEnough: Bool {
        switch path.which {
        case .any(1), .all: path.expansion.min <= 1
        default: false
        }
    }
}
