// Whether the rows that are there comply with a constraint; for adding it to a table with rows, and for the self-check.
//
// Runs beside readers and writers, a vector of rows under each hold of a latch. When it runs, new writes follow the
// constraint already (see TableRules). What is left are rows that were written before, which is why it looks at every
// value that anybody may come to see: a row or value that a running transaction has written, and the value that comes
// back if that transaction is undone. If only such a value violates the constraint, nobody can say yet whether it will
// stay, and the answer is a conflict.

extension Graph {
    /// Throws ConstraintViolation, naming the first row that does not comply; a conflict if that depends on a running
    /// transaction, other than the one with this mark; or what reading threw. O(rows of the table; for cardinality, entities of the store).
    func requireCompliance(_ constraint: Constraint, own mark: Stamp = 0, _ progress: Progress) throws(DeedError) {
        let rules = ConstraintRules([constraint])
        guard let table = table(constraint.rowKind, constraint.table) else { return }
        switch constraint.rule {
        case .defaultValue, .unique: return
        case .cardinality:
            for direction in [Direction.out, .in] where rules.most(direction) != .max {
                try requireCompliance(constraint, rules, direction, progress)
            }
        default:
            var done = 0
            for number in table.segments() {
                guard let segment = directory(table.kind)[number] else { continue }
                var first = segment.pointee.firstRow
                while true {
                    try requireOpen()
                    let next = try inspectVector(segment, from: first, constraint, rules, mark)
                    guard next > first else { break }
                    done += next - first
                    first = next
                    let total = max(done, table.rowCount.load(ordering: .relaxed))
                    if !progress(done, total) { throw DeedError(.interrupted, "making the constraint was interrupted") }
                }
            }
        }
    }

    /// The constraints that rows do not comply with, for the self-check.
    func constraintProblems() throws(DeedError) -> [CheckProblem] {
        var problems: [CheckProblem] = []
        for constraint in try constraints() {
            do throws(DeedError) {
                try requireCompliance(constraint) { _, _ in true }
            } catch {
                // Rows that a running transaction has written comply, or it would not have got so far.
                if error.status == .transactionConflict { continue }
                problems.append(CheckProblem(place: "constraint '\(constraint.name)'", text: error.message, isAboutRows: true))
            }
        }
        return problems
    }

    /// Looks at the rows from `first` on, as many as one hold of the latch allows; returns where it stopped.
    private func inspectVector(
        _ segment: SegmentRef, from first: Int, _ constraint: Constraint, _ rules: ConstraintRules, _ mark: Stamp
    ) throws(DeedError) -> Int {
        try lockLoadedShared(segment)
        defer { segment.pointee.latch.unlockShared() }
        let end = min(first + Limits.vectorRows, segment.pointee.rowCount)
        if rules.endpoints != nil {
            for row in first..<max(first, end) { try inspectEnds(segment, row, constraint, rules, mark) }
        } else if first < end && !compliesAsAWhole(segment, rules) {
            for row in first..<end { try inspectValues(segment, row, constraint, rules, mark) }
        }
        return end
    }

    private func compliesAsAWhole(_ segment: SegmentRef, _ rules: ConstraintRules) -> Bool {
        !segment.pointee.hasVersions && rules.keys.allSatisfy { key in
            let chunk = segment.pointee.columnIndex(key).map { segment.pointee.columns[$0].chunk } ?? ColumnChunk()
            return rules.compliesAsAWhole(chunk, of: key, rows: segment.pointee.rowCount)
        }
    }

    private enum RowState {
        /// Committed, and nobody is deleting it.
        case certain
        /// The running transaction of this mark adds or deletes it.
        case open(Stamp)
        case gone
    }

    private func state(_ segment: SegmentRef, _ row: Int, _ mark: Stamp) -> RowState {
        if segment.pointee.isDead(row) { return .gone }
        if !segment.pointee.hasVersions { return .certain }
        let deleted = segment.pointee.versions.deletedStamp(row)
        if deleted != 0 { return isRunning(deleted) && deleted != mark ? .open(deleted) : .gone }
        let created = max(segment.pointee.versions.createdStamp(row), segment.pointee.createdAll)
        return isRunning(created) && created != mark ? .open(created) : .certain
    }

    // MARK: Values

    private func inspectValues(
        _ segment: SegmentRef, _ row: Int, _ constraint: Constraint, _ rules: ConstraintRules, _ mark: Stamp
    ) throws(DeedError) {
        var blocker: Stamp = 0
        switch state(segment, row, mark) {
        case .gone: return
        case .open(let mark): blocker = mark
        case .certain: break
        }
        let id = rowId(segment: segment.pointee.number, row: row)
        for key in rules.keys {
            let cell = segment.pointee.columnIndex(key).map { segment.pointee.columns[$0].chunk.cell(at: row) } ?? .null
            var ownBlocker = blocker
            var isDoubtful = false
            if segment.pointee.hasVersions {
                // With a snapshot of everything committed, the changes that it does not see are those that still run.
                forEachUnseenChange(segment, row, .latest(mark: mark)) { changed, before in
                    guard changed == key else { return }
                    ownBlocker = segment.pointee.versions.newestStamp(row)
                    if !rules.complies(before, of: key) { isDoubtful = true }
                }
            }
            let complies = rules.complies(cell, of: key)
            if complies && !isDoubtful { continue }
            if ownBlocker == 0 { throw violation(constraint, id, key, cell) }
            throw conflict(
                constraint.rowKind, id, "violates constraint '\(constraint.name)' and is being changed", by: ownBlocker)
        }
    }

    // MARK: Ends

    private func inspectEnds(
        _ segment: SegmentRef, _ row: Int, _ constraint: Constraint, _ rules: ConstraintRules, _ mark: Stamp
    ) throws(DeedError) {
        let (source, target) = (segment.pointee.sources[row], segment.pointee.targets[row])
        guard let pair = collections(source, target), rules.endpoints?.contains(pair) == false else { return }
        let id = rowId(segment: segment.pointee.number, row: row)
        switch state(segment, row, mark) {
        case .gone: return
        case .certain: throw violation(constraint, id, pair)
        case .open(let mark):
            throw conflict(
                .relationship, id, "violates constraint '\(constraint.name)' and is being added or deleted", by: mark)
        }
    }

    // MARK: Cardinality

    private func requireCompliance(
        _ constraint: Constraint, _ rules: ConstraintRules, _ direction: Direction, _ progress: Progress
    ) throws(DeedError) {
        for number in 0..<entities.count {
            guard let segment = entities[number] else { continue }
            var first = 0
            repeat {
                try requireOpen()
                first = try inspectLists(segment, from: first, constraint, rules, direction)
            } while first < Limits.segmentRows
            if !progress(number + 1, entities.count) { throw DeedError(.interrupted, "making the constraint was interrupted") }
        }
    }

    private func inspectLists(
        _ segment: SegmentRef, from first: Int, _ constraint: Constraint, _ rules: ConstraintRules, _ direction: Direction
    ) throws(DeedError) -> Int {
        try lockSharedWithParts(segment)
        defer { segment.pointee.latch.unlockShared() }
        guard let index = segment.pointee.partIndex(type: constraint.table, direction: direction) else {
            return Limits.segmentRows
        }
        let part = segment.pointee.adjacency + index
        let end = min(first + Limits.vectorRows, segment.pointee.rowCount)
        for row in first..<max(first, end) where part.pointee.entryCount(row) > rules.most(direction) {
            let id = rowId(segment: segment.pointee.number, row: row)
            try requireRoom(rules, direction, id, countLinks(part, row, for: .latest(mark: 0)), adding: 0)
        }
        return end < segment.pointee.rowCount ? end : Limits.segmentRows
    }
}
