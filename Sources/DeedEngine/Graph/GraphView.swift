// What a query sees and does: the graph by batches, at one snapshot. The executor calls these functions once for each chunk
// of rows; what is done for every row is behind them.
//
// A batch is worked off in runs of rows that follow each other in one segment. A run locks the segment once, and looks up
// once what all of its rows share: the column, and whether a row has to be asked at all if the snapshot sees it.

import DeedValues
import Synchronization

/// Holds its snapshot until it goes away, or ends: who makes one view after another may begin the last one anew. Reading
/// functions may be called by several threads at once, writing ones by one.
///
/// A transaction's view sees what the transaction sees, its own writes included, and fails once it has ended. What reads
/// first and writes then needs one that was begun (`Graph.begin`): a statement that is a transaction of its own
/// (`Graph.autocommit`) writes over what others have committed since the view was made.
package final class GraphView: @unchecked Sendable {
    package let graph: Graph
    /// nil: a read of what is committed when the view begins.
    package private(set) var transaction: Transaction?
    private(set) var snapshot: Snapshot
    /// The view's own place in the table of snapshots.
    private var place: Int?
    /// Counts what needs random numbers of its own.
    let seeds = Atomic<UInt64>(0)
    /// Guards what a serializable transaction has read.
    private let noting = Mutex(())
    /// Made by the first write.
    private(set) lazy var encoder = ValueEncoder()

    package init(_ graph: Graph, _ transaction: Transaction?) throws(DeedError) {
        self.graph = graph
        snapshot = Snapshot(timestamp: 0, mark: 0)
        try begin(transaction)
    }

    deinit { end() }

    /// Begins, or begins anew after `end`. For who knows that nobody else has the view.
    package func begin(_ transaction: Transaction?) throws(DeedError) {
        try graph.requireOpen()
        try transaction?.requireActive()
        self.transaction = transaction
        if let transaction, transaction.place != nil {
            snapshot = transaction.snapshot
        } else {
            let (timestamp, place) = graph.snapshots.acquire()
            snapshot = Snapshot(timestamp: timestamp, mark: transaction?.mark ?? 0)
            self.place = place
        }
    }

    /// Lets go of the snapshot; nothing is read until it begins anew.
    package func end() {
        if let place { graph.snapshots.release(place) }
        place = nil
        if transaction != nil { transaction = nil }
    }

    /// Throws if there is nothing to be seen any more.
    @inline(__always)
    func requireUsable() throws(DeedError) {
        try graph.requireOpen()
        try transaction?.requireActive()
    }

    /// True if a serializable transaction has to remember what it reads.
    @inline(__always)
    var isNoting: Bool { transaction?.reads != nil }

    /// Runs what notes a read; by one thread at a time.
    @inline(never)
    func note(_ body: (ReadSet) -> Void) {
        guard let reads = transaction?.reads else { return }
        noting.withLock { _ in body(reads) }
    }

    // MARK: Names

    /// nil if no row ever had such a property: it is null everywhere.
    package func propertyKey(_ name: String) -> NameId? { number(.propertyKey, name) }

    /// nil if there never was such a collection.
    package func collection(_ name: String) -> NameId? { lookUp(.collection, name) }

    /// Of the names those that are known, each once.
    package func relationshipTypes(_ names: [String]) -> [NameId] {
        var types: [NameId] = []
        for name in names { if let type = number(.relationshipType, name), !types.contains(type) { types.append(type) } }
        return types
    }

    package func typeName(_ type: NameId) -> String { graph.names.text(.relationshipType, type)?.string ?? "" }

    /// A serializable transaction gives the name its number if there is none: then what others add under it is something
    /// that the transaction has read.
    private func number(_ kind: NameKind, _ name: String) -> NameId? {
        if let number = lookUp(kind, name) { return number == graph.names.labelsKey && kind == .propertyKey ? nil : number }
        return isNoting ? try? intern(kind, name) : nil
    }

    func lookUp(_ kind: NameKind, _ name: String) -> NameId? {
        var copy = name
        return copy.withUTF8 { graph.names.lookup(kind, UnsafeRawBufferPointer($0)) }
    }

    func intern(_ kind: NameKind, _ name: String) throws(DeedError) -> NameId {
        if kind != .propertyKey, let number = lookUp(kind, name) { return number }
        var copy = name
        let result = copy.withUTF8 { bytes in
            do throws(DeedError) {
                return Result<NameId, DeedError>.success(try graph.internName(kind, UnsafeRawBufferPointer(bytes)))
            } catch {
                return .failure(error)
            }
        }
        return try result.get()
    }

    /// Rows of a table that are committed, for estimates and for `count` over whole tables where nothing is in the way.
    package func rowCount(_ kind: RowKind, _ table: NameId) -> Int { graph.rowCount(kind, table) }

    // MARK: Visibility

    /// True if every row of a locked segment that is not dead or marked as deleted is there, with the values it has now:
    /// nobody is writing, and the last change is older than the snapshot.
    @inline(__always)
    func isSettled(_ segment: SegmentRef) -> Bool {
        segment.pointee.isSettled(for: snapshot) && snapshot.sees(segment.pointee.createdAll)
    }

    /// True if the above holds for every row.
    @inline(__always)
    func isWhole(_ segment: SegmentRef) -> Bool {
        isSettled(segment) && segment.pointee.dead == nil && segment.pointee.versions.deleted == nil
    }

    /// The value of a visible row of a locked segment as the snapshot sees it. Borrowed from the segment.
    @inline(__always)
    func visibleCell(_ segment: SegmentRef, _ row: Int, _ column: Int?, _ key: NameId) -> Cell {
        let cell = column.map { segment.pointee.columns[$0].chunk.cell(at: row) } ?? .null
        if segment.pointee.hasVersions && segment.pointee.versions.head(row) != 0 { return olderCell(segment, row, key, cell) }
        return cell
    }

    @inline(never)
    private func olderCell(_ segment: SegmentRef, _ row: Int, _ key: NameId, _ present: Cell) -> Cell {
        var cell = present
        graph.forEachUnseenChange(segment, row, snapshot) { changed, old in if changed == key { cell = old } }
        return cell
    }

    package func isVisible(_ kind: RowKind, _ id: RowId) -> Bool {
        if isNoting { note { $0.note(kind, id) } }
        guard (try? requireUsable()) != nil, let segment = graph.directory(kind).segment(of: id) else { return false }
        segment.pointee.latch.lockShared()
        defer { segment.pointee.latch.unlockShared() }
        return segment.pointee.isVisible(rowNumber(of: id), to: snapshot)
    }
}
