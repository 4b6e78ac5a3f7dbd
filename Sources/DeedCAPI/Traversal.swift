// Neighbours, degrees, breadth-first search, and pheromone.

import CDeed
import DeedEngine

private func directions(_ direction: deed_direction) throws(DeedError) -> Directions {
    guard let directions = Directions(rawValue: Int32(clamping: direction.rawValue)) else {
        throw DeedError(.invalidArgument, "there is no direction \(direction.rawValue)")
    }
    return directions
}

@inline(__always)
private func typeOrAny(_ type: UInt32) -> NameId? { type == UInt32.max ? nil : type }

@c @implementation
public func deed_ids_count(_ ids: OpaquePointer?) -> Int { (try? object(ids, IdsHandle.self))?.count ?? 0 }

@c @implementation
public func deed_ids_data(_ ids: OpaquePointer?) -> UnsafePointer<UInt64>! {
    (try? object(ids, IdsHandle.self)).map { UnsafePointer($0.ids) }
}

@c @implementation
public func deed_ids_depths(_ ids: OpaquePointer?) -> UnsafePointer<UInt32>! {
    (try? object(ids, IdsHandle.self))?.depths
}

@c @implementation
public func deed_ids_destroy(_ ids: OpaquePointer?) { release(ids, IdsHandle.self) }

@c @implementation
public func deed_neighbors(
    _ database: OpaquePointer?, _ transaction: OpaquePointer?, _ id: UInt64, _ type: UInt32,
    _ direction: deed_direction, _ buffer: OpaquePointer?,
    _ out_neighbors: UnsafeMutablePointer<UnsafePointer<UInt64>?>?,
    _ out_relationships: UnsafeMutablePointer<UnsafePointer<UInt64>?>?, _ out_count: UnsafeMutablePointer<Int>?,
    _ out_error: ErrorOut
) -> deed_status {
    out_neighbors?.pointee = nil
    out_relationships?.pointee = nil
    out_count?.pointee = 0
    return run(out_error) { () throws(DeedError) in
        let graph = try graph(database)
        let contents = try object(buffer, BufferHandle.self).contents
        let transaction = try DeedCAPI.transaction(transaction, of: graph)
        try graph.neighbors(transaction, id, type: typeOrAny(type), directions(direction), into: contents)
        out_neighbors?.pointee = UnsafePointer(contents.neighbors)
        out_relationships?.pointee = UnsafePointer(contents.relationships)
        out_count?.pointee = contents.neighborCount
    }
}

@c @implementation
public func deed_degree(
    _ database: OpaquePointer?, _ transaction: OpaquePointer?, _ id: UInt64, _ type: UInt32,
    _ direction: deed_direction, _ out_degree: UnsafeMutablePointer<UInt64>?, _ out_error: ErrorOut
) -> deed_status {
    out_degree?.pointee = 0
    return run(out_error) { () throws(DeedError) in
        let graph = try graph(database)
        let transaction = try DeedCAPI.transaction(transaction, of: graph)
        let degree = try graph.degree(transaction, id, type: typeOrAny(type), directions(direction))
        try required(out_degree, "out_degree").pointee = UInt64(degree)
    }
}

@c @implementation
public func deed_traverse(
    _ database: OpaquePointer?, _ transaction: OpaquePointer?, _ start: UInt64, _ type: UInt32,
    _ direction: deed_direction, _ max_depth: UInt32, _ out_ids: UnsafeMutablePointer<OpaquePointer?>?,
    _ out_error: ErrorOut
) -> deed_status {
    out_ids?.pointee = nil
    return run(out_error) { () throws(DeedError) in
        let out = try required(out_ids, "out_ids")
        let graph = try graph(database)
        let transaction = try DeedCAPI.transaction(transaction, of: graph)
        let reach = try graph.traverse(
            transaction, from: start, type: typeOrAny(type), directions(direction), maxDepth: max_depth)
        out.pointee = retained(IdsHandle(reach))
    }
}

@c @implementation
public func deed_count_reachable(
    _ database: OpaquePointer?, _ transaction: OpaquePointer?, _ start: UInt64, _ type: UInt32,
    _ direction: deed_direction, _ max_depth: UInt32, _ out_count: UnsafeMutablePointer<UInt64>?, _ out_error: ErrorOut
) -> deed_status {
    out_count?.pointee = 0
    return run(out_error) { () throws(DeedError) in
        let graph = try graph(database)
        let transaction = try DeedCAPI.transaction(transaction, of: graph)
        let count = try graph.countReachable(
            transaction, from: start, type: typeOrAny(type), directions(direction), maxDepth: max_depth)
        try required(out_count, "out_count").pointee = UInt64(count)
    }
}

// MARK: Pheromone

@c @implementation
public func deed_pheromone_evaporate(_ database: OpaquePointer?, _ rate: Double, _ out_error: ErrorOut) -> deed_status {
    run(out_error) { () throws(DeedError) in try graph(database).evaporate(rate: rate.isNaN ? nil : rate) }
}

@c @implementation
public func deed_pheromone_get(
    _ database: OpaquePointer?, _ relationship: UInt64, _ out_level: UnsafeMutablePointer<Double>?, _ out_error: ErrorOut
) -> deed_status {
    out_level?.pointee = 0
    return run(out_error) { () throws(DeedError) in
        let out = try required(out_level, "out_level")
        out.pointee = try graph(database).pheromone(of: relationship)
    }
}

@c @implementation
public func deed_pheromone_deposit(
    _ database: OpaquePointer?, _ relationship: UInt64, _ amount: Double, _ out_error: ErrorOut
) -> deed_status {
    run(out_error) { () throws(DeedError) in try graph(database).deposit(on: relationship, amount) }
}

@c @implementation
public func deed_strongest_neighbors(
    _ database: OpaquePointer?, _ transaction: OpaquePointer?, _ id: UInt64, _ k: Int, _ buffer: OpaquePointer?,
    _ out_neighbors: UnsafeMutablePointer<UnsafePointer<UInt64>?>?,
    _ out_relationships: UnsafeMutablePointer<UnsafePointer<UInt64>?>?,
    _ out_levels: UnsafeMutablePointer<UnsafePointer<Double>?>?, _ out_count: UnsafeMutablePointer<Int>?,
    _ out_error: ErrorOut
) -> deed_status {
    out_neighbors?.pointee = nil
    out_relationships?.pointee = nil
    out_levels?.pointee = nil
    out_count?.pointee = 0
    return run(out_error) { () throws(DeedError) in
        let graph = try graph(database)
        let contents = try object(buffer, BufferHandle.self).contents
        let transaction = try DeedCAPI.transaction(transaction, of: graph)
        try graph.strongestNeighbors(transaction, id, count: Int(clamping: UInt(bitPattern: k)), into: contents)
        out_neighbors?.pointee = UnsafePointer(contents.neighbors)
        out_relationships?.pointee = UnsafePointer(contents.relationships)
        out_levels?.pointee = UnsafePointer(contents.levels)
        out_count?.pointee = contents.neighborCount
    }
}
