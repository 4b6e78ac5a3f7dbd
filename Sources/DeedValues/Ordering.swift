// The total order over all values, for ORDER BY, min and max. Types follow each other as openCypher has them, null last:
//
//   map < entity < relationship < list < path < vector < datetime < local datetime < date < time < local time < duration
//       < string < bytes < boolean < number < NaN < null
//
// Values that the order calls equal are exactly the equivalent ones, so that sorting and hashing group alike. Within a type
// it agrees with `<` wherever that is not null, with what `<` leaves open filled in: durations go by their average length,
// maps by size, then keys, then values, elements of the graph by id.

extension Value {
    /// Negative, zero or positive as `left` sorts before, is equivalent to, or sorts after `right`.
    package static func order(_ left: Value, _ right: Value) -> Int {
        switch (left, right) {
        case (.int(let left), .int(let right)): ScalarOrder.compare(left, right)
        case (.string(let left), .string(let right)): TextBytes.compare(left, right)
        case (.float(let left), .float(let right)): ScalarOrder.compareTotally(left, right)
        case (.int(let left), .float(let right)): ScalarOrder.compare(left, right)
        case (.float(let left), .int(let right)): -ScalarOrder.compare(right, left)
        case (.decimal(let left), .decimal(let right)): Decimal.compare(left, right)
        case (.decimal(let left), .int(let right)): Decimal.compare(left, Decimal(right))
        case (.int(let left), .decimal(let right)): Decimal.compare(Decimal(left), right)
        case (.decimal(let left), .float(let right)): Decimal.compare(left, right)
        case (.float(let left), .decimal(let right)): -Decimal.compare(right, left)
        case (.bool(let left), .bool(let right)): ScalarOrder.compare(left ? 1 : 0, right ? 1 : 0)
        case (.bytes(let left), .bytes(let right)):
            left.withUnsafeBufferPointer { left in right.withUnsafeBufferPointer { TextBytes.compare(left, $0) } }
        case (.list(let left), .list(let right)): order(left, right)
        case (.map(let left), .map(let right)): order(left, right)
        case (.path(let left), .path(let right)): order(left, right)
        case (.vector(let left), .vector(let right)): order(left, right)
        case (.entity(let left), .entity(let right)): ScalarOrder.compare(left, right)
        case (.relationship(let left), .relationship(let right)): ScalarOrder.compare(left, right)
        case (.date(let left), .date(let right)): ScalarOrder.compare(left.days, right.days)
        case (.localTime(let left), .localTime(let right)): ScalarOrder.compare(left.nanoseconds, right.nanoseconds)
        case (.zonedTime(let left), .zonedTime(let right)): ScalarOrder.compare(left.moment, right.moment)
        case (.localDatetime(let left), .localDatetime(let right)): ScalarOrder.compare(left, right)
        case (.zonedDatetime(let left), .zonedDatetime(let right)): ScalarOrder.compare(left, right)
        case (.duration(let left), .duration(let right)): ScalarOrder.compare(left, right)
        default: ScalarOrder.compare(left.typeRank, right.typeRank)
        }
    }

    private var typeRank: Int {
        switch self {
        case .map: 0
        case .entity: 1
        case .relationship: 2
        case .list: 3
        case .path: 4
        case .vector: 5
        case .zonedDatetime: 6
        case .localDatetime: 7
        case .date: 8
        case .zonedTime: 9
        case .localTime: 10
        case .duration: 11
        case .string: 12
        case .bytes: 13
        case .bool: 14
        case .int, .float, .decimal: 15
        case .null: 16
        }
    }

    private static func order(_ left: [Value], _ right: [Value]) -> Int {
        for index in 0..<min(left.count, right.count) {
            let result = order(left[index], right[index])
            if result != 0 { return result }
        }
        return left.count &- right.count
    }

    private static func order(_ left: MapValue, _ right: MapValue) -> Int {
        guard left.keys.count == right.keys.count else { return left.keys.count &- right.keys.count }
        let pairs = zip(left.sortedPositions, right.sortedPositions)
        for (own, other) in pairs {
            let result = TextBytes.compare(left.keys[own], right.keys[other])
            if result != 0 { return result }
        }
        for (own, other) in pairs {
            let result = order(left.values[own], right.values[other])
            if result != 0 { return result }
        }
        return 0
    }

    /// Step by step from the start; a path that goes on comes after one that ends.
    private static func order(_ left: PathValue, _ right: PathValue) -> Int {
        if left.entities.first != right.entities.first {
            return ScalarOrder.compare(left.entities.first ?? 0, right.entities.first ?? 0)
        }
        for index in 0..<min(left.relationships.count, right.relationships.count) {
            var result = ScalarOrder.compare(left.relationships[index], right.relationships[index])
            if result != 0 { return result }
            result = ScalarOrder.compare(left.entities[index + 1], right.entities[index + 1])
            if result != 0 { return result }
        }
        return left.relationships.count &- right.relationships.count
    }

    private static func order(_ left: [Float], _ right: [Float]) -> Int {
        for index in 0..<min(left.count, right.count) {
            let result = ScalarOrder.compareTotally(Double(left[index]), Double(right[index]))
            if result != 0 { return result }
        }
        return left.count &- right.count
    }
}
