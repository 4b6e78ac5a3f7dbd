// The functions of values, by name. Functions that look into the graph are the executor's.

/// What a function may know besides its arguments.
package struct FunctionContext: @unchecked Sendable {
    /// The statement's moment: seconds since the epoch and nanoseconds. Every call in a statement sees the same.
    package var seconds: Int64
    package var nanoseconds: UInt32
    /// The zone of temporal values that name none; empty for UTC.
    package var zone: String
    /// Asked by what takes long; nil: nobody.
    package var watch: (any WorkWatch)?

    package init(seconds: Int64, nanoseconds: UInt32, zone: String = "") {
        (self.seconds, self.nanoseconds, self.zone) = (seconds, nanoseconds, zone)
    }
}

package struct ScalarFunction: Sendable {
    package let name: String
    package let arity: ClosedRange<Int>
    /// False for what gives something else each time, such as `rand`.
    package let isDeterministic: Bool
    /// Throws a QueryError, or what the watch throws.
    package let evaluate: @Sendable ([Value], FunctionContext) throws -> Value

    package init(
        _ name: String, _ arity: ClosedRange<Int>, isDeterministic: Bool = true,
        _ evaluate: @escaping @Sendable ([Value], FunctionContext) throws -> Value
    ) {
        (self.name, self.arity, self.isDeterministic, self.evaluate) = (name, arity, isDeterministic, evaluate)
    }
}

package enum ScalarFunctions {
    /// By name in lower case, namespaces included (`duration.between`); nil if there is none.
    package static func named(_ name: String) -> ScalarFunction? { byName[name] }

    /// Those that queries can call, in alphabetical order.
    package static var names: [String] { byName.keys.filter { !$0.contains(":") }.sorted() }

    private static let byName: [String: ScalarFunction] = {
        let groups = [
            MathFunctions.all, StringFunctions.all, ConversionFunctions.all, ListFunctions.all, MomentFunctions.all,
            TemporalFunctions.all, SQLFunctions.all,
        ]
        return Dictionary(groups.joined().map { ($0.name, $0) }, uniquingKeysWith: { first, _ in first })
    }()
}
