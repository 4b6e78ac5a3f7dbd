// Values of rows that are all over their tables, as those are that a join finds: their ids are divided by segment first, so that each
// segment is locked once and not for every row.

import DeedValues

extension GraphView {
    /// Values below which it is not worth it.
    private static let scatteredMin = 64
    /// Segments from the first to the last one: there is a number for each.
    private static let segmentSpanMax = 4_096

    /// False if the ids are not so many, or not so scattered, or there are values that are not plain; then nothing is done yet.
    func gatherScattered(
        _ directory: Directory, _ ids: UnsafePointer<UInt64>, _ count: Int, _ key: NameId, into column: inout GatheredColumn
    ) -> Bool {
        if count < Self.scatteredMin { return false }
        var changes = 0
        for place in 1..<Self.scatteredMin { changes &+= segmentNumber(of: ids[place]) != segmentNumber(of: ids[place &- 1]) ? 1 : 0 }
        if changes < Self.scatteredMin / 4 { return false }
        var (least, greatest) = (ids[0], ids[0])
        for place in 1..<count {
            least = min(least, ids[place])
            greatest = max(greatest, ids[place])
        }
        let first = Int(truncatingIfNeeded: segmentNumber(of: least))
        let span = Int(truncatingIfNeeded: segmentNumber(of: greatest)) &- first &+ 1
        if least == 0 || span > Self.segmentSpanMax { return false }
        return withUnsafeTemporaryAllocation(of: UInt32.self, capacity: span &+ 1 &+ count) { buffer in
            let starts = buffer.baseAddress.unsafelyUnwrapped
            let places = starts + (span &+ 1)
            divide(ids, count, first, span, starts, places)
            var start = 0
            for number in 0..<span {
                // Dividing has moved each start to its end.
                let end = Int(starts[number])
                let isDone = end == start
                    || copyScattered(directory, first &+ number, ids, places + start, end &- start, key, into: &column)
                if !isDone { return false }
                start = end
            }
            return true
        }
    }

    /// The places of the ids by segment; `starts` are the ends of its part for each segment.
    private func divide(
        _ ids: UnsafePointer<UInt64>, _ count: Int, _ first: Int, _ span: Int, _ starts: UnsafeMutablePointer<UInt32>,
        _ places: UnsafeMutablePointer<UInt32>
    ) {
        starts.initialize(repeating: 0, count: span &+ 1)
        for place in 0..<count { starts[Int(truncatingIfNeeded: segmentNumber(of: ids[place])) &- first &+ 1] &+= 1 }
        for number in 0..<span { starts[number &+ 1] &+= starts[number] }
        for place in 0..<count {
            let number = Int(truncatingIfNeeded: segmentNumber(of: ids[place])) &- first
            places[Int(starts[number])] = UInt32(truncatingIfNeeded: place)
            starts[number] &+= 1
        }
    }

    /// The values of those rows of one segment.
    private func copyScattered(
        _ directory: Directory, _ number: Int, _ ids: UnsafePointer<UInt64>, _ places: UnsafePointer<UInt32>, _ count: Int,
        _ key: NameId, into column: inout GatheredColumn
    ) -> Bool {
        guard let segment = directory[number] else { return false }
        segment.pointee.latch.lockShared()
        defer { segment.pointee.latch.unlockShared() }
        guard segment.pointee.isLoaded, isWhole(segment), let index = segment.pointee.columnIndex(key) else { return false }
        var highest = 0
        for place in 0..<count { highest = max(highest, rowNumber(of: ids[Int(places[place])])) }
        guard highest < segment.pointee.rowCount else { return false }
        return column.copyScattered(&segment.pointee.columns[index].chunk, ids, places, count, rows: highest &+ 1)
    }
}
