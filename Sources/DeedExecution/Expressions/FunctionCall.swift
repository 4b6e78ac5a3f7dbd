// Calls of functions by name: those of values come from DeedValues and are called row by row; those of the graph are here.

import DeedEngine
import DeedValues

final class ScalarCallEvaluator: Evaluator {
    private let function: ScalarFunction
    private let arguments: [Evaluator]

    init(_ function: ScalarFunction, _ arguments: [Evaluator]) { (self.function, self.arguments) = (function, arguments) }

    override func evaluate(_ chunk: Chunk, _ context: QueryContext) throws -> ColumnVector {
        let operands = try arguments.map { try $0.operand(chunk, context) }
        // One array for the arguments of all rows.
        var values = [Value](repeating: .null, count: operands.count)
        var work = RowWork(context)
        var functions = context.functions
        functions.watch = context
        return try mapValues(chunk.count) { row in
            for index in operands.indices where row == 0 || !operands[index].isConstant {
                values[index] = operands[index].value(row)
            }
            let result = try function.evaluate(values, functions)
            try work.note(result)
            return result
        }
    }
}

/// The first argument that is not null; those behind it are evaluated only for the rows that get to them.
final class CoalesceEvaluator: Evaluator {
    private let arguments: [Evaluator]
    private let needed: NeededSlots

    init(_ arguments: [Evaluator], needed: NeededSlots) { (self.arguments, self.needed) = (arguments, needed) }

    override func evaluate(_ chunk: Chunk, _ context: QueryContext) throws -> ColumnVector {
        var merge = VectorMerge(count: chunk.count)
        var rest = chunk
        var places: Selection?
        for argument in arguments {
            let vector = try argument.evaluate(rest, context)
            let missing = makeSelection(rest.count) { rows in
                var selected = 0
                for row in 0..<rest.count {
                    rows[selected] = UInt32(row)
                    selected += vector.isNull(row) ? 1 : 0
                }
                return selected
            }
            guard let missing else { continue }
            if missing.count == 0 {
                merge.add(vector, places)
                return merge.result()
            }
            let present = missing.complement(of: rest.count)
            merge.add(vector.gathered(present), Selection.compose(places, present))
            rest = rest.selecting(missing, needed)
            places = Selection.compose(places, missing)
        }
        return merge.result()
    }
}

enum FunctionNames {
    static func unknown(_ name: String) -> QueryError {
        var message = "there is no function \(name)()"
        if let nearest = nearest(to: name) { message += "; did you mean \(nearest)()?" }
        return QueryError(.syntaxError, "UnknownFunction", message)
    }

    static func wrongCount(_ name: String, _ arity: ClosedRange<Int>, _ count: Int) -> QueryError {
        let wanted =
            arity.lowerBound == arity.upperBound
            ? "\(arity.lowerBound)"
            : arity.upperBound == .max ? "\(arity.lowerBound) or more" : "\(arity.lowerBound) to \(arity.upperBound)"
        return QueryError(
            .syntaxError, "InvalidNumberOfArguments",
            "\(name)() takes \(wanted) argument\(wanted == "1" ? "" : "s"), not \(count)")
    }

    /// The known name with the fewest letters to change, if those are few.
    private static func nearest(to name: String) -> String? {
        // A name that is longer than any is like none, and must not cost time.
        guard name.utf8.count <= 64 else { return nil }
        let allowed = max(1, name.utf8.count / 3)
        var best: (name: String, distance: Int)?
        for known in ScalarFunctions.names + GraphFunctions.names {
            let distance = editDistance(Array(name.utf8), Array(known.utf8))
            if distance <= allowed, distance < best?.distance ?? .max { best = (known, distance) }
        }
        return best?.name
    }

    /// Letters to insert, delete or replace.
    private static func editDistance(_ left: [UInt8], _ right: [UInt8]) -> Int {
        var previous = Array(0...right.count)
        for (row, letter) in left.enumerated() {
            var current = [row + 1]
            for (column, other) in right.enumerated() {
                current.append(
                    min(previous[column] + (letter == other ? 0 : 1), previous[column + 1] + 1, current[column] + 1))
            }
            previous = current
        }
        return previous[right.count]
    }
}
