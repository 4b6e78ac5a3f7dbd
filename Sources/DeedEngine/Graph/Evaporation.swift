// Lazy evaporation. Advancing the epoch is one addition: a level is brought up to date when it is read, by the product
// of (1 - rate) over the epochs since it was last touched. The rates may differ, so the sums of their logarithms are
// kept, one for each epoch, and the product between two epochs is one subtraction and one exponential.

import Glibc
import Synchronization

final class Evaporation: @unchecked Sendable {
    /// No level is read as less.
    static let floor = 0.01
    static let initialLevel = 1.0
    static let defaultRate = 0.1
    /// Epochs between two rounds of bringing every level up to date; bounds the table to 8 MiB of address space.
    static let epochsMax = 1 << 20
    /// Stands for the logarithm of zero, finite so that differences are numbers.
    private static let logOfZero = -1e9

    private let sums: UnsafeMutablePointer<Double>
    private let current = Atomic<UInt32>(0)
    private let total = Atomic<UInt64>(0)
    private let advancing = Mutex(())

    init() {
        let zeroed = calloc(Self.epochsMax, MemoryLayout<Double>.stride)
        precondition(zeroed != nil, "no address space for the table of epochs")
        sums = zeroed.unsafelyUnwrapped.bindMemory(to: Double.self, capacity: Self.epochsMax)
    }

    deinit { free(sums) }

    var epoch: UInt32 { current.load(ordering: .acquiring) }
    /// Evaporations in the life of the store.
    var evaporations: UInt64 { total.load(ordering: .relaxed) }

    /// Advances the epoch. False if the table is full: then `restart` is due.
    func advance(rate: Double) -> Bool {
        advancing.withLock { _ in
            let epoch = current.load(ordering: .relaxed)
            guard Int(epoch) + 1 < Self.epochsMax else { return false }
            sums[Int(epoch) + 1] = sums[Int(epoch)] + (rate < 1 ? max(log1p(-rate), Self.logOfZero) : Self.logOfZero)
            current.store(epoch + 1, ordering: .releasing)
            total.add(1, ordering: .relaxed)
            return true
        }
    }

    /// Begins again at epoch 0, after every level has been brought up to date.
    func restart() { advancing.withLock { _ in current.store(0, ordering: .releasing) } }

    /// A level of `epoch` as it is now.
    @inline(__always)
    func present(_ level: Float, since epoch: UInt32) -> Double {
        let now = current.load(ordering: .acquiring)
        if epoch >= now { return max(Self.floor, Double(level)) }
        return max(Self.floor, Double(level) * exp(sums[Int(now)] - sums[Int(epoch)]))
    }

    // MARK: Saving

    /// Evaporations so far, the epoch, and the sums of all epochs but the first.
    func encode(into buffer: inout ByteBuffer) {
        advancing.withLock { _ in
            buffer.append(varint: evaporations)
            let epoch = current.load(ordering: .relaxed)
            buffer.append(varint: UInt64(epoch))
            for index in 0..<Int(epoch) { buffer.append(fixed64: sums[index + 1].bitPattern) }
        }
    }

    func decode(_ reader: inout ByteReader) throws(DeedError) {
        total.store(try reader.readVarint(), ordering: .relaxed)
        let epoch = try reader.readCount(max: Self.epochsMax - 1)
        for index in 0..<epoch { sums[index + 1] = Double(bitPattern: try reader.readFixed64()) }
        current.store(UInt32(epoch), ordering: .releasing)
    }
}
