// Neighbour lists of entities, sorted by neighbour, for operators that look for what several lists have in common. Each is
// read and sorted when it is first asked for, and kept until there are too many.

import DeedEngine

final class SortedLists {
    struct Entry {
        let neighbor: UInt64
        let relationship: UInt64
    }

    /// Valid until lists are dropped or others are read.
    struct List {
        var entries: UnsafePointer<Entry>
        var count: Int
        /// A bit for each neighbour: one whose bit is not set is not in the list.
        var bits: UInt64
    }

    private struct Place {
        var entity: UInt64 = 0
        var first = 0
        var count = 0
        var bits: UInt64 = 0
    }

    private let context: QueryContext
    private let directions: Directions
    private var types: RelationshipTypes
    private let account: MemoryAccount
    /// Of all lists, one behind the other.
    private var entries: UnsafeMutablePointer<Entry>?
    private var entryCount = 0
    private var entryRoom = 0
    /// An open hash table by entity; an entity of 0 is an empty place.
    private var places: UnsafeMutablePointer<Place>?
    private var placeBits = 0
    private var listCount = 0
    /// What is read at once.
    private let parents = UnsafeMutablePointer<UInt32>.allocate(capacity: Chunk.rowsMax)
    private let neighbors = UnsafeMutablePointer<UInt64>.allocate(capacity: Chunk.rowsMax)
    private let relationships = UnsafeMutablePointer<UInt64>.allocate(capacity: Chunk.rowsMax)

    init(_ types: [String], _ direction: ExpandDirection, _ context: QueryContext) {
        (self.context, self.types, directions) = (context, RelationshipTypes(types), Directions(direction))
        account = MemoryAccount(context)
    }

    deinit {
        clear()
        parents.deallocate()
        neighbors.deallocate()
        relationships.deallocate()
    }

    /// Bytes.
    var size: Int { account.bytes }

    /// Drops all lists.
    func clear() {
        entries?.deallocate()
        places?.deallocate()
        (entries, entryCount, entryRoom) = (nil, 0, 0)
        (places, placeBits, listCount) = (nil, 0, 0)
        account.clear()
    }

    @inline(__always)
    static func bit(_ id: UInt64) -> UInt64 { 1 &<< ((id &* 0x9E37_79B9_7F4A_7C15) &>> 58) }

    /// The list of an entity, which must have been read; empty for 0.
    func list(_ entity: UInt64) -> List {
        guard let entries, let places, entity != 0 else { return Self.none }
        let place = places[position(entity, places)]
        return place.entity == 0 ? Self.none : List(entries: entries + place.first, count: place.count, bits: place.bits)
    }

    private nonisolated(unsafe) static let nowhere = UnsafeMutablePointer<Entry>.allocate(capacity: 1)
    static var none: List { List(entries: nowhere, count: 0, bits: 0) }

    // MARK: Reading

    /// Reads the lists of these entities that are not there yet.
    func read(_ entities: UnsafePointer<UInt64>, count: Int) throws {
        var missing: [UInt64] = []
        for index in 0..<count where entities[index] != 0 {
            if placeBits == 0 || listCount &* 2 >= 1 &<< placeBits { try growPlaces() }
            guard let places else { return }
            let position = position(entities[index], places)
            if places[position].entity != 0 { continue }
            places[position].entity = entities[index]
            listCount &+= 1
            missing.append(entities[index])
        }
        if !missing.isEmpty { try readMissing(missing) }
    }

    private func readMissing(_ missing: [UInt64]) throws {
        let known = types.resolve(context.view)
        if let known, known.isEmpty { return }
        var cursor = GraphView.ExpandCursor()
        var (current, first) = (0, entryCount)
        try missing.withUnsafeBufferPointer { ids in
            guard let base = ids.baseAddress else { return }
            while cursor.input < ids.count {
                try context.checkInterrupt()
                let found = try context.view.expand(
                    base, count: ids.count, types: known, directions, &cursor, parents: parents, neighbors: neighbors,
                    relationships: relationships, max: Chunk.rowsMax)
                let entries = try room(for: found)
                for index in 0..<found {
                    if Int(parents[index]) != current {
                        finish(ids[current], first)
                        (current, first) = (Int(parents[index]), entryCount)
                    }
                    entries[entryCount] = Entry(neighbor: neighbors[index], relationship: relationships[index])
                    entryCount &+= 1
                }
            }
            finish(ids[current], first)
        }
    }

    /// Sorts the entries from `first` on, which are the list of an entity.
    private func finish(_ entity: UInt64, _ first: Int) {
        guard let entries, let places, entryCount > first else { return }
        var own = UnsafeMutableBufferPointer(start: entries + first, count: entryCount - first)
        own.sort { $0.neighbor < $1.neighbor }
        var bits: UInt64 = 0
        for entry in own { bits |= Self.bit(entry.neighbor) }
        places[position(entity, places)] = Place(entity: entity, first: first, count: own.count, bits: bits)
    }

    private func room(for more: Int) throws -> UnsafeMutablePointer<Entry> {
        if let entries, entryCount + more <= entryRoom { return entries }
        let room = max(entryCount + more, 2 * entryRoom, 256)
        try account.charge((room - entryRoom) * MemoryLayout<Entry>.stride)
        let larger = UnsafeMutablePointer<Entry>.allocate(capacity: room)
        if let entries {
            larger.moveInitialize(from: entries, count: entryCount)
            entries.deallocate()
        }
        (entries, entryRoom) = (larger, room)
        return larger
    }

    // MARK: Places

    @inline(__always)
    private func position(_ entity: UInt64, _ places: UnsafeMutablePointer<Place>) -> Int {
        let mask = 1 &<< placeBits &- 1
        var position = Int(truncatingIfNeeded: (entity &* 0x9E37_79B9_7F4A_7C15) &>> UInt64(64 &- placeBits))
        while places[position].entity != entity && places[position].entity != 0 { position = (position &+ 1) & mask }
        return position
    }

    private func growPlaces() throws {
        let (old, oldCount) = (places, placeBits == 0 ? 0 : 1 << placeBits)
        let bits = max(placeBits + 1, 6)
        try account.charge(((1 << bits) - oldCount) * MemoryLayout<Place>.stride)
        let larger = UnsafeMutablePointer<Place>.allocate(capacity: 1 << bits)
        larger.initialize(repeating: Place(), count: 1 << bits)
        (places, placeBits) = (larger, bits)
        guard let old else { return }
        for index in 0..<oldCount where old[index].entity != 0 { larger[position(old[index].entity, larger)] = old[index] }
        old.deallocate()
    }
}
