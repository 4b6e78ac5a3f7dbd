// Operators of temporal values, as Arithmetic.swift asks for them: nil where the operands are not temporal.

package enum TemporalArithmetic {
    package static func add(_ left: Value, _ right: Value) throws(QueryError) -> Value? { nil }
    package static func subtract(_ left: Value, _ right: Value) throws(QueryError) -> Value? { nil }
    package static func multiply(_ left: Value, _ right: Value) throws(QueryError) -> Value? { nil }
    package static func divide(_ left: Value, _ right: Value) throws(QueryError) -> Value? { nil }
    /// `-duration`.
    package static func negate(_ value: Value) throws(QueryError) -> Value? { nil }
}
