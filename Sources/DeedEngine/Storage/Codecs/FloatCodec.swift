// 64-bit floating-point numbers, as bit patterns: every NaN, infinity and signed zero comes back as it was. The number
// of values is known from elsewhere.
//
//   byte 0         the bit patterns by IntegerCodec
//   byte 1...16    decimals: each value is n / 10^(byte - 1) for an integer n below 2^51; the n by IntegerCodec
//
// Prices, coordinates and counts are decimals with a few places: their bit patterns look random, their integers do not.
// The division is exact to the last bit whenever the value was read from a decimal text of up to 15 digits; encoding
// checks each value, so that no other is encoded so. Numbers are embedded in files: do not renumber.

import Glibc

package enum FloatCodec {
    private static let placesMax = 15
    private static let powers: [Double] = [
        1, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15,
    ]
    /// Values looked at to choose the number of places.
    private static let sampleCount = 32

    /// Appends the values, given as bit patterns.
    package static func encode(_ bits: UnsafePointer<UInt64>, count: Int, into out: inout ByteBuffer) {
        if let places = commonPlaces(bits, count), encodeDecimals(bits, count, places, into: &out) { return }
        out.append(0)
        IntegerCodec.encode(bits, count: count, into: &out)
    }

    package static func decode(
        _ reader: inout ByteReader, into bits: UnsafeMutablePointer<UInt64>, count: Int
    ) throws(DeedError) {
        let form = Int(try reader.readByte())
        guard form <= placesMax &+ 1 else { throw DeedError(.corruption, "encoded floats: an unknown form, \(form)") }
        try IntegerCodec.decode(&reader, into: bits, count: count)
        if form == 0 { return }
        let power = powers[form &- 1]
        for index in 0..<count { bits[index] = (Double(Int64(bitPattern: bits[index])) / power).bitPattern }
    }

    /// Added and taken away again, it rounds a number below 2^51 to an integer: a number of this size has no bits for
    /// less. Cheaper than `rounded()`, which is a call on processors without an instruction for it.
    private static let rounding = 0x1.8p52

    /// The integer n with n / power == value to the last bit, if there is one below 2^51.
    @inline(__always)
    private static func scaled(_ bits: UInt64, by power: Double) -> Int64? {
        let product = Double(bitPattern: bits) * power
        // False for NaN, too.
        guard abs(product) < 0x1p51 else { return nil }
        let integer = Int64((product + rounding) - rounding)
        return (Double(integer) / power).bitPattern == bits ? integer : nil
    }

    /// The fewest decimal places that fit a sample of the values.
    private static func commonPlaces(_ bits: UnsafePointer<UInt64>, _ count: Int) -> Int? {
        if count == 0 { return nil }
        var places = 0
        let stride = max(count / sampleCount, 1)
        for index in Swift.stride(from: 0, to: count, by: stride) {
            while scaled(bits[index], by: powers[places]) == nil {
                places &+= 1
                if places > placesMax { return nil }
            }
        }
        return places
    }

    /// False, and nothing appended, if some value does not fit or nothing is saved.
    private static func encodeDecimals(
        _ bits: UnsafePointer<UInt64>, _ count: Int, _ places: Int, into out: inout ByteBuffer
    ) -> Bool {
        let integers = UnsafeMutablePointer<UInt64>.allocate(capacity: count)
        defer { integers.deallocate() }
        let power = powers[places]
        for index in 0..<count {
            guard let integer = scaled(bits[index], by: power) else { return false }
            integers[index] = UInt64(bitPattern: integer)
        }
        let start = out.count
        out.append(UInt8(places &+ 1))
        IntegerCodec.encode(integers, count: count, into: &out)
        if out.count &- start < count &* 8 { return true }
        out.truncate(to: start)
        return false
    }
}
