// The names of collections, relationship types and property keys, and the small dense numbers that stand for them
// everywhere below the C interface. Names are only ever added. They are written to the log in front of the first
// transaction that commits after they came up, and to the catalogue by checkpoints.

import Synchronization

package final class Names: Sendable {
    /// The text of a name, NUL-terminated, at an address that never changes.
    package struct Text: @unchecked Sendable {
        package let base: UnsafePointer<CChar>
        package let size: Int
        package var string: String {
            String(decoding: UnsafeRawBufferPointer(start: base, count: size), as: UTF8.self)
        }
    }

    /// Names are found by their bytes: Swift's strings are equal by canonical equivalence, which names are not, and a
    /// dictionary of them would make a string of the bytes first. Open addressing, at most half full.
    private struct Registry: ~Copyable {
        private(set) var texts: [Text] = []
        /// The number of a name and one, or 0 where there is none.
        private var places = [UInt32](repeating: 0, count: 16)
        /// Drawn anew each time, so that nobody can prepare names that collide.
        private let seed = UInt64.random(in: .min ... .max)

        deinit { for text in texts { text.base.deallocate() } }

        private func hash(_ bytes: UnsafeRawBufferPointer) -> Int {
            var state = seed
            var offset = 0
            while offset &+ 8 <= bytes.count {
                state = Self.mix(state, bytes.loadUnaligned(fromByteOffset: offset, as: UInt64.self))
                offset &+= 8
            }
            var last: UInt64 = 0
            while offset < bytes.count {
                last = last &<< 8 | UInt64(bytes[offset])
                offset &+= 1
            }
            return Int(truncatingIfNeeded: Self.mix(Self.mix(state, last), UInt64(bytes.count)))
        }

        private static func mix(_ state: UInt64, _ word: UInt64) -> UInt64 {
            let (high, low) = (state ^ word).multipliedFullWidth(by: 0x9E37_79B9_7F4A_7C15)
            return high ^ low ^ state.byteSwapped
        }

        func find(_ bytes: UnsafeRawBufferPointer) -> NameId? {
            var place = hash(bytes) & (places.count &- 1)
            while places[place] != 0 {
                let text = texts[Int(places[place] &- 1)]
                if text.size == bytes.count, compareBytes(UnsafeRawBufferPointer(start: text.base, count: text.size), bytes) == 0 {
                    return NameId(places[place] &- 1)
                }
                place = (place &+ 1) & (places.count &- 1)
            }
            return nil
        }

        /// Adds a name that is not there yet.
        mutating func add(_ bytes: UnsafeRawBufferPointer) -> NameId {
            let copy = UnsafeMutablePointer<CChar>.allocate(capacity: bytes.count + 1)
            UnsafeMutableRawPointer(copy).copyMemory(from: bytes.baseAddress ?? UnsafeRawPointer(copy), byteCount: bytes.count)
            copy[bytes.count] = 0
            texts.append(Text(base: UnsafePointer(copy), size: bytes.count))
            if texts.count * 2 > places.count {
                places = [UInt32](repeating: 0, count: places.count * 2)
                for number in texts.indices { enter(number) }
            } else {
                enter(texts.count - 1)
            }
            return NameId(texts.count - 1)
        }

        private mutating func enter(_ number: Int) {
            var place = hash(UnsafeRawBufferPointer(start: texts[number].base, count: texts[number].size)) & (places.count - 1)
            while places[place] != 0 { place = (place + 1) & (places.count - 1) }
            places[place] = UInt32(number) + 1
        }
    }

    private let registries: [Guarded]
    private let labelsNumber = Atomic<NameId>(.max)

    /// The property that holds the labels of an entity (FurtherLabels.swift). No caller can ask for it by name: it begins
    /// with a zero byte.
    private static let labelsName: StaticString = "\u{0}labels"

    private static var labelsNameBytes: UnsafeRawBufferPointer {
        UnsafeRawBufferPointer(start: labelsName.utf8Start, count: labelsName.utf8CodeUnitCount)
    }

    /// The number of that property, or one that no name has if there is none yet.
    @inline(__always)
    package var labelsKey: NameId { labelsNumber.load(ordering: .relaxed) }

    private final class Guarded: Sendable {
        let registry = Mutex(Registry())
        /// Names so far; each is in the registry before it is counted.
        let count = Atomic<Int>(0)
    }

    init() { registries = NameKind.allCases.map { _ in Guarded() } }

    /// The number of a name, given to it now if it has none.
    package func intern(_ kind: NameKind, _ bytes: UnsafeRawBufferPointer) throws(DeedError) -> NameId {
        guard bytes.count <= Limits.nameBytesMax else {
            throw DeedError(.invalidArgument, "a name of \(bytes.count) bytes; the longest has \(Limits.nameBytesMax)")
        }
        var found = lookup(kind, bytes)
        if found == nil { found = try add(kind, bytes) }
        guard let number = found else {
            throw DeedError(.limitExceeded, "more than \(Limits.namesMax) names of one kind")
        }
        if kind == .propertyKey, Self.isReserved(bytes) { labelsNumber.store(number, ordering: .relaxed) }
        // Whoever added it may not have come to counting it yet.
        registries[Int(kind.rawValue)].count.max(Int(number) + 1, ordering: .releasing)
        return number
    }

    /// nil if there are as many as there may be.
    private func add(_ kind: NameKind, _ bytes: UnsafeRawBufferPointer) throws(DeedError) -> NameId? {
        guard String(validating: bytes, as: UTF8.self) != nil else {
            throw DeedError(.invalidArgument, "a name that is not valid UTF-8")
        }
        return registries[Int(kind.rawValue)].registry.withLock { registry -> NameId? in
            if let known = registry.find(bytes) { return known }
            guard registry.texts.count < Limits.namesMax else { return nil }
            return registry.add(bytes)
        }
    }

    /// True for the name of the property that is the store's own business.
    package static func isReserved(_ bytes: UnsafeRawBufferPointer) -> Bool {
        bytes.first == 0 && compareBytes(bytes, labelsNameBytes) == 0
    }

    /// The number of that property, given to it now if it has none.
    func internLabelsKey() throws(DeedError) -> NameId {
        let known = labelsKey
        return known != .max ? known : try intern(.propertyKey, Self.labelsNameBytes)
    }

    package func lookup(_ kind: NameKind, _ bytes: UnsafeRawBufferPointer) -> NameId? {
        registries[Int(kind.rawValue)].registry.withLock { registry in registry.find(bytes) }
    }

    package func text(_ kind: NameKind, _ number: NameId) -> Text? {
        registries[Int(kind.rawValue)].registry.withLock { registry in
            Int(number) < registry.texts.count ? registry.texts[Int(number)] : nil
        }
    }

    /// The text of a name for a message.
    func display(_ kind: NameKind, _ number: NameId) -> String { text(kind, number)?.string ?? "#\(number)" }

    package func count(_ kind: NameKind) -> Int {
        registries[Int(kind.rawValue)].count.load(ordering: .acquiring)
    }
}
