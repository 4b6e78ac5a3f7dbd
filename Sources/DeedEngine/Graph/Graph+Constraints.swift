// Constraints: making, dropping and listing them, and what statements ask of them.
//
// The values of a row are looked at before it is written, without a latch, under the rules that were published then; if
// others are in force by the time the row's segment is locked, the statement starts again. So a failing statement has
// written nothing, and no row is written under rules that are out of date. How many relationships an entity has is
// looked at under the latch of the entity, where a relationship enters its list.

extension Graph {
    // MARK: Making

    /// Adds a constraint to a table, whose rows must comply, and returns it; one without a name gets one. Readers and
    /// writers go on; new writes follow the constraint from the start. Errors: AlreadyExists, ConstraintViolation naming
    /// the first row that does not comply.
    @discardableResult
    package func createConstraint(
        _ constraint: Constraint, progress: Progress = { _, _ in true }
    ) throws(DeedError) -> Constraint {
        try requireWritable()
        try constraint.validate()
        try requireNames(of: constraint)
        var constraint = constraint
        if constraint.name.isEmpty { constraint.name = freeName(for: constraint) }
        let present = schema.objects(of: constraint.rowKind, constraint.table)
        guard present.count < Limits.constraintsOfTableMax else {
            throw DeedError(.limitExceeded, "more than \(Limits.constraintsOfTableMax) indexes and constraints of one table")
        }
        let made = constraint
        try define(made.schemaObject) { object throws(DeedError) in
            if made.kind == .primaryKey { try requireNoOther(.primaryKey, than: object) }
            try requireCompliance(made, progress)
            try buildIndex(of: object, progress)
        }
        return made
    }

    private func requireNoOther(_ kind: Constraint.Kind, than object: SchemaObject) throws(DeedError) {
        for other in schema.objects(of: object.rowKind, object.table)
        where other.kind == .constraint && other.number != object.number {
            guard try Constraint(other).kind == kind else { continue }
            throw DeedError(
                .alreadyExists, "\(display(object.rowKind, object.table)) has a \(kind.text) already: '\(other.name)'")
        }
    }

    /// A name such as person_age_range that nothing has yet.
    func freeName(for constraint: Constraint, besides others: [String] = [], replacing dropped: [SchemaObject] = []) -> String {
        func isFree(_ name: String) -> Bool {
            if others.contains(name) { return false }
            guard let known = schema.object(named: name) else { return true }
            return dropped.contains { $0.number == known.number }
        }

        let table = names.display(constraint.rowKind == .entity ? .collection : .relationshipType, constraint.table)
        let properties = constraint.properties.map { names.display(.propertyKey, $0) }
        let name = ([table] + properties + [constraint.kind.text]).joined(separator: "_")
        if isFree(name) { return name }
        var number = 2
        while !isFree("\(name)_\(number)") { number += 1 }
        return "\(name)_\(number)"
    }

    package func dropConstraint(named name: String) throws(DeedError) { try drop(.constraint, named: name) }

    /// The constraints in force, in the order in which they were made.
    package func constraints() throws(DeedError) -> [Constraint] {
        var result: [Constraint] = []
        for object in schema.objects where object.kind == .constraint && object.state == .ready {
            result.append(try Constraint(object))
        }
        return result
    }

    private func requireNames(of constraint: Constraint) throws(DeedError) {
        for key in constraint.properties where Int(key) >= names.count(.propertyKey) {
            throw DeedError(.invalidArgument, "there is no property key with number \(key)")
        }
        if case .endpoints(let pairs) = constraint.rule {
            for pair in pairs where Int(max(pair.source, pair.target)) >= names.count(.collection) {
                throw DeedError(.invalidArgument, "there is no collection with number \(max(pair.source, pair.target))")
            }
        }
    }

    // MARK: Values

    /// Runs `body` with the rules of a table and with properties that comply with them, for a new row with the defaults
    /// of those that are not given. `body` returns nil if it finds that other rules are in force, and runs again.
    @inline(__always)
    func underRules<Result>(
        of table: Table, _ id: RowId, _ properties: UnsafeBufferPointer<PropertyCell>, _ change: RowChange,
        _ body: (TableRules?, UnsafeBufferPointer<PropertyCell>) throws(DeedError) -> Result?
    ) throws(DeedError) -> Result {
        while true {
            let rules = table.rules
            if let constraints = rules?.constraints {
                let result = try withComplying(constraints, id, properties, change) { properties throws(DeedError) in
                    try body(rules, properties)
                }
                if let result { return result }
            } else if let result = try body(rules, properties) {
                return result
            }
        }
    }

    private func withComplying<Result>(
        _ constraints: ConstraintRules, _ id: RowId, _ properties: UnsafeBufferPointer<PropertyCell>, _ change: RowChange,
        _ body: (UnsafeBufferPointer<PropertyCell>) throws(DeedError) -> Result?
    ) throws(DeedError) -> Result? {
        let missing = change == .insert ? constraints.countMissing(in: properties) : 0
        if missing == 0 {
            try requireCompliance(constraints, id, properties, change)
            return try body(properties)
        }
        // On the stack; what is thrown inside is carried over the closure by hand, to keep its type.
        let result = withUnsafeTemporaryAllocation(of: PropertyCell.self, capacity: properties.count + missing) { buffer in
            let completed = constraints.complete(properties, in: buffer)
            do throws(DeedError) {
                try requireCompliance(constraints, id, completed, change)
                return Swift.Result<Result?, DeedError>.success(try body(completed))
            } catch {
                return .failure(error)
            }
        }
        return try result.get()
    }

    @inline(__always)
    private func requireCompliance(
        _ constraints: ConstraintRules, _ id: RowId, _ properties: UnsafeBufferPointer<PropertyCell>, _ change: RowChange
    ) throws(DeedError) {
        if constraints.complies(properties, change) { return }
        guard let found = constraints.violation(properties, change) else { return }
        throw violation(found.constraint, id, found.key, found.cell)
    }

    // MARK: Relationships

    /// The collections of the ends of a relationship; nil if one of them was never there.
    func collections(_ source: RowId, _ target: RowId) -> EndpointPair? {
        guard let source = entities.segment(of: source), let target = entities.segment(of: target) else { return nil }
        return EndpointPair(source: source.pointee.table, target: target.pointee.table)
    }

    /// Throws unless a relationship may lead between these collections.
    func requireEnds(_ constraints: ConstraintRules, _ pair: EndpointPair) throws(DeedError) {
        guard let allowed = constraints.endpoints, !allowed.contains(pair) else { return }
        for constraint in constraints.constraints {
            if case .endpoints(let pairs) = constraint.rule, !pairs.contains(pair) { throw violation(constraint, 0, pair) }
        }
    }

    func violation(_ constraint: Constraint, _ id: RowId, _ pair: EndpointPair) -> DeedError {
        violation(
            constraint, id, "it leads from \(display(.entity, pair.source)) to \(display(.entity, pair.target))")
    }

    /// How many relationships an entity has in a list.
    struct LinkCount {
        /// Visible, and not being deleted.
        var certain = 0
        /// Those that exist for some and not for others, or that a running transaction adds or deletes.
        var doubtful = 0
        /// The stamp of a transaction that one of these depends on; that of one that has committed rather than one that runs.
        var blocker: Stamp = 0
        /// The relationship that carries it.
        var blocking: RowId = 0
    }

    /// The segment of the list is locked.
    func countLinks(_ part: UnsafeMutablePointer<AdjacencyPart>, _ row: Int, for snapshot: Snapshot) -> LinkCount {
        var count = LinkCount()
        part.pointee.forEach(row) { _, relationship in
            switch presence(of: relationship, for: snapshot) {
            case .visible: count.certain += 1
            case .elsewhere(let stamp), .leaving(let stamp):
                count.doubtful += 1
                if count.blocker == 0 || !isRunning(stamp) { (count.blocker, count.blocking) = (stamp, relationship) }
            case .gone: break
            }
        }
        return count
    }

    /// Throws if an entity would have too many relationships with `added` more: a violation if that is certain, otherwise a
    /// conflict.
    func requireRoom(
        _ constraints: ConstraintRules, _ direction: Direction, _ id: RowId, _ count: LinkCount, adding added: Int
    ) throws(DeedError) {
        let most = constraints.most(direction)
        if count.certain + count.doubtful + added <= most { return }
        if count.certain + added <= most {
            let what = "was given or is losing one of at most \(most) relationships"
            throw conflict(.entity, id, what, by: count.blocker, holder: (.relationship, count.blocking))
        }
        let way = direction == .out ? "outgoing" : "incoming"
        for constraint in constraints.constraints {
            guard case .cardinality(let outgoing, let incoming) = constraint.rule,
                let own = direction == .out ? outgoing : incoming, count.certain + added > own
            else { continue }
            throw violation(
                constraint, 0, "entity \(id) would have \(count.certain + added) \(way) relationships, and may have \(own)")
        }
    }
}
