// A hash that equivalent values share: 1, the float 1.0 and the decimal 1.00, both zeros, every NaN, maps whatever the order of their keys.
//
// Each scalar is mixed as one word by a multiply whose 128-bit product is folded (the step of wyhash); texts and bytes go in
// words of eight. The seed starts the state, so that a table can choose its own and nobody can prepare keys that collide.

package enum ValueHash {
    private static let multiplier: UInt64 = 0x9E37_79B9_7F4A_7C15
    private static let secret: UInt64 = 0xE703_7ED1_A0B4_28DB

    @inline(__always)
    static func mix(_ state: UInt64, _ word: UInt64) -> UInt64 {
        let product = (state ^ multiplier).multipliedFullWidth(by: word ^ secret ^ state &<< 7)
        return product.high ^ product.low ^ (state &+ word &* multiplier)
    }

    /// Equivalent lists of values get the same hash.
    package static func hash(_ values: [Value], seed: UInt64) -> UInt64 {
        var state = mix(seed, UInt64(truncatingIfNeeded: values.count))
        for value in values { state = hash(value, state) }
        return state
    }

    package static func hash(_ value: Value, seed: UInt64) -> UInt64 { hash(value, seed) }

    // What values of columns hash to, without a value being made of them.
    package static func hash(integer: Int64, seed: UInt64) -> UInt64 { mix(mix(seed, 4), UInt64(bitPattern: integer)) }
    package static func hash(days: Int64, seed: UInt64) -> UInt64 { mix(mix(seed, 9), UInt64(bitPattern: days)) }
    package static func hash(entity: UInt64, seed: UInt64) -> UInt64 { mix(mix(seed, 16), entity) }
    package static func hash(relationship: UInt64, seed: UInt64) -> UInt64 { mix(mix(seed, 17), relationship) }
    package static func hash(text: UnsafeRawBufferPointer, seed: UInt64) -> UInt64 { hash(text, mix(seed, 5)) }

    package static func hash(decimal: Decimal, seed: UInt64) -> UInt64 {
        if let integer = decimal.exactInteger { return hash(integer: integer, seed: seed) }
        let nearest = decimal.nearestFloat
        if nearest.order == 0 { return mix(mix(seed, 4), word(of: nearest.float)) }
        let number = decimal.normalized
        let state = mix(mix(seed, 4), UInt64(truncatingIfNeeded: number.coefficient))
        return mix(mix(state, UInt64(truncatingIfNeeded: number.coefficient >> 64)), UInt64(number.scale))
    }

    /// Tags tell types apart; numbers have one in common.
    private static func hash(_ value: Value, _ state: UInt64) -> UInt64 {
        switch value {
        case .null: mix(state, 1)
        case .bool(let value): mix(state, value ? 2 : 3)
        case .int(let value): hash(integer: value, seed: state)
        case .float(let value): mix(mix(state, 4), word(of: value))
        case .decimal(let value): hash(decimal: value, seed: state)
        case .string(let text): TextBytes.with(text) { hash(text: UnsafeRawBufferPointer($0), seed: state) }
        case .bytes(let bytes): bytes.withUnsafeBytes { hash($0, mix(state, 6)) }
        case .list(let items): items.reduce(mix(mix(state, 7), length(items))) { hash($1, $0) }
        case .map(let map): hash(map, mix(mix(state, 8), length(map.keys)))
        case .date(let date): hash(days: date.days, seed: state)
        case .localTime(let time): mix(mix(state, 10), UInt64(bitPattern: time.nanoseconds))
        case .zonedTime(let time): mix(mix(state, 11), UInt64(bitPattern: time.moment))
        case .localDatetime(let time): mix(mix(mix(state, 12), UInt64(bitPattern: time.seconds)), UInt64(time.nanoseconds))
        case .zonedDatetime(let time):
            // The zone is left out: values that differ in nothing else are rare.
            mix(mix(mix(state, 13), UInt64(bitPattern: time.seconds)), UInt64(time.nanoseconds))
        case .duration(let duration): hash(duration, mix(state, 14))
        case .vector(let items): items.reduce(mix(mix(state, 15), length(items))) { mix($0, word(of: Double($1))) }
        case .entity(let id): hash(entity: id, seed: state)
        case .relationship(let id): hash(relationship: id, seed: state)
        case .path(let path):
            path.relationships.reduce(path.entities.reduce(mix(mix(state, 18), length(path.entities)), mix), mix)
        }
    }

    private static func length<Item>(_ items: [Item]) -> UInt64 { UInt64(truncatingIfNeeded: items.count) }

    /// The bits of the integer that the float is, if it is one; otherwise its own, with one for all NaN.
    private static func word(of value: Double) -> UInt64 {
        if let integer = Int64(exactly: value) { return UInt64(bitPattern: integer) }
        return value.isNaN ? Double.nan.bitPattern : value.bitPattern
    }

    private static func hash(_ duration: CalendarDuration, _ state: UInt64) -> UInt64 {
        var state = mix(state, UInt64(bitPattern: duration.months))
        state = mix(state, UInt64(bitPattern: duration.days))
        state = mix(state, UInt64(bitPattern: duration.seconds))
        return mix(state, UInt64(bitPattern: Int64(duration.nanoseconds)))
    }

    /// The sum over the entries does not depend on their order.
    private static func hash(_ map: MapValue, _ state: UInt64) -> UInt64 {
        var sum: UInt64 = 0
        for index in map.keys.indices {
            sum &+= hash(map.values[index], TextBytes.with(map.keys[index]) { hash(UnsafeRawBufferPointer($0), state) })
        }
        return mix(state, sum)
    }

    static func hash(_ raw: UnsafeRawBufferPointer, _ start: UInt64) -> UInt64 {
        var state = mix(start, UInt64(truncatingIfNeeded: raw.count))
        var offset = 0
        while offset &+ 8 <= raw.count {
            state = mix(state, raw.loadUnaligned(fromByteOffset: offset, as: UInt64.self))
            offset &+= 8
        }
        var rest: UInt64 = 0
        while offset < raw.count {
            rest = rest &<< 8 | UInt64(raw[offset])
            offset &+= 1
        }
        return mix(state, rest)
    }
}

/// A row of values as the key of a hash table: equal means equivalent, column by column.
package struct GroupKey: Hashable, Sendable {
    package let values: [Value]

    package init(_ values: [Value]) { self.values = values }

    package static func == (left: GroupKey, right: GroupKey) -> Bool { Value.areEquivalent(left.values, right.values) }

    /// The hasher is seeded by the process; the values add to it as one word.
    package func hash(into hasher: inout Hasher) { hasher.combine(ValueHash.hash(values, seed: GroupKey.seed)) }

    private static let seed = UInt64.random(in: .min ... .max)
}
