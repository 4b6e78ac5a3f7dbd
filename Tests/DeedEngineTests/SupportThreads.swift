// Real threads for tests of the engine's concurrency: the tasks of the language share too few of them, and must not block.

import Glibc
import Synchronization

@testable import DeedEngine

#if THREAD_SANITIZER
    /// The engine's, which the sanitizer understands, where the standard library's has the same name.
    typealias Mutex<Value: ~Copyable> = DeedEngine.Mutex<Value>
#endif

/// What one thread runs, and what came of it.
private final class ThreadBody: Sendable {
    let body: @Sendable () throws -> Void
    let failure = Mutex<(any Error)?>(nil)

    init(_ body: @escaping @Sendable () throws -> Void) { self.body = body }
}

/// Runs each of `bodies` on a thread of its own and waits for all. Throws the first error of any.
func runThreads(_ bodies: [@Sendable () throws -> Void]) throws {
    let shared = bodies.map { ThreadBody($0) }
    var threads: [pthread_t] = []
    for body in shared {
        var thread = pthread_t()
        let argument = Unmanaged.passUnretained(body).toOpaque()
        let status = pthread_create(&thread, nil, { argument in
            let body = Unmanaged<ThreadBody>.fromOpaque(argument!).takeUnretainedValue()
            do { try body.body() } catch { body.failure.withLock { $0 = error } }
            return nil
        }, argument)
        precondition(status == 0, "no thread")
        threads.append(thread)
    }
    for thread in threads { pthread_join(thread, nil) }
    for body in shared { if let error = body.failure.withLock({ $0 }) { throw error } }
}

/// A moment that comes after so many seconds, for threads that work until then.
struct Deadline: Sendable {
    private let end: Double

    init(seconds: Double) { end = Self.now + seconds }

    var isOver: Bool { Self.now > end }

    private static var now: Double {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
    }
}

/// Something that a concurrent test has seen and that must not be.
struct Violation: Error, CustomStringConvertible {
    var description: String

    static func unless(_ condition: Bool, _ text: @autoclosure () -> String) throws {
        if !condition { throw Violation(description: text()) }
    }
}
