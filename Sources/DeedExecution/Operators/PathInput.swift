// The rows of an input one after the other, for operators that find paths: each with the entity that its paths begin at, and
// the one that they lead to if that is known.

import DeedEngine

final class PathInput {
    private let child: Operator
    private let base: Expansion
    private let context: QueryContext
    private(set) var chunk: Chunk?
    private(set) var row = 0
    /// Whether the search of the row has begun.
    private(set) var isRowBegun = false
    private let froms = UnsafeMutablePointer<UInt64>.allocate(capacity: Chunk.rowsMax)
    private let targets = UnsafeMutablePointer<UInt64>.allocate(capacity: Chunk.rowsMax)

    init(_ child: Operator, _ base: Expansion, _ context: QueryContext) {
        (self.child, self.base, self.context) = (child, base, context)
    }

    deinit {
        froms.deallocate()
        targets.deallocate()
    }

    func reset(argument: Chunk) {
        child.reset(argument: argument)
        (chunk, row, isRowBegun) = (nil, 0, false)
    }

    /// The chunk whose rows come next; nil at the end of the input.
    func load() throws -> Chunk? {
        try context.checkInterrupt()
        if let chunk { return chunk }
        guard let next = try child.next() else { return nil }
        (chunk, row, isRowBegun) = (next, 0, false)
        try copyIds(next.columns[base.from], .entity, count: next.count, into: froms)
        if base.isInto { try copyIds(next.columns[base.to], .entity, count: next.count, into: targets) }
        return next
    }

    var from: UInt64 { froms[row] }
    /// nil: paths may end anywhere.
    var target: UInt64? { base.isInto ? targets[row] : nil }

    /// Goes to the next row that has its entities, if the present one has not; false when the chunk has no more.
    func findRow() -> Bool {
        guard let chunk else { return false }
        while row < chunk.count && (froms[row] == 0 || (base.isInto && targets[row] == 0)) { row += 1 }
        if row == chunk.count { self.chunk = nil }
        return row < chunk.count
    }

    func beginRow() { isRowBegun = true }

    func endRow() { (row, isRowBegun) = (row + 1, false) }

    /// Passes over all rows of the chunk.
    func skipChunk() { chunk = nil }
}
