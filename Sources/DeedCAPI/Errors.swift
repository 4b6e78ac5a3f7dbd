// Statuses, errors and versions.

import CDeed
import DeedEngine

@c @implementation
public func deed_status_name(_ status: deed_status) -> UnsafePointer<CChar>! {
    lent(statusName(status))
}

private func lent(_ text: StaticString) -> UnsafePointer<CChar> {
    text.utf8Start.withMemoryRebound(to: CChar.self, capacity: 1) { UnsafePointer($0) }
}

private func statusName(_ status: deed_status) -> StaticString {
    if status == 0 { return "DEED_OK" }
    guard let status = Status(rawValue: status) else { return "DEED_UNKNOWN" }
    switch status {
    case .invalidArgument: return "DEED_INVALID_ARGUMENT"
    case .typeMismatch: return "DEED_TYPE_MISMATCH"
    case .notFound: return "DEED_NOT_FOUND"
    case .limitExceeded: return "DEED_LIMIT_EXCEEDED"
    case .readOnly: return "DEED_READ_ONLY"
    case .hasRelationships: return "DEED_HAS_RELATIONSHIPS"
    case .constraintViolation: return "DEED_CONSTRAINT_VIOLATION"
    case .alreadyExists: return "DEED_ALREADY_EXISTS"
    case .transactionConflict: return "DEED_TRANSACTION_CONFLICT"
    case .transactionEnded: return "DEED_TRANSACTION_ENDED"
    case .deadlock: return "DEED_DEADLOCK"
    case .lockTimeout: return "DEED_LOCK_TIMEOUT"
    case .serializationFailure: return "DEED_SERIALIZATION_FAILURE"
    case .snapshotTooOld: return "DEED_SNAPSHOT_TOO_OLD"
    case .storeLocked: return "DEED_STORE_LOCKED"
    case .corruption: return "DEED_CORRUPTION"
    case .ioError: return "DEED_IO_ERROR"
    case .diskFull: return "DEED_DISK_FULL"
    case .newerFormat: return "DEED_NEWER_FORMAT"
    case .notRetained: return "DEED_NOT_RETAINED"
    case .outOfSequence: return "DEED_OUT_OF_SEQUENCE"
    case .outOfMemory: return "DEED_OUT_OF_MEMORY"
    case .closed: return "DEED_CLOSED"
    case .interrupted: return "DEED_INTERRUPTED"
    case .internalError: return "DEED_INTERNAL"
    case .syntaxError: return "DEED_SYNTAX_ERROR"
    case .semanticError: return "DEED_SEMANTIC_ERROR"
    case .parameterMissing: return "DEED_PARAMETER_MISSING"
    case .typeError: return "DEED_TYPE_ERROR"
    case .argumentError: return "DEED_ARGUMENT_ERROR"
    case .arithmeticError: return "DEED_ARITHMETIC_ERROR"
    case .entityNotFound: return "DEED_ENTITY_NOT_FOUND"
    case .procedureError: return "DEED_PROCEDURE_ERROR"
    case .stillConnected: return "DEED_STILL_CONNECTED"
    }
}

@c @implementation
public func deed_error_status(_ error: OpaquePointer?) -> deed_status {
    guard let error else { return 0 }
    return Unmanaged<ErrorHandle>.fromOpaque(UnsafeRawPointer(error)).takeUnretainedValue().status
}

@c @implementation
public func deed_error_message(
    _ error: OpaquePointer?, _ out_size: UnsafeMutablePointer<Int>?
) -> UnsafePointer<CChar>! {
    out_size?.pointee = 0
    guard let error else { return deed_status_name(0) }
    let handle = Unmanaged<ErrorHandle>.fromOpaque(UnsafeRawPointer(error)).takeUnretainedValue()
    out_size?.pointee = handle.size
    return UnsafePointer(handle.message)
}

@c @implementation
public func deed_error_detail(
    _ error: OpaquePointer?, _ out_size: UnsafeMutablePointer<Int>?
) -> UnsafePointer<CChar>! {
    out_size?.pointee = 0
    guard let error else { return emptyText }
    let handle = Unmanaged<ErrorHandle>.fromOpaque(UnsafeRawPointer(error)).takeUnretainedValue()
    out_size?.pointee = handle.detailSize
    return UnsafePointer(handle.detail)
}

@c @implementation
public func deed_error_position(
    _ error: OpaquePointer?, _ out_start: UnsafeMutablePointer<Int>?, _ out_end: UnsafeMutablePointer<Int>?
) -> Bool {
    out_start?.pointee = 0
    out_end?.pointee = 0
    guard let error else { return false }
    let handle = Unmanaged<ErrorHandle>.fromOpaque(UnsafeRawPointer(error)).takeUnretainedValue()
    guard let position = handle.position else { return false }
    out_start?.pointee = position.lowerBound
    out_end?.pointee = position.upperBound
    return true
}

@c @implementation
public func deed_error_sqlstate(_ error: OpaquePointer?) -> UnsafePointer<CChar>! {
    guard let error else { return lent("00000") }
    return lent(Unmanaged<ErrorHandle>.fromOpaque(UnsafeRawPointer(error)).takeUnretainedValue().state)
}

@c @implementation
public func deed_error_destroy(_ error: OpaquePointer?) { release(error, ErrorHandle.self) }

@c @implementation
public func deed_api_version() -> UInt32 { UInt32(DEED_API_VERSION) }

@c @implementation
public func deed_version() -> UnsafePointer<CChar>! {
    lent(DeedVersion.text)
}
