// Constraints in the terms of tests, and the errors they lead to.

@testable import DeedEngine

extension Graph {
    func constrain(
        _ name: String, _ kind: RowKind, _ table: NameId, _ properties: [NameId], _ rule: Constraint.Rule,
        progress: Progress = { _, _ in true }
    ) throws(DeedError) {
        let constraint = Constraint(name: name, rowKind: kind, table: table, properties: properties, rule: rule)
        try createConstraint(constraint, progress: progress)
    }
}

extension Constraint.Rule {
    static func range(_ lower: Value?, _ upper: Value?, lowerInclusive: Bool = true, upperInclusive: Bool = true) -> Self {
        .range(
            lower: lower.map { Constraint.Bound(stored($0), isInclusive: lowerInclusive) },
            upper: upper.map { Constraint.Bound(stored($0), isInclusive: upperInclusive) })
    }

    static func allowing(_ values: [Value]) -> Self { .oneOf(values.map(stored)) }
    var isPrimaryKey: Bool { if case .primaryKey = self { true } else { false } }
    static func filling(_ value: Value) -> Self { .defaultValue(stored(value)) }
}

func stored(_ value: Value) -> StoredValue {
    var result = StoredValue(.null)
    do throws(DeedError) {
        try withCells([(0, value)]) { cells throws(DeedError) in result = StoredValue(cells[0].cell) }
    } catch {
        preconditionFailure("nothing in here throws")
    }
    return result
}

/// The message of the ConstraintViolation that `body` throws, or what else came of it.
func violation(_ body: () throws(DeedError) -> Void) -> String {
    do throws(DeedError) {
        try body()
        return "nothing was thrown"
    } catch {
        return error.status == .constraintViolation ? error.message : "\(error)"
    }
}
