// What queries put aside when it does not fit into memory: files without a name, so that nothing of them is left when they are
// closed, whatever ends the process. All files of a graph share a bound on their bytes, which leaves the disk room for commits:
// a commit that finds the disk full would stop the store.

import CDeedShims
import Glibc
import Synchronization

/// Makes the files, and counts what is in them. Any thread.
package final class TemporaryFiles: Sendable {
    package let directory: String
    /// Bytes; nil for most of what the disk has free when the first file is made.
    private let bytesMax: Int?
    private let faults: KeyValueStore.Faults?
    private let room: Mutex<Room>
    private let written = Atomic<UInt64>(0)

    private struct Room {
        var used = 0
        var limit = 0
    }

    /// Of the free bytes of the disk as many tenths as files may take.
    private static let freeTenths = 9

    init(directory: String, bytesMax: Int?, faults: KeyValueStore.Faults?) {
        (self.directory, self.bytesMax, self.faults) = (directory, bytesMax, faults)
        room = Mutex(Room())
    }

    /// Where files go that no store has a place for: what TMPDIR says, or where such files may be large. /tmp is often memory.
    static func systemDirectory() -> String {
        if let given = getenv("TMPDIR"), given.pointee != 0 { return String(cString: given) }
        return access("/var/tmp", W_OK) == 0 ? "/var/tmp" : "/tmp"
    }

    /// Bytes in files now.
    package var bytes: Int { room.withLock { $0.used } }
    /// Bytes written since the graph was opened.
    package var bytesWritten: UInt64 { written.load(ordering: .relaxed) }

    package func make() throws(DeedError) -> TemporaryFile {
        var number: Int32 = 0
        guard let file = shim_temporary_create(faults?.pointer, directory, &number) else {
            throw Self.error("made in \(directory)", number)
        }
        return TemporaryFile(file, self)
    }

    /// Throws if there is no room for so many more bytes.
    fileprivate func take(_ size: Int) throws(DeedError) {
        let isGranted = room.withLock { room in
            if room.used == 0 { room.limit = bytesMax ?? freeBytes() / 10 * Self.freeTenths }
            guard room.used + size <= room.limit else { return false }
            room.used += size
            return true
        }
        if !isGranted {
            throw DeedError(
                .diskFull, "what a query puts aside would take more of \(directory) than `temporary_limit` allows, or than is free")
        }
        written.add(UInt64(size), ordering: .relaxed)
    }

    fileprivate func giveBack(_ size: Int) { room.withLock { $0.used -= size } }

    /// What the disk has free; all that can be said of one that does not tell is that it may fail.
    private func freeBytes() -> Int {
        var found = statvfs()
        guard statvfs(directory, &found) == 0 else { return .max / 10 }
        let (bytes, overflow) = Int(clamping: found.f_bavail).multipliedReportingOverflow(by: Int(clamping: found.f_frsize))
        return overflow ? .max / 10 : bytes
    }

    fileprivate static func error(_ what: String, _ number: Int32) -> DeedError {
        let isFull = number == ENOSPC || number == EDQUOT || number == EFBIG
        return DeedError(
            isFull ? .diskFull : .ioError, "a temporary file of a query could not be \(what): \(String(cString: strerror(number)))")
    }
}

/// One file, of one thread at a time, written at its end and read anywhere.
package final class TemporaryFile {
    /// A piece of it as it was written.
    package struct Block {
        fileprivate let offset: Int
        package let size: Int
        fileprivate let checksum: UInt32
    }

    private let file: OpaquePointer
    private let files: TemporaryFiles
    private var size = 0

    fileprivate init(_ file: OpaquePointer, _ files: TemporaryFiles) { (self.file, self.files) = (file, files) }

    deinit {
        shim_temporary_destroy(file)
        files.giveBack(size)
    }

    package func append(_ bytes: UnsafeRawBufferPointer) throws(DeedError) -> Block {
        try files.take(bytes.count)
        let block = Block(offset: size, size: bytes.count, checksum: shim_checksum(bytes.baseAddress, bytes.count))
        size += bytes.count
        let number = shim_temporary_write(file, bytes.baseAddress, bytes.count, UInt64(block.offset))
        if number != 0 { throw TemporaryFiles.error("written", number) }
        return block
    }

    /// The block's bytes, which replace what is in the buffer. What does not read as it was written is an error.
    package func read(_ block: Block, into buffer: inout ByteBuffer) throws(DeedError) {
        buffer.removeAll()
        let start = buffer.appendUninitialized(block.size)
        let number = shim_temporary_read(file, start, block.size, UInt64(block.offset))
        if number != 0 { throw TemporaryFiles.error("read", number) }
        guard shim_checksum(start, block.size) == block.checksum else {
            throw DeedError(.corruption, "a temporary file of a query does not read as it was written")
        }
    }
}
