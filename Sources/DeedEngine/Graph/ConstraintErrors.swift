// What is said when data and a constraint disagree: the constraint, its table, the property, the value and the row.

extension Graph {
    /// What a table is called in messages, such as `collection 'person'`.
    func display(_ kind: RowKind, _ table: NameId) -> String {
        kind == .entity
            ? "collection '\(names.display(.collection, table))'"
            : "relationship type '\(names.display(.relationshipType, table))'"
    }

    /// `id` is 0 for a row that is not there yet.
    func violation(_ constraint: Constraint, _ id: RowId, _ what: String) -> DeedError {
        let row = id == 0 ? "a new \(constraint.rowKind)" : "\(constraint.rowKind) \(id)"
        return DeedError(
            violating: constraint.kind.violated,
            "\(row) violates constraint '\(constraint.name)' of \(display(constraint.rowKind, constraint.table)): \(what)")
    }

    /// A row whose property has a value that a constraint does not admit.
    func violation(_ constraint: Constraint, _ id: RowId, _ key: NameId, _ cell: Cell) -> DeedError {
        let property = "property '\(names.display(.propertyKey, key))'"
        if cell.type == .null { return violation(constraint, id, "\(property) has no value") }
        return violation(constraint, id, "\(property) is \(valueText(cell)), \(expectation(constraint))")
    }

    private func expectation(_ constraint: Constraint) -> String {
        switch constraint.rule {
        case .type(let types): "which is none of the types \(types.types.map { "\($0)" }.joined(separator: ", "))"
        case .range(let lower, let upper):
            "which is not \(lower.map { "\($0.isInclusive ? "at least" : "above") \(valueText($0.value.cell))" } ?? "")"
                + "\(lower != nil && upper != nil ? " and " : "")"
                + "\(upper.map { "\($0.isInclusive ? "at most" : "below") \(valueText($0.value.cell))" } ?? "")"
        case .oneOf(let values):
            "which is not one of \(values.prefix(8).map { valueText($0.cell) }.joined(separator: ", "))"
                + (values.count > 8 ? " and \(values.count - 8) more" : "")
        case .length(let least, let most): "whose length is not between \(least) and \(most.map { "\($0)" } ?? "any number")"
        default: "which it does not admit"
        }
    }

    /// A value in words, cut short when it is long; texts are quoted.
    func valueText(_ cell: Cell) -> String {
        var buffer = ByteBuffer()
        do throws(DeedError) {
            try appendText(of: cell, to: &buffer)
        } catch {
            return "a broken value of type \(cell.type)"
        }
        let most = 100
        var text = String(decoding: buffer.bytes.prefix(most), as: UTF8.self)
        if buffer.count > most { text += "..." }
        return cell.type == .string ? "'\(text)'" : text
    }
}

extension Constraint.Kind {
    fileprivate var violated: ViolatedRule {
        switch self {
        case .required, .primaryKey: .notNull
        case .unique: .unique
        case .endpoints: .reference
        case .type, .defaultValue, .range, .oneOf, .length, .cardinality: .check
        }
    }
}

extension DeedError {
    /// The same error, which also says in which row of a load it came up, counted from 0.
    func inRow(_ row: Int) -> DeedError {
        violated.map { DeedError(violating: $0, "\(message) (row \(row) of the load)") } ?? self
    }
}
