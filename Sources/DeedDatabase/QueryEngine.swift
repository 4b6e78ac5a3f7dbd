// Runs statements on a graph: from text to results.
//
// A query that only reads runs while its result is fetched, on the snapshot that it began with. One that changes something
// runs to its end before anything is handed out: in the caller's transaction it undoes itself when it fails, and only
// itself; without one it is a transaction of its own.

import DeedEngine
import DeedExecution
import DeedPlanner
import DeedSyntax
import DeedValues
import Synchronization

/// Of statements.
package typealias QueryLanguage = DeedSyntax.QueryLanguage

package struct ExecutionOptions {
    /// Seconds; nil for no limit.
    package var timeout: Double?
    package var threads = 1
    /// nil: the text tells (QueryLanguage).
    package var language: QueryLanguage?
    /// Asked now and then on the thread that runs the query; false ends it with `Interrupted`.
    private(set) var keepGoing: KeepGoing?
    package init() {}

    /// `function` is called with `data`.
    package mutating func ask(
        _ function: @escaping @convention(c) (UnsafeMutableRawPointer?) -> Bool, _ data: UnsafeMutableRawPointer?
    ) {
        keepGoing = KeepGoing(function, data)
    }
}

package final class QueryEngine: @unchecked Sendable {
    package let graph: Graph
    let procedures = Procedures.withLanguage()
    package let reports = ReportRing()
    private let memory = PlanMemory()
    let pins = PlanPins()
    let namedStatements = Mutex<[NameKey: NamedStatement]>([:])

    let knownChecks = Mutex<KnownChecks?>(nil)

    package init(_ graph: Graph) {
        self.graph = graph
        graph.setRowCheck { [weak self] transaction throws(DeedError) in try self?.requireChecksAtCommit(transaction) }
    }

    /// Makes a table available to CALL: rows of inputs and then outputs, under a signature such as
    /// `name(input :: TYPE) :: (output :: TYPE)`.
    package func register(_ signature: String, rows: [[Value]]) throws {
        let signature = try ProcedureSignature(parsing: signature)
        let width = signature.inputs.count + signature.outputs.count
        if let row = rows.first(where: { $0.count != width }) {
            throw DeedError(.invalidArgument, "a row of \(row.count) values for a signature of \(width)")
        }
        procedures.register(TableProcedure(signature, rows: rows))
    }

    // MARK: Preparing

    /// The statement behind a text: a plan that is remembered, or a new one.
    package func prepare(_ text: String, _ options: ExecutionOptions = ExecutionOptions()) throws -> PreparedStatement {
        do {
            return try makeReady(text, options)
        } catch let error as QueryError {
            guard let position = error.position else { throw error }
            throw QueryError(error.kind, error.detail, "\(error.message)\n\(renderSource(position, in: text))", at: position)
        }
    }

    func makeReady(_ text: String, _ options: ExecutionOptions) throws -> PreparedStatement {
        let state = state
        let key = options.language.map { "\($0)\0\(text)" } ?? text
        if let known = memory.find(key), isGood(known, state) { return .query(known) }
        if options.language ?? languageOf(text) == .sql { return try makeReadySQL(text, key, options) }
        let normal = normalizeCypher(text)
        let literals = normal?.literals ?? [:]
        if let normal, let known = memory.find(shape: normal.key, literals), isGood(known, state) {
            let query = known.with(text: text, literals: literals)
            memory.remember(query, as: key)
            return .query(query)
        }
        let account = try chargePlanning(text)
        defer { account.clear() }
        let interruption = Interruption(timeout: options.timeout, keepGoing: options.keepGoing)
        if let normal, let query = try planNormal(text, normal, interruption) {
            memory.remember(query, as: key)
            memory.remember(query, forShape: normal.key, literals)
            return .query(query)
        }
        try interruption.check()
        // Commands have no normal form; and what is wrong with a text is said of the text as it is.
        switch try parse(text, nil) {
        case .schema(let command): return .schema(PreparedCommand(command))
        case .transaction(let command): return .transaction(command)
        case .query(let query, let mode):
            let source = PlanSource(text: text, shape: text, mode: mode, literals: [:])
            let prepared = try plan(query, source, interruption)
            memory.remember(prepared, as: key)
            return .query(prepared)
        }
    }

    /// `key`: what the statement is remembered by.
    private func makeReadySQL(_ text: String, _ key: String, _ options: ExecutionOptions) throws -> PreparedStatement {
        let account = try chargePlanning(text)
        defer { account.clear() }
        let interruption = Interruption(timeout: options.timeout, keepGoing: options.keepGoing)
        let statement: SQLStatement
        do throws(SyntaxError) {
            statement = try parseSQL(text)
        } catch {
            throw QueryError(.syntaxError, error.detail, error.message, at: error.range)
        }
        guard let (inner, mode) = statement.planned else {
            let source = PlanSource(text: text, shape: text, mode: .run, literals: [:])
            let arguments = try Self.arguments(of: statement).map { query in
                try plan(source) { planner in try planner.plan(SQLStatement(.select(query), statement.range)) }
            }
            return .sql(PreparedSQLCommand(statement, text, arguments))
        }
        let source = PlanSource(text: text, shape: text, mode: mode, literals: [:])
        let prepared = try plan(source) { planner in try planner.plan(inner) }
        memory.remember(prepared, as: key)
        return .query(prepared)

        func plan(_ source: PlanSource, _ body: (Planner) throws -> PlannedQuery) throws -> PreparedQuery {
            var basis = PlanBasis(graph: state)
            let catalog = GraphCatalog(view: try GraphView(graph, nil), procedures: procedures)
            let planned = try body(Planner(catalog: catalog, interruption: interruption, text: source.text))
            (basis.sizes, basis.statistics, basis.openTables) = (catalog.used.sizes, catalog.used.values, catalog.used.open)
            return PreparedQuery(
                text: source.text, shape: source.shape, plan: planned.plan, mode: source.mode, literals: [:], basis: basis,
                pin: PlanPins.Found(version: pins.version, pin: nil), guesses: planned.guesses)
        }
    }

    /// Room for the tree and the plan of a text, which are made of small objects that nobody counts one by one.
    func chargePlanning(_ text: String) throws -> MemoryAccount {
        let account = MemoryAccount(graph)
        try account.charge(text.utf8.count * Self.planningBytesPerByte)
        return account
    }

    /// What a byte of text comes to at most while it is planned: in a list of digits every two bytes are a node of the tree.
    private static let planningBytesPerByte = 160

    /// A plan in which the literals of the text are parameters; nil if the text is no query, or wrong.
    func planNormal(
        _ text: String, _ normal: NormalizedQuery, _ interruption: Interruption, following given: PlanDocument? = nil
    ) throws -> PreparedQuery? {
        do {
            guard case .query(let query, let mode) = try parse(text, normal) else { return nil }
            let source = PlanSource(text: text, shape: normal.key, mode: mode, literals: normal.literals)
            return try plan(query, source, interruption, following: given)
        } catch let error as DeedError {
            throw error
        } catch {
            return nil
        }
    }

    /// What a plan is made of beside the tree.
    struct PlanSource {
        let text: String
        let shape: String
        let mode: ExecutionMode
        let literals: [String: Value]
    }

    /// `given`: the plan to follow; nil for the one that is set for the shape, or else the planner's own.
    func plan(
        _ query: Query, _ source: PlanSource, _ interruption: Interruption, following given: PlanDocument? = nil
    ) throws -> PreparedQuery {
        var basis = PlanBasis(graph: state)
        let view = try GraphView(graph, nil)
        let catalog = GraphCatalog(view: view, procedures: procedures)
        let planner = Planner(catalog: catalog, interruption: interruption, literals: source.literals, text: source.text)
        let shape = PreparedQuery.planShape(source.shape, source.mode)
        var pin = PlanPins.Found(version: pins.version, pin: nil)
        let planned: PlannedQuery
        if let given {
            planned = try follow(given, query, shape, planner)
        } else {
            (planned, pin) = try self.plan(query, shape, planner)
        }
        (basis.sizes, basis.statistics, basis.openTables) = (catalog.used.sizes, catalog.used.values, catalog.used.open)
        return PreparedQuery(
            text: source.text, shape: source.shape, plan: planned.plan, mode: source.mode, literals: source.literals, basis: basis,
            pin: pin, guesses: planned.guesses)
    }

    private func isGood(_ query: PreparedQuery, _ state: GraphState) -> Bool {
        query.basis.isGood(for: state) && pins.isGood(query) && query.basis.openTables.allSatisfy { $0.isSame(in: graph) }
    }

    func parse(_ text: String, _ lifting: NormalizedQuery?) throws -> Statement {
        do throws(SyntaxError) {
            return try parseCypher(text, lifting: lifting)
        } catch {
            throw QueryError(.syntaxError, error.detail, error.message, at: error.range)
        }
    }

    var state: GraphState {
        let rows = graph.rowTotals()
        return GraphState(
            schemaVersion: graph.schema.changes, labelVersion: graph.labelVersion, entities: rows.entities,
            relationships: rows.relationships)
    }

    // MARK: Running

    /// False if the statement has to be prepared anew: its plan has grown old, or was odd when it was made. One that is odd is
    /// not planned anew for the execution that it was prepared for.
    package func isCurrent(_ statement: PreparedStatement, isFresh: Bool) -> Bool {
        switch statement {
        case .query(let query): return (!query.isOdd || isFresh) && isGood(query, state)
        case .sql(let prepared): return prepared.arguments.map { isGood($0, state) } ?? true
        default: return true
        }
    }

    /// The bindings are of the statement's parameters.
    package func execute(
        _ statement: PreparedStatement, _ bindings: Bindings, transaction: Transaction?, options: ExecutionOptions
    ) throws -> QueryResult {
        switch statement {
        case .query(let query):
            if case .explain = query.mode { return try QueryResult.text(explain(query.plan.root), column: "plan", graph) }
            try query.requireAll(bindings)
            return try run(query, bindings, transaction, options)
        case .schema(let prepared): return try runSchemaCommand(prepared.command)
        case .sql(let prepared): return try run(prepared, bindings, in: transaction, options)
        case .transaction(let command):
            try run(command, in: transaction)
            return try QueryResult(columns: [], rows: [], graph)
        }
    }

    /// Transactions that statements begin belong to the thread that runs them.
    func run(_ command: TransactionCommand, in transaction: Transaction?) throws {
        try requireOfThread(transaction)
        switch command {
        case .begin: try begin(TransactionOptions(), besides: transaction)
        case .commit: if try !graph.commitOnThread() { throw Self.noTransaction("COMMIT") }
        case .rollback: if !graph.rollbackOnThread() { throw Self.noTransaction("ROLLBACK") }
        }
    }

    func requireOfThread(_ transaction: Transaction?) throws {
        guard let transaction, transaction !== graph.threadTransactionAtRest else { return }
        throw QueryError(
            .semanticError, "InvalidTransactionState",
            "this transaction has a handle, and is ended by its commit() or rollback(); BEGIN, COMMIT and ROLLBACK are for the "
                + "database itself")
    }

    /// Begins a transaction of the thread, which has `open`.
    func begin(_ options: TransactionOptions, besides open: Transaction?) throws {
        if open != nil {
            throw QueryError(
                .semanticError, "ActiveTransaction", "the thread has a transaction already: COMMIT or ROLLBACK comes first")
        }
        try graph.beginOnThread(options)
    }

    static func noTransaction(_ command: String) -> QueryError {
        QueryError(.semanticError, "NoActiveTransaction", "\(command) without BEGIN: this thread has no transaction")
    }

    private func run(
        _ query: PreparedQuery, _ bindings: Bindings, _ transaction: Transaction?, _ options: ExecutionOptions
    ) throws -> QueryResult {
        if query.plan.commitsInBetween { return try runInBatches(query, bindings, transaction, options) }
        if query.plan.isReadOnly {
            let result = try open(query, bindings, transaction, options)
            if case .profile = query.mode { return try profiled(result, query) }
            return result
        }
        if let transaction {
            if transaction.isReadOnly { throw DeedError(.readOnly, "the transaction was begun for reading only") }
            return try change(query, bindings, transaction, options) { savepoint in try requireChecks(transaction, since: savepoint) }
        }
        let own = try graph.begin(readOnly: false)
        do {
            // Its rows are looked at when it commits.
            let result = try change(query, bindings, own, options) { _ in }
            try graph.commit(own)
            return result
        } catch {
            graph.rollback(own)
            throw error
        }
    }

    /// Runs a query that commits in between to its end.
    private func runInBatches(
        _ query: PreparedQuery, _ bindings: Bindings, _ transaction: Transaction?, _ options: ExecutionOptions
    ) throws -> QueryResult {
        if transaction != nil {
            throw QueryError(
                .semanticError, "InvalidTransactionState",
                "CALL { } IN TRANSACTIONS commits by itself, so it cannot run within a transaction")
        }
        let result = try open(query, bindings, nil, options)
        if case .profile = query.mode { return try profiled(result, query) }
        try result.materialize()
        return result
    }

    /// A result whose rows are computed as they are fetched.
    private func open(
        _ query: PreparedQuery, _ bindings: Bindings, _ transaction: Transaction?, _ options: ExecutionOptions
    ) throws -> QueryResult {
        let now = Clock.microseconds()
        let (seconds, nanoseconds) = (now / 1_000_000, UInt32(truncatingIfNeeded: now % 1_000_000 * 1_000))
        let threads = query.plan.isReadOnly ? options.threads : 1
        let isSmall = query.isSmall && bindings.values.allSatisfy(PlanInstances.isSmall)
        if isSmall, let known = query.instances.take() {
            query.setParameters(of: known.context, bindings)
            try known.context.begin(
                transaction, seconds: seconds, nanoseconds: nanoseconds, threads: threads, timeout: options.timeout,
                keepGoing: options.keepGoing)
            known.begin(query, reports)
            return known
        }
        let context = QueryContext(
            view: try GraphView(graph, transaction), parameters: query.arguments(bindings),
            functions: FunctionContext(seconds: seconds, nanoseconds: nanoseconds),
            slotCount: query.plan.slotCount, threads: threads,
            interruption: Interruption(timeout: options.timeout, keepGoing: options.keepGoing), procedures: procedures,
            operators: query.plan.operators, isReadOnly: query.plan.isReadOnly && !query.plan.commitsInBetween)
        context.isReusable = isSmall
        return QueryResult(query, try PlanInstance(query.plan, context), reports)
    }

    /// Runs a query that changes something to its end; when it fails, or what `require` asks for then, what it did is undone.
    private func change(
        _ query: PreparedQuery, _ bindings: Bindings, _ transaction: Transaction, _ options: ExecutionOptions,
        _ require: (GraphView.Savepoint) throws -> Void
    ) throws -> QueryResult {
        let result = try open(query, bindings, transaction, options)
        let savepoint = try result.context.view.savepoint()
        do {
            try result.materialize()
            let shown = if case .profile = query.mode { try profiled(result, query) } else { result }
            try require(savepoint)
            return shown
        } catch {
            result.context.view.rollback(to: savepoint)
            throw error
        }
    }

    private func profiled(_ result: QueryResult, _ query: PreparedQuery) throws -> QueryResult {
        while try result.next() != nil {}
        return try QueryResult.text(explain(query.plan.root, counts: result.context.counts), column: "plan", graph)
    }
}

/// Handed on with every execution, so it is a reference or less.
package enum PreparedStatement: Sendable {
    case query(PreparedQuery)
    case schema(PreparedCommand)
    case sql(PreparedSQLCommand)
    case transaction(TransactionCommand)
}

package final class PreparedCommand: Sendable {
    let command: SchemaCommand

    init(_ command: SchemaCommand) { self.command = command }
}

extension PreparedStatement {
    /// True if executing it is only the beginning: its rows are computed as they are fetched.
    package var onlyBegins: Bool {
        guard case .query(let query) = self else { return false }
        return query.isRun && query.plan.isReadOnly && !query.plan.commitsInBetween
    }

    /// True if it begins, ends or changes a transaction, and does nothing in it.
    package var isAboutTransaction: Bool {
        switch self {
        case .transaction: true
        case .sql(let prepared): if case .transaction = prepared.statement.kind { true } else { false }
        default: false
        }
    }

    /// The names of its parameters, in order of mention.
    package var parameters: [String] {
        switch self {
        case .query(let query): query.parameters
        case .sql(let prepared): prepared.arguments?.parameters ?? []
        default: []
        }
    }
}

extension NormalizedQuery {
    var literals: [String: Value] {
        Dictionary(
            values.map { parameter, literal in
                switch literal {
                case .integer(let value): (parameter, .int(value))
                case .float(let value): (parameter, .float(value))
                case .string(let value): (parameter, .string(value))
                }
            }, uniquingKeysWith: { first, _ in first })
    }
}
