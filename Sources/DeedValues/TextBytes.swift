// Strings as the bytes they are. Swift compares strings by canonical equivalence, which queries must not: "é" as one
// code point and as two are different values. Everything that compares or searches text goes through here.

import Glibc

package enum TextBytes {
    /// Calls the body with the string's UTF-8, without a copy where the string has its bytes in one piece.
    @inline(__always)
    static func with<Result>(_ text: String, _ body: (UnsafeBufferPointer<UInt8>) throws -> Result) rethrows -> Result {
        if let result = try text.utf8.withContiguousStorageIfAvailable(body) { return result }
        var copy = text
        return try copy.withUTF8(body)
    }

    static func areEqual(_ left: String, _ right: String) -> Bool {
        with(left) { left in with(right) { right in left.count == right.count && compare(left, right) == 0 } }
    }

    /// Negative, zero or positive; the order of code points.
    static func compare(_ left: String, _ right: String) -> Int {
        with(left) { left in with(right) { right in compare(left, right) } }
    }

    package static func compare(_ left: UnsafeBufferPointer<UInt8>, _ right: UnsafeBufferPointer<UInt8>) -> Int {
        let common = min(left.count, right.count)
        if common > 0, let first = left.baseAddress, let second = right.baseAddress {
            let order = memcmp(first, second, common)
            if order != 0 { return Int(order) }
        }
        return left.count &- right.count
    }

    static func starts(_ text: String, with prefix: String) -> Bool {
        with(text) { text in
            with(prefix) { prefix in
                text.count >= prefix.count && compare(UnsafeBufferPointer(rebasing: text[..<prefix.count]), prefix) == 0
            }
        }
    }

    static func ends(_ text: String, with suffix: String) -> Bool {
        with(text) { text in
            with(suffix) { suffix in
                text.count >= suffix.count
                    && compare(UnsafeBufferPointer(rebasing: text[(text.count &- suffix.count)...]), suffix) == 0
            }
        }
    }

    static func contains(_ text: String, _ part: String) -> Bool {
        with(text) { text in with(part) { part in find(part, in: text, from: 0) != nil } }
    }

    /// Where the part starts, at `from` or after it. Candidates are found by the first byte, which is fastest for nearly all
    /// texts; where the two repeat themselves so much that this compares the same bytes over and over, the search goes on by
    /// Knuth, Morris and Pratt, so that its time stays linear.
    package static func find(_ part: UnsafeBufferPointer<UInt8>, in text: UnsafeBufferPointer<UInt8>, from: Int) -> Int? {
        guard from <= text.count else { return nil }
        guard let needle = part.baseAddress, part.count > 0 else { return from }
        guard let haystack = text.baseAddress, text.count >= part.count else { return nil }
        let last = text.count &- part.count
        var offset = from
        var patience = 4 &* text.count &+ 1024
        while offset <= last {
            guard let found = memchr(haystack + offset, Int32(needle[0]), last &- offset &+ 1) else { return nil }
            offset = UnsafeRawPointer(found) - UnsafeRawPointer(haystack)
            if memcmp(haystack + offset, needle, part.count) == 0 { return offset }
            offset &+= 1
            patience &-= part.count
            if patience < 0 { return findSteadily(part, in: text, from: offset) }
        }
        return nil
    }

    private static func findSteadily(
        _ part: UnsafeBufferPointer<UInt8>, in text: UnsafeBufferPointer<UInt8>, from: Int
    ) -> Int? {
        // For each prefix of the part: how long its longest proper prefix is that also ends it.
        var borders = [Int](repeating: 0, count: part.count)
        var border = 0
        for index in 1..<max(1, part.count) {
            while border > 0 && part[index] != part[border] { border = borders[border &- 1] }
            if part[index] == part[border] { border &+= 1 }
            borders[index] = border
        }
        var matched = 0
        for offset in from..<max(from, text.count) {
            while matched > 0 && text[offset] != part[matched] { matched = borders[matched &- 1] }
            if text[offset] == part[matched] { matched &+= 1 }
            if matched == part.count { return offset &- matched &+ 1 }
        }
        return nil
    }

    /// Well-formed UTF-8 only, or the result has replacement characters.
    static func string(_ bytes: some Collection<UInt8>) -> String { String(decoding: bytes, as: UTF8.self) }

    /// The code points of a text. UTF-8 has one byte for each that does not continue another.
    static func countCharacters(_ text: String) -> Int {
        with(text) { bytes in
            var count = 0
            for byte in bytes where byte & 0xC0 != 0x80 { count &+= 1 }
            return count
        }
    }

    /// The offset of the code point at the position, or the end of the bytes if there are fewer.
    static func offset(ofCharacter position: Int, in bytes: UnsafeBufferPointer<UInt8>, from start: Int = 0) -> Int {
        var (offset, remaining) = (start, position)
        while offset < bytes.count {
            if bytes[offset] & 0xC0 != 0x80 {
                if remaining == 0 { return offset }
                remaining &-= 1
            }
            offset &+= 1
        }
        return bytes.count
    }
}
