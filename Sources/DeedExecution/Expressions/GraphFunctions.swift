// The functions that look into the graph. Each takes a whole column; where the store answers by batches it is asked once.

import DeedEngine
import DeedValues

/// By their names in lower case.
enum GraphFunction: String, CaseIterable {
    case id
    case elementid
    case labels
    case type
    case properties
    case keys
    case startnode
    case endnode
    case nodes
    case relationships
    case length
    case exists
    case pheromone
}

final class GraphFunctionEvaluator: Evaluator {
    private let function: GraphFunction
    private let argument: Evaluator

    init(_ function: GraphFunction, _ argument: Evaluator) { (self.function, self.argument) = (function, argument) }

    override func evaluate(_ chunk: Chunk, _ context: QueryContext) throws -> ColumnVector {
        let vector = try argument.evaluate(chunk, context)
        let count = chunk.count
        switch vector.kind {
        case .null: return function == .exists ? try exists(vector, count) : vector
        case .entity where function == .id, .relationship where function == .id: return ids(vector, count)
        case .relationship where function == .startnode || function == .endnode: return try ends(vector, count, context)
        case .relationship where function == .type: return try types(vector, count, context)
        default:
            if function == .exists { return try exists(vector, count) }
            if vector.kind == .any, function == .startnode || function == .endnode {
                return try splitElements(vector, count) { kind, elements, size in
                    guard kind == .relationship else { throw invalid(elements.value(0)) }
                    return try ends(elements, size, context)
                } others: { value in
                    if value.isNull { return .null }
                    throw invalid(value)
                }
            }
            return try mapValues(count) { try self.value(of: vector.value($0), context) }
        }
    }

    // MARK: By columns

    private func exists(_ vector: ColumnVector, _ count: Int) throws -> ColumnVector {
        mapTruth(count) { !vector.isNull($0) }
    }

    private func ids(_ vector: ColumnVector, _ count: Int) -> ColumnVector {
        let result = ColumnVector(.int64, capacity: count)
        let (out, ids) = (result.ids, vector.ids)
        out.update(from: ids, count: count)
        if let nulls = vector.nulls { result.requireNulls().update(from: nulls, count: count) }
        return result
    }

    private func ends(_ vector: ColumnVector, _ count: Int, _ context: QueryContext) throws -> ColumnVector {
        let (sources, targets) = (ColumnVector(.entity, capacity: count), ColumnVector(.entity, capacity: count))
        try withPresentIds(vector, count) { ids in
            try General.readingElements { () throws(DeedError) in
                try context.view.ends(ids, count: count, sources: sources.ids, targets: targets.ids)
            }
        }
        let result = function == .startnode ? sources : targets
        if let nulls = vector.nulls { result.requireNulls().update(from: nulls, count: count) }
        let found = result.ids
        for row in 0..<count where found[row] == 0 && !vector.isNull(row) {
            throw General.deleted("relationship \(vector.ids[row])")
        }
        return result
    }

    /// The name of each type that occurs is written once, and its slot copied.
    private func types(_ vector: ColumnVector, _ count: Int, _ context: QueryContext) throws -> ColumnVector {
        let result = ColumnVector(.string, capacity: count)
        let slots = result.strings
        var known: [NameId: Int] = [:]
        for row in 0..<count {
            if vector.isNull(row) {
                result.setString(row, UnsafeRawBufferPointer(start: nil, count: 0))
                result.setNull(row)
                continue
            }
            let id = vector.ids[row]
            guard let type = context.view.type(ofRelationship: id) else { throw General.deleted("relationship \(id)") }
            if let first = known[type] {
                slots[row] = slots[first]
                continue
            }
            var name = context.view.typeName(type)
            name.withUTF8 { result.setString(row, UnsafeRawBufferPointer($0)) }
            known[type] = row
        }
        return result
    }

    // MARK: One by one

    private func value(of value: Value, _ context: QueryContext) throws -> Value {
        if value.isNull { return .null }
        switch (function, value) {
        case (.id, .entity(let id)), (.id, .relationship(let id)): return .int(Int64(truncatingIfNeeded: id))
        case (.elementid, .entity(let id)), (.elementid, .relationship(let id)): return .string(String(id))
        case (.labels, .entity(let id)):
            let labels = try General.readingElements { () throws(DeedError) in try context.view.labels(of: id) }
            return .list(labels.map { .string($0) })
        case (.type, .relationship(let id)):
            guard let type = context.view.type(ofRelationship: id) else { throw General.deleted("relationship \(id)") }
            return .string(context.view.typeName(type))
        case (.properties, .entity(let id)): return .map(try properties(.entity, id, context))
        case (.properties, .relationship(let id)): return .map(try properties(.relationship, id, context))
        case (.properties, .map): return value
        case (.keys, .entity(let id)): return .list(try properties(.entity, id, context).keys.map { .string($0) })
        case (.keys, .relationship(let id)):
            return .list(try properties(.relationship, id, context).keys.map { .string($0) })
        case (.keys, .map(let map)): return .list(map.keys.map { .string($0) })
        case (.nodes, .path(let path)): return .list(path.entities.map { .entity($0) })
        case (.relationships, .path(let path)): return .list(path.relationships.map { .relationship($0) })
        case (.length, .path(let path)): return .int(Int64(path.relationships.count))
        case (.pheromone, .relationship(let id)):
            return .float(try General.readingElements { () throws(DeedError) in try context.view.graph.pheromone(of: id) })
        default: throw invalid(value)
        }
    }

    private func properties(_ kind: RowKind, _ id: UInt64, _ context: QueryContext) throws -> MapValue {
        guard let entries = try context.view.properties(kind, id) else {
            throw General.deleted("\(kind == .entity ? "node" : "relationship") \(id)")
        }
        return MapValue(keys: entries.map(\.key), values: entries.map(\.value))
    }

    private func invalid(_ value: Value) -> QueryError {
        let wanted =
            switch function {
            case .id, .elementid: "a node or a relationship"
            case .labels: "a node"
            case .type, .startnode, .endnode, .pheromone: "a relationship"
            case .properties, .keys: "a node, a relationship or a map"
            case .nodes, .relationships: "a path"
            case .length: "a path (the length of a text or a list is its size())"
            case .exists: "a property"
            }
        return .invalidValue("\(function.rawValue)() takes \(wanted)", value)
    }
}
