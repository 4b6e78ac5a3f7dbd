// What a serializable transaction has read, so that its commit can find out whether any of it has changed since its
// snapshot. Exact as long as it is little; a transaction that reads much remembers only the segments and types of what it
// has read, and may then fail because of a change beside it, but never misses one.

/// One table.
struct TableKey: Hashable {
    var kind: RowKind
    var name: NameId
}

/// The lists of one entity.
struct ListsKey: Hashable {
    var entity: RowId
    /// nil for any.
    var type: NameId?
    var directions: Directions
}

/// A row, or a segment by its number.
struct RowKey: Hashable {
    var kind: RowKind
    var number: UInt64
}

final class ReadSet {
    private(set) var rows = Set<RowKey>()
    private(set) var lists = Set<ListsKey>()
    private(set) var segments = Set<RowKey>()
    private(set) var tables = Set<TableKey>()
    /// All tables from a number on, those included that come later.
    private(set) var laterTables: [RowKind: NameId] = [:]
    /// Kinds of names of which one was asked for that there was none, and how many there were.
    private(set) var nameCounts: [NameKind: Int] = [:]
    /// True when lists of any type were read, of too many entities to remember.
    private(set) var isEveryType = false
    /// True when even the segments were too many to remember.
    private(set) var isEverything = false

    /// Entries of each kind that are remembered one by one: some megabytes.
    private static let entriesMax = 1 << 16

    /// A row was read, or found not to be there.
    func note(_ kind: RowKind, _ id: RowId) {
        let segment = RowKey(kind: kind, number: segmentNumber(of: id))
        if isEverything || segments.contains(segment) { return }
        rows.insert(RowKey(kind: kind, number: id))
        guard rows.count > Self.entriesMax else { return }
        for row in rows { segments.insert(RowKey(kind: row.kind, number: segmentNumber(of: row.number))) }
        rows.removeAll()
        if segments.count > Self.entriesMax { noteEverything() }
    }

    /// The lists of an entity were read.
    func noteLists(_ entity: RowId, _ type: NameId?, _ directions: Directions) {
        if isEverything || isEveryType { return }
        if let type, tables.contains(TableKey(kind: .relationship, name: type)) { return }
        lists.insert(ListsKey(entity: entity, type: type, directions: directions))
        guard lists.count > Self.entriesMax else { return }
        for list in lists {
            if let type = list.type { noteTable(.relationship, type) } else { isEveryType = true }
        }
        lists.removeAll()
    }

    /// All rows of a table were read, or might have been.
    func noteTable(_ kind: RowKind, _ name: NameId) {
        if !isEverything { tables.insert(TableKey(kind: kind, name: name)) }
    }

    /// All rows of tables that have not been made yet were read: there were none.
    func noteTables(_ kind: RowKind, from name: NameId) { laterTables[kind] = min(laterTables[kind] ?? name, name) }

    /// A name was asked for by a number that it does not have yet, out of so many.
    func noteUnknownName(_ kind: NameKind, of count: Int) { nameCounts[kind] = min(nameCounts[kind] ?? count, count) }

    private func noteEverything() {
        isEverything = true
        rows.removeAll()
        lists.removeAll()
        segments.removeAll()
        tables.removeAll()
    }
}
