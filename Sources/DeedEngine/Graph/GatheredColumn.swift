// A column vector while it is filled from the chunks of several segments, front to back. It takes the type of the first
// value; when another type comes, or one that has no array of its own, the vector is converted to general values.

import DeedValues
import Glibc

struct GatheredColumn {
    private(set) var vector: ColumnVector
    private let capacity: Int

    init(capacity: Int) {
        self.capacity = capacity
        vector = ColumnVector(.null, capacity: capacity)
    }

    /// Makes the vector ready for values of a kind, or general; the rows below `done` have theirs.
    @inline(__always)
    private mutating func require(_ kind: ColumnVector.Kind, done: Int) {
        if vector.kind != kind && vector.kind != .any { convert(to: kind, done: done) }
    }

    @inline(never)
    private mutating func convert(to kind: ColumnVector.Kind, done: Int) {
        let old = vector
        let isFirst = old.kind == .null
        vector = ColumnVector(isFirst ? kind : .any, capacity: capacity)
        if vector.kind == .any {
            vector.values = (0..<done).map { old.value($0) } + Array(repeating: Value.null, count: capacity &- done)
        } else {
            putNulls(0, done)
        }
    }

    @inline(__always)
    mutating func putNull(_ row: Int) { putNulls(row, row &+ 1) }

    mutating func putNulls(_ start: Int, _ end: Int) {
        if end <= start || vector.kind == .null || vector.kind == .any { return }
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
        case .float64: kind = .float64
        case .string: kind = .string
        default: kind = .any
        }
        require(kind, done: row)
        switch vector.kind {
        case .any: vector.values[row] = try Value(cell)
        case .bool: vector.bools[row] = UInt8(truncatingIfNeeded: cell.bits)
        case .string: vector.setString(row, cell.bytes)
        default: vector.ids[row] = cell.bits
        }
    }

    /// The values of a run of rows, all of which are there.
    mutating func copy(_ chunk: ColumnChunk, _ ids: UnsafePointer<UInt64>, _ run: IdRun) throws(DeedError) {
        guard chunk.type != .null, let data = chunk.data else { return putNulls(run.start, run.end) }
        let kind: ColumnVector.Kind
        switch chunk.isMixed ? .list : chunk.type {
        case .bool: kind = .bool
        case .int64: kind = .int64
        case .float64: kind = .float64
        case .string: kind = .string
        default: kind = .any
        }
        if kind != .any { require(kind, done: run.start) }
        guard kind != .any, vector.kind == kind else {
            for index in run.start..<run.end { try put(index, chunk.cell(at: rowNumber(of: ids[index]))) }
            return
        }
        let isAllValid = chunk.isAllValid(run.highestRow &+ 1)
        if !isAllValid { noteNulls(chunk, ids, run) }
        switch kind {
        case .bool:
            let (from, to) = (data.assumingMemoryBound(to: UInt8.self), vector.bools)
            copy(from, to, ids, run, isAllValid: isAllValid, chunk)
        case .string: copyStrings(chunk, ids, run, isAllValid: isAllValid)
        default:
            let (from, to) = (data.assumingMemoryBound(to: UInt64.self), vector.ids)
            copy(from, to, ids, run, isAllValid: isAllValid, chunk)
        }
    }

    private func noteNulls(_ chunk: ColumnChunk, _ ids: UnsafePointer<UInt64>, _ run: IdRun) {
        let nulls = vector.requireNulls()
        for index in run.start..<run.end { nulls[index] = chunk.isValid(rowNumber(of: ids[index])) ? 0 : 1 }
    }

    @inline(__always)
    private func copy<Element: BitwiseCopyable & FixedWidthInteger>(
        _ from: UnsafeMutablePointer<Element>, _ to: UnsafeMutablePointer<Element>, _ ids: UnsafePointer<UInt64>,
        _ run: IdRun, isAllValid: Bool, _ chunk: ColumnChunk
    ) {
        if !isAllValid {
            let nulls = vector.requireNulls()
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

    private func copyStrings(_ chunk: ColumnChunk, _ ids: UnsafePointer<UInt64>, _ run: IdRun, isAllValid: Bool) {
        let (from, to) = (chunk.slots, vector.strings)
        let arena = chunk.arena.map { UnsafeRawPointer($0) }
        let nulls = isAllValid ? nil : vector.requireNulls()
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
