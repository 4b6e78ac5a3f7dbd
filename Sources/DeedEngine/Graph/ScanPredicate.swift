// Conditions on a property that a scan looks at in place, before anything is copied: a comparison with a constant, as a
// query means it. A row without a value does not satisfy any.

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

    /// nil for what a scan cannot decide: the constant must be a boolean, a number or a string.
    package init?(_ key: NameId, _ comparison: Comparison, _ value: Value) {
        (self.key, self.comparison) = (key, comparison)
        switch (value, comparison) {
        case (.string, _): break
        case (_, .contains), (_, .hasPrefix), (_, .hasSuffix): return nil
        case (.bool, _), (.int, _), (.float, _): break
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
    }

    /// The constant, for chunks of integers.
    fileprivate var int: Int64? { constant.cell.type == .int64 ? Int64(bitPattern: constant.cell.bits) : nil }

    /// The constant, for chunks of floats, as long as it is one of them.
    fileprivate var float: Double? {
        switch constant.cell.type {
        case .float64: Double(bitPattern: constant.cell.bits)
        case .int64: Double(exactly: Int64(bitPattern: constant.cell.bits))
        default: nil
        }
    }

    /// Whether a value satisfies the condition.
    @inline(__always)
    fileprivate func isTrue(_ cell: Cell) -> Bool {
        if cell.type == .null { return false }
        let other = constant.cell
        switch comparison {
        case .equal: return order(cell, other) == 0
        case .notEqual: return order(cell, other) != 0
        case .less: return order(cell, other).map { $0 < 0 } ?? false
        case .lessOrEqual: return order(cell, other).map { $0 <= 0 } ?? false
        case .greater: return order(cell, other).map { $0 > 0 } ?? false
        case .greaterOrEqual: return order(cell, other).map { $0 >= 0 } ?? false
        case .contains, .hasPrefix, .hasSuffix: return cell.type == .string && isTrueOfText(cell.bytes, other.bytes)
        }
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
                if chunk.type == .int64, let constant = predicate.int {
                    return keepNumbers(data.assumingMemoryBound(to: Int64.self), constant, ids, count, predicate.comparison)
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
