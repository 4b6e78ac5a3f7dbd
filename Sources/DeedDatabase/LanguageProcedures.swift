// Procedures that list the language itself: its functions and its keywords, and the catalogue tables of SQL. They stand here since only
// this layer knows the syntax, the planner and the executor at once. The page of the language is tested against them.

import DeedExecution
import DeedPlanner
import DeedSyntax
import DeedValues

extension Procedures {
    /// What every database has at first.
    static func withLanguage() -> Procedures { Procedures(BuiltInProcedures.all + [functions, keywords] + SQLCatalogTable.all) }

    private static let functions = TableProcedure(
        ProcedureSignature(
            name: "deed.functions",
            outputs: [
                .init("name", "STRING"), .init("category", "STRING"), .init("argumentsMin", "INTEGER"),
                .init("argumentsMax", "INTEGER?"),
            ]),
        rows: FunctionShape.all.map { function in
            let most = function.arity.upperBound
            return [
                .string(function.name), .string(function.isAggregate ? "aggregate" : "scalar"),
                .int(Int64(function.arity.lowerBound)), most == .max ? .null : .int(Int64(most)),
            ]
        })

    private static let keywords = TableProcedure(
        ProcedureSignature(name: "deed.keywords", outputs: [.init("keyword", "STRING")]),
        rows: cypherKeywords.sorted().map { [.string($0)] })
}
