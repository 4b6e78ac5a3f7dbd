// The shortest paths of each row: by a search that visits every entity once where that is enough, otherwise by listing paths in
// order of length. The search does not lead back to where it began; how long such paths are is found out first, and only those
// of this length are listed.

import DeedEngine

final class ShortestPathOperator: Operator {
    private let child: Operator
    private let path: ShortestPath
    private let steps: StepExpander
    private let search: ShortestSearch
    private let enumeration: PathEnumeration
    private let closed: ClosedSearch
    private var input: Chunk?
    private var row = 0
    private var isRowBegun = false
    private var isSearching = false
    /// True while the paths that lead back to the start are still to come.
    private var isClosing = false
    private let froms = UnsafeMutablePointer<UInt64>.allocate(capacity: Chunk.rowsMax)
    private let targets = UnsafeMutablePointer<UInt64>.allocate(capacity: Chunk.rowsMax)

    init(_ child: Operator, _ path: ShortestPath, _ context: QueryContext) throws {
        (self.child, self.path) = (child, path)
        steps = try StepExpander(path.expansion, context)
        search = ShortestSearch(path.expansion, isAll: path.which == .all, steps, context)
        enumeration = PathEnumeration(path.expansion, path.which, steps, context)
        closed = ClosedSearch(path.expansion, steps, context)
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
        let base = path.expansion.base
        while true {
            try context.checkInterrupt()
            if input == nil {
                guard let chunk = try child.next() else { return nil }
                (input, row, isRowBegun) = (chunk, 0, false)
                try copyIds(chunk.columns[base.from], .entity, count: chunk.count, into: froms)
                if base.isInto { try copyIds(chunk.columns[base.to], .entity, count: chunk.count, into: targets) }
            }
            if let chunk = try fill() { return chunk }
        }
    }

    private func fill() throws -> Chunk? {
        guard let input else { return nil }
        let isInto = path.expansion.base.isInto
        var output = PathOutput(path.expansion)
        while row < input.count && !output.isFull {
            if !isRowBegun {
                if froms[row] == 0 || (isInto && targets[row] == 0) || path.expansion.max.map({ $0 < path.expansion.min }) ?? false {
                    row += 1
                    continue
                }
                try begin(input, row, target: isInto ? targets[row] : nil)
            }
            guard let (entities, relationships) = try isSearching ? search.next() : enumeration.next() else {
                if !(try beginClosed()) { (row, isRowBegun) = (row + 1, false) }
                continue
            }
            output.append(row, entities, relationships)
        }
        if row == input.count { self.input = nil }
        return output.chunk(input)
    }

    private func begin(_ input: Chunk, _ row: Int, target: UInt64?) throws {
        isRowBegun = true
        steps.begin(input, row)
        isSearching = isSearchEnough
        isClosing = isSearching && path.expansion.min == 1 && path.expansion.base.direction == .both
            && (target == nil || target == froms[row])
        if !isSearching { return enumeration.begin(froms[row], target: target) }
        if isClosing && target != nil {
            // Nothing else is wanted.
            search.beginNothing()
            _ = try beginClosed()
        } else {
            search.begin(froms[row], target: target)
        }
    }

    /// Goes on with the paths that lead back to the start; false if they have come, or there are none.
    private func beginClosed() throws -> Bool {
        guard isClosing else { return false }
        isClosing = false
        guard let length = try closed.length(from: froms[row]) else { return false }
        // What the search knows of distances holds in both directions unless steps are asked for more than they are.
        let prunes = path.expansion.stepFilter == nil && search.isWhole
        isSearching = false
        enumeration.begin(froms[row], target: froms[row], length: length, distances: prunes ? search : nil)
        return true
    }

    private var isSearchEnough: Bool {
        switch path.which {
        case .any(1), .all: path.expansion.min <= 1
        default: false
        }
    }
}
