// The five characters by which SQL calls an error, as PostgreSQL has them. One table for each of the things that are known of an
// error: the word that a statement's error has, its class where that word is not listed, and the status of an error of the engine.

import DeedEngine
import DeedValues

/// Text without an end in the program's life, so that it can be lent out.
package func sqlState(of error: any Error) -> StaticString {
    switch error {
    case let error as QueryError: state(ofDetail: error.detail) ?? state(of: error.kind)
    case let error as DeedError: error.violated.map(state) ?? state(of: error.status)
    default: "XX000"
    }
}

private func state(of rule: ViolatedRule) -> StaticString {
    switch rule {
    case .notNull: "23502"
    case .reference: "23503"
    case .unique: "23505"
    case .check: "23514"
    }
}

private func state(of status: Status) -> StaticString {
    switch status {
    case .invalidArgument: "22023"
    case .typeMismatch: "42804"
    case .notFound: "42704"
    case .limitExceeded: "54000"
    case .readOnly: "25006"
    case .hasRelationships, .stillConnected: "23503"
    case .constraintViolation: "23000"
    case .alreadyExists: "42710"
    case .transactionConflict, .serializationFailure: "40001"
    case .transactionEnded: "25000"
    case .deadlock: "40P01"
    case .lockTimeout: "55P03"
    case .snapshotTooOld: "72000"
    case .storeLocked: "55006"
    case .corruption: "XX001"
    case .ioError: "58030"
    case .diskFull: "53100"
    case .newerFormat: "0A000"
    case .notRetained, .outOfSequence: "55000"
    case .outOfMemory: "53200"
    case .closed: "08003"
    case .interrupted: "57014"
    case .internalError: "XX000"
    case .syntaxError: state(of: QueryError.Kind.syntaxError)
    case .semanticError: state(of: QueryError.Kind.semanticError)
    case .parameterMissing: state(of: QueryError.Kind.parameterMissing)
    case .typeError: state(of: QueryError.Kind.typeError)
    case .argumentError: state(of: QueryError.Kind.argumentError)
    case .arithmeticError: state(of: QueryError.Kind.arithmeticError)
    case .entityNotFound: state(of: QueryError.Kind.entityNotFound)
    case .procedureError: state(of: QueryError.Kind.procedureError)
    }
}

private func state(of kind: QueryError.Kind) -> StaticString {
    switch kind {
    case .syntaxError: "42601"
    case .semanticError: "42000"
    case .parameterMissing: "42P02"
    case .typeError: "42804"
    case .argumentError: "22023"
    case .arithmeticError: "22003"
    case .entityNotFound: "55000"
    case .propertyNotFound: "42703"
    case .labelNotFound: "42P01"
    case .procedureError: "42883"
    case .constraintVerificationFailed: "23503"
    case .constraintValidationFailed: "23000"
    }
}

private func state(ofDetail detail: String) -> StaticString? {
    switch detail {
    case "AmbiguousColumn": "42702"
    case "CardinalityViolation": "21000"
    case "CheckViolation": "23514"
    case "DatatypeMismatch": "42804"
    case "DependentObjects": "2BP01"
    case "DivisionByZero": "22012"
    case "DuplicateAlias": "42712"
    case "DuplicateColumn": "42701"
    case "DuplicateObject": "42710"
    case "DuplicateStatement": "42P05"
    case "DuplicateTable": "42P07"
    case "ExpressionTooDeep", "NestingTooDeep", "StatementTooComplex", "StatementTooLong": "54001"
    case "FeatureNotSupported", "UnsupportedPattern": "0A000"
    case "ForeignKeyViolation": "23503"
    case "GeneratedAlways": "428C9"
    case "GroupingError", "NestedAggregation": "42803"
    case "IntegerOverflow", "NumberOutOfRange": "22003"
    case "InvalidColumnReference": "42P10"
    case "InvalidCSV": "22P04"
    case "InvalidEscapeSequence": "22025"
    case "InvalidForeignKey": "42830"
    case "InvalidFrame", "WindowingError": "42P20"
    case "InvalidObjectDefinition", "InvalidView": "42P17"
    case "InvalidParameterValue", "InvalidArgumentValue", "NegativeIntegerArgument": "22023"
    case "InvalidRecursion": "42P19"
    case "InvalidRegularExpression": "2201B"
    case "InvalidSavepoint": "3B001"
    case "InvalidTableDefinition": "42P16"
    case "InvalidTextRepresentation": "22P02"
    case "ActiveTransaction": "25001"
    case "InvalidTransactionState": "25000"
    case "MissingParameter": "42P02"
    case "NoActiveTransaction": "25P01"
    case "NotNullViolation": "23502"
    case "SequenceLimit": "2200H"
    case "SequenceNotUsed": "55000"
    case "UndefinedColumn", "UndefinedVariable": "42703"
    case "UndefinedFunction", "UnknownFunction", "ProcedureNotFound", "InvalidNumberOfArguments": "42883"
    case "UndefinedObject", "UndefinedType", "UnknownType": "42704"
    case "UndefinedStatement": "26000"
    case "UndefinedTable": "42P01"
    default: nil
    }
}
