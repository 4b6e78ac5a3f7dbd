// The constraints of one table, arranged for looking at every row that is written: plain memory without reference
// counts, one place for each property that a constraint speaks of. Says only whether a row complies; which constraint it
// violates is found out afterwards, one by one.

/// What a statement does to a row's properties.
enum RowChange {
    /// A new row: what is not given is null.
    case insert
    /// What is not given stays as it is.
    case set
    /// What is not given is removed.
    case replace
}

final class ConstraintRules: @unchecked Sendable {
    /// In the order in which they were made. They own the bytes that the cells below borrow.
    let constraints: [Constraint]
    private let properties: UnsafeMutableBufferPointer<PropertyRule>
    private let checks: UnsafeMutableBufferPointer<ValueCheck>
    private let listed: UnsafeMutableBufferPointer<Cell>
    /// What new rows get for properties that are not given.
    let defaults: UnsafeMutableBufferPointer<PropertyCell>
    /// The pairs of collections that relationships may lead from and to; nil for any. With several such constraints a
    /// pair must be in each.
    let endpoints: Set<EndpointPair>?
    /// The most relationships of an entity in each direction; `Int.max` for any number.
    let mostOutgoing: Int
    let mostIncoming: Int

    /// What is asked of the values of one property.
    private struct PropertyRule {
        var key: NameId
        var isRequired = false
        var types = TypeSet.all
        /// Its part of `checks`.
        var firstCheck = 0
        var checkCount = 0
    }

    private struct ValueCheck {
        enum Kind { case range, oneOf, length }

        var kind: Kind
        /// Null for none.
        var lower = Cell.null
        var upper = Cell.null
        var isLowerInclusive = false
        var isUpperInclusive = false
        /// Its part of `listed`.
        var firstListed = 0
        var listedCount = 0
        var least = 0
        var most = Int.max
    }

    init(_ constraints: [Constraint]) {
        self.constraints = constraints
        var rules: [NameId: PropertyRule] = [:]
        var checks: [NameId: [ValueCheck]] = [:]
        var listed: [Cell] = []
        var defaults: [PropertyCell] = []
        var pairs: Set<EndpointPair>?
        var (outgoing, incoming) = (Int.max, Int.max)
        for constraint in constraints {
            for key in constraint.properties where rules[key] == nil { rules[key] = PropertyRule(key: key) }
            switch constraint.rule {
            case .required, .primaryKey: for key in constraint.properties { rules[key]?.isRequired = true }
            case .unique: break
            case .type(let types): for key in constraint.properties { rules[key]?.types.formIntersection(types) }
            case .defaultValue(let value):
                for key in constraint.properties { defaults.append(PropertyCell(key: key, cell: value.cell)) }
            case .range, .oneOf, .length:
                for key in constraint.properties { checks[key, default: []].append(Self.check(constraint.rule, &listed)) }
            case .endpoints(let allowed): pairs = pairs.map { $0.intersection(allowed) } ?? Set(allowed)
            case .cardinality(let most, let mostIn):
                outgoing = min(outgoing, most ?? .max)
                incoming = min(incoming, mostIn ?? .max)
            }
        }
        var allChecks: [ValueCheck] = []
        for (key, own) in checks {
            rules[key]?.firstCheck = allChecks.count
            rules[key]?.checkCount = own.count
            allChecks += own
        }
        let needed = rules.values.filter { $0.isRequired || $0.types != .all || $0.checkCount > 0 }
        properties = Self.copy(needed.sorted { $0.key < $1.key })
        self.checks = Self.copy(allChecks)
        self.listed = Self.copy(listed)
        self.defaults = Self.copy(defaults)
        endpoints = pairs
        (mostOutgoing, mostIncoming) = (outgoing, incoming)
    }

    deinit {
        properties.deallocate()
        checks.deallocate()
        listed.deallocate()
        defaults.deallocate()
    }

    private static func check(_ rule: Constraint.Rule, _ listed: inout [Cell]) -> ValueCheck {
        var check = ValueCheck(kind: .range)
        switch rule {
        case .oneOf(let values):
            check.kind = .oneOf
            (check.firstListed, check.listedCount) = (listed.count, values.count)
            listed += values.map(\.cell)
        case .length(let least, let most):
            check.kind = .length
            (check.least, check.most) = (least, most ?? .max)
        case .range(let lower, let upper):
            if let lower { (check.lower, check.isLowerInclusive) = (lower.value.cell, lower.isInclusive) }
            if let upper { (check.upper, check.isUpperInclusive) = (upper.value.cell, upper.isInclusive) }
        default: assertionFailure("not a rule about a value")
        }
        return check
    }

    private static func copy<Element>(_ elements: [Element]) -> UnsafeMutableBufferPointer<Element> {
        let copy = UnsafeMutableBufferPointer<Element>.allocate(capacity: max(elements.count, 1))
        _ = copy.initialize(from: elements)
        return UnsafeMutableBufferPointer(rebasing: copy[..<elements.count])
    }

    /// The most relationships of an entity in one direction; `Int.max` for any number.
    @inline(__always)
    func most(_ direction: Direction) -> Int { direction == .out ? mostOutgoing : mostIncoming }

    // MARK: Defaults

    /// How many properties with a default are not given. O(defaults * properties).
    @inline(__always)
    func countMissing(in cells: UnsafeBufferPointer<PropertyCell>) -> Int {
        var count = 0
        for value in defaults where !cells.contains(where: { $0.key == value.key }) { count &+= 1 }
        return count
    }

    /// The properties and the defaults of those not given, in memory of the caller's that is large enough.
    func complete(
        _ cells: UnsafeBufferPointer<PropertyCell>, in buffer: UnsafeMutableBufferPointer<PropertyCell>
    ) -> UnsafeBufferPointer<PropertyCell> {
        var count = buffer[...].initialize(fromContentsOf: cells)
        for value in defaults where !cells.contains(where: { $0.key == value.key }) {
            buffer.initializeElement(at: count, to: value)
            count += 1
        }
        return UnsafeBufferPointer(rebasing: buffer[..<count])
    }

    /// The defaults of properties that a load has no column for, as columns.
    func defaultColumns(besides keys: [NameId]) -> [any BulkColumn] {
        defaults.filter { !keys.contains($0.key) }.map { ConstantColumn($0.key, StoredValue($0.cell)) }
    }

    // MARK: Looking at rows

    /// True if there is anything to ask of the values of rows.
    var hasValueRules: Bool { !properties.isEmpty }

    /// True if a row that is changed like this complies, given that it did before. Allocates nothing. O(properties).
    @inline(__always)
    func complies(_ cells: UnsafeBufferPointer<PropertyCell>, _ change: RowChange) -> Bool {
        for index in 0..<properties.count {
            let rule = properties.baseAddress.unsafelyUnwrapped + index
            var position = 0
            while position < cells.count && cells[position].key != rule.pointee.key { position &+= 1 }
            if position == cells.count {
                if rule.pointee.isRequired && change != .set { return false }
            } else if !complies(cells[position].cell, rule) {
                return false
            }
        }
        return true
    }

    @inline(__always)
    private func complies(_ cell: Cell, _ rule: UnsafePointer<PropertyRule>) -> Bool {
        if cell.type == .null { return !rule.pointee.isRequired }
        guard rule.pointee.types.contains(cell.type) else { return false }
        for index in 0..<rule.pointee.checkCount where !complies(cell, checks[rule.pointee.firstCheck &+ index]) {
            return false
        }
        return true
    }

    private func complies(_ cell: Cell, _ check: ValueCheck) -> Bool {
        switch check.kind {
        case .range:
            if check.lower.type != .null {
                guard let order = order(check.lower, cell), order < 0 || order == 0 && check.isLowerInclusive else { return false }
            }
            if check.upper.type != .null {
                guard let order = order(cell, check.upper), order < 0 || order == 0 && check.isUpperInclusive else { return false }
            }
            return true
        case .oneOf:
            for index in 0..<check.listedCount where isEqual(cell, listed[check.firstListed &+ index]) { return true }
            return false
        case .length:
            guard let length = length(cell) else { return false }
            return length >= check.least && length <= check.most
        }
    }

    /// The properties whose values are looked at.
    var keys: [NameId] { properties.map(\.key) }

    /// True if a column of a segment complies in all rows without looking at one: what is asked is only that there are
    /// values, or what type they have.
    func compliesAsAWhole(_ chunk: ColumnChunk, of key: NameId, rows: Int) -> Bool {
        guard let rule = properties.first(where: { $0.key == key }) else { return true }
        if rule.isRequired && !chunk.isAllValid(rows) || rule.checkCount > 0 { return false }
        return rule.types == .all || !chunk.isMixed && (chunk.type == .null || rule.types.contains(chunk.type))
    }

    /// The first of the constraints that a row with these properties violates, with the property and its value.
    func violation(
        _ cells: UnsafeBufferPointer<PropertyCell>, _ change: RowChange
    ) -> (constraint: Constraint, key: NameId, cell: Cell)? {
        for constraint in constraints {
            let rules = ConstraintRules([constraint])
            if rules.complies(cells, change) { continue }
            for key in constraint.properties {
                let cell = cells.first { $0.key == key }?.cell ?? .null
                if change == .set && !cells.contains(where: { $0.key == key }) { continue }
                if !rules.complies(cell, of: key) { return (constraint, key, cell) }
            }
        }
        return nil
    }

    /// True if a value of a property complies; null stands for none.
    func complies(_ cell: Cell, of key: NameId) -> Bool {
        withUnsafePointer(to: PropertyCell(key: key, cell: cell)) { property in
            complies(UnsafeBufferPointer(start: property, count: 1), .set)
        }
    }
}
