// The standard library's Mutex in terms of pthreads, for the thread sanitizer alone: it knows the functions of pthreads,
// and takes whatever the library's own futexes guard for races, since that library is not instrumented. It also finds
// locks that are taken in both orders. Every other build has the library's type, which this one hides in each module that has a
// name for it (SanitizedMutex.swift).

#if THREAD_SANITIZER
    import Glibc

    package struct Mutex<Value: ~Copyable>: ~Copyable, @unchecked Sendable {
        private let lock = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)
        private let value = UnsafeMutablePointer<Value>.allocate(capacity: 1)

        package init(_ initial: consuming sending Value) {
            lock.initialize(to: pthread_mutex_t())
            pthread_mutex_init(lock, nil)
            value.initialize(to: initial)
        }

        deinit {
            pthread_mutex_destroy(lock)
            lock.deallocate()
            value.deinitialize(count: 1)
            value.deallocate()
        }

        package borrowing func withLock<Result: ~Copyable, Failure: Error>(
            _ body: (inout sending Value) throws(Failure) -> sending Result
        ) throws(Failure) -> sending Result {
            pthread_mutex_lock(lock)
            defer { pthread_mutex_unlock(lock) }
            return try body(&value.pointee)
        }
    }
#endif
