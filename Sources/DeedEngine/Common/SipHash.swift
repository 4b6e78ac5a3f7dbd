// SipHash-2-4 with 128 bits of output (Aumasson and Bernstein, 2012), under a fixed key: for telling states and records
// apart, not for keeping secrets. It is small, has no tables, and its reference vectors test it; 64 bits would be too
// few to compare sums over billions of rows, and a cryptographic hash would be several times slower.

package struct Hash128: Hashable, Sendable {
    package var low: UInt64
    package var high: UInt64

    package init(low: UInt64 = 0, high: UInt64 = 0) {
        self.low = low
        self.high = high
    }

    /// Adds modulo 2^128, so that a sum does not depend on the order of its parts.
    package mutating func add(_ other: Hash128) {
        let (sum, overflow) = low.addingReportingOverflow(other.low)
        low = sum
        high = high &+ other.high &+ (overflow ? 1 : 0)
    }
}

package enum SipHash {
    /// The reference key: bytes 0 to 15.
    private static let key: (UInt64, UInt64) = (0x0706_0504_0302_0100, 0x0f0e_0d0c_0b0a_0908)

    private struct State {
        var v0: UInt64
        var v1: UInt64
        var v2: UInt64
        var v3: UInt64

        @inline(__always)
        mutating func round() {
            v0 = v0 &+ v1
            v1 = (v1 &<< 13 | v1 &>> 51) ^ v0
            v0 = v0 &<< 32 | v0 &>> 32
            v2 = v2 &+ v3
            v3 = (v3 &<< 16 | v3 &>> 48) ^ v2
            v0 = v0 &+ v3
            v3 = (v3 &<< 21 | v3 &>> 43) ^ v0
            v2 = v2 &+ v1
            v1 = (v1 &<< 17 | v1 &>> 47) ^ v2
            v2 = v2 &<< 32 | v2 &>> 32
        }

        @inline(__always)
        mutating func take(_ word: UInt64) {
            v3 ^= word
            round()
            round()
            v0 ^= word
        }

        @inline(__always)
        mutating func finish() -> UInt64 {
            for _ in 0..<4 { round() }
            return v0 ^ v1 ^ v2 ^ v3
        }
    }

    package static func hash(_ bytes: UnsafeRawBufferPointer) -> Hash128 {
        var state = State(
            v0: key.0 ^ 0x736f_6d65_7073_6575, v1: key.1 ^ 0x646f_7261_6e64_6f6d ^ 0xee,
            v2: key.0 ^ 0x6c79_6765_6e65_7261, v3: key.1 ^ 0x7465_6462_7974_6573)
        let words = bytes.count / 8
        for index in 0..<words {
            state.take(UInt64(littleEndian: bytes.loadUnaligned(fromByteOffset: index &* 8, as: UInt64.self)))
        }
        var last = UInt64(truncatingIfNeeded: bytes.count) &<< 56
        for index in words * 8..<bytes.count { last |= UInt64(bytes[index]) &<< UInt64((index & 7) &* 8) }
        state.take(last)
        state.v2 ^= 0xee
        let low = state.finish()
        state.v1 ^= 0xdd
        return Hash128(low: low, high: state.finish())
    }

    static func hash(_ buffer: borrowing ByteBuffer) -> Hash128 { hash(buffer.bytes) }
}
