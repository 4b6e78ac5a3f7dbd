// What a query sees and does: the graph by batches, at one snapshot. The executor calls these functions once for each chunk
// of rows; what is done for every row is behind them.

import DeedValues

/// Holds its snapshot until it goes away. Reading functions may be called by several threads at once, writing ones by one.
package final class GraphView: @unchecked Sendable {
    package let graph: Graph
    /// nil: a read of what is committed when the view is made.
    package let transaction: Transaction?

    package init(_ graph: Graph, _ transaction: Transaction?) throws(DeedError) {
        self.graph = graph
        self.transaction = transaction
    }

    // MARK: Names

    /// nil if no row ever had such a property: it is null everywhere.
    package func propertyKey(_ name: String) -> NameId? { fatalError() }
    /// Of the names those that are known.
    package func relationshipTypes(_ names: [String]) -> [NameId] { fatalError() }
    package func typeName(_ type: NameId) -> String { fatalError() }

    // MARK: Scans

    /// Rows of one segment; what a worker claims at a time.
    package struct Morsel: Sendable {
        package let kind: RowKind
        package let segment: Int
        /// The next row to look at.
        package var row: Int
        package let endRow: Int
    }

    /// All collections, or those whose entities may have the label (it may be a further one).
    package func collections(label: String?) -> [NameId] { fatalError() }
    /// True if every entity of the collection has exactly the label of its name (none for the empty name).
    package func hasOnlyItsLabel(_ collection: NameId) -> Bool { fatalError() }
    package func allRelationshipTypes() -> [NameId] { fatalError() }
    package func morsels(_ kind: RowKind, _ tables: [NameId]) -> [Morsel] { fatalError() }
    /// The ids of the next visible rows; 0 at the end. Moves `morsel.row` on.
    package func scan(
        _ morsel: inout Morsel, into ids: UnsafeMutablePointer<UInt64>, max: Int
    ) throws(DeedError) -> Int { fatalError() }
    /// Rows of a table that are committed, for estimates and for `count` over whole tables where nothing is in the way.
    package func rowCount(_ kind: RowKind, _ table: NameId) -> Int { fatalError() }

    // MARK: Rows

    /// The values of a property, typed where the rows' chunks agree. Rows whose `nulls` byte is set (or whose id is 0) are
    /// null; a row that is deleted is an error if `requiresPresence`.
    package func gather(
        _ kind: RowKind, _ ids: UnsafePointer<UInt64>, nulls: UnsafePointer<UInt8>?, count: Int, key: NameId
    ) throws(DeedError) -> ColumnVector { fatalError() }
    /// Source and target of each relationship.
    package func ends(
        _ relationships: UnsafePointer<UInt64>, count: Int, sources: UnsafeMutablePointer<UInt64>,
        targets: UnsafeMutablePointer<UInt64>
    ) throws(DeedError) { fatalError() }
    package func type(ofRelationship id: RowId) -> NameId? { fatalError() }
    package func isVisible(_ kind: RowKind, _ id: RowId) -> Bool { fatalError() }
    /// In alphabetical order. Empty if there are none.
    package func labels(of entity: RowId) throws(DeedError) -> [String] { fatalError() }
    /// A byte for each entity, 1 if it has the label.
    package func hasLabel(
        _ label: String, _ ids: UnsafePointer<UInt64>, count: Int, into result: UnsafeMutablePointer<UInt8>
    ) throws(DeedError) { fatalError() }
    /// All properties, in order of key number; those that are the store's own business left out. nil if the row is not there.
    package func properties(_ kind: RowKind, _ id: RowId) throws(DeedError) -> [(key: String, value: Value)]? { fatalError() }

    // MARK: Neighbours

    /// Where an expansion of a batch of entities has got to.
    package struct ExpandCursor: Sendable {
        /// The entity (position in the batch) and the position in its lists.
        package var input = 0
        package var list = 0
        package var entry = 0
        package init() {}
    }

    /// Expands entities in order, from the cursor on, until `max` results are there or the batch is done (then
    /// `cursor.input == count`). For each result: the position of the entity in the batch, the neighbour, the relationship.
    /// `types` nil: any. A self-loop comes once with `.both`. Deposits pheromone by sampling. An id of 0 has no neighbours.
    package func expand(
        _ entities: UnsafePointer<UInt64>, count: Int, types: [NameId]?, _ directions: Directions,
        _ cursor: inout ExpandCursor, parents: UnsafeMutablePointer<UInt32>, neighbors: UnsafeMutablePointer<UInt64>,
        relationships: UnsafeMutablePointer<UInt64>?, max: Int
    ) throws(DeedError) -> Int { fatalError() }
    /// The number of relationships of each entity; a self-loop counts once with `.both`.
    package func degrees(
        _ entities: UnsafePointer<UInt64>, count: Int, types: [NameId]?, _ directions: Directions,
        into result: UnsafeMutablePointer<Int64>
    ) throws(DeedError) { fatalError() }

    // MARK: Indexes

    /// True if an index begins with these properties and can be used.
    package func hasIndex(_ kind: RowKind, _ table: NameId, _ keys: [NameId]) -> Bool { fatalError() }
    package enum Bounds {
        case equal([Value])
        case range(low: Value?, includesLow: Bool, high: Value?, includesHigh: Bool)
        case prefix(String)
    }
    package func find(_ kind: RowKind, _ table: NameId, _ keys: [NameId], _ bounds: Bounds) throws(DeedError) -> [RowId] {
        fatalError()
    }

    // MARK: Changes

    // Each throws `readOnly` without a transaction for writing. Values that cannot be stored (maps with elements of the
    // graph, say) are `typeMismatch` errors.

    package func createEntity(labels: [String], properties: [(key: String, value: Value)]) throws(DeedError) -> RowId {
        fatalError()
    }
    package func createRelationship(
        source: RowId, target: RowId, type: String, properties: [(key: String, value: Value)]
    ) throws(DeedError) -> RowId { fatalError() }
    /// null removes the property. Returns whether there was a value before, and whether there is one now.
    package func setProperty(_ kind: RowKind, _ id: RowId, _ key: String, _ value: Value) throws(DeedError) { fatalError() }
    package func replaceProperties(
        _ kind: RowKind, _ id: RowId, _ properties: [(key: String, value: Value)]
    ) throws(DeedError) { fatalError() }
    /// Returns how many of the labels the entity did not have.
    package func addLabels(_ entity: RowId, _ labels: [String]) throws(DeedError) -> Int { fatalError() }
    /// Returns how many of the labels it had.
    package func removeLabels(_ entity: RowId, _ labels: [String]) throws(DeedError) -> Int { fatalError() }
    package func deleteEntity(_ id: RowId, detach: Bool) throws(DeedError) { fatalError() }
    package func deleteRelationship(_ id: RowId) throws(DeedError) { fatalError() }
}
