// What the operators of one running query share.

import DeedEngine
import DeedValues

package final class QueryContext: @unchecked Sendable {
    /// Of the present execution.
    package private(set) var view: GraphView
    /// Of the view, which keeps it alive.
    private var graph: Unmanaged<Graph>
    package private(set) var parameters: Parameters
    package private(set) var functions: FunctionContext
    /// Slots of the plan.
    package let slotCount: Int
    /// Rows that an operator hands on at once, at most; no more than `Chunk.rowsMax`.
    let chunkRows: Int
    /// What the rows that operators hold may take.
    let memory: QueryMemory
    /// Worker threads that a pipeline may use.
    package private(set) var threads: Int
    package let counters = WriteCounters()
    package let procedures: Procedures
    /// What the operators have done in the present execution.
    package let counts: OperatorCounts
    /// Counts executions: what an evaluator remembers of one is good for that one only.
    package private(set) var execution = 1
    /// True if nothing changes what the query sees while it runs.
    package let isReadOnly: Bool
    /// False if something that was made for this context cannot begin anew for another execution.
    package var isReusable = true
    /// What can end the present execution.
    package let interruption: Interruption
    /// By number.
    private var sifts: [Slot: JoinSift] = [:]
    private var workingTables: [Slot: WorkingTable] = [:]
    /// Of the query, its workers included.
    let sharedTables: SharedTables
    /// Those of a chunk that nobody has any more, all empty; or none.
    private var spareColumns: [ChunkColumn?] = []
    /// For one of the workers of a query: what it is part of.
    private let team: Team?
    /// Workers that share a part of the query's work; 1 beside them.
    var teamSize: Int { team?.size ?? 1 }
    /// On the thread that runs the query, which alone may ask it whether to go on.
    private var isCaller = true

    package init(
        view: GraphView, parameters: Parameters, functions: FunctionContext, slotCount: Int, threads: Int = 1,
        interruption: Interruption = Interruption(), procedures: Procedures = .builtIn, operators: PlanOperators = .none,
        isReadOnly: Bool = false
    ) {
        self.isReadOnly = isReadOnly
        (self.view, self.parameters, self.functions) = (view, parameters, functions)
        graph = .passUnretained(view.graph)
        (self.slotCount, self.threads, self.interruption) = (slotCount, threads, interruption)
        (self.procedures, counts) = (procedures, OperatorCounts(operators))
        memory = QueryMemory(limit: view.graph.queryMemory)
        chunkRows = view.graph.options.chunkRows
        sharedTables = SharedTables()
        team = nil
    }

    /// For a part of a query that has a view and counters of its own, and ends with the query.
    init(within query: QueryContext, view: GraphView) {
        (self.view, parameters, functions, procedures) = (view, query.parameters, query.functions, query.procedures)
        graph = .passUnretained(view.graph)
        (slotCount, threads, interruption, counts) = (query.slotCount, 1, query.interruption, query.counts)
        (memory, chunkRows) = (query.memory, query.chunkRows)
        // It has a view of its own.
        sharedTables = SharedTables()
        team = nil
        isReadOnly = false
    }

    /// What comes from now on sees what has been committed by now. Only without a transaction, and on one thread.
    func renewView() throws { view = try GraphView(view.graph, nil) }

    /// For worker `number` of some of a query's work. It has no workers of its own.
    init(_ team: Team, worker number: Int) {
        let query = team.query
        (view, parameters, functions, procedures) = (query.view, query.parameters, query.functions, query.procedures)
        graph = query.graph
        (slotCount, threads, interruption) = (query.slotCount, 1, query.interruption)
        counts = OperatorCounts(query.counts.operators)
        (memory, chunkRows, sharedTables) = (query.memory, query.chunkRows, query.sharedTables)
        self.team = team
        isReadOnly = query.isReadOnly
        isCaller = number == 0
    }

    /// Another execution of what was made for this context, after `end`. The parameters have their values.
    package func begin(
        _ transaction: Transaction?, seconds: Int64, nanoseconds: UInt32, threads: Int, timeout: Double?, keepGoing: KeepGoing?
    ) throws(DeedError) {
        try view.begin(transaction)
        (functions.seconds, functions.nanoseconds, self.threads) = (seconds, nanoseconds, threads)
        interruption.begin(timeout: timeout, keepGoing: keepGoing)
        execution += 1
        counters.clear()
    }

    /// Gives a parameter another value, for an execution that is about to begin.
    package func setParameter(_ position: Int, _ value: Value) { parameters.values[position] = value }

    /// Lets go of what belongs to one execution; `begin` comes before the next. False if somebody still has the view: then there
    /// is no next one.
    package func end() -> Bool {
        for position in parameters.values.indices { parameters.values[position] = .null }
        guard isKnownUniquelyReferenced(&view) else { return false }
        view.end()
        return true
    }

    /// A chunk without columns: `Chunk(slots:count:)`, which makes an array, but for the last one that was recycled.
    func bareChunk(slots: Int, count: Int) -> Chunk {
        guard spareColumns.count == slots else { return Chunk(slots: slots, count: count) }
        var columns: [ChunkColumn?] = []
        swap(&columns, &spareColumns)
        return Chunk(columns: columns, count: count)
    }

    /// A plan that waits is not to hold more than a few kilobytes.
    private static let spareMax = 256

    /// Takes the columns of a chunk that the query has given out, and that is not needed any more.
    package func recycle(_ chunk: inout Chunk) {
        guard chunk.columns.count == slotCount, slotCount <= Self.spareMax else { return }
        for slot in chunk.columns.indices where chunk.columns[slot] != nil { chunk.columns[slot] = nil }
        swap(&chunk.columns, &spareColumns)
    }

    /// What a join and what is below it have in common. While operators are made.
    func sift(_ number: Slot) -> JoinSift {
        if let known = sifts[number] { return known }
        let new = JoinSift()
        sifts[number] = new
        return new
    }

    /// What the steps of a recursion read. While operators are made.
    func workingTable(_ number: Slot) -> WorkingTable {
        if let known = workingTables[number] { return known }
        let new = WorkingTable()
        workingTables[number] = new
        return new
    }

    /// Makes the query end soon with `Interrupted`. Any thread.
    package func interrupt() { interruption.request() }

    /// Throws if the query is to end now. Called once for each chunk, and in loops without bound.
    @inline(__always)
    package func checkInterrupt() throws {
        try graph.withoutCounting { graph throws(DeedError) in try graph.requireStaying() }
        guard let team else { return try interruption.check() }
        if team.isGivenUp { throw DeedError(.interrupted, "another worker of the query failed") }
        if isCaller { try interruption.check() } else { try interruption.checkTime() }
    }
}

/// The values of a query's parameters, by position in the names that its plan has for them.
package struct Parameters: Sendable {
    package let names: [String]
    package fileprivate(set) var values: [Value]

    package init(names: [String], values: [Value]) { (self.names, self.values) = (names, values) }

    package init(_ values: [String: Value] = [:]) { (names, self.values) = (Array(values.keys), Array(values.values)) }

    package func position(_ name: String) -> Int? {
        let name = NameKey(name)
        return names.firstIndex { NameKey($0) == name }
    }
}

/// What a query changed.
package final class WriteCounters: @unchecked Sendable {
    package var nodesCreated = 0
    package var nodesDeleted = 0
    package var relationshipsCreated = 0
    package var relationshipsDeleted = 0
    /// Values written or removed.
    package var propertiesSet = 0
    /// Values that are there now and were not before; one that replaces another is among these and among those removed.
    package var propertiesAdded = 0
    package var propertiesRemoved = 0
    package var labelsAdded = 0
    package var labelsRemoved = 0
    package init() {}

    /// For another statement.
    func clear() {
        (nodesCreated, nodesDeleted, relationshipsCreated, relationshipsDeleted) = (0, 0, 0, 0)
        (propertiesSet, propertiesAdded, propertiesRemoved, labelsAdded, labelsRemoved) = (0, 0, 0, 0, 0)
    }

    func add(_ other: WriteCounters) {
        nodesCreated += other.nodesCreated
        nodesDeleted += other.nodesDeleted
        relationshipsCreated += other.relationshipsCreated
        relationshipsDeleted += other.relationshipsDeleted
        propertiesSet += other.propertiesSet
        propertiesAdded += other.propertiesAdded
        propertiesRemoved += other.propertiesRemoved
        labelsAdded += other.labelsAdded
        labelsRemoved += other.labelsRemoved
    }
}
