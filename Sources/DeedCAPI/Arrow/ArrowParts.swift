// What stands behind an exported ArrowArray or ArrowSchema: its buffers, strings and children, and what keeps borrowed
// memory alive. The struct owns one reference to it, which its release callback gives up.

import CDeed
import DeedEngine
import Glibc

/// Builds an ArrowArray. Dropped before `move`, it frees everything.
final class ArrowArrayParts {
    private let length: Int
    var nullCount = 0
    private var buffers: [UnsafeRawPointer?] = []
    private var owned: [UnsafeMutableRawPointer] = []
    private var kept: [AnyObject] = []
    private var children: [UnsafeMutablePointer<ArrowArray>] = []
    /// The arrays that the C struct points at, made by `move`.
    private var bufferTable: UnsafeMutablePointer<UnsafeRawPointer?>?
    private var childTable: UnsafeMutablePointer<UnsafeMutablePointer<ArrowArray>?>?

    init(length: Int) { self.length = length }

    deinit {
        for child in children {
            // A child that was moved out is marked as released.
            child.pointee.release?(child)
            child.deallocate()
        }
        for block in owned { free(block) }
        bufferTable?.deallocate()
        childTable?.deallocate()
    }

    /// Keeps an object alive as long as the array: one whose memory a buffer points into.
    func keep(_ object: AnyObject) { kept.append(object) }

    /// A buffer that lives elsewhere, or none.
    func addBuffer(_ buffer: UnsafeRawPointer?) { buffers.append(buffer) }

    /// A buffer of its own, zeroed and aligned to 64 bytes as Arrow recommends.
    func allocateBuffer(_ size: Int) throws(DeedError) -> UnsafeMutableRawPointer {
        let rounded = (max(size, 1) + 63) & ~63
        var block: UnsafeMutableRawPointer?
        guard posix_memalign(&block, 64, rounded) == 0, let block else {
            throw DeedError(.outOfMemory, "no memory for an Arrow buffer of \(size) bytes")
        }
        memset(block, 0, rounded)
        owned.append(block)
        buffers.append(block)
        return block
    }

    func add(_ child: ArrowArrayParts) {
        let array = UnsafeMutablePointer<ArrowArray>.allocate(capacity: 1)
        child.move(into: array)
        children.append(array)
    }

    /// Hands everything over to a C struct.
    func move(into out: UnsafeMutablePointer<ArrowArray>) {
        let table = UnsafeMutablePointer<UnsafeRawPointer?>.allocate(capacity: max(buffers.count, 1))
        for (index, buffer) in buffers.enumerated() { (table + index).initialize(to: buffer) }
        bufferTable = table
        if !children.isEmpty {
            let pointers = UnsafeMutablePointer<UnsafeMutablePointer<ArrowArray>?>.allocate(capacity: children.count)
            for (index, child) in children.enumerated() { (pointers + index).initialize(to: child) }
            childTable = pointers
        }
        out.initialize(
            to: ArrowArray(
                length: Int64(length), null_count: Int64(nullCount), offset: 0, n_buffers: Int64(buffers.count),
                n_children: Int64(children.count), buffers: table, children: childTable, dictionary: nil,
                release: { array in
                    guard let array, let data = array.pointee.private_data else { return }
                    array.pointee.release = nil
                    array.pointee.private_data = nil
                    Unmanaged<ArrowArrayParts>.fromOpaque(data).release()
                },
                private_data: Unmanaged.passRetained(self).toOpaque()))
    }
}

/// Builds an ArrowSchema, in the same way.
final class ArrowSchemaParts {
    private let format: UnsafeMutablePointer<CChar>?
    private let name: UnsafeMutablePointer<CChar>?
    private let isNullable: Bool
    private let childTable: UnsafeMutablePointer<UnsafeMutablePointer<ArrowSchema>?>
    private let childCount: Int

    /// A NUL in the name would end it: the C data interface has no length for it.
    init(format: String, name: String, isNullable: Bool, children: [ArrowSchemaParts]) {
        self.format = strdup(format)
        self.name = strdup(name)
        self.isNullable = isNullable
        childCount = children.count
        childTable = .allocate(capacity: max(childCount, 1))
        for (index, child) in children.enumerated() {
            let schema = UnsafeMutablePointer<ArrowSchema>.allocate(capacity: 1)
            child.move(into: schema)
            (childTable + index).initialize(to: schema)
        }
    }

    deinit {
        for index in 0..<childCount {
            guard let child = childTable[index] else { continue }
            child.pointee.release?(child)
            child.deallocate()
        }
        childTable.deallocate()
        free(format)
        free(name)
    }

    func move(into out: UnsafeMutablePointer<ArrowSchema>) {
        out.initialize(
            to: ArrowSchema(
                format: format, name: name, metadata: nil, flags: isNullable ? Int64(ARROW_FLAG_NULLABLE) : 0,
                n_children: Int64(childCount), children: childCount > 0 ? childTable : nil, dictionary: nil,
                release: { schema in
                    guard let schema, let data = schema.pointee.private_data else { return }
                    schema.pointee.release = nil
                    schema.pointee.private_data = nil
                    Unmanaged<ArrowSchemaParts>.fromOpaque(data).release()
                },
                private_data: Unmanaged.passRetained(self).toOpaque()))
    }
}
