// Unique indexes. A key belongs to a row that is committed, not deleted, and has it; whether a snapshot sees the row does
// not matter. Where another transaction that is running has its hands on such a row nobody can say yet: that is a
// conflict. A row that the transaction itself has deleted or moved away from the key has freed it.

extension Graph {
    /// What another row with an entry of the same key means.
    enum Claim {
        case none
        case held
        /// It depends on the running transaction of this stamp.
        case open(Stamp)
    }

    /// Throws unless a row may have a key that other rows have entries for. No latch is held.
    func requireUnique(
        _ index: SecondaryIndex, _ key: UnsafeRawBufferPointer, _ id: RowId, rivals: [RowId], _ mark: Stamp
    ) throws(DeedError) {
        // The rows are compared in full where keys are cut.
        var full = ByteBuffer(capacity: 64)
        if key.count == Limits.indexKeyBytesMax {
            guard try appendFullKey(index, id, to: &full) else { return }
        } else {
            full.append(key)
        }
        for rival in rivals {
            switch try claim(index, full.bytes, rival, mark) {
            case .none: continue
            case .held: throw violation(index, id, rival)
            case .open(let stamp): throw openClaim(index, rival, stamp)
            }
        }
    }

    /// Appends the key of a row as it is now, uncut; false if it has none.
    func appendFullKey(
        _ index: SecondaryIndex, _ id: RowId, to buffer: inout ByteBuffer
    ) throws(DeedError) -> Bool {
        guard let segment = directory(index.rowKind).segment(of: id) else { return false }
        try lockLoadedShared(segment)
        defer { segment.pointee.latch.unlockShared() }
        return appendKey(index, segment, rowNumber(of: id), full: true, to: &buffer) != .absent
    }

    /// Whether a row has a right to a key, for the transaction of a mark (0: for none).
    func claim(
        _ index: SecondaryIndex, _ key: UnsafeRawBufferPointer, _ id: RowId, _ mark: Stamp
    ) throws(DeedError) -> Claim {
        guard let segment = directory(index.rowKind).segment(of: id) else { return .none }
        let row = rowNumber(of: id)
        try lockLoadedShared(segment)
        defer { segment.pointee.latch.unlockShared() }
        if row >= segment.pointee.rowCount || segment.pointee.isDead(row) { return .none }
        let versions = segment.pointee.versions
        let hasVersions = segment.pointee.hasVersions
        let deleted = hasVersions ? versions.deletedStamp(row) : 0
        if deleted != 0 && (!isRunning(deleted) || deleted == mark) { return .none }
        let created = hasVersions ? max(versions.createdStamp(row), segment.pointee.createdAll) : 0
        let changed = hasVersions ? versions.newestStamp(row) : 0
        let other = [deleted, created, changed].first { isRunning($0) && $0 != mark }
        var claim = Claim.none
        forEachKey(index, segment, row, before: .latest(mark: 0), full: true) { rowKey, form, isPresent in
            guard form == .whole, compareBytes(rowKey, key) == 0 else { return true }
            // The values before the changes of another may come back; those before one's own will not.
            if let other { claim = .open(other) } else if isPresent { claim = .held }
            return false
        }
        return claim
    }

    func openClaim(_ index: SecondaryIndex, _ rival: RowId, _ stamp: Stamp) -> DeedError {
        conflict(
            index.rowKind, rival, "has the same key in the unique index '\(index.name)' and is being changed", by: stamp)
    }

    func violation(_ index: SecondaryIndex, _ id: RowId, _ rival: RowId) -> DeedError {
        let kind: NameKind = index.rowKind == .entity ? .collection : .relationshipType
        let properties = index.properties.map { names.display(.propertyKey, $0) }.joined(separator: ", ")
        return DeedError(
            violating: .unique,
            "the unique index '\(index.name)' on \(names.display(kind, index.table)) (\(properties)) has "
                + "\(describedValues(index, id)) already: \(index.rowKind) \(rival)")
    }

    /// The values of a row as text, shortened.
    private func describedValues(_ index: SecondaryIndex, _ id: RowId) -> String {
        guard let segment = directory(index.rowKind).segment(of: id), (try? lockLoadedShared(segment)) != nil else {
            return "the key"
        }
        defer { segment.pointee.latch.unlockShared() }
        let texts = index.properties.map { property -> String in
            let cell = segment.pointee.columnIndex(property).map {
                segment.pointee.columns[$0].chunk.cell(at: rowNumber(of: id))
            }
            var text = ByteBuffer()
            guard let cell, (try? appendText(of: cell, to: &text)) != nil else { return "?" }
            let quote = cell.type == .string ? "'" : ""
            return quote + String(decoding: text.bytes.prefix(100), as: UTF8.self) + (text.count > 100 ? "..." : "") + quote
        }
        return texts.joined(separator: ", ")
    }
}
