// Types of SQL as the binder knows them. A table may have rows of any kind where nothing was declared: such a column has the type
// `any`, and what its values cannot do is found out when they are there.

import DeedEngine
import DeedSyntax
import DeedValues

/// How many digits a number may have, and how many of them stand behind the point.
package struct NumericSize: Sendable, Equatable {
    package let precision: Int
    package let scale: Int

    /// `(p)` or `(p, s)`; nil for what cannot be.
    init?(_ arguments: [Int64]) {
        guard (1...2).contains(arguments.count), case let scale = arguments.count == 2 ? arguments[1] : 0,
            (1...Int64(Decimal.digitsMax)).contains(arguments[0]), (0...arguments[0]).contains(scale)
        else { return nil }
        (precision, self.scale) = (Int(arguments[0]), Int(scale))
    }

    /// As `SQLType.name` has it.
    init?(named name: String) {
        guard name.hasPrefix("numeric("), name.hasSuffix(")") else { return nil }
        self.init(name.dropFirst(8).dropLast().split(separator: ",").compactMap { Int64($0) })
    }
}

package indirect enum SQLType: Sendable, Equatable {
    /// Whatever the value is.
    case any
    /// NULL, and a string literal before anything says what it stands for.
    case unknown
    case bool
    case integer
    case float
    /// nil: whatever scale its values have.
    case numeric(NumericSize?)
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
        case [.decimal]: self = .numeric(nil)
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
        guard var type = SQLType(named: name.name) else { return nil }
        if type == .numeric(nil), !name.arguments.isEmpty {
            guard let size = NumericSize(name.arguments) else { return nil }
            type = .numeric(size)
        }
        for _ in 0..<name.listDepth { type = .list(type) }
        self = type
    }

    package static func undefined(_ name: TypeName) -> QueryError {
        if named[name.name] == .numeric(nil) {
            let most = Decimal.digitsMax
            return QueryError(
                .syntaxError, "InvalidParameterValue",
                "numeric(p, s) has a precision from 1 to \(most), and a scale from 0 to the precision", at: name.range)
        }
        return QueryError(.syntaxError, "UndefinedType", "there is no type \"\(name.name)\"", at: name.range)
    }

    /// By one of its names, with `[]` behind it for lists.
    package init?(named name: String) {
        if name.hasSuffix("[]") {
            guard let element = SQLType(named: String(name.dropLast(2))) else { return nil }
            self = .list(element)
        } else {
            guard let type = Self.named[name] ?? NumericSize(named: name).map({ .numeric($0) }) else { return nil }
            self = type
        }
    }

    static let named: [String: SQLType] = [
        "bool": .bool, "boolean": .bool,
        "int": .integer, "integer": .integer, "bigint": .integer, "smallint": .integer, "int2": .integer, "int4": .integer,
        "int8": .integer, "oid": .integer, "serial": .integer, "bigserial": .integer, "smallserial": .integer,
        "numeric": .numeric(nil), "decimal": .numeric(nil), "dec": .numeric(nil),
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
        case .numeric: TypeSet([.decimal])
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
        case .numeric(let size): size.map { "numeric(\($0.precision),\($0.scale))" } ?? "numeric"
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

    var isNumber: Bool { self == .integer || self == .float || isNumeric }
    var isNumeric: Bool {
        if case .numeric = self { return true }
        return false
    }
    /// Of what is computed from values of the type: sums and products have sizes of their own.
    var unsized: SQLType { isNumeric ? .numeric(nil) : self }
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
        case (.integer, .float), (.float, .integer), (.numeric, .float), (.float, .numeric): return .float
        case (.numeric, .numeric), (.integer, .numeric), (.numeric, .integer): return .numeric(nil)
        case (.date, .timestamp), (.timestamp, .date): return .timestamp
        case (.date, .timestampWithZone), (.timestampWithZone, .date), (.timestamp, .timestampWithZone),
            (.timestampWithZone, .timestamp):
            return .timestampWithZone
        case (.list(let a), .list(let b)): return common(a, b).map { .list($0) }
        default: return nil
        }
    }
}
