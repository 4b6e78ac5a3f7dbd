// The steps of a repeated expansion: from a batch of entities, all for one row of the input, along relationships that the
// row allows and that pass the filter of the steps.

import DeedEngine
import DeedValues

final class StepExpander {
    private let context: QueryContext
    private let expansion: VariableExpansion
    private let differs: DifferingRelationships
    private let directions: Directions
    private let filter: Evaluator?
    private var types: RelationshipTypes
    private var known: [NameId]?
    private var rows = Chunk(slots: 0, count: 0)
    private var row = 0

    /// Results of the last call.
    let parents = UnsafeMutablePointer<UInt32>.allocate(capacity: Chunk.rowsMax)
    let neighbors = UnsafeMutablePointer<UInt64>.allocate(capacity: Chunk.rowsMax)
    let relationships = UnsafeMutablePointer<UInt64>.allocate(capacity: Chunk.rowsMax)

    init(_ expansion: VariableExpansion, _ context: QueryContext) throws {
        (self.context, self.expansion) = (context, expansion)
        differs = DifferingRelationships(slots: expansion.base.differsFrom)
        directions = Directions(expansion.base.direction)
        types = RelationshipTypes(expansion.base.types)
        filter = try expansion.stepFilter.map { try makeEvaluator($0, context) }
    }

    deinit {
        parents.deallocate()
        neighbors.deallocate()
        relationships.deallocate()
    }

    func begin(_ rows: Chunk, _ row: Int) {
        (self.rows, self.row) = (rows, row)
        known = types.resolve(context.view)
    }

    /// Up to `max` (at most `Chunk.rowsMax`) steps from the cursor on; how many there are may be 0 before the end, which is
    /// when `cursor.input == count`.
    func expand(
        _ entities: UnsafePointer<UInt64>, count: Int, _ cursor: inout GraphView.ExpandCursor, max: Int
    ) throws -> Int {
        if let known, known.isEmpty {
            cursor.input = count
            return 0
        }
        var found = try context.view.expand(
            entities, count: count, types: known, directions, &cursor, parents: parents, neighbors: neighbors,
            relationships: relationships, max: max)
        if !differs.slots.isEmpty {
            found = keep(found) { differs.admit(relationships[$0], rows, row) }
        }
        guard let filter, found > 0 else { return found }
        var chunk = rows.repeating(row, count: found)
        let froms = ColumnVector(.entity, capacity: found)
        for index in 0..<found { froms.ids[index] = entities[Int(parents[index])] }
        chunk.set(expansion.stepFrom, froms)
        chunk.set(expansion.stepRelationship, ColumnVector(.relationship, copying: relationships, count: found))
        chunk.set(expansion.stepTo, ColumnVector(.entity, copying: neighbors, count: found))
        let passes = try filter.evaluate(chunk, context)
        return keep(found) { row in
            switch passes.kind {
            case .bool: passes.bools[row] != 0 && !passes.isNull(row)
            case .any: if case .bool(true) = passes.values[row] { true } else { false }
            default: false
            }
        }
    }

    private func keep(_ count: Int, _ passes: (Int) -> Bool) -> Int {
        var kept = 0
        for row in 0..<count where passes(row) {
            (parents[kept], neighbors[kept], relationships[kept]) = (parents[row], neighbors[row], relationships[row])
            kept &+= 1
        }
        return kept
    }
}

/// Collects the rows that paths give rise to.
struct PathOutput {
    private let expansion: VariableExpansion
    private let rowsMax: Int
    private let parents = Selection(count: Chunk.rowsMax)
    private let ends = ColumnVector(.entity, capacity: Chunk.rowsMax)
    private let lists: ColumnBuilder?
    private let paths: ColumnBuilder?
    private(set) var count = 0

    init(_ expansion: VariableExpansion, rowsMax: Int) {
        (self.expansion, self.rowsMax) = (expansion, rowsMax)
        lists = expansion.base.relationship == nil ? nil : ColumnBuilder(capacity: Chunk.rowsMax, kind: .any)
        paths = expansion.path == nil ? nil : ColumnBuilder(capacity: Chunk.rowsMax, kind: .any)
    }

    var isFull: Bool { count == rowsMax }

    mutating func append(_ row: Int, _ entities: [UInt64], _ relationships: [UInt64]) {
        lists?.append(.list(relationships.map { .relationship($0) }))
        paths?.append(.path(PathValue(entities: entities, relationships: relationships)))
        append(row, end: entities[entities.count - 1])
    }

    /// Where nobody asks for the path.
    mutating func append(_ row: Int, end: UInt64) {
        parents.rows[count] = UInt32(row)
        ends.ids[count] = end
        count += 1
    }

    func chunk(_ input: Chunk) -> Chunk? {
        if count == 0 { return nil }
        var result = input.selecting(Selection(copying: parents.rows, count: count))
        if !expansion.base.isInto { result.set(expansion.base.to, ends) }
        if let slot = expansion.base.relationship, let lists { result.set(slot, lists.finish()) }
        if let slot = expansion.path, let paths { result.set(slot, paths.finish()) }
        return result
    }
}
