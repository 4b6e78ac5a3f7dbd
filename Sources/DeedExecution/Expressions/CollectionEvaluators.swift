// Lists and maps: making them of the values of each row, and taking them apart.

import DeedEngine
import DeedValues

final class ListEvaluator: Evaluator {
    private let items: [Evaluator]

    init(_ items: [Evaluator]) { self.items = items }

    override func evaluate(_ chunk: Chunk, _ context: QueryContext) throws -> ColumnVector {
        let operands = try items.map { try $0.operand(chunk, context) }
        let result = ColumnVector(.any, capacity: chunk.count)
        result.values = (0..<chunk.count).map { row in .list(operands.map { $0.value(row) }) }
        return result
    }
}

final class MapEvaluator: Evaluator {
    private let keys: [String]
    private let entries: [Evaluator]

    /// Of a key that is given twice the last value counts.
    init(_ entries: [(key: String, value: Evaluator)]) {
        var (keys, values): ([String], [Evaluator]) = ([], [])
        for (key, value) in entries {
            if let place = keys.firstIndex(where: { $0.utf8.elementsEqual(key.utf8) }) {
                values[place] = value
            } else {
                keys.append(key)
                values.append(value)
            }
        }
        (self.keys, self.entries) = (keys, values)
    }

    override func evaluate(_ chunk: Chunk, _ context: QueryContext) throws -> ColumnVector {
        let operands = try entries.map { try $0.operand(chunk, context) }
        let result = ColumnVector(.any, capacity: chunk.count)
        result.values = (0..<chunk.count).map { row in
            .map(MapValue(keys: keys, values: operands.map { $0.value(row) }))
        }
        return result
    }
}

/// `container[index]`; of an element of the graph, the property of that name.
final class ElementEvaluator: Evaluator {
    private let container: Evaluator
    private let index: Evaluator

    init(_ container: Evaluator, index: Evaluator) { (self.container, self.index) = (container, index) }

    override func evaluate(_ chunk: Chunk, _ context: QueryContext) throws -> ColumnVector {
        let (one, other) = (try container.operand(chunk, context), try index.operand(chunk, context))
        let count = chunk.count
        if one.kind == .null { return ColumnVector(.null, capacity: count) }
        let isElement = one.kind == .entity || one.kind == .relationship
        if isElement, !one.isConstant, other.isConstant, case .string(let name) = other.value(0) {
            return try PropertyEvaluator.property(of: one.vector, name, context.view.propertyKey(name), count: count, context)
        }
        return try mapValues(count) { row in
            let value = one.value(row)
            switch value {
            case .entity, .relationship: return try Self.property(of: value, other.value(row), context)
            default: return try Value.element(of: value, at: other.value(row))
            }
        }
    }

    private static func property(of element: Value, _ key: Value, _ context: QueryContext) throws -> Value {
        switch key {
        case .null: return .null
        case .string(let name):
            return try PropertyEvaluator.property(
                of: ColumnVector([element]), name, context.view.propertyKey(name), count: 1, context
            ).value(0)
        default:
            throw QueryError(
                .typeError, "MapElementAccessByNonString", "the key of a property is a STRING, not \(key.typeName)")
        }
    }
}

final class SliceEvaluator: Evaluator {
    private let list: Evaluator
    private let from: Evaluator?
    private let to: Evaluator?

    init(_ list: Evaluator, from: Evaluator?, to: Evaluator?) { (self.list, self.from, self.to) = (list, from, to) }

    override func evaluate(_ chunk: Chunk, _ context: QueryContext) throws -> ColumnVector {
        let lists = try list.operand(chunk, context)
        let (first, last) = (try from?.operand(chunk, context), try to?.operand(chunk, context))
        var work = RowWork(context)
        return try mapValues(chunk.count) { row in
            let slice = try Value.slice(of: lists.value(row), from: first?.value(row), to: last?.value(row))
            try work.note(slice)
            return slice
        }
    }
}
