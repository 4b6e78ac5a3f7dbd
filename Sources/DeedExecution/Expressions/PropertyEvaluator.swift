// `subject.key`: the properties of entities and relationships by whole columns from the store, those of maps and the
// components of temporal values one by one.

import DeedEngine
import DeedValues

final class PropertyEvaluator: Evaluator {
    private let subject: Evaluator
    private let name: String
    /// The number of the name, once it has one: it keeps it.
    private var key: NameId?
    private var vectors = RecycledVector()

    init(_ subject: Evaluator, _ name: String) { (self.subject, self.name) = (subject, name) }

    override func evaluate(_ chunk: Chunk, _ context: QueryContext) throws -> ColumnVector {
        if key == nil { key = context.view.propertyKey(name) }
        return try Self.property(of: subject.evaluate(chunk, context), name, key, count: chunk.count, context, &vectors)
    }

    /// `key` is the number of the name, or nil if nothing has such a property yet: a statement that writes may give the first
    /// row one at any time.
    static func property(
        of vector: ColumnVector, _ name: String, _ key: NameId?, count: Int, _ context: QueryContext
    ) throws -> ColumnVector {
        var vectors = RecycledVector()
        return try property(of: vector, name, key, count: count, context, &vectors)
    }

    private static func property(
        of vector: ColumnVector, _ name: String, _ key: NameId?, count: Int, _ context: QueryContext,
        _ vectors: inout RecycledVector
    ) throws -> ColumnVector {
        switch vector.kind {
        case .null: return ColumnVector(.null, capacity: count)
        case .entity: return try gather(.entity, vector, key, count, context, &vectors)
        case .relationship: return try gather(.relationship, vector, key, count, context, &vectors)
        case .any:
            if let entries = entries(of: vector, name, count) { return entries }
            return try splitElements(vector, count) { kind, elements, size in
                try gather(kind, elements, key, size, context, &vectors)
            } others: { value in
                try Value.property(of: value, name)
            }
        case .date:
            if let component = dateComponent(of: vector, name, count) { return component }
            return try mapValues(count) { try Value.property(of: vector.value($0), name) }
        default: return try mapValues(count) { try Value.property(of: vector.value($0), name) }
        }
    }

    /// Integers of a column of dates; nil for a component that is not one of the commonest.
    private static func dateComponent(of vector: ColumnVector, _ name: String, _ count: Int) -> ColumnVector? {
        let result = ColumnVector(.int64, capacity: count)
        if !TemporalAccess.dateComponents(name, vector.ints, count: count, into: result.ints) { return nil }
        if let nulls = vector.nulls { result.requireNulls().update(from: nulls, count: count) }
        return result
    }

    /// Of a column of maps and nulls; nil if it holds anything else. Maps of one list mostly share their keys, where the place of
    /// the last one is good for the next.
    private static func entries(of vector: ColumnVector, _ name: String, _ count: Int) -> ColumnVector? {
        let builder = ColumnBuilder(capacity: count)
        var known: (keys: UnsafePointer<String>?, position: Int?) = (nil, nil)
        let values = vector.values
        for row in 0..<count {
            switch values[row] {
            case .null: builder.appendNull()
            case .map(let map):
                let keys = map.keys.withUnsafeBufferPointer { $0.baseAddress }
                if keys == nil || keys != known.keys { known = (keys, map.position(of: name)) }
                if let position = known.position { builder.append(map.values[position]) } else { builder.appendNull() }
            default: return nil
            }
        }
        return builder.finish()
    }

    private static func gather(
        _ kind: RowKind, _ vector: ColumnVector, _ key: NameId?, _ count: Int, _ context: QueryContext,
        _ vectors: inout RecycledVector
    ) throws -> ColumnVector {
        let view = context.view
        guard let key else {
            try requirePresence(kind, vector, count, context)
            return ColumnVector(.null, capacity: count)
        }
        return try General.readingElements { () throws(DeedError) in
            try view.gather(kind, vector.ids, nulls: vector.nulls, count: count, key: key, requiresPresence: true, &vectors)
        }
    }

    /// Only who writes can come by elements that are not there.
    private static func requirePresence(
        _ kind: RowKind, _ vector: ColumnVector, _ count: Int, _ context: QueryContext
    ) throws {
        guard context.view.transaction != nil else { return }
        for row in 0..<count where !vector.isNull(row) && !context.view.isVisible(kind, vector.ids[row]) {
            throw General.deleted("\(kind == .entity ? "node" : "relationship") \(vector.ids[row])")
        }
    }
}

/// A vector of mixed values in three: its entities and its relationships, each at once, and all others one by one.
func splitElements(
    _ vector: ColumnVector, _ count: Int, elements: (RowKind, ColumnVector, Int) throws -> ColumnVector,
    others: (Value) throws -> Value
) throws -> ColumnVector {
    var rows: [[UInt32]] = [[], [], []]
    var ids: [[Value]] = [[], []]
    var rest: [Value] = []
    for row in 0..<count {
        let value = vector.value(row)
        switch value {
        case .entity:
            rows[0].append(UInt32(row))
            ids[0].append(value)
        case .relationship:
            rows[1].append(UInt32(row))
            ids[1].append(value)
        default:
            rows[2].append(UInt32(row))
            rest.append(try others(value))
        }
    }
    var merge = VectorMerge(count: count)
    for (kind, number) in [(RowKind.entity, 0), (.relationship, 1)] where !rows[number].isEmpty {
        merge.add(try elements(kind, ColumnVector(ids[number]), rows[number].count), Selection(rows[number]))
    }
    if !rest.isEmpty { merge.add(ColumnVector(rest), Selection(rows[2])) }
    return merge.result()
}

extension Selection {
    convenience init(_ positions: [UInt32]) {
        self.init(count: positions.count)
        for (row, position) in positions.enumerated() { rows[row] = position }
    }
}
