// Entities of a collection by an index, for each row of the input. A null among the values finds nothing.
//
// An index knows equality of its own. It is that of the language for booleans, strings and integers; what else is looked
// for is compared once more.

import DeedEngine
import DeedValues

final class SeekIndexOperator: Operator {
    private enum Form {
        case equal
        case range(includesLow: Bool, includesHigh: Bool)
        case prefix
    }

    private let child: Operator
    private let entity: Slot
    private let collection: String
    private let properties: [String]
    private let form: Form
    /// A value for each property, both ends of a range, of which an open one is nil, or a prefix.
    private let bounds: [Evaluator?]
    /// What `=` says of the rows found; nil for other bounds.
    private let equality: Evaluator?
    /// The numbers of the properties, once all of them have one.
    private var keys: [NameId] = []
    /// That of the collection, once it has one.
    private var own: NameId?
    private var index: LabelIndex?
    private let search = IndexSearch()
    private var values: [ColumnVector?] = []
    private var isExact = true
    private var found = FoundRows<RowId>()
    private var vectors = RecycledVector()

    init(
        _ child: Operator, entity: Slot, collection: String, properties: [String], _ bounds: IndexBounds,
        _ context: QueryContext
    ) throws {
        (self.child, self.entity, self.collection, self.properties) = (child, entity, collection, properties)
        switch bounds {
        case .equal(let values):
            form = .equal
            self.bounds = try values.map { try makeEvaluator($0, context) }
            let terms = zip(properties, values).map { Expr.compare(.equal, .property(.slot(entity), $0), $1) }
            equality = try terms.dropFirst().reduce(terms.first) { left, right in left.map { .and($0, right) } }
                .map { try makeEvaluator($0, context) }
        case .range(let low, let includesLow, let high, let includesHigh):
            form = .range(includesLow: includesLow, includesHigh: includesHigh)
            self.bounds = [try low.map { try makeEvaluator($0, context) }, try high.map { try makeEvaluator($0, context) }]
            equality = nil
        case .prefix(let value):
            form = .prefix
            self.bounds = [try makeEvaluator(value, context)]
            equality = nil
        }
        super.init(context)
    }

    override func restart(argument: Chunk) {
        child.reset(argument: argument)
        found.begin(nil)
        values.empty()
    }

    override func produce() throws -> Chunk? {
        while true {
            try context.checkInterrupt()
            if found.input == nil {
                guard let chunk = try child.next() else { return nil }
                values.empty()
                for bound in bounds { values.append(try bound?.evaluate(chunk, context)) }
                isExact = equality == nil || values.allSatisfy { Self.isExact($0, chunk.count) }
                found.begin(chunk)
            }
            let rows = try found.next(context) { row, found in
                if let next = try findSome(from: row, &found) { return next }
                found.add(try find(row), row)
                return row + 1
            } use: { chunk, ids in
                let vector = vectors.take(.entity, capacity: ids.count)
                if let start = ids.baseAddress { vector.ids.update(from: start, count: ids.count) }
                chunk.set(entity, vector)
            }
            guard var rows else { continue }
            guard !isExact, let kept = try equality?.select(rows, context) else { return rows }
            if kept.count == 0 { continue }
            rows.select(kept)
            return rows
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

    /// Looks many rows up at once, where their values are typed and one index has all the entities; nil if that is not so.
    private func findSome(from row: Int, _ found: inout FoundRows<RowId>) throws -> Int? {
        guard case .equal = form, let count = found.input?.count, areKeysKnown,
            context.view.labelIndex(collection, keys, &index), let index
        else { return nil }
        return try context.view.findEach(index, values, rows: row..<count, most: context.chunkRows, search) { row, id in
            found.add(id, row)
        }
    }

    private func find(_ row: Int) throws -> [RowId] {
        let given = values.map { $0?.value(row) }
        if given.contains(where: { $0?.isNull ?? false }) { return [] }
        let wanted: GraphView.Bounds
        switch form {
        case .equal: wanted = .equal(given.compactMap { $0 })
        case .range(let includesLow, let includesHigh):
            wanted = .range(low: given[0], includesLow: includesLow, high: given[1], includesHigh: includesHigh)
        case .prefix:
            guard case .string(let text) = given[0] else { return [] }
            wanted = .prefix(text)
        }
        let view = context.view
        if !areKeysKnown { return [] }
        var result: [RowId] = []
        if own == nil { own = view.collection(collection) }
        try view.forEachCollection(label: collection, own: own) { table in
            var rows: [RowId]
            if view.hasIndex(.entity, table, keys) {
                rows = Array(try view.find(.entity, table, keys, wanted, search))
            } else {
                rows = try scan(table)
                isExact = false
            }
            if !view.hasOnlyItsLabel(table) { rows = try labelled(rows) }
            if result.isEmpty { result = rows } else { result += rows }
        }
        return result
    }

    /// False while nothing has one of the properties.
    private var areKeysKnown: Bool {
        if keys.count < properties.count { keys = properties.compactMap { context.view.propertyKey($0) } }
        return keys.count == properties.count
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
                    let count = try context.view.scan(&morsel, into: ids, max: context.chunkRows)
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
