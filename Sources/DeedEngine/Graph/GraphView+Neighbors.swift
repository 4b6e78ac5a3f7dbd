// Neighbours by batches. A batch of entities is expanded list by list into the caller's arrays, and goes on where the
// arrays were full: the cursor counts the visible entries of a list that it has passed, which stay where they are
// whatever is merged or added meanwhile.
//
// Latches: an entity's segment is locked once for entities that follow each other, and within that, for entries that may
// not be visible, the segment of the relationship.

extension GraphView {
    /// Where an expansion of a batch of entities has got to.
    package struct ExpandCursor: @unchecked Sendable {
        /// The entity (position in the batch) and the position in its lists.
        package var input = 0
        package var list = 0
        /// Visible entries of the list that were passed.
        package var entry = 0
        /// Of a list that has to be looked at entry by entry: all entries passed, as long as the list is still the same.
        fileprivate var passed = 0
        fileprivate var fingerprint: AdjacencyPart.Fingerprint?

        package init() {}

        @inline(__always)
        fileprivate mutating func nextList() {
            list &+= 1
            (entry, passed, fingerprint) = (0, 0, nil)
        }

        @inline(__always)
        fileprivate mutating func nextInput() {
            input &+= 1
            list = 0
            (entry, passed, fingerprint) = (0, 0, nil)
        }
    }

    /// Which lists are meant.
    private struct ListFilter {
        let types: [NameId]?
        let only: NameId?
        let directions: Directions

        init(_ types: [NameId]?, _ directions: Directions) {
            (self.types, self.directions) = (types, directions)
            only = types?.count == 1 ? types?[0] : nil
        }

        @inline(__always)
        func matches(_ part: UnsafeMutablePointer<AdjacencyPart>) -> Bool {
            guard directions.contains(part.pointee.direction) else { return false }
            if let only { return part.pointee.type == only }
            return types?.contains(part.pointee.type) ?? true
        }

        /// True for a list whose self-loops come from another one.
        @inline(__always)
        func skipsLoops(_ part: UnsafeMutablePointer<AdjacencyPart>) -> Bool {
            directions == .both && part.pointee.direction == .in
        }
    }

    /// The caller's arrays.
    private struct Output {
        let parents: UnsafeMutablePointer<UInt32>
        let neighbors: UnsafeMutablePointer<UInt64>
        let relationships: UnsafeMutablePointer<UInt64>
        let max: Int
        var count = 0

        @inline(__always)
        mutating func append(_ parent: Int, _ neighbor: RowId, _ relationship: RowId) {
            parents[count] = UInt32(truncatingIfNeeded: parent)
            neighbors[count] = neighbor
            relationships[count] = relationship
            count &+= 1
        }
    }

    /// Expands entities in order, from the cursor on, until `max` results are there or the batch is done (then
    /// `cursor.input == count`). For each result: the position of the entity in the batch, the neighbour, the relationship.
    /// `types` nil: any. A self-loop comes once with `.both`. Deposits pheromone by sampling. An id of 0 has no neighbours,
    /// nor has an entity that the snapshot does not see.
    package func expand(
        _ entities: UnsafePointer<UInt64>, count: Int, types: [NameId]?, _ directions: Directions,
        _ cursor: inout ExpandCursor, parents: UnsafeMutablePointer<UInt32>, neighbors: UnsafeMutablePointer<UInt64>,
        relationships: UnsafeMutablePointer<UInt64>, max: Int
    ) throws(DeedError) -> Int {
        try requireUsable()
        if isNoting { noteLists(entities + cursor.input, count &- cursor.input, types, directions) }
        return try expand(
            entities, count, ListFilter(types, directions), &cursor,
            Output(parents: parents, neighbors: neighbors, relationships: relationships, max: max))
    }

    func noteLists(
        _ entities: UnsafePointer<UInt64>, _ count: Int, _ types: [NameId]?, _ directions: Directions
    ) {
        note { reads in
            for index in 0..<count where entities[index] != 0 {
                reads.note(.entity, entities[index])
                if let types {
                    for type in types { reads.noteLists(entities[index], type, directions) }
                } else {
                    reads.noteLists(entities[index], nil, directions)
                }
            }
        }
    }

    private func expand(
        _ entities: UnsafePointer<UInt64>, _ count: Int, _ filter: ListFilter, _ cursor: inout ExpandCursor,
        _ start: Output
    ) throws(DeedError) -> Int {
        var output = start
        while cursor.input < count && output.count < output.max {
            guard entities[cursor.input] != 0, let segment = graph.entities.segment(of: entities[cursor.input]) else {
                cursor.nextInput()
                continue
            }
            segment.pointee.latch.lockShared()
            let unloaded = expandRun(segment, entities, count, filter, &cursor, &output)
            segment.pointee.latch.unlockShared()
            if let unloaded { try graph.loadPart(segment, unloaded) }
        }
        if !graph.options.isReadOnly { deposit(output) }
        return output.count
    }

    /// Expands the entities of a locked segment that follow each other. Returns a list that must be read in first, or nil.
    @inline(__always)
    private func expandRun(
        _ segment: SegmentRef, _ entities: UnsafePointer<UInt64>, _ count: Int, _ filter: ListFilter,
        _ cursor: inout ExpandCursor, _ output: inout Output
    ) -> Int? {
        let number = segmentNumber(of: entities[cursor.input])
        let (parts, partCount) = (segment.pointee.adjacency, segment.pointee.adjacencyCount)
        repeat {
            let id = entities[cursor.input]
            let row = rowNumber(of: id)
            if segment.pointee.isVisible(row, to: snapshot) {
                while cursor.list < partCount {
                    let part = parts + cursor.list
                    if filter.matches(part) {
                        if !part.pointee.isLoaded { return cursor.list }
                        if !copyList(part, row, id, skipsLoops: filter.skipsLoops(part), &cursor, &output) { return nil }
                    }
                    cursor.nextList()
                }
            }
            cursor.nextInput()
        } while output.count < output.max && cursor.input < count && segmentNumber(of: entities[cursor.input]) == number
            && entities[cursor.input] != 0
        return nil
    }

    /// False if the arrays are full before the end of the list.
    @inline(__always)
    private func copyList(
        _ part: UnsafeMutablePointer<AdjacencyPart>, _ row: Int, _ id: RowId, skipsLoops: Bool,
        _ cursor: inout ExpandCursor, _ output: inout Output
    ) -> Bool {
        guard part.pointee.isSettled(row, for: snapshot) else {
            return copyVisible(part, row, id, skipsLoops: skipsLoops, &cursor, &output)
        }
        let base = part.pointee.baseRange(row)
        while cursor.entry < base.count {
            let copied = min(base.count &- cursor.entry, output.max &- output.count)
            if copied == 0 { return false }
            copyBase(part, base.lowerBound &+ cursor.entry, copied, id, skipsLoops: skipsLoops, cursor.input, &output)
            cursor.entry &+= copied
        }
        if part.pointee.deltaHead(row) == 0 { return true }
        return copyDelta(part, row, id, skipsLoops: skipsLoops, &cursor, &output)
    }

    @inline(__always)
    private func copyBase(
        _ part: UnsafeMutablePointer<AdjacencyPart>, _ first: Int, _ count: Int, _ id: RowId, skipsLoops: Bool,
        _ parent: Int, _ output: inout Output
    ) {
        let (neighbors, relationships) = (part.pointee.neighbors, part.pointee.relationships)
        if skipsLoops || neighbors.isWide || relationships.isWide {
            for index in first..<first &+ count {
                let neighbor = neighbors[index]
                output.append(parent, neighbor, relationships[index])
                if skipsLoops && neighbor == id { output.count &-= 1 }
            }
            return
        }
        let (from, rowsFrom) = (neighbors.narrow + first, relationships.narrow + first)
        let (to, rowsTo) = (output.neighbors + output.count, output.relationships + output.count)
        let parents = output.parents + output.count
        let parentNumber = UInt32(truncatingIfNeeded: parent)
        for index in 0..<count {
            to[index] = UInt64(from[index])
            rowsTo[index] = UInt64(rowsFrom[index])
            parents[index] = parentNumber
        }
        output.count &+= count
    }

    /// The entries of a settled list that are not in its base.
    @inline(never)
    private func copyDelta(
        _ part: UnsafeMutablePointer<AdjacencyPart>, _ row: Int, _ id: RowId, skipsLoops: Bool,
        _ cursor: inout ExpandCursor, _ output: inout Output
    ) -> Bool {
        var walk = ListWalk(part, row, skipping: cursor.entry)
        while let entry = walk.next() {
            if !skipsLoops || entry.neighbor != id {
                if output.count == output.max { return false }
                output.append(cursor.input, entry.neighbor, entry.relationship)
            }
            cursor.entry &+= 1
        }
        return true
    }

    /// The entries of a list whose relationships the snapshot sees.
    @inline(never)
    private func copyVisible(
        _ part: UnsafeMutablePointer<AdjacencyPart>, _ row: Int, _ id: RowId, skipsLoops: Bool,
        _ cursor: inout ExpandCursor, _ output: inout Output
    ) -> Bool {
        let fingerprint = part.pointee.fingerprint
        let isSame = cursor.fingerprint == fingerprint
        var walk = ListWalk(part, row, skipping: isSame ? cursor.passed : 0)
        if !isSame { cursor.passed = 0 }
        var toSkip = isSame ? 0 : cursor.entry
        cursor.fingerprint = fingerprint
        while let entry = walk.next() {
            if graph.isRelationshipVisible(entry.relationship, snapshot) {
                if toSkip > 0 {
                    toSkip &-= 1
                } else {
                    if !skipsLoops || entry.neighbor != id {
                        if output.count == output.max { return false }
                        output.append(cursor.input, entry.neighbor, entry.relationship)
                    }
                    cursor.entry &+= 1
                }
            }
            cursor.passed &+= 1
        }
        return true
    }

    private func deposit(_ output: Output) {
        // The draws are without memory, so that a sampler for each batch does as well as one for all.
        var sampler = DepositSampler(seed: mixed(seeds.add(1, ordering: .relaxed).oldValue))
        var position = -1
        while let next = sampler.next(in: output.count, from: position &+ 1) {
            graph.depositSample(on: output.relationships[next])
            position = next
        }
    }

    /// Unlike for neighbouring numbers, and for each view.
    private func mixed(_ number: UInt64) -> UInt64 {
        SplitMix.mixed(number &+ UInt64(UInt(bitPattern: Unmanaged.passUnretained(self).toOpaque())))
    }

    // MARK: Degrees

    /// The number of relationships of each entity; a self-loop counts once with `.both`. O(1) for a settled list without a
    /// delta, unless self-loops have to be found.
    package func degrees(
        _ entities: UnsafePointer<UInt64>, count: Int, types: [NameId]?, _ directions: Directions,
        into result: UnsafeMutablePointer<Int64>
    ) throws(DeedError) {
        try requireUsable()
        if isNoting { noteLists(entities, count, types, directions) }
        let filter = ListFilter(types, directions)
        var position = 0
        while position < count {
            guard entities[position] != 0, let segment = graph.entities.segment(of: entities[position]) else {
                result[position] = 0
                position &+= 1
                continue
            }
            let run = IdRun(entities, nil, from: position, count: count)
            segment.pointee.latch.lockShared()
            var unloaded: Int?
            while position < run.end {
                unloaded = countLists(segment, entities[position], filter, &result[position])
                if unloaded != nil { break }
                position &+= 1
            }
            segment.pointee.latch.unlockShared()
            if let unloaded { try graph.loadPart(segment, unloaded) }
        }
    }

    /// Counts an entity's relationships, unless a list must be read in first, which is returned.
    @inline(__always)
    private func countLists(_ segment: SegmentRef, _ id: RowId, _ filter: ListFilter, _ result: inout Int64) -> Int? {
        let row = rowNumber(of: id)
        var degree = 0
        guard segment.pointee.isVisible(row, to: snapshot) else {
            result = 0
            return nil
        }
        for index in 0..<segment.pointee.adjacencyCount {
            let part = segment.pointee.adjacency + index
            guard filter.matches(part) else { continue }
            if !part.pointee.isLoaded { return index }
            let skipsLoops = filter.skipsLoops(part)
            let isSettled = part.pointee.isSettled(row, for: snapshot)
            if isSettled && !skipsLoops {
                degree &+= part.pointee.entryCount(row)
            } else {
                part.pointee.forEach(row) { neighbor, relationship in
                    if skipsLoops && neighbor == id { return }
                    if isSettled || graph.isRelationshipVisible(relationship, snapshot) { degree &+= 1 }
                }
            }
        }
        result = Int64(degree)
        return nil
    }
}
