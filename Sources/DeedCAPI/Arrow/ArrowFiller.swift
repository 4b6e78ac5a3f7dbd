// Filling a column chunk from Arrow arrays. An Arrow column has one type, so its chunk is laid out at once, exactly as
// large as it must be, and the values go straight in. Three loops do it, each specialised for the types it serves:
//
//   plain     a value of fixed width becomes one of fixed width: read, convert, store
//   borrowed  strings and other bytes that lie in the Arrow buffers as Deed keeps them: slots, then the arena
//   encoded   everything else: encoded into a buffer first, then as above

import DeedEngine
import Glibc

/// One call of `fill`.
struct ArrowFiller {
    let field: ArrowField
    let selection: ArrowSelection
    /// The row of the chunk that the first value goes to.
    let target: Int
    let pool: MemoryPool

    func fill(_ chunk: inout ColumnChunk) throws(DeedError) {
        switch field.kind {
        case .null: return
        case .bool:
            try plainByIndex(&chunk, .bool) { view, index in
                UInt8(ArrowView.bit(view.pointee.values, view.pointee.offset &+ index) ? 1 : 0)
            }
        case .integer(let width, let isSigned): try fillIntegers(&chunk, width, isSigned)
        case .float(let width): try fillFloats(&chunk, width)
        case .date32: try plain(&chunk, .date) { (days: Int32) in Int64(days) }
        case .date64: try plain(&chunk, .date) { (value: Int64) in floorDivide(value, 86_400_000).quotient }
        case .time(let unit): try fillTimes(&chunk, unit)
        case .timestamp(let unit, isZoned: false):
            try plain(&chunk, .localDatetime) { (value: Int64) throws(DeedError) in
                DatetimeSlot(try instant(value, unit))
            }
        case .bytes(.offsets32, _):
            try borrowed(&chunk) { view, index in view.pointee.bytes(index, offsets: Int32.self) }
        case .bytes(.offsets64, _):
            try borrowed(&chunk) { view, index in view.pointee.bytes(index, offsets: Int64.self) }
        case .bytes(.views, _): try borrowed(&chunk) { view, index in view.pointee.bytes(view: index) }
        case .bytes(let layout, _): try borrowed(&chunk) { view, index in view.pointee.bytes(index, layout) }
        default:
            if field.valueType == .null { return }
            if field.valueType.isFixed { try fillFixedCells(&chunk) } else { try fillCells(&chunk) }
        }
    }

    private func fillIntegers(_ chunk: inout ColumnChunk, _ width: Int, _ isSigned: Bool) throws(DeedError) {
        switch (width, isSigned) {
        case (1, true): try plain(&chunk, .int64) { (value: Int8) in Int64(value) }
        case (1, false): try plain(&chunk, .int64) { (value: UInt8) in Int64(value) }
        case (2, true): try plain(&chunk, .int64) { (value: Int16) in Int64(value) }
        case (2, false): try plain(&chunk, .int64) { (value: UInt16) in Int64(value) }
        case (4, true): try plain(&chunk, .int64) { (value: Int32) in Int64(value) }
        case (4, false): try plain(&chunk, .int64) { (value: UInt32) in Int64(value) }
        case (_, true): try plain(&chunk, .int64) { (value: Int64) in value }
        case (_, false):
            try plain(&chunk, .int64) { (value: UInt64) throws(DeedError) in
                guard value <= UInt64(Int64.max) else { throw tooLarge(value) }
                return Int64(bitPattern: value)
            }
        }
    }

    private func fillFloats(_ chunk: inout ColumnChunk, _ width: Int) throws(DeedError) {
        switch width {
        case 2: try plain(&chunk, .float64) { (value: UInt16) in Double(Float16(bitPattern: value)) }
        case 4: try plain(&chunk, .float64) { (value: UInt32) in Double(Float(bitPattern: value)) }
        default: try plain(&chunk, .float64) { (value: UInt64) in value }
        }
    }

    private func fillTimes(_ chunk: inout ColumnChunk, _ unit: ArrowUnit) throws(DeedError) {
        if field.kind.stride == 4 {
            try plain(&chunk, .localTime) { (value: Int32) throws(DeedError) in try timeOfDay(Int64(value), unit) }
        } else {
            try plain(&chunk, .localTime) { (value: Int64) throws(DeedError) in try timeOfDay(value, unit) }
        }
    }

    // MARK: The loops

    @inline(__always)
    private func plain<Source: BitwiseCopyable, Value: BitwiseCopyable>(
        _ chunk: inout ColumnChunk, _ type: ValueType, _ convert: (Source) throws(DeedError) -> Value
    ) throws(DeedError) {
        try plainByIndex(&chunk, type) { view, index throws(DeedError) in
            try convert(view.pointee.value(index, as: Source.self))
        }
    }

    @inline(__always)
    private func plainByIndex<Value: BitwiseCopyable>(
        _ chunk: inout ColumnChunk, _ type: ValueType,
        _ read: (UnsafePointer<ArrowView>, Int) throws(DeedError) -> Value
    ) throws(DeedError) {
        guard let room = try begin(&chunk, type, arenaBytes: 0) else { return }
        let out = room.data.assumingMemoryBound(to: Value.self) + target
        guard let bits = room.bits else {
            try selection.forEach { position, view, index throws(DeedError) in
                do throws(DeedError) { out[position] = try read(view, index) } catch { throw named(error, position) }
            }
            return
        }
        try selection.forEach { position, view, index throws(DeedError) in
            guard isSet(bits, target &+ position) else { return }
            do throws(DeedError) { out[position] = try read(view, index) } catch { throw named(error, position) }
        }
    }

    /// Values whose bytes can be copied from where they lie. Two passes, since the arena's size comes first; what the
    /// first finds is kept, so that the second goes for the bytes alone.
    @inline(__always)
    private func borrowed(
        _ chunk: inout ColumnChunk, _ read: (UnsafePointer<ArrowView>, Int) -> UnsafeRawBufferPointer
    ) throws(DeedError) {
        let pieces = UnsafeMutablePointer<UnsafeRawBufferPointer>.allocate(capacity: selection.count)
        defer { pieces.deallocate() }
        let canBeNull = selection.canBeNull(field)
        try selection.forEach { position, view, index in
            let isThere = !canBeNull || view.pointee.isPresent(index, field)
            (pieces + position).initialize(
                to: isThere ? read(view, index) : UnsafeRawBufferPointer(start: nil, count: 0))
        }
        try store(pieces, &chunk)
    }

    /// Slots for the pieces, and their bytes into the arena.
    private func store(_ pieces: UnsafePointer<UnsafeRawBufferPointer>, _ chunk: inout ColumnChunk) throws(DeedError) {
        var arenaBytes = 0
        for position in 0..<selection.count {
            let size = pieces[position].count
            if size > ByteSlot.inlineMax { arenaBytes &+= size }
            guard size <= Limits.valueBytesMax else {
                let error = DeedError(.limitExceeded, "a value of \(size) bytes; \(Limits.valueBytesMax) are possible")
                throw named(error, position)
            }
        }
        guard let room = try begin(&chunk, field.valueType, arenaBytes: arenaBytes) else { return }
        let slots = room.data + target &* 16
        var end = 0
        for position in 0..<selection.count {
            let slot = slots + position &* 16
            let piece = pieces[position]
            guard let bytes = piece.baseAddress, piece.count > 0 else { continue }
            slot.storeBytes(of: UInt32(truncatingIfNeeded: piece.count), as: UInt32.self)
            if piece.count <= ByteSlot.inlineMax {
                copyShort(bytes, piece.count, to: slot + 4)
            } else {
                slot.storeBytes(of: bytes.loadUnaligned(as: UInt32.self), toByteOffset: 4, as: UInt32.self)
                slot.storeBytes(of: UInt64(end), toByteOffset: 8, as: UInt64.self)
                memcpy(room.arena.unsafelyUnwrapped + end, bytes, piece.count)
                end &+= piece.count
            }
        }
        chunk.setArenaCount(end)
    }

    /// Up to twelve bytes, by two overlapping moves rather than a call.
    @inline(__always)
    private func copyShort(_ source: UnsafeRawPointer, _ size: Int, to slot: UnsafeMutableRawPointer) {
        if size >= 8 {
            slot.storeBytes(of: source.loadUnaligned(as: UInt64.self), as: UInt64.self)
            let last = source.loadUnaligned(fromByteOffset: size &- 4, as: UInt32.self)
            slot.storeBytes(of: last, toByteOffset: size &- 4, as: UInt32.self)
        } else if size >= 4 {
            slot.storeBytes(of: source.loadUnaligned(as: UInt32.self), as: UInt32.self)
            let last = source.loadUnaligned(fromByteOffset: size &- 4, as: UInt32.self)
            slot.storeBytes(of: last, toByteOffset: size &- 4, as: UInt32.self)
        } else {
            for index in 0..<size {
                slot.storeBytes(
                    of: source.load(fromByteOffset: index, as: UInt8.self), toByteOffset: index, as: UInt8.self)
            }
        }
    }

    /// Values that are encoded first: nested ones, zoned datetimes, durations, and what stands behind an index or a run.
    private func fillCells(_ chunk: inout ColumnChunk) throws(DeedError) {
        var reader = ArrowCellReader()
        var encoded = ByteBuffer(capacity: selection.count &* 16)
        let ends = UnsafeMutablePointer<Int>.allocate(capacity: selection.count)
        let pieces = UnsafeMutablePointer<UnsafeRawBufferPointer>.allocate(capacity: selection.count)
        defer {
            ends.deallocate()
            pieces.deallocate()
        }
        // A plain loop: `encoded` cannot be captured while it is passed on.
        for position in 0..<selection.count {
            let (batch, index) = selection.batches.locate(selection.row(at: position))
            do throws(DeedError) {
                encoded.append(try reader.cell(field, selection.views + batch, index).bytes)
            } catch { throw named(error, position) }
            ends[position] = encoded.count
        }
        var start = 0
        for position in 0..<selection.count {
            let piece = UnsafeRawBufferPointer(
                start: UnsafeRawPointer(encoded.base) + start, count: ends[position] - start)
            (pieces + position).initialize(to: piece)
            start = ends[position]
        }
        try store(pieces, &chunk)
    }

    /// As fillCells, for types of fixed width.
    private func fillFixedCells(_ chunk: inout ColumnChunk) throws(DeedError) {
        guard let room = try begin(&chunk, field.valueType, arenaBytes: 0) else { return }
        var reader = ArrowCellReader()
        for position in 0..<selection.count {
            let (batch, index) = selection.batches.locate(selection.row(at: position))
            let cell: Cell
            do throws(DeedError) { cell = try reader.cell(field, selection.views + batch, index) } catch {
                throw named(error, position)
            }
            guard cell.type != .null else { continue }
            if field.valueType.width == 8 {
                room.data.storeBytes(of: cell.bits, toByteOffset: (target + position) * 8, as: UInt64.self)
            } else {
                room.data.storeBytes(
                    of: UInt8(truncatingIfNeeded: cell.bits), toByteOffset: target + position, as: UInt8.self)
            }
        }
    }

    // MARK: Layout

    private struct Room {
        let data: UnsafeMutableRawPointer
        let arena: UnsafeMutableRawPointer?
        /// The chunk's validity bitmap, complete; nil when all rows hold values.
        let bits: UnsafeMutablePointer<UInt64>?
    }

    /// Lays out the chunk and its validity; nil, and an empty chunk, when no value is there at all.
    private func begin(_ chunk: inout ColumnChunk, _ type: ValueType, arenaBytes: Int) throws(DeedError) -> Room? {
        var present = selection.count
        let canBeNull = selection.canBeNull(field)
        if canBeNull {
            present = 0
            try selection.forEach { _, view, index in if view.pointee.isPresent(index, field) { present &+= 1 } }
        }
        if present == 0 { return nil }
        try chunk.begin(type: type, mixed: false, rows: target + selection.count, arenaBytes: arenaBytes, pool)
        guard let data = chunk.data else { return nil }
        if present == selection.count && target == 0 {
            chunk.setAllValid(present)
            return Room(data: data, arena: chunk.arena, bits: nil)
        }
        let bits = try chunk.makeEmptyBitmap(pool)
        try selection.forEach { position, view, index in
            if !canBeNull || view.pointee.isPresent(index, field) {
                bits[(target &+ position) &>> 6] |= 1 &<< UInt64(truncatingIfNeeded: (target &+ position) & 63)
            }
        }
        return Room(data: data, arena: chunk.arena, bits: bits)
    }

    @inline(__always)
    private func isSet(_ bits: UnsafeMutablePointer<UInt64>, _ row: Int) -> Bool {
        bits[row &>> 6] & (1 &<< UInt64(truncatingIfNeeded: row & 63)) != 0
    }

    /// The error with the column and the row of the stream before it.
    @inline(never)
    private func named(_ error: DeedError, _ position: Int) -> DeedError {
        DeedError(error.status, "column '\(field.path)', row \(selection.row(at: position)): \(error.message)")
    }
}

/// A local datetime as the slot that holds it: always twelve bytes, hence in place.
private struct DatetimeSlot: BitwiseCopyable {
    let size: UInt32 = 12
    let secondsLow: UInt32
    let secondsHigh: UInt32
    let nanoseconds: UInt32

    @inline(__always)
    init(_ value: (seconds: Int64, nanoseconds: UInt32)) {
        secondsLow = UInt32(truncatingIfNeeded: value.seconds)
        secondsHigh = UInt32(truncatingIfNeeded: value.seconds >> 32)
        nanoseconds = value.nanoseconds
    }
}
