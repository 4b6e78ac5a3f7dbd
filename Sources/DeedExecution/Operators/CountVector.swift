// A number for each entity, at the place of its id, while matches of patterns are counted.

import DeedEngine

final class CountVector {
    let values: UnsafeMutablePointer<Int64>
    let count: Int
    private let account: MemoryAccount
    /// Bytes that processors hand to each other: nothing else is in those that a vector begins and ends with, so that no thread
    /// waits for what another one writes beside it.
    private static let line = 64

    /// Without numbers, so that the threads that share a pass each fill their blocks of it: the memory is new, and the first
    /// to touch it waits for the system.
    init(unfilled count: Int, _ context: QueryContext) throws {
        account = MemoryAccount(context)
        try account.charge(count * MemoryLayout<Int64>.stride)
        let size = (max(count, 1) * MemoryLayout<Int64>.stride + Self.line - 1) / Self.line * Self.line
        values = UnsafeMutableRawPointer.allocate(byteCount: size, alignment: Self.line).bindMemory(to: Int64.self, capacity: count)
        self.count = count
    }

    convenience init(count: Int, repeating value: Int64, _ context: QueryContext) throws {
        try self.init(unfilled: count, context)
        values.initialize(repeating: value, count: count)
    }

    /// Begins with 1 for each entity of a block.
    func fill(block: Int) {
        (values + block &* Limits.vectorRows).initialize(repeating: 1, count: Limits.vectorRows)
    }

    deinit { UnsafeMutableRawPointer(values).deallocate() }

    var largest: Int64 {
        var result: Int64 = 0
        for index in 0..<count { result = max(result, values[index]) }
        return result
    }

    var neighborValues: NeighborValues { NeighborValues(values, count: count, largest: largest) }

    func multiply(by other: CountVector) throws {
        let (own, factors) = (values, other.values)
        var hasOverflow = false
        for index in 0..<count {
            let (product, overflow) = own[index].multipliedReportingOverflow(by: factors[index])
            own[index] = product
            hasOverflow = hasOverflow || overflow
        }
        if hasOverflow { throw Self.tooLarge }
    }

    func add(_ other: CountVector, times factor: Int64) throws {
        let (own, terms) = (values, other.values)
        var hasOverflow = false
        for index in 0..<count {
            let (product, overflow) = terms[index].multipliedReportingOverflow(by: factor)
            let (sum, overflowOfSum) = own[index].addingReportingOverflow(product)
            own[index] = sum
            hasOverflow = hasOverflow || overflow || overflowOfSum
        }
        if hasOverflow { throw Self.tooLarge }
    }

    func sum() throws -> Int64 {
        var result: Int64 = 0
        var hasOverflow = false
        for index in 0..<count {
            let (sum, overflow) = result.addingReportingOverflow(values[index])
            result = sum
            hasOverflow = hasOverflow || overflow
        }
        if hasOverflow { throw Self.tooLarge }
        return result
    }

    static var tooLarge: DeedError { DeedError(.limitExceeded, "a count is larger than 9,223,372,036,854,775,807") }
}
