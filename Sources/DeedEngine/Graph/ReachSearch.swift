// Breadth-first search from several entities at once, for queries: each entity that any of them leads to, once. What is
// visited is a bit in the scratch space of traversals; the search is advanced by and by, so that its caller can end it.

package final class ReachSearch {
    private let view: GraphView
    private let scratch: TraversalScratch
    /// nil: any.
    private let types: [NameId]?
    private let directions: Directions
    private let depthMax: Int
    private let starts: [RowId]
    /// The starts, if they are among the results.
    private let ownCount: Int
    private var depth = 0
    /// The next entity to expand and the end of its level: among the starts at first, and then among the results.
    private var next = 0
    private var levelEnd: Int

    /// `includesStarts`: the starts belong to the results; otherwise only if something leads back to them.
    package init(
        _ view: GraphView, from starts: [RowId], types: [NameId]?, _ directions: Directions, includesStarts: Bool,
        depthMax: Int
    ) throws(DeedError) {
        try view.requireUsable()
        (self.view, self.starts, self.types, self.directions) = (view, starts, types, directions)
        self.depthMax = depthMax
        scratch = try view.graph.takeScratch()
        levelEnd = starts.count
        scratch.prepare(segments: view.graph.entities.count)
        do throws(DeedError) {
            if includesStarts { for start in starts { try Self.visit(start, scratch, view.graph) } }
        } catch {
            view.graph.giveBack(scratch)
            throw error
        }
        ownCount = scratch.count
    }

    deinit {
        if !view.graph.options.isReadOnly {
            for relationship in scratch.sampled { view.graph.depositSample(on: relationship) }
        }
        view.graph.giveBack(scratch)
    }

    private static func visit(_ id: RowId, _ scratch: TraversalScratch, _ graph: Graph) throws(DeedError) {
        scratch.visit(id)
        while scratch.isFull {
            try graph.makeRoom(for: scratch.growthBytes)
            try scratch.grow()
            scratch.visit(id)
        }
    }

    /// What was found so far, in order of depth. Valid until the search advances.
    package var ids: UnsafePointer<RowId> { UnsafePointer(scratch.reached) }
    package var count: Int { scratch.count }

    /// Expands up to so many entities; false if nothing is left to do.
    package func advance(_ expansions: Int) throws(DeedError) -> Bool {
        try view.requireUsable()
        var left = expansions
        while depth < depthMax {
            while next < levelEnd {
                if left == 0 { return true }
                let id = depth == 0 ? starts[next] : scratch.reached[next]
                try expand(id)
                if scratch.isFull {
                    try view.graph.makeRoom(for: scratch.growthBytes)
                    try scratch.grow()
                    continue
                }
                next &+= 1
                left &-= 1
            }
            if depth == 0 { next = ownCount }
            levelEnd = scratch.count
            if next == levelEnd { return false }
            depth += 1
        }
        return false
    }

    @inline(__always)
    private func expand(_ id: RowId) throws(DeedError) {
        if view.isNoting {
            var noted = id
            view.noteLists(&noted, 1, types, directions)
        }
        guard let types else {
            try view.graph.expand(id, nil, directions, view.snapshot, scratch)
            return
        }
        for type in types { try view.graph.expand(id, type, directions, view.snapshot, scratch) }
    }
}
