// A database opened for reading beside a writer in another process: a graph that follows (Graph+Following.swift), the
// thread that keeps it going, and what happens when it has lost its place.
//
// The thread looks for news every 2 ms while there are any, and less and less often, down to every 20 ms, while there are
// none. Whoever must see a certain commit wakes it and waits (`catchUp`).
//
// A graph that cannot go on is replaced by one that is opened anew from the writer's last checkpoint and the log above it.
// The old one serves the calls that are under way and then goes; transactions that began on it end with SnapshotTooOld.
// As long as opening fails, the old one stays, at the state that it has.

import Glibc
import Synchronization

package final class Follower: @unchecked Sendable {
    private let path: String
    private let options: GraphOptions
    private let current: Mutex<Graph>

    private let monitor = Monitor()
    /// Guarded by `monitor`, as all of these.
    private var isStopping = false
    private var isStarted = false
    /// Looks that callers have asked for, and how many of these have been taken.
    private var asked: UInt64 = 0
    private var answered: UInt64 = 0
    private var failure: DeedError?
    private var thread = pthread_t()

    /// When the last look began after which nothing that had been written was missing; nanoseconds.
    private let currentAt: Atomic<UInt64>
    private let reloads = Atomic<UInt64>(0)

    private static let busyMilliseconds = 2
    private static let idleMilliseconds = 20
    /// How long what a record or a directory speaks of may be missing; then the graph is opened anew.
    private static let patienceNanoseconds: UInt64 = 250_000_000
    private static let attemptsMax = 10

    /// Opens the store and begins to follow. There must be one, whether or not a writer has it open.
    package init(path: String, options: GraphOptions) throws(DeedError) {
        var options = options
        options.isReadOnly = true
        options.follows = true
        self.path = path
        self.options = options
        try KeyValueStore.requireStore(path)
        currentAt = Atomic(Clock.monotonicNanoseconds())
        current = Mutex(try Self.open(path, options, replacing: nil))
        start()
    }

    /// Opening reads one file after the other while the writer goes on; what has moved in between is there the next time.
    private static func open(_ path: String, _ options: GraphOptions, replacing old: Graph?) throws(DeedError) -> Graph {
        var failures = 0
        while true {
            do throws(DeedError) {
                return try Graph(path: path, options: options, replacing: old)
            } catch {
                failures += 1
                let isFinal = error.status == .newerFormat || error.status == .outOfMemory
                if isFinal || failures == attemptsMax { throw error }
                usleep(useconds_t(failures * 5_000))
            }
        }
    }

    /// The graph as far as it has come.
    package var graph: Graph { current.withLock { $0 } }

    /// How long ago everything that had been written was here.
    package var lagMilliseconds: Double {
        Double(Clock.monotonicNanoseconds() &- currentAt.load(ordering: .relaxed)) / 1e6
    }

    /// How often it has lost its place and opened the store anew.
    package var reloadCount: UInt64 { reloads.load(ordering: .relaxed) }

    /// Waits until what the writer had written at the time of the call can be seen, and commit `timestamp` as well, but
    /// for no longer than so many milliseconds. Returns the last commit that can be seen.
    package func catchUp(to timestamp: Timestamp, milliseconds: Int) throws(DeedError) -> Timestamp {
        let deadline = Clock.monotonicNanoseconds() &+ UInt64(max(milliseconds, 0)) &* 1_000_000
        monitor.lock()
        defer { monitor.unlock() }
        repeat {
            asked += 1
            let mine = asked
            monitor.wakeAll()
            while answered < mine && isStarted && !isStopping {
                let now = Clock.monotonicNanoseconds()
                if now >= deadline { return graph.snapshots.lastCommit }
                monitor.wait(milliseconds: min(Int(clamping: (deadline &- now) / 1_000_000) + 1, 1000))
            }
            if isStopping || !isStarted { throw DeedError(.closed, "the database is closed") }
            if let failure { throw failure }
            if graph.snapshots.lastCommit < timestamp { monitor.wait(milliseconds: Self.busyMilliseconds) }
        } while graph.snapshots.lastCommit < timestamp && Clock.monotonicNanoseconds() < deadline
        return graph.snapshots.lastCommit
    }

    package func close() throws(DeedError) {
        monitor.lock()
        isStopping = true
        monitor.wakeAll()
        let wasStarted = isStarted
        isStarted = false
        monitor.unlock()
        if wasStarted { pthread_join(thread, nil) }
        try graph.close()
    }

    // MARK: The thread

    private func start() {
        // The thread borrows the follower: `close` ends it before the follower goes away.
        let argument = Unmanaged.passUnretained(self).toOpaque()
        monitor.lock()
        defer { monitor.unlock() }
        isStarted = pthread_create(&thread, nil, { argument in
            Unmanaged<Follower>.fromOpaque(argument.unsafelyUnwrapped).takeUnretainedValue().run()
            return nil
        }, argument) == 0
    }

    private func run() {
        var pause = Self.busyMilliseconds
        var failingSince: UInt64?
        var settledAt = Clock.monotonicNanoseconds()
        while true {
            monitor.lock()
            if !isStopping && (asked == answered || failingSince != nil) { monitor.wait(milliseconds: pause) }
            let (isStopping, request) = (self.isStopping, asked)
            monitor.unlock()
            if isStopping { return }
            let start = Clock.monotonicNanoseconds()
            let outcome = look(&failingSince)
            switch outcome {
            case .news, .notYet: pause = Self.busyMilliseconds
            case .nothing, .failed: pause = min(pause + 1, Self.idleMilliseconds)
            }
            answer(request, outcome, lookedAt: start)
            if start &- settledAt > UInt64(Maintenance.intervalMilliseconds) &* 1_000_000 {
                graph.settleQueued()
                graph.settleIndexes()
                settledAt = start
            }
        }
    }

    /// What came of one look.
    private enum Outcome {
        case nothing, news
        /// Part of what was written is not there yet; a moment later it will be.
        case notYet
        case failed(DeedError)
    }

    /// Tells those who wait for a look.
    private func answer(_ request: UInt64, _ outcome: Outcome, lookedAt start: UInt64) {
        monitor.lock()
        defer { monitor.unlock() }
        switch outcome {
        case .notYet: return
        case .failed(let error): failure = error
        case .nothing, .news:
            failure = nil
            currentAt.store(start, ordering: .relaxed)
        }
        answered = request
        monitor.wakeAll()
    }

    /// Looks for news once. When that goes on failing, or it has lost its place, the graph is opened anew.
    private func look(_ failingSince: inout UInt64?) -> Outcome {
        let graph = graph
        guard let following = graph.following else { return .nothing }
        do throws(DeedError) {
            let count = try graph.follow(following)
            failingSince = nil
            return count > 0 ? .news : .nothing
        } catch {
            // Opening anew would need the same memory.
            if error.status == .outOfMemory { return .failed(error) }
            let now = Clock.monotonicNanoseconds()
            let since = failingSince ?? now
            failingSince = since
            // RocksDB may see what was written first only after what came next.
            if now &- since < Self.patienceNanoseconds { return .notYet }
        }
        do throws(DeedError) {
            let fresh = try Self.open(path, options, replacing: graph)
            current.withLock { $0 = fresh }
        } catch {
            return .failed(error)
        }
        reloads.add(1, ordering: .relaxed)
        failingSince = nil
        return .news
    }
}
