// Counting along relationships without walking paths. A count for each entity is a number in a dense array, at the place of
// its id; one step of all paths at once is a pass over the lists of a segment, read where they are:
//
//     weights[entity] *= sum of values[neighbour] over the entity's list
//
// which is a product of a sparse matrix and a vector. Entities whose weight is 0 are passed over. Rows are worked off in
// blocks, each under one hold of the segment's latch.

/// Which entries of an entity's lists count.
package struct ListsWanted: Sendable {
    package enum Loops: Sendable { case included, excluded, only }
    /// nil: any.
    package let types: [NameId]?
    package let directions: Directions
    package let loops: Loops

    package init(types: [NameId]?, _ directions: Directions, loops: Loops) {
        (self.types, self.directions, self.loops) = (types, directions, loops)
    }

    /// What is asked of an entry of one list, or nil if the list is not meant. A self-loop comes once with `.both`.
    @inline(__always)
    fileprivate func rule(_ part: UnsafeMutablePointer<AdjacencyPart>) -> EntryRule? {
        guard directions.contains(part.pointee.direction), types?.contains(part.pointee.type) ?? true else { return nil }
        let isSecond = directions == .both && part.pointee.direction == .in
        switch loops {
        case .included: return isSecond ? .others : .all
        case .excluded: return .others
        case .only: return isSecond ? nil : .itself
        }
    }
}

private enum EntryRule {
    case all
    /// Those that lead to another entity.
    case others
    case itself

    @inline(__always)
    func admits(_ neighbor: RowId, _ id: RowId) -> Bool {
        switch self {
        case .all: true
        case .others: neighbor != id
        case .itself: neighbor == id
        }
    }
}

/// Numbers of a dense array by id, and the largest of them, from which it follows whether sums can overflow.
package struct NeighborValues {
    let values: UnsafePointer<Int64>
    let count: Int
    let largest: Int64

    package init(_ values: UnsafePointer<Int64>, count: Int, largest: Int64) {
        (self.values, self.count, self.largest) = (values, count, largest)
    }

    @inline(__always)
    subscript(id: RowId) -> Int64 {
        let index = Int(truncatingIfNeeded: id)
        return index < count ? values[index] : 0
    }
}

extension GraphView {
    /// Begins counting over all entities: from here on their ids are below the number that is returned, which is the size of
    /// the arrays.
    package func beginCounting() throws(DeedError) -> Int {
        try requireUsable()
        if isNoting { _ = morsels(.entity, tables(.entity)) }
        return graph.entities.count &<< Int(Limits.segmentRowBits)
    }

    /// Segments of entities; those below the number that counting began with are worth a look.
    package func segmentCount(ids: Int) -> Int { ids &>> Int(Limits.segmentRowBits) }

    /// Multiplies the weights of a segment's entities by the sums over their lists; `values` nil: by the numbers of entries.
    /// An entity that the snapshot does not see has no entries.
    package func multiply(
        _ weights: UnsafeMutablePointer<Int64>, ofSegment number: Int, by wanted: ListsWanted, _ values: NeighborValues?
    ) throws(DeedError) {
        let sums = UnsafeMutablePointer<Int64>.allocate(capacity: Limits.vectorRows)
        defer { sums.deallocate() }
        try eachBlock(number, weights, [wanted]) { segment, rows, weights in
            sums.update(repeating: 0, count: rows.count)
            for index in 0..<segment.pointee.adjacencyCount {
                let part = segment.pointee.adjacency + index
                guard let rule = wanted.rule(part) else { continue }
                guard addSums(part, rows, rule, values, weights, sums, number) else { return false }
            }
            return Self.multiply(weights, by: sums, rows)
        }
    }

    /// Multiplies the weights of a segment's entities by how many ways there are to choose one entry of each of several
    /// lists, all with the same neighbour, weighted by its value. `marks`: arrays for all ids, one less than lists, all 0,
    /// which they are again afterwards.
    package func multiply(
        _ weights: UnsafeMutablePointer<Int64>, ofSegment number: Int, byCommon wanted: [ListsWanted],
        _ values: NeighborValues?, marks: [UnsafeMutablePointer<Int64>], ids: Int
    ) throws(DeedError) {
        guard marks.count == wanted.count &- 1 else { throw DeedError(.internalError, "arrays are missing for a count") }
        let sums = UnsafeMutablePointer<Int64>.allocate(capacity: Limits.vectorRows)
        let filter = NeighborFilter()
        defer {
            sums.deallocate()
            filter.deallocate()
        }
        try eachBlock(number, weights, wanted) { segment, rows, weights in
            for row in rows {
                let position = row &- rows.lowerBound
                sums[position] = 0
                if weights[row] == 0 || !mayHaveCommon(segment, row, wanted, filter) { continue }
                guard let sum = countCommon(segment, row, wanted, values, marks, ids) else { return false }
                sums[position] = sum
            }
            return Self.multiply(weights, by: sums, rows)
        }
    }

    /// False on overflow.
    @inline(__always)
    private static func multiply(
        _ weights: UnsafeMutablePointer<Int64>, by sums: UnsafePointer<Int64>, _ rows: Range<Int>
    ) -> Bool {
        var hasOverflow = false
        for row in rows {
            let (product, overflow) = weights[row].multipliedReportingOverflow(by: sums[row &- rows.lowerBound])
            weights[row] = product
            hasOverflow = hasOverflow || overflow
        }
        return !hasOverflow
    }

    /// Runs `body` for the rows of a segment in blocks, with the latch held and the lists in memory, and the segment's part
    /// of the weights. It returns false if a number became too large.
    private func eachBlock(
        _ number: Int, _ weights: UnsafeMutablePointer<Int64>, _ wanted: [ListsWanted],
        _ body: (SegmentRef, Range<Int>, UnsafeMutablePointer<Int64>) -> Bool
    ) throws(DeedError) {
        try requireUsable()
        let own = weights + number &* Limits.segmentRows
        guard let segment = graph.entities[number] else {
            own.update(repeating: 0, count: Limits.segmentRows)
            return
        }
        var first = 0
        while first < Limits.segmentRows {
            let rows = first..<(first &+ Limits.vectorRows)
            if isNoting { noteLists(own, rows, number, wanted) }
            segment.pointee.latch.lockShared()
            hideUnseen(segment, rows, own)
            let unloaded = unloadedPart(segment, wanted)
            let fits = unloaded != nil || body(segment, rows, own)
            segment.pointee.latch.unlockShared()
            if !fits { throw DeedError(.limitExceeded, "a count is larger than 9,223,372,036,854,775,807") }
            if let unloaded { try graph.loadPart(segment, unloaded) } else { first = rows.upperBound }
        }
    }

    private func unloadedPart(_ segment: SegmentRef, _ wanted: [ListsWanted]) -> Int? {
        (0..<segment.pointee.adjacencyCount).first { index in
            let part = segment.pointee.adjacency + index
            return !part.pointee.isLoaded && wanted.contains { $0.rule(part) != nil }
        }
    }

    /// Rows that are not there count nothing.
    private func hideUnseen(_ segment: SegmentRef, _ rows: Range<Int>, _ weights: UnsafeMutablePointer<Int64>) {
        if isWhole(segment) && rows.lowerBound >= segment.pointee.firstRow && rows.upperBound <= segment.pointee.rowCount {
            return
        }
        for row in rows where !segment.pointee.isVisible(row, to: snapshot) { weights[row] = 0 }
    }

    private func noteLists(
        _ weights: UnsafePointer<Int64>, _ rows: Range<Int>, _ number: Int, _ wanted: [ListsWanted]
    ) {
        note { reads in
            for row in rows where weights[row] != 0 {
                let id = rowId(segment: number, row: row)
                reads.note(.entity, id)
                for lists in wanted {
                    for type in lists.types ?? [] { reads.noteLists(id, type, lists.directions) }
                    if lists.types == nil { reads.noteLists(id, nil, lists.directions) }
                }
            }
        }
    }

    /// Copies the neighbours of a segment's entities, those of entity `id` from place `offsets[id]` on; `degrees` are their
    /// numbers, as `multiply` finds them.
    package func copyNeighbors(
        ofSegment number: Int, _ wanted: ListsWanted, degrees: UnsafeMutablePointer<Int64>, ids: Int,
        offsets: UnsafePointer<UInt32>, into targets: UnsafeMutablePointer<UInt32>
    ) throws(DeedError) {
        let own = offsets + number &* Limits.segmentRows
        try eachBlock(number, degrees, [wanted]) { segment, rows, degrees in
            for row in rows where degrees[row] != 0 {
                var place = Int(own[row])
                let end = Int(own[row &+ 1])
                forEachEntry(segment, row, wanted) { neighbor in
                    guard place < end && neighbor < UInt64(ids) else { return }
                    targets[place] = UInt32(truncatingIfNeeded: neighbor)
                    place &+= 1
                }
                // An id that nobody has.
                while place < end {
                    targets[place] = 0
                    place &+= 1
                }
            }
            return true
        }
    }

    // MARK: Sums

    /// Adds what each row's list in one part comes to; false on overflow.
    @inline(__always)
    private func addSums(
        _ part: UnsafeMutablePointer<AdjacencyPart>, _ rows: Range<Int>, _ rule: EntryRule, _ values: NeighborValues?,
        _ weights: UnsafePointer<Int64>, _ sums: UnsafeMutablePointer<Int64>, _ number: Int
    ) -> Bool {
        // No sum over a list can overflow if the largest value times the number of all entries does not.
        let bound = (values?.largest ?? 1).multipliedReportingOverflow(by: Int64(part.pointee.count))
        let isPlain = part.pointee.isSettled(for: snapshot) && !part.pointee.neighbors.isWide && !bound.overflow
        for row in rows where weights[row] != 0 {
            let position = row &- rows.lowerBound
            if isPlain && part.pointee.deltaHead(row) == 0 {
                let sum = plainSum(part, row, rule, values, number)
                let (total, overflow) = sums[position].addingReportingOverflow(sum)
                if overflow { return false }
                sums[position] = total
            } else if !addSum(part, row, rule, values, &sums[position], number) {
                return false
            }
        }
        return true
    }

    /// Over a list that is its base and nothing else.
    @inline(__always)
    private func plainSum(
        _ part: UnsafeMutablePointer<AdjacencyPart>, _ row: Int, _ rule: EntryRule, _ values: NeighborValues?, _ number: Int
    ) -> Int64 {
        let range = part.pointee.baseRange(row)
        if range.isEmpty { return 0 }
        let entries = part.pointee.neighbors.narrow
        let own = UInt32(truncatingIfNeeded: rowId(segment: number, row: row))
        var sum: Int64 = 0
        guard let values else {
            if case .all = rule { return Int64(range.count) }
            var loops: Int64 = 0
            for index in range { loops &+= entries[index] == own ? 1 : 0 }
            if case .itself = rule { return loops }
            return Int64(range.count) &- loops
        }
        switch rule {
        case .all: for index in range { sum &+= values[UInt64(entries[index])] }
        case .others: for index in range where entries[index] != own { sum &+= values[UInt64(entries[index])] }
        case .itself: for index in range where entries[index] == own { sum &+= values[UInt64(own)] }
        }
        return sum
    }

    /// Over any list, entry by entry; false on overflow.
    @inline(never)
    private func addSum(
        _ part: UnsafeMutablePointer<AdjacencyPart>, _ row: Int, _ rule: EntryRule, _ values: NeighborValues?,
        _ sum: inout Int64, _ number: Int
    ) -> Bool {
        var hasOverflow = false
        forEachEntry(part, row, rule, number) { neighbor in
            let (total, overflow) = sum.addingReportingOverflow(values?[neighbor] ?? 1)
            sum = total
            hasOverflow = hasOverflow || overflow
        }
        return !hasOverflow
    }

    /// The neighbours of the row's visible entries in one part.
    @inline(__always)
    private func forEachEntry(
        _ part: UnsafeMutablePointer<AdjacencyPart>, _ row: Int, _ rule: EntryRule, _ number: Int, _ body: (RowId) -> Void
    ) {
        let id = rowId(segment: number, row: row)
        let isSettled = part.pointee.isSettled(row, for: snapshot)
        part.pointee.forEach(row) { neighbor, relationship in
            guard rule.admits(neighbor, id) else { return }
            if isSettled || graph.isRelationshipVisible(relationship, snapshot) { body(neighbor) }
        }
    }

    // MARK: Common neighbours

    /// False only if the first two lists have no neighbour in common: then most rows need no look at the marks, which are
    /// all over the memory.
    @inline(__always)
    private func mayHaveCommon(
        _ segment: SegmentRef, _ row: Int, _ wanted: [ListsWanted], _ filter: NeighborFilter
    ) -> Bool {
        forEachEntry(segment, row, wanted[0]) { filter.insert($0) }
        var found: UInt64 = 0
        forEachEntry(segment, row, wanted[1]) { found |= filter.bit($0) }
        filter.clear()
        return found != 0
    }

    /// nil on overflow. Each list multiplies the marks that the one before it has left, and the last one gathers them.
    @inline(__always)
    private func countCommon(
        _ segment: SegmentRef, _ row: Int, _ wanted: [ListsWanted], _ values: NeighborValues?,
        _ marks: [UnsafeMutablePointer<Int64>], _ ids: Int
    ) -> Int64? {
        var sum: Int64 = 0
        var hasOverflow = false
        for (step, lists) in wanted.enumerated() {
            forEachEntry(segment, row, lists) { neighbor in
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
            forEachEntry(segment, row, wanted[step]) { neighbor in
                let index = Int(truncatingIfNeeded: neighbor)
                if index < ids { marks[step][index] = 0 }
            }
        }
        return hasOverflow ? nil : sum
    }

    @inline(__always)
    private func forEachEntry(_ segment: SegmentRef, _ row: Int, _ wanted: ListsWanted, _ body: (RowId) -> Void) {
        for index in 0..<segment.pointee.adjacencyCount {
            let part = segment.pointee.adjacency + index
            guard let rule = wanted.rule(part) else { continue }
            forEachEntry(part, row, rule, segment.pointee.number, body)
        }
    }
}

/// Ids, or at least the last bits of them; small enough to stay in the innermost cache.
private struct NeighborFilter {
    private static let words = 32
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
