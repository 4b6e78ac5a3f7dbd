// One bit per row, in words of 64, the first row lowest. The number of rows is known from elsewhere.
//
//   byte 0    all clear
//   byte 1    all set
//   byte 2    mixed: the words by IntegerCodec, bits beyond the last row clear
//
// Numbers are embedded in files: do not renumber.

package enum BitmapCodec {
    private static let allClear: UInt8 = 0
    private static let allSet: UInt8 = 1
    private static let mixed: UInt8 = 2

    /// Words that hold `count` bits.
    package static func wordCount(_ count: Int) -> Int { (count &+ 63) &>> 6 }

    /// Appends the first `count` bits; what is beyond them in the last word does not matter.
    package static func encode(_ words: UnsafePointer<UInt64>, count: Int, into out: inout ByteBuffer) {
        let full = count &>> 6
        let rest = UInt64(count & 63)
        let restMask = (1 &<< rest) &- 1
        var some: UInt64 = 0
        var every = UInt64.max
        for index in 0..<full {
            some |= words[index]
            every &= words[index]
        }
        if rest > 0 {
            some |= words[full] & restMask
            every &= words[full] | ~restMask
        }
        if some == 0 {
            out.append(allClear)
        } else if every == .max {
            out.append(allSet)
        } else {
            out.append(mixed)
            let copy = UnsafeMutablePointer<UInt64>.allocate(capacity: full &+ 1)
            defer { copy.deallocate() }
            copy.initialize(from: words, count: wordCount(count))
            if rest > 0 { copy[full] &= restMask }
            IntegerCodec.encode(copy, count: wordCount(count), into: &out)
        }
    }

    /// Fills `wordCount(count)` words; bits beyond the last row are clear.
    package static func decode(
        _ reader: inout ByteReader, into words: UnsafeMutablePointer<UInt64>, count: Int
    ) throws(DeedError) {
        let size = wordCount(count)
        switch try reader.readByte() {
        case allClear: words.update(repeating: 0, count: size)
        case allSet: words.update(repeating: .max, count: size)
        case mixed: try IntegerCodec.decode(&reader, into: words, count: size)
        case let form: throw DeedError(.corruption, "an encoded bitmap: an unknown form, \(form)")
        }
        if count & 63 != 0 { words[size &- 1] &= (1 &<< UInt64(count & 63)) &- 1 }
    }
}
