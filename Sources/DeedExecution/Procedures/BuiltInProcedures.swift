// What every database can be asked: its names and its schema; and evaporation by hand.

import DeedEngine
import DeedValues

package enum BuiltInProcedures {
    package static let all: [any Procedure] = [
        BuiltIn(ProcedureSignature(name: "db.labels", outputs: [.init("label", "STRING")])) { _, context in
            texts(try context.view.labelsInUse { try context.checkInterrupt() })
        },
        BuiltIn(
            ProcedureSignature(name: "db.relationshipTypes", outputs: [.init("relationshipType", "STRING")])
        ) { _, context in
            names(.relationshipType, context.view.allRelationshipTypes(), context)
        },
        BuiltIn(ProcedureSignature(name: "db.propertyKeys", outputs: [.init("propertyKey", "STRING")])) { _, context in
            let count = context.view.graph.names.count(.propertyKey)
            return names(.propertyKey, (0..<count).map { NameId($0) }, context)
        },
        BuiltIn(
            ProcedureSignature(
                name: "db.schema",
                outputs: [
                    .init("name", "STRING"), .init("kind", "STRING"), .init("on", "STRING"), .init("table", "STRING"),
                    .init("state", "STRING"),
                ])
        ) { _, context in schema(context) },
        StatisticsProcedure(),
        BuiltIn(
            ProcedureSignature(
                name: "deed.procedures",
                outputs: [.init("name", "STRING"), .init("signature", "STRING"), .init("writes", "BOOLEAN")])
        ) { _, context in procedures(context.procedures) },
        BuiltIn(ProcedureSignature(name: "deed.evaporate", inputs: [.init("rate", "NUMBER?")], writes: true)) {
            arguments, context in
            try context.view.graph.evaporate(rate: try rate(arguments))
            return []
        },
    ]

    /// Those that are text, in the order of their bytes.
    private static func names(_ kind: NameKind, _ numbers: [NameId], _ context: QueryContext) -> [[Value]] {
        texts(numbers.compactMap { context.view.graph.names.text(kind, $0)?.string }.filter { isPublic($0) })
    }

    private static func texts(_ texts: [String]) -> [[Value]] {
        texts.map { Value.string($0) }.sorted { Value.order($0, $1) < 0 }.map { [$0] }
    }

    private static func procedures(_ registry: Procedures) -> [[Value]] {
        registry.names.compactMap { registry.named($0)?.signature }.map { signature in
            [.string(signature.name), .string(signature.text), .bool(signature.writes)]
        }
    }

    /// The empty name, and names of the store's own, are nobody's business.
    private static func isPublic(_ name: String) -> Bool {
        guard let first = name.utf8.first else { return false }
        return first != 0
    }

    private static func schema(_ context: QueryContext) -> [[Value]] {
        context.view.graph.schema.objects.map { object in
            let kind: NameKind = object.rowKind == .entity ? .collection : .relationshipType
            return [
                .string(object.name), .string("\(object.kind)"),
                .string(object.rowKind == .entity ? "node" : "relationship"),
                .string(context.view.graph.names.text(kind, object.table)?.string ?? ""),
                .string(object.state == .ready ? "ready" : "building"),
            ]
        }
    }

    private static func rate(_ arguments: [Value]) throws -> Double? {
        switch arguments.first {
        case nil, .null?: nil
        case .int(let number)?: Double(number)
        case .float(let number)?: number
        default: throw QueryError(.typeError, "InvalidArgumentType", "deed.evaporate() needs a number, or null for the usual rate")
        }
    }
}

private struct BuiltIn: Procedure {
    let signature: ProcedureSignature
    let body: @Sendable ([Value], QueryContext) throws -> [[Value]]

    init(_ signature: ProcedureSignature, _ body: @escaping @Sendable ([Value], QueryContext) throws -> [[Value]]) {
        (self.signature, self.body) = (signature, body)
    }

    func rows(_ arguments: [Value], _ context: QueryContext) throws -> [[Value]] { try body(arguments, context) }
}
