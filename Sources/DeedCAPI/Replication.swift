// The change feed, its records taken apart, and replicas.

import CDeed
import DeedEngine

final class FeedHandle {
    let feed: ChangeFeed
    let record = UnsafeMutablePointer<deed_feed_record>.allocate(capacity: 1)

    init(_ feed: ChangeFeed) {
        self.feed = feed
        record.initialize(to: deed_feed_record())
    }

    deinit { record.deallocate() }
}

final class ChangesHandle {
    let reader: ChangeReader
    /// A copy of the record, which the reader refers to.
    private let data: UnsafeMutableRawBufferPointer
    private let row: BufferHandle
    private let before: BufferHandle
    private let change = UnsafeMutablePointer<deed_change>.allocate(capacity: 1)
    private var name: UnsafeMutablePointer<CChar>?

    init(_ graph: Graph, _ bytes: UnsafeRawBufferPointer) throws(DeedError) {
        let copy = UnsafeMutableRawBufferPointer.allocate(byteCount: max(bytes.count, 1), alignment: 8)
        copy.copyMemory(from: bytes)
        do throws(DeedError) {
            reader = try graph.readChanges(UnsafeRawBufferPointer(rebasing: copy[..<bytes.count]))
        } catch {
            copy.deallocate()
            throw error
        }
        data = copy
        row = BufferHandle(graph, reader.row)
        before = BufferHandle(graph, reader.before)
        change.initialize(to: deed_change())
    }

    deinit {
        data.deallocate()
        change.deallocate()
        name?.deallocate()
    }

    /// The next change in the caller's terms, or nil.
    func next() throws(DeedError) -> UnsafePointer<deed_change>? {
        guard try reader.advance() else { return nil }
        change.pointee.action = reader.action.rawValue
        change.pointee.kind = Int32(reader.kind.rawValue)
        change.pointee.replace = reader.isReplacing
        change.pointee.object = reader.object.number
        name?.deallocate()
        let (text, size) = copyText(reader.object.name)
        name = text
        change.pointee.name = UnsafePointer(text)
        change.pointee.name_size = size
        change.pointee.record = try row.makeRecord()
        change.pointee.before = reader.hasBefore ? try before.makeRecord() : nil
        return UnsafePointer(change)
    }
}

@c @implementation
public func deed_retain_log(
    _ database: OpaquePointer?, _ bytes: UInt64, _ seconds: UInt64, _ out_error: ErrorOut
) -> deed_status {
    run(out_error) { () throws(DeedError) in
        try graph(database).retainLog(LogRetentionPolicy(bytes: Int(clamping: bytes), seconds: Int(clamping: seconds)))
    }
}

@c @implementation
public func deed_feed_open(
    _ database: OpaquePointer?, _ since: UInt64, _ out_feed: UnsafeMutablePointer<OpaquePointer?>?, _ out_error: ErrorOut
) -> deed_status {
    out_feed?.pointee = nil
    return run(out_error) { () throws(DeedError) in
        let out = try required(out_feed, "out_feed")
        let graph = try graph(database)
        out.pointee = retained(FeedHandle(try graph.changes(since: since)))
    }
}

@c @implementation
public func deed_feed_next(
    _ feed: OpaquePointer?, _ wait_milliseconds: UInt32,
    _ out_record: UnsafeMutablePointer<UnsafePointer<deed_feed_record>?>?, _ out_error: ErrorOut
) -> deed_status {
    out_record?.pointee = nil
    return run(out_error) { () throws(DeedError) in
        let out = try required(out_record, "out_record")
        let handle = try object(feed, FeedHandle.self)
        guard try handle.feed.advance(milliseconds: Int(wait_milliseconds)) else { return }
        let data = handle.feed.data
        handle.record.pointee.sequence = handle.feed.sequence
        handle.record.pointee.commit_time = handle.feed.microseconds
        handle.record.pointee.data = data.baseAddress
        handle.record.pointee.size = data.count
        out.pointee = UnsafePointer(handle.record)
    }
}

@c @implementation
public func deed_feed_destroy(_ feed: OpaquePointer?) { release(feed, FeedHandle.self) }

/// The bytes of a record from outside.
private func record(_ data: UnsafeRawPointer?, _ size: Int) throws(DeedError) -> UnsafeRawBufferPointer {
    try bytes(data?.assumingMemoryBound(to: CChar.self), size)
}

@c @implementation
public func deed_changes_open(
    _ database: OpaquePointer?, _ data: UnsafeRawPointer?, _ size: Int,
    _ out_changes: UnsafeMutablePointer<OpaquePointer?>?, _ out_error: ErrorOut
) -> deed_status {
    out_changes?.pointee = nil
    return run(out_error) { () throws(DeedError) in
        let out = try required(out_changes, "out_changes")
        out.pointee = retained(try ChangesHandle(try graph(database), try record(data, size)))
    }
}

@c @implementation
public func deed_changes_next(
    _ changes: OpaquePointer?, _ out_change: UnsafeMutablePointer<UnsafePointer<deed_change>?>?, _ out_error: ErrorOut
) -> deed_status {
    out_change?.pointee = nil
    return run(out_error) { () throws(DeedError) in
        let out = try required(out_change, "out_change")
        out.pointee = try object(changes, ChangesHandle.self).next()
    }
}

@c @implementation
public func deed_changes_destroy(_ changes: OpaquePointer?) { release(changes, ChangesHandle.self) }

@c @implementation
public func deed_apply(
    _ database: OpaquePointer?, _ data: UnsafeRawPointer?, _ size: Int, _ out_applied: UnsafeMutablePointer<Bool>?,
    _ out_error: ErrorOut
) -> deed_status {
    out_applied?.pointee = false
    return run(out_error) { () throws(DeedError) in
        let isNew = try graph(database).applyRecord(try record(data, size))
        out_applied?.pointee = isNew
    }
}

@c @implementation
public func deed_state_digest(
    _ database: OpaquePointer?, _ out_digest: UnsafeMutablePointer<UInt8>?, _ out_sequence: UnsafeMutablePointer<UInt64>?,
    _ out_error: ErrorOut
) -> deed_status {
    out_sequence?.pointee = 0
    return run(out_error) { () throws(DeedError) in
        let out = try required(out_digest, "out_digest")
        let (digest, sequence) = try graph(database).stateDigest()
        for index in 0..<8 {
            out[index] = UInt8(truncatingIfNeeded: digest.high >> UInt64(56 - 8 * index))
            out[8 + index] = UInt8(truncatingIfNeeded: digest.low >> UInt64(56 - 8 * index))
        }
        out_sequence?.pointee = sequence
    }
}
