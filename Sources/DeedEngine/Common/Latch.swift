// A reader-writer latch of four bytes for short critical sections (one row, or one vector of rows). It spins, then
// yields the processor. Never held while calling out or waiting for the disk.

import Glibc
import Synchronization

package struct Latch: ~Copyable {
    /// Bit 31: a writer holds it. Bit 30: a writer waits, so new readers hold back. Below: the number of readers.
    private let word = Atomic<UInt32>(0)

    private static let writer: UInt32 = 1 << 31
    private static let waiting: UInt32 = 1 << 30

    package init() {}

    @inline(__always)
    package borrowing func lockShared() {
        let seen = word.load(ordering: .relaxed)
        if seen < Self.waiting,
            word.compareExchange(expected: seen, desired: seen &+ 1, successOrdering: .acquiring, failureOrdering: .relaxed)
                .exchanged
        {
            return
        }
        lockSharedSlowly()
    }

    @inline(never)
    private borrowing func lockSharedSlowly() {
        var spins = 0
        while true {
            let seen = word.load(ordering: .relaxed)
            if seen < Self.waiting,
                word.compareExchange(
                    expected: seen, desired: seen &+ 1, successOrdering: .acquiring, failureOrdering: .relaxed
                ).exchanged
            {
                return
            }
            Self.pause(&spins)
        }
    }

    @inline(__always)
    package borrowing func unlockShared() {
        word.subtract(1, ordering: .releasing)
    }

    @inline(__always)
    package borrowing func lockExclusive() {
        if word.compareExchange(
            expected: 0, desired: Self.writer, successOrdering: .acquiring, failureOrdering: .relaxed
        ).exchanged {
            return
        }
        lockExclusiveSlowly()
    }

    @inline(never)
    private borrowing func lockExclusiveSlowly() {
        var spins = 0
        while true {
            let seen = word.load(ordering: .relaxed)
            if seen & ~Self.waiting == 0 {
                if word.compareExchange(
                    expected: seen, desired: Self.writer, successOrdering: .acquiring, failureOrdering: .relaxed
                ).exchanged {
                    return
                }
            } else if seen & Self.waiting == 0 {
                word.bitwiseOr(Self.waiting, ordering: .relaxed)
            }
            Self.pause(&spins)
        }
    }

    @inline(__always)
    package borrowing func unlockExclusive() {
        // Clears the waiting bit too; a writer that still waits sets it again.
        word.store(0, ordering: .releasing)
    }

    /// A hundred tight rounds (a microsecond or so), then give up the time slice: the holder may not be running.
    private static func pause(_ spins: inout Int) {
        spins &+= 1
        if spins > 100 { sched_yield() }
    }
}
