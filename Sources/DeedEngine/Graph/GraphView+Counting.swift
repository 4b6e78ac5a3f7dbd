// Counting along relationships without walking paths. A count for each entity is a number in a dense array, at the place of
// its id; one step of all paths at once is a pass over the lists of all entities, read where they are. It is made in blocks of
// rows, each under one hold of the segment's latch, and in any order.

extension GraphView {
    /// Begins counting over all entities: from here on their ids are below the number that is returned, which is the size of
    /// the arrays.
    package func beginCounting() throws(DeedError) -> Int {
        try requireUsable()
        if isNoting { _ = morsels(.entity, tables(.entity)) }
        return graph.entities.count &<< Int(Limits.segmentRowBits)
    }

    /// Ids of relationships are below this.
    package var relationshipIds: Int { graph.relationships.count &<< Int(Limits.segmentRowBits) }

    /// Blocks of so many entities are what the work is divided into: several threads may each count one at a time.
    package func blockCount(ids: Int) -> Int { ids / Limits.vectorRows }

    private static let blocksOfSegment = Limits.segmentRows / Limits.vectorRows

    /// Runs `body` for the rows of a block, with the segment's latch held and the lists in memory, and the weights of the
    /// segment's rows. It returns false if a number became too large.
    func inBlock(
        _ block: Int, _ weights: UnsafeMutablePointer<Int64>, _ wanted: [ListsWanted],
        _ body: (SegmentRef, Range<Int>, UnsafeMutablePointer<Int64>) -> Bool
    ) throws(DeedError) {
        try requireUsable()
        let (number, place) = block.quotientAndRemainder(dividingBy: Self.blocksOfSegment)
        let rows = (place &* Limits.vectorRows)..<((place &+ 1) &* Limits.vectorRows)
        let own = weights + number &* Limits.segmentRows
        guard let segment = graph.entities[number] else {
            for row in rows { own[row] = 0 }
            return
        }
        var loads = 0
        while true {
            if isNoting { noteLists(own, rows, number, wanted) }
            segment.pointee.latch.lockShared()
            hideUnseen(segment, rows, own)
            let unloaded = unloadedPart(segment, wanted)
            let loadsMax = 2 &* segment.pointee.adjacencyCount &+ 16
            let fits = unloaded != nil || body(segment, rows, own)
            segment.pointee.latch.unlockShared()
            if !fits { throw DeedError(.limitExceeded, "a count is larger than 9,223,372,036,854,775,807") }
            guard let unloaded else { return }
            // All of the lists are needed at once: where there is no room for that, one drives out the other.
            loads += 1
            if loads > loadsMax { throw DeedError(.outOfMemory, "no room for the lists of a segment to be counted") }
            try graph.loadPart(segment, unloaded)
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

    /// Copies the neighbours of a block's entities, those of entity `id` from place `offsets[id]` on; `degrees` are their
    /// numbers, as `multiply` finds them.
    package func copyNeighbors(
        ofBlock block: Int, _ wanted: ListsWanted, degrees: UnsafeMutablePointer<Int64>, ids: Int,
        offsets: UnsafePointer<UInt32>, into targets: UnsafeMutablePointer<UInt32>
    ) throws(DeedError) {
        try inBlock(block, degrees, [wanted]) { segment, rows, degrees in
            let own = offsets + segment.pointee.number &* Limits.segmentRows
            let lists = ChosenLists(segment, wanted, snapshot)
            defer { lists.deallocate() }
            for row in rows where degrees[row] != 0 {
                var place = Int(own[row])
                let end = Int(own[row &+ 1])
                forEachEntry(lists, row) { neighbor in
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
}
