// Paths from one entity in order of their length, breadth first: for the k shortest paths, or those of the k least lengths, where
// it is not enough to visit every entity once. Paths are kept as chains of records, each with the record before it.

import DeedEngine

final class PathEnumeration {
    private struct Record {
        var previous: Int32
        var depth: Int32
        var entity: UInt64
        var relationship: UInt64
    }

    /// What has been found of one end.
    private struct Found {
        var paths = 0
        var groups = 0
        var depth: Int32 = -1
    }

    private let context: QueryContext
    private let steps: StepExpander
    private let expansion: VariableExpansion
    private let which: ShortestPath.Which
    private let account: MemoryAccount
    private var records: [Record] = []
    private var found: [UInt64: Found] = [:]
    private var target: UInt64?
    /// The next record to expand.
    private var head = 0
    private var cursor = GraphView.ExpandCursor()
    private var due: [Int32] = []
    private var isOver = false
    private var length: Int?
    private var distances: ShortestSearch?

    init(
        _ expansion: VariableExpansion, _ which: ShortestPath.Which, _ steps: StepExpander, _ context: QueryContext
    ) {
        (self.context, self.steps, self.expansion, self.which) = (context, steps, expansion, which)
        account = MemoryAccount(context)
    }

    /// With `length`, paths are at most so long; `distances` tells how far it is back to the start.
    func begin(_ start: UInt64, target: UInt64?, length: Int? = nil, distances: ShortestSearch? = nil) {
        (self.length, self.distances) = (length ?? expansion.max, distances)
        records = [Record(previous: -1, depth: 0, entity: start, relationship: 0)]
        (found, head, cursor, due, isOver) = ([:], 0, GraphView.ExpandCursor(), [], false)
        self.target = target
        account.clear()
        if expansion.min == 0 && offer(start, 0) { due = [0] }
    }

    func next() throws -> (entities: [UInt64], relationships: [UInt64])? {
        while due.isEmpty {
            if isOver || head == records.count { return nil }
            try advance()
        }
        return path(due.removeFirst())
    }

    private func advance() throws {
        try context.checkInterrupt()
        let origin = records[head]
        if let length, Int(origin.depth) >= length {
            isOver = true
            return
        }
        var entity = origin.entity
        let count = try steps.expand(&entity, count: 1, &cursor, max: context.chunkRows)
        for step in 0..<count where !isOver {
            let (neighbor, relationship) = (steps.neighbors[step], steps.relationships[step])
            guard mayPass(neighbor, relationship) else { continue }
            let depth = origin.depth + 1
            if let distances, let length, Int(depth) + (distances.distance(of: neighbor) ?? 0) > length { continue }
            let record = Record(previous: Int32(head), depth: depth, entity: neighbor, relationship: relationship)
            if Int(depth) >= expansion.min && offer(neighbor, depth) { due.append(Int32(records.count)) }
            records.append(record)
        }
        if cursor.input >= 1 { (head, cursor) = (head + 1, GraphView.ExpandCursor()) }
        let bytes = records.count * MemoryLayout<Record>.stride + found.count * 48
        if bytes > account.bytes { try account.charge(bytes - account.bytes) }
        guard records.count < Int(Int32.max) / 2 else {
            throw DeedError(.limitExceeded, "a search for paths holds more than 2^30 of them")
        }
    }

    private func mayPass(_ neighbor: UInt64, _ relationship: UInt64) -> Bool {
        if expansion.mode == .walk { return true }
        var index = head
        while index >= 0 {
            let record = records[index]
            if expansion.mode == .acyclic ? record.entity == neighbor : record.relationship == relationship { return false }
            index = Int(record.previous)
        }
        return true
    }

    /// Whether a path with this end is wanted; it counts then.
    private func offer(_ end: UInt64, _ depth: Int32) -> Bool {
        if let target, target != end { return false }
        var state = found[end] ?? Found()
        if depth != state.depth { (state.groups, state.depth) = (state.groups + 1, depth) }
        state.paths += 1
        let isWanted: Bool
        switch which {
        case .any(let count):
            isWanted = state.paths <= count
            if target != nil && state.paths >= count { isOver = true }
        case .all:
            isWanted = state.groups <= 1
            if target != nil && !isWanted { isOver = true }
        case .groups(let count):
            isWanted = state.groups <= count
            if target != nil && !isWanted { isOver = true }
        }
        found[end] = state
        return isWanted
    }

    private func path(_ index: Int32) -> (entities: [UInt64], relationships: [UInt64]) {
        var entities: [UInt64] = []
        var relationships: [UInt64] = []
        var index = Int(index)
        while index >= 0 {
            let record = records[index]
            entities.append(record.entity)
            if record.previous >= 0 { relationships.append(record.relationship) }
            index = Int(record.previous)
        }
        return (entities.reversed(), relationships.reversed())
    }
}
