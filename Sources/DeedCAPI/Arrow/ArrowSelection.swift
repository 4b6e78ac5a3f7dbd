// Which rows of which batches a fill reads. A row number of the stream becomes a batch and a place in it through a
// small table: shift the number right to find a batch close by, then step forward. No search for each row.

import DeedEngine

/// The batches of a table, and where each begins.
final class ArrowBatchMap {
    let count: Int
    /// The first row of each batch, and at the end the number of rows.
    private let starts: UnsafeMutablePointer<Int>
    /// For each 2^shift rows, the batch that holds the first of them.
    private let nearby: UnsafeMutablePointer<UInt32>
    private let shift: Int

    init(rowCounts: [Int]) {
        count = rowCounts.count
        starts = .allocate(capacity: count + 1)
        starts[0] = 0
        for index in 0..<count { starts[index + 1] = starts[index] + rowCounts[index] }
        let total = starts[count]
        // About two cells for each batch; more would only take up cache.
        var shift = 0
        while total >> shift > 2 * count + 64 { shift += 1 }
        self.shift = shift
        let cells = (total >> shift) + 1
        nearby = .allocate(capacity: cells)
        var batch = 0
        for cell in 0..<cells {
            while batch + 1 < count && starts[batch + 1] <= cell << shift { batch += 1 }
            nearby[cell] = UInt32(batch)
        }
    }

    deinit {
        starts.deallocate()
        nearby.deallocate()
    }

    /// The batch of a row and its index there. The row must exist.
    @inline(__always)
    func locate(_ row: Int) -> (batch: Int, index: Int) {
        var batch = Int(nearby[row &>> shift])
        while starts[batch &+ 1] <= row { batch &+= 1 }
        return (batch, row &- starts[batch])
    }
}

/// Rows of one column: those listed in `rows`, or `count` of them from `first` on.
struct ArrowSelection {
    let views: UnsafePointer<ArrowView>
    let batches: ArrowBatchMap
    let rows: UnsafePointer<UInt32>?
    let first: Int
    let count: Int

    /// All rows must exist: what follows reads memory without looking.
    func check(rowCount: Int) throws(DeedError) {
        var isInside = count >= 0
        if let rows {
            var largest: UInt32 = 0
            for position in 0..<max(count, 0) { largest = max(largest, rows[position]) }
            isInside = isInside && (count == 0 || Int(largest) < rowCount)
        } else {
            isInside = isInside && first >= 0 && first <= rowCount && count <= rowCount - first
        }
        guard isInside else {
            throw DeedError(.invalidArgument, "a row of the Arrow stream that does not exist was asked for")
        }
    }

    /// The number that a row has in the stream.
    func row(at position: Int) -> Int { rows.map { Int($0[position]) } ?? first + position }

    /// Calls the body for every row, with its position among the selected ones.
    @inline(__always)
    func forEach(
        _ body: (_ position: Int, _ view: UnsafePointer<ArrowView>, _ index: Int) throws(DeedError) -> Void
    ) throws(DeedError) {
        guard let rows else {
            return try forEachRun { position, view, index, length throws(DeedError) in
                for step in 0..<length { try body(position &+ step, view, index &+ step) }
            }
        }
        if batches.count == 1 {
            for position in 0..<count { try body(position, views, Int(rows[position])) }
            return
        }
        for position in 0..<count {
            let (batch, index) = batches.locate(Int(rows[position]))
            try body(position, views + batch, index)
        }
    }

    /// For contiguous rows: calls the body for each stretch of them within one batch.
    @inline(__always)
    func forEachRun(
        _ body: (_ position: Int, _ view: UnsafePointer<ArrowView>, _ index: Int, _ length: Int) throws(DeedError) ->
            Void
    ) throws(DeedError) {
        guard count > 0 else { return }
        var (batch, index) = batches.locate(first)
        var position = 0
        while position < count {
            let length = min(count &- position, views[batch].length &- index)
            try body(position, views + batch, index, length)
            position &+= length
            batch &+= 1
            index = 0
        }
    }

    /// Sets a bit for each row that holds a value, in words that are zero, and counts them; nil when none can be null.
    func markPresent(_ field: ArrowField, _ words: UnsafeMutablePointer<UInt64>) throws(DeedError) -> Int? {
        var canBeNull = false
        var isIndirect = false
        for batch in 0..<batches.count {
            isIndirect = isIndirect || views[batch].hasIndirectNulls
            canBeNull = canBeNull || views[batch].validity != nil || isIndirect
        }
        guard canBeNull else { return nil }
        var present = 0
        if isIndirect {
            try forEach { position, view, index in
                let isThere: UInt64 = view.pointee.isPresent(index, field) ? 1 : 0
                words[position &>> 6] |= isThere &<< UInt64(truncatingIfNeeded: position & 63)
                present &+= Int(isThere)
            }
        } else {
            try forEach { position, view, index in
                let isThere: UInt64 = view.pointee.isValid(index) ? 1 : 0
                words[position &>> 6] |= isThere &<< UInt64(truncatingIfNeeded: position & 63)
                present &+= Int(isThere)
            }
        }
        return present
    }
}
