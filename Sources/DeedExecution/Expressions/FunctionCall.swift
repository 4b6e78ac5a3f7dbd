// Calls of functions by name: those of values come from DeedValues and are called row by row, except for parts of texts at constant
// positions; those of the graph are here.

import DeedEngine
import DeedValues

final class ScalarCallEvaluator: Evaluator {
    private let function: ScalarFunction
    private let arguments: [Evaluator]

    private let isSubstring: Bool

    init(_ function: ScalarFunction, _ arguments: [Evaluator]) {
        (self.function, self.arguments, isSubstring) = (function, arguments, function.name == "sql:substring")
    }

    override func evaluate(_ chunk: Chunk, _ context: QueryContext) throws -> ColumnVector {
        let operands = try arguments.map { try $0.operand(chunk, context) }
        if isSubstring, let parts = Self.substrings(operands, chunk.count) { return parts }
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

extension ScalarCallEvaluator {
    /// `sql:substring` of a column of texts; nil where the place is not the same for all of them, or an error.
    private static func substrings(_ operands: [Operand], _ count: Int) -> ColumnVector? {
        guard operands[0].kind == .string, !operands[0].isConstant,
            operands.dropFirst().allSatisfy({ $0.isConstant && $0.kind == .int64 && !$0.vector.isNull(0) })
        else { return nil }
        let start = operands[1].vector.ints[0]
        let length = operands.count > 2 ? operands[2].vector.ints[0] : .max
        if length < 0 { return nil }
        let (sum, overflow) = start.addingReportingOverflow(length)
        // Characters that are passed over, and those that are taken.
        let first = max(start, 1) - 1
        let taken = max((overflow ? .max : sum) - 1 - first, 0)
        let texts = operands[0].vector
        let result = ColumnVector(.string, capacity: count)
        if let nulls = texts.nulls { result.requireNulls().update(from: nulls, count: count) }
        for row in 0..<count {
            // A null row's slot may hold anything and must not be followed.
            let bytes = texts.isNull(row) ? UnsafeRawBufferPointer(start: nil, count: 0) : texts.stringBytes(row)
            let begin = skip(first, bytes, from: 0)
            let end = skip(taken, bytes, from: begin)
            result.setString(row, UnsafeRawBufferPointer(rebasing: bytes[begin..<end]))
        }
        return result
    }

    /// Behind so many characters, or the end.
    @inline(__always)
    private static func skip(_ characters: Int64, _ bytes: UnsafeRawBufferPointer, from place: Int) -> Int {
        var (place, left) = (place, characters)
        while place < bytes.count && left > 0 {
            place &+= 1
            // All bytes of a character but the first.
            while place < bytes.count && bytes[place] & 0xC0 == 0x80 { place &+= 1 }
            left &-= 1
        }
        return place
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
