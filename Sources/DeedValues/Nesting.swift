// How deep values may nest. Comparing, hashing, printing and even releasing a value recurse along its nesting, so that a
// bound on it bounds the stack that all of these need.

extension Value {
    /// Properties nest 100 deep at most, and so do literals in a query; only expressions that feed their own result back into
    /// a list or map (`reduce`) get beyond, and must check. 1,000 levels need less than half a megabyte of stack.
    package static let nestingMax = 1_000

    /// Lists and maps from here down to the deepest one, 0 for a scalar; nil if there are more than `limit`.
    /// O(the value's size).
    package func nesting(limit: Int = Value.nestingMax) -> Int? {
        let parts: [Value]
        switch self {
        case .list(let items): parts = items
        case .map(let map): parts = map.values
        default: return 0
        }
        guard limit > 0 else { return nil }
        var deepest = 0
        for part in parts {
            guard let depth = part.nesting(limit: limit - 1) else { return nil }
            deepest = max(deepest, depth)
        }
        return deepest + 1
    }
}
