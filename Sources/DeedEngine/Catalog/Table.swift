// A table: the rows of one collection or relationship type. It knows its segments and which of them takes new rows.

import Glibc
import Synchronization

package final class Table: @unchecked Sendable {
    let kind: RowKind
    let name: NameId
    /// Rows committed and not deleted.
    let rowCount = Atomic<Int>(0)
    /// Rows that commits have inserted, changed or deleted since the graph was opened; the same row may count several times.
    let changeCount = Atomic<Int>(0)
    /// Guards `segmentNumbers` and the choice of `tail`; taken before any segment's latch.
    let growth = Mutex(Growth())

    struct Growth {
        /// In ascending order, but for segments that two bulk loads added at the same time.
        var segmentNumbers: [Int] = []
    }

    /// The segment that takes the next row, or nil. Published with release, read with acquire.
    let tail = Atomic<SegmentRef?>(nil)
    private let published = Atomic<Unmanaged<TableRules>?>(nil)
    /// Of a collection: which labels its entities may have besides its name.
    let furtherLabels = FurtherLabels()

    init(kind: RowKind, name: NameId) {
        self.kind = kind
        self.name = name
    }

    /// The rules for the table's rows, or nil. To be loaded under the latch of the segment to be written.
    @inline(__always)
    var rules: TableRules? { published.load(ordering: .acquiring)?.takeUnretainedValue() }

    /// Replaces the rules. The caller keeps the old ones until the graph goes away: writers may be using them.
    func publish(_ rules: TableRules?) {
        published.store(rules.map { Unmanaged.passUnretained($0) }, ordering: .releasing)
    }

    /// The segments of now, in ascending order of number.
    func segments() -> [Int] { growth.withLock { $0.segmentNumbers.sorted() } }

    func add(segment number: Int) { growth.withLock { $0.segmentNumbers.append(number) } }
}

/// Tables by kind and name id. Places are filled once and never change again, so looking up takes no lock.
final class TableDirectory: @unchecked Sendable {
    private typealias Slot = Atomic<Unmanaged<Table>?>
    private typealias Slots = UnsafeMutablePointer<Slot>
    private let entities: Slots
    private let relationships: Slots
    private let growth = Mutex(())
    /// One more than the highest name with a table.
    private let entityEnd = Atomic<Int>(0)
    private let relationshipEnd = Atomic<Int>(0)

    init() {
        entities = Self.makeSlots()
        relationships = Self.makeSlots()
    }

    /// Address space only: memory is taken where there are tables.
    private static func makeSlots() -> Slots {
        let zeroed = calloc(Limits.namesMax, MemoryLayout<UnsafeRawPointer?>.stride)
        precondition(zeroed != nil, "no address space for the table directory")
        return zeroed.unsafelyUnwrapped.bindMemory(to: Slot.self, capacity: Limits.namesMax)
    }

    deinit {
        for name in 0..<entityEnd.load(ordering: .relaxed) { entities[name].load(ordering: .relaxed)?.release() }
        for name in 0..<relationshipEnd.load(ordering: .relaxed) { relationships[name].load(ordering: .relaxed)?.release() }
        free(entities)
        free(relationships)
    }

    @inline(__always)
    subscript(kind: RowKind, name: NameId) -> Table? { uncounted(kind, name)?.takeUnretainedValue() }

    @inline(__always)
    func uncounted(_ kind: RowKind, _ name: NameId) -> Unmanaged<Table>? {
        guard Int(name) < Limits.namesMax else { return nil }
        return (kind == .entity ? entities : relationships)[Int(name)].load(ordering: .acquiring)
    }

    /// The table of that name, made unless another thread was faster.
    func make(_ kind: RowKind, _ name: NameId) -> Table {
        growth.withLock { _ in
            if let table = self[kind, name] { return table }
            let table = Table(kind: kind, name: name)
            (kind == .entity ? entities : relationships)[Int(name)].store(
                Unmanaged.passRetained(table), ordering: .releasing)
            if kind == .entity {
                entityEnd.max(Int(name) + 1, ordering: .relaxed)
            } else {
                relationshipEnd.max(Int(name) + 1, ordering: .relaxed)
            }
            return table
        }
    }
}
