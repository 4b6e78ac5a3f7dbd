// Packing of unsigned numbers into a fixed number of bits each. Little-endian throughout.
//
// Two layouts, told apart by the number of values alone:
//   exactly 512 values   Eight lanes side by side: value i belongs to lane i % 8, and is the (i / 8)-th of the 64
//                        values of its lane. A lane is a sequence as below, of `width` words; the words of the lanes
//                        alternate: word 0 of lanes 0 to 7, word 1 of lanes 0 to 7, ... All lanes shift by the same
//                        distance, so that one vector instruction serves several of them.
//   fewer                One sequence: value 0 in the lowest `width` bits, value 1 in those above, and so on, crossing
//                        word borders; the last byte is filled up with zero bits.
// Either takes (count * width + 7) / 8 bytes.

enum BitPacking {
    typealias Lanes = SIMD8<UInt64>

    static let blockValues = 512
    private static let rows = 64
    /// The padding that `unpack` needs behind a sequence.
    static let padding = 16

    @inline(__always)
    static func size(count: Int, width: Int) -> Int { (count &* width &+ 7) &>> 3 }

    /// Bits that `value` needs.
    @inline(__always)
    static func width(of value: UInt64) -> Int { 64 &- value.leadingZeroBitCount }

    /// Packs `values[i] &- base`, each below 2^width, into `size(count:width:)` bytes. `count` is at most 512.
    static func pack(
        _ values: UnsafePointer<UInt64>, count: Int, base: UInt64, width: Int, into out: UnsafeMutableRawPointer
    ) {
        if width == 0 { return }
        if count == blockValues {
            packLanes(values, base, width, out)
        } else {
            packSequence(values, count, base, width, out)
        }
    }

    /// The reverse: `values[i] = packed &+ base`. For fewer than 512 values `source` must have `padding` readable bytes
    /// of any content behind the packed ones.
    static func unpack(
        _ source: UnsafeRawPointer, count: Int, base: UInt64, width: Int, into values: UnsafeMutablePointer<UInt64>
    ) {
        if width == 0 {
            values.update(repeating: base, count: count)
        } else if count == blockValues {
            unpackLanes(source, base, width, values)
        } else {
            unpackSequence(source, count, base, width, values)
        }
    }

    private static func packLanes(
        _ values: UnsafePointer<UInt64>, _ base: UInt64, _ width: Int, _ out: UnsafeMutableRawPointer
    ) {
        let source = UnsafeRawPointer(values)
        let bases = Lanes(repeating: base)
        var out = out
        var word = Lanes(repeating: 0)
        var filled: UInt64 = 0
        for row in 0..<rows {
            let value = source.loadUnaligned(fromByteOffset: row &* 64, as: Lanes.self) &- bases
            word |= value &<< Lanes(repeating: filled)
            filled &+= UInt64(width)
            if filled >= 64 {
                out.storeBytes(of: word, as: Lanes.self)
                out += 64
                filled &-= 64
                // What did not fit; nothing when the border was met exactly.
                word = filled == 0 ? Lanes(repeating: 0) : value &>> Lanes(repeating: UInt64(width) &- filled)
            }
        }
    }

    private static func unpackLanes(
        _ source: UnsafeRawPointer, _ base: UInt64, _ width: Int, _ values: UnsafeMutablePointer<UInt64>
    ) {
        let out = UnsafeMutableRawPointer(values)
        let bases = Lanes(repeating: base)
        let mask = Lanes(repeating: UInt64.max &>> UInt64(64 &- width))
        let end = source + width &* 64
        var next = source + 64
        var word = source.loadUnaligned(as: Lanes.self)
        var taken: UInt64 = 0
        for row in 0..<rows {
            var value = word &>> Lanes(repeating: taken)
            taken &+= UInt64(width)
            if taken >= 64 {
                taken &-= 64
                if next < end {
                    word = next.loadUnaligned(as: Lanes.self)
                    next += 64
                    if taken > 0 { value |= word &<< Lanes(repeating: UInt64(width) &- taken) }
                }
            }
            out.storeBytes(of: (value & mask) &+ bases, toByteOffset: row &* 64, as: Lanes.self)
        }
    }

    private static func packSequence(
        _ values: UnsafePointer<UInt64>, _ count: Int, _ base: UInt64, _ width: Int, _ out: UnsafeMutableRawPointer
    ) {
        var out = out
        var word: UInt64 = 0
        var filled: UInt64 = 0
        for index in 0..<count {
            let value = values[index] &- base
            word |= value &<< filled
            filled &+= UInt64(width)
            if filled >= 64 {
                out.storeBytes(of: word.littleEndian, as: UInt64.self)
                out += 8
                filled &-= 64
                word = filled == 0 ? 0 : value &>> (UInt64(width) &- filled)
            }
        }
        while filled > 0 {
            out.storeBytes(of: UInt8(truncatingIfNeeded: word), as: UInt8.self)
            out += 1
            word &>>= 8
            filled = filled > 8 ? filled &- 8 : 0
        }
    }

    private static func unpackSequence(
        _ source: UnsafeRawPointer, _ count: Int, _ base: UInt64, _ width: Int, _ values: UnsafeMutablePointer<UInt64>
    ) {
        let mask = UInt64.max &>> UInt64(64 &- width)
        var bit = 0
        for index in 0..<count {
            let byte = source + bit &>> 3
            let shift = UInt64(bit & 7)
            var value = UInt64(littleEndian: byte.loadUnaligned(as: UInt64.self)) &>> shift
            if shift &+ UInt64(width) > 64 {
                value |= UInt64(byte.load(fromByteOffset: 8, as: UInt8.self)) &<< (64 &- shift)
            }
            values[index] = (value & mask) &+ base
            bit &+= width
        }
    }
}
