// Every bound of the engine in one place, with the reason for its value.

package enum Limits {
    /// Rows of a segment. 14 bits of an id; a chunk of 8-byte values is then 128 KiB.
    package static let segmentRowBits: UInt64 = 14
    package static let segmentRows = 1 << 14
    /// Bits of an id that number the segment; what is above them is the partition.
    package static let segmentBits: UInt64 = 40
    /// Segments of one kind in one store (2^42 rows); bounds the directory's top level to 512 KiB of address space.
    package static let segmentsMax = 1 << 28
    /// Rows handled under one hold of a latch.
    package static let vectorRows = 2048
    /// One name: collection, relationship type, property key. Two bytes of length in the log.
    package static let nameBytesMax = 65_535
    /// Names of one kind. A hostile stream of names must not fill memory.
    package static let namesMax = 1 << 20
    /// One string, bytes, list, map or vector value, encoded. The slot's length has 32 bits; half of that is plenty.
    package static let valueBytesMax = 1 << 30
    /// Lists and maps inside each other. Bounds recursion on untrusted input.
    package static let nestingMax = 64
    /// Properties of one row.
    package static let propertiesMax = 65_535
    /// Bytes of a key in an index. Longer ones are cut, and what they lead to is compared in full.
    package static let indexKeyBytesMax = 1024
    /// Properties of one index.
    package static let indexPropertiesMax = 16
    /// Entries of a node of an index: two arrays of 2 KiB, so that moving half of one stays below 100 ns.
    package static let indexNodeEntries = 256
    /// The encoded effects of one transaction, held in memory until commit and written as one batch.
    package static let transactionLogBytesMax = 2 << 30
    /// How long a change of a table waits for transactions that have written it: what is a transaction of its own has ended long before.
    package static let alterationMillisecondsMax = 1_000
    /// Savepoints of one transaction, which go through them from the last one on.
    package static let savepointsMax = 10_000
    /// The name of a prepared transaction, as other systems have it.
    package static let gidBytesMax = 200
    /// One value of the log; a transaction's effects are cut into pieces of this size within one atomic write.
    package static let logPieceBytes = 1 << 20
    /// Log below the mark that stays unless told otherwise, beyond the newest stretch: when checkpoints follow each other
    /// closely, second processes find more of it than was written between two of their looks.
    package static let followedLogBytes = 1 << 20
    /// Bulk loads below this many rows go through the log row by row, as single adds do.
    package static let bulkRowsMin = 8_192
    /// Threads that help with queries. More than processors is no use, and no machine has more that are worth waking.
    package static let workersMax = 64
    /// Rows below which a scan is one thread's, unless told otherwise: waking another takes as long as looking at tens of
    /// thousands of them.
    package static let parallelRowsMin = 65_536
    /// Properties of one constraint or key.
    package static let constraintPropertiesMax = 16
    /// Values that a property may be confined to, or pairs of collections; each write goes through them one by one.
    package static let constraintValuesMax = 1_000
    /// The values in one constraint, together.
    package static let constraintBytesMax = 1 << 20
    /// Constraints of one table; each write looks at all of them.
    package static let constraintsOfTableMax = 256
}
