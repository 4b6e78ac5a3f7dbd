// A log record as it leaves the store, for readers of the change feed, replicas and archives: the record as LogRecord
// describes it, made self-contained, and eight bytes that tell whether it arrived whole.
//
// A record in the log names the chunks of a bulk load instead of holding its rows. Outside of the store that would mean
// nothing, so each effect "attach segment" becomes an effect that carries the chunks as they are, which is as small as
// the load is on disk. A replica writes them into its own store and logs an "attach segment" again.

enum ShippedRecord {
    /// The low half of the hash of all that is before it.
    static let trailerBytes = 8

    /// The header and the effects of a record that arrived whole.
    static func open(
        _ data: UnsafeRawBufferPointer
    ) throws(DeedError) -> (header: LogRecord.Header, effects: UnsafeRawBufferPointer) {
        guard data.count >= trailerBytes + LogRecord.headerBytes else { throw damaged() }
        let size = data.count - trailerBytes
        let record = UnsafeRawBufferPointer(rebasing: data[..<size])
        let trailer = UInt64(littleEndian: data.loadUnaligned(fromByteOffset: size, as: UInt64.self))
        guard SipHash.hash(record).low == trailer else { throw damaged() }
        var reader = ByteReader(record)
        let header = try LogRecord.readHeader(&reader)
        return (header, reader.rest)
    }

    /// The commit time of a record, which stands in front of its effects; 0 if it is from a version that wrote none.
    static func commitTime(of record: UnsafeRawBufferPointer) throws(DeedError) -> Int64 {
        var reader = ByteReader(record)
        _ = try LogRecord.readHeader(&reader)
        var effects = EffectReader(reader.rest)
        if case .commitTime(let time)? = try effects.next() { return time }
        return 0
    }

    private static func damaged() -> DeedError {
        DeedError(.corruption, "a record of the change feed is damaged or cut off")
    }
}

extension Graph {
    /// Appends a record of this store's log to `out` in the form in which it leaves.
    func ship(_ record: UnsafeRawBufferPointer, into out: inout ByteBuffer) throws(DeedError) {
        let start = out.count
        var reader = ByteReader(record)
        LogRecord.header(try LogRecord.readHeader(&reader), into: &out)
        var effects = EffectReader(reader.rest)
        while true {
            let before = effects.rest
            guard let effect = try effects.next() else { break }
            if case .attach(let load) = effect {
                try appendRows(load, into: &out)
            } else {
                out.append(UnsafeRawBufferPointer(rebasing: before[..<(before.count - effects.rest.count)]))
            }
        }
        let hash = SipHash.hash(UnsafeRawBufferPointer(rebasing: out.bytes[start...]))
        out.append(fixed64: hash.low)
    }

    private func appendRows(_ load: AttachedSegment, into out: inout ByteBuffer) throws(DeedError) {
        var columns = load.columns
        if load.kind == .relationship { columns.append(StoreKeys.endpointsColumn) }
        LogRecord.attachedRows(
            load.kind, number: load.number, table: load.table, rows: load.rows, columns: columns.count, into: &out)
        for column in columns {
            let key = StoreKeys.chunk(load.generation, load.kind, load.number, column)
            guard let chunk = try store?.get(.segments, key) else {
                throw DeedError(.notRetained, "the rows of a bulk load are no longer in the log")
            }
            out.append(varint: UInt64(column))
            out.append(sized: chunk.bytes)
        }
    }
}
