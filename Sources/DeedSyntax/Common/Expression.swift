// The expression tree, which all query languages share. A node knows its place in the text; the nodes say what was
// written, not what it means: names are not resolved, and nothing is typed.

/// Bytes of the query's text.
package typealias SourceRange = Range<Int>

package struct Name: Sendable {
    package let text: String
    package let range: SourceRange
    /// In SQL: written in double quotes, and so to be taken letter by letter.
    package let isQuoted: Bool
    package init(_ text: String, _ range: SourceRange, isQuoted: Bool = false) {
        (self.text, self.range, self.isQuoted) = (text, range, isQuoted)
    }
}

package final class Expression: Sendable {
    package let kind: Kind
    package let range: SourceRange
    package init(_ kind: Kind, _ range: SourceRange) { (self.kind, self.range) = (kind, range) }

    package indirect enum Kind: Sendable {
        case null
        case bool(Bool)
        case integer(Int64)
        case float(Double)
        case string(String)
        case parameter(String)
        case variable(String)
        /// `subject.key`
        case property(Expression, Name)
        /// `subject:Label`, `subject:A|B&!C`
        case hasLabels(Expression, LabelExpression)
        case unary(UnaryOperator, Expression)
        case binary(BinaryOperator, Expression, Expression)
        /// A chain: `a < b <= c` means `a < b AND b <= c`, with each operand evaluated once. Two operands are the common case.
        case comparison(first: Expression, rest: [(ComparisonOperator, Expression)])
        case isNull(Expression, negated: Bool)
        case list([Expression])
        case map([(key: Name, value: Expression)])
        /// `subject {.key, .*, name: value, variable}`
        case mapProjection(Expression, [MapProjectionItem])
        case element(Expression, index: Expression)
        case slice(Expression, from: Expression?, to: Expression?)
        case call(FunctionCall)
        case caseWhen(subject: Expression?, branches: [(when: Expression, then: Expression)], otherwise: Expression?)
        /// `[variable IN list WHERE filter | projection]`
        case listComprehension(variable: Name, list: Expression, filter: Expression?, projection: Expression?)
        /// `[path = pattern WHERE filter | projection]`
        case patternComprehension(PathPattern, filter: Expression?, projection: Expression)
        case quantifier(Quantifier, variable: Name, list: Expression, predicate: Expression)
        /// `reduce(accumulator = initial, variable IN list | body)`
        case reduce(accumulator: Name, initial: Expression, variable: Name, list: Expression, body: Expression)
        /// A pattern as a predicate: `(a)-[:T]->(b)`.
        case pattern(PathPattern)
        /// `shortestPath((a)-[*]->(b))` as an expression; the selector is in the pattern.
        case shortestPath(PathPattern)
        /// `EXISTS { ... }`, `COUNT { ... }`, `COLLECT { ... }`. A bare pattern becomes a query of one MATCH.
        case subquery(SubqueryKind, Query)
        /// What only SQL has.
        case sql(SQLExpression)
    }
}

package enum UnaryOperator: UInt8, Sendable { case not, plus, minus }

package enum BinaryOperator: UInt8, Sendable {
    case and, or, xor
    case add, subtract, multiply, divide, modulo, power
    case `in`, startsWith, endsWith, contains, matches
    /// `||`
    case concatenate
}

package enum ComparisonOperator: UInt8, Sendable { case equal, notEqual, less, lessOrEqual, greater, greaterOrEqual }
package enum Quantifier: UInt8, Sendable { case all, any, none, single }
package enum SubqueryKind: Sendable { case exists, count, collect }

package enum MapProjectionItem: Sendable {
    case property(Name)
    case all
    case entry(Name, Expression)
    case variable(Name)
}

/// `namespace.name(DISTINCT arguments)`; `count(*)` has `isStar`.
package struct FunctionCall: Sendable {
    /// As written, namespaces joined by dots.
    package let name: Name
    package let isDistinct: Bool
    package let isStar: Bool
    package let arguments: [Expression]

    package init(name: Name, isDistinct: Bool, isStar: Bool, arguments: [Expression]) {
        (self.name, self.isDistinct, self.isStar, self.arguments) = (name, isDistinct, isStar, arguments)
    }
}

/// Of entities (labels) or relationships (types).
package indirect enum LabelExpression: Sendable {
    case name(Name)
    /// `%`: any label at all.
    case any
    case not(LabelExpression)
    case and(LabelExpression, LabelExpression)
    case or(LabelExpression, LabelExpression)
}
