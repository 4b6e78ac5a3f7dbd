// Makes the elements that rows give rise to, a chunk at a time: for each creation of the clause all rows, so that properties are
// evaluated as columns. What one creation makes is a column that the next one sees.

import DeedEngine
import DeedValues

final class Creator {
    private enum Properties {
        case none
        case fields([(key: String, value: Evaluator)])
        case whole(Evaluator)
    }

    private let context: QueryContext
    private let creations: [Creation]
    private let properties: [Properties]
    private let paths: [Evaluator?]
    /// A merge must not look for null.
    private let refusesNull: Bool

    init(_ creations: [Creation], refusesNull: Bool, _ context: QueryContext) throws {
        (self.context, self.creations, self.refusesNull) = (context, creations, refusesNull)
        properties = try creations.map { creation in
            switch creation {
            case .entity(_, _, let expression), .relationship(_, _, _, _, let expression):
                try Self.compile(expression, context)
            case .path: .none
            }
        }
        paths = try creations.map { creation in
            if case .path(_, let expression) = creation { try makeEvaluator(expression, context) } else { nil }
        }
    }

    private static func compile(_ expression: Expr?, _ context: QueryContext) throws -> Properties {
        guard let expression else { return .none }
        if case .map(let entries) = expression {
            return .fields(try entries.map { ($0.key, try makeEvaluator($0.value, context)) })
        }
        return .whole(try makeEvaluator(expression, context))
    }

    /// The rows with what was made for them.
    func create(_ rows: Chunk) throws -> Chunk {
        var result = rows
        for (index, creation) in creations.enumerated() {
            switch creation {
            case .entity(let slot, let labels, _):
                let values = try evaluate(properties[index], result)
                let ids = ColumnVector(.entity, capacity: rows.count)
                for row in 0..<rows.count {
                    let properties = try values.row(row)
                    ids.ids[row] = try translatingErrors {
                        try context.view.createEntity(labels: labels, properties: properties)
                    }
                    context.counters.noteCreated(properties: properties.count)
                    context.counters.nodesCreated += 1
                    context.counters.labelsAdded += labels.count
                }
                result.set(slot, ids)
            case .relationship(let slot, let source, let target, let type, _):
                let values = try evaluate(properties[index], result)
                result.set(slot, try connect(result, source, target, type, values))
            case .path(let slot, _):
                if let path = paths[index] { result.set(slot, try path.evaluate(result, context)) }
            }
        }
        return result
    }

    private func connect(
        _ rows: Chunk, _ source: Slot, _ target: Slot, _ type: String, _ values: PropertyValues
    ) throws -> ColumnVector {
        let result = ColumnVector(.relationship, capacity: rows.count)
        var sources = [UInt64](repeating: 0, count: rows.count)
        var targets = sources
        try copyIds(rows.columns[source], .entity, count: rows.count, into: &sources)
        try copyIds(rows.columns[target], .entity, count: rows.count, into: &targets)
        for row in 0..<rows.count {
            guard sources[row] != 0 && targets[row] != 0 else {
                throw QueryError(
                    .semanticError, "MissingNode",
                    "a relationship of type `\(type)` cannot be created: one of its nodes is null")
            }
            let properties = try values.row(row)
            result.ids[row] = try translatingErrors {
                try context.view.createRelationship(
                    source: sources[row], target: targets[row], type: type, properties: properties)
            }
            context.counters.noteCreated(properties: properties.count)
            context.counters.relationshipsCreated += 1
        }
        return result
    }

    // MARK: Properties

    private struct PropertyValues {
        let fields: [(key: String, value: ColumnVector)]
        let whole: ColumnVector?
        let refusesNull: Bool
        let view: GraphView

        func row(_ row: Int) throws -> [(key: String, value: Value)] {
            var result = fields.map { (key: $0.key, value: $0.value.value(row)) }
            if let whole { result = try propertyMap(whole.value(row), view) }
            if refusesNull, let null = result.first(where: { $0.value.isNull }) {
                throw QueryError(
                    .semanticError, "MergeReadOwnWrites",
                    "MERGE cannot use null for property `\(null.key)`: null is equal to nothing, so it would never be found")
            }
            result.removeAll { $0.value.isNull }
            for (key, value) in result { try requireStorable(value, key) }
            return result
        }
    }

    private func evaluate(_ properties: Properties, _ rows: Chunk) throws -> PropertyValues {
        var fields: [(key: String, value: ColumnVector)] = []
        var whole: ColumnVector?
        switch properties {
        case .none: break
        case .fields(let entries): fields = try entries.map { ($0.key, try $0.value.evaluate(rows, context)) }
        case .whole(let evaluator): whole = try evaluator.evaluate(rows, context)
        }
        return PropertyValues(fields: fields, whole: whole, refusesNull: refusesNull, view: context.view)
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
