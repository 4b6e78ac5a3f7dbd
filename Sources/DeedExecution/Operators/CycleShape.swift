// What a CycleCounter goes through for each entity that the root of a core can be (CountTerm.Core): trees of nodes, and the lists
// between them. Made once, and read by all threads that count.
//
// It lies in memory that counts no references, since every list that is gone through would write such a count, and each thread
// would wait for the others' cores to hand it over.

import DeedEngine

final class CycleShape {
    typealias Lists = UnsafeBufferPointer<NeighborLists.View>

    struct Node {
        /// From the root to here; empty if there is no edge between them.
        let fromRoot: Lists
        /// What hangs on an entity here apart from the core; nil: nothing.
        let weights: UnsafeMutablePointer<Int64>?
        let children: UnsafeBufferPointer<Child>
    }

    struct Child {
        let node: Int
        let down: Lists
        let up: Lists
    }

    private(set) var nodes = UnsafeBufferPointer<Node>(start: nil, count: 0)
    /// The nodes at the top.
    private(set) var trees = UnsafeBufferPointer<Int>(start: nil, count: 0)
    /// One less than the most lists between two entities.
    let markCount: Int
    /// What the pointers are into.
    private var vectors: [CountVector] = []
    private var lists: [NeighborLists] = []
    private var memory: [UnsafeMutableRawPointer] = []

    /// `lists` gives the lists of an edge as seen from one of its ends, `weights` what hangs on the entities of a node.
    init(
        _ term: CountTerm, _ core: CountTerm.Core, lists: (CountTerm.Edge, Int) throws -> [NeighborLists],
        weights: (Int) throws -> CountVector?
    ) throws {
        let edges = core.edges.sorted().map { term.edges[$0] }
        markCount = max(edges.map(\.lists.count).max() ?? 1, 1) - 1
        var known: Set<Int> = [core.root]
        var (nodes, trees): ([Node], [Int]) = ([], [])
        for edge in edges where edge.from == core.root || edge.to == core.root {
            let top = edge.other(core.root)
            if known.contains(top) { continue }
            trees.append(try add(top, edges, core.root, &known, &nodes, lists, weights))
        }
        (self.nodes, self.trees) = (keep(nodes), keep(trees))
    }

    deinit { for piece in memory { piece.deallocate() } }

    /// Adds a node with all that is below it.
    private func add(
        _ entity: Int, _ edges: [CountTerm.Edge], _ root: Int, _ known: inout Set<Int>, _ nodes: inout [Node],
        _ lists: (CountTerm.Edge, Int) throws -> [NeighborLists], _ weights: (Int) throws -> CountVector?
    ) throws -> Int {
        known.insert(entity)
        let weights = (own: try weights(entity), ofOthers: weights)
        if let own = weights.own { vectors.append(own) }
        var fromRoot = Lists(start: nil, count: 0)
        var children: [Child] = []
        for edge in edges where edge.from == entity || edge.to == entity {
            let other = edge.other(entity)
            if other == root {
                fromRoot = views(try lists(edge, root))
            } else if !known.contains(other) {
                let (down, up) = (views(try lists(edge, entity)), views(try lists(edge, other)))
                let node = try add(other, edges, root, &known, &nodes, lists, weights.ofOthers)
                children.append(Child(node: node, down: down, up: up))
            }
        }
        nodes.append(Node(fromRoot: fromRoot, weights: weights.own?.values, children: keep(children)))
        return nodes.count - 1
    }

    private func views(_ added: [NeighborLists]) -> Lists {
        lists += added
        return keep(added.map(\.view))
    }

    private func keep<Item: BitwiseCopyable>(_ items: [Item]) -> UnsafeBufferPointer<Item> {
        let copy = UnsafeMutableBufferPointer<Item>.allocate(capacity: items.count)
        _ = copy.initialize(from: items)
        if let start = copy.baseAddress { memory.append(UnsafeMutableRawPointer(start)) }
        return UnsafeBufferPointer(copy)
    }
}
