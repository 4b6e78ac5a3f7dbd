// One value while a query runs: what a property can hold, and the elements of the graph, which are held by id.
//
// Values are the general, slow form. Columns of one type stay in typed arrays (ColumnVector); what is here serves where
// types are mixed, nested or rare. Payloads beyond 16 bytes are boxed, so that a value stays small.

package enum Value: Sendable {
    case null
    case bool(Bool)
    case int(Int64)
    case float(Double)
    case decimal(Decimal)
    /// Compared byte by byte (by code point), never by Swift's canonical equivalence.
    case string(String)
    case bytes([UInt8])
    case list([Value])
    case map(MapValue)
    case date(CalendarDate)
    case localTime(LocalTime)
    case zonedTime(ZonedTime)
    case localDatetime(LocalDatetime)
    case zonedDatetime(ZonedDatetime)
    case duration(CalendarDuration)
    /// An embedding.
    case vector([Float])
    case entity(UInt64)
    case relationship(UInt64)
    case path(PathValue)

    package var isNull: Bool {
        if case .null = self { return true }
        return false
    }
}

/// Keys are distinct, and keep the order in which they were given, which is the order of printing; two maps are equal
/// whatever their order.
package final class MapValue: Sendable {
    package let keys: [String]
    package let values: [Value]

    /// The keys must be distinct.
    package init(keys: [String], values: [Value]) {
        assert(keys.count == values.count)
        self.keys = keys
        self.values = values
    }

    /// O(keys).
    package subscript(key: String) -> Value? { position(of: key).map { values[$0] } }

    /// Where the key is among the keys. O(keys).
    package func position(of key: String) -> Int? { keys.firstIndex { $0.utf8.elementsEqual(key.utf8) } }
}

/// `relationships.count + 1` entities, alternating with the relationships between them. A relationship may be passed
/// against its direction.
package final class PathValue: Sendable {
    package let entities: [UInt64]
    package let relationships: [UInt64]

    package init(entities: [UInt64], relationships: [UInt64]) {
        assert(entities.count == relationships.count + 1)
        self.entities = entities
        self.relationships = relationships
    }
}
