// One column of an Arrow schema, or one field inside another: what a foreign ArrowSchema says, checked and copied, so
// that the schema can be released at once.

import CDeed
import DeedEngine

final class ArrowField {
    let name: String
    /// The names from the column down to this field, for messages.
    let path: String
    let kind: ArrowKind
    /// The fields inside; of a dictionary, its values.
    let children: [ArrowField]
    /// What Deed makes of the values: the same for all of them that are not null.
    let valueType: ValueType
    /// Structures: the children in ascending order of name, as maps are encoded.
    let entryOrder: [Int]
    /// The name in UTF-8.
    let key: OwnedBytes
    /// Timestamps: the name of the zone, empty if it says no more than the offset; and the offset in seconds.
    let zone: OwnedBytes
    let offset: Int32

    /// A column of a stream's schema.
    convenience init(column schema: UnsafePointer<ArrowSchema>?) throws(DeedError) {
        try self.init(schema, inside: nil, depth: 0)
    }

    private init(_ schema: UnsafePointer<ArrowSchema>?, inside outer: String?, depth: Int) throws(DeedError) {
        guard let schema = schema?.pointee, schema.release != nil, let format = schema.format else {
            throw DeedError(.invalidArgument, "an Arrow schema is missing or was released")
        }
        name = try Self.name(of: schema)
        path = outer.map { [name] in $0 + "." + name } ?? name
        do throws(DeedError) {
            guard depth <= Limits.nestingMax else {
                throw DeedError(.invalidArgument, "it is nested deeper than \(Limits.nestingMax)")
            }
            var (parsed, zoneName) = try ArrowKind.parse(String(cString: format))
            if let values = schema.dictionary {
                guard case .integer(let width, let isSigned) = parsed else {
                    throw DeedError(.invalidArgument, "the indices of a dictionary must be integers")
                }
                parsed = .dictionary(width: width, isSigned: isSigned)
                children = [try ArrowField(values, inside: path, depth: depth + 1)]
            } else {
                children = try Self.children(of: schema, parsed, path, depth)
            }
            if case .fixedList(let size) = parsed, children[0].kind == .float(width: 4) { parsed = .vector(size) }
            kind = parsed
            valueType = Self.valueType(parsed, children)
            entryOrder = try Self.entryOrder(parsed, children)
            let (keptZone, seconds) = Self.resolve(zone: zoneName)
            key = OwnedBytes(name)
            zone = OwnedBytes(keptZone)
            offset = seconds
        } catch {
            // The innermost field that is at fault is named once.
            let isNamed = error.message.hasPrefix("column '")
            throw isNamed ? error : DeedError(error.status, "column '\(path)': \(error.message)")
        }
    }

    private static func name(of schema: ArrowSchema) throws(DeedError) -> String {
        guard let text = schema.name else { return "" }
        guard let name = String(validatingCString: text) else {
            throw DeedError(.invalidArgument, "the name of an Arrow column is not UTF-8")
        }
        return name
    }

    private static func children(
        of schema: ArrowSchema, _ kind: ArrowKind, _ path: String, _ depth: Int
    ) throws(DeedError) -> [ArrowField] {
        let count = Int(schema.n_children)
        guard count >= 0, count <= Limits.propertiesMax, kind.childCount ?? count == count,
            count == 0 || schema.children != nil
        else { throw DeedError(.invalidArgument, "its Arrow schema has \(count) children") }
        var fields: [ArrowField] = []
        for index in 0..<count {
            fields.append(try ArrowField(schema.children[index], inside: path, depth: depth + 1))
        }
        return fields
    }

    private static func valueType(_ kind: ArrowKind, _ children: [ArrowField]) -> ValueType {
        switch kind {
        case .null: .null
        case .bool: .bool
        case .integer, .decimal(_, scale: 0): .int64
        case .decimal: .decimal
        case .float: .float64
        case .bytes(_, let isText): isText ? .string : .bytes
        case .date32, .date64: .date
        case .time: .localTime
        case .timestamp(_, let isZoned): isZoned ? .zonedDatetime : .localDatetime
        case .duration, .intervalMonths, .intervalDayTime, .intervalMonthDayNano: .duration
        case .list, .listView, .fixedList: .list
        case .vector: .vector
        case .structure, .map: .map
        case .runEnd: children[1].valueType
        case .dictionary: children[0].valueType
        }
    }

    /// Checks the structure of maps and run-end encoding, and the names of structures.
    private static func entryOrder(_ kind: ArrowKind, _ children: [ArrowField]) throws(DeedError) -> [Int] {
        switch kind {
        case .map:
            guard children[0].kind == .structure, children[0].children.count == 2 else {
                throw DeedError(.invalidArgument, "an Arrow map must hold pairs")
            }
            guard children[0].children[0].valueType == .string else {
                throw DeedError(.typeMismatch, "the keys of a map must be text")
            }
            return []
        case .runEnd:
            guard case .integer(let width, true) = children[0].kind, width > 1 else {
                throw DeedError(.invalidArgument, "run ends must be integers of 16, 32 or 64 bits")
            }
            return []
        case .structure:
            let order = children.indices.sorted { compareBytes(children[$0].key.bytes, children[$1].key.bytes) < 0 }
            for (before, after) in zip(order, order.dropFirst())
            where compareBytes(children[before].key.bytes, children[after].key.bytes) == 0 {
                throw DeedError(.invalidArgument, "it has two fields named '\(children[before].name)'")
            }
            return order
        default: return []
        }
    }

    /// What to keep of a timestamp's zone. UTC needs no name; `+05:30`, `-0800` and `+05` are offsets. Any other name
    /// is kept with offset 0: the instant is right, and who wants local time has the name to look it up by.
    static func resolve(zone: String) -> (name: String, offset: Int32) {
        if zone.isEmpty || zone == "UTC" || zone == "Z" { return ("", 0) }
        guard let sign = zone.first, sign == "+" || sign == "-" else { return (zone, 0) }
        let digits = zone.dropFirst().filter { $0 != ":" }
        guard digits.utf8.allSatisfy({ (0x30...0x39).contains($0) }), let number = Int32(digits) else {
            return (zone, 0)
        }
        let (hours, minutes) =
            switch digits.count {
            case 2: (number, Int32(0))
            case 4: (number / 100, number % 100)
            default: (Int32(99), Int32(99))
            }
        guard hours <= 18, minutes < 60 else { return (zone, 0) }
        let seconds = hours * 3600 + minutes * 60
        return ("", sign == "-" ? -seconds : seconds)
    }
}

/// Bytes at an address that does not move.
final class OwnedBytes {
    let bytes: UnsafeRawBufferPointer

    init(_ text: String) {
        let copy = UnsafeMutableRawBufferPointer.allocate(byteCount: text.utf8.count, alignment: 1)
        copy.copyBytes(from: text.utf8)
        bytes = UnsafeRawBufferPointer(copy)
    }

    deinit { bytes.deallocate() }
}
