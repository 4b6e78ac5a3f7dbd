// The shortest paths from one entity: breadth first, remembering for each entity the steps by which it was first reached.
//
// 1. Records are entities in the order in which they are reached; record 0 is the start, as the origin of all paths.
// 2. A level is expanded in batches. A new entity becomes a record; an entity of the same level, if all shortest paths are
//    wanted, gets one more edge leading back.
// 3. When a wanted entity's level is complete, its paths are read off backwards along the edges.

import DeedEngine

final class ShortestSearch {
    private static let none: Int32 = -1
    private let context: QueryContext
    private let steps: StepExpander
    private let expansion: VariableExpansion
    private let isAll: Bool
    private let account: MemoryAccount

    private var records = IdMap()
    private var entities: [UInt64] = []
    private var depths: [Int32] = []
    /// By record, the first of its edges.
    private var firstEdges: [Int32] = []
    private var edgeOrigins: [Int32] = []
    private var edgeRelationships: [UInt64] = []
    private var nextEdges: [Int32] = []

    private var target: UInt64?
    /// Records of the level that is being expanded.
    private var level = 0..<0
    private var isOver = false
    /// True if, at its end, the search has reached whatever can be reached.
    private(set) var isWhole = false
    /// Records whose paths are due, and the edges of the path being read off, from its end.
    private var due: [Int32] = []
    private var trail: [Int32] = []
    /// Where the path being read off ends.
    private var end: UInt64 = 0

    init(_ expansion: VariableExpansion, isAll: Bool, _ steps: StepExpander, _ context: QueryContext) {
        (self.context, self.steps, self.expansion, self.isAll) = (context, steps, expansion, isAll)
        account = MemoryAccount(context)
    }

    /// Finds nothing.
    func beginNothing() {
        records.removeAll()
        (isOver, isWhole, due, trail) = (true, false, [], [])
    }

    /// The least number of steps to an entity, if it was reached.
    func distance(of entity: UInt64) -> Int? { records[entity].map { Int(depths[Int($0)]) } }

    /// `target` nil: paths to every entity.
    func begin(_ start: UInt64, target: UInt64?) {
        records.removeAll()
        account.clear()
        (entities, depths, firstEdges) = ([start], [0], [Self.none])
        (edgeOrigins, edgeRelationships, nextEdges) = ([], [], [])
        (level, isOver, due, trail) = (0..<1, false, [], [])
        self.target = target
        isWhole = target == nil
        if expansion.min == 0 {
            records.insert(start, 0)
            if target == nil || target == start { due = [0] }
            if target == start { isOver = true }
        } else if expansion.base.direction == .both {
            // Back to the start it would go by the relationship that led away from it.
            records.insert(start, 0)
        }
    }

    /// Entities and relationships of the next path; nil at the end.
    func next() throws -> (entities: [UInt64], relationships: [UInt64])? {
        while true {
            if let path = nextPath() { return path }
            if isOver { return nil }
            try expandLevel()
        }
    }

    // MARK: Searching

    private func expandLevel() throws {
        let depth = depths[level.lowerBound] + 1
        if let max = expansion.max, Int(depth) > max {
            isOver = true
            return
        }
        let first = entities.count
        var batch = level.lowerBound
        while batch < level.upperBound && !isOver {
            let origins = batch..<min(batch + context.chunkRows, level.upperBound)
            let froms = Array(entities[origins])
            var cursor = GraphView.ExpandCursor()
            while cursor.input < froms.count && !isOver {
                try context.checkInterrupt()
                let count = try steps.expand(froms, count: froms.count, &cursor, max: context.chunkRows)
                for step in 0..<count where reach(step, from: Int32(origins.lowerBound) + Int32(steps.parents[step]), depth) {
                    isOver = true
                    break
                }
                try charge()
            }
            batch = origins.upperBound
        }
        level = first..<entities.count
        if let target {
            if let record = records[target], record > 0 || entities[0] != target, depths[Int(record)] == depth {
                (due, isOver) = ([Int32(record)], true)
            }
        } else {
            due = level.map { Int32($0) }
        }
        if level.isEmpty { isOver = true }
    }

    /// Notes a step; true if nothing more needs to be known.
    private func reach(_ step: Int, from origin: Int32, _ depth: Int32) -> Bool {
        let entity = steps.neighbors[step]
        if let known = records[entity] {
            if isAll && depths[Int(known)] == depth { addEdge(Int(known), origin, steps.relationships[step]) }
            return false
        }
        records.insert(entity, UInt32(entities.count))
        entities.append(entity)
        depths.append(depth)
        firstEdges.append(Self.none)
        addEdge(entities.count - 1, origin, steps.relationships[step])
        return !isAll && entity == target
    }

    private func addEdge(_ record: Int, _ origin: Int32, _ relationship: UInt64) {
        nextEdges.append(firstEdges[record])
        firstEdges[record] = Int32(edgeOrigins.count)
        edgeOrigins.append(origin)
        edgeRelationships.append(relationship)
    }

    private func charge() throws {
        let bytes = records.size + entities.count * 16 + edgeOrigins.count * 16
        if bytes > account.bytes { try account.charge(bytes - account.bytes) }
        guard edgeOrigins.count < Int(Int32.max) / 2 else {
            throw DeedError(.limitExceeded, "a search for shortest paths passes more than 2^30 relationships")
        }
    }

    // MARK: Reading off

    private func nextPath() -> (entities: [UInt64], relationships: [UInt64])? {
        if trail.isEmpty {
            guard let record = due.popLast() else { return nil }
            if record == 0 { return ([entities[0]], []) }
            trail = [firstEdges[Int(record)]]
            end = entities[Int(record)]
        }
        while let edge = trail.last, edgeOrigins[Int(edge)] != 0 {
            trail.append(firstEdges[Int(edgeOrigins[Int(edge)])])
        }
        var path: [UInt64] = []
        var relationships: [UInt64] = []
        for edge in trail.reversed() {
            path.append(entities[Int(edgeOrigins[Int(edge)])])
            relationships.append(edgeRelationships[Int(edge)])
        }
        path.append(end)
        advanceTrail()
        return (path, relationships)
    }

    /// On to the next combination of edges.
    private func advanceTrail() {
        while let edge = trail.popLast() {
            let next = nextEdges[Int(edge)]
            if next != Self.none {
                trail.append(next)
                return
            }
        }
    }
}
