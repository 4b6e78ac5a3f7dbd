// Checks that bytes from outside are UTF-8 as Unicode defines it: no overlong forms, no surrogates, nothing above
// U+10FFFF.

/// The position of the first byte that does not belong to well-formed UTF-8, or nil when all do. ASCII is skipped 32
/// bytes at a time.
func firstInvalidUTF8(_ bytes: UnsafeRawBufferPointer) -> Int? {
    guard let base = bytes.baseAddress else { return nil }
    let count = bytes.count
    var index = 0
    while index < count {
        index = skipASCII(base, from: index, count)
        // Text that is not ASCII tends to stay so for a while: decode until the next ASCII character.
        while index < count {
            let lead = base.load(fromByteOffset: index, as: UInt8.self)
            if lead < 0x80 { break }
            let size = sequenceSize(base, at: index, lead: lead, count)
            if size == 0 { return index }
            index &+= size
        }
    }
    return nil
}

func isASCII(_ bytes: UnsafeRawBufferPointer) -> Bool {
    guard let base = bytes.baseAddress else { return true }
    return skipASCII(base, from: 0, bytes.count) == bytes.count
}

@inline(__always)
func isValidUTF8(_ bytes: UnsafeRawBufferPointer) -> Bool { firstInvalidUTF8(bytes) == nil }

@inline(__always)
private func skipASCII(_ base: UnsafeRawPointer, from start: Int, _ count: Int) -> Int {
    var index = start
    while index &+ 32 <= count {
        let words = base.loadUnaligned(fromByteOffset: index, as: SIMD4<UInt64>.self)
        if (words[0] | words[1] | words[2] | words[3]) & 0x8080_8080_8080_8080 != 0 { break }
        index &+= 32
    }
    while index < count, base.load(fromByteOffset: index, as: UInt8.self) < 0x80 { index &+= 1 }
    return index
}

/// The size of the well-formed sequence that begins with `lead`, or 0.
@inline(__always)
private func sequenceSize(_ base: UnsafeRawPointer, at index: Int, lead: UInt8, _ count: Int) -> Int {
    @inline(__always)
    func isTail(_ offset: Int) -> Bool { base.load(fromByteOffset: index &+ offset, as: UInt8.self) & 0xc0 == 0x80 }
    let size: Int
    let second: ClosedRange<UInt8>
    switch lead {
    case 0xc2...0xdf: (size, second) = (2, 0x80...0xbf)
    case 0xe0: (size, second) = (3, 0xa0...0xbf)
    case 0xed: (size, second) = (3, 0x80...0x9f)
    case 0xe1...0xef: (size, second) = (3, 0x80...0xbf)
    case 0xf0: (size, second) = (4, 0x90...0xbf)
    case 0xf1...0xf3: (size, second) = (4, 0x80...0xbf)
    case 0xf4: (size, second) = (4, 0x80...0x8f)
    default: return 0
    }
    guard index &+ size <= count, second ~= base.load(fromByteOffset: index &+ 1, as: UInt8.self) else { return 0 }
    if size > 2 && !isTail(2) { return 0 }
    if size > 3 && !isTail(3) { return 0 }
    return size
}
