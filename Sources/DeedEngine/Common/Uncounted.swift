// Using objects without counting a reference to them. The count of an object that every thread uses for every row is one
// cache line that all of them write, so it goes back and forth between the processors.

extension Unmanaged {
    /// Calls `body` with the object. The caller knows who keeps it alive until `body` returns.
    @inlinable @inline(__always)
    package func withoutCounting<Result, Failure: Error>(
        _ body: (Instance) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        // What is thrown inside is carried over the closure by hand, to keep its type.
        let result = _withUnsafeGuaranteedRef { object in
            do throws(Failure) {
                return Swift.Result<Result, Failure>.success(try body(object))
            } catch {
                return .failure(error)
            }
        }
        return try result.get()
    }
}
