// Integers of 8, 32 or 64 bits, encoded in blocks of 512 values (the last one may be shorter); the number of values is
// known from elsewhere. Each block is encoded in the way that is smallest for it, as one of
//
//   byte 0...64      frame of reference: zig-zag varint `base`, then value - base in that many bits each
//                    (0: all values equal; 64: as they are)
//   byte 65...129    differences: zig-zag varint first value, zig-zag varint `base`, then for each value its distance
//                    from the previous one - base, in (byte - 65) bits each; 0 for the first
//   byte 130         runs: varint number of runs r (1 <= r < values), then a block of r values and a block of r
//                    lengths - 1, neither of which is of runs
//
// where "in that many bits each" is the layout of BitPacking.swift, and a zig-zag varint is a LEB128 number whose
// lowest bit is the sign. Differences wrap around, so any values are possible; 8- and 32-bit values are extended with
// zeros.
//
// Numbers are embedded in files: do not renumber. Decoding checks all that it reads, and what passes the checks decodes
// to `count` values, be they the right ones or not: checksums are the business of the store below.

package enum IntegerCodec {
    static let differences: UInt8 = 65
    static let runs: UInt8 = 130
    private static let blockValues = BitPacking.blockValues

    /// Appends the encoded values.
    package static func encode(_ values: UnsafePointer<UInt64>, count: Int, into out: inout ByteBuffer) {
        let scratch = Scratch()
        var done = 0
        while done < count {
            let size = min(count &- done, blockValues)
            encodeBlock(values + done, size, scratch, mayBeRuns: true, into: &out)
            done &+= size
        }
    }

    package static func encode(_ values: UnsafePointer<UInt32>, count: Int, into out: inout ByteBuffer) {
        encodeWidening(values, count, into: &out)
    }

    package static func encode(_ values: UnsafePointer<UInt8>, count: Int, into out: inout ByteBuffer) {
        encodeWidening(values, count, into: &out)
    }

    /// Fills `count` values. On an error what they are is undefined.
    package static func decode(
        _ reader: inout ByteReader, into values: UnsafeMutablePointer<UInt64>, count: Int
    ) throws(DeedError) {
        let scratch = Scratch()
        var done = 0
        while done < count {
            let size = min(count &- done, blockValues)
            try decodeBlock(&reader, into: values + done, size, scratch, mayBeRuns: true)
            done &+= size
        }
    }

    package static func decode(
        _ reader: inout ByteReader, into values: UnsafeMutablePointer<UInt32>, count: Int
    ) throws(DeedError) {
        try decodeNarrowing(&reader, into: values, count)
    }

    package static func decode(
        _ reader: inout ByteReader, into values: UnsafeMutablePointer<UInt8>, count: Int
    ) throws(DeedError) {
        try decodeNarrowing(&reader, into: values, count)
    }

    @inline(__always)
    private static func encodeWidening<T: FixedWidthInteger & UnsignedInteger>(
        _ values: UnsafePointer<T>, _ count: Int, into out: inout ByteBuffer
    ) {
        let scratch = Scratch()
        var done = 0
        while done < count {
            let size = min(count &- done, blockValues)
            for index in 0..<size { scratch.wide[index] = UInt64(values[done &+ index]) }
            encodeBlock(scratch.wide, size, scratch, mayBeRuns: true, into: &out)
            done &+= size
        }
    }

    @inline(__always)
    private static func decodeNarrowing<T: FixedWidthInteger & UnsignedInteger>(
        _ reader: inout ByteReader, into values: UnsafeMutablePointer<T>, _ count: Int
    ) throws(DeedError) {
        let scratch = Scratch()
        var done = 0
        while done < count {
            let size = min(count &- done, blockValues)
            try decodeBlock(&reader, into: scratch.wide, size, scratch, mayBeRuns: true)
            var all: UInt64 = 0
            for index in 0..<size {
                all |= scratch.wide[index]
                values[done &+ index] = T(truncatingIfNeeded: scratch.wide[index])
            }
            guard all <= UInt64(T.max) else { throw corrupt("a number is too large for its column") }
            done &+= size
        }
    }

    @inline(never)
    static func corrupt(_ what: String) -> DeedError { DeedError(.corruption, "encoded numbers: \(what)") }
}

/// Working memory of one call: room for a few blocks, so that there is one allocation per call and none per block.
private struct Scratch: ~Copyable {
    private let base = UnsafeMutablePointer<UInt64>.allocate(capacity: 5 * BitPacking.blockValues)

    deinit { base.deallocate() }

    /// A block of narrower values, widened.
    var wide: UnsafeMutablePointer<UInt64> { base }
    var steps: UnsafeMutablePointer<UInt64> { base + BitPacking.blockValues }
    var runValues: UnsafeMutablePointer<UInt64> { base + 2 * BitPacking.blockValues }
    var runLengths: UnsafeMutablePointer<UInt64> { base + 3 * BitPacking.blockValues }
    /// The packed bytes of an incomplete block (fewer than 512 * 8) and the padding that unpacking wants.
    var packed: UnsafeMutableRawPointer { UnsafeMutableRawPointer(base + 4 * BitPacking.blockValues) }
}

// MARK: - Encoding a block

/// Smallest and largest of some signed values.
private struct Extent {
    var low = Int64.max
    var high = Int64.min

    @inline(__always)
    mutating func add(_ value: Int64) {
        low = min(low, value)
        high = max(high, value)
    }

    /// Bits of a value's distance from the smallest.
    var width: Int { BitPacking.width(of: UInt64(bitPattern: high &- low)) }
    /// 64 bits leave nothing to save: the values as they are then.
    var base: Int64 { width == 64 ? 0 : low }

    init(values: UnsafePointer<UInt64>, count: Int) {
        for index in 0..<count { add(Int64(bitPattern: values[index])) }
    }

    init(stepsOf values: UnsafePointer<UInt64>, count: Int) {
        for index in 1..<max(count, 1) { add(Int64(bitPattern: values[index] &- values[index &- 1])) }
    }
}

extension IntegerCodec {
    /// Values looked at before a closer look.
    private static let sampleCount = 33

    /// Compares the sizes of the three encodings and takes the smallest. The sizes leave out the varints, but for a
    /// typical few bytes: a choice that is wrong by those costs no more than them.
    private static func encodeBlock(
        _ values: UnsafePointer<UInt64>, _ count: Int, _ scratch: borrowing Scratch, mayBeRuns: Bool,
        into out: inout ByteBuffer
    ) {
        let extent = Extent(values: values, count: count)
        let width = extent.width
        var size = BitPacking.size(count: count, width: width)
        // All steps have at least as wide an extent as the first few: no need to look at more when those lose already.
        var steps: Extent?
        if count > 2 && Extent(stepsOf: values, count: min(count, sampleCount)).width < width {
            let all = Extent(stepsOf: values, count: count)
            let stepSize = 3 &+ BitPacking.size(count: count, width: all.width)
            if stepSize < size { (steps, size) = (all, stepSize) }
        }
        if mayBeRuns && size > 8 && changes(values, min(count, sampleCount)) < sampleCount / 2 {
            let runCount = changes(values, count) &+ 1
            let runWidth = width &+ BitPacking.width(of: UInt64(count))
            if 8 &+ BitPacking.size(count: runCount, width: runWidth) < size {
                encodeRuns(values, count, scratch, into: &out)
                return
            }
        }
        if let steps {
            encodeSteps(values, count, steps, scratch.steps, into: &out)
        } else {
            out.append(UInt8(width))
            out.append(signedVarint: extent.base)
            append(values, count, UInt64(bitPattern: extent.base), width, into: &out)
        }
    }

    /// Values unlike the one before.
    private static func changes(_ values: UnsafePointer<UInt64>, _ count: Int) -> Int {
        var changes = 0
        for index in 1..<max(count, 1) { changes &+= values[index] == values[index &- 1] ? 0 : 1 }
        return changes
    }

    private static func encodeSteps(
        _ values: UnsafePointer<UInt64>, _ count: Int, _ extent: Extent, _ steps: UnsafeMutablePointer<UInt64>,
        into out: inout ByteBuffer
    ) {
        let width = extent.width
        let base = extent.base
        steps[0] = UInt64(bitPattern: base)
        for index in 1..<count { steps[index] = values[index] &- values[index &- 1] }
        out.append(differences + UInt8(width))
        out.append(signedVarint: Int64(bitPattern: values[0]))
        out.append(signedVarint: base)
        append(steps, count, UInt64(bitPattern: base), width, into: &out)
    }

    private static func encodeRuns(
        _ values: UnsafePointer<UInt64>, _ count: Int, _ scratch: borrowing Scratch, into out: inout ByteBuffer
    ) {
        var runCount = 0
        var start = 0
        for index in 1...count where index == count || values[index] != values[start] {
            scratch.runValues[runCount] = values[start]
            scratch.runLengths[runCount] = UInt64(index &- start &- 1)
            runCount &+= 1
            start = index
        }
        out.append(runs)
        out.append(varint: UInt64(runCount))
        encodeBlock(scratch.runValues, runCount, scratch, mayBeRuns: false, into: &out)
        encodeBlock(scratch.runLengths, runCount, scratch, mayBeRuns: false, into: &out)
    }

    @inline(__always)
    private static func append(
        _ values: UnsafePointer<UInt64>, _ count: Int, _ base: UInt64, _ width: Int, into out: inout ByteBuffer
    ) {
        let target = out.appendUninitialized(BitPacking.size(count: count, width: width))
        BitPacking.pack(values, count: count, base: base, width: width, into: target)
    }
}

// MARK: - Decoding a block

extension IntegerCodec {
    private static func decodeBlock(
        _ reader: inout ByteReader, into values: UnsafeMutablePointer<UInt64>, _ count: Int,
        _ scratch: borrowing Scratch, mayBeRuns: Bool
    ) throws(DeedError) {
        let form = try reader.readByte()
        if form < differences {
            let base = try reader.readSignedVarint()
            try unpack(&reader, into: values, count, UInt64(bitPattern: base), Int(form), scratch)
        } else if form < runs {
            let first = try reader.readSignedVarint()
            let base = try reader.readSignedVarint()
            try unpack(&reader, into: values, count, UInt64(bitPattern: base), Int(form - differences), scratch)
            var sum = UInt64(bitPattern: first)
            values[0] = sum
            for index in 1..<max(count, 1) {
                sum &+= values[index]
                values[index] = sum
            }
        } else if form == runs && mayBeRuns {
            try decodeRuns(&reader, into: values, count, scratch)
        } else {
            throw corrupt("an unknown form, \(form)")
        }
    }

    private static func decodeRuns(
        _ reader: inout ByteReader, into values: UnsafeMutablePointer<UInt64>, _ count: Int,
        _ scratch: borrowing Scratch
    ) throws(DeedError) {
        let runCount = try reader.readCount(max: count)
        guard runCount > 0 else { throw corrupt("no runs") }
        try decodeBlock(&reader, into: scratch.runValues, runCount, scratch, mayBeRuns: false)
        try decodeBlock(&reader, into: scratch.runLengths, runCount, scratch, mayBeRuns: false)
        var done = 0
        for run in 0..<runCount {
            // A length is stored less one, so `<` and not `<=`.
            guard scratch.runLengths[run] < UInt64(count &- done) else { throw corrupt("runs that are too long") }
            let length = Int(scratch.runLengths[run]) &+ 1
            (values + done).update(repeating: scratch.runValues[run], count: length)
            done &+= length
        }
        guard done == count else { throw corrupt("runs that are too short") }
    }

    @inline(__always)
    private static func unpack(
        _ reader: inout ByteReader, into values: UnsafeMutablePointer<UInt64>, _ count: Int, _ base: UInt64,
        _ width: Int, _ scratch: borrowing Scratch
    ) throws(DeedError) {
        let packed = try reader.read(BitPacking.size(count: count, width: width))
        guard let start = packed.baseAddress, count < blockValues else {
            // A whole block (or one without bytes) is unpacked from where it is.
            BitPacking.unpack(
                packed.baseAddress ?? UnsafeRawPointer(values), count: count, base: base, width: width, into: values)
            return
        }
        scratch.packed.copyMemory(from: start, byteCount: packed.count)
        BitPacking.unpack(scratch.packed, count: count, base: base, width: width, into: values)
    }
}

extension ByteBuffer {
    /// Small numbers of either sign make few bytes: 0, -1, 1, -2, ... are 0, 1, 2, 3, ...
    @inline(__always)
    mutating func append(signedVarint value: Int64) {
        append(varint: UInt64(bitPattern: value &<< 1 ^ value &>> 63))
    }
}

extension ByteReader {
    @inline(__always)
    mutating func readSignedVarint() throws(DeedError) -> Int64 {
        let value = try readVarint()
        return Int64(bitPattern: value &>> 1) ^ -Int64(bitPattern: value & 1)
    }
}
