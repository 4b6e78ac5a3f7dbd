// A column of up to 2,048 rows while a query runs: a typed array, with `any` as the fallback for what is mixed, nested
// or rare. A vector owns its memory and is written once, by whoever made it; after that any number of chunks may refer
// to it, through selections of their own.
//
// Strings are 16-byte slots as in the store (ByteSlot), but the tail of a long one is the address of its bytes, in
// the vector's own heap or in one that it keeps alive.
//
// Operators and evaluators are in another module. What they ask of every vector or row is `@inlinable`, which has an effect on
// `package` members only if their type is `@usableFromInline`; comparing kinds would otherwise go through a generic function.

import DeedValues

@usableFromInline
package final class ColumnVector: @unchecked Sendable {
    @usableFromInline
    package enum Kind: UInt8, Sendable {
        /// Every row is null.
        case null
        /// One byte each, 0 or 1.
        case bool
        case int64
        case float64
        case string
        /// Ids, as UInt64.
        case entity
        case relationship
        /// `values`.
        case any
        /// Days, as integers.
        case date

        @inlinable
        package static func == (left: Kind, right: Kind) -> Bool {
            unsafeBitCast(left, to: UInt8.self) == unsafeBitCast(right, to: UInt8.self)
        }
    }

    @usableFromInline package private(set) var kind: Kind
    package let capacity: Int
    /// `capacity` elements of `width(kind)` bytes; nil for null and any.
    @usableFromInline package private(set) var data: UnsafeMutableRawPointer?
    /// One byte for each row, 1 for null. Allocated when the first null is noted; nil: no row is null. Not used by
    /// `any`, whose nulls are values.
    @usableFromInline package private(set) var nulls: UnsafeMutablePointer<UInt8>?
    package var values: [Value] = []
    /// What long strings point into.
    private var heaps: [StringHeap] = []

    package init(_ kind: Kind, capacity: Int) {
        self.kind = kind
        self.capacity = capacity
        let width = Self.width(kind)
        // By words, for which the allocator need not be told of an alignment.
        if width > 0 { data = UnsafeMutableRawPointer(UnsafeMutablePointer<UInt64>.allocate(capacity: max(capacity, 1) * width / 8 + 1)) }
    }

    deinit {
        data?.deallocate()
        nulls?.deallocate()
    }

    @inline(__always)
    package static func width(_ kind: Kind) -> Int {
        switch kind {
        case .null, .any: 0
        case .bool: 1
        case .string: 16
        default: 8
        }
    }

    @inlinable package var bools: UnsafeMutablePointer<UInt8> { data.unsafelyUnwrapped.assumingMemoryBound(to: UInt8.self) }
    @inlinable package var ints: UnsafeMutablePointer<Int64> { data.unsafelyUnwrapped.assumingMemoryBound(to: Int64.self) }
    @inlinable package var floats: UnsafeMutablePointer<Double> { data.unsafelyUnwrapped.assumingMemoryBound(to: Double.self) }
    @inlinable package var ids: UnsafeMutablePointer<UInt64> { data.unsafelyUnwrapped.assumingMemoryBound(to: UInt64.self) }
    @inlinable package var strings: UnsafeMutablePointer<ByteSlot> { data.unsafelyUnwrapped.assumingMemoryBound(to: ByteSlot.self) }

    /// Without nulls, and ready for other values. For who knows that nobody else has the vector.
    func clear() {
        nulls?.deallocate()
        nulls = nil
        if heaps.count == 1 && isKnownUniquelyReferenced(&heaps[0]) {
            heaps[0].clear()
        } else if !heaps.isEmpty {
            heaps.removeAll()
        }
    }

    /// True if its texts lie in more than the small block that `clear` keeps.
    var hasLargeTexts: Bool { heaps.contains { $0.size > StringHeap.firstBlock } }

    // MARK: Nulls

    /// The null bytes, all 0 at first.
    package func requireNulls() -> UnsafeMutablePointer<UInt8> {
        if let nulls { return nulls }
        let bytes = UnsafeMutablePointer<UInt8>.allocate(capacity: max(capacity, 1))
        bytes.initialize(repeating: 0, count: max(capacity, 1))
        nulls = bytes
        return bytes
    }

    package func setNull(_ row: Int) { requireNulls()[row] = 1 }

    @inlinable
    package func isNull(_ row: Int) -> Bool {
        switch kind {
        case .null: true
        case .any: isNullValue(row)
        default: nulls.map { $0[row] != 0 } ?? false
        }
    }

    @usableFromInline
    func isNullValue(_ row: Int) -> Bool { values[row].isNull }

    // MARK: Strings

    /// Writes a string of this vector, copying long ones into its heap.
    package func setString(_ row: Int, _ bytes: UnsafeRawBufferPointer) {
        if bytes.count <= ByteSlot.inlineMax {
            strings[row] = Self.shortSlot(bytes)
            return
        }
        if heaps.isEmpty { heaps.append(StringHeap()) }
        let copy = heaps[0].add(bytes)
        strings[row] = ByteSlot(
            length: UInt32(truncatingIfNeeded: bytes.count), prefix: bytes.loadUnaligned(as: UInt32.self),
            tail: UInt64(UInt(bitPattern: copy)))
    }

    private static func shortSlot(_ bytes: UnsafeRawBufferPointer) -> ByteSlot {
        var slot = ByteSlot(length: UInt32(truncatingIfNeeded: bytes.count), prefix: 0, tail: 0)
        withUnsafeMutableBytes(of: &slot) { memory in
            UnsafeMutableRawBufferPointer(rebasing: memory[4..<4 + bytes.count]).copyMemory(from: bytes)
        }
        return slot
    }

    /// The bytes of a string, borrowed from the vector.
    @inlinable @inline(__always)
    package func stringBytes(_ row: Int) -> UnsafeRawBufferPointer { Self.bytes(of: strings + row) }

    /// The bytes of a slot of any vector, borrowed from its memory.
    @inlinable @inline(__always)
    package static func bytes(of slot: UnsafePointer<ByteSlot>) -> UnsafeRawBufferPointer {
        let length = Int(slot.pointee.length)
        if length <= ByteSlot.inlineMax {
            return UnsafeRawBufferPointer(start: UnsafeRawPointer(slot) + 4, count: length)
        }
        return UnsafeRawBufferPointer(
            start: UnsafeRawPointer(bitPattern: UInt(slot.pointee.tail)), count: length)
    }

    /// Makes slots copied from `other` good for as long as this vector lives.
    package func keepAlive(_ other: ColumnVector) {
        for heap in other.heaps where !heaps.contains(where: { $0 === heap }) { heaps.append(heap) }
    }

    // MARK: Values

    /// The value of a row in general form.
    package func value(_ row: Int) -> Value {
        if isNull(row) { return .null }
        return switch kind {
        case .null: .null
        case .bool: .bool(bools[row] != 0)
        case .int64: .int(ints[row])
        case .date: .date(CalendarDate(days: ints[row]))
        case .float64: .float(floats[row])
        case .string: .string(String(decoding: stringBytes(row), as: UTF8.self))
        case .entity: .entity(ids[row])
        case .relationship: .relationship(ids[row])
        case .any: values[row]
        }
    }

    /// A vector of these values, typed where all that are not null have one type that has an array of its own.
    package convenience init(_ values: [Value]) {
        self.init(Self.commonKind(values), capacity: values.count)
        if kind == .any {
            self.values = values
            return
        }
        for (row, value) in values.enumerated() {
            switch value {
            case .bool(let value): bools[row] = value ? 1 : 0
            case .int(let value): ints[row] = value
            case .date(let date): ints[row] = date.days
            case .float(let value): floats[row] = value
            case .entity(let id), .relationship(let id): ids[row] = id
            case .string(var text): text.withUTF8 { setString(row, UnsafeRawBufferPointer($0)) }
            default:
                if kind != .null {
                    data?.advanced(by: row * Self.width(kind)).initializeMemory(
                        as: UInt8.self, repeating: 0, count: Self.width(kind))
                    setNull(row)
                }
            }
        }
    }

    /// Makes a value the only one of a vector that nobody else has; false if the vector does not have its type.
    package func overwrite(_ value: Value) -> Bool {
        if capacity < 1 || nulls != nil { return false }
        switch (kind, value) {
        case (.bool, .bool(let value)): bools[0] = value ? 1 : 0
        case (.int64, .int(let value)): ints[0] = value
        case (.date, .date(let date)): ints[0] = date.days
        case (.float64, .float(let value)): floats[0] = value
        case (.string, .string(var text)):
            heaps.removeAll(keepingCapacity: true)
            text.withUTF8 { setString(0, UnsafeRawBufferPointer($0)) }
        default: return false
        }
        return true
    }

    private static func commonKind(_ values: [Value]) -> Kind {
        var common = Kind.null
        for value in values {
            let kind: Kind
            switch value {
            case .null: continue
            case .bool: kind = .bool
            case .int: kind = .int64
            case .date: kind = .date
            case .float: kind = .float64
            case .string: kind = .string
            case .entity: kind = .entity
            case .relationship: kind = .relationship
            default: return .any
            }
            if common == .null { common = kind } else if common != kind { return .any }
        }
        return common
    }
}

/// Bytes at addresses that never change, freed together.
package final class StringHeap: @unchecked Sendable {
    private var blocks: [UnsafeMutableRawPointer] = []
    private var next: UnsafeMutableRawPointer?
    private var room = 0
    package private(set) var size = 0

    package init() {}

    deinit { for block in blocks { block.deallocate() } }

    fileprivate static let firstBlock = 4_096

    /// Forgets all bytes, and keeps the first block for others if it is a small one.
    func clear() {
        for block in blocks.dropFirst(size == Self.firstBlock ? 1 : 0) { block.deallocate() }
        if size == Self.firstBlock {
            (next, room) = (blocks[0], Self.firstBlock)
        } else {
            (blocks, next, room, size) = ([], nil, 0, 0)
        }
    }

    /// A copy of the bytes.
    package func add(_ bytes: UnsafeRawBufferPointer) -> UnsafeRawPointer {
        if bytes.count > room {
            let capacity = max(bytes.count, min(max(size, Self.firstBlock), 1 << 20))
            let block = UnsafeMutableRawPointer.allocate(byteCount: capacity, alignment: 8)
            blocks.append(block)
            (next, room, size) = (block, capacity, size + capacity)
        }
        let place = next.unsafelyUnwrapped
        UnsafeMutableRawBufferPointer(start: place, count: bytes.count).copyMemory(from: bytes)
        next = place + bytes.count
        room -= bytes.count
        return UnsafeRawPointer(place)
    }
}
