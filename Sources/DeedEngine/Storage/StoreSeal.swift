// Checksums of everything that a closed store consists of. RocksDB checks each block of a table when it reads it, and keeps
// a checksum of the whole file in its manifest; the manifest and the other small files have theirs in the seal.
//
// The seal is written when a store is closed, and lists every file with its size and, but for tables, its checksum. It
// counts only as long as CURRENT names the manifest that it names: the first thing that an open for writing does is to
// start another manifest, so a seal that a crash left behind says nothing. Without the seal a flipped bit could make the
// end of the manifest or of the log look like the torn end that a crash leaves, and what comes after would be gone.
//
// The file SEAL, byte by byte: format 1, varint count, and for each file its sized name, varint size, kind (0 table,
// 1 other), fixed32 checksum; at the end the fixed32 checksum of all that.

import CDeedShims
import CRocksDB
import Glibc

/// What the store was when it was closed.
struct StoreSeal {
    static let fileName = "SEAL"
    private static let format: UInt8 = 1

    struct File {
        var name: String
        var size: UInt64
        var isTable: Bool
        var checksum: UInt32
    }

    var files: [File] = []

    /// The manifest that was in use.
    var manifest: String? { files.first { $0.name.hasPrefix("MANIFEST-") }?.name }

    func encode() -> ByteBuffer {
        var out = ByteBuffer(capacity: 1024)
        out.append(Self.format)
        out.append(varint: UInt64(files.count))
        for file in files {
            var name = file.name
            name.withUTF8 { out.append(sized: UnsafeRawBufferPointer($0)) }
            out.append(varint: file.size)
            out.append(file.isTable ? 0 : 1)
            out.append(fixed32: file.checksum)
        }
        out.append(fixed32: shim_checksum(out.bytes.baseAddress, out.count))
        return out
    }

    init() {}

    init(_ content: [UInt8]) throws(DeedError) {
        let copy = UnsafeMutableRawBufferPointer.allocate(byteCount: content.count, alignment: 8)
        defer { copy.deallocate() }
        copy.copyBytes(from: content)
        let sumBytes = 4
        guard copy.count > sumBytes else { throw Self.damaged }
        let size = copy.count - sumBytes
        var end = ByteReader(UnsafeRawBufferPointer(rebasing: copy[size...]))
        guard try end.readFixed32() == shim_checksum(copy.baseAddress, size) else { throw Self.damaged }
        var reader = ByteReader(UnsafeRawBufferPointer(rebasing: copy[..<size]))
        guard try reader.readByte() == Self.format else { throw Self.damaged }
        for _ in 0..<(try reader.readCount(max: 1 << 24)) {
            let name = String(decoding: try reader.readSized(), as: UTF8.self)
            let size = try reader.readVarint()
            let isTable = try reader.readByte() == 0
            files.append(File(name: name, size: size, isTable: isTable, checksum: try reader.readFixed32()))
        }
    }

    private static var damaged: DeedError { DeedError(.corruption, "the file \(fileName) is damaged") }
}

extension KeyValueStore {
    /// Something about a file that is not as it was written.
    package struct FileProblem: Sendable {
        package var name: String
        package var text: String
    }

    /// Writes the seal of a store that has just been closed, unless another has opened it since or the disk refuses: a
    /// store without a seal is as good as any after a crash.
    static func seal(_ path: String, _ environment: OpaquePointer) {
        guard let lock = try? lock(path, environment) else { return }
        defer { shim_unlock(environment, lock) }
        var seal = StoreSeal()
        forEachFile(in: path) { name, file in
            guard isSealed(name) else { return }
            let isTable = name.hasSuffix(".sst")
            var entry = StoreSeal.File(name: name, size: 0, isTable: isTable, checksum: 0)
            if isTable {
                var info = stat()
                if stat(file, &info) == 0 { entry.size = UInt64(info.st_size) }
            } else {
                _ = shim_file_checksum(environment, file, &entry.size, &entry.checksum)
            }
            // The log of a closed store is empty, and nobody misses it.
            if entry.size > 0 { seal.files.append(entry) }
        }
        let content = seal.encode()
        _ = try? checkingRocksDB(path) {
            shim_replace_file(environment, path, StoreSeal.fileName, content.bytes.chars, content.count, $0)
        }
    }

    /// The lock that an open store has, for work on the files of one that is not open.
    static func lock(_ path: String, _ environment: OpaquePointer) throws(DeedError) -> UnsafeMutableRawPointer {
        guard let lock = try checkingRocksDB(path, { shim_lock(environment, path, $0) }) else {
            throw DeedError(.storeLocked, "the store \(path) is locked")
        }
        return lock
    }

    /// RocksDB's own files, but for its lock.
    private static func isSealed(_ name: String) -> Bool {
        name == "CURRENT" || name == "IDENTITY" || name.hasPrefix("MANIFEST-") || name.hasPrefix("OPTIONS-")
            || name.hasSuffix(".sst") || name.hasSuffix(".log")
    }

    static func removeSeal(_ path: String) { unlink("\(path)/\(StoreSeal.fileName)") }

    /// A store whose small files are damaged is not opened.
    static func checkSeal(_ path: String) throws(DeedError) {
        guard let first = problems(ofSealed: path, everything: false).first else { return }
        throw DeedError(.corruption, "the store \(path): the file \(first.name) \(first.text)")
    }

    /// What differs from the seal; nothing if there is no seal that counts. With `everything` also files that an open
    /// could do without. Beside a process that opens the store for writing its changes are not taken for damage.
    static func problems(ofSealed path: String, everything: Bool) -> [FileProblem] {
        guard let environment = shim_environment_create(nil, false) else { return [] }
        defer { rocksdb_env_destroy(environment) }
        for _ in 0..<3 {
            let found = compareWithSeal(path, environment, everything: everything)
            // The seal may have been removed, and files with it, while they were looked at.
            if found.isEmpty || access("\(path)/\(StoreSeal.fileName)", F_OK) == 0 { return found }
        }
        return []
    }

    private static func compareWithSeal(_ path: String, _ environment: OpaquePointer, everything: Bool) -> [FileProblem] {
        guard let content = readWholeFile("\(path)/\(StoreSeal.fileName)") else { return [] }
        let seal: StoreSeal
        do throws(DeedError) {
            seal = try StoreSeal(content)
        } catch {
            return everything ? [FileProblem(name: StoreSeal.fileName, text: error.message)] : []
        }
        var problems: [FileProblem] = []
        for file in seal.files {
            if let text = difference(file, path, environment) { problems.append(FileProblem(name: file.name, text: text)) }
        }
        let current = String(decoding: readWholeFile("\(path)/CURRENT") ?? [], as: UTF8.self)
        let isInForce = current == "\(seal.manifest ?? "")\n"
        // A seal that an earlier run left is about files that are no more. But a CURRENT that names nothing is damaged.
        let target = String(current.prefix { $0 != "\n" })
        if !isInForce && target.hasPrefix("MANIFEST-") && access("\(path)/\(target)", F_OK) == 0 { return [] }
        return problems.filter { everything || isNeeded($0.name) }
    }

    /// RocksDB does without the others, and finds missing and damaged tables by itself.
    static func isNeeded(_ name: String) -> Bool {
        name == "CURRENT" || name.hasPrefix("MANIFEST-") || name.hasSuffix(".log")
    }

    private static func difference(_ file: StoreSeal.File, _ path: String, _ environment: OpaquePointer) -> String? {
        let name = "\(path)/\(file.name)"
        var info = stat()
        guard stat(name, &info) == 0 else { return "is missing" }
        if UInt64(info.st_size) != file.size { return "has \(info.st_size) bytes instead of \(file.size)" }
        if file.isTable { return nil }
        var (size, checksum): (UInt64, UInt32) = (0, 0)
        guard shim_file_checksum(environment, name, &size, &checksum) else { return "cannot be read" }
        return checksum == file.checksum ? nil : "does not have the checksum that it was closed with"
    }
}

/// The content of a small file; nil if it cannot be read.
func readWholeFile(_ path: String) -> [UInt8]? {
    let file = Glibc.open(path, O_RDONLY | O_CLOEXEC)
    guard file >= 0 else { return nil }
    defer { Glibc.close(file) }
    var content: [UInt8] = []
    var block = [UInt8](repeating: 0, count: 65_536)
    while true {
        let count = read(file, &block, block.count)
        if count < 0 { return nil }
        if count == 0 { return content }
        content.append(contentsOf: block[..<count])
    }
}
