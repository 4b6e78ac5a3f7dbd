// Rows in a temporary file: several sequences of them in one file, each written a block at a time and read from its front.

import DeedEngine
import DeedValues

/// Writes sequences of rows. What has been written stays readable as long as somebody has a sequence.
final class RowFile {
    private let file: TemporaryFile
    private var buffer = ByteBuffer(capacity: 2 * RowFile.blockBytes)

    /// Bytes that a block is meant to have. A merge holds one of each sequence, and a disk wants no less at a time.
    static let blockBytes = 64 << 10

    init(_ context: QueryContext) throws { file = try context.view.graph.temporaryFiles.make() }

    /// Appends the rows of a chunk, in blocks of no more rows than makes them about as large as they should be.
    func append(_ chunk: Chunk, to sequence: RowSequence) throws {
        var first = 0
        while first < chunk.count {
            var count = min(sequence.rowsOfBlock, chunk.count - first)
            encode(chunk, first, count)
            // Rows that are larger than those before.
            while count > 1 && buffer.count > 2 * Self.blockBytes {
                count = max(1, count * Self.blockBytes / buffer.count)
                encode(chunk, first, count)
            }
            sequence.add(try file.append(buffer.bytes), of: file, rows: count)
            first += count
        }
    }

    private func encode(_ chunk: Chunk, _ first: Int, _ count: Int) {
        buffer.removeAll()
        chunk.encode(from: first, count: count, to: &buffer)
    }
}

/// Some rows of a file, in order.
final class RowSequence {
    private(set) var blocks: [TemporaryFile.Block] = []
    private(set) var rowCount = 0
    fileprivate var file: TemporaryFile?
    /// By the size of the last block.
    fileprivate var rowsOfBlock = Chunk.rowsMax / 8

    fileprivate func add(_ block: TemporaryFile.Block, of file: TemporaryFile, rows: Int) {
        blocks.append(block)
        self.file = file
        rowCount += rows
        rowsOfBlock = max(1, min(Chunk.rowsMax, RowFile.blockBytes * rows / max(block.size, 1)))
    }
}

/// Reads a sequence from its front. What a block takes in memory is counted, and does not fit if the memory limit says so.
final class RowReader {
    private let sequence: RowSequence
    private let account: MemoryAccount
    private var buffer = ByteBuffer(capacity: RowFile.blockBytes)
    private var nextBlock = 0
    /// Bytes of a row of the block that was read last, on average.
    private(set) var rowBytes = 0

    /// A block as bytes and as vectors, which for short strings are larger.
    private static let sizes = 3

    init(_ sequence: RowSequence, _ context: QueryContext) {
        self.sequence = sequence
        account = MemoryAccount(context)
    }

    func next() throws -> Chunk? {
        guard nextBlock < sequence.blocks.count, let file = sequence.file else { return nil }
        let block = sequence.blocks[nextBlock]
        nextBlock += 1
        let bytes = block.size * Self.sizes
        if bytes > account.bytes { try account.charge(bytes - account.bytes) }
        try file.read(block, into: &buffer)
        let chunk = try Chunk(decoding: buffer.bytes)
        rowBytes = block.size / max(chunk.count, 1)
        return chunk
    }
}
