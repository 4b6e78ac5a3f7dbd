// A table's rows as an Arrow C stream: one record batch for each segment image, made when it is asked for.
//
//   id, source, target            uint64, without copying
//   int64, float64, localTime     int64, float64, time64[ns], without copying
//   bool, date                    bool, date32
//   string, bytes                 large_utf8, large_binary: the schema is fixed before the data is known, and the
//                                 strings of one segment may exceed the 2 GiB that 32-bit offsets reach. Not
//                                 utf8_view: it would save copying, but many consumers cannot yet compute with it
//   localDatetime, zonedDatetime  timestamp[us], timestamp[us, UTC]: nanoseconds would reach from 1677 to 2262 only.
//                                 Digits below a microsecond are dropped
//   vector                        large_list<float32>, since vectors of one key may differ in size
//   all else, and mixed types     large_utf8 with the text of ValueText.swift
//
// Every array keeps its image, and through it the memory, alive by itself: children may be moved out, and all of it may
// outlive the stream and the database.

import CDeed
import DeedEngine
import Glibc

/// A column of an exported stream.
struct ArrowOutputColumn {
    enum Source {
        case id, source, target
        /// The type that all rows agree on, or nil.
        case property(key: NameId, type: ValueType?)
    }

    let name: String
    let source: Source

    init(name: String, source: Source) {
        self.name = name
        self.source = source
    }

    var format: String {
        guard case .property(_, let type) = source else { return "L" }
        return switch type {
        case .bool: "b"
        case .int64: "l"
        case .float64: "g"
        case .bytes: "Z"
        case .date: "tdD"
        case .localTime: "ttn"
        case .localDatetime: "tsu:"
        case .zonedDatetime: "tsu:UTC"
        case .vector: "+L"
        default: "U"
        }
    }
}

/// Fills in `stream`, which then belongs to whoever it is given to. `next` gives the images one after another and nil
/// at the end; it is called on the consumer's threads, one call at a time, and released with the stream.
func exportStream(
    schema columns: [ArrowOutputColumn], next: @escaping () throws(DeedError) -> SegmentImage?,
    into stream: UnsafeMutablePointer<ArrowArrayStream>
) {
    exportStream(
        schema: { schemaParts(of: columns) },
        next: { () throws(DeedError) in
            while let image = try next() {
                if image.rowCount > 0 { return try batch(of: image, columns) }
            }
            return nil
        }, into: stream)
}

private func schemaParts(of columns: [ArrowOutputColumn]) -> ArrowSchemaParts {
    let children = columns.map { column in
        let items: [ArrowSchemaParts] =
            column.format == "+L" ? [ArrowSchemaParts(format: "f", name: "item", isNullable: false, children: [])] : []
        return ArrowSchemaParts(
            format: column.format, name: column.name, isNullable: column.format != "L", children: items)
    }
    return ArrowSchemaParts(format: "+s", name: "", isNullable: false, children: children)
}

private func batch(of image: SegmentImage, _ columns: [ArrowOutputColumn]) throws(DeedError) -> ArrowArrayParts {
    let batch = ArrowArrayParts(length: image.rowCount)
    batch.addBuffer(nil)
    for column in columns {
        let child: ArrowArrayParts
        switch column.source {
        case .id: child = idArray(image.ids, image)
        case .source: child = idArray(try ends(image.sources), image)
        case .target: child = idArray(try ends(image.targets), image)
        case .property(let key, let type):
            child = try ArrowChunkExport(image: image, name: column.name, key: key, type: type).array()
        }
        batch.add(child)
    }
    return batch
}

private func ends(_ ends: UnsafeMutablePointer<UInt64>?) throws(DeedError) -> UnsafeMutablePointer<UInt64> {
    guard let ends else { throw DeedError(.internalError, "entities have no ends") }
    return ends
}

private func idArray(_ ids: UnsafeMutablePointer<UInt64>, _ image: SegmentImage) -> ArrowArrayParts {
    let array = ArrowArrayParts(length: image.rowCount)
    array.keep(image)
    array.addBuffer(nil)
    array.addBuffer(ids)
    return array
}
