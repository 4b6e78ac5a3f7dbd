// Threads that help whoever has work that several can do at once. They are made when they are first needed, and stay.
//
// The caller always works itself, and helpers join when they get to it: nobody waits for a helper to begin. Work that is done
// before they come is withdrawn, so that much asked of few threads costs time only.

import Glibc
import Synchronization

package final class WorkerPool: @unchecked Sendable {
    /// All but `body` is guarded by the monitor; `running` may be read without it.
    private final class Job {
        /// Called with the number of the worker.
        let body: (Int) -> Void
        /// Numbers from this one on are still to be had.
        var next = 1
        let workers: Int
        let running = Atomic<Int>(0)

        init(_ workers: Int, _ body: @escaping (Int) -> Void) { (self.workers, self.body) = (workers, body) }
    }

    private let monitor = Monitor()
    /// Those that more workers may join.
    private var open: [Job] = []
    private var threads: [pthread_t] = []
    private var idle = 0
    private var isStopping = false

    /// Runs `body` on the calling thread, as worker 0, and beside it as workers 1 to `workers` - 1 on as many other threads as
    /// there are in time. Returns when all have ended; meanwhile `whileWaiting` is called about every 20 ms.
    package func run(_ workers: Int, whileWaiting: () -> Void, _ body: @escaping @Sendable (Int) -> Void) {
        let job = Job(workers, body)
        monitor.lock()
        if workers > 1 && !isStopping {
            open.append(job)
            while idle + unstarted < open.reduce(0, { $0 + $1.workers - $1.next }), threads.count < Limits.workersMax, start() {}
            monitor.wakeAll()
        }
        monitor.unlock()
        body(0)
        monitor.withLock { open.removeAll { $0 === job } }
        // Those that share small pieces end within moments of each other. To sleep and be woken would take longer.
        for _ in 0..<Self.yieldsMax where job.running.load(ordering: .relaxed) > 0 { sched_yield() }
        // With the lock: until then a helper may hold the job, and with it `body`, which must not live on.
        monitor.lock()
        while job.running.load(ordering: .relaxed) > 0 {
            monitor.wait(milliseconds: 20)
            monitor.unlock()
            whileWaiting()
            monitor.lock()
        }
        monitor.unlock()
    }

    private static let yieldsMax = 200

    /// Ends all threads, once they are done with what they have begun.
    func stop() {
        monitor.lock()
        isStopping = true
        monitor.wakeAll()
        let ending = threads
        threads = []
        monitor.unlock()
        for thread in ending { pthread_join(thread, nil) }
    }

    // MARK: Threads

    /// Threads that were made and have not looked for work yet.
    private var unstarted = 0

    /// False if the system has no thread for us. Signals are for the threads of the program, which know what to do about them.
    private func start() -> Bool {
        var (all, old, thread) = (sigset_t(), sigset_t(), pthread_t())
        sigfillset(&all)
        pthread_sigmask(SIG_SETMASK, &all, &old)
        defer { pthread_sigmask(SIG_SETMASK, &old, nil) }
        // The thread borrows the pool: `stop` ends it before the pool goes away.
        let failed = pthread_create(&thread, nil, { argument in
            Unmanaged<WorkerPool>.fromOpaque(argument.unsafelyUnwrapped).takeUnretainedValue().work()
            return nil
        }, Unmanaged.passUnretained(self).toOpaque())
        if failed != 0 { return false }
        threads.append(thread)
        unstarted += 1
        return true
    }

    private func work() {
        monitor.lock()
        unstarted -= 1
        while !isStopping {
            if helpSomebody() { continue }
            idle += 1
            monitor.wait()
            idle -= 1
        }
        monitor.unlock()
    }

    /// False if nobody needs help. The lock is held before and behind it, and the job is let go of by then.
    private func helpSomebody() -> Bool {
        guard let job = open.first else { return false }
        let number = job.next
        job.next += 1
        if job.next == job.workers { open.removeFirst() }
        job.running.add(1, ordering: .relaxed)
        monitor.unlock()
        job.body(number)
        monitor.lock()
        if job.running.subtract(1, ordering: .relaxed).newValue == 0 { monitor.wakeAll() }
        return true
    }
}
