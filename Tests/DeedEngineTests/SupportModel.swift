// What the engine must do, said in dictionaries: snapshot isolation, first writer wins, and no relationship without its
// ends. Small and slow; tests run the same statements against it and the engine.

@testable import DeedEngine

final class Model {
    struct Key: Hashable {
        var kind: RowKind
        var id: RowId
    }

    typealias Rows = [Key: GraphRow]

    /// A transaction: what it sees, and what it wrote.
    final class View {
        fileprivate(set) var rows: Rows
        fileprivate let timestamp: Timestamp
        fileprivate var written: Set<Key> = []
        fileprivate var created: Rows = [:]

        fileprivate init(_ rows: Rows, _ timestamp: Timestamp) {
            self.rows = rows
            self.timestamp = timestamp
        }
    }

    private(set) var committed: Rows = [:]
    private(set) var lastCommit: Timestamp = 0
    /// The rows that were ever committed; their ids are never handed out again.
    private(set) var everCommitted: Set<Key> = []
    private var lastWrites: [Key: Timestamp] = [:]
    private var views: [View] = []

    func begin() -> View {
        views.append(View(committed, lastCommit))
        return views[views.count - 1]
    }

    /// For one statement: sees all that is committed.
    func beginStatement() -> View {
        views.append(View(committed, 1 << 62))
        return views[views.count - 1]
    }

    func commit(_ view: View) {
        rollback(view)
        if view.written.isEmpty { return }
        lastCommit += 1
        everCommitted.formUnion(view.created.keys)
        for key in view.written {
            committed[key] = view.rows[key]
            lastWrites[key] = lastCommit
        }
    }

    /// Changes of the schema take places in the order of commits.
    func skip(commits count: Int) { lastCommit += Timestamp(count) }

    func rollback(_ view: View) { views.removeAll { $0 === view } }

    /// All running transactions are gone.
    func crash() { views = [] }

    // MARK: Statements; each returns the possible statuses of its error, or none if it must succeed

    func add(_ kind: RowKind, _ id: RowId, _ row: GraphRow, _ view: View) {
        let key = Key(kind: kind, id: id)
        view.rows[key] = row
        view.created[key] = row
        view.written.insert(key)
    }

    /// Whether a relationship may get this end.
    func statusOfEnd(_ id: RowId, _ view: View) -> Status? {
        let key = Key(kind: .entity, id: id)
        guard view.rows[key] != nil else { return .notFound }
        let isDeletedMeanwhile = committed[key] == nil && view.created[key] == nil
        let isBeingDeleted = others(than: view).contains { $0.written.contains(key) && $0.rows[key] == nil }
        return isDeletedMeanwhile || isBeingDeleted ? .transactionConflict : nil
    }

    func update(_ kind: RowKind, _ id: RowId, _ properties: Properties, replacing: Bool, _ view: View) -> Status? {
        let key = Key(kind: kind, id: id)
        if let status = statusOfWrite(key, view) { return status }
        var row = view.rows[key].unsafelyUnwrapped
        if replacing { row.properties = [:] }
        for (key, value) in properties { row.properties[key] = value.type == .null ? nil : value }
        view.rows[key] = row
        view.written.insert(key)
        return nil
    }

    func delete(_ kind: RowKind, _ id: RowId, detach: Bool, _ view: View) -> Status? {
        let key = Key(kind: kind, id: id)
        if let status = statusOfWrite(key, view) { return status }
        var doomed = [key]
        if kind == .entity {
            if hasUnseenRelationship(id, view) { return .transactionConflict }
            let attached = view.rows.filter { $0.key.kind == .relationship && $0.value.touches(id) }.map(\.key)
            if !attached.isEmpty && !detach { return .hasRelationships }
            for relationship in attached where statusOfWrite(relationship, view) != nil { return .transactionConflict }
            doomed += attached
        }
        for key in doomed {
            view.rows[key] = nil
            view.written.insert(key)
        }
        return nil
    }

    private func others(than view: View) -> [View] { views.filter { $0 !== view } }

    private func statusOfWrite(_ key: Key, _ view: View) -> Status? {
        guard view.rows[key] != nil else { return .notFound }
        let isTaken = others(than: view).contains { $0.written.contains(key) }
        return isTaken || lastWrites[key, default: 0] > view.timestamp ? .transactionConflict : nil
    }

    /// Whether an entity has relationships that the view does not see and that are there, or may come to be.
    private func hasUnseenRelationship(_ id: RowId, _ view: View) -> Bool {
        let isCommitted = committed.contains { key, row in
            key.kind == .relationship && row.touches(id) && view.rows[key] == nil && !view.written.contains(key)
        }
        return isCommitted || others(than: view).contains { $0.created.contains { $0.key.kind == .relationship && $0.value.touches(id) } }
    }
}

extension GraphRow {
    fileprivate func touches(_ id: RowId) -> Bool { source == id || target == id }
}

extension Model.Rows {
    func rows(_ kind: RowKind, _ table: NameId) -> [RowId: GraphRow] {
        var result: [RowId: GraphRow] = [:]
        for (key, row) in self where key.kind == kind && row.table == table { result[key.id] = row }
        return result
    }

    func ids(_ kind: RowKind) -> [RowId] { keys.filter { $0.kind == kind }.map(\.id).sorted() }

    /// The lists of all entities, each in order of relationship.
    func lists(_ direction: Directions, _ type: NameId?) -> [RowId: [Link]] {
        var lists: [RowId: [Link]] = [:]
        for (key, row) in self where key.kind == .relationship && (type == nil || row.table == type) {
            if direction != .in { lists[row.source, default: []].append(Link(neighbor: row.target, relationship: key.id)) }
            if direction != .out { lists[row.target, default: []].append(Link(neighbor: row.source, relationship: key.id)) }
        }
        return lists.mapValues { $0.sorted() }
    }

    /// The least number of relationships from an entity to each other one, up to `maxDepth`.
    func depths(from start: RowId, _ direction: Directions, _ type: NameId?, maxDepth: UInt32) -> [RowId: UInt32] {
        let lists = lists(direction, type)
        var depths: [RowId: UInt32] = [start: 0]
        var level = [start]
        for depth in 0..<maxDepth {
            var next: [RowId] = []
            for id in level {
                for link in lists[id] ?? [] where depths[link.neighbor] == nil {
                    depths[link.neighbor] = depth + 1
                    next.append(link.neighbor)
                }
            }
            level = next
        }
        depths[start] = nil
        return depths
    }
}
