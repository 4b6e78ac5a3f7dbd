// A set of ids, or a map from ids to small numbers: open addressing in two flat arrays. Id 0 is "none" and never in it.

struct IdMap {
    private var keys: [UInt64]
    private var values: [UInt32]
    private(set) var count = 0

    init() {
        keys = Array(repeating: 0, count: 16)
        values = Array(repeating: 0, count: 16)
    }

    @inline(__always)
    private static func hash(_ id: UInt64) -> Int { Int(truncatingIfNeeded: (id &* 0x9E37_79B9_7F4A_7C15) >> 20) }

    @inline(__always)
    private func place(of id: UInt64) -> Int {
        let mask = keys.count &- 1
        var place = Self.hash(id) & mask
        while keys[place] != 0 && keys[place] != id { place = (place &+ 1) & mask }
        return place
    }

    subscript(id: UInt64) -> UInt32? {
        let place = place(of: id)
        return keys[place] == id && id != 0 ? values[place] : nil
    }

    func contains(_ id: UInt64) -> Bool { id != 0 && keys[place(of: id)] == id }

    /// False if the id is there already; its value stays then.
    @discardableResult
    mutating func insert(_ id: UInt64, _ value: UInt32 = 0) -> Bool {
        if id == 0 { return false }
        if (count &+ 1) &* 2 > keys.count { grow() }
        let place = place(of: id)
        if keys[place] == id { return false }
        (keys[place], values[place]) = (id, value)
        count &+= 1
        return true
    }

    mutating func removeAll() {
        if count == 0 { return }
        self = IdMap()
    }

    /// Bytes held.
    var size: Int { keys.count * 12 }

    private mutating func grow() {
        let (oldKeys, oldValues) = (keys, values)
        keys = Array(repeating: 0, count: oldKeys.count * 2)
        values = Array(repeating: 0, count: oldKeys.count * 2)
        for (index, key) in oldKeys.enumerated() where key != 0 {
            let place = place(of: key)
            (keys[place], values[place]) = (key, oldValues[index])
        }
    }
}
