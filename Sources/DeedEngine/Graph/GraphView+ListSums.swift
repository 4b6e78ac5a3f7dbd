// One step of all paths at once:
//
//     weights[entity] *= sum of values[neighbour] over the entity's list
//
// which is a product of a sparse matrix and a vector. Entities whose weight is 0 are passed over.

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
    /// Multiplies the weights of a block's entities by the sums over their lists; `values` nil: by the numbers of entries.
    /// An entity that the snapshot does not see has no entries.
    package func multiply(
        _ weights: UnsafeMutablePointer<Int64>, ofBlock block: Int, by wanted: ListsWanted, _ values: NeighborValues?
    ) throws(DeedError) {
        let sums = UnsafeMutablePointer<Int64>.allocate(capacity: Limits.vectorRows)
        defer { sums.deallocate() }
        try inBlock(block, weights, [wanted]) { segment, rows, weights in
            sums.update(repeating: 0, count: rows.count)
            for index in 0..<segment.pointee.adjacencyCount {
                let part = segment.pointee.adjacency + index
                guard let rule = wanted.rule(part) else { continue }
                guard addSums(part, rows, (rule, wanted.mask), values, weights, sums, segment.pointee.number) else { return false }
            }
            return Self.multiply(weights, by: sums, rows)
        }
    }

    /// False on overflow.
    @inline(__always)
    static func multiply(
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

    /// Adds what each row's list in one part comes to; false on overflow.
    @inline(__always)
    private func addSums(
        _ part: UnsafeMutablePointer<AdjacencyPart>, _ rows: Range<Int>, _ wanted: (rule: EntryRule, mask: RelationshipMask?),
        _ values: NeighborValues?, _ weights: UnsafePointer<Int64>, _ sums: UnsafeMutablePointer<Int64>, _ number: Int
    ) -> Bool {
        let (rule, mask) = wanted
        // No sum over a list can overflow if the largest value times the number of all entries does not.
        let bound = (values?.largest ?? 1).multipliedReportingOverflow(by: Int64(part.pointee.count))
        let isPlain = part.pointee.isSettled(for: snapshot) && !part.pointee.neighbors.isWide && !bound.overflow && mask == nil
        if isPlain && part.pointee.deltaCount == 0 {
            guard let isDone = addPlainSums(part, rows, rule, values, weights, sums, number) else { return false }
            if isDone { return true }
        }
        for row in rows where weights[row] != 0 {
            let position = row &- rows.lowerBound
            if isPlain && part.pointee.deltaHead(row) == 0 {
                let sum = plainSum(part, row, rule, values, number)
                let (total, overflow) = sums[position].addingReportingOverflow(sum)
                if overflow { return false }
                sums[position] = total
            } else if !addSum(part, row, wanted, values, &sums[position], number) {
                return false
            }
        }
        return true
    }

    /// The same for a part that is its base and nothing else, in loops that only loop. False if nothing was added, because the
    /// case is a rare one; nil on overflow.
    @inline(__always)
    private func addPlainSums(
        _ part: UnsafeMutablePointer<AdjacencyPart>, _ rows: Range<Int>, _ rule: EntryRule, _ values: NeighborValues?,
        _ weights: UnsafePointer<Int64>, _ sums: UnsafeMutablePointer<Int64>, _ number: Int
    ) -> Bool? {
        let own = rows.lowerBound..<max(rows.lowerBound, min(rows.upperBound, part.pointee.baseRows))
        guard let offsets = part.pointee.offsets, part.pointee.baseCount > 0, !own.isEmpty else { return true }
        let entries = part.pointee.neighbors.narrow
        let first = rows.lowerBound
        var hasOverflow = false
        switch (rule, values) {
        case (.all, nil):
            for row in own { sums[row &- first] &+= Int64(offsets[row &+ 1] &- offsets[row]) }
        case (.itself, nil):
            for row in own {
                let id = UInt32(truncatingIfNeeded: rowId(segment: number, row: row))
                var loops: Int64 = 0
                for index in Int(offsets[row])..<Int(offsets[row &+ 1]) where entries[index] == id { loops &+= 1 }
                sums[row &- first] &+= loops
            }
        case (.all, let values?):
            let (numbers, count) = (values.values, UInt32(clamping: values.count))
            for row in own where weights[row] != 0 {
                var sum: Int64 = 0
                for index in Int(offsets[row])..<Int(offsets[row &+ 1]) {
                    let neighbor = entries[index]
                    sum &+= neighbor < count ? numbers[Int(neighbor)] : 0
                }
                let (total, overflow) = sums[row &- first].addingReportingOverflow(sum)
                sums[row &- first] = total
                hasOverflow = hasOverflow || overflow
            }
        default: return false
        }
        return hasOverflow ? nil : true
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
        _ part: UnsafeMutablePointer<AdjacencyPart>, _ row: Int, _ wanted: (rule: EntryRule, mask: RelationshipMask?),
        _ values: NeighborValues?, _ sum: inout Int64, _ number: Int
    ) -> Bool {
        var hasOverflow = false
        forEachEntry(part, row, wanted.rule, wanted.mask, number) { neighbor in
            let (total, overflow) = sum.addingReportingOverflow(values?[neighbor] ?? 1)
            sum = total
            hasOverflow = hasOverflow || overflow
        }
        return !hasOverflow
    }
}
