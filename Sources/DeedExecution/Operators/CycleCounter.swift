// Counts the cycles of a pattern, for one entity after the other that the root of its core (CountTerm.Core) can be.
//
// 1. Without the root the core is a forest, whose leaves are neighbours of the root. Each of its trees is hung up at a
//    neighbour of the root.
// 2. For an entity u at the root, the number of ways for each entity to be a certain node of a tree is a sparse vector
//    (SparseNumbers). A neighbour of the root begins with the list of u.
//    Any other node takes what its first child has, and pushes it along the lists between them.
// 3. Further children are pulled: each entity of a vector looks along its list at what the child's vector has there.
// 4. The product of what the trees come to is the number of matches at u.
//
// Lists lie all over the memory, and fetching one takes longer than going through it. So before some of them are gone through, one
// entry of each is read: the processor waits for all of these together, and not for one after the other.
//
// Several threads may count at the same time, each with a counter of its own for the same CycleShape.
//
// Nothing is sorted and no intersection is computed as such: a triangle marks one list of u, and looks up in the marks what
// the neighbours of its other list lead to.

import DeedEngine

final class CycleCounter {
    private let context: QueryContext
    private let shape: CycleShape
    /// By node.
    private let numbers: UnsafeMutableBufferPointer<SparseNumbers>
    /// One less than the most lists between two entities.
    private let marks: UnsafeMutableBufferPointer<UnsafeMutablePointer<Int64>>
    /// What the pointers are into.
    private var vectors: [CountVector] = []
    private var memories: [SparseNumbers.Memory] = []
    private var hasOverflow = false
    /// Entries since somebody asked whether the query goes on. Written for every list, and so by itself in a line of the cache, as
    /// is what follows.
    private let work: UnsafeMutablePointer<Int64>
    /// What was read only to be fetched, so that reading it has an effect.
    private let fetched: UnsafeMutablePointer<Int64>
    private static let workMax: Int64 = 1 << 20
    /// Lists that are fetched together: about as many as a processor waits for at a time.
    private static let fetchedMax = 16

    /// `ids`: places of the arrays.
    init(_ shape: CycleShape, ids: Int, _ context: QueryContext) throws {
        (self.context, self.shape) = (context, shape)
        let own = try CountVector(count: 2, repeating: 0, context)
        (work, fetched) = (own.values, own.values + 1)
        vectors.append(own)
        memories = try shape.nodes.map { _ in try SparseNumbers.Memory(count: ids, context) }
        vectors += try (0..<shape.markCount).map { _ in try CountVector(count: ids, repeating: 0, context) }
        numbers = .allocate(capacity: memories.count)
        _ = numbers.initialize(from: memories.map { SparseNumbers($0) })
        marks = .allocate(capacity: shape.markCount)
        _ = marks.initialize(from: vectors.dropFirst().map(\.values))
    }

    deinit {
        numbers.deallocate()
        marks.deallocate()
    }

    /// Multiplies the weight of each of some entities by the number of matches of the core with it at the root.
    func multiply(_ weights: UnsafeMutablePointer<Int64>, ids: Range<Int>) throws {
        for id in ids where weights[id] != 0 {
            for tree in shape.trees where weights[id] != 0 {
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
        let top = shape.nodes[tree]
        if top.children.count == 1 && top.fromRoot.count == 1 {
            // The numbers at the top are summed at once and need not be kept.
            let child = top.children[0]
            try gather(child.node, at: root)
            let list = top.fromRoot[0]
            try forEach(list.range(root), fetching: child.down, { Int(list.targets[$0]) }) { id in
                let weight = top.weights.map { $0[id] } ?? 1
                if weight != 0 { add(weight, times: try pull(id, child), to: &total, &overflows) }
            }
            numbers[child.node].clear()
        } else {
            try gather(tree, at: root)
            let numbers = numbers[tree]
            for place in 0..<numbers.count { add(numbers[numbers.id(place)], times: 1, to: &total, &overflows) }
            numbers.clear()
        }
        if overflows { hasOverflow = true }
        return total
    }

    /// Computes the numbers of a node.
    private func gather(_ index: Int, at root: Int) throws {
        let node = shape.nodes[index]
        let isFirst = !node.fromRoot.isEmpty
        if isFirst {
            try spread(root, 1, node.fromRoot, into: index)
        } else if let child = node.children.first {
            try gather(child.node, at: root)
            let below = numbers[child.node]
            try forEach(0..<below.count, fetching: child.up, { below.id($0) }) { id in
                if below[id] != 0 { try spread(id, below[id], child.up, into: index) }
            }
            below.clear()
        }
        if let weights = node.weights { scale(index, fetching: nil) { weights[$0] } }
        for child in node.children.dropFirst(isFirst ? 0 : 1) {
            try gather(child.node, at: root)
            try scale(index, fetching: child.down) { try pull($0, child) }
            numbers[child.node].clear()
        }
    }

    private func scale(_ index: Int, fetching lists: CycleShape.Lists?, _ factor: (Int) throws -> Int64) rethrows {
        let numbers = numbers[index]
        var overflows = false
        try forEach(0..<numbers.count, fetching: lists, { numbers.id($0) }) { id in
            if numbers[id] == 0 { return }
            let isTooLarge = numbers.multiply(id, by: try factor(id))
            overflows = overflows || isTooLarge
        }
        if overflows { hasOverflow = true }
    }

    /// The ids at some places, whose lists are about to be gone through.
    @inline(__always)
    private func forEach(
        _ places: Range<Int>, fetching lists: CycleShape.Lists?, _ id: (Int) -> Int, _ body: (Int) throws -> Void
    ) rethrows {
        var place = places.lowerBound
        while place < places.upperBound {
            let end = min(place &+ Self.fetchedMax, places.upperBound)
            if let lists {
                var some: UInt32 = 0
                for list in lists { for next in place..<end { some ^= list.first(id(next)) } }
                fetched.pointee ^= Int64(some)
            }
            while place < end {
                try body(id(place))
                place &+= 1
            }
        }
    }

    /// Adds a number to those of an entity's neighbours.
    private func spread(_ id: Int, _ number: Int64, _ lists: CycleShape.Lists, into index: Int) throws {
        let numbers = numbers[index]
        var overflows = false
        try forEachCommon(id, lists) { neighbor, ways in
            let isTooLarge = numbers.add(number, times: ways, to: neighbor)
            overflows = overflows || isTooLarge
        }
        if overflows { hasOverflow = true }
    }

    /// The sum of a child's numbers over the neighbours of an entity.
    private func pull(_ id: Int, _ child: CycleShape.Child) throws -> Int64 {
        let numbers = numbers[child.node]
        var sum: Int64 = 0
        var overflows = false
        try forEachCommon(id, child.down) { neighbor, ways in
            if numbers.mayHave(neighbor) { add(numbers[neighbor], times: ways, to: &sum, &overflows) }
        }
        if overflows { hasOverflow = true }
        return sum
    }

    /// The entities to which all of the lists lead, each with the ways to do so; several times where a list does.
    @inline(__always)
    private func forEachCommon(_ id: Int, _ lists: CycleShape.Lists, _ body: (Int, Int64) -> Void) throws {
        let last = lists[lists.count &- 1]
        let range = last.range(id)
        work.pointee &+= Int64(range.count)
        if work.pointee > Self.workMax { try askToGoOn() }
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
    private func mark(_ id: Int, _ lists: CycleShape.Lists) {
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
        work.pointee = 0
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
