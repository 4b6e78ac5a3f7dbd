// The standard library's Mutex in terms of pthreads, for the thread sanitizer alone: it knows the functions of pthreads,
// and takes whatever the library's own futexes guard for races, since that library is not instrumented. It also finds
// locks that are taken in both orders. Every other build has the library's type, which this one hides in the module.

#if THREAD_SANITIZER
    import Synchronization

    struct Mutex<Value: ~Copyable>: ~Copyable, @unchecked Sendable {
        private let monitor = Monitor()
        private let value = UnsafeMutablePointer<Value>.allocate(capacity: 1)

        init(_ initial: consuming sending Value) { value.initialize(to: initial) }

        deinit {
            value.deinitialize(count: 1)
            value.deallocate()
        }

        borrowing func withLock<Result: ~Copyable, Failure: Error>(
            _ body: (inout sending Value) throws(Failure) -> sending Result
        ) throws(Failure) -> sending Result {
            monitor.lock()
            defer { monitor.unlock() }
            return try body(&value.pointee)
        }
    }
#endif
