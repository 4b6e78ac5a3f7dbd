// What a query can do wrong, by the names that openCypher gives it.

package struct QueryError: Error, Sendable {
    /// The class of an error, as openCypher names it.
    package enum Kind: String, Sendable {
        case syntaxError = "SyntaxError"
        case semanticError = "SemanticError"
        case parameterMissing = "ParameterMissing"
        case typeError = "TypeError"
        case argumentError = "ArgumentError"
        case arithmeticError = "ArithmeticError"
        case entityNotFound = "EntityNotFound"
        case propertyNotFound = "PropertyNotFound"
        case labelNotFound = "LabelNotFound"
        case procedureError = "ProcedureError"
        case constraintVerificationFailed = "ConstraintVerificationFailed"
        case constraintValidationFailed = "ConstraintValidationFailed"
    }

    package let kind: Kind
    /// What exactly, in one word as openCypher has it, such as `InvalidArgumentType`; free where it has none.
    package let detail: String
    /// A sentence for people, with the likely remedy where there is one.
    package let message: String
    /// Where in the query's text, in bytes; nil where the place is not known.
    package var position: Range<Int>?

    package init(_ kind: Kind, _ detail: String, _ message: String, at position: Range<Int>? = nil) {
        (self.kind, self.detail, self.message, self.position) = (kind, detail, message, position)
    }
}
