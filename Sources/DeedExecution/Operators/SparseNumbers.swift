// Numbers of entities of which nearly all are 0, and which are all 0 again after as much work as it took to write them.
//
// They are asked for far more often than they are not 0, for entities all over the memory. So a filter that stays in the
// processor's nearest cache is looked at first: a bit for each of the entities that are not 0. Those whose ids agree in their
// last digits share one.

import DeedEngine

/// A handle: what it points to belongs to the `Memory` that it was made of.
struct SparseNumbers {
    final class Memory {
        fileprivate let numbers, ids, filter: CountVector

        init(count: Int, _ context: QueryContext) throws {
            numbers = try CountVector(count: count, repeating: 0, context)
            ids = try CountVector(unfilled: count, context)
            filter = try CountVector(count: SparseNumbers.filterWords + 1, repeating: 0, context)
        }
    }

    private let numbers: UnsafeMutablePointer<Int64>
    /// Of those that are not 0, and perhaps of some that became 0.
    private let ids: UnsafeMutablePointer<Int64>
    private let filter: UnsafeMutablePointer<Int64>
    /// How many ids there are. Behind the filter, and not in here, which others copy.
    private let idCount: UnsafeMutablePointer<Int64>

    /// 8 KiB: beside the lists that are gone through, a first cache of 32 KiB has room for two.
    private static let filterWords = 1 << 10

    init(_ memory: Memory) {
        (numbers, ids) = (memory.numbers.values, memory.ids.values)
        (filter, idCount) = (memory.filter.values, memory.filter.values + Self.filterWords)
    }

    /// Entities that may have a number.
    var count: Int { Int(idCount.pointee) }

    @inline(__always)
    private func word(_ id: Int) -> UnsafeMutablePointer<Int64> { filter + (id &>> 6) & (Self.filterWords &- 1) }

    @inline(__always)
    private func bit(_ id: Int) -> Int64 { 1 &<< Int64(truncatingIfNeeded: id & 63) }

    /// False only if its number is 0.
    @inline(__always)
    func mayHave(_ id: Int) -> Bool { word(id).pointee & bit(id) != 0 }

    @inline(__always)
    subscript(_ id: Int) -> Int64 { numbers[id] }

    /// Those for which there may be a number, by place.
    @inline(__always)
    func id(_ place: Int) -> Int { Int(ids[place]) }

    /// Adds the product of two numbers above 0; true if it is too large. None has been multiplied yet.
    @inline(__always)
    func add(_ number: Int64, times factor: Int64, to id: Int) -> Bool {
        let known = mayHave(id) ? numbers[id] : 0
        let (product, overflow) = number.multipliedReportingOverflow(by: factor)
        let (sum, overflowOfSum) = known.addingReportingOverflow(product)
        let isTooLarge = overflow || overflowOfSum || sum <= 0
        // Never 0, whatever went wrong before, so that each id is noted once and all of them have room.
        numbers[id] = isTooLarge ? .max : sum
        if known != 0 { return isTooLarge }
        ids[count] = Int64(truncatingIfNeeded: id)
        idCount.pointee &+= 1
        word(id).pointee |= bit(id)
        return isTooLarge
    }

    /// Multiplies a number; true if it is too large.
    @inline(__always)
    func multiply(_ id: Int, by factor: Int64) -> Bool {
        let (product, overflow) = numbers[id].multipliedReportingOverflow(by: factor)
        numbers[id] = product
        return overflow
    }

    func clear() {
        for place in 0..<count {
            numbers[Int(ids[place])] = 0
            word(Int(ids[place])).pointee = 0
        }
        idCount.pointee = 0
    }
}
