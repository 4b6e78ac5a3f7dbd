// The planner's view of a graph: names, indexes and numbers of rows.

import DeedEngine
import DeedExecution
import DeedPlanner

struct GraphCatalog: PlannerCatalog {
    let view: GraphView
    let procedures: ProcedureRegistry

    func procedure(named name: String) -> ProcedureShape? {
        guard let signature = procedures.named(name)?.signature else { return nil }
        return ProcedureShape(
            name: signature.name, inputs: signature.inputs.map { ($0.name, $0.type) },
            outputs: signature.outputs.map { ($0.name, $0.type) }, writes: signature.writes)
    }

    var procedureNames: [String] { procedures.names }

    func hasIndex(label: String, properties: [String]) -> Bool {
        // Entities that have the label without belonging to its collection are in no index of it.
        let collections = view.collections(label: label)
        guard collections.count == 1, view.hasOnlyItsLabel(collections[0]) else { return false }
        var keys: [NameId] = []
        for property in properties {
            guard let key = view.propertyKey(property) else { return false }
            keys.append(key)
        }
        return view.hasIndex(.entity, collections[0], keys)
    }

    func entityCount(label: String?) -> Double {
        return Double(view.collections(label: label).reduce(0) { $0 + view.rowCount(.entity, $1) })
    }

    func relationshipCount(types: [String]) -> Double {
        let tables = types.isEmpty ? view.allRelationshipTypes() : view.relationshipTypes(types)
        return Double(tables.reduce(0) { $0 + view.rowCount(.relationship, $1) })
    }
}
