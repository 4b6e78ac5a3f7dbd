// Random statements in several transactions at once, interleaved on one thread, against the model: every status, every
// row, every list and count must agree, through maintenance, checkpoints, compactions, shortage of memory, closing and
// crashing. `DEED_SEED` runs one seed and `DEED_STEPS` sets the number of steps.

import Glibc
import Testing

@testable import DeedEngine

@Suite struct GraphModelTests {
    enum Place: String, CaseIterable, Sendable {
        case memory, disk
        /// No log: only checkpoints keep anything.
        case unloggedDisk
        /// Memory is always short, so that rows and lists come and go.
        case crampedDisk
    }

    private func seeds(_ count: UInt64) -> [UInt64] {
        getenv("DEED_SEED").flatMap { UInt64(String(cString: $0)) }.map { [$0] } ?? Array(1...count)
    }

    private func steps(_ count: Int) -> Int {
        getenv("DEED_STEPS").flatMap { Int(String(cString: $0)) } ?? count
    }

    @Test(arguments: Place.allCases) func theEngineAgreesWithTheModel(place: Place) throws {
        for seed in seeds(6) {
            let run = try ModelRun(place, seed)
            do {
                for _ in 0..<steps(place == .memory ? 400 : 200) { try run.step() }
                try run.end()
            } catch {
                Issue.record("\(place.rawValue), seed \(seed): \(error)\nlast steps:\n\(run.trace.suffix(40).joined(separator: "\n"))")
                return
            }
        }
    }
}

/// The engine and the model disagree.
private struct Mismatch: Error, CustomStringConvertible {
    var description: String
}

/// One engine and one model, driven in step.
private final class ModelRun {
    private typealias Running = (transaction: Transaction, view: Model.View)

    private let place: GraphModelTests.Place
    private let directory = MemoryDirectory()
    private var generation = 0
    private var path: String? { place == .memory ? nil : "\(directory.path)/\(generation)" }
    private var graph: Graph
    private let model = Model()
    private var running: [Running] = []
    private var random: SeededRandom
    private var known: [RowKind: Set<RowId>] = [.entity: [0, 1 << 20, .max], .relationship: [0, 1 << 20, .max]]
    private var indexes: [String: TestIndex] = [:]
    private var stepCount = 0
    /// Loads of fewer rows go row by row.
    private static let bulkRowsMin = 4
    private var hog: UnsafeMutableRawPointer?
    private var hogSize = 0
    private(set) var trace: [String] = []

    private let collections: [NameId] = [0, 1, 2]
    private let types: [NameId] = [0, 1]
    private let keys: [NameId] = [0, 1, 2, 3, 4, 5]

    init(_ place: GraphModelTests.Place, _ seed: UInt64) throws {
        self.place = place
        random = SeededRandom(seed)
        graph = try Graph.open(place == .memory ? nil : "\(directory.path)/0", durability: place == .unloggedDisk ? .none : .sync,
            bulkRowsMin: Self.bulkRowsMin)
        try internNames()
        try takeMemory()
    }

    /// Gives the names their numbers. Names that no commit has used may be gone after opening, but keep their order.
    private func internNames() throws {
        for (kind, count) in [(NameKind.collection, 3), (.relationshipType, 2), (.propertyKey, 6)] {
            for number in 0..<count {
                let given = try graph.intern(kind, "name \(number)")
                try expect(given == NameId(number), "\(kind) \(number) has become \(given)")
            }
        }
    }

    deinit {
        giveMemoryBack()
        try? graph.close()
    }

    func end() throws {
        for (transaction, view) in running {
            graph.rollback(transaction)
            model.rollback(view)
        }
        running = []
        try compareEverything()
        if path != nil { try reopen(crash: false) }
    }

    // MARK: Steps

    func step() throws {
        stepCount += 1
        switch random.next(upTo: 100) {
        case 0..<8: begin()
        case 8..<15: try commit()
        case 15..<19: rollback()
        case 19..<32: try addEntity()
        case 32..<52: try addRelationship()
        case 52..<66: try update()
        case 66..<72: try deleteEntity()
        case 72..<79: try deleteRelationship()
        case 79..<82: try loadEntities()
        case 82..<86: try loadRelationships()
        case 86..<91: graph.settleQueued(); graph.settleIndexes(); note("settle")
        case 91..<94: try maintain()
        case 94..<95: try reopenIfOnDisk()
        case 95..<98: try changeIndexes()
        default: try probe()
        }
        try probe()
        if stepCount % 20 == 0 { try takeMemory() }
        if stepCount % 25 == 0 { try compareEverything() }
    }

    private func note(_ text: String) { trace.append("  \(stepCount): \(text)") }

    private func begin() {
        guard running.count < 4, let transaction = try? graph.begin(readOnly: false) else { return }
        running.append((transaction, model.begin()))
        note("begin \(transaction.mark & 0xFFFF)")
    }

    private func commit() throws {
        guard let (transaction, view) = takeRunning() else { return }
        note("commit \(transaction.mark & 0xFFFF)")
        try graph.commit(transaction)
        model.commit(view)
        try expect(graph.statistics().lastCommit == model.lastCommit, "the last commit differs from \(model.lastCommit)")
    }

    private func rollback() {
        guard let (transaction, view) = takeRunning() else { return }
        note("rollback \(transaction.mark & 0xFFFF)")
        graph.rollback(transaction)
        model.rollback(view)
    }

    private func takeRunning() -> Running? {
        running.isEmpty ? nil : running.remove(at: random.next(upTo: running.count))
    }

    /// Runs a statement in a running transaction or as one of its own; its status must be one that the model allows.
    private func statement(
        _ text: String, _ engine: (Transaction?) throws(DeedError) -> Void, _ model: (Model.View) -> [Status]
    ) throws {
        let place = running.isEmpty || random.next(upTo: 4) == 0 ? nil : running[random.next(upTo: running.count)]
        let view = place?.view ?? self.model.beginStatement()
        note("\(text) in \(place.map { "\($0.transaction.mark & 0xFFFF)" } ?? "autocommit")")
        var status: Status?
        var message = ""
        do throws(DeedError) {
            try engine(place?.transaction)
        } catch {
            (status, message) = (error.status, error.message)
        }
        let expected = model(view)
        if let status { note("   -> \(status): \(message)") }
        try expect(
            status.map { expected.contains($0) } ?? expected.isEmpty,
            "\(text): \(status.map { "\($0)" } ?? "success"), not \(expected)")
        guard place == nil else { return }
        if expected.isEmpty { self.model.commit(view) } else { self.model.rollback(view) }
    }

    private func addEntity() throws {
        let row = GraphRow(table: random.pick(collections), properties: makeProperties(nulls: false))
        var id: RowId = 0
        try statement("add entity to \(row.table)") { transaction throws(DeedError) in
            id = try graph.add(row.table, row.properties, in: transaction)
        } _: { view in
            model.add(.entity, id, row, view)
            return []
        }
        try noteNew(.entity, id)
    }

    private func addRelationship() throws {
        let (source, target) = (pickId(.entity), random.next(upTo: 8) == 0 ? 0 : pickId(.entity))
        let row = GraphRow(
            table: random.pick(types), source: source, target: random.next(upTo: 10) == 0 ? source : target,
            properties: makeProperties(nulls: false))
        var id: RowId = 0
        try statement("connect \(row.source) to \(row.target)") { transaction throws(DeedError) in
            id = try graph.connect(row.source, row.target, row.table, row.properties, in: transaction)
        } _: { view in
            let statuses = [row.source, row.target].compactMap { model.statusOfEnd($0, view) }
            if statuses.isEmpty { model.add(.relationship, id, row, view) }
            return statuses
        }
        if id != 0 { try noteNew(.relationship, id) }
    }

    private func update() throws {
        let kind = random.pick([RowKind.entity, .relationship])
        let id = pickId(kind)
        let properties = makeProperties(nulls: true)
        let replacing = random.next(upTo: 4) == 0
        try statement("\(replacing ? "replace" : "update") \(kind) \(id)") { transaction throws(DeedError) in
            try graph.set(kind, id, properties, replacing: replacing, in: transaction)
        } _: { view in
            model.update(kind, id, properties, replacing: replacing, view).map { [$0] } ?? []
        }
    }

    private func deleteEntity() throws {
        let id = pickId(.entity)
        let detach = random.next(upTo: 2) == 0
        try statement("\(detach ? "detach and " : "")delete entity \(id)") { transaction throws(DeedError) in
            try graph.remove(.entity, id, detach: detach, in: transaction)
        } _: { view in
            model.delete(.entity, id, detach: detach, view).map { [$0] } ?? []
        }
    }

    private func deleteRelationship() throws {
        let id = pickId(.relationship)
        try statement("delete relationship \(id)") { transaction throws(DeedError) in
            try graph.remove(.relationship, id, in: transaction)
        } _: { view in
            model.delete(.relationship, id, detach: false, view).map { [$0] } ?? []
        }
    }

    // MARK: Bulk loads

    private func makeColumns(_ count: Int, chunksMax: Int) -> ([ArrayColumn], [Properties]) {
        var rows = [Properties](repeating: [:], count: count)
        var columns: [ArrayColumn] = []
        for key in keys where random.next(upTo: 3) == 0 {
            let values = (0..<count).map { _ in random.next(upTo: 5) == 0 ? Value.null : makeValue(key) }
            for (row, value) in values.enumerated() where value.type != .null { rows[row][key] = value }
            columns.append(ArrayColumn(key, values, chunksMax: chunksMax))
        }
        return (columns, rows)
    }

    private func loadEntities() throws {
        let count = 1 + random.next(upTo: 6)
        let collection = random.pick(collections)
        let fails = random.next(upTo: 4) == 0 && count >= Self.bulkRowsMin
        let (columns, rows) = makeColumns(count, chunksMax: .max)
        var ids: [RowId] = []
        try statement("load \(count) entities\(fails ? ", interrupted" : "")") { transaction throws(DeedError) in
            ids = try graph.load(collection, count: count, columns, in: transaction) { _, _ in !fails }
        } _: { view in
            if fails { return [.interrupted] }
            for (id, properties) in zip(ids, rows) {
                model.add(.entity, id, GraphRow(table: collection, properties: properties), view)
            }
            return []
        }
        for id in ids { try noteNew(.entity, id) }
    }

    private func loadRelationships() throws {
        let count = 1 + random.next(upTo: 8)
        let type = random.pick(types)
        let ends = (0..<count).map { _ in (source: pickLiveEntity(), target: pickLiveEntity()) }
        let fails = random.next(upTo: 4) == 0
        let (columns, rows) = makeColumns(count, chunksMax: fails ? 0 : .max)
        let interrupted = fails && columns.isEmpty && count >= Self.bulkRowsMin
        var ids: [RowId] = []
        try statement("load \(ends)\(fails ? ", failing" : "")") { transaction throws(DeedError) in
            var calls = 0
            ids = try graph.load(type, ends, columns, in: transaction) { _, _ in
                calls += 1
                return !interrupted || calls < 2
            }
        } _: { view in
            let statuses = ends.flatMap { [$0.source, $0.target] }.compactMap { model.statusOfEnd($0, view) }
            let isBulk = count >= Self.bulkRowsMin
            if statuses.contains(.notFound) && isBulk { return [.notFound] }
            if fails && !columns.isEmpty { return [.typeMismatch] }
            if !statuses.isEmpty { return interrupted ? statuses + [.interrupted] : statuses }
            if interrupted { return [.interrupted] }
            for index in 0..<count {
                let row = GraphRow(
                    table: type, source: ends[index].source, target: ends[index].target, properties: rows[index])
                model.add(.relationship, ids[index], row, view)
            }
            return []
        }
        for id in ids { try noteNew(.relationship, id) }
    }

    // MARK: Maintenance

    private func maintain() throws {
        if random.next(upTo: 3) == 0 {
            note("compact")
            try graph.compact()
        } else {
            note("checkpoint")
            try graph.checkpoint()
        }
    }

    private func reopenIfOnDisk() throws {
        guard path != nil else { return }
        let crash = place != .unloggedDisk && random.next(upTo: 2) == 0
        note(crash ? "crash" : "reopen")
        try reopen(crash: crash)
    }

    /// Opens the store again, after closing it or as a crash would have left it; running transactions are lost.
    private func reopen(crash: Bool) throws {
        let old = path.unsafelyUnwrapped
        giveMemoryBack()
        if crash { copyStore(old, to: "\(directory.path)/\(generation + 1)") }
        try graph.close()
        for (transaction, _) in running { graph.rollback(transaction) }
        running = []
        model.crash()
        if crash {
            generation += 1
            removeTree(old)
        }
        // Ids that no commit has used may be handed out again.
        known = [.entity: [0], .relationship: [0]]
        for key in model.everCommitted { known[key.kind, default: []].insert(key.id) }
        if random.next(upTo: 3) == 0 {
            graph = try Graph.open(path, readOnly: true)
            try compareEverything()
            try graph.close()
        }
        graph = try Graph.open(path, durability: place == .unloggedDisk ? .none : .sync,
            bulkRowsMin: Self.bulkRowsMin)
        try internNames()
        try takeMemory()
        try expect(graph.statistics().lastCommit == model.lastCommit, "the last commit differs after opening")
        try compareEverything()
    }

    /// Leaves just so little memory that the engine begins to drop rows and lists.
    private func takeMemory() throws {
        guard place == .crampedDisk else { return }
        for slack in [0, 96 << 10] {
            giveMemoryBack()
            hogSize = graph.pool.limit - graph.pool.limit / 8 - graph.pool.bytesTotal - slack
            hog = graph.pool.allocate(hogSize, .scratch)
            try graph.makeRoom()
        }
    }

    private func giveMemoryBack() {
        if let hog { graph.pool.free(hog, hogSize, .scratch) }
        hog = nil
    }

    // MARK: Indexes

    /// Makes an index or drops one. What is written to its rows meanwhile and afterwards must be in it.
    private func changeIndexes() throws {
        let isLogged = place != .memory && place != .unloggedDisk
        if let name = indexes.keys.sorted().first, indexes.count == 4 || random.next(upTo: 4) == 0 {
            note("drop index \(name)")
            try graph.dropIndex(name: name)
            indexes[name] = nil
            if isLogged { model.skip(commits: 1) }
            return
        }
        let kind = random.pick([RowKind.entity, .relationship])
        let properties = Array(keys.shuffled(using: &random).prefix(1 + random.next(upTo: 2)))
        let index = TestIndex(
            kind: kind, table: random.pick(kind == .entity ? collections : types), properties: properties)
        let fails = random.next(upTo: 4) == 0
        let name = "index \(stepCount)"
        note("\(fails ? "begin to make" : "make") \(name) on \(kind) \(index.table) \(properties)")
        do throws(DeedError) {
            _ = try graph.createIndex(name: name, kind, index.table, properties, unique: false) { _, _ in !fails }
            indexes[name] = index
        } catch {
            try expect(fails && error.status == .interrupted, "\(error)")
        }
        if isLogged { model.skip(commits: 2) }
    }

    private func compareIndexes(_ rows: Model.Rows, _ transaction: Transaction?) throws {
        try expect(graph.readyIndexes.map(\.name).sorted() == indexes.keys.sorted(), "the names of the indexes")
        for (name, index) in indexes {
            let expected = index.sorted(rows.rows(index.kind, index.table))
            for descending in [false, true] {
                let found = try graph.found(
                    index.kind, index.table, index.properties, IndexRange(), descending: descending, in: transaction)
                let ids = expected.map(\.id)
                try expect(found == (descending ? ids.reversed() : ids), "\(name) has \(found), not \(ids)")
            }
            guard let one = expected.randomElement(using: &random) else { continue }
            let values = one.row.properties
            let first = index.properties[0]
            let equal = expected.filter { IndexKeys.equal($0.row.properties[first], values[first]) }.map(\.id)
            let found = try graph.found(index.kind, index.table, [first: values[first]!], in: transaction)
            // Another index may begin with the same property, in another order of what follows.
            try expect(found.sorted() == equal.sorted(), "\(name) finds \(found), not \(equal)")
        }
    }

    // MARK: Making up data

    private func noteNew(_ kind: RowKind, _ id: RowId) throws {
        try expect(id != 0 && known[kind, default: []].insert(id).inserted, "\(kind) id \(id) was handed out before")
    }

    private func pickId(_ kind: RowKind) -> RowId {
        if random.next(upTo: 6) == 0 { return random.pick(known[kind, default: []].sorted()) }
        let rows = running.isEmpty ? model.committed : running[random.next(upTo: running.count)].view.rows
        let ids = rows.ids(kind)
        return ids.isEmpty ? 0 : random.pick(ids)
    }

    private func pickLiveEntity() -> RowId {
        let ids = model.committed.ids(.entity)
        return ids.isEmpty || random.next(upTo: 20) == 0 ? pickId(.entity) : random.pick(ids)
    }

    /// At least one value that is not null.
    private func makeProperties(nulls: Bool) -> Properties {
        var properties: Properties = [:]
        for key in keys where random.next(upTo: 3) == 0 {
            properties[key] = nulls && random.next(upTo: 4) == 0 ? .null : makeValue(key)
        }
        if nulls && !properties.values.contains(where: { $0.type != .null }) { properties[0] = makeValue(0) }
        return properties
    }

    /// Keys 0 to 4 have one type each; key 5 has all.
    private func makeValue(_ key: NameId) -> Value {
        switch key < 5 ? Int(key) : random.next(upTo: 9) {
        case 0: return .int(random.pick([0, 1, -1, .min, .max, random.next(upTo: 1000)]))
        case 1: return .float(random.pick([0, -0.0, .nan, .infinity, 1.5, -.greatestFiniteMagnitude]))
        case 2: return .bool(random.next(upTo: 2) == 0)
        case 3: return .string(String(repeating: "ä", count: random.pick([0, 1, 6, 7, 40])))
        case 4: return .bytes((0..<random.pick([0, 3, 12, 13, 300])).map { _ in UInt8(truncatingIfNeeded: random.next()) })
        case 5: return Value(type: .date, bits: random.next())
        case 6: return Value(type: .localTime, bits: random.next() % 86_400_000_000_000)
        case 7: return Value(type: .list, bytes: [2, ValueType.bool.rawValue, 1, ValueType.string.rawValue, 1, 65])
        default: return Value(type: .vector, bytes: Array(repeating: 63, count: 4 * random.pick([1, 5])))
        }
    }

    // MARK: Comparing

    private func expect(_ condition: Bool, _ text: @autoclosure () -> String) throws {
        if !condition { throw Mismatch(description: text()) }
    }

    /// What one transaction, or nobody in particular, sees.
    private func pickSight() -> (transaction: Transaction?, rows: Model.Rows) {
        let index = random.next(upTo: running.count + 1)
        return index == running.count ? (nil, model.committed) : (running[index].transaction, running[index].view.rows)
    }

    /// A few random reads.
    private func probe() throws {
        let (transaction, rows) = pickSight()
        for kind in [RowKind.entity, .relationship] {
            let id = pickId(kind)
            let row = try graph.row(kind, id, in: transaction)
            try expect(row == rows[Model.Key(kind: kind, id: id)], "\(kind) \(id) reads as \(String(describing: row))")
        }
        let id = pickId(.entity)
        let type = random.next(upTo: 2) == 0 ? nil : random.pick(types)
        let direction = random.pick([Directions.out, .in, .both])
        guard rows[Model.Key(kind: .entity, id: id)] != nil else {
            let status = thrownStatus { () throws(DeedError) in _ = try graph.links(id, in: transaction) }
            try expect(status == .notFound, "the list of entity \(id), which is not there")
            return
        }
        let depths = try graph.depths(from: id, direction, type: type, maxDepth: 3, in: transaction)
        try expect(depths == rows.depths(from: id, direction, type, maxDepth: 3), "traversal \(direction) from \(id)")
        let count = try graph.countReachable(transaction, from: id, type: type, direction, maxDepth: 3)
        try expect(count == depths.count, "the count of a traversal from \(id)")
    }

    private func compareEverything() throws {
        for (transaction, view) in running { try compare(view.rows, transaction) }
        try compare(model.committed, nil)
        let problems = try graph.check()
        try expect(problems.isEmpty, "\(problems)")
        for (kind, tables) in [(RowKind.entity, collections), (.relationship, types)] {
            for table in tables {
                let (kept, expected) = (graph.rowCount(kind, table), model.committed.rows(kind, table).count)
                try expect(kept == expected, "\(kind) table \(table) counts \(kept) rows, not \(expected)")
            }
        }
    }

    private func compare(_ rows: Model.Rows, _ transaction: Transaction?) throws {
        try compareIndexes(rows, transaction)
        for (kind, tables) in [(RowKind.entity, collections), (.relationship, types)] {
            for table in tables {
                let found = try graph.scanned(kind, table, in: transaction)
                try expect(found.map(\.id) == found.map(\.id).sorted(), "a scan of \(kind) \(table) is not in order")
                let scanned = Dictionary(found.map { ($0.id, $0.row) }, uniquingKeysWith: { first, _ in first })
                let expected = rows.rows(kind, table)
                try expect(found.count == scanned.count && scanned == expected, "a scan of \(kind) table \(table)")
            }
            for id in known[kind, default: []] {
                let row = try graph.row(kind, id, in: transaction)
                try expect(row == rows[Model.Key(kind: kind, id: id)], "\(kind) \(id) reads as \(String(describing: row))")
            }
        }
        for direction in [Directions.out, .in, .both] {
            for type in [nil, types[0], types[1]] {
                let lists = rows.lists(direction, type)
                for id in rows.ids(.entity) {
                    let links = try graph.links(id, direction, type: type, in: transaction)
                    try expect(links == lists[id] ?? [], "list \(direction) of \(id): \(links), not \(lists[id] ?? [])")
                    let degree = try graph.degree(transaction, id, type: type, direction)
                    try expect(degree == links.count, "degree \(direction) of \(id): \(degree), not \(links.count)")
                }
            }
        }
    }
}

extension SeededRandom {
    mutating func next(upTo bound: Int) -> Int { Int(next() % UInt64(bound)) }
    mutating func pick<Element>(_ elements: [Element]) -> Element { elements[next(upTo: elements.count)] }
}
