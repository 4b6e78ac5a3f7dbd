// What the planner asks about the graph: names, procedures, indexes and numbers of rows. It sees no data but in
// statistics.

import DeedEngine
import DeedExecution
import DeedValues

package protocol PlannerCatalog {
    /// nil if there is no such procedure.
    func procedure(named name: String) -> ProcedureShape?
    /// The names of all procedures, for suggestions.
    var procedureNames: [String] { get }
    /// What labels, relationship types and property keys are called; for suggestions.
    func names(of kind: CatalogName) -> [String]
    /// False only if nothing in the store ever had the name.
    func mayExist(_ kind: CatalogName, _ name: String) -> Bool
    /// True if a look-up by these properties would find every entity with the label.
    func hasIndex(label: String, properties: [String]) -> Bool
    /// Entities with the label, or all of them; an estimate.
    func entityCount(label: String?) -> Double
    /// Relationships of these types (empty: all); an estimate.
    func relationshipCount(types: [String]) -> Double
    /// Of these those from entities with one label to entities with another; nil: any.
    func relationshipCount(types: [String], from source: String?, to target: String?) -> Double
    /// What is known of a property's values in each of the tables that entities with all these labels may be in; empty if
    /// nothing is.
    func statistics(of property: String, labels: [String]) -> [PropertyStatistics]
    /// The same for relationships of these types (empty: all).
    func statistics(of property: String, types: [String]) -> [PropertyStatistics]
    /// What SQL calls the database.
    var databaseName: String { get }
    /// The collection or relationship type of that name, or else the one whose name differs by case only.
    func table(named name: String) -> SQLTable?
    /// The names of all collections and relationship types that have rows or a schema.
    var tableNames: [String] { get }
    /// The view of that name, or else the one whose name differs by case only.
    func view(named name: String) -> SQLView?
}

/// A query under a name.
package struct SQLView: Sendable {
    package let name: String
    /// Names of its columns that are not those of the query.
    package let columns: [String]
    package let text: String
    package init(name: String, columns: [String], text: String) { (self.name, self.columns, self.text) = (name, columns, text) }
}

/// A collection or relationship type as SQL sees it.
package struct SQLTable: Sendable {
    package struct Column: Sendable {
        package let name: String
        package let type: SQLType
        /// What a new row has that does not name the column; nil: nothing.
        package let defaultValue: Value?
        package init(name: String, type: SQLType, defaultValue: Value? = nil) {
            (self.name, self.type, self.defaultValue) = (name, type, defaultValue)
        }
    }
    package let name: String
    package let isRelationship: Bool
    /// Of a table that was defined those of the definition, in its order; of others all properties that its rows have.
    package let columns: [Column]
    /// Properties that rows have beside the columns; they can be named, but are not part of `*`.
    package let others: [Column]

    package init(name: String, isRelationship: Bool, columns: [Column], others: [Column]) {
        (self.name, self.isRelationship, self.columns, self.others) = (name, isRelationship, columns, others)
    }
}

package enum CatalogName: String, Sendable {
    case label
    case relationshipType = "relationship type"
    case property
}

/// How a procedure is called.
package struct ProcedureShape: Sendable {
    package let name: String
    /// Types as in signatures: `STRING?`, `INTEGER?`, ...
    package let inputs: [(name: String, type: String)]
    package let outputs: [(name: String, type: String)]
    package let writes: Bool

    package init(
        name: String, inputs: [(name: String, type: String)], outputs: [(name: String, type: String)], writes: Bool
    ) {
        (self.name, self.inputs, self.outputs, self.writes) = (name, inputs, outputs, writes)
    }
}
