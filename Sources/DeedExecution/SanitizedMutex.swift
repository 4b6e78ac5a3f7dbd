// The Mutex that the thread sanitizer understands (Mutex.swift in DeedValues), in place of the standard library's.

#if THREAD_SANITIZER
    import DeedValues

    typealias Mutex<Value: ~Copyable> = DeedValues.Mutex<Value>
#endif
