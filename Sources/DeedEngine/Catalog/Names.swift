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

    /// A name as its bytes. Swift's strings are equal by canonical equivalence, which names are not.
    private struct Key: Hashable {
        let name: String

        static func == (left: Key, right: Key) -> Bool { left.name.utf8.elementsEqual(right.name.utf8) }

        func hash(into hasher: inout Hasher) { for byte in name.utf8 { hasher.combine(byte) } }
    }

    private struct Registry: ~Copyable {
        var texts: [Text] = []
        var numbers: [Key: NameId] = [:]

        deinit { for text in texts { text.base.deallocate() } }
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
        guard let name = String(validating: bytes, as: UTF8.self) else {
            throw DeedError(.invalidArgument, "a name that is not valid UTF-8")
        }
        let number = registries[Int(kind.rawValue)].registry.withLock { registry -> NameId? in
            if let known = registry.numbers[Key(name: name)] { return known }
            guard registry.texts.count < Limits.namesMax else { return nil }
            return Self.add(name, bytes, to: &registry)
        }
        if kind == .propertyKey, let number, Self.isReserved(bytes) { labelsNumber.store(number, ordering: .relaxed) }
        if let number { registries[Int(kind.rawValue)].count.max(Int(number) + 1, ordering: .releasing) }
        guard let number else {
            throw DeedError(.limitExceeded, "more than \(Limits.namesMax) names of one kind")
        }
        return number
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

    private static func add(_ name: String, _ bytes: UnsafeRawBufferPointer, to registry: inout Registry) -> NameId {
        let text = UnsafeMutablePointer<CChar>.allocate(capacity: bytes.count + 1)
        UnsafeMutableRawPointer(text).copyMemory(from: bytes.baseAddress ?? UnsafeRawPointer(text), byteCount: bytes.count)
        text[bytes.count] = 0
        let number = NameId(registry.texts.count)
        registry.texts.append(Text(base: UnsafePointer(text), size: bytes.count))
        registry.numbers[Key(name: name)] = number
        return number
    }

    package func lookup(_ kind: NameKind, _ bytes: UnsafeRawBufferPointer) -> NameId? {
        guard let name = String(validating: bytes, as: UTF8.self) else { return nil }
        return registries[Int(kind.rawValue)].registry.withLock { registry in registry.numbers[Key(name: name)] }
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
