// The Arrow type of a column of a query's result: decided over all of its rows, since values of a column may be of any types.
//
//   nothing but nulls             null
//   bool, int64, float64          as they are; integers among floats become floats, which must lose nothing
//   decimal, also with int64       decimal128(38, s) with the largest scale of its values, for which none may be too large
//   string, bytes                 large_utf8, large_binary
//   date, local time              date32, time64[ns]
//   local and zoned datetime      timestamp[us], timestamp[us, UTC]; digits below a microsecond are dropped
//   vector                        large_list<float32>
//   entity                        struct<id: uint64, labels: large_list<large_utf8>, properties: large_utf8 (JSON)>
//   relationship                  struct<id: uint64, type: large_utf8, source: uint64, target: uint64, properties: large_utf8>
//   path                          struct<nodes: large_list<entity>, relationships: large_list<relationship>>
//   all else, and mixed types     large_utf8 with the text of ValueText.swift

import CDeed
import DeedEngine
import DeedValues

enum ArrowResultType: Equatable {
    /// Of so many digits behind the point.
    case decimal(Int)
    case null, bool, int64, float64, string, bytes, date, localTime, localDatetime, zonedDatetime, vector
    case entity, relationship, path, text

    /// Of one value, or of a typed vector's values; nil where each value of the vector has to be looked at.
    init?(_ kind: ColumnVector.Kind) {
        switch kind {
        case .null: self = .null
        case .bool: self = .bool
        case .int64: self = .int64
        case .date: self = .date
        case .float64: self = .float64
        case .string: self = .string
        case .entity: self = .entity
        case .relationship: self = .relationship
        case .any: return nil
        }
    }

    init(_ value: Value) {
        self =
            switch value {
            case .null: .null
            case .bool: .bool
            case .int: .int64
            case .float: .float64
            case .decimal(let number): .decimal(Int(number.scale))
            case .string: .string
            case .bytes: .bytes
            case .date: .date
            case .localTime: .localTime
            case .localDatetime: .localDatetime
            case .zonedDatetime: .zonedDatetime
            case .vector: .vector
            case .entity: .entity
            case .relationship: .relationship
            case .path: .path
            case .list, .map, .zonedTime, .duration: .text
            }
    }

    /// What can hold values of both types.
    func union(_ other: ArrowResultType) -> ArrowResultType {
        switch (self, other) {
        case (.null, _): other
        case (_, .null): self
        case (.int64, .float64), (.float64, .int64): .float64
        case (.decimal(let scale), .decimal(let other)): .decimal(max(scale, other))
        case (.decimal, .int64): self
        case (.int64, .decimal): other
        default: self == other ? self : .text
        }
    }

    /// Of the rows of a column, through its selections.
    static func common(_ pieces: [ArrowResultPiece]) -> ArrowResultType {
        var type = ArrowResultType.null
        for piece in pieces {
            guard let vector = piece.column?.vector else { continue }
            if let known = ArrowResultType(vector.kind) {
                // A vector may have a type and no value.
                if vector.nulls == nil || piece.hasValue { type = type.union(known) }
                continue
            }
            piece.forEachValue(from: 0) { _, vector, position in type = type.union(ArrowResultType(vector.values[position])) }
        }
        return type
    }

    func schema(name: String) -> ArrowSchemaParts {
        ArrowSchemaParts(format: format, name: name, isNullable: true, children: children)
    }

    private var format: String {
        switch self {
        case .null: "n"
        case .bool: "b"
        case .int64: "l"
        case .float64: "g"
        case .decimal(let scale): "d:\(Decimal.digitsMax),\(scale)"
        case .bytes: "Z"
        case .date: "tdD"
        case .localTime: "ttn"
        case .localDatetime: "tsu:"
        case .zonedDatetime: "tsu:UTC"
        case .vector: "+L"
        case .entity, .relationship, .path: "+s"
        case .string, .text: "U"
        }
    }

    private var children: [ArrowSchemaParts] {
        func part(_ format: String, _ name: String, _ children: [ArrowSchemaParts] = []) -> ArrowSchemaParts {
            ArrowSchemaParts(format: format, name: name, isNullable: false, children: children)
        }
        return switch self {
        case .vector: [part("f", "item")]
        case .entity: [part("L", "id"), part("+L", "labels", [part("U", "item")]), part("U", "properties")]
        case .relationship: [part("L", "id"), part("U", "type"), part("L", "source"), part("L", "target"), part("U", "properties")]
        case .path:
            [
                part("+L", "nodes", [part("+s", "item", ArrowResultType.entity.children)]),
                part("+L", "relationships", [part("+s", "item", ArrowResultType.relationship.children)]),
            ]
        default: []
        }
    }
}

/// A column's share of one chunk.
struct ArrowResultPiece {
    /// nil: every row is null.
    let column: ChunkColumn?
    let rows: Range<Int>

    var hasValue: Bool {
        guard let column else { return false }
        return rows.contains { !column.isNull($0) }
    }

    /// Calls the body for each value that is not null, with its row, counted from `first`, and its place in the vector.
    @inline(__always)
    func forEachValue(from first: Int, _ body: (Int, ColumnVector, Int) throws -> Void) rethrows {
        guard let column else { return }
        let vector = column.vector
        for row in rows {
            let position = column.position(row)
            if vector.isNull(position) { continue }
            try body(first + row - rows.lowerBound, vector, position)
        }
    }
}
