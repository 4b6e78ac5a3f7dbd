// What a planner may know of the functions that look into the graph, and the one that only planners call.

import DeedEngine
import DeedValues

package enum GraphFunctions {
    /// The first map with the entries of the second put over it: `n {.*, key: value}`. No query can name it.
    package static let mergeMaps = "map merge"

    /// The number of arguments; nil if there is no such function. By name in lower case.
    package static func arity(_ name: String) -> ClosedRange<Int>? {
        if name == "coalesce" { return 1...Int.max }
        return GraphFunction(rawValue: name) == nil ? nil : 1...1
    }

    package static var names: [String] { GraphFunction.allCases.map(\.rawValue) + ["coalesce"] }
}

final class MergeMapsEvaluator: Evaluator {
    private let base: Evaluator
    private let over: Evaluator

    init(_ base: Evaluator, _ over: Evaluator) { (self.base, self.over) = (base, over) }

    override func evaluate(_ chunk: Chunk, _ context: QueryContext) throws -> ColumnVector {
        let (bases, overs) = (try base.evaluate(chunk, context), try over.evaluate(chunk, context))
        return mapValues(chunk.count) { row in
            guard case .map(let base) = bases.value(row), case .map(let over) = overs.value(row) else { return .null }
            var (keys, values) = (base.keys, base.values)
            for (key, value) in zip(over.keys, over.values) {
                if let known = keys.firstIndex(where: { $0.utf8.elementsEqual(key.utf8) }) {
                    values[known] = value
                } else {
                    keys.append(key)
                    values.append(value)
                }
            }
            return .map(MapValue(keys: keys, values: values))
        }
    }
}
