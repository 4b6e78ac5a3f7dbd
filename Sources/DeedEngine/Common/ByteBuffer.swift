// A growable buffer of bytes for encoding, and a bounds-checked reader for decoding. Integers are little-endian or
// LEB128 varints. The reader never trusts a length: running past the end is a Corruption error, not a trap.

import Glibc

/// The sole owner of a growable run of bytes.
package struct ByteBuffer: ~Copyable {
    package private(set) var base: UnsafeMutableRawPointer
    package private(set) var count = 0
    package private(set) var capacity: Int

    package init(capacity: Int = 64) {
        self.capacity = max(capacity, 16)
        base = UnsafeMutableRawPointer.allocate(byteCount: self.capacity, alignment: 16)
    }

    deinit { base.deallocate() }

    package var bytes: UnsafeRawBufferPointer { UnsafeRawBufferPointer(start: base, count: count) }

    package mutating func removeAll() { count = 0 }

    /// Drops everything from `size` on.
    package mutating func truncate(to size: Int) { count = min(count, size) }

    @inline(__always)
    package mutating func reserve(_ extra: Int) {
        if count &+ extra > capacity { grow(extra) }
    }

    @inline(never)
    private mutating func grow(_ extra: Int) {
        let newCapacity = max(capacity &* 2, count &+ extra)
        let newBase = UnsafeMutableRawPointer.allocate(byteCount: newCapacity, alignment: 16)
        newBase.copyMemory(from: base, byteCount: count)
        base.deallocate()
        base = newBase
        capacity = newCapacity
    }

    /// Room for `size` more bytes, counted as written; the caller fills them.
    package mutating func appendUninitialized(_ size: Int) -> UnsafeMutableRawPointer {
        reserve(size)
        let start = base + count
        count &+= size
        return start
    }

    @inline(__always)
    package mutating func append(_ byte: UInt8) {
        reserve(1)
        base.storeBytes(of: byte, toByteOffset: count, as: UInt8.self)
        count &+= 1
    }

    @inline(__always)
    package mutating func append(fixed32 value: UInt32) {
        reserve(4)
        base.storeBytes(of: value.littleEndian, toByteOffset: count, as: UInt32.self)
        count &+= 4
    }

    @inline(__always)
    package mutating func append(fixed64 value: UInt64) {
        reserve(8)
        base.storeBytes(of: value.littleEndian, toByteOffset: count, as: UInt64.self)
        count &+= 8
    }

    /// Big-endian, so that keys sort by number.
    package mutating func append(bigEndian32 value: UInt32) { append(fixed32: value.byteSwapped) }
    package mutating func append(bigEndian64 value: UInt64) { append(fixed64: value.byteSwapped) }

    @inline(__always)
    package mutating func append(varint value: UInt64) {
        reserve(10)
        var rest = value
        while rest >= 0x80 {
            base.storeBytes(of: UInt8(truncatingIfNeeded: rest) | 0x80, toByteOffset: count, as: UInt8.self)
            count &+= 1
            rest >>= 7
        }
        base.storeBytes(of: UInt8(truncatingIfNeeded: rest), toByteOffset: count, as: UInt8.self)
        count &+= 1
    }

    @inline(__always)
    package mutating func append(_ source: UnsafeRawBufferPointer) {
        guard let start = source.baseAddress, source.count > 0 else { return }
        reserve(source.count)
        (base + count).copyMemory(from: start, byteCount: source.count)
        count &+= source.count
    }

    /// A varint length, then the bytes.
    @inline(__always)
    package mutating func append(sized source: UnsafeRawBufferPointer) {
        append(varint: UInt64(source.count))
        append(source)
    }

    package mutating func append(sized text: String) {
        var copy = text
        copy.withUTF8 { append(sized: UnsafeRawBufferPointer($0)) }
    }
}

/// Reads what a ByteBuffer wrote. Does not own the bytes.
package struct ByteReader {
    package private(set) var rest: UnsafeRawBufferPointer

    package init(_ bytes: UnsafeRawBufferPointer) { rest = bytes }

    package var isAtEnd: Bool { rest.isEmpty }
    package var remaining: Int { rest.count }

    @inline(never)
    private func truncated() -> DeedError { DeedError(.corruption, "an encoded value ends too early") }

    package mutating func read(_ size: Int) throws(DeedError) -> UnsafeRawBufferPointer {
        guard size >= 0, size <= rest.count else { throw truncated() }
        let piece = UnsafeRawBufferPointer(rebasing: rest[0..<size])
        rest = UnsafeRawBufferPointer(rebasing: rest[size...])
        return piece
    }

    package mutating func readByte() throws(DeedError) -> UInt8 {
        guard let byte = rest.first else { throw truncated() }
        rest = UnsafeRawBufferPointer(rebasing: rest[1...])
        return byte
    }

    package mutating func readFixed32() throws(DeedError) -> UInt32 {
        UInt32(littleEndian: try read(4).loadUnaligned(as: UInt32.self))
    }

    package mutating func readFixed64() throws(DeedError) -> UInt64 {
        UInt64(littleEndian: try read(8).loadUnaligned(as: UInt64.self))
    }

    package mutating func readVarint() throws(DeedError) -> UInt64 {
        var value: UInt64 = 0
        var shift: UInt64 = 0
        while true {
            let byte = try readByte()
            guard shift < 63 || byte <= 1 else { throw DeedError(.corruption, "an encoded number is too long") }
            value |= UInt64(byte & 0x7f) &<< shift
            if byte < 0x80 { return value }
            shift &+= 7
        }
    }

    /// A varint that must lie within `0...limit`.
    package mutating func readCount(max limit: Int) throws(DeedError) -> Int {
        let value = try readVarint()
        guard value <= UInt64(limit) else { throw DeedError(.corruption, "an encoded count is out of range") }
        return Int(value)
    }

    package mutating func readSized() throws(DeedError) -> UnsafeRawBufferPointer {
        let size = try readCount(max: rest.count)
        return try read(size)
    }

    package mutating func readText() throws(DeedError) -> String {
        String(decoding: try readSized(), as: UTF8.self)
    }
}
