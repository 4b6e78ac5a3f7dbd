// One foreign Arrow array, ready to be read without further checks: plain pointers, already moved on by the array's
// offset, and the views of the arrays inside. ArrowView+Check.swift makes them, and refuses what cannot be read safely.

import CDeed
import DeedEngine

struct ArrowView {
    /// Values that count: `0..<length`.
    var length = 0
    /// Where value 0 lies in the buffers that hold bits, and in the arrays inside.
    var offset = 0
    /// Nil when no value is null.
    var validity: UnsafeRawPointer?
    /// The second buffer: values, offsets, views or indices. Bits are not moved on by the offset.
    var values = UnsafeRawPointer(emptyBuffer)
    /// The third buffer: bytes, or the sizes of list views.
    var data = UnsafeRawPointer(emptyBuffer)
    /// The blocks that views point into.
    var blocks: UnsafePointer<UnsafeRawPointer?>?
    /// The arrays inside; of a dictionary, its values.
    var children: UnsafeMutablePointer<ArrowView>?
    /// True when values may be null although `validity` is nil: those of a dictionary or of runs.
    var hasIndirectNulls = false

    @inline(__always)
    func isValid(_ index: Int) -> Bool {
        guard let validity else { return true }
        return Self.bit(validity, offset &+ index)
    }

    /// A boolean value.
    @inline(__always)
    func bit(_ index: Int) -> UInt8 { Self.bit(values, offset &+ index) ? 1 : 0 }

    @inline(__always)
    static func bit(_ bits: UnsafeRawPointer, _ position: Int) -> Bool {
        bits.load(fromByteOffset: position &>> 3, as: UInt8.self) & (1 &<< UInt8(truncatingIfNeeded: position & 7)) != 0
    }

    @inline(__always)
    func value<Value: BitwiseCopyable>(_ index: Int, as type: Value.Type) -> Value {
        values.loadUnaligned(fromByteOffset: index &* MemoryLayout<Value>.size, as: Value.self)
    }

    /// The integer at an index, of any width but UInt64 above Int64.max, which turns negative.
    @inline(__always)
    func integer(_ index: Int, width: Int, isSigned: Bool) -> Int {
        switch (width, isSigned) {
        case (1, true): Int(value(index, as: Int8.self))
        case (1, false): Int(value(index, as: UInt8.self))
        case (2, true): Int(value(index, as: Int16.self))
        case (2, false): Int(value(index, as: UInt16.self))
        case (4, true): Int(value(index, as: Int32.self))
        case (4, false): Int(value(index, as: UInt32.self))
        default: Int(truncatingIfNeeded: value(index, as: Int64.self))
        }
    }

    @inline(__always)
    func bytes<Offset: FixedWidthInteger & BitwiseCopyable>(_ index: Int, offsets: Offset.Type)
        -> UnsafeRawBufferPointer
    {
        let start = Int(truncatingIfNeeded: value(index, as: Offset.self))
        let end = Int(truncatingIfNeeded: value(index &+ 1, as: Offset.self))
        return UnsafeRawBufferPointer(start: data + start, count: end &- start)
    }

    @inline(__always)
    func bytes(view index: Int) -> UnsafeRawBufferPointer {
        let view = values + index &* 16
        let size = Int(view.loadUnaligned(as: Int32.self))
        if size <= 12 { return UnsafeRawBufferPointer(start: view + 4, count: size) }
        let block = Int(view.loadUnaligned(fromByteOffset: 8, as: Int32.self))
        let start = Int(view.loadUnaligned(fromByteOffset: 12, as: Int32.self))
        return UnsafeRawBufferPointer(start: blocks.unsafelyUnwrapped[block].unsafelyUnwrapped + start, count: size)
    }

    @inline(__always)
    func bytes(_ index: Int, _ layout: ArrowByteLayout) -> UnsafeRawBufferPointer {
        switch layout {
        case .offsets32: bytes(index, offsets: Int32.self)
        case .offsets64: bytes(index, offsets: Int64.self)
        case .views: bytes(view: index)
        case .fixed(let width): UnsafeRawBufferPointer(start: values + index &* width, count: width)
        }
    }

    /// The items of a list, as indices into the array inside.
    func items(_ index: Int, _ kind: ArrowKind) -> Range<Int> {
        switch kind {
        case .list(true): Int(value(index, as: Int64.self))..<Int(value(index + 1, as: Int64.self))
        case .listView(true): range(Int(value(index, as: Int64.self)), size(index, as: Int64.self))
        case .listView(false): range(Int(value(index, as: Int32.self)), size(index, as: Int32.self))
        case .fixedList(let size), .vector(let size): range((offset + index) * size, size)
        default: Int(value(index, as: Int32.self))..<Int(value(index + 1, as: Int32.self))
        }
    }

    private func range(_ start: Int, _ size: Int) -> Range<Int> { start..<start + size }

    func size<Size: FixedWidthInteger & BitwiseCopyable>(_ index: Int, as type: Size.Type) -> Int {
        Int(truncatingIfNeeded: data.loadUnaligned(fromByteOffset: index * MemoryLayout<Size>.size, as: Size.self))
    }

    /// The run that a value of a run-end encoded array belongs to: an index into its second child.
    func run(_ index: Int, width: Int) -> Int {
        let ends = children.unsafelyUnwrapped
        var low = 0
        var high = ends.pointee.length
        while low < high {
            let middle = (low + high) / 2
            if ends.pointee.integer(middle, width: width, isSigned: true) > offset + index {
                high = middle
            } else {
                low = middle + 1
            }
        }
        return low
    }

    /// Whether a value is there, also behind indices and runs.
    func isPresent(_ index: Int, _ field: ArrowField) -> Bool {
        guard isValid(index) else { return false }
        switch field.kind {
        case .null: return false
        case .dictionary(let width, let isSigned):
            guard hasIndirectNulls, let children else { return true }
            return children.pointee.isPresent(integer(index, width: width, isSigned: isSigned), field.children[0])
        case .runEnd:
            guard hasIndirectNulls, let children else { return true }
            return children[1].isPresent(run(index, width: field.children[0].kind.stride), field.children[1])
        default: return true
        }
    }
}

/// What an empty array's missing buffers point at. Nothing reads it.
nonisolated(unsafe) private let emptyBuffer = UnsafeMutableRawPointer.allocate(byteCount: 64, alignment: 64)
