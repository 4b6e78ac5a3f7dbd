// Types of SQL as the binder knows them. A table may have rows of any kind where nothing was declared: such a column has the type
// `any`, and what its values cannot do is found out when they are there.

import DeedEngine
import DeedSyntax
import DeedValues

package indirect enum SQLType: Sendable, Equatable {
    /// Whatever the value is.
    case any
    /// NULL, and a string literal before anything says what it stands for.
    case unknown
    case bool
    case integer
    case float
    case text
    case bytes
    case date
    case time
    case timeWithZone
    case timestamp
    case timestampWithZone
    case interval
    case list(SQLType)
    case map
    case element

    /// The type of a column for which the schema allows these.
    package init(_ types: TypeSet) {
        switch types.types {
        case [.bool]: self = .bool
        case [.int64]: self = .integer
        case [.float64]: self = .float
        case [.string]: self = .text
        case [.bytes]: self = .bytes
        case [.date]: self = .date
        case [.localTime]: self = .time
        case [.zonedTime]: self = .timeWithZone
        case [.localDatetime]: self = .timestamp
        case [.zonedDatetime]: self = .timestampWithZone
        case [.duration]: self = .interval
        case [.list]: self = .list(.any)
        case [.map]: self = .map
        default: self = .any
        }
    }

    /// nil if there is no such type.
    package init?(_ name: TypeName) {
        guard var type = Self.named[name.name] else { return nil }
        for _ in 0..<name.listDepth { type = .list(type) }
        self = type
    }

    /// By one of its names, with `[]` behind it for lists.
    package init?(named name: String) {
        if name.hasSuffix("[]") {
            guard let element = SQLType(named: String(name.dropLast(2))) else { return nil }
            self = .list(element)
        } else {
            guard let type = Self.named[name] else { return nil }
            self = type
        }
    }

    static let named: [String: SQLType] = [
        "bool": .bool, "boolean": .bool,
        "int": .integer, "integer": .integer, "bigint": .integer, "smallint": .integer, "int2": .integer, "int4": .integer,
        "int8": .integer, "oid": .integer, "serial": .integer, "bigserial": .integer, "smallserial": .integer,
        "real": .float, "float": .float, "double precision": .float, "float4": .float, "float8": .float,
        "text": .text, "varchar": .text, "character varying": .text, "char": .text, "character": .text, "bpchar": .text,
        "name": .text, "uuid": .text,
        "bytea": .bytes, "date": .date, "time": .time, "time without time zone": .time, "timetz": .timeWithZone,
        "time with time zone": .timeWithZone, "timestamp": .timestamp, "timestamp without time zone": .timestamp,
        "timestamptz": .timestampWithZone, "timestamp with time zone": .timestampWithZone, "interval": .interval,
        "json": .map, "jsonb": .map,
    ]

    /// What the schema allows for a column of the type; nil: anything.
    package var declared: TypeSet? {
        switch self {
        case .any, .unknown, .element: nil
        case .bool: TypeSet([.bool])
        case .integer: TypeSet([.int64])
        case .float: TypeSet([.float64])
        case .text: TypeSet([.string])
        case .bytes: TypeSet([.bytes])
        case .date: TypeSet([.date])
        case .time: TypeSet([.localTime])
        case .timeWithZone: TypeSet([.zonedTime])
        case .timestamp: TypeSet([.localDatetime])
        case .timestampWithZone: TypeSet([.zonedDatetime])
        case .interval: TypeSet([.duration])
        case .list: TypeSet([.list])
        case .map: TypeSet([.map])
        }
    }

    /// As PostgreSQL calls it.
    package var name: String {
        switch self {
        case .any: "any"
        case .unknown: "unknown"
        case .bool: "boolean"
        case .integer: "bigint"
        case .float: "double precision"
        case .text: "text"
        case .bytes: "bytea"
        case .date: "date"
        case .time: "time without time zone"
        case .timeWithZone: "time with time zone"
        case .timestamp: "timestamp without time zone"
        case .timestampWithZone: "timestamp with time zone"
        case .interval: "interval"
        case .list(let element): element.name + "[]"
        case .map: "jsonb"
        case .element: "element"
        }
    }

    var isNumber: Bool { self == .integer || self == .float }
    /// True if nothing is known that would speak against it.
    var isOpen: Bool { self == .any || self == .unknown }
    var mayBeBool: Bool { isOpen || self == .bool }
    var mayBeNumber: Bool { isOpen || isNumber }
    var mayBeText: Bool { isOpen || self == .text }
    package var isMoment: Bool {
        switch self {
        case .date, .time, .timeWithZone, .timestamp, .timestampWithZone: true
        default: false
        }
    }

    /// The type that values of both can be seen as; nil if there is none.
    static func common(_ left: SQLType, _ right: SQLType) -> SQLType? {
        if left == right || right == .unknown { return left }
        if left == .unknown { return right }
        if left == .any || right == .any { return .any }
        switch (left, right) {
        case (.integer, .float), (.float, .integer): return .float
        case (.date, .timestamp), (.timestamp, .date): return .timestamp
        case (.date, .timestampWithZone), (.timestampWithZone, .date), (.timestamp, .timestampWithZone),
            (.timestampWithZone, .timestamp):
            return .timestampWithZone
        case (.list(let a), .list(let b)): return common(a, b).map { .list($0) }
        default: return nil
        }
    }
}
