// Parts of values: items and slices of lists, entries of maps, components of temporal values. The properties of elements
// of the graph are the executor's, which asks here for everything else.

extension Value {
    /// `value[index]`. Positions below zero count from the end; what is not there is null, and so is anything of null.
    package static func element(of value: Value, at index: Value) throws(QueryError) -> Value {
        switch (value, index) {
        case (.null, _): return .null
        case (.list(let items), .int(let position)): return items.position(position).map { items[$0] } ?? .null
        case (.vector(let items), .int(let position)):
            return items.position(position).map { .float(Double(items[$0])) } ?? .null
        case (.map(let map), .string(let key)): return map[key] ?? .null
        case (.list, .null), (.vector, .null), (.map, .null): return .null
        case (.list, _), (.vector, _):
            throw QueryError(
                .typeError, "ListElementAccessByNonInteger", "the position in a list is an INTEGER, not \(index.typeName)")
        case (.map, _):
            throw QueryError(.typeError, "MapElementAccessByNonString", "the key of a map is a STRING, not \(index.typeName)")
        default: throw .invalidType("[] takes an item out of a list or map", value)
        }
    }

    /// `value[from..to]`; nil for a bound that was left out. Bounds below zero count from the end, and those beyond the list
    /// stop at it.
    package static func slice(of value: Value, from: Value?, to: Value?) throws(QueryError) -> Value {
        if value.isNull { return .null }
        guard case .list(let items) = value else { throw .invalidType("[..] takes a slice of a list", value) }
        guard let start = try bound(from, of: items, otherwise: 0),
            let end = try bound(to, of: items, otherwise: items.count)
        else { return .null }
        return .list(start < end ? Array(items[start..<end]) : [])
    }

    /// Nil for a null.
    private static func bound(_ value: Value?, of items: [Value], otherwise: Int) throws(QueryError) -> Int? {
        guard let value else { return otherwise }
        if value.isNull { return nil }
        guard case .int(let position) = value else { throw .invalidType("the bound of a slice is an integer", value) }
        if position >= 0 { return Int(min(position, Int64(items.count))) }
        return Int(max(0, Int64(items.count) + position))
    }

    /// `value.name` of a map, a temporal value, or null.
    package static func property(of value: Value, _ name: String) throws(QueryError) -> Value {
        switch value {
        case .null: return .null
        case .map(let map): return map[name] ?? .null
        case _ where value.isTemporal:
            if let component = TemporalAccess.component(value, name) { return component }
            throw QueryError(.typeError, "InvalidArgumentValue", "a \(value.typeName) has no component '\(name)'")
        default: throw .invalidType("only elements of the graph, maps and temporal values have properties", value)
        }
    }
}

extension Array {
    /// The index that a position stands for, counted from the end if it is below zero; nil outside the array.
    fileprivate func position(_ position: Int64) -> Int? {
        let index = position < 0 ? position + Int64(count) : position
        return index >= 0 && index < Int64(count) ? Int(index) : nil
    }
}
