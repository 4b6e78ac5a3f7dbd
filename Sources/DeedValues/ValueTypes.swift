// The names of types, as messages and valueType() have them, and the errors that tell of a wrong one.

extension Value {
    /// As openCypher and GQL write the type.
    package var typeName: String {
        switch self {
        case .null: "NULL"
        case .bool: "BOOLEAN"
        case .int: "INTEGER"
        case .float: "FLOAT"
        case .decimal: "DECIMAL"
        case .string: "STRING"
        case .bytes: "BYTES"
        case .list: "LIST"
        case .map: "MAP"
        case .date: "DATE"
        case .localTime: "LOCAL TIME"
        case .zonedTime: "ZONED TIME"
        case .localDatetime: "LOCAL DATETIME"
        case .zonedDatetime: "ZONED DATETIME"
        case .duration: "DURATION"
        case .vector: "VECTOR"
        case .entity: "NODE"
        case .relationship: "RELATIONSHIP"
        case .path: "PATH"
        }
    }

    package var isTemporal: Bool {
        switch self {
        case .date, .localTime, .zonedTime, .localDatetime, .zonedDatetime, .duration: true
        default: false
        }
    }

    /// With the types of a list's items, each once, and whether null is among the possible values.
    var fullTypeName: String {
        guard case .list(let items) = self else { return isNull ? typeName : typeName + " NOT NULL" }
        // The names are ASCII, for which Swift's equality of strings is that of bytes.
        var names = Set<String>()
        for item in items where !item.isNull { names.insert(item.fullTypeName) }
        let hasNull = items.contains { $0.isNull }
        if names.isEmpty { return hasNull ? "LIST<NULL> NOT NULL" : "LIST<NOTHING> NOT NULL" }
        let inner = names.sorted().map { hasNull ? Value.withoutNotNull($0) : $0 }
        return "LIST<" + inner.joined(separator: " | ") + "> NOT NULL"
    }

    private static func withoutNotNull(_ name: String) -> String {
        name.hasSuffix(" NOT NULL") ? String(name.dropLast(9)) : name
    }
}

extension QueryError {
    /// An operand or argument of a type that the operation does not take.
    package static func invalidType(_ expectation: String, _ value: Value) -> QueryError {
        QueryError(.typeError, "InvalidArgumentType", "\(expectation), not \(article(value)) \(value.typeName)")
    }

    /// A value that a conversion has no result for, by its type.
    package static func invalidValue(_ expectation: String, _ value: Value) -> QueryError {
        QueryError(.typeError, "InvalidArgumentValue", "\(expectation), not \(article(value)) \(value.typeName)")
    }

    package static func outOfRange(_ message: String) -> QueryError {
        QueryError(.argumentError, "NumberOutOfRange", message)
    }

    /// A decimal that would need more digits than there are.
    package static var decimalOverflow: QueryError {
        QueryError(
            .arithmeticError, "NumericValueOutOfRange", "numeric field overflow: a decimal has at most \(Decimal.digitsMax) digits")
    }

    static func overflow(_ operation: String) -> QueryError {
        QueryError(
            .arithmeticError, "IntegerOverflow",
            "\(operation) leaves the range of 64-bit integers; toFloat() of an operand makes it a calculation with floats")
    }

    private static func article(_ value: Value) -> String {
        switch value {
        case .int: "an"
        default: "a"
        }
    }
}
