// The one error type of the engine. Everything that query text, files, arguments or the machine can cause is a
// DeedError; an assertion states what only a bug in the engine can break.

/// Numbers are those of `deed_status` in Include/deed.h and never change.
package enum Status: Int32, Sendable {
    case invalidArgument = 1
    case typeMismatch = 2
    case notFound = 3
    case limitExceeded = 4
    case readOnly = 5
    case hasRelationships = 6
    case constraintViolation = 7
    case alreadyExists = 8
    case transactionConflict = 100
    case transactionEnded = 101
    case deadlock = 102
    case lockTimeout = 103
    case serializationFailure = 104
    case snapshotTooOld = 105
    case storeLocked = 200
    case corruption = 201
    case ioError = 202
    case diskFull = 203
    case newerFormat = 204
    case notRetained = 205
    case outOfSequence = 206
    case outOfMemory = 300
    case closed = 301
    case interrupted = 302
    case internalError = 399
    case syntaxError = 400
    case semanticError = 401
    case parameterMissing = 402
    case typeError = 403
    case argumentError = 404
    case arithmeticError = 405
    case entityNotFound = 406
    case procedureError = 407
    case stillConnected = 408
}

/// What a row would break, for a constraint violation.
package enum ViolatedRule: Sendable { case notNull, unique, check, reference }

package struct DeedError: Error, Sendable, CustomStringConvertible {
    package let status: Status
    /// nil where the status is another, or the constraint none of these.
    package let violated: ViolatedRule?
    package let message: String
    /// What a running transaction holds that is in the way, so that a statement may wait for it.
    let obstacle: Obstacle?

    package init(_ status: Status, _ message: String) { self.init(status, message, obstacle: nil) }

    /// A constraint violation.
    package init(violating rule: ViolatedRule, _ message: String) {
        (status, violated, obstacle, self.message) = (.constraintViolation, rule, nil, message)
    }

    init(_ status: Status, _ message: String, obstacle: Obstacle?) {
        self.status = status
        violated = nil
        self.message = message
        self.obstacle = obstacle
    }

    package var description: String { "\(status): \(message)" }
}

/// A row that carries the mark of a running transaction. A class, so that errors stay small.
final class Obstacle: Sendable {
    let mark: UInt64
    let kind: RowKind
    let id: RowId

    init(mark: UInt64, kind: RowKind, id: RowId) {
        self.mark = mark
        self.kind = kind
        self.id = id
    }
}
