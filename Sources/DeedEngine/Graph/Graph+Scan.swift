// Scans: segment after segment, each as an image of its rows as one snapshot sees them.

import Glibc

/// A scan over one table. Holds its snapshot until it goes away. One thread at a time.
package final class TableScan {
    private let graph: Graph
    private let segments: [Int]
    private let kind: RowKind
    private let snapshot: Snapshot
    private var place: Int?
    private var next = 0
    /// A transaction's scan ends with it.
    private let transaction: Transaction?

    init(_ graph: Graph, _ transaction: Transaction?, _ kind: RowKind, _ name: NameId) {
        self.graph = graph
        self.kind = kind
        self.transaction = transaction
        graph.noteTable(transaction, kind, name)
        if let transaction {
            snapshot = transaction.snapshot
        } else {
            let (timestamp, place) = graph.snapshots.acquire()
            snapshot = Snapshot(timestamp: timestamp, mark: 0)
            self.place = place
        }
        // After the snapshot: what it sees lies in segments that are there by now.
        segments = graph.table(kind, name)?.segments() ?? []
    }

    deinit { release() }

    private func release() {
        if let place { graph.snapshots.release(place) }
        place = nil
    }

    /// The next segment's rows, at least one, or nil at the end. O(rows of the segment).
    package func nextImage() throws(DeedError) -> SegmentImage? {
        while next < segments.count {
            try graph.requireOpen()
            try transaction?.requireActive()
            let number = segments[next]
            next += 1
            guard let segment = graph.directory(kind)[number] else { continue }
            let image = try graph.image(of: segment, for: snapshot)
            image.columns.removeAll { column in
                if column.key != graph.names.labelsKey { return false }
                var chunk = column.chunk
                chunk.free(graph.pool)
                return true
            }
            if image.rowCount > 0 { return image }
        }
        release()
        return nil
    }

    /// The property keys that may occur, with the type all their values have, or nil where types are mixed.
    /// Loads every segment. O(segments).
    package func columnTypes() throws(DeedError) -> [(key: NameId, type: ValueType?)] {
        var types: [NameId: ValueType?] = [:]
        for number in segments {
            guard let segment = graph.directory(kind)[number] else { continue }
            try graph.lockLoadedShared(segment)
            defer { segment.pointee.latch.unlockShared() }
            for index in 0..<segment.pointee.columnCount {
                let column = segment.pointee.columns + index
                let chunk = column.pointee.chunk
                let type: ValueType? = chunk.isMixed ? .some(nil) ?? nil : chunk.type
                if chunk.type == .null && !chunk.isMixed || column.pointee.key == graph.names.labelsKey { continue }
                if let known = types[column.pointee.key] {
                    if known != type { types[column.pointee.key] = .some(nil) }
                } else {
                    types[column.pointee.key] = .some(type)
                }
            }
        }
        return types.map { (key: $0.key, type: $0.value) }.sorted { $0.key < $1.key }
    }
}

extension Graph {
    /// A scan over all rows of a table in order of id; empty if there is no such table.
    package func scan(_ transaction: Transaction?, _ kind: RowKind, _ name: NameId) throws(DeedError) -> TableScan {
        try requireOpen()
        return TableScan(self, transaction, kind, name)
    }

    /// The rows of a segment that a snapshot sees.
    func image(of segment: SegmentRef, for snapshot: Snapshot) throws(DeedError) -> SegmentImage {
        try makeRoom()
        return try withRoom { () throws(DeedError) in try copy(segment, for: snapshot) }
    }

    private func copy(_ segment: SegmentRef, for snapshot: Snapshot) throws(DeedError) -> SegmentImage {
        try lockLoadedShared(segment)
        defer { segment.pointee.latch.unlockShared() }
        let rows = segment.pointee.firstRow..<segment.pointee.rowCount
        let isRelationship = segment.pointee.kind == .relationship
        let image = try SegmentImage(
            table: segment.pointee.table, capacity: rows.count, endpoints: isRelationship, pool)
        var visible: [Int] = []
        visible.reserveCapacity(rows.count)
        for row in rows where segment.pointee.isVisible(row, to: snapshot) { visible.append(row) }
        let first = rowId(segment: segment.pointee.number, row: 0)
        for (position, row) in visible.enumerated() { image.ids[position] = first | UInt64(row) }
        if isRelationship, let sources = image.sources, let targets = image.targets {
            for (position, row) in visible.enumerated() {
                sources[position] = segment.pointee.sources[row]
                targets[position] = segment.pointee.targets[row]
            }
        }
        image.setRowCount(visible.count)
        if visible.isEmpty { return image }
        for index in 0..<segment.pointee.columnCount {
            let source = segment.pointee.columns[index]
            image.columns.append(SegmentImage.Column(key: source.key, chunk: ColumnChunk()))
            try copyColumn(source.chunk, visible, into: &image.columns[image.columns.count - 1].chunk)
        }
        if segment.pointee.hasVersions && segment.pointee.versions.undoLive > 0 {
            try rewind(image, segment, visible, snapshot)
        }
        return image
    }

    private func copyColumn(_ source: ColumnChunk, _ rows: [Int], into target: inout ColumnChunk) throws(DeedError) {
        guard source.type != .null, let data = source.data else { return }
        let isDense = rows.count > 0 && source.isAllValid(rows[rows.count - 1] + 1)
        if isDense && !source.isMixed && source.type.width == 8 {
            try target.begin(type: source.type, mixed: false, rows: rows.count, arenaBytes: 0, pool)
            let from = data.assumingMemoryBound(to: UInt64.self)
            let to = target.data.unsafelyUnwrapped.assumingMemoryBound(to: UInt64.self)
            for (position, row) in rows.enumerated() { to[position] = from[row] }
            target.setAllValid(rows.count)
            return
        }
        try target.begin(
            type: source.type, mixed: source.isMixed, rows: rows.count, arenaBytes: source.arenaCount - source.arenaGarbage,
            pool)
        for (position, row) in rows.enumerated() { try target.set(position, source.cell(at: row), pool) }
    }

    /// Puts back in an image the values that its snapshot sees instead of newer ones.
    private func rewind(
        _ image: SegmentImage, _ segment: SegmentRef, _ rows: [Int], _ snapshot: Snapshot
    ) throws(DeedError) {
        var failure: DeedError?
        for (position, row) in rows.enumerated() where segment.pointee.versions.head(row) != 0 {
            forEachUnseenChange(segment, row, snapshot) { key, cell in
                guard let column = image.columns.firstIndex(where: { $0.key == key }) else { return }
                do throws(DeedError) {
                    try image.columns[column].chunk.set(position, cell, pool)
                } catch {
                    failure = error
                }
            }
        }
        if let failure { throw failure }
    }
}
