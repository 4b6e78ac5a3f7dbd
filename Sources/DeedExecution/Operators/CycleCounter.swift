// Counts the cycles of a pattern, for one entity after the other that the root of its core (CountTerm.Core) can be.
//
// 1. Without the root the core is a forest, whose leaves are neighbours of the root. Each of its trees is hung up at a
//    neighbour of the root.
// 2. For an entity u at the root, the number of ways for each entity to be a certain node of a tree is a sparse vector: an
//    array of all entities, all 0, and the list of those that are not. A neighbour of the root begins with the list of u.
//    Any other node takes what its first child has, and pushes it along the lists between them.
// 3. Further children are pulled: each entity of a vector looks along its list at what the child's vector has there.
// 4. The product of what the trees come to is the number of matches at u.
//
// Nothing is sorted and no intersection is computed as such: a triangle marks one list of u, and looks up in the marks what
// the neighbours of its other list lead to.

import DeedEngine

final class CycleCounter {
    private struct Node {
        /// From the root to here; empty if there is no edge between them.
        var fromRoot: [NeighborLists.View] = []
        /// What hangs on an entity here apart from the core; nil: nothing.
        var weights: UnsafeMutablePointer<Int64>?
        var children: [Child] = []
        var numbers: UnsafeMutablePointer<Int64>
        /// Ids whose number is not 0.
        var touched: UnsafeMutablePointer<Int64>
        var touchedCount = 0
    }

    private struct Child {
        let node: Int
        let down: [NeighborLists.View]
        let up: [NeighborLists.View]
    }

    private let context: QueryContext
    private let ids: Int
    private var nodes: [Node] = []
    private var trees: [Int] = []
    /// One less than the most lists between two entities.
    private var marks: [UnsafeMutablePointer<Int64>] = []
    /// What the pointers are into.
    private var vectors: [CountVector] = []
    private var lists: [NeighborLists] = []
    private var hasOverflow = false
    /// Entries since somebody asked whether the query goes on.
    private var work = 0
    private static let workMax = 1 << 20

    /// `lists` gives the lists of an edge as seen from one of its ends, `weights` what hangs on the entities of a node.
    init(
        _ term: CountTerm, _ core: CountTerm.Core, ids: Int, _ context: QueryContext,
        lists: (CountTerm.Edge, Int) throws -> [NeighborLists], weights: (Int) throws -> CountVector?
    ) throws {
        (self.context, self.ids) = (context, ids)
        let edges = core.edges.sorted().map { term.edges[$0] }
        var known: Set<Int> = [core.root]
        for edge in edges where edge.from == core.root || edge.to == core.root {
            let top = edge.other(core.root)
            if known.contains(top) { continue }
            trees.append(try add(top, edges, core.root, &known, lists, weights))
        }
        for _ in 1..<(max(edges.map(\.lists.count).max() ?? 1, 1)) { marks.append(try vector()) }
    }

    /// Counts the same on another thread, with numbers and marks of its own, and keeps alive what the other one's are into.
    init(sharing other: CycleCounter, _ context: QueryContext) throws {
        (self.context, ids, trees, lists, vectors) = (context, other.ids, other.trees, other.lists, other.vectors)
        nodes = try other.nodes.map { node in
            var node = node
            (node.numbers, node.touched) = (try vector(), try vector())
            return node
        }
        marks = try other.marks.map { _ in try vector() }
    }

    private func vector() throws -> UnsafeMutablePointer<Int64> {
        let vector = try CountVector(count: ids, repeating: 0, context)
        vectors.append(vector)
        return vector.values
    }

    /// Adds a node with all that is below it.
    private func add(
        _ entity: Int, _ edges: [CountTerm.Edge], _ root: Int, _ known: inout Set<Int>,
        _ lists: (CountTerm.Edge, Int) throws -> [NeighborLists], _ weights: (Int) throws -> CountVector?
    ) throws -> Int {
        known.insert(entity)
        var node = Node(numbers: try vector(), touched: try vector())
        if let own = try weights(entity) {
            vectors.append(own)
            node.weights = own.values
        }
        for edge in edges where edge.from == entity || edge.to == entity {
            let other = edge.other(entity)
            if other == root {
                node.fromRoot = views(try lists(edge, root))
            } else if !known.contains(other) {
                let (down, up) = (views(try lists(edge, entity)), views(try lists(edge, other)))
                node.children.append(Child(node: try add(other, edges, root, &known, lists, weights), down: down, up: up))
            }
        }
        nodes.append(node)
        return nodes.count - 1
    }

    private func views(_ added: [NeighborLists]) -> [NeighborLists.View] {
        lists += added
        return added.map(\.view)
    }

    /// Multiplies the weight of each of some entities by the number of matches of the core with it at the root.
    func multiply(_ weights: UnsafeMutablePointer<Int64>, ids: Range<Int>) throws {
        for id in ids where weights[id] != 0 {
            for tree in trees where weights[id] != 0 {
                let (product, overflow) = weights[id].multipliedReportingOverflow(by: try total(tree, at: id))
                weights[id] = product
                if overflow || hasOverflow { throw CountVector.tooLarge }
            }
        }
    }

    // MARK: One entity at the root

    /// The ways to match a tree.
    private func total(_ tree: Int, at root: Int) throws -> Int64 {
        var total: Int64 = 0
        var overflows = false
        if nodes[tree].children.count == 1 && nodes[tree].fromRoot.count == 1 {
            // The numbers at the top are summed at once and need not be kept.
            let child = nodes[tree].children[0]
            try gather(child.node, at: root)
            let (list, weights) = (nodes[tree].fromRoot[0], nodes[tree].weights)
            for place in list.range(root) {
                let id = Int(list.targets[place])
                let weight = weights.map { $0[id] } ?? 1
                if weight == 0 { continue }
                add(weight, times: try pull(id, child), to: &total, &overflows)
            }
            clear(child.node)
        } else {
            try gather(tree, at: root)
            let node = nodes[tree]
            for index in 0..<node.touchedCount { add(node.numbers[Int(node.touched[index])], times: 1, to: &total, &overflows) }
            clear(tree)
        }
        if overflows { hasOverflow = true }
        return total
    }

    /// Computes the numbers of a node.
    private func gather(_ index: Int, at root: Int) throws {
        let isFirst = !nodes[index].fromRoot.isEmpty
        if isFirst {
            try spread(root, 1, nodes[index].fromRoot, into: index)
        } else if let child = nodes[index].children.first {
            try gather(child.node, at: root)
            let below = nodes[child.node]
            for place in 0..<below.touchedCount {
                let id = Int(below.touched[place])
                if below.numbers[id] != 0 { try spread(id, below.numbers[id], child.up, into: index) }
            }
            clear(child.node)
        }
        if let weights = nodes[index].weights { scale(index) { weights[$0] } }
        for child in nodes[index].children.dropFirst(isFirst ? 0 : 1) {
            try gather(child.node, at: root)
            try scale(index) { try pull($0, child) }
            clear(child.node)
        }
    }

    private func scale(_ index: Int, _ factor: (Int) throws -> Int64) rethrows {
        let node = nodes[index]
        var overflows = false
        for place in 0..<node.touchedCount {
            let id = Int(node.touched[place])
            if node.numbers[id] == 0 { continue }
            let (product, overflow) = node.numbers[id].multipliedReportingOverflow(by: try factor(id))
            node.numbers[id] = product
            overflows = overflows || overflow
        }
        if overflows { hasOverflow = true }
    }

    /// Adds a number to those of an entity's neighbours.
    private func spread(_ id: Int, _ number: Int64, _ lists: [NeighborLists.View], into index: Int) throws {
        let (numbers, touched) = (nodes[index].numbers, nodes[index].touched)
        var count = nodes[index].touchedCount
        var overflows = false
        try forEachCommon(id, lists) { neighbor, ways in
            // What was touched is not 0, since numbers are scaled only when all are there.
            if numbers[neighbor] == 0 {
                touched[count] = Int64(neighbor)
                count &+= 1
            }
            add(number, times: ways, to: &numbers[neighbor], &overflows)
        }
        nodes[index].touchedCount = count
        if overflows { hasOverflow = true }
    }

    /// The sum of a child's numbers over the neighbours of an entity.
    private func pull(_ id: Int, _ child: Child) throws -> Int64 {
        let numbers = nodes[child.node].numbers
        var sum: Int64 = 0
        var overflows = false
        try forEachCommon(id, child.down) { neighbor, ways in add(numbers[neighbor], times: ways, to: &sum, &overflows) }
        if overflows { hasOverflow = true }
        return sum
    }

    private func clear(_ index: Int) {
        let node = nodes[index]
        for place in 0..<node.touchedCount { node.numbers[Int(node.touched[place])] = 0 }
        nodes[index].touchedCount = 0
    }

    /// The entities to which all of the lists lead, each with the ways to do so; several times where a list does.
    @inline(__always)
    private func forEachCommon(_ id: Int, _ lists: [NeighborLists.View], _ body: (Int, Int64) -> Void) throws {
        let last = lists[lists.count &- 1]
        let range = last.range(id)
        work &+= range.count
        if work > Self.workMax { try askToGoOn() }
        if lists.count == 1 {
            for place in range { body(Int(last.targets[place]), 1) }
            return
        }
        mark(id, lists)
        let marks = marks[lists.count &- 2]
        for place in range {
            let neighbor = Int(last.targets[place])
            if marks[neighbor] != 0 { body(neighbor, marks[neighbor]) }
        }
        for step in 0..<(lists.count &- 1) {
            for place in lists[step].range(id) { self.marks[step][Int(lists[step].targets[place])] = 0 }
        }
    }

    /// Counts in the marks the ways to go along all of the lists but the last.
    private func mark(_ id: Int, _ lists: [NeighborLists.View]) {
        var overflows = false
        for step in 0..<(lists.count &- 1) {
            for place in lists[step].range(id) {
                let neighbor = Int(lists[step].targets[place])
                add(step == 0 ? 1 : marks[step &- 1][neighbor], times: 1, to: &marks[step][neighbor], &overflows)
            }
        }
        if overflows { hasOverflow = true }
    }

    @inline(never)
    private func askToGoOn() throws {
        work = 0
        try context.checkInterrupt()
    }

    @inline(__always)
    private func add(_ number: Int64, times factor: Int64, to sum: inout Int64, _ overflows: inout Bool) {
        let (product, overflow) = number.multipliedReportingOverflow(by: factor)
        let (total, overflowOfSum) = sum.addingReportingOverflow(product)
        sum = total
        overflows = overflows || overflow || overflowOfSum
    }
}
