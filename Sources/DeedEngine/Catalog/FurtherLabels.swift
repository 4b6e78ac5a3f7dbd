// The labels of an entity besides the name of its collection.
//
// An entity is in one collection, which gives it its first label. An entity with other labels than exactly that one has
// all of them in a property that is the store's own business: a string of the labels in ascending order of bytes, each as
// its size in decimal digits, a colon and its bytes ("3:Dog6:Person"). No value means the collection's name, or no label
// for the collection whose name is empty; an empty string means none. Embedded in files: do not change.

import Synchronization

/// The labels of one entity, distinct and in ascending order of bytes.
struct LabelSet: Equatable {
    private(set) var names: [String]

    init(_ labels: [String]) {
        names = []
        for label in labels.sorted(by: { $0.utf8.lexicographicallyPrecedes($1.utf8) })
        where names.last?.utf8.elementsEqual(label.utf8) != true { names.append(label) }
    }

    init(decoding bytes: UnsafeRawBufferPointer) throws(DeedError) {
        names = []
        var rest = bytes
        while let label = try Self.next(&rest) { names.append(String(decoding: label, as: UTF8.self)) }
    }

    var encoded: [UInt8] {
        var bytes: [UInt8] = []
        for name in names {
            bytes += Array("\(name.utf8.count):".utf8)
            bytes += name.utf8
        }
        return bytes
    }

    static func == (left: LabelSet, right: LabelSet) -> Bool {
        left.names.elementsEqual(right.names) { $0.utf8.elementsEqual($1.utf8) }
    }

    func contains(_ label: String) -> Bool { names.contains { $0.utf8.elementsEqual(label.utf8) } }

    /// Whether an encoded set has a label. O(labels).
    static func contains(_ bytes: UnsafeRawBufferPointer, _ label: [UInt8]) throws(DeedError) -> Bool {
        var rest = bytes
        while let other = try next(&rest) { if other.elementsEqual(label) { return true } }
        return false
    }

    private static func next(_ rest: inout UnsafeRawBufferPointer) throws(DeedError) -> UnsafeRawBufferPointer? {
        if rest.isEmpty { return nil }
        var size = 0
        var position = 0
        while position < rest.count, case let digit = rest[position], digit >= 0x30 && digit <= 0x39, position < 6 {
            size = size &* 10 &+ Int(digit &- 0x30)
            position &+= 1
        }
        guard position > 0, position < rest.count, rest[position] == 0x3A, size <= rest.count &- position &- 1 else {
            throw DeedError(.corruption, "the labels of an entity cannot be read")
        }
        let start = position &+ 1
        let label = UnsafeRawBufferPointer(rebasing: rest[start..<start &+ size])
        rest = UnsafeRawBufferPointer(rebasing: rest[(start &+ size)...])
        return label
    }
}

/// Which labels rows of a collection may have besides its name. Only ever grows while the graph is open.
final class FurtherLabels: Sendable {
    private struct State {
        var isAny = false
        var names: Set<[UInt8]> = []
    }

    /// Beyond so many nobody counts them.
    private static let namesMax = 1_000
    private let state = Mutex(State())
    /// Rises when it becomes known of any collection, of any graph, that its rows may have one more label: plans made before
    /// may look for rows in too few places.
    static let changes = Atomic<UInt64>(0)
    /// True once a row may have other labels than exactly the collection's name.
    private let isUsed = Atomic<Bool>(false)

    var isEmpty: Bool { !isUsed.load(ordering: .acquiring) }

    /// Says that a row is about to have these labels, the collection's name or not among them.
    func note(_ labels: LabelSet) {
        // Before the change is counted: who has seen the count sees this.
        isUsed.store(true, ordering: .releasing)
        state.withLock { state in
            for name in labels.names where !state.isAny {
                if state.names.insert(Array(name.utf8)).inserted { Self.changes.add(1, ordering: .releasing) }
            }
            if state.names.count > Self.namesMax { (state.isAny, state.names) = (true, []) }
        }
    }

    /// Says that rows have labels, and nobody has looked which.
    func noteAny() {
        isUsed.store(true, ordering: .releasing)
        state.withLock { state in
            if !state.isAny { Self.changes.add(1, ordering: .releasing) }
            (state.isAny, state.names) = (true, [])
        }
    }

    func mayContain(_ label: String) -> Bool {
        !isEmpty && state.withLock { $0.isAny || $0.names.contains(Array(label.utf8)) }
    }
}
