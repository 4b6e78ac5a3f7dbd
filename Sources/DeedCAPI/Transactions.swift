// Transactions, and two-phase commit.

import CDeed
import DeedEngine

@c @implementation
public func deed_transaction_begin(
    _ database: OpaquePointer?, _ read_only: Bool, _ out_transaction: UnsafeMutablePointer<OpaquePointer?>?,
    _ out_error: ErrorOut
) -> deed_status {
    out_transaction?.pointee = nil
    return run(out_error) { () throws(DeedError) in
        let out = try required(out_transaction, "out_transaction")
        let graph = try graph(database)
        out.pointee = retained(TransactionHandle(graph, try graph.begin(readOnly: read_only)))
    }
}

@c @implementation
public func deed_transaction_options_init(
    _ database: OpaquePointer?, _ options: UnsafeMutablePointer<deed_transaction_options>?
) {
    guard let options else { return }
    let policy = (try? graph(database))?.options.conflictPolicy ?? ConflictPolicy()
    options.pointee = deed_transaction_options()
    options.pointee.struct_size = MemoryLayout<deed_transaction_options>.size
    options.pointee.isolation = Isolation.snapshot.rawValue
    options.pointee.on_conflict = policy.waits ? 1 : 0
    options.pointee.conflict_timeout = policy.millisecondsMax.map { Double($0) / 1000 } ?? -1
}

@c @implementation
public func deed_transaction_begin_with(
    _ database: OpaquePointer?, _ options: UnsafePointer<deed_transaction_options>?,
    _ out_transaction: UnsafeMutablePointer<OpaquePointer?>?, _ out_error: ErrorOut
) -> deed_status {
    out_transaction?.pointee = nil
    return run(out_error) { () throws(DeedError) in
        let out = try required(out_transaction, "out_transaction")
        let graph = try graph(database)
        out.pointee = retained(TransactionHandle(graph, try graph.begin(transactionOptions(options))))
    }
}

private func transactionOptions(
    _ options: UnsafePointer<deed_transaction_options>?
) throws(DeedError) -> TransactionOptions {
    var result = TransactionOptions()
    guard let options else { return result }
    guard options.pointee.struct_size >= MemoryLayout<deed_transaction_options>.size else {
        throw DeedError(.invalidArgument, "the options were not initialised with deed_transaction_options_init")
    }
    guard let isolation = Isolation(rawValue: options.pointee.isolation) else {
        throw DeedError(.invalidArgument, "there is no isolation \(options.pointee.isolation)")
    }
    result.isReadOnly = options.pointee.read_only
    result.isolation = isolation
    result.conflictPolicy = try conflictPolicy(options.pointee.on_conflict, options.pointee.conflict_timeout)
    return result
}

/// A time in seconds; a negative one is no limit.
func conflictPolicy(_ onConflict: Int32, _ timeout: Double) throws(DeedError) -> ConflictPolicy {
    var policy = ConflictPolicy()
    guard onConflict == 0 || onConflict == 1 else {
        throw DeedError(.invalidArgument, "on_conflict is DEED_FAIL or DEED_WAIT, not \(onConflict)")
    }
    guard !timeout.isNaN else { throw DeedError(.invalidArgument, "the timeout is not a number") }
    policy.waits = onConflict == 1
    // Beyond that it is no limit either: 30 years.
    if timeout >= 0 && timeout < 1e9 { policy.millisecondsMax = Int((timeout * 1000).rounded(.up)) }
    return policy
}

@c @implementation
public func deed_transaction_number(_ transaction: OpaquePointer?) -> UInt64 {
    (try? object(transaction, TransactionHandle.self).transaction.number) ?? 0
}

@c @implementation
public func deed_transaction_commit(_ transaction: OpaquePointer?, _ out_error: ErrorOut) -> deed_status {
    run(out_error) { () throws(DeedError) in
        let handle = try object(transaction, TransactionHandle.self)
        do throws(DeedError) {
            try handle.transaction.requireActive()
            try handle.graph.requireOpen()
            try handle.graph.commit(handle.transaction)
        } catch {
            handle.graph.rollback(handle.transaction)
            throw error
        }
    }
}

@c @implementation
public func deed_transaction_rollback(_ transaction: OpaquePointer?, _ out_error: ErrorOut) -> deed_status {
    run(out_error) { () throws(DeedError) in
        let handle = try object(transaction, TransactionHandle.self)
        handle.graph.rollback(handle.transaction)
    }
}

@c @implementation
public func deed_transaction_destroy(_ transaction: OpaquePointer?) {
    guard let transaction else { return }
    let handle = Unmanaged<TransactionHandle>.fromOpaque(UnsafeRawPointer(transaction)).takeUnretainedValue()
    handle.graph.rollback(handle.transaction)
    release(transaction, TransactionHandle.self)
}

@c @implementation
public func deed_transaction_active(_ transaction: OpaquePointer?) -> Bool {
    (try? object(transaction, TransactionHandle.self).transaction.state) == .active
}

// MARK: Two-phase commit

@c @implementation
public func deed_transaction_prepare(
    _ transaction: OpaquePointer?, _ gid: UnsafePointer<CChar>?, _ gid_size: Int, _ out_error: ErrorOut
) -> deed_status {
    run(out_error) { () throws(DeedError) in
        let handle = try object(transaction, TransactionHandle.self)
        try handle.graph.prepare(handle.transaction, as: bytes(gid, gid_size))
    }
}

@c @implementation
public func deed_prepared_commit(
    _ database: OpaquePointer?, _ gid: UnsafePointer<CChar>?, _ gid_size: Int, _ out_error: ErrorOut
) -> deed_status {
    run(out_error) { () throws(DeedError) in try graph(database).commitPrepared(bytes(gid, gid_size)) }
}

@c @implementation
public func deed_prepared_rollback(
    _ database: OpaquePointer?, _ gid: UnsafePointer<CChar>?, _ gid_size: Int, _ out_error: ErrorOut
) -> deed_status {
    run(out_error) { () throws(DeedError) in try graph(database).rollbackPrepared(bytes(gid, gid_size)) }
}

/// A list of prepared transactions for the caller.
private final class PreparedListHandle {
    let items: UnsafeMutableBufferPointer<deed_prepared>
    private let texts: [UnsafeMutablePointer<CChar>]

    init(_ found: [PreparedDescription]) {
        items = .allocate(capacity: found.count)
        var texts: [UnsafeMutablePointer<CChar>] = []
        for (index, description) in found.enumerated() {
            let (text, size) = copyText(String(decoding: description.gid, as: UTF8.self))
            texts.append(text)
            items.initializeElement(
                at: index,
                to: deed_prepared(
                    gid: text, gid_size: size, prepared_at: description.microseconds,
                    inserted: UInt64(clamping: description.inserted), updated: UInt64(clamping: description.updated),
                    deleted: UInt64(clamping: description.deleted)))
        }
        self.texts = texts
    }

    deinit {
        for text in texts { text.deallocate() }
        items.deallocate()
    }
}

@c @implementation
public func deed_prepared_list_get(
    _ database: OpaquePointer?, _ out_list: UnsafeMutablePointer<OpaquePointer?>?, _ out_error: ErrorOut
) -> deed_status {
    out_list?.pointee = nil
    return run(out_error) { () throws(DeedError) in
        let out = try required(out_list, "out_list")
        out.pointee = retained(PreparedListHandle(try graph(database).listPrepared()))
    }
}

@c @implementation
public func deed_prepared_list_count(_ list: OpaquePointer?) -> Int {
    (try? object(list, PreparedListHandle.self).items.count) ?? 0
}

@c @implementation
public func deed_prepared_list_data(_ list: OpaquePointer?) -> UnsafePointer<deed_prepared>! {
    guard let items = try? object(list, PreparedListHandle.self).items else { return nil }
    return UnsafePointer(items.baseAddress)
}

@c @implementation
public func deed_prepared_list_destroy(_ list: OpaquePointer?) { release(list, PreparedListHandle.self) }
