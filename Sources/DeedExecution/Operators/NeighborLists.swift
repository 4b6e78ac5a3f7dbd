// The neighbours of all entities in one array, for counts that go through lists again and again: `targets[offsets[id]]` up to
// `targets[offsets[id + 1]]` are those of one entity. Copied out of the segments once, so that no latch is taken and nothing
// has to be looked up on the way.

import DeedEngine

final class NeighborLists {
    /// Valid as long as the lists are.
    struct View {
        let offsets: UnsafePointer<UInt32>
        let targets: UnsafePointer<UInt32>

        @inline(__always)
        func range(_ id: Int) -> Range<Int> { Int(offsets[id])..<Int(offsets[id &+ 1]) }

        /// The first neighbour; anything if there is none.
        @inline(__always)
        func first(_ id: Int) -> UInt32 { targets[Int(offsets[id])] }
    }

    private let offsets: UnsafeMutablePointer<UInt32>
    private let targets: UnsafeMutablePointer<UInt32>
    private let account: MemoryAccount

    var view: View { View(offsets: offsets, targets: targets) }

    /// Of the entities with ids below `ids`.
    init(_ wanted: ListsWanted, ids: Int, workers: Int, _ context: QueryContext) throws {
        let degrees = try CountVector(unfilled: ids, context)
        let view = context.view
        try context.share(view.blockCount(ids: ids), among: workers) {
            degrees.fill(block: $0)
            try view.multiply(degrees.values, ofBlock: $0, by: wanted, nil)
        }
        let total = try degrees.sum()
        guard total < Int64(UInt32.max), ids < Int(UInt32.max) else {
            throw DeedError(.outOfMemory, "counting with \(total) neighbours takes too much memory")
        }
        account = MemoryAccount(context)
        try account.charge((ids + 1 + Int(total) + 1) * MemoryLayout<UInt32>.stride)
        offsets = .allocate(capacity: ids + 1)
        // One more than there are, for the `first` of an empty list at the end.
        targets = .allocate(capacity: Int(total) + 1)
        targets[Int(total)] = 0
        var end: UInt32 = 0
        for id in 0..<ids {
            offsets[id] = end
            end &+= UInt32(truncatingIfNeeded: degrees.values[id])
        }
        offsets[ids] = end
        try context.share(view.blockCount(ids: ids), among: workers) {
            try view.copyNeighbors(ofBlock: $0, wanted, degrees: degrees.values, ids: ids, offsets: offsets, into: targets)
        }
    }

    deinit {
        offsets.deallocate()
        targets.deallocate()
    }
}
