// Adding, reading, changing and deleting entities and relationships.

import CDeed
import DeedEngine

func rowKind(_ kind: deed_kind) throws(DeedError) -> RowKind {
    guard let kind = RowKind(rawValue: UInt8(clamping: kind.rawValue)) else {
        throw DeedError(.invalidArgument, "there is no kind of row \(kind.rawValue)")
    }
    return kind
}

@c @implementation
public func deed_entity_add(
    _ database: OpaquePointer?, _ transaction: OpaquePointer?, _ collection: UInt32,
    _ properties: UnsafePointer<deed_property>?, _ count: Int, _ out_id: UnsafeMutablePointer<UInt64>?,
    _ out_error: ErrorOut
) -> deed_status {
    out_id?.pointee = 0
    return run(out_error) { () throws(DeedError) in
        let id = try write(database, transaction) { graph, transaction throws(DeedError) in
            try withProperties(properties, count, of: graph) { graph, cells throws(DeedError) in
                try graph.addEntity(transaction, collection: collection, cells)
            }
        }
        out_id?.pointee = id
    }
}

@c @implementation
public func deed_relationship_add(
    _ database: OpaquePointer?, _ transaction: OpaquePointer?, _ source: UInt64, _ target: UInt64, _ type: UInt32,
    _ properties: UnsafePointer<deed_property>?, _ count: Int, _ out_id: UnsafeMutablePointer<UInt64>?,
    _ out_error: ErrorOut
) -> deed_status {
    out_id?.pointee = 0
    return run(out_error) { () throws(DeedError) in
        let id = try write(database, transaction) { graph, transaction throws(DeedError) in
            try withProperties(properties, count, of: graph) { graph, cells throws(DeedError) in
                try graph.addRelationship(transaction, source: source, target: target, type: type, cells)
            }
        }
        out_id?.pointee = id
    }
}

@c @implementation
public func deed_record_get(
    _ database: OpaquePointer?, _ transaction: OpaquePointer?, _ kind: deed_kind, _ id: UInt64,
    _ buffer: OpaquePointer?, _ out_record: UnsafeMutablePointer<UnsafePointer<deed_record>?>?, _ out_error: ErrorOut
) -> deed_status {
    out_record?.pointee = nil
    return run(out_error) { () throws(DeedError) in
        let out = try required(out_record, "out_record")
        try withGraph(database) { graph throws(DeedError) in
            let buffer = try object(buffer, BufferHandle.self)
            let transaction = try DeedCAPI.transaction(transaction, of: graph)
            if try graph.read(transaction, rowKind(kind), id, into: buffer.contents) {
                out.pointee = try buffer.makeRecord()
            }
        }
    }
}

@c @implementation
public func deed_record_update(
    _ database: OpaquePointer?, _ transaction: OpaquePointer?, _ kind: deed_kind, _ id: UInt64,
    _ properties: UnsafePointer<deed_property>?, _ count: Int, _ replace: Bool, _ out_error: ErrorOut
) -> deed_status {
    run(out_error) { () throws(DeedError) in
        let kind = try rowKind(kind)
        try write(database, transaction) { graph, transaction throws(DeedError) in
            try withProperties(properties, count, of: graph) { graph, cells throws(DeedError) in
                try graph.update(transaction, kind, id, cells, replacing: replace)
            }
        }
    }
}

@c @implementation
public func deed_entity_delete(
    _ database: OpaquePointer?, _ transaction: OpaquePointer?, _ id: UInt64, _ detach: Bool, _ out_error: ErrorOut
) -> deed_status {
    run(out_error) { () throws(DeedError) in
        try write(database, transaction) { graph, transaction throws(DeedError) in
            try graph.deleteEntity(transaction, id, detach: detach)
        }
    }
}

@c @implementation
public func deed_relationship_delete(
    _ database: OpaquePointer?, _ transaction: OpaquePointer?, _ id: UInt64, _ out_error: ErrorOut
) -> deed_status {
    run(out_error) { () throws(DeedError) in
        try write(database, transaction) { graph, transaction throws(DeedError) in
            try graph.deleteRelationship(transaction, id)
        }
    }
}
