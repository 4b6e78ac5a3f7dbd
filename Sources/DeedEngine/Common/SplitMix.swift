// The numbers of SplitMix64 (Steele, Lea, Flood 2014): a counter, mixed.

struct SplitMix {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    private static let step: UInt64 = 0x9E37_79B9_7F4A_7C15

    mutating func next(below bound: Int) -> Int {
        state &+= Self.step
        return bound > 0 ? Int(truncatingIfNeeded: Self.finish(state) % UInt64(bound)) : 0
    }

    /// Neighbouring numbers become unlike ones.
    @inline(__always)
    static func mixed(_ number: UInt64) -> UInt64 { finish(number &* step) }

    @inline(__always)
    private static func finish(_ number: UInt64) -> UInt64 {
        var mixed = (number ^ (number >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }
}
