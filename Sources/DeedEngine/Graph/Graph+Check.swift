// The self-check: reads everything, and compares what is kept twice. Adjacency is an index over the relationship rows, so
// it must hold each visible relationship exactly once in each direction, and lists that no transaction is changing must
// hold nothing else; counts must equal the rows there are.

/// A disagreement that the check has found.
struct CheckProblem {
    /// What it is about, such as "entities 1 to 16383 of collection 'Person'".
    var place: String
    var text: String
    /// True for rows that are lost or wrong, false for what can be made from the rows again.
    var isAboutRows: Bool
}

extension Graph {
    /// One line for each disagreement; none if all is well. Errors of reading are lines too. O(everything).
    package func check() throws(DeedError) -> [String] {
        try findProblems { _, _ in true }.map { "\($0.place): \($0.text)" }
    }

    /// `progress` gets segments and answers false to stop.
    func findProblems(_ progress: @escaping Progress) throws(DeedError) -> [CheckProblem] {
        try requireOpen()
        return try withSnapshot(nil) { snapshot throws(DeedError) in
            let check = GraphCheck(self, snapshot, progress)
            try check.checkRows()
            try check.checkLists()
            var problems = check.problems
            try checkIndexes(snapshot, &problems)
            return try problems + constraintProblems()
        }
    }

    /// The rows of a segment, in words.
    func describe(_ segment: SegmentRef) -> String {
        let kind = segment.pointee.kind
        let first = rowId(segment: segment.pointee.number, row: segment.pointee.firstRow)
        let last = rowId(segment: segment.pointee.number, row: max(segment.pointee.rowCount - 1, segment.pointee.firstRow))
        let rows = kind == .entity ? "entities" : "relationships"
        return "\(rows) \(first) to \(last) of \(describe(kind, segment.pointee.table))"
    }

    func describe(_ kind: RowKind, _ table: NameId) -> String {
        let nameKind: NameKind = kind == .entity ? .collection : .relationshipType
        return "\(kind == .entity ? "collection" : "type") '\(nameText(nameKind, table))'"
    }

    func nameText(_ kind: NameKind, _ number: NameId) -> String {
        guard let text = names.text(kind, number) else { return "#\(number)" }
        return String(decoding: UnsafeRawBufferPointer(start: text.base, count: text.size), as: UTF8.self)
    }
}

private final class GraphCheck {
    /// More than these are counted only.
    private static let problemsMax = 1000

    private let graph: Graph
    private let snapshot: Snapshot
    private let progress: Progress
    private(set) var problems: [CheckProblem] = []
    private var done = 0

    /// For each direction and segment of relationships, a bit for each row that the lists hold.
    private var listed: [[Int: Bitmap]] = [[:], [:]]
    /// Lists that cannot be read: what they should hold is not missed.
    private var unreadable = Set<ListKey>()

    private struct ListKey: Hashable {
        var segment: Int
        var type: NameId
        var direction: Direction
    }

    private struct Bitmap {
        private var words = [UInt64](repeating: 0, count: Limits.segmentRows / 64)

        /// True if the bit was set already.
        mutating func set(_ row: Int) -> Bool {
            let bit: UInt64 = 1 << UInt64(row & 63)
            defer { words[row >> 6] |= bit }
            return words[row >> 6] & bit != 0
        }

        func has(_ row: Int) -> Bool { words[row >> 6] & (1 << UInt64(row & 63)) != 0 }
    }

    init(_ graph: Graph, _ snapshot: Snapshot, _ progress: @escaping Progress) {
        self.graph = graph
        self.snapshot = snapshot
        self.progress = progress
    }

    private func add(_ place: String, _ text: String, rows isAboutRows: Bool) {
        if problems.count < Self.problemsMax {
            problems.append(CheckProblem(place: place, text: text, isAboutRows: isAboutRows))
        } else if problems.count == Self.problemsMax {
            problems.append(CheckProblem(place: "the store", text: "and there is more", isAboutRows: isAboutRows))
        }
    }

    /// Rows and lists: two passes over the segments of each kind.
    private func step() throws(DeedError) {
        done += 1
        let total = max(2 * (graph.entities.count + graph.relationships.count), done)
        if !progress(done, total) { throw DeedError(.interrupted, "the check was interrupted") }
    }

    // MARK: Rows

    /// Counts the rows of each table, and looks up the ends of each relationship.
    func checkRows() throws(DeedError) {
        for kind in [RowKind.entity, .relationship] {
            var counts: [NameId: Int] = [:]
            var isComplete = true
            for number in 0..<graph.directory(kind).count {
                try step()
                guard let segment = graph.directory(kind)[number] else { continue }
                do throws(DeedError) {
                    let image = try graph.image(of: segment, for: snapshot)
                    counts[segment.pointee.table, default: 0] += image.rowCount
                    checkEnds(image)
                } catch {
                    isComplete = false
                    add(graph.describe(segment), error.message, rows: true)
                }
            }
            guard isComplete else { continue }
            graph.forEachTable { table in
                let wasIdle = graph.commits.isIdle
                let (counted, kept) = (counts[table.name] ?? 0, table.rowCount.load(ordering: .relaxed))
                // Counts are those of the newest commit, and change before it can be seen.
                let isNewest = snapshot.timestamp == graph.snapshots.lastCommit && wasIdle && graph.commits.isIdle
                if table.kind == kind && counted != kept && isNewest {
                    add(graph.describe(kind, table.name), "counts \(kept) rows and has \(counted)", rows: false)
                }
            }
        }
    }

    private func checkEnds(_ image: SegmentImage) {
        guard let sources = image.sources, let targets = image.targets else { return }
        for row in 0..<image.rowCount {
            for end in [sources[row], targets[row]] where !isEntityVisible(end) {
                let place = "relationship \(image.ids[row]) of \(graph.describe(.relationship, image.table))"
                add(place, "has an end, \(end), that is not there", rows: true)
            }
        }
    }

    private func isEntityVisible(_ id: RowId) -> Bool {
        guard let segment = graph.entities.segment(of: id) else { return false }
        segment.pointee.latch.lockShared()
        defer { segment.pointee.latch.unlockShared() }
        return segment.pointee.isVisible(rowNumber(of: id), to: snapshot)
    }

    // MARK: Lists

    /// Compares every list entry with its row, and looks for relationships that no list has.
    func checkLists() throws(DeedError) {
        for number in 0..<graph.entities.count {
            try step()
            guard let segment = graph.entities[number] else { continue }
            for index in 0..<partCount(segment) { try checkPart(segment, index) }
        }
        for number in 0..<graph.relationships.count {
            try step()
            if let segment = graph.relationships[number] { checkListed(segment) }
        }
    }

    private func partCount(_ segment: SegmentRef) -> Int {
        segment.pointee.latch.lockShared()
        defer { segment.pointee.latch.unlockShared() }
        return segment.pointee.adjacencyCount
    }

    private struct ListEntry {
        var entity: RowId
        var neighbor: RowId
        var relationship: RowId
    }

    private func checkPart(_ segment: SegmentRef, _ index: Int) throws(DeedError) {
        segment.pointee.latch.lockShared()
        let (type, direction) = (segment.pointee.adjacency[index].type, segment.pointee.adjacency[index].direction)
        segment.pointee.latch.unlockShared()
        let place = "the \(direction) lists of \(graph.describe(.relationship, type)) of \(graph.describe(segment))"
        let (entries, isSettled): ([ListEntry], Bool)
        do throws(DeedError) {
            (entries, isSettled) = try copyEntries(segment, index)
        } catch {
            unreadable.insert(ListKey(segment: segment.pointee.number, type: type, direction: direction))
            add(place, error.message, rows: false)
            return
        }
        for entry in entries {
            let row: (type: NameId, source: RowId, target: RowId)?
            do throws(DeedError) { row = try endsIfVisible(entry.relationship) } catch { continue }
            guard let row else {
                let text = "entity \(entry.entity) has relationship \(entry.relationship), which is not there"
                if isSettled { add(place, text, rows: false) }
                continue
            }
            let expected = direction == .out ? (entry.entity, entry.neighbor) : (entry.neighbor, entry.entity)
            if row.type != type || (row.source, row.target) != expected {
                add(place, "entity \(entry.entity) disagrees with relationship \(entry.relationship)", rows: false)
            } else if note(entry.relationship, direction) {
                add(place, "entity \(entry.entity) has relationship \(entry.relationship) twice", rows: false)
            }
        }
    }

    /// True if it was noted before.
    private func note(_ relationship: RowId, _ direction: Direction) -> Bool {
        let number = Int(clamping: segmentNumber(of: relationship))
        return listed[Int(direction.rawValue)][number, default: Bitmap()].set(rowNumber(of: relationship))
    }

    /// A copy of lists, so that rows can be read in without a latch held; and whether they hold only what is there.
    private func copyEntries(_ segment: SegmentRef, _ index: Int) throws(DeedError) -> ([ListEntry], Bool) {
        // Not with all of the segment's lists: one that cannot be read must not hide the others.
        while true {
            try graph.loadPart(segment, index)
            segment.pointee.latch.lockShared()
            if segment.pointee.adjacency[index].isLoaded { break }
            segment.pointee.latch.unlockShared()
        }
        defer { segment.pointee.latch.unlockShared() }
        let part = segment.pointee.adjacency + index
        var entries: [ListEntry] = []
        entries.reserveCapacity(part.pointee.count)
        for row in 0..<segment.pointee.rowCount {
            let entity = rowId(segment: segment.pointee.number, row: row)
            part.pointee.forEach(row) { neighbor, relationship in
                entries.append(ListEntry(entity: entity, neighbor: neighbor, relationship: relationship))
            }
        }
        return (entries, part.pointee.isSettled(for: snapshot))
    }

    private func endsIfVisible(_ id: RowId) throws(DeedError) -> (type: NameId, source: RowId, target: RowId)? {
        guard let segment = graph.relationships.segment(of: id) else { return nil }
        try graph.lockLoadedShared(segment)
        defer { segment.pointee.latch.unlockShared() }
        let row = rowNumber(of: id)
        guard segment.pointee.isVisible(row, to: snapshot) else { return nil }
        return (segment.pointee.table, segment.pointee.sources[row], segment.pointee.targets[row])
    }

    private func checkListed(_ segment: SegmentRef) {
        let image: SegmentImage
        // What cannot be read was reported with the rows.
        do throws(DeedError) { image = try graph.image(of: segment, for: snapshot) } catch { return }
        guard let sources = image.sources, let targets = image.targets else { return }
        for (direction, ends) in [(Direction.out, sources), (.in, targets)] {
            let bits = listed[Int(direction.rawValue)][segment.pointee.number]
            for row in 0..<image.rowCount where bits?.has(rowNumber(of: image.ids[row])) != true {
                let owner = Int(clamping: segmentNumber(of: ends[row]))
                if unreadable.contains(ListKey(segment: owner, type: image.table, direction: direction)) { continue }
                let place = "the \(direction) lists of \(graph.describe(.relationship, image.table))"
                add(place, "entity \(ends[row]) lacks relationship \(image.ids[row])", rows: false)
            }
        }
    }
}
