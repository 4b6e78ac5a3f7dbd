// What is known of the values that one property has in the rows of one table, from a sample of these rows: how many are
// null, how many different values there are, which are the most common, and how the others are spread.
//
// The number of different values is what the sample tells by the estimator Duj1 of Haas and Stokes ("Estimating the number of
// classes in a finite population", Journal of the American Statistical Association 93, 1998): with d different values among n,
// of which f1 came once, n d / (n - f1 + f1 n / N) of N.
//
// Parts are of all rows of the table. They are estimates: nothing but the speed of a plan may depend on them.

import DeedValues

package final class PropertyStatistics: Sendable {
    /// The table, as it was.
    package let state: TableState
    package let sampledRows: Int
    package let nullPart: Double
    /// Of values that are not null; at least 1 if there are any.
    package let distinctCount: Double
    /// The most common ones, in descending order.
    package let common: [(value: Value, part: Double)]
    /// Of those of the others that are comparable with each other, as most of them are.
    package let histogram: Histogram?
    package let histogramPart: Double
    /// In the sample, of those that are comparable with each other.
    package let least: Value?
    package let greatest: Value?
    private let commonPart: Double
    private let pool: MemoryPool
    private let bytes: Int

    package static let commonMax = 16

    /// `isUnique`: no two rows have the same value. nil if the memory limit leaves no room.
    init?(_ sample: PropertySample, of state: TableState, isUnique: Bool, _ pool: MemoryPool) {
        let runs = Runs(sample)
        let rows = Double(max(sample.rows, 1))
        let all = Double(max(state.rows, sample.rows))
        (self.state, self.pool, sampledRows) = (state, pool, sample.rows)
        nullPart = Double(sample.nulls) / rows
        distinctCount = Self.distinct(
            runs, sampled: sample.rows - sample.nulls, of: all * (1 - nullPart), isComplete: sample.isComplete, isUnique: isUnique)
        let average = Double(sample.rows - sample.nulls) / max(distinctCount, 1)
        let chosen = runs.common(average: average, all: sample.isComplete)
        common = chosen.map { (sample.values[runs.starts[$0]], Double(runs.count($0)) / rows) }
        commonPart = common.reduce(0) { $0 + $1.part }
        let comparable = runs.longestComparable
        (least, greatest) = (comparable.first.map { sample.values[$0] }, comparable.last.map { sample.values[$0] })
        let spread = runs.values(in: comparable, without: Set(chosen))
        histogram = spread.isEmpty ? nil : Histogram(sorted: spread[...])
        histogramPart = Double(spread.count) / rows
        bytes = (common.map(\.value) + (histogram?.bounds ?? [])).reduce(Self.bytesFixed) { $0 + PropertySample.bytes(of: $1) }
        if !pool.charge(bytes, .scratch) { return nil }
    }

    deinit { pool.discharge(bytes, .scratch) }

    /// About what the object and its entry in a table take.
    private static let bytesFixed = 512

    private static func distinct(_ runs: Runs, sampled: Int, of all: Double, isComplete: Bool, isUnique: Bool) -> Double {
        let (seen, single, count) = (Double(runs.distinct), Double(runs.single), Double(sampled))
        if isUnique { return max(all, seen) }
        if isComplete || count == 0 { return seen }
        let estimate = count * seen / (count - single + single * count / max(all, count))
        return min(max(estimate, seen), max(all, seen))
    }

    // MARK: Estimates

    /// Of a value that the sample does not have: half a row of it.
    package var missingPart: Double { 0.5 / Double(max(sampledRows, 1)) }

    /// The part of the rows that has a value, or one that nobody knows yet (nil).
    package func part(equalTo value: Value?) -> Double {
        let average = (1 - nullPart) / max(distinctCount, 1)
        guard let value else { return average }
        if let known = common.first(where: { Value.equals($0.value, value) == true }) { return known.part }
        let left = distinctCount - Double(common.count)
        guard left >= 1, !value.isNull else { return missingPart }
        // None of the others is as common as those.
        let other = min(max(1 - nullPart - commonPart, 0) / left, common.last?.part ?? 1)
        if let histogram, !histogram.contains(value) { return min(other, missingPart) }
        return max(other, 0.5 / Double(max(state.rows, 1)))
    }

    /// The part of the rows whose value is between the two, of which one may be missing.
    package func part(from low: Value?, includesLow: Bool, to high: Value?, includesHigh: Bool) -> Double {
        func isAbove(_ value: Value) -> Bool {
            guard let low else { return true }
            let order = Value.compare(value, low)
            return order == .greater || includesLow && order == .equal
        }
        func isBelow(_ value: Value) -> Bool {
            guard let high else { return true }
            let order = Value.compare(value, high)
            return order == .less || includesHigh && order == .equal
        }
        let found = common.reduce(0) { isAbove($1.value) && isBelow($1.value) ? $0 + $1.part : $0 }
        guard let histogram else { return max(found, missingPart) }
        // A single value has the part that it has on the average of the others.
        let one = 1 / max(distinctCount - Double(common.count), 1)
        guard let below = low.map({ histogram.part(below: $0) }) ?? 0, let upTo = high.map({ histogram.part(below: $0) }) ?? 1
        else { return max(found, missingPart) }
        let without = low == nil || includesLow ? 0 : min(one, 1 - below)
        let with = high == nil || !includesHigh ? 0 : min(one, 1 - upTo)
        return max(found + histogramPart * max(upTo + with - below - without, 0), missingPart)
    }

    /// The part of the rows whose text begins like that.
    package func part(startingWith prefix: String) -> Double {
        let found = common.reduce(0) { sum, entry in
            if case .string(let text) = entry.value, text.utf8.starts(with: prefix.utf8) { sum + entry.part } else { sum }
        }
        guard let histogram, let below = histogram.part(below: .string(prefix)),
            let upTo = histogram.part(below: .string(prefix + "\u{10FFFF}"))
        else { return max(found, missingPart) }
        return max(found + histogramPart * max(upTo - below, 0), missingPart)
    }
}

/// Equal values of a sample, which lie side by side in it.
private struct Runs {
    private let sample: PropertySample
    /// Where each run begins; and where the last one ends.
    private(set) var starts: [Int] = []
    /// Different values, those counted that are known by their hash only.
    private(set) var distinct = 0
    private(set) var single = 0
    /// Positions of values that are comparable with each other.
    private(set) var longestComparable = 0..<0

    init(_ sample: PropertySample) {
        self.sample = sample
        let values = sample.values
        var first = 0
        for index in values.indices {
            let isNew = index == 0 || Value.order(values[index - 1], values[index]) != 0
            if isNew { starts.append(index) }
            // What is not comparable with itself, as NaN, is with nothing.
            let goesOn = index == first || Self.areComparable(values[index - 1], values[index])
            if !goesOn { first = index }
            if index + 1 - first > longestComparable.count { longestComparable = first..<index + 1 }
        }
        starts.append(values.count)
        distinct = starts.count - 1
        single = (0..<distinct).count { starts[$0 + 1] - starts[$0] == 1 }
        let hashes = sample.hashes
        var start = 0
        for index in hashes.indices where index + 1 == hashes.count || hashes[index + 1] != hashes[index] {
            distinct += 1
            if index == start { single += 1 }
            start = index + 1
        }
    }

    private static func areComparable(_ left: Value, _ right: Value) -> Bool {
        switch Value.compare(left, right) {
        case nil, .unordered: false
        default: true
        }
    }

    func count(_ run: Int) -> Int { starts[run + 1] - starts[run] }

    /// The runs worth to be remembered: few that are all there is, or those that are longer than the average by more than chance
    /// makes of equally common values.
    func common(average: Double, all: Bool) -> [Int] {
        let count = starts.count - 1
        let takesAll = all && count <= PropertyStatistics.commonMax
        let bound = average + max(average / 4, 3 * average.squareRoot())
        let longer = (0..<count).filter { takesAll || Double(self.count($0)) > bound }
        let sorted = longer.sorted { (self.count($1), $0) < (self.count($0), $1) }
        return Array(sorted.prefix(PropertyStatistics.commonMax))
    }

    /// The values at these positions that belong to none of the runs.
    func values(in positions: Range<Int>, without chosen: Set<Int>) -> [Value] {
        var result: [Value] = []
        for run in 0..<starts.count - 1 where !chosen.contains(run) && positions.contains(starts[run]) {
            result += sample.values[starts[run]..<starts[run + 1]]
        }
        return result
    }
}
