// Which values count as one for DISTINCT, grouping and set operations. Unlike `=` it is never null: null is equivalent to
// null and NaN to NaN; apart from these two, equivalent means equal. A relation of equivalence, with Hashing.swift giving
// equivalent values the same hash and Ordering.swift calling exactly them equal.

extension Value {
    package static func isEquivalent(_ left: Value, _ right: Value) -> Bool {
        switch (left, right) {
        case (.null, .null): true
        case (.bool(let left), .bool(let right)): left == right
        case (.int(let left), .int(let right)): left == right
        case (.float(let left), .float(let right)): left == right || (left.isNaN && right.isNaN)
        case (.int(let left), .float(let right)), (.float(let right), .int(let left)):
            ScalarOrder.compare(left, right) == 0
        case (.decimal, .decimal), (.decimal, .int), (.int, .decimal), (.decimal, .float), (.float, .decimal):
            order(left, right) == 0
        case (.string(let left), .string(let right)): TextBytes.areEqual(left, right)
        case (.bytes(let left), .bytes(let right)): left == right
        case (.list(let left), .list(let right)): areEquivalent(left, right)
        case (.map(let left), .map(let right)): areEquivalent(left, right)
        case (.date(let left), .date(let right)): left == right
        case (.localTime(let left), .localTime(let right)): left == right
        case (.zonedTime(let left), .zonedTime(let right)): left.moment == right.moment
        case (.localDatetime(let left), .localDatetime(let right)): left == right
        case (.zonedDatetime(let left), .zonedDatetime(let right)): ScalarOrder.compare(left, right) == 0
        case (.duration(let left), .duration(let right)):
            left.months == right.months && left.days == right.days && left.seconds == right.seconds
                && left.nanoseconds == right.nanoseconds
        case (.vector(let left), .vector(let right)):
            left.count == right.count && zip(left, right).allSatisfy { $0 == $1 || ($0.isNaN && $1.isNaN) }
        case (.entity(let left), .entity(let right)): left == right
        case (.relationship(let left), .relationship(let right)): left == right
        case (.path(let left), .path(let right)):
            // A relationship may be passed against its direction: which way does not tell paths apart.
            left.entities == right.entities && left.relationships == right.relationships
        default: false
        }
    }

    package static func areEquivalent(_ left: [Value], _ right: [Value]) -> Bool {
        guard left.count == right.count else { return false }
        for index in left.indices where !isEquivalent(left[index], right[index]) { return false }
        return true
    }

    private static func areEquivalent(_ left: MapValue, _ right: MapValue) -> Bool {
        guard let matches = left.positions(in: right) else { return false }
        for (index, match) in matches.enumerated() where !isEquivalent(left.values[index], right.values[match]) {
            return false
        }
        return true
    }
}

extension MapValue {
    /// For each key the position of the same key in the other map; nil if the two have different keys.
    func positions(in other: MapValue) -> [Int]? {
        guard keys.count == other.keys.count else { return nil }
        // Nearly always both maps come from the same expression and agree in the order of their keys.
        if keys.indices.allSatisfy({ TextBytes.areEqual(keys[$0], other.keys[$0]) }) { return Array(keys.indices) }
        var matches = [Int](repeating: 0, count: keys.count)
        for (own, others) in zip(sortedPositions, other.sortedPositions) {
            guard TextBytes.areEqual(keys[own], other.keys[others]) else { return nil }
            matches[own] = others
        }
        return matches
    }

    /// The positions of the entries in the order of their keys.
    var sortedPositions: [Int] { keys.indices.sorted { TextBytes.compare(keys[$0], keys[$1]) < 0 } }
}
