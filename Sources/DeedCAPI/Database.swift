// Opening, closing, and names.

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
    options.pointee.conflict_timeout = -1
    options.pointee.retain_log_bytes = UInt64(defaults.retention.bytes)
    options.pointee.parallel_rows_min = UInt64(defaults.parallelRowsMin)
}

/// The options with the defaults of those that the caller's version does not know.
private func known(_ options: UnsafePointer<deed_options>) throws(DeedError) -> deed_options {
    var result = deed_options()
    deed_options_init(&result)
    guard let first = MemoryLayout<deed_options>.offset(of: \.on_conflict), options.pointee.struct_size >= first else {
        throw DeedError(.invalidArgument, "the options were not initialised with deed_options_init")
    }
    let size = min(options.pointee.struct_size, MemoryLayout<deed_options>.size)
    withUnsafeMutableBytes(of: &result) { $0.copyMemory(from: UnsafeRawBufferPointer(start: options, count: size)) }
    return result
}

private func graphOptions(_ given: UnsafePointer<deed_options>?) throws(DeedError) -> GraphOptions {
    var result = GraphOptions()
    guard let given else { return result }
    let options = try known(given)
    guard let durability = Durability(rawValue: options.durability) else {
        throw DeedError(.invalidArgument, "there is no durability \(options.durability)")
    }
    result.isReadOnly = options.read_only
    result.createIfMissing = options.create
    result.durability = durability
    result.checkpointLogBytes = Int(clamping: options.checkpoint_log_bytes)
    result.retention = LogRetentionPolicy(
        bytes: Int(clamping: options.retain_log_bytes), seconds: Int(clamping: options.retain_log_seconds))
    result.logsBeforeImages = options.before_images
    result.isReplica = options.replica
    result.threads = min(Int(options.threads), Limits.workersMax)
    result.parallelRowsMin = Int(clamping: options.parallel_rows_min)
    if options.chunk_rows != 0 { result.chunkRows = min(Int(options.chunk_rows), Limits.vectorRows) }
    if options.query_memory != 0 { result.queryMemory = Int(clamping: options.query_memory) }
    if options.temporary_limit != 0 { result.temporaryLimit = Int(clamping: options.temporary_limit) }
    if options.temporary_directory != nil {
        result.temporaryDirectory = try path(options.temporary_directory, options.temporary_directory_size)
    }
    if options.memory_limit != 0 {
        let least = 32 << 20
        guard options.memory_limit >= UInt64(least) else {
            throw DeedError(.invalidArgument, "a memory limit of \(options.memory_limit); the least is \(least)")
        }
        result.memoryLimit = Int(clamping: options.memory_limit)
    }
    result.conflictPolicy = try conflictPolicy(options.on_conflict, options.conflict_timeout)
    if let keepWaiting = options.keep_waiting {
        let userData = UInt(bitPattern: options.keep_waiting_data)
        result.keepWaiting = { keepWaiting(UnsafeMutableRawPointer(bitPattern: userData)) }
    }
    return result
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
        if let text, options.isReadOnly {
            out.pointee = retained(DatabaseHandle(try Follower(path: text, options: options)))
        } else {
            out.pointee = retained(DatabaseHandle(try Graph(path: text, options: options)))
        }
    }
}

@c @implementation
public func deed_database_close(_ database: OpaquePointer?, _ out_error: ErrorOut) -> deed_status {
    run(out_error) { () throws(DeedError) in try object(database, DatabaseHandle.self).close() }
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
        let number = graph.names.lookup(kind, bytes), kind != .propertyKey || number != graph.names.labelsKey
    else { return false }
    out_number?.pointee = number
    return true
}

@c @implementation
public func deed_name(
    _ database: OpaquePointer?, _ kind: deed_name_kind, _ number: UInt32, _ out_size: UnsafeMutablePointer<Int>?
) -> UnsafePointer<CChar>! {
    out_size?.pointee = 0
    guard let graph = try? graph(database), let kind = try? nameKind(kind), let text = graph.names.text(kind, number),
        kind != .propertyKey || number != graph.names.labelsKey
    else { return nil }
    out_size?.pointee = text.size
    return text.base
}

@c @implementation
public func deed_name_count(_ database: OpaquePointer?, _ kind: deed_name_kind) -> UInt32 {
    guard let graph = try? graph(database), let kind = try? nameKind(kind) else { return 0 }
    return UInt32(clamping: graph.names.count(kind))
}
