// A pattern of which only the number of matches is wanted.
//
// Where relationships may be the same one, matches are counted without making them: entity by entity, from the ends of the
// pattern to its root. That relationships differ is a matter of inclusion and exclusion. With R the pairs that must differ,
//
//     matches = sum over the subsets S of R of (-1)^|S| * (matches in which the pairs of S are the same)
//
// and in which relationships are the same depends only on the parts that S connects. A pattern in which some relationships
// are one is a smaller pattern, whose entities are merged as the ends of that relationship require: a CountTerm.

import DeedValues

package struct CountedPattern: Sendable {
    package struct Entity: Sendable {
        package var slot: Slot
        /// Every one of them must pass.
        package var labels: [LabelTest] = []
        package var filters: [Expr] = []
        package init(slot: Slot) { self.slot = slot }

        var isFree: Bool { labels.isEmpty && filters.isEmpty }
    }

    /// Between entities by position; `both` or `out`.
    package struct Relationship: Sendable {
        package var from: Int
        package var to: Int
        /// Empty: any.
        package var types: [String]
        package var isDirected: Bool
        /// nil: nobody asks for it.
        package var slot: Slot?
        /// Of the relationship and, if it has a direction, its ends; every one of them must pass.
        package var filters: [Expr] = []

        package init(_ slot: Slot?, from: Int, to: Int, types: [String], _ direction: ExpandDirection) {
            (self.from, self.to) = direction == .in ? (to, from) : (from, to)
            (self.slot, self.types, isDirected) = (slot, types, direction != .both)
        }
    }

    package var entities: [Entity]
    package var relationships: [Relationship]
    /// Pairs that must not be the same relationship, by position.
    package var differing: [(Int, Int)]
    /// The entity for which matches are counted apart; nil: all of them together.
    package var root: Int?
    /// The number of matches.
    package var count: Slot

    package init(
        entities: [Entity], relationships: [Relationship], differing: [(Int, Int)], root: Int?, count: Slot
    ) {
        (self.entities, self.relationships, self.differing) = (entities, relationships, differing)
        (self.root, self.count) = (root, count)
    }

    /// Bounds the subsets that have to be gone through.
    private static let differingMax = 10
    private static let relationshipsMax = 16

    /// What matches come to as a sum; nil where it would have too many terms, or one that cannot be counted this way.
    package func terms() -> [CountTerm]? {
        guard differing.count <= Self.differingMax, relationships.count <= Self.relationshipsMax else { return nil }
        var factors: [[Int]: Int] = [:]
        for subset in 0..<(1 << differing.count) {
            var parts = Partition(relationships.count)
            for (position, pair) in differing.enumerated() where subset & (1 << position) != 0 { parts.merge(pair.0, pair.1) }
            factors[parts.numbers, default: 0] += subset.nonzeroBitCount % 2 == 0 ? 1 : -1
        }
        var terms: [CountTerm] = []
        for (numbers, factor) in factors.sorted(by: { $0.key.lexicographicallyPrecedes($1.key) }) where factor != 0 {
            for links in merged(numbers) {
                guard var term = CountTerm(factor: factor, entities: entities.count, links) else { continue }
                guard term.findCore(root: root) else { return nil }
                terms.append(term)
            }
        }
        return terms
    }

    /// The ways in which the relationships of each part can be one: what is left of the relationships, and the entities that
    /// are merged.
    private func merged(_ numbers: [Int]) -> [[CountTerm.Link]] {
        var ways: [[CountTerm.Link]] = [[]]
        for part in Set(numbers).sorted() {
            let positions = relationships.indices.filter { numbers[$0] == part }
            let options = merged(positions.map { relationships[$0] }, positions.filter { !relationships[$0].filters.isEmpty })
            ways = ways.flatMap { way in options.map { way + [$0] } }
        }
        return ways
    }

    private func merged(_ members: [Relationship], _ masks: [Int]) -> [CountTerm.Link] {
        guard let types = commonTypes(members) else { return [] }
        let first = members.first(where: \.isDirected) ?? members[0]
        func link(_ ends: [(Int, Int)], isLoop: Bool?) -> CountTerm.Link {
            CountTerm.Link(
                from: first.from, to: first.to, types: types, masks: masks, isDirected: first.isDirected, isLoop: isLoop,
                merges: ends.flatMap { [($0.0, first.from), ($0.1, first.to)] })
        }
        let along = members.map { ($0.from, $0.to) }
        if members.count == 1 || members.allSatisfy(\.isDirected) { return [link(along, isLoop: nil)] }
        // One without direction is passed either way, which is the same way for a self-loop.
        var ways: [[(Int, Int)]] = [[]]
        for member in members {
            let isFree = !member.isDirected && !(member.from == first.from && member.to == first.to)
            let options = [(member.from, member.to)] + (isFree ? [(member.to, member.from)] : [])
            ways = ways.flatMap { way in options.map { way + [$0] } }
        }
        return [link(along + [(first.to, first.from)], isLoop: true)] + ways.map { link($0, isLoop: false) }
    }

    /// The types that all of them can have; nil if there are none.
    private func commonTypes(_ members: [Relationship]) -> [NameKey]? {
        var common: [NameKey] = []
        for member in members where !member.types.isEmpty {
            let types = member.types.map { NameKey($0) }
            common = common.isEmpty ? types : common.filter(types.contains)
            if common.isEmpty { return nil }
        }
        return common
    }
}

/// A pattern all of whose relationships may be the same or not, and how often its matches count.
package struct CountTerm: Sendable {
    /// A relationship before entities are merged.
    struct Link {
        let from: Int
        let to: Int
        let types: [NameKey]
        /// Relationships of the pattern whose filters it has to pass, by position.
        let masks: [Int]
        let isDirected: Bool
        /// Whether its ends are one; nil: that does not matter.
        let isLoop: Bool?
        let merges: [(Int, Int)]
    }

    struct Loop: Sendable {
        let entity: Int
        let types: [NameKey]
        let masks: [Int]
    }

    /// Relationships between two entities.
    struct Edge: Sendable {
        let from: Int
        let to: Int
        var lists: [List]

        /// As seen from one of its ends.
        func lists(from entity: Int) -> [List] { entity == from ? lists : lists.map(\.reversed) }

        func other(_ entity: Int) -> Int { entity == from ? to : from }
    }

    /// What is left of a pattern with cycles when its leaves are taken away again and again. Without its root it has no
    /// cycles any more.
    struct Core: Sendable {
        let root: Int
        /// By position.
        let edges: Set<Int>
    }

    struct List: Sendable, Equatable {
        let types: [NameKey]
        let masks: [Int]
        let direction: ExpandDirection
        let skipsLoops: Bool

        var reversed: List {
            List(
                types: types, masks: masks, direction: direction == .out ? .in : direction == .in ? .out : .both,
                skipsLoops: skipsLoops)
        }
    }

    package let factor: Int
    /// For each entity of the pattern the one that it is here.
    let numbers: [Int]
    let entityCount: Int
    private(set) var loops: [Loop] = []
    private(set) var edges: [Edge] = []
    /// nil for a tree.
    private(set) var core: Core?

    package var needsLoops: Bool { !loops.isEmpty }

    /// nil if nothing can match: a relationship between different entities would have to be a self-loop.
    init?(factor: Int, entities: Int, _ links: [Link]) {
        self.factor = factor
        var parts = Partition(entities)
        for link in links { for (left, right) in link.merges { parts.merge(left, right) } }
        numbers = parts.numbers
        entityCount = (numbers.max() ?? -1) + 1
        for link in links {
            let (from, to) = (numbers[link.from], numbers[link.to])
            if from == to {
                if link.isLoop == false { return nil }
                loops.append(Loop(entity: from, types: link.types, masks: link.masks))
                continue
            }
            let list = List(
                types: link.types, masks: link.masks, direction: link.isDirected ? .out : .both,
                skipsLoops: link.isLoop == false)
            if let known = edges.firstIndex(where: { $0.from == from && $0.to == to }) {
                edges[known].lists.append(list)
            } else if let known = edges.firstIndex(where: { $0.from == to && $0.to == from }) {
                edges[known].lists.append(list.reversed)
            } else {
                edges.append(Edge(from: from, to: to, lists: [list]))
            }
        }
    }

    // MARK: Cycles

    /// Finds what lies on cycles, so that it can be counted for each entity that `root` of the pattern can be; false if that
    /// takes more than one entity that is on all of them.
    fileprivate mutating func findCore(root: Int?) -> Bool {
        var left = Set(edges.indices)
        while let leaf = left.first(where: { index in
            [edges[index].from, edges[index].to].contains { degree($0, in: left) == 1 }
        }) { left.remove(leaf) }
        if left.isEmpty { return true }
        let members = Set(left.flatMap { [edges[$0].from, edges[$0].to] })
        let candidates = root.map { [nearest(to: numbers[$0], among: members)] }
            ?? members.sorted { (degree($0, in: left), $1) > (degree($1, in: left), $0) }
        guard let root = candidates.first(where: { isForest(left, without: $0) }) else { return false }
        core = Core(root: root, edges: left)
        return true
    }

    /// Edges at an entity.
    func degree(_ entity: Int) -> Int { degree(entity, in: Set(edges.indices)) }

    private func degree(_ entity: Int, in some: Set<Int>) -> Int {
        some.reduce(0) { $0 + (edges[$1].from == entity || edges[$1].to == entity ? 1 : 0) }
    }

    /// The first of the members on the way from an entity.
    private func nearest(to entity: Int, among members: Set<Int>) -> Int {
        var reached = [entity]
        var next = 0
        while next < reached.count {
            let current = reached[next]
            if members.contains(current) { return current }
            for edge in edges where edge.from == current || edge.to == current {
                if !reached.contains(edge.other(current)) { reached.append(edge.other(current)) }
            }
            next += 1
        }
        return entity
    }

    private func isForest(_ some: Set<Int>, without root: Int) -> Bool {
        var parts = Partition(entityCount)
        for index in some where edges[index].from != root && edges[index].to != root {
            if !parts.merge(edges[index].from, edges[index].to) { return false }
        }
        return true
    }
}

/// A partition of the first few numbers.
private struct Partition {
    private var parents: [Int]

    init(_ count: Int) { parents = Array(0..<count) }

    private func root(_ number: Int) -> Int {
        var number = number
        while parents[number] != number { number = parents[number] }
        return number
    }

    /// False if they were in the same part already.
    @discardableResult
    mutating func merge(_ left: Int, _ right: Int) -> Bool {
        let (a, b) = (root(left), root(right))
        parents[max(a, b)] = min(a, b)
        return a != b
    }

    /// For each number that of its part; parts are numbered in order of their first members.
    var numbers: [Int] {
        var known: [Int: Int] = [:]
        return parents.indices.map { number in
            let root = root(number)
            if let part = known[root] { return part }
            known[root] = known.count
            return known.count - 1
        }
    }
}
