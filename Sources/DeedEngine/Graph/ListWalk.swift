// One entity's entries in one part of the lists, one by one: the base, then the delta, in order of insertion.

struct ListWalk {
    private let part: UnsafeMutablePointer<AdjacencyPart>
    private var index: Int
    private let end: Int
    /// The next delta entry plus one; 0 at the end.
    private var position: UInt32
    private let last: UInt32

    /// Begins after the first `skipped` entries. O(skipped entries of the delta).
    init(_ part: UnsafeMutablePointer<AdjacencyPart>, _ row: Int, skipping skipped: Int) {
        self.part = part
        let range = part.pointee.baseRange(row)
        index = range.lowerBound &+ min(skipped, range.count)
        end = range.upperBound
        last = part.pointee.deltaHead(row)
        position = last == 0 ? 0 : part.pointee.delta.unsafelyUnwrapped[Int(last) &- 1].next
        for _ in 0..<(skipped &- min(skipped, range.count)) { _ = next() }
    }

    @inline(__always)
    mutating func next() -> (neighbor: RowId, relationship: RowId)? {
        if index < end {
            defer { index &+= 1 }
            return (part.pointee.neighbors[index], part.pointee.relationships[index])
        }
        if position == 0 { return nil }
        let entry = part.pointee.delta.unsafelyUnwrapped + (Int(position) &- 1)
        position = position == last ? 0 : entry.pointee.next
        return (entry.pointee.neighbor, entry.pointee.relationship)
    }
}
