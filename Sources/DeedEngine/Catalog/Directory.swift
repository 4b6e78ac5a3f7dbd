// From the number of a segment to the segment, in two array steps and without a lock. Segments are only ever added.

import Glibc
import Synchronization

package final class Directory: @unchecked Sendable {
    private static let blockBits = 14
    private static let blockCount = Limits.segmentsMax >> blockBits
    private typealias Block = UnsafeMutablePointer<SegmentRef?>

    /// The blocks; memory that is touched only where there are segments.
    private let blocks: UnsafeMutablePointer<Block?>
    /// Segments so far; each has been published in its block before it is counted.
    private let published = Atomic<Int>(0)
    private let growth = Mutex(())

    init() {
        let zeroed = calloc(Self.blockCount, MemoryLayout<Block?>.stride)
        precondition(zeroed != nil, "no address space for the segment directory")
        blocks = zeroed.unsafelyUnwrapped.bindMemory(to: Block?.self, capacity: Self.blockCount)
    }

    deinit {
        for index in 0..<Self.blockCount { if let block = blocks[index] { Glibc.free(block) } else { break } }
        Glibc.free(blocks)
    }

    /// One more than the highest segment number.
    var count: Int { published.load(ordering: .acquiring) }

    @inline(__always)
    subscript(number: Int) -> SegmentRef? {
        guard number >= 0 && number < published.load(ordering: .acquiring) else { return nil }
        return blocks[number &>> Self.blockBits].unsafelyUnwrapped[number & (1 &<< Self.blockBits &- 1)]
    }

    @inline(__always)
    func segment(of id: RowId) -> SegmentRef? {
        let number = segmentNumber(of: id)
        return number < UInt64(Limits.segmentsMax) ? self[Int(truncatingIfNeeded: number)] : nil
    }

    /// Publishes `count` new segments with consecutive numbers; returns the first number.
    func append(count: Int = 1, _ make: (Int) -> SegmentRef) throws(DeedError) -> Int {
        let first = growth.withLock { _ -> Int? in
            let first = published.load(ordering: .relaxed)
            for number in first..<first + count where place(number, { make(number) }) == nil { return nil }
            return first
        }
        guard let first else { throw DeedError(.limitExceeded, "no more segments, or no memory for the directory") }
        return first
    }

    /// Publishes a segment under a given number; for recovery. Numbers in between stay empty until filled.
    func insert(_ number: Int, _ segment: SegmentRef) throws(DeedError) {
        let placed = growth.withLock { _ in place(number) { segment } != nil }
        guard placed else { throw DeedError(.corruption, "segment number \(number) is out of range") }
    }

    private func place(_ number: Int, _ make: () -> SegmentRef) -> SegmentRef? {
        guard number < Limits.segmentsMax else { return nil }
        for block in 0...(number &>> Self.blockBits) where blocks[block] == nil {
            guard let zeroed = calloc(1 << Self.blockBits, MemoryLayout<SegmentRef?>.stride) else { return nil }
            blocks[block] = zeroed.bindMemory(to: SegmentRef?.self, capacity: 1 << Self.blockBits)
        }
        let segment = make()
        blocks[number &>> Self.blockBits].unsafelyUnwrapped[number & (1 &<< Self.blockBits &- 1)] = segment
        if number >= published.load(ordering: .relaxed) { published.store(number + 1, ordering: .releasing) }
        return segment
    }
}
