// Constraints in the caller's terms: from a deed_constraint to the engine's value, and back.

import CDeed
import DeedEngine
import Glibc

@c @implementation
public func deed_constraint_init(_ constraint: UnsafeMutablePointer<deed_constraint>?) {
    guard let constraint else { return }
    constraint.pointee = deed_constraint()
    constraint.pointee.struct_size = MemoryLayout<deed_constraint>.size
    constraint.pointee.most = .max
}

@c @implementation
public func deed_constraint_create(
    _ database: OpaquePointer?, _ constraint: UnsafePointer<deed_constraint>?, _ progress: deed_progress?,
    _ user_data: UnsafeMutableRawPointer?, _ out_constraints: UnsafeMutablePointer<OpaquePointer?>?, _ out_error: ErrorOut
) -> deed_status {
    out_constraints?.pointee = nil
    return run(out_error) { () throws(DeedError) in
        let graph = try graph(database)
        guard let constraint, constraint.pointee.struct_size >= MemoryLayout<deed_constraint>.size else {
            throw DeedError(.invalidArgument, "the constraint is NULL or was not initialised with deed_constraint_init")
        }
        let callback = ProgressCallback(call: progress, userData: user_data)
        let created = try graph.createConstraint(try Constraint(constraint.pointee, graph), progress: callback.report)
        if let out_constraints { out_constraints.pointee = retained(try ConstraintsHandle(graph, [created])) }
    }
}

@c @implementation
public func deed_constraint_drop(
    _ database: OpaquePointer?, _ name: UnsafePointer<CChar>?, _ name_size: Int, _ out_error: ErrorOut
) -> deed_status {
    run(out_error) { () throws(DeedError) in try graph(database).dropConstraint(named: try text(name, name_size)) }
}

@c @implementation
public func deed_constraints_get(
    _ database: OpaquePointer?, _ out_constraints: UnsafeMutablePointer<OpaquePointer?>?, _ out_error: ErrorOut
) -> deed_status {
    out_constraints?.pointee = nil
    return run(out_error) { () throws(DeedError) in
        let out = try required(out_constraints, "out_constraints")
        let graph = try graph(database)
        try graph.requireOpen()
        out.pointee = retained(try ConstraintsHandle(graph, try graph.constraints()))
    }
}

@c @implementation
public func deed_constraints_count(_ constraints: OpaquePointer?) -> Int {
    (try? object(constraints, ConstraintsHandle.self))?.count ?? 0
}

@c @implementation
public func deed_constraints_at(_ constraints: OpaquePointer?, _ position: Int) -> UnsafePointer<deed_constraint>? {
    guard let list = try? object(constraints, ConstraintsHandle.self), list.count > position, position >= 0 else { return nil }
    return UnsafePointer(list.items + position)
}

@c @implementation
public func deed_constraints_destroy(_ constraints: OpaquePointer?) { release(constraints, ConstraintsHandle.self) }

// MARK: In

private func text(_ base: UnsafePointer<CChar>?, _ size: Int) throws(DeedError) -> String {
    guard let text = String(validating: try bytes(base, size), as: UTF8.self), size <= Limits.nameBytesMax else {
        throw DeedError(.invalidArgument, "a name that is not UTF-8 or longer than \(Limits.nameBytesMax) bytes")
    }
    return text
}

/// The items of an array from outside.
private func items<Item>(_ base: UnsafePointer<Item>?, _ count: Int, _ what: StaticString) throws(DeedError) -> [Item] {
    guard count >= 0, count == 0 || base != nil else { throw DeedError(.invalidArgument, "the \(what) are NULL") }
    guard count <= Limits.constraintValuesMax else {
        throw DeedError(.limitExceeded, "\(count) \(what) in a constraint; the most is \(Limits.constraintValuesMax)")
    }
    return Array(UnsafeBufferPointer(start: base, count: count))
}

extension Constraint {
    fileprivate init(_ source: deed_constraint, _ graph: Graph) throws(DeedError) {
        let properties = try items(source.properties, source.property_count, "properties")
        guard let kind = Kind(rawValue: UInt8(clamping: source.kind)), Int32(kind.rawValue) == source.kind else {
            throw DeedError(.invalidArgument, "there is no kind of constraint \(source.kind)")
        }
        let values = try Self.values(source, properties, graph)
        self.init(
            name: try text(source.name, source.name_size), rowKind: try DeedCAPI.rowKind(deed_kind(UInt32(bitPattern: source.row_kind))),
            table: source.table, properties: properties, rule: try Self.rule(kind, source, values))
    }

    private static func values(
        _ source: deed_constraint, _ properties: [NameId], _ graph: Graph
    ) throws(DeedError) -> [StoredValue] {
        var result: [StoredValue] = []
        for value in try items(source.values, source.value_count, "values") {
            guard let key = properties.first else { throw DeedError(.invalidArgument, "a constraint with values needs a property") }
            var property = deed_property(key: key, reserved: 0, value: value)
            try withProperties(&property, 1, of: graph) { _, cells throws(DeedError) in result.append(StoredValue(cells[0].cell)) }
        }
        return result
    }

    private static func rule(_ kind: Kind, _ source: deed_constraint, _ values: [StoredValue]) throws(DeedError) -> Rule {
        func require(_ count: Int) throws(DeedError) {
            guard values.count == count else {
                throw DeedError(.invalidArgument, "a constraint of kind \(kind.text) has \(count) values, not \(values.count)")
            }
        }
        switch kind {
        case .required: return .required
        case .type: return .type(TypeSet(rawValue: source.types))
        case .unique: return .unique
        case .primaryKey: return .primaryKey
        case .defaultValue:
            try require(1)
            return .defaultValue(values[0])
        case .range:
            try require(2)
            func bound(_ position: Int, _ flag: Int) -> Bound? {
                let isExclusive = source.exclusive & UInt32(flag) != 0
                return values[position].cell.type == .null ? nil : Bound(values[position], isInclusive: !isExclusive)
            }
            return .range(lower: bound(0, DEED_LOWER_EXCLUSIVE), upper: bound(1, DEED_UPPER_EXCLUSIVE))
        case .oneOf: return .oneOf(values)
        case .length:
            return .length(least: Int(clamping: source.least), most: source.most == .max ? nil : Int(clamping: source.most))
        case .endpoints:
            return .endpoints(
                try items(source.endpoints, source.endpoint_count, "endpoints").map { pair throws(DeedError) in
                    EndpointPair(source: pair.source, target: pair.target)
                })
        case .cardinality:
            func most(_ count: UInt64) -> Int? { count == 0 ? nil : Int(clamping: count) }
            return .cardinality(outgoing: most(source.max_outgoing), incoming: most(source.max_incoming))
        }
    }
}

// MARK: Out

/// What a deed_constraints points to.
final class ConstraintsHandle {
    let items: UnsafeMutablePointer<deed_constraint>
    let count: Int
    /// What the items point to.
    private var blocks: [UnsafeMutableRawPointer] = []
    private var buffers: [BufferHandle] = []

    init(_ graph: Graph, _ constraints: [Constraint]) throws(DeedError) {
        count = constraints.count
        items = .allocate(capacity: max(count, 1))
        for (index, constraint) in constraints.enumerated() {
            (items + index).initialize(to: deed_constraint())
            try fill(&items[index], constraint, graph)
        }
    }

    deinit {
        for block in blocks { free(block) }
        items.deallocate()
    }

    private func fill(_ item: inout deed_constraint, _ constraint: Constraint, _ graph: Graph) throws(DeedError) {
        deed_constraint_init(&item)
        let (name, size) = copyText(constraint.name)
        (item.name, item.name_size) = (UnsafePointer(try copy(Array(UnsafeBufferPointer(start: name, count: size + 1)))), size)
        name.deallocate()
        item.kind = Int32(constraint.kind.rawValue)
        item.row_kind = Int32(constraint.rowKind.rawValue)
        item.table = constraint.table
        (item.properties, item.property_count) = (UnsafePointer(try copy(constraint.properties)), constraint.properties.count)
        switch constraint.rule {
        case .required, .unique, .primaryKey: break
        case .type(let types): item.types = types.rawValue
        case .defaultValue(let value): try setValues(&item, [value.cell], graph)
        case .range(let lower, let upper):
            try setValues(&item, [lower?.value.cell ?? .null, upper?.value.cell ?? .null], graph)
            if lower?.isInclusive == false { item.exclusive |= UInt32(DEED_LOWER_EXCLUSIVE) }
            if upper?.isInclusive == false { item.exclusive |= UInt32(DEED_UPPER_EXCLUSIVE) }
        case .oneOf(let values): try setValues(&item, values.map(\.cell), graph)
        case .length(let least, let most): (item.least, item.most) = (UInt64(least), most.map { UInt64($0) } ?? .max)
        case .endpoints(let pairs):
            let copied = try copy(pairs.map { deed_endpoints(source: $0.source, target: $0.target) })
            (item.endpoints, item.endpoint_count) = (UnsafePointer(copied), pairs.count)
        case .cardinality(let outgoing, let incoming):
            (item.max_outgoing, item.max_incoming) = (UInt64(outgoing ?? 0), UInt64(incoming ?? 0))
        }
    }

    /// Values as they leave with records; what they borrow, a record buffer of their own keeps.
    private func setValues(_ item: inout deed_constraint, _ cells: [Cell], _ graph: Graph) throws(DeedError) {
        let buffer = BufferHandle(graph)
        buffers.append(buffer)
        for (key, cell) in cells.enumerated() { buffer.contents.append(NameId(key), cell) }
        buffer.contents.own()
        let record = try buffer.makeRecord().pointee
        let values = (0..<Int(record.property_count)).map { record.properties[$0].value }
        (item.values, item.value_count) = (UnsafePointer(try copy(values)), values.count)
    }

    private func copy<Item>(_ source: [Item]) throws(DeedError) -> UnsafeMutablePointer<Item> {
        guard let block = malloc(max(source.count * MemoryLayout<Item>.stride, 1)) else {
            throw DeedError(.outOfMemory, "no memory for a list of constraints")
        }
        blocks.append(block)
        let copy = block.bindMemory(to: Item.self, capacity: source.count)
        copy.initialize(from: source, count: source.count)
        return copy
    }
}
