// Opening, closing, names and transactions.

import CDeed
import DeedEngine

@c @implementation
public func deed_options_init(_ options: UnsafeMutablePointer<deed_options>?) {
    guard let options else { return }
    let defaults = GraphOptions()
    options.pointee = deed_options()
    options.pointee.struct_size = MemoryLayout<deed_options>.size
    options.pointee.create = true
    options.pointee.durability = Durability.sync.rawValue
    options.pointee.checkpoint_log_bytes = UInt64(defaults.checkpointLogBytes)
}

private func graphOptions(_ options: UnsafePointer<deed_options>?) throws(DeedError) -> GraphOptions {
    var result = GraphOptions()
    guard let given = options else { return result }
    let options = try known(given)
    defer { options.deallocate() }
    guard let durability = Durability(rawValue: options.pointee.durability) else {
        throw DeedError(.invalidArgument, "there is no durability \(options.pointee.durability)")
    }
    result.isReadOnly = options.pointee.read_only
    result.createIfMissing = options.pointee.create
    result.durability = durability
    result.checkpointLogBytes = Int(clamping: options.pointee.checkpoint_log_bytes)
    result.retention = LogRetentionPolicy(
        bytes: Int(clamping: options.pointee.retain_log_bytes), seconds: Int(clamping: options.pointee.retain_log_seconds))
    result.logsBeforeImages = options.pointee.before_images
    result.isReplica = options.pointee.replica
    if options.pointee.memory_limit != 0 {
        let least = 32 << 20
        guard options.pointee.memory_limit >= UInt64(least) else {
            throw DeedError(.invalidArgument, "a memory limit of \(options.pointee.memory_limit); the least is \(least)")
        }
        result.memoryLimit = Int(clamping: options.pointee.memory_limit)
    }
    return result
}

/// The options with the defaults of what a caller with an older header does not know. The caller frees it.
private func known(_ given: UnsafePointer<deed_options>) throws(DeedError) -> UnsafeMutablePointer<deed_options> {
    // What the first version of the struct ended with.
    let least = MemoryLayout<deed_options>.offset(of: \deed_options.retain_log_bytes) ?? 0
    let size = given.pointee.struct_size
    guard size >= least else {
        throw DeedError(.invalidArgument, "the options were not initialised with deed_options_init")
    }
    let options = UnsafeMutablePointer<deed_options>.allocate(capacity: 1)
    deed_options_init(options)
    UnsafeMutableRawPointer(options).copyMemory(
        from: UnsafeRawPointer(given), byteCount: min(size, MemoryLayout<deed_options>.size))
    return options
}

@c @implementation
public func deed_database_open(
    _ path: UnsafePointer<CChar>?, _ path_size: Int, _ options: UnsafePointer<deed_options>?,
    _ out_database: UnsafeMutablePointer<OpaquePointer?>?, _ out_error: ErrorOut
) -> deed_status {
    out_database?.pointee = nil
    return run(out_error) { () throws(DeedError) in
        let out = try required(out_database, "out_database")
        let options = try graphOptions(options)
        var text: String?
        if path != nil { text = try DeedCAPI.path(path, path_size) }
        out.pointee = retained(DatabaseHandle(try Graph(path: text, options: options)))
    }
}

@c @implementation
public func deed_database_close(_ database: OpaquePointer?, _ out_error: ErrorOut) -> deed_status {
    run(out_error) { () throws(DeedError) in try graph(database).close() }
}

@c @implementation
public func deed_database_destroy(_ database: OpaquePointer?) {
    guard database != nil else { return }
    _ = deed_database_close(database, nil)
    release(database, DatabaseHandle.self)
}

@c @implementation
public func deed_checkpoint(_ database: OpaquePointer?, _ out_error: ErrorOut) -> deed_status {
    run(out_error) { () throws(DeedError) in try graph(database).checkpoint() }
}

@c @implementation
public func deed_compact(_ database: OpaquePointer?, _ out_error: ErrorOut) -> deed_status {
    run(out_error) { () throws(DeedError) in try graph(database).compact() }
}

// MARK: Names

private func nameKind(_ kind: deed_name_kind) throws(DeedError) -> NameKind {
    guard let kind = NameKind(rawValue: UInt8(clamping: kind.rawValue)) else {
        throw DeedError(.invalidArgument, "there is no kind of name \(kind.rawValue)")
    }
    return kind
}

@c @implementation
public func deed_intern(
    _ database: OpaquePointer?, _ kind: deed_name_kind, _ name: UnsafePointer<CChar>?, _ name_size: Int,
    _ out_number: UnsafeMutablePointer<UInt32>?, _ out_error: ErrorOut
) -> deed_status {
    out_number?.pointee = 0
    return run(out_error) { () throws(DeedError) in
        let graph = try graph(database)
        try graph.requireOpen()
        let out = try required(out_number, "out_number")
        out.pointee = try graph.internName(nameKind(kind), bytes(name, name_size))
    }
}

@c @implementation
public func deed_lookup(
    _ database: OpaquePointer?, _ kind: deed_name_kind, _ name: UnsafePointer<CChar>?, _ name_size: Int,
    _ out_number: UnsafeMutablePointer<UInt32>?
) -> Bool {
    out_number?.pointee = 0
    guard let graph = try? graph(database), let kind = try? nameKind(kind), let bytes = try? bytes(name, name_size),
        let number = graph.names.lookup(kind, bytes)
    else { return false }
    out_number?.pointee = number
    return true
}

@c @implementation
public func deed_name(
    _ database: OpaquePointer?, _ kind: deed_name_kind, _ number: UInt32, _ out_size: UnsafeMutablePointer<Int>?
) -> UnsafePointer<CChar>! {
    out_size?.pointee = 0
    guard let graph = try? graph(database), let kind = try? nameKind(kind), let text = graph.names.text(kind, number)
    else { return nil }
    out_size?.pointee = text.size
    return text.base
}

@c @implementation
public func deed_name_count(_ database: OpaquePointer?, _ kind: deed_name_kind) -> UInt32 {
    guard let graph = try? graph(database), let kind = try? nameKind(kind) else { return 0 }
    return UInt32(clamping: graph.names.count(kind))
}

// MARK: Transactions

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
