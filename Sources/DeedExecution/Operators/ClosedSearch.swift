// How long the shortest path is that leads from an entity back to it, along relationships in either direction. It must not go
// back by the relationship that it left by, unless it is a walk.
//
// Breadth first, with the first relationship of the path as its label. An entity is passed by paths of at most two labels: whatever
// relationship leads back from there, one of the two labels is another. So every entity is visited twice at most, and since a
// label passes an entity only once, no path has a relationship twice.

import DeedEngine

final class ClosedSearch {
    private let context: QueryContext
    private let steps: StepExpander
    private let max: Int?
    /// True if the path may go back by the relationship that it left by.
    private let isWalk: Bool
    private let account: MemoryAccount
    private var firstLabels = IdMap()
    private var secondLabels = IdMap()
    /// By label, the relationship.
    private var labels: [UInt64] = []
    private var entities: [UInt64] = []
    private var entityLabels: [UInt32] = []

    init(_ expansion: VariableExpansion, _ steps: StepExpander, _ context: QueryContext) {
        (self.context, self.steps, max) = (context, steps, expansion.max)
        isWalk = expansion.mode == .walk
        account = MemoryAccount(context)
    }

    /// nil if there is no such path.
    func length(from start: UInt64) throws -> Int? {
        (firstLabels, secondLabels, labels) = (IdMap(), IdMap(), [])
        (entities, entityLabels) = ([start], [])
        account.clear()
        var depth = 1
        while !entities.isEmpty && depth <= max ?? .max {
            if try expandLevel(start) { return depth }
            depth += 1
        }
        return nil
    }

    /// Takes all entities one step further; true if that leads back to the start.
    private func expandLevel(_ start: UInt64) throws -> Bool {
        let (level, levelLabels) = (entities, entityLabels)
        (entities, entityLabels) = ([], [])
        var batch = 0
        while batch < level.count {
            let froms = Array(level[batch..<min(batch + context.chunkRows, level.count)])
            var cursor = GraphView.ExpandCursor()
            while cursor.input < froms.count {
                try context.checkInterrupt()
                let count = try steps.expand(froms, count: froms.count, &cursor, max: context.chunkRows)
                for step in 0..<count {
                    let (entity, relationship) = (steps.neighbors[step], steps.relationships[step])
                    let label = levelLabels.isEmpty ? nil : levelLabels[batch + Int(steps.parents[step])]
                    if entity == start {
                        if isWalk || label.map({ labels[Int($0)] != relationship }) ?? true { return true }
                    } else {
                        pass(entity, label ?? newLabel(relationship))
                    }
                }
                try charge()
            }
            batch += froms.count
        }
        return false
    }

    private func newLabel(_ relationship: UInt64) -> UInt32 {
        labels.append(relationship)
        return UInt32(truncatingIfNeeded: labels.count - 1)
    }

    private func pass(_ entity: UInt64, _ label: UInt32) {
        if let known = firstLabels[entity] {
            if known == label || !secondLabels.insert(entity, label) { return }
        } else {
            firstLabels.insert(entity, label)
        }
        entities.append(entity)
        entityLabels.append(label)
    }

    private func charge() throws {
        let bytes = firstLabels.size + secondLabels.size + labels.count * 8 + entities.count * 12
        if bytes > account.bytes { try account.charge(bytes - account.bytes) }
        guard labels.count < Int(Int32.max) else { throw DeedError(.limitExceeded, "an entity has more than 2^31 relationships") }
    }
}
