// Collects rows from chunks that may be small, or come from different places, into one dense chunk of at most
// `Chunk.rowsMax` rows.

import DeedEngine
import DeedValues

final class ChunkBuilder {
    private var builders: [ColumnBuilder?]
    private(set) var count = 0
    let width: Int
    private let capacity: Int

    /// `width`: columns of the chunks that come; `capacity`: rows, at most `Chunk.rowsMax`.
    init(width: Int, capacity: Int = Chunk.rowsMax) {
        (self.width, self.capacity) = (width, capacity)
        builders = Array(repeating: nil, count: width)
    }

    var room: Int { capacity - count }

    /// Rows `first ..< first + added`, for which there must be room. A column that some rows lack is null there.
    func append(_ chunk: Chunk, from first: Int, count added: Int) {
        for slot in 0..<min(width, chunk.columns.count) where builders[slot] == nil && chunk.columns[slot] != nil {
            let builder = ColumnBuilder(capacity: capacity)
            for _ in 0..<count { builder.appendNull() }
            builders[slot] = builder
        }
        for slot in builders.indices {
            guard let builder = builders[slot] else { continue }
            if slot < chunk.columns.count, let column = chunk.columns[slot] {
                builder.append(column, from: first, count: added)
            } else {
                for _ in 0..<added { builder.appendNull() }
            }
        }
        count += added
    }

    /// Bytes that the rows so far take.
    var bytes: Int {
        if count == 0 { return 0 }
        return builders.reduce(0) { $0 + ($1?.bytes ?? 0) }
    }

    /// Bytes of what the values so far point to.
    var bytesOutside: Int { builders.reduce(0) { $0 + ($1?.bytesOutside ?? 0) } }

    /// The rows so far, and the bytes that they take; nil if there are none.
    func take() -> (chunk: Chunk, bytes: Int)? {
        if count == 0 { return nil }
        var chunk = Chunk(slots: width, count: count)
        var bytes = 0
        for slot in builders.indices {
            guard let builder = builders[slot] else { continue }
            bytes += builder.bytes
            chunk.columns[slot] = ChunkColumn(builder.finish())
        }
        count = 0
        return (chunk, bytes)
    }

    func clear() {
        builders = Array(repeating: nil, count: width)
        count = 0
    }
}
