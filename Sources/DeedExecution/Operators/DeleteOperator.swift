// Deletes elements. All of the input is read first and what is to go is gathered, then relationships go before entities: so the order
// in which a clause names them does not matter. The rows come out afterwards.

import DeedEngine
import DeedValues

final class DeleteOperator: Operator {
    private let child: Operator
    private let elements: [Evaluator]
    private let isDetaching: Bool
    private var width = 0
    private var store: RowStore?
    private var nextBlock = 0
    private var entities: [UInt64] = []
    private var relationships: [UInt64] = []
    private var knownEntities = IdMap()
    private var knownRelationships = IdMap()

    init(_ child: Operator, _ elements: [Expr], detach: Bool, _ context: QueryContext) throws {
        (self.child, isDetaching) = (child, detach)
        self.elements = try elements.map { try makeEvaluator($0, context) }
        super.init(context)
    }

    override func restart(argument: Chunk) {
        child.reset(argument: argument)
        width = argument.columns.count
        (store, nextBlock) = (nil, 0)
        (entities, relationships, knownEntities, knownRelationships) = ([], [], IdMap(), IdMap())
    }

    override func produce() throws -> Chunk? {
        let rows = try store ?? run()
        if nextBlock == rows.blockCount { return nil }
        defer { nextBlock += 1 }
        return rows.block(nextBlock)
    }

    private func run() throws -> RowStore {
        let rows = RowStore(context, width: width)
        let account = MemoryAccount(context)
        while let chunk = try child.next() {
            try context.checkInterrupt()
            for element in elements {
                let vector = try element.evaluate(chunk, context)
                for row in 0..<chunk.count { try collect(vector.value(row)) }
            }
            try rows.append(chunk)
            let bytes = knownEntities.size + knownRelationships.size + (entities.count + relationships.count) * 8
            if bytes > account.bytes { try account.charge(bytes - account.bytes) }
        }
        try rows.finish()
        store = rows
        if isDetaching { try collectRelationshipsOfEntities() }
        try delete()
        return rows
    }

    private func collect(_ value: Value) throws {
        switch value {
        case .null: break
        case .entity(let id): if knownEntities.insert(id) { entities.append(id) }
        case .relationship(let id): if knownRelationships.insert(id) { relationships.append(id) }
        case .path(let path):
            for id in path.entities where knownEntities.insert(id) { entities.append(id) }
            for id in path.relationships where knownRelationships.insert(id) { relationships.append(id) }
        default:
            throw QueryError(
                .typeError, "InvalidArgumentType", "only nodes, relationships and paths can be deleted")
        }
    }

    private func collectRelationshipsOfEntities() throws {
        let present = entities.filter { context.view.isVisible(.entity, $0) }
        var first = 0
        let parents = UnsafeMutablePointer<UInt32>.allocate(capacity: Chunk.rowsMax)
        let ids = UnsafeMutablePointer<UInt64>.allocate(capacity: 2 * Chunk.rowsMax)
        defer {
            parents.deallocate()
            ids.deallocate()
        }
        while first < present.count {
            let batch = Array(present[first..<min(first + Chunk.rowsMax, present.count)])
            var cursor = GraphView.ExpandCursor()
            while cursor.input < batch.count {
                try context.checkInterrupt()
                let count = try context.view.expand(
                    batch, count: batch.count, types: nil, .both, &cursor, parents: parents, neighbors: ids,
                    relationships: ids + Chunk.rowsMax, max: Chunk.rowsMax)
                for row in 0..<count {
                    let id = ids[Chunk.rowsMax + row]
                    if knownRelationships.insert(id) { relationships.append(id) }
                }
            }
            first += batch.count
        }
    }

    /// What another clause has deleted already is passed over.
    private func delete() throws {
        let view = context.view
        for (index, id) in relationships.enumerated() where view.isVisible(.relationship, id) {
            if index & 255 == 0 { try context.checkInterrupt() }
            try translatingErrors { try view.deleteRelationship(id) }
            context.counters.relationshipsDeleted += 1
        }
        for (index, id) in entities.enumerated() where view.isVisible(.entity, id) {
            if index & 255 == 0 { try context.checkInterrupt() }
            try translatingErrors { try view.deleteEntity(id, detach: isDetaching) }
            context.counters.nodesDeleted += 1
        }
    }
}
