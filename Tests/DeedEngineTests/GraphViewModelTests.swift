// A view shows what a model in dictionaries says: for random transactions, their own writes included, for snapshots that
// are older than what is there now, and after checkpoints and reopening.

import DeedValues
import Testing

@testable import DeedEngine

@Suite struct GraphViewModelTests {
    private static let labels = ["Person", "Dog", "A:1", "Ärger"]
    private static let keys = ["age", "name", "mixed", "flag", "rare"]

    private func value(_ key: String, _ random: inout SeededRandom) -> QueryValue {
        if random.number(below: 6) == 0 { return .null }
        switch key {
        case "age": return .int(Int64(random.number(below: 100)))
        case "name": return .string(String(repeating: "x", count: random.number(below: 30)) + "\(random.number(below: 10))")
        case "flag": return .bool(random.number(below: 2) == 0)
        case "rare": return .list([.int(Int64(random.number(below: 5))), .null, .map(MapValue(keys: ["k"], values: [.string("v")]))])
        default:
            switch random.number(below: 5) {
            case 0: return .int(Int64(random.number(below: 9)))
            case 1: return .float(Double(random.number(below: 9)) / 2)
            case 2: return .string("text \(random.number(below: 9)) of more than twelve bytes")
            case 3: return .date(CalendarDate(days: Int64(random.number(below: 9))))
            default: return .duration(CalendarDuration(months: 1, days: 2, seconds: Int64(random.number(below: 9)), nanoseconds: 4))
            }
        }
    }

    private func properties(_ random: inout SeededRandom) -> QueryProperties {
        Self.keys.filter { _ in random.number(below: 2) == 0 }.map { ($0, value($0, &random)) }
    }

    private func stored(_ properties: QueryProperties) -> [String: QueryValue] {
        Dictionary(properties.filter { !$0.value.isNull }.map { ($0.key, $0.value) }, uniquingKeysWith: { $1 })
    }

    private func someLabels(_ random: inout SeededRandom) -> [String] {
        Self.labels.filter { _ in random.number(below: 3) == 0 }.shuffled(using: &random)
    }

    /// One statement, in the view and in the model.
    private func change(_ view: GraphView, _ model: inout QueryModel, _ random: inout SeededRandom) throws {
        let ids = model.entities.keys.sorted()
        let rows = model.relationships.keys.sorted()
        let properties = properties(&random)
        switch random.number(below: 10) {
        case 0, 1:
            let labels = someLabels(&random)
            let id = try view.createEntity(labels: labels, properties: properties)
            model.entities[id] = QueryModel.Entity(labels: Set(labels), properties: stored(properties))
        case 2, 3, 4:
            if ids.isEmpty { return }
            let (source, target) = (ids[random.number(below: ids.count)], ids[random.number(below: min(ids.count, 3))])
            let type = ["A", "B"][random.number(below: 2)]
            let id = try view.createRelationship(source: source, target: target, type: type, properties: properties)
            model.relationships[id] = QueryModel.Relationship(
                source: source, target: target, type: type, properties: stored(properties))
        case 5 where !ids.isEmpty:
            let id = ids[random.number(below: ids.count)]
            let key = Self.keys[random.number(below: Self.keys.count)]
            let value = value(key, &random)
            try view.setProperty(.entity, id, key, value)
            model.entities[id]?.properties[key] = value.isNull ? nil : value
        case 6 where !ids.isEmpty:
            let id = ids[random.number(below: ids.count)]
            let labels = someLabels(&random)
            let old = model.entities[id]?.labels ?? []
            if random.number(below: 2) == 0 {
                #expect(try view.addLabels(id, labels) == Set(labels).subtracting(old).count)
                model.entities[id]?.labels.formUnion(labels)
            } else {
                #expect(try view.removeLabels(id, labels) == Set(labels).intersection(old).count)
                model.entities[id]?.labels.subtract(labels)
            }
        case 7 where !ids.isEmpty:
            let id = ids[random.number(below: ids.count)]
            try view.replaceProperties(.entity, id, properties)
            model.entities[id]?.properties = stored(properties)
        case 8 where !rows.isEmpty:
            let id = rows[random.number(below: rows.count)]
            if random.number(below: 2) == 0 {
                try view.deleteRelationship(id)
                model.relationships[id] = nil
            } else {
                try view.setProperty(.relationship, id, "age", .int(7))
                model.relationships[id]?.properties["age"] = .int(7)
            }
        case 9 where !ids.isEmpty && random.number(below: 2) == 0:
            let id = ids[random.number(below: ids.count)]
            try view.deleteEntity(id, detach: true)
            model.entities[id] = nil
            model.relationships = model.relationships.filter { $0.value.source != id && $0.value.target != id }
        default: break
        }
    }

    private func check(_ model: QueryModel, _ view: GraphView, _ random: inout SeededRandom, _ what: String) throws {
        let difference = try model.difference(from: view, &random, keys: Self.keys, labels: Self.labels + ["Nobody"])
        #expect(difference == nil, "\(what)")
    }

    @Test(arguments: [false, true], [1 as UInt64, 2, 3])
    func aViewShowsWhatTheModelSays(isOnDisk: Bool, seed: UInt64) throws {
        let directory = ScratchDirectory()
        let path = isOnDisk ? directory.path + "/store" : nil
        var graph = try Graph.open(path, durability: .async)
        var random = SeededRandom(seed)
        var committed = QueryModel()
        var older: [(view: GraphView, model: QueryModel)] = []
        for round in 0..<60 {
            let transaction = try graph.begin(readOnly: false)
            let view = try GraphView(graph, transaction)
            var model = committed
            for _ in 0..<random.number(below: 8) {
                if random.number(below: 4) == 0 {
                    let savepoint = try view.savepoint()
                    var lost = model
                    for _ in 0..<3 { try change(view, &lost, &random) }
                    view.rollback(to: savepoint)
                }
                try change(view, &model, &random)
            }
            try check(model, view, &random, "own writes, round \(round), seed \(seed)")
            try check(committed, GraphView(graph, nil), &random, "beside a writer, round \(round), seed \(seed)")
            if random.number(below: 5) == 0 {
                graph.rollback(transaction)
            } else {
                try graph.commit(transaction)
                committed = model
            }
            for (view, model) in older { try check(model, view, &random, "older, round \(round), seed \(seed)") }
            if random.number(below: 4) == 0 { older.append((try GraphView(graph, nil), committed)) }
            if older.count > 3 || random.number(below: 6) == 0 { older.removeAll() }
            if random.number(below: 3) == 0 { graph.settleQueued() }
            if isOnDisk && random.number(below: 5) == 0 { try graph.checkpoint() }
            if isOnDisk && random.number(below: 8) == 0 {
                older.removeAll()
                try graph.close()
                graph = try Graph.open(path, durability: .async)
                #expect(try graph.check() == [])
            }
        }
        try check(committed, GraphView(graph, nil), &random, "at the end, seed \(seed)")
        older.removeAll()
        try graph.close()
    }
}
