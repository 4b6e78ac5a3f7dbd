// What is found for the rows of an input, given out a chunk at a time: each row of the input as often as something was found
// for it, beside what was found.

import DeedEngine
import DeedValues

struct FoundRows<Element> {
    private(set) var input: Chunk?
    /// The next row that nothing has been looked up for.
    private var row = 0
    /// Found and not given out, from `given` on, with the rows of the input they were found for.
    private var elements: [Element] = []
    private var parents: [UInt32] = []
    private var given = 0

    mutating func begin(_ chunk: Chunk?) {
        (input, row, given) = (chunk, 0, 0)
        elements.empty()
        parents.empty()
    }

    mutating func add(_ element: Element, _ row: Int) {
        elements.append(element)
        parents.append(UInt32(truncatingIfNeeded: row))
    }

    mutating func add(_ found: some Sequence<Element>, _ row: Int) {
        elements.append(contentsOf: found)
        while parents.count < elements.count { parents.append(UInt32(truncatingIfNeeded: row)) }
    }

    /// The next chunk of the input, without what was found, which is lent to `use`; nil at the end of the input. `find` looks up
    /// what there is for a row, or for several from there on, adds it, and returns the row after them.
    mutating func next(
        _ context: QueryContext, _ find: (Int, inout FoundRows) throws -> Int, use: (inout Chunk, UnsafeBufferPointer<Element>) -> Void
    ) rethrows -> Chunk? {
        guard let input else { return nil }
        if given > 0 { drop() }
        let most = context.chunkRows
        while row < input.count && elements.count - given < most { row = try find(row, &self) }
        let end = min(given + most, elements.count)
        let rows = given..<end
        given = end
        if row == input.count && given == elements.count { self.input = nil }
        if rows.isEmpty { return nil }
        var result =
            input.isBare
            ? context.bareChunk(slots: input.columns.count, count: rows.count)
            : parents.withUnsafeBufferPointer { parents in
                input.selecting(Selection(copying: parents.baseAddress.unsafelyUnwrapped + rows.lowerBound, count: rows.count))
            }
        elements.withUnsafeBufferPointer { use(&result, UnsafeBufferPointer(rebasing: $0[rows])) }
        return result
    }

    /// Forgets what was given out, once that is all, or much.
    private mutating func drop() {
        guard given == elements.count || given >= 16 * Chunk.rowsMax else { return }
        elements.removeFirst(given)
        parents.removeFirst(given)
        given = 0
    }
}
