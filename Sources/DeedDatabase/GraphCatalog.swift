// The planner's view of a graph: names, indexes and numbers of rows.

import DeedEngine
import DeedExecution
import DeedPlanner

struct GraphCatalog: PlannerCatalog {
    let view: GraphView
    let procedures: Procedures

    func procedure(named name: String) -> ProcedureShape? {
        guard let signature = procedures.named(name)?.signature else { return nil }
        return ProcedureShape(
            name: signature.name, inputs: signature.inputs.map { ($0.name, $0.type) },
            outputs: signature.outputs.map { ($0.name, $0.type) }, writes: signature.writes)
    }

    var procedureNames: [String] { procedures.names }

    func names(of kind: CatalogName) -> [String] {
        let kind: NameKind =
            switch kind {
            case .label: .collection
            case .relationshipType: .relationshipType
            case .property: .propertyKey
            }
        let names = view.graph.names
        return (0..<names.count(kind)).compactMap { names.text(kind, NameId($0))?.string }
    }

    func mayExist(_ kind: CatalogName, _ name: String) -> Bool {
        switch kind {
        case .label: !view.collections(label: name).isEmpty
        case .relationshipType: !view.relationshipTypes([name]).isEmpty
        case .property: view.propertyKey(name) != nil
        }
    }

    func hasIndex(label: String, properties: [String]) -> Bool {
        // Entities that have the label without belonging to its collection are in no index of it. Those that belong to it
        // without having the label any more are found, and the planner asks for their labels.
        guard let collection = view.onlyCollection(label: label) else { return false }
        var keys: [NameId] = []
        for property in properties {
            guard let key = view.propertyKey(property) else { return false }
            keys.append(key)
        }
        return view.hasIndex(.entity, collection, keys)
    }

    func entityCount(label: String?) -> Double {
        return Double(view.collections(label: label).reduce(0) { $0 + view.rowCount(.entity, $1) })
    }

    func relationshipCount(types: [String]) -> Double {
        let tables = types.isEmpty ? view.allRelationshipTypes() : view.relationshipTypes(types)
        return Double(tables.reduce(0) { $0 + view.rowCount(.relationship, $1) })
    }
}
