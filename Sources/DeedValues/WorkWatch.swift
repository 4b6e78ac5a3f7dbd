// What a function that may take long, or make something large, asks on its way: values know neither timeouts nor memory limits.

package protocol WorkWatch: AnyObject {
    /// Throws if the work is to end now, or if there is no room for so many bytes, which it is about to hold.
    func goOn(holding bytes: Int) throws
}

/// Asks a watch once in so many steps of a loop.
struct WatchedLoop {
    private let watch: (any WorkWatch)?
    private let bytesPerStep: Int
    private var steps = 0
    private var next = interval
    private static let interval = 1 << 16

    init(_ watch: (any WorkWatch)?, bytesPerStep: Int = 0) { (self.watch, self.bytesPerStep) = (watch, bytesPerStep) }

    @inline(__always)
    mutating func step(_ count: Int = 1) throws {
        steps &+= count
        if steps >= next { try ask() }
    }

    /// Arrays that grow have room for twice what they hold.
    @inline(never)
    private mutating func ask() throws {
        next = steps &+ Self.interval
        try watch?.goOn(holding: steps &* bytesPerStep &* 2)
    }
}
