// Bounds on what a text may ask of the parser, and of everybody who walks its tree later, in one place.

package enum SyntaxLimits {
    /// Bytes of one text. Its tokens take sixteen times as much at worst. Data in bulk belongs in parameters.
    package static let textBytesMax = 8 << 20
    /// Parentheses, lists, maps, subqueries and clauses inside each other; subqueries count for `nestingOfSubquery`.
    package static let nestingMax = 128
    /// Stack that the parser takes, so that it is safe on threads of half a MiB. A release build reaches the limit of nesting
    /// long before; a debug build, whose frames are several times as large, reaches this one at 30 to 80 levels.
    package static let stackBytesMax = 320 << 10
    /// What a subquery or the body of FOREACH counts for among the levels of nesting.
    package static let nestingOfSubquery = 4
    /// Levels of an expression's tree: nesting, and operators that lean to the left such as `a + b + c`. Who walks the tree
    /// by recursion, and the release of the tree itself, need no more stack than that. AND, OR and XOR are built balanced
    /// and hardly count.
    package static let heightMax = 200
    /// Different literals that a query's normal form lifts out. Queries with more are data in bulk, and not worth keeping.
    package static let liftedLiteralsMax = 256
    /// Characters of the line that an error shows; more of it is cut away at both sides.
    package static let excerptCharactersMax = 120
}
