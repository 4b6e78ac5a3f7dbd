// STARTS WITH, ENDS WITH, CONTAINS and `=~`: null unless both sides are texts.

extension Value {
    package static func startsWith(_ text: Value, _ prefix: Value) -> Bool? { test(text, prefix, TextBytes.starts(_:with:)) }
    package static func endsWith(_ text: Value, _ suffix: Value) -> Bool? { test(text, suffix, TextBytes.ends(_:with:)) }
    package static func contains(_ text: Value, _ part: Value) -> Bool? { test(text, part, TextBytes.contains) }

    /// `text =~ pattern`: the whole text must match. The cache is the caller's, one for each place in a query.
    package static func matches(
        _ text: Value, _ pattern: Value, _ cache: inout PatternCache, _ watch: (any WorkWatch)? = nil
    ) throws -> Bool? {
        guard case .string(let text) = text, case .string(let pattern) = pattern else { return nil }
        return try cache.expression(pattern).matches(text, watch)
    }

    private static func test(_ left: Value, _ right: Value, _ body: (String, String) -> Bool) -> Bool? {
        guard case .string(let left) = left, case .string(let right) = right else { return nil }
        return body(left, right)
    }
}

/// The last regular expression that was compiled: patterns rarely change from row to row.
package struct PatternCache: Sendable {
    private var last: (pattern: String, expression: RegularExpression)?

    package init() {}

    package mutating func expression(_ pattern: String) throws(QueryError) -> RegularExpression {
        if let last, TextBytes.areEqual(last.pattern, pattern) { return last.expression }
        let expression = try RegularExpression(pattern)
        last = (pattern, expression)
        return expression
    }
}
