// What the tests of the storage folder share: a seeded generator, scratch directories, and bytes from text.

import Glibc

@testable import DeedEngine

/// SplitMix64: the same numbers on every machine for one seed.
struct SeededRandom: RandomNumberGenerator {
    private var state: UInt64

    init(_ seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var value = state
        value = (value ^ value >> 30) &* 0xBF58_476D_1CE4_E5B9
        value = (value ^ value >> 27) &* 0x94D0_49BB_1331_11EB
        return value ^ value >> 31
    }
}

/// A directory that goes with the test.
final class ScratchDirectory {
    let path: String

    init() {
        var template = Array("/tmp/deed-storage-XXXXXX".utf8CString)
        path = template.withUnsafeMutableBufferPointer { String(cString: mkdtemp($0.baseAddress!)) }
    }

    deinit { removeTree(path) }
}

func removeTree(_ path: String) {
    for name in fileNames(in: path) {
        if unlink("\(path)/\(name)") != 0 { removeTree("\(path)/\(name)") }
    }
    rmdir(path)
}

func fileNames(in directory: String) -> [String] {
    guard let stream = opendir(directory) else { return [] }
    defer { closedir(stream) }
    var names: [String] = []
    while let entry = readdir(stream) {
        let name = withUnsafePointer(to: &entry.pointee.d_name) {
            $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
        }
        if name != "." && name != ".." { names.append(name) }
    }
    return names.sorted()
}

func readFile(_ path: String) -> [UInt8] {
    guard let file = fopen(path, "rb") else { return [] }
    defer { fclose(file) }
    var bytes: [UInt8] = []
    var part = [UInt8](repeating: 0, count: 64 << 10)
    while true {
        let count = fread(&part, 1, part.count, file)
        if count == 0 { return bytes }
        bytes += part[0..<count]
    }
}

func writeFile(_ path: String, _ bytes: [UInt8]) {
    guard let file = fopen(path, "wb") else { return }
    defer { fclose(file) }
    fwrite(bytes, 1, bytes.count, file)
}

/// The status of the error that `body` throws, or nil.
func thrownStatus(_ body: () throws(DeedError) -> Void) -> Status? {
    do throws(DeedError) {
        try body()
        return nil
    } catch {
        return error.status
    }
}

extension KeyValueStore {
    func value(_ family: Family, _ key: String) throws(DeedError) -> String? {
        var copy = key
        var result: String?
        try copy.withUTF8Bytes { (bytes) throws(DeedError) in
            guard let value = try get(family, bytes) else { return }
            result = String(decoding: value.bytes, as: UTF8.self)
        }
        return result
    }

    func put(_ family: Family, _ key: String, _ value: String, sync: Bool = false, log: Bool = true) throws(DeedError) {
        var batch = try WriteBatch(self)
        batch.put(family, key, value)
        try write(batch, sync: sync, log: log)
    }

    func keys(_ family: Family, from first: String? = nil, to end: String? = nil) throws(DeedError) -> [String] {
        let low = Array((first ?? "").utf8)
        let high = Array((end ?? "").utf8)
        var result: [String] = []
        var failure: DeedError?
        low.withUnsafeBytes { lowBytes in
            high.withUnsafeBytes { highBytes in
                do throws(DeedError) {
                    try forEach(in: family, from: first == nil ? nil : lowBytes, to: end == nil ? nil : highBytes) {
                        (key, _) throws(DeedError) in
                        result.append(String(decoding: key, as: UTF8.self))
                        return true
                    }
                } catch { failure = error }
            }
        }
        if let failure { throw failure }
        return result
    }
}

extension WriteBatch {
    mutating func put(_ family: KeyValueStore.Family, _ key: String, _ value: String) {
        var (key, value) = (key, value)
        key.withUTF8 { key in
            value.withUTF8 { put(family, UnsafeRawBufferPointer(key), UnsafeRawBufferPointer($0)) }
        }
    }

    mutating func delete(_ family: KeyValueStore.Family, _ key: String) {
        var key = key
        key.withUTF8 { delete(family, UnsafeRawBufferPointer($0)) }
    }

    mutating func deleteRange(_ family: KeyValueStore.Family, from first: String, to end: String) {
        var (first, end) = (first, end)
        first.withUTF8 { first in
            end.withUTF8 { deleteRange(family, from: UnsafeRawBufferPointer(first), to: UnsafeRawBufferPointer($0)) }
        }
    }
}

extension SortedFileWriter {
    mutating func put(_ key: String, _ value: String) throws(DeedError) {
        let bytes = Array(key.utf8) + Array(value.utf8)
        let split = key.utf8.count
        let copy = UnsafeMutableRawBufferPointer.allocate(byteCount: bytes.count, alignment: 1)
        defer { copy.deallocate() }
        copy.copyBytes(from: bytes)
        try put(UnsafeRawBufferPointer(rebasing: copy[..<split]), UnsafeRawBufferPointer(rebasing: copy[split...]))
    }
}

extension String {
    /// `withUTF8` with a typed error.
    mutating func withUTF8Bytes(_ body: (UnsafeRawBufferPointer) throws(DeedError) -> Void) throws(DeedError) {
        var failure: DeedError?
        withUTF8 { bytes in
            do throws(DeedError) { try body(UnsafeRawBufferPointer(bytes)) } catch { failure = error }
        }
        if let failure { throw failure }
    }
}
