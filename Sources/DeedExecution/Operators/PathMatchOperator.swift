// For each row the paths along all parts of a pattern, with the columns that their parts give rise to.

import DeedEngine
import DeedValues

final class PathMatchOperator: Operator {
    private let input: PathInput
    private let match: PathMatch
    private let search: PathProgramSearch

    init(_ child: Operator, _ match: PathMatch, _ context: QueryContext) throws {
        (input, self.match) = (PathInput(child, match.base, context), match)
        search = try PathProgramSearch(match, context)
        super.init(context)
    }

    override func restart(argument: Chunk) {
        input.reset(argument: argument)
    }

    override func produce() throws -> Chunk? {
        while let rows = try input.load() {
            if let chunk = try fill(rows) { return chunk }
        }
        return nil
    }

    private func fill(_ rows: Chunk) throws -> Chunk? {
        let output = PathMatchOutput(match, rowsMax: context.chunkRows)
        if isImpossible { input.skipChunk() }
        while !output.isFull && input.findRow() {
            if !input.isRowBegun {
                input.beginRow()
                try search.begin(rows.row(input.row), from: input.from, target: input.target)
            }
            guard let end = try search.next() else {
                input.endRow()
                continue
            }
            output.append(input.row, search, end)
        }
        return output.chunk(rows)
    }

    private var isImpossible: Bool { match.parts.contains { part in part.max.map { $0 < part.min } ?? false } }
}

/// Collects the rows that paths give rise to.
private final class PathMatchOutput {
    private let match: PathMatch
    private let rowsMax: Int
    private let parents = Selection(count: Chunk.rowsMax)
    private let ends = ColumnVector(.entity, capacity: Chunk.rowsMax)
    private let lists: ColumnBuilder?
    private let paths: ColumnBuilder?
    private let columns: [ColumnBuilder]
    private var count = 0

    init(_ match: PathMatch, rowsMax: Int) {
        (self.match, self.rowsMax) = (match, rowsMax)
        lists = match.base.relationship == nil ? nil : ColumnBuilder(capacity: Chunk.rowsMax, kind: .any)
        paths = match.path == nil ? nil : ColumnBuilder(capacity: Chunk.rowsMax, kind: .any)
        columns = match.outputs.map { _ in ColumnBuilder(capacity: Chunk.rowsMax, kind: .any) }
    }

    var isFull: Bool { count == rowsMax }

    func append(_ row: Int, _ search: PathProgramSearch, _ end: Int32) {
        parents.rows[count] = UInt32(row)
        ends.ids[count] = search.records[Int(end)].entity
        count += 1
        guard lists != nil || paths != nil || !columns.isEmpty else { return }
        let trace = PathTrace(search, end, isReversed: match.isReversed)
        lists?.append(.list(trace.relationships.map { .relationship($0) }))
        paths?.append(.path(PathValue(entities: trace.entities, relationships: trace.relationships)))
        for (column, output) in zip(columns, match.outputs) { column.append(trace.value(output.source, match.parts)) }
    }

    func chunk(_ input: Chunk) -> Chunk? {
        if count == 0 { return nil }
        var result = input.selecting(Selection(copying: parents.rows, count: count))
        if !match.base.isInto { result.set(match.base.to, ends) }
        if let slot = match.base.relationship, let lists { result.set(slot, lists.finish()) }
        if let slot = match.path, let paths { result.set(slot, paths.finish()) }
        for (column, output) in zip(columns, match.outputs) { result.set(output.slot, column.finish()) }
        return result
    }
}

/// A path that was found, in the order in which it is written.
private struct PathTrace {
    private(set) var entities: [UInt64] = []
    private(set) var relationships: [UInt64] = []
    /// By relationship, the part and the step within it.
    private var parts: [Int] = []
    private var steps: [Int] = []

    init(_ search: PathProgramSearch, _ end: Int32, isReversed: Bool) {
        var index = end
        while index >= 0 {
            let record = search.records[Int(index)]
            entities.append(record.entity)
            if record.instruction >= 0 {
                let instruction = search.program.instructions[Int(record.instruction)]
                relationships.append(record.relationship)
                parts.append(instruction.part)
                steps.append(instruction.step)
            }
            index = record.previous
        }
        if isReversed { return }
        entities.reverse()
        relationships.reverse()
        parts.reverse()
        steps.reverse()
    }

    func value(_ source: PathOutputColumn.Source, _ written: [PathPart]) -> Value {
        switch source {
        case .end(let part):
            let before = parts.firstIndex { $0 > part } ?? parts.count
            return .entity(entities[before])
        case .relationship(let part):
            return parts.firstIndex(of: part).map { .relationship(relationships[$0]) } ?? .null
        case .relationships(let part, let step):
            return .list(relationships.indices.filter { parts[$0] == part && steps[$0] == step }.map { .relationship(relationships[$0]) })
        case .entities(let part, let position):
            let isLast = position == written[part].steps.count
            let wanted = isLast ? position - 1 : position
            let places = relationships.indices.filter { parts[$0] == part && steps[$0] == wanted }
            return .list(places.map { .entity(entities[isLast ? $0 + 1 : $0]) })
        }
    }
}
