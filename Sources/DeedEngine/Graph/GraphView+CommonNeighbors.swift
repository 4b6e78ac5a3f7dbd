// The same step where several lists have to lead to the same neighbour: the entries of one list are marked, and those of the
// next are looked up in the marks.

extension GraphView {
    /// Multiplies the weights of a block's entities by how many ways there are to choose one entry of each of several
    /// lists, all with the same neighbour, weighted by its value. `marks`: arrays for all ids, one less than lists, all 0,
    /// which they are again afterwards.
    package func multiply(
        _ weights: UnsafeMutablePointer<Int64>, ofBlock block: Int, byCommon wanted: [ListsWanted],
        _ values: NeighborValues?, marks: [UnsafeMutablePointer<Int64>], ids: Int
    ) throws(DeedError) {
        guard wanted.count > 1, marks.count == wanted.count &- 1 else { throw DeedError(.internalError, "arrays are missing for a count") }
        let sums = UnsafeMutablePointer<Int64>.allocate(capacity: Limits.vectorRows)
        let filter = NeighborFilter()
        defer {
            sums.deallocate()
            filter.deallocate()
        }
        try inBlock(block, weights, wanted) { segment, rows, weights in
            let lists = wanted.map { ChosenLists(segment, $0, snapshot) }
            defer { for list in lists { list.deallocate() } }
            for row in rows {
                let position = row &- rows.lowerBound
                sums[position] = 0
                if weights[row] == 0 { continue }
                if lists.count == 2, let sum = countFew(row, lists[0], lists[1], values) {
                    sums[position] = sum
                    continue
                }
                if !mayHaveCommon(row, lists[0], lists[1], filter) { continue }
                guard let sum = countCommon(row, lists, values, marks, ids) else { return false }
                sums[position] = sum
            }
            return Self.multiply(weights, by: sums, rows)
        }
    }

    /// Of two lists of which one is short, and which are the bases of one part each: what of the longer one may be in the
    /// shorter one, by a filter of one word, is looked for there. nil where that is not so, and on overflow.
    @inline(__always)
    private func countFew(_ row: Int, _ left: ChosenLists, _ right: ChosenLists, _ values: NeighborValues?) -> Int64? {
        guard let (a, first) = left.base(row), let (b, second) = right.base(row) else { return nil }
        let (short, range, long, other) = first.count <= second.count ? (a, first, b, second) : (b, second, a, first)
        guard range.count <= Self.fewMax else { return nil }
        if range.isEmpty { return 0 }
        let skipsOwn = left.parts.pointee.rule != .all || right.parts.pointee.rule != .all
        let own = UInt32(truncatingIfNeeded: rowId(segment: left.segment, row: row))
        var known: UInt64 = 0
        for index in range { known |= Self.bit(short[index]) }
        var sum: Int64 = 0
        var hasOverflow = false
        for index in other where known & Self.bit(long[index]) != 0 {
            let neighbor = long[index]
            if skipsOwn && neighbor == own { continue }
            var times: UInt32 = 0
            for place in range { times &+= short[place] == neighbor ? 1 : 0 }
            if times == 0 { continue }
            let (product, overflow) = Int64(times).multipliedReportingOverflow(by: values?[UInt64(neighbor)] ?? 1)
            let (total, overflowOfSum) = sum.addingReportingOverflow(product)
            sum = total
            hasOverflow = hasOverflow || overflow || overflowOfSum
        }
        return hasOverflow ? nil : sum
    }

    /// Beyond it nearly every bit of the filter is set.
    private static let fewMax = 48

    /// One of 64.
    @inline(__always)
    private static func bit(_ id: UInt32) -> UInt64 { 1 &<< UInt64((id &* 0x9E37_79B9) &>> 26) }

    /// False only if the two lists have no neighbour in common: then most rows need no look at the marks, which are all over
    /// the memory.
    @inline(__always)
    private func mayHaveCommon(_ row: Int, _ left: ChosenLists, _ right: ChosenLists, _ filter: NeighborFilter) -> Bool {
        var found: UInt64 = 0
        forEachEntry(left, row) { filter.insert($0) }
        forEachEntry(right, row) { found |= filter.bit($0) }
        filter.clear()
        return found != 0
    }

    /// nil on overflow. Each list multiplies the marks that the one before it has left, and the last one gathers them.
    @inline(never)
    private func countCommon(
        _ row: Int, _ lists: [ChosenLists], _ values: NeighborValues?, _ marks: [UnsafeMutablePointer<Int64>], _ ids: Int
    ) -> Int64? {
        var sum: Int64 = 0
        var hasOverflow = false
        for (step, list) in lists.enumerated() {
            forEachEntry(list, row) { neighbor in
                let index = Int(truncatingIfNeeded: neighbor)
                guard index < ids else { return }
                let before = step == 0 ? 1 : marks[step &- 1][index]
                if before == 0 { return }
                if step < marks.count {
                    let (total, overflow) = marks[step][index].addingReportingOverflow(before)
                    marks[step][index] = total
                    hasOverflow = hasOverflow || overflow
                    return
                }
                let (product, overflow) = before.multipliedReportingOverflow(by: values?[neighbor] ?? 1)
                let (total, overflowOfSum) = sum.addingReportingOverflow(product)
                sum = total
                hasOverflow = hasOverflow || overflow || overflowOfSum
            }
        }
        for step in marks.indices {
            forEachEntry(lists[step], row) { neighbor in
                let index = Int(truncatingIfNeeded: neighbor)
                if index < ids { marks[step][index] = 0 }
            }
        }
        return hasOverflow ? nil : sum
    }
}

/// Ids, or at least the last bits of them; small enough to stay in the innermost cache.
private struct NeighborFilter {
    private static let words = 64
    private let bits = UnsafeMutablePointer<UInt64>.allocate(capacity: words)

    init() { clear() }

    func deallocate() { bits.deallocate() }

    func clear() { bits.update(repeating: 0, count: Self.words) }

    @inline(__always)
    func insert(_ id: RowId) { bits[word(id)] |= 1 &<< (id & 63) }

    /// 0 if it is not there; otherwise it may be.
    @inline(__always)
    func bit(_ id: RowId) -> UInt64 { bits[word(id)] & (1 &<< (id & 63)) }

    @inline(__always)
    private func word(_ id: RowId) -> Int { Int(truncatingIfNeeded: id &>> 6) & (Self.words &- 1) }
}
