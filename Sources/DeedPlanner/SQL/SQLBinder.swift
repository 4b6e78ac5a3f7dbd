// From a tree of SQL to a plan. Names are resolved to columns of relations, expressions get types, and each part of a statement is
// lowered to the operators that all languages share: a table of FROM is an entity (or a relationship) of a query graph, so that joins
// of tables are planned as patterns are.
//
// The binder of Cypher (`core`) keeps what does not depend on the language: slots, steps, parameters, choices, and the way from a
// query graph to operators.

import DeedEngine
import DeedExecution
import DeedSyntax
import DeedValues

extension Planner {
    /// The plan of a statement that is a query or changes rows.
    package func plan(_ statement: SQLStatement) throws -> PlannedQuery {
        let core = Binder(catalog, interruption, literals, text: text, following: nil)
        let binder = SQLBinder(core)
        return planned(try binder.bind(statement), core)
    }

    /// The plan that gives every row of a table another value of a column, as one of another type.
    package func planConversion(
        of column: Name, in table: ObjectName, to type: SQLType, using value: Expression?
    ) throws -> PlannedQuery {
        let core = Binder(catalog, interruption, literals, following: nil)
        return planned(try SQLBinder(core).bindConversion(of: column, in: table, to: type, using: value), core)
    }

    func planned(_ bound: BoundQuery, _ core: Binder) -> PlannedQuery {
        var root = bound.plan
        if core.writes && bound.columns.isEmpty, case .eager(let child) = root.kind { root = child }
        let plan = QueryPlan(
            root: root, choices: core.choices, columns: bound.columns, slotCount: core.slotCount, isReadOnly: !core.writes,
            parameters: core.parameters, notices: core.notices)
        return PlannedQuery(plan: plan, guesses: core.estimator.guesses)
    }
}

extension Planner {
    /// The columns of a query.
    package func columns(of query: SelectQuery) throws -> [SQLOutput] {
        let binder = SQLBinder(Binder(catalog, interruption, literals, following: nil))
        return try binder.bind(query, outer: nil, from: BoundQuery.start(Scope())).columns
    }

    /// The value of an expression without columns, as one of the type; nil if it is not known before anything runs.
    package func constant(_ expression: Expression, as type: SQLType) throws -> Value? {
        let binder = SQLBinder(Binder(catalog, interruption, literals, following: nil))
        let value = try binder.bind(expression, SQLContext(SQLScope(outer: nil), clause: "a definition"))
        guard case .constant(let constant) = binder.cast(value, to: type).expr else { return nil }
        return constant
    }

    /// A value of one type as one of another; nil if there is none.
    package func constant(_ value: Value, _ type: SQLType, as wanted: SQLType) -> Value? {
        let binder = SQLBinder(Binder(catalog, interruption, literals, following: nil))
        guard case .constant(let constant) = binder.cast(SQLValue(.constant(value), type), to: wanted).expr else { return nil }
        return constant
    }
}

final class SQLBinder {
    let core: Binder
    /// Tables of WITH, the innermost last.
    var commonTables: [(name: String, table: BoundCommonTable)] = []
    /// How many expressions are around what is being bound.
    var subqueryDepth = 0
    /// What queries in expressions come to that have been made joins, by their place.
    var joinedQueries: [SourceRange: SQLValue] = [:]
    private var nestings = 0
    /// How often the query of a view or of a table of WITH has been put in its place: one that has the one before it twice, and so
    /// on, grows without bound.
    private var insertions = 0
    private static let insertionsMax = 1_000

    init(_ core: Binder) { self.core = core }

    func bind(_ statement: SQLStatement) throws -> BoundQuery {
        switch statement.kind {
        case .select(let query):
            let bound = try bind(query, outer: nil, from: BoundQuery.start(Scope()))
            return bound.query
        case .insert(let insert): return try bind(insert, at: statement.range)
        case .update(let update): return try bind(update)
        case .delete(let delete): return try bind(delete)
        case .merge(let merge): return try bind(merge, at: statement.range)
        default: throw unsupported("this statement", at: statement.range)
        }
    }

    func unsupported(_ what: String, at range: SourceRange) -> QueryError {
        QueryError(.syntaxError, "FeatureNotSupported", "\(what) is not supported yet", at: range)
    }

    func failure(_ detail: String, _ message: String, at range: SourceRange) -> QueryError {
        QueryError(.syntaxError, detail, message, at: range)
    }

    /// One more level of recursion while `body` runs.
    func nested<Result>(at range: SourceRange, _ body: () throws -> Result) throws -> Result {
        core.depth += 1
        defer { core.depth -= 1 }
        guard core.depth <= Binder.depthMax else {
            throw failure("NestingTooDeep", "the statement is nested too deeply here (\(core.depth) levels)", at: range)
        }
        try core.requireStack(at: range)
        nestings &+= 1
        if nestings & 63 == 0 { try core.interruption.check() }
        return try body()
    }

    func noteInsertion(at range: SourceRange) throws {
        insertions += 1
        if insertions > Self.insertionsMax {
            throw failure(
                "StatementTooComplex", "views and tables of WITH stand for more than \(Self.insertionsMax) queries up to here", at: range)
        }
    }
}

/// A query of SQL with its columns.
struct BoundSelect {
    var query: BoundQuery
    var columns: [SQLOutput]
}

package struct SQLOutput {
    package var name: String
    var slot: Slot
    package var type: SQLType
}

/// A table of WITH.
indirect enum BoundCommonTable {
    /// Bound anew wherever it is used, as if it stood there. `visible`: how many tables of WITH it sees itself.
    case query(SelectQuery, columns: [Name], visible: Int)
    /// One that refers to itself.
    case recursive(SelectQuery, name: Name, columns: [Name], visible: Int)
    /// Within a recursive one: the rows of the round before.
    case working(Slot, [SQLOutput])
    /// One that is used in several places.
    case shared(SharedCommonTable)
}

/// A table of WITH whose rows are computed once.
final class SharedCommonTable {
    let table: BoundCommonTable
    /// Since it was used first.
    var bound: BoundSelect?
    private var number: Slot?

    init(_ table: BoundCommonTable) { self.table = table }

    /// By which its rows are known while the plan runs.
    func number(_ new: () -> Slot) -> Slot {
        let number = number ?? new()
        self.number = number
        return number
    }
}
