// Strings as slots: comparing them by their first four bytes and length before anybody looks at the rest, and searching in
// them. Order is that of bytes, which for UTF-8 is that of code points.

import DeedEngine
import DeedValues
import Glibc

extension ByteSlot {
    /// Where the bytes are; `place` is where the slot itself is, since short strings lie within it.
    @inline(__always)
    static func start(_ place: UnsafePointer<ByteSlot>) -> UnsafeRawPointer {
        place.pointee.length <= UInt32(inlineMax)
            ? UnsafeRawPointer(place) + 4
            : UnsafeRawPointer(bitPattern: UInt(place.pointee.tail)).unsafelyUnwrapped
    }

    @inline(__always)
    static func areEqual(_ left: UnsafePointer<ByteSlot>, _ right: UnsafePointer<ByteSlot>) -> Bool {
        let (one, other) = (left.pointee, right.pointee)
        if one.length != other.length || one.prefix != other.prefix { return false }
        // Short strings are padded with zeros, so that their tails are their other bytes.
        if one.length <= UInt32(inlineMax) || one.tail == other.tail { return one.tail == other.tail }
        return memcmp(start(left), start(right), Int(one.length)) == 0
    }

    /// -1, 0 or 1.
    @inline(__always)
    static func order(_ left: UnsafePointer<ByteSlot>, _ right: UnsafePointer<ByteSlot>) -> Int {
        let (one, other) = (left.pointee, right.pointee)
        // Padding is the smallest byte, so that a difference within the first four bytes decides.
        if one.prefix != other.prefix { return one.prefix.bigEndian < other.prefix.bigEndian ? -1 : 1 }
        let common = Int(min(one.length, other.length))
        let result = memcmp(start(left), start(right), common)
        if result != 0 { return result < 0 ? -1 : 1 }
        return one.length == other.length ? 0 : (one.length < other.length ? -1 : 1)
    }

    @inline(__always)
    static func begins(_ text: UnsafePointer<ByteSlot>, with part: UnsafeRawPointer, _ size: Int) -> Bool {
        Int(text.pointee.length) >= size && memcmp(start(text), part, size) == 0
    }

    @inline(__always)
    static func ends(_ text: UnsafePointer<ByteSlot>, with part: UnsafeRawPointer, _ size: Int) -> Bool {
        let length = Int(text.pointee.length)
        return length >= size && memcmp(start(text) + (length &- size), part, size) == 0
    }

    @inline(__always)
    static func contains(_ text: UnsafePointer<ByteSlot>, _ part: UnsafeRawPointer, _ size: Int) -> Bool {
        let length = Int(text.pointee.length)
        if length < size { return false }
        let bytes = UnsafeBufferPointer(start: start(text).assumingMemoryBound(to: UInt8.self), count: length)
        let wanted = UnsafeBufferPointer(start: part.assumingMemoryBound(to: UInt8.self), count: size)
        return TextBytes.find(wanted, in: bytes, from: 0) != nil
    }
}
