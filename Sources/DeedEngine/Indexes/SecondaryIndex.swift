// An index over properties of the rows of one table. It has an entry for every value that anybody might see in a row, and
// says nothing about who: visibility is the rows' business, and whoever finds a row looks at its value again. So an entry
// too many does no harm. Those that a change or a deletion leaves behind are queued here, and maintenance takes them out
// when no snapshot needs them.
//
// A row without a value for the first property is not in the index.

import Synchronization

/// What a schema object of the kind `index` defines. As bytes: format 1, byte 1 if unique, varint count, varint keys.
package struct IndexDefinition: Equatable, Sendable {
    package var properties: [NameId]
    package var isUnique: Bool

    package init(properties: [NameId], isUnique: Bool) {
        self.properties = properties
        self.isUnique = isUnique
    }

    init(decoding bytes: [UInt8]) throws(DeedError) {
        var buffer = ByteBuffer(capacity: bytes.count)
        bytes.withUnsafeBytes { buffer.append($0) }
        var reader = ByteReader(buffer.bytes)
        guard try reader.readByte() == 1 else { throw DeedError(.newerFormat, "the definition of an index has a later format") }
        isUnique = try reader.readByte() != 0
        properties = []
        for _ in 0..<(try reader.readCount(max: Limits.indexPropertiesMax)) {
            properties.append(NameId(try reader.readCount(max: Limits.namesMax)))
        }
        guard !properties.isEmpty else { throw DeedError(.corruption, "an index over no property") }
    }

    var encoded: [UInt8] {
        var buffer = ByteBuffer()
        buffer.append(1)
        buffer.append(isUnique ? 1 : 0)
        buffer.append(varint: UInt64(properties.count))
        for property in properties { buffer.append(varint: UInt64(property)) }
        return Array(buffer.bytes)
    }
}

package final class SecondaryIndex: Sendable {
    package let number: UInt32
    package let name: String
    package let rowKind: RowKind
    package let table: NameId
    package let properties: [NameId]
    package let isUnique: Bool
    let tree: IndexTree
    /// True once all rows are in it, so that it can be read.
    let isReady = Atomic<Bool>(false)
    /// True for an index whose making the log tells of: it has to be filled when the log says that it was complete.
    let wantsFilling = Atomic<Bool>(false)

    /// An entry that may not be needed any more once every snapshot is as new as `timestamp`.
    struct Leftover {
        var key: [UInt8]
        var row: RowId
        var timestamp: Timestamp
    }

    private let leftovers = Mutex<[Leftover]>([])
    /// Beyond so many, entries stay until somebody comes upon them, or until compaction.
    private static let leftoversMax = 1 << 20

    init(number: UInt32, name: String, rowKind: RowKind, table: NameId, _ definition: IndexDefinition, _ tree: IndexTree) {
        self.number = number
        self.name = name
        self.rowKind = rowKind
        self.table = table
        self.properties = definition.properties
        self.isUnique = definition.isUnique
        self.tree = tree
    }

    func queue(_ leftover: Leftover) {
        leftovers.withLock { if $0.count < Self.leftoversMax { $0.append(leftover) } }
    }

    func queue(_ key: UnsafeRawBufferPointer, _ row: RowId, _ timestamp: Timestamp) {
        queue(Leftover(key: Array(key), row: row, timestamp: timestamp))
    }

    /// Takes those that may be due, all or none: they are queued about in order of timestamp.
    func takeLeftovers(oldest: Timestamp) -> [Leftover] {
        leftovers.withLock { leftovers in
            guard let first = leftovers.first, first.timestamp <= oldest else { return [] }
            defer { leftovers = [] }
            return leftovers
        }
    }

    /// Entries, those that nobody needs any more included.
    package var entryCount: Int {
        tree.latch.lockShared()
        defer { tree.latch.unlockShared() }
        return tree.entryCount
    }
}
