// Functions of windows as a plan has them: what each row gets is computed from rows of its partition.

/// One function over the partitions and the order of its node.
package struct WindowFunction: Sendable {
    package enum Kind: Sendable, Equatable {
        case rowNumber, rank, denseRank, percentRank, cumeDist
        /// Of the number of parts.
        case ntile
        /// Of the value, a distance, and what stands where there is no such row.
        case lag, lead
        /// Of the value.
        case firstValue, lastValue
        /// Of the value and the number of the row in the frame.
        case nthValue
        /// Over the rows of the frame: count, sum, avg, min, max, stdev, stdevp. Of no values all but `count` are null.
        case aggregate(String)
    }

    package let kind: Kind
    package let arguments: [Expr]
    package let frame: RowFrame

    package init(kind: Kind, arguments: [Expr], frame: RowFrame) {
        (self.kind, self.arguments, self.frame) = (kind, arguments, frame)
    }
}

/// Which rows around a row a function sees.
package struct RowFrame: Sendable {
    package enum Unit: String, Sendable {
        case rows
        /// By the value of the only key of the order.
        case range
        /// By rows that agree on the order.
        case groups
    }
    package enum Exclusion: String, Sendable { case none, currentRow, group, ties }
    /// Distances are the same for all rows.
    package enum Bound: Sendable {
        case unboundedPreceding
        case preceding(Expr)
        case currentRow
        case following(Expr)
        case unboundedFollowing
    }

    package let unit: Unit
    package let start: Bound
    package let end: Bound
    package let exclusion: Exclusion
    /// What distances of `range` are added to.
    package let key: SortKey?

    package init(unit: Unit, start: Bound, end: Bound, exclusion: Exclusion, key: SortKey?) {
        (self.unit, self.start, self.end, self.exclusion, self.key) = (unit, start, end, exclusion, key)
    }

    /// All rows of the partition that come before the row in order, and those that agree with it.
    package static let standard = RowFrame(
        unit: .range, start: .unboundedPreceding, end: .currentRow, exclusion: .none, key: nil)
}

extension WindowFunction {
    package var text: String {
        let name =
            switch kind {
            case .aggregate(let name): name
            default: "\(kind)"
            }
        return "\(name)(\(arguments.map(\.text).joined(separator: ", ")))\(hasFrame ? " \(frame.text)" : "")"
    }

    /// Whether it looks at the frame at all.
    var hasFrame: Bool {
        switch kind {
        case .firstValue, .lastValue, .nthValue, .aggregate: true
        default: false
        }
    }

    /// Whether it needs to know which rows agree on the order.
    var needsPeers: Bool {
        switch kind {
        case .rowNumber, .ntile, .lag, .lead: false
        case .rank, .denseRank, .percentRank, .cumeDist: true
        default: frame.unit != .rows || frame.exclusion == .group || frame.exclusion == .ties
        }
    }
}

extension RowFrame {
    fileprivate var text: String {
        let exclude = exclusion == .none ? "" : " exclude \(exclusion.rawValue)"
        return "\(unit.rawValue) \(text(start))..\(text(end))\(exclude)"
    }

    private func text(_ bound: Bound) -> String {
        switch bound {
        case .unboundedPreceding, .unboundedFollowing: ""
        case .preceding(let distance): "-\(distance.text)"
        case .currentRow: "0"
        case .following(let distance): "+\(distance.text)"
        }
    }
}
