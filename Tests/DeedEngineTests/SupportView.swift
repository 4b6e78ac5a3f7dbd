// The graph as a query sees it, in the terms of tests: batches as arrays, and a model of it in dictionaries.

import DeedValues

@testable import DeedEngine

typealias QueryValue = DeedValues.Value
typealias QueryProperties = [(key: String, value: QueryValue)]

/// Two values are the same if they print the same, so that NaN is itself.
func text(_ value: QueryValue) -> String {
    switch value {
    case .list(let items): "[\(items.map(text).joined(separator: ", "))]"
    case .map(let map): "{\(zip(map.keys, map.values).map { "\($0): \(text($1))" }.sorted().joined(separator: ", "))}"
    case .zonedDatetime(let time): "zoned \(time.seconds) \(time.nanoseconds) \(time.offset) \(time.zone)"
    case .duration(let time): "duration \(time.months) \(time.days) \(time.seconds) \(time.nanoseconds)"
    default: "\(value)"
    }
}

extension SeededRandom {
    mutating func number(below limit: Int) -> Int { Int(next() % UInt64(limit)) }
}

extension GraphView {
    func scanned(
        _ kind: RowKind, _ tables: [NameId], max: Int = 2_048, where predicates: [ScanPredicate] = []
    ) throws -> [RowId] {
        var found: [RowId] = []
        var ids = [RowId](repeating: 0, count: max)
        for var morsel in morsels(kind, tables) {
            while true {
                let count = try scan(&morsel, into: &ids, max: max, where: predicates)
                if count == 0 { break }
                found += ids[..<count]
            }
        }
        return found
    }

    func found(_ table: NameId, _ keys: [NameId], _ bounds: Bounds) throws -> [RowId] {
        let search = IndexSearch()
        return try withExtendedLifetime(search) { Array(try find(.entity, table, keys, bounds, search)) }
    }

    func entities(label: String? = nil) throws -> [RowId] {
        let all = try scanned(.entity, collections(label: label))
        guard let label else { return all }
        let has = try haveLabel(label, all)
        return zip(all, has).filter(\.1).map(\.0)
    }

    func haveLabel(_ label: String, _ ids: [RowId]) throws -> [Bool] {
        var bytes = [UInt8](repeating: 7, count: ids.count)
        try hasLabel(label, ids, count: ids.count, into: &bytes)
        return bytes.map { $0 == 1 }
    }

    func gathered(_ kind: RowKind, _ ids: [RowId], _ key: String, nulls: [UInt8]? = nil) throws -> [QueryValue] {
        guard let key = propertyKey(key) else { return ids.map { _ in .null } }
        let vector = try nulls?.withUnsafeBufferPointer { nulls in
            try gather(kind, ids, nulls: nulls.baseAddress, count: ids.count, key: key)
        } ?? gather(kind, ids, nulls: nil, count: ids.count, key: key)
        return ids.indices.map { vector.value($0) }
    }

    struct Step: Hashable {
        var parent: Int
        var neighbor: RowId
        var relationship: RowId
    }

    func expanded(_ ids: [RowId], types: [NameId]? = nil, _ directions: Directions = .out, max: Int = 2_048) throws -> [Step] {
        var cursor = ExpandCursor()
        var parents = [UInt32](repeating: 0, count: max)
        var neighbors = [UInt64](repeating: 0, count: max)
        var relationships = [UInt64](repeating: 0, count: max)
        var steps: [Step] = []
        while cursor.input < ids.count {
            let count = try expand(
                ids, count: ids.count, types: types, directions, &cursor, parents: &parents, neighbors: &neighbors,
                relationships: &relationships, max: max)
            for index in 0..<count {
                steps.append(
                    Step(parent: Int(parents[index]), neighbor: neighbors[index], relationship: relationships[index]))
            }
        }
        return steps
    }

    func degreesOf(_ ids: [RowId], types: [NameId]? = nil, _ directions: Directions = .out) throws -> [Int] {
        var result = [Int64](repeating: -1, count: ids.count)
        try degrees(ids, count: ids.count, types: types, directions, into: &result)
        return result.map(Int.init)
    }
}

/// What a graph holds, in dictionaries.
struct QueryModel {
    struct Entity {
        var labels: Set<String>
        var properties: [String: QueryValue] = [:]
    }

    struct Relationship {
        var source: RowId
        var target: RowId
        var type: String
        var properties: [String: QueryValue] = [:]
    }

    var entities: [RowId: Entity] = [:]
    var relationships: [RowId: Relationship] = [:]

    func steps(_ ids: [RowId], types: [String]?, _ directions: Directions) -> Set<GraphView.Step> {
        var steps: Set<GraphView.Step> = []
        for (parent, id) in ids.enumerated() {
            for (number, row) in relationships where types?.contains(row.type) ?? true {
                if directions != .in && row.source == id {
                    steps.insert(GraphView.Step(parent: parent, neighbor: row.target, relationship: number))
                }
                if directions != .out && row.target == id {
                    steps.insert(GraphView.Step(parent: parent, neighbor: row.source, relationship: number))
                }
            }
        }
        return steps
    }

    /// The first thing in which a view differs, or nil.
    func difference(from view: GraphView, _ random: inout SeededRandom, keys: [String], labels: [String]) throws -> String? {
        let ids = try view.entities()
        if Set(ids) != Set(entities.keys) || ids.count != entities.count { return "entities" }
        let rows = try view.scanned(.relationship, view.allRelationshipTypes(), max: 3)
        if Set(rows) != Set(relationships.keys) || rows.count != relationships.count { return "relationships" }
        for label in labels {
            let expected = Set(entities.filter { $0.value.labels.contains(label) }.keys)
            let found = try view.entities(label: label)
            if Set(found) != expected || found.count != expected.count { return "entities with label \(label)" }
        }
        for id in ids where try Set(view.labels(of: id)) != entities[id]?.labels { return "labels of \(id)" }
        let shuffled = ids.shuffled(using: &random) + [0, 1 << 40]
        let nulls = shuffled.map { _ in UInt8(random.number(below: 4) == 0 ? 1 : 0) }
        for key in keys {
            for (id, value) in zip(ids, try view.gathered(.entity, ids, key))
            where text(value) != text(entities[id]?.properties[key] ?? .null) { return "\(key) of \(id): \(value)" }
            for (index, value) in try view.gathered(.entity, shuffled, key, nulls: nulls).enumerated() {
                let expected = nulls[index] == 1 ? nil : entities[shuffled[index]]?.properties[key]
                if text(value) != text(expected ?? .null) { return "\(key) of \(shuffled[index]) in any order: \(value)" }
            }
            for (id, value) in zip(rows, try view.gathered(.relationship, rows, key))
            where text(value) != text(relationships[id]?.properties[key] ?? .null) { return "\(key) of relationship \(id)" }
        }
        for id in ids {
            let found = try view.properties(.entity, id) ?? []
            let pairs = Dictionary(found.map { ($0.key, text($0.value)) }, uniquingKeysWith: { $1 })
            if pairs != entities[id]?.properties.mapValues(text) { return "properties of \(id): \(pairs)" }
        }
        return try differenceOfLists(from: view, shuffled, rows, &random)
    }

    private func differenceOfLists(
        from view: GraphView, _ ids: [RowId], _ rows: [RowId], _ random: inout SeededRandom
    ) throws -> String? {
        var (sources, targets) = ([UInt64](repeating: 0, count: rows.count), [UInt64](repeating: 0, count: rows.count))
        try view.ends(rows, count: rows.count, sources: &sources, targets: &targets)
        for (index, row) in rows.enumerated() {
            if sources[index] != relationships[row]?.source || targets[index] != relationships[row]?.target { return "ends of \(row)" }
            guard let type = view.type(ofRelationship: row) else { return "type of \(row)" }
            if view.typeName(type) != relationships[row]?.type { return "type of \(row)" }
        }
        for names in [nil, ["A"], ["B", "A"], ["C"], []] {
            let types = names.map { view.relationshipTypes($0) }
            for directions in [Directions.out, .in, .both] {
                let expected = steps(ids, types: names, directions)
                let found = try view.expanded(ids, types: types, directions, max: 1 + random.number(below: 7))
                if Set(found) != expected || found.count != expected.count { return "neighbours \(names ?? []) \(directions)" }
                if found.map({ $0.parent }) != found.map({ $0.parent }).sorted() { return "the order of neighbours" }
                let degrees = try view.degreesOf(ids, types: types, directions)
                for index in ids.indices where degrees[index] != expected.filter({ $0.parent == index }).count {
                    return "degree of \(ids[index]) \(directions)"
                }
            }
        }
        return nil
    }
}
