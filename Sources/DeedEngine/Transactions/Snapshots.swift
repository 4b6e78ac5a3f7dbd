// Which snapshots are in use. The oldest of them decides which versions may go.

import Synchronization

final class Snapshots: Sendable {
    private struct State {
        /// The timestamps in use; a free place holds `free`.
        var places: [Timestamp] = []
        var vacant: [Int] = []
    }

    private static let free = Timestamp.max
    private let state = Mutex(State())
    private let newest = Atomic<Timestamp>(0)

    /// The newest commit that snapshots see.
    var lastCommit: Timestamp { newest.load(ordering: .acquiring) }

    /// Makes all commits up to `timestamp` visible.
    func publish(_ timestamp: Timestamp) { newest.store(timestamp, ordering: .releasing) }

    /// Registers a snapshot of now. Reading the clock and registering are one step, so that no version goes in between.
    func acquire() -> (timestamp: Timestamp, place: Int) {
        state.withLock { state in
            let timestamp = newest.load(ordering: .acquiring)
            if let place = state.vacant.popLast() {
                state.places[place] = timestamp
                return (timestamp, place)
            }
            state.places.append(timestamp)
            return (timestamp, state.places.count - 1)
        }
    }

    func release(_ place: Int) {
        state.withLock { state in
            state.places[place] = Self.free
            state.vacant.append(place)
        }
    }

    /// No snapshot in use, and none to come, is older than this.
    func oldest() -> Timestamp {
        state.withLock { state in
            var oldest = newest.load(ordering: .acquiring)
            for timestamp in state.places where timestamp < oldest { oldest = timestamp }
            return oldest
        }
    }

    var activeCount: Int { state.withLock { $0.places.count - $0.vacant.count } }
}
