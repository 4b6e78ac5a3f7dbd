// Rows of results as deed_value: what is nested or belongs to the graph is built in memory that lives until the next row.

import CDeed
import DeedDatabase
import DeedEngine
import DeedValues
import Glibc

struct ValueLender: ~Copyable {
    /// In memory of the result.
    private var row: UnsafeMutablePointer<deed_value>
    private let columns: Int
    private var blocks: [UnsafeMutableRawPointer] = []

    init(_ result: QueryResult) {
        columns = result.width
        row = Self.room(rows: 1, columns, result)
    }

    deinit { for block in blocks { free(block) } }

    private static func room(rows: Int, _ columns: Int, _ result: QueryResult) -> UnsafeMutablePointer<deed_value> {
        let count = max(rows * columns, 1)
        return result.room(count * MemoryLayout<deed_value>.stride).bindMemory(to: deed_value.self, capacity: count)
    }

    private mutating func freeBlocks() {
        for block in blocks { free(block) }
        blocks.removeAll(keepingCapacity: true)
    }

    /// One row of a chunk; strings are borrowed from the chunk, which the caller keeps.
    mutating func lend(_ chunk: Chunk, _ number: Int, _ result: QueryResult) throws -> UnsafePointer<deed_value> {
        if !blocks.isEmpty { freeBlocks() }
        for position in 0..<columns {
            guard let column = chunk.columns[position] else {
                row[position] = deed_value()
                continue
            }
            try fill(row + position, column.vector, column.position(number), result)
        }
        return UnsafePointer(row)
    }

    /// Where `lend(_:_:at:_:)` puts so many rows; what was lent before is gone.
    mutating func begin(rows: Int, _ result: QueryResult) -> UnsafePointer<deed_value> {
        if !blocks.isEmpty { freeBlocks() }
        row = Self.room(rows: rows, columns, result)
        return UnsafePointer(row)
    }

    /// Rows of a chunk, which the caller keeps, as rows `place` and following.
    mutating func lend(_ chunk: Chunk, _ rows: Range<Int>, at place: Int, _ result: QueryResult) throws {
        for position in 0..<columns {
            var value = row + place * columns + position
            guard let column = chunk.columns[position] else {
                for _ in rows {
                    value.pointee = deed_value()
                    value += columns
                }
                continue
            }
            for number in rows {
                try fill(value, column.vector, column.position(number), result)
                value += columns
            }
        }
    }

    private mutating func fill(
        _ value: UnsafeMutablePointer<deed_value>, _ vector: ColumnVector, _ position: Int, _ result: QueryResult
    ) throws {
        value.pointee = deed_value()
        if vector.isNull(position) { return }
        switch vector.kind {
        case .int64:
            value.pointee.type = DEED_INT64.rawValue
            value.pointee.as.integer = vector.ints[position]
        case .date:
            value.pointee.type = DEED_DATE.rawValue
            value.pointee.as.integer = vector.ints[position]
        case .float64:
            value.pointee.type = DEED_FLOAT64.rawValue
            value.pointee.as.number = vector.floats[position]
        case .bool:
            value.pointee.type = DEED_BOOL.rawValue
            value.pointee.as.boolean = vector.bools[position] != 0
        case .string:
            let bytes = vector.stringBytes(position)
            value.pointee.type = DEED_STRING.rawValue
            value.pointee.as.text.data = bytes.baseAddress?.assumingMemoryBound(to: CChar.self) ?? emptyText
            value.pointee.as.text.size = bytes.count
        default: try fill(&value.pointee, vector.value(position), result)
        }
    }

    // MARK: Values in general

    private mutating func fill(_ out: inout deed_value, _ value: Value, _ result: QueryResult) throws {
        out = deed_value()
        switch value {
        case .null: return
        case .bool(let value):
            out.type = DEED_BOOL.rawValue
            out.as.boolean = value
        case .int(let value): setInteger(&out, DEED_INT64, value)
        case .float(let value):
            out.type = DEED_FLOAT64.rawValue
            out.as.number = value
        case .decimal(let number): setDecimal(&out, number)
        case .string(let text):
            out.type = DEED_STRING.rawValue
            let copy = try keep(text)
            (out.as.text.data, out.as.text.size) = (copy.data, copy.size)
        case .bytes(let bytes):
            out.type = DEED_BYTES.rawValue
            let copy = try bytes.withUnsafeBytes { try keep($0) }
            (out.as.text.data, out.as.text.size) = (copy.data, copy.size)
        case .vector(let floats):
            out.type = DEED_VECTOR.rawValue
            let items = try allocate(floats.count, Float.self)
            for (index, item) in floats.enumerated() { items[index] = item }
            (out.as.vector.items, out.as.vector.count) = (UnsafePointer(items), floats.count)
        case .list(let list):
            out.type = DEED_LIST.rawValue
            let items = try allocate(list.count, deed_value.self)
            for (index, item) in list.enumerated() { try fill(&items[index], item, result) }
            (out.as.list.items, out.as.list.count) = (UnsafePointer(items), list.count)
        case .map(let map):
            out.type = DEED_MAP.rawValue
            let entries = try self.entries(Array(zip(map.keys, map.values)), result)
            (out.as.map.entries, out.as.map.count) = (entries, map.keys.count)
        case .entity(let id):
            out.type = DEED_ELEMENT_ENTITY.rawValue
            let element = try allocate(1, deed_element.self)
            try fill(&element.pointee, entity: id, result)
            out.as.element = UnsafePointer(element)
        case .relationship(let id):
            out.type = DEED_ELEMENT_RELATIONSHIP.rawValue
            let element = try allocate(1, deed_element.self)
            try fill(&element.pointee, relationship: id, result)
            out.as.element = UnsafePointer(element)
        case .path(let path): try fill(&out, path, result)
        default: fillTemporal(&out, value)
        }
    }

    private func setInteger(_ out: inout deed_value, _ type: deed_type, _ value: Int64) {
        out.type = type.rawValue
        out.as.integer = value
    }

    private mutating func fillTemporal(_ out: inout deed_value, _ value: Value) {
        switch value {
        case .date(let date): setInteger(&out, DEED_DATE, date.days)
        case .localTime(let time): setInteger(&out, DEED_LOCAL_TIME, time.nanoseconds)
        case .zonedTime(let time):
            setInteger(&out, DEED_ZONED_TIME, time.nanoseconds)
            out.extra = time.offset
        case .localDatetime(let datetime):
            out.type = DEED_LOCAL_DATETIME.rawValue
            (out.as.datetime.seconds, out.as.datetime.nanoseconds) = (datetime.seconds, datetime.nanoseconds)
        case .zonedDatetime(let datetime):
            out.type = DEED_ZONED_DATETIME.rawValue
            (out.as.datetime.seconds, out.as.datetime.nanoseconds) = (datetime.seconds, datetime.nanoseconds)
            out.extra = datetime.offset
            if !datetime.zone.isEmpty, let zone = try? keep(datetime.zone) {
                (out.as.datetime.zone, out.as.datetime.zone_size) = (zone.data, UInt32(zone.size))
            }
        case .duration(let duration):
            out.type = DEED_DURATION.rawValue
            (out.as.duration.months, out.as.duration.days) = (duration.months, duration.days)
            (out.as.duration.seconds, out.extra) = (duration.seconds, duration.nanoseconds)
        default: break
        }
    }

    // MARK: Elements

    private mutating func fill(_ out: inout deed_element, entity id: UInt64, _ result: QueryResult) throws {
        let record = try result.entity(id)
        out.id = id
        let labels = try allocate(record.labels.count, deed_text.self)
        for (index, label) in record.labels.enumerated() { labels[index] = try keep(label) }
        (out.labels, out.label_count) = (UnsafePointer(labels), record.labels.count)
        out.properties = try entries(record.properties, result)
        out.property_count = record.properties.count
    }

    private mutating func fill(_ out: inout deed_element, relationship id: UInt64, _ result: QueryResult) throws {
        let record = try result.relationship(id)
        (out.id, out.source, out.target) = (id, record.source, record.target)
        let type = try allocate(1, deed_text.self)
        type.pointee = try keep(record.type)
        (out.labels, out.label_count) = (UnsafePointer(type), 1)
        out.properties = try entries(record.properties, result)
        out.property_count = record.properties.count
    }

    private mutating func fill(_ out: inout deed_value, _ path: PathValue, _ result: QueryResult) throws {
        out.type = DEED_PATH.rawValue
        let made = try allocate(1, deed_path.self)
        let entities = try allocate(path.entities.count, deed_element.self)
        for (index, id) in path.entities.enumerated() { try fill(&entities[index], entity: id, result) }
        let relationships = try allocate(path.relationships.count, deed_element.self)
        for (index, id) in path.relationships.enumerated() { try fill(&relationships[index], relationship: id, result) }
        made.pointee = deed_path(
            entities: entities, entity_count: path.entities.count, relationships: relationships,
            relationship_count: path.relationships.count)
        out.as.path = UnsafePointer(made)
    }

    private mutating func entries(
        _ properties: [(key: String, value: Value)], _ result: QueryResult
    ) throws -> UnsafePointer<deed_map_entry> {
        let entries = try allocate(properties.count, deed_map_entry.self)
        for (index, property) in properties.enumerated() {
            let key = try keep(property.key)
            (entries[index].key, entries[index].key_size) = (key.data, key.size)
            try fill(&entries[index].value, property.value, result)
        }
        return UnsafePointer(entries)
    }

    // MARK: Memory

    private mutating func keep(_ text: String) throws(DeedError) -> deed_text {
        var text = text
        let copy = text.withUTF8 { bytes in
            Result { () throws(DeedError) in try keep(UnsafeRawBufferPointer(bytes)) }
        }
        return try copy.get()
    }

    private mutating func keep(_ bytes: UnsafeRawBufferPointer) throws(DeedError) -> deed_text {
        let copy = UnsafeMutableRawPointer(try allocate(bytes.count + 1, UInt8.self))
        if let base = bytes.baseAddress { copy.copyMemory(from: base, byteCount: bytes.count) }
        return deed_text(data: UnsafePointer(copy.assumingMemoryBound(to: CChar.self)), size: bytes.count)
    }

    /// Zeroed memory that lives until the next row.
    private mutating func allocate<Element>(_ count: Int, _: Element.Type) throws(DeedError) -> UnsafeMutablePointer<Element> {
        guard let block = calloc(max(count, 1), MemoryLayout<Element>.stride) else {
            throw DeedError(.outOfMemory, "no memory for a row of the result")
        }
        blocks.append(block)
        return block.bindMemory(to: Element.self, capacity: max(count, 1))
    }
}
