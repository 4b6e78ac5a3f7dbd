// Makes the elements that rows give rise to, a chunk at a time: for each creation of the clause all rows, so that properties are
// evaluated as columns, and written from them. What one creation makes is a column that the next one sees.

import DeedEngine
import DeedValues

final class Creator {
    private enum Properties {
        /// By name, which for most clauses are in the text: a column each.
        case fields(RowShape, [Evaluator])
        /// A map or an element, whose properties differ from row to row.
        case whole(Evaluator)
    }

    /// One creation. An object, so that who goes through them copies nothing.
    private final class Step {
        enum Kind {
            case entity
            case relationship(source: Slot, target: Slot)
            case path(Evaluator)
        }

        let kind: Kind
        let slot: Slot
        /// Of an entity its labels, of a relationship its type.
        let names: [String]
        let properties: Properties

        init(_ kind: Kind, _ slot: Slot, _ names: [String], _ properties: Properties) {
            (self.kind, self.slot, self.names, self.properties) = (kind, slot, names, properties)
        }
    }

    private let context: QueryContext
    private let steps: [Step]
    /// A merge must not look for null.
    private let refusesNull: Bool
    /// True if nobody asks for what the only creation makes.
    private let forgets: Bool

    /// `isLast`: nobody looks at the rows afterwards.
    init(_ creations: [Creation], refusesNull: Bool, isLast: Bool = false, _ context: QueryContext) throws {
        (self.context, self.refusesNull) = (context, refusesNull)
        forgets = isLast && creations.count == 1
        steps = try creations.map { creation in
            switch creation {
            case .entity(let slot, let labels, let properties):
                Step(.entity, slot, labels, try Self.compile(properties, context) { RowShape(labels: labels, properties: $0) })
            case .relationship(let slot, let source, let target, let type, let properties):
                Step(
                    .relationship(source: source, target: target), slot, [type],
                    try Self.compile(properties, context) { RowShape(type: type, properties: $0) })
            case .path(let slot, let path):
                Step(.path(try makeEvaluator(path, context)), slot, [], .fields(RowShape(labels: [], properties: []), []))
            }
        }
    }

    private static func compile(
        _ expression: Expr?, _ context: QueryContext, _ shape: ([String]) -> RowShape
    ) throws -> Properties {
        switch expression {
        case nil: .fields(shape([]), [])
        case .map(let entries): .fields(shape(entries.map(\.key)), try entries.map { try makeEvaluator($0.value, context) })
        case .some(let expression): .whole(try makeEvaluator(expression, context))
        }
    }

    /// The rows with what was made for them. `fields`: the columns of the only creation's properties, if they are known.
    func create(_ rows: Chunk, fields: [ColumnVector]? = nil) throws -> Chunk {
        var result = rows
        for step in steps {
            switch step.kind {
            case .entity where forgets:
                try withUnsafeTemporaryAllocation(of: UInt64.self, capacity: max(rows.count, 1)) { ids in
                    try createEntities(rows, step, fields, into: ids.baseAddress.unsafelyUnwrapped)
                }
            case .entity:
                let ids = ColumnVector(.entity, capacity: rows.count)
                try createEntities(result, step, fields, into: ids.ids)
                result.set(step.slot, ids)
            case .relationship(let source, let target): result.set(step.slot, try connect(result, source, target, step, fields))
            case .path(let path): result.set(step.slot, try path.evaluate(result, context))
            }
        }
        return result
    }

    private func createEntities(
        _ rows: Chunk, _ step: Step, _ fields: [ColumnVector]?, into ids: UnsafeMutablePointer<UInt64>
    ) throws {
        switch step.properties {
        case .fields(let shape, let evaluators):
            let columns = try evaluate(shape, evaluators, rows, fields)
            try translatingErrors { try context.view.createEntities(shape, columns, count: rows.count, into: ids) }
        case .whole(let evaluator):
            let maps = try evaluator.evaluate(rows, context)
            for row in 0..<rows.count {
                let properties = try storable(maps.value(row))
                ids[row] = try translatingErrors {
                    try context.view.createEntity(labels: step.names, properties: properties)
                }
            }
        }
        context.counters.nodesCreated += rows.count
        context.counters.labelsAdded += step.names.count * rows.count
    }

    private func connect(
        _ rows: Chunk, _ source: Slot, _ target: Slot, _ step: Step, _ fields: [ColumnVector]?
    ) throws -> ColumnVector {
        let result = ColumnVector(.relationship, capacity: rows.count)
        var sources = [UInt64](repeating: 0, count: rows.count)
        var targets = sources
        try copyIds(rows.columns[source], .entity, count: rows.count, into: &sources)
        try copyIds(rows.columns[target], .entity, count: rows.count, into: &targets)
        if sources.contains(0) || targets.contains(0) {
            throw QueryError(
                .semanticError, "MissingNode",
                "a relationship of type `\(step.names[0])` cannot be created: one of its nodes is null")
        }
        switch step.properties {
        case .fields(let shape, let evaluators):
            let columns = try evaluate(shape, evaluators, rows, fields)
            try translatingErrors {
                try context.view.createRelationships(
                    shape, sources: sources, targets: targets, columns, count: rows.count, into: result.ids)
            }
        case .whole(let evaluator):
            let maps = try evaluator.evaluate(rows, context)
            for row in 0..<rows.count {
                let properties = try storable(maps.value(row))
                result.ids[row] = try translatingErrors {
                    try context.view.createRelationship(
                        source: sources[row], target: targets[row], type: step.names[0], properties: properties)
                }
            }
        }
        context.counters.relationshipsCreated += rows.count
        return result
    }

    // MARK: Properties

    /// The columns of properties that can be stored, counted as set.
    private func evaluate(
        _ shape: RowShape, _ evaluators: [Evaluator], _ rows: Chunk, _ known: [ColumnVector]?
    ) throws -> [ColumnVector] {
        let columns = try known ?? evaluators.map { try $0.evaluate(rows, context) }
        for (index, column) in columns.enumerated() {
            let nulls = column.nullCount(rows.count)
            if nulls > 0 && refusesNull { throw Self.mergedNull(shape.properties[index]) }
            try requireStorable(column, shape.properties[index], count: rows.count)
            context.counters.noteCreated(properties: rows.count - nulls)
        }
        return columns
    }

    private func storable(_ value: Value) throws -> [(key: String, value: Value)] {
        var properties = try propertyMap(value, context.view)
        if refusesNull, let null = properties.first(where: { $0.value.isNull }) { throw Self.mergedNull(null.key) }
        properties.removeAll { $0.value.isNull }
        for (key, value) in properties { try requireStorable(value, key) }
        context.counters.noteCreated(properties: properties.count)
        return properties
    }

    private static func mergedNull(_ key: String) -> QueryError {
        QueryError(
            .semanticError, "MergeReadOwnWrites",
            "MERGE cannot use null for property `\(key)`: null is equal to nothing, so it would never be found")
    }
}

/// The entries of a map, or the properties of an element. Null has none.
func propertyMap(_ value: Value, _ view: GraphView) throws -> [(key: String, value: Value)] {
    switch value {
    case .null: return []
    case .map(let map): return zip(map.keys, map.values).map { (key: $0, value: $1) }
    case .entity(let id): return try elementProperties(.entity, id, view)
    case .relationship(let id): return try elementProperties(.relationship, id, view)
    default:
        throw QueryError(
            .typeError, "InvalidArgumentType", "properties come from a map, a node or a relationship, not from such a value")
    }
}

/// The properties of an element that must still be there.
func elementProperties(_ kind: RowKind, _ id: UInt64, _ view: GraphView) throws -> [(key: String, value: Value)] {
    guard let properties = try translatingErrors({ try view.properties(kind, id) }) else {
        throw QueryError(.entityNotFound, "DeletedEntityAccess", "the query refers to an element that is deleted")
    }
    return properties
}
