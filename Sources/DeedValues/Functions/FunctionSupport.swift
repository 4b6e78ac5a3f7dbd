// What the functions share: taking arguments apart, with the errors for those of a wrong type.

enum Arguments {
    /// Nil for null.
    static func number(_ value: Value, _ function: String) throws(QueryError) -> Double? {
        if value.isNull { return nil }
        guard let number = value.number else { throw .invalidType("\(function)() takes a number", value) }
        return number
    }

    static func integer(_ value: Value, _ function: String) throws(QueryError) -> Int64? {
        switch value {
        case .null: return nil
        case .int(let integer): return integer
        default: throw .invalidType("\(function)() takes an integer", value)
        }
    }

    static func text(_ value: Value, _ function: String) throws(QueryError) -> String? {
        switch value {
        case .null: return nil
        case .string(let text): return text
        default: throw .invalidType("\(function)() takes a text", value)
        }
    }

    static func list(_ value: Value, _ function: String) throws(QueryError) -> [Value]? {
        switch value {
        case .null: return nil
        case .list(let items): return items
        default: throw .invalidType("\(function)() takes a list", value)
        }
    }

    /// A count of characters or items, which must not be negative.
    static func count(_ value: Value, _ function: String) throws(QueryError) -> Int? {
        guard let integer = try integer(value, function) else { return nil }
        if integer < 0 { throw .outOfRange("\(function)() takes no negative position or length") }
        return Int(integer)
    }
}
