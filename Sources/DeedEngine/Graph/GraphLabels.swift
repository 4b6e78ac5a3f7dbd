// Labels of entities: those of the collection, which cost nothing, and further ones (Catalog/FurtherLabels.swift).
//
// A collection remembers while the graph is open which further labels its entities may have, from before the first of
// them is written; what is read from the store counts as any. So a collection without any is not asked row by row.

import DeedValues

extension Graph {
    /// Says that rows of a segment may have values of a property, which the log or the store has told of.
    @inline(__always)
    func noteColumn(_ key: NameId, of segment: SegmentRef) {
        if key == names.labelsKey && segment.pointee.kind == .entity { noteLabels(of: segment) }
    }

    @inline(never)
    private func noteLabels(of segment: SegmentRef) { table(.entity, segment.pointee.table)?.furtherLabels.noteAny() }

    /// Differs from before when some collection may have entities with labels that it had none with before.
    package var labelVersion: UInt64 { FurtherLabels.changes.load(ordering: .acquiring) }

    func collectionName(_ collection: NameId) -> String { names.text(.collection, collection)?.string ?? "" }
}

extension GraphView {
    /// All collections, or those whose entities may have the label (it may be a further one).
    package func collections(label: String?) -> [NameId] {
        let all = tables(.entity)
        guard let label else { return all }
        let own = lookUp(.collection, label)
        return all.filter { $0 == own || graph.table(.entity, $0)?.furtherLabels.mayContain(label) == true }
    }

    /// Calls `body` with each of the collections that `collections(label:)` gives. `own` is the number of the one of the
    /// label's name, if there is one.
    package func forEachCollection(label: String, own: NameId?, _ body: (NameId) throws -> Void) rethrows {
        noteTables(.entity)
        for name in 0..<NameId(graph.names.count(.collection)) where hasSegments(.entity, name) {
            if name == own || graph.table(.entity, name)?.furtherLabels.mayContain(label) == true { try body(name) }
        }
    }

    /// The collection of the label's name, if no entity of another one has the label.
    package func onlyCollection(label: String) -> NameId? {
        let all = collections(label: label)
        return all.count == 1 && all[0] == lookUp(.collection, label) ? all[0] : nil
    }

    /// True if every entity of the collection has exactly the label of its name (none for the empty name).
    package func hasOnlyItsLabel(_ collection: NameId) -> Bool {
        graph.table(.entity, collection)?.furtherLabels.isEmpty ?? true
    }

    /// The labels that some entity has, each once. Where entities of a collection have others than its name, every one of
    /// them is looked at; `check` is called now and then meanwhile, and may throw to end it.
    package func labelsInUse(_ check: () throws -> Void) throws -> [String] {
        var names: Set<[UInt8]> = []
        let ids = UnsafeMutablePointer<UInt64>.allocate(capacity: Chunk.rowsMax)
        defer { ids.deallocate() }
        for collection in tables(.entity) {
            for var morsel in morsels(.entity, [collection]) {
                // One entity is enough to know of where all have the same label.
                let isUniform = hasOnlyItsLabel(collection)
                var found = 0
                repeat {
                    try check()
                    found = try scan(&morsel, into: ids, max: isUniform ? 1 : Chunk.rowsMax)
                    for index in 0..<found { names.formUnion(try labelSet(of: ids[index]).names.map { Array($0.utf8) }) }
                } while found > 0 && !isUniform
                if isUniform && found > 0 { break }
            }
        }
        return names.map { String(decoding: $0, as: UTF8.self) }
    }

    // MARK: Reading

    /// In ascending order of bytes. Empty if there are none.
    package func labels(of entity: RowId) throws(DeedError) -> [String] {
        try requireUsable()
        if isNoting { note { $0.note(.entity, entity) } }
        return try labelSet(of: entity).names
    }

    private func labelSet(of entity: RowId) throws(DeedError) -> LabelSet {
        guard let segment = graph.entities.segment(of: entity) else { throw graph.missing(.entity, entity) }
        try graph.lockLoadedShared(segment)
        defer { segment.pointee.latch.unlockShared() }
        let row = rowNumber(of: entity)
        guard segment.pointee.isVisible(row, to: snapshot) else { throw graph.missing(.entity, entity) }
        let key = graph.names.labelsKey
        let cell = visibleCell(segment, row, segment.pointee.columnIndex(key), key)
        return cell.type == .string ? try LabelSet(decoding: cell.bytes) : ownLabels(segment.pointee.table)
    }

    /// What an entity has without a value of its own.
    private func ownLabels(_ collection: NameId) -> LabelSet {
        let name = graph.collectionName(collection)
        return LabelSet(name.isEmpty ? [] : [name])
    }

    /// A byte for each entity, 1 if it has the label.
    package func hasLabel(
        _ label: String, _ ids: UnsafePointer<UInt64>, count: Int, into result: UnsafeMutablePointer<UInt8>
    ) throws(DeedError) {
        try requireUsable()
        if isNoting { note { reads in for index in 0..<count where ids[index] != 0 { reads.note(.entity, ids[index]) } } }
        let own = lookUp(.collection, label)
        let bytes = Array(label.utf8)
        var position = 0
        while position < count {
            guard ids[position] != 0, let segment = graph.entities.segment(of: ids[position]) else {
                result[position] = 0
                position &+= 1
                continue
            }
            let run = IdRun(ids, nil, from: position, count: count)
            let table = segment.pointee.table
            if let labels = graph.table(.entity, table)?.furtherLabels, !labels.isEmpty,
                table == own || labels.mayContain(label)
            {
                try askEach(bytes, segment, ids, run, isOwn: table == own, into: result)
            } else {
                (result + position).update(repeating: table == own ? 1 : 0, count: run.end &- position)
            }
            position = run.end
        }
    }

    private func askEach(
        _ label: [UInt8], _ segment: SegmentRef, _ ids: UnsafePointer<UInt64>, _ run: IdRun, isOwn: Bool,
        into result: UnsafeMutablePointer<UInt8>
    ) throws(DeedError) {
        try graph.lockLoadedShared(segment)
        defer { segment.pointee.latch.unlockShared() }
        let key = graph.names.labelsKey
        let column = segment.pointee.columnIndex(key)
        for index in run.start..<run.end {
            let row = rowNumber(of: ids[index])
            guard segment.pointee.isVisible(row, to: snapshot) else {
                result[index] = 0
                continue
            }
            let cell = visibleCell(segment, row, column, key)
            if cell.type == .string {
                result[index] = try LabelSet.contains(cell.bytes, label) ? 1 : 0
            } else {
                result[index] = isOwn ? 1 : 0
            }
        }
    }

    // MARK: Changing

    /// Returns how many of the labels the entity did not have.
    package func addLabels(_ entity: RowId, _ labels: [String]) throws(DeedError) -> Int {
        try change(entity, labels) { old, given in old.names + given.names }
    }

    /// Returns how many of the labels it had.
    package func removeLabels(_ entity: RowId, _ labels: [String]) throws(DeedError) -> Int {
        try change(entity, labels) { old, given in old.names.filter { !given.contains($0) } }
    }

    private func change(
        _ entity: RowId, _ labels: [String], _ combine: (LabelSet, LabelSet) -> [String]
    ) throws(DeedError) -> Int {
        let given = LabelSet(labels)
        try requireLabels(given)
        return try write { transaction throws(DeedError) in
            let old = try labelSet(of: entity)
            let new = LabelSet(combine(old, given))
            if new == old { return 0 }
            guard let segment = graph.entities.segment(of: entity) else { throw graph.missing(.entity, entity) }
            encoder.removeAll()
            try encode(new, of: segment.pointee.table)
            try encoder.withCells { cells throws(DeedError) in
                try graph.update(transaction, .entity, entity, cells, replacing: false)
            }
            return abs(new.names.count - old.names.count)
        }
    }

    /// Adds the labels to what is being encoded, as null where the collection says it all. The collection knows of them
    /// from now on.
    func encode(_ labels: LabelSet, of collection: NameId) throws(DeedError) {
        let isDefault = labels == ownLabels(collection)
        if isDefault && graph.names.labelsKey == .max { return }
        let key = try graph.names.internLabelsKey()
        if !isDefault { try graph.requireTable(.entity, collection).furtherLabels.note(labels) }
        labels.encoded.withUnsafeBytes { bytes in
            encoder.append(key, isDefault ? .null : Cell(type: .string, bytes: bytes))
        }
    }

    func requireLabels(_ labels: LabelSet) throws(DeedError) {
        for name in labels.names where name.isEmpty || name.utf8.count > Limits.nameBytesMax {
            throw DeedError(
                .invalidArgument, "a label of \(name.utf8.count) bytes; it has 1 to \(Limits.nameBytesMax)")
        }
    }
}
