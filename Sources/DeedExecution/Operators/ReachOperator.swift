// The entities that can be reached from those of all rows together, each once (RepetitionMode.together). The rows are read to
// their end first.

import DeedEngine

final class ReachOperator: Operator {
    private let child: Operator
    private let expansion: VariableExpansion
    private var types: RelationshipTypes
    private var argument: Chunk?
    private var search: ReachSearch?
    private var given = 0

    /// Entities that are expanded before somebody asks whether the query goes on.
    private static let expansions = 4_096

    init(_ child: Operator, _ expansion: VariableExpansion, _ context: QueryContext) {
        (self.child, self.expansion) = (child, expansion)
        types = RelationshipTypes(expansion.base.types)
        super.init(context)
    }

    override func restart(argument: Chunk) {
        child.reset(argument: argument)
        self.argument = argument
        (search, given) = (nil, 0)
    }

    override func produce() throws -> Chunk? {
        let search = try self.search ?? reach()
        self.search = search
        let count = min(search.count - given, Chunk.rowsMax)
        if count <= 0 { return nil }
        var chunk = Chunk(slots: context.slotCount, count: count)
        chunk.set(expansion.base.to, ColumnVector(.entity, copying: search.ids + given, count: count))
        chunk.attach(argument)
        given += count
        return chunk
    }

    private func reach() throws -> ReachSearch {
        let starts = try readStarts()
        let depthMax = expansion.max ?? .max
        let search = try ReachSearch(
            context.view, from: depthMax < expansion.min ? [] : starts, types: types.resolve(context.view),
            Directions(expansion.base.direction), includesStarts: expansion.min == 0, depthMax: depthMax)
        repeat { try context.checkInterrupt() } while try search.advance(Self.expansions)
        return search
    }

    private func readStarts() throws -> [UInt64] {
        let account = MemoryAccount(context)
        let ids = UnsafeMutablePointer<UInt64>.allocate(capacity: Chunk.rowsMax)
        defer { ids.deallocate() }
        var starts: [UInt64] = []
        while let chunk = try child.next() {
            try context.checkInterrupt()
            try copyIds(chunk.columns[expansion.base.from], .entity, count: chunk.count, into: ids)
            for row in 0..<chunk.count where ids[row] != 0 { starts.append(ids[row]) }
            try account.charge(chunk.count * MemoryLayout<UInt64>.stride)
        }
        return starts
    }
}
