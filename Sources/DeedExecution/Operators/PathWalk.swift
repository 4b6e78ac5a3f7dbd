// All paths from one entity, depth first. What is in memory at a time is one path and, for each of its entities, a batch of the
// steps that lead on from there.

import DeedEngine

final class PathWalk {
    private struct Frame {
        var entity: UInt64
        var neighbors: [UInt64] = []
        var relationships: [UInt64] = []
        var position = 0
        var cursor = GraphView.ExpandCursor()
        var isDone: Bool
    }

    private let context: QueryContext
    private let steps: StepExpander
    private let expansion: VariableExpansion
    private let account: MemoryAccount
    private var frames: [Frame] = []
    private(set) var entities: [UInt64] = []
    private(set) var relationships: [UInt64] = []
    /// What must not come again, where paths may be so long that looking along them takes its time.
    private var passed: Set<UInt64> = []
    private let isPassedKept: Bool
    private var isStartDue = false
    private var moves = 0

    /// Steps fetched at a time for one entity of the path.
    private static let batch = 256
    /// Bytes of an entity on the path, with its batch.
    private static let frameBytes = batch * 16 + 128

    init(_ expansion: VariableExpansion, _ steps: StepExpander, _ context: QueryContext) {
        (self.context, self.steps, self.expansion) = (context, steps, expansion)
        account = MemoryAccount(context)
        isPassedKept = expansion.max.map { $0 > 32 } ?? true
    }

    func begin(_ start: UInt64) {
        (entities, relationships) = ([start], [])
        passed.removeAll(keepingCapacity: true)
        if expansion.mode == .acyclic && isPassedKept { passed.insert(start) }
        frames = [Frame(entity: start, isDone: expansion.max == 0)]
        isStartDue = expansion.min == 0
        account.clear()
    }

    /// True if `entities` and `relationships` are the next path; false when there are no more.
    func next() throws -> Bool {
        if isStartDue {
            isStartDue = false
            return true
        }
        while let last = frames.indices.last {
            moves &+= 1
            if moves & 1023 == 0 { try context.checkInterrupt() }
            if frames[last].position == frames[last].neighbors.count {
                if frames[last].isDone { pop() } else { try refill(last) }
                continue
            }
            let position = frames[last].position
            frames[last].position = position &+ 1
            let (neighbor, relationship) = (frames[last].neighbors[position], frames[last].relationships[position])
            guard mayPass(neighbor, relationship) else { continue }
            try push(neighbor, relationship)
            if relationships.count >= expansion.min { return true }
        }
        return false
    }

    private func mayPass(_ neighbor: UInt64, _ relationship: UInt64) -> Bool {
        switch expansion.mode {
        case .trail: isPassedKept ? !passed.contains(relationship) : !relationships.contains(relationship)
        case .acyclic: isPassedKept ? !passed.contains(neighbor) : !entities.contains(neighbor)
        case .walk, .reachable, .together: true
        }
    }

    private func push(_ neighbor: UInt64, _ relationship: UInt64) throws {
        try account.charge(Self.frameBytes)
        entities.append(neighbor)
        relationships.append(relationship)
        if isPassedKept {
            if expansion.mode == .trail { passed.insert(relationship) }
            if expansion.mode == .acyclic { passed.insert(neighbor) }
        }
        let isLast = expansion.max.map { relationships.count >= $0 } ?? false
        frames.append(Frame(entity: neighbor, isDone: isLast))
    }

    private func pop() {
        frames.removeLast()
        guard let relationship = relationships.popLast(), let entity = entities.popLast() else { return }
        account.discharge(Self.frameBytes)
        guard isPassedKept else { return }
        if expansion.mode == .trail { passed.remove(relationship) }
        if expansion.mode == .acyclic { passed.remove(entity) }
    }

    private func refill(_ index: Int) throws {
        var entity = frames[index].entity
        let found = try steps.expand(&entity, count: 1, &frames[index].cursor, max: Self.batch)
        frames[index].isDone = frames[index].cursor.input >= 1
        frames[index].neighbors = Array(UnsafeBufferPointer(start: steps.neighbors, count: found))
        frames[index].relationships = Array(UnsafeBufferPointer(start: steps.relationships, count: found))
        frames[index].position = 0
    }
}

/// Each entity that can be reached from one, at its least depth, breadth first.
final class ReachableSearch {
    private let context: QueryContext
    private let steps: StepExpander
    private let expansion: VariableExpansion
    private let account: MemoryAccount
    private var visited = IdMap()
    private var frontier: [UInt64] = []
    private var coming: [UInt64] = []
    private var depth = 0
    /// The batch of the frontier that is being expanded.
    private var batch = 0
    private var cursor = GraphView.ExpandCursor()
    private var found: [UInt64] = []
    private var isStartDue = false

    init(_ expansion: VariableExpansion, _ steps: StepExpander, _ context: QueryContext) {
        (self.context, self.steps, self.expansion) = (context, steps, expansion)
        account = MemoryAccount(context)
    }

    func begin(_ start: UInt64) {
        visited.removeAll()
        account.clear()
        (frontier, coming, found) = ([start], [], [])
        (depth, batch, cursor) = (0, 0, GraphView.ExpandCursor())
        isStartDue = expansion.min == 0
        // With a least depth of 1 the start is found if a cycle leads back to it.
        if isStartDue { visited.insert(start) }
    }

    /// nil when there are no more.
    func next() throws -> UInt64? {
        if isStartDue {
            isStartDue = false
            return frontier[0]
        }
        while found.isEmpty {
            guard try advance() else { return nil }
        }
        return found.removeLast()
    }

    /// Expands some more; false at the end.
    private func advance() throws -> Bool {
        try context.checkInterrupt()
        if batch >= frontier.count {
            if coming.isEmpty { return false }
            (frontier, coming, batch, cursor) = (coming, [], 0, GraphView.ExpandCursor())
            depth += 1
        }
        if let max = expansion.max, depth >= max { return false }
        let size = min(context.chunkRows, frontier.count - batch)
        let count = try frontier.withUnsafeBufferPointer { frontier in
            try steps.expand(frontier.baseAddress.unsafelyUnwrapped + batch, count: size, &cursor, max: context.chunkRows)
        }
        if cursor.input >= size { (batch, cursor) = (batch + size, GraphView.ExpandCursor()) }
        for row in 0..<count where visited.insert(steps.neighbors[row]) {
            coming.append(steps.neighbors[row])
            if depth + 1 >= expansion.min { found.append(steps.neighbors[row]) }
        }
        let bytes = visited.size + (frontier.count + coming.count) * 8
        if bytes > account.bytes { try account.charge(bytes - account.bytes) }
        return true
    }
}
