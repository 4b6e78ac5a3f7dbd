// Bulk loads fill whole segments of their own, column by column, and pass the log by: the encoded chunks go to a sorted
// file that the commit brings into the store, and the log gets one short effect for each segment.
//
// Relationships are laid down in order of their source, so that the rows of one entity lie together:
//   1. Check that every end is there; number the entities densely.
//   2. Count the relationships of each source, and from the sums place each input row (a counting sort, stable).
//   3. Fill and encode segment after segment: endpoints, then properties gathered in the new order.
//   4. For each segment of entities that occurs, merge the new outgoing entries into its lists; they are already in order.
//   5. The same for the incoming ones, after a second counting sort, by target.
// The load is invisible until its transaction commits, and a failure at any point undoes it like any statement.

import Glibc

/// Long work reports here, and stops when the answer is false. Called on the caller's thread.
package typealias Progress = (_ done: Int, _ total: Int) -> Bool

extension Graph {
    /// Adds an entity for each of `count` input rows. `ids[i]` receives the id of input row i. O(values).
    package func loadEntities(
        _ transaction: Transaction, collection: NameId, count: Int, columns: [any BulkColumn],
        ids: UnsafeMutablePointer<RowId>, progress: Progress
    ) throws(DeedError) {
        try statement(transaction) { () throws(DeedError) in
            if count < options.bulkRowsMin {
                try forEachRow(columns, count, progress) { row, cells throws(DeedError) in
                    ids[row] = try addEntity(transaction, collection: collection, cells)
                }
                return
            }
            let load = try BulkLoad(self, transaction, .entity, collection, count: count, columns: columns)
            try load.fillSegments(order: nil, endpoints: nil, progress)
            try load.finish()
            for row in 0..<count { ids[row] = load.firstId + UInt64(row) }
        }
    }

    /// Adds a relationship for each input row. `ids[i]` receives the id of input row i.
    /// O(relationships + entities of the store); O(relationships) for few.
    package func loadRelationships(
        _ transaction: Transaction, type: NameId, sources: UnsafeBufferPointer<RowId>,
        targets: UnsafeBufferPointer<RowId>, columns: [any BulkColumn], ids: UnsafeMutablePointer<RowId>,
        progress: Progress
    ) throws(DeedError) {
        guard sources.count < Int(UInt32.max) - Limits.segmentRows else {
            throw DeedError(.limitExceeded, "\(sources.count) relationships in one load; the most is 4,294,950,000")
        }
        try statement(transaction) { () throws(DeedError) in
            if sources.count < options.bulkRowsMin {
                try forEachRow(columns, sources.count, progress) { row, cells throws(DeedError) in
                    ids[row] = try addRelationship(
                        transaction, source: sources[row], target: targets[row], type: type, cells)
                }
                return
            }
            let load = try BulkLoad(self, transaction, .relationship, type, count: sources.count, columns: columns)
            try load.checkEnds(sources)
            try load.checkEnds(targets)
            try load.checkPairs(sources, targets)
            let numbering = DenseNumbering(entities)
            // A sort, and both ends of each relationship.
            try makeRoom(for: numbering.count * 8 + sources.count * 24)
            let order = try CountingSort(sources, numbering, pool)
            let sortedSources = try SortedIds(sources, order.positions, pool)
            let sortedTargets = try SortedIds(targets, order.positions, pool)
            try load.fillSegments(order: order.positions, endpoints: (sortedSources, sortedTargets), progress)
            try load.finish()
            for position in 0..<sources.count { ids[Int(order.positions[position])] = load.firstId + UInt64(position) }
            try load.link(numbering, order, to: sortedTargets, .out, progress)
            try makeRoom(for: numbering.count * 8 + sources.count * 4)
            let byTarget = try CountingSort(sortedTargets, numbering, pool)
            try load.link(numbering, byTarget, to: sortedSources, .in, progress)
            // The load names offenders by their places in the input.
            withExtendedLifetime(order) {}
        }
    }

    /// Runs a statement of many steps; if one fails, all are undone.
    private func statement(_ transaction: Transaction, _ body: () throws(DeedError) -> Void) throws(DeedError) {
        let savepoint = transaction.savepoint
        do throws(DeedError) {
            try body()
        } catch {
            undo(transaction, to: savepoint)
            throw error
        }
    }

    /// Calls `add` with the properties of each input row; for loads so small that segments of their own would be waste.
    private func forEachRow(
        _ columns: [any BulkColumn], _ count: Int, _ progress: Progress,
        _ add: (Int, UnsafeBufferPointer<PropertyCell>) throws(DeedError) -> Void
    ) throws(DeedError) {
        var chunks = [ColumnChunk](repeating: ColumnChunk(), count: columns.count)
        defer { for index in chunks.indices { chunks[index].free(pool) } }
        for (index, column) in columns.enumerated() {
            try column.fill(&chunks[index], rows: nil, first: 0, count: count, target: 0, pool)
        }
        let cells = UnsafeMutablePointer<PropertyCell>.allocate(capacity: max(columns.count, 1))
        defer { cells.deallocate() }
        for row in 0..<count {
            for (index, column) in columns.enumerated() {
                (cells + index).initialize(to: PropertyCell(key: column.key, cell: chunks[index].cell(at: row)))
            }
            do throws(DeedError) {
                try add(row, UnsafeBufferPointer(start: cells, count: columns.count))
            } catch {
                throw error.inRow(row)
            }
            if row % 1024 == 1023 && !progress(row + 1, count) {
                throw DeedError(.interrupted, "the load was interrupted")
            }
        }
    }

    func discardBulkFiles(_ transaction: Transaction, from first: Int) {
        while transaction.bulkFiles.count > first { unlink(transaction.bulkFiles.removeLast().path) }
    }

    func ingest(_ files: [BulkFile], into store: KeyValueStore) throws(DeedError) {
        if !files.isEmpty { try store.ingest(files.map(\.path), into: .segments) }
    }
}

/// Numbers the rows of all entity segments one after the other, so that arrays over entities need no gaps.
private final class DenseNumbering {
    /// The number of each segment's row 0; one more at the end.
    let starts: UnsafeMutablePointer<Int>
    let segmentCount: Int

    init(_ directory: Directory) {
        segmentCount = directory.count
        starts = .allocate(capacity: segmentCount + 1)
        var next = 0
        for number in 0..<segmentCount {
            starts[number] = next
            next += directory[number]?.pointee.countRows() ?? 0
        }
        starts[segmentCount] = next
    }

    deinit { starts.deallocate() }

    var count: Int { starts[segmentCount] }

    @inline(__always)
    func number(_ id: RowId) -> Int { starts[Int(truncatingIfNeeded: segmentNumber(of: id))] &+ rowNumber(of: id) }
}

/// A stable counting sort of rows by an entity's dense number.
private final class CountingSort {
    /// Where each entity's rows begin in `positions`; one more at the end.
    let offsets: UnsafeMutablePointer<UInt32>
    /// Input rows in sorted order.
    let positions: UnsafeMutablePointer<UInt32>
    private let memory: [Scratch]

    convenience init(_ keys: UnsafeBufferPointer<RowId>, _ numbering: DenseNumbering, _ pool: MemoryPool) throws(DeedError) {
        try self.init(keys.count, numbering, pool) { keys[$0] }
    }

    convenience init(_ keys: SortedIds, _ numbering: DenseNumbering, _ pool: MemoryPool) throws(DeedError) {
        let ids = keys.ids
        if ids.isWide {
            let wide = ids.wide
            try self.init(keys.count, numbering, pool) { wide[$0] }
        } else {
            let narrow = ids.narrow
            try self.init(keys.count, numbering, pool) { UInt64(narrow[$0]) }
        }
    }

    @inline(__always)
    private init(_ count: Int, _ numbering: DenseNumbering, _ pool: MemoryPool, _ key: (Int) -> RowId) throws(DeedError) {
        let entityCount = numbering.count
        memory = [try Scratch(bytes: (entityCount + 1) * 4, pool), try Scratch(bytes: count * 4, pool)]
        let places = try Scratch(bytes: (entityCount + 1) * 4, pool)
        offsets = memory[0].base.assumingMemoryBound(to: UInt32.self)
        positions = memory[1].base.assumingMemoryBound(to: UInt32.self)
        let next = places.base.assumingMemoryBound(to: UInt32.self)
        for row in 0..<count { offsets[numbering.number(key(row)) &+ 1] &+= 1 }
        for entity in 0..<entityCount { offsets[entity &+ 1] &+= offsets[entity] }
        next.update(from: offsets, count: entityCount + 1)
        for row in 0..<count {
            let entity = numbering.number(key(row))
            positions[Int(next[entity])] = UInt32(truncatingIfNeeded: row)
            next[entity] &+= 1
        }
        withExtendedLifetime(places) {}
    }
}

/// Memory for the duration of a load, in large pages and under the memory limit.
private final class Scratch {
    let base: UnsafeMutableRawPointer
    private let size: Int
    private let pool: MemoryPool

    init(bytes: Int, _ pool: MemoryPool) throws(DeedError) {
        guard let block = pool.allocate(bytes, .scratch) else {
            throw DeedError(
                .outOfMemory, "no room for the \(bytes) bytes that a bulk load needs: \(pool.bytesTotal) of \(pool.limit) are in use")
        }
        base = block
        size = bytes
        self.pool = pool
    }

    deinit { pool.free(base, size, .scratch) }
}

/// One end of all relationships, in the order in which the rows are laid down.
private final class SortedIds {
    private(set) var ids = IdArray()
    let count: Int
    private let pool: MemoryPool

    init(_ input: UnsafeBufferPointer<RowId>, _ order: UnsafeMutablePointer<UInt32>, _ pool: MemoryPool) throws(DeedError) {
        count = input.count
        self.pool = pool
        var largest: RowId = 0
        for id in input { largest = max(largest, id) }
        try ids.allocate(count, largest: largest, pool, .scratch)
        if ids.isWide {
            for position in 0..<count { ids.wide[position] = input[Int(order[position])] }
        } else {
            let narrow = ids.narrow
            for position in 0..<count { narrow[position] = UInt32(truncatingIfNeeded: input[Int(order[position])]) }
        }
    }

    deinit { ids.free(pool, .scratch) }
}

private final class BulkLoad {
    private let graph: Graph
    private let transaction: Transaction
    private let table: Table
    private let count: Int
    private let columns: [any BulkColumn]
    /// What the rows must comply with. When that changes before all rows are written, the load fails.
    private let rules: TableRules?
    /// The input row of each row laid down; nil if they are the same.
    private var inputRows: UnsafeMutablePointer<UInt32>?
    /// The first input row found so far that does not comply, and what is wrong with it.
    private var offender: (row: Int, error: DeedError)?
    /// The first of the segments, and how many rows of it are not for use.
    private let firstSegment: Int
    private let skippedRows: Int
    private let segmentCount: Int
    private let generation: UInt64
    private var file: SortedFileWriter?
    private var buffer = ByteBuffer(capacity: 1 << 16)

    init(
        _ graph: Graph, _ transaction: Transaction, _ kind: RowKind, _ name: NameId, count: Int,
        columns: [any BulkColumn]
    ) throws(DeedError) {
        self.graph = graph
        self.transaction = transaction
        self.count = count
        table = try graph.requireTable(kind, name)
        rules = table.rules
        try graph.requireUnaltered(rules, transaction.mark)
        let defaults = rules?.constraints?.defaultColumns(besides: columns.map(\.key)) ?? []
        self.columns = (columns + defaults).sorted { $0.key < $1.key }
        generation = graph.takeGeneration()
        // Row 0 of segment 0 is not for use; a spare segment more does no harm when this is not segment 0.
        let segments = (count + 1 + Limits.segmentRows - 1) / Limits.segmentRows
        firstSegment = try graph.makeSegments(table, count: segments, createdAll: transaction.mark)
        skippedRows = firstSegment == 0 ? 1 : 0
        segmentCount = (count + skippedRows + Limits.segmentRows - 1) / Limits.segmentRows
        if graph.isLogged, let store = graph.store { file = try SortedFileWriter(store, for: .segments) }
    }

    var firstId: RowId { rowId(segment: firstSegment, row: skippedRows) }

    func checkEnds(_ ids: UnsafeBufferPointer<RowId>) throws(DeedError) {
        let directory = graph.entities
        let snapshot = transaction.snapshot
        var checked: SegmentRef?
        var checkedNumber = UInt64.max
        // Rows of the segment that need no look of their own.
        var whole = 0..<0
        for id in ids {
            if segmentNumber(of: id) != checkedNumber {
                guard let segment = directory.segment(of: id) else { throw graph.missing(.entity, id, for: transaction) }
                checked = segment
                checkedNumber = segmentNumber(of: id)
                whole = wholeRows(of: segment)
            }
            guard let segment = checked else { continue }
            let row = rowNumber(of: id)
            if whole.contains(row) { continue }
            segment.pointee.latch.lockShared()
            let isThere = segment.pointee.isVisible(row, to: snapshot)
            segment.pointee.latch.unlockShared()
            if !isThere { throw graph.missing(.entity, id, for: transaction) }
        }
    }

    /// The rows of a segment, if each of them is there for the transaction; none otherwise.
    private func wholeRows(of segment: SegmentRef) -> Range<Int> {
        segment.pointee.latch.lockShared()
        defer { segment.pointee.latch.unlockShared() }
        let isWhole = segment.pointee.deadCount == 0 && !segment.pointee.hasVersions
            && segment.pointee.isSettled(for: transaction.snapshot)
        return isWhole ? segment.pointee.firstRow..<segment.pointee.rowCount : 0..<0
    }

    // MARK: Rows

    func fillSegments(
        order: UnsafeMutablePointer<UInt32>?, endpoints: (SortedIds, SortedIds)?, _ progress: Progress
    ) throws(DeedError) {
        graph.reach(.bulkBegun)
        var done = 0
        inputRows = order
        for index in 0..<segmentCount {
            guard let segment = graph.directory(table.kind)[firstSegment + index] else { continue }
            try graph.makeRoom()
            let skipped = index == 0 ? skippedRows : 0
            let rows = min(Limits.segmentRows - skipped, count - done)
            // Before the rules are looked at: whoever has published new ones then finds the segment in the table.
            table.add(segment: segment.pointee.number)
            segment.pointee.latch.lockExclusive()
            do {
                defer { segment.pointee.latch.unlockExclusive() }
                try requireSameRules()
                try fill(segment, first: done, rows: rows, skipped: skipped, order, endpoints)
                checkValues(segment, first: done, rows: rows, skipped: skipped)
            }
            // In other orders than that of the input a later segment may hold an earlier row.
            if order == nil { try requireNoOffender() }
            try write(segment)
            try graph.enterIndexes(transaction, segment, skipped..<skipped + rows)
            done += rows
            if !progress(done, count) { throw DeedError(.interrupted, "the load was interrupted") }
        }
        try requireNoOffender()
    }

    private func fill(
        _ segment: SegmentRef, first: Int, rows: Int, skipped: Int, _ order: UnsafeMutablePointer<UInt32>?,
        _ endpoints: (sources: SortedIds, targets: SortedIds)?
    ) throws(DeedError) {
        let pool = graph.pool
        segment.pointee.rowCount = skipped + rows
        segment.pointee.createdAll = transaction.mark
        segment.pointee.hasVersions = true
        segment.pointee.directoryDirty = true
        // In this order, so that undoing leaves the segment only when its rows are dead.
        if segment.pointee.writers.enter(transaction.mark) { transaction.record(.enterSegment, segment, row: 0) }
        transaction.record(.attach, segment, row: skipped, end: skipped + rows)
        if let endpoints {
            try fill(&segment.pointee.sources, endpoints.sources.ids, first, rows, skipped)
            try fill(&segment.pointee.targets, endpoints.targets.ids, first, rows, skipped)
        }
        for column in columns {
            let index = segment.pointee.column(column.key)
            try column.fill(
                &segment.pointee.columns[index].chunk, rows: order.map { UnsafePointer($0) + first }, first: first,
                count: rows, target: skipped, pool)
            segment.pointee.columns[index].generation = file == nil ? 0 : generation
            segment.pointee.columns[index].isDirty = file == nil
        }
        segment.pointee.endpointsDirty = file == nil
        segment.pointee.endpointsGeneration = file == nil || endpoints == nil ? 0 : generation
    }

    private func fill(
        _ ids: inout IdArray, _ source: IdArray, _ first: Int, _ rows: Int, _ skipped: Int
    ) throws(DeedError) {
        try ids.allocate(skipped + rows, largest: source.isWide ? .max : 0, graph.pool, .columns)
        if ids.isWide {
            (ids.wide + skipped).update(from: source.wide + first, count: rows)
        } else {
            (ids.narrow + skipped).update(from: source.narrow + first, count: rows)
        }
    }

    /// Appends the segment's chunks to the file, and its effect to the log.
    private func write(_ segment: SegmentRef) throws(DeedError) {
        guard file != nil else { return }
        let (kind, number, rows) = (table.kind, segment.pointee.number, segment.pointee.rowCount)
        for column in columns {
            guard let index = segment.pointee.columnIndex(column.key) else { continue }
            buffer.removeAll()
            ChunkCodec.encode(segment.pointee.columns[index].chunk, rows: rows, into: &buffer)
            try file?.put(StoreKeys.chunk(generation, kind, number, column.key), buffer)
        }
        if kind == .relationship {
            buffer.removeAll()
            ChunkCodec.encode(segment.pointee.sources, count: rows, into: &buffer)
            ChunkCodec.encode(segment.pointee.targets, count: rows, into: &buffer)
            try file?.put(StoreKeys.chunk(generation, kind, number, StoreKeys.endpointsColumn), buffer)
        } else if columns.isEmpty {
            // A file must not be empty; the format byte alone says that there is nothing.
            buffer.removeAll()
            buffer.append(ChunkCodec.format)
            try file?.put(StoreKeys.chunk(generation, kind, number, StoreKeys.endpointsColumn), buffer)
        }
        LogRecord.attachSegment(
            kind, number: number, table: table.name, rows: rows, generation: generation, columns: columns.map(\.key),
            into: &transaction.log)
    }

    /// Completes the file, which the commit brings into the store.
    func finish() throws(DeedError) {
        guard file != nil, let path = file?.path else { return }
        _ = try file?.finish()
        graph.reach(.bulkFilesWritten)
        transaction.bulkFiles.append(BulkFile(path: path, family: .segments, generation: generation))
        file = nil
    }

    // MARK: Adjacency

    /// Merges the new entries into the lists of all segments of entities that occur: relationship `order.positions[i]`
    /// of the load leads to `ends[...]` of the same number. For the sources, whose order the rows are in, that is i itself.
    func link(
        _ numbering: DenseNumbering, _ order: CountingSort, to ends: SortedIds, _ direction: Direction, _ progress: Progress
    ) throws(DeedError) {
        let ordinals = direction == .in ? order.positions : nil
        for number in 0..<numbering.segmentCount {
            let (start, end) = (numbering.starts[number], numbering.starts[number + 1])
            let (first, last) = (Int(order.offsets[start]), Int(order.offsets[end]))
            guard first < last, let segment = graph.entities[number] else { continue }
            try graph.makeRoom(for: (last - first) * 24)
            let scratch = try Scratch(bytes: (last - first) * 8, graph.pool)
            let neighbors = scratch.base.assumingMemoryBound(to: RowId.self)
            let largest = gather(ends.ids, ordinals, first..<last, into: neighbors)
            let run = AdjacencyRun(
                rows: end - start, count: last - first, offsets: order.offsets + start, first: first,
                neighbors: neighbors, ordinals: ordinals.map { UnsafePointer($0) }, firstRelationship: firstId,
                largestNeighbor: largest, largestRelationship: firstId + UInt64(count))
            try merge(run, into: segment, direction)
            if !progress(count, count) { throw DeedError(.interrupted, "the load was interrupted") }
        }
        try requireNoOffender()
    }

    /// Collects the neighbours of some entries; returns the largest.
    private func gather(
        _ ends: IdArray, _ ordinals: UnsafeMutablePointer<UInt32>?, _ range: Range<Int>,
        into neighbors: UnsafeMutablePointer<RowId>
    ) -> RowId {
        var largest: RowId = 0
        for index in range {
            let neighbor = ends[ordinals.map { Int($0[index]) } ?? index]
            neighbors[index &- range.lowerBound] = neighbor
            largest = max(largest, neighbor)
        }
        return largest
    }

    private func merge(_ run: AdjacencyRun, into segment: SegmentRef, _ direction: Direction) throws(DeedError) {
        try graph.mergeList(segment, type: table.name, direction: direction, adding: run) { index throws(DeedError) in
            try requireStable(run, segment)
            try requireSameRules()
            try checkRoom(run, segment, index, direction)
            if segment.pointee.adjacency[index].writers.enter(transaction.mark) {
                transaction.record(.enterPart, segment, row: index)
            }
        }
    }

    /// Throws if an entity that gets relationships has been deleted meanwhile. The segment is locked.
    private func requireStable(_ run: AdjacencyRun, _ segment: SegmentRef) throws(DeedError) {
        let isWhole = !segment.pointee.hasVersions && segment.pointee.deadCount == 0
        if isWhole { return }
        for row in 0..<run.rows where run.offsets[row] != run.offsets[row + 1] {
            let id = rowId(segment: segment.pointee.number, row: row)
            guard segment.pointee.isVisible(row, to: transaction.snapshot) else { throw graph.missing(.entity, id, for: transaction) }
            let deleted = segment.pointee.versions.deletedStamp(row)
            if deleted != 0 { throw graph.conflict(.entity, id, "is being deleted", by: deleted) }
        }
    }

    // MARK: Constraints

    private func requireSameRules() throws(DeedError) {
        if table.rules === rules { return }
        throw DeedError(
            .transactionConflict, "the constraints or indexes of \(graph.display(table.kind, table.name)) changed during the load; "
                + "roll back and try again")
    }

    private func requireNoOffender() throws(DeedError) { if let offender { throw offender.error } }

    private func note(_ error: DeedError, inRow row: Int) {
        if let offender, offender.row <= row { return }
        offender = (row, error.inRow(row))
    }

    private func inputRow(_ position: Int) -> Int { inputRows.map { Int($0[position]) } ?? position }

    /// Looks at the values of rows that were just filled in. The segment is locked.
    private func checkValues(_ segment: SegmentRef, first: Int, rows: Int, skipped: Int) {
        guard let constraints = rules?.constraints else { return }
        for key in constraints.keys {
            let chunk = segment.pointee.columnIndex(key).map { segment.pointee.columns[$0].chunk } ?? ColumnChunk()
            if constraints.compliesAsAWhole(chunk, of: key, rows: skipped + rows) { continue }
            for row in 0..<rows where !constraints.complies(chunk.cell(at: skipped + row), of: key) {
                let property = PropertyCell(key: key, cell: chunk.cell(at: skipped + row))
                let found = withUnsafePointer(to: property) {
                    constraints.violation(UnsafeBufferPointer(start: $0, count: 1), .set)
                }
                guard let found else { continue }
                note(graph.violation(found.constraint, 0, key, property.cell), inRow: inputRow(first + row))
            }
        }
    }

    /// Looks at the collections of the ends.
    func checkPairs(_ sources: UnsafeBufferPointer<RowId>, _ targets: UnsafeBufferPointer<RowId>) throws(DeedError) {
        guard let constraints = rules?.constraints, constraints.endpoints != nil else { return }
        for row in 0..<sources.count {
            guard let pair = graph.collections(sources[row], targets[row]) else { continue }
            do throws(DeedError) {
                try graph.requireEnds(constraints, pair)
            } catch {
                throw error.inRow(row)
            }
        }
    }

    /// Looks at how many relationships the entities of a segment are given. The segment is locked.
    private func checkRoom(
        _ run: AdjacencyRun, _ segment: SegmentRef, _ index: Int, _ direction: Direction
    ) throws(DeedError) {
        guard let constraints = rules?.constraints, constraints.most(direction) != .max else { return }
        for row in 0..<run.rows where run.offsets[row] != run.offsets[row + 1] {
            let entries = Int(run.offsets[row])..<Int(run.offsets[row + 1])
            let count = graph.countLinks(segment.pointee.adjacency + index, row, for: transaction.snapshot)
            let id = rowId(segment: segment.pointee.number, row: row)
            do throws(DeedError) {
                try graph.requireRoom(constraints, direction, id, count, adding: entries.count)
            } catch {
                if error.status != .constraintViolation { throw error }
                let rows = entries.map { entry in inputRow(run.ordinals.map { Int($0[entry]) } ?? entry) }.sorted()
                note(error, inRow: rows[min(max(0, constraints.most(direction) - count.certain), rows.count - 1)])
            }
        }
    }
}
