// What is known of an expression's type before anything runs. Enough to refuse what can never work; everything else is
// decided by the values.

indirect enum StaticType: Sendable, Equatable {
    case any
    case null
    case bool
    case int
    case float
    case string
    case list(StaticType)
    case map
    case temporal
    case entity
    case relationship
    case path

    /// True if a value of this type may be what `isPossible` says: null may be anything, and so may the unknown.
    private func mayBe(_ isPossible: Bool) -> Bool {
        switch self {
        case .any, .null: true
        default: isPossible
        }
    }

    var mayBeBool: Bool { mayBe(self == .bool) }
    var mayBeEntity: Bool { mayBe(self == .entity) }
    var mayBeRelationship: Bool { mayBe(self == .relationship) }
    var mayBePath: Bool { mayBe(self == .path) }
    var mayBeElement: Bool { mayBe(self == .entity || self == .relationship) }
    var mayBeMap: Bool { mayBe(self == .map) }
    var mayBeList: Bool {
        if case .list = self { return true }
        return mayBe(false)
    }
    /// Something that can be multiplied: a number or a duration.
    var mayBeNumeric: Bool { mayBe(self == .int || self == .float || self == .temporal) }
    var mayBeInteger: Bool { mayBe(self == .int) }
    /// Something with properties.
    var mayHaveProperties: Bool {
        mayBe(self == .entity || self == .relationship || self == .map || self == .temporal)
    }
    var mayBeListOfRelationships: Bool {
        switch self {
        case .any, .null: true
        case .list(let element): element.mayBeRelationship
        default: false
        }
    }

    var elementType: StaticType {
        if case .list(let element) = self { return element }
        return .any
    }

    /// What holds for either.
    static func common(_ left: StaticType, _ right: StaticType) -> StaticType {
        if left == right { return left }
        if left == .null { return right }
        if right == .null { return left }
        return .any
    }

    var description: String {
        switch self {
        case .any: "a value"
        case .null: "null"
        case .bool: "a boolean"
        case .int: "an integer"
        case .float: "a float"
        case .string: "a string"
        case .list: "a list"
        case .map: "a map"
        case .temporal: "a temporal value"
        case .entity: "a node"
        case .relationship: "a relationship"
        case .path: "a path"
        }
    }
}
