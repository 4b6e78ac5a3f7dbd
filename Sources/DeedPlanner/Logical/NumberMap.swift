// Values by slots, or by positions of a query's parts. Planning makes dozens of such maps, of a few entries each, which are looked
// through one by one: hashing would take longer. Where there are many, it is a dictionary that knows their places.

struct NumberMap<Value>: Sequence {
    typealias Element = (key: Int, value: Value)

    /// In the order in which the keys came.
    private var entries: [Element] = []
    /// Where each key is, once there are more than are looked through one by one.
    private var places: [Int: Int] = [:]
    private static var fewMax: Int { 16 }

    init() {}

    var count: Int { entries.count }
    var isEmpty: Bool { entries.isEmpty }

    private func place(of key: Int) -> Int? {
        if entries.count > Self.fewMax { return places[key] }
        for place in entries.indices where entries[place].key == key { return place }
        return nil
    }

    func contains(_ key: Int) -> Bool { place(of: key) != nil }

    subscript(key: Int) -> Value? { place(of: key).map { entries[$0].value } }

    subscript(key: Int, default missing: @autoclosure () -> Value) -> Value {
        get { self[key] ?? missing() }
        _modify {
            let place = place(of: key) ?? append(key, missing())
            yield &entries[place].value
        }
    }

    mutating func set(_ key: Int, _ value: Value) {
        if let place = place(of: key) { entries[place].value = value } else { _ = append(key, value) }
    }

    private mutating func append(_ key: Int, _ value: Value) -> Int {
        let place = entries.count
        if place == 0 { entries.reserveCapacity(4) }
        entries.append((key, value))
        if place == Self.fewMax {
            for index in entries.indices { places[entries[index].key] = index }
        } else if place > Self.fewMax {
            places[key] = place
        }
        return place
    }

    func mapValues<Other>(_ transform: (Value) throws -> Other) rethrows -> NumberMap<Other> {
        var result = NumberMap<Other>()
        result.places = places
        result.entries = try entries.map { ($0.key, try transform($0.value)) }
        return result
    }

    func makeIterator() -> Array<Element>.Iterator { entries.makeIterator() }
}
