// A column vector while it is filled from the chunks of several segments, front to back. It takes the type of the first
// value; when another type comes, or one that has no array of its own, the vector is converted to general values.

import DeedValues
import Glibc

struct GatheredColumn {
    /// nil while all are null.
    private var typed: ColumnVector?
    private let capacity: Int
    /// Of the typed vector, for `copyOne`: the type of its values, and where they are.
    private var type = ValueType.null
    private var words: UnsafeMutablePointer<UInt64>?
    private var slots: UnsafeMutablePointer<ByteSlot>?
    /// Where its vector comes from.
    var vectors = RecycledVector()

    init(capacity: Int) { self.capacity = capacity }

    /// What there is so far.
    var vector: ColumnVector { typed ?? ColumnVector(.null, capacity: capacity) }

    /// The vector, ready for values of a kind, or general; the rows below `done` have theirs.
    @inline(__always)
    private mutating func require(_ kind: ColumnVector.Kind, done: Int) -> ColumnVector {
        if let typed, typed.kind == kind || typed.kind == .any { return typed }
        return convert(to: kind, done: done)
    }

    @inline(never)
    private mutating func convert(to kind: ColumnVector.Kind, done: Int) -> ColumnVector {
        let vector = typed == nil ? vectors.take(kind, capacity: capacity) : ColumnVector(.any, capacity: capacity)
        if vector.kind == .any {
            let old = self.vector
            vector.values = (0..<done).map { old.value($0) } + Array(repeating: Value.null, count: capacity &- done)
        }
        typed = vector
        (type, words, slots) = (.null, nil, nil)
        switch vector.kind {
        case .int64: (type, words) = (.int64, vector.ids)
        case .date: (type, words) = (.date, vector.ids)
        case .float64: (type, words) = (.float64, vector.ids)
        case .string: (type, slots) = (.string, vector.strings)
        default: break
        }
        if vector.kind != .any { putNulls(0, done) }
        return vector
    }

    @inline(__always)
    mutating func putNull(_ row: Int) { putNulls(row, row &+ 1) }

    mutating func putNulls(_ start: Int, _ end: Int) {
        guard end > start, let vector = typed, vector.kind != .any else { return }
        let width = ColumnVector.width(vector.kind)
        memset(vector.data.unsafelyUnwrapped + start &* width, 0, (end &- start) &* width)
        memset(vector.requireNulls() + start, 1, end &- start)
    }

    /// Any value, which is copied.
    mutating func put(_ row: Int, _ cell: Cell) throws(DeedError) {
        let kind: ColumnVector.Kind
        switch cell.type {
        case .null: return putNull(row)
        case .bool: kind = .bool
        case .int64: kind = .int64
        case .date: kind = .date
        case .float64: kind = .float64
        case .string: kind = .string
        default: kind = .any
        }
        let vector = require(kind, done: row)
        switch vector.kind {
        case .any: vector.values[row] = try Value(cell)
        case .bool: vector.bools[row] = UInt8(truncatingIfNeeded: cell.bits)
        case .string: vector.setString(row, cell.bytes)
        default: vector.ids[row] = cell.bits
        }
    }

    /// The value of one row, if it is one that is copied as it stands, and of the type that the vector has.
    @inline(__always)
    mutating func copyOne(_ chunk: UnsafePointer<ColumnChunk>, _ row: Int, to position: Int) -> Bool {
        guard !chunk.pointee.isMixed, chunk.pointee.isValid(row), let data = chunk.pointee.data,
            chunk.pointee.type == type || typed == nil && begin(chunk.pointee.type, done: position)
        else { return false }
        if let words {
            words[position] = data.assumingMemoryBound(to: UInt64.self)[row]
            return true
        }
        guard let slots, case let slot = chunk.pointee.slots[row], slot.isInline else { return false }
        slots[position] = slot
        return true
    }

    /// The values of some rows, all of which are there, to the places where their ids are; false, and some of it undone, if they
    /// are not all copied as they stand, and of the type that the vector has.
    mutating func copyScattered(
        _ chunk: UnsafePointer<ColumnChunk>, _ ids: UnsafePointer<UInt64>, _ places: UnsafePointer<UInt32>, _ count: Int, rows: Int
    ) -> Bool {
        guard !chunk.pointee.isMixed, chunk.pointee.isAllValid(rows), let data = chunk.pointee.data,
            chunk.pointee.type == type || typed == nil && begin(chunk.pointee.type, done: 0)
        else { return false }
        if let words {
            let from = data.assumingMemoryBound(to: UInt64.self)
            for index in 0..<count {
                let place = Int(places[index])
                words[place] = from[rowNumber(of: ids[place])]
            }
            return true
        }
        guard let slots, let typed else { return false }
        let (from, arena) = (chunk.pointee.slots, chunk.pointee.arena.map { UnsafeRawPointer($0) })
        for index in 0..<count {
            let place = Int(places[index])
            let slot = from[rowNumber(of: ids[place])]
            if slot.isInline {
                slots[place] = slot
            } else if let arena {
                typed.setString(place, UnsafeRawBufferPointer(start: arena + Int(slot.tail), count: Int(slot.length)))
            }
        }
        return true
    }

    /// Takes the type of the first value; the rows below `done` are null. False if `copyOne` does not know it.
    @inline(never)
    private mutating func begin(_ type: ValueType, done: Int) -> Bool {
        switch type {
        case .int64: _ = convert(to: .int64, done: done)
        case .date: _ = convert(to: .date, done: done)
        case .float64: _ = convert(to: .float64, done: done)
        case .string: _ = convert(to: .string, done: done)
        default: return false
        }
        return true
    }

    /// The values of a run of rows, all of which are there.
    mutating func copy(_ chunk: ColumnChunk, _ ids: UnsafePointer<UInt64>, _ run: IdRun) throws(DeedError) {
        guard chunk.type != .null, let data = chunk.data else { return putNulls(run.start, run.end) }
        let kind: ColumnVector.Kind
        switch chunk.isMixed ? .list : chunk.type {
        case .bool: kind = .bool
        case .int64: kind = .int64
        case .date: kind = .date
        case .float64: kind = .float64
        case .string: kind = .string
        default: kind = .any
        }
        let vector = kind == .any ? nil : require(kind, done: run.start)
        guard let vector, vector.kind == kind else {
            for index in run.start..<run.end { try put(index, chunk.cell(at: rowNumber(of: ids[index]))) }
            return
        }
        let nulls = chunk.isAllValid(run.highestRow &+ 1) ? nil : noteNulls(vector, chunk, ids, run)
        switch kind {
        case .bool: copy(data.assumingMemoryBound(to: UInt8.self), vector.bools, ids, run, nulls)
        case .string: copyStrings(chunk, vector, ids, run, nulls)
        default: copy(data.assumingMemoryBound(to: UInt64.self), vector.ids, ids, run, nulls)
        }
    }

    /// The null bytes, if one of the rows is null.
    private func noteNulls(
        _ vector: ColumnVector, _ chunk: ColumnChunk, _ ids: UnsafePointer<UInt64>, _ run: IdRun
    ) -> UnsafeMutablePointer<UInt8>? {
        var nulls: UnsafeMutablePointer<UInt8>?
        for index in run.start..<run.end where !chunk.isValid(rowNumber(of: ids[index])) {
            let known = nulls ?? vector.requireNulls()
            known[index] = 1
            nulls = known
        }
        return nulls
    }

    @inline(__always)
    private func copy<Element: BitwiseCopyable & FixedWidthInteger>(
        _ from: UnsafeMutablePointer<Element>, _ to: UnsafeMutablePointer<Element>, _ ids: UnsafePointer<UInt64>,
        _ run: IdRun, _ nulls: UnsafePointer<UInt8>?
    ) {
        if let nulls {
            for index in run.start..<run.end {
                to[index] = nulls[index] == 0 ? from[rowNumber(of: ids[index])] : 0
            }
        } else if run.isSequence {
            let size = (run.end &- run.start) &* MemoryLayout<Element>.stride
            memcpy(to + run.start, from + rowNumber(of: ids[run.start]), size)
        } else {
            for index in run.start..<run.end { to[index] = from[rowNumber(of: ids[index])] }
        }
    }

    private func copyStrings(
        _ chunk: ColumnChunk, _ vector: ColumnVector, _ ids: UnsafePointer<UInt64>, _ run: IdRun, _ nulls: UnsafePointer<UInt8>?
    ) {
        let (from, to) = (chunk.slots, vector.strings)
        let arena = chunk.arena.map { UnsafeRawPointer($0) }
        for index in run.start..<run.end {
            if let nulls, nulls[index] != 0 {
                to[index] = ByteSlot(length: 0, prefix: 0, tail: 0)
                continue
            }
            let slot = from[rowNumber(of: ids[index])]
            if slot.isInline {
                to[index] = slot
            } else if let arena {
                vector.setString(
                    index, UnsafeRawBufferPointer(start: arena + Int(slot.tail), count: Int(slot.length)))
            }
        }
    }
}
