// The engine's refusals of changes as the query language names them.

import DeedEngine
import DeedValues

func translatingErrors<Result>(_ body: () throws -> Result) throws -> Result {
    do {
        return try body()
    } catch let error as DeedError {
        switch error.status {
        case .notFound:
            throw QueryError(
                .entityNotFound, "DeletedEntityAccess", "the query refers to an element that is deleted: \(error.message)")
        case .hasRelationships:
            throw QueryError(
                .constraintVerificationFailed, "DeleteConnectedNode",
                "a node that still has relationships cannot be deleted: delete them first, or use DETACH DELETE")
        case .typeMismatch:
            throw QueryError(.typeError, "InvalidPropertyType", error.message)
        default: throw error
        }
    }
}

/// Refuses what no property may hold: elements of the graph, and maps within lists.
func requireStorable(_ value: Value, _ key: String) throws {
    if !isStorable(value, isInList: false) {
        throw QueryError(
            .typeError, "InvalidPropertyType",
            "property `\(key)` cannot hold such a value: nodes, relationships, paths, and maps within lists are not stored")
    }
}

/// The same of the first `count` rows of a column.
func requireStorable(_ column: ColumnVector, _ key: String, count: Int) throws {
    switch column.kind {
    case .null, .bool, .int64, .float64, .string, .date: return
    case .entity, .relationship, .any: for row in 0..<count { try requireStorable(column.value(row), key) }
    }
}

private func isStorable(_ value: Value, isInList: Bool) -> Bool {
    switch value {
    case .entity, .relationship, .path: false
    case .map(let map): !isInList && map.values.allSatisfy { isStorable($0, isInList: false) }
    case .list(let elements): elements.allSatisfy { isStorable($0, isInList: true) }
    default: true
    }
}
