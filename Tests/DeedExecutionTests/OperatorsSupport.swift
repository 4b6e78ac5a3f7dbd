// Small graphs in memory and plans run on them, with rows as text so that they can be compared.

import DeedEngine
import DeedExecution
import DeedValues
import Testing

/// One transaction on a graph of its own; names of entities in results are those that the test gave.
final class TestGraph {
    let graph: Graph
    let transaction: Transaction
    let view: GraphView
    private var names: [UInt64: String] = [:]
    private var relationshipNames: [UInt64: String] = [:]

    init(memoryLimit: Int = 256 << 20, queryMemory: Int? = nil, faults: KeyValueStore.Faults? = nil) throws {
        var options = GraphOptions()
        options.memoryLimit = memoryLimit
        options.queryMemory = queryMemory
        options.faults = faults
        graph = try Graph(path: nil, options: options)
        transaction = try graph.begin(readOnly: false)
        view = try GraphView(graph, transaction)
    }

    @discardableResult
    func node(_ name: String, _ labels: [String] = [], _ properties: [(key: String, value: Value)] = []) throws -> UInt64 {
        let id = try view.createEntity(labels: labels, properties: properties)
        names[id] = name
        return id
    }

    @discardableResult
    func connect(
        _ name: String, _ source: UInt64, _ target: UInt64, _ type: String = "R",
        _ properties: [(key: String, value: Value)] = []
    ) throws -> UInt64 {
        let id = try view.createRelationship(source: source, target: target, type: type, properties: properties)
        relationshipNames[id] = name
        return id
    }

    func context(slots: Int, operators: PlanOperators = .none, threads: Int = 1, procedures: Procedures = .builtIn) -> QueryContext {
        QueryContext(
            view: view, parameters: Parameters(), functions: FunctionContext(seconds: 0, nanoseconds: 0), slotCount: slots,
            threads: threads, procedures: procedures, operators: operators)
    }

    /// The rows, each as its columns separated by spaces.
    func run(_ plan: PlanNode, _ columns: [Slot], slots: Int = 16, _ context: QueryContext? = nil) throws -> [String] {
        let root = try makeOperator(plan, context ?? self.context(slots: slots))
        return try rows(root, columns, slots: slots)
    }

    /// Runs a plan that changes nothing twice on the same operators.
    func runTwice(_ plan: PlanNode, _ columns: [Slot], slots: Int = 16) throws -> [String] {
        let root = try makeOperator(plan, context(slots: slots))
        let first = try rows(root, columns, slots: slots)
        let second = try rows(root, columns, slots: slots)
        #expect(first == second, "a second run differs")
        return first
    }

    func rows(_ root: Operator, _ columns: [Slot], slots: Int) throws -> [String] {
        root.reset(argument: Chunk(slots: slots, count: 1))
        var result: [String] = []
        while let chunk = try root.next() {
            #expect(chunk.count >= 1 && chunk.count <= Chunk.rowsMax)
            for row in 0..<chunk.count {
                result.append(columns.map { text(chunk.columns[$0]?.value(row) ?? .null) }.joined(separator: " "))
            }
        }
        return result
    }

    func text(_ value: Value) -> String {
        switch value {
        case .null: "null"
        case .bool(let value): "\(value)"
        case .int(let value): "\(value)"
        case .float(let value): "\(value)"
        case .string(let text): text
        case .list(let elements): "[" + elements.map { text($0) }.joined(separator: ",") + "]"
        case .map(let map): "{" + zip(map.keys, map.values).map { "\($0):\(text($1))" }.joined(separator: ",") + "}"
        case .entity(let id): names[id] ?? "node"
        case .relationship(let id): relationshipNames[id] ?? "relationship"
        case .path(let path):
            path.entities.enumerated().map { index, entity in
                text(.entity(entity)) + (index < path.relationships.count ? "-\(text(.relationship(path.relationships[index])))-" : "")
            }.joined()
        default: "value"
        }
    }
}

// Plans in few words.

let argument = PlanNode(.argument)
func int(_ value: Int) -> Expr { .constant(.int(Int64(value))) }
func string(_ value: String) -> Expr { .constant(.string(value)) }
func list(_ values: [Value]) -> Expr { .constant(.list(values)) }
func ints(_ values: some Sequence<Int>) -> Expr { list(values.map { .int(Int64($0)) }) }
func property(_ slot: Slot, _ key: String) -> Expr { .property(.slot(slot), key) }
func unwind(_ list: Expr, _ slot: Slot) -> PlanNode { unwind(argument, list, slot) }
func unwind(_ child: PlanNode, _ list: Expr, _ slot: Slot) -> PlanNode {
    PlanNode(.unwind(child: child, list: list, element: slot))
}
func project(_ child: PlanNode, _ columns: (slot: Slot, value: Expr)...) -> PlanNode {
    PlanNode(.project(child: child, columns))
}
func total(_ function: String, _ arguments: [Expr], of child: PlanNode, _ slot: Slot) -> PlanNode {
    PlanNode(.aggregate(child: child, keys: [], [(slot: slot, Aggregate(function: function, arguments: arguments, isDistinct: false))]))
}
func scan(_ slot: Slot, _ label: String? = nil) -> PlanNode {
    PlanNode(.scanEntities(entity: slot, labels: label.map { .label($0) }))
}
func filter(_ child: PlanNode, _ condition: Expr) -> PlanNode { PlanNode(.filter(child: child, condition)) }
func expand(
    _ child: PlanNode, _ from: Slot, _ relationship: Slot?, _ to: Slot, _ direction: ExpandDirection = .out,
    types: [String] = [], into: Bool = false, differs: [Slot] = []
) -> PlanNode {
    PlanNode(
        .expand(
            child: child,
            Expansion(
                from: from, relationship: relationship, to: to, isInto: into, types: types, direction: direction,
                differsFrom: differs)))
}
func variable(
    _ from: Slot, _ relationship: Slot?, _ to: Slot, _ min: Int, _ max: Int?, _ mode: RepetitionMode = .trail,
    _ direction: ExpandDirection = .out, into: Bool = false, filter: Expr? = nil, path: Slot? = nil
) -> VariableExpansion {
    VariableExpansion(
        base: Expansion(
            from: from, relationship: relationship, to: to, isInto: into, types: [], direction: direction, differsFrom: []),
        min: min, max: max, mode: mode, stepFilter: filter, stepFrom: 13, stepRelationship: 14, stepTo: 15, path: path)
}
