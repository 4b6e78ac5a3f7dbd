// A constraint: what the rows of one table must be like. It is a value that never changes; ConstraintRules makes from all
// constraints of a table what is looked at for each row.
//
// A null value is no value: only `required` minds. What a constraint says about values, values must comply with exactly:
// a text violates a range of numbers, since it does not lie in it.

/// A set of value types, one bit for each.
package struct TypeSet: OptionSet, Sendable {
    package let rawValue: UInt32
    package init(rawValue: UInt32) { self.rawValue = rawValue }
    package init(_ types: [ValueType]) { rawValue = types.reduce(0) { $0 | 1 << UInt32($1.rawValue) } }

    /// Every type there is, and those to come.
    package static let all = TypeSet(rawValue: .max)

    @inline(__always)
    package func contains(_ type: ValueType) -> Bool { rawValue & 1 &<< UInt32(type.rawValue) != 0 }

    package var types: [ValueType] { ValueType.all.filter(contains) }
}

/// The collections that a relationship may lead from and to.
package struct EndpointPair: Hashable, Sendable {
    package var source: NameId
    package var target: NameId

    package init(source: NameId, target: NameId) {
        self.source = source
        self.target = target
    }
}

package struct Constraint: Sendable {
    /// Numbers are embedded in files and equal to `deed_constraint_kind`: do not renumber.
    package enum Kind: UInt8, Sendable {
        case required = 1
        case type = 2
        case unique = 3
        case primaryKey = 4
        case defaultValue = 5
        case range = 6
        case oneOf = 7
        case length = 8
        case endpoints = 9
        case cardinality = 10

        /// As the interfaces spell it.
        package var text: String {
            switch self {
            case .primaryKey: "primary_key"
            case .defaultValue: "default"
            case .oneOf: "one_of"
            default: "\(self)"
            }
        }
    }

    package enum Rule: Sendable {
        /// The properties must have a value.
        case required
        /// The property has one of these types.
        case type(TypeSet)
        /// No two rows have the same values of the properties.
        case unique
        /// Both of the above; a table has at most one.
        case primaryKey
        /// What a new row gets that does not name the property.
        case defaultValue(StoredValue)
        case range(lower: Bound?, upper: Bound?)
        case oneOf([StoredValue])
        case length(least: Int, most: Int?)
        /// A relationship leads from and to one of these pairs of collections.
        case endpoints([EndpointPair])
        /// At most so many relationships of the type leave or reach an entity; nil for any number.
        case cardinality(outgoing: Int?, incoming: Int?)
    }

    package struct Bound: Sendable {
        package var value: StoredValue
        package var isInclusive: Bool

        package init(_ value: StoredValue, isInclusive: Bool) {
            self.value = value
            self.isInclusive = isInclusive
        }
    }

    package var name: String
    package var rowKind: RowKind
    /// The collection or relationship type.
    package var table: NameId
    /// None for rules about relationships as such.
    package var properties: [NameId]
    package var rule: Rule

    package init(name: String, rowKind: RowKind, table: NameId, properties: [NameId], rule: Rule) {
        self.name = name
        self.rowKind = rowKind
        self.table = table
        self.properties = properties
        self.rule = rule
    }

    package var kind: Kind {
        switch rule {
        case .required: .required
        case .type: .type
        case .unique: .unique
        case .primaryKey: .primaryKey
        case .defaultValue: .defaultValue
        case .range: .range
        case .oneOf: .oneOf
        case .length: .length
        case .endpoints: .endpoints
        case .cardinality: .cardinality
        }
    }
}

// MARK: What is a good constraint

extension Constraint {
    /// Throws InvalidArgument or LimitExceeded unless the constraint makes sense by itself.
    package func validate() throws(DeedError) {
        try validateProperties()
        switch rule {
        case .required, .unique, .primaryKey: break
        case .type(let types):
            let known = TypeSet(ValueType.all.filter { $0 != .null })
            try require(!types.isEmpty && types.isSubset(of: known), "names at least one type, and only types there are")
        case .defaultValue(let value):
            try require(value.cell.type != .null, "needs a value other than null")
            try checkSize([value])
        case .range(let lower, let upper): try validateRange(lower, upper)
        case .oneOf(let values):
            try require(!values.isEmpty && values.allSatisfy { $0.cell.type != .null }, "needs values, none of them null")
            guard values.count <= Limits.constraintValuesMax else {
                throw DeedError(.limitExceeded, "a list of \(values.count) values; the most is \(Limits.constraintValuesMax)")
            }
            try checkSize(values)
        case .length(let least, let most):
            try require(least >= 0 && least <= most ?? .max, "needs a least length that is not above the greatest")
            try require(least > 0 || most != nil, "needs a least or a greatest length")
            try require(least <= Limits.valueBytesMax && most ?? 0 <= Limits.valueBytesMax, "needs lengths that values can have")
        case .endpoints(let pairs):
            try require(!pairs.isEmpty, "needs at least one pair of collections")
            guard pairs.count <= Limits.constraintValuesMax else {
                throw DeedError(.limitExceeded, "\(pairs.count) pairs of collections; the most is \(Limits.constraintValuesMax)")
            }
        case .cardinality(let outgoing, let incoming):
            try require(outgoing != nil || incoming != nil, "needs a limit for outgoing or incoming relationships")
            try require((outgoing ?? 1) >= 1 && (incoming ?? 1) >= 1, "needs limits of at least 1")
        }
    }

    private func validateProperties() throws(DeedError) {
        switch rule {
        case .endpoints, .cardinality:
            try require(rowKind == .relationship, "is for relationship types")
            try require(properties.isEmpty, "has no property")
        case .required, .unique, .primaryKey:
            try require(!properties.isEmpty && Set(properties).count == properties.count, "needs properties, each once")
            guard properties.count <= Limits.constraintPropertiesMax else {
                throw DeedError(
                    .limitExceeded, "\(properties.count) properties; the most is \(Limits.constraintPropertiesMax)")
            }
        default: try require(properties.count == 1, "needs one property")
        }
    }

    private func validateRange(_ lower: Bound?, _ upper: Bound?) throws(DeedError) {
        try require(lower != nil || upper != nil, "needs a bound")
        for bound in [lower, upper].compactMap(\.self) {
            try require(order(bound.value.cell, bound.value.cell) == 0, "needs bounds that have an order")
            try checkSize([bound.value])
        }
        guard let lower, let upper else { return }
        let order = order(lower.value.cell, upper.value.cell)
        try require(order != nil, "needs bounds that can be compared")
        let isEmpty = order == 1 || order == 0 && !(lower.isInclusive && upper.isInclusive)
        try require(!isEmpty, "needs a lower bound that is below the upper one")
    }

    private func checkSize(_ values: [StoredValue]) throws(DeedError) {
        let size = values.reduce(0) { $0 + $1.cell.bytes.count }
        guard size <= Limits.constraintBytesMax else {
            throw DeedError(.limitExceeded, "values of \(size) bytes in a constraint; the most is \(Limits.constraintBytesMax)")
        }
    }

    private func require(_ condition: Bool, _ what: String) throws(DeedError) {
        if !condition { throw DeedError(.invalidArgument, "a constraint of kind \(kind.text) \(what)") }
    }
}
