// Functions of lists and maps, and those that take any value.

enum ListFunctions {
    static let all: [ScalarFunction] = [
        ScalarFunction("size", 1...1) { (arguments, _) throws(QueryError) in
            switch arguments[0] {
            case .null: return .null
            case .list(let items): return .int(Int64(items.count))
            case .string(let text): return .int(Int64(TextBytes.countCharacters(text)))
            case .vector(let items): return .int(Int64(items.count))
            case .bytes(let bytes): return .int(Int64(bytes.count))
            default: throw .invalidType("size() takes a list or a text", arguments[0])
            }
        },
        ScalarFunction("isempty", 1...1) { (arguments, _) throws(QueryError) in
            switch arguments[0] {
            case .null: return .null
            case .list(let items): return .bool(items.isEmpty)
            case .string(let text): return .bool(text.utf8.isEmpty)
            case .map(let map): return .bool(map.keys.isEmpty)
            default: throw .invalidType("isEmpty() takes a list, a map or a text", arguments[0])
            }
        },
        ScalarFunction("head", 1...1) { (arguments, _) throws(QueryError) in
            try Arguments.list(arguments[0], "head")?.first ?? .null
        },
        ScalarFunction("last", 1...1) { (arguments, _) throws(QueryError) in
            try Arguments.list(arguments[0], "last")?.last ?? .null
        },
        ScalarFunction("tail", 1...1) { (arguments, _) throws(QueryError) in
            try Arguments.list(arguments[0], "tail").map { .list(Array($0.dropFirst())) } ?? .null
        },
        ScalarFunction("reverse", 1...1) { (arguments, _) throws(QueryError) in
            switch arguments[0] {
            case .null: return .null
            case .list(let items): return .list(items.reversed())
            case .string(let text): return .string(String(String.UnicodeScalarView(text.unicodeScalars.reversed())))
            default: throw .invalidType("reverse() takes a list or a text", arguments[0])
            }
        },
        ScalarFunction("keys", 1...1) { (arguments, _) throws(QueryError) in
            switch arguments[0] {
            case .null: return .null
            case .map(let map): return .list(map.keys.map { .string($0) })
            default: throw .invalidType("keys() takes a map or an element of the graph", arguments[0])
            }
        },
        ScalarFunction("range", 2...3) { (arguments, context) throws in try range(arguments, context.watch) },
        ScalarFunction("coalesce", 1...Int.max) { (arguments, _) throws(QueryError) in
            arguments.first { !$0.isNull } ?? .null
        },
        ScalarFunction("nullif", 2...2) { (arguments, _) throws(QueryError) in
            Value.equals(arguments[0], arguments[1]) == true ? .null : arguments[0]
        },
    ]

    private static func range(_ arguments: [Value], _ watch: (any WorkWatch)?) throws -> Value {
        guard let range = try IntegerRange(arguments) else { return .null }
        guard range.count <= ValueLimits.listCountMax else {
            throw QueryError.outOfRange("range() gives \(ValueLimits.listCountMax) items at most")
        }
        try watch?.goOn(holding: range.count * MemoryLayout<Value>.stride)
        return .list((0..<range.count).map { .int(range[$0]) })
    }
}

/// What `range(start, end, step)` means, both ends included.
package struct IntegerRange {
    private let start: Int64
    private let step: Int64
    package let count: Int

    /// nil if an argument is null.
    package init?(_ arguments: [Value]) throws(QueryError) {
        guard let start = try Arguments.integer(arguments[0], "range"), let end = try Arguments.integer(arguments[1], "range")
        else { return nil }
        var step: Int64 = 1
        if arguments.count > 2 {
            guard let given = try Arguments.integer(arguments[2], "range") else { return nil }
            step = given
        }
        if step == 0 { throw .outOfRange("the step of range() must not be 0") }
        (self.start, self.step) = (start, step)
        if step > 0 ? start > end : start < end {
            count = 0
        } else {
            let distance = step > 0 ? UInt64(bitPattern: end &- start) : UInt64(bitPattern: start &- end)
            let steps = Int(clamping: distance / step.magnitude)
            // Nobody gets to the end of so many.
            count = steps == .max ? steps : steps + 1
        }
    }

    /// The item at a position below `count`; it is not beyond the end, so that nothing wraps.
    @inline(__always)
    package subscript(position: Int) -> Int64 { start &+ Int64(position) &* step }
}
