// The Arrow types that can be read, parsed from the format strings of the C data interface.

import DeedEngine
import DeedValues

enum ArrowUnit: UInt8 {
    case second, millisecond, microsecond, nanosecond

    var perSecond: Int64 {
        switch self {
        case .second: 1
        case .millisecond: 1_000
        case .microsecond: 1_000_000
        case .nanosecond: 1_000_000_000
        }
    }

    init?(_ letter: Character?) {
        switch letter {
        case "s": self = .second
        case "m": self = .millisecond
        case "u": self = .microsecond
        case "n": self = .nanosecond
        default: return nil
        }
    }
}

/// Where the bytes of a string or binary array lie.
enum ArrowByteLayout: Equatable {
    case offsets32, offsets64, views
    case fixed(Int)
}

enum ArrowKind: Equatable {
    case null
    case bool
    /// Bytes of one.
    case integer(width: Int, isSigned: Bool)
    case float(width: Int)
    case bytes(ArrowByteLayout, isText: Bool)
    case date32
    case date64
    case time(ArrowUnit)
    case timestamp(ArrowUnit, isZoned: Bool)
    case duration(ArrowUnit)
    case intervalMonths, intervalDayTime, intervalMonthDayNano
    /// Bytes of one. Those without digits behind the point become integers.
    case decimal(width: Int, scale: Int)
    case list(isLarge: Bool)
    case listView(isLarge: Bool)
    case fixedList(Int)
    /// A fixed-size list of float32.
    case vector(Int)
    case structure
    case map
    case runEnd
    /// Indices of this type; the values are the field's only child.
    case dictionary(width: Int, isSigned: Bool)

    /// Parses a format string; gives the zone of a timestamp too. A format that Deed cannot hold is a TypeMismatch
    /// error, one that Arrow does not have an InvalidArgument error.
    static func parse(_ format: String) throws(DeedError) -> (kind: ArrowKind, zone: String) {
        if let kind = simple[format] { return (kind, "") }
        if format.hasPrefix("ts"), let unit = ArrowUnit(format.dropFirst(2).first), format.dropFirst(3).first == ":" {
            let zone = String(format.dropFirst(4))
            return (.timestamp(unit, isZoned: !zone.isEmpty), zone)
        }
        if format.hasPrefix("w:"), let width = size(format.dropFirst(2)) {
            return (.bytes(.fixed(width), isText: false), "")
        }
        if format.hasPrefix("+w:"), let width = size(format.dropFirst(3)) { return (.fixedList(width), "") }
        if format.hasPrefix("d:") { return (try decimal(format), "") }
        if format.hasPrefix("+u") { throw DeedError(.typeMismatch, "unions cannot be stored") }
        throw DeedError(.invalidArgument, "'\(format)' is no Arrow format that Deed knows")
    }

    private static let simple: [String: ArrowKind] = [
        "n": .null, "b": .bool,
        "c": .integer(width: 1, isSigned: true), "C": .integer(width: 1, isSigned: false),
        "s": .integer(width: 2, isSigned: true), "S": .integer(width: 2, isSigned: false),
        "i": .integer(width: 4, isSigned: true), "I": .integer(width: 4, isSigned: false),
        "l": .integer(width: 8, isSigned: true), "L": .integer(width: 8, isSigned: false),
        "e": .float(width: 2), "f": .float(width: 4), "g": .float(width: 8),
        "z": .bytes(.offsets32, isText: false), "Z": .bytes(.offsets64, isText: false),
        "vz": .bytes(.views, isText: false),
        "u": .bytes(.offsets32, isText: true), "U": .bytes(.offsets64, isText: true),
        "vu": .bytes(.views, isText: true),
        "tdD": .date32, "tdm": .date64,
        "tts": .time(.second), "ttm": .time(.millisecond), "ttu": .time(.microsecond), "ttn": .time(.nanosecond),
        "tDs": .duration(.second), "tDm": .duration(.millisecond), "tDu": .duration(.microsecond),
        "tDn": .duration(.nanosecond),
        "tiM": .intervalMonths, "tiD": .intervalDayTime, "tin": .intervalMonthDayNano,
        "+l": .list(isLarge: false), "+L": .list(isLarge: true), "+vl": .listView(isLarge: false),
        "+vL": .listView(isLarge: true), "+s": .structure, "+m": .map, "+r": .runEnd,
    ]

    private static func size(_ digits: Substring) -> Int? {
        guard let size = Int32(digits), size >= 0 else { return nil }
        return Int(size)
    }

    /// `d:precision,scale` with an optional `,bits`.
    private static func decimal(_ format: String) throws(DeedError) -> ArrowKind {
        let parts = format.dropFirst(2).split(separator: ",").map { Int($0) }
        let bits = parts.count == 3 ? parts[2] : 128
        guard parts.count >= 2, let scale = parts[1], let bits, [32, 64, 128, 256].contains(bits) else {
            throw DeedError(.invalidArgument, "'\(format)' is no Arrow format that Deed knows")
        }
        guard (0...Decimal.digitsMax).contains(scale) else {
            throw DeedError(.typeMismatch, "decimals have from 0 to \(Decimal.digitsMax) digits behind the point, not \(scale)")
        }
        return .decimal(width: bits / 8, scale: scale)
    }

    /// Bytes from one value to the next in the second buffer; 0 where the buffer is none or holds bits.
    var stride: Int {
        switch self {
        case .null, .bool, .structure, .fixedList, .vector, .runEnd: 0
        case .integer(let width, _), .float(let width), .decimal(let width, _), .dictionary(let width, _): width
        case .bytes(.offsets32, _), .date32, .intervalMonths, .list(false), .listView(false), .map: 4
        case .time(.second), .time(.millisecond): 4
        case .bytes(.offsets64, _), .date64, .timestamp, .duration, .intervalDayTime, .list(true), .listView(true),
            .time:
            8
        case .bytes(.views, _), .intervalMonthDayNano: 16
        case .bytes(.fixed(let width), _): width
        }
    }

    /// Buffers of an array; views have one more for each block of data.
    var bufferCount: Int {
        switch self {
        case .null, .runEnd: 0
        case .structure, .fixedList, .vector: 1
        case .bytes(.fixed, _): 2
        case .bytes, .listView: 3
        default: 2
        }
    }

    /// Fields inside this one; nil for any number.
    var childCount: Int? {
        switch self {
        case .structure: nil
        case .list, .listView, .fixedList, .vector, .map, .dictionary: 1
        case .runEnd: 2
        default: 0
        }
    }
}
