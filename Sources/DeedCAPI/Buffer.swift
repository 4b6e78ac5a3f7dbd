// The caller's deed_buffer: one record as deed.h describes it, over a RecordBuffer of the engine.

import CDeed
import DeedEngine
import DeedValues
import Glibc

final class BufferHandle {
    let graph: Graph
    let contents: RecordBuffer
    /// Made by the first look-up.
    private(set) lazy var found = IndexBuffer()
    private let record = UnsafeMutablePointer<deed_record>.allocate(capacity: 1)
    private var properties: UnsafeMutablePointer<deed_property>
    private var capacity = 16
    /// What nested values of the present record point to.
    private var nested: [UnsafeMutableRawPointer] = []

    convenience init(_ graph: Graph) {
        let seed = UInt64(UInt(bitPattern: Unmanaged.passUnretained(graph).toOpaque())) &+ UInt64(clock())
        self.init(graph, RecordBuffer(seed: seed))
    }

    init(_ graph: Graph, _ contents: RecordBuffer) {
        self.graph = graph
        self.contents = contents
        properties = .allocate(capacity: capacity)
        record.initialize(to: deed_record())
    }

    deinit {
        freeNested()
        record.deallocate()
        properties.deallocate()
    }

    /// The record that `contents` holds, in the caller's terms. Borrowed until the next use.
    @inline(__always)
    func makeRecord() throws(DeedError) -> UnsafePointer<deed_record> {
        if !nested.isEmpty { freeNested() }
        let count = contents.count
        if count > capacity {
            properties.deallocate()
            capacity = count * 2
            properties = .allocate(capacity: capacity)
        }
        for index in 0..<count {
            let property = properties + index
            property.pointee.key = contents.cells[index].key
            property.pointee.reserved = 0
            try convert(contents.cells[index].cell, into: &property.pointee.value)
        }
        record.pointee.id = contents.id
        record.pointee.source = contents.source
        record.pointee.target = contents.target
        record.pointee.table = contents.table
        record.pointee.property_count = UInt32(count)
        record.pointee.properties = UnsafePointer(properties)
        return UnsafePointer(record)
    }

    private func freeNested() {
        for block in nested { free(block) }
        nested.removeAll(keepingCapacity: true)
    }

    @inline(__always)
    private func convert(_ cell: Cell, into value: inout deed_value) throws(DeedError) {
        value.type = UInt32(cell.type.rawValue)
        value.extra = 0
        switch cell.type {
        case .int64: value.as.integer = Int64(bitPattern: cell.bits)
        case .string: setText(&value, cell.bytes)
        default: try convertOther(cell, into: &value, depth: 0)
        }
    }

    @inline(__always)
    private func setText(_ value: inout deed_value, _ bytes: UnsafeRawBufferPointer) {
        value.as.text.data = bytes.baseAddress?.assumingMemoryBound(to: CChar.self) ?? emptyText
        value.as.text.size = bytes.count
    }

    private func convertOther(_ cell: Cell, into value: inout deed_value, depth: Int) throws(DeedError) {
        value.type = UInt32(cell.type.rawValue)
        value.extra = 0
        switch cell.type {
        case .null: value.as.integer = 0
        case .bool:
            value.as.integer = 0
            value.as.boolean = cell.bits != 0
        case .int64, .date, .localTime: value.as.integer = Int64(bitPattern: cell.bits)
        case .float64: value.as.number = Double(bitPattern: cell.bits)
        case .string, .bytes: setText(&value, depth == 0 ? cell.bytes : try keep(cell.bytes))
        case .vector:
            let floats = depth == 0 ? cell.bytes : try keep(cell.bytes)
            value.as.vector.items = floats.baseAddress?.assumingMemoryBound(to: Float.self)
            value.as.vector.count = floats.count / 4
        case .decimal: setDecimal(&value, try Decimal(decoding: cell.bytes))
        case .zonedTime:
            let time = try ZonedTimeValue(decoding: cell.bytes)
            value.as.integer = time.nanoseconds
            value.extra = time.offset
        case .localDatetime, .zonedDatetime: try convertDatetime(cell, into: &value)
        case .duration:
            let duration = try DurationValue(decoding: cell.bytes)
            value.as.duration.months = duration.months
            value.as.duration.days = duration.days
            value.as.duration.seconds = duration.seconds
            value.extra = duration.nanoseconds
        case .list: try convertList(cell.bytes, into: &value, depth: depth + 1)
        case .map: try convertMap(cell.bytes, into: &value, depth: depth + 1)
        }
    }

    private func convertDatetime(_ cell: Cell, into value: inout deed_value) throws(DeedError) {
        value.as.datetime.zone = nil
        value.as.datetime.zone_size = 0
        if cell.type == .localDatetime {
            let datetime = try LocalDatetimeValue(decoding: cell.bytes)
            value.as.datetime.seconds = datetime.seconds
            value.as.datetime.nanoseconds = datetime.nanoseconds
            return
        }
        let datetime = try ZonedDatetimeValue(decoding: cell.bytes)
        value.as.datetime.seconds = datetime.seconds
        value.as.datetime.nanoseconds = datetime.nanoseconds
        value.extra = datetime.offset
        if datetime.zone.count > 0 {
            let zone = try keep(datetime.zone)
            value.as.datetime.zone = zone.baseAddress?.assumingMemoryBound(to: CChar.self)
            value.as.datetime.zone_size = UInt32(zone.count)
        }
    }

    private func convertList(_ bytes: UnsafeRawBufferPointer, into value: inout deed_value, depth: Int) throws(DeedError) {
        var reader = try ListReader(bytes, depth: depth)
        let items = try allocate(reader.count, deed_value.self)
        var index = 0
        while let cell = try reader.next() {
            try convertOther(cell, into: &items[index], depth: depth)
            index += 1
        }
        value.as.list.items = UnsafePointer(items)
        value.as.list.count = index
    }

    private func convertMap(_ bytes: UnsafeRawBufferPointer, into value: inout deed_value, depth: Int) throws(DeedError) {
        var reader = try MapReader(bytes, depth: depth)
        let entries = try allocate(reader.count, deed_map_entry.self)
        var index = 0
        while let entry = try reader.next() {
            let key = try keep(entry.key)
            entries[index].key = key.baseAddress?.assumingMemoryBound(to: CChar.self)
            entries[index].key_size = key.count
            try convertOther(entry.value, into: &entries[index].value, depth: depth)
            index += 1
        }
        value.as.map.entries = UnsafePointer(entries)
        value.as.map.count = index
    }

    /// A copy that lives as long as the record, with a NUL behind it.
    private func keep(_ bytes: UnsafeRawBufferPointer) throws(DeedError) -> UnsafeRawBufferPointer {
        let copy = UnsafeMutableRawPointer(try allocate(bytes.count + 1, UInt8.self))
        if let base = bytes.baseAddress { copy.copyMemory(from: base, byteCount: bytes.count) }
        return UnsafeRawBufferPointer(start: copy, count: bytes.count)
    }

    /// Zeroed memory that lives as long as the record.
    private func allocate<Element>(_ count: Int, _: Element.Type) throws(DeedError) -> UnsafeMutablePointer<Element> {
        guard let block = calloc(max(count, 1), MemoryLayout<Element>.stride) else {
            throw DeedError(.outOfMemory, "no memory for a nested value")
        }
        nested.append(block)
        return block.bindMemory(to: Element.self, capacity: max(count, 1))
    }
}

nonisolated(unsafe) let emptyText: UnsafePointer<CChar> = {
    let text = UnsafeMutablePointer<CChar>.allocate(capacity: 1)
    text.pointee = 0
    return UnsafePointer(text)
}()

@c @implementation
public func deed_buffer_create(
    _ database: OpaquePointer?, _ out_buffer: UnsafeMutablePointer<OpaquePointer?>?, _ out_error: ErrorOut
) -> deed_status {
    out_buffer?.pointee = nil
    return run(out_error) { () throws(DeedError) in
        try required(out_buffer, "out_buffer").pointee = retained(BufferHandle(try graph(database)))
    }
}

@c @implementation
public func deed_buffer_destroy(_ buffer: OpaquePointer?) { release(buffer, BufferHandle.self) }
