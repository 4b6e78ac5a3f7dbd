// Secondary indexes: making, dropping and listing them, and looking rows up.

import CDeed
import DeedEngine

/// A list of indexes, with all that it lends out.
final class IndexListHandle {
    let items: UnsafeMutablePointer<deed_index>
    let count: Int

    init(_ indexes: [SecondaryIndex]) {
        count = indexes.count
        items = .allocate(capacity: max(count, 1))
        for (position, index) in indexes.enumerated() {
            let properties = UnsafeMutablePointer<UInt32>.allocate(capacity: index.properties.count)
            properties.initialize(from: index.properties, count: index.properties.count)
            let (name, size) = copyText(index.name)
            (items + position).initialize(
                to: deed_index(
                    name: name, name_size: size, kind: deed_kind(rawValue: UInt32(index.rowKind.rawValue)),
                    table: index.table, properties: properties, property_count: index.properties.count,
                    unique: index.isUnique, entry_count: UInt64(clamping: index.entryCount)))
        }
    }

    deinit {
        for position in 0..<count {
            items[position].name.deallocate()
            items[position].properties.deallocate()
        }
        items.deallocate()
    }
}

private func properties(_ base: UnsafePointer<UInt32>?, _ count: Int) throws(DeedError) -> [NameId] {
    guard count >= 0, count <= Limits.indexPropertiesMax, base != nil || count == 0 else {
        throw DeedError(.invalidArgument, "an index is on 1 to \(Limits.indexPropertiesMax) properties")
    }
    return Array(UnsafeBufferPointer(start: base, count: count))
}

private func text(_ base: UnsafePointer<CChar>?, _ size: Int) throws(DeedError) -> String {
    guard let text = String(validating: try bytes(base, size), as: UTF8.self) else {
        throw DeedError(.invalidArgument, "a name that is not valid UTF-8")
    }
    return text
}

@c @implementation
public func deed_index_create(
    _ database: OpaquePointer?, _ name: UnsafePointer<CChar>?, _ name_size: Int, _ kind: deed_kind, _ table: UInt32,
    _ properties: UnsafePointer<UInt32>?, _ property_count: Int, _ unique: Bool, _ progress: deed_progress?,
    _ user_data: UnsafeMutableRawPointer?, _ out_name: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>?,
    _ out_error: ErrorOut
) -> deed_status {
    out_name?.pointee = nil
    return run(out_error) { () throws(DeedError) in
        let graph = try graph(database)
        let callback = ProgressCallback(call: progress, userData: user_data)
        let given = name == nil ? nil : try text(name, name_size)
        let made = try graph.createIndex(
            name: given, rowKind(kind), table, DeedCAPI.properties(properties, property_count), unique: unique,
            progress: callback.report)
        out_name?.pointee = copyText(made).0
    }
}

@c @implementation
public func deed_index_drop(
    _ database: OpaquePointer?, _ name: UnsafePointer<CChar>?, _ name_size: Int, _ out_error: ErrorOut
) -> deed_status {
    run(out_error) { () throws(DeedError) in try graph(database).dropIndex(name: text(name, name_size)) }
}

@c @implementation
public func deed_indexes_get(
    _ database: OpaquePointer?, _ out_indexes: UnsafeMutablePointer<OpaquePointer?>?, _ out_error: ErrorOut
) -> deed_status {
    out_indexes?.pointee = nil
    return run(out_error) { () throws(DeedError) in
        let out = try required(out_indexes, "out_indexes")
        let graph = try graph(database)
        try graph.requireOpen()
        out.pointee = retained(IndexListHandle(graph.readyIndexes))
    }
}

@c @implementation
public func deed_indexes_count(_ indexes: OpaquePointer?) -> Int { (try? object(indexes, IndexListHandle.self))?.count ?? 0 }

@c @implementation
public func deed_indexes_item(_ indexes: OpaquePointer?, _ position: Int) -> UnsafePointer<deed_index>! {
    guard let list = try? object(indexes, IndexListHandle.self), position >= 0, position < list.count else { return nil }
    return UnsafePointer(list.items + position)
}

@c @implementation
public func deed_indexes_destroy(_ indexes: OpaquePointer?) { release(indexes, IndexListHandle.self) }

// MARK: Looking up

/// 0 stands for all.
private func limit(_ given: UInt64) -> Int { given == 0 ? .max : Int(clamping: given) }

@c @implementation
public func deed_find(
    _ database: OpaquePointer?, _ transaction: OpaquePointer?, _ kind: deed_kind, _ table: UInt32,
    _ properties: UnsafePointer<deed_property>?, _ count: Int, _ limit: UInt64, _ buffer: OpaquePointer?,
    _ out_ids: UnsafeMutablePointer<UnsafePointer<UInt64>?>?, _ out_count: UnsafeMutablePointer<Int>?,
    _ out_error: ErrorOut
) -> deed_status {
    out_ids?.pointee = nil
    out_count?.pointee = 0
    return run(out_error) { () throws(DeedError) in
        let graph = try graph(database)
        let found = try object(buffer, BufferHandle.self).found
        let transaction = try DeedCAPI.transaction(transaction, of: graph)
        try withProperties(properties, count, of: graph) { graph, cells throws(DeedError) in
            try graph.find(transaction, rowKind(kind), table, cells, limit: DeedCAPI.limit(limit), into: found)
        }
        try required(out_ids, "out_ids").pointee = UnsafePointer(found.ids)
        try required(out_count, "out_count").pointee = found.count
    }
}

@c @implementation
public func deed_find_range(
    _ database: OpaquePointer?, _ transaction: OpaquePointer?, _ kind: deed_kind, _ table: UInt32,
    _ range: UnsafePointer<deed_range>?, _ buffer: OpaquePointer?,
    _ out_ids: UnsafeMutablePointer<UnsafePointer<UInt64>?>?, _ out_count: UnsafeMutablePointer<Int>?,
    _ out_error: ErrorOut
) -> deed_status {
    out_ids?.pointee = nil
    out_count?.pointee = 0
    return run(out_error) { () throws(DeedError) in
        let graph = try graph(database)
        let found = try object(buffer, BufferHandle.self).found
        let transaction = try DeedCAPI.transaction(transaction, of: graph)
        guard let range, range.pointee.struct_size >= MemoryLayout<deed_range>.size else {
            throw DeedError(.invalidArgument, "the range is NULL, or its struct_size is not set")
        }
        let wanted = range.pointee
        let keys = try DeedCAPI.properties(wanted.properties, wanted.property_count)
        try withValues(wanted.low, wanted.low_count, of: graph) { low throws(DeedError) in
            try withValues(wanted.high, wanted.high_count, of: graph) { high throws(DeedError) in
                var range = IndexRange()
                range.low = low.map(\.cell)
                range.high = high.map(\.cell)
                range.includesLow = !wanted.exclude_low
                range.includesHigh = !wanted.exclude_high
                range.isPrefix = wanted.prefix
                try graph.findRange(
                    transaction, rowKind(kind), table, keys, range, descending: wanted.descending,
                    limit: DeedCAPI.limit(wanted.limit), into: found)
            }
        }
        try required(out_ids, "out_ids").pointee = UnsafePointer(found.ids)
        try required(out_count, "out_count").pointee = found.count
    }
}

/// Runs `body` with the caller's values as cells, under made-up keys.
private func withValues(
    _ values: UnsafePointer<deed_value>?, _ count: Int, of graph: Graph,
    _ body: (UnsafeBufferPointer<PropertyCell>) throws(DeedError) -> Void
) throws(DeedError) {
    guard count >= 0, count <= Limits.indexPropertiesMax, values != nil || count == 0 else {
        throw DeedError(.invalidArgument, "the values of a bound are NULL, or too many")
    }
    let given = (0..<count).map { position in
        deed_property(key: UInt32(position), reserved: 0, value: values.unsafelyUnwrapped[position])
    }
    let cells = UnsafeMutablePointer<PropertyCell>.allocate(capacity: max(count, 1))
    defer { cells.deallocate() }
    var converter = PropertyConverter()
    let copy = UnsafeMutablePointer<deed_property>.allocate(capacity: max(count, 1))
    defer { copy.deallocate() }
    copy.initialize(from: given, count: count)
    try converter.convert(copy, count, keyCount: Limits.indexPropertiesMax, into: cells)
    try body(UnsafeBufferPointer(start: cells, count: count))
}
