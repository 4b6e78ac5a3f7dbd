// A table: the rows of one collection or relationship type. It knows its segments and which of them takes new rows.

import Synchronization

package final class Table: @unchecked Sendable {
    let kind: RowKind
    let name: NameId
    /// Rows committed and not deleted.
    let rowCount = Atomic<Int>(0)
    /// Guards `segmentNumbers` and the choice of `tail`; taken before any segment's latch.
    let growth = Mutex(Growth())

    struct Growth {
        /// In ascending order, but for segments that two bulk loads added at the same time.
        var segmentNumbers: [Int] = []
    }

    /// The segment that takes the next row, or nil. Published with release, read with acquire.
    let tail = Atomic<SegmentRef?>(nil)

    init(kind: RowKind, name: NameId) {
        self.kind = kind
        self.name = name
    }

    /// The segments of now, in ascending order of number.
    func segments() -> [Int] { growth.withLock { $0.segmentNumbers.sorted() } }

    func add(segment number: Int) { growth.withLock { $0.segmentNumbers.append(number) } }
}
