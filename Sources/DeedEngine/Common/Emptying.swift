// Emptying an array whose room is used again. `removeAll(keepingCapacity:)` replaces a range of any size by a collection of any
// kind, which takes a hundred instructions even of an empty array; a short query does so a dozen times.

extension Array {
    @inlinable @inline(__always)
    package mutating func empty() {
        if count == 1 { removeLast() } else if count > 1 { removeAll(keepingCapacity: true) }
    }
}
