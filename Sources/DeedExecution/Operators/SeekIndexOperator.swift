// Entities of a collection by an index, for each row of the input. A null among the values finds nothing.
//
// An index knows equality of its own. It is that of the language for booleans, strings and integers; what else is looked
// for is compared once more.

import DeedEngine
import DeedValues

final class SeekIndexOperator: Operator {
    private enum Bounds {
        case equal([Evaluator])
        case range(low: Evaluator?, includesLow: Bool, high: Evaluator?, includesHigh: Bool)
        case prefix(Evaluator)
    }

    private let child: Operator
    private let entity: Slot
    private let collection: String
    private let properties: [String]
    private let bounds: Bounds
    /// What `=` says of the rows found; nil for other bounds.
    private let equality: Evaluator?
    /// The numbers of the properties, once all of them have one, and that of the collection.
    private var keys: [NameId] = []
    private var own: NameId?
    private let search = IndexSearch()
    private var input: Chunk?
    /// False if the input has no columns: then nothing need be known of which row led to what.
    private var hasColumns = false
    private var values: [ColumnVector?] = []
    /// Of the present row.
    private var given: [Value] = []
    private var isExact = true
    private var row = 0
    private var found: [RowId] = []
    private var position = 0

    init(
        _ child: Operator, entity: Slot, collection: String, properties: [String], _ bounds: IndexBounds,
        _ context: QueryContext
    ) throws {
        (self.child, self.entity, self.collection, self.properties) = (child, entity, collection, properties)
        switch bounds {
        case .equal(let values):
            self.bounds = .equal(try values.map { try makeEvaluator($0, context) })
            let terms = zip(properties, values).map { Expr.compare(.equal, .property(.slot(entity), $0), $1) }
            equality = try terms.dropFirst().reduce(terms.first) { left, right in left.map { .and($0, right) } }
                .map { try makeEvaluator($0, context) }
        case .range(let low, let includesLow, let high, let includesHigh):
            self.bounds = .range(
                low: try low.map { try makeEvaluator($0, context) }, includesLow: includesLow,
                high: try high.map { try makeEvaluator($0, context) }, includesHigh: includesHigh)
            equality = nil
        case .prefix(let value):
            self.bounds = .prefix(try makeEvaluator(value, context))
            equality = nil
        }
        super.init(context)
    }

    override func reset(argument: Chunk) {
        child.reset(argument: argument)
        (input, row, position) = (nil, 0, 0)
        forgetFound()
    }

    /// Keeps the room for next time, unless it is a lot.
    private func forgetFound() {
        if found.capacity > 2 * Chunk.rowsMax { found = [] } else { found.removeAll(keepingCapacity: true) }
    }

    override func next() throws -> Chunk? {
        while true {
            try context.checkInterrupt()
            if input == nil {
                guard let chunk = try child.next() else { return nil }
                (input, hasColumns) = (chunk, !chunk.isBare)
                (row, position) = (-1, 0)
                forgetFound()
                try evaluate(chunk)
                isExact = equality == nil || values.allSatisfy { Self.isExact($0, chunk.count) }
            }
            guard let chunk = try fill() else { continue }
            guard !isExact, let kept = try equality?.select(chunk, context) else { return chunk }
            if kept.count > 0 { return chunk.selecting(kept) }
        }
    }

    /// True if what the index finds for these values is equal to them. Floats are not, since an integer beside them may be
    /// none that a float can be.
    private static func isExact(_ vector: ColumnVector?, _ count: Int) -> Bool {
        guard let vector else { return false }
        switch vector.kind {
        case .null, .bool, .string: return true
        case .int64:
            let ints = vector.ints
            return (0..<count).allSatisfy { ints[$0].magnitude <= 1 << 53 }
        default: return false
        }
    }

    private func fill() throws -> Chunk? {
        guard let input else { return nil }
        // Of a single row no more room is taken than it needs.
        var room = Chunk.rowsMax
        if input.count == 1 {
            if row < 0 {
                try find(0)
                (position, row) = (0, 0)
            }
            room = min(room, found.count - position)
        }
        let parents = hasColumns ? Selection(count: room) : nil
        let ids = ColumnVector(.entity, capacity: room)
        var count = 0
        while count < room {
            if position == found.count {
                row += 1
                if row == input.count { break }
                try find(row)
                position = 0
                continue
            }
            ids.ids[count] = found[position]
            parents?.rows[count] = UInt32(row)
            count += 1
            position += 1
        }
        if row == input.count || (row == input.count - 1 && position == found.count) { self.input = nil }
        if count == 0 { return nil }
        var result: Chunk
        if let parents {
            result = input.selecting(count == room ? parents : Selection(copying: parents.rows, count: count))
        } else {
            result = Chunk(slots: input.columns.count, count: count)
        }
        result.set(entity, ids)
        return result
    }

    /// The values that the rows of a chunk ask for.
    private func evaluate(_ chunk: Chunk) throws {
        values.removeAll(keepingCapacity: true)
        switch bounds {
        case .equal(let wanted): for value in wanted { values.append(try value.evaluate(chunk, context)) }
        case .range(let low, _, let high, _):
            values.append(try low?.evaluate(chunk, context))
            values.append(try high?.evaluate(chunk, context))
        case .prefix(let value): values.append(try value.evaluate(chunk, context))
        }
    }

    /// What a row looks for; nil if that is nothing.
    private func wanted(_ row: Int) -> GraphView.Bounds? {
        for vector in values where vector?.isNull(row) ?? false { return nil }
        switch bounds {
        case .equal:
            given.removeAll(keepingCapacity: true)
            for case let vector? in values { given.append(vector.value(row)) }
            return .equal(given)
        case .range(_, let includesLow, _, let includesHigh):
            return .range(
                low: values[0]?.value(row), includesLow: includesLow, high: values[1]?.value(row), includesHigh: includesHigh)
        case .prefix:
            guard case .string(let text)? = values[0]?.value(row) else { return nil }
            return .prefix(text)
        }
    }

    /// Fills `found` with what belongs to a row.
    private func find(_ row: Int) throws {
        forgetFound()
        guard let wanted = wanted(row) else { return }
        let view = context.view
        if keys.count < properties.count { keys = properties.compactMap { view.propertyKey($0) } }
        if keys.count < properties.count { return }
        if own == nil { own = view.collection(collection) }
        try view.forEachCollection(label: collection, own: own) { table in
            let isPure = view.hasOnlyItsLabel(table)
            if view.hasIndex(.entity, table, keys) {
                let rows = try view.find(.entity, table, keys, wanted, search)
                if isPure { found.append(contentsOf: rows) } else { found += try labelled(Array(rows)) }
            } else {
                let rows = try scan(table)
                found += isPure ? rows : try labelled(rows)
                isExact = false
            }
        }
    }

    /// All rows of a collection that the index knows nothing of: since the query was planned some of its entities have been
    /// given the label, or the index has been dropped. The comparison, or what else the plan asks of the rows, decides on them.
    private func scan(_ table: NameId) throws -> [RowId] {
        var result: [RowId] = []
        try withUnsafeTemporaryAllocation(of: UInt64.self, capacity: Chunk.rowsMax) { buffer in
            let ids = buffer.baseAddress.unsafelyUnwrapped
            for var morsel in context.view.morsels(.entity, [table]) {
                while true {
                    try context.checkInterrupt()
                    let count = try context.view.scan(&morsel, into: ids, max: Chunk.rowsMax)
                    if count == 0 { break }
                    result.append(contentsOf: UnsafeBufferPointer(start: ids, count: count))
                }
            }
        }
        return result
    }

    /// Those that have the label: a collection may hold it as a further label of some of its entities.
    private func labelled(_ rows: [RowId]) throws -> [RowId] {
        if rows.isEmpty { return [] }
        var passes = [UInt8](repeating: 0, count: rows.count)
        try context.view.hasLabel(collection, rows, count: rows.count, into: &passes)
        return rows.indices.filter { passes[$0] != 0 }.map { rows[$0] }
    }
}
