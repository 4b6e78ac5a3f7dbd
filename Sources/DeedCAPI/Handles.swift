// What stands behind the opaque pointers of deed.h. A handle is a retained Swift object; a child holds its database, so
// handles may be destroyed in any order. Nothing throws past this layer, and no argument makes it trap.

import CDeed
import DeedDatabase
import DeedEngine
import DeedValues
import Glibc
import Synchronization

final class DatabaseHandle {
    private let own: Graph?
    /// Of `own`.
    private let ownQueries: QueryEngine?
    /// Of the graph that was asked last, if there is more than one.
    private let engine = Mutex<QueryEngine?>(nil)
    /// `own`, for `withGraph`.
    fileprivate let uncounted: Unmanaged<Graph>?
    /// For a database that follows another process.
    let follower: Follower?

    init(_ graph: Graph) {
        (own, uncounted, follower) = (graph, Unmanaged.passUnretained(graph), nil)
        ownQueries = QueryEngine(graph)
    }

    init(_ follower: Follower) { (own, ownQueries, uncounted, self.follower) = (nil, nil, nil, follower) }

    /// A follower that has lost its place gets another graph, so a call takes it once and stays with it.
    @inline(__always)
    var graph: Graph { own ?? follower.unsafelyUnwrapped.graph }

    /// What runs queries on the present graph.
    var queries: QueryEngine {
        if let ownQueries { return ownQueries }
        let graph = graph
        return engine.withLock { engine in
            if let engine, engine.graph === graph { return engine }
            let made = QueryEngine(graph)
            engine = made
            return made
        }
    }

    func close() throws(DeedError) {
        if let follower { try follower.close() } else { try graph.close() }
    }

    func requireOpen() throws(DeedError) {
        if let uncounted {
            try uncounted.withoutCounting { graph throws(DeedError) in try graph.requireOpen() }
        } else {
            try graph.requireOpen()
        }
    }
}

final class TransactionHandle {
    let graph: Graph
    let transaction: Transaction
    /// Of `graph`, to compare without counting a reference.
    fileprivate let graphIdentity: ObjectIdentifier

    init(_ graph: Graph, _ transaction: Transaction) {
        self.graph = graph
        self.transaction = transaction
        graphIdentity = ObjectIdentifier(graph)
    }
}

/// An array of ids for the caller.
final class IdsHandle {
    let ids: UnsafeMutablePointer<UInt64>
    let depths: UnsafePointer<UInt32>?
    let count: Int
    /// Keeps borrowed arrays alive; nil when `ids` is our own.
    private let reach: Reach?
    /// Where our own are counted.
    private let pool: MemoryPool?

    init(count: Int, _ pool: MemoryPool) throws(DeedError) {
        guard let block = pool.allocate(count * MemoryLayout<UInt64>.stride, .scratch) else {
            throw DeedError(.outOfMemory, "no memory for \(count) ids")
        }
        ids = block.bindMemory(to: UInt64.self, capacity: max(count, 1))
        self.count = count
        self.pool = pool
        depths = nil
        reach = nil
    }

    init(_ reach: Reach) {
        self.reach = reach
        pool = nil
        ids = reach.ids
        depths = UnsafePointer(reach.depths)
        count = reach.count
    }

    deinit { pool?.free(ids, count * MemoryLayout<UInt64>.stride, .scratch) }
}

final class ErrorHandle {
    let status: Int32
    let message: UnsafeMutablePointer<CChar>
    let size: Int
    /// Of errors of queries.
    let detail: UnsafeMutablePointer<CChar>
    let detailSize: Int
    let position: Range<Int>?
    let state: StaticString

    convenience init(_ error: DeedError) { self.init(error, detail: "", at: nil, sqlState(of: error)) }

    private init(_ error: DeedError, detail: String, at position: Range<Int>?, _ state: StaticString) {
        status = error.status.rawValue
        self.state = state
        (message, size) = copyText(error.message)
        (self.detail, detailSize) = copyText(detail)
        self.position = position
    }

    convenience init(_ error: QueryError) {
        self.init(DeedError(error.kind.status, error.message), detail: error.detail, at: error.position, sqlState(of: error))
    }

    deinit {
        message.deallocate()
        detail.deallocate()
    }
}

extension QueryError.Kind {
    fileprivate var status: Status {
        switch self {
        case .syntaxError: .syntaxError
        case .semanticError: .semanticError
        case .parameterMissing: .parameterMissing
        case .typeError, .propertyNotFound, .labelNotFound: .typeError
        case .argumentError: .argumentError
        case .arithmeticError: .arithmeticError
        case .entityNotFound: .entityNotFound
        case .procedureError: .procedureError
        case .constraintVerificationFailed: .stillConnected
        case .constraintValidationFailed: .constraintViolation
        }
    }
}

/// The bytes of a text with a NUL behind them, owned by the caller.
func copyText(_ text: String) -> (UnsafeMutablePointer<CChar>, Int) {
    var text = text
    return text.withUTF8 { bytes in
        let copy = UnsafeMutablePointer<CChar>.allocate(capacity: bytes.count + 1)
        if let base = bytes.baseAddress { UnsafeMutableRawPointer(copy).copyMemory(from: base, byteCount: bytes.count) }
        copy[bytes.count] = 0
        return (copy, bytes.count)
    }
}

// MARK: Pointers

func retained(_ object: AnyObject) -> OpaquePointer { OpaquePointer(Unmanaged.passRetained(object).toOpaque()) }

/// Gives up what `retained` made. nil is nothing to do.
func release<Handle: AnyObject>(_ pointer: OpaquePointer?, _: Handle.Type) {
    if let pointer { Unmanaged<Handle>.fromOpaque(UnsafeRawPointer(pointer)).release() }
}

@inline(__always)
func object<Handle: AnyObject>(_ pointer: OpaquePointer?, _: Handle.Type) throws(DeedError) -> Handle {
    guard let pointer else { throw DeedError(.invalidArgument, "a handle is NULL") }
    return Unmanaged<Handle>.fromOpaque(UnsafeRawPointer(pointer)).takeUnretainedValue()
}

/// Calls `body` with the object behind a handle without counting a reference to it: the caller of the interface keeps handles
/// until its calls have returned.
@inline(__always)
func with<Handle: AnyObject, Result>(
    _ pointer: OpaquePointer?, _: Handle.Type, _ body: (Handle) throws -> Result
) throws -> Result {
    guard let pointer else { throw DeedError(.invalidArgument, "a handle is NULL") }
    return try Unmanaged<Handle>.fromOpaque(UnsafeRawPointer(pointer)).withoutCounting(body)
}

@inline(__always)
func graph(_ database: OpaquePointer?) throws(DeedError) -> Graph { try object(database, DatabaseHandle.self).graph }

/// Calls `body` with the graph behind a handle without counting references to either: the caller of the interface keeps
/// handles until its calls have returned. For what is called for each row.
@inline(__always)
func withGraph<Result>(
    _ database: OpaquePointer?, _ body: (Graph) throws(DeedError) -> Result
) throws(DeedError) -> Result {
    guard let database else { throw DeedError(.invalidArgument, "a handle is NULL") }
    let handle = Unmanaged<DatabaseHandle>.fromOpaque(UnsafeRawPointer(database))
    guard let graph = handle.withoutCounting({ $0.uncounted }) else { return try body(graph(database)) }
    return try graph.withoutCounting(body)
}

/// The transaction behind a handle, which must be active and of this database. Without a handle it is the one that the
/// thread has begun by a statement, or none.
@inline(__always)
func transaction(_ pointer: OpaquePointer?, of graph: Graph) throws(DeedError) -> Transaction? {
    guard let pointer else { return try graph.threadTransaction.map { transaction throws(DeedError) in try usable(transaction, graph) } }
    let handle = try object(pointer, TransactionHandle.self)
    guard handle.graphIdentity == ObjectIdentifier(graph) else {
        // The graphs of one follower, one after the other, share their names.
        if handle.graph.names === graph.names {
            throw DeedError(.snapshotTooOld, "the database has opened the store anew since the transaction began; begin again")
        }
        throw DeedError(.invalidArgument, "the transaction belongs to another database")
    }
    return try usable(handle.transaction, graph)
}

private func usable(_ transaction: Transaction, _ graph: Graph) throws(DeedError) -> Transaction {
    try graph.requireOpen()
    try transaction.requireActive()
    return transaction
}

/// Runs a statement that writes, in the given transaction or as one of its own. It may run several times, if it waits for
/// other transactions; a run that fails has had no effect.
@inline(__always)
func write<Result>(
    _ database: OpaquePointer?, _ pointer: OpaquePointer?,
    _ statement: (Graph, Transaction) throws(DeedError) -> Result
) throws(DeedError) -> Result {
    try withGraph(database) { graph throws(DeedError) in
        guard let transaction = try transaction(pointer, of: graph) else {
            return try graph.autocommit { transaction throws(DeedError) in try statement(graph, transaction) }
        }
        if transaction.isReadOnly { throw DeedError(.readOnly, "the transaction was begun for reading only") }
        do throws(DeedError) {
            return try statement(graph, transaction)
        } catch {
            return try graph.retry(transaction, after: error) { transaction throws(DeedError) in
                try statement(graph, transaction)
            }
        }
    }
}

public typealias ErrorOut = UnsafeMutablePointer<OpaquePointer?>?

/// Runs a function of the interface and turns what it throws into a status and an error handle.
@inline(__always)
func run(_ outError: ErrorOut, _ body: () throws(DeedError) -> Void) -> deed_status {
    outError?.pointee = nil
    do throws(DeedError) {
        try body()
        return 0
    } catch {
        outError?.pointee = retained(ErrorHandle(error))
        return error.status.rawValue
    }
}

/// As `run`, for what errors of queries come out of.
func runQuery(_ outError: ErrorOut, _ body: () throws -> Void) -> deed_status {
    outError?.pointee = nil
    let handle: ErrorHandle
    do {
        try body()
        return 0
    } catch let error as DeedError {
        handle = ErrorHandle(error)
    } catch let error as QueryError {
        handle = ErrorHandle(error)
    } catch {
        handle = ErrorHandle(DeedError(.internalError, "\(error)"))
    }
    outError?.pointee = retained(handle)
    return handle.status
}

/// Bytes from outside; a NULL pointer is good only for no bytes.
@inline(__always)
func bytes(_ base: UnsafePointer<CChar>?, _ size: Int) throws(DeedError) -> UnsafeRawBufferPointer {
    guard size >= 0, base != nil || size == 0 else {
        throw DeedError(.invalidArgument, "a pointer is NULL, or a size is out of range")
    }
    return UnsafeRawBufferPointer(start: base, count: size)
}

func required<Value>(_ pointer: UnsafeMutablePointer<Value>?, _ name: StaticString) throws(DeedError)
    -> UnsafeMutablePointer<Value>
{
    guard let pointer else { throw DeedError(.invalidArgument, "\(name) is NULL") }
    return pointer
}
