// Procedures that `CALL` can name: a signature and what gives the rows. Those of the database itself are in
// BuiltInProcedures.swift; a database may register tables as procedures beside them.

import DeedValues
import Synchronization

package struct ProcedureSignature: Sendable {
    package struct Field: Sendable {
        package let name: String
        /// As written, such as `INTEGER?`.
        package let type: String
        package init(_ name: String, _ type: String) { (self.name, self.type) = (name, type) }
    }

    /// With its namespaces: `db.labels`.
    package let name: String
    package let inputs: [Field]
    /// Empty: the procedure gives nothing, and a row that calls it goes on as it is.
    package let outputs: [Field]
    /// True if it changes the store.
    package let writes: Bool

    package init(name: String, inputs: [Field] = [], outputs: [Field] = [], writes: Bool = false) {
        (self.name, self.inputs, self.outputs, self.writes) = (name, inputs, outputs, writes)
    }

    /// As it is written: `db.labels() :: (label :: STRING)`.
    var text: String {
        func list(_ fields: [Field]) -> String { "(" + fields.map { "\($0.name) :: \($0.type)" }.joined(separator: ", ") + ")" }
        return "\(name)\(list(inputs)) :: \(outputs.isEmpty ? "VOID" : list(outputs))"
    }
}

package protocol Procedure: Sendable {
    var signature: ProcedureSignature { get }
    /// False for what lists of procedures leave out: the catalogue tables of SQL.
    var isListed: Bool { get }
    /// Rows of values in the order of the outputs.
    func rows(_ arguments: [Value], _ context: QueryContext) throws -> [[Value]]
}

extension Procedure {
    package var isListed: Bool { true }
}

/// A table under a name: the rows whose first columns equal the arguments, with the columns that follow.
package struct TableProcedure: Procedure {
    package let signature: ProcedureSignature
    private let table: [[Value]]

    /// Each row has the inputs, then the outputs.
    package init(_ signature: ProcedureSignature, rows: [[Value]]) { (self.signature, table) = (signature, rows) }

    package func rows(_ arguments: [Value], _ context: QueryContext) -> [[Value]] {
        let count = signature.inputs.count
        guard arguments.count == count else { return [] }
        return table.filter { $0.count >= count && Value.areEquivalent(Array($0[..<count]), arguments) }
            .map { Array($0[count...]) }
    }
}

/// Those of one database, by name.
package final class Procedures: Sendable {
    private let byName = Mutex<[String: any Procedure]>([:])

    /// What every database has.
    package static let builtIn = Procedures(BuiltInProcedures.all)

    package init(_ procedures: [any Procedure]) { for procedure in procedures { register(procedure) } }

    package func register(_ procedure: any Procedure) { byName.withLock { $0[procedure.signature.name] = procedure } }
    package func named(_ name: String) -> (any Procedure)? { byName.withLock { $0[name] } }
    /// Of those that are listed, in alphabetical order.
    package var names: [String] { byName.withLock { $0.filter(\.value.isListed).keys.sorted() } }
}
