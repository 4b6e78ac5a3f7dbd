// An equi-depth histogram: bounds between which there are equally many of the values. How many values lie below some value
// follows from the bounds around it, and from where it is between these two.

import DeedValues

package struct Histogram: Sendable {
    /// In ascending order, at least two.
    package let bounds: [Value]

    static let bucketsMax = 64

    /// `values`: in ascending order, at least one, each comparable with all others.
    init(sorted values: ArraySlice<Value>) {
        let last = values.count - 1
        let buckets = max(min(Self.bucketsMax, last), 1)
        bounds = (0...buckets).map { values[values.startIndex + last * $0 / buckets] }
    }

    /// The part of the values that is less than `value`; nil if it is not comparable with them.
    package func part(below value: Value) -> Double? {
        guard Value.compare(value, bounds[0]).map({ $0 != .unordered }) ?? false else { return nil }
        // The first bound that is not less.
        var (low, high) = (0, bounds.count)
        while low < high {
            let middle = (low + high) / 2
            if Value.order(bounds[middle], value) < 0 { low = middle + 1 } else { high = middle }
        }
        if low == 0 { return 0 }
        if low == bounds.count { return 1 }
        let within = Self.place(of: value, from: bounds[low - 1], to: bounds[low])
        return (Double(low - 1) + within) / Double(bounds.count - 1)
    }

    /// True if the value lies between the bounds.
    func contains(_ value: Value) -> Bool {
        guard part(below: value) != nil, let last = bounds.last else { return false }
        return Value.order(bounds[0], value) <= 0 && Value.order(value, last) <= 0
    }

    /// Where a value is between two others, from 0 to 1.
    private static func place(of value: Value, from low: Value, to high: Value) -> Double {
        let (from, at, to): (Double, Double, Double)
        if case .string(let low) = low, case .string(let value) = value, case .string(let high) = high {
            (from, at, to) = numbers(low, value, high)
        } else if let low = low.estimate, let value = value.estimate, let high = high.estimate {
            (from, at, to) = (low, value, high)
        } else {
            return 0.5
        }
        let width = to - from
        return width > 0 && width.isFinite ? min(max((at - from) / width, 0), 1) : 0.5
    }

    /// The six bytes after those that the bounds have in common, as numbers.
    private static func numbers(_ low: String, _ value: String, _ high: String) -> (Double, Double, Double) {
        let shared = zip(low.utf8, high.utf8).prefix { $0 == $1 }.count
        func number(_ text: String) -> Double {
            var result = 0.0
            var bytes = text.utf8.dropFirst(shared).makeIterator()
            for _ in 0..<6 { result = result * 256 + Double(bytes.next() ?? 0) }
            return result
        }
        return (number(low), number(value), number(high))
    }
}

extension Value {
    /// The value as a number that grows with it, if it is one that is ordered along a line.
    fileprivate var estimate: Double? {
        switch self {
        case .int(let number): Double(number)
        case .float(let number): number
        case .decimal(let number): number.double
        case .bool(let flag): flag ? 1 : 0
        case .date(let date): Double(date.days)
        case .localTime(let time): Double(time.nanoseconds)
        case .localDatetime(let time): Double(time.seconds)
        case .zonedDatetime(let time): Double(time.seconds)
        default: nil
        }
    }
}
