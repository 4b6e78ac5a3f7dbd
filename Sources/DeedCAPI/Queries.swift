// Statements of the query language and their results.

import CDeed
import DeedDatabase
import DeedEngine
import DeedValues
import Glibc

/// Read once: the C library answers by opening a file of the kernel, which would cost a short query more than its own work.
private let processorCount = max(1, sysconf(Int32(_SC_NPROCESSORS_ONLN)))

final class StatementHandle {
    let database: DatabaseHandle
    let text: String
    private let language: QueryLanguage?
    /// Of the engine that ran it last.
    private var prepared: PreparedStatement
    private var engine: QueryEngine
    /// Until it is executed for the first time.
    private var isFresh = true
    let bindings: Bindings
    /// The parameters' names, lent out.
    let names: [(text: UnsafeMutablePointer<CChar>, size: Int)]

    init(_ database: DatabaseHandle, _ text: String, _ engine: QueryEngine, _ options: ExecutionOptions) throws {
        (self.database, self.text, self.engine) = (database, text, engine)
        language = options.language
        prepared = try engine.prepare(text, options)
        bindings = Bindings(names: prepared.parameters)
        names = bindings.names.map { copyText($0) }
    }

    deinit { for name in names { name.text.deallocate() } }

    /// True if executing it only begins something.
    var onlyBegins: Bool { prepared.onlyBegins }

    func execute(_ transaction: OpaquePointer?, _ options: UnsafePointer<deed_query_options>?) throws -> QueryResult {
        if database.follower != nil, case let present = database.queries, present !== engine {
            var options = try executionOptions(options, present.graph)
            options.language = language
            (engine, prepared) = (present, try present.prepare(text, options))
        }
        // Each is read once: to read a member of a class is to count a reference.
        let engine = engine
        var prepared = prepared
        var options = try executionOptions(options, engine.graph)
        options.language = language
        try database.requireOpen()
        if !engine.isCurrent(prepared, isFresh: isFresh) {
            prepared = try engine.prepare(text, options)
            self.prepared = prepared
        }
        isFresh = false
        // BEGIN, COMMIT and ROLLBACK are about the transaction of the thread, in whatever state it is.
        let given = try transaction.flatMap { try DeedCAPI.transaction($0, of: engine.graph) }
        let threads = prepared.isAboutTransaction ? engine.graph.threadTransactionAtRest : engine.graph.threadTransaction
        return try engine.execute(prepared, bindings, transaction: given ?? threads, options: options)
    }
}

final class ResultHandle {
    let result: QueryResult
    let database: DatabaseHandle
    /// The columns' names, lent out; made when they are first asked for.
    private lazy var names: [(text: UnsafeMutablePointer<CChar>, size: Int)] = result.columns.map { copyText($0) }
    private var areNamesLent = false
    /// What is odd about the query, likewise.
    private lazy var notices: [(text: UnsafeMutablePointer<CChar>, size: Int)] = result.notices.map { copyText($0) }
    private var areNoticesLent = false
    /// What was computed and not handed out in full, and the next row of the first of these chunks.
    private var chunks: [Chunk] = []
    private var row = 0
    /// Chunks at the beginning that were lent in full, beyond which `row` counts.
    private var passed = 0
    /// What the query came to behind rows that it gave out first.
    private var failure: (any Error)?
    private var lender: ValueLender

    init(_ result: QueryResult, _ database: DatabaseHandle) {
        (self.result, self.database) = (result, database)
        lender = ValueLender(result)
        result.exchange(&chunks)
    }

    deinit {
        if areNamesLent { for name in names { name.text.deallocate() } }
        if areNoticesLent { for notice in notices { notice.text.deallocate() } }
        result.exchange(&chunks)
        result.end()
    }

    func notice(_ index: Int) -> (text: UnsafeMutablePointer<CChar>, size: Int)? {
        areNoticesLent = true
        return notices.indices.contains(index) ? notices[index] : nil
    }

    func name(_ column: Int) -> (text: UnsafeMutablePointer<CChar>, size: Int)? {
        guard (0..<result.width).contains(column) else { return nil }
        areNamesLent = true
        return names[column]
    }

    /// Rows of the present chunk that have not been handed out.
    var ready: Int { passed < chunks.count ? chunks[passed].count - row : 0 }

    func next() throws -> UnsafePointer<deed_value>? {
        let values = try peek(0)
        if values != nil { row += 1 }
        return values
    }

    /// The row that comes after `ahead` others.
    func peek(_ ahead: Int) throws -> UnsafePointer<deed_value>? {
        dropPassed()
        // The chunk of the row that was lent last is kept until now.
        if let first = chunks.first, row >= first.count {
            chunks.removeFirst()
            row = 0
        }
        guard ahead >= 0 else { throw DeedError(.invalidArgument, "a row ahead is not negative") }
        var (index, start, rest) = (0, row, ahead)
        while true {
            if index == chunks.count {
                if let failure = failure.take() { throw failure }
                guard let chunk = try result.next() else { return nil }
                chunks.append(chunk)
            }
            let left = chunks[index].count - start
            if rest < left { return try lender.lend(chunks[index], start + rest, result) }
            (index, start, rest) = (index + 1, 0, rest - left)
        }
    }

    /// Rows that are lent at once, at most.
    private static let rowsAtOnce = 1_024

    /// The next rows, at most `most`. What goes wrong behind them is told when they are asked for again.
    func fetch(_ most: Int) throws -> (rows: UnsafePointer<deed_value>, count: Int, isEnd: Bool) {
        dropPassed()
        if let failure = failure.take() { throw failure }
        let wanted = min(most, Self.rowsAtOnce)
        var (available, isEnd) = (chunks.reduce(-row) { $0 + $1.count }, false)
        while available < wanted && !isEnd {
            do {
                guard let chunk = try result.next() else {
                    isEnd = true
                    break
                }
                chunks.append(chunk)
                available += chunk.count
            } catch {
                if available == 0 { throw error }
                failure = error
                break
            }
        }
        let count = min(available, wanted)
        let rows = lender.begin(rows: count, result)
        var (index, start, done) = (0, row, 0)
        while done < count {
            let end = min(chunks[index].count, start + count - done)
            try lender.lend(chunks[index], start..<end, at: done, result)
            done += end - start
            (index, start) = end == chunks[index].count ? (index + 1, 0) : (index, end)
        }
        (passed, row) = (index, start)
        return (rows, count, isEnd && count == available)
    }

    /// Lets go of chunks that were lent in full; they are kept until rows are asked for again.
    private func dropPassed() {
        if passed > 0 { chunks.removeFirst(passed) }
        passed = 0
    }

    /// Hands out all rows that are left. If it fails they are all still there.
    func exportArrow(into stream: UnsafeMutablePointer<ArrowArrayStream>) throws {
        dropPassed()
        if let failure = failure.take() { throw failure }
        while let chunk = try result.next() { chunks.append(chunk) }
        try exportResult(result, chunks, from: row, into: stream)
        (chunks, row) = ([], 0)
    }
}

private func statement(_ pointer: OpaquePointer?) throws(DeedError) -> StatementHandle {
    try object(pointer, StatementHandle.self)
}

/// A statement, or what else comes as text with it.
func queryText(_ base: UnsafePointer<CChar>?, _ size: Int) throws(DeedError) -> String {
    try queryText(try bytes(base, size))
}

private func queryText(_ bytes: UnsafeRawBufferPointer) throws(DeedError) -> String {
    guard let text = String(validating: bytes, as: UTF8.self) else {
        throw DeedError(.invalidArgument, "a text that is not valid UTF-8")
    }
    return text
}

@c @implementation
public func deed_query_options_init(_ options: UnsafeMutablePointer<deed_query_options>?) {
    guard let options else { return }
    options.pointee = deed_query_options()
    options.pointee.struct_size = MemoryLayout<deed_query_options>.size
    options.pointee.timeout = -1
}

private func executionOptions(
    _ given: UnsafePointer<deed_query_options>?, _ graph: Graph
) throws(DeedError) -> ExecutionOptions {
    var options = ExecutionOptions()
    options.threads = graph.options.threads > 0 ? graph.options.threads : processorCount
    guard let given else { return options }
    guard given.pointee.struct_size >= MemoryLayout<deed_query_options>.size else {
        throw DeedError(.invalidArgument, "the options were not initialised with deed_query_options_init")
    }
    guard !given.pointee.timeout.isNaN else { throw DeedError(.invalidArgument, "the timeout is not a number") }
    if given.pointee.timeout >= 0 { options.timeout = given.pointee.timeout }
    if given.pointee.threads > 0 { options.threads = min(Int(given.pointee.threads), Limits.workersMax) }
    if let keepGoing = given.pointee.keep_going {
        let data = given.pointee.keep_going_data
        options.ask(keepGoing, data)
    }
    switch given.pointee.language {
    case 0: break
    case 1: options.language = .cypher
    case 2: options.language = .sql
    default: throw DeedError(.invalidArgument, "there is no language \(given.pointee.language)")
    }
    return options
}

@c @implementation
public func deed_statement_prepare(
    _ database: OpaquePointer?, _ text: UnsafePointer<CChar>?, _ text_size: Int, _ options: UnsafePointer<deed_query_options>?,
    _ out_statement: UnsafeMutablePointer<OpaquePointer?>?, _ out_error: ErrorOut
) -> deed_status {
    out_statement?.pointee = nil
    return runQuery(out_error) {
        let out = try required(out_statement, "out_statement")
        let handle = try object(database, DatabaseHandle.self)
        try handle.graph.requireOpen()
        let query = try queryText(text, text_size)
        let options = try executionOptions(options, handle.graph)
        out.pointee = retained(try StatementHandle(handle, query, handle.queries, options))
    }
}

@c @implementation
public func deed_statement_bind(
    _ statement: OpaquePointer?, _ name: UnsafePointer<CChar>?, _ name_size: Int, _ value: UnsafePointer<deed_value>?,
    _ out_error: ErrorOut
) -> deed_status {
    runQuery(out_error) {
        guard let value else { throw DeedError(.invalidArgument, "value is NULL") }
        let converted = try DeedCAPI.value(value.pointee)
        let name = try bytes(name, name_size)
        try with(statement, StatementHandle.self) { handle in
            // What the statement does not ask for is passed over, if it is a name.
            if !handle.bindings.set(name, converted) { _ = try queryText(name) }
        }
    }
}

@c @implementation
public func deed_statement_parameter(
    _ statement: OpaquePointer?, _ position: Int, _ out_size: UnsafeMutablePointer<Int>?
) -> UnsafePointer<CChar>! {
    out_size?.pointee = 0
    guard let handle = try? DeedCAPI.statement(statement), handle.names.indices.contains(position) else { return nil }
    out_size?.pointee = handle.names[position].size
    return UnsafePointer(handle.names[position].text)
}

@c @implementation
public func deed_statement_clear(_ statement: OpaquePointer?) {
    try? with(statement, StatementHandle.self) { $0.bindings.clear() }
}

@c @implementation
public func deed_statement_execute(
    _ statement: OpaquePointer?, _ transaction: OpaquePointer?, _ options: UnsafePointer<deed_query_options>?,
    _ out_result: UnsafeMutablePointer<OpaquePointer?>?, _ out_error: ErrorOut
) -> deed_status {
    out_result?.pointee = nil
    return runQuery(out_error) {
        let out = try required(out_result, "out_result")
        out.pointee = try with(statement, StatementHandle.self) { handle in
            retained(ResultHandle(try handle.execute(transaction, options), handle.database))
        }
    }
}

@c @implementation
public func deed_statement_waits(_ statement: OpaquePointer?) -> Bool {
    (try? with(statement, StatementHandle.self) { !$0.onlyBegins }) ?? false
}

@c @implementation
public func deed_statement_destroy(_ statement: OpaquePointer?) { release(statement, StatementHandle.self) }

// MARK: Results

@c @implementation
public func deed_result_column_count(_ result: OpaquePointer?) -> Int {
    (try? with(result, ResultHandle.self) { $0.result.width }) ?? 0
}

@c @implementation
public func deed_result_column_name(
    _ result: OpaquePointer?, _ column: Int, _ out_size: UnsafeMutablePointer<Int>?
) -> UnsafePointer<CChar>! {
    out_size?.pointee = 0
    guard let name = try? object(result, ResultHandle.self).name(column) else { return nil }
    out_size?.pointee = name.size
    return UnsafePointer(name.text)
}

@c @implementation
public func deed_result_notice(
    _ result: OpaquePointer?, _ index: Int, _ out_size: UnsafeMutablePointer<Int>?
) -> UnsafePointer<CChar>! {
    out_size?.pointee = 0
    guard let notice = try? object(result, ResultHandle.self).notice(index) else { return nil }
    out_size?.pointee = notice.size
    return UnsafePointer(notice.text)
}

@c @implementation
public func deed_result_next(
    _ result: OpaquePointer?, _ out_row: UnsafeMutablePointer<UnsafePointer<deed_value>?>?, _ out_error: ErrorOut
) -> deed_status {
    out_row?.pointee = nil
    return runQuery(out_error) {
        let out = try required(out_row, "out_row")
        out.pointee = try with(result, ResultHandle.self) { handle in
            try handle.database.requireOpen()
            return try handle.next()
        }
    }
}

@c @implementation
public func deed_result_fetch(
    _ result: OpaquePointer?, _ max: Int, _ out_rows: UnsafeMutablePointer<UnsafePointer<deed_value>?>?,
    _ out_count: UnsafeMutablePointer<Int>?, _ out_is_end: UnsafeMutablePointer<Bool>?, _ out_error: ErrorOut
) -> deed_status {
    out_rows?.pointee = nil
    out_count?.pointee = 0
    out_is_end?.pointee = false
    return runQuery(out_error) {
        let rows = try required(out_rows, "out_rows")
        let count = try required(out_count, "out_count")
        guard max >= 0 else { throw DeedError(.invalidArgument, "a number of rows is not negative") }
        try with(result, ResultHandle.self) { handle in
            try handle.database.requireOpen()
            let fetched = try handle.fetch(max)
            (rows.pointee, count.pointee) = (fetched.rows, fetched.count)
            out_is_end?.pointee = fetched.isEnd
        }
    }
}

@c @implementation
public func deed_result_peek(
    _ result: OpaquePointer?, _ ahead: Int, _ out_row: UnsafeMutablePointer<UnsafePointer<deed_value>?>?,
    _ out_error: ErrorOut
) -> deed_status {
    out_row?.pointee = nil
    return runQuery(out_error) {
        let out = try required(out_row, "out_row")
        let handle = try object(result, ResultHandle.self)
        try handle.database.graph.requireOpen()
        out.pointee = try handle.peek(ahead)
    }
}

@c @implementation
public func deed_result_arrow(
    _ result: OpaquePointer?, _ out_stream: UnsafeMutablePointer<ArrowArrayStream>?, _ out_error: ErrorOut
) -> deed_status {
    out_stream?.pointee = ArrowArrayStream()
    return runQuery(out_error) {
        let out = try required(out_stream, "out_stream")
        let handle = try object(result, ResultHandle.self)
        try handle.database.graph.requireOpen()
        try handle.exportArrow(into: out)
    }
}

@c @implementation
public func deed_result_ready(_ result: OpaquePointer?) -> Int { (try? with(result, ResultHandle.self) { $0.ready }) ?? 0 }

@c @implementation
public func deed_result_changes(_ result: OpaquePointer?, _ out_changes: UnsafeMutablePointer<deed_changes_made>?) {
    guard let out_changes else { return }
    out_changes.pointee = deed_changes_made()
    guard let counters = (try? object(result, ResultHandle.self))?.result.counters else { return }
    out_changes.pointee.nodes_created = UInt64(clamping: counters.nodesCreated)
    out_changes.pointee.nodes_deleted = UInt64(clamping: counters.nodesDeleted)
    out_changes.pointee.relationships_created = UInt64(clamping: counters.relationshipsCreated)
    out_changes.pointee.relationships_deleted = UInt64(clamping: counters.relationshipsDeleted)
    out_changes.pointee.properties_set = UInt64(clamping: counters.propertiesSet)
    out_changes.pointee.properties_added = UInt64(clamping: counters.propertiesAdded)
    out_changes.pointee.properties_removed = UInt64(clamping: counters.propertiesRemoved)
    out_changes.pointee.labels_added = UInt64(clamping: counters.labelsAdded)
    out_changes.pointee.labels_removed = UInt64(clamping: counters.labelsRemoved)
}

@c @implementation
public func deed_result_interrupt(_ result: OpaquePointer?) {
    (try? object(result, ResultHandle.self))?.result.interrupt()
}

@c @implementation
public func deed_result_destroy(_ result: OpaquePointer?) { release(result, ResultHandle.self) }

// MARK: Procedures

@c @implementation
public func deed_procedure_register(
    _ database: OpaquePointer?, _ signature: UnsafePointer<CChar>?, _ signature_size: Int,
    _ rows: UnsafePointer<deed_value>?, _ out_error: ErrorOut
) -> deed_status {
    runQuery(out_error) {
        let handle = try object(database, DatabaseHandle.self)
        guard let rows, case .list(let items) = try value(rows.pointee) else {
            throw DeedError(.typeMismatch, "the rows are a list of lists")
        }
        let table = try items.map { item throws -> [Value] in
            guard case .list(let row) = item else { throw DeedError(.typeMismatch, "a row is a list") }
            return row
        }
        try handle.queries.register(queryText(signature, signature_size), rows: table)
    }
}
