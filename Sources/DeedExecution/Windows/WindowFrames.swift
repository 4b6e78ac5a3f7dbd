// The rows of each row's frame: where it begins and ends, and what of that is left out. Beginnings never go back from one row to the
// next, and neither do ends: all bounds lie at the same distance from the row, whatever it is counted in.

import DeedEngine
import DeedValues

/// A frame with the distances of its bounds, which are the same for all rows of an execution.
final class FrameDistances {
    let frame: RowFrame
    private let context: QueryContext
    private let evaluators: (start: Evaluator?, end: Evaluator?)
    private var found: (start: Value?, end: Value?)?

    init(_ frame: RowFrame, _ context: QueryContext) throws {
        (self.frame, self.context) = (frame, context)
        func evaluator(_ bound: RowFrame.Bound) throws -> Evaluator? {
            switch bound {
            case .preceding(let distance), .following(let distance): try makeEvaluator(distance, context)
            default: nil
            }
        }
        evaluators = (try evaluator(frame.start), try evaluator(frame.end))
    }

    private static let noDuration = Value.duration(CalendarDuration(months: 0, days: 0, seconds: 0, nanoseconds: 0))

    func restart() { found = nil }

    func values() throws -> (start: Value?, end: Value?) {
        if let found { return found }
        let row = Chunk(slots: context.slotCount, count: 1)
        func value(_ evaluator: Evaluator?, _ which: String) throws -> Value? {
            guard let value = try evaluator?.evaluate(row, context).value(0) else { return nil }
            try check(value, which)
            return value
        }
        let values = (start: try value(evaluators.start, "starting"), end: try value(evaluators.end, "ending"))
        found = values
        return values
    }

    private func check(_ value: Value, _ which: String) throws {
        var isNegative = false
        switch value {
        case .null: throw QueryError(.argumentError, "InvalidFrame", "the frame's \(which) offset must not be null")
        case .int(let number): isNegative = number < 0
        case .float(let number) where frame.unit == .range:
            if number.isNaN { throw QueryError(.argumentError, "InvalidFrame", "the frame's \(which) offset is no number") }
            isNegative = number < 0
        case .decimal(let number) where frame.unit == .range: isNegative = number.isNegative
        case .duration where frame.unit == .range: isNegative = Value.order(value, Self.noDuration) < 0
        default:
            let wanted = frame.unit == .range ? "a number or an interval" : "an integer"
            throw QueryError(.typeError, "InvalidFrame", "the frame's \(which) offset must be \(wanted)")
        }
        if isNegative { throw QueryError(.argumentError, "InvalidFrame", "the frame's \(which) offset must not be negative") }
    }
}

final class WindowFrames {
    let frame: RowFrame
    private let rows: WindowRows
    private let key: ColumnVector?
    private let context: QueryContext
    /// By row; the end is behind the last row of the frame, and not before the start.
    private(set) var starts: [Int]
    private(set) var ends: [Int]
    /// By row, where something is left out.
    private var groups: [Int] = []

    init(_ distances: FrameDistances, _ rows: WindowRows, key: ColumnVector?, _ context: QueryContext) throws {
        (frame, self.rows, self.key, self.context) = (distances.frame, rows, key, context)
        starts = [Int](repeating: 0, count: rows.count)
        ends = starts
        let values = try distances.values()
        for index in 0..<rows.partitionCount {
            let (part, groups) = rows.partition(index)
            try fill(&starts, frame.start, values.start, isStart: true, part, groups)
            try fill(&ends, frame.end, values.end, isStart: false, part, groups)
            for row in part where ends[row] < starts[row] { ends[row] = starts[row] }
        }
        if frame.exclusion == .group || frame.exclusion == .ties { noteGroups() }
    }

    private func noteGroups() {
        groups = [Int](repeating: 0, count: rows.count)
        for group in 0..<max(rows.groups.count - 1, 0) {
            for row in rows.groups[group]..<rows.groups[group + 1] { groups[row] = group }
        }
    }

    // MARK: Bounds

    private func fill(
        _ places: inout [Int], _ bound: RowFrame.Bound, _ distance: Value?, isStart: Bool, _ part: Range<Int>, _ groups: Range<Int>
    ) throws {
        switch bound {
        case .unboundedPreceding: for row in part { places[row] = part.lowerBound }
        case .unboundedFollowing: for row in part { places[row] = part.upperBound }
        case .currentRow:
            if frame.unit == .rows {
                for row in part { places[row] = isStart ? row : row + 1 }
            } else {
                for group in groups {
                    let place = rows.groups[isStart ? group : group + 1]
                    for row in rows.groups[group]..<rows.groups[group + 1] { places[row] = place }
                }
            }
        case .preceding: try fill(&places, by: distance ?? .int(0), isBefore: true, isStart: isStart, part, groups)
        case .following: try fill(&places, by: distance ?? .int(0), isBefore: false, isStart: isStart, part, groups)
        }
    }

    private func fill(
        _ places: inout [Int], by distance: Value, isBefore: Bool, isStart: Bool, _ part: Range<Int>, _ groups: Range<Int>
    ) throws {
        if frame.unit == .range { return try fillByKey(&places, distance, isBefore, isStart, part, groups) }
        guard case .int(let number) = distance else { return }
        // More than all rows is all rows.
        let most = Int(min(number, Int64(part.count)))
        let steps = isBefore ? -most : most
        if frame.unit == .rows {
            for row in part {
                places[row] = max(part.lowerBound, min(part.upperBound, row + steps + (isStart ? 0 : 1)))
            }
            return
        }
        for group in groups {
            let other = max(groups.lowerBound, min(groups.upperBound, group + steps + (isStart ? 0 : 1)))
            for row in rows.groups[group]..<rows.groups[group + 1] { places[row] = rows.groups[other] }
        }
    }

    /// The bound is the first row whose key is not before (or, for ends, is behind) the row's own key plus the distance. Rows
    /// without a key have each other.
    private func fillByKey(
        _ places: inout [Int], _ distance: Value, _ isBefore: Bool, _ isStart: Bool, _ part: Range<Int>, _ groups: Range<Int>
    ) throws {
        guard let key else { return }
        let isDescending = frame.key?.isDescending ?? false
        let bounds = FrameKeys(key, distance, isNegative: isBefore != isDescending)
        func isNull(_ group: Int) -> Bool { key.isNull(rows.groups[group]) }
        var (first, end) = (groups.lowerBound, groups.upperBound)
        while first < end && isNull(first) { first += 1 }
        while end > first && isNull(end - 1) { end -= 1 }
        var other = first
        for group in groups {
            let place: Int
            if group < first || group >= end {
                place = rows.groups[isStart ? group : group + 1]
            } else {
                let target = try bounds.target(rows.groups[group])
                while other < end {
                    let order = try bounds.order(rows.groups[other], target)
                    let inOrder = isDescending ? -order : order
                    if isStart ? inOrder >= 0 : inOrder > 0 { break }
                    other += 1
                }
                place = rows.groups[other]
            }
            for row in rows.groups[group]..<rows.groups[group + 1] { places[row] = place }
        }
    }

    // MARK: Exclusion

    var hasHoles: Bool { frame.exclusion != .none }

    /// What is left out of a row's frame, as far as it lies there; `keepsRow`: but for the row itself.
    func hole(_ row: Int) -> (start: Int, end: Int, keepsRow: Bool) {
        switch frame.exclusion {
        case .none: (row, row, false)
        case .currentRow: (row, row + 1, false)
        case .group: (rows.groups[groups[row]], rows.groups[groups[row] + 1], false)
        case .ties: (rows.groups[groups[row]], rows.groups[groups[row] + 1], true)
        }
    }

    /// What of the row's frame is there: up to three stretches of rows, some of which may be empty.
    func pieces(_ row: Int) -> (Range<Int>, Range<Int>, Range<Int>) {
        let (start, end) = (starts[row], ends[row])
        if !hasHoles { return (start..<end, end..<end, end..<end) }
        let hole = hole(row)
        let before = start..<max(start, min(end, hole.start))
        let behind = min(end, max(start, hole.end))..<end
        let hasRow = hole.keepsRow && row >= start && row < end
        return (before, hasRow ? row..<row + 1 : end..<end, behind)
    }

    /// A row and its frame.
    struct Row {
        let row: Int
        fileprivate let pieces: (Range<Int>, Range<Int>, Range<Int>)

        var first: Int? {
            if !pieces.0.isEmpty { return pieces.0.lowerBound }
            return pieces.1.first ?? pieces.2.first
        }

        var last: Int? {
            if !pieces.2.isEmpty { return pieces.2.upperBound - 1 }
            return pieces.1.last ?? pieces.0.last
        }

        /// Counted from 1.
        func nth(_ number: Int64) -> Int? {
            guard var left = Int(exactly: number - 1) else { return nil }
            if left < pieces.0.count { return pieces.0.lowerBound + left }
            left -= pieces.0.count
            if left < pieces.1.count { return pieces.1.lowerBound + left }
            left -= pieces.1.count
            return left < pieces.2.count ? pieces.2.lowerBound + left : nil
        }
    }

    /// For each row the place that is chosen of its frame; -1 for none.
    func places(_ work: WindowWork, _ choose: (Row) -> Int?) throws -> [Int] {
        var result = [Int](repeating: -1, count: starts.count)
        for row in result.indices {
            try work.take(0)
            result[row] = choose(Row(row: row, pieces: pieces(row))) ?? -1
        }
        return result
    }
}

/// Keys with a distance added. What goes beyond the integers is as far as they go.
private struct FrameKeys {
    private let key: ColumnVector
    private let distance: Value
    private let isNegative: Bool

    init(_ key: ColumnVector, _ distance: Value, isNegative: Bool) {
        (self.key, self.distance, self.isNegative) = (key, distance, isNegative)
    }

    func target(_ row: Int) throws -> Value {
        let value = key.value(row)
        switch (value, distance) {
        case (.int(let number), .int(let distance)):
            let (sum, overflow) = isNegative
                ? number.subtractingReportingOverflow(distance) : number.addingReportingOverflow(distance)
            return .int(overflow ? (isNegative ? .min : .max) : sum)
        case (.decimal, .decimal), (.decimal, .int), (.int, .decimal):
            return isNegative ? try Value.subtract(value, distance) : try Value.add(value, distance)
        case (.int, .float), (.float, .int), (.float, .float), (.decimal, .float), (.float, .decimal):
            guard let number = value.number, let distance = distance.number else { return value }
            if number.isNaN { return value }
            // All numbers are within an infinite distance of each other.
            if distance == .infinity { return .float(isNegative ? -.infinity : .infinity) }
            return .float(isNegative ? number - distance : number + distance)
        case (.localTime(let time), .duration):
            let moved = isNegative ? try Value.subtract(value, distance) : try Value.add(value, distance)
            // A day goes no further than its ends.
            guard case .localTime(let other) = moved,
                isNegative ? other.nanoseconds > time.nanoseconds : other.nanoseconds < time.nanoseconds
            else { return moved }
            return .localTime(LocalTime(nanoseconds: isNegative ? 0 : 86_399_999_999_999))
        case (.date, .duration), (.zonedTime, .duration), (.localDatetime, .duration),
            (.zonedDatetime, .duration), (.duration, .duration):
            return isNegative ? try Value.subtract(value, distance) : try Value.add(value, distance)
        default:
            throw QueryError(
                .typeError, "InvalidFrame", "RANGE with an offset needs numbers and a number, or moments and an interval")
        }
    }

    @inline(__always)
    func order(_ row: Int, _ target: Value) throws -> Int {
        if key.kind == .int64, case .int(let number) = target {
            let value = key.ints[row]
            return value < number ? -1 : value > number ? 1 : 0
        }
        return Value.order(key.value(row), target)
    }
}
