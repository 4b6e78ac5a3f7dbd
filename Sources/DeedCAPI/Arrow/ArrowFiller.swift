// Filling a column chunk from Arrow arrays. An Arrow column has one type, so its chunk is laid out at once, exactly as
// large as it must be, and the values go straight in. Three loops do it, each specialised for the types it serves:
//
//   plain     a value of fixed width becomes one of fixed width: read, convert, store
//   borrowed  strings and other bytes that lie in the Arrow buffers as Deed keeps them: slots, then the arena
//   cells     everything else: encoded into a buffer first, then as above
//
// The rows may be in any order, so what the loops mostly do is wait for memory. They hold no call that the compiler
// cannot see into: the processor then works on the next rows while it waits.

import DeedEngine
import Glibc

/// One call of `fill`.
struct ArrowFiller {
    let field: ArrowField
    let selection: ArrowSelection
    /// A bit for each selected row that holds a value; nil when all do.
    let presence: UnsafePointer<UInt64>?
    /// The row of the chunk that the first value goes to.
    let target: Int
    let pool: MemoryPool

    func fill(_ chunk: inout ColumnChunk) throws(DeedError) {
        switch field.kind {
        case .bool: try plainByIndex(&chunk, .bool) { view, index in view.pointee.bit(index) }
        case .integer(let width, let isSigned): try fillIntegers(&chunk, width, isSigned)
        case .float(let width): try fillFloats(&chunk, width)
        case .date32: try plain(&chunk, .date) { (days: Int32) in Int64(days) }
        case .date64: try plain(&chunk, .date) { (value: Int64) in floorDivide(value, 86_400_000).quotient }
        case .time(let unit): try fillTimes(&chunk, unit)
        case .timestamp(let unit, isZoned: false): try fillTimestamps(&chunk, unit)
        case .timestamp(let unit, isZoned: true): try fillZonedTimestamps(&chunk, unit)
        case .bytes(let layout, _): try fillBytes(&chunk, layout)
        case .dictionary(let width, let isSigned):
            guard case .bytes(let layout, _) = field.children[0].kind else { return try fillCells(&chunk) }
            try borrowed(&chunk) { view, index in
                let place = view.pointee.integer(index, width: width, isSigned: isSigned)
                return view.pointee.children.unsafelyUnwrapped.pointee.bytes(place, layout)
            }
        default: try fillCells(&chunk)
        }
    }

    private func fillBytes(_ chunk: inout ColumnChunk, _ layout: ArrowByteLayout) throws(DeedError) {
        switch layout {
        case .offsets32: try borrowed(&chunk) { view, index in view.pointee.bytes(index, offsets: Int32.self) }
        case .offsets64: try borrowed(&chunk) { view, index in view.pointee.bytes(index, offsets: Int64.self) }
        case .views, .fixed: try borrowed(&chunk) { view, index in view.pointee.bytes(index, layout) }
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

    // The unit is a constant in each case, so that no division by it is left.
    private func fillTimestamps(_ chunk: inout ColumnChunk, _ unit: ArrowUnit) throws(DeedError) {
        switch unit {
        case .second:
            try plain(&chunk, .localDatetime) { (value: Int64) throws(DeedError) in
                DatetimeSlot(try instant(value, .second))
            }
        case .millisecond:
            try plain(&chunk, .localDatetime) { (value: Int64) throws(DeedError) in
                DatetimeSlot(try instant(value, .millisecond))
            }
        case .microsecond:
            try plain(&chunk, .localDatetime) { (value: Int64) throws(DeedError) in
                DatetimeSlot(try instant(value, .microsecond))
            }
        case .nanosecond:
            try plain(&chunk, .localDatetime) { (value: Int64) throws(DeedError) in
                DatetimeSlot(try instant(value, .nanosecond))
            }
        }
    }

    /// Zoned datetimes are of one size in a column: the zone is the column's.
    private func fillZonedTimestamps(_ chunk: inout ColumnChunk, _ unit: ArrowUnit) throws(DeedError) {
        let zone = field.zone.bytes
        let size = 16 + zone.count
        let encoded = UnsafeMutableRawPointer.allocate(byteCount: selection.count * size, alignment: 8)
        let pieces = UnsafeMutablePointer<UnsafeRawBufferPointer>.allocate(capacity: selection.count)
        defer {
            encoded.deallocate()
            pieces.deallocate()
        }
        try selection.forEach { position, view, index throws(DeedError) in
            guard isPresent(position) else {
                return (pieces + position).initialize(to: UnsafeRawBufferPointer(start: nil, count: 0))
            }
            let value: (seconds: Int64, nanoseconds: UInt32)
            do throws(DeedError) {
                value = try instant(view.pointee.value(index, as: Int64.self), unit)
            } catch { throw named(error, position) }
            let start = encoded + position &* size
            start.storeBytes(of: value.seconds, as: Int64.self)
            start.storeBytes(of: value.nanoseconds, toByteOffset: 8, as: UInt32.self)
            start.storeBytes(of: field.offset, toByteOffset: 12, as: Int32.self)
            if let name = zone.baseAddress { memcpy(start + 16, name, zone.count) }
            (pieces + position).initialize(to: UnsafeRawBufferPointer(start: start, count: size))
        }
        try store(pieces, &chunk)
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
        let room = try begin(&chunk, type, arenaBytes: 0)
        let out = room.data.assumingMemoryBound(to: Value.self) + target
        guard presence != nil else {
            return try selection.forEach { position, view, index throws(DeedError) in
                do throws(DeedError) { out[position] = try read(view, index) } catch { throw named(error, position) }
            }
        }
        try selection.forEach { position, view, index throws(DeedError) in
            guard isPresent(position) else { return }
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
        try selection.forEach { position, view, index in
            let bytes = isPresent(position) ? read(view, index) : UnsafeRawBufferPointer(start: nil, count: 0)
            (pieces + position).initialize(to: bytes)
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
        let room = try begin(&chunk, field.valueType, arenaBytes: arenaBytes)
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

    /// Values that are read one by one: nested ones, durations, decimals, and what stands behind an index or a run.
    private func fillCells(_ chunk: inout ColumnChunk) throws(DeedError) {
        if field.valueType.isFixed { return try fillFixedCells(&chunk) }
        var encoded = ByteBuffer(capacity: selection.count * 16)
        let ends = UnsafeMutablePointer<Int>.allocate(capacity: selection.count)
        let pieces = UnsafeMutablePointer<UnsafeRawBufferPointer>.allocate(capacity: selection.count)
        defer {
            ends.deallocate()
            pieces.deallocate()
        }
        try forEachCell { position, cell in
            encoded.append(cell.bytes)
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
        let room = try begin(&chunk, field.valueType, arenaBytes: 0)
        let isWide = field.valueType.width == 8
        try forEachCell { position, cell in
            if isWide {
                room.data.storeBytes(of: cell.bits, toByteOffset: (target + position) * 8, as: UInt64.self)
            } else {
                let byte = UInt8(truncatingIfNeeded: cell.bits)
                room.data.storeBytes(of: byte, toByteOffset: target + position, as: UInt8.self)
            }
        }
    }

    private func forEachCell(_ body: (Int, Cell) -> Void) throws(DeedError) {
        var reader = ArrowCellReader()
        for position in 0..<selection.count {
            let (batch, index) = selection.batches.locate(selection.row(at: position))
            do throws(DeedError) {
                body(position, try reader.cell(field, selection.views + batch, index))
            } catch { throw named(error, position) }
        }
    }

    // MARK: Layout

    /// Lays out the chunk and says which of its rows hold values.
    private func begin(
        _ chunk: inout ColumnChunk, _ type: ValueType, arenaBytes: Int
    ) throws(DeedError) -> (data: UnsafeMutableRawPointer, arena: UnsafeMutableRawPointer?) {
        let count = selection.count
        try chunk.begin(type: type, mixed: false, rows: target + count, arenaBytes: arenaBytes, pool)
        guard let data = chunk.data else { throw DeedError(.internalError, "a chunk without data") }
        if presence == nil && target == 0 {
            chunk.setAllValid(count)
            return (data, chunk.arena)
        }
        let bits = try chunk.makeEmptyBitmap(pool)
        let shift = UInt64(target & 63)
        for word in 0..<(count + 63) / 64 {
            let isLast = word == count / 64
            let present = presence?[word] ?? (isLast ? 1 << UInt64(count & 63) - 1 : .max)
            bits[target >> 6 + word] |= present << shift
            // What the shift pushed out; a smart shift by 64 gives none.
            let rest = present >> (64 - shift)
            if rest != 0 { bits[target >> 6 + word + 1] |= rest }
        }
        return (data, chunk.arena)
    }

    @inline(__always)
    private func isPresent(_ position: Int) -> Bool {
        guard let presence else { return true }
        return presence[position &>> 6] & (1 &<< UInt64(truncatingIfNeeded: position & 63)) != 0
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
