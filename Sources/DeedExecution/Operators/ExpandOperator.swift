// From an entity along its relationships, in batches: the ids of a whole chunk go to the graph at once, and what comes
// back refers to the rows it came from through a selection.

import DeedEngine

final class ExpandOperator: Operator {
    private let child: Operator
    private let expansion: Expansion
    private let differs: DifferingRelationships
    private let directions: Directions
    private var types: RelationshipTypes
    private var input: Chunk?
    private var cursor = GraphView.ExpandCursor()
    /// For chunks of `room` rows.
    private var froms = UnsafeMutablePointer<UInt64>.allocate(capacity: 1)
    private var targets = UnsafeMutablePointer<UInt64>.allocate(capacity: 1)
    private var room = 1
    private var neighborVectors = RecycledVector()
    private var relationshipVectors = RecycledVector()
    /// The selection that the parents of the last few rows were found with.
    private var spareParents: Selection?

    /// Few rows mostly lead to few others: as many as come at once then.
    private static let few = (rows: 16, results: 256)

    init(_ child: Operator, _ expansion: Expansion, _ context: QueryContext) {
        (self.child, self.expansion) = (child, expansion)
        differs = DifferingRelationships(slots: expansion.differsFrom)
        directions = Directions(expansion.direction)
        types = RelationshipTypes(expansion.types)
        super.init(context)
    }

    deinit {
        froms.deallocate()
        targets.deallocate()
    }

    override func restart(argument: Chunk) {
        child.reset(argument: argument)
        input = nil
    }

    override func produce() throws -> Chunk? {
        while true {
            try context.checkInterrupt()
            if input == nil {
                guard let chunk = try child.next() else { return nil }
                input = chunk
                cursor = GraphView.ExpandCursor()
                if chunk.count > room { makeRoom() }
                try copyIds(chunk.columns[expansion.from], .entity, count: chunk.count, into: froms)
                if expansion.isInto {
                    try copyIds(chunk.columns[expansion.to], .entity, count: chunk.count, into: targets)
                }
            }
            if let chunk = try expand() { return chunk }
        }
    }

    private func makeRoom() {
        froms.deallocate()
        targets.deallocate()
        (froms, targets) = (.allocate(capacity: Chunk.rowsMax), .allocate(capacity: Chunk.rowsMax))
        room = Chunk.rowsMax
    }

    private func expand() throws -> Chunk? {
        guard var result = input else { return nil }
        let known = types.resolve(context.view)
        if let known, known.isEmpty {
            self.input = nil
            return nil
        }
        let rows = result.count
        let max = min(context.chunkRows, rows <= Self.few.rows ? Self.few.results : Chunk.rowsMax)
        let parents = takeParents(max)
        let neighbors = neighborVectors.take(.entity, capacity: max)
        let relationships = relationshipVectors.take(.relationship, capacity: max)
        var count = try context.view.expand(
            froms, count: rows, types: known, directions, &cursor, parents: parents.rows, neighbors: neighbors.ids,
            relationships: relationships.ids, max: max)
        // Then the columns are nobody else's, and change in place.
        if cursor.input >= rows { input = nil }
        if expansion.isInto { count = keepTargets(parents.rows, neighbors.ids, relationships.ids, count) }
        if !differs.slots.isEmpty {
            count = keepDiffering(result, parents.rows, neighbors.ids, relationships.ids, count)
        }
        if count < max && max <= Self.few.results { spareParents = parents }
        if count == 0 { return nil }
        result.select(count == max ? parents : Selection(copying: parents.rows, count: count))
        if !expansion.isInto { result.set(expansion.to, neighbors) }
        if let slot = expansion.relationship { result.set(slot, relationships) }
        return result
    }

    private func takeParents(_ count: Int) -> Selection {
        if let spare = spareParents.take(), spare.count == count { return spare }
        return Selection(count: count)
    }

    private func keepTargets(
        _ parents: UnsafeMutablePointer<UInt32>, _ neighbors: UnsafeMutablePointer<UInt64>,
        _ relationships: UnsafeMutablePointer<UInt64>, _ count: Int
    ) -> Int {
        let targets = targets
        return keep(parents, neighbors, relationships, count) { neighbors[$0] == targets[Int(parents[$0])] }
    }

    /// Moves the rows that pass to the front, and returns how many they are.
    @inline(__always)
    private func keep(
        _ parents: UnsafeMutablePointer<UInt32>, _ neighbors: UnsafeMutablePointer<UInt64>,
        _ relationships: UnsafeMutablePointer<UInt64>, _ count: Int, where passes: (Int) -> Bool
    ) -> Int {
        var kept = 0
        for row in 0..<count where passes(row) {
            (parents[kept], neighbors[kept], relationships[kept]) = (parents[row], neighbors[row], relationships[row])
            kept &+= 1
        }
        return kept
    }

    private func keepDiffering(
        _ input: Chunk, _ parents: UnsafeMutablePointer<UInt32>, _ neighbors: UnsafeMutablePointer<UInt64>,
        _ relationships: UnsafeMutablePointer<UInt64>, _ count: Int
    ) -> Int {
        var count = count
        for slot in differs.slots {
            guard let column = input.columns[slot] else { continue }
            guard column.vector.kind == .relationship && column.vector.nulls == nil else {
                count = keep(parents, neighbors, relationships, count) {
                    DifferingRelationships.admit(relationships[$0], column, Int(parents[$0]))
                }
                continue
            }
            // Nearly always relationships without a null among them: these are compared as they lie there.
            let known = column.vector.ids
            if let positions = column.selection?.rows {
                count = keep(parents, neighbors, relationships, count) {
                    known[Int(positions[Int(parents[$0])])] != relationships[$0]
                }
            } else {
                count = keep(parents, neighbors, relationships, count) { known[Int(parents[$0])] != relationships[$0] }
            }
        }
        return count
    }
}
