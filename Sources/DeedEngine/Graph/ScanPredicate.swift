// Conditions on a property that a scan looks at in place, before anything is copied: a comparison with a constant, as a
// query means it. A row without a value does not satisfy any.

import CDeedShims
import DeedValues

package struct ScanPredicate: Sendable {
    package enum Comparison: Sendable {
        case equal, notEqual, less, lessOrEqual, greater, greaterOrEqual
        /// Of strings, byte by byte.
        case contains, hasPrefix, hasSuffix
    }

    package let key: NameId
    package let comparison: Comparison
    private let constant: StoredValue
    private let range: IntegerInterval?
    /// What columns `range` is about.
    let rangeType: ValueType
    private let decimal: Decimal?

    /// nil for what a scan cannot decide: the constant must be a boolean, a number, a string or a date.
    package init?(_ key: NameId, _ comparison: Comparison, _ value: Value) {
        (self.key, self.comparison) = (key, comparison)
        switch (value, comparison) {
        case (.string, _): break
        case (_, .contains), (_, .hasPrefix), (_, .hasSuffix): return nil
        case (.bool, _), (.int, _), (.float, _), (.decimal, _), (.date, _): break
        default: return nil
        }
        let encoder = ValueEncoder()
        var stored: StoredValue?
        do throws(DeedError) {
            try encoder.append(key, value)
            stored = try encoder.withCells { cells throws(DeedError) in StoredValue(cells[0].cell) }
        } catch {
            return nil
        }
        guard let stored else { return nil }
        constant = stored
        decimal = if case .decimal(let number) = value { number } else if case .int(let number) = value { Decimal(number) } else { nil }
        switch value {
        case .int(let number): (range, rangeType) = (IntegerInterval(comparison, number), .int64)
        case .float(let number): (range, rangeType) = (IntegerInterval(comparison, number), .int64)
        case .decimal(let number): (range, rangeType) = (IntegerInterval(comparison, number), .int64)
        case .date(let date): (range, rangeType) = (IntegerInterval(comparison, date.days), .date)
        default: (range, rangeType) = (nil, .null)
        }
    }

    /// The integers, or days, that satisfy the condition; nil where that is no matter of them.
    var integers: IntegerInterval? { range }

    /// The constant, for chunks of floats, as long as it is one of them.
    fileprivate var float: Double? {
        switch constant.cell.type {
        case .float64: Double(bitPattern: constant.cell.bits)
        case .int64: Double(exactly: Int64(bitPattern: constant.cell.bits))
        case .decimal:
            decimal.flatMap { decimal in
                let nearest = decimal.nearestFloat
                return nearest.order == 0 ? nearest.float : nil
            }
        default: nil
        }
    }

    /// Whether a value satisfies the condition.
    @inline(__always)
    fileprivate func isTrue(_ cell: Cell) -> Bool {
        if cell.type == .null { return false }
        let other = constant.cell
        switch comparison {
        case .equal: return orderBeside(cell, other) == 0
        case .notEqual: return orderBeside(cell, other) != 0
        case .less: return orderBeside(cell, other).map { $0 < 0 } ?? false
        case .lessOrEqual: return orderBeside(cell, other).map { $0 <= 0 } ?? false
        case .greater: return orderBeside(cell, other).map { $0 > 0 } ?? false
        case .greaterOrEqual: return orderBeside(cell, other).map { $0 >= 0 } ?? false
        case .contains, .hasPrefix, .hasSuffix: return cell.type == .string && isTrueOfText(cell.bytes, other.bytes)
        }
    }

    /// A constant that is or could be a decimal is decoded once, and not for every row.
    @inline(__always)
    private func orderBeside(_ cell: Cell, _ other: Cell) -> Int? {
        guard cell.type == .decimal, let decimal else { return order(cell, other) }
        return (try? Decimal(decoding: cell.bytes)).map { Decimal.compare($0, decimal) }
    }

    private func isTrueOfText(_ text: UnsafeRawBufferPointer, _ part: UnsafeRawBufferPointer) -> Bool {
        if part.count > text.count { return false }
        switch comparison {
        case .hasPrefix: return compareBytes(UnsafeRawBufferPointer(rebasing: text[..<part.count]), part) == 0
        case .hasSuffix:
            return compareBytes(UnsafeRawBufferPointer(rebasing: text[(text.count - part.count)...]), part) == 0
        default: return findBytes(part, in: text)
        }
    }
}

/// The integers from one to another, or all but those.
struct IntegerInterval: Equatable, Sendable {
    private(set) var least: Int64
    /// How far the greatest is above the least; one comparison of this tells of any integer whether it is in the range.
    private(set) var span: UInt64
    private(set) var isInverted = false

    static let all = IntegerInterval(Int64.min, Int64.max)
    static let none = IntegerInterval(least: .min, span: .max, isInverted: true)

    private init(least: Int64, span: UInt64, isInverted: Bool) {
        (self.least, self.span, self.isInverted) = (least, span, isInverted)
    }

    init(_ least: Int64, _ greatest: Int64) {
        self = least <= greatest ? Self(least: least, span: UInt64(bitPattern: greatest &- least), isInverted: false) : .none
    }

    /// What compares so with an integer; nil for comparisons of texts.
    init?(_ comparison: ScanPredicate.Comparison, _ constant: Int64) {
        switch comparison {
        case .equal: self.init(constant, constant)
        case .notEqual: self.init(least: constant, span: 0, isInverted: true)
        case .less: self = constant == .min ? .none : Self(.min, constant &- 1)
        case .lessOrEqual: self.init(.min, constant)
        case .greater: self = constant == .max ? .none : Self(constant &+ 1, .max)
        case .greaterOrEqual: self.init(constant, .max)
        case .contains, .hasPrefix, .hasSuffix: return nil
        }
    }

    /// What compares so with a float; nil also for floats that no integer is near.
    init?(_ comparison: ScanPredicate.Comparison, _ constant: Double) {
        guard constant > -0x1p63, constant < 0x1p63 else { return nil }
        let below = constant.rounded(.down)
        if below == constant {
            self.init(comparison, Int64(below))
            return
        }
        switch comparison {
        case .equal: self = .none
        case .notEqual: self = .all
        case .less, .lessOrEqual: self.init(.lessOrEqual, Int64(below))
        default: self.init(.greater, Int64(below))
        }
    }

    /// What compares so with a decimal; nil also for those beyond all integers.
    init?(_ comparison: ScanPredicate.Comparison, _ constant: Decimal) {
        guard let below = constant.floor.exactInteger else { return nil }
        if Decimal.compare(constant, Decimal(below)) == 0 {
            self.init(comparison, below)
            return
        }
        switch comparison {
        case .equal: self = .none
        case .notEqual: self = .all
        case .less, .lessOrEqual: self.init(.lessOrEqual, below)
        default: self.init(.greater, below)
        }
    }

    /// 1 for an integer that is in the range, else 0; without a branch, which the compiler makes of a comparison here and which
    /// data mostly foils. What is left is the borrow of a subtraction.
    @inline(__always)
    static func isWithin(_ value: Int64, _ least: Int64, _ span: UInt64) -> Int {
        let distance = UInt64(bitPattern: value &- least)
        let borrow = (~span & distance) | (~(span ^ distance) & (span &- distance))
        return Int(truncatingIfNeeded: (borrow &>> 63) ^ 1)
    }

    /// True if no integer between two others is in the range.
    func excludes(_ low: Int64, _ high: Int64) -> Bool {
        let greatest = least &+ Int64(bitPattern: span)
        return isInverted ? low >= least && high <= greatest : high < least || low > greatest
    }
}

extension GraphView {
    /// Keeps those ids of visible rows of a locked segment that satisfy a predicate; returns how many.
    func keep(_ segment: SegmentRef, _ ids: UnsafeMutablePointer<UInt64>, _ count: Int, _ predicate: ScanPredicate) -> Int {
        let column = segment.pointee.columnIndex(predicate.key)
        let mask = UInt64(Limits.segmentRows &- 1)
        if isSettled(segment) {
            guard let column else { return 0 }
            let chunk = segment.pointee.columns[column].chunk
            guard chunk.type != .null, let data = chunk.data else { return 0 }
            let highest = Int(truncatingIfNeeded: ids[count &- 1] & mask)
            if !chunk.isMixed && chunk.isAllValid(highest &+ 1) {
                if chunk.type == predicate.rangeType, let range = predicate.integers {
                    return keep(data.assumingMemoryBound(to: Int64.self), range, ids, count)
                }
                if chunk.type == .float64, let constant = predicate.float {
                    return keepNumbers(data.assumingMemoryBound(to: Double.self), constant, ids, count, predicate.comparison)
                }
            }
            return compact(ids, count) { id in predicate.isTrue(chunk.cell(at: Int(truncatingIfNeeded: id & mask))) }
        }
        return compact(ids, count) { id in
            predicate.isTrue(visibleCell(segment, Int(truncatingIfNeeded: id & mask), column, predicate.key))
        }
    }

    /// Those whose integers are in a range.
    func keep(
        _ values: UnsafeMutablePointer<Int64>, _ range: IntegerInterval, _ ids: UnsafeMutablePointer<UInt64>, _ count: Int
    ) -> Int {
        let mask = UInt64(Limits.segmentRows &- 1)
        let (least, span, flip) = (range.least, range.span, range.isInverted ? 1 : 0)
        var kept = 0
        for index in 0..<count {
            let id = ids[index]
            ids[kept] = id
            kept &+= IntegerInterval.isWithin(values[Int(truncatingIfNeeded: id & mask)], least, span) ^ flip
        }
        return kept
    }

    /// How many of some rows that follow each other have integers in a range.
    func count(_ values: UnsafeMutablePointer<Int64>, _ rows: Range<Int>, _ range: IntegerInterval) -> Int {
        let count = shim_count_within(values + rows.lowerBound, rows.count, range.least, range.span)
        return range.isInverted ? rows.count &- count : count
    }

    /// The ids of those of some rows that follow each other whose integers are in a range.
    func select(
        _ values: UnsafeMutablePointer<Int64>, _ rows: Range<Int>, _ range: IntegerInterval, firstId: UInt64,
        into ids: UnsafeMutablePointer<UInt64>
    ) -> Int {
        let values = values + rows.lowerBound
        let (least, span, flip) = (range.least, range.span, range.isInverted ? 1 : 0)
        var kept = 0
        for index in 0..<rows.count {
            ids[kept] = firstId &+ UInt64(truncatingIfNeeded: index)
            kept &+= IntegerInterval.isWithin(values[index], least, span) ^ flip
        }
        return kept
    }

    @inline(__always)
    private func keepNumbers<Number: Comparable>(
        _ values: UnsafeMutablePointer<Number>, _ constant: Number, _ ids: UnsafeMutablePointer<UInt64>, _ count: Int,
        _ comparison: ScanPredicate.Comparison
    ) -> Int {
        let mask = UInt64(Limits.segmentRows &- 1)
        return switch comparison {
        case .equal: compact(ids, count) { values[Int(truncatingIfNeeded: $0 & mask)] == constant }
        case .notEqual: compact(ids, count) { values[Int(truncatingIfNeeded: $0 & mask)] != constant }
        case .less: compact(ids, count) { values[Int(truncatingIfNeeded: $0 & mask)] < constant }
        case .lessOrEqual: compact(ids, count) { values[Int(truncatingIfNeeded: $0 & mask)] <= constant }
        case .greater: compact(ids, count) { values[Int(truncatingIfNeeded: $0 & mask)] > constant }
        case .greaterOrEqual: compact(ids, count) { values[Int(truncatingIfNeeded: $0 & mask)] >= constant }
        case .contains, .hasPrefix, .hasSuffix: 0
        }
    }

    /// Moves the ids that satisfy `isKept` to the front, without a branch on it.
    @inline(__always)
    private func compact(_ ids: UnsafeMutablePointer<UInt64>, _ count: Int, _ isKept: (UInt64) -> Bool) -> Int {
        var kept = 0
        for index in 0..<count {
            let id = ids[index]
            ids[kept] = id
            kept &+= isKept(id) ? 1 : 0
        }
        return kept
    }
}
