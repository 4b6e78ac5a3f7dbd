// The list of schema objects. It changes only when a definition has committed (or is replayed), one change at a time.

import Synchronization

package final class Schema: Sendable {
    private struct State {
        var objects: [UInt32: SchemaObject] = [:]
        /// Dropped since the last checkpoint, which deletes what the store has of them.
        var dropped: [UInt32] = []
        var next: UInt32 = 1
        /// As `changes`; the store has those up to `saved`.
        var version: UInt64 = 0
        var saved: UInt64 = 0
    }

    private let state = Mutex(State())

    /// How often a definition has changed; plans rest on it.
    package var changes: UInt64 { changeCount.load(ordering: .acquiring) }
    private let changeCount = Atomic<UInt64>(0)

    /// All objects, in order of number.
    package var objects: [SchemaObject] { state.withLock { $0.objects.values.sorted { $0.number < $1.number } } }

    /// Compares bytes: Swift's strings are equal by canonical equivalence, which names are not.
    package func object(named name: String) -> SchemaObject? {
        state.withLock { $0.objects.values.first { $0.name.utf8.elementsEqual(name.utf8) } }
    }

    func object(_ number: UInt32) -> SchemaObject? { state.withLock { $0.objects[number] } }

    /// The indexes and constraints of a table.
    func objects(of kind: RowKind, _ table: NameId) -> [SchemaObject] {
        objects.filter { $0.rowKind == kind && $0.table == table && $0.kind != .definition }
    }

    /// A number that no object has had.
    func takeNumber() -> UInt32 {
        state.withLock { state in
            defer { state.next += 1 }
            return state.next
        }
    }

    func set(_ object: SchemaObject) {
        state.withLock { state in
            state.objects[object.number] = object
            state.next = max(state.next, object.number + 1)
            state.version += 1
            changeCount.store(state.version, ordering: .releasing)
        }
    }

    func remove(_ number: UInt32) {
        state.withLock { state in
            if state.objects.removeValue(forKey: number) != nil { state.dropped.append(number) }
            state.next = max(state.next, number + 1)
            state.version += 1
            changeCount.store(state.version, ordering: .releasing)
        }
    }

    // MARK: Saving

    /// What a checkpoint saves, and of which objects it deletes what the store has.
    struct Unsaved {
        var objects: [SchemaObject]
        var dropped: [UInt32]
        var version: UInt64
    }

    var hasUnsaved: Bool { state.withLock { $0.version != $0.saved } }

    var unsaved: Unsaved {
        state.withLock { Unsaved(objects: Array($0.objects.values), dropped: $0.dropped, version: $0.version) }
    }

    func noteSaved(_ unsaved: Unsaved) {
        state.withLock { state in
            state.saved = unsaved.version
            state.dropped.removeAll { unsaved.dropped.contains($0) }
        }
    }
}
