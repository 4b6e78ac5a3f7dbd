// Paths from an entity and the relationships that follow: the ends of all relationships of a chunk are asked for at once, and
// each relationship leads from the entity reached so far to its other end.

import DeedEngine
import DeedValues

final class PathEvaluator: Evaluator {
    private let start: Evaluator
    private let steps: [Evaluator]

    init(start: Evaluator, steps: [Evaluator]) { (self.start, self.steps) = (start, steps) }

    override func evaluate(_ chunk: Chunk, _ context: QueryContext) throws -> ColumnVector {
        let starts = try start.operand(chunk, context)
        let parts = try steps.map { try $0.operand(chunk, context) }
        var relationships: [UInt64] = []
        /// By row, where its relationships end in the array; nil if a part is null.
        var ends: [Int?] = []
        for row in 0..<chunk.count {
            let before = relationships.count
            let isComplete = try !starts.value(row).isNull && parts.allSatisfy { try append($0.value(row), to: &relationships) }
            if !isComplete { relationships.removeSubrange(before...) }
            ends.append(isComplete ? relationships.count : nil)
        }
        let (sources, targets) = try endsOf(relationships, context)
        var position = 0
        return try mapValues(chunk.count) { row in
            guard let end = ends[row] else { return .null }
            guard case .entity(let first) = starts.value(row) else {
                throw QueryError.invalidType("a path begins with a node", starts.value(row))
            }
            var entities = [first]
            for index in position..<end {
                let from = entities[entities.count - 1]
                if sources[index] == 0 { throw General.deleted("relationship \(relationships[index])") }
                guard from == sources[index] || from == targets[index] else {
                    throw DeedError(.internalError, "relationship \(relationships[index]) of a path does not begin at node \(from)")
                }
                entities.append(from == sources[index] ? targets[index] : sources[index])
            }
            defer { position = end }
            return .path(PathValue(entities: entities, relationships: Array(relationships[position..<end])))
        }
    }

    /// False for null.
    private func append(_ step: Value, to relationships: inout [UInt64]) throws -> Bool {
        switch step {
        case .null: return false
        case .relationship(let id): relationships.append(id)
        case .list(let items): return try items.allSatisfy { try append($0, to: &relationships) }
        default: throw QueryError.invalidType("a path goes along relationships", step)
        }
        return true
    }

    private func endsOf(_ relationships: [UInt64], _ context: QueryContext) throws -> ([UInt64], [UInt64]) {
        let count = relationships.count
        var (sources, targets) = ([UInt64](repeating: 0, count: count), [UInt64](repeating: 0, count: count))
        if count == 0 { return (sources, targets) }
        try General.readingElements { () throws(DeedError) in
            var failure: DeedError?
            relationships.withUnsafeBufferPointer { ids in
                sources.withUnsafeMutableBufferPointer { sources in
                    targets.withUnsafeMutableBufferPointer { targets in
                        guard let ids = ids.baseAddress, let sources = sources.baseAddress, let targets = targets.baseAddress
                        else { return }
                        do throws(DeedError) {
                            try context.view.ends(ids, count: count, sources: sources, targets: targets)
                        } catch {
                            failure = error
                        }
                    }
                }
            }
            if let failure { throw failure }
        }
        return (sources, targets)
    }
}
