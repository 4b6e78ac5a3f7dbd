// A plan as JSON: the shape of its queries and the planner's choices, which can be handed back, and for reading what comes of
// them. The text of the choices is the plan's identity.
//
//     {"version": 1, "shape": "MATCH ...", "plan": "0123456789abcdef",
//      "patterns": [[{"step": "start", "entity": 0, "by": "index", "label": "L", "properties": ["k"]},
//                    {"step": "expand", "relationship": 0, "from": 0}, {"step": "join"},
//                    {"step": "intersect", "entity": 2, "relationships": [1, 2]}]],
//      "aggregations": ["rows"], "pin": null, "cost": 12.0, "operators": [...]}

import DeedEngine
import DeedExecution

extension PlanChoices {
    /// Sixteen hexadecimal digits, which choices have in common that are the same.
    package var identity: String {
        let hash = Array(JSON.object(jsonEntries).text.utf8).withUnsafeBytes { SipHash.hash($0) }
        let digits = String(hash.low, radix: 16)
        return String(repeating: "0", count: 16 - digits.utf8.count) + digits
    }

    fileprivate var jsonEntries: [(key: String, value: JSON)] {
        [
            ("patterns", .array(patterns.map { .array($0.map(\.json)) })),
            ("aggregations", .array(aggregations.map { .string($0.rawValue) })),
        ]
    }
}

extension PlanStep {
    var json: JSON {
        switch self {
        case .start(let entity, let access):
            .object([("step", .string("start")), ("entity", .int(entity))] + access.jsonEntries)
        case .expand(let relationship, let from):
            .object([("step", .string("expand")), ("relationship", .int(relationship)), ("from", .int(from))])
        case .intersect(let entity, let relationships):
            .object([
                ("step", .string("intersect")), ("entity", .int(entity)), ("relationships", .array(relationships.map { .int($0) })),
            ])
        case .join: .object([("step", .string("join"))])
        }
    }
}

extension EntityAccess {
    var jsonEntries: [(key: String, value: JSON)] {
        switch self {
        case .ids: [("by", .string("id"))]
        case .scan: [("by", .string("scan"))]
        case .index(let label, let properties):
            [("by", .string("index")), ("label", .string(label)), ("properties", .strings(properties))]
        }
    }
}

struct PlanDocument {
    static let version = 1
    /// Of a text that is read.
    private static let bytesMax = 1 << 20

    let shape: String
    let choices: PlanChoices

    init(shape: String, choices: PlanChoices) { (self.shape, self.choices) = (shape, choices) }

    /// `more`: what is told beside the plan.
    func json(_ more: [(key: String, value: JSON)]) -> JSON {
        .object(
            [("version", .int(Self.version)), ("shape", .string(shape)), ("plan", .string(choices.identity))]
                + choices.jsonEntries + more)
    }

    /// Keys that say what comes of the choices, and are not looked at.
    private static let told = ["plan", "pin", "cost", "operators"]

    init(parsing text: String) throws(DeedError) {
        if text.utf8.count > Self.bytesMax { throw Self.refused("it is longer than \(Self.bytesMax) bytes") }
        let json: JSON
        do { json = try JSONParser.parse(text) } catch { throw Self.refused("\(error.reason) (byte \(error.position))") }
        let entries = try Fields(json, "the plan", ["version", "shape", "patterns", "aggregations"] + Self.told)
        guard try entries.int("version") == Self.version else { throw Self.refused("its version is not \(Self.version)") }
        shape = try entries.string("shape")
        var choices = PlanChoices()
        for pattern in try entries.array("patterns") {
            guard case .array(let steps) = pattern else { throw Self.refused("a pattern is no array of steps") }
            choices.patterns.append(try Self.steps(steps))
        }
        for name in try entries.strings("aggregations") {
            guard let way = AggregationWay(rawValue: name) else { throw Self.refused("there is no aggregation by '\(name)'") }
            choices.aggregations.append(way)
        }
        self.choices = choices
    }

    private static func steps(_ items: [JSON]) throws(DeedError) -> [PlanStep] {
        var steps: [PlanStep] = []
        for item in items { steps.append(try step(item)) }
        return steps
    }

    private static func step(_ json: JSON) throws(DeedError) -> PlanStep {
        let fields = try Fields(json, "a step", ["step", "entity", "by", "label", "properties", "relationship", "from", "relationships"])
        switch try fields.string("step") {
        case "start": return .start(entity: try fields.int("entity"), try access(fields))
        case "expand": return .expand(relationship: try fields.int("relationship"), from: try fields.int("from"))
        case "intersect": return .intersect(entity: try fields.int("entity"), relationships: try fields.ints("relationships"))
        case "join": return .join
        default: throw refused("a step is none of 'start', 'expand', 'intersect' and 'join'")
        }
    }

    private static func access(_ fields: Fields) throws(DeedError) -> EntityAccess {
        switch try fields.string("by") {
        case "id": return .ids
        case "scan": return .scan
        case "index": return .index(label: try fields.string("label"), properties: try fields.strings("properties"))
        default: throw refused("an entity is found by none of 'id', 'index' and 'scan'")
        }
    }

    static func refused(_ reason: String) -> DeedError { DeedError(.invalidArgument, "the plan cannot be used: \(reason)") }
}

/// The entries of an object that must have certain ones.
private struct Fields {
    private let entries: [(key: String, value: JSON)]
    private let what: String

    init(_ json: JSON, _ what: String, _ known: [String]) throws(DeedError) {
        guard case .object(let entries) = json else { throw PlanDocument.refused("\(what) is no object") }
        if let unknown = entries.first(where: { entry in !known.contains { $0 == entry.key } }) {
            throw PlanDocument.refused("\(what) has an unknown key '\(unknown.key)'")
        }
        (self.entries, self.what) = (entries, what)
    }

    private func value(_ key: String) throws(DeedError) -> JSON {
        guard let entry = entries.first(where: { $0.key == key }) else { throw PlanDocument.refused("\(what) has no '\(key)'") }
        return entry.value
    }

    func int(_ key: String) throws(DeedError) -> Int {
        guard case .int(let value) = try value(key) else { throw PlanDocument.refused("'\(key)' of \(what) is no integer") }
        return value
    }

    func string(_ key: String) throws(DeedError) -> String {
        guard case .string(let value) = try value(key) else { throw PlanDocument.refused("'\(key)' of \(what) is no string") }
        return value
    }

    func array(_ key: String) throws(DeedError) -> [JSON] {
        guard case .array(let items) = try value(key) else { throw PlanDocument.refused("'\(key)' of \(what) is no array") }
        return items
    }

    func ints(_ key: String) throws(DeedError) -> [Int] {
        var numbers: [Int] = []
        for item in try array(key) {
            guard case .int(let number) = item else { throw PlanDocument.refused("'\(key)' of \(what) has other than integers") }
            numbers.append(number)
        }
        return numbers
    }

    func strings(_ key: String) throws(DeedError) -> [String] {
        var texts: [String] = []
        for item in try array(key) {
            guard case .string(let text) = item else { throw PlanDocument.refused("'\(key)' of \(what) has other than strings") }
            texts.append(text)
        }
        return texts
    }
}
