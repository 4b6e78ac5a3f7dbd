// What SQL's expressions have beside the tree that all languages share. The rest is said by shared nodes:
//
//     a, t.a                `.variable`, `.property`; `s.t.a` is a property of a property
//     x IN (1, 2)           `.binary(.in, x, .list)`; NOT IN is `.unary(.not, ...)` around it
//     ARRAY[1, 2]           `.list`; a[1] is `.element`, counted from 1
//     ~ and !~              calls of `regexp_like`; ~* and !~* with the flags 'i'
//     ~~ and ~~*            LIKE and ILIKE
//     DATE '2020-01-01'     `.sql(.cast)` of the string
//     x -> k, x ->> k       calls of `json_get` and `json_get_text`
//     x #> p, x #>> p       calls of `json_get_path` and `json_get_path_text`
//     x @> y, y <@ x        a call of `contains`(x, y); x && y one of `overlap`(x, y)
//     & | # ~ << >>         calls of `bitwise_and`, `bitwise_or`, `bitwise_xor`, `bitwise_not`, `shift_left`, `shift_right`
//     (a, b) OVERLAPS (c, d)  a call of `overlaps`(a, b, c, d)
//     EXTRACT(f FROM x)     a call of `extract` with the field as a string; SUBSTRING, POSITION, TRIM and OVERLAY with words
//                           are calls of `substring`, `position` (the part, the whole), `btrim` (or `ltrim`, `rtrim`) and `overlay`
//     x AT TIME ZONE z      a call of `timezone`(z, x)
//     CURRENT_DATE          a call without arguments, by its name in lower case; CURRENT_TIME(3) has one
//     ?, $1, :name          `.parameter`, by position from "1" on, or by its name

package indirect enum SQLExpression: Sendable {
    case cast(Expression, TypeName)
    /// A number with a dot, or beyond 64 bits: NUMERIC, letter by letter (with its sign).
    case decimal(String)
    /// DEFAULT in VALUES and in SET.
    case `default`
    case like(Expression, LikeOperator, pattern: Expression, escape: Expression?, negated: Bool)
    case between(Expression, low: Expression, high: Expression, isSymmetric: Bool, negated: Bool)
    /// IS [NOT] DISTINCT FROM
    case isDistinct(Expression, from: Expression, negated: Bool)
    /// IS [NOT] TRUE, FALSE, UNKNOWN (nil)
    case isTruth(Expression, Bool?, negated: Bool)
    /// (a, b) and ROW(a, b)
    case row([Expression])
    /// A query as a value: one column and at most one row.
    case scalar(SelectQuery)
    case exists(SelectQuery)
    /// ARRAY(SELECT ...)
    case array(SelectQuery)
    /// `x = ANY (SELECT ...)`, and `x IN (SELECT ...)`.
    case compareQuery(Expression, ComparisonOperator, Quantity, SelectQuery)
    /// `x = ANY (list)`
    case compareList(Expression, ComparisonOperator, Quantity, Expression)
    /// A call with what follows it: FILTER, WITHIN GROUP, OVER; `order` is that of the arguments, or of the group.
    case aggregate(FunctionCall, order: [SortItem], filter: Expression?, over: Window?)
    case collate(Expression, Name)
}

package enum LikeOperator: Sendable { case like, ilike, similar }
package enum Quantity: Sendable { case any, all }

package enum Window: Sendable {
    case named(Name)
    case definition(WindowDefinition)
}

package struct WindowDefinition: Sendable {
    /// The window that it is based on.
    package let base: Name?
    package let partition: [Expression]
    package let order: [SortItem]
    package let frame: WindowFrame?
    package init(base: Name?, partition: [Expression], order: [SortItem], frame: WindowFrame?) {
        (self.base, self.partition, self.order, self.frame) = (base, partition, order, frame)
    }
}

package struct WindowFrame: Sendable {
    package enum Unit: Sendable { case rows, range, groups }
    package enum Exclusion: Sendable { case noOthers, currentRow, group, ties }
    package enum Bound: Sendable {
        case unboundedPreceding
        case preceding(Expression)
        case currentRow
        case following(Expression)
        case unboundedFollowing
    }
    package let unit: Unit
    package let start: Bound
    package let end: Bound
    package let exclusion: Exclusion
    package init(unit: Unit, start: Bound, end: Bound, exclusion: Exclusion) {
        (self.unit, self.start, self.end, self.exclusion) = (unit, start, end, exclusion)
    }
}

extension Expression {
    /// Whether this is a name in double quotes, which is to be taken letter by letter. Written without quotes, it would be as
    /// long as its text.
    package var isQuotedName: Bool {
        if case .variable(let text) = kind { range.count != text.utf8.count } else { false }
    }
}
