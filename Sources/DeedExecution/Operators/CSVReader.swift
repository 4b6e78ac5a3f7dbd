// Reads a local file of comma-separated values, a record at a time, as RFC 4180 describes it: fields may be quoted, quotes within
// are doubled, and a quoted field may go over several lines. Lines end with LF, CR LF or CR. An empty field is null, a quoted empty
// one is the empty string.

import DeedEngine
import DeedValues
import Glibc

final class CSVReader {
    private let path: String
    private let terminator: UInt8
    private var descriptor: Int32
    private var buffer = [UInt8](repeating: 0, count: 64 << 10)
    private var filled = 0
    private var position = 0
    private var line = 1
    private var isAtEnd = false

    /// Bytes of one record: a quote that is never closed must not read a whole disk into memory.
    static let recordBytesMax = 64 << 20

    /// `source`: a path, or a `file:` URL.
    init(_ source: String, fieldTerminator: String) throws {
        let bytes = Array(fieldTerminator.utf8)
        guard bytes.count == 1, bytes[0] != UInt8(ascii: "\""), bytes[0] != 10, bytes[0] != 13 else {
            throw QueryError(.argumentError, "InvalidFieldTerminator", "a field terminator is one ASCII character")
        }
        terminator = bytes[0]
        path = try Self.path(source)
        descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else {
            throw DeedError(.ioError, "cannot open \(path): \(String(cString: strerror(errno)))")
        }
        try skipByteOrderMark()
    }

    deinit { if descriptor >= 0 { close(descriptor) } }

    private static func path(_ source: String) throws -> String {
        let bytes = Array(source.utf8)
        func begins(_ prefix: String) -> Bool { bytes.starts(with: prefix.utf8) }
        if begins("file:") {
            // file:///path, or file:/path; a host in between must be empty or local.
            var rest = bytes.dropFirst(5)
            if rest.starts(with: "//localhost/".utf8) { rest = rest.dropFirst(11) }
            if rest.starts(with: "//".utf8) { rest = rest.dropFirst(2) }
            guard rest.first == UInt8(ascii: "/") else {
                throw QueryError(.argumentError, "InvalidUrl", "only local files can be loaded: file:///path")
            }
            return String(decoding: decodePercent(rest), as: UTF8.self)
        }
        if let colon = bytes.firstIndex(of: UInt8(ascii: ":")), bytes[colon...].starts(with: "://".utf8) {
            throw QueryError(.argumentError, "InvalidUrl", "only local files can be loaded: a path, or file:///path")
        }
        guard !bytes.contains(0) else { throw QueryError(.argumentError, "InvalidUrl", "a path has no zero bytes") }
        return source
    }

    private static func decodePercent(_ bytes: ArraySlice<UInt8>) -> [UInt8] {
        var result: [UInt8] = []
        var index = bytes.startIndex
        while index < bytes.endIndex {
            if bytes[index] == UInt8(ascii: "%"), index + 2 < bytes.endIndex,
                let high = hexDigit(bytes[index + 1]), let low = hexDigit(bytes[index + 2]), high | low != 0
            {
                result.append(high << 4 | low)
                index += 3
            } else {
                result.append(bytes[index])
                index += 1
            }
        }
        return result
    }

    private static func hexDigit(_ byte: UInt8) -> UInt8? {
        switch byte {
        case 48...57: byte - 48
        case 65...70: byte - 55
        case 97...102: byte - 87
        default: nil
        }
    }

    // MARK: Bytes

    private func skipByteOrderMark() throws {
        guard try peek() != nil else { return }
        if filled >= 3 && buffer[0] == 0xEF && buffer[1] == 0xBB && buffer[2] == 0xBF { position = 3 }
    }

    private func peek() throws -> UInt8? {
        if position < filled { return buffer[position] }
        if isAtEnd { return nil }
        let count = buffer.withUnsafeMutableBytes { read(descriptor, $0.baseAddress, $0.count) }
        if count < 0 { throw DeedError(.ioError, "cannot read \(path): \(String(cString: strerror(errno)))") }
        (filled, position) = (count, 0)
        isAtEnd = count == 0
        return count == 0 ? nil : buffer[0]
    }

    // MARK: Records

    /// The fields of the next record; nil at the end. Empty lines are passed over.
    func next() throws -> [Value]? {
        while let byte = try peek() {
            if byte == 10 || byte == 13 {
                try endLine()
                continue
            }
            return try record()
        }
        return nil
    }

    private func record() throws -> [Value] {
        let first = line
        var fields: [Value] = []
        var size = 0
        while true {
            let field = try field(first)
            if case .string(let text) = field { size += text.utf8.count }
            if size > Self.recordBytesMax { throw tooLong(first) }
            fields.append(field)
            guard let byte = try peek() else { return fields }
            if byte == terminator {
                position += 1
                continue
            }
            try endLine()
            return fields
        }
    }

    private func endLine() throws {
        let byte = buffer[position]
        position += 1
        if byte == 13, try peek() == 10 { position += 1 }
        line += 1
    }

    private func field(_ first: Int) throws -> Value {
        if try peek() == UInt8(ascii: "\"") { return try quoted(first) }
        var bytes: [UInt8] = []
        while let byte = try peek(), byte != terminator, byte != 10, byte != 13 {
            bytes.append(byte)
            position += 1
            if bytes.count > Self.recordBytesMax { throw tooLong(first) }
        }
        return bytes.isEmpty ? .null : try text(bytes)
    }

    private func quoted(_ first: Int) throws -> Value {
        position += 1
        var bytes: [UInt8] = []
        while let byte = try peek() {
            position += 1
            if byte == UInt8(ascii: "\"") {
                let following = try peek()
                if following == UInt8(ascii: "\"") {
                    position += 1
                } else if following == nil || following == terminator || following == 10 || following == 13 {
                    return try text(bytes)
                } else {
                    throw malformed("line \(line): a quoted field is followed by text")
                }
            }
            if byte == 10 { line += 1 }
            bytes.append(byte)
            if bytes.count > Self.recordBytesMax { throw tooLong(first) }
        }
        throw malformed("line \(first): a quote is never closed")
    }

    private func text(_ bytes: [UInt8]) throws -> Value {
        guard let text = String(validating: bytes, as: UTF8.self) else { throw malformed("line \(line): the text is not UTF-8") }
        return .string(text)
    }

    private func tooLong(_ first: Int) -> any Error {
        malformed("line \(first): a record is longer than \(Self.recordBytesMax >> 20) MiB; is a quote never closed?")
    }

    private func malformed(_ reason: String) -> any Error {
        QueryError(.argumentError, "InvalidCSV", "\(path), \(reason)")
    }
}
