// Making views of foreign arrays. The C data interface does not tell the sizes of buffers, so those are trusted to
// match the lengths; all that can be checked is: counts, missing buffers, offsets, indices, run ends, UTF-8.

import CDeed
import DeedEngine

/// Makes views and owns their memory.
final class ArrowViewMemory {
    private var blocks: [UnsafeMutablePointer<ArrowView>] = []

    func allocate(_ count: Int) -> UnsafeMutablePointer<ArrowView> {
        let block = UnsafeMutablePointer<ArrowView>.allocate(capacity: max(count, 1))
        block.initialize(repeating: ArrowView(), count: count)
        blocks.append(block)
        return block
    }

    deinit {
        for block in blocks { block.deallocate() }
    }

    /// A view of `length` values of an array from `start` on, or of all of it. firstRow is the stream's row of the
    /// first value, for messages; nil for arrays inside others.
    func view(
        of field: ArrowField, _ source: UnsafePointer<ArrowArray>?, start: Int = 0, length wanted: Int? = nil,
        firstRow: Int?
    ) throws(DeedError) -> ArrowView {
        guard let array = source?.pointee, array.release != nil else { throw invalid(field, "an array is missing") }
        let limit = Int64(1) << 46
        guard 0...limit ~= array.length, 0...limit ~= array.offset, array.null_count >= -1 else {
            throw invalid(field, "an array's length, offset or null count is out of range")
        }
        let length = wanted ?? Int(array.length)
        guard start + length <= Int(array.length) else {
            throw invalid(field, "an array has \(array.length) values where \(start + length) are needed")
        }
        try checkCounts(field, array)
        var view = ArrowView()
        view.length = length
        view.offset = Int(array.offset) + start
        try setValidity(&view, field, array)
        try setBuffers(&view, field, array)
        try setChildren(&view, field, array)
        try check(view, field, array, firstRow)
        return view
    }

    private func checkCounts(_ field: ArrowField, _ array: ArrowArray) throws(DeedError) {
        let buffers = field.kind.bufferCount
        // Some producers still give null arrays the validity buffer that they had before Arrow 1.0.
        let isRight =
            switch field.kind {
            case .bytes(.views, _): array.n_buffers >= buffers
            case .null: array.n_buffers <= 1
            default: array.n_buffers == buffers
            }
        guard isRight, array.n_buffers >= 0, array.n_buffers == 0 || array.buffers != nil else {
            throw invalid(field, "an array has \(array.n_buffers) buffers, not \(buffers)")
        }
        let isDictionary = array.dictionary != nil
        let children = isDictionary ? 1 : field.children.count
        guard array.n_children == (isDictionary ? 0 : children), children == 0 || isDictionary || array.children != nil
        else {
            throw invalid(field, "an array has \(array.n_children) children, not \(children)")
        }
        if case .dictionary = field.kind {
            guard isDictionary else { throw invalid(field, "an array lacks its dictionary") }
        } else if isDictionary {
            throw invalid(field, "an array has a dictionary that its schema lacks")
        }
    }

    private func setValidity(_ view: inout ArrowView, _ field: ArrowField, _ array: ArrowArray) throws(DeedError) {
        switch field.kind {
        case .null: return
        case .runEnd:
            guard array.null_count <= 0 else { throw invalid(field, "a run-end encoded array has nulls of its own") }
            return
        default: break
        }
        guard array.null_count != 0, view.length > 0 else { return }
        guard let bits = array.buffers[0] else {
            if array.null_count > 0 { throw invalid(field, "an array has nulls but no validity buffer") }
            return
        }
        if hasZeroBit(bits, view.offset, view.length) { view.validity = bits }
    }

    private func hasZeroBit(_ bits: UnsafeRawPointer, _ first: Int, _ count: Int) -> Bool {
        var position = first
        let end = first + count
        while position < end {
            if position & 7 == 0 && end - position >= 8 {
                if bits.load(fromByteOffset: position >> 3, as: UInt8.self) != 0xff { return true }
                position += 8
            } else {
                if !ArrowView.bit(bits, position) { return true }
                position += 1
            }
        }
        return false
    }

    private func setBuffers(_ view: inout ArrowView, _ field: ArrowField, _ array: ArrowArray) throws(DeedError) {
        let kind = field.kind
        guard view.length > 0, kind.bufferCount > 1 else { return }
        let (shift, overflow) = view.offset.multipliedReportingOverflow(by: kind.stride)
        let (_, tooLong) = (view.offset + view.length).multipliedReportingOverflow(by: kind.stride)
        guard !overflow, !tooLong else { throw invalid(field, "an array's length is out of range") }
        if let values = array.buffers[1] {
            view.values = values + shift
        } else if kind.stride > 0 || kind == .bool {
            throw invalid(field, "an array lacks its buffer of values")
        }
        switch kind {
        case .bytes(.offsets32, _), .bytes(.offsets64, _):
            // May be missing when all values are empty; the offsets tell, below.
            if let data = array.buffers[2] { view.data = data }
        case .bytes(.views, _):
            view.blocks = UnsafeRawPointer(array.buffers + 2).assumingMemoryBound(to: UnsafeRawPointer?.self)
        case .listView:
            guard let sizes = array.buffers[2] else { throw invalid(field, "an array lacks its buffer of sizes") }
            view.data = sizes + shift
        default: break
        }
    }

    private func setChildren(_ view: inout ArrowView, _ field: ArrowField, _ array: ArrowArray) throws(DeedError) {
        guard !field.children.isEmpty else { return }
        let children = allocate(field.children.count)
        view.children = children
        if case .dictionary = field.kind {
            children[0] = try self.view(of: field.children[0], array.dictionary, firstRow: nil)
            view.hasIndirectNulls = canBeNull(children[0], field.children[0])
            return
        }
        for (index, child) in field.children.enumerated() {
            children[index] = try self.view(of: child, array.children[index], firstRow: nil)
        }
        if field.kind == .runEnd { view.hasIndirectNulls = canBeNull(children[1], field.children[1]) }
    }

    private func canBeNull(_ view: ArrowView, _ field: ArrowField) -> Bool {
        view.validity != nil || view.hasIndirectNulls || field.kind == .null
    }

    // MARK: Contents

    private func check(_ view: ArrowView, _ field: ArrowField, _ array: ArrowArray, _ firstRow: Int?) throws(DeedError)
    {
        let child = view.children?.pointee.length ?? 0
        switch field.kind {
        case .bytes(.offsets32, let isText):
            try checkOffsets(view, field, Int32.self, limit: nil)
            try checkBytes(
                view, field, .offsets32, isText: isText, hasData: view.length > 0 && array.buffers[2] != nil, firstRow)
        case .bytes(.offsets64, let isText):
            try checkOffsets(view, field, Int64.self, limit: nil)
            try checkBytes(
                view, field, .offsets64, isText: isText, hasData: view.length > 0 && array.buffers[2] != nil, firstRow)
        case .bytes(.views, let isText):
            try checkViews(view, field, array)
            if isText { try checkEachText(view, field, .views, firstRow) }
        case .list(true): try checkOffsets(view, field, Int64.self, limit: child)
        case .list(false), .map:
            try checkOffsets(view, field, Int32.self, limit: child)
            if field.kind == .map { try checkMapKeys(view, field) }
        case .listView(true): try checkListViews(view, field, Int64.self, limit: child)
        case .listView(false): try checkListViews(view, field, Int32.self, limit: child)
        case .fixedList(let size), .vector(let size):
            let (needed, overflow) = (view.offset + view.length).multipliedReportingOverflow(by: size)
            guard !overflow, needed <= child else { throw invalid(field, "the items of its lists are missing") }
        case .structure:
            for (index, inner) in field.children.enumerated() {
                let length = view.children?[index].length ?? 0
                guard length >= view.offset + view.length else {
                    throw invalid(inner, "values of a struct are missing")
                }
            }
        case .dictionary(let width, let isSigned):
            try checkIndices(view, field, width, isSigned, limit: child, firstRow)
        case .runEnd: try checkRuns(view, field)
        default: break
        }
    }

    private func checkOffsets<Offset: SignedInteger & FixedWidthInteger & BitwiseCopyable>(
        _ view: ArrowView, _ field: ArrowField, _: Offset.Type, limit: Int?
    ) throws(DeedError) {
        guard view.length > 0 else { return }
        let values = view.values
        var previous = values.loadUnaligned(as: Offset.self)
        // A sign bit stays set once an offset is negative or smaller than the one before.
        var signs = previous
        for index in 1...view.length {
            let next = values.loadUnaligned(fromByteOffset: index &* MemoryLayout<Offset>.size, as: Offset.self)
            signs |= next | (next &- previous)
            previous = next
        }
        guard signs >= 0, limit.map({ Int(previous) <= $0 }) ?? true else {
            throw invalid(field, "the offsets of an array are not in order or point outside")
        }
    }

    private func checkBytes(
        _ view: ArrowView, _ field: ArrowField, _ layout: ArrowByteLayout, isText: Bool, hasData: Bool, _ firstRow: Int?
    ) throws(DeedError) {
        guard view.length > 0 else { return }
        let first = view.bytes(0, layout)
        let last = view.bytes(view.length - 1, layout)
        guard let start = first.baseAddress, let end = last.baseAddress.map({ $0 + last.count }) else { return }
        guard hasData || start == end else { throw invalid(field, "an array lacks its buffer of bytes") }
        let whole = UnsafeRawBufferPointer(start: start, count: end - start)
        if !isText || isASCII(whole) { return }
        // All values at once; each value is text if the whole is and none begins in the middle of a character. Values
        // that are null may hold anything, so failing that, one by one.
        var isText = isValidUTF8(whole)
        for index in 1..<max(view.length, 1) where isText {
            let address = view.bytes(index, layout).baseAddress.unsafelyUnwrapped
            isText = address == end || address.load(as: UInt8.self) & 0xc0 != 0x80
        }
        if !isText { try checkEachText(view, field, layout, firstRow) }
    }

    private func checkEachText(
        _ view: ArrowView, _ field: ArrowField, _ layout: ArrowByteLayout, _ firstRow: Int?
    ) throws(DeedError) {
        for index in 0..<view.length where view.isValid(index) && !isValidUTF8(view.bytes(index, layout)) {
            throw invalid(field, "text is not UTF-8", row: firstRow.map { $0 + index })
        }
    }

    private func checkViews(_ view: ArrowView, _ field: ArrowField, _ array: ArrowArray) throws(DeedError) {
        let blockCount = Int(array.n_buffers) - 3
        let sizes = array.buffers[blockCount + 2]
        for index in 0..<view.length where view.isValid(index) {
            let entry = view.values + index * 16
            let size = Int64(entry.loadUnaligned(as: Int32.self))
            var isRight = size >= 0
            if size > 12 {
                let block = Int(entry.loadUnaligned(fromByteOffset: 8, as: Int32.self))
                let start = Int64(entry.loadUnaligned(fromByteOffset: 12, as: Int32.self))
                isRight = 0..<blockCount ~= block && start >= 0
                if isRight, let sizes, array.buffers[2 + block] != nil {
                    isRight = start + size <= sizes.loadUnaligned(fromByteOffset: block * 8, as: Int64.self)
                } else {
                    isRight = false
                }
            }
            guard isRight else { throw invalid(field, "a view of an array points outside") }
        }
    }

    private func checkListViews<Offset: SignedInteger & FixedWidthInteger & BitwiseCopyable>(
        _ view: ArrowView, _ field: ArrowField, _: Offset.Type, limit: Int
    ) throws(DeedError) {
        for index in 0..<view.length where view.isValid(index) {
            let start = Int(view.value(index, as: Offset.self))
            let size = view.size(index, as: Offset.self)
            guard start >= 0, size >= 0, start <= limit, size <= limit - start else {
                throw invalid(field, "the offsets of an array point outside")
            }
        }
    }

    private func checkMapKeys(_ view: ArrowView, _ field: ArrowField) throws(DeedError) {
        guard let entries = view.children?.pointee, let keys = entries.children?.pointee else { return }
        let keyField = field.children[0].children[0]
        guard entries.validity == nil else { throw invalid(field, "an entry of a map is null") }
        guard keys.validity != nil || keys.hasIndirectNulls else { return }
        for index in 0..<view.length where view.isValid(index) {
            for item in view.items(index, field.kind) where !keys.isPresent(entries.offset + item, keyField) {
                throw invalid(field, "a key of a map is null")
            }
        }
    }

    private func checkIndices(
        _ view: ArrowView, _ field: ArrowField, _ width: Int, _ isSigned: Bool, limit: Int, _ firstRow: Int?
    ) throws(DeedError) {
        for index in 0..<view.length {
            let value = view.integer(index, width: width, isSigned: isSigned)
            if !(0..<limit ~= value) && view.isValid(index) {
                throw invalid(field, "an index lies outside its dictionary", row: firstRow.map { $0 + index })
            }
        }
    }

    private func checkRuns(_ view: ArrowView, _ field: ArrowField) throws(DeedError) {
        guard view.length > 0, let children = view.children else { return }
        let ends = children[0]
        let width = field.children[0].kind.stride
        var previous = 0
        var isRight = ends.validity == nil && ends.length <= children[1].length
        for index in 0..<ends.length where isRight {
            let end = ends.integer(index, width: width, isSigned: true)
            isRight = end > previous
            previous = end
        }
        guard isRight, previous >= view.offset + view.length else {
            throw invalid(field, "the run ends of an array are not in order or too short")
        }
    }

    private func invalid(_ field: ArrowField, _ cause: String, row: Int? = nil) -> DeedError {
        let place = row.map { ", row \($0)" } ?? ""
        return DeedError(.invalidArgument, "column '\(field.path)'\(place): \(cause)")
    }
}
