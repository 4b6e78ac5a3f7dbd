// A part of a batch of ids whose rows are in the same segment.

struct IdRun {
    let start: Int
    let end: Int
    let highestRow: Int
    /// True if each id is one more than the one before it.
    let isSequence: Bool

    /// The longest run from a position on, whose id is not 0 and not null. O(its length).
    @inline(__always)
    init(_ ids: UnsafePointer<UInt64>, _ nulls: UnsafePointer<UInt8>?, from start: Int, count: Int) {
        let first = ids[start]
        self.start = start
        // A scan's ids follow each other. They are compared in blocks, which compiles to vector instructions.
        let room = min(count, start &+ Limits.segmentRows &- rowNumber(of: first))
        var end = start &+ 1
        if nulls == nil {
            while end &+ 16 <= room {
                var difference: UInt64 = 0
                for index in 0..<16 {
                    difference |= ids[end &+ index] ^ (first &+ UInt64(truncatingIfNeeded: end &+ index &- start))
                }
                if difference != 0 { break }
                end &+= 16
            }
        }
        while end < room && ids[end] == first &+ UInt64(truncatingIfNeeded: end &- start)
            && nulls.map({ $0[end] != 0 }) != true { end &+= 1 }
        var highest = first &+ UInt64(truncatingIfNeeded: end &- start &- 1)
        var isSequence = true
        let number = segmentNumber(of: first)
        while end < count && segmentNumber(of: ids[end]) == number && ids[end] != 0
            && nulls.map({ $0[end] != 0 }) != true {
            highest = max(highest, ids[end])
            isSequence = false
            end &+= 1
        }
        (self.end, self.isSequence, highestRow) = (end, isSequence, rowNumber(of: highest))
    }
}
